"""Where CuPy is not NumPy on another machine: what its source does, of the version that the stand-in models."""

import numpy as np
import pytest

from tests import strict_cupy
from tests.strict_cupy import TransferError, counts, no_transfers


@pytest.fixture
def cupy():
    with strict_cupy.installed() as module:
        yield module


def cost(work):
    """Launches by name, allocations, and the most bytes beyond those in use before."""
    counts.reset()
    before = counts.used
    kept = work()
    return dict(counts.kernels), counts.allocations, counts.peak - before, kept


def test_it_says_which_version_it_models(cupy):
    assert cupy.__version__ == strict_cupy.MODELLED == "14.2.0" and cupy.is_available()


# --- ufuncs: _kernel.pyx, _memory_range.pyx ---------------------------------------------------------------------------


def test_what_overlaps_the_output_is_copied_first(cupy):
    """Overlap is that of the bytes from the first to the last element; only the very object `out` is not copied."""
    z = cupy.asarray(np.arange(30.0).reshape(5, 6))
    kernels, allocations, peak, _ = cost(lambda: cupy.multiply(z[:, :2], z[:, 2:4], out=z[:, 4:]))
    assert kernels == {"multiply": 1, "copy": 2} and allocations == 2 and peak == 2 * 512
    assert np.array_equal(z.get()[:, 4:], z.get()[:, :2] * z.get()[:, 2:4])
    assert cost(lambda: cupy.multiply(z[0], 2, out=z[0]))[0] == {"multiply": 1, "copy": 1}
    row = z[0]
    assert cost(lambda: cupy.multiply(row, 2, out=row))[0] == {"multiply": 1}
    assert cost(lambda: cupy.multiply(z[0], z[1], out=z[2]))[0] == {"multiply": 1}

    def in_place():
        z[1:] *= 2
        z[:, 1] += z[:, 0]  # shares bounds with what it is added to

    assert cost(in_place)[0] == {"multiply": 1, "add": 1, "copy": 1}


def test_a_copy_within_one_array_goes_through_memory_of_its_own(cupy):
    x = cupy.asarray(np.arange(6.0).reshape(2, 3))

    def turned():
        x[:, :2] = x[:, :2].T

    kernels, allocations, _, _ = cost(turned)
    assert kernels == {"copy": 2} and allocations == 1 and x.tolist() == [[0, 3, 2], [1, 4, 5]]


def test_a_copy_onto_the_same_bytes_is_none_whatever_the_type(cupy):
    x = cupy.ones(3, "f")
    x[...] = x.view("i")
    assert x.tolist() == [1, 1, 1]


def test_ufuncs_take_a_casting_rule(cupy):
    whole, x = cupy.zeros(3, "i"), cupy.asarray([1.5, 2.5, -3.5])
    with pytest.raises(TypeError, match="same_kind"):
        cupy.multiply(x, 2, out=whole)
    assert cupy.multiply(x, 2, out=whole, casting="unsafe").tolist() == [3, 5, -7]


# --- powers: _routines_math.pyx, cpow.h, core.pyx ---------------------------------------------------------------------


def test_a_complex_power_is_an_exponential_unless_it_is_a_square(cupy):
    z = cupy.asarray([-2 + 1e-30j])
    by_exp = np.exp(3 * np.log(-2 + 1e-30j))
    for power in (z**3, cupy.power(z, 3), z ** np.int64(3), z ** cupy.asarray([3])):
        assert power.dtype == "D" and power.item() == by_exp and power.item().imag > 1e-15  # the truth: 1.2e-29
    assert (z**2).item() == (-2 + 1e-30j) ** 2 and (z**2).item().imag == -4e-30
    for no_square in (cupy.power(z, 2), z ** np.int64(2)):
        assert no_square.item().imag < -1e-16
    z **= 2  # in place there are no special cases
    assert z.item().imag < -1e-16
    assert (cupy.zeros(2, "D") ** 0).tolist() == [1, 1] and (2 ** cupy.asarray([3j])).item() == np.exp(3j * np.log(2))


def test_which_powers_have_functions_of_their_own(cupy):
    x = cupy.asarray([4.0, 9.0])
    for power, name, value in ((2, "square", [16, 81]), (2.0, "square", [16, 81]), (0.5, "sqrt", [2, 3]),
                               (-1.0, "reciprocal", [1 / 4, 1 / 9]), (3, "power", [64, 729]),
                               (-1, "power", [1 / 4, 1 / 9])):  # fmt: skip
        kernels, _, _, found = cost(lambda power=power: x**power)
        assert kernels == {name: 1} and np.allclose(found.get(), value)
    assert (cupy.arange(3) ** 2.0).dtype == float and (cupy.arange(3) ** 2).dtype == int
    assert (cupy.asarray([True]) ** 2).dtype == np.int64


