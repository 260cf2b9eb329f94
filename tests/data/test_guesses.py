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
