"""Rare classes: weights whose gradient is proved twice, and sequences drawn so that every class comes as often."""

from dataclasses import replace

import numpy as np
import pytest

from gca_scratch import training
from gca_scratch.network.gca_lstm import GCALSTM, loss_and_gradients, multiplied_out
from gca_scratch.network.two_stream import TwoStream
from gca_scratch.training.balance import (
    class_weights,
    evenly_drawn,
    weighted_loss_and_factors,
    weighted_nll_backward,
    weighted_nll_forward,
)
from gca_scratch.training.parallel import Engine
from tests.training.test_parallel import drawn, outcomes_agree
from tests.training.test_stepwise import FIT, NETWORK, SETTINGS, VALIDATE, Data

SMALL = GCALSTM(3, 4, 2, 3, hidden=3, iterations=2)
BOTH = TwoStream(3, 4, 2, 3, hidden=3, iterations=1, parts=(0, 1, 3))
WEIGHTS = np.array([0.5, 2.0, 0.0, 1.25, 1.0])


def test_weights_are_inverse_frequencies_of_mean_one():
    label = np.array([0, 0, 0, 0, 0, 0, 2, 2, 5])
    weights = class_weights(label)
    assert weights.tolist() == [0.5, 0, 1.5, 0, 0, 3] and weights[label].mean() == 1
    for kind in (0, 2, 5):
        assert weights[label][label == kind].sum() == 3
    assert class_weights(np.array([1, 0, 1, 0])).tolist() == [1, 1]  # where classes are balanced nothing changes


