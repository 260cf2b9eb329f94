"""What an epoch and an evaluation report: means over sequences, whatever the batches and the looks are."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from gca_scratch import training
from gca_scratch.network.gca_lstm import GCALSTM, loss_and_factors
from gca_scratch.settings import Settings
from gca_scratch.support.errors import InputError
from gca_scratch.training import parallel, stepwise
from gca_scratch.training.balance import weighted_loss_and_factors
from gca_scratch.training.optim import PIECE, SGD
from gca_scratch.training.parallel import Engine
from tests.training.test_parallel import outcomes_agree

N = 23  # no multiple of a batch
SETTINGS = Settings(frames=2, hidden=4, iterations=1, initial="average", batch_size=5, validation=0)
NETWORK = GCALSTM(2, 2, 3, 3, hidden=4, iterations=1, initial="average")


class Data:
    """Sequence n has the label n % 3; each look at it has numbers of its own."""

    label = np.arange(N) % 3

    def __init__(self):
        self.asked = []

    def numbers(self, sequences, position):
        return np.stack([np.sin(n * (1 + position) + np.arange(3)) for n in sequences])

    def batch(self, sequences, frames, settings=None, rng=None, position=0.5):
        self.asked.append((list(sequences), frames, settings, rng, position))
        return self.numbers(sequences, position), self.label[sequences]


def epoch(label, logits_of, loss_of, xp=np, **changes):
    """(loss, error) of an epoch whose batches have those logits and that loss, functions of x and y."""

    class Engine:
        network = SimpleNamespace(frames=2, masks=lambda rng, batch: {})

        def loss_and_gradients(self, params, x, y, masks, iterations, weights):
            return loss_of(x, y), {}, logits_of(x, y)

    data, settings = Data(), dataclasses.replace(SETTINGS, **changes)
    data.label = label
    state = training.State({"w": np.zeros(1)}, np.random.default_rng(0))
    return stepwise.run_epoch(Engine(), state, data, np.arange(N), settings, SGD(0.1, 0.0), 1, xp)


@pytest.mark.parametrize("batch_size", [1, 5, 22, 23, 100])
def test_the_loss_of_an_epoch_is_the_mean_over_its_sequences(batch_size):
    label = np.arange(N) ** 2 % 17
    loss, _ = epoch(label, lambda x, y: np.zeros((len(y), 20)), lambda x, y: y.mean(), batch_size=batch_size)
    assert loss == pytest.approx(label.mean(), rel=1e-12)


@pytest.mark.parametrize("batch_size", [1, 5, 23])
def test_the_error_of_an_epoch_is_the_share_of_sequences_that_are_wrong(batch_size):
    label = np.arange(N) % 3

    def logits(x, y):  # right but for the class 2, which is taken for 0
        return np.eye(3)[np.where(y == 2, 0, y)]

    _, error = epoch(label, logits, lambda x, y: 0.0, batch_size=batch_size)
    assert error == pytest.approx((label == 2).mean(), rel=1e-12) and 0 < error < 1


class Looker:
    """An engine whose logits are the numbers of the data."""

    network = SimpleNamespace(frames=2)

    def forward(self, params, x, iterations=None):
        return x


@pytest.mark.parametrize("looks", [1, 3])
@pytest.mark.parametrize("batch_size", [4, 23, 100])
def test_an_evaluation_is_the_mean_over_sequences_and_looks(looks, batch_size):
    data, chosen = Data(), np.array([22, 3, 8, 4, 19, 11, 0, 7, 16])
    settings = dataclasses.replace(SETTINGS, samplings=looks)
    loss, p = training.evaluate(Looker(), {}, data, chosen, settings, batch_size=batch_size)
    losses, probabilities = [], []
    for position in {1: [0.5], 3: [1 / 6, 3 / 6, 5 / 6]}[looks]:
        e = np.exp(data.numbers(chosen, position))
        e /= e.sum(axis=1, keepdims=True)
        probabilities.append(e)
        losses.append(-np.log(e[np.arange(len(chosen)), data.label[chosen]]))
    np.testing.assert_allclose(p, np.mean(probabilities, axis=0), rtol=1e-12)
    assert loss == pytest.approx(np.mean(losses), rel=1e-12)
    asked = [place for *_, place in data.asked[: looks if batch_size > 9 else 3 * looks]]
    assert asked == pytest.approx([(k + 0.5) / looks for k in range(looks)] * (1 if batch_size > 9 else 3))
    assert all(settings is None and rng is None for _, _, settings, rng, _ in data.asked)  # nothing random


def test_an_evaluation_of_one_sequence_is_its_loss():
    data, settings = Data(), dataclasses.replace(SETTINGS, samplings=1)
    loss, p = training.evaluate(Looker(), {}, data, np.array([7]), settings)
    logits = data.numbers([7], 0.5)[0]
    assert loss == pytest.approx(np.log(np.exp(logits).sum()) - logits[7 % 3]) and p.shape == (1, 3)


@pytest.mark.parametrize("seed", [0, 7])
def test_weights_and_the_rest_come_from_two_streams_of_the_seed(seed):
    """Who trains again in years gets the same network: [seed, 0] draws the weights, [seed, 1] all that follows."""
    state = training.start(NETWORK, dataclasses.replace(SETTINGS, seed=seed))
    for name, value in NETWORK.init(np.random.default_rng([seed, 0])).items():
        assert (state.params[name] == value).all(), name
    assert (state.rng.random(9) == np.random.default_rng([seed, 1]).random(9)).all()
    assert (state.velocity, state.best, state.stage, state.epoch, state.waited) == ({}, None, 0, 0, 0)
    assert (state.history, state.best_score, state.finished) == ([], None, False)


# --- the engine -------------------------------------------------------------------------------------------------------


def test_a_batch_on_a_gpu_stays_whole_and_has_its_weights_and_masks(monkeypatch):
    """As on the CPU, in one pass, whatever the parts are."""
    network = dataclasses.replace(NETWORK, dropout=0.4)
    rng = np.random.default_rng(0)
    params = network.init(rng, np.float64)
    x, y, weights = rng.standard_normal((5, 2, 2, 3)), rng.integers(0, 3, 5), rng.random(5)
    masks = network.masks(rng, 5, np.float64)
    engine = Engine(network, parts=3)
    monkeypatch.setattr(parallel, "on_gpu", lambda array: True)
    for w in (None, weights):
        found = engine.loss_and_gradients(params, x, y, masks, 1, w)
        right = (
            loss_and_factors(network, params, x, y, masks, 1)
            if w is None
            else weighted_loss_and_factors(network, params, x, y, w, masks, 1)
        )
        outcomes_agree(right, found, 0)
    np.testing.assert_array_equal(engine.forward(params, x, 1), network.forward(params, x, iterations=1)[0])


@pytest.mark.parametrize(("parts", "threads"), [(2, [1, 1]), (1, [2])])
def test_parts_side_by_side_have_a_thread_each_and_a_whole_batch_has_all(parts, threads):
    engine = Engine(NETWORK, parts=parts, threads=2)
    assert engine.each(lambda part, workspace: workspace.threads, engine.cut(4)) == threads


def test_items_come_one_ahead_each_once_and_none_of_none():
    made = []

    def items():
        for n in range(3):
            made.append(n)
            yield n

    assert [(item, list(made)) for item in stepwise._one_ahead(items())] == [
        (0, [0, 1]),
        (1, [0, 1, 2]),
        (2, [0, 1, 2]),
    ]
    assert list(stepwise._one_ahead([])) == [] and list(stepwise._one_ahead([7])) == [7]


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_the_columns_of_a_history():
    """history.csv has them, and a checkpoint of before must find them again."""
    assert training.HISTORY_COLUMNS == (
        "step", "epoch", "learning_rate", "train_loss", "train_error", "validation_loss", "validation_error", "seconds",
    )  # fmt: skip


def test_a_row_of_the_history_says_how_long_its_epoch_took(monkeypatch):
    clock = iter([100.0, 102.5, 1000.0, 1007.0])
    monkeypatch.setattr(stepwise.time, "perf_counter", lambda: next(clock))
    settings = dataclasses.replace(SETTINGS, epochs=2, mode="direct", learning_rate=0.01)
    state = training.train(
        NETWORK, training.start(NETWORK, settings), Frames(), np.arange(9), np.arange(9, 13), settings
    )
    assert [row["seconds"] for row in state.history] == [2.5, 7.0]
    assert [set(row) for row in state.history] == [set(training.HISTORY_COLUMNS)] * 2
    assert [(row["step"], row["epoch"]) for row in state.history] == [(1, 1), (1, 2)]


class Frames(Data):
    """The same with two joints and two frames, as a network reads them."""

    def numbers(self, sequences, position):
        return np.sin(np.arange(12) + np.array(sequences)[:, None]).reshape(-1, 2, 2, 3).astype(np.float32)


def test_a_snapshot_shares_nothing_with_the_state():
    state = training.State(
        {"w": np.zeros(2)}, np.random.default_rng(0), {"w": np.ones(2)}, {"w": np.full(2, 2.0)}, history=[{"epoch": 1}],
        stage=1, epoch=2, best_score=(0.1, 0.2), waited=3, finished=True,
    )  # fmt: skip
    taken = training.snapshot(state)
    expected = taken.rng.bit_generator.state
    for group in (state.params, state.velocity, state.best):
        group["w"] += 5
    state.history.append({"epoch": 2})
    state.rng.random(3)
    assert [taken.params["w"][0], taken.velocity["w"][0], taken.best["w"][0]] == [0, 1, 2]
    assert taken.history == [{"epoch": 1}] and taken.rng.bit_generator.state == expected
    assert (taken.stage, taken.epoch, taken.best_score, taken.waited, taken.finished) == (1, 2, (0.1, 0.2), 3, True)
    state.best = None
    assert training.snapshot(state).best is None


def test_on_the_cpu_a_loss_that_is_not_finite_stops_at_its_batch():
    """No step is taken from it, and no other batch is looked at."""
    seen = []

    def loss(x, y):
        seen.append(len(y))
        return np.nan if len(seen) == 2 else 1.0

    with pytest.raises(InputError, match="the training loss is nan in epoch 1 of training step 1"):
        epoch(np.arange(N) % 3, lambda x, y: np.zeros((len(y), 3)), loss)
    assert seen == [5, 5]


def test_on_a_gpu_a_loss_that_is_not_finite_stops_the_epoch_at_its_end(monkeypatch):
    """No batch waits for a number to come back from the device."""
    seen = []

    def loss(x, y):
        seen.append(len(y))
        return np.nan if len(seen) == 2 else 1.0

    monkeypatch.setattr(stepwise, "to_device", lambda array, xp: array)
    device = SimpleNamespace(random=np.random, concatenate=np.concatenate)
    with pytest.raises(InputError, match="the training loss is nan in epoch 1 of training step 1"):
        epoch(np.arange(N) % 3, lambda x, y: np.zeros((len(y), 3)), loss, device)
    assert seen == [5, 5, 5, 5, 3]
    assert epoch(np.arange(N) % 3, lambda x, y: np.zeros((len(y), 3)), lambda x, y: 2.0, device)[0] == 2.0


def test_a_batch_is_cut_by_the_widest_diagonal_of_the_grid():
    """Which is as long as the shorter side: 2 times 128 numbers for each of a hundred sequences are few."""
    for joints, frames, slices in ((20, 2, 1), (2, 20, 1), (20, 20, 6)):
        network = GCALSTM(joints, frames, 3, 2, hidden=128)
        assert len(Engine(network).cut(100)) == slices


def test_an_engine_cuts_a_batch_by_its_size_unless_it_is_told_otherwise():
    large = dataclasses.replace(NETWORK, hidden=1024)
    assert Engine(large).parts == 0 and len(Engine(large).cut(200)) > 1 and len(Engine(large, 1).cut(200)) == 1
    assert PIECE == 262_144  # numbers, 1 MiB in single precision


def test_all_that_training_offers_is_there():
    assert all(hasattr(training, name) for name in training.__all__) and "best_weights" in training.__all__
