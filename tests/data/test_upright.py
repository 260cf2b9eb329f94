"""The vertical of data that name none: where most people stand, and never where one lies or crouches."""

import dataclasses

import numpy as np
import pytest

from gca_scratch.data.meaning import Fact, Meaning, known
from gca_scratch.data.synthetic import generate
from gca_scratch.data.upright import said, with_vertical
from gca_scratch.support.errors import InputError
from tests.helpers.people import PERSON, people, with_joints

STANDING = people(Meaning())
# Rows of a turn that takes a body with y up to one with another axis up; each has the determinant 1.
TURNS = {
    "+y": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "-y": [[-1, 0, 0], [0, -1, 0], [0, 0, 1]],
    "+z": [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
    "-z": [[1, 0, 0], [0, 0, 1], [0, -1, 0]],
    "+x": [[0, 1, 0], [-1, 0, 0], [0, 0, 1]],
}


def turned(data, up):
    return with_joints(data, data.joints @ np.float32(TURNS[up]).T)


def one_of(data, joints, frames=8):
    """A data set of a single sequence."""
    joints = np.tile(np.float32(joints), (frames, 1, 1, 1))
    one = {"label": data.label[:1], "subject": data.subject[:1], "name": data.name[:1], "repetition": None}
    return with_joints(data, joints, offsets=np.array([0, frames], np.int64), **one)


BODY = np.array([place for _, place in PERSON.values()])


@pytest.mark.parametrize("up", ["+y", "-y", "+z", "-z"])
@pytest.mark.parametrize("away", [(0, 0, 0), (3, 5, -2)])
def test_where_many_stand_is_up(up, away):
    data = with_joints(STANDING, turned(STANDING, up).joints + np.float32(away))
    found = with_vertical(data)
    assert found.meaning.up == Fact(up, "guess") and found.joints is data.joints
    assert said(found) == f"vertical: {up} points up, guessed from where most bodies stand; correct it with --up"


def test_what_the_data_say_is_believed():
    for source in ("definition", "file", "user", ""):
        data = dataclasses.replace(STANDING, meaning=Meaning(up=Fact("-z", source)))
        assert with_vertical(data) is data
        whence = {"definition": "as the format has it", "file": "as the file says", "user": "as you say"}
        assert said(data) == f"vertical: -z points up, {whence.get(source, 'whoever says so')}"


@pytest.mark.parametrize("floor", ["+y", "+z"])
def test_one_who_lies_does_not_make_the_floor_a_wall(floor):
    """Flat on the back, on a floor at height zero, the head anywhere.

    At the very origin, with the head along +y, it cannot be told from one who stands before a wall.
    """
    for angle in np.linspace(0, 2 * np.pi, 9):
        lying = BODY[:, [0, 2, 1]] * (1, 1, -1) + (0, 0.12, 0)  # y is up; head to toe along -z
        c, s = np.cos(angle), np.sin(angle)
        lying = lying @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]).T
        data = turned(one_of(STANDING, lying + (1.5, 0, 1.5)), floor)
        found = with_vertical(data).meaning.up
        assert found.value in ("", floor), (floor, angle, found)


def test_one_who_crouches_or_sits_alone_tells_nothing():
    crouching = BODY.copy()
    names = list(PERSON)
    for side, x in (("left", 0.1), ("right", -0.1)):
        crouching[names.index(f"{side} hip")] = (x, 0.35, 0)
        crouching[names.index(f"{side} knee")] = (x, 0.4, 0.4)
        crouching[names.index(f"{side} ankle")] = (x, 0.1, 0.1)
        crouching[names.index(f"{side} foot")] = (x, 0.04, 0.2)
    upper = [n for n, name in enumerate(names) if name.split()[-1] not in ("hip", "knee", "ankle", "foot")]
    crouching[upper] -= (0, 0.55, 0)
    crouching[upper] = crouching[upper] @ np.array([[1, 0, 0], [0, 0.6, 0.8], [0, -0.8, 0.6]]) + (0, 0.1, 0)
    for up in TURNS:
        found = with_vertical(turned(one_of(STANDING, crouching), up))
        assert found.meaning.up == Fact(), up
    text = said(with_vertical(one_of(STANDING, crouching)))
    assert text.startswith("vertical: unknown, for no body stands upright along one axis; ") and "--up" in text


def test_some_who_lie_do_not_outvote_those_who_stand():
    joints = STANDING.joints.copy()
    for n in range(0, 24, 4):
        span = slice(*STANDING.offsets[n : n + 2])
        joints[span] = joints[span] @ np.float32(TURNS["+z"]).T
    assert with_vertical(with_joints(STANDING, joints)).meaning.up == Fact("+y", "guess")


def test_bodies_that_disagree_tell_nothing():
    joints = STANDING.joints.copy()
    for n in range(0, 24, 2):
        span = slice(*STANDING.offsets[n : n + 2])
        joints[span] = joints[span] @ np.float32(TURNS["+z"]).T
    found = with_vertical(with_joints(STANDING, joints))
    assert found.meaning.up == Fact() and "unknown" in said(found)


@pytest.mark.parametrize("up", ["+y", "+z", "-y"])
def test_generated_people_stand_upright_whatever_they_do(up):
    data = turned(generate(subjects=2, repetitions=1), up)
    assert with_vertical(dataclasses.replace(data, meaning=Meaning())).meaning.up == Fact(up, "guess")


def test_absent_joints_and_persons_do_not_hide_the_vertical():
    joints = turned(STANDING, "+z").joints.copy()
    rng = np.random.default_rng(0)
    joints[rng.random(joints.shape[:3]) < 0.2] = np.nan
    joints[rng.random(len(joints)) < 0.2] = 0
    second = np.concatenate([np.zeros_like(joints), joints], axis=1)
    for found in (joints, second):
        assert with_vertical(with_joints(STANDING, found)).meaning.up == Fact("+z", "guess")
    nobody = with_joints(STANDING, np.zeros_like(joints))
    assert with_vertical(nobody).meaning.up == Fact()


def test_the_hip_has_to_be_told_where_no_name_tells_it():
    odd = dataclasses.replace(STANDING, joint_names=tuple(f"joint {n}" for n in range(20)))
    with pytest.raises(InputError, match="which of these joints is the hip"):
        with_vertical(odd)
    assert with_vertical(odd, "joint 0").meaning.up == Fact()  # and then no name tells head and feet


def test_what_else_the_data_mean_is_kept():
    data = dataclasses.replace(STANDING, meaning=known(unit="cm", hand="left", rate="25", zeros="positions"))
    found = with_vertical(data).meaning
    assert found == dataclasses.replace(data.meaning, up=Fact("+y", "guess"))