@pytest.mark.parametrize("shape", [(5, 3), (2, 5, 3)])
def test_the_weighted_loss_has_its_gradient_by_central_differences(shape):
    rng = np.random.default_rng(0)
    logits, y = rng.standard_normal(shape), np.array([0, 2, 1, 2, 0])
    _, cache = weighted_nll_forward(logits, y, WEIGHTS)
    derived = weighted_nll_backward(cache)
    for place in np.ndindex(shape):
        up, down = logits.copy(), logits.copy()
        up[place] += 1e-6
        down[place] -= 1e-6
        slope = (weighted_nll_forward(up, y, WEIGHTS)[0] - weighted_nll_forward(down, y, WEIGHTS)[0]) / 2e-6
        assert derived[place] == pytest.approx(slope, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("network", [SMALL, BOTH], ids=["gca", "two-stream"])
def test_a_sequence_of_weight_three_is_one_that_comes_three_times(network):
    params, x, y, _ = drawn(network, batch=4)
    times = np.array([3, 1, 0, 2])
    repeated = np.repeat(np.arange(4), times)
    loss, gradients, _ = loss_and_gradients(network, params, x[repeated], y[repeated])
    weighted, found, _ = weighted_loss_and_factors(network, params, x, y, times * 4 / times.sum())
    assert weighted == pytest.approx(loss, rel=1e-12)
    for name, g in multiplied_out(found).items():
        assert np.abs(g - gradients[name]).max() <= 1e-12 * max(1, np.abs(gradients[name]).max()), name


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_parts_add_up_to_the_whole(parts):
    params, x, y, masks = drawn(replace(SMALL, dropout=0.3), batch=5)
    whole = weighted_loss_and_factors(SMALL, params, x, y, WEIGHTS, masks)
    outcomes_agree(whole, Engine(SMALL, parts).loss_and_gradients(params, x, y, masks, weights=WEIGHTS), 1e-12)


def test_weights_of_one_change_nothing():
    params, x, y, masks = drawn(SMALL, batch=5)
    engine = Engine(SMALL)
    plain, ones = (engine.loss_and_gradients(params, x, y, masks, weights=w) for w in (None, np.ones(5)))
    outcomes_agree(plain, ones, 1e-12)


def test_weights_take_the_type_of_the_logits():
    logits = np.zeros((5, 3), np.float32)
    loss, cache = weighted_nll_forward(logits, np.zeros(5, int), WEIGHTS)
    assert loss.dtype == weighted_nll_backward(cache).dtype == np.float32


@pytest.mark.parametrize("seed", range(5))
def test_every_class_is_drawn_as_often_and_no_sequence_before_its_turn(seed):
    label = np.repeat([0, 1, 3], [11, 4, 2])
    sequences = np.arange(100, 117)
    order = evenly_drawn(np.random.default_rng(seed), sequences, label)
    assert len(order) == 17 and set(order) <= set(sequences)
    counts = np.bincount(label[order - 100], minlength=4)
    assert counts[2] == 0 and sorted(counts[[0, 1, 3]]) == [5, 6, 6]
    for kind in (0, 1, 3):
        times = np.bincount(order - 100, minlength=17)[label == kind]
        assert times.max() - times.min() <= 1
    assert np.array_equal(order, evenly_drawn(np.random.default_rng(seed), sequences, label))
    assert not (np.diff(order) >= 0).all()


def test_more_classes_than_sequences_of_one_are_drawn_too():
    label = np.array([0, 1, 2])
    assert sorted(evenly_drawn(np.random.default_rng(0), np.arange(3), label)) == [0, 1, 2]
    assert evenly_drawn(np.random.default_rng(0), np.array([7]), np.array([4])).tolist() == [7]


def rare():
    """The data of test_stepwise, two classes, with one sequence in five of class 0."""
    data = Data(0)
    data.label = (np.arange(13) % 5 > 0).astype(int)
    return data


def trained(settings, data):
    state = training.State(NETWORK.init(np.random.default_rng(0), float), np.random.default_rng(0))
    return training.train(NETWORK, state, data, FIT, VALIDATE, settings)


def test_training_by_weights_takes_the_step_of_the_weighted_gradient():
    settings = replace(SETTINGS, balance="weights", batch_size=9, epochs=1, mode="direct", iterations=0, clip=0.0)
    network = replace(NETWORK, iterations=0)
    params = network.init(np.random.default_rng(0), float)
    data = rare()
    state = training.State({name: value.copy() for name, value in params.items()}, np.random.default_rng(0))
    training.train(network, state, data, FIT, FIT[:0], settings)
    weights = class_weights(data.label[FIT])[data.label[FIT]]
    loss, gradients, _ = weighted_loss_and_factors(network, params, data.x[FIT], data.label[FIT], weights)
    assert state.history[0]["train_loss"] == pytest.approx(loss, rel=1e-12)
    for name, g in multiplied_out(gradients).items():
        np.testing.assert_allclose(state.params[name], params[name] - settings.learning_rate * g, rtol=1e-9, atol=1e-12)


def test_sampling_takes_as_many_steps_and_sees_rare_classes_more_often():
    data, seen = rare(), []
    data.batch = lambda sequences, *_, **__: seen.append(sequences) or (data.x[sequences], data.label[sequences])
    settings = replace(SETTINGS, balance="sampling", epochs=2, mode="direct")
    state = training.State(NETWORK.init(np.random.default_rng(0), float), np.random.default_rng(0))
    training.train(NETWORK, state, data, FIT, FIT[:0], settings)
    assert [len(batch) for batch in seen] == [4, 4, 1] * 2
    for epoch in (seen[:3], seen[3:]):
        assert abs(2 * data.label[np.concatenate(epoch)].sum() - 9) <= 1


def test_balance_changes_what_is_learned_only_where_it_is_asked_for(monkeypatch):
    plain = trained(SETTINGS, rare())
    with monkeypatch.context() as patch:
        for name in ("class_weights", "evenly_drawn"):
            patch.setattr(f"gca_scratch.training.stepwise.{name}", None)  # not even looked at
        again = trained(replace(SETTINGS, balance="none"), rare())
    for name, value in plain.params.items():
        assert (value == again.params[name]).all()
    for how in ("weights", "sampling"):
        other = trained(replace(SETTINGS, balance=how), rare())
        assert any((other.params[name] != value).any() for name, value in plain.params.items())
