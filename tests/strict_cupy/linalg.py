"""Matrix products of the strict stand-in for CuPy: the rules and hidden copies of CuPy's _routines_linalg.pyx."""

import numpy as np

from tests.strict_cupy.array import elementwise, expect, ndarray, result
from tests.strict_cupy.counts import launch


def _product(function, a, b, out=None, name="matmul", **keywords):
    with np.errstate(all="ignore"):
        return result(function(a._host, b._host, **keywords), name, out)


def dot(a, b, out=None):
    """`cupy.dot`. Operands that are neither C- nor F-contiguous, such as some columns of a matrix, are copied first."""
    a, b = expect(a, "a"), expect(b, "b")
    if out is not None:
        if expect(out, "out").dtype != np.result_type(a.dtype, b.dtype):
            raise ValueError("Not supported dtype combination.")
        if not out.flags.c_contiguous:
            raise ValueError("Output array must be C-contiguous")
    if not a.ndim or not b.ndim:
        return elementwise(np.multiply, a, b, out=out)
    if a.shape[-1] != b.shape[max(b.ndim - 2, 0)]:
        raise ValueError("Axis dimension mismatch")
    for x in (a, b):
        launch("copy", not (x.flags.c_contiguous or x.flags.f_contiguous))
    return _product(np.dot, a, b, out)


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
    direct = out is None or (expect(out, "out").flags.c_contiguous and out.dtype == dtype)
    if max(a.ndim, b.ndim) <= 2:
        if direct:
            return dot(a, b, out)
        return result(dot(a, b)._host, "copy", out)
    if a.shape[-1] != b.shape[max(b.ndim - 2, 0)]:
        raise ValueError(f"shapes {a.shape} and {b.shape} not aligned")
    for x in (a, b):
        launch("copy", not x.flags.c_contiguous or x.dtype != dtype)
        direct = direct and (out is None or not np.may_share_memory(x._host, out._host))
    if a.shape[:-2] != b.shape[:-2] and a.size and b.size:  # one operand for many: cuBLAS reads tables of pointers
        launch("pointers", 3)
    launch("copy", not direct)
    return _product(np.matmul, a, b, out)


def vdot(a, b):
    """`cupy.vdot`: a number () on the device."""
    a, b = expect(a, "a"), expect(b, "b")
    if a.size != b.size:
        raise ValueError("Axis dimension mismatch")
    return _product(np.vdot, a, b, name="vdot")


def tensordot(a, b, axes=2):
    """`cupy.tensordot`."""
    return _product(np.tensordot, expect(a, "a"), expect(b, "b"), name="tensordot", axes=axes)


ndarray.__matmul__, ndarray.dot = matmul, dot
