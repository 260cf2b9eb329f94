"""What the tests of a task find: your functions on stored inputs, beside stored results and a second witness."""

import contextlib
import functools
import importlib
import json
import re
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from . import limits, mistakes, proofs, verdict
from .drivers import DRIVERS, Asked

HERE = Path(__file__).resolve().parent.parent
PACKAGE = HERE / "gca_scratch"
BLANK = re.compile(r"(A\d+\.\d+): write ([\w.]+)")
REMEDY = (
    "arrays that you make should have the type of what goes into them, np.empty(shape, dtype=np.result_type(x, y)), "
    "and abs and .real end it"
)


@dataclass
class Found:
    """What one driver finds: status (right, wrong, broken, blank), the blank's task and function, lines to read.

    used: ids of the tasks whose functions ran.
    """

    status: str = "right"
    blank: tuple = ()
    lines: list = field(default_factory=list)
    used: set = field(default_factory=set)


def about():
    """The assignment: its tasks, questions and files."""
    return json.loads((HERE / "assignment.json").read_text("utf-8"))


def examine(task):
    """What the tests of a task find: status, the verdict in words, the task whose blank it needs, lines to read."""
    tasks = about()["tasks"]
    budget = limits.Budget()
    parts = {name: _driven(name, tasks, budget) for name in task["drivers"]}
    drivers = {
        status: [name for name, part in parts.items() if part.status == status]
        for status in ("broken", "wrong", "blank", "right")
    }
    status = next(status for status, names in drivers.items() if names)
    blanks = [parts[name].blank for name in drivers["blank"]]
    right = ", ".join(DRIVERS[name].title for name in drivers["right"])
    own = list(dict.fromkeys(function for id, function in blanks if id == task["id"]))
    others = list(dict.fromkeys(id for id, _ in blanks if id != task["id"]))
    lines = []
    if status in ("broken", "wrong"):
        used = set().union(*(part.used for part in parts.values())) - {task["id"]}
        lines += [f"{id} is not right yet, and {task['id']} uses it: begin there" for id in _not_right(used, tasks)]
        if right:
            lines.append(f"right: {right}")
        if blanks:
            lines.append(_waits(own, others))
    said = {"right": "right", "wrong": "not right yet", "broken": "stops with an error"}.get(status)
    if status == "blank":
        said = f"right so far: {right}; {_waits(own, others)}" if right else _waits(own, others)
        said = "still blank" if own and not right else said
    blank = (task["id"] if own else others[0]) if blanks else None
    first = {}  # by the functions that are asked for: the first driver that finds them wrong tells all of it
    for name, part in parts.items():
        other = first.setdefault(DRIVERS[name].functions, name) if part.status in ("wrong", "broken") else name
        either = f"{DRIVERS[name].title}: not right either; begin with {DRIVERS[other].title}"
        lines += part.lines if other == name else [either]
    return {"status": status, "verdict": said, "blank": blank, "lines": lines}


def _waits(own, others):
    """What is still blank: these functions of the task itself, or one of the other tasks."""
    return f"still blank: {', '.join(own)}" if own else f"waits for {others[0]}, which is still blank"


def _not_right(used, tasks):
    """Those of the tasks of these ids that do not pass."""
    for task in tasks:
        if task["id"] in used and any(_driven(name, tasks).status != "right" for name in task["drivers"]):
            yield task["id"]


def _driven(name, tasks, budget=None):
    """What a driver finds, up to the first case that is not right."""
    driver, found, budget = DRIVERS[name], Found(), budget or limits.Budget()
    cases = stored(name)
    for n, (inputs, expected, cells) in enumerate(cases):
        numbers = {key: value for key, value in inputs.items() if isinstance(value, int) and len(key) == 1}
        sizes = [f"{key} = {value}" for key, value in numbers.items()]
        sizes = ", ".join(sizes + [f"parents = {tuple(map(int, p))}" for p in (inputs.get("parents", ()),) if len(p)])
        case = f"{driver.title} with {sizes}" if sizes else driver.title
        try:
            with budget.running(), _watched(tasks, found.used), limits.fenced():
                outputs = driver.run(package, inputs)
        except (Exception, SystemExit, limits.StillRunning) as error:
            blank = BLANK.match(str(error)) if isinstance(error, NotImplementedError) else None
            if blank:
                found.status, found.blank = "blank", blank.groups()
            else:
                found.status, found.lines = "broken", [*found.lines, f"{case}: {in_words(error)}"]
            break  # the next case would end in the same way
        wrong = verdict.compare(driver, inputs, outputs, expected, cells, numbers=True)
        sentences = list(dict.fromkeys(filter(None, wrong.values())))
        hint, more = _witnessed(name, inputs, outputs, tasks, sentences) if n == 0 else ("", "")
        if sentences:
            found.status = "wrong"
            named = _named(driver, cases, budget)
            found.lines += [f"{driver.title}: {hint}"] * bool(hint)
            found.lines += [f"{case}:", *(f"    {sentence}" for sentence in (*sentences, more, *named) if sentence)]
            break
        found.lines += [more] * bool(more)
    return found


