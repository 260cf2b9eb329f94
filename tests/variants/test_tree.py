"""The unit over a tree: a chain gives what the chain gives, and every gradient is that of a complex step."""

import numpy as np
import pytest

from gca_scratch.network import grid
from gca_scratch.network.gradcheck import complex_step
from gca_scratch.network.sweep import raster
from gca_scratch.variants import tree

TREES = [(-1, 0, 1, 2), (1, -1, 1, 2), (3, 0, 0, -1, 3), (-1, -1, 0)]  # the last has two roots


def problem(parents, T=3, B=2, D=2, H=3):
    rng = np.random.default_rng(len(parents))
    K = len(parents) * T
    x, dh = rng.standard_normal((K, B, D)), rng.standard_normal((K, B, H))
    return x, rng.standard_normal((D + 2 * H, 5 * H)) / 2, rng.standard_normal(5 * H), dh


def test_a_chain_is_the_chain():
    x, W, b, dh = problem(TREES[0])
    h, cache = tree.forward(x, W, b, TREES[0], 3)
    h_raster, cache_raster = raster.forward(x, W, b, 4, 3)
    np.testing.assert_allclose(h, h_raster, rtol=1e-13)
    for ours, right in zip(tree.backward(dh, cache), raster.backward(dh, cache_raster), strict=False):
        np.testing.assert_allclose(ours, right, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("parents", TREES)
def test_gradients_are_those_of_the_complex_step(parents):
    x, W, b, dh = problem(parents)

    def loss(x, W, b):
        return (dh * tree.forward(x, W, b, parents, 3)[0]).sum()

    da, dW, db = tree.backward(dh, tree.forward(x, W, b, parents, 3)[1])
    for ours, n in ((da @ W[: x.shape[2]].T, 0), (dW, 1), (db, 2)):
        given = [x, W, b]
        measured = complex_step(lambda value, n=n, given=given: loss(*given[:n], value, *given[n + 1 :]), given[n])
        np.testing.assert_allclose(ours, measured, rtol=1e-9, atol=1e-13)


def test_a_joint_hears_its_parent_and_its_past_alone():
    parents = TREES[2]
    x, W, b, _ = problem(parents)
    place = {key: k for k, key in enumerate(zip(*(axis.tolist() for axis in grid.cell_order(5, 3)), strict=True))}
    heard = x + 0j
    heard[place[0, 1]] += 1e-30j
    noticed = np.abs(tree.forward(heard, W, b, parents, 3)[0].imag).max(axis=(1, 2))
    assert {key for key, k in place.items() if noticed[k]} == {(j, t) for j in (0, 1, 2) for t in (1, 2)}


def test_arguments_stay_as_they_are():
    arrays = problem(TREES[1])
    x, W, b, dh = (array.copy() for array in arrays)
    for array in arrays:
        array.flags.writeable = False
    _, cache = tree.forward(*arrays[:3], TREES[1], 3)
    tree.backward(arrays[3], cache)
    assert all(np.array_equal(*pair) for pair in zip((x, W, b, dh), arrays, strict=True))
