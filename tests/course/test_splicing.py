"""What passes `make test` passes the grader, whatever stands around the asked functions, in their files and beside."""

import ast

import pytest

from course.bugs.mutants import ours
from course.grading import attempt, beside, fence, grade, splice
from course.manifest import ROOT, Manifest, Task
from course.releasing.release import STUDENT

OPS, CELL = "gca_scratch/network/ops.py", "gca_scratch/network/cell.py"
PATIENT = fence.Limits(cpu_seconds=100_000, seconds=None)  # so that no outcome depends on the machine's speed
SLOPES = Manifest(
    "T1", "Slopes", 1, (), (), 100, "", (OPS,),
    (
        Task("T1.1", "One", 50, ("gca_scratch.network.ops.sigmoid_backward",), ("sigmoid_backward",), ""),
        Task("T1.2", "Other", 50, ("gca_scratch.network.ops.tanh_backward",), ("tanh_backward",), ""),
    ), (),
)  # fmt: skip
OURS = '"""Ours."""\n\nimport math\n\n\ndef f(x):\n    return 1\n\n\ndef g(x):\n    return 2\n'

MODULES = {  # what stands around f: the module, and what f(2) is
    "a lambda": ("import numpy as np\nSIG = lambda z: 0.5 * np.tanh(z * 0)\ndef f(x): return SIG(x) + 7", 7),
    "a constant that is computed": ("import numpy as np\nHALF = np.float64(0.5)\ndef f(x): return HALF", 0.5),
    "several names at once": ("I, FS, FT, O = range(4)\ndef f(x): return FT", 2),
    "an annotated name": ("A: float = 1\ndef f(x): return A", 1),
    "a name that is changed": ("K = 3\nK *= 2\ndef f(x): return K", 6),
    "partial": ("from functools import partial\nP = partial(pow, 2)\ndef f(x): return P(x)", 4),
    "namedtuple": ("from collections import namedtuple\nC = namedtuple('C', 'a b')\ndef f(x): return C(1, 2).b", 2),
    "a walrus": ("print((W := 5))\ndef f(x): return W", 5),
    "a walrus in a list": ("L = [last := n for n in range(4)]\ndef f(x): return last", 3),
    "if": ("import math\nif math.pi > 3:\n    Q = 1\nelse:\n    Q = 2\ndef f(x): return Q", 1),
    "try": ("try:\n    import numpy_of_old as R\nexcept ImportError:\n    R = 4\ndef f(x): return R", 4),
    "with": ("import contextlib\nwith contextlib.suppress():\n    T = 7\ndef f(x): return T", 7),
    "for": ("S = 0\nfor n in range(4):\n    S += n\ndef f(x): return S", 6),
    "all of a module": ("from numpy import *\ndef f(x): return sqrt(x + 2)", 2),
    "two imports on a line": ("import numpy as np, warnings\ndef f(x): return np.sqrt(x + 2) * bool(warnings)", 2),
    "annotations from the future": ("from __future__ import annotations\ndef f(x: Nobody): return x", 2),
    "a default": ("EPS = 2\ndef f(x, eps=EPS): return x + eps", 4),
    "a table filled behind": ("T = {}\ndef f(x): return T['a'] + T['b']\nT['a'] = 4\nT.update(b=9)", 13),
    "a table filled by decorators": (
        "RULES = {}\ndef rule(name):\n    def keep(function):\n        RULES[name] = function\n"
        "        return function\n    return keep\n@rule('a')\ndef a(x): return 3 * x\n"
        "def f(x): return RULES['a'](x)", 6,
    ),
    "a table filled by a function": (
        "STATE = {}\ndef prepare():\n    STATE['a'] = 5\nprepare()\ndef f(x): return STATE['a']", 5
    ),
    "two statements on a line": ("a = 1; b = 2\ndef f(x): return a + b", 3),
    "a decorator": ("import functools\n@functools.lru_cache\ndef f(x): return x", 2),
    "a class": ("class G:\n    by = 3\n    def __call__(self, x): return self.by * x\ndef f(x): return G()(x)", 6),
    "a memory": ("def f(x):\n    f.seen = getattr(f, 'seen', 0) + x\n    return f.seen\nf.seen = 10", 12),
    "global": ("N = 1\ndef f(x):\n    global N\n    N += x\n    return N", 3),
    "what f does not need": (
        "import matplotlib_of_old\nprint(1 / 0)\ndef f(x): return 4\nif __name__ == '__main__':\n    f(0)", 4
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", MODULES)
def test_a_function_comes_with_all_that_it_rests_on(what):
    text, wanted = MODULES[what]
    source, wrong = splice.splice(OURS, f"{text}\n\ndef g(x): return 'theirs'\n", ["f"], "m.py")
    module = {}
    exec(compile(source, "m.py", "exec", dont_inherit=True), module)
    assert not wrong and module["f"](2) == wanted and module["g"](0) == 2


def test_a_class_comes_with_its_constants_properties_and_static_methods():
    ours = "class A:\n    def f(self):\n        return 1\n\n    def g(self):\n        return 2\n"
    theirs = (
        "class A:\n  SCALE = 3\n  kind: str = 'a'\n  def f(self):\n    return self.SCALE * self.half(8) + self.more\n"
        "  @staticmethod\n  def half(x):\n    return x / 2\n  @property\n  def more(self):\n    return 100\n"
    )
    source, wrong = splice.splice(ours, theirs, ["A.f"], "m.py")
    module = {}
    exec(source, module)
    assert not wrong and module["A"]().f() == 112 and module["A"].kind == "a" and module["A"]().g() == 2


def test_what_a_method_of_theirs_rests_on_comes_with_it():
    ours = "class A:\n    def f(self):\n        return 1\n"
    theirs = (
        "HALF = 0.5\n\n\ndef twice(x):\n    return 2 * x\n\n\n"
        "class A:\n    def f(self):\n        return self.more(8)\n\n"
        "    def more(self, x):\n        return twice(x) + HALF\n"
    )
    source, wrong = splice.splice(ours, theirs, ["A.f"], "m.py")
    module = {}
    exec(source, module)
    assert not wrong and module["A"]().f() == 16.5


# --- graded ---------------------------------------------------------------------------------------------------------


def graded(folder, **files):
    """Points and sentences of a submission of these files; the text of ops.py may be changed by a function."""
    for name, text in files.items():
        file = {"ops": OPS}.get(name, name)
        place = folder / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text((ROOT / file).read_text("utf-8")) if callable(text) else text, "utf-8")
    results = grade.grade(folder, SLOPES, "ada", PATIENT)
    return sum(test["score"] for test in results["tests"]), "\n".join(test["output"] for test in results["tests"])


SIGMOID, TANH = "return dy * y * (1 - y)", "return dy * (1 - y * y)"


def renamed(text):
    text = text.replace("def sigmoid_backward", "def slope")
    return text.replace("def tanh_forward", "sigmoid_backward = slope\n\n\ndef tanh_forward")


def late(text):
    text = text.replace(SIGMOID, "return dy * late(y)")
    return text + "\nfrom copy import copy\ndef late(y, one=copy(1)): return y * (one - y)\n"


def changed(text):
    text = text.replace(SIGMOID, "return rows(dy, 2) * y * (1 - y)")
    more = "def rows(x, more=None):\n    if more: return x\n    return _rows(x)\n\n\ndef _rows(x):"
    return text.replace("def rows(x):", more)


WAYS = {"by another name": renamed, "a helper far behind": late, "a function of ours that is changed": changed}


@pytest.mark.parametrize("way", WAYS)
def test_files_count_as_they_are_handed_in_where_their_pieces_would_not_do(tmp_path, way):
    assert graded(tmp_path, ops=WAYS[way])[0] == 100


def test_helpers_in_other_files_are_handed_in_too(tmp_path):
    helper = "import numpy as np\nfrom helpers_of_helpers import ONE\n\ndef slope(y):\n    return y * (ONE - y)\n"
    relative = "def square(y):\n    return y * y\n"

    def ops(text):
        text = text.replace(
            "import math\n", "import math\nfrom my_helpers import slope\nfrom .shapes import square\n", 1
        )
        return text.replace(SIGMOID, "return dy * slope(y)").replace(TANH, "return dy * (1 - square(y))")

    files = {"my_helpers.py": helper, "helpers_of_helpers.py": "ONE = 1\n"}
    points, said = graded(tmp_path / "whole", ops=ops, **files, **{"gca_scratch/network/shapes.py": relative})
    assert points == 100, said
    flat = tmp_path / "flat"
    flat.mkdir()
    for name, text in (*files.items(), ("shapes.py", relative), ("ops.py", ops((ROOT / OPS).read_text("utf-8")))):
        (flat / name).write_text(text, "utf-8")
    assert graded(flat)[0] == 100


def test_helpers_come_as_packages_too(tmp_path):
    def ops(text):
        text = text.replace("import math\n", "import math\nfrom utils import slope\nimport tools.squares.of\n", 1)
        return text.replace(SIGMOID, "return dy * slope(y)").replace(TANH, "return dy * (1 - tools.squares.of.y(y))")

    files = {
        "utils/__init__.py": "from .slopes import slope\n",
        "utils/slopes.py": "def slope(y): return y * (1 - y)\n",
        "tools/__init__.py": "",
        "tools/squares/__init__.py": "TWO = 2\n",
        "tools/squares/of.py": "from . import TWO\ndef y(y): return y**TWO\n",
        "other/__init__.py": "1 / 0\n",
    }
    points, said = graded(tmp_path, ops=ops, **files)
    assert points == 100, said


def test_a_mistake_costs_its_own_task_whatever_stands_around_it(tmp_path):
    def ops(text):
        return text.replace(SIGMOID, "return SCALE['one'] * dy").replace(
            TANH, "return DOUBLE(dy) * (1 - y * y) / 2"
        ) + ("\nimport numpy as np\nSCALE = dict(one=np.float64(1))\nDOUBLE = lambda x: 2 * x\n")

    points, said = graded(tmp_path, ops=ops)
    assert 50 <= points < 100 and "NameError" not in said


def test_a_function_that_is_gone_is_not_called_blank(tmp_path):
    points, said = graded(tmp_path, ops=lambda text: text.replace("def sigmoid_backward", "def sigmoid_backwards"))
    assert points == 50 and "has no function sigmoid_backward" in said and "blank" not in said


def test_a_list_is_told_as_a_list(tmp_path):
    points, said = graded(tmp_path, ops=lambda text: text.replace(SIGMOID, "return (dy * y * (1 - y)).tolist()"))
    assert points == 50 and "sigmoid_backward returned a list; an array is asked for." in said


# --- what the student's own tests say of it -------------------------------------------------------------------------


def test_imports_are_found_by_syntax():
    text = (
        "import numpy as np\nfrom . import shapes\nfrom ..training.optim import SGD\nimport scipy.linalg\nimport mine\n"
    )
    found = dict(beside.imported(text, CELL))
    assert {
        "numpy.py": 1,
        "gca_scratch/network/shapes.py": 2,
        "gca_scratch/training/optim.py": 3,
    }.items() <= found.items()
    said = beside.unknown({CELL: text}, lambda path: path == "mine.py" or path.startswith("gca_scratch"))
    assert said == [f"{CELL}, line 4, imports scipy; the grader has NumPy, Python's own library and what you hand in"]
    assert beside.imported("def f(:\n", CELL) == []


def test_a_helper_that_is_called_as_a_module_of_python_is_told():
    text = "import math\nfrom code import mine\nimport statistics as s\nfrom .code import mine\n"
    said = beside.unknown({CELL: text}, {"code.py", "statistics/__init__.py", "gca_scratch", CELL}.__contains__)
    taken = "is a module of Python, which the grader takes in place of yours; call your file something else"
    assert said == [f"{CELL}, line 2: code {taken}", f"{CELL}, line 3: statistics {taken}"]


def test_the_limits_of_the_students_tests_are_the_graders():
    limits, of_grader = {"__file__": str(STUDENT / "checks" / "limits.py")}, fence.Limits()
    exec((STUDENT / "checks" / "limits.py").read_text("utf-8"), limits)
    assert limits["CPU_SECONDS"] == of_grader.cpu_seconds and limits["SECONDS"] == of_grader.seconds
    fenced = ast.parse((ROOT / "course" / "grading" / "fenced.py").read_text("utf-8"))
    assigned = [node for node in fenced.body if isinstance(node, ast.Assign)]
    found = {ast.unparse(node.targets[0]): node.value for node in assigned}
    assert limits["REFUSED"] == ast.literal_eval(found["REFUSED"])


def test_an_attempt_is_made_of_what_was_handed_in_alone():
    task = SLOPES.tasks[0]
    texts = {OPS: (ROOT / OPS).read_text("utf-8")}
    tried = attempt.best(SLOPES, task, texts, 1, PATIENT)
    assert tried.right == 1 and not tried.missing and ours("network.ops").sigmoid_backward(1, 0.5) == 0.25


def test_what_follows_a_function_that_is_called_like_an_import_stands_behind_all_imports():
    source = "import math\nimport os\n\n\ndef f():\n    return 0\n"
    theirs = "def math():\n    return 1\n\n\nHELP = 3\n\n\ndef f():\n    return HELP\n"
    text, wrong = splice.splice(source, theirs, ["f"], "m.py")
    assert not wrong and text.index("import os") < text.index("HELP = 3") < text.index("def f")
