"""Tests of the protocols: who trains, who tests, who validates."""

import numpy as np
import pytest

from gca_scratch.datasets.neutral import Skeletons
from gca_scratch.datasets.protocols import PROTOCOLS, folds, hold_out, split
from gca_scratch.errors import InputError


def data_of(subjects):
    n = len(subjects)
    return Skeletons(
        joints=np.zeros((n, 1, 1, 3), np.float32),
        offsets=np.arange(n + 1),
        label=np.zeros(n, np.int16),
        subject=np.array(subjects, np.int16),
        name=np.array([f"s{n}" for n in subjects]),
        class_names=("act",),
        joint_names=("hip",),
        edges=np.zeros((0, 2), np.int16),
    )


DATA = data_of([7, 2, 7, 3, 12, 2, 3, 3])  # subjects in order: 2, 3, 7, 12


def test_loso_leaves_the_kth_subject_out():
    assert folds(DATA, "loso") == 4
    for fold, subject in enumerate((2, 3, 7, 12), start=1):
        train, test = split(DATA, "loso", fold)
        assert set(DATA.subject[test]) == {subject} and subject not in DATA.subject[train]


def test_half_trains_on_odd_and_tests_on_even_subjects():
    assert folds(DATA, "half") == 1
    train, test = split(DATA, "half")
    assert train.tolist() == [0, 2, 3, 6, 7] and test.tolist() == [1, 4, 5]
    assert split(DATA, "half", 1)[1].tolist() == [1, 4, 5]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_fold_of_every_protocol_parts_all_sequences(protocol):
    for fold in range(1, folds(DATA, protocol) + 1):
        train, test = split(DATA, protocol, fold)
        assert train.dtype == test.dtype == np.int64
        assert (np.diff(train) > 0).all() and (np.diff(test) > 0).all()
        assert sorted([*train, *test]) == list(range(len(DATA)))


@pytest.mark.parametrize(
    "protocol, fold, words",
    [
        ("cross-moon", 1, ["'cross-moon'", "loso, half"]),
        ("loso", 0, ["no fold 0", "1 to 4"]),
        ("loso", 5, ["no fold 5", "1 to 4"]),
        ("loso", -1, ["no fold -1"]),
        ("loso", None, ["1 to 4"]),
        ("half", 2, ["no fold 2", "1 to 1"]),
    ],
)
def test_unknown_protocols_and_folds_are_refused(protocol, fold, words):
    with pytest.raises(InputError) as caught:
        split(DATA, protocol, fold)
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize(
    "subjects, protocol, words",
    [
        ([1, 3], "half", ["to test", "1, 3"]),
        ([2, 2], "half", ["to train", "2"]),
        ([5, 5], "loso", ["to train", "5"]),
    ],
)
def test_a_split_without_training_or_test_is_refused(subjects, protocol, words):
    with pytest.raises(InputError) as caught:
        split(data_of(subjects), protocol, 1)
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize("seed", range(5))
def test_hold_out_takes_whole_subjects_of_training_only(seed):
    train, _ = split(DATA, "loso", 2)
    fit, validate = hold_out(DATA, train, 2, np.random.default_rng(seed))
    assert sorted([*fit, *validate]) == train.tolist() and fit.dtype == validate.dtype == np.int64
    held = set(DATA.subject[validate])
    assert len(held) == 2 and not held & set(DATA.subject[fit]) and 3 not in held
    again = hold_out(DATA, train, 2, np.random.default_rng(seed))
    assert np.array_equal(again[0], fit) and np.array_equal(again[1], validate)


def test_hold_out_draws_every_subject_at_some_time():
    train = np.arange(len(DATA))
    held = [DATA.subject[hold_out(DATA, train, 1, np.random.default_rng(seed))[1]][0] for seed in range(60)]
    assert set(held) == {2, 3, 7, 12}


@pytest.mark.parametrize("subjects", [0, 4, 9])
def test_hold_out_leaves_somebody_to_train(subjects):
    with pytest.raises(InputError, match=f"{subjects} of 4 training subjects"):
        hold_out(DATA, np.arange(len(DATA)), subjects, np.random.default_rng(0))
