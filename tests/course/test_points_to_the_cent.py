"""Points to the cent, what visible and hidden tests bring, and whose hidden tests are whose: against literals."""

import zlib
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pytest

from course.bugs import mutants
from course.drivers import DRIVERS, hidden, visible
from course.grading import attempt, entries, grade, points
from course.manifest import POINTS, Question, Task, all_ids, load

TASKS = [task for id in all_ids() for task in load(id).tasks]
IDS = [task.id for task in TASKS]


def cents(number):
    """A number of points as it is written, in cents; whole."""
    exact = Decimal(repr(round(number, 9))) * 100
    assert exact == int(exact), number
    return int(exact)


def task_of(points, drivers, **more):
    return Task("T.1", "title", points, (), tuple(drivers.split()), "", **more)


@pytest.mark.parametrize(
    ("task", "worth"),
    [
        (task_of(25, "a b c"), {"a": 8.33, "b": 8.33, "c": 8.34}),
        (task_of(25, "a b c d"), {"a": 6.25, "b": 6.25, "c": 6.25, "d": 6.25}),
        (task_of(10, "a b c", shares={"b": 2}), {"a": 2.5, "b": 5, "c": 2.5}),
        (task_of(20, "a b c", shares={"a": 2, "b": 4}), {"a": 5.71, "b": 11.43, "c": 2.86}),
        (task_of(100, "a b c d e f g"), dict(zip("abcdefg", [14.29] * 6 + [14.26], strict=True))),
        (task_of(15, "a", shares={"a": 7}), {"a": 15}),
    ],
)
def test_drivers_share_the_points_of_a_task_and_the_last_one_has_the_rest(task, worth):
    assert points.worth(task) == worth
    assert sum(map(cents, points.worth(task).values())) == 100 * task.points


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_points_add_up_to_those_of_the_task_to_the_cent(task):
    assert sum(map(cents, points.worth(task).values())) == 100 * task.points


@pytest.mark.parametrize("id", all_ids())
def test_an_assignment_has_a_hundred_points(id):
    manifest = load(id)
    assert POINTS == manifest.points == 100
    assert sum(task.points for task in manifest.tasks) + sum(q.points for q in manifest.questions) == 100
    assert all(isinstance(part.points, int) and part.points > 0 for part in (*manifest.tasks, *manifest.questions))
    assert all(isinstance(question, Question) for question in manifest.questions)


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_who_has_all_right_has_all_points_and_only_hidden_tests_bring_them(task):
    tried = attempt.with_bugs(task, grade.seed_of("ada"), [])
    made = entries.of_task(task, tried)
    assert len(made) == 2 * len(task.drivers)
    assert sum(cents(entry["score"]) for entry in made) == 100 * task.points
    for entry in made:
        seen = entry["visibility"] == "visible"
        assert entry["name"].endswith(f"({'visible' if seen else 'hidden'} tests)")
        assert entry["visibility"] in ("visible", "after_published") and entry["status"] == "passed"
        assert entry["score"] == entry["max_score"] and (entry["max_score"] == 0) == seen
        assert entry["number"] == task.id and entry["output"] == "All right."
    assert [entry["max_score"] for entry in made][1::2] == list(points.worth(task).values())


def with_wrong(task, kind):
    """An attempt whose answers to all tests of one kind are wrong, in every output."""
    tried = attempt.with_bugs(task, grade.seed_of("ada"), [])
    for n, (_, of_kind, _, _) in enumerate(tried.tests):
        if of_kind == kind:
            spoil(tried, n)
    return tried


def spoil(tried, n):
    """Every output of test n is wrong now."""
    outputs = {name: np.asarray(value, float) + 3.7 for name, value in tried.answers[n].outputs.items()}
    tried.answers[n] = replace(tried.answers[n], outputs=outputs)


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_only_hidden_tests_count(task):
    """Right visible answers bring nothing where the hidden ones are wrong, and wrong ones cost nothing."""
    made = entries.of_task(task, with_wrong(task, "hidden"))
    assert all(entry["score"] == 0 for entry in made)
    assert [entry["status"] for entry in made] == ["passed", "failed"] * len(task.drivers)
    made = entries.of_task(task, with_wrong(task, "visible"))
    assert sum(cents(entry["score"]) for entry in made) == 100 * task.points
    assert [entry["status"] for entry in made] == ["failed", "passed"] * len(task.drivers)


def test_one_of_two_hidden_tests_is_half_of_the_points():
    task = load("A1").tasks[0]
    tried = attempt.with_bugs(task, grade.seed_of("ada"), [])
    first = next(n for n, (_, kind, _, _) in enumerate(tried.tests) if kind == "hidden")
    name = tried.tests[first][0].name
    spoil(tried, first)
    parts, why = points.lost(task, tried)
    assert parts == {driver: 0.5 * (driver == name) for driver in task.drivers} and why == ""


@pytest.mark.parametrize("id", ["A1.1", "A2.3", "A3.3"])
@pytest.mark.parametrize("costs", [[0.2], [0.5, 0.25], [0.5, 0.5], [0.6, 0.6, 0.6], [1.0, 0.6]])
def test_known_mistakes_cost_their_sum_and_never_more_than_there_is(id, costs, monkeypatch):
    task = load(id.partition(".")[0]).task(id)
    tried = attempt.with_bugs(task, grade.seed_of("ada"), [])
    for n, (_, kind, _, _) in enumerate(tried.tests):
        if kind == "hidden" and n % 4 == 2:  # one of two of each driver
            spoil(tried, n)
    monkeypatch.setattr(points, "_explained", lambda task, tried: costs)
    parts, why = points.lost(task, tried)
    of, part = points.worth(task), min(1, sum(costs))
    assert parts.keys() == of.keys() and all(0 <= part <= 1 for part in parts.values())
    assert sum(of[name] * parts[name] for name in of) == pytest.approx(part * task.points)
    assert why.endswith(f"all that is wrong in this task: {100 * part:.0f} % of its points")
    made = entries.of_task(task, tried)
    assert all(0 <= entry["score"] <= entry["max_score"] and str(entry["score"])[0] != "-" for entry in made)
    assert sum(entry["score"] for entry in made) == pytest.approx((1 - part) * task.points, abs=0.005 * len(of) + 1e-9)


