"""Tests of what is guessed from bodies: unit and vertical."""

from itertools import pairwise

import numpy as np
import pytest

from gca_scratch.data.guesses import SHORTEST, TALLEST, UNITS, Evidence, evidence, human_unit, unit_of, vertical_of
from gca_scratch.data.meaning import AXES

NAMES = ("hip", "neck", "head", "left hip", "left knee", "left ankle", "right hip", "right knee", "right ankle")
PARENTS = (-1, 0, 1, 0, 3, 4, 0, 6, 7)
STANDING = np.array(
    [[0, 0.9, 0], [0, 1.4, 0], [0, 1.6, 0.05], *([x, y, 0] for x in (0.1, -0.1) for y in (0.9, 0.5, 0.1))]
)


def told(body, rest=None):
    return evidence(np.tile(body, (4, 1, 1)), NAMES, PARENTS, rest)


def along(axis, body=STANDING):
    """The body turned, so that it is along one of AXES, and left stays left."""
    number, sign = "xyz".index(axis[1]), 1 if axis[0] == "+" else -1
    made = np.empty_like(body)
    made[:, number] = sign * body[:, 1]
    made[:, (number + 1) % 3], made[:, (number + 2) % 3] = sign * body[:, 2], body[:, 0]
    return made


def test_no_length_is_human_in_two_units():
    ranges = sorted((SHORTEST / UNITS[unit], TALLEST / UNITS[unit]) for unit in UNITS if unit != "1/0.45 in")
    assert all(end <= start for (_, end), (start, _) in pairwise(ranges))
    for unit, metres in UNITS.items():
        assert human_unit(1.5 / metres) == unit
    assert human_unit(4.0) == human_unit(0.0) == human_unit(1e9) == ""


def test_the_length_of_a_body_runs_along_its_bones():
    found = told(STANDING * 100)
    assert found.length == pytest.approx(10 + 80 + 50 + 20.6, abs=0.1) and human_unit(found.length) == "cm"
    bent = STANDING.copy()
    bent[[5, 8]] = bent[[4, 7]] + (0, 0.4, 0)
    assert told(bent * 100).length == pytest.approx(found.length) and not told(bent).votes.any()


def test_the_unit_is_that_of_most_people():
    assert unit_of([told(STANDING * 100), told(STANDING), told(STANDING * 100), Evidence()]) == "cm"
    assert unit_of([Evidence(), told(STANDING * 3)]) == unit_of([]) == ""


@pytest.mark.parametrize("axis", AXES)
def test_bodies_stand_along_any_axis_but_x(axis):
    assert told(along(axis)).votes.tolist() == [float(each == axis) for each in AXES]
    assert vertical_of([told(along(axis))]) == (axis if axis[1] != "x" else "")


def test_most_people_decide():
    lying = told(along("+z", STANDING) + (0, 0.1, 3))
    assert vertical_of([told(STANDING), told(STANDING), lying]) == "+y"
    assert vertical_of([told(STANDING), Evidence(), Evidence(1.5)]) == "+y"  # who is never stretched has no vote
    assert vertical_of([told(STANDING), lying]) == vertical_of([lying]) == vertical_of([]) == ""


def test_far_from_the_floor_the_rest_has_to_agree():
    """Ankles at the origin's height or a body of the same direction while nothing is turned."""
    hanging = along("+z") - (0, 0, 0.9)
    assert vertical_of([told(hanging)]) == vertical_of([told(hanging, STANDING)]) == ""
    assert vertical_of([told(hanging, along("+z"))]) == "+z"
    assert vertical_of([told(STANDING - (0, 0.9, 0.2))]) == "+y"


def test_a_body_flat_on_the_floor_of_another_axis():
    flat = STANDING + (0, 3, 0.1)  # along y, with z from 0.1 to 0.15
    assert vertical_of([told(flat)]) == "" and vertical_of([told(flat, STANDING)]) == "+y"


def test_skeletons_that_tell_nothing():
    names = tuple(f"joint {n}" for n in range(9))
    found = evidence(STANDING[None], names, PARENTS, None)
    assert found.length == 0 and vertical_of([found]) == unit_of([found]) == ""
    assert told(np.zeros((9, 3))).length == 0
    headless = evidence(STANDING[None], ("hip", "neck", "x", *NAMES[3:]), PARENTS, None)
    assert headless.length == pytest.approx(1.4, abs=0.01) and vertical_of([headless]) == "+y"


