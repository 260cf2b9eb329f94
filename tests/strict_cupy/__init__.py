"""A strict stand-in for CuPy, for tests on machines without a GPU.

    with strict_cupy.installed() as cupy:
        x = cupy.asarray(numbers)
        with strict_cupy.no_transfers():
            y = cupy.tanh(x)
        assert strict_cupy.counts.launches == 1

Its arrays lie in NumPy's memory but keep away from NumPy as arrays on a GPU do (array.py), kernels are compiled
and run (kernels.py), and all that would cost time on a GPU is counted (counts.py). What it does not know
raises AttributeError. It follows the source of CuPy, in the version MODELLED; docs/gpu.md lists where it does not.
"""

import sys
from contextlib import contextmanager
from types import ModuleType

import numpy as np

from tests.strict_cupy import cuda, divisions, powers, reductions  # noqa: F401  the last three complete the array
from tests.strict_cupy.array import allocate, copied, elementwise, expect, fresh, ndarray, operand, result
from tests.strict_cupy.counts import TransferError, counts, crossing, launch, no_transfers
from tests.strict_cupy.kernels import CompileException, ElementwiseKernel
from tests.strict_cupy.linalg import dot, matmul, tensordot, vdot
from tests.strict_cupy.views import checked_dtype

__all__ = ["CompileException", "TransferError", "counts", "cupy", "installed", "no_transfers"]

MODELLED = "14.2.0"  # the version of CuPy

UFUNCS = (
    "add", "subtract", "multiply", "divide", "true_divide", "power", "negative", "absolute", "abs", "sign", "square",
    "sqrt", "reciprocal", "exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "maximum", "minimum", "fmax", "fmin",
    "conj", "conjugate", "isfinite", "isnan", "isinf", "equal", "not_equal", "less", "less_equal", "greater",
    "greater_equal", "logical_and", "logical_or", "logical_not",
)  # fmt: skip
METHODS = (
    *reductions.ORDERS, "take", "reshape", "transpose", "swapaxes", "ravel", "squeeze",
)  # fmt: skip
CONSTANTS = (
    "float32", "float64", "int32", "int64", "uint8", "complex64", "complex128", "bool_", "dtype", "finfo", "iinfo",
    "can_cast", "promote_types", "newaxis", "pi", "inf", "nan",
)  # fmt: skip


@contextmanager
def installed():
    """`import cupy` gives the stand-in, with its counts at zero, until the context ends."""
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "cupy"}
    for name in before:
        del sys.modules[name]
    sys.modules.update({module.__name__: module for module in (cupy, cupy.cuda, cupy.random)})
    counts.reset()
    try:
        yield cupy
    finally:
        for module in (cupy, cupy.cuda, cupy.random):
            sys.modules.pop(module.__name__, None)
        sys.modules.update(before)


# Arrays


def empty(shape, dtype=float, order="C"):
    """Uninitialised memory."""
    return allocate(shape, dtype, order)


def full(shape, fill_value, dtype=None, order="C"):
    """An array of one value."""
    array = allocate(shape, np.array(operand(fill_value)).dtype if dtype is None else dtype, order)
    array.fill(fill_value)
    return array


def zeros(shape, dtype=float, order="C"):
    """An array of zeros."""
    return full(shape, 0, dtype, order)


def ones(shape, dtype=float, order="C"):
    """An array of ones."""
    return full(shape, 1, dtype, order)


def empty_like(a, dtype=None):
    """Uninitialised memory of a's shape."""
    array = fresh(np.empty_like(expect(a)._host, dtype=checked_dtype(dtype or a.dtype)))
    array._host[...] = allocate((), array.dtype)._host
    return array


def full_like(a, fill_value, dtype=None):
    """An array of one value, of a's shape."""
    array = empty_like(a, dtype)
    array.fill(fill_value)
    return array


def zeros_like(a, dtype=None):
    """Zeros of a's shape."""
    return full_like(a, 0, dtype)


def ones_like(a, dtype=None):
    """Ones of a's shape."""
    return full_like(a, 1, dtype)


def arange(start, stop=None, step=1, dtype=None):
    """Numbers in equal steps."""
    return result(np.arange(*((start,) if stop is None else (start, stop, step)), dtype=dtype), "arange")


def array(obj, dtype=None, copy=True, order="K", *, blocking=False):
    """`obj` on the device: a transfer, unless it is there already or is a single number.

    What comes from the host arrives in C order, or in Fortran order. copy=False refuses a copy on the device alone.
    """
    order = (order or "K").upper()
    if isinstance(obj, ndarray):
        return obj._astype(dtype or obj.dtype, order, copy)
    if isinstance(obj, (list, tuple)) and obj and all(isinstance(part, ndarray) for part in obj):
        kind = dtype or np.result_type(*(part.dtype for part in obj))
        return stack(obj).astype(kind, "F" if order == "F" else "C", copy=False)
    if order in "KA":
        order = "F" if isinstance(obj, np.ndarray) and obj.flags.fnc else "C"
    host = np.array(obj, dtype=dtype, order=order)  # a list that mixes device arrays with others fails here
    checked_dtype(host.dtype)
    if host.ndim:
        crossing(to_device=1, why="array")
    else:
        launch("fill")
    return fresh(host)


def asarray(a, dtype=None, order=None, *, copy=None, blocking=False):
    """`a` on the device, itself where it is there already."""
    return array(a, dtype, copy, order, blocking=blocking)


def ascontiguousarray(a, dtype=None):
    """`a` in C order, itself where it is so already."""
    dtype = checked_dtype(dtype or expect(a).dtype)
    return a if a.flags.c_contiguous and a.dtype == dtype else a.astype(dtype, order="C")


