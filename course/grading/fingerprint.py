"""What a task's result rests on, as a fingerprint: where it is another one, the task is graded anew, and no other.

Into it go what was handed in, whose it is, the limits, the task's points, its drivers with all that they call, the
planted bugs of its functions, the grader itself and the package's mathematics. Comments and docstrings do not.
"""

import ast
import dataclasses
import functools
import hashlib
import inspect
import json
import textwrap
import types
from pathlib import Path

from ..bugs import mutants
from ..drivers import DRIVERS, driver
from ..releasing import release
from . import fence

HERE = Path(__file__).parent
NO_JUDGES = ("fingerprint.py", "grade_all.py", "grading_cli.py", "gradescope.py")  # of this folder
MATHEMATICS = ("gca_scratch/network/", "gca_scratch/training/", "gca_scratch/variants/")
TOLD = {"title", "text", "try_out", "docstrings"}  # of a task, what no result rests on


def of_tasks(manifest, texts, unread, student, limits=None):
    """{task id: fingerprint} of what was handed in, as `reading.read` gives it."""
    handed_in = of_texts(texts, unread)
    ours = [handed_in, student, repr(limits or fence.Limits())]
    return {task.id: _hash([_test(manifest, n), *ours]) for n, task in enumerate(manifest.tasks)}


def of_texts(texts, unread):
    """The fingerprint of a submission."""
    return _hash([sorted(texts.items()), sorted(unread.items())])


def _hash(value):
    return hashlib.sha256(json.dumps(value).encode("utf-8", "surrogatepass")).hexdigest()


_tests = {}


def _test(manifest, n):
    """The fingerprint of a task's tests, worked out once."""
    task = manifest.tasks[n]
    key = repr((manifest.functions, manifest.modules, manifest.stand_ins, manifest.bodies, manifest.remove, task))
    if key not in _tests:
        about = {name: repr(value) for name, value in dataclasses.asdict(task).items() if name not in TOLD}
        bugs = [repr(bug) for bug in mutants.load() if bug.student and bug.qualified in task.functions]
        sources = release.sources(manifest, blanks=[task.id])
        package = [[file, _tree(sources[file])] for file in sorted(sources) if _is_mathematics(file)]
        drivers = [_of_driver(DRIVERS[name]) for name in task.drivers]
        _tests[key] = _hash([about, bugs, package, drivers, _grader()])
    return _tests[key]


def _is_mathematics(file):
    return file.startswith(MATHEMATICS) and file.endswith(".py")


@functools.cache
def _grader():
    files = [file for file in sorted(HERE.glob("*.py")) if file.name not in NO_JUDGES]
    return [_tree(file.read_text("utf-8")) for file in (*files, Path(driver.__file__))]


@functools.lru_cache(1000)
def _tree(text):
    """The syntax of a text without docstrings, as text."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            value = body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                body[0] = ast.Pass()
    return _hash(ast.dump(tree))


def _of_driver(one):
    """What a driver asks: its plain entries, and the sources of its functions with all that they call."""
    plain, sources = {}, {}
    for field in dataclasses.fields(one):
        value = getattr(one, field.name)
        if callable(value):
            _add(value, sources)
        else:
            plain[field.name] = repr(value)
    return [plain, sorted(sources.items())]


def _add(function, sources):
    """Add the source of a function, and of those of the drivers that it names, by their names."""
    if isinstance(function, functools.partial):
        sources[f"partial {function.func.__qualname__}"] = repr((function.args, function.keywords))
        function = function.func
    function = inspect.unwrap(function)
    if not isinstance(function, types.FunctionType) or not function.__module__.startswith("course.drivers"):
        return
    name = f"{function.__module__}.{function.__qualname__}"
    if name in sources and "<lambda>" not in name:
        return
    source = textwrap.dedent(inspect.getsource(function))
    try:
        source = _tree(source)
    except SyntaxError:  # a lambda's line, out of its place
        name = f"{name} {source}"
        if name in sources:
            return
    sources[name] = source
    held = [cell.cell_contents for cell in function.__closure__ or ()]
    held += [function.__globals__[name] for name in _names(function.__code__) if name in function.__globals__]
    for value in held:
        if callable(value):
            _add(value, sources)
        elif isinstance(value, int | float | str | tuple):
            sources[f"{name} {value!r}"] = ""


def _names(code):
    """The names that a function's code looks up, within its own functions, too."""
    inner = [part for part in code.co_consts if isinstance(part, types.CodeType)]
    return {*code.co_names, *(name for part in inner for name in _names(part))}
