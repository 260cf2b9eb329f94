"""The strict stand-in for CuPy itself: what it refuses, what it counts, and that it computes what NumPy computes."""

import copy
import sys

import numpy as np
import pytest

from gca_scratch.network import arrays
from gca_scratch.network.gca_lstm import GCALSTM, INITIAL_MEMORIES, loss_and_gradients
from gca_scratch.training.optim import SGD
from tests import strict_cupy
from tests.strict_cupy import TransferError, counts, no_transfers


@pytest.fixture
def cupy():
    with strict_cupy.installed() as module:
        yield module


@pytest.fixture
def x(cupy):
    """2 x 3 floats on the device, the counts at zero."""
    array = cupy.asarray(N)
    counts.reset()
    return array


N = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_it_is_cupy_while_installed_and_gone_after():
    before = sys.modules.get("cupy")
    with strict_cupy.installed() as cupy:
        assert sys.modules["cupy"] is cupy is arrays.module_for("cuda")
        assert arrays.array_module(cupy.ones(3)) is cupy and arrays.to_device(N, cupy).shape == (2, 3)
        assert isinstance(arrays.to_host(cupy.ones(3)), np.ndarray)
        with pytest.raises(AttributeError, match="RawKernel"):
            cupy.RawKernel  # noqa: B018
    assert sys.modules.get("cupy") is before


def test_numpy_and_device_arrays_do_not_mix(cupy, x):
    mixed = [
        lambda: x + N, lambda: N + x, lambda: x == N, lambda: x > N, lambda: N - x, lambda: x @ N.T, lambda: N.T @ x,
        lambda: cupy.add(x, N), lambda: cupy.add(x, x, out=N.copy()), lambda: np.add(x, N), lambda: cupy.tanh(N),
        lambda: cupy.matmul(x, N.T), lambda: cupy.vdot(x, N), lambda: cupy.dot(N, x), lambda: cupy.where(x > 0, x, N),
        lambda: cupy.concatenate([x, N]), lambda: cupy.stack([x, N]), lambda: cupy.array([x, N]),
        lambda: x.sum(axis=0, out=np.zeros(3)), lambda: cupy.sum(N), lambda: cupy.reshape(N, -1),
        lambda: x.__iadd__(N), lambda: N.copy().__iadd__(x), lambda: x + [1, 2, 3], lambda: x == None,  # noqa: E711
    ]  # fmt: skip
    for attempt in mixed:
        with pytest.raises(TypeError):
            attempt()
    assert counts.launches == 1  # x > 0
    with pytest.raises(TypeError, match=r"Unsupported type <class 'numpy.ndarray'>"):
        x * N


def test_nothing_becomes_a_numpy_array_unasked(cupy, x):
    host = np.zeros((2, 3))
    for attempt in (lambda: np.asarray(x), lambda: np.array(x), lambda: host.__setitem__(0, x[0]), lambda: host[x],
                    lambda: np.testing.assert_array_equal(x, N), lambda: np.float32(x[0, 0])):  # fmt: skip
        with pytest.raises(TypeError, match=r"use `\.get\(\)`"):
            attempt()
    for attempt in (lambda: np.tanh(x), lambda: np.sum(x), lambda: np.concatenate([x, x]), lambda: np.linalg.norm(x)):
        with pytest.raises(TypeError, match="own module"):
            attempt()
    with pytest.raises(TypeError):
        hash(x)
    with pytest.raises(TypeError):
        range(9)[cupy.arange(3)[1]]  # no __index__


def test_values_from_the_host_are_not_assigned(cupy, x):
    for value in (N, N[0], [1, 2, 3]):
        with pytest.raises(ValueError, match="non-scalar"):
            x[...] = value
    with pytest.raises(ValueError, match="object"):
        cupy.asarray(np.array([None]))
    with pytest.raises(ValueError, match="object"):
        cupy.empty(3, dtype=object)
    with no_transfers():
        x[0], x[1, 1:] = np.float32(7), x[0, 1:]
    assert x.tolist() == [[7, 7, 7], [3, 7, 7]]


def test_numbers_of_numpy_are_numbers(x):
    for y, dtype in ((np.float32(2) * x, "f"), (x * np.float64(2), "d"), (2.0 * x, "f"), (1 - x, "f"), (x + 1j, "F")):
        assert type(y) is type(x) and y.dtype == dtype
    assert (np.float32(2) < x).dtype == bool


