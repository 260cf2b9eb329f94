"""Grading a class: a folder of submissions to a table, several at a time, to be resumed where it stopped.

Beside the table `grades.csv` lies a folder `grades/` with each student's results.json, which is what to hand back. A
submission whose results lie there already is not graded again, unless it, the assignment or the limits have changed.
"""

import csv
import hashlib
import json
import re
from pathlib import Path

from gca_scratch.support.errors import InputError
from gca_scratch.support.reading import read_json
from gca_scratch.support.writing import replacing

from . import fence, grade, splice


def grade_all(folder, manifest, out, jobs=1, limits=None):
    """Grade every submission (a folder, .zip or .py file, named after its student) in `folder`; returns the rows."""
    submissions, out = find(folder), Path(out)
    if not submissions:
        raise InputError(f"{folder} holds no submissions; put there one folder, .zip or .py file for each student")
    results = out.with_suffix("")
    results.mkdir(parents=True, exist_ok=True)
    waiting = []
    for student, path in submissions.items():
        digest = digest_of(path, manifest, limits)
        if not _is_graded(results / f"{student}.json", digest):
            waiting.append((student, path, digest))
    _work(waiting, manifest, results, jobs, limits, len(submissions))
    rows = [_row(student, read_json(results / f"{student}.json")) for student in submissions]
    with replacing(out) as temporary, open(temporary, "w", newline="", encoding="utf-8", errors="replace") as file:
        table = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    return rows


def find(folder):
    """The submissions in a folder, by student, in order."""
    try:
        places = sorted(Path(folder).iterdir())
    except OSError as error:
        raise InputError(f"{folder} cannot be read ({error.strerror}); give the folder of submissions") from error
    found = {}
    for place in places:
        if place.name.startswith(".") or not (place.is_dir() or place.suffix in (".zip", ".py")):
            continue
        name = place.name if place.is_dir() else place.stem
        student = re.sub(r"^A\d+-(.+)-submission$", r"\1", name)  # as `make submit` names it
        if student in found:
            raise InputError(f"{folder} holds two submissions of {student}; remove one of them")
        found[student] = place
    return found


def digest_of(path, manifest, limits=None):
    """A fingerprint of what is graded, and how: what is read of a submission, the assignment, the limits."""
    try:
        read = splice.read_submission(path, manifest.files)
    except InputError as error:
        read = str(error)
    return hashlib.sha256(json.dumps([read, repr(manifest), repr(limits or fence.Limits())]).encode()).hexdigest()


def _is_graded(path, digest):
    """Do whole results lie there, of what the digest stands for?"""
    try:
        results = read_json(path)
        return results["extra_data"]["fingerprint"] == digest and bool(_row("", results))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _work(waiting, manifest, results, jobs, limits, total):
    """Grade those that wait, `jobs` at a time; each is written as soon as it is done."""
    from gca_scratch.support import progress, workers

    calls = ((*submission, manifest, results, limits) for submission in waiting)
    done = workers.results(grade_one, calls, jobs, ordered=False)
    for _ in progress.progress(done, total=total, what=manifest.id, unit="submission", done=total - len(waiting)):
        pass


def grade_one(student, path, digest, manifest, results, limits=None):
    """Grade one submission of a class and leave its results.json."""
    try:
        found = grade.grade(path, manifest, student, limits)
    except Exception as error:  # a fault of the grader's own, which must not stop the class
        found = grade.failed(
            manifest, f"The grader itself failed ({type(error).__name__}: {error}); tell your instructor."
        )
    found["extra_data"] = {"student": student, "fingerprint": digest}
    grade.write(found, results / f"{student}.json")


def _row(student, results):
    """A student's line of the table: points of every task, their sum, the first thing that went wrong."""
    points = {}
    for test in results["tests"]:
        task = test.get("number", test["name"].partition(" ")[0])
        points[task] = round(points.get(task, 0) + test["score"], 2)
    failed = next((test["output"] for test in results["tests"] if test["status"] == "failed"), "")
    remark = " ".join(failed.split())[:200]
    return {"student": student, **points, "score": round(sum(points.values()), 2), "remark": remark}
