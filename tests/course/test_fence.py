"""Hostile submissions: each gets nothing for what it broke, and a sentence; nothing outside its box changes.

No outcome depends on how fast the machine is. What never ends is ended by a limit that it reaches on any machine; all
else has more time than it can use, so that it ends by what it does.
"""

import os
import stat
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from course.bugs.mutants import PACKAGE, ours
from course.drivers import DRIVERS, visible
from course.grading import fence, grade, splice
from course.manifest import Manifest, Task

FILE = "gca_scratch/network/ops.py"
SLOPES = Manifest(
    "T1", "Slopes", 1, (), (), 100, "", (FILE,),
    (Task("T1.1", "One", 100, ("gca_scratch.network.ops.sigmoid_backward",), ("sigmoid_backward",), ""),), (),
)  # fmt: skip
PATIENT = fence.Limits(cpu_seconds=100_000, seconds=None, memory=1 << 30, file_size=4 << 20)
ENDED = {  # what never ends by itself, and the limit that ends it
    "hangs": replace(PATIENT, cpu_seconds=1),
    "ignores signals": replace(PATIENT, cpu_seconds=1),
    "sleeps": replace(PATIENT, seconds=0.2),
}

HOSTILE = {  # what it does: the body of sigmoid_backward(dy, y), and a part of the sentence that comes back
    "hangs": ("while True: pass", "still running"),
    "ignores signals": (
        "import signal\nfor n in (signal.SIGTERM, signal.SIGXCPU, signal.SIGINT): signal.signal(n, signal.SIG_IGN)\n"
        "while True: pass",
        "still running",
    ),
    "sleeps": ("import time\nwhile True: time.sleep(1000)", "still running"),
    "exits": ("import sys\nsys.exit(0)", "ends the program"),
    "exits at once": ("import os\nos._exit(0)", "ended the process"),
    "interrupts": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "crashes": ("import faulthandler\nfaulthandler._read_null()", "Python crash"),
    "floods the output": ("while True: print('x' * 100000)", "too large"),
    "writes a file": ("open('{outside}', 'w').write('here')", "does not let a submission open"),
    "fills the disk": ("open('file', 'wb').write(bytes(5 << 20))", "too large"),
    "removes files": ("import shutil\nshutil.rmtree('{folder}')", "does not"),
    "makes a link": ("import os\nos.symlink('/etc/passwd', '{outside}')", "does not let a submission open"),
    "forks": ("import os\nwhile True: os.fork()", "does not allow os.fork"),
    "starts a program": ("import subprocess\nsubprocess.run(['ls'])", "does not allow subprocess"),
    "calls the shell": ("import os\nos.system('ls')", "does not allow os.system"),
    "starts threads": ("import threading\nthreading.Thread(target=print).start()", "thread"),
    "calls the network": ("import socket\nsocket.create_connection(('127.0.0.1', 80))", "does not allow socket"),
    "calls C": ("import ctypes\nctypes.CDLL(None).system(b'ls')", "does not allow ctypes"),
    "kills the grader": ("import os\nos.kill(os.getppid(), 9)", "does not allow os.kill"),
    "raises its limits": (
        "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (999, 999))", "does not allow resource"
    ),
    "reads the solution": ("return open('{solution}').read()", "does not let a submission open ops.py"),
    "looks for the solution": (
        "import os\nfor folder, _, files in os.walk('/'):\n    for file in files:\n        try:\n"
        "            text = open(os.path.join(folder, file)).read()\n        except OSError: continue\n"
        "        if 'dy * y * (1 - y' + ')' in text: raise ValueError('found')\nreturn dy",
        "does not let a submission open",
    ),
    "finds the answers in memory": (
        "import gc\nreturn [a for a in gc.get_objects() if getattr(a, 'shape', 0) == y.shape][-1]", "does not allow gc"
    ),
    "patches numpy": (
        "import numpy as np\nnp.abs = np.isfinite = np.allclose = lambda *a, **k: np.zeros(())\n"
        "np.savez = lambda *a, **k: None\nreturn dy",
        "meddled",
    ),
    "patches the tests": (
        "import sys\nfor name in list(sys.modules):\n    if name.startswith('course'):\n"
        "        for key in list(vars(sys.modules[name])): setattr(sys.modules[name], key, lambda *a: None)\nreturn dy",
        "TypeError",  # it has taken away what would have called it once more
    ),
    "eats memory": ("import numpy as np\nx = []\nwhile True: x.append(np.empty(10 ** 8, np.int8))", "more memory"),
    "returns nan": ("return dy * float('nan')", "holds nan"),
    "returns too much": ("import numpy as np\nreturn np.zeros((600, 600))", "more numbers than belong"),
    "returns an object": ("return object()", "not an array of numbers"),
    "returns a list": ("return [object()]", "sigmoid_backward returned a list; an array is asked for"),
    "returns an evil array": (
        "class Evil:\n    def __array__(self, *a, **k): raise SystemExit\n    __float__ = __array__\nreturn Evil()",
        "ends the program",
    ),
    "returns an array of its own kind": (
        "import numpy as np\nclass Evil(np.ndarray):\n    def __reduce__(self): return print, ()\nreturn dy.view(Evil)",
        "dz of the logistic function",
    ),
    "recurses": ("def deeper(n): return deeper(n + 1)\nreturn deeper(0)", "without end"),
    "raises an evil error": (
        "class Evil(Exception):\n    def __str__(self): raise SystemExit\nraise Evil", "Evil"
    ),
    "waits for the end": (
        "import atexit\natexit.register(lambda: open('{outside}', 'w'))\nreturn dy", "dz of the logistic function"
    ),
    "forges results": (
        "import os, numpy as np\nnp.savez('../out/0.npz', dz=np.array([object()]))\nos._exit(0)", "meddled"
    ),
    "plants a link": ("import os\nos.symlink('/etc/passwd', '../out/0.npz')\nos._exit(0)", "cannot"),
    "plants a zip bomb": (
        "import os, numpy as np\nnp.savez_compressed('../out/0.npz', dz=np.zeros(3_000_000))\nos._exit(0)", "meddled"
    ),
}  # fmt: skip


