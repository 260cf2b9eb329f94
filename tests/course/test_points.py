"""Fair points: what one mistake costs, and that every student's hidden tests show every mistake."""

import re

import numpy as np
import pytest

from course.bugs import mutants, submitted
from course.drivers import DRIVERS, hidden
from course.grading import attempt, diagnosis, entries, grade, points
from course.manifest import ROOT, all_ids, load

TASKS = [task for id in all_ids() for task in load(id).tasks]
STUDENTS = [f"student {n}" for n in range(200)]


def lost(task, names, student="ada"):
    """Which part of a task one loses who has made these mistakes."""
    tried = attempt.with_bugs(task, grade.seed_of(student), [mutants.named(name) for name in names])
    parts, _ = points.lost(task, tried)
    return sum(most * parts[name] for name, most in points.worth(task).items()) / task.points


def task_of(id):
    return next(task for task in TASKS if task.id == id)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_points_are_shared_among_the_tests_of_a_task(task):
    worth = points.worth(task)
    assert list(worth) == list(task.drivers) and sum(worth.values()) == pytest.approx(task.points)
    assert min(worth.values()) > 0
    assert lost(task, []) == 0


def test_what_is_asked_more_is_worth_more():
    worth = points.worth(task_of("A2.3"))
    assert worth["tree_backward"] == 20 and worth["tree_backward_still"] == worth["tree_backward_joint"] == 10


def spoils(bug, task):
    """Does this planted bug spoil anything in the task?"""
    answers = diagnosis.bug_answers(bug.name, task.drivers)
    return bool(diagnosis.departures(answers)) or any(None in found for found in answers.values())


@pytest.mark.parametrize("step", [15, pytest.param(1, marks=pytest.mark.long)])
def test_a_single_mistake_costs_a_fifth_to_three_fifths_of_its_task(step):
    pairs = [(bug, task) for task in TASKS for bug in diagnosis.candidates(task.functions)]
    for bug, task in pairs[::step]:
        if spoils(bug, task):
            part = lost(task, [bug.name])
            assert bug.whole or points.LEAST - 1e-9 <= part <= points.MOST + 1e-9, (bug.name, task.id, part)


@pytest.mark.parametrize("step", [15, pytest.param(1, marks=pytest.mark.long)])
def test_a_planted_bug_spoils_a_task(step):
    """Else the line that it changes no longer does what its sentence says."""
    asked = {bug for task in TASKS for bug in diagnosis.candidates(task.functions)}
    bugs = [bug for bug in mutants.load() if bug in asked]
    for bug in bugs[::step]:
        assert any(spoils(bug, task) for task in TASKS if bug.places <= set(task.functions)), bug.name


def test_two_mistakes_cost_more_than_one():
    backward = task_of("A1.3")
    one, other = lost(backward, ["dU-mean"]), lost(backward, ["carry-crossed"])
    assert lost(backward, ["dU-mean", "carry-crossed"]) == pytest.approx(one + other)


def test_an_unknown_mistake_costs_what_it_spoils_and_a_blank_the_whole():
    task = task_of("A1.3")
    tried = attempt.with_bugs(task, 1, [])
    for answer in tried.answers:
        answer.outputs["dU"] = answer.outputs["dU"] + 1
    parts, why = points.lost(task, tried)
    assert parts == {"cell_backward": pytest.approx(1 / 6)} and why == ""
    missing = attempt.Attempt(tried.tests, [type(answer)(None, "it is blank") for answer in tried.answers], "", {})
    assert points.lost(task, missing)[0] == {"cell_backward": 1}


def test_the_author_reads_what_a_known_mistake_costs():
    task = task_of("A1.3")
    made = entries.of_task(task, attempt.with_bugs(task, 1, [mutants.named("carry-dropped")]))
    assert [entry["score"] for entry in made] == [0, 18]
    assert "One known mistake is all that is wrong in this task: 60 % of its points." in made[1]["output"]
    assert "cell_backward" not in "".join(entry["name"] + entry["output"] for entry in made)


