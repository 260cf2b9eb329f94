"""The truth that the page is held to, recorded.py: its numbers are the network's, its gradients those of backward."""

from dataclasses import replace

import numpy as np
import pytest

from gca_scratch.network.gca_lstm import GCALSTM, multiplied_out
from gca_scratch.network.grid import cell_order, unpack
from gca_scratch.network.ops import (
    nll_backward,
    nll_forward,
    sigmoid_backward,
    sigmoid_forward,
    tanh_backward,
    tanh_forward,
)
from gca_scratch.network.sweep import raster

from .recorded import gradients_above, record

J, T, H, GATES = 4, 3, 3, ("i", "f_S", "f_T", "o", "u")
NETWORK = GCALSTM(J, T, 2, 3, hidden=H, iterations=2, initial="average", schedule="raster", dropout=0.0)
SIZES = {"joints": J, "frames": T, "channels": 2, "classes": 3, "hidden": H}
NETWORKS = [
    NETWORK,
    replace(NETWORK, initial="feedforward"),
    replace(NETWORK, iterations=0),
]


def made(network=NETWORK, batch=2):
    """Weights with memories that are alive, sequences x (B, T, J, 2) and labels."""
    rng = np.random.default_rng(5)
    params = network.init(rng)
    for name in params:
        if name.startswith("memory"):
            params[name] += np.float32(0.3)
    x = rng.standard_normal((batch, T, J, 2)).astype(np.float32)
    return params, x, np.arange(batch) % 3


def backward(network, params, x, y):
    """The cache of the forward pass, the gradients of the logits and those of the parameters."""
    logits, cache = network.forward(params, x[None])
    dlogits = nll_backward(nll_forward(logits, np.array([y]))[1])
    return cache, dlogits, multiplied_out(network.backward(dlogits, cache))


