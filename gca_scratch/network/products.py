"""Matrix products of many rows and few columns, compiled where a compiler is at hand: what a matrix library is slow at.

They are those of ops.py, `matmul` and `matmul_dW`, which take their place for arrays on a GPU and for complex numbers.
A library shares out a product among threads that it wakes, by rows, however few; here it is shared out as the sweeps
are, and among their threads. The result does not depend on their number.
"""

import ctypes

import numpy as np

from . import ops
from .arrays import FRESH, array_module
from .compiled import build
from .compiled.address import address
from .grid import added

LEAST = 1 << 18  # multiplications: with fewer a call costs more than it saves
EACH = 1 << 20  # and with fewer for each of them, further threads do


class Product(ctypes.Structure):
    """What compiled/product.h works on: how many rows and columns, how far from one to the next, where arrays begin.

    adds: is the product added to what is in y?
    """

    SIZES = ("rows", "steps", "columns", "x_row", "w_step", "w_column", "y_row", "adds")
    ARRAYS = ("x", "w", "y", "packed")
    _fields_ = [*((name, ctypes.c_int64) for name in SIZES), *((name, ctypes.c_void_p) for name in ARRAYS)]


def matmul(x, W, out=None, workspace=FRESH, onto=None):
    """`x W` over the last axis of x (..., D), with W (D, E).

    Gives (..., E), written to `out` where that is given; or its sum with `onto`, in the place of that.
    """
    y = out if onto is None else onto
    library = _library(x, W, y)
    packed_rows = x.flags.c_contiguous and (y is None or y.flags.c_contiguous)
    if library is None or x.size * W.shape[1] < LEAST or not packed_rows:
        return added(ops.matmul(x, W, out), onto)
    (D, E), item = W.shape, x.itemsize
    y = np.empty((*x.shape[:-1], E), x.dtype) if y is None else y
    packed = workspace.empty(np, "packed", (D * (E + 5 * library.lanes),), x.dtype)
    sizes = {"rows": x.size // D, "steps": D, "columns": E, "x_row": D, "y_row": E, "adds": onto is not None}
    steps = {"w_step": W.strides[0] // item, "w_column": W.strides[1] // item}
    _run(library.product, workspace.threads, {"x": x, "w": W, "y": y, "packed": packed}, **sizes, **steps)
    return y


def matmul_dW(x, dy, workspace=FRESH):
    """Gradient of W in `y = matmul(x, W)`: x (..., D) and dy (..., E) give dW (D, E)."""
    library = _library(x, dy)
    D, E = x.shape[-1], dy.shape[-1]
    rows_in_step = x.flags.c_contiguous or (x.ndim == 2 and x.strides[1] == x.itemsize)  # as in x[:, 3:7]
    if library is None or x.size * E < LEAST or not (rows_in_step and dy.flags.c_contiguous):
        return ops.matmul_dW(x, dy)
    if E % (4 * library.lanes) and E % (5 * library.lanes):
        return ops.matmul_dW(x, dy)
    dW = np.empty((D, E), x.dtype)
    x_row = D if x.flags.c_contiguous else x.strides[0] // x.itemsize
    sizes = {"rows": x.size // D, "steps": D, "columns": E, "x_row": x_row, "w_step": E, "w_column": 1, "y_row": E}
    _run(library.product_of_columns, workspace.threads, {"x": x, "w": dy, "y": dW}, **sizes)
    return dW


def _library(x, *others):
    """The compiled products that serve these arrays, or None."""
    if array_module(x) is not np or any(other is not None and other.dtype != x.dtype for other in others):
        return None
    return build.library(x.dtype)


def _run(function, threads, arrays, **sizes):
    addresses = {name: address(array) for name, array in arrays.items()}
    work = sizes["rows"] * sizes["steps"] * sizes["columns"]
    function(ctypes.byref(Product(**addresses, **sizes)), min(threads, 1 + work // EACH))
