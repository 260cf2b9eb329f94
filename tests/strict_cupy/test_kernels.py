"""ElementwiseKernel of the strict stand-in for CuPy, against NumPy and against CuPy's rules."""

import numpy as np
import pytest

from tests import strict_cupy
from tests.strict_cupy import CompileException, TransferError, counts, kernels, no_transfers


@pytest.fixture
def cupy():
    with strict_cupy.installed() as module:
        yield module


def numbers(shape, dtype="f", seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("dtype", "fd")
def test_the_source_is_run_with_broadcasting_functions_and_numbers(cupy, dtype):
    kernel = cupy.ElementwiseKernel(
        "T x, T y, float64 scale", "T z, bool positive",
        "T s = sigmoid(x); z = fma(s, tanh(y), (T)scale) + min(x, y) - max(x, (T)0) + rsqrt(abs(y)); positive = z > 0",
        "fused", preamble="__device__ __forceinline__ T sigmoid(T x) { return (T)1 / ((T)1 + exp(-x)); }",
    )  # fmt: skip
    x, y = numbers((4, 1, 5), dtype), numbers((3, 5), dtype, 1)
    X, Y = cupy.asarray(x), cupy.asarray(y)
    counts.reset()
    with no_transfers():
        z, positive = kernel(X, Y, 0.25)
    expected = 1 / (1 + np.exp(-x)) * np.tanh(y) + 0.25 + np.minimum(x, y) - np.maximum(x, 0) + 1 / np.sqrt(np.abs(y))
    assert z.dtype == dtype and z.shape == (4, 3, 5) and positive.dtype == bool
    assert np.allclose(z.get(), expected, rtol=1e-5) and np.array_equal(positive.get(), z.get() > 0)
    assert counts.kernels == {"fused": 1} and counts.allocations == 2


def test_strided_inputs_and_outputs(cupy):
    kernel = cupy.ElementwiseKernel("T x, T y", "T z", "z = x * y + i", "f")
    x, y = numbers((6, 8)), numbers((8, 3), seed=1)
    store = cupy.zeros((4, 3, 4), "f")
    out = store[1:, :, 1].T
    assert kernel(cupy.asarray(x)[::2, 1:4], cupy.asarray(y)[:3].T, out) is out
    expected = x[::2, 1:4] * y[:3].T + np.arange(9).reshape(3, 3)
    assert np.allclose(out.get(), expected) and np.count_nonzero(store.get()) == 9


def test_an_output_may_be_an_input(cupy):
    step = cupy.ElementwiseKernel("T g, T rate", "T p, T v", "v = (T)0.5 * v - rate * g; p += v", "step")
    p, v, g = numbers(7), numbers(7, seed=1), numbers(7, seed=2)
    P, V = cupy.asarray(p), cupy.asarray(v)
    first, second = step(cupy.asarray(g), 0.1, P, V)
    assert first is P and second is V
    assert np.allclose(V.get(), 0.5 * v - np.float32(0.1) * g) and np.allclose(P.get(), p + V.get())
    double = cupy.ElementwiseKernel("T x", "T y", "y = 2 * x", "double_")
    assert double(P, P) is P and np.allclose(P.get(), 2 * (p + V.get()))


def test_raw_arrays(cupy):
    gather = cupy.ElementwiseKernel("raw T x, raw int32 where, int32 n", "T y", "y = x[where[i] * n + 1]", "gather")
    x = numbers((4, 3))
    X, where = cupy.asarray(x), cupy.asarray([2, 0], np.int32)
    assert np.array_equal(gather(X, where, 3, size=2).get(), x[[2, 0], 1])
    sums = cupy.ElementwiseKernel("raw T x, int64 n", "raw T y", "T s = 0; for (int k = 0; k < n; k++) s += x[i * n + k]; y[i] = s", "sums")  # fmt: skip  # noqa: E501
    y = cupy.zeros(4, "f")
    assert sums(X, 3, y, size=4) is y and np.allclose(y.get(), x.sum(axis=1))
    assert sums(X, 3, size=4).shape == (4,)
    with pytest.raises(ValueError, match="undecided"):
        sums(X, 3, y)
    with pytest.raises(ValueError, match="'size'"):
        cupy.ElementwiseKernel("T x", "T y", "y = x", "k")(X, size=3)
    with pytest.raises(ValueError, match="Undecided"):
        cupy.ElementwiseKernel("T x", "raw T y", "y[i] = x", "k")(X)
    with pytest.raises(ValueError, match="contiguous"):
        gather(X.T, where, 3, size=2)
    for beyond in ([0, 4], [0, -1]):
        with pytest.raises(IndexError, match="beyond"):
            gather(X, cupy.asarray(beyond, np.int32), 3, size=2)


def test_loops_and_early_ends(cupy):
    """A thread has an element; what comes before and after it, and `return`, are the thread's own."""
    code = "y = base; if (x < 0) return; y += x; base = 7"
    kernel = cupy.ElementwiseKernel("T x, T s", "T y", code, "k", loop_prep="T base = s")
    x = cupy.asarray([-1.0, 2.0])
    assert kernel(x, 3.0, cupy.empty(2)).tolist() == [3, 5]
    assert kernel(x[:0], 3.0).shape == (0,) and kernel(x[0], 3.0, cupy.empty(())).item() == 3


def test_threads_beyond_the_last_element_prepare_and_end_too(cupy):
    """130 elements are two blocks of 128 threads; of two elements each thread has one."""
    count = cupy.ElementwiseKernel(
        "T x, raw T unused", "raw T seen", "seen[1] += 1", "count", loop_prep="seen[0] += 1", after_loop="seen[2] += 1"
    )
    for size, block, threads in ((130, 128, 256), (130, 64, 192), (2, 128, 2)):
        seen = cupy.zeros(3)
        count(cupy.ones(size), seen, seen, block_size=block)
        assert seen.tolist() == [threads, size, threads]
    early = cupy.ElementwiseKernel("T x", "raw T seen", "if (x) return", "early", after_loop="seen[0] += 1")
    seen = cupy.zeros(1)
    early(cupy.ones(130), seen)
    assert seen.item() == 126  # `return` ends the thread, not the element


@pytest.mark.parametrize("where", ["loop_prep", "after_loop"])
def test_no_element_is_known_before_and_after_the_loop(cupy, where):
    for name in ("x", "y", "i"):
        with pytest.raises(CompileException, match=f".{name}. undeclared|undeclared identifier .{name}."):
            cupy.ElementwiseKernel("T x", "T y", "y = x", "k", **{where: f"{name} + 1"})(cupy.ones(2))


def test_types_are_numpys(cupy):
    """`float` is a double in a parameter list, though a float in the source."""
    x = cupy.asarray(numbers(3))
    with pytest.raises(TypeError, match="mismatched"):
        cupy.ElementwiseKernel("float x", "float y", "y = x", "k")(x)
    y = cupy.ElementwiseKernel("float32 x", "int y, int32 z", "y = sizeof(y); z = sizeof(x)", "k")(x)
    assert [a.dtype for a in y] == [np.int64, np.int32] and [a.get().max() for a in y] == [8, 4]
    narrow = cupy.ElementwiseKernel("T x, T s, int32 n", "T y", "y = x + s + n", "k")
    assert np.allclose(narrow(x, np.float64(0.5), 2.9).get(), x.get() + 2.5)  # numbers take the parameter's type


def test_arguments_that_cupy_refuses(cupy):
    kernel = cupy.ElementwiseKernel("T x, T y", "T z", "z = x + y", "k")
    x = cupy.asarray(numbers((2, 3)))
    for bad, error, words in (
        (lambda: kernel(x), TypeError, "Wrong number"),
        (lambda: kernel(x, x, x, x), TypeError, "Wrong number"),
        (lambda: kernel(x, x.get()), TypeError, "Unsupported type"),
        (lambda: kernel(x, x, x.get()), TypeError, "Unsupported type"),
        (lambda: kernel(x, [1, 2, 3]), TypeError, "Unsupported type"),
        (lambda: kernel(x, x, 1.0), TypeError, "Output"),
        (lambda: kernel(x, x.astype("d")), TypeError, "mismatched"),
        (lambda: kernel(x, x, cupy.empty((2, 3))), TypeError, "mismatched"),
        (lambda: kernel(x, x, cupy.empty(3, "f")), ValueError, "Out shape"),
        (lambda: kernel(x, x[:, :2]), ValueError, "broadcast"),
        (lambda: kernel(1.0, 2.0), ValueError, "undecided"),
        (lambda: kernel(x, x, colour=1), TypeError, "colour"),
        (lambda: cupy.ElementwiseKernel("T i", "T y", "y = i", "k"), ValueError, "'i'"),
        (lambda: cupy.ElementwiseKernel("T x", "T y", "y = x", "two words"), ValueError, "name"),
        (lambda: cupy.ElementwiseKernel("const T x", "T y", "y = x", "k"), Exception, "keyword"),
        (lambda: cupy.ElementwiseKernel("x", "T y", "y = x", "k"), Exception, "Syntax"),
        (lambda: cupy.ElementwiseKernel("T x", "T y", "x = y", "k")(x), CompileException, "const|read-only"),
        (lambda: cupy.ElementwiseKernel("T x", "T y", "y = sine(x)", "k")(x), CompileException, "sine"),
    ):  # fmt: skip
        with pytest.raises(error, match=words):
            bad()
    assert kernel(x[0], x[0], cupy.empty((2, 3), "f")).shape == (2, 3)  # a larger output is filled


def test_races_are_refused(cupy):
    kernel = cupy.ElementwiseKernel("T x", "T y", "y = x + 1", "k")
    x = cupy.zeros((4, 4))
    kernel(x[::2], x[1::2])  # side by side is no race
    kernel(x[:2], x[2:])
    kernel(x[:, :1].reshape(4, 1, 1), x[:, None, :1])  # each element in its own place
    for a, b in ((x[:3], x[1:]), (x.T, x), (x[0], x)):
        with pytest.raises(ValueError, match="race"):
            kernel(a, b)
    with pytest.raises(ValueError, match="race"):
        kernel(x[0], cupy.broadcast_to(x[1], (4, 4)))


def test_results_return_and_transfers_stay_forbidden(cupy):
    x = cupy.ones(3)
    assert cupy.ElementwiseKernel("T x", "T y", "y = x", "k", no_return=True)(x) is None
    (y,) = cupy.ElementwiseKernel("T x", "T y", "y = x", "k", return_tuple=True)(x)
    with pytest.raises(TransferError), no_transfers():
        float(y[0])


def test_a_source_is_compiled_once(cupy):
    kernels.compiled.cache_clear()
    for shape in ((3,), (2, 3)):
        cupy.ElementwiseKernel("T x", "T y", "y = 3 * x", "k")(cupy.ones(shape))
    assert kernels.compiled.cache_info().misses == 1


def test_a_machine_without_a_compiler_is_told_so(cupy, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RuntimeError, match="C compiler"):
        cupy.ElementwiseKernel("T x", "T y", "y = 4.125 * x", "k")(cupy.ones(3))
