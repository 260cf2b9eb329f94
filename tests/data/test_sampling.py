"""From skeletons to the network's input: frames of every segment, coordinates of the body, random changes."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gca_scratch import runs
from gca_scratch.data.alignment import align, mirror_order
from gca_scratch.data.coordinates import turn_matrix
from gca_scratch.data.sampling import Aligned
from gca_scratch.data.skeleton import KINECT_V1, KINECT_V2, LAYOUTS, OPENNI
from gca_scratch.support.errors import InputError
from tests.helpers.tiny import BODY, TINY, of_layout, skeletons

LENGTHS = st.lists(st.integers(1, 40), min_size=1, max_size=5)
quick = settings(max_examples=40)


def sampler(lengths):
    """Sequences whose one coordinate is the number of the frame, counted over all sequences."""
    frames = sum(lengths)
    x = np.zeros((frames, 1, 1, 3), np.float32)
    x[:, 0, 0, 0] = np.arange(frames)
    return Aligned(
        x, np.cumsum([0, *lengths]), np.zeros(len(lengths), np.int64), (0,), 1, None, np.zeros(len(lengths), int)
    )


def turned(x, angle, up=1):
    return x @ turn_matrix(np.array([angle]), up)[0]


# --- frames -----------------------------------------------------------------------------------------------------------


@given(LENGTHS, st.integers(1, 30), st.integers(0, 999), st.booleans())
@quick
def test_each_segment_gives_one_of_its_frames(lengths, T, seed, training):
    index = sampler(lengths).frame_index(
        np.arange(len(lengths)), T, rng=np.random.default_rng(seed) if training else None
    )
    assert index.shape == (len(lengths), T) and index.dtype == np.int64
    for n, length in enumerate(lengths):
        within = index[n] - sum(lengths[:n])
        assert (np.diff(within) >= 0).all()
        first, last = np.arange(T) * length / T, (np.arange(T) + 1) * length / T  # segments, in frames
        assert (np.floor(first) <= within).all() and (within < np.ceil(last)).all()
        if length >= T:
            assert len(set(within)) >= T / 2  # neighbouring segments share at most a border frame
        else:
            assert set(within) == set(range(length)) or training  # a short sequence repeats frames and leaves out none


def test_testing_takes_the_middle_of_each_segment():
    data = sampler([10, 9, 4, 1])
    assert data.frame_index([0], 5).tolist() == [[1, 3, 5, 7, 9]]
    assert (data.frame_index([1], 3) - 10).tolist() == [[1, 4, 7]]
    assert (data.frame_index([2], 8) - 19).tolist() == [[0, 0, 1, 1, 2, 2, 3, 3]]
    assert (data.frame_index([3], 6) - 23).tolist() == [[0] * 6]
    assert data.frame_index([0], 5, position=0.0).tolist() == [[0, 2, 4, 6, 8]]


def test_training_meets_every_frame_of_a_segment_equally_often():
    data, rng = sampler([12]), np.random.default_rng(0)
    index = np.concatenate([data.frame_index([0], 3, rng=rng) for _ in range(1000)])
    for segment in range(3):
        counts = np.bincount(index[:, segment], minlength=12)[4 * segment : 4 * segment + 4]
        assert counts.sum() == 1000 and counts.min() > 200


@given(LENGTHS, st.integers(1, 12), st.floats(0, 0.49), st.integers(0, 999))
@quick
def test_a_crop_stays_inside_the_sequence_and_ascends(lengths, T, crop, seed):
    data = sampler(lengths)
    index = data.frame_index(np.arange(len(lengths)), T, crop, np.random.default_rng(seed))
    assert (np.diff(index) >= 0).all()
    for n, length in enumerate(lengths):
        start, end = crop * length, (1 - crop) * length
        within = index[n] - sum(lengths[:n])
        assert within.min() >= 0 and within.max() < length
        assert within[0] <= start + (end - start) / T + length / T and within[-1] >= end - length / T - 1


def test_a_batch_has_the_frames_the_labels_and_float32():
    data = skeletons(persons=2)
    aligned = align(data)
    x, y = aligned.batch([3, 1], 4)
    assert x.shape == (2, 4, 6, 6) and x.dtype == np.float32 and y.tolist() == data.label[[3, 1]].tolist()
    index = aligned.frame_index([3, 1], 4)
    assert (x == aligned.x[index].reshape(2, 4, 6, 6)).all() and aligned.channels == 6


# --- coordinates ------------------------------------------------------------------------------------------------------


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


def two_persons(seed=0):
    """Sequences of two persons who stand apart; in the first sequence the second comes in the third frame, in the
    second sequence never."""
    data = skeletons(subjects=2, persons=2, seed=seed)
    rng = np.random.default_rng(seed)
    for n in range(len(data)):
        data.sequence(n)[:, 1] += rng.normal(0, 2, 3).astype(np.float32) * np.float32([1, 0.1, 1])
    data.sequence(0)[:2, 1] = 0
    data.sequence(1)[:, 1] = 0
    return data


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


def test_a_mirror_image_of_two_persons_leaves_each_on_its_side():
    data = two_persons()
    aligned, n = align(data, face_camera=True, pair=True), np.arange(len(data))
    plain = aligned.batch(n, 4, TINY, np.random.default_rng(0))[0].reshape(len(data), 4, -1, 2, 3)
    x = aligned.batch(n, 4, dataclasses.replace(TINY, mirror=True), np.random.default_rng(0))[0].reshape(plain.shape)
    signs = np.where(np.arange(3) == aligned.flipped[:, None], -1, 1)[:, None, None, None]
    image = plain[:, :, aligned.mirrored] * signs
    same, mirrored = (np.abs(x - other).max(axis=(1, 2, 3, 4)) < 1e-6 for other in (plain, image))
    assert (same ^ mirrored).all() and mirrored[0] + mirrored[2:].sum() > 0 and same.any()


def test_persons_are_exchanged_and_keep_to_their_line():
    data = two_persons()
    aligned, n = align(data, face_camera=True, pair=True), np.arange(len(data))
    plain = aligned.batch(n, 4, TINY, np.random.default_rng(0))[0].reshape(len(data), 4, -1, 2, 3)
    x = aligned.batch(n, 4, dataclasses.replace(TINY, exchange=True), np.random.default_rng(0))[0]
    image = plain[:, :, :, ::-1] * np.float32([-1, 1, -1])
    same, exchanged = (np.abs(x.reshape(plain.shape) - other).max(axis=(1, 2, 3, 4)) < 1e-6 for other in (plain, image))
    assert same[1] and (same ^ exchanged).all() and 0.2 < exchanged.mean() < 0.8  # the second sequence has one person


def test_a_person_alone_is_exchanged_with_nobody():
    data = skeletons()
    aligned, n = align(data, face_camera=True, pair=True), np.arange(len(data))
    x = aligned.batch(n, 4, dataclasses.replace(TINY, exchange=True), np.random.default_rng(0))[0]
    np.testing.assert_allclose(x, aligned.batch(n, 4, TINY, np.random.default_rng(0))[0], rtol=1e-6)


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


def test_a_first_person_who_comes_later_is_placed_by_the_first_frame_that_has_one():
    data = skeletons()
    late = dataclasses.replace(data, joints=data.joints.copy())
    late.joints[data.offsets[2]] = 0
    whole = dataclasses.replace(data, joints=data.joints.copy())
    whole.joints[data.offsets[2]] = whole.joints[data.offsets[2] + 1]
    a, b = (align(d, face_camera=True, torso_scale=True).x for d in (late, whole))
    gone = np.arange(len(a)) == data.offsets[2]
    assert (a[gone] == 0).all()
    inside = slice(data.offsets[2] + 1, data.offsets[3])
    np.testing.assert_allclose(a[inside], b[inside], rtol=0.02, atol=0.02)  # the median torso lost one frame
    np.testing.assert_array_equal(a[: data.offsets[2]], b[: data.offsets[2]])


def test_a_sequence_without_its_first_person_is_no_accident():
    data = skeletons(persons=2)
    data.joints[: data.offsets[1], 0] = 0
    x = align(data, face_camera=True, torso_scale=True).x
    assert np.isfinite(x).all() and (x[: data.offsets[1], :, 0] == 0).all()


# --- random changes ---------------------------------------------------------------------------------------------------

CHANGES = {"mirror": True, "turn": 40.0, "stretch": 0.2, "jitter": 0.05, "crop": 0.2}


@pytest.mark.parametrize("name", CHANGES)
def test_changes_are_random_and_made_in_training_only(name):
    data = skeletons()
    aligned, everybody = align(data), np.arange(len(data))
    changed = dataclasses.replace(TINY, **{name: CHANGES[name]})
    before = aligned.x.copy()

    def batch(settings, seed):
        return aligned.batch(everybody, 4, settings, np.random.default_rng(seed))[0]

    assert (batch(changed, 1) == batch(changed, 1)).all()
    assert (batch(changed, 1) != batch(changed, 2)).any()
    assert (batch(changed, 1) != batch(TINY, 1)).any()
    assert (aligned.batch(everybody, 4, changed)[0] == aligned.batch(everybody, 4)[0]).all()
    assert (aligned.x == before).all()


@pytest.mark.parametrize("persons", [1, 2])
def test_motion_is_what_the_coordinates_beside_it_changed_by(persons):
    data = skeletons(persons=persons)
    n, settings = np.arange(len(data)), dataclasses.replace(TINY, **CHANGES)
    plain, moving = align(data), align(data, motion=3.0)
    for rng in (None, 0):
        x, xm = (
            aligned.batch(n, 4, settings, None if rng is None else np.random.default_rng(rng))[0]
            for aligned in (plain, moving)
        )
        assert xm.shape[-1] == moving.channels == 2 * plain.channels and xm.dtype == np.float32
        assert (xm[..., : plain.channels] == x).all()  # nothing random is drawn for it
        motion = xm[..., plain.channels :]
        assert (motion[:, 0] == 0).all() and (motion[:, 1:] != 0).any()
        np.testing.assert_allclose(motion[:, 1:], 3 * np.diff(x, axis=1), rtol=1e-5, atol=1e-6)


def test_who_comes_or_goes_has_not_moved():
    data = skeletons(persons=2)
    T = int(data.offsets[1])
    comes, goes = T // 3, 2 * T // 3
    assert goes - comes > 1
    data.joints[:comes, 1] = data.joints[goes:T, 1] = 0
    x = align(data, motion=1.0).batch([0], T)[0].reshape(T, -1, 2, 2, 3)  # (T, J, coordinates and motion, P, 3)
    first, second = x[:, :, 1, 0], x[:, :, 1, 1]
    assert (second[: comes + 1] == 0).all() and (second[comes + 1 : goes] != 0).any() and (second[goes:] == 0).all()
    assert (first[1:] != 0).any(axis=(1, 2)).all()


def test_a_turn_and_a_stretch_keep_the_shape_of_the_body():
    data = skeletons()
    aligned, n = align(data), np.arange(len(data))
    plain = aligned.batch(n, 4, TINY, np.random.default_rng(0))[0]

    def lengths(x):
        return np.linalg.norm(x[:, :, 1:] - x[:, :, :-1], axis=-1)

    x = aligned.batch(n, 4, dataclasses.replace(TINY, turn=40.0), np.random.default_rng(0))[0]
    np.testing.assert_allclose(lengths(x), lengths(plain), rtol=1e-4)
    np.testing.assert_allclose(x[..., 1], plain[..., 1], rtol=1e-4, atol=1e-6)  # about the vertical
    angle = np.arctan2(x[..., 2], x[..., 0]) - np.arctan2(plain[..., 2], plain[..., 0])
    angle = np.degrees((angle + np.pi) % (2 * np.pi) - np.pi)[np.hypot(x[..., 0], x[..., 2]) > 0.05]
    assert 20 < np.abs(angle).max() < 41
    x = aligned.batch(n, 4, dataclasses.replace(TINY, stretch=0.2), np.random.default_rng(0))[0]
    factor = lengths(x) / lengths(plain)
    assert factor.min() >= 0.8 - 1e-4 and factor.max() <= 1.2 + 1e-4 and np.ptp(factor) > 0.2
    np.testing.assert_allclose(factor, np.broadcast_to(factor[:, :1, :1], factor.shape), rtol=1e-4)


def test_a_mirror_image_exchanges_the_sides_of_half_the_sequences():
    data = skeletons(subjects=8, repetitions=8)
    aligned, n = align(data, face_camera=True), np.arange(len(data))
    plain = aligned.batch(n, 4, TINY, np.random.default_rng(0))[0]
    x = aligned.batch(n, 4, dataclasses.replace(TINY, mirror=True), np.random.default_rng(0))[0]
    image = plain[:, :, aligned.mirrored] * np.float32([-1, 1, 1])
    same = np.abs(x - plain).max(axis=(1, 2, 3)) < 1e-6
    mirrored = np.abs(x - image).max(axis=(1, 2, 3)) < 1e-6
    assert (same ^ mirrored).all() and 0.3 < mirrored.mean() < 0.7


@pytest.mark.parametrize("layout", LAYOUTS, ids=[layout.name for layout in LAYOUTS])
def test_the_mirror_exchanges_left_and_right_and_twice_is_nothing(layout):
    order = align(skeletons(of_layout(layout), subjects=1)).order
    mirrored = mirror_order(layout.joint_names, order)
    assert mirrored[mirrored].tolist() == list(range(len(order)))
    for here, there in enumerate(mirrored):
        a, b = layout.joint_names[order[here]], layout.joint_names[order[there]]
        assert b == a.replace("left", "?").replace("right", "left").replace("?", "right")


@pytest.mark.parametrize(
    ("names", "other"),
    [
        (["Hips", "LHip", "RHip", "Neck"], [0, 2, 1, 3]),
        (["HandLeft", "HandRight", "ShoulderCenter"], [1, 0, 2]),
        (["hand_l", "pelvis", "hand_r"], [2, 1, 0]),
        (["hand.L", "hand.R"], [1, 0]),
        (["lefthand", "righthand", "torso"], [1, 0, 2]),
        (["left_foot_1", "right_foot_1", "left_foot_2", "right_foot_2"], [1, 0, 3, 2]),
        (["pelvis", "left hand", "neck"], None),  # no right hand
        (["a", "b", "c"], None),
        (["left hand", "left_hand", "right hand", "right_hand"], None),  # which is the other hand of which?
        (["лево", "право", "таз"], None),
    ],
)
def test_sides_are_told_from_names(names, other):
    found = mirror_order(names, range(len(names)))
    assert (found if found is None else found.tolist()) == other


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


@pytest.mark.parametrize("option", ["face_camera", "torso_scale", "mirror"])
def test_what_needs_names_says_so_before_training(option):
    with pytest.raises(
        InputError, match=f"{option} needs .*Nacken.*switch it off with --no-{option.replace('_', '-')}"
    ):
        runs.make_split(
            skeletons(ODD),
            runs.Source("npz", hip="Hueftmitte"),
            dataclasses.replace(TINY, **{option: True}),
        )
    data = dataclasses.replace(skeletons(BODY), class_names=("bow", "stand upright", "nod"))
    runs.make_split(data, runs.Source("npz"), dataclasses.replace(TINY, **{option: True}))


def test_mirror_images_are_refused_where_a_class_names_a_side():
    with pytest.raises(InputError, match=r"another class of 'raise left'.*--no-mirror"):
        runs.make_split(skeletons(BODY), runs.Source("npz"), dataclasses.replace(TINY, mirror=True))
