"""Powers of the strict stand-in for CuPy, which are not NumPy's (_routines_math.pyx, cpow.h, `__pow__` in core.pyx)."""

import numpy as np

from tests.strict_cupy.array import elementwise, ndarray, replaced


def power(x, y, out=None, dtype=None, order="C", casting="same_kind"):
    """`numpy.power` on the host as `cupy.power` computes it.

    A complex power is exp(y log x), wrong in the last bits where NumPy multiplies, even for y = 2; a negative power of
    integers is 0, 1 or -1 without a word. An overflow of exp or log is not modelled any further than NumPy's own.
    """
    kind = np.result_type(x, y) if dtype is None else np.dtype(dtype)
    if kind.kind == "c":
        x, y = (np.asarray(value).astype(kind) for value in (x, y))
        value = np.where(y == 0, kind.type(1), np.exp(np.log(x) * y))
    elif kind.kind in "iu" and np.any(np.less(y, 0)):
        ones = np.where(np.equal(x, -1), np.where(np.bitwise_and(y, 1), -1, 1), np.equal(x, 1))
        value = np.where(np.less(y, 0), ones, np.power(x, np.maximum(y, 0), dtype=dtype)).astype(kind)
    else:
        return np.power(x, y, out=out, dtype=dtype, order=order, casting=casting)
    value = np.asarray(value, order=order)
    if out is None:
        return value
    np.copyto(out, value, casting=casting)
    return out


def _operator(self, other):
    """`x ** y`: the Python numbers 2, 2.0, 0.5 and -1.0 have functions of their own; `x **= 2` is a power."""
    function, kinds = {
        (int, 2): (np.square, "ifc"), (float, 2.0): (np.square, "fc"), (float, 0.5): (np.sqrt, "fc"),
        (float, -1.0): (np.reciprocal, "fc"),
    }.get((type(other), other) if type(other) in (int, float) else None, (None, ""))  # fmt: skip
    if function is None:
        return elementwise(np.power, self, other)
    return elementwise(function, self, dtype=None if self.dtype.kind in kinds else np.result_type(self.dtype, other))


replaced[np.power] = power
ndarray.__pow__ = _operator
