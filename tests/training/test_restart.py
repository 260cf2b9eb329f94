"""The learning rate that is raised again: its value in every epoch, in whatever way training came there."""

import dataclasses

import numpy as np
import pytest

from gca_scratch import training
from gca_scratch.settings import Settings
from gca_scratch.support.errors import InputError
from gca_scratch.training import stepwise
from tests.training.test_training import FIT, NETWORK, SETTINGS, VALIDATE, data, run  # noqa: F401  data is a fixture

RAISED = dataclasses.replace(SETTINGS, decay=0.5, restart_every=4, restart=0.25)
FIRST = [0.2, 0.1, 0.05, 0.025, 0.05, 0.025]  # of training step 0, raised after four epochs
FURTHER = [0.05, 0.025, 0.0125, 0.00625, 0.05, 0.025]


class Stopped(Exception):
    """What ends a training in these tests."""


@pytest.fixture
def used(monkeypatch):
    """The rates that epochs are trained with, as they come."""
    rates, run_epoch = [], stepwise.run_epoch

    def watched(engine, state, data, fit, settings, optimiser, n, xp):  # noqa: F811
        rates.append(optimiser.learning_rate)
        return run_epoch(engine, state, data, fit, settings, optimiser, n, xp)

    monkeypatch.setattr(stepwise, "run_epoch", watched)
    return rates


@pytest.mark.parametrize(
    ("changes", "rates"),
    [
        ({}, FIRST + FURTHER + FURTHER),
        ({"restart_every": 6}, [0.2 * 0.5**k for k in range(6)] + 2 * [0.05 * 0.5**k for k in range(6)]),
        ({"restart_every": 100, "epochs": 2}, [0.2, 0.1, 0.05, 0.025, 0.05, 0.025]),  # at each training step alone
        ({"restart": 1.0, "restart_every": 3}, 6 * [0.2, 0.1, 0.05]),
        ({"decay_every": 3, "epochs": 5}, [0.2, 0.2, 0.2, 0.1, 0.05] + 2 * [0.05, 0.05, 0.05, 0.025, 0.05]),
        ({"mode": "direct", "epochs": 9}, [0.2, 0.1, 0.05, 0.025] + [0.05, 0.025, 0.0125, 0.00625] + [0.05]),
        ({"iterations": 0, "restart_every": 1, "epochs": 3}, [0.2, 0.05, 0.05]),
    ],
)
def test_every_epoch_has_its_rate(changes, rates, used, data):  # noqa: F811
    state = run(data, dataclasses.replace(RAISED, **changes), FIT[:0])
    assert used == pytest.approx(rates)
    assert [row["learning_rate"] for row in state.history] == used


def test_a_step_that_patience_ends_is_followed_by_one_that_starts_raised(used, monkeypatch, data):  # noqa: F811
    monkeypatch.setattr(stepwise, "evaluate", lambda *rest: (0.5, np.eye(2)[data.label[VALIDATE]]))
    run(data, dataclasses.replace(RAISED, patience=2))  # no epoch is better than the first
    assert used == pytest.approx(FIRST[:3] + FURTHER[:3] + FURTHER[:3])


def test_without_it_the_rate_goes_on_decaying_whatever_part_is_named(data):  # noqa: F811
    plain, named = (run(data, dataclasses.replace(SETTINGS, decay=0.5, restart=part)) for part in (0.3, 0.9))
    assert [row["learning_rate"] for row in named.history] == pytest.approx(
        [0.2 * 0.5**k for k in range(len(named.history))]
    )
    assert all((plain.params[name] == named.params[name]).all() for name in plain.params)


@pytest.mark.parametrize("epochs", [1, 4, 5, 6, 9, 10, 13])
def test_resumed_within_a_step_it_has_the_same_rates_and_comes_to_the_same_bits(epochs, data):  # noqa: F811
    whole, kept = run(data, RAISED, FIT[:0]), []

    def on_epoch(state, done):
        kept.append(training.snapshot(state))
        if len(kept) == epochs:
            raise Stopped

    with pytest.raises(Stopped):
        run(data, RAISED, FIT[:0], on_epoch=on_epoch)
    resumed = training.train(NETWORK, kept[-1], data, FIT, FIT[:0], RAISED)
    assert [row["learning_rate"] for row in resumed.history] == [row["learning_rate"] for row in whole.history]
    assert all((resumed.params[name] == whole.params[name]).all() for name in whole.params)


@pytest.mark.parametrize(
    ("name", "value"), [("restart", 0.0), ("restart", 1.1), ("restart", float("nan")), ("restart_every", -1)]
)
def test_what_cannot_be_is_refused(name, value):
    with pytest.raises(InputError, match=f"{name} = .* must be"):
        Settings(**{name: value})
