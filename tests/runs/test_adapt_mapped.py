"""Recordings that are mapped from the disk before a network: those that fit stay there, others are refused unread."""

import dataclasses

import numpy as np
import pytest

from gca_scratch.data import neutral
from gca_scratch.data.meaning import known
from gca_scratch.support import reading
from gca_scratch.support.errors import InputError
from tests.helpers.people import with_joints
from tests.runs.test_adapt import DATA, KNOWN, LYING, NAMES, fit, network_of, two, without


@pytest.fixture
def mapped(tmp_path, monkeypatch):
    """Data that lie on the disk and are not read."""
    monkeypatch.setattr(reading, "MAPPED", 100)

    def of(data):
        neutral.save(tmp_path / "new.npz", data)
        found = neutral.load(tmp_path / "new.npz")
        assert isinstance(found.joints, np.memmap)
        return found

    return of


def test_mapped_data_that_fit_stay_mapped(mapped):
    found = fit(mapped(DATA))
    assert isinstance(found.data.joints, np.memmap) and found.said == []
    found = fit(mapped(dataclasses.replace(LYING, meaning=known(unit="m"))))
    assert isinstance(found.data.joints, np.memmap) and len(found.said) == 1


@pytest.mark.parametrize("what", ["order", "axes", "unit", "more persons", "fewer persons", "no hip", "hand"])
def test_mapped_data_that_do_not_fit_are_refused_before_they_are_read(what, mapped, monkeypatch):
    order = [*range(1, 20), 0]
    edges = np.argsort(order)[DATA.edges].astype(np.int16)
    others = {
        "order": with_joints(
            DATA, DATA.joints[:, :, order], joint_names=tuple(NAMES[n] for n in order), edges=edges
        ),
        "axes": dataclasses.replace(DATA, meaning=known(up="+z", unit="m", hand="right")),
        "hand": dataclasses.replace(DATA, meaning=known(up="+y", unit="m", hand="left")),
        "unit": dataclasses.replace(DATA, meaning=known(up="+y", unit="cm", hand="right")),
        "more persons": two(DATA.joints, np.zeros_like(DATA.joints)),
        "fewer persons": DATA,
        "no hip": without(DATA, "hip center"),
    }  # fmt: skip
    knows = network_of(two(DATA.joints, DATA.joints + 1)) if what == "fewer persons" else KNOWN
    with pytest.raises(InputError) as caught:
        fit(mapped(others[what]), knows)
    message = str(caught.value)
    assert "too large to be" in message and "in memory" in message and "convert" in message and "\n" not in message