def test_transfers_are_counted_and_forbidden(cupy, x):
    flag = cupy.ones((), bool)
    counts.reset()
    to_host = [
        x.get, lambda: cupy.asnumpy(x), x[0, 0].item, x.tolist, lambda: float(x[0, 0]), lambda: int(x[0, 1]),
        lambda: bool(flag), lambda: complex(x[0, 0]), lambda: repr(x), lambda: str(x), lambda: f"{x[0, 0]:.1f}",
        lambda: x[x > 1],
    ]  # fmt: skip
    for n, read in enumerate(to_host, 1):
        with pytest.raises(TransferError), no_transfers():
            read()
        read()
        assert (counts.to_host, counts.synchronisations, counts.to_device) == (n, n, 0)
    to_device = [
        lambda: cupy.asarray(N), lambda: cupy.array([1.0, 2.0]), lambda: x.set(N), lambda: x[[0, 1]],
        lambda: x[np.array([1, 0])], lambda: x[:, np.array([0, 2])], lambda: cupy.concatenate([x] * 9),
    ]  # fmt: skip
    counts.reset()
    for n, send in enumerate(to_device, 1):
        with pytest.raises(TransferError), no_transfers():
            send()
        send()
        assert (counts.to_host, counts.synchronisations, counts.to_device) == (0, 0, n)
    with no_transfers():  # none of these is one
        _ = [cupy.full(2, 3.0), cupy.zeros(3), cupy.arange(4), cupy.asarray(2.0), x[np.int64(1)], len(x)]
        assert cupy.array([x[0], x[1]]).shape == (2, 3) and list(x)[1].shape == (3,) and list(x[0])[1].shape == ()
    with pytest.raises(ValueError, match="ambiguous"):
        bool(x)


def test_launches_are_counted(cupy, x):
    def launches(work):
        counts.reset()
        work()
        return counts.launches

    deep = cupy.ones((4, 2, 3))
    assert launches(lambda: (x.T, x[1:], x.reshape(-1), x[None], x.real, x.view(), cupy.split(x, 3, axis=1))) == 0
    assert launches(lambda: x + x) == launches(lambda: x.sum()) == launches(lambda: x @ x.T) == 1
    assert launches(lambda: x.T.reshape(-1)) == launches(lambda: x.copy()) == launches(lambda: cupy.zeros(3)) == 1
    assert launches(lambda: x[:0] + 1) == 0
    assert launches(lambda: x.__setitem__(slice(1), x[:1])) == 0  # as the end of `x[:1] += y`
    assert launches(lambda: x[:, :2] @ x[:, 1:].T) == 3  # some columns of a matrix are copied first
    assert launches(lambda: cupy.matmul(x, x.T, out=cupy.empty((4, 2), "f")[::2])) == 2  # and so is the result
    assert launches(lambda: deep @ deep.swapaxes(1, 2)) == 2  # in a stack a transposed operand, too
    assert launches(lambda: cupy.concatenate([x, x, x])) == 3


def test_memory_is_counted(cupy):
    pool = cupy.get_default_memory_pool()
    start = pool.used_bytes()
    a = cupy.empty(1 << 20, cupy.float32)
    view = a[5:]
    assert counts.largest == 4 << 20 and pool.used_bytes() == start + (4 << 20) and np.isnan(a[:3].get()).all()
    del a
    assert pool.used_bytes() == start + (4 << 20)
    del view
    assert pool.used_bytes() == start and pool.total_bytes() == start + (4 << 20)
    pool.free_all_blocks()
    assert pool.total_bytes() == start


def test_views_share_memory_and_writes_go_through(cupy, x):
    assert x.base is None and x[1:].base is x and x.T[0].base is x and x.flags.owndata
    assert type(x[0, 0]) is type(x) and x[0, 0].shape == () and x[-1, 2].item() == 5
    x[0][1:] += 10
    x.T[2] *= 2
    x.reshape(-1)[3] = -1
    part = x[1]
    part -= x[0, 0]
    assert x.tolist() == [[0, 11, 24], [-1, 4, 10]]
    z = x.astype(cupy.complex64)
    z.real[...] = 1
    assert z.dtype == "F" and z.real.get().min() == 1 and x.imag.get().max() == 0
    assert (x.T + 1).flags.c_contiguous  # NumPy would keep the order of x.T
    other = copy.deepcopy(x)
    other.fill(0)
    assert other.get().max() == 0 and x.get().max() == 24
    with pytest.raises(AttributeError):
        x.flags.writeable  # noqa: B018


