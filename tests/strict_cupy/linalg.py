"""Matrix products of the strict stand-in for CuPy: the rules and hidden copies of CuPy's _routines_linalg.pyx."""

from math import prod

import numpy as np

from tests.strict_cupy.array import allocate, copied, elementwise, expect, ndarray, shares_bounds
from tests.strict_cupy.counts import launch


def dot(a, b, out=None):
    """`cupy.dot`. Of `out` only the type, the order and the number of elements are looked at."""
    a, b = expect(a, "a"), expect(b, "b")
    if out is not None:
        if expect(out, "out").dtype != np.result_type(a.dtype, b.dtype):
            raise ValueError("Not supported dtype combination.")
        if not out.flags.c_contiguous:
            raise ValueError("Output array must be C-contiguous")
    if not a.ndim or not b.ndim:
        return elementwise(np.multiply, a, b, out=out)
    kept_a, kept_b = a.shape[:-1], (*b.shape[:-2], *b.shape[-1:]) if b.ndim > 1 else ()
    if b.ndim == 1:
        b = b.reshape(-1, 1)
    if a.shape[-1] != b.shape[-2]:
        raise ValueError("Axis dimension mismatch")
    a, b, k = _to_head(a, [a.ndim - 1]), _to_head(b, [b.ndim - 2]), a.shape[-1]
    n, m = (a.size // k, b.size // k) if k else (0, 0)
    if out is not None and k and out.size != n * m:
        raise ValueError("Output array has an invalid size")
    return _product(a, b, out, n, m, k, kept_a + kept_b)


def tensordot(a, b, axes=2):
    """`cupy.tensordot`."""
    a, b = expect(a, "a"), expect(b, "b")
    if not a.ndim or not b.ndim:
        return elementwise(np.multiply, a, b)
    of_a, of_b = (range(a.ndim - axes, a.ndim), range(axes)) if isinstance(axes, int) else axes
    of_a, of_b = ([of] if np.isscalar(of) else list(of) for of in (of_a, of_b))
    if len(of_a) != len(of_b):
        raise ValueError("Axes length mismatch")
    if [a.shape[axis] for axis in of_a] != [b.shape[axis] for axis in of_b]:
        raise ValueError("Axis dimension mismatch")
    a, b = (_to_head(x, [axis % x.ndim for axis in of]) for x, of in ((a, of_a), (b, of_b)))
    k = prod(a.shape[: len(of_a)])
    n, m = (a.size // k, b.size // k) if k else (0, 0)
    return _product(a, b, None, n, m, k, a.shape[len(of_a) :] + b.shape[len(of_b) :])


def vdot(a, b):
    """`cupy.vdot`: a number () on the device, in three launches and with memory for all products."""
    a, b = expect(a, "a"), expect(b, "b")
    if a.size != b.size:
        raise ValueError("Axis dimension mismatch")
    return _product(a.conj(), b, None, 1, 1, a.size, ())


def _to_head(a, axes):
    return a.transpose([*axes, *(axis for axis in range(a.ndim) if axis not in axes)])


def _product(a, b, out, n, m, k, shape):
    """`tensordot_core`: a (k, n), b (k, m), both perhaps in more axes; out in C order, n m elements of `shape`."""
    dtype = np.promote_types(a.dtype, b.dtype)
    if not a.size or not b.size:
        out = allocate(shape, dtype) if out is None else out
        out.fill(0)
        return out
    if n == m == 1:
        out = allocate(shape, dtype) if out is None else out
        (a.ravel() * b.ravel()).sum(out=out.reshape(()))
        return out
    a, b = (x.astype(dtype, copy=False).reshape(k, -1) for x in (a, b))
    a, b = (x if x.flags.forc else x.copy() for x in (a, b))
    own = out is None or shares_bounds(out, a) or shares_bounds(out, b)
    c = allocate(shape, dtype) if own else out
    if dtype.kind in "biu":  # a kernel of CuPy's own, for one order of each
        a, b = a if a.flags.f_contiguous else a.T.copy().T, b.copy() if b.flags.f_contiguous else b
    _multiplied(a.T, b, c.reshape(n, m))
    return c if out is None or out is c else copied(c, out)


def _multiplied(a, b, out):
    launch("matmul")
    with np.errstate(all="ignore"):
        out._host[...] = np.matmul(a._host, b._host)


def matmul(a, b, out=None):
    """`cupy.matmul`.

    `out` may have any layout and any dtype of the same kind, but only what is C-contiguous, of the product's dtype and
    apart from the operands is written directly; else the product goes to new memory and is copied. In a stack of
    products the operands must be C-contiguous, so that even a transposed one is copied first.
    """
    a, b = expect(a, "a"), expect(b, "b")
    if not a.ndim or not b.ndim:
        raise ValueError("Scalar operands are not allowed, use '*' instead")
    dtype = np.promote_types(a.dtype, b.dtype)
    if out is not None and not np.can_cast(dtype, expect(out, "out").dtype, "same_kind"):
        raise TypeError(f"Cannot cast {dtype} to {out.dtype}")
    if max(a.ndim, b.ndim) <= 2:
        if out is None or (out.flags.c_contiguous and out.dtype == dtype):
            return dot(a, b, out)
        return copied(dot(a, b, allocate(out.shape, dtype)), out)
    return _stack_of_products(a, b, out, dtype)


def _stack_of_products(a, b, out, dtype):
    if a.shape[-1] != b.shape[max(b.ndim - 2, 0)]:
        raise ValueError(f"shapes {a.shape} and {b.shape} not aligned")
    kept = a.shape[-2:-1] + (b.shape[-1:] if b.ndim > 1 else ())
    of_a, of_b = a.shape[:-2], b.shape[:-2]
    many = np.broadcast_shapes(of_a, of_b)
    if out is not None and out.shape != many + kept:
        raise ValueError("Output array has an invalid size")
    if not a.size or not b.size:
        out = allocate(many + kept, dtype) if out is None else out
        out.fill(0)
        return out
    work = np.dtype("f") if dtype.char == "e" else dtype
    a, b = (x if x.flags.c_contiguous and x.dtype == work else x.astype(work, "C") for x in (a, b))
    direct = out is not None and out.dtype == work and out.flags.c_contiguous
    c = out if direct and not (shares_bounds(out, a) or shares_bounds(out, b)) else allocate(many + kept, work)
    if any(prod(of) != prod(many) for of in (of_a, of_b)):  # one operand for many: cuBLAS reads tables of pointers
        launch("pointers", 3 * max(1, len(many)))
    _multiplied(a, b, c)
    if out is None:
        out = c if work == dtype else allocate(many + kept, dtype)
    return out if out is c else copied(c, out)


ndarray.__matmul__, ndarray.dot = matmul, dot
