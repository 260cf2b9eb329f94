"""From aligned sequences to the network's input: a frame of every segment, and random changes in training."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gca_scratch.data.alignment import align
from gca_scratch.data.sampling import Aligned
from tests.helpers.tiny import TINY, skeletons, two_persons

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


# --- two persons ------------------------------------------------------------------------------------------------------


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