def test_a_negative_power_of_integers_is_no_error(cupy):
    x = cupy.asarray([-2, -1, 0, 1, 2])
    assert (x**-1).tolist() == [0, -1, 0, 1, 0] and (x**-2).tolist() == [0, 1, 0, 1, 0]
    assert (x ** cupy.asarray([3, -3, 2, -1, -1])).tolist() == [-8, -1, 0, 1, 0] and (x**-1).dtype == x.dtype


# --- layouts: _reduction.pyx, cub.pyx, _routines_manipulation.pyx, _routines_indexing.pyx -----------------------------


def test_layouts_of_reductions(cupy):
    x = cupy.asarray(np.arange(24.0, dtype="f").reshape(2, 3, 4))
    for reduced, value in (
        (x.transpose(1, 0, 2).mean(axis=2), x.get().transpose(1, 0, 2).mean(axis=2)),
        (x.T.sum(axis=2), x.get().T.sum(axis=2)),
        (x.T.max(axis=1), x.get().T.max(axis=1)),
        (x.T.any(axis=0), x.get().T.any(axis=0)),  # CUB is not asked
        (x.T.sum(axis=0, dtype="d"), x.get().T.sum(axis=0)),  # nor for another type
    ):
        assert reduced.flags.c_contiguous and not reduced.flags.fnc and np.array_equal(reduced.get(), value)
    for by_cub in (x.T.sum(axis=0), x.T.mean(axis=0), x.T.max(axis=(0,)), x.T.min(axis=0), x.T.prod(axis=0)):
        assert by_cub.flags.fnc and by_cub.shape == (3, 2)  # `rows` of it is a copy, of the others a view
    assert np.array_equal(x.T.mean(axis=0).get(), x.get().T.mean(axis=0))


def test_what_reductions_cost(cupy):
    x = cupy.ones((3, 4), "f")
    out, one = cupy.empty(3, "f"), cupy.empty((), "f")
    for work, kernels in (
        (lambda: x.sum(), {"sum": 1}),
        (lambda: x.T.sum(), {"copy": 1, "sum": 1}),  # CUB reads C order
        (lambda: x[:, 1:].sum(), {"sum": 1}),  # not by CUB
        (lambda: x.sum(axis=1, out=out), {"sum": 1, "copy": 1}),
        (lambda: x[:, 1:].sum(axis=1, out=out), {"sum": 1}),
        (lambda: x.sum(out=one), {"sum": 1, "copy": 1}),
        (lambda: x.mean(), {"sum": 1, "true_divide": 1}),
        (lambda: x[:, 1:].mean(axis=1), {"mean": 1}),
        (lambda: x.mean(dtype="d"), {"mean": 1, "copy": 1}),
        (lambda: cupy.ones(3, "i").mean(), {"mean": 1, "copy": 1}),
        (lambda: x.var(), {"sum": 1, "true_divide": 1, "var": 1}),
        (lambda: x.std(axis=0), {"mean": 1, "var": 1, "sqrt": 1}),
    ):
        found = cost(work)[0]
        found.pop("fill", 0)
        assert found == kernels


def test_min_does_not_take_out_where_cub_reduces(cupy):
    """Two arguments are exchanged on the way there; max takes it."""
    x, out = cupy.ones((3, 4)), cupy.empty(3)
    with pytest.raises(TypeError):
        x.min(axis=1, out=out)
    assert x.max(axis=1, out=out) is out and x.min(axis=0, out=cupy.empty(4)).shape == (4,)


def test_what_is_joined_or_taken_is_in_c_order(cupy):
    x = cupy.asarray(np.arange(6.0).reshape(2, 3))
    places = cupy.asarray([2, 0])
    for made, value in (
        (cupy.concatenate([x.T, x.T]), np.concatenate([x.get().T] * 2)),
        (cupy.concatenate([x.T] * 9, axis=1), np.concatenate([x.get().T] * 9, axis=1)),
        (cupy.stack([x.T, x.T], axis=2), np.stack([x.get().T] * 2, axis=2)),
        (x.T[places], x.get().T[[2, 0]]),
        (x.T.take(places, axis=0), x.get().T[[2, 0]]),
        (x.T[x.T[:, 0] > 0], x.get().T[[1, 2]]),
        (cupy.where(x.T > 1, x.T, 0), np.where(x.get().T > 1, x.get().T, 0)),
    ):
        assert made.flags.c_contiguous and np.array_equal(made.get(), value)
    assert cupy.zeros_like(x.T).flags.fnc and x.T.astype("f").flags.fnc and not x.T.copy().flags.fnc
    with pytest.raises(TypeError, match="zero-dimensional"):
        cupy.concatenate([x.sum()])
    with pytest.raises(TransferError), no_transfers():
        x.take([0, 1])


