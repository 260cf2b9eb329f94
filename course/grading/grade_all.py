"""Grading a class: a folder of submissions to results, several at a time, to be resumed where it stopped.

Each student's results lie in a folder of their own file (`grades/results/`), with a fingerprint for every task. A task
is graded again where that is another one: it, its tests, the submission or the limits have changed. What changes so is
kept with the results, from the first time on.
"""

import json
from datetime import datetime

from gca_scratch.support.errors import InputError
from gca_scratch.support.reading import is_number, read_json

from . import fingerprint, grade, reading

MOST = 1_000_000  # points
TEST = {"name": str, "number": str, "score": float, "max_score": float, "status": str, "visibility": str, "output": str}
CHANGE = {"when": str, "task": str, "before": float, "after": float, "why": str}


def grade_all(handins, manifest, folder, jobs=1, limits=None):
    """The results of every hand-in, by student; results/NAME.json in `folder` holds them.

    handins: as results.collect gives them. Only what has changed is graded.
    """
    folder.mkdir(parents=True, exist_ok=True)
    waiting = []
    for handin in handins:
        place = folder / f"{handin.file}.json"
        read = _read(handin, manifest)
        prints = fingerprint.of_tasks(manifest, *read[:2], handin.student, limits)
        earlier = stored(place)
        if earlier is None or earlier["extra_data"]["fingerprints"] != prints:
            waiting.append((handin.student, read, prints, earlier, manifest, place, limits))
    _work(waiting, manifest, jobs, len(handins))
    return {handin.student: stored(folder / f"{handin.file}.json") for handin in handins}


def stored(path):
    """Whole results that lie there, or None."""
    try:
        results = read_json(path)
        about = results["extra_data"]
        whole = (
            isinstance(about["fingerprints"], dict)
            and isinstance(about["submission"], str)
            and all(isinstance(note, str) for note in about["notes"])
            and all(_is_entry(change, CHANGE) and _is_time(change["when"]) for change in about["changes"])
            and all(_is_entry(test, TEST) for test in results["tests"])
        )
        return results if whole and results["tests"] else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _is_time(text):
    return datetime.fromisoformat(text).tzinfo is not None


def _is_entry(entry, kinds):
    """Has an entry what it must have: texts, and numbers of a sensible size?"""
    return all(
        is_number(entry[name], -MOST, MOST) if kind is float else isinstance(entry[name], kind)
        for name, kind in kinds.items()
    )


def _read(handin, manifest):
    try:
        return reading.read(handin.paths, manifest.files, handin.names)
    except InputError as error:
        return {}, dict.fromkeys(manifest.files, str(error)), []


def _work(waiting, manifest, jobs, total):
    """Grade those that wait, `jobs` at a time; each is written as soon as it is done."""
    from gca_scratch.support import progress, workers

    done = workers.results(grade_one, waiting, jobs, ordered=False)
    for _ in progress.progress(done, total=total, what=manifest.id, unit="submission", done=total - len(waiting)):
        pass


def grade_one(student, read, prints, earlier, manifest, path, limits=None):
    """Grade what has changed of one submission of a class, and leave the results at `path`."""
    before = earlier["extra_data"] if earlier else {"fingerprints": {}, "changes": [], "submission": ""}
    kept = {
        id: [test for test in earlier["tests"] if test["number"] == id]
        for id, own in prints.items()
        if before["fingerprints"].get(id) == own
    }
    try:
        found = grade.of_texts(*read, manifest, student, limits, kept)
    except Exception as error:  # a fault of the grader's own, which must not stop the class
        sentence = f"The grader itself failed ({type(error).__name__}: {error}); tell your instructor."
        found, prints = grade.failed(manifest, sentence), {}
    submission = fingerprint.of_texts(*read[:2])
    why = "another submission" if before["submission"] != submission else "the test, its points or the limits"
    changes = _changes(earlier, found, why) if earlier else []
    found["extra_data"] |= {"student": student, "fingerprints": prints, "submission": submission}
    found["extra_data"]["changes"] = before["changes"] + changes
    grade.write(found, path)


def _changes(earlier, found, why):
    """What regrading has changed: one entry for each task that has other points, or other sentences."""
    when, changes = datetime.now().astimezone().isoformat(timespec="seconds"), []
    for id in dict.fromkeys(test["number"] for test in (*earlier["tests"], *found["tests"])):
        old, new = ([test for test in results["tests"] if test["number"] == id] for results in (earlier, found))
        before, after = (round(sum(test["score"] for test in tests), 2) for tests in (old, new))
        if before != after or json.dumps(old) != json.dumps(new):
            changes.append({"when": when, "task": id, "before": before, "after": after, "why": why})
    return changes