@pytest.mark.parametrize(
    ("parts", "found"),  # a, b are of an earlier assignment and worth 5 and 10; c and d, 10 and 15, are new
    [
        ((0, 0, 0, 0), (0, 0, 0, 0)),
        ((0, 0.5, 0.25, 0.25), (0.25, 0.625, 0.25, 0.25)),
        ((0.5, 1, 1, 0), (0.7, 1, 1, 0)),  # 10 of 25 are lost of what is new
        ((0, 0.25, 0, 1), (0.6, 0.7, 0, 1)),
        ((0.5, 0, 1, 1), (1, 1, 1, 1)),
    ],
)
def test_what_was_asked_before_counts_as_far_as_what_is_new_is_right(parts, found):
    task = task_of(40, "a b c d", shares={"a": 1, "b": 2, "c": 2, "d": 3}, earlier=("a", "b"))
    assert points.worth(task) == {"a": 5, "b": 10, "c": 10, "d": 15}
    mine = points._of_earlier(task, dict(zip("abcd", parts, strict=True)))
    assert [mine[name] for name in "abcd"] == pytest.approx(list(found))


def test_what_was_not_handed_in_brings_nothing():
    task = TASKS[0]
    made = entries.of_task(task, None, "cell.py is missing")
    assert all(entry["score"] == 0 and entry["status"] == "failed" for entry in made)
    assert sum(entry["max_score"] for entry in made) == task.points
    assert {entry["output"] for entry in made} == {"cell.py is missing."}


def test_a_known_mistake_costs_between_a_fifth_and_three_fifths():
    assert (points.LEAST, points.MOST) == (0.2, 0.6)
    task = next(task for task in TASKS if task.id == "A1.3")
    bug = mutants.named("carry-dropped")
    right = {
        name: [outputs for driver, _, _, outputs in attempt._tests(task, 1) if driver.name == name]
        for name in task.drivers
    }
    none_wrong = {name: [dict(outputs) for outputs in found] for name, found in right.items()}
    assert points.cost(bug, task, none_wrong, right) == 0
    everything = {
        name: [{out: value + 9 for out, value in outputs.items()} for outputs in found] for name, found in right.items()
    }
    assert points.cost(bug, task, everything, right) == 0.6
    one = {name: [outputs | {"dU": outputs["dU"] + 9} for outputs in found] for name, found in right.items()}
    assert points.cost(bug, task, one, right) == 0.2  # a sixth of the outputs, and a fifth is the least
    whole = SimpleNamespace(whole=True)
    assert points.cost(whole, task, everything, right) == 1 and points.cost(whole, task, one, right) == pytest.approx(
        1 / 6
    )


# --- hidden tests -----------------------------------------------------------------------------------------------------


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_seeds_of_students_are_their_own_and_stay_as_they_are():
    """Four bytes of a SHA-256: a grade that is worked out again must be the same."""
    assert (grade.seed_of(""), grade.seed_of("ada"), grade.seed_of("eve")) == (3690271823, 2437352584, 3352768938)
    seeds = [grade.seed_of(f"student {n}") for n in range(2000)]
    assert len(set(seeds)) == 2000 and min(seeds) >= 0 and max(seeds) < 2**32
    assert abs(np.mean(seeds) / 2**32 - 0.5) < 0.03


@pytest.mark.parametrize("name", sorted({name for task in TASKS for name in task.drivers}))
def test_hidden_tests_are_others_for_every_student_and_both_are(name):
    driver = DRIVERS[name]
    tests = [hidden(driver, grade.seed_of(f"student {n}")) for n in range(8)]
    assert all(len(pair) == 2 for pair in tests)
    everything = [inputs for pair in tests for inputs in pair] + visible(driver)
    others = [one for k, one in enumerate(everything) if not any(same(one, other) for other in everything[:k])]
    few = name in ("grid_order", "learning_rate", "training_steps")  # what they draw has few values
    assert len(others) >= 3 if few else len(others) == len(everything)
    again = hidden(driver, grade.seed_of("student 3"))
    assert all(same(one, other) for one, other in zip(tests[3], again, strict=True))
    assert all(same(one, other) for one, other in zip(visible(driver), visible(driver), strict=True))


def test_hidden_numbers_stay_as_they_are():
    """Drawn by a driver's name, 1000 and 1001, and the student's seed: who is graded again in a year has the same."""
    driver, seed = DRIVERS["cell_backward"], grade.seed_of("ada")
    for n, inputs in enumerate(hidden(driver, seed)):
        rng = np.random.default_rng([zlib.crc32(b"cell_backward"), 1000 + n, seed])
        assert same(inputs, driver.inputs(rng, driver.hidden(rng)))
    for n, inputs in enumerate(visible(driver)):
        assert same(inputs, driver.inputs(np.random.default_rng([zlib.crc32(b"cell_backward"), n]), driver.sizes[n]))


def test_drivers_draw_each_for_itself():
    """Two drivers of the same sizes and arrays have other numbers."""
    first = visible(DRIVERS["cell_forward"])[0]
    other = visible(DRIVERS["cell_backward"])[0]
    shared = [name for name in first if isinstance(first[name], np.ndarray) and name in other]
    assert shared and not any(np.array_equal(first[name], other[name]) for name in shared)
