"""Runs the visible tests: your functions on stored inputs, beside stored results and derivatives by complex step."""

import importlib
import json
import re
import sys
import traceback
import zipfile
from pathlib import Path

import numpy as np

from . import proofs
from .drivers import DRIVERS

HERE = Path(__file__).resolve().parent.parent
TOLERANCE = 1e-9  # of the largest number
BLANK = re.compile(r"(A\d+\.\d+): write ")


def check(*tasks):
    """Test the tasks of these ids, all without any; prints what is found, and says whether all is right."""
    chosen = _chosen(tasks)
    if not chosen:
        return False
    results = [(task, examine(task)) for task in chosen]
    for task, found in results:
        print(f"{task['id']}  {task['title']}, {task['points']} points: {_verdict(task, found)}")
        for line in found["lines"]:
            print(f"    {line}")
    right = sum(found["status"] == "right" for _, found in results)
    if len(results) > 1:
        print(f"\n{right} of {len(results)} tasks pass. The hidden tests ask the same with other sizes and numbers.")
    return right == len(results)


def examine(task):
    """What the tests of a task find: status (right, wrong, broken, blank), where it is blank, lines to read."""
    lines, worst = [], "right"
    for name in task["drivers"]:
        driver = DRIVERS[name]
        for n, (inputs, expected) in enumerate(_stored(name)):
            case = f"{name}, case {n + 1}"
            try:
                outputs = driver.run(_package, dict(inputs))
            except Exception as error:
                reached = BLANK.match(str(error)) if isinstance(error, NotImplementedError) else None
                if reached:
                    return {"status": "blank", "blank": reached[1], "lines": lines}
                lines += [f"{case}: {type(error).__name__}: {error}", f"    {_where(error)}"]
                worst = "broken"
                break  # the next case would end in the same way
            problems = [
                f"{case}: {key} is {driver.what[key]}; {problem}"
                for key, right in expected.items()
                if (problem := compare(outputs.get(key), right))
            ]
            lines += problems
            if problems and worst == "right":
                worst = "wrong"
            if n == 0 and name in proofs.FORWARDS:
                doubts = proofs.by_complex_step(name, _package, inputs, outputs)
                if problems and not doubts:
                    doubts = ["all the same, these are the derivatives of your own forward function: look there first"]
                lines += [f"{case}: {line}" for line in doubts]
    return {"status": worst, "blank": None, "lines": lines}


def compare(yours, right):
    """What is wrong with a result, as a sentence, or nothing."""
    if yours is None:
        return "yours is missing"
    yours = np.asarray(yours)
    if yours.shape != right.shape:
        return f"its shape should be {right.shape}, yours is {yours.shape}"
    if yours.dtype.kind not in "biuf":
        return f"it should hold real numbers, yours are {yours.dtype}"
    error = np.abs(yours - right) / max(np.abs(right).max(initial=0.0), 1e-300)
    off = ~(error < TOLERANCE)  # nan is off, too
    if not off.any():
        return ""
    place = tuple(map(int, np.argwhere(off)[0]))
    at = f" at {list(place)}" if place else ""
    return f"{off.sum()} of {off.size} numbers differ, first{at}: yours {yours[place]:.6g}, right {right[place]:.6g}"


def submit():
    """Pack the files that are handed in; says what is not done yet."""
    about = _about()
    path = HERE / f"{about['assignment']}-submission.zip"
    files = [*about["files"], "answers.md", "assignment.json"]
    missing = [file for file in files if not (HERE / file).is_file()]
    if missing:
        print(f"{missing[0]} is missing; put it back, from a fresh copy of the assignment if need be")
        return 2
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(HERE / file, file)
    for task in about["tasks"]:
        found = examine(task)
        if found["status"] != "right":
            print(f"note: {task['id']} {_verdict(task, found)}")
    answers = (HERE / "answers.md").read_text("utf-8").split("**Answer:**")[1:]
    for question, answer in zip(about["questions"], answers, strict=False):
        if not answer.partition("\n## ")[0].strip():
            print(f"note: {question} has no answer in answers.md yet")
    print(f"{path.name} is what you hand in")
    return 0


def as_json(tasks):
    """What is found, for programs."""
    print(json.dumps({task["id"]: examine(task) for task in _chosen(tasks)}))
    return 0


def _about():
    return json.loads((HERE / "assignment.json").read_text("utf-8"))


def _chosen(ids):
    tasks = _about()["tasks"]
    unknown = [id for id in ids if id not in [task["id"] for task in tasks]]
    if unknown:
        print(
            f"there is no task {unknown[0]}; the tasks are {', '.join(task['id'] for task in tasks)}", file=sys.stderr
        )
        return []
    return [task for task in tasks if not ids or task["id"] in ids]


def _verdict(task, found):
    if found["status"] == "blank" and found["blank"] != task["id"]:
        return f"waits for {found['blank']}, which is still blank"
    return {"right": "right", "blank": "still blank", "wrong": "not right yet", "broken": "stops with an error"}[
        found["status"]
    ]


def _package(module):
    """A module of the package in this folder."""
    return importlib.import_module(f"gca_scratch.{module}")


def _stored(name):
    """Inputs and results of a driver's visible tests."""
    cases = {}
    with np.load(HERE / "checks" / "expected.npz", allow_pickle=False) as archive:
        for key in archive.files:
            driver, n, kind, variable = key.split("/")
            if driver == name:
                value = archive[key]
                if kind == "in" and value.ndim == 0:
                    value = value.item()  # sizes and seeds are plain numbers
                cases.setdefault(int(n), {"in": {}, "out": {}})[kind][variable] = value
    return [(case["in"], case["out"]) for _, case in sorted(cases.items())]


def _where(error):
    """The line of the package in which an error arose."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "gca_scratch" in Path(f.filename).parts]
    return f"in {Path(frames[-1].filename).name}, line {frames[-1].lineno}: {frames[-1].line}" if frames else ""
