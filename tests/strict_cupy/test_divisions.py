"""Division and limits, where CuPy is not NumPy on another machine: carray.cuh, _routines_math.pyx, arithmetic.py."""

import numpy as np
import pytest

from tests import strict_cupy
from tests.strict_cupy import counts


@pytest.fixture
def cupy():
    with strict_cupy.installed() as module:
        yield module


@pytest.mark.parametrize("dtype", ["f", "d"])
def test_a_division_of_floats_with_a_rest_is_a_floor(cupy, dtype):
    """NumPy: -1 // inf is -1, 1 % inf is 1, -1 % inf is inf."""
    x = cupy.asarray(np.array([7, -7, 1, -1, 1], dtype))
    y = cupy.asarray(np.array([2, 2, np.inf, np.inf, 0], dtype))
    assert np.array_equal((x // y).get(), [3, -4, 0, 0, np.inf]) and np.signbit((x // y).get()[3])
    assert np.array_equal((x % y).get(), [1, 1, np.nan, np.nan, np.nan], equal_nan=True)
    assert (x // 2).dtype == (x % 2).dtype == (7 % x).dtype == dtype and (1 // x).tolist() == [0, -1, 1, -1, 1]
    whole = x.copy()
    whole //= y
    assert np.array_equal(whole.get(), (x // y).get())


def test_a_division_of_integers_by_zero_is_zero(cupy):
    x = cupy.asarray([7, -7, 1])
    assert (x // 0).tolist() == (x % 0).tolist() == [0, 0, 0]
    assert (x // 2).tolist() == [3, -4, 0] and (x % 2).tolist() == [1, 1, 1]
    assert cupy.reciprocal(cupy.asarray([0, 1, 2, -1])).tolist() == [0, 1, 0, -1]
    assert cupy.reciprocal(cupy.asarray(np.array([0, 4], "f"))).tolist() == [np.inf, 0.25]


def test_limits(cupy):
    """NumPy takes limits of complex numbers, and a limit of NaN makes everything NaN."""
    x = cupy.asarray(np.array([-2, 0.5, 2, np.nan], "f"))
    nan = float("nan")
    for low, high, wanted in ((-1, 1, [-1, 0.5, 1, nan]), (nan, 1, [-2, 0.5, 1, nan]), (1, -1, [-1] * 4),
                              (None, 1, [-2, 0.5, 1, nan]), (0, None, [0, 0.5, 2, nan])):  # fmt: skip
        limited = x.clip(low, high)
        assert np.array_equal(limited.get(), wanted, equal_nan=True) and limited.dtype == "f"
    assert cupy.clip(cupy.arange(4), None, 2).tolist() == [0, 1, 2, 2]
    with pytest.raises(TypeError, match="cupy_clip"):
        x.astype("F").clip(0, 1)
    counts.reset()
    x.clip(0, 1, out=x)
    assert counts.kernels == {"clip": 1} and not counts.allocations
    counts.reset()
    cupy.clip(x[:3], 0, 1, out=x[1:])  # a ufunc: what overlaps is copied
    assert counts.kernels == {"copy": 1, "clip": 1}
