"""Tests of the protocols: who trains, who tests, who validates."""

import dataclasses

import numpy as np
import pytest

from gca_scratch.data.neutral import Skeletons, check
from gca_scratch.data.protocols import PROTOCOLS, folds, hold_out, lacking, restricted, split, who, who_in_words
from gca_scratch.support.errors import InputError


def data_of(subjects, views=None, setups=None, classes=1, label=None, test=None):
    n = len(subjects)
    return Skeletons(
        joints=np.zeros((n, 1, 1, 3), np.float32),
        offsets=np.arange(n + 1),
        label=np.zeros(n, np.int16) if label is None else np.array(label, np.int16),
        subject=np.array(subjects, np.int16),
        name=np.array([f"s{n}" for n in subjects]),
        class_names=tuple(f"act {k}" for k in range(1, classes + 1)),
        joint_names=("hip",),
        edges=np.zeros((0, 2), np.int16),
        view=None if views is None else np.array(views, np.int16),
        setup=None if setups is None else np.array(setups, np.int16),
        test=None if test is None else np.array(test),
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


ASKED = ("views:2,3", "setups: 4", "subjects:2,12,2", "k-fold:2", "k-fold:3:view", "k-fold:2:setup")


@pytest.mark.parametrize("protocol", [*PROTOCOLS, *ASKED])
def test_every_fold_of_every_protocol_parts_all_sequences(protocol):
    data = data_of([7, 2, 7, 3, 8, 2, 3, 3], [1, 2, 3, 3, 2, 1, 1, 2], [4, 5] * 4, classes=60, test=[True, False] * 4)
    data = data_of([23, *PAIRS, 12]) if protocol == "sbu" else data
    data = DATA if protocol.endswith("12,2") else data
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
    train, test = split(data_of(range(1, 41), classes=60), "cross-subject")
    assert (train + 1).tolist() == [1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38]
    assert len(test) == 20


def test_cross_view_tests_the_first_camera():
    train, test = split(dataclasses.replace(DATA, class_names=tuple(map(str, range(60)))), "cross-view")
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
        data = data_of(lengths["subject"], lengths["view"], lengths["setup"], classes=60)
    assert tuple(len(indices) for indices in split(data, protocol)) == counts


SIXTY = {"classes": 60}


@pytest.mark.parametrize(
    "data, protocol, words",
    [
        (data_of([1, 41], **SIXTY), "cross-subject", ["NTU RGB+D", "no subject 41", "subjects:1,3,5"]),
        (data_of([1, 41], classes=120), "cross-subject", ["no subject 41", "use cross-subject-120"]),
        (data_of([0, 1], **SIXTY), "cross-subject", ["no subject 0"]),
        (data_of([1, 2], [1, 2]), "cross-subject", ["for NTU RGB+D, which this data is not", "subjects:1,3,5"]),
        (data_of([1, 2], [1, 2], classes=10), "cross-view", ["for NTU RGB+D, which this data is not", "nw-ucla"]),
        (data_of([1, 2], [1, 2], classes=10), "cross-view", ["views:1,2"]),
        (data_of([1, 2], [1, 2], [1, 1], classes=10), "cross-view", ["which this data is not"]),
        (data_of([1, 2], **SIXTY), "cross-view", ["the view of every sequence", "lacks", "choose another"]),
        (data_of([1, 2], [1, 4], **SIXTY), "cross-view", ["NTU RGB+D", "no view 4", "views:1,2"]),
        (data_of([1, 2], [3, 2], **SIXTY), "cross-view", ["to test", "only views 2, 3", "choose another", "k-fold:2"]),
        (data_of([1, 107], classes=120), "cross-subject-120", ["no subject 107"]),
        (data_of([1, 2]), "cross-subject-120", ["NTU RGB+D 120, which this data is not"]),
        (data_of([1, 2], classes=120), "cross-setup", ["the setup of every sequence", "lacks"]),
        (data_of([1, 2], setups=[1, 33], classes=120), "cross-setup", ["no setup 33", "setups:2,4"]),
        (data_of([12, 22]), "sbu", ["SBU Kinect Interaction", "no subject 22"]),
        (data_of([12, 52]), "sbu", ["to train", "subjects 12, 52"]),
        (data_of([1, 13]), "mhad", ["Berkeley MHAD", "no subject 13"]),
        (data_of([1, 7]), "mhad", ["to test", "subjects 1, 7"]),
        (data_of([3, 3]), "sysu", ["to train", "only subject 3;", "names:@FILE"]),
        (data_of([3]), "loseqo", ["to train", "only 1 sequence;"]),
        (data_of([11, 2], [1, 3]), "nw-ucla", ["Northwestern-UCLA", "no subject 11", "cross-view"]),
        (data_of([1, 2], [1, 4]), "nw-ucla", ["no view 4", "views:1,2"]),
        (data_of([1, 2]), "nw-ucla", ["the view of every sequence", "lacks"]),
        (data_of([1, 9]), "utd-mhad", ["UTD-MHAD", "no subject 9", "half"]),
        (data_of([1, 11]), "msr-as2", ["protocol msr-as2", "MSR Action3D", "no subject 11"]),
        (data_of([1, 3]), "msr-cross-subject", ["to test"]),
        (data_of([1, 3]), "file", ["come with none", "--split", "such as half"]),
        (data_of([1, 3], test=[True, True]), "file", ["to train", "2 sequences"]),
        (data_of([1, 3]), "views:1", ["the view of every sequence", "lacks"]),
        (data_of([1, 3], [2, 3]), "views:2,5,3", ["no view 5", "choose among 2, 3"]),
        (data_of([1, 3], [2, 3]), "views:2,3", ["to test", "views 2, 3"]),
        (data_of([1, 3, 3]), "k-fold:3", ["needs a subject for each of its 3 folds", "has 2", "use k-fold:2"]),
        (data_of([1, 3], [2, 3]), "k-fold:3:view", ["needs a view", "use k-fold:2:view"]),
        (data_of([1, 1]), "k-fold:2", ["has 1", "names:@FILE or loseqo"]),
        (data_of([1, 1]), "k-fold:2:setup", ["the setup of every sequence", "lacks"]),
    ],
)
def test_data_that_a_protocol_is_not_for(data, protocol, words):
    with pytest.raises(InputError) as caught:
        split(data, protocol, 1)
    message = str(caught.value)
    assert f"protocol {protocol}" in message or f"protocol '{protocol}'" in message
    assert all(word in message for word in words), message


@pytest.mark.parametrize(
    "protocol, words",
    [
        ("views:", ["'' is no number of one of the views", "views:1,2"]),
        ("views:a", ["'a' is no number"]),
        ("subjects:1,,2", ["'' is no number", "subjects:@FILE"]),
        ("subjects:1;2", ["'1;2' is no number"]),
        ("subjects:-1", ["'-1' is no number"]),
        ("subjects:@", ["cannot be read"]),
        ("setups:1.5", ["'1.5'"]),
        ("names:a,b", ["names no file", "names:@FILE"]),
        ("names:@", ["names no file"]),
        ("names:@nowhere.txt", ["nowhere.txt cannot be read", "--protocol"]),
        ("k-fold", ["how many folds", "k-fold:5:view"]),
        ("k-fold:1", ["how many folds"]),
        ("k-fold:0", ["how many folds"]),
        ("k-fold:2:name", ["how many folds"]),
        ("k-fold:2:view:3", ["how many folds"]),
        ("views", ["no protocol 'views'", "views:1,2"]),
        ("subject:1", ["no protocol 'subject:1'"]),
        ("", ["no protocol ''"]),
    ],
)
def test_texts_that_are_no_protocol_are_refused_in_a_sentence(protocol, words):
    with pytest.raises(InputError) as caught:
        folds(DATA, protocol)
        split(DATA, protocol, 1)
    assert all(word in str(caught.value) for word in words), caught.value
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "protocol, fold, words",
    [
        ("cross-moon", 1, ["'cross-moon'", "loso, loseqo, half, file, cross-subject"]),
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
        ([2, 2], "half", ["to train", "only subject 2;", "names:@FILE"]),
        ([5, 5], "loso", ["to train", "only subject 5;", "names:@FILE"]),
        ([2, 4], "half", ["to train", "subjects 2, 4;", "k-fold:2"]),
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


def test_hold_out_draws_every_subject_as_often_whoever_was_drawn_before():
    train, draws = np.arange(len(DATA)), 400
    held = [DATA.subject[hold_out(DATA, train, 1, np.random.default_rng(seed))[1]][0] for seed in range(draws)]
    assert_alike(held, [2, 3, 7, 12])
    rng = np.random.default_rng(0)
    held = np.array([DATA.subject[hold_out(DATA, train, 1, rng)[1]][0] for _ in range(draws)])
    assert_alike(held, [2, 3, 7, 12])
    for one in (2, 3, 7, 12):
        assert_alike(held[1:][held[:-1] == one], [2, 3, 7, 12])


def assert_alike(drawn, those):
    """Each of them is drawn about as often, and nobody else: within 4.5 deviations of chance."""
    counts = np.array([np.count_nonzero(np.array(drawn) == one) for one in those])
    share = 1 / len(those)
    assert counts.sum() == len(drawn)
    assert (np.abs(counts - share * len(drawn)) < 4.5 * np.sqrt(len(drawn) * share * (1 - share))).all(), counts


@pytest.mark.parametrize("subjects", [0, 4, 9])
def test_hold_out_leaves_somebody_to_train(subjects):
    with pytest.raises(InputError, match=f"{subjects} of 4 training subjects"):
        hold_out(DATA, np.arange(len(DATA)), subjects, np.random.default_rng(0))


def test_hold_out_draws_others_where_a_class_would_go():
    """Subject 4 alone does class 1; everybody else is held out for some seed, and where nothing is lost, as before."""
    data = data_of([1, 2, 3, 4, 4, 5], classes=2, label=[0, 0, 0, 0, 1, 0])
    train, held, instead = np.arange(6), [], []
    for seed in range(400):
        fit, validate = hold_out(data, train, 1, np.random.default_rng(seed))
        again = hold_out(data, train, 1, np.random.default_rng(seed))
        assert np.array_equal(fit, again[0]) and sorted([*fit, *validate]) == train.tolist()
        first = np.random.default_rng(seed).choice(np.arange(1, 6), 1, replace=False)
        held += [data.subject[validate][0]]
        assert held[-1] == first[0] or first[0] == 4
        instead += [held[-1]] if first[0] == 4 else []
    assert_alike(held, [1, 2, 3, 5])
    assert_alike(instead, [1, 2, 3, 5])


def test_hold_out_takes_what_loses_least_where_something_must_go():
    data = data_of([1, 1, 2, 2, 3], classes=4, label=[0, 1, 0, 2, 3])  # each alone does one
    for seed in range(20):
        fit, validate = hold_out(data, np.arange(5), 1, np.random.default_rng(seed))
        assert len(set(data.label[fit])) == 3
        first = np.random.default_rng(seed).choice([1, 2, 3], 1)  # others would lose as much
        assert data.subject[validate][0] == first[0]
    many = data_of([*range(1, 41), 41], classes=2, label=[0] * 40 + [1])  # too many choices to go through them all
    for seed in range(5):
        fit, _ = hold_out(many, np.arange(41), 20, np.random.default_rng(seed))
        assert 40 in fit and len(fit) == 21


def test_hold_out_draws_once_where_all_classes_of_training_stay_whatever_classes_there_are_besides():
    data = data_of([1, 2, 3, 4], classes=3, label=[0, 1, 0, 1])
    one, other = np.random.default_rng(0), np.random.default_rng(0)
    hold_out(data, np.arange(4), 1, one)
    other.choice(4, 1, replace=False)
    assert one.bit_generator.state == other.bit_generator.state


# --- by number, by name, in folds of groups ---------------------------------------------------------------------------


def test_the_named_views_setups_and_subjects_train():
    data = data_of([7, 2, 7, 3], [1, 2, 3, 3], [4, 5, 5, 6])
    assert [indices.tolist() for indices in split(data, "views:1,2")] == [[0, 1], [2, 3]]
    assert [indices.tolist() for indices in split(data, "setups:5")] == [[1, 2], [0, 3]]
    assert [indices.tolist() for indices in split(data, "subjects: 2, 3 ")] == [[1, 3], [0, 2]]
    own = dataclasses.replace(data, test=np.array([False, True, False, True]))
    assert [indices.tolist() for indices in split(own, "file")] == [[0, 2], [1, 3]]


@pytest.fixture
def list_of(tmp_path):
    """list_of(content) is the path of a file that holds it."""

    def write(content):
        path = tmp_path / "list: of, mine.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


@pytest.mark.parametrize(
    "content",
    [
        "2\n3\n",
        "2, 3",
        "\ufeff2\r\n3\r\n",
        "# who trains\n\n 2;3 # the first two\n",
        "2 3\t2",
        "2\r3\r",
    ],
)
def test_subjects_of_a_file_train(list_of, content):
    data = data_of([7, 2, 7, 3])
    assert [indices.tolist() for indices in split(data, f"subjects:@{list_of(content)}")] == [[1, 3], [0, 2]]


@pytest.mark.parametrize(
    "content, words",
    [
        ("", ["lists no subject"]),
        ("# none\n", ["lists no subject"]),
        ("2\nx\n", ["line 2", "'x' is no number"]),
        ("2\n\n9\n", ["line 3", "no subject 9", "choose among 2, 3, 7"]),
        (b"\xff\xfe2\0", ["not a text file in UTF-8"]),
        ("٢", ["line 1", "no number"]),
    ],
)
def test_a_file_of_subjects_that_cannot_be_used(list_of, content, words):
    path = list_of(content)
    with pytest.raises(InputError) as caught:
        split(data_of([7, 2, 7, 3]), f"subjects:@{path}")
    assert all(word in str(caught.value) for word in [path, *words]), caught.value


@pytest.mark.parametrize(
    "content",
    ["s2\ns12\n", "\ufeffs12\r\ns2\r\n", "# tests\n  s2  # as agreed\n\ns12", "s12\ns2\ns2"],
)
def test_names_of_a_file_test(list_of, content):
    train, test = split(DATA, f"names:@{list_of(content)}")
    assert test.tolist() == [1, 4, 5] and len(train) == 5


def test_a_name_may_hold_a_number_sign(list_of):
    data = dataclasses.replace(data_of([1, 2, 3]), name=np.array(["a #1", "a", "# b"]))
    assert split(data, f"names:@{list_of('a #1')}")[1].tolist() == [0]
    assert split(data, f"names:@{list_of('a #2')}")[1].tolist() == [1]
    assert split(data, f"names:@{list_of('# b')}")[1].tolist() == [2]


@pytest.mark.parametrize(
    "content, words",
    [
        ("s2\n\ns99\n", ["line 3", "no sequence 's99'", "such as 's7'", "correct the line"]),
        ("# s2\n", ["names no sequence"]),
        ("s2\ns3\ns7\ns12", ["no sequence to train"]),
        (b"\xe4", ["not a text file in UTF-8"]),
        ("s2\x1b[31m", ["no sequence 's2\\x1b[31m'"]),
    ],
)
def test_a_file_of_names_that_cannot_be_used(list_of, content, words):
    with pytest.raises(InputError) as caught:
        split(DATA, f"names:@{list_of(content)}")
    assert all(word in str(caught.value) for word in words), caught.value


def test_folds_of_groups_are_of_nearly_equal_size_and_each_group_is_tested_once():
    sizes = {1: 9, 2: 1, 3: 5, 4: 5, 5: 2, 6: 2, 7: 3, 8: 3}
    data = data_of([subject for subject, count in sizes.items() for _ in range(count)])
    tested = [split(data, "k-fold:3", fold)[1] for fold in (1, 2, 3)]
    assert sorted(np.concatenate(tested)) == list(range(len(data))) and [len(part) for part in tested] == [10, 10, 10]
    groups = [set(data.subject[part].tolist()) for part in tested]
    assert groups == [{1, 2}, {3, 7, 5}, {4, 8, 6}] and folds(data, "k-fold:3") == 3
    shuffled = np.random.default_rng(0).permutation(len(data))
    again = dataclasses.replace(data, subject=data.subject[shuffled])
    assert [set(again.subject[split(again, "k-fold:3", fold)[1]].tolist()) for fold in (1, 2, 3)] == groups


def test_folds_of_views_and_setups():
    data = data_of([1, 1, 1, 1], [1, 2, 3, 3], [4, 5, 5, 5])
    assert [split(data, "k-fold:2:view", fold)[1].tolist() for fold in (1, 2)] == [[2, 3], [0, 1]]
    assert [split(data, "k-fold:2:setup", fold)[1].tolist() for fold in (1, 2)] == [[1, 2, 3], [0]]


# --- the literature's -------------------------------------------------------------------------------------------------


def test_ntu_120_trains_on_half_of_the_people_or_setups():
    data = data_of(range(1, 107), setups=[n % 32 + 1 for n in range(106)], classes=120)
    train, test = split(data, "cross-subject-120")
    assert (len(train), len(test)) == (53, 53) and {45, 103, 70} <= set(train + 1) and {3, 44, 106} <= set(test + 1)
    first = split(data_of(range(1, 41), classes=60), "cross-subject")[0]
    assert np.array_equal(train[train < 40], first)
    train, test = split(data, "cross-setup")
    assert set(data.setup[train]) == set(range(2, 33, 2)) and set(data.setup[test]) == set(range(1, 33, 2))


def test_a_choice_of_ntus_classes_is_divided_like_the_whole():
    data = data_of(range(1, 41), setups=[1] * 40, classes=11)
    assert len(split(data, "cross-subject")[0]) == 20


def test_views_and_odd_subjects_of_the_other_sets():
    data = data_of([1, 2, 3, 8], [3, 1, 2, 3])
    assert [indices.tolist() for indices in split(data, "nw-ucla")] == [[1, 2], [0, 3]]
    for protocol in ("utd-mhad", "msr-cross-subject", "msr-as1"):
        assert [indices.tolist() for indices in split(data, protocol)] == [[0, 2], [1, 3]]


@pytest.mark.parametrize(
    "protocol, actions",
    [
        ("msr-as1", (2, 3, 5, 6, 10, 13, 18, 20)),
        ("msr-as2", (1, 4, 7, 8, 9, 11, 12, 14)),
        ("msr-as3", (6, 14, 15, 16, 17, 18, 19, 20)),
    ],
)
def test_the_parts_of_msr_action3d_have_eight_classes(protocol, actions):
    data = data_of([1] * 20 + [2] * 20, [1] * 40, classes=20, label=[*range(20)] * 2)
    data = dataclasses.replace(data, offsets=np.arange(41) * 2, joints=np.arange(80.0, dtype=np.float32)[:, None, None]
                               [..., None].repeat(3, -1), truth=np.arange(80)[:, None] % 3 == 0)  # fmt: skip
    part = restricted(data, protocol)
    assert part.class_names == tuple(f"act {k}" for k in actions) and len(part) == 16
    check(part, "the part")
    for n in range(16):
        whole = (actions[n % 8] - 1) + 20 * (n // 8)
        assert part.class_names[part.label[n]] == data.class_names[data.label[whole]]
        assert np.array_equal(part.sequence(n), data.sequence(whole)) and part.subject[n] == data.subject[whole]
        assert np.array_equal(part.truth[2 * n : 2 * n + 2], data.truth[2 * whole : 2 * whole + 2])
    assert part.view.tolist() == [1] * 16 and part.setup is None
    assert restricted(part, protocol) is part and restricted(data, "half") is data
    assert restricted(data, "msr-cross-subject") is data


def test_a_part_of_data_that_is_mapped_is_in_memory_and_alone(tmp_path):
    data = data_of([1] * 20, classes=20, label=[*range(20)])
    np.save(tmp_path / "joints.npy", data.joints)
    part = restricted(dataclasses.replace(data, joints=np.load(tmp_path / "joints.npy", mmap_mode="r")), "msr-as1")
    assert not isinstance(part.joints, np.memmap) and part.joints.shape == (8, 1, 1, 3)


@pytest.mark.parametrize(
    "data, words",
    [
        (data_of([1, 2], classes=12), ["the 20 actions of MSR Action3D", "12 classes", "k-fold:5"]),
        (data_of([1, 2], classes=20), ["leaves no sequence", "msr-cross-subject"]),
    ],
)
def test_data_that_has_no_such_part(data, words):
    with pytest.raises(InputError) as caught:
        restricted(data, "msr-as1")
    assert all(word in str(caught.value) for word in words), caught.value


# --- what is said of a split ------------------------------------------------------------------------------------------


def test_who_trains_and_who_tests_in_words():
    data = data_of([1, 2, 3, 5, 1, 7], [1, 1, 2, 2, 3, 3])
    train, test = who(data, np.array([0, 1, 2, 3])), who(data, np.array([4, 5]))
    assert train == {"subjects": [1, 2, 3, 5], "views": [1, 2]} and test == {"subjects": [1, 7], "views": [3]}
    assert who_in_words(train, test) == "train: subjects 1 to 3, 5, views 1, 2; test: subjects 1, 7, view 3"
    same = {"subjects": [1, 2, 3]}
    assert who_in_words(same | {"views": [1, 2]}, same | {"views": [3]}) == (
        "train: views 1, 2; test: view 3; both: subjects 1 to 3"
    )
    assert who_in_words(same, same) == "both: subjects 1 to 3"
    assert who_in_words({"subjects": [1]} | {"views": [1]}, {"subjects": [2]} | {"views": [1]}) == (
        "train: subject 1; test: subject 2"
    )


def test_classes_that_nobody_trains_or_tests_are_said():
    data = data_of([1] * 7, classes=5, label=[0, 0, 1, 1, 2, 3, 0])
    assert lacking(data_of([1] * 4, classes=2, label=[0, 1, 0, 1]), np.arange(2), np.arange(0), np.arange(2, 4)) == []
    found = lacking(data, np.array([0, 2]), np.array([4, 3]), np.array([1, 5, 6]))
    assert found == [
        "the data has no sequence of 'act 5'",
        "all training sequences of 'act 3' are of people who are held out for validation, so that nothing teaches it",
        "no training sequence is of 'act 4', so that its test sequences cannot be recognised",
        "no test sequence is of 'act 2', 'act 3', so the test says nothing of it",
    ]
    assert lacking(data, np.arange(1, 7), np.array([], int), np.array([0])) == ["the data has no sequence of 'act 5'"]
    many = data_of([1, 1], classes=50, label=[0, 1])
    (sentence,) = lacking(many, np.array([0]), np.array([1]), np.array([0]))[:1]
    assert sentence.endswith("'act 10' and 40 more") and len(sentence) < 150
