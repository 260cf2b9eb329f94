"""Labels of any type: they keep their type from `fit` to `predict` and through a file, or are refused in a sentence."""

import json

import numpy as np
import pytest

from gca_scratch.data.labels import classes_of, codes_of, from_plain, labels_from, to_plain, weights_from
from gca_scratch.support.errors import InputError

KEPT = [
    ["b", "a", "b"],
    [3, -1, 3],
    [True, False, True],
    [0.5, 0.25, 0.5],
    [-1, 2**63, -1],  # NumPy would make floating-point numbers of these
    [2**70, 1, 2**70],
    ["a\0", "a", "a\0"],  # and would cut this one
    [1, "1", 1],
    [np.int64(2), np.int64(1), np.int64(2)],
    [np.float32(0.1), "x", True],
    [np.str_("x"), 1, np.int8(-3)],
    np.array([3, 1, 3], np.uint8),
    np.array(["wave", "bow", "wave"]),
    np.array(["wave", "bow", "wave"], object),
    np.array([0.1, 0.2, 0.1], np.float16),
]  # fmt: skip


@pytest.mark.parametrize("y", KEPT, ids=repr)
def test_labels_come_back_as_they_were_from_memory_and_from_a_file(y):
    labels = labels_from(y, 3)
    classes = classes_of(labels)
    again = from_plain(json.loads(json.dumps(to_plain(classes))))
    assert again.dtype.kind == classes.dtype.kind
    for known in (classes, again):
        found = known[codes_of(labels, known)]
        assert found.tolist() == list(y)
        if found.dtype == object:
            assert [type(value) for value in found] == [type(value) for value in y]
    if isinstance(y, np.ndarray) and y.dtype.kind in "uf":
        assert again.dtype == y.dtype


def test_lists_of_one_type_become_arrays_that_scikit_learn_takes():
    kinds = {labels_from(y, 2).dtype.kind for y in (["a", "b"], [1, 2], [True, False], [np.int64(1), np.int64(2)])}
    assert kinds == {"U", "i", "b"}


def test_labels_that_cannot_be_compared_have_one_order():
    orders = [classes_of(labels_from(y, 3)).tolist() for y in ([1, "a", (2,)], [(2,), "a", 1])]
    assert orders[0] == orders[1] == [1, "a", (2,)]


def test_labels_that_were_never_seen_have_no_number():
    assert codes_of(labels_from(["a", "c"], 2), np.array(["a", "b"])).tolist() == [0, -1]


@pytest.mark.parametrize(
    ("y", "sentence"),
    [
        (["a", "b"], "X holds 3 sequences, but y 2 labels; give one for each sequence"),
        (None, "y is None, where a list with a label for each sequence belongs"),
        (7, "y is 7, where a list"),
        (np.zeros((3, 2)), r"y has the shape \(3, 2\); give one label"),
        ([[1], [0], [1]], r"y\[0\] is \[1\]; give one label for each sequence, no list"),
        (["a", float("nan"), "b"], r"y\[1\] is nan; give the label"),
        (np.array([0, np.nan, 1]), r"y\[1\] is nan; give the label"),
    ],
)
def test_what_are_no_labels_is_told(y, sentence):
    with pytest.raises(InputError, match=sentence):
        labels_from(y, 3)


@pytest.mark.parametrize("y", [[(1, 2), (3, 4)], [None, 1], [b"a", b"b"], np.array([b"a", b"b"]),
                               np.array(["2026-01-01", "2026-01-02"], "M8[D]")], ids=repr)  # fmt: skip
def test_other_types_can_be_learned_but_not_saved(y):
    classes = classes_of(labels_from(y, 2))
    assert len(classes) == 2
    with pytest.raises(InputError, match=r"the label .* cannot be saved; fit with numbers, text or booleans as labels"):
        to_plain(classes)


@pytest.mark.parametrize(
    "plain",
    [
        None, [], {}, {"dtype": "int64"}, {"dtype": "int64", "values": 3}, {"dtype": "int8", "values": [300, 1]},
        {"dtype": "int64", "values": [1.5, 2]}, {"dtype": "int64", "values": ["a"]}, {"dtype": "str", "values": [1, 2]},
        {"dtype": "V8", "values": [1]}, {"dtype": "int64", "values": [1, 1]}, {"dtype": "int64", "values": [[1], [2]]},
        {"dtype": "object", "values": [["int", "a"]]}, {"dtype": "object", "values": [["eval", "1"]]},
        {"dtype": "object", "values": [["numpy void", 1]]}, {"dtype": "object", "values": [1]},
        {"dtype": "object", "values": [["numpy int8", [1]]]}, {"dtype": ["int64"], "values": [1]},
        {"dtype": "object", "values": [[["int"], 1]]}, {"dtype": "object", "values": [["int", 1], ["int", 1]]},
    ],
    ids=repr,
)  # fmt: skip
def test_classes_of_a_file_are_believed_only_if_they_are_some(plain):
    with pytest.raises(InputError, match="holds no classes"):
        from_plain(plain)


def test_weights_of_sequences_are_numbers_that_weigh_something():
    assert weights_from(None, 3) is None
    found = weights_from([0, 1, 2.5], 3)
    assert found.tolist() == [0, 1, 2.5] and found.dtype == np.float64
    for wrong in ([0, 0, 0], [1, -1, 1], [1, np.nan, 1], [1, np.inf, 1], [1, 2], [[1, 2, 3]], ["a", "b", "c"], 5):
        with pytest.raises(
            InputError, match="sample_weight must be 3 numbers, 0 or more, one for each sequence, and not"
        ):
            weights_from(wrong, 3)
