"""Joints that were not found: which they are, how they are filled in, and that they are never taken for positions."""

import dataclasses

import numpy as np
import pytest

from gca_scratch.data.absent import absent, counts, dropped, filled, parents_of
from gca_scratch.data.alignment import align
from gca_scratch.data.meaning import known
from gca_scratch.data.skeleton import KINECT_V2, OPENNI
from gca_scratch.data.synthetic import generate
from gca_scratch.settings import PRESETS
from tests.helpers.tiny import of_layout, skeletons

EDGES = ((0, 1), (1, 2), (0, 3))  # hip, neck, head; knee
NAN = np.nan


def walking(frames=9, persons=1):
    """A body of four joints that walks along a straight line, so that filling in gives back what was lost."""
    body = np.array([[0, 1, 0], [0, 1.5, 0], [0, 1.7, 0], [0.1, 0.5, 0]], np.float32)
    way = np.arange(frames, dtype=np.float32)[:, None, None, None] * np.float32([0.25, 0, 0.5])
    return body + way + np.arange(persons, dtype=np.float32)[:, None, None] + 1


@pytest.mark.parametrize("mark", [NAN, 0])
def test_a_joint_is_filled_in_linearly_in_time(mark):
    whole = walking()
    holed = whole.copy()
    holed[[2, 3, 6], 0, 2] = mark
    holed[5, 0, 0] = mark
    assert np.argwhere(absent(holed)).tolist() == [[2, 0, 2], [3, 0, 2], [5, 0, 0], [6, 0, 2]]
    np.testing.assert_allclose(filled(holed, EDGES, 0), whole, rtol=1e-6)


def test_one_coordinate_that_is_nan_makes_a_joint_absent_and_one_zero_does_not():
    holed = walking()
    holed[1, 0, 1, 2], holed[2, 0, 1, 2] = NAN, 0
    assert np.argwhere(absent(holed)).tolist() == [[1, 0, 1]]


def test_at_the_ends_a_joint_moves_with_its_neighbours():
    holed = walking()
    holed[:2, 0, 1], holed[7:, 0, 3], holed[0, 0, 0] = NAN, 0, NAN
    found = filled(holed, EDGES, 0)
    np.testing.assert_allclose(found, walking(), rtol=1e-6)  # all walk alike


def test_at_the_ends_the_nearest_frame_is_taken_where_no_neighbour_tells_more():
    still = np.repeat(walking()[:1], 9, axis=0)
    still[:, 0, 3] += np.arange(9)[:, None] * 0.1  # the knee moves, and what it hangs from does not
    holed = still.copy()
    holed[:2, 0, 3], holed[7:, 0, 3] = NAN, 0
    found = filled(holed, EDGES, 0)
    assert (found[:2, 0, 3] == holed[2, 0, 3]).all() and (found[7:, 0, 3] == holed[6, 0, 3]).all()
    holed = walking()
    holed[:3, 0] = NAN
    assert (filled(holed, EDGES, 0)[:3] == holed[3]).all()


def test_a_joint_that_is_never_seen_takes_its_parents_place():
    holed = walking()
    holed[:, 0, [1, 2]] = NAN
    holed[4, 0, 0] = NAN
    found = filled(holed, EDGES, 0)
    np.testing.assert_allclose(found[:, 0, 0], walking()[:, 0, 0], rtol=1e-6)
    assert (found[:, 0, 1] == found[:, 0, 0]).all() and (found[:, 0, 2] == found[:, 0, 0]).all()


def test_a_root_that_is_never_seen_takes_the_nearest_joints_place():
    holed = walking()
    holed[:, 0, 0] = holed[:, 0, 1] = 0
    found = filled(holed, EDGES, 0)
    assert (found[:, 0, 0] == walking()[:, 0, 3]).all() and (found[:, 0, 1] == found[:, 0, 0]).all()


def test_a_root_that_is_never_seen_lies_amid_its_neighbours():
    data = generate(subjects=1, repetitions=1)
    whole = data.sequence(0)
    holed = whole.copy()
    holed[:, 0, 0] = np.nan
    found = filled(holed, data.edges, 0)
    np.testing.assert_allclose(found[:, 0, 0], whole[:, 0, [1, 12, 16]].mean(axis=1), rtol=1e-6)  # spine mid, hips
    assert np.linalg.norm(found[:, 0, 0] - whole[:, 0, 0], axis=-1).max() < 0.15


def test_frames_in_which_nobody_was_found_are_filled_in():
    holed = walking()
    holed[[0, 4, 8]] = 0
    found = filled(holed, EDGES, 0)
    np.testing.assert_allclose(found[4], walking()[4], rtol=1e-6)
    assert (found[0] == walking()[1]).all() and (found[8] == walking()[7]).all()


def test_a_person_who_has_left_stays_away():
    holed = walking(persons=2)
    holed[6:, 1], holed[:2, 0] = 0, NAN
    found = filled(holed, EDGES, 0)
    assert (found[6:, 1] == 0).all() and (found[:2, 0] == 0).all()
    assert (found[2:6] == holed[2:6]).all()
    assert not absent(holed).any()


def test_two_persons_lost_at_once_come_back_and_one_who_is_never_there_does_not():
    holed = walking(persons=3)
    holed[:, 2] = 0
    holed[4] = 0
    found = filled(holed, EDGES, 0)
    np.testing.assert_allclose(found[4, :2], walking(persons=2)[4], rtol=1e-6)
    assert (found[:, 2] == 0).all()


