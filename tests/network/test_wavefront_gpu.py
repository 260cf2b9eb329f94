"""The GPU engine on the strict stand-in for CuPy: the same numbers as on the CPU, and no transfer inside a step."""

from dataclasses import replace

import numpy as np
import pytest

from gca_scratch import runs, training
from gca_scratch.network.gca_lstm import GCALSTM, INITIAL_MEMORIES, multiplied_out
from gca_scratch.network.ops import nll_forward
from gca_scratch.network.sweep import wavefront, wavefront_gpu
from gca_scratch.training.optim import SGD
from gca_scratch.training.parallel import Engine
from gca_scratch.variants import gradcheck as variants
from tests import strict_cupy
from tests.helpers.tiny import TINY, skeletons
from tests.strict_cupy import counts, no_transfers


@pytest.fixture
def cupy():
    with strict_cupy.installed() as module:
        wavefront_gpu._kernels.cache_clear()
        yield module


def moved(cupy, arrays):
    return {name: cupy.asarray(value) for name, value in arrays.items()}


def problem(network, batch, dtype=np.float64):
    rng = np.random.default_rng(3)
    params = {name: value + dtype(0.1) for name, value in network.init(rng, dtype).items()}
    x = rng.standard_normal((batch, network.frames, network.joints, network.channels)).astype(dtype)
    return params, x, rng.integers(0, network.classes, batch), network.masks(rng, batch, dtype)


def sweep_arguments(J, T, B, H=4, D=3, gated=True):
    rng = np.random.default_rng(J + 10 * T)
    sizes = {"x": (J * T, B, D), "W": (D + 2 * H, 5 * H), "b": (5 * H,)}
    if gated:
        sizes |= {"a": (J * T, B, 5 * H)}
    arrays = {name: rng.standard_normal(size) for name, size in sizes.items()}
    return arrays | ({"g": rng.uniform(0.05, 0.6, (J * T, B))} if gated else {})


@pytest.mark.parametrize("gated", [False, True], ids=["plain", "gated"])
@pytest.mark.parametrize(("J", "T"), [(1, 1), (1, 4), (4, 1), (2, 5), (5, 2), (4, 4)])
def test_sweeps_agree_with_the_cpu(cupy, J, T, gated):
    arrays = sweep_arguments(J, T, 3, gated=gated)
    dh = np.random.default_rng(1).standard_normal((J * T, 3, 4))
    h, memory = wavefront.forward(**arrays, J=J, T=T)
    expected = [h, *wavefront.backward(dh, memory)]
    on_device = moved(cupy, arrays)
    h, memory = wavefront_gpu.forward(**on_device, J=J, T=T)
    found = [h, *wavefront_gpu.backward(cupy.asarray(dh), memory)]
    for theirs, ours in zip(expected, found, strict=True):
        if theirs is None:
            assert ours is None and not gated
        else:
            np.testing.assert_allclose(ours.get(), theirs, rtol=0, atol=1e-12 * np.abs(theirs).max())


@pytest.mark.parametrize("initial", INITIAL_MEMORIES)
@pytest.mark.parametrize(("iterations", "recompute"), [(0, False), (1, False), (3, False), (3, True)])
def test_a_step_agrees_with_the_cpu(cupy, initial, iterations, recompute):
    agrees_with_the_cpu(
        cupy, GCALSTM(3, 4, 3, 4, hidden=5, iterations=iterations, initial=initial, recompute=recompute)
    )


OTHERS = {label: network for label, network in variants.everything() if not label.startswith("GCA-LSTM, N =")}


@pytest.mark.parametrize("label", OTHERS)
def test_a_step_of_the_other_networks_agrees_and_moves_nothing(cupy, label):
    on_device = agrees_with_the_cpu(cupy, OTHERS[label])
    with no_transfers():  # what is moved once has been moved
        Engine(OTHERS[label]).loss_and_gradients(*on_device)


def agrees_with_the_cpu(cupy, network):
    """Loss, logits and gradients of one step on the device; returns its arguments there."""
    params, x, y, masks = problem(network, 3)
    loss, gradients, logits = Engine(network).loss_and_gradients(params, x, y, masks)
    on_device = (moved(cupy, params), cupy.asarray(x), cupy.asarray(y), moved(cupy, masks))
    found_loss, found, found_logits = Engine(network).loss_and_gradients(*on_device)
    np.testing.assert_allclose(float(found_loss), loss, rtol=1e-12)
    np.testing.assert_allclose(found_logits.get(), logits, rtol=1e-11)
    assert found.keys() == gradients.keys()
    gradients, found = multiplied_out(gradients), multiplied_out(found)
    for name, g in gradients.items():
        np.testing.assert_allclose(found[name].get(), g, rtol=0, atol=1e-12 * np.abs(g).max(), err_msg=name)
    return on_device


