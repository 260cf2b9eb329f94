"""The stepper: its numbers are those of the network, its gradients those of backward, its page is whole in one file."""

import argparse
import base64
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from gca_scratch.commands import stepper
from gca_scratch.commands.main import main
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
from gca_scratch.network.two_stream import Coarse
from gca_scratch.stepper import example, page
from gca_scratch.stepper.record import gradients_above, record
from gca_scratch.support.errors import InputError
from gca_scratch.variants.ablations import Ablation
from gca_scratch.variants.baselines import STLSTM
from gca_scratch.variants.trust_gate import TrustGate

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


def unpacked(part):
    """Data of a page with its arrays brought back."""
    if isinstance(part, dict) and "float32" in part:
        return np.frombuffer(base64.b64decode(part["float32"]), "<f4").reshape(part["shape"])
    if isinstance(part, dict):
        return {name: unpacked(value) for name, value in part.items()}
    return [unpacked(value) for value in part] if isinstance(part, list) else part


def data_of(text):
    return unpacked(json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1]))


def test_data_in_the_page_is_exact():
    params, x, y = made()
    data = data_of(page.page(NETWORK, params, x, y, class_names=["</script>", "{{script}}", "&"]))
    assert data["classes"] == ["</script>", "{{script}}", "&"]
    for n, found in enumerate(data["sequences"]):
        true = record(NETWORK, params, x[n], int(y[n]))
        assert found["loss"] == true["loss"] and found["label"] == y[n]
        for name in ("memory", "F", "probabilities"):
            assert found[name].tobytes() == true[name].tobytes() and found[name].shape == true[name].shape
        for one, other in zip(found["sweeps"], true["sweeps"], strict=True):
            assert one.keys() == other.keys()
            for name in one:
                assert other[name].dtype == np.float32
                assert one[name].tobytes() == other[name].tobytes() and one[name].shape == other[name].shape


def test_command_writes_one_small_file(tmp_path, capsys):
    assert main(["stepper", "--out", str(tmp_path / "step.html")]) == 0
    assert "step.html" in capsys.readouterr().out
    text = (tmp_path / "step.html").read_text("utf-8")
    assert len(text.encode()) < 3_000_000
    assert not re.search(r"https?://|@import|\burl\(|\bsrc=|\bfetch\(|XMLHttpRequest|\bimport\b", text)
    assert not re.findall(r'<link[^>]*href="(?!data:)', text)
    data = data_of(text)
    for sequence in data["sequences"]:
        assert sequence["probabilities"].argmax() == sequence["label"]  # it has learnt something
        assert all(np.abs(sweep["dh"]).max() > 0 for sweep in sequence["sweeps"])  # and not all it could
    frame = page.embedded(text, theme="dark")
    assert frame.startswith("<div><iframe ") and frame.count("<") == 4 and "data-theme=&quot;dark&quot;" in frame


@pytest.mark.parametrize(
    ("network", "part"),
    [
        (Coarse(**SIZES, parts=(0, 1, 2, 3)), "one stream"),
        (STLSTM(**SIZES), "one stream"),
        (GCALSTM(**SIZES, ablation=Ablation(attention="soft")), "an ablation"),
        (GCALSTM(**SIZES, ablation=Ablation("b")), "an ablation"),
        (GCALSTM(**SIZES, layer1=TrustGate()), "trust gate"),
    ],
)
def test_other_networks_are_refused(network, part):
    with pytest.raises(InputError, match=part):
        page.page(network, *made())


def test_what_cannot_be_shown_is_refused(tmp_path, monkeypatch):
    params, x, y = made()
    with pytest.raises(InputError, match="label 3"):
        page.page(NETWORK, params, x, y + 3)
    with pytest.raises(InputError, match="shape"):
        page.page(NETWORK, params, x[:, :, :2], y)
    with pytest.raises(InputError, match="a label for each"):
        page.page(NETWORK, params, x, y[:1])
    with pytest.raises(InputError, match="a name for each"):
        page.page(NETWORK, params, x, y, joint_names=["one"])
    with pytest.raises(InputError, match="finite"), np.errstate(all="ignore"):
        page.page(NETWORK, params, x * np.float32(np.nan), y)
    with pytest.raises(InputError, match="--seed -1"):
        example.example(-1)
    with pytest.raises(InputError, match="theme"):
        page.embedded("", theme="blue")
    monkeypatch.setattr(page, "LARGEST", 10_000)
    with pytest.raises(InputError, match="fewer"):
        page.page(NETWORK, params, x, y)
    with pytest.raises(InputError, match="cannot be written"):
        monkeypatch.setattr(page, "LARGEST", 3_000_000)
        stepper.command(argparse.Namespace(out=str(tmp_path), seed=0))
