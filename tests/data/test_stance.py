"""Bodies upside down, along another axis than the vertical, seen in a mirror: each is said, nothing of others."""

import dataclasses

import numpy as np
import pytest

from gca_scratch.data.meaning import Fact, Meaning
from gca_scratch.data.stance import doubts
from gca_scratch.data.synthetic import generate
from gca_scratch.data.upright import with_vertical
from tests.data.test_upright import turned
from tests.helpers.people import people, with_joints

SAYS_Y = Meaning(up=Fact("+y", "definition"), hand=Fact("right", "definition"))


@pytest.mark.parametrize("up", ["+y", "-y", "+z", "-z"])
@pytest.mark.parametrize("source", ["definition", "file", "user"])
def test_a_vertical_that_nobody_stands_along_is_doubted(up, source):
    data = turned(people(Meaning(up=Fact("+y", source))), up)
    found = doubts(data, "x")
    if up == "+y":
        assert found == []
    else:
        [said] = found
        assert f"along {up}, but +y points up" in said and "--up" in said
        assert doubts(dataclasses.replace(data, meaning=Meaning(up=Fact(up, source))), "x") == []


def test_a_guess_is_not_doubted_by_what_it_was_made_of_nor_what_nobody_says():
    for fact in (Fact("+y", "guess"), Fact()):
        assert doubts(turned(people(Meaning(up=fact)), "-y"), "x") == []


def test_frames_in_which_somebody_lies_are_no_doubt():
    data = people(SAYS_Y)
    lying = turned(data, "+z").joints
    mixed = data.joints.copy()
    mixed[::3] = lying[::3]
    assert doubts(with_joints(data, mixed), "x") == []


def changed(data, numbers, how):
    joints = data.joints.copy()
    for n in numbers:
        joints[data.offsets[n] : data.offsets[n + 1]] = how[data.offsets[n] : data.offsets[n + 1]]
    return with_joints(data, joints)


@pytest.mark.parametrize("meaning", [SAYS_Y, Meaning()])
def test_sequences_with_another_vertical_than_the_others_are_said(meaning):
    data = with_vertical(people(meaning))
    [said] = doubts(changed(data, range(0, len(data), 4), turned(data, "+z").joints), "x")
    assert f"{len(data) // 4} of {len(data)} sequences" in said and data.name[0] in said and "+z" in said
    assert doubts(changed(data, [3], turned(data, "+z").joints), "x") == []  # somebody who lies


def test_sequences_seen_in_a_mirror_among_others_are_said():
    data = people(SAYS_Y)
    mirrored = data.joints * np.float32([-1, 1, 1])
    [said] = doubts(changed(data, range(0, len(data), 4), mirrored), "x")
    assert f"{len(data) // 4} of {len(data)} sequences" in said and data.name[0] in said
    assert doubts(changed(data, [3], mirrored), "x") == []


@pytest.mark.parametrize("axis", [0, 2])
def test_bodies_seen_in_a_mirror_are_said(axis):
    data = people(SAYS_Y)
    sign = np.ones(3, np.float32)
    sign[axis] = -1
    mirrored = with_joints(data, data.joints * sign)
    [said] = doubts(mirrored, "x")
    assert "left" in said and "left-handed" in said
    left_handed = dataclasses.replace(SAYS_Y, hand=Fact("left", "file"))
    assert doubts(dataclasses.replace(mirrored, meaning=left_handed), "x") == []
    [said] = doubts(dataclasses.replace(data, meaning=left_handed), "x")
    assert "right-handed" in said


def test_frames_that_show_a_single_point_tell_neither_side():
    data = people(SAYS_Y)
    mirrored = data.joints * np.float32([-1, 1, 1])
    mirrored[::2] = mirrored[::2, :, :1]  # a tracker that has nothing but the hip
    [said] = doubts(with_joints(data, mirrored), "x")
    assert "their left" in said or "left of people" in said


def test_exchanged_names_are_said():
    data = people(SAYS_Y)
    other = {"left": "right", "right": "left"}
    names = tuple(" ".join(other.get(word, word) for word in name.split()) for name in data.joint_names)
    [said] = doubts(dataclasses.replace(data, joint_names=names), "x")
    assert "exchanged" in said


def test_nothing_is_said_of_skeletons_without_toes():
    data = people(SAYS_Y)
    names = tuple(name.replace("foot", "thing") for name in data.joint_names)
    mirrored = with_joints(data, data.joints * np.float32([-1, 1, 1]))
    assert doubts(dataclasses.replace(mirrored, joint_names=names), "x") == []


def test_nothing_is_said_of_bodies_that_never_stretch():
    data = people(SAYS_Y)
    assert doubts(with_joints(data, data.joints * np.float32([1, 0.1, 1])), "x") == []


def test_nothing_is_said_of_the_synthetic_actions():
    assert doubts(generate(seed=0, subjects=3, repetitions=1), "x") == []