def test_single_precision_stays_single(cupy):
    network = GCALSTM(3, 4, 3, 4, hidden=5, iterations=2)
    params, x, y, masks = problem(network, 3, np.float32)
    on_device = (moved(cupy, params), cupy.asarray(x), cupy.asarray(y), moved(cupy, masks))
    loss, gradients, logits = Engine(network).loss_and_gradients(*on_device)
    assert {array.dtype for array in (loss, logits, *multiplied_out(gradients).values())} == {np.dtype(np.float32)}
    optimiser = SGD(0.1, 0.9, clip=1.0)
    optimiser.step(on_device[0], gradients)
    assert {v.dtype for v in optimiser.velocity.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("initial", INITIAL_MEMORIES)
def test_a_training_step_moves_nothing_and_launches_one_kernel_per_diagonal(cupy, initial):
    network = GCALSTM(3, 4, 3, 4, hidden=5, iterations=2, initial=initial)
    params, x, y, masks = problem(network, 3, np.float32)
    params, masks, x, y = moved(cupy, params), moved(cupy, masks), cupy.asarray(x), cupy.asarray(y)
    engine, optimiser = Engine(network), SGD(0.1, 0.9, clip=1.0)

    def step():
        loss, gradients, _ = engine.loss_and_gradients(params, x, y, masks)
        optimiser.step(params, gradients)
        return loss

    step()  # moves the order of the cells to the device, once
    counts.reset()
    with no_transfers():
        losses = [step() for _ in range(3)]
    diagonals, sweeps = 3 + 4 - 1, 1 + 2
    assert counts.kernels["st_lstm_forward"] == counts.kernels["st_lstm_backward"] == 3 * diagonals * sweeps
    assert counts.kernels["sgd"] == 3 * len(params)
    assert float(losses[2]) < float(losses[0])


def test_dropout_is_drawn_on_the_device(cupy):
    network = GCALSTM(3, 4, 3, 4, hidden=50, dropout=0.25)
    with no_transfers():
        masks = network.masks(cupy.random.default_rng(0), 8)
    values = masks["layer1"].get()
    assert values.dtype == np.float32 and values.shape == (12, 8, 50)
    np.testing.assert_allclose(np.unique(values), [0, 1 / 0.75], rtol=1e-6)
    assert 0.7 < (values > 0).mean() < 0.8


@pytest.mark.parametrize(("balance", "average"), [("none", 0), ("weights", 2)])
def test_training_gives_what_it_gives_on_the_cpu(cupy, balance, average):
    """Without dropout, which a GPU draws by its own generator: the same history, to rounding."""
    data = skeletons()
    data.label[::5] = 0
    settings = replace(TINY, dropout=0.0, epochs=2, balance=balance, average=average)
    histories, probabilities = [], []
    for xp in (np, cupy):
        split = runs.make_split(data, runs.Source("neutral", "", "loso", 1), settings)
        network = split.network(settings)
        state = training.train(
            network, training.start(network, settings), split.aligned, split.fit, split.validate, settings, xp
        )
        histories.append([[row["train_loss"], row["train_error"]] for row in state.history])
        weights = training.best_weights(state, xp)
        _, p = training.evaluate(Engine(network), weights, split.aligned, split.test, settings, None, xp)
        probabilities.append(p)
        saved = training.snapshot(state)
        assert all(isinstance(value, np.ndarray) for value in saved.params.values())
    np.testing.assert_allclose(histories[1], histories[0], rtol=1e-4)
    np.testing.assert_allclose(probabilities[1], probabilities[0], atol=1e-4)


BUGS = [
    ("FORWARD", "f_S * c_S + f_T * c_T", "f_S * c_T + f_T * c_S", "the cell states are exchanged"),
    ("FORWARD", "if (cell >= skip_T) hh", "hh", "a cell of the last frame writes where it has no successor"),
    ("BACKWARD", "dc += back_c[T_];", "", "the next frame's dc is forgotten"),
    ("BACKWARD", "dnew = g * dc;", "", "the score is missing from the gradient of the new input"),
    ("BACKWARD", "(ptrdiff_t)from_S * B", "(ptrdiff_t)(from_S - 1) * B", "a gradient is read from the wrong joint"),
    ("BACKWARD", "dpast * c_T * f_T * (1 - f_T)", "dpast * c_T * f_T", "the slope of a gate is missing"),
]


@pytest.mark.parametrize(("source", "line", "changed", "meaning"), BUGS, ids=[bug[3] for bug in BUGS])
def test_a_planted_bug_is_caught(cupy, monkeypatch, source, line, changed, meaning):
    text = getattr(wavefront_gpu, source)
    assert line in text, f"the line of this bug is no longer there: {line}"
    monkeypatch.setattr(wavefront_gpu, source, text.replace(line, changed))
    wavefront_gpu._kernels.cache_clear()
    with pytest.raises((AssertionError, IndexError)):
        test_sweeps_agree_with_the_cpu(cupy, 2, 5, True)


def test_the_loss_stays_on_the_device(cupy):
    with no_transfers():
        loss, _ = nll_forward(cupy.ones((2, 3)), cupy.zeros(2, dtype="int64"))
    assert loss.shape == ()
