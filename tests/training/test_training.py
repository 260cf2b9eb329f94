"""Algorithm 1, its order of events, and evaluation; files and the command line are tested elsewhere."""

import dataclasses

import numpy as np
import pytest

from gca_scratch import training
from gca_scratch.data.sampling import Aligned
from gca_scratch.network.gca_lstm import GCALSTM
from gca_scratch.settings import Settings
from gca_scratch.support.errors import InputError
from gca_scratch.training import stepwise
from gca_scratch.training.parallel import Engine

SETTINGS = Settings(frames=3, hidden=6, iterations=2, initial="average", batch_size=4, epochs=6, patience=3,
                    learning_rate=0.2, decay=1.0, clip=5.0)  # fmt: skip
NETWORK = GCALSTM(3, 3, 3, 2, hidden=6, iterations=2, initial="average")


@pytest.fixture
def data():
    """Two classes of 12 sequences each, told apart by the sign of one coordinate."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((24 * 5, 3, 1, 3)).astype(np.float32)
    label = np.arange(24) % 2
    x[:, 2, 0, 0] = np.repeat(2 * label - 1, 5) + 0.3 * rng.standard_normal(120)
    return Aligned(x, np.arange(25) * 5, label, (0, 1, 2), 1, None, np.zeros(24, int))


FIT, VALIDATE = np.arange(16), np.arange(16, 24)


def run(data, settings=SETTINGS, validate=VALIDATE, network=NETWORK, **hooks):
    state = training.start(network, settings)
    return training.train(network, state, data, FIT, validate, settings, **hooks)


def test_stepwise_training_supervises_each_iteration_in_turn(data):
    state = run(data)
    steps = [row["step"] for row in state.history]
    assert steps == sorted(steps) and set(steps) == {0, 1, 2} and state.finished
    assert [row["step"] for row in run(data, dataclasses.replace(SETTINGS, mode="direct")).history].count(2) == len(
        run(data, dataclasses.replace(SETTINGS, mode="direct")).history
    )


def test_training_step_n_moves_only_what_iterations_up_to_n_use(data):
    seen = []

    def on_epoch(state, done):
        seen.append((state.history[-1]["step"], training.snapshot(state).params))

    first = training.start(NETWORK, SETTINGS).params
    run(data, on_epoch=on_epoch)
    for n, params in seen:
        for name in ("attention.1.We1", "memory.1.WF", "layer2.W"):
            assert (params[name] == first[name]).all() == (n < 1), (n, name)
        for name in ("attention.2.We2", "memory.2.b"):
            assert (params[name] == first[name]).all() == (n < 2), (n, name)


def test_it_learns(data):
    # without dropout, or the training error would be that of half a network
    network = dataclasses.replace(NETWORK, hidden=16, dropout=0.0)
    settings = dataclasses.replace(SETTINGS, hidden=16, epochs=30, patience=30, decay=0.95)
    state = run(data, settings, network=network)
    assert state.history[-1]["train_error"] == 0
    _, p = training.evaluate(Engine(network), state.params, data, VALIDATE, settings)
    assert (p.argmax(axis=1) == data.label[VALIDATE]).mean() >= 7 / 8
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)


def test_an_epoch_is_repeated_while_the_validation_error_falls(data, monkeypatch):
    """With scripted errors: a new best resets the patience, and the weights of the best epoch stay."""
    losses = iter([0.9, 0.5, 0.7, 0.6, 0.55, 0.4, 0.45, 0.5, 0.6])
    kept = []

    def scripted(network, params, aligned, sequences, *rest):
        kept.append({name: value.copy() for name, value in params.items()})
        return next(losses), np.eye(2)[aligned.label[sequences]]  # never an error: the loss decides

    monkeypatch.setattr(stepwise, "evaluate", scripted)
    state = run(data, dataclasses.replace(SETTINGS, iterations=0, epochs=20, patience=3))
    assert len(state.history) == 5  # best at the second epoch, then three without a better one
    assert all((state.params[name] == kept[1][name]).all() for name in state.params)


def test_without_validation_every_step_takes_all_its_epochs_and_keeps_its_last_weights(data):
    last = {}

    def on_epoch(state, done):
        last.update(done=done, epochs=len(state.history))

    state = run(data, dataclasses.replace(SETTINGS, validation=0), validate=FIT[:0], on_epoch=on_epoch)
    assert len(state.history) == 3 * SETTINGS.epochs == last["epochs"] and last["done"]
    assert "validation_loss" not in state.history[0]


def test_the_learning_rate_decays_through_all_steps(data):
    history = run(data, dataclasses.replace(SETTINGS, decay=0.5, decay_every=4), FIT[:0]).history
    assert [row["learning_rate"] for row in history[::4]] == pytest.approx([0.2, 0.1, 0.05, 0.025, 0.0125])
    assert history[3]["learning_rate"] == 0.2 and history[7]["learning_rate"] == 0.1


def test_one_seed_gives_the_same_bits_and_another_does_not(data):
    a, b = run(data), run(data)
    c = run(data, dataclasses.replace(SETTINGS, seed=1))
    assert all((a.params[name] == b.params[name]).all() for name in a.params)
    assert any((a.params[name] != c.params[name]).any() for name in a.params)


def test_a_batch_larger_than_the_data_is_the_data(data):
    history = run(data, dataclasses.replace(SETTINGS, batch_size=1000)).history
    assert np.isfinite([row["train_loss"] for row in history]).all()


def test_a_loss_that_is_not_finite_stops_training_with_a_remedy(data):
    data.x[3] = np.inf
    with np.errstate(all="ignore"), pytest.raises(InputError, match="lower learning_rate"):
        run(data)


def test_several_looks_are_averaged(data):
    params = training.start(NETWORK, SETTINGS).params
    looks = dataclasses.replace(SETTINGS, samplings=3)
    loss, p = training.evaluate(Engine(NETWORK), params, data, VALIDATE, looks, batch_size=3)
    single = []
    for position in (1 / 6, 3 / 6, 5 / 6):
        x, _ = data.batch(VALIDATE, 3, position=position)
        logits, _ = NETWORK.forward(params, x)
        single.append(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(p, np.mean(single, axis=0), rtol=1e-5)
    assert np.isfinite(loss)


def test_batches_are_cut_as_the_settings_say(data, monkeypatch):
    engines = []

    def engine(network, *more):
        engines.append(Engine(network, *more))
        return engines[-1]

    monkeypatch.setattr(stepwise, "Engine", engine)
    for parts in (0, 1, 3):
        run(data, dataclasses.replace(SETTINGS, parts=parts, mode="direct", epochs=1), FIT[:0])
    assert [len(each.cut(4)) for each in engines] == [1, 1, 3] and [each.network for each in engines] == [NETWORK] * 3


def test_all_that_a_state_holds_is_taken_to_the_device(data, monkeypatch):
    """Where training begins, and where it goes on within a step."""
    settings = dataclasses.replace(SETTINGS, average=2, epochs=2, patience=2, iterations=0)
    stopped = training.start(NETWORK, settings)

    def stop(state, done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.train(NETWORK, stopped, data, FIT, VALIDATE, settings, on_epoch=stop)
    for state in (training.start(NETWORK, settings), stopped):
        held = [
            value
            for part in (state.params, state.velocity, state.best or {}, state.average or {})
            for value in part.values()
        ]
        moved = []
        monkeypatch.setattr(stepwise, "to_device", lambda array, xp: moved.append(array) or array)  # noqa: B023
        training.train(NETWORK, state, data, FIT, VALIDATE, settings)
        assert held and {id(value) for value in held} <= {id(array) for array in moved}
