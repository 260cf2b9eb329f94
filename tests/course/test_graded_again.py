"""Grading again: what is kept, what is said to have changed and why, and what a result rests on; nothing is run."""

import functools
import json
from dataclasses import replace
from datetime import datetime

import pytest

from course.drivers import DRIVERS, driver
from course.grading import fence, fingerprint, grade, grade_all
from course.manifest import load

A1 = load("A1")
TEXTS = dict.fromkeys(A1.files, "x = 1\n")


def entry(task, score, output="right"):
    return {"name": f"{task} title: f (hidden tests)", "number": task, "score": score, "max_score": 10.0,
            "status": "passed", "visibility": "after_published", "output": output}  # fmt: skip


def results(*tests, **more):
    about = {"notes": [], "student": "ada", "fingerprints": {}, "submission": "", "changes": []}
    return {"output": "", "tests": list(tests), "extra_data": about | more}


@pytest.fixture
def graded(monkeypatch, tmp_path):
    """`grade_one` where grading gives these results; what lies there then, and the entries that were kept."""

    def one(found, prints, earlier, texts=TEXTS):
        asked = []

        def of_texts(texts, unread, notes, manifest, student, limits, kept):
            asked.append((student, limits, kept))
            return found | {"extra_data": {"notes": notes}}

        monkeypatch.setattr(grade, "of_texts", of_texts)
        grade_all.grade_one("ada", (texts, {}, []), prints, earlier, A1, tmp_path / "ada.json", "limits")
        assert asked[0][:2] == ("ada", "limits")
        return grade_all.stored(tmp_path / "ada.json"), asked[0][2]

    return one


BEFORE = {"A1.1": "p", "A1.2": "q"}
CHANGE = {"when": "2027-03-01T10:00:00+01:00", "task": "A1.2", "before": 1.0, "after": 2.0, "why": "another submission"}


def test_what_has_changed_is_added_to_what_had_changed_before(graded):
    mine = fingerprint.of_texts(TEXTS, {})
    earlier = results(entry("A1.1", 8.5), entry("A1.2", 3.0), entry("A1.2", 4.25), fingerprints=BEFORE, submission=mine,
                      changes=[CHANGE])  # fmt: skip
    found, kept = graded(results(entry("A1.1", 8.5), entry("A1.2", 3.0), entry("A1.2", 9.0)),
                         {"A1.1": "p", "A1.2": "r"}, earlier)  # fmt: skip
    assert kept == {"A1.1": [entry("A1.1", 8.5)]}
    assert found["extra_data"]["fingerprints"] == {"A1.1": "p", "A1.2": "r"}
    first, second = found["extra_data"]["changes"]
    assert first == CHANGE and datetime.fromisoformat(second.pop("when")).tzinfo is not None
    assert second == {"task": "A1.2", "before": 7.25, "after": 12.0, "why": "the test, its points or the limits"}
    assert found["extra_data"]["submission"] == mine and found["extra_data"]["student"] == "ada"


def test_another_submission_is_said_to_be_the_reason(graded):
    earlier = results(entry("A1.1", 8.5), fingerprints=BEFORE, submission="another")
    found, _ = graded(results(entry("A1.1", 2.0)), {"A1.1": "r"}, earlier)
    assert [(c["before"], c["after"], c["why"]) for c in found["extra_data"]["changes"]] == [
        (8.5, 2.0, "another submission")
    ]
    found, _ = graded(results(entry("A1.1", 8.5, "other words")), {"A1.1": "r"}, earlier)
    assert [(c["before"], c["after"]) for c in found["extra_data"]["changes"]] == [(8.5, 8.5)]
    assert graded(results(entry("A1.1", 8.5)), {"A1.1": "r"}, earlier)[0]["extra_data"]["changes"] == []
    assert graded(results(entry("A1.1", 8.5)), {"A1.1": "r"}, None)[0]["extra_data"]["changes"] == []


# --- what a result rests on -------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    monkeypatch.setattr(fingerprint, "_tests", {})


def prints(manifest=A1, texts=TEXTS, unread=None, student="ada", limits=None):
    return fingerprint.of_tasks(manifest, texts, unread or {}, student, limits)


def different(one, other):
    """The tasks of which the fingerprints are others."""
    return {task for task in one if one[task] != other[task]}


EVERY = {task.id for task in A1.tasks}


def test_it_rests_on_whose_it_is_what_was_handed_in_what_could_not_be_read_and_the_limits():
    first = prints()
    assert set(first) == EVERY and prints(limits=fence.Limits()) == first
    assert different(first, prints(student="bob")) == EVERY
    assert different(first, prints(limits=fence.Limits(cpu_seconds=11))) == EVERY
    assert different(first, prints(texts=TEXTS | {"mine.py": "y"})) == EVERY
    assert different(first, prints(unread={A1.files[0]: "why"})) == EVERY
    assert different(prints(unread={A1.files[0]: "x"}), prints(unread={A1.files[0]: "y"})) == EVERY


def test_it_rests_on_its_own_task_and_not_on_words():
    first, (one, *others) = prints(), A1.tasks
    for change in ({"points": 11}, {"shares": {"tanh_backward": 2}}, {"drivers": ("sigmoid_backward",)}):
        other = replace(A1, tasks=(replace(one, **change), *others))
        assert different(first, prints(other)) == {"A1.1"}, change
    for change in ({"title": "other"}, {"text": "other"}, {"try_out": "1"}):
        assert prints(replace(A1, tasks=(replace(one, **change), *others))) == first, change


@pytest.mark.parametrize("part", ["_grader", "_of_driver", "_tree"])
def test_it_rests_on_grader_drivers_and_mathematics(part, monkeypatch):
    first = prints()
    fingerprint._tests.clear()
    monkeypatch.setattr(fingerprint, part, lambda *_: "another")
    assert different(first, prints()) == EVERY


def test_it_rests_on_the_planted_bugs_of_its_own_functions(monkeypatch):
    first, bugs = prints(), fingerprint.mutants.load()
    fingerprint._tests.clear()
    monkeypatch.setattr(fingerprint.mutants, "load", lambda: [b for b in bugs if b.name != "tanh-unsquared"])
    assert different(first, prints()) == {"A1.1"}


def test_what_a_driver_holds_counts_and_what_it_is_called_with():
    def told(one):
        return json.dumps(fingerprint._of_driver(one))

    nll = DRIVERS["nll"]
    assert told(nll) == told(replace(nll)) == told(replace(nll, law=driver.adds_up("dlogits", 0, "class")))
    for law in (driver.adds_up("dlogits", 1, "class"), driver.adds_up("loss", 0, "class")):
        assert told(replace(nll, law=law)) != told(nll)
    runs = [functools.partial(nll.run, *given, **named) for given, named in (((), {}), ((1,), {}), ((), {"i": 1}))]
    assert len({told(replace(nll, run=run)) for run in [nll.run, *runs]}) == 4
    for change in (
        {"letters": "B H"},
        {"arrays": {"logits": "B H"}},
        {"weights": {"loss": 2}},
        {"what": {"loss": "x"}},
    ):
        assert told(replace(nll, **change)) != told(nll), change