@pytest.mark.parametrize("network", NETWORKS, ids=["average", "feed-forward", "no attention"])
def test_forward_is_the_networks(network):
    params, x, y = made(network)
    found = record(replace(network, schedule="wavefront"), params, x[0], int(y[0]))
    logits, cache = network.forward(params, x[:1])
    stream = cache.streams[0]
    first, *others = found["sweeps"]
    assert (first["h"] == stream.h[:, 0]).all() and (first["x"] == x[0, cell_order(J, T)[1], cell_order(J, T)[0]]).all()
    assert len(others) == network.iterations
    for n, sweep in enumerate(others):
        r = sweep["r"][:, None]
        h, _ = raster.forward(stream.h, params["layer2.W"], params["layer2.b"], J, T, g=r)
        assert (sweep["h"] == h[:, 0]).all() and (sweep["x"] == first["h"]).all()
        assert (unpack(r, J, T) == network.scores(cache)[n]).all()
        np.testing.assert_allclose(np.exp(sweep["e"]) / sweep["sum"], sweep["r"], rtol=1e-5)
        assert (found["F"][n] == h[-1, 0]).all() and (found["memory"][n] == stream.rounds[n].IF[0]).all()
    assert found["loss"] == nll_forward(logits, y[:1])[0]
    np.testing.assert_allclose(found["probabilities"].sum(), 1, rtol=1e-6)
    for sweep in found["sweeps"]:
        gates = np.concatenate(
            [sigmoid_forward(sweep["z"][:, : 4 * H])[0], tanh_forward(sweep["z"][:, 4 * H :])[0]], axis=1
        )
        assert (gates == np.concatenate([sweep[gate] for gate in GATES], axis=1)).all()
        assert (np.tanh(sweep["c"]) == sweep["tanh_c"]).all() and (sweep["o"] * sweep["tanh_c"] == sweep["h"]).all()
        parts = sweep["from_x"] + sweep["from_S"] + sweep["from_T"] + sweep["b"]
        np.testing.assert_allclose(parts, sweep["z"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("network", NETWORKS, ids=["average", "feed-forward", "no attention"])
def test_gradients_are_those_of_backward(network):
    params, x, y = made(network)
    sweeps = record(network, params, x[0], int(y[0]))["sweeps"]
    cache, dlogits, gradients = backward(network, params, x[0], int(y[0]))
    above = gradients_above(network, cache, dlogits)
    caches = [cache.layer1] + [attended.caches[1][0] for attended in cache.streams[0].rounds]
    _, dW, db, _ = raster.backward(above[0], caches[0])
    assert (dW == gradients["layer1.W"]).all() and (db == gradients["layer1.b"]).all()
    total = {}
    for n, (sweep, dh, of) in enumerate(zip(sweeps, above, caches, strict=True)):
        da, _, _, dr = raster.backward(dh, of)
        assert (sweep["dz"] == da[:, 0]).all() and (sweep["dh_above"] == dh[:, 0]).all()
        assert ("dr" in sweep) == (dr is not None) and (dr is None or (sweep["dr"] == dr[:, 0]).all())
        for g, gate in enumerate(GATES):
            squash = tanh_backward if gate == "u" else sigmoid_backward
            assert (squash(sweep["d" + gate], sweep[gate]) == sweep["dz"][:, g * H : (g + 1) * H]).all()
        if dr is not None:
            np.testing.assert_allclose(sweep["dr_of"].sum(axis=1), sweep["dr"], rtol=1e-5, atol=1e-8)
            np.testing.assert_allclose(sweep["mean_dr"], (sweep["r"] * sweep["dr"]).sum(), rtol=1e-5)
            np.testing.assert_allclose(sweep["de"], sweep["r"] * (sweep["dr"] - sweep["mean_dr"]), rtol=1e-4, atol=1e-8)
        layer = "layer2" if n else "layer1"
        U = params[f"{layer}.W"][-2 * H :]
        for way, U_way in (("S", U[:H]), ("T", U[H:])):  # what each gate passes on to a predecessor
            through = sweep[f"through_{way}"].reshape(-1, 5, H)
            np.testing.assert_allclose(through.sum(axis=1), sweep[f"dh_{way}"], rtol=1e-4, atol=1e-7)
            f_T = sweep["dz"][:, 2 * H : 3 * H] @ U_way[:, 2 * H : 3 * H].T
            np.testing.assert_allclose(through[:, 2], f_T, rtol=1e-5, atol=1e-8)
        W, b = total.get(layer, (0, 0))
        heard = np.concatenate([sweep["x"], before(sweep["h"], 1, 0), before(sweep["h"], 0, 1)], axis=1)
        total[layer] = W + heard.T @ sweep["dz"], b + sweep["dz"].sum(axis=0)
    for layer, (W, b) in total.items():
        np.testing.assert_allclose(W, gradients[f"{layer}.W"], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(b, gradients[f"{layer}.b"], rtol=1e-4, atol=1e-6)
    for sweep in sweeps:  # what a cell collects is what its successors pass on
        dh = sweep["dh_above"] + after(sweep["dh_S"], 1, 0) + after(sweep["dh_T"], 0, 1)
        np.testing.assert_allclose(dh, sweep["dh"], rtol=1e-5, atol=1e-7)
        dc = after(sweep["dc_S"], 1, 0) + after(sweep["dc_T"], 0, 1)
        np.testing.assert_allclose(dc, sweep["dc"], rtol=1e-5, atol=1e-7)


def cells():
    """Index of every cell by (joint, frame)."""
    return {place: k for k, place in enumerate(zip(*(array.tolist() for array in cell_order(J, T)), strict=True))}


def before(values, dj, dt):
    """Values (K, ...) of the cell before each one, zeros outside the grid."""
    index = cells()
    return np.array([values[index[j - dj, t - dt]] if (j - dj, t - dt) in index else 0 * values[0] for j, t in index])


def after(values, dj, dt):
    return before(values, -dj, -dt)
