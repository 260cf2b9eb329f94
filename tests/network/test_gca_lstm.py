"""GCA-LSTM as a whole: both schedules, dropout, stopping early for stepwise training, scores, and what it refuses."""

import dataclasses

import numpy as np
import pytest

from gca_scratch.network import gradcheck
from gca_scratch.network.gca_lstm import GCALSTM, loss_and_gradients
from gca_scratch.support.errors import InputError
from gca_scratch.variants import gradcheck as variants

NETWORK = GCALSTM(3, 4, 3, 4, hidden=5, iterations=2)


@pytest.mark.parametrize("initial", ["average", "feedforward"])
def test_raster_and_wavefront_agree(initial):
    network = dataclasses.replace(NETWORK, initial=initial)
    params, x, y, masks = gradcheck.problem(network)
    loss, gradients, logits = loss_and_gradients(network, params, x, y, masks)
    raster = dataclasses.replace(network, schedule="raster")
    raster_loss, raster_gradients, raster_logits = loss_and_gradients(raster, params, x, y, masks)
    assert loss == pytest.approx(raster_loss, rel=1e-12)
    np.testing.assert_allclose(logits, raster_logits, rtol=1e-12)
    for name, gradient in gradients.items():
        assert np.abs(gradient - raster_gradients[name]).max() <= 1e-12 * np.abs(gradient).max(), name


@pytest.mark.parametrize("directions", [3, pytest.param(None, marks=pytest.mark.long, id="entries")])
@pytest.mark.parametrize(("label", "network"), list(variants.everything()))
def test_every_gradient(label, network, directions):
    """Both witnesses, along three random directions of every parameter; in the long form for every entry."""
    rows = gradcheck.check_network(network, 1, label, directions=directions)
    assert {row.name for row in rows} == {*network.shapes(), "input"}
    assert all(row.passed for row in rows), gradcheck.table(rows)


def test_gradients_along_random_directions_at_a_realistic_size():
    """Sizes of a real run in double precision: 25 joints, 8 frames, 16 hidden units; the slope along a direction."""
    network = GCALSTM(25, 8, 3, 14, hidden=16, iterations=2)
    rng = np.random.default_rng(0)
    params = network.init(rng, np.float64)
    x, y = rng.standard_normal((2, 8, 25, 3)), rng.integers(0, 14, 2)
    masks = network.masks(rng, 2, np.float64)
    _, gradients, _ = loss_and_gradients(network, params, x, y, masks)
    for name, value in params.items():
        direction = rng.standard_normal(value.shape)
        moved = {**params, name: value + 1e-30j * direction}
        slope = loss_of(network, moved, x, y, masks).imag / 1e-30
        assert (gradients[name] * direction).sum() == pytest.approx(slope, rel=1e-9), name


def loss_of(network, params, x, y, masks):
    from gca_scratch.network.ops import nll_forward

    return nll_forward(network.forward(params, x, masks)[0], y)[0]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_stopping_after_iteration_n_is_the_smaller_network(n):
    """Training step n of Algorithm 1: the numbers of a network of n iterations, and gradients of its weights only."""
    params, x, y, masks = gradcheck.problem(NETWORK)
    smaller = dataclasses.replace(NETWORK, iterations=n)
    loss, gradients, _ = loss_and_gradients(NETWORK, params, x, y, masks, iterations=n)
    kept = {name: params[name] for name in smaller.shapes()}
    expected, expected_gradients, _ = loss_and_gradients(smaller, kept, x, y, masks)
    assert loss == expected and gradients.keys() == smaller.shapes().keys()
    for name, gradient in gradients.items():
        np.testing.assert_array_equal(gradient, expected_gradients[name])


def test_scores_sum_to_one_and_are_where_they_belong():
    params, x, _, _ = gradcheck.problem(NETWORK)
    _, cache = NETWORK.forward(params, x)
    r = NETWORK.scores(cache)
    assert r.shape == (2, len(x), 4, 3) and (r > 0).all()
    np.testing.assert_allclose(r.sum(axis=(2, 3)), 1)
    # the loss does not know joints from frames, so compare one score with the formula
    from gca_scratch.network import grid

    joint, frame = grid.cell_order(3, 4)
    np.testing.assert_array_equal(r[0, :, frame, joint], cache.streams[0].rounds[0].r)
    assert NETWORK.scores(NETWORK.forward(params, x, iterations=0)[1]) is None


def test_without_masks_nothing_is_random_and_sequences_do_not_mix():
    params, x, _, _ = gradcheck.problem(NETWORK)
    logits, _ = NETWORK.forward(params, x)
    np.testing.assert_allclose(NETWORK.forward(params, x[:1])[0], logits[:1], rtol=1e-12)


def test_one_mask_serves_every_iteration():
    masks = NETWORK.masks(np.random.default_rng(0), 2)
    assert masks.keys() == {"layer1", "classifier"}
    assert masks["layer1"].shape == (12, 2, 5) and masks["classifier"].shape == (2, 5)
    assert dataclasses.replace(NETWORK, dropout=0.0).masks(np.random.default_rng(0), 2) == {}


def test_initial_weights():
    network = GCALSTM(4, 5, 3, 6, hidden=64)
    params = network.init(np.random.default_rng(0))
    assert {value.dtype for value in params.values()} == {np.dtype(np.float32)}
    assert {name: value.shape for name, value in params.items()} == network.shapes()
    assert all((value == 0).all() for name, value in params.items() if name.endswith(".b"))
    assert params["layer1.W"][:3].std() == pytest.approx(1 / np.sqrt(3), rel=0.1)
    assert params["layer1.W"][3:].std() == pytest.approx(1 / np.sqrt(128), rel=0.05)
    assert params["layer2.W"][:64].std() == pytest.approx(1 / 8, rel=0.05)
    assert params["memory.0.W"].std() == pytest.approx(1 / np.sqrt(4 * 5 * 64), rel=0.05)


def test_single_precision_stays_single():
    params = NETWORK.init(np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((2, 4, 3, 3)).astype(np.float32)
    masks = NETWORK.masks(np.random.default_rng(2), 2)
    loss, gradients, logits = loss_and_gradients(NETWORK, params, x, np.array([0, 1]), masks)
    assert {array.dtype for array in (loss, logits, *gradients.values())} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("name", "value"),
    [("joints", 0), ("hidden", -1), ("iterations", -1), ("dropout", 1.0), ("initial", "mean"), ("schedule", "spiral")],
)
def test_sizes_that_make_no_network_are_refused(name, value):
    with pytest.raises(InputError, match=str(value)):
        dataclasses.replace(NETWORK, **{name: value})


def test_input_of_another_shape_is_refused():
    params = NETWORK.init(np.random.default_rng(0))
    with pytest.raises(InputError, match="4 frames, 3 joints"):
        NETWORK.forward(params, np.zeros((2, 3, 4, 3), np.float32))
