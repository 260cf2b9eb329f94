"""Whole numbers, as people write them by hand, are numbers like others wherever the network takes some."""

import numpy as np
import pytest

from gca_scratch import plain
from gca_scratch.network import attention, cell, memory
from gca_scratch.network.gca_lstm import GCALSTM, loss_and_gradients, multiplied_out
from gca_scratch.network.sweep import raster, wavefront, wavefront_cpu
from gca_scratch.training.parallel import Engine
from gca_scratch.variants import tree, trust_gate

RNG = np.random.default_rng(5)
J, T, B, D, H = 2, 3, 2, 2, 3


def whole(*shape):
    return RNG.integers(-2, 3, shape)


def floats(value):
    """The same numbers as floats, in an array or in a dict of them."""
    if isinstance(value, dict):
        return {name: floats(array) for name, array in value.items()}
    return value.astype(float) if isinstance(value, np.ndarray) else value


def agree(one, two):
    """Arrays, or tuples and dicts of them, that are the same numbers."""
    if isinstance(one, dict):
        assert one.keys() == two.keys()
        one, two = tuple(one.values()), tuple(two.values())
    if isinstance(one, tuple):
        for a, b in zip(one, two, strict=True):
            agree(a, b)
    elif one is not None:
        np.testing.assert_allclose(one, two, rtol=1e-12, atol=1e-12)


def both(function, *arguments):
    """What a function makes of whole numbers, and of the same numbers as floats."""
    return function(*arguments), function(*map(floats, arguments))


@pytest.mark.parametrize("sweep", [raster, wavefront, wavefront_cpu], ids=["raster", "NumPy", "compiled"])
def test_sweeps(sweep):
    arrays = {"x": whole(J * T, B, D), "W": whole(D + 2 * H, 5 * H), "b": whole(5 * H), "a": whole(J * T, B, 5 * H)}
    arrays["g"] = np.array([[1, 0]] * (J * T))
    (h, cache), (h_, cache_) = both(lambda arguments: sweep.forward(**arguments, J=J, T=T), arrays)
    agree(h, h_)
    assert np.abs(h - np.round(h)).max() > 0.1
    dh = whole(J * T, B, H)
    agree(sweep.backward(dh, cache), sweep.backward(floats(dh), cache_))


def test_the_layers_of_the_variants():
    x, dh = whole(J * T, B, D), whole(J * T, B, H)
    (h, cache), (h_, cache_) = both(tree.forward, x, whole(D + 2 * H, 5 * H), whole(5 * H), (-1, 0), T)
    agree(h, h_)
    agree(tree.backward(dh, cache), tree.backward(floats(dh), cache_))
    p = {name: whole(*shape) for name, shape in trust_gate.TrustGate().shapes(D, H).items()}
    (h, cache), (h_, cache_) = both(trust_gate.forward, x, p, J, T)
    agree(h, h_)
    agree(trust_gate.backward(dh, cache), trust_gate.backward(floats(dh), cache_))


def test_the_unit_and_the_attention():
    states, r = [whole(B, H) for _ in range(4)], np.array([[1], [0]])
    (h, c, cache), (h_, c_, cache_) = both(cell.step_forward, whole(B, 5 * H), *states, whole(2 * H, 5 * H), r)
    agree((h, c), (h_, c_))
    dh, dc = whole(B, H), whole(B, H)
    agree(cell.step_backward(dh, dc, cache), cell.step_backward(floats(dh), floats(dc), cache_))
    h, IF = whole(J * T, B, H), whole(B, H)
    (r, cache), (r_, cache_) = both(attention.informativeness_forward, h, IF, whole(H), whole(2 * H, H))
    agree(r, r_)
    dr = whole(J * T, B)
    agree(attention.informativeness_backward(dr, cache), attention.informativeness_backward(floats(dr), cache_))
    agree(*both(lambda h: memory.average_forward(h)[0], h))


@pytest.mark.parametrize("initial", ["average", "feedforward"])
@pytest.mark.parametrize("schedule", ["raster", "wavefront"])
def test_networks(initial, schedule):
    network = GCALSTM(J, T, D, 3, hidden=H, iterations=2, initial=initial, dropout=0, schedule=schedule)
    params = {name: whole(*shape) for name, shape in network.shapes().items()}
    x, y = whole(B, T, J, D), [2, 0]
    agree(*both(lambda *arguments: loss_and_gradients(network, *arguments, y), params, x))
    agree(*both(Engine(network, 2).forward, params, x))
    _, cache = network.forward(floats(params), x)
    agree(*both(lambda dlogits: multiplied_out(network.backward(dlogits, cache, with_input=True)), whole(B, 3)))


def test_the_plain_version():
    shapes = GCALSTM(J, T, D, 3, hidden=H, initial="average").shapes()
    p = {name: whole(*shape) for name, shape in shapes.items()}
    agree(*both(lambda p, x: plain.forward(p, x, 2)[0], p, whole(B, T, J, D)))
