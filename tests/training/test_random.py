"""What is random in training, by distribution: the order, the dropout masks and the seeds of epochs; ties and best."""

import contextlib
import dataclasses
import types

import numpy as np
import pytest

from gca_scratch import training
from gca_scratch.network.gca_lstm import GCALSTM
from gca_scratch.settings import Settings
from gca_scratch.training import stepwise
from gca_scratch.training.balance import evenly_drawn
from gca_scratch.training.parallel import Engine

EPOCHS = 12
SETTINGS = Settings(frames=2, hidden=8, iterations=1, initial="average", dropout=0.4, batch_size=10, epochs=EPOCHS,
                    patience=EPOCHS, validation=0, learning_rate=0.01, mode="direct")  # fmt: skip
NETWORK = GCALSTM(2, 2, 3, 2, hidden=8, iterations=1, initial="average", dropout=0.4)
FIT = np.arange(100, 160)  # no sequence is called by its place


class Data:
    """Sequences that keep a list of how they were asked for."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.label, self.x, self.asked = np.arange(200) % 2, rng.standard_normal((200, 2, 2, 3)).astype(np.float32), []

    def batch(self, sequences, frames, settings=None, rng=None, position=0.5):
        self.asked.append((np.array(sequences), rng))
        return self.x[sequences], self.label[sequences]


def watched(monkeypatch, seed=0, xp=np, **changes):
    """The orders (EPOCHS, 60) and of every batch the masks (by name) of a training."""
    data, masks, settings = Data(), [], dataclasses.replace(SETTINGS, seed=seed, **changes)
    real = Engine.loss_and_gradients

    def seen(engine, params, x, y, drawn=None, *more):
        masks.append({name: np.array(mask) for name, mask in drawn.items()})
        return real(engine, params, x, y, drawn, *more)

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "loss_and_gradients", seen)
        state = training.start(NETWORK, settings)
        training.train(NETWORK, state, data, FIT, FIT[:0], settings, xp)
    assert all(rng is state.rng for _, rng in data.asked)  # one generator changes sequences from epoch to epoch
    return np.concatenate([sequences for sequences, _ in data.asked]).reshape(-1, len(FIT)), masks


def uncorrelated(a, b):
    return abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 4.5 / np.sqrt(a.size)


def test_every_epoch_has_an_order_of_its_own(monkeypatch):
    orders, _ = watched(monkeypatch)
    assert len(orders) == EPOCHS and (np.sort(orders) == FIT).all()
    others, _ = watched(monkeypatch, seed=1)
    for one in range(EPOCHS):
        assert uncorrelated(orders[one].astype(float), FIT.astype(float))
        assert all(uncorrelated(orders[one].astype(float), orders[k].astype(float)) for k in range(one))
        assert uncorrelated(orders[one].astype(float), others[one].astype(float))
    assert (watched(monkeypatch)[0] == orders).all()


def like_a_gpu():
    """NumPy, but another module: what is random is drawn as for a GPU."""
    random = types.SimpleNamespace(default_rng=np.random.default_rng)
    return types.SimpleNamespace(**{name: getattr(np, name) for name in dir(np) if name != "random"}, random=random)


@pytest.mark.parametrize("where", ["cpu", "gpu"])
@pytest.mark.parametrize("mode", ["direct", "stepwise"])
def test_every_batch_of_every_epoch_has_masks_of_its_own(monkeypatch, mode, where):
    """Of every epoch of all training steps."""
    steps = {"mode": mode, "epochs": EPOCHS // (2 if mode == "stepwise" else 1)}
    monkeypatch.setattr(stepwise, "to_device", lambda array, xp: array)
    xp = np if where == "cpu" else like_a_gpu()
    _, masks = watched(monkeypatch, xp=xp, **steps)
    other, again = (watched(monkeypatch, seed=seed, xp=xp, **steps)[1] for seed in (1, 0))
    assert len(masks) == 6 * EPOCHS and {mask.shape[-2] for mask in masks[0].values()} == {10}
    for name in masks[0]:
        all_of_them = np.array([mask[name] for mask in masks])
        assert np.isclose(np.unique(all_of_them), [0, 1 / 0.6]).all()
        dropped = (all_of_them == 0).astype(float)  # (batches, ..., sequences, units)
        assert abs(dropped.mean() - 0.4) < 4.5 * np.sqrt(0.24 / dropped.size)
        for axis in range(dropped.ndim):  # nothing is dropped because its neighbour is
            n = dropped.shape[axis]
            if n > 1:
                assert uncorrelated(*(np.take(dropped, range(s, n - 1 + s), axis) for s in (0, 1))), (name, axis)
        epochs = dropped.reshape(EPOCHS, -1)
        assert all(uncorrelated(epochs[one], epochs[k]) for one in range(EPOCHS) for k in range(one))
        assert uncorrelated(dropped, np.array([mask[name] == 0 for mask in other], float))
        assert (dropped == np.array([mask[name] == 0 for mask in again])).all()


def test_a_gpu_draws_its_masks_itself_with_one_generator_for_each_epoch(monkeypatch):
    """Whose seed is of the training, the epoch, and nothing else."""
    seeds, xp = [], like_a_gpu()
    xp.random.default_rng = lambda seed: seeds.append(seed) or np.random.default_rng(seed)
    monkeypatch.setattr(stepwise, "to_device", lambda array, xp: array)
    watched(monkeypatch, seed=5, xp=xp)
    assert seeds == [int(np.random.SeedSequence([5, 3, n]).generate_state(1)[0]) for n in range(EPOCHS)]


def test_the_seed_alone_decides_weights_and_what_comes_after_them():
    one, same, other = (training.start(NETWORK, dataclasses.replace(SETTINGS, seed=seed)) for seed in (3, 3, 4))
    for name, value in one.params.items():
        assert (value == same.params[name]).all()
        assert not value.any() or (value != other.params[name]).mean() > 0.9 or len(np.unique(value)) < 9, name
    numbers = [state.rng.random(1000) for state in (one, same, other)]
    assert (numbers[0] == numbers[1]).all() and uncorrelated(numbers[0], numbers[2])
    weights = one.params["layer1.W"].ravel()
    assert uncorrelated(weights[:1000].astype(float), numbers[0][: len(weights[:1000])])


# --- the best weights -------------------------------------------------------------------------------------------------


def scripted(monkeypatch, scores, patience, stop=None):
    """A training whose validation gives these (error, loss); the state, and the weights after every epoch."""
    kept, scores = [], iter(scores)
    settings = dataclasses.replace(SETTINGS, patience=patience, iterations=0)

    def evaluated(engine, params, data, sequences, *more):
        kept.append({name: value.copy() for name, value in params.items()})
        error, loss = next(scores)
        p = np.eye(2)[data.label[sequences]]
        p[: round(error * len(sequences))] = p[: round(error * len(sequences)), ::-1]
        return loss, p

    def stopping(state, done):
        if len(state.history) == stop:
            raise KeyboardInterrupt

    monkeypatch.setattr(stepwise, "evaluate", evaluated)
    network = dataclasses.replace(NETWORK, iterations=0)
    state = training.start(network, settings)
    with contextlib.suppress(KeyboardInterrupt):
        training.train(network, state, Data(), FIT, np.arange(10), settings, on_epoch=stopping)
    return state, kept


def same(a, b):
    return all((a[name] == b[name]).all() for name in b)


@pytest.mark.parametrize(
    ("scores", "patience", "best", "epochs"),
    [
        ([(0.2, 1.0), (0.2, 1.0), (0.2, 1.0), (0.2, 1.0)], 3, 0, 4),  # a tie is no better
        ([(0.2, 1.0), (0.1, 2.0), (0.2, 0.5), (0.3, 0.1)], 2, 1, 4),  # the error goes before the loss
        ([(0.2, 1.0), (0.2, 0.9), (0.2, 0.95), (0.2, 0.9)], 2, 1, 4),  # the loss decides between equal errors
        ([(0.3, 1.0), (0.2, 9.0), (0.1, 9.5), (0.1, 9.5), (0.1, 9.6)], 2, 2, 5),
        ([(0.2, 1.0), (0.3, 0.9)], 1, 0, 2),
    ],
)
def test_the_best_weights_are_those_of_the_first_epoch_with_the_best_score(monkeypatch, scores, patience, best, epochs):
    state, kept = scripted(monkeypatch, scores, patience)
    assert len(state.history) == epochs and state.finished and same(state.params, kept[best])
    assert [row["validation_error"] for row in state.history] == pytest.approx([error for error, _ in scores[:epochs]])
    assert [row["validation_loss"] for row in state.history] == [loss for _, loss in scores[:epochs]]


def test_a_training_that_is_stopped_within_a_step_gives_its_best_weights(monkeypatch):
    """Not its last ones, which are those that training goes on from."""
    scores = [(0.3, 1.0), (0.1, 1.0), (0.2, 1.0), (0.3, 1.0)]
    state, kept = scripted(monkeypatch, scores, patience=9, stop=4)
    assert (state.epoch, state.waited, state.best_score, state.finished) == (4, 2, (0.1, 1.0), False)
    assert same(state.params, kept[3]) and not same(state.params, kept[1])
    assert same(state.best, kept[1]) and same(training.best_weights(state), kept[1])
    taken = training.snapshot(state)
    assert same(taken.best, kept[1]) and same(training.best_weights(taken), kept[1]) and same(taken.params, kept[3])
    assert taken.best_score == (0.1, 1.0) and taken.waited == 2


def test_best_weights_before_the_first_epoch_and_after_the_last_are_the_weights():
    state = training.State({"w": np.ones(2)}, np.random.default_rng(0))
    assert training.best_weights(state)["w"].tolist() == [1, 1]
    state.best = {"w": np.full(2, 7.0)}
    assert training.best_weights(state)["w"].tolist() == [7, 7]


def test_without_validation_the_last_weights_are_the_best_at_any_time():
    data, seen, settings = Data(), [], dataclasses.replace(SETTINGS, epochs=3)

    def on_epoch(state, done):
        weights = training.best_weights(state)
        seen.append(({name: value.copy() for name, value in weights.items()}, state.epoch, state.waited, done))
        if not done:
            assert same(weights, state.params) and weights["layer1.W"] is not state.params["layer1.W"]

    state = training.train(NETWORK, training.start(NETWORK, settings), data, FIT, FIT[:0], settings, on_epoch=on_epoch)
    assert same(state.params, seen[2][0]) and not same(seen[1][0], seen[2][0])
    assert [more for _, *more in seen] == [[1, 0, False], [2, 0, False], [0, 0, True]]


# --- classes drawn evenly ---------------------------------------------------------------------------------------------

LABEL = np.repeat([0, 1, 3], [11, 4, 2])  # 17 sequences: two of the three classes come six times, one five times


def test_which_classes_come_once_more_and_which_sequences_do_is_drawn():
    counts, times, firsts = np.zeros(4), np.zeros(17), []
    draws = 600
    for seed in range(draws):
        order = evenly_drawn(np.random.default_rng(seed), np.arange(17), LABEL)
        found = np.bincount(LABEL[order], minlength=4)
        counts += found == 6
        times += np.bincount(order, minlength=17)
        firsts.append(LABEL[order[0]])
    few = 4.5 * np.sqrt(draws * 2 / 9)
    assert counts[2] == 0 and (np.abs(counts[[0, 1, 3]] - draws * 2 / 3) < few).all()
    for kind in (0, 1, 3):
        own = times[kind == LABEL]
        assert own.sum() == pytest.approx(draws * 17 / 3, abs=few)
        assert np.abs(own - own.mean()).max() < 4.5 * np.sqrt(draws) / 2 + 1  # within a class each as often
    seen = np.bincount(firsts, minlength=4)[[0, 1, 3]]
    assert np.abs(seen - draws / 3).max() < few  # classes come in no order


def test_sequences_of_a_class_come_in_another_order_each_time():
    """And no class goes before another, however the labels are sorted."""
    places = np.zeros((400, 17))
    for seed in range(400):
        order = evenly_drawn(np.random.default_rng(seed), np.arange(17), LABEL)
        for sequence in range(17):
            at = np.flatnonzero(order == sequence)
            places[seed, sequence] = at[0] if len(at) else np.nan
    middle = np.nanmean(places, axis=0)
    for kind in (0, 1, 3):
        assert np.ptp(middle[kind == LABEL]) < 3, middle
    assert abs(np.nanmean(places[:, :11]) - 8) < 0.5  # the commonest class, of which each comes once at most
    assert (np.nanmin(places, axis=0) == 0).all() and (np.nanmax(places, axis=0) > 13).sum() >= 11
