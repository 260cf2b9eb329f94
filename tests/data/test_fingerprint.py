"""The mark of a data set: it changes with all that a result depends on, and with nothing else."""

import dataclasses

import numpy as np
import pytest

from gca_scratch.data.meaning import Fact
from gca_scratch.data.neutral import fingerprint, refuse_other
from gca_scratch.support.errors import InputError
from tests.helpers.tiny import skeletons


def whole():
    data = skeletons(subjects=2)
    n = len(data)
    columns = {"view": np.arange(n) % 3 + 1, "setup": np.arange(n) % 2 + 1}
    test = np.arange(n) % 2 == 0
    return dataclasses.replace(data, test=test, **{name: value.astype(np.int16) for name, value in columns.items()})


def other(array):
    """The same but for one entry."""
    array = array.copy()
    array.flat[-1] = ~array.flat[-1] if array.dtype == bool else array.flat[-1] + 1
    return array


ARRAYS = ("joints", "label", "subject", "edges", "view", "setup", "repetition", "test")


@pytest.mark.parametrize("name", ARRAYS)
def test_it_changes_with_every_entry_of(name):
    data = whole()
    changed = dataclasses.replace(data, **{name: other(getattr(data, name))})
    assert fingerprint(changed) != fingerprint(data)
    with pytest.raises(InputError, match="has been replaced"):
        refuse_other(changed, fingerprint(data))
    refuse_other(data, fingerprint(data))


@pytest.mark.parametrize("name", ("view", "setup", "repetition", "test"))
def test_it_changes_where_is_none(name):
    assert fingerprint(dataclasses.replace(whole(), **{name: None})) != fingerprint(whole())


def test_it_changes_with_where_sequences_end():
    data = whole()
    offsets = data.offsets.copy()
    offsets[1] += 1
    assert fingerprint(dataclasses.replace(data, offsets=offsets)) != fingerprint(data)


@pytest.mark.parametrize("name", ("class_names", "joint_names"))
def test_it_changes_with_names_and_their_order(name):
    data = whole()
    names = getattr(data, name)
    for changed in ((*names[:-1], "another"), (names[1], names[0], *names[2:])):
        assert fingerprint(dataclasses.replace(data, **{name: changed})) != fingerprint(data)


def test_it_changes_with_what_zeros_are():
    data = whole()
    places = dataclasses.replace(data.meaning, zeros=Fact("positions", "file"))
    assert fingerprint(dataclasses.replace(data, meaning=places)) != fingerprint(data)


def test_it_changes_with_nothing_else():
    data = whole()
    named = dataclasses.replace(data, name=data.name[::-1].copy(), truth=None)
    mapped = dataclasses.replace(data, joints=np.asfortranarray(data.joints))
    told = dataclasses.replace(data, meaning=dataclasses.replace(data.meaning, up=Fact("+y", "user")))
    assert {fingerprint(each) for each in (data, named, mapped, told)} == {fingerprint(data)}


def test_two_that_exchange_their_columns_are_two():
    """The name of an array is in the mark, too."""
    data = whole()
    exchanged = dataclasses.replace(data, view=data.setup, setup=data.view)
    assert fingerprint(exchanged) != fingerprint(data)
