"""Whole networks against automatic differentiation: loss and every gradient to 1e-10."""

from dataclasses import replace

import numpy as np
import pytest

from gca_scratch.network import grid
from gca_scratch.network.first_layer import FirstLayer
from gca_scratch.network.gca_lstm import GCALSTM, SCHEDULES, loss_and_gradients
from gca_scratch.network.two_stream import Coarse, TwoStream
from gca_scratch.variants.ablations import Ablation
from gca_scratch.variants.baselines import HEADS, STLSTM
from gca_scratch.variants.trust_gate import TrustGate
from tests.helpers import oracle

PARTS = (0, 1, 1, 3)
OTHERS = {
    "coarse": (Coarse, {"parts": PARTS}),
    "two streams, average": (TwoStream, {"parts": PARTS, "initial": "average"}),
    "two streams, feedforward": (TwoStream, {"parts": PARTS, "recompute": True}),
    "two streams, scheme c": (TwoStream, {"parts": PARTS, "ablation": Ablation("c")}),
    "scheme a": (GCALSTM, {"ablation": Ablation("a")}),
    "scheme b": (GCALSTM, {"ablation": Ablation("b")}),
    "scheme c": (GCALSTM, {"ablation": Ablation("c"), "iterations": 3}),
    "soft": (GCALSTM, {"ablation": Ablation(attention="soft")}),
    "soft, two streams": (TwoStream, {"parts": PARTS, "ablation": Ablation(attention="soft")}),
    "trust gate": (GCALSTM, {"layer1": TrustGate(), "iterations": 1}),
}


def drawn(network, seed, batch=3):
    """Weights, sequences, labels and masks; the memories are alive, for a dead ReLU proves nothing."""
    rng = np.random.default_rng(seed)
    params = network.init(rng, np.float64)
    for name, value in params.items():
        value *= 1.5
        if name.endswith(".b"):
            value += 0.3 * rng.standard_normal(value.shape) + (0.5 if name.rpartition("memory")[1] else 0)
    x = rng.standard_normal((batch, network.frames, network.joints, network.channels))
    return params, x, rng.integers(0, network.classes, batch), network.masks(rng, batch, np.float64)


def agrees(network, seed=5):
    """Both schedules of a network agree with the oracle, which is asked once."""
    params, x, y, masks = drawn(network, seed)
    order = list(zip(*(axis.tolist() for axis in grid.cell_order(network.joints, network.frames)), strict=True))
    expected, theirs = oracle.loss_and_gradients(network, params, x, y, order, masks)
    for schedule in SCHEDULES:
        loss, gradients, _ = loss_and_gradients(replace(network, schedule=schedule), params, x, y, masks)
        assert loss == pytest.approx(expected, rel=1e-12), schedule
        assert gradients.keys() == theirs.keys() == params.keys()
        for name, gradient in gradients.items():
            scale = np.abs(theirs[name]).max()
            assert scale > 0, f"{name} does not matter, so nothing is proved"
            assert np.abs(gradient - theirs[name]).max() < 1e-10 * scale, (schedule, name)


@pytest.mark.filterwarnings("ignore")  # what autograd itself warns of is not ours
@pytest.mark.parametrize("initial", ["average", "feedforward"])
@pytest.mark.parametrize("iterations", [0, 1, 2, 3])
def test_the_plain_network(iterations, initial):
    agrees(GCALSTM(3, 4, 3, 4, hidden=5, iterations=iterations, initial=initial), iterations)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", OTHERS)
def test_the_other_networks_with_attention(name):
    kind, changes = OTHERS[name]
    agrees(kind(4, 3, 3, 4, hidden=4, **changes))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("layer1", [FirstLayer(), TrustGate()], ids=["plain", "trust gate"])
@pytest.mark.parametrize("head", HEADS)
def test_the_networks_without_attention(head, layer1):
    agrees(STLSTM(4, 3, 3, 4, hidden=4, head=head, layer1=layer1))
