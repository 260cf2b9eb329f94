"""Every elementary operation: values where they are known, gradients everywhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gca_scratch.network import ops
from gca_scratch.support.errors import InputError
from tests.helpers.derivatives import check_gradients

RNG = np.random.default_rng(1)


def draw(*shape):
    return RNG.standard_normal(shape)


def test_affine():
    arguments = {"x": draw(2, 3, 4), "W": draw(4, 5), "b": draw(5)}
    dy = draw(2, 3, 5)
    y, cache = ops.affine_forward(**arguments)
    np.testing.assert_allclose(y, np.einsum("abd,de->abe", arguments["x"], arguments["W"]) + arguments["b"])
    gradients = dict(zip(("x", "W", "b"), ops.affine_backward(dy, cache), strict=True))
    check_gradients(lambda **a: ops.affine_forward(**a)[:1], arguments, gradients, [dy])


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu"])
def test_elementwise(name):
    forward, backward = getattr(ops, f"{name}_forward"), getattr(ops, f"{name}_backward")
    z = draw(3, 4)
    z += 0.1 * np.sign(z)  # away from the kink of the ReLU
    dy = draw(3, 4)
    _, cache = forward(z)
    check_gradients(lambda z: forward(z)[:1], {"z": z}, {"z": backward(dy, cache)}, [dy])


def test_values_that_are_known():
    z = np.array([-2.0, 0.0, 3.0])
    np.testing.assert_allclose(ops.sigmoid_forward(z)[0], 1 / (1 + np.exp(-z)), rtol=1e-14)
    np.testing.assert_array_equal(ops.relu_forward(z)[0], [0, 0, 3])
    np.testing.assert_array_equal(ops.relu_backward(np.ones(3), z), [0, 0, 1])


@pytest.mark.parametrize("kind", [float, int, bool, complex, np.float32, np.float64, np.int64])
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu"])
def test_plain_numbers_are_arrays_too(name, kind):
    forward, backward = getattr(ops, f"{name}_forward"), getattr(ops, f"{name}_backward")
    y, cache = forward(kind(1))
    expected, cache_of_array = forward(np.array([kind(1)]))
    assert complex(y) == pytest.approx(complex(expected[0]))
    assert backward(2.0, cache) == pytest.approx(backward(2.0, cache_of_array)[0])
    assert ops.dropout_forward(kind(1), 2.0)[0] == 2 and ops.dropout_backward(kind(1), 2.0) == 2


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "softmax"])
def test_whole_numbers_are_taken_for_what_they_are(name):
    z = np.array([[3, -1], [0, 2]])
    forward, backward = getattr(ops, f"{name}_forward"), getattr(ops, f"{name}_backward")
    for got, right in ((forward(z), forward(z.astype(float))),):
        np.testing.assert_array_equal(got[0], right[0])
        np.testing.assert_array_equal(backward(z, got[1]), backward(z.astype(float), right[1]))


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "softmax"])
def test_the_softmax_of_a_lone_number_is_1_and_lists_are_refused(name):
    forward = getattr(ops, f"{name}_forward")
    for lone in (0.5, 3, True, np.float32(-2), 1 + 1j):
        assert np.shape(forward(lone)[0]) == () and (name != "softmax" or forward(lone)[0] == 1)
    for value in ([0.5, 1.0], None, "0.5"):
        with pytest.raises(InputError, match="is no array; give"):
            forward(value)


@pytest.mark.parametrize("value", [-1e4, 1e4])
def test_saturation_does_not_overflow(value):
    with np.errstate(all="raise", under="ignore"):
        assert ops.sigmoid_forward(np.float32([value]))[0] == (value > 0)
        assert np.isfinite(ops.softmax_forward(np.float32([[value], [0]]))[0]).all()
        loss, cache = ops.nll_forward(np.float32([[value, 0.0]]), np.array([0]))
        assert np.isfinite(loss) and np.isfinite(ops.nll_backward(cache)).all()


def test_softmax():
    e, dy = draw(6, 2), draw(6, 2)
    y, cache = ops.softmax_forward(e)
    np.testing.assert_allclose(y.sum(axis=0), 1)
    np.testing.assert_allclose(y, np.exp(e) / np.exp(e).sum(axis=0))
    check_gradients(lambda e: ops.softmax_forward(e)[:1], {"e": e}, {"e": ops.softmax_backward(dy, cache)}, [dy])


def test_softmax_leaves_its_argument_alone():
    e = draw(4, 2)
    before = e.copy()
    ops.softmax_forward(e)
    np.testing.assert_array_equal(e, before)


def test_negative_log_likelihood():
    logits, y = draw(3, 4), np.array([0, 3, 3])
    loss, cache = ops.nll_forward(logits, y)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert loss == pytest.approx(-np.log(p[[0, 1, 2], y]).mean(), rel=1e-14)
    gradients = {"logits": ops.nll_backward(cache)}
    check_gradients(lambda logits: (ops.nll_forward(logits, y)[0],), {"logits": logits}, gradients, [1.0])


@given(p=st.floats(0, 0.9), seed=st.integers(0, 1000))
@settings(max_examples=30)
def test_dropout_masks_keep_the_mean(p, seed):
    mask = ops.dropout_mask(np.random.default_rng(seed), (200, 100), p, np.float64)
    assert set(np.unique(mask)) <= {0.0, 1 / (1 - p)}
    assert abs(mask.mean() - 1) < 6 * np.sqrt(p / (1 - p) / mask.size) + 1e-12


@pytest.mark.parametrize("p", [0.25, 0.4, 0.5])  # from eight bits, from sixteen, from one
@pytest.mark.parametrize("shape", [(1,), (3, 5), (2, 1, 7)])
def test_a_dropout_mask_of_any_size(shape, p):
    rng = np.random.default_rng(0)
    kept = (
        np.array([ops.dropout_mask(rng, shape, p, np.float64) for _ in range(4000)]) > 0
    )  # every entry, again and again
    assert kept.shape == (4000, *shape)
    np.testing.assert_allclose(kept.mean(axis=0), 1 - p, atol=5 * np.sqrt(p * (1 - p) / 4000))
    entries = kept.reshape(4000, -1).astype(float)
    together = np.cov(entries.T, bias=True).reshape(entries.shape[1], -1) / (p * (1 - p))
    np.testing.assert_allclose(together, np.eye(len(together)), atol=0.1)


def test_a_dropout_mask_comes_from_its_generator_in_its_type():
    def masks(seed):
        rng = np.random.default_rng(seed)
        return [ops.dropout_mask(rng, (30, 20), 0.4, np.float32) for _ in range(2)]

    (first, second), (again, _), (other, _) = masks(1), masks(1), masks(2)
    assert first.dtype == np.float32 and (first == again).all()
    assert (first != second).any() and (first != other).any()


def test_the_loss_of_logits_of_any_size_and_of_several_decisions():
    logits, y = np.array([[900.0, 0, 1], [0, -900, 5]]), np.array([1, 2])
    loss, cache = ops.nll_forward(logits, y)
    assert loss == pytest.approx((900 + np.log1p(np.exp(-5))) / 2)
    np.testing.assert_allclose(ops.nll_backward(cache)[0], [0.5, -0.5, 0], atol=1e-300)
    both, cache = ops.nll_forward(np.stack([logits, 0 * logits]), y)
    assert both == pytest.approx((loss + np.log(3)) / 2)
    np.testing.assert_allclose(ops.nll_backward(cache)[1, 0], np.array([1, -2, 1]) / 12)


def test_dropout():
    x, dy = draw(5, 4), draw(5, 4)
    mask = ops.dropout_mask(RNG, x.shape, 0.5, np.float64)
    y, cache = ops.dropout_forward(x, mask)
    np.testing.assert_array_equal(y, x * mask)
    check_gradients(lambda x: ops.dropout_forward(x, mask)[:1], {"x": x}, {"x": ops.dropout_backward(dy, cache)}, [dy])
    assert ops.dropout_forward(x, None)[0] is x and ops.dropout_backward(dy, None) is dy
