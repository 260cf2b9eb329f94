"""Coordinates of the body: origin, turn and unit, one person or two, in any of the known layouts and in others."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gca_scratch.data.alignment import align
from gca_scratch.data.placement import turn_matrix
from gca_scratch.data.skeleton import KINECT_V1, KINECT_V2, OPENNI
from gca_scratch.support.errors import InputError
from tests.helpers.tiny import TINY, of_layout, skeletons, two_persons

quick = settings(max_examples=40)


def turned(x, angle, up=1):
    return x @ turn_matrix(np.array([angle]), up)[0]


# --- one person and two -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"face_camera": True}, {"torso_scale": True, "face_camera": True}])
def test_the_hip_of_the_first_frame_is_the_origin(options):
    data = skeletons()
    x = align(data, **options).x
    assert (x[data.offsets[:-1], 0] == 0).all()  # the chain begins with the hip
    assert (np.abs(x).max(axis=(1, 2, 3)) > 0).all()


def test_without_options_bodies_are_only_moved():
    data = skeletons()
    aligned = align(data)
    for n in range(len(data)):
        moved = data.sequence(n)[:, 0] - data.sequence(n)[0, 0, 0]
        x = aligned.x[data.offsets[n] : data.offsets[n + 1], :, 0]
        np.testing.assert_allclose(x, moved[:, list(aligned.order)], atol=1e-6)


@given(st.floats(-np.pi, np.pi), st.integers(0, 99))
@quick
def test_facing_the_camera_forgets_where_it_stood(angle, seed):
    data = skeletons(subjects=1, seed=seed)
    about = dataclasses.replace(data, joints=turned(data.joints, angle).astype(np.float32))
    a, b = align(data, face_camera=True), align(about, face_camera=True)
    np.testing.assert_allclose(a.x, b.x, atol=1e-5)
    left, right = (a.order.index(data.joint_names.index(f"{side} hip")) for side in ("left", "right"))
    across = a.x[data.offsets[:-1], right, 0] - a.x[data.offsets[:-1], left, 0]
    assert (across[:, 0] > 0).all() and np.abs(across[:, 2]).max() < 1e-6  # along x, the person's right where x grows


@given(st.floats(-np.pi, np.pi), st.integers(0, 99))
@quick
def test_two_persons_have_their_middle_at_the_origin_and_stand_along_one_axis(angle, seed):
    data = two_persons(seed)
    about = dataclasses.replace(data, joints=turned(data.joints, angle).astype(np.float32))
    a, b = (align(d, face_camera=True, pair=True) for d in (data, about))
    np.testing.assert_allclose(a.x, b.x, atol=2e-5)
    assert a.flipped[1] == 0 and set(a.flipped[[0, *range(2, len(data))]]) == {2}
    for n in range(len(data)):
        if n == 1:
            continue
        hips = a.x[data.offsets[n] + (2 if n == 0 else 0), 0]  # (P, 3) in the first frame with both
        np.testing.assert_allclose(hips.mean(axis=0), 0, atol=1e-5)
        assert hips[1, 0] > hips[0, 0] and np.abs(hips[:, 2]).max() < 1e-5
    alone = slice(data.offsets[1], data.offsets[2])
    np.testing.assert_array_equal(a.x[alone], align(data, face_camera=True).x[alone])


@given(st.floats(-np.pi, np.pi), st.sampled_from([0, 1, 2]))
@quick
def test_turning_keeps_lengths_and_heights(angle, up):
    x = np.random.default_rng(0).standard_normal((20, 3))
    y = turned(x, angle, up)
    np.testing.assert_allclose(np.linalg.norm(y, axis=1), np.linalg.norm(x, axis=1))
    np.testing.assert_allclose(y[:, up], x[:, up])
    np.testing.assert_allclose(turned(y, -angle, up), x, atol=1e-12)


@given(st.floats(1e-3, 1e4), st.booleans())
@quick
def test_torso_lengths_know_no_unit(scale, face_camera):
    data = skeletons(subjects=1)
    larger = dataclasses.replace(data, joints=np.float32(scale) * data.joints)
    a, b = (align(d, face_camera=face_camera, torso_scale=True) for d in (data, larger))
    np.testing.assert_allclose(a.x, b.x, atol=1e-4)
    neck = a.order.index(data.joint_names.index("neck"))
    assert 0.9 < np.median(np.linalg.norm(a.x[:, neck, 0] - a.x[:, 0, 0], axis=1)) < 1.1


@pytest.mark.parametrize(
    ("axes", "signs", "up"),
    [((0, 1, 2), (1, 1, 1), 1), ((0, 1, 2), (1, -1, -1), 1), ((0, 2, 1), (1, -1, 1), 2), ((1, 0, 2), (1, -1, 1), 0)],
    ids=["y up", "y down", "z up", "x up"],
)
def test_the_vertical_is_found(axes, signs, up):
    data = skeletons()
    data = dataclasses.replace(data, joints=np.ascontiguousarray(data.joints[..., axes] * np.float32(signs)))
    aligned = align(data, face_camera=True)
    assert aligned.up == up
    again = dataclasses.replace(data, joints=turned(data.joints, 1.0, up).astype(np.float32))
    np.testing.assert_allclose(align(again, face_camera=True).x, aligned.x, atol=1e-5)


def test_a_second_person_who_is_absent_stays_zeros():
    data = skeletons(persons=2)
    second = data.joints[:, 1]
    second[::3] = 0
    aligned = align(data, face_camera=True, torso_scale=True)
    assert (aligned.x[::3, :, 1] == 0).all()
    there = np.arange(len(second)) % 3 != 0
    assert (aligned.x[there, :, 1] != 0).any(axis=(1, 2)).all()

    changes = dataclasses.replace(TINY, turn=30.0, stretch=0.2, jitter=0.1)
    index = aligned.frame_index(np.arange(len(data)), 4, rng=np.random.default_rng(0))
    x, _ = aligned.batch(np.arange(len(data)), 4, changes, np.random.default_rng(0))
    assert (x[..., 3:][index % 3 == 0] == 0).all() and (x[..., 3:][index % 3 != 0] != 0).any(axis=(1, 2)).all()


def test_both_persons_keep_their_places_to_each_other():
    data = skeletons(persons=2)
    data.joints[:, 1] += np.float32([1, 0, 0])
    x = align(data).x
    order = list(align(data).order)
    np.testing.assert_allclose(x[:, :, 1] - x[:, :, 0], (data.joints[:, 1] - data.joints[:, 0])[:, order], atol=1e-5)


def test_a_person_who_comes_later_is_placed_by_the_first_frame_that_has_one():
    data = skeletons()
    late = dataclasses.replace(data, joints=data.joints.copy())
    late.joints[data.offsets[2]] = 0
    whole = dataclasses.replace(data, joints=data.joints.copy())
    whole.joints[data.offsets[2]] = whole.joints[data.offsets[2] + 1]
    a, b = (align(d, face_camera=True, torso_scale=True).x for d in (late, whole))
    np.testing.assert_array_equal(a, b)  # the frame that shows nobody is filled in with the nearest


def test_a_sequence_without_its_first_person_is_no_accident():
    data = skeletons(persons=2)
    data.joints[: data.offsets[1], 0] = 0
    x = align(data, face_camera=True, torso_scale=True).x
    assert np.isfinite(x).all() and (x[: data.offsets[1], :, 0] == 0).all()


# --- layouts ----------------------------------------------------------------------------------------------------------

ODD = {
    "Hueftmitte": (None, (0, 0, 0)),
    "Nacken": ("Hueftmitte", (0, 0.5, 0)),
    "Hand A": ("Nacken", (0.3, 0.2, 0)),
    "Hand B": ("Nacken", (-0.3, 0.2, 0)),
    "Fuss A": ("Hueftmitte", (0.1, -0.8, 0)),
}


@pytest.mark.parametrize("persons", [1, 2])
@pytest.mark.parametrize(("layout", "hip"), [(OPENNI, "torso"), (KINECT_V1, "hip center"), (KINECT_V2, "spine base")])
def test_known_layouts_are_ready_at_once(layout, hip, persons):
    data = skeletons(of_layout(layout), persons=persons, subjects=1)
    aligned = align(data, face_camera=True, torso_scale=True)
    assert data.joint_names[aligned.order[0]] == hip and aligned.mirrored is not None
    assert aligned.x.shape == (len(data.joints), len(layout.joint_names), persons, 3)
    assert sorted(aligned.order) == list(range(len(layout.joint_names))) and aligned.channels == 3 * persons


def test_an_unheard_of_layout_asks_which_joint_is_the_hip():
    data = skeletons(ODD)
    with pytest.raises(InputError, match=r"which of these joints is the hip .*'Hueftmitte', 'Nacken'.*--hip NAME"):
        align(data)
    aligned = align(data, hip="hueftmitte")
    assert data.joint_names[aligned.order[0]] == "Hueftmitte" and aligned.mirrored is None
    assert (aligned.x[data.offsets[:-1], 0] == 0).all()
    with pytest.raises(InputError, match="'Knie' names none of the joints"):
        align(data, hip="Knie")
