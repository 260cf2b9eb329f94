"""SGD with momentum, clipping and decay, against the formulas."""

import numpy as np
import pytest

from gca_scratch.network.ops import Product
from gca_scratch.training import optim
from gca_scratch.training.optim import PIECE, SGD, decayed
from tests import strict_cupy


def test_momentum_by_hand():
    params, optimiser = {"w": np.array([1.0, -2.0])}, SGD(learning_rate=0.1, momentum=0.9)
    g = np.array([1.0, 3.0])
    optimiser.step(params, {"w": g})
    np.testing.assert_allclose(params["w"], [0.9, -2.3])
    optimiser.step(params, {"w": g})
    np.testing.assert_allclose(params["w"], [0.9 - 0.1 * 1.9, -2.3 - 0.3 * 1.9])


def test_clipping_is_by_the_norm_over_all_parameters():
    params = {"a": np.zeros(1), "b": np.zeros((1, 1))}
    SGD(1.0, 0.0, clip=1.0).step(params, {"a": np.array([3.0]), "b": np.array([[4.0]])})
    np.testing.assert_allclose([params["a"][0], params["b"][0, 0]], [-0.6, -0.8])
    params = {"a": np.zeros(1)}
    SGD(1.0, 0.0, clip=10.0).step(params, {"a": np.array([3.0])})
    assert params["a"][0] == -3


def test_a_parameter_without_gradient_is_neither_moved_nor_remembered():
    params, optimiser = {"used": np.ones(2), "later": np.ones(2)}, SGD(0.1, 0.9)
    optimiser.step(params, {"used": np.ones(2)})
    assert (params["later"] == 1).all() and optimiser.velocity.keys() == {"used"}


def test_a_velocity_rests_in_a_step_without_a_gradient():
    params, optimiser = {"a": np.ones(2), "b": np.ones(2)}, SGD(0.1, 0.9)
    optimiser.step(params, {"a": np.ones(2), "b": np.ones(2)})
    rests, velocity = params["b"].copy(), optimiser.velocity["b"].copy()
    optimiser.step(params, {"a": np.ones(2)})
    assert (params["b"] == rests).all() and (optimiser.velocity["b"] == velocity).all()


def test_updates_are_in_place_and_keep_single_precision():
    w = np.ones(3, np.float32)
    params = {"w": w}
    SGD(0.1, 0.9, clip=0.5).step(params, {"w": np.ones(3, np.float32)})
    assert params["w"] is w and w.dtype == np.float32 and (w < 1).all()


def test_a_quadratic_is_minimised():
    params, optimiser = {"w": np.array([5.0, -3.0])}, SGD(0.05, 0.9)
    for _ in range(300):
        optimiser.step(params, {"w": params["w"] * np.array([1.0, 4.0])})
    np.testing.assert_allclose(params["w"], 0, atol=1e-4)


def test_decay():
    assert [decayed(1.0, 0.5, 2, epoch) for epoch in range(5)] == [1, 1, 0.5, 0.5, 0.25]
    assert decayed(1.5e-3, 0.95, 1, 10) == pytest.approx(1.5e-3 * 0.95**10)


@pytest.mark.parametrize("clip", [None, 0.5])
def test_a_gradient_that_is_not_multiplied_out(clip):
    """The same step as with the product itself, its norm included, over several pieces of rows."""
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((5, PIECE // 3)), rng.standard_normal((5, 4))
    outcomes = []
    for gradient in (x.T @ dy, Product(x, dy)):
        params, optimiser = {"w": np.ones((x.shape[1], 4)), "b": np.ones(3)}, SGD(0.1, 0.9, clip)
        for _ in range(2):
            optimiser.step(params, {"w": gradient, "b": np.ones(3)})
        outcomes.append(params | {"v": optimiser.velocity["w"]})
    for name, value in outcomes[0].items():
        np.testing.assert_allclose(outcomes[1][name], value, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("shape", [(1, PIECE + 1), (2, PIECE), (PIECE + 1,), (3, 2)])
def test_rows_that_are_longer_than_a_piece_come_one_at_a_time(shape):
    params, optimiser = {"w": np.zeros(shape)}, SGD(0.5, 0.0)
    optimiser.step(params, {"w": np.ones(shape)})
    assert (params["w"] == -0.5).all() and (optimiser.velocity["w"] == -0.5).all()


def test_gradients_of_zero_are_clipped_to_zero():
    params = {"p": np.ones((2, 3))}
    SGD(0.1, 0.9, clip=1.0).step(params, {"p": np.zeros((2, 3))})
    assert (params["p"] == 1).all()


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.0.0", reason="the stand-in is for CuPy 14")
def test_a_step_on_a_gpu_is_that_on_the_processor():
    rng = np.random.default_rng(0)
    params = {"w": rng.standard_normal((4, 3)), "b": rng.standard_normal(3)}
    gradients = [{name: rng.standard_normal(value.shape) for name, value in params.items()} for _ in range(3)]
    wanted, ours = {name: value.copy() for name, value in params.items()}, SGD(0.1, 0.9, clip=1.0)
    for g in gradients:
        ours.step(wanted, g)
    with strict_cupy.installed() as cupy:
        optim._kernel.cache_clear()
        found, theirs = {name: cupy.asarray(value) for name, value in params.items()}, SGD(0.1, 0.9, clip=1.0)
        for g in gradients:
            theirs.step(found, {name: cupy.asarray(value) for name, value in g.items()})
        for name, value in wanted.items():
            np.testing.assert_allclose(cupy.asnumpy(found[name]), value, rtol=1e-12)
            np.testing.assert_allclose(cupy.asnumpy(theirs.velocity[name]), ours.velocity[name], rtol=1e-12)
    optim._kernel.cache_clear()
