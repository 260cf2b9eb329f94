"""What a student's folder is worth for another assignment: nothing, for its own and for every later one.

The folder is handed in as it is, then once more for every file of it that defines a function which is asked for, put in
the place where it is asked for. No piece of a later solution may stand in its texts.
"""

import ast
import shutil
from pathlib import Path

from ..grading import fence, grade
from ..manifest import later
from . import leaks, walks

PATIENT = fence.Limits(cpu_seconds=1000, seconds=None)  # a busy machine makes no answer wrong


def texts(manifest, student, root):
    """Sentences on pieces of later solutions in a student's folder."""
    found = []
    for other in later(manifest.id):
        for search in (leaks.search, walks.search):
            found += [f"{sentence} ({other.id})" for sentence in search(other, student, Path(root))]
    return found


def scores(manifest, student, other):
    """What the folder of one assignment gets for another: {what was handed in: points}."""
    found = {"as it is": points(student, other)}
    texts = {path.relative_to(student).as_posix(): path.read_text("utf-8") for path in sorted(student.rglob("*.py"))}
    for file in other.files:
        asked = {name.rpartition(".")[2] for name in other.functions if name.startswith(_module(file) + ".")}
        for here, text in texts.items():
            if here != file and not here.startswith("checks/") and asked & _defined(text):
                found[f"with {here} as {file}"] = points(_with(student, here, file), other)
    return found


def worth(manifest, student, others):
    """Sentences on all points that the folder gets for its own assignment and these others."""
    found = []
    for other in (manifest, *others):
        for what, given in scores(manifest, student, other).items():
            if given:
                found.append(f"the folder of {manifest.id}, {what}, gets {given:g} points for {other.id}")
    return found


def points(folder, manifest):
    """What the grader gives for a folder."""
    return sum(test["score"] for test in grade.grade(folder, manifest, "somebody", PATIENT)["tests"])


def _module(file):
    return file.removesuffix(".py").replace("/", ".")


def _defined(text):
    """Names of functions in a text, those of classes among them."""
    return {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}


def _with(student, here, file):
    """A copy of a folder in which one file stands in the place of another."""
    place = student.parent / f"{student.name}-rearranged"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(student, place)
    (place / file).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(student / here, place / file)
    return place