TOGETHER = {  # what only raises an error: one submission tries it all, each in the function of another driver
    "exits": "sigmoid_backward",
    "interrupts": "tanh_backward",
    "writes a file": "relu_backward",
    "removes files": "softmax_backward",
    "makes a link": "affine_backward",
    "forks": "softmax_forward",
    "starts a program": "nll",
    "calls the shell": "dropout",
    "starts threads": "dropout_mask",
    "calls the network": "cell_forward",
    "calls C": "grid_order",
    "kills the grader": "informativeness_forward",
    "raises its limits": "average_memory",
    "reads the solution": "feedforward_memory",
    "finds the answers in memory": "refine_memory",
    "recurses": "learning_rate",
    "raises an evil error": "training_steps",
}
SOLUTION = PACKAGE / "network" / "ops.py"


def submission(folder, body, name="gca_scratch.network.ops.sigmoid_backward", arguments="dy, y"):
    """A submission with this body of a function, added to what is there already."""
    module, _, function = name.rpartition(".")
    place = folder / f"{module.replace('.', '/')}.py"
    place.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    with open(place, "a") as file:
        file.write(f"def {function}({arguments}):\n{lines}\n\n")
    return folder


def hostile(what, place):
    """The body of a hostile function, which knows where the solution is and what it is after in the folder `place`."""
    marks = {"{outside}": place / "owned" / what, "{folder}": place, "{solution}": SOLUTION}
    body = HOSTILE[what][0]
    for mark, path in marks.items():
        body = body.replace(mark, str(path))
    return body


def scores(results):
    """Points and sentences of every driver, in order."""
    tests = results["tests"]
    return [
        (seen["score"] + unseen["score"], f"{seen['output']}\n{unseen['output']}")
        for seen, unseen in zip(tests[::2], tests[1::2], strict=True)
    ]


def graded(path, limits=PATIENT):
    return scores(grade.grade(path, SLOPES, "ada", limits))[0]


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """Points and sentences for each of TOGETHER, and the folder in which all of it was submitted."""
    place = tmp_path_factory.mktemp("together")
    (place / "owned").mkdir()
    functions = {what: DRIVERS[driver].functions[0] for what, driver in TOGETHER.items()}
    for what, name in functions.items():
        submission(place / "ada", hostile(what, place), name, "*arguments")
    files = sorted({f"{name.rpartition('.')[0].replace('.', '/')}.py" for name in functions.values()})
    task = Task("T2.1", "All", 100, tuple(functions.values()), tuple(TOGETHER.values()), "")
    results = grade.grade(place / "ada", replace(SLOPES, files=tuple(files), tasks=(task,)), "ada", PATIENT)
    return dict(zip(TOGETHER, scores(results), strict=True)), place


# what ignores signals hangs, too; that which only hangs is in the long form
@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=pytest.mark.long) if what == "hangs" else what for what in HOSTILE]
)
def test_a_hostile_submission_gets_nothing_and_a_sentence(what, tmp_path, together):
    before = SOLUTION.read_text()
    if what in TOGETHER:
        found, place = together
        score, said = found[what]
    else:
        place = tmp_path
        (place / "owned").mkdir()
        score, said = graded(submission(place / "ada", hostile(what, place)), ENDED.get(what, PATIENT))
    assert score == 0
    if what == "plants a link":  # a fence of the kernel's refuses the link, another only its use
        assert "meddled" in said or "does not let" in said
    else:
        assert HOSTILE[what][1] in said, said
    assert not any((place / "owned").iterdir()) and (place / "ada").is_dir() and SOLUTION.read_text() == before
    assert "found" not in said


