"""When an output is right: to a billionth of its largest number, in shape, holes and all; which mistakes explain it."""

import numpy as np
import pytest

from course.grading import diagnosis
from course.grading.diagnosis import matches
from course.grading.verdict import TOLERANCE, fewest, same

RIGHT = np.array([[1.0, -2000.0], [0.001, 500.0]])


def off(by, where=(1, 0)):
    changed = RIGHT.copy()
    changed[where] += by
    return changed


@pytest.mark.parametrize(
    ("got", "right"),
    [
        (RIGHT, True),
        (off(1.9e-6), True),  # a billionth of 2000, the largest, whatever stands at the place itself
        (off(-1.9e-6), True),
        (off(2.1e-6), False),
        (off(-2.1e-6), False),
        (off(2.1e-6, (0, 0)), False),
        (RIGHT.T, False),
        (RIGHT[:1], False),
        (RIGHT[None], False),
        (RIGHT.astype(np.float32), True),  # only 0.001 is rounded
        (np.where(RIGHT < 0, np.nan, RIGHT), False),
        (np.where(RIGHT < 0, -np.inf, RIGHT), False),
        (-RIGHT, False),
        (RIGHT.astype(complex), True),
        (RIGHT.tolist(), True),
    ],
)
def test_arrays_are_right_to_rounding(got, right):
    assert TOLERANCE == 1e-9
    assert same(got, RIGHT) == matches(got, RIGHT) == right


def test_what_is_zero_is_zero():
    zeros = np.zeros(3)
    assert same(zeros, zeros) and not same(zeros + 1e-3, zeros)
    assert same(np.zeros((0, 2)), np.zeros((0, 2))) and same(2.0, np.array(2.0)) and not same(2.0, np.array([2.0]))


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ([1.0, np.nan], [1.0, np.nan], True),
        ([1.0, np.nan], [1.0, 2.0], False),
        ([1.0, 2.0], [1.0, np.nan], False),
        ([np.inf, 1.0], [np.inf, 1.0], True),
        ([np.inf, 1.0], [-np.inf, 1.0], False),
        ([np.nan, 1.0], [np.nan, 1.1], False),
        ("it stops", "it stops", True),
        ("it stops", "it goes on", False),
        ("it stops", [1.0], False),
        ([1.0], "it stops", False),
        (None, [1.0], False),
        ([1.0], None, False),
        (None, None, False),
        ([True], [1.0], True),
        (["a"], ["a"], False),
        ([None], [None], False),
    ],
)
def test_what_two_answers_have_in_common(one, other, alike):
    def made(value):
        return np.array(value) if isinstance(value, list) else value

    assert matches(made(one), made(other)) == alike


def test_one_mistake_that_explains_all_goes_before_several_that_share_it_out():
    a, b, c, d = "abcd"
    both = {"one": ({a, b, c}, {a, b, c}), "left": ({a, b}, {a, b}), "right": ({c}, {c})}
    assert fewest(both, {a, b, c}) == [("one", [a, b, c])]
    shared = {"left": ({a, b}, {a, b}), "right": ({c}, {c})}
    assert fewest(shared, {a, b, c}) == [("left", [a, b]), ("right", [c])]
    # among equals the one that would make nothing else wrong
    assert fewest({"more": ({a}, {a, d}), "less": ({a}, {a})}, {a}) == [("less", [a])]
    assert fewest({"less": ({a}, {a}), "more": ({a}, {a, d})}, {a}) == [("less", [a])]
    assert fewest(shared, {d}) == [] and fewest({}, {a}) == [] and fewest(shared, set()) == []
    assert fewest(shared, {a, d}) == [("left", [a])]
    # one that makes something else of what is wrong, too, goes before one that makes what is right wrong
    explains = {"spoils": ({a}, {a, c}), "other": ({a}, {a, b, d})}
    assert fewest(explains, {a, b, d}) == [("other", [a])]
    assert fewest(dict(reversed(explains.items())), {a, b, d}) == [("other", [a])]
    # nothing is explained by what it would only make wrong in another way
    assert fewest({"one": ({a}, {a, b})}, {a, b}) == [("one", [a])]


def test_what_is_right_is_the_measure_and_not_what_is_given():
    assert same(np.array([9e-10, 0]), np.zeros(2)) and not same(np.array([1.1e-9, 0]), np.zeros(2))
    assert not same(np.zeros(2), np.array([5e-10, 0]))  # the one number that there is is missing
    assert same(np.array([1.0, 5e-10]), np.array([1.0, 0])) and not same(np.array([5.0, 2e-9]), np.array([1.0, 0]))
    assert not diagnosis._all_same([np.array([None, 1.0])], [np.ones(2)])  # who answers with no numbers is wrong