def _named(driver, cases, budget):
    """Which mistakes the wrong outputs look like, where the instructor lets the tests say so."""
    if not mistakes.PLACE.is_file():
        return []
    try:
        with budget.running():
            outputs = [driver.run(package, inputs) for inputs, _, _ in cases]
    except (Exception, SystemExit, limits.StillRunning):
        return []
    departs = {
        name: [output.get(name) for output in outputs]
        for name in cases[0][1]
        if not all(
            verdict.same(output.get(name), right[name]) for output, (_, right, _) in zip(outputs, cases, strict=True)
        )
    }
    return mistakes.looks_like(driver.name, departs)


def _witnessed(name, inputs, outputs, tasks, wrong):
    """What the complex step adds: where to look first, and a sentence to stand behind what is wrong."""
    try:
        with limits.Budget().running():
            seen = proofs.witness(name, package, inputs, outputs)
    except limits.StillRunning as error:
        seen = proofs.Witness(proofs.function_of(name), why_not=str(error))
    if seen is None:
        return "", ""
    yours = any(f"gca_scratch.{seen.function}" in task["functions"] for task in tasks)
    function = f"{'your ' if yours else ''}{seen.function.rpartition('.')[2]}"
    refuted, confirmed = ", ".join(seen.refuted), ", ".join(seen.confirmed)
    if seen.why_not:
        why = in_words(seen.why_not) if isinstance(seen.why_not, Exception) else seen.why_not
        return "", (
            f"note: no points are lost, but {function} does not let complex numbers through, and so the complex step "
            f"proves nothing ({why}); {REMEDY}"
        )
    if wrong and not refuted:
        they = "are" if len(seen.confirmed) > 1 else "is"
        where = ", so the mistake lies there: begin with it" if yours else ""
        return f"by complex step, {confirmed} {they} right for {function} as it stands{where}", ""
    if wrong:
        return (
            "",
            f"the complex step on {function} agrees: {refuted} wrong{f', {confirmed} right' if confirmed else ''}",
        )
    if refuted:
        return "", (
            f"note: no points are lost, but the complex step on {function} finds {refuted} wrong: is {function} itself "
            "right? Or does it take abs or .real of something?"
        )
    return "", ""


def package(module):
    """A module of the package in this folder."""
    return importlib.import_module(f"gca_scratch.{module}")


def function_of(name):
    """The function of a dotted name, such as gca_scratch.training.optim.SGD.step, as it stands in this folder."""
    parts = name.split(".")
    for n in range(len(parts) - 1, 0, -1):
        with contextlib.suppress(ModuleNotFoundError):
            return functools.reduce(getattr, parts[n:], importlib.import_module(".".join(parts[:n])))
    raise ModuleNotFoundError(name)


@contextlib.contextmanager
def _watched(tasks, used):
    """Within it, the ids of tasks whose functions are called are added to `used`."""
    codes = {}
    for task in tasks:
        for name in task["functions"]:
            with contextlib.suppress(Exception):  # a file that cannot be imported, a function that is gone
                function = function_of(name)
                if hasattr(function, "cache_clear"):
                    function.cache_clear()  # a result that is kept would hide the call
                codes[getattr(function, "__wrapped__", function).__code__] = task["id"]

    def watch(frame, event, _):
        if event == "call" and frame.f_code in codes:
            used.add(codes[frame.f_code])

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(before)


def stored(name):
    """Inputs, results and the cells' places of a driver's visible tests."""
    cases = {}
    with np.load(HERE / "checks" / "expected.npz", allow_pickle=False) as archive:
        for key in archive.files:
            driver, n, kind, variable = key.split("/")
            if driver == name:
                value = archive[key]
                if kind == "in" and value.ndim == 0:
                    value = value.item()  # sizes and seeds are plain numbers
                cases.setdefault(int(n), {"in": {}, "out": {}, "at": {}})[kind][variable] = value
    return [
        (case["in"], case["out"], (case["at"]["joint"], case["at"]["frame"]) if case["at"] else None)
        for _, case in sorted(cases.items())
    ]


def in_words(error):
    """An error in words, with the function and the line of the package in which it arose."""
    if isinstance(error, Asked):
        return str(error)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if PACKAGE in Path(f.filename).resolve().parents]
    place = [f", in {f.name} ({Path(f.filename).name}, line {f.lineno}): {f.line}" for f in frames[-1:]]
    if isinstance(error, limits.StillRunning):
        return f"{error}{''.join(place)}"
    if isinstance(error, SystemExit):
        return f"the code ends the program (SystemExit){''.join(place)}; a function returns its results"
    return f"{type(error).__name__}: {error}{''.join(place)}"