def test_code_that_runs_with_the_definition_is_fenced_too(tmp_path):
    path = submission(tmp_path / "ada", "return dy", arguments="dy, y, x=__import__('os')._exit(0)")
    score, said = graded(path)
    assert score == 0 and "ended the process" in said


def box(extra):
    """Writes the package with one more line at the end of ops.sigmoid_backward's module."""

    def build(folder):
        for path in (*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.h")):
            place = folder / "gca_scratch" / path.relative_to(PACKAGE)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(path.read_text() + (extra if path.name == "ops.py" else ""))

    return build


DOORS = {  # what it opens: the function of ops.py that tries, and how
    "a file": ("sigmoid_backward", f"open({str(PACKAGE / 'network' / 'ops.py')!r}).read()"),
    "a process": ("tanh_backward", "__import__('os').fork() or __import__('os')._exit(0)"),
    "a socket": ("relu_backward", "__import__('socket').socket()"),
    "a signal": ("softmax_backward", "__import__('os').kill(__import__('os').getppid(), 0)"),
}


@pytest.fixture(scope="module", params=["kernel", "hook"])
def knocked(request):
    """What comes of trying every door with one of the two locks open: which one, and an answer for each door."""
    tries = "".join(f"\ndef {name}(dy, y):\n    {call}\n    return y\n" for name, call in DOORS.values())
    tests = [(name, visible(DRIVERS[name])[0]) for name, _ in DOORS.values()]
    answers, _ = fence.run(box(tries), tests, replace(PATIENT, **{request.param: False}))
    return request.param, dict(zip(DOORS, answers, strict=True))


@pytest.mark.parametrize("door", DOORS)
def test_each_door_is_shut_twice(door, knocked):
    """By the audit hook alone, and (on Linux with Landlock and seccomp) by the kernel alone."""
    without, answers = knocked
    if without == "hook" and answers[door].outputs is not None:
        pytest.skip("this system has no such door")
    assert "PermissionError" in answers[door].error, answers[door]


def test_what_is_right_comes_through_the_fence_to_the_bit():
    tests = [(name, inputs) for name in ("cell_backward", "nll") for inputs in visible(DRIVERS[name])]
    answers, said = fence.run(box(""), tests, PATIENT)
    for (name, inputs), answer in zip(tests, answers, strict=True):
        right = DRIVERS[name].run(ours, inputs)
        assert set(right) == set(answer.outputs)
        assert all((np.asarray(right[key]) == answer.outputs[key]).all() for key in right)
    assert said == ""


def test_the_child_does_not_know_what_is_right_nor_our_function(tmp_path):
    body = (
        "import os\nfound = []\n"
        "for folder, _, files in os.walk('..'): found += [os.path.join(folder, f) for f in files]\n"
        "text = ' '.join(open(f, errors='ignore').read() for f in found)\n"
        "raise ValueError(str(('dy * y * (1 -' + ' y)' in text, len(found) > 10)))"
    )
    assert "ValueError: (False, True)" in graded(submission(tmp_path / "ada", body))[1]


def read(path):
    return splice.read_submission(path, [FILE])


def test_a_link_is_no_submission(tmp_path):
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "ops.py").symlink_to(PACKAGE / "network" / "ops.py")
    texts, wrong = read(tmp_path / "ada")
    assert not texts and "link" in wrong[FILE]
    os.mkfifo(tmp_path / "ada" / "pipe.py")
    assert splice.read_submission(tmp_path / "ada", ["gca_scratch/pipe.py"])[0] == {}


def archive(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


def test_archives_are_read_where_they_lie(tmp_path):
    link = zipfile.ZipInfo("ops.py")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    for members, sentence in (
        ([("../../gca_scratch/network/ops.py", "x = 1")], "not in the submission"),
        ([("/gca_scratch/network/ops.py", "x = 1")], "not in the submission"),
        ([(link, str(PACKAGE / "network" / "ops.py"))], "not in the submission"),
        ([(FILE, "#" * 1_000_000)], "larger than"),
        ([(FILE, b"\xff\xfe\x00")], "UTF-8"),
    ):
        texts, wrong = read(archive(tmp_path / "ada.zip", members))
        assert not texts and sentence in wrong[FILE], wrong
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ada.zip"]
    assert read(archive(tmp_path / "ada.zip", [("my work/ops.py", "x = 1")]))[0] == {FILE: "x = 1"}
    (tmp_path / "ada.zip").write_bytes(b"PK\x03\x04 nothing")
    assert "not a .zip file" in read(tmp_path / "ada.zip")[1][FILE]


@pytest.mark.parametrize(
    "text", ["def f(:\n", "\0", "(" * 5000, "-" * 100_000 + "1", "x = " + "[" * 90 + "]" * 90, "return", "é" * 9]
)
def test_text_that_is_no_python_is_told_and_nothing_else(text):
    source = "def f():\n    return 1\n"
    assert splice.splice(source, text, ["f"], "f.py")[1].keys() == {"f"}