def test_what_an_earlier_assignment_asked_for_counts_with_what_is_new():
    task = task_of("A3.3")
    assert task.earlier == ("cell_forward", "cell_backward")
    assert lost(task, ["forward-score-ignored"]) > 0.9  # this is the cell of A1, and the entry says why it costs all


# --- hidden tests of everybody --------------------------------------------------------------------------------------


def cases(name):
    """Inputs of a driver's hidden tests, of 200 students."""
    return [inputs for student in STUDENTS for inputs in hidden(DRIVERS[name], grade.seed_of(student))]


@pytest.mark.parametrize("name", sorted({name for task in TASKS for name in task.drivers}))
def test_sizes_of_hidden_tests_hide_no_mistaken_axis(name):
    letters = DRIVERS[name].letters.split()
    for inputs in cases(name):
        sizes = [inputs[letter] for letter in letters]
        drawn = [size for letter, size in zip(letters, sizes, strict=True) if letter != "J" or "parts" not in inputs]
        assert min(sizes) >= 3 and len(set(drawn)) >= len(drawn) - ("parents" in inputs)
    assert len({str([inputs[letter] for letter in letters]) for inputs in cases(name)}) > 3


def _leaves_out(parts):
    """Do the numbers of some parts leave one out, and does another than the smallest come first?"""
    return 2 <= len(set(parts)) <= max(parts) <= 4 and parts[0] > min(parts)


CONDITIONS = {  # without which some planted bug would change nothing
    "tree_forward": lambda i: (
        any(parent > joint for joint, parent in enumerate(i["parents"]))
        and np.bincount(i["parents"][i["parents"] >= 0]).max() > 1
        and i["parents"][0] >= 0
    ),
    "body_parts_mean": lambda i: len(set(np.bincount(i["parts"])) - {0}) > 1 and _leaves_out(i["parts"]),
    "body_parts_share": lambda i: np.bincount(i["parts"]).max() > 1 and _leaves_out(i["parts"]),
    "refine_memory": lambda i: 0 < ((np.concatenate([i["F"], i["IF"]], axis=1) @ i["W"] + i["b"]) > 0).mean() < 1,
    "dropout": lambda i: set(np.unique(i["mask"])) == {0, 2},
    "dropout_mask": lambda i: i["p"] not in (0, 0.5, 1),
    "sgd_clip": lambda i: (
        min(np.linalg.norm(i["gW_0"]), np.linalg.norm(i["gW_2"])) > 0.7
        and sum((i[f"g{name}_1"] ** 2).sum() for name in "WbV") * 1e-6 < 0.7**2
    ),
    "sgd_product": lambda i: np.linalg.norm(i["x"].T @ i["dy"]) > 0.7 and np.linalg.norm(i["gb"]) > 0.1,
}  # fmt: skip


@pytest.mark.parametrize("name", CONDITIONS)
def test_numbers_of_hidden_tests_hide_no_mistake(name):
    assert all(map(CONDITIONS[name], cases(name)))


# --- the page -------------------------------------------------------------------------------------------------------


def test_the_page_on_mistakes_is_of_these_mistakes():
    page = (ROOT / "docs" / "course-mistakes.md").read_text("utf-8")
    for id, what, _ in submitted.LOOKED_AT:
        assert f"| {id} | {what} |" in page
    count, named, students = map(int, re.search(r"(\d+) mistakes, (\d+) of .*\n(\d+) students", page).groups())
    assert named >= 0.95 * count and students >= 20
    for left, of in re.findall(r"([\d.]+) of (\d+) \|$", page.partition("Every planted bug")[2], re.MULTILINE):
        assert float(left) < 0.81 * float(of)  # every mistake shows in the hidden tests of every student
    for bug in mutants.load():
        if bug.student and any(bug.places <= set(task.functions) and spoils(bug, task) for task in TASKS):
            assert f"| `{bug.function}` | {bug.sentence}" in page, bug.name
