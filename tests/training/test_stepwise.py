"""Algorithm 1 and its optimiser against a plain walk through them, written anew: the same weights to rounding."""

import numpy as np
import pytest

from gca_scratch import training
from gca_scratch.network.gca_lstm import GCALSTM, loss_and_gradients
from gca_scratch.network.ops import dropout_mask, nll_forward
from gca_scratch.settings import Settings
from gca_scratch.training import stepwise

SETTINGS = Settings(
    frames=2, hidden=3, iterations=2, initial="average", dropout=0.0, batch_size=4, epochs=5, patience=2,
    learning_rate=0.6, decay=0.8, decay_every=2, clip=0.5, momentum=0.7,
)  # fmt: skip
NETWORK = GCALSTM(2, 2, 3, 2, hidden=3, iterations=2, initial="average", dropout=0.0)
FIT, VALIDATE = np.arange(9), np.arange(9, 13)


class Data:
    """A few sequences, as training asks for them."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.label = np.arange(13) % 2
        self.x = rng.standard_normal((13, 2, 2, 3)) + 0.5 * (2 * self.label - 1)[:, None, None, None]

    def batch(self, sequences, frames, settings=None, rng=None, position=0.5):
        return self.x[sequences], self.label[sequences]


def walk(params, data, rng, steps, supervised=lambda n: n):
    """Algorithm 1 line by line: the weights it ends with, and of every epoch its step and learning rate."""
    epochs = []
    for n in steps:
        velocity = {name: np.zeros_like(value) for name, value in params.items()}
        best, best_score, since = None, None, 0
        for _ in range(SETTINGS.epochs):
            rate = SETTINGS.learning_rate * SETTINGS.decay ** (len(epochs) // SETTINGS.decay_every)
            order = rng.permutation(FIT)
            for first in range(0, len(order), SETTINGS.batch_size):
                x, y = data.batch(order[first : first + SETTINGS.batch_size], 2)
                _, g, _ = loss_and_gradients(NETWORK, params, x, y, iterations=supervised(n))
                norm = np.sqrt(sum((value**2).sum() for value in g.values()))
                for name, value in g.items():
                    limited = value * min(1, SETTINGS.clip / norm)
                    velocity[name] = SETTINGS.momentum * velocity[name] - rate * limited
                    params[name] = params[name] + velocity[name]
            epochs.append((n, rate))
            x, y = data.batch(VALIDATE, 2)
            logits, _ = NETWORK.forward(params, x, iterations=supervised(n))
            score = ((logits.argmax(axis=1) != y).mean(), nll_forward(logits, y)[0])
            since += 1
            if best is None or score < best_score:
                best, best_score, since = dict(params), score, 0
            if since == SETTINGS.patience:
                break
        params = best
    return params, epochs


@pytest.mark.parametrize("seed", range(4))
def test_training_is_algorithm_1(seed):
    data, state = (
        Data(seed),
        training.State(NETWORK.init(np.random.default_rng(seed), float), np.random.default_rng(seed)),
    )
    params, epochs = walk(dict(state.params), data, np.random.default_rng(seed), (0, 1, 2))
    state = training.train(NETWORK, state, data, FIT, VALIDATE, SETTINGS)
    assert [row["step"] for row in state.history] == [n for n, _ in epochs]
    np.testing.assert_allclose(
        [row["learning_rate"] for row in state.history], [rate for _, rate in epochs], rtol=1e-12
    )
    for name, value in params.items():
        np.testing.assert_allclose(state.params[name], value, rtol=1e-8, atol=1e-10, err_msg=name)


def test_what_is_supervised_when():
    for mode, network, steps in (
        ("stepwise", "gca", [0, 1, 2]),
        ("direct", "gca", [2]),
        ("stepwise", "st-lstm", [0]),
        ("direct", "st-lstm", [0]),
    ):
        settings = Settings(iterations=2, mode=mode, network=network)
        assert training.training_steps(settings) == steps


@pytest.mark.parametrize("last", [False, True])
def test_a_training_step_hands_over_to_the_next(last):
    best, history = {"w": np.ones(2)}, [{"epoch": 1}]
    state = training.State(
        {"w": np.zeros(2)}, None, {"w": np.ones(2)}, best, stage=1, epoch=4, best_score=(0.2, 0.3), waited=2,
        history=history,
    )  # fmt: skip
    stepwise._next_step(state, last)
    assert state.params is best and state.best is None and state.velocity == {} and state.best_score is None
    assert (state.stage, state.epoch, state.waited, state.finished) == (2, 0, 0, last)
    assert state.history is history and len(history) == 1


def test_a_dropout_mask_drops_p_and_keeps_the_mean():
    for p in (0.2, 0.7):
        mask = dropout_mask(np.random.default_rng(0), (300, 300), p, np.float64)
        assert np.unique(mask).tolist() == [0, 1 / (1 - p)]
        assert abs((mask == 0).mean() - p) < 0.01 and abs(mask.mean() - 1) < 0.02
