"""What entries of a task say and hold, worked out by hand: nothing of hidden tests stands in what is seen at once."""

from types import SimpleNamespace

import pytest

from course.bugs import mutants
from course.grading import diagnosis, entries, fence, points
from course.manifest import Task

TASK = Task("A1.1", "Two slopes", 25, ("f",), ("sigmoid_backward", "tanh_backward", "cell_forward"), "")
KNOWN = "One known mistake is all that is wrong in this task: 20 % of its points"


@pytest.fixture
def entries_of(monkeypatch):
    """The entries of a task whose drivers lose these parts, of an attempt that is right or wrong in every test."""

    def made(lost, known="", right=False, earlier=()):
        kinds = ("visible", "hidden")
        tests = [(SimpleNamespace(name=name), kind, {"B": 3}, {}) for name in TASK.drivers for kind in kinds]
        tried = SimpleNamespace(
            tests=tests, answers=[fence.Answer({})] * len(tests), said="", missing={}, share=lambda n: float(right),
            verdicts=lambda n: {"dz": "dz is off"}, of=lambda kind: {},
        )  # fmt: skip
        monkeypatch.setattr(points, "lost", lambda task, tried: (dict(zip(TASK.drivers, lost, strict=True)), known))
        monkeypatch.setattr(diagnosis, "resembles", lambda functions, got: [])
        return entries.of_task(TASK, tried)

    return made


def test_points_are_kept_to_the_cent_and_not_to_the_per_cent(entries_of):
    made = entries_of([1 / 3, 0.123456, 1.0])
    assert [entry["max_score"] for entry in made] == [0, 8.33, 0, 8.33, 0, 8.34]
    assert [entry["score"] for entry in made] == [0, 5.55, 0, 7.30, 0, 0]


def test_what_a_known_mistake_costs_stands_with_the_hidden_tests_alone(entries_of):
    made = entries_of([0.2, 0.2, 0.0], KNOWN)
    told = [KNOWN in entry["output"] for entry in made]
    assert told == [False, True, False, True, False, False]
    assert [entry["visibility"] for entry in made] == ["visible", "after_published"] * 3


def test_what_was_asked_before_is_told_where_its_own_tests_pass(entries_of):
    told = "An earlier assignment asked for this"
    assert [told in entry["output"] for entry in entries_of([0.5, 0, 0], right=True)] == [False, True] + [False] * 4
    assert not any(told in entry["output"] for entry in entries_of([0.5, 0, 0]))


def test_who_has_handed_in_nothing_reads_why():
    made = entries.of_task(TASK, None, "cell.py is not in the submission")
    assert {entry["output"] for entry in made} == {"cell.py is not in the submission."}
    assert {entry["status"] for entry in made} == {"failed"} and {entry["score"] for entry in made} == {0}


# --- which mistakes are looked for ------------------------------------------------------------------------------------


def test_only_mistakes_of_students_are_looked_for_and_only_where_all_of_them_lie_in_the_task():
    everywhere = set().union(*(bug.places for bug in mutants.load()))
    found = {bug.name for bug in diagnosis.candidates(everywhere)}
    assert found == {bug.name for bug in mutants.load() if bug.student} < {bug.name for bug in mutants.load()}
    both = next(bug for bug in mutants.load() if bug.student and len(bug.places) > 1)
    one, *others = sorted(both.places)
    assert both in diagnosis.candidates(both.places)
    assert both not in diagnosis.candidates({one}) and both not in diagnosis.candidates(set(others))


def test_among_mistakes_that_explain_as_much_is_the_one_that_predicts_nothing_else(monkeypatch):
    """What a mistake would make wrong, and is right, speaks against it."""
    wrong = {("d", "a"): [1.0]}
    predicted = {"one": wrong | {("d", "b"): [2.0]}, "other": wrong}
    monkeypatch.setattr(diagnosis, "bug_answers", lambda name, drivers: name)
    monkeypatch.setattr(diagnosis, "departures", lambda got: predicted[got] if isinstance(got, str) else wrong)

    class Hashable(SimpleNamespace):
        __hash__ = object.__hash__

    one, other = Hashable(name="one"), Hashable(name="other")
    for candidates in ([one, other], [other, one]):
        monkeypatch.setattr(diagnosis, "candidates", lambda functions, candidates=candidates: candidates)
        assert diagnosis.resembles((), {"d": []}) == [(other, [("d", "a")])]
