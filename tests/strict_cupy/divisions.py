"""Division with a rest, and limits, of the strict stand-in for CuPy (carray.cuh, _routines_math.pyx): not NumPy's."""

import numpy as np

from tests.strict_cupy.array import elementwise, ndarray, replaced


def floor_divide(x, y, out=None, dtype=None, order="C", casting="same_kind"):
    """`numpy.floor_divide` on the host as CuPy computes it: of floats the floor of x / y, so -1 // inf is -0.0."""
    if _kind(x, y, dtype) != "f":
        return np.floor_divide(x, y, out=out, dtype=dtype, order=order, casting=casting)
    return _stored(np.floor(np.divide(x, y, dtype=dtype)), out, order, casting)


def remainder(x, y, out=None, dtype=None, order="C", casting="same_kind"):
    """`numpy.remainder` as CuPy computes it: of floats x - (x // y) y, so 1 % inf is NaN."""
    if _kind(x, y, dtype) != "f":
        return np.remainder(x, y, out=out, dtype=dtype, order=order, casting=casting)
    value = np.subtract(x, np.floor(np.divide(x, y, dtype=dtype)) * y, dtype=dtype)
    return _stored(value, out, order, casting)


def reciprocal(x, out=None, dtype=None, order="C", casting="same_kind"):
    """`numpy.reciprocal` as CuPy computes it: of the integer 0 it is 0."""
    if _kind(x, x, dtype) not in "iu":
        return np.reciprocal(x, out=out, dtype=dtype, order=order, casting=casting)
    value = np.where(np.equal(x, 0), 0, np.reciprocal(np.where(np.equal(x, 0), 1, x), dtype=dtype))
    return _stored(value.astype(np.asarray(x).dtype if dtype is None else dtype), out, order, casting)


def clip(x, low, high, out=None, order="C", casting="same_kind"):
    """Values limited to [low, high] as CuPy computes them: a limit of NaN is none, complex ones are refused."""
    kind = np.result_type(x, low, high)
    if kind.kind == "c":
        raise TypeError(f"Wrong type ({kind}) of arguments for cupy_clip")
    x, low, high = (np.asarray(value).astype(kind) for value in (x, low, high))
    value = np.where(low > high, high, np.where(x < low, low, np.where(x > high, high, x)))
    return _stored(value, out, order, casting)


def _kind(x, y, dtype):
    return (np.result_type(x, y) if dtype is None else np.dtype(dtype)).kind


def _stored(value, out, order, casting):
    if out is None:
        return np.asarray(value, order=order)
    np.copyto(out, value, casting=casting)
    return out


def _method(self, a_min=None, a_max=None, out=None):
    """Values limited to [a_min, a_max]; either may be None where the type has a least and a largest number."""
    if self.dtype.kind in "fiu":
        ends = (-np.inf, np.inf) if self.dtype.kind == "f" else (np.iinfo(self.dtype).min, np.iinfo(self.dtype).max)
        a_min, a_max = (end if given is None else given for end, given in zip(ends, (a_min, a_max), strict=True))
    return elementwise(clip, self, a_min, a_max, out=out)


replaced |= {np.floor_divide: floor_divide, np.remainder: remainder, np.reciprocal: reciprocal}
ndarray.clip = _method
