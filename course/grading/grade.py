"""Grading one submission: every task in a fenced child of its own, Gradescope's results.json, sentences to read.

How a task is run says attempt.py, what its author reads and gets for it, entries.py. Nothing that a submission holds
makes the grader fail.
"""

import hashlib
import json
from pathlib import Path

from gca_scratch.support.errors import InputError
from gca_scratch.support.writing import replacing

from . import attempt, entries, splice


def grade(submission, manifest, student="", limits=None):
    """The results of one submission, as Gradescope's autograder wants them: a dict for results.json.

    student: a name; hidden tests have other sizes and numbers for each.
    """
    try:
        texts, unread = splice.read_submission(submission, manifest.files)
    except InputError as error:
        texts, unread = {}, dict.fromkeys(manifest.files, str(error))
    seed = seed_of(student)
    tests, lines = [], []
    for task in manifest.tasks:
        graded = _task(manifest, task, texts, unread, seed, limits)
        tests += graded
        score, most = sum(test["score"] for test in graded), sum(test["max_score"] for test in graded)
        lines.append(f"{task.id} {task.title}: {score:g} of {most:g}")
    lines += [f"{question.id} {question.title}: by hand, {question.points} points" for question in manifest.questions]
    lines += [sentence + "." for sentence in unread.values()]
    return {"output": "\n".join(lines), "output_format": "text", "stdout_visibility": "hidden", "tests": tests}


def failed(manifest, sentence):
    """Results that say that the grader itself failed: no points, and whom to tell."""
    tests = [
        {
            "name": f"{task.id} {task.title}",
            "score": 0,
            "max_score": task.points,
            "visibility": "visible",
            "output": sentence,
        }
        for task in manifest.tasks
    ]
    return {"output": sentence, "output_format": "text", "tests": tests}


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
