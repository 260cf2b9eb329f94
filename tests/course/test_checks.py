"""Checks of formulas that no assignment asks for: each planted bug is caught by the formula's tests, and named from
numbers alone: readings of the gate, scores that see movement, answers to where a network looks, averaged weights."""

import numpy as np
import pytest

from course.bugs import mutants, mutation
from course.drivers import DRIVERS
from course.grading import diagnosis, grade
from course.manifest import BESIDE, FOLDER, all_ids, load
from tests.variants import test_readings, test_sight

CHECKS = {load(id).files[0].removeprefix("gca_scratch/"): id for id in BESIDE}  # by the file that is checked
BUGS = [bug for bug in mutants.load() if bug.file in CHECKS and bug.student]
PAIRS = [bug for bug in BUGS if bug.file.startswith("variants/")]  # in a formula and its way back


def prove(name, forward, backward):
    """What the tests of that pair of functions prove."""
    if name in test_sight.CHECKS:
        test_sight.CHECKS[name](forward, backward)
    elif name == "news":
        test_readings.check_news(forward, backward)
    else:
        test_readings.check(forward, backward)
        test_readings.check_known(name, forward)  # where both are wrong alike, the gradient fits


@pytest.mark.parametrize("bug", PAIRS, ids=lambda bug: bug.name)
def test_the_tests_of_a_formula_catch_its_bugs(bug):
    name, _, _ = bug.function.partition("_")
    with mutants.planted(bug) as package:
        module = package(bug.file.removesuffix(".py").replace("/", "."))
        with pytest.raises(AssertionError):
            prove(name, getattr(module, f"{name}_forward"), getattr(module, f"{name}_backward"))


@pytest.mark.parametrize("id", BESIDE)
def test_every_function_has_bugs(id):
    assert set(load(id).functions) == {bug.qualified for bug in BUGS if CHECKS[bug.file] == id}


@pytest.mark.parametrize("id", BESIDE)
def test_each_bug_is_named_and_no_other(id):
    bugs = [bug for bug in BUGS if CHECKS[bug.file] == id]
    rows = mutation.diagnosed(bugs)
    assert [(bug.name, named, others) for bug, _, named, others in rows] == [(bug.name, True, []) for bug in bugs]
    assert {task.partition(".")[0] for _, task, _, _ in rows} == {id}


def test_bugs_of_what_a_network_looks_at_are_named():
    bugs = [bug for bug in mutants.load() if bug.file == "runs/where.py"]
    rows = mutation.diagnosed(bugs)
    assert [(bug.name, named, others) for bug, _, named, others in rows] == [(bug.name, True, []) for bug in bugs]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("draws-slope-K", "the slope lacks the factor K"),
        ("odds-slope-K-less", "the slope has K - 1 for its factor K"),
        ("draws-added", "the chances of K draws are added up to K r"),
        ("odds-K-less-twice", "gate and slope have K - 1 for K"),
        ("range-through-max", "the highest score gets no gradient"),
        ("company-back-sum", "a sum over joints stands where the mean belongs"),
        ("average-late", "the epochs before are counted one too few"),
    ],
)
def test_a_file_with_a_bug_is_graded_and_its_bug_is_told(name, said, tmp_path):
    bug = mutants.named(name)
    (tmp_path / bug.file.rpartition("/")[2]).write_text(bug.apply((mutants.PACKAGE / bug.file).read_text("utf-8")))
    results = grade.grade(tmp_path, load(CHECKS[bug.file]))
    wrong = [test["output"] for test in results["tests"] if "All right." not in test["output"]]
    assert len(wrong) == 2 and f"it looks as if {said}" in wrong[0]  # of the visible tests and of the hidden ones


def test_a_gate_beyond_one_is_told():
    driver = DRIVERS["draws_gate"]
    inputs, right = driver.inputs(np.random.default_rng(0), driver.sizes[0]), diagnosis.right_answers("draws_gate")[0]
    got = right | {"g": inputs["K"] * inputs["r"]}
    assert "a gate lies between 0 and 1, yours at " in diagnosis.compare(driver, inputs, got, right)["g"]


def test_checks_are_no_assignments():
    assert sorted(path.stem for path in FOLDER.glob("*.toml")) == sorted({*all_ids(), *BESIDE})
    asked = {name for id in all_ids() for name in load(id).functions}
    assert not any(asked & set(load(id).functions) for id in BESIDE)
