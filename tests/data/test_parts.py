"""Parts of a data set: some of its sequences, or windows of them, each with all that belongs to it."""

import dataclasses

import numpy as np
import pytest

from gca_scratch.data.parts import cut, pieces, starts, windows
from tests.helpers.tiny import skeletons

PER_SEQUENCE = ("label", "subject", "name", "view", "setup", "repetition", "test")


def numbered():
    """Data in which every column has numbers of its own."""
    data = skeletons(persons=2)
    n, columns = len(data), np.random.default_rng(1)
    return dataclasses.replace(
        data,
        view=columns.permutation(n).astype(np.int16),
        setup=columns.permutation(n).astype(np.int16) + np.int16(100),
        test=columns.random(n) < 0.5,
    )


def test_some_sequences_in_another_order_with_all_that_is_theirs():
    data = numbered()
    chosen = [7, 0, 23, 7]
    found = cut(data, chosen)
    for k, n in enumerate(chosen):
        assert (found.sequence(k) == data.sequence(n)).all()
        frames = slice(found.offsets[k], found.offsets[k + 1])
        assert (found.truth[frames] == data.truth[data.offsets[n] : data.offsets[n + 1]]).all()
        for column in PER_SEQUENCE:
            assert getattr(found, column)[k] == getattr(data, column)[n], column
    assert len(found) == 4 and found.offsets.dtype == np.int64 and found.offsets[0] == 0
    assert (found.class_names, found.joint_names) == (data.class_names, data.joint_names)
    assert (found.edges == data.edges).all() and found.meaning == data.meaning


def test_columns_that_are_not_there_stay_away():
    data = skeletons(truth=False)
    found = cut(data, [1])
    assert (found.view, found.setup, found.test, found.truth) == (None, None, None, None)
    assert found.repetition.tolist() == [data.repetition[1]]


@pytest.mark.parametrize(
    ("length", "window", "stride", "wanted"),
    [
        (10, 4, 2, [0, 2, 4, 6]),
        (10, 4, 3, [0, 3, 6]),
        (11, 4, 3, [0, 3, 6, 7]),  # the last window ends with its sequence
        (10, 4, 4, [0, 4, 6]),
        (10, 4, 9, [0, 6]),
        (4, 4, 1, [0]),
        (5, 4, 1, [0, 1]),
        (3, 4, 1, [0]),
        (1, 4, 2, [0]),
    ],
)
def test_where_windows_begin(length, window, stride, wanted):
    assert starts(length, window, stride) == wanted


@pytest.mark.parametrize(("window", "stride"), [(5, 0), (1, 0), (4, 3)])
def test_windows_are_pieces_of_their_sequences(window, stride):
    data = numbered()
    found, spans = windows(data, window, stride)
    wanted = [
        (n, start, min(start + window, int(data.lengths[n])))
        for n in range(len(data))
        for start in starts(int(data.lengths[n]), window, stride or {5: 2, 1: 1}[window])  # by default half a window
    ]
    assert spans == wanted and len(found) == len(spans)
    for k, (n, start, stop) in enumerate(spans):
        assert (found.sequence(k) == data.sequence(n)[start:stop]).all() and found.name[k] == data.name[n]
        assert found.subject[k] == data.subject[n] and found.test[k] == data.test[n]


def test_a_piece_begins_and_ends_where_it_is_asked_to():
    data = numbered()
    found = pieces(data, [(3, 1, 3), (2, 0, 2)])
    assert found.offsets.tolist() == [0, 2, 4] and (found.sequence(0) == data.sequence(3)[1:3]).all()
    assert (found.sequence(1) == data.sequence(2)[:2]).all() and found.label.tolist() == data.label[[3, 2]].tolist()