# --- arrays from elsewhere: core.pyx, _creation/from_data.py, _manipulation/basic.py ----------------------------------


def test_copies_that_were_forbidden(cupy):
    x = cupy.ones((2, 3), "f")
    assert cupy.array(x, copy=False) is x is cupy.array(x, copy=None) is cupy.asarray(x) is cupy.asarray(x, copy=False)
    for make, how in ((cupy.array, {"dtype": "d"}), (cupy.asarray, {"dtype": "d"}), (cupy.array, {"order": "F"})):
        with pytest.raises(ValueError, match="Unable to avoid copy"):
            make(x, copy=False, **how)
        assert make(x, copy=None, **how) is not x
    assert cupy.asarray(x, "d").dtype == "d" and cupy.array(x) is not x and cupy.asarray(x, copy=True) is not x
    assert x.astype("f", copy=False) is x and x.astype("d", copy=False).dtype == "d"
    assert x.T.astype("f", "C", copy=False).flags.c_contiguous  # another order is a copy, too
    host = np.ones(3)
    assert cupy.array(host, copy=False).shape == cupy.asarray(host, copy=False, blocking=True).shape == (3,)


def test_the_host_sends_c_or_f_order(cupy):
    host = np.arange(24.0, dtype="f").reshape(2, 3, 4)
    assert cupy.asarray(host.transpose(1, 0, 2)).strides == (32, 16, 4)
    assert cupy.asarray(host.T).flags.fnc and cupy.asarray(host.T, order="C").flags.c_contiguous
    assert cupy.asarray(host[:, ::2]).flags.c_contiguous and cupy.array(host.tolist(), "f", order="F").flags.fnc
    device = cupy.asarray(host).transpose(1, 0, 2)
    assert cupy.array(device).strides == device.strides  # on the device the order is kept


def test_copyto_follows_a_casting_rule(cupy):
    whole, x = cupy.zeros(3, "i"), cupy.asarray([1.5, 2.5, 3.5])
    for source in (x, 1.5, np.float64(2), np.ones(1)):
        with pytest.raises(TypeError):
            cupy.copyto(whole, source)
    cupy.copyto(whole, x, casting="unsafe")
    assert whole.tolist() == [1, 2, 3]
    cupy.copyto(whole, 9, where=x > 2)
    assert whole.tolist() == [1, 9, 9]
    with pytest.raises(ValueError, match="non-scalar"):
        cupy.copyto(whole, np.ones(3, "i"))


def test_flags(cupy):
    x = cupy.ones((2, 3))
    assert not x.flags.fnc and x.T.flags.fnc and x.flags.forc and x.T.flags.forc and not x[:, 1:].flags.forc
    assert x.flags["C_CONTIGUOUS"] and x.T.flags["F_CONTIGUOUS"] and not x.T.flags["OWNDATA"]
    with pytest.raises(KeyError):
        x.flags["WRITEABLE"]


# --- products: _routines_linalg.pyx -----------------------------------------------------------------------------------


def test_what_products_cost(cupy):
    x, v = cupy.ones((3, 3), "f"), cupy.ones(3, "f")
    deep, other = cupy.ones((4, 3, 3), "f"), cupy.ones((3, 3))
    for work, kernels, allocations in (
        (lambda: x @ x, {"matmul": 1}, 1),
        (lambda: cupy.matmul(x, x, out=x), {"matmul": 1, "copy": 1}, 1),  # an own buffer
        (lambda: cupy.matmul(x[:2], x, out=x[1:]), {"matmul": 1, "copy": 1}, 1),
        (lambda: x @ other, {"matmul": 1, "copy": 1}, 2),  # the other type is converted first
        (lambda: cupy.dot(v, v), {"multiply": 1, "sum": 1, "copy": 1}, 3),  # a product of 1 x 1
        (lambda: cupy.vdot(x, x), {"multiply": 1, "sum": 1, "copy": 1}, 3),
        (lambda: cupy.matmul(deep, deep, out=deep), {"matmul": 1, "copy": 1}, 1),
        (lambda: deep @ x, {"matmul": 1, "pointers": 3}, 1),
        (lambda: cupy.tensordot(deep, deep, ([1], [1])), {"matmul": 1, "copy": 2}, 3),
        (lambda: cupy.ones((3, 3), int) @ cupy.ones((3, 3), int).T, {"matmul": 1, "copy": 1, "fill": 2}, 4),
    ):
        found, allocated, _, _ = cost(work)
        assert (found, allocated) == (kernels, allocations)