# --- at the limits ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "low", "high"),
    [("m", 0.9, 2.2), ("dm", 9, 22), ("cm", 90, 220), ("mm", 900, 2200), ("in", 35.433, 86.614),
     ("1/0.45 in", 22, 35.4)],
)  # fmt: skip
def test_which_lengths_are_human(unit, low, high):
    """From 0.9 to 2.2 m; in CMU's unit from 1.24 to 2 m, between decimetres and inches."""
    assert human_unit(1.0001 * low) == human_unit(0.9999 * high) == unit
    assert human_unit(0.999 * low) != unit != human_unit(1.001 * high)


LINE = ("head", "hip", "left knee", "left ankle")  # 0.8 m down to the hip, and twice 0.4 m
ALONG_LINE = (-1, 0, 1, 2)


def folded(ratio, degrees=0.0):
    """A body whose head and ankle are apart by that part of its bones, turned about x."""
    below = 1.6 * ratio - 0.8
    knee = (0, below / 2, np.sqrt(0.16 - below**2 / 4))
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[1, 0, 0], [0, c, s], [0, -s, c]])
    return np.array([[0, below + 0.8, 0], [0, below, 0], knee, [0, 0, 0]])[None] @ turn


@pytest.mark.parametrize(("ratio", "stretched"), [(0.79, False), (0.81, True)])
def test_a_body_is_stretched_from_four_fifths_of_its_bones_on(ratio, stretched):
    found = evidence(folded(ratio), LINE, ALONG_LINE, None)
    assert found.length == pytest.approx(1.6) and found.votes.any() == stretched


@pytest.mark.parametrize(("degrees", "upright"), [(0, True), (29, True), (31, False), (-29, True), (-31, False)])
def test_a_body_is_along_an_axis_within_thirty_degrees(degrees, upright):
    votes = evidence(folded(0.999, degrees), LINE, ALONG_LINE, None).votes
    assert votes.tolist() == [0, 0, float(upright), 0, 0, 0]


def voting(axis, share, **changes):
    """What somebody tells who is along that axis in that share of the frames, the ankles at the origin's height."""
    told = {"feet": np.zeros(3), "low": np.full(3, -1.0), "high": np.full(3, 2.0)} | changes
    return Evidence(1.5, share * np.eye(6)[AXES.index(axis)], **told)


@pytest.mark.parametrize("axis", ["+y", "-z"])
def test_six_of_ten_have_to_stand_along_it(axis):
    assert vertical_of([voting(axis, 0.61)]) == axis and vertical_of([voting(axis, 0.59)]) == ""
    assert vertical_of([voting(axis, 1.0), voting(axis, 0.3)]) == axis  # people count alike, not frames
    assert vertical_of([voting(axis, 1.0), voting(axis, 0.15)]) == ""


@pytest.mark.parametrize("axis", ["-y", "+z", "-z"])
def test_ankles_are_on_the_floor_within_a_fifth_of_the_body(axis):
    """On either side of it; along +y, which BVH makes the vertical, they may be anywhere."""
    for height in (-0.21, -0.19, 0.19, 0.21):
        feet = np.zeros(3)
        feet["xyz".index(axis[1])] = height
        assert vertical_of([voting(axis, 1.0, feet=feet)]) == (axis if abs(height) < 0.2 else "")
        assert vertical_of([voting("+y", 1.0, feet=feet + 5)]) == "+y"


@pytest.mark.parametrize(
    ("low", "high", "flat"), [(-0.01, 0.34, True), (-0.03, 0.34, False), (-0.01, 0.36, False), (0.1, 0.2, True)]
)
def test_who_is_flat_on_another_floor_lies_there(low, high, flat):
    """A body along y whose joints are all a little above z = 0 lies, unless its ankles are at the origin's height."""
    bounds = {"low": np.array([-1, -1, low]), "high": np.array([2, 2, high])}
    away = voting("+y", 1.0, feet=np.array([0, 3.0, 0]), **bounds)
    assert vertical_of([away]) == ("" if flat else "+y")
    assert vertical_of([voting("+y", 1.0, **bounds)]) == "+y"
    assert vertical_of([away._replace(rest="+y")]) == "+y"  # ... or it stands while nothing is turned


def test_where_a_body_is_along_while_nothing_is_turned():
    bent = STANDING.copy()
    bent[[5, 8]] = bent[[4, 7]] + (0, 0.4, 0)
    for rest, axis in ((None, ""), (bent, ""), (STANDING, "+y"), (along("-z"), "-z")):
        assert told(STANDING, rest).rest == axis