def asnumpy(a):
    """`a` on the host."""
    return a.get() if isinstance(a, ndarray) else np.asarray(a)


def result_type(*args):
    """The dtype that arrays, types and numbers have together."""
    return np.result_type(*(a.dtype if isinstance(a, ndarray) else a for a in args))


# Joining, splitting, moving axes


def concatenate(tup, axis=0, out=None, *, dtype=None, casting="same_kind"):
    """Arrays in a row."""
    arrays = list(tup)
    if not all(isinstance(a, ndarray) for a in arrays):
        raise TypeError("Only cupy arrays can be concatenated")
    if not all(a.ndim for a in arrays):
        raise TypeError("zero-dimensional arrays cannot be concatenated")
    kind = dtype if out is None else expect(out, "out").dtype
    joined = np.concatenate([a._host for a in arrays], axis=axis, dtype=kind, casting=casting)
    joined = np.asarray(joined, order="C")
    if len(arrays) > 8 and len({a.dtype for a in arrays}) == 1 and joined.nbytes < len(arrays) << 21:
        # CuPy copies more than eight small arrays in one launch, and sends a table of pointers for it
        alike = len({a.shape for a in arrays}) == 1 and all(a.flags.c_contiguous for a in arrays)
        crossing(to_device=1 if alike else 3, why="concatenate of more than eight arrays")
    else:
        launch("concatenate", len(arrays) - 1)
    return result(joined, "concatenate", out)


def stack(tup, axis=0, out=None):
    """Arrays side by side along a new axis."""
    return concatenate([expect(a)._derived(np.expand_dims(a._host, axis), "copy") for a in tup], axis, out)


def split(ary, indices_or_sections, axis=0):
    """Views of equal parts."""
    return [ary._derived(part, "copy") for part in np.split(expect(ary)._host, indices_or_sections, axis)]


def copyto(dst, src, casting="same_kind", where=None):
    """Values of `src`, an array on the device or a number, into `dst`, or into the places that `where` names."""
    host = expect(dst, "dst")._host
    if isinstance(src, np.ndarray) and src.size != 1:
        raise ValueError("non-scalar numpy.ndarray cannot be used for copyto")
    source = operand(src.squeeze()[()] if isinstance(src, np.ndarray) else src)
    if not isinstance(src, ndarray):
        np.copyto(np.empty((), host.dtype), source, casting=casting)  # TypeError where it does not fit
    elif where is None:
        copied(src, dst, casting)
        return
    np.copyto(host, source, casting=casting, where=True if where is None else expect(where, "where")._host)
    launch("copy", bool(host.size))


def where(condition, x, y):
    """x where the condition holds, else y."""
    return result(np.asarray(np.where(operand(expect(condition)), operand(x), operand(y)), order="C"), "where")


def clip(a, a_min=None, a_max=None, out=None):
    """Values limited to [a_min, a_max]."""
    return expect(a).clip(a_min, a_max, out)


def broadcast_to(array, shape):
    """A view in which one element may stand in many places. CuPy knows no memory that may not be written to."""
    host = np.broadcast_to(expect(array)._host, shape)
    return array._derived(np.lib.stride_tricks.as_strided(array._host, host.shape, host.strides), "copy")


def _view(function):
    def view(a, *args, **keywords):
        return expect(a)._derived(function(a._host, *args, **keywords), "copy")

    return view


def _method(name):
    def function(a, *args, **keywords):
        # stricter: cupy.sum(numpy array) calls the array's own method and computes on the host, without a word
        return getattr(expect(a), name)(*args, **keywords)

    return function


def _ufunc(function):
    def ufunc(*args, **keywords):
        args, outs = args[: function.nin], args[function.nin :]
        return elementwise(function, *args, **({"out": outs[0]} if outs else {}), **keywords)

    def at(a, indices, b):
        """Into elements that an index may name twice, in no order that anybody knows."""
        index, arrays = expect(a)._index(indices)
        if a.dtype.name not in ADDED_AT[function]:
            raise TypeError(f"cupy.{function.__name__}.at does not support {a.dtype}")
        function.at(a._host, index, np.asarray(operand(b)).astype(a.dtype))
        launch("scatter", arrays if arrays > 1 else 1)

    if function in ADDED_AT:
        ufunc.at = at
    return ufunc


ADDED_AT = {  # by atomic operations, of these types alone
    np.add: ("int32", "int64", "float16", "float32", "float64", "uint32", "uint64"),
    np.subtract: ("int32", "uint32"),
}


def _module():
    module = ModuleType("cupy", __doc__)
    module.__version__ = MODELLED
    pool = cuda.MemoryPool()
    own = (empty, full, zeros, ones, empty_like, full_like, zeros_like, ones_like, arange, array, asarray, asnumpy,
           ascontiguousarray, result_type, concatenate, stack, split, copyto, where, clip, dot, matmul, tensordot, vdot,
           broadcast_to, ElementwiseKernel, ndarray)  # fmt: skip
    vars(module).update({value.__name__: value for value in own})
    vars(module).update({name: getattr(np, name) for name in CONSTANTS})
    vars(module).update({name: _ufunc(getattr(np, name)) for name in UFUNCS})
    vars(module).update({name: _method(name) for name in METHODS}, amax=_method("max"), amin=_method("min"))
    vars(module).update({name: _view(getattr(np, name)) for name in ("expand_dims", "moveaxis")})
    vars(module).update(
        cuda=cuda.cuda, random=cuda.random, get_default_memory_pool=lambda: pool, is_available=lambda: True
    )
    return module


cupy = _module()