def test_products_compute_what_numpy_computes(cupy):
    rng = np.random.default_rng(0)
    a, b, v = (rng.standard_normal(shape) for shape in ((4, 2, 3), (5, 3, 2), (3,)))
    A, B, V = map(cupy.asarray, (a, b, v))
    for found, value in (
        (cupy.dot(A, B), np.dot(a, b)), (cupy.dot(A, V), np.dot(a, v)), (V @ B[0], v @ b[0]), (A @ V, a @ v),
        (cupy.tensordot(A, B, ([1, 2], [2, 1])), np.tensordot(a, b, ([1, 2], [2, 1]))),
        (A[:, None] @ B, a[:, None] @ b),
        (cupy.tensordot(A, B, 0), np.tensordot(a, b, 0)), (cupy.dot(A[:, :, 0].T, A[:, 0]), a[:, :, 0].T @ a[:, 0]),
        (cupy.vdot(A * 1j, A), np.vdot(a * 1j, a)), (V @ B, v @ b),
    ):  # fmt: skip
        assert found.shape == value.shape and np.allclose(found.get(), value) and found.flags.c_contiguous
    whole = np.arange(12).reshape(3, 4)
    for left, right in ((whole, whole.T), (whole.T, whole)):
        assert np.array_equal((cupy.asarray(left) @ cupy.asarray(right)).get(), left @ right)
    assert (cupy.ones((2, 0)) @ cupy.ones((0, 3))).tolist() == [[0] * 3] * 2


def test_of_the_output_of_a_product_the_size_counts(cupy):
    x = cupy.asarray(np.arange(6.0).reshape(2, 3))
    for product in (cupy.dot, cupy.matmul):
        for shape in ((4,), (1, 2, 2), (4, 1)):
            out = cupy.empty(shape)
            assert product(x, x.T, out=out) is out and out.ravel().tolist() == [5, 14, 14, 50]
        with pytest.raises(ValueError, match="invalid size"):
            product(x, x.T, out=cupy.empty((2, 3)))
    with pytest.raises(ValueError, match="invalid size"):
        cupy.matmul(x[None], x.T, out=cupy.empty(4))  # in a stack of products the shape does


# --- what else there is: _generator_api.pyx, _routines_indexing.pyx ---------------------------------------------------


def test_random_numbers_of_other_kinds(cupy):
    rng = cupy.random.default_rng(0)
    assert rng.random(5, dtype="float16").dtype == "e"
    with pytest.raises(TypeError, match="float16"):
        rng.standard_normal(5, dtype="float16")
    dice = rng.integers(1, 6, size=1000, dtype="int32", endpoint=True)
    assert dice.dtype == "i" and set(dice.tolist()) == {1, 2, 3, 4, 5, 6} and rng.integers(4).shape == ()
    with pytest.raises(ValueError):
        rng.integers(3, 3)
    with pytest.raises(ValueError, match="must match"):
        rng.random(4, out=cupy.empty(3))


def test_random_numbers_into_an_array_need_its_size(cupy):
    """CuPy draws `size` numbers, which is one if none is given, and copies them into `out`."""
    rng, out = cupy.random.default_rng(0), cupy.empty(100)
    assert len(set(rng.random(out=out).tolist())) == 1
    assert len(set(rng.random(100, out=out).tolist())) == 100 == len(set(rng.standard_normal(out=out).tolist()))


def test_sums_at_places_named_twice(cupy):
    x, places = cupy.zeros(3, "f"), cupy.asarray([0, 2, 0])
    cupy.add.at(x, places, 1)
    assert x.tolist() == [2, 0, 1]
    with pytest.raises(TypeError, match="does not support"):
        cupy.add.at(cupy.zeros(3, "D"), places, 1)
    with pytest.raises(AttributeError):
        cupy.multiply.at(x, places, 2)  # CuPy: NotImplementedError


def test_spread(cupy):
    host = np.random.default_rng(0).standard_normal((3, 4))
    for name in ("var", "std"):
        for how in ({}, {"axis": 1}, {"axis": 0, "ddof": 1, "keepdims": True}):
            assert np.allclose(getattr(cupy.asarray(host), name)(**how).get(), getattr(host, name)(**how))
    assert cupy.std(cupy.arange(4)).dtype == float and cupy.var(cupy.ones(2, "F")).dtype == "f"
