"""Which bodies of NTU RGB+D are people, at the very limits: 12 frames, 0.8, 70 %, 30 frames, 0.3 m."""

import numpy as np
import pytest

from gca_scratch.data.readers.ntu_file import Body
from gca_scratch.data.readers.ntu_people import joined, persons

STILL = np.random.default_rng(0).uniform((-0.2, -0.8, -0.1), (0.2, 0.8, 0.1), (25, 3)) + (0, 0, 3)


def body(number, first, count, sway=0.05, at=(0, 0, 0), seed=0, pose=STILL):
    rng = np.random.default_rng(seed)
    poses = pose + np.array(at) + sway * rng.standard_normal((count, 1, 3)) * (1, 0, 0)
    return Body(str(number), np.arange(first, first + count), poses.astype(np.float32))


def actors(*bodies):
    """Joints (frames, 2, 25, 3), and who was left out."""
    return persons(list(bodies))


def is_there(joints, person, body):
    return np.array_equal(joints[joints[:, person].any(axis=(1, 2)), person], body.poses)


@pytest.mark.parametrize(("count", "noise"), [(11, True), (12, False)])
def test_twelve_frames_are_enough(count, noise):
    other = body(2, 0, count, at=(2, 0, 0), seed=1)
    joints, said = actors(body(1, 0, 40, 0.5), other)
    assert said == (f"left out of the bodies: 2 ({count} frames, too short)" if noise else "")
    assert joints[:, 1].any() != noise


def of_shape(widths, height=1.0):
    """A body that is so wide, as a part of its height, in each frame."""
    poses = np.zeros((len(widths), 25, 3), np.float32)
    poses[:, 1, 1] = height
    poses[:, 2, 0] = np.array(widths) * height
    return Body("2", np.arange(len(widths)), poses + np.float32([3, 0, 3]))


@pytest.mark.parametrize(
    ("widths", "noise"),
    [
        ([0.79] * 20, False),
        ([0.81] * 20, True),
        ([0.9] * 14 + [0.5] * 6, False),  # 70 % are not more than 70 %
        ([0.9] * 15 + [0.5] * 5, True),
        ([5.0] * 14 + [0.1] * 6, False),  # how wide is no matter, how often is
    ],
)
def test_who_is_wider_than_four_fifths_of_their_height_most_of_the_time_is_a_chair(widths, noise):
    joints, said = actors(body(1, 0, 20, 0.5), of_shape(widths))
    assert said == ("left out of the bodies: 2 (20 frames, too wide)" if noise else "")
    assert joints[:, 1].any() != noise


@pytest.mark.parametrize(("late", "same"), [(29, True), (30, True), (31, False)])
def test_somebody_comes_back_within_thirty_frames(late, same):
    one = body(1, 0, 50, 0.0)
    other = body(2, 49 + late, 50, 0.0)
    found = joined([one, other])
    assert [len(each.frames) for each in found] == ([100] if same else [50, 50])
    assert found[0].number == "1"


@pytest.mark.parametrize(
    ("away", "late", "same"),
    [(0.32, 1, True), (0.34, 1, False), (0.59, 10, True), (0.61, 10, False), (1.19, 30, True), (1.21, 30, False)],
)
def test_somebody_comes_back_where_they_have_been(away, late, same):
    """Within 0.3 m, and 0.03 m more for each frame that has passed."""
    one, other = body(1, 0, 50, 0.0), body(2, 49 + late, 50, 0.0, at=(0, 0, away))
    assert len(joined([one, other])) == (1 if same else 2)


@pytest.mark.parametrize(("before", "after", "same"), [(10, 10, True), (9, 10, False), (10, 9, False), (10, 40, True)])
def test_nobody_is_followed_for_longer_than_they_were_seen(before, after, same):
    """Ten frames later, each part has to be ten frames long."""
    one, other = body(1, 0, before, 0.0), body(2, before + 9, after, 0.0)
    assert len(joined([one, other])) == (1 if same else 2)


def test_the_nearest_goes_on_and_each_once():
    """Two who vanish at once and come back side by side: each as the one that is nearest."""
    left, right = body(1, 0, 30, 0.0), body(2, 0, 30, 0.0, at=(0.3, 0, 0))
    again = body(3, 31, 30, 0.0, at=(0.25, 0, 0)), body(4, 31, 30, 0.0, at=(0.02, 0, 0))
    found = joined([left, right, *again])
    assert [each.number for each in found] == ["1", "2"]
    np.testing.assert_array_equal(found[0].poses[30:], again[1].poses)
    np.testing.assert_array_equal(found[1].poses[30:], again[0].poses)


def test_the_one_who_moves_most_is_first_by_the_variance_of_all_joints():
    """In the sum over joints and axes, not in the one that moves most."""
    calm, lively, still = body(1, 0, 40, 0.02), body(2, 0, 40, 0.06, at=(1, 0, 0)), body(3, 0, 40, 0.001, at=(2, 0, 0))
    hand = body(4, 0, 40, 0.0, at=(3, 0, 0))
    hand.poses[:, 7, 1] += np.linspace(-0.25, 0.25, 40)  # one joint: 0.02 of variance beside 25 times 0.0036 and 0.0004
    joints, said = actors(still, calm, lively)
    assert is_there(joints, 0, lively) and is_there(joints, 1, calm)
    assert said == "left out of the bodies: 3 (40 frames, moves less than two others)"
    joints, said = actors(calm, lively, hand)
    assert is_there(joints, 0, lively) and is_there(joints, 1, hand) and "1 (40 frames" in said


def test_where_all_are_noise_the_longest_stays():
    one, two = body(1, 0, 5, 0.5), body(2, 0, 8, 0.1, at=(2, 0, 0))
    joints, said = actors(one, two)
    assert is_there(joints, 0, two) and not joints[:, 1].any() and len(joints) == 8
    assert said == "left out of the bodies: 1 (5 frames, too short)"
    joints, said = actors(one)
    assert is_there(joints, 0, one) and said == ""  # alone, nobody is noise
