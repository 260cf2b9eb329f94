"""How joints move in each class: learned from what was fitted, and what moves otherwise is strange."""

import dataclasses

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.data.alignment import align
from gca_scratch.runs import movement
from gca_scratch.runs.movement import SHARE, Movement, distances, learned, with_limit
from gca_scratch.support.errors import InputError
from tests.helpers.tiny import TINY, skeletons

DATA = skeletons(subjects=8, repetitions=3)


@pytest.fixture(scope="module")
def split():
    return runs.make_split(DATA, runs.Source("npz", "data.npz"), dataclasses.replace(TINY, validation=1))


def test_distances_are_those_from_frame_to_frame():
    data = dataclasses.replace(DATA, joints=np.zeros_like(DATA.joints) + 1, truth=None)
    start, stop = data.offsets[:2]
    steps = np.arange(stop - start, dtype=np.float32)
    data.joints[start:stop, 0, 3, 1] = 1 + 0.25 * steps  # joint 3 rises by so much from frame to frame
    aligned = align(data)
    found = distances(aligned, int(stop - start))
    assert found.shape == (len(data), 6) and (found[1:] == 0).all()
    place = aligned.order.index(3)
    assert found[0, place] == pytest.approx(0.25) and np.delete(found[0], place).max() == 0


def test_a_second_person_and_the_displacement_beside_coordinates():
    data = skeletons(persons=2)
    plain, moving = (distances(align(data, motion=motion), 4) for motion in (0.0, 3.0))
    assert plain.shape == (len(data), 12)
    np.testing.assert_array_equal(plain, moving)


def test_what_is_learned_is_the_movement_of_the_class(split):
    found = learned(split, split_settings(), None)
    assert len(found.mean) == len(DATA.class_names) and all(len(row) == 6 for row in found.mean)
    for k, name in enumerate(DATA.class_names):
        moving = DATA.joint_names[(len(DATA.joint_names) - 1 - k) % len(DATA.joint_names)]
        place = split.aligned.order.index(DATA.joint_names.index(moving))
        assert int(np.argmax(found.mean[k])) == place, name  # the joint that carries the action moves most


def test_what_is_learned_by_hand(split, monkeypatch):
    def made(aligned, frames):
        n = np.arange(len(aligned.label))
        return np.stack([1.0 + 0 * n, np.where(n % 2, 5.0, 3.0), 7.0 + 0 * n], axis=1)

    monkeypatch.setattr(movement, "distances", made)
    found = learned(split, split_settings(), None)
    assert found.still == pytest.approx(0.2 * 4)  # a fifth of the median, here between 3 and 5
    for mean, deviation in zip(found.mean, found.deviation, strict=True):
        assert mean == [0.5878, 1.5464, 2.0541]  # of log(1.8); log(3.8) and log(5.8); log(7.8)
        assert deviation == [0.05, 0.2114, 0.05] and found.limit == 0
    monkeypatch.setattr(movement, "distances", lambda aligned, frames: np.zeros((len(aligned.label), 3)))
    assert learned(split, split_settings(), None).still == 1e-6
    few = dataclasses.replace(split, fit=split.fit[DATA.label[split.fit] != 1])
    found = learned(few, split_settings(), None)
    assert [len(row) for row in found.mean] == [len(row) for row in found.deviation]
    assert [len(row) for row in found.mean] == [3 * (k != 1) for k in range(len(DATA.class_names))]


def split_settings():
    return dataclasses.replace(TINY, validation=1)


def test_parts_are_learned_from_too(split, monkeypatch):
    seen, real = [], movement.pieces

    def spy(data, spans):
        seen.extend(spans)
        return real(data, spans)

    monkeypatch.setattr(movement, "pieces", spy)
    learned(split, split_settings(), None)
    assert {n for n, _, _ in seen} == set(split.fit.tolist()) and len(seen) == 4 * len(split.fit)
    for n in split.fit.tolist():
        length, own = int(DATA.lengths[n]), [(start, stop) for m, start, stop in seen if m == n]
        part = round(SHARE * length)
        begin = (0, (length - part) // 2, length - part)
        assert own == [(0, length), *((start, start + part) for start in begin)]


def test_what_moves_as_another_class_is_strange(split):
    found = learned(split, split_settings(), None)
    moved, label = distances(split.aligned, TINY.frames), split.aligned.label
    own = found.strangeness(moved[split.test], label[split.test])
    other = found.strangeness(moved[split.test], (label[split.test] + 1) % len(DATA.class_names))
    assert np.median(other) > 3 * np.median(own)


def test_strangeness_by_hand():
    moves = Movement(1.0, [[0.0, 1.0], []], [[0.5, 2.0], []], 3.0)
    moved = np.array([[np.e - 1, np.e - 1], [0.0, np.e - 1]])  # logarithms (1, 1) and (0, 1)
    np.testing.assert_allclose(moves.strangeness(moved, np.array([0, 0])), [2.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(moves.strangeness(moved, np.array([1, 0])), [np.inf, 0.0], atol=1e-12)


def test_the_limit_keeps_nine_of_ten_right_answers():
    moves = Movement(1.0, [[0.0], [0.0]], [[1.0], [1.0]])
    strange = np.arange(1, 21) / 10.0
    moved = np.exp(np.sqrt(strange))[:, None] - 1
    p = np.tile([0.9, 0.1], (20, 1))
    assert with_limit(moves, moved, p, np.zeros(20, int)).limit == pytest.approx(1.8)  # the 18th of 20
    assert with_limit(moves, moved, p, np.zeros(20, int), kept=0.5).limit == pytest.approx(1.0)
    truth = np.repeat([0, 1], 10)
    assert with_limit(moves, moved, p, truth).limit == pytest.approx(0.9)  # of the first ten alone, which are right
    assert with_limit(moves, moved, p, np.ones(20, int)).limit == 0


@pytest.mark.parametrize(
    "change",
    [{"still": 0.0}, {"still": np.nan}, {"limit": -1.0}, {"limit": np.inf}, {"mean": []}, {"mean": [[1.0], [1.0, 2.0]]},
     {"mean": [["a"], [1.0]]}, {"deviation": [[0.0], [1.0]]}, {"deviation": [[1.0]]}, {"mean": [[np.nan], [1.0]]},
     {"mean": [1.0, 2.0]}, {"mean": [[[1.0]], [[1.0]]]}],
)  # fmt: skip
def test_numbers_that_were_never_measured_are_refused(change):
    whole = {"still": 0.1, "mean": [[1.0], [1.0]], "deviation": [[1.0], [1.0]], "limit": 2.0}
    Movement(**whole)
    with pytest.raises(InputError, match="movement holds no numbers"):
        Movement(**whole | change)
