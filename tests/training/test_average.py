"""Averaged weights: a plain mean, then one that fades; what training does with them."""

import dataclasses

import numpy as np
import pytest

from gca_scratch import training
from gca_scratch.training import stepwise
from gca_scratch.training.average import averaged
from tests.training.test_training import FIT, NETWORK, SETTINGS, VALIDATE, data, run  # noqa: F401  data is a fixture

AVERAGING = dataclasses.replace(SETTINGS, average=3)


def after(weights, horizon):
    """The averages after each of these weights, scalars."""
    averages, average = [], None
    for epoch, value in enumerate(weights):
        average = averaged(average, {"w": np.array([value])}, epoch, horizon)
        averages.append(average["w"][0])
    return averages


def test_so_many_epochs_count_alike_and_then_what_was_before_fades():
    weights = np.random.default_rng(0).standard_normal(9)
    for horizon in (1, 3, 20):
        found = after(weights, horizon)
        for k in range(min(horizon, 9)):
            assert found[k] == pytest.approx(weights[: k + 1].mean())
        for k in range(horizon, 9):
            assert found[k] == pytest.approx((1 - 1 / horizon) * found[k - 1] + weights[k] / horizon)
    assert after(weights, 1) == pytest.approx(weights)


def test_weights_that_jump_to_and_fro_have_an_average_between_them():
    assert abs(np.array(after([1.0, -1.0] * 40, 8))[-10:]).max() < 0.1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_average_is_of_the_weights_type_and_shares_no_memory(dtype):
    params = {"a": np.ones((2, 3), dtype), "b": np.zeros(3, dtype)}
    first = averaged(None, params, 0, 4)
    second = averaged(first, params, 1, 4)
    for average in (first, second):
        assert list(average) == ["a", "b"]
        for name, value in average.items():
            assert value.dtype == dtype and not np.shares_memory(value, params[name])
            assert (value == params[name]).all()  # weights that do not move stay the same bits


def walked(data, settings, validate):  # noqa: F811
    """A training: its state in the end, the state after every epoch, and those after the last epoch of a step."""
    states, ends = [], []

    def on_epoch(state, done):
        states.append(training.snapshot(state))
        if done:
            ends.append(states[-1])

    return run(data, settings, validate, on_epoch=on_epoch), states, ends


def test_the_average_is_kept_and_handed_on(data):  # noqa: F811
    state, states, ends = walked(data, dataclasses.replace(AVERAGING, epochs=4, decay=0.9), FIT[:0])
    assert [len(state.history) for state in ends] == [4, 8, 12]
    for first, end in ((0, ends[0]), (4, ends[1]), (8, ends[2])):
        of_step = states[first : first + 3]
        for name in NETWORK.shapes():
            mean = np.mean([state.params[name] for state in of_step], axis=0)  # three epochs count alike
            np.testing.assert_allclose(states[first + 2].average[name], mean, rtol=1e-5, atol=1e-7)
            assert (states[first + 2].best[name] == states[first + 2].average[name]).all()
        assert end.average is None and end.best is None
    assert state.params.keys() == ends[2].params.keys()
    assert all((state.params[name] == ends[2].params[name]).all() for name in state.params)
    moved = [(ends[0].params[name] != states[3 - 1].params[name]).any() for name in ("layer1.W", "classifier.W")]
    assert all(moved)


def test_the_average_is_what_is_validated(data, monkeypatch):  # noqa: F811
    validated = []

    def evaluate(engine, params, *rest):
        validated.append({name: value.copy() for name, value in params.items()})
        return 0.5, np.eye(2)[data.label[VALIDATE]]

    monkeypatch.setattr(stepwise, "evaluate", evaluate)
    _, states, _ = walked(data, dataclasses.replace(AVERAGING, iterations=0, patience=6), VALIDATE)
    assert len(validated) == len(states) == 6
    for state, params in zip(states[:-1], validated[:-1], strict=True):
        assert all((state.average[name] == params[name]).all() for name in params)


def test_an_average_over_one_epoch_is_no_average(data):  # noqa: F811
    one, none = (run(data, dataclasses.replace(SETTINGS, average=average)) for average in (1, 0))
    for name, value in none.params.items():
        np.testing.assert_allclose(one.params[name], value, rtol=1e-4, atol=1e-6)


def test_a_snapshot_does_not_follow_the_average(data):  # noqa: F811
    _, states, _ = walked(data, AVERAGING, VALIDATE)
    first = states[0]
    assert all((first.average[name] == first.params[name]).all() for name in first.params)
    assert any((first.average[name] != states[1].average[name]).any() for name in first.params)
