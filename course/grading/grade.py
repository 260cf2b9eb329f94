"""Grading one submission: every task in a fenced child of its own, Gradescope's results.json, sentences to read.

How a task is run says attempt.py, what its author reads and gets for it, entries.py. Nothing that a submission holds
makes the grader fail.
"""

import hashlib
import json
from pathlib import Path

from gca_scratch.support.errors import InputError
from gca_scratch.support.writing import replacing

from . import attempt, entries, reading


def grade(submission, manifest, student="", limits=None):
    """The results of one submission, as Gradescope's autograder wants them: a dict for results.json.

    submission: a path.  student: a name; hidden tests have other sizes and numbers for each.
    """
    try:
        read = reading.read(submission, manifest.files)
    except InputError as error:
        read = {}, dict.fromkeys(manifest.files, str(error)), []
    return of_texts(*read, manifest, student, limits)


def of_texts(texts, unread, notes, manifest, student="", limits=None, kept=None):
    """The same, of what `reading.read` gives. kept: entries of tasks that are not graded again, by the task's id."""
    seed, tests, kept = seed_of(student), [], kept or {}
    for task in manifest.tasks:
        tests += kept.get(task.id) or _task(manifest, task, texts, unread, seed, limits)
    said = [f"{sentence}." for sentence in (*unread.values(), *notes)]
    lines = [*_seen(manifest, tests), *said]
    return {"output": "\n".join(lines), "output_format": "text", "stdout_visibility": "hidden", "tests": tests,
            "extra_data": {"notes": said}}  # fmt: skip


def summary(manifest, results):
    """The points of each task, and what could not be read: for instructors, since hidden tests are in them."""
    lines = []
    for task in manifest.tasks:
        mine = [test for test in results["tests"] if test["number"] == task.id]
        score, most = sum(test["score"] for test in mine), sum(test["max_score"] for test in mine)
        lines.append(f"{task.id} {task.title}: {score:g} of {most:g}")
    return "\n".join([*lines, *_by_hand(manifest), *results["extra_data"]["notes"]])


def _seen(manifest, tests):
    """What a student may read at once: of every task whether its visible tests pass, and nothing of the hidden ones."""
    for task in manifest.tasks:
        mine = [test for test in tests if test["number"] == task.id and test["visibility"] == "visible"]
        passed = sum(test["status"] == "passed" for test in mine)
        yield f"{task.id} {task.title}: {passed} of {len(mine)} visible tests pass"
    yield from _by_hand(manifest)
    yield "Points come from the hidden tests, and are shown when the grades are published."


def _by_hand(manifest):
    return [f"{question.id} {question.title}: by hand, {question.points} points" for question in manifest.questions]


def failed(manifest, sentence):
    """Results that say that the grader itself failed: no points, and whom to tell."""
    tests = [
        {
            "name": f"{task.id} {task.title}",
            "number": task.id,
            "score": 0,
            "max_score": task.points,
            "status": "failed",
            "visibility": "visible",
            "output": sentence,
        }
        for task in manifest.tasks
    ]
    return {"output": sentence, "output_format": "text", "tests": tests, "extra_data": {"notes": []}}


def seed_of(student):
    """The seed of a student's hidden tests, which nobody knows beforehand who knows only the visible ones."""
    name = f"hidden {student}".encode("utf-8", "surrogatepass")  # a file may be called by any bytes
    return int.from_bytes(hashlib.sha256(name).digest()[:4])


def write(results, path):
    """results.json, whole or not at all."""
    with replacing(path) as temporary:
        Path(temporary).write_text(json.dumps(results, indent=1) + "\n", "utf-8")


def _task(manifest, task, texts, unread, seed, limits):
    """Entries of results.json for a task: for every driver one of the visible tests and one of the hidden ones."""
    files = [attempt.file_of(manifest, name) for name in task.functions]
    if not any(file in texts for file in files):
        return entries.of_task(task, None, "; ".join(dict.fromkeys(unread[file] for file in files)))
    return entries.of_task(task, attempt.best(manifest, task, texts, seed, limits))
