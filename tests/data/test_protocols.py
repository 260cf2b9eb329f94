"""Tests of the protocols: who trains, who tests, who validates."""

import numpy as np
import pytest

from gca_scratch.data.neutral import Skeletons
from gca_scratch.data.protocols import PROTOCOLS, folds, hold_out, split
from gca_scratch.support.errors import InputError


def data_of(subjects, views=None):
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
        view=None if views is None else np.array(views, np.int16),
    )


DATA = data_of([7, 2, 7, 3, 12, 2, 3, 3], [1, 2, 3, 3, 2, 1, 1, 2])  # subjects in order: 2, 3, 7, 12
PAIRS = [12, 13, 17, 21, 23, 26, 27, 32, 34, 35, 36, 42, 43, 46, 52, 53, 62, 63, 64, 71, 73]  # of SBU


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
    data = data_of([23, *PAIRS, 12]) if protocol == "sbu" else DATA
    for fold in range(1, folds(data, protocol) + 1):
        train, test = split(data, protocol, fold)
        assert train.dtype == test.dtype == np.int64
        assert (np.diff(train) > 0).all() and (np.diff(test) > 0).all()
        assert sorted([*train, *test]) == list(range(len(data)))


def test_loseqo_leaves_the_kth_sequence_out():
    assert folds(DATA, "loseqo") == 8
    for fold in range(1, 9):
        train, test = split(DATA, "loseqo", fold)
        assert test.tolist() == [fold - 1] and len(train) == 7
    fit, validate = hold_out(DATA, train, 1, np.random.default_rng(0))  # the last sequence is subject 3, as others are
    assert len(fit) + len(validate) == 7 and len(DATA) - 1 not in (*fit, *validate)


def test_cross_subject_trains_on_twenty_of_the_forty():
    assert folds(DATA, "cross-subject") == 1
    train, test = split(data_of(range(1, 41)), "cross-subject")
    assert (train + 1).tolist() == [1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38]
    assert len(test) == 20


def test_cross_view_tests_the_first_camera():
    train, test = split(DATA, "cross-view")
    assert test.tolist() == [0, 5, 6] and set(DATA.view[train]) == {2, 3}


def test_every_pair_of_sbu_is_tested_once():
    data = data_of(PAIRS)
    assert folds(data, "sbu") == 5
    tested = [data.subject[split(data, "sbu", fold)[1]].tolist() for fold in range(1, 6)]
    assert [len(pairs) for pairs in tested] == [4, 4, 4, 4, 5] and np.sort(np.concatenate(tested)).tolist() == PAIRS
    assert tested[0] == [12, 34, 52, 64] and tested[4] == [42, 43, 46, 62, 63]


def test_sysu_draws_thirty_halves_that_never_change():
    data = data_of([*range(1, 41), 40, 40])
    assert folds(data, "sysu") == 30
    tested = [sorted(set(data.subject[split(data, "sysu", fold)[1]].tolist())) for fold in range(1, 31)]
    assert {len(subjects) for subjects in tested} == {20} and len({tuple(subjects) for subjects in tested}) == 30
    assert tested[0] == [1, 2, 4, 7, 9, 11, 12, 14, 21, 24, 25, 26, 27, 30, 31, 33, 34, 35, 36, 38]
    assert set(np.concatenate(tested)) == set(range(1, 41))
    assert [len(indices) for indices in split(data_of([1, 2, 3]), "sysu", 1)] == [1, 2]


def test_mhad_trains_on_seven_of_twelve():
    train, test = split(data_of(range(12, 0, -1)), "mhad")
    assert test.tolist() == [0, 1, 2, 3, 4] and train.tolist() == [5, 6, 7, 8, 9, 10, 11]


@pytest.mark.parametrize("protocol, counts", [("cross-subject", (40091, 16487)), ("cross-view", (37646, 18932))])
def test_ntu_is_split_as_its_authors_count(real_data, protocol, counts):
    path = real_data / "ntu/ntu_lengths.npz"
    if not path.is_file():
        pytest.skip("NTU RGB+D: set GCA_SCRATCH_DATA to the folder that holds ntu/ntu_lengths.npz")
    with np.load(path) as lengths:
        data = data_of(lengths["subject"], lengths["view"])
    assert tuple(len(indices) for indices in split(data, protocol)) == counts


@pytest.mark.parametrize(
    "data, protocol, words",
    [
        (data_of([1, 41]), "cross-subject", ["NTU RGB+D", "no subject 41"]),
        (data_of([0, 1]), "cross-subject", ["no subject 0"]),
        (data_of([1, 2]), "cross-view", ["the view of every sequence", "lacks"]),
        (data_of([1, 2], [1, 4]), "cross-view", ["NTU RGB+D", "no view 4"]),
        (data_of([1, 2], [3, 2]), "cross-view", ["to test", "only the views 2, 3"]),
        (data_of([12, 22]), "sbu", ["SBU Kinect Interaction", "no subject 22"]),
        (data_of([12, 52]), "sbu", ["to train", "12, 52"]),
        (data_of([1, 13]), "mhad", ["Berkeley MHAD", "no subject 13"]),
        (data_of([1, 7]), "mhad", ["to test", "1, 7"]),
        (data_of([3, 3]), "sysu", ["to train", "only the subjects 3"]),
        (data_of([3]), "loseqo", ["to train"]),
    ],
)
def test_data_that_a_protocol_is_not_for(data, protocol, words):
    with pytest.raises(InputError) as caught:
        split(data, protocol, 1)
    message = str(caught.value)
    assert f"protocol {protocol}" in message and "choose another" in message
    assert all(word in message for word in words), message


@pytest.mark.parametrize(
    "protocol, fold, words",
    [
        ("cross-moon", 1, ["'cross-moon'", "loso, loseqo, half, cross-subject"]),
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