def test_what_is_broadcast_is_written_through(cupy, x):
    """CuPy has no read-only memory."""
    wide = cupy.broadcast_to(x, (2, 2, 3))
    with pytest.raises(ValueError, match="race"):
        wide += 1  # each element would be read and written twice
    with pytest.raises(ValueError, match="race"):
        wide[...] = x
    wide[1, 0, 1:] = 9
    assert x.tolist() == [[0, 9, 9], [3, 4, 5]]
    wide[...] = cupy.asarray(7.0)
    assert x.tolist() == [[7] * 3] * 2


def test_what_a_gpu_leaves_undefined_is_refused(cupy, x):
    with pytest.raises(ValueError, match="shifted"):
        x.reshape(-1)[1:] = x.reshape(-1)[:-1]
    with pytest.raises(ValueError, match="twice"):
        x[cupy.asarray([0, 0])] = cupy.zeros((2, 3))
    with pytest.raises(IndexError):
        x[cupy.asarray([0, 2])]
    with pytest.raises(IndexError):
        x[1.0]


def test_indexing_with_arrays(cupy, x):
    rows, columns = cupy.asarray([1, 0]), cupy.asarray([2, 1])
    with no_transfers():
        picked = x[rows, columns]
        x[rows, columns] -= 1
    assert picked.tolist() == [5, 1] and x.tolist() == [[0, 0, 2], [3, 4, 4]]
    assert x[:, columns].shape == (2, 2) and x[x > 3].tolist() == [4, 4]
    x[x > 3] = 0
    assert x.get().max() == 3


def test_reductions_stay_on_the_device(cupy, x):
    with no_transfers():
        results = [x.sum(), x.mean(axis=0), x.max(axis=1, keepdims=True), cupy.argmax(x, axis=1), x.min(), cupy.any(x)]
        out = x.sum(axis=1, out=cupy.empty(2, "f"))
        total = sum(cupy.vdot(a, a) for a in (x, x))
    assert all(type(r) is type(x) for r in results)
    assert [r.shape for r in results] == [(), (3,), (2, 1), (2,), (), ()] and results[3].dtype == np.int64
    assert out.tolist() == [3, 12] and total.item() == 110
    with pytest.raises(ValueError, match="mismatched"):
        x.sum(axis=1, out=cupy.empty(3, "f"))
    with pytest.raises(TypeError):
        x.sum(axis=1, out=cupy.empty(2, "i"))


def test_out_has_the_right_shape_and_a_type_that_fits(cupy, x):
    for out, error in ((cupy.empty((3, 2), "f"), ValueError), (cupy.empty((2, 3), "i"), TypeError), (7, TypeError)):
        with pytest.raises(error):
            cupy.exp(x, out=out)
    y = cupy.empty((2, 3), "d")
    assert cupy.exp(x, out=y) is y and cupy.add(x, 1, y) is y and y.get().max() == 6
    integers = cupy.arange(3)
    with pytest.raises(TypeError):
        integers += 0.5


@pytest.mark.parametrize("dtype", "fdFD")
def test_products(cupy, dtype):
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape).astype(dtype) for shape in ((4, 2, 3), (3, 5)))
    A, B = cupy.asarray(a), cupy.asarray(b)
    out = cupy.zeros((4, 2, 10), dtype)[..., ::2]  # any layout will do
    assert cupy.matmul(A, B, out=out) is out and np.allclose(out.get(), a @ b)
    assert np.allclose((A[0] @ B).get(), a[0] @ b) and np.allclose(A[0].dot(B[:, 0]).get(), a[0] @ b[:, 0])
    assert np.allclose(cupy.tensordot(A, B, 1).get(), np.tensordot(a, b, 1))
    assert np.allclose(cupy.vdot(B, B).get(), np.vdot(b, b))
    for bad, error in (
        (lambda: A @ A, ValueError), (lambda: A[0] @ A[0], ValueError), (lambda: A @ A[0, 0, 0], ValueError),
        (lambda: cupy.matmul(A, B, out=cupy.empty((4, 2, 4), dtype)), ValueError),
        (lambda: cupy.dot(A[0], B, out=cupy.empty((2, 10), dtype)[:, ::2]), ValueError),
        (lambda: cupy.dot(A[0], B, out=cupy.empty((2, 5), "e")), ValueError),
        (lambda: cupy.matmul(A, B, out=cupy.empty((4, 2, 5), "i")), TypeError),
    ):  # fmt: skip
        with pytest.raises(error):
            bad()