def test_zeros_that_are_positions_stay_and_nan_does_not():
    centred = walking() - walking()[0, 0, 1]
    assert (centred[0, 0, 1] == 0).all()
    assert filled(centred, EDGES, 0, zeros_absent=False) is centred
    holed = centred.copy()
    holed[3, 0, 1] = NAN
    np.testing.assert_allclose(filled(holed, EDGES, 0, zeros_absent=False), centred, atol=1e-6)
    gone = centred.copy()
    gone[5] = 0
    np.testing.assert_allclose(filled(gone, EDGES, 0, zeros_absent=False), centred, atol=1e-6)


def test_whole_sequences_are_handed_back_as_they_are():
    whole = walking(persons=2)
    assert filled(whole, EDGES, 0) is whole


def test_filling_in_changes_nothing_that_was_handed_over():
    holed = walking()
    holed[3, 0, 2] = NAN
    before = holed.copy()
    filled(holed, EDGES, 0)
    np.testing.assert_array_equal(holed, before)


def test_parents_lead_to_the_root():
    parents = parents_of(25, KINECT_V2.edges, 0)
    assert parents[0] == -1 and all(parents[child] == parent for parent, child in KINECT_V2.edges)


def test_absent_joints_are_counted_but_not_those_of_persons_who_are_away():
    holed = walking(persons=2)
    holed[1, 0, 2], holed[2:5, 0, 3], holed[6:, 1] = NAN, 0, 0
    lost, everything = counts([holed, walking(persons=2)])
    assert lost.tolist() == [0, 0, 1, 3] and everything.tolist() == [9 + 6 + 18] * 4


# --- in the coordinates of the body -----------------------------------------------------------------------------------


def centimetre(data, changed, **options):
    """The largest distance between joints of the two, in the coordinates of the body."""
    a, b = align(data, **options), align(changed, **options)
    return np.linalg.norm(a.x - b.x, axis=-1).max()


@pytest.mark.parametrize("options", [{}, {"face_camera": True}, {"torso_scale": True, "face_camera": True}])
@pytest.mark.parametrize("mark", [NAN, 0])
def test_a_hip_that_is_lost_in_the_first_frame_moves_nothing(options, mark):
    data = skeletons(of_layout(OPENNI), subjects=3)
    joints = np.repeat(data.joints, 30, axis=0)  # as smooth as a recording of 30 frames a second, here at rest
    data = dataclasses.replace(data, joints=joints, offsets=data.offsets * 30, truth=None)
    changed = dataclasses.replace(data, joints=joints.copy())
    changed.joints[data.offsets[:-1], 0, data.joint_names.index("torso")] = mark
    assert centimetre(data, changed, **options) < 0.01


def test_an_actor_in_the_second_slot_is_centred():
    data = skeletons(persons=2)
    swapped = dataclasses.replace(data, joints=data.joints.copy())
    swapped.joints[:, 1] = data.joints[:, 0]
    swapped.joints[:, 0] = 0
    alone = dataclasses.replace(data, joints=data.joints.copy())
    alone.joints[:, 1] = 0
    a, b = align(alone, face_camera=True, torso_scale=True), align(swapped, face_camera=True, torso_scale=True)
    np.testing.assert_array_equal(a.x[:, :, 0], b.x[:, :, 1])


def test_zeros_are_kept_where_the_data_say_that_they_are_positions():
    data = skeletons()
    joint = 3
    data.joints[:] -= data.joints[data.offsets[0], 0, joint]
    says = dataclasses.replace(data, meaning=known(zeros="positions"))
    moved = data.sequence(0)[:, 0] - data.sequence(0)[0, 0, 0]
    first = slice(0, data.offsets[1])
    np.testing.assert_allclose(align(says).x[first, :, 0], moved[:, list(align(says).order)], atol=1e-6)
    assert np.abs(align(data).x[0] - align(says).x[0]).max() > 0.01


# --- lost on purpose --------------------------------------------------------------------------------------------------


def test_joints_are_dropped_as_often_as_asked_and_filled_in_between_their_neighbours():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 10, 6, 1, 3)).astype(np.float32)
    found = dropped(x, 0.1, np.random.default_rng(1))
    assert found.dtype == np.float32
    changed = (found != x).any(axis=-1)  # (B, T, J, P)
    assert abs(changed.mean() - 0.1) < 0.01
    assert abs((changed[:, 1:] & changed[:, :-1]).mean() - 0.01) < 0.003  # each for itself
    for b, t, j, p in np.argwhere(changed)[:200]:
        there = np.flatnonzero(~changed[b, :, j, p])
        wanted = [np.interp(t, there, x[b, there, j, p, axis]) for axis in range(3)]
        np.testing.assert_allclose(found[b, t, j, p], wanted, atol=1e-5)


def test_persons_who_are_away_are_not_dropped_in_and_single_frames_are_kept():
    x = np.random.default_rng(0).standard_normal((50, 4, 3, 2, 3)).astype(np.float32)
    x[:, 2:, :, 1] = 0
    found = dropped(x, 0.5, np.random.default_rng(1))
    assert (found[:, 2:, :, 1] == 0).all() and (found[:, :2, :, 1] != 0).all()
    single = x[:, :1]
    assert (dropped(single, 0.9, np.random.default_rng(2)) == single).all()


def test_batches_drop_joints_in_training_alone():
    data = align(skeletons())
    chosen = np.arange(len(data.label))
    plain = dataclasses.replace(PRESETS["paper"], validation=0)
    losing = dataclasses.replace(plain, drop_joints=0.3)
    test = [data.batch(chosen, 8, settings)[0] for settings in (plain, losing)]
    assert (test[0] == test[1]).all()
    train = [data.batch(chosen, 8, settings, np.random.default_rng(0))[0] for settings in (plain, losing)]
    assert 0.1 < (train[0] != train[1]).mean() < 0.4
