"""What is said of bodies that no person has, and that nothing is said of those that a person has."""

import dataclasses

import numpy as np
import pytest

from gca_scratch.data.meaning import known
from gca_scratch.data.proportions import complaints
from gca_scratch.data.ready import ready
from gca_scratch.data.synthetic import generate
from gca_scratch.support.errors import InputError

DATA = generate(subjects=1, repetitions=1)


def moved(joints, **changed):
    return dataclasses.replace(DATA, joints=joints, **changed)


def test_nothing_is_said_of_people():
    assert complaints(DATA, "x") == []


def test_the_person_who_is_there_is_looked_at_whichever_place_they_have():
    nobody = np.zeros_like(DATA.joints)
    assert complaints(moved(np.concatenate([nobody, DATA.joints], axis=1)), "x") == []
    [said] = complaints(moved(np.concatenate([nobody, 10 * DATA.joints], axis=1)), "x")
    assert "the torso would be" in said and "--unit" in said


@pytest.mark.parametrize("mark", [0, np.nan])
def test_of_nobody_nothing_can_be_said(mark):
    joints = DATA.joints.copy()
    joints[: DATA.offsets[1]] = mark
    assert complaints(moved(joints), "x") == []
    assert complaints(moved(np.full_like(joints, mark)), "x") == []
    with pytest.raises(InputError, match="all sequences show nobody"):
        ready(moved(np.full_like(joints, mark)))


def test_a_body_that_is_scaled_twice_in_its_limbs_or_on_one_side_is_told():
    hip = DATA.joint_names.index("spine base")
    about = DATA.joints[:, :, [hip]]
    legs = [k for k, name in enumerate(DATA.joint_names) if name.split()[-1] in ("knee", "ankle", "foot")]
    joints = DATA.joints.copy()
    joints[:, :, legs] = about + 5 * (joints[:, :, legs] - about)
    assert any("the legs are" in said for said in complaints(moved(joints), "x"))
    left = [k for k, name in enumerate(DATA.joint_names) if name.startswith("left")]
    joints = DATA.joints.copy()
    joints[:, :, left] = about + 3 * (joints[:, :, left] - about)
    assert any("the limbs of one side" in said for said in complaints(moved(joints), "x"))


def test_millimetres_called_metres_are_told():
    assert any("the torso would be" in said for said in complaints(moved(1000 * DATA.joints), "x"))
    assert complaints(moved(1000 * DATA.joints, meaning=known(up="+y", unit="mm")), "x") == []


def test_equal_frames_at_the_end_are_told():
    joints = DATA.joints.copy()
    for stop in DATA.offsets[1:]:
        joints[stop - 20 : stop] = joints[stop - 20]
    assert any("end in equal frames" in said for said in complaints(moved(joints), "x"))