def test_functions_compute_what_numpy_computes(cupy, x):
    for name in ("square", "sqrt", "exp", "tanh", "negative", "isfinite", "abs"):
        assert np.allclose(getattr(cupy, name)(x).get(), getattr(np, name)(N)), name
    assert np.isinf(cupy.log(x).get()[0, 0])  # and no warning
    assert np.allclose(cupy.where(x > 2, x, 0).get(), np.where(N > 2, N, 0))
    assert np.allclose(cupy.clip(x, 1, 2).get(), N.clip(1, 2)) and cupy.maximum(x, 2).dtype == "f"
    assert np.allclose(cupy.stack([x, x], axis=1).get(), np.stack([N, N], axis=1))
    assert np.allclose(cupy.moveaxis(x, 0, 1).get(), N.T) and cupy.zeros_like(x).shape == x.shape
    assert cupy.result_type(x, cupy.float64) == "d" and cupy.ascontiguousarray(x) is x and cupy.asarray(x) is x
    assert [part.shape for part in cupy.split(x, 3, axis=1)] == [(2, 1)] * 3
    assert cupy.full((2,), 3).dtype == np.int64 and cupy.ones_like(x, dtype="d").get().sum() == 6


def test_random_numbers(cupy):
    rng = cupy.random.default_rng(3)
    with no_transfers():
        u, z = rng.random((4, 5), dtype="float32"), rng.standard_normal(7, dtype=cupy.float64)
    assert u.dtype == "f" and u.shape == (4, 5) and z.dtype == "d" and 0 <= u.get().min() <= u.get().max() < 1
    same = cupy.random.default_rng(3).random((4, 5), dtype="float32")
    assert (u == same).get().all()
    with pytest.raises(TypeError, match="wrong type"):
        rng.random(out=cupy.empty(3, "f"))


def test_streams_and_events(cupy):
    assert cupy.cuda.runtime.getDeviceCount() == 1
    start, end = cupy.cuda.Event(), cupy.cuda.Event()
    with cupy.cuda.Stream(non_blocking=True) as stream:
        start.record(), end.record(stream)
    assert not end.done
    with pytest.raises(RuntimeError, match="NotReady"):
        cupy.cuda.get_elapsed_time(start, end)
    for wait in (end.synchronize, stream.synchronize, cupy.cuda.Device().synchronize):
        with pytest.raises(TransferError), no_transfers():
            wait()
        wait()
    assert counts.synchronisations == 3 and cupy.cuda.get_elapsed_time(start, end) >= 0
    assert np.frombuffer(cupy.cuda.alloc_pinned_memory(8), np.float32).shape == (2,)


@pytest.mark.parametrize("initial", INITIAL_MEMORIES)
def test_a_training_step_runs_on_it_as_on_numpy(cupy, initial):
    """With the plain schedule: the sweeps that are made for speed have tests of their own."""
    network = GCALSTM(3, 4, channels=3, classes=4, hidden=5, iterations=2, initial=initial, schedule="raster")
    rng = np.random.default_rng(1)
    params, masks = network.init(rng, np.float64), network.masks(rng, 2, np.float64)
    x, y = rng.standard_normal((2, 4, 3, 3)), np.array([1, 3])
    loss, gradients, _ = loss_and_gradients(network, params, x, y, masks)
    device = {name: cupy.asarray(value) for name, value in params.items()}
    masks = {name: cupy.asarray(value) for name, value in masks.items()}
    found, found_gradients, _ = loss_and_gradients(network, device, cupy.asarray(x), cupy.asarray(y), masks)
    with no_transfers():
        SGD(0.1, 0.9, clip=0.5).step(device, found_gradients)
    SGD(0.1, 0.9, clip=0.5).step(params, gradients)
    assert found.shape == () and np.isclose(float(found), loss)
    for name, gradient in gradients.items():
        assert np.allclose(found_gradients[name].get(), gradient), name
        assert np.allclose(device[name].get(), params[name]), name
