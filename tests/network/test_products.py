"""Narrow products: those of ops.py to rounding, whatever the shapes, the steps in memory and the threads."""

import numpy as np
import pytest

from gca_scratch.network import ops, products
from gca_scratch.network.arrays import Workspace

SHAPES = [
    (1600, 64, 320),
    (1600, 320, 64),
    (200, 64, 64),
    (501, 131, 60),
    (333, 128, 128),
    (777, 33, 640),
    (1003, 7, 96),
]


@pytest.fixture
def workspace():
    return Workspace()


@pytest.fixture(autouse=True)
def large_enough(monkeypatch):
    monkeypatch.setattr(products, "LEAST", 1)
    monkeypatch.setattr(products, "EACH", 1)


def arrays(rows, D, E, dtype, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal(shape).astype(dtype) for shape in ((rows, D), (D, E), (rows, E)))


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-13), (np.float32, 1e-5)])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_products_are_those_of_numpy(workspace, shape, dtype, tolerance, threads):
    x, W, dy = arrays(*shape, dtype)
    workspace.threads = threads
    exact = x.astype(float) @ W.astype(float)
    for weights in (W, np.ascontiguousarray(W.T).T, np.pad(W, 3)[3:-3, 3:-3], np.repeat(W, 2, axis=1)[:, ::2]):
        found = products.matmul(x, weights, workspace=workspace)
        np.testing.assert_allclose(found, exact, rtol=0, atol=tolerance * np.abs(exact).max())
    exact = x.astype(float).T @ dy.astype(float)
    found = products.matmul_dW(x, dy, workspace)
    np.testing.assert_allclose(found, exact, rtol=0, atol=tolerance * np.abs(exact).max())
    assert found.dtype == dtype and products.matmul(x, W).dtype == dtype
    part = slice(1, max(2, shape[1] // 2))  # rows that have gaps between them
    found = products.matmul_dW(x[:, part], dy, workspace)
    np.testing.assert_allclose(found, exact[part], rtol=0, atol=tolerance * np.abs(exact).max())


def test_the_number_of_threads_changes_no_bit(workspace):
    x, W, dy = arrays(501, 131, 320, np.float32)
    expected = products.matmul(x, W), products.matmul_dW(x, dy)
    for workspace.threads in (2, 3, 8):
        assert (products.matmul(x, W, workspace=workspace) == expected[0]).all()
        assert (products.matmul_dW(x, dy, workspace) == expected[1]).all()


@pytest.mark.parametrize("kind", [np.float32, np.float64, complex])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_product_is_added_to_what_is_there(workspace, shape, kind):
    x, W, there = arrays(*shape, kind)
    expected, workspace.threads = there + x @ W, 3
    for onto in (there.copy(), np.pad(there, ((0, 0), (2, 1)))[:, 2:-1]):  # rows side by side, and with gaps
        assert products.matmul(x, W, None, workspace, onto) is onto
        tolerance = 1e-5 if kind is np.float32 else 1e-13
        np.testing.assert_allclose(onto, expected, rtol=0, atol=tolerance * np.abs(expected).max())


def test_the_result_goes_where_it_is_wanted(workspace):
    x, W, _ = arrays(6, 4, 3, np.float64)
    x, out = x.reshape(2, 3, 4), np.empty((2, 3, 3))
    assert np.shares_memory(products.matmul(x, W, out, workspace), out)
    np.testing.assert_allclose(out, x @ W, rtol=1e-14)
    wide = np.zeros((6, 7))  # rows with gaps between them
    products.matmul(x.reshape(6, 4), W, wide[:, 2:5], workspace)
    np.testing.assert_allclose(wide[:, 2:5], x.reshape(6, 4) @ W, rtol=1e-14)
    assert not wide[:, :2].any() and not wide[:, 5:].any()


@pytest.mark.parametrize("change", ["complex", "mixed", "turned", "half"])
def test_what_is_not_compiled_is_left_to_numpy(change):
    x, W, dy = arrays(40, 8, 80, np.float64)
    if change == "complex":
        W, dy = W + 1e-30j, dy + 1e-30j
    elif change == "mixed":
        W, dy = W.astype(np.float32), dy.astype(np.float32)
    elif change == "turned":
        x = np.asfortranarray(x)
    else:
        x, W, dy = x.astype(np.float16), W.astype(np.float16), dy.astype(np.float16)
    found = products.matmul(x, W)
    np.testing.assert_array_equal(found, ops.matmul(x, W))
    assert found.dtype == np.result_type(x, W)
    np.testing.assert_array_equal(products.matmul_dW(x, dy), ops.matmul_dW(x, dy))
