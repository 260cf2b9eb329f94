"""The fast sweep on the CPU, compiled: all diagonals in one call, forward and backward (Eqs. 1-3, 7).

It computes what raster.py computes, in float32 and float64; the arithmetic stands in compiled/sweep.h. Where there is
no compiler, and for complex numbers, wavefront.py does the same in NumPy. docs/engine.md tells what each step is worth.
"""

import ctypes
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..arrays import FRESH, Array
from ..compiled import build
from ..compiled.address import address
from ..grid import added, diagonals, state_dtype
from . import wavefront

BLOCK = 128  # rows, as in compiled/tiles.h


class Sweep(ctypes.Structure):
    """What compiled/sweep.h works on: sizes, and where the arrays begin."""

    SIZES = ("B", "H", "D", "width", "padded", "cells", "diagonals", "half")
    ARRAYS = ("diagonal", "W", "b", "a", "g", "dh", "packed", "inputs", "gates", "c", "h", "da", "dW",
              "dz", "dg", "back_h", "back_c", "new_back_c")  # fmt: skip
    _fields_ = [
        *((name, ctypes.c_int64) for name in SIZES),
        *((name, ctypes.c_void_p) for name in ARRAYS),
    ]


class Cache(NamedTuple):
    """What `forward` keeps for `backward`; the arrays belong to its workspace, P is H rounded up to whole vectors."""

    gates: Array  # (K, B, 5, P): i, f_S, f_T, o, u
    inputs: Array  # (K, B, 2H + D + 1), what Eq. 1 multiplies: [x, h_S, h_T, 1]
    c: Array  # (K + J + T, B, P), padded as grid.Diagonal says
    W: Array
    J: int
    T: int
    g: Array | None


@lru_cache
def _diagonals(J, T):
    """Of each diagonal the numbers that `struct diagonal` has: (J + T - 1, 11)."""
    return np.array(
        [
            (
                d.cells.stop - d.cells.start,
                *(s.start for s in (d.cells, d.own, d.S, d.T)),
                *(d.has_next_S.stop, d.next_S.start, d.has_next_T.start, d.next_T.start),
                *(d.from_S.start - 1, d.from_T.start - 1),
            )
            for d in diagonals(J, T)
        ],
        dtype=np.int64,
    )


def _run(function, threads, arrays, **sizes):
    """Call a function of the library, which takes a Sweep."""
    addresses = {name: address(array) for name, array in arrays.items()}
    function(ctypes.byref(Sweep(**addresses, **sizes)), threads)


def forward(x, W, b, J, T, a=None, g=None, workspace=FRESH, remember=True):
    """Sweep from the first cell to the last; arguments and results as described in grid.py, arrays from `workspace`."""
    dtype = state_dtype(x, W, b, a, g)
    library = build.library(dtype)
    if library is None:
        return wavefront.forward(x, W, b, J, T, a, g, workspace, remember)
    (K, B, D), H = x.shape, len(b) // 5
    P = -(-H // library.lanes) * library.lanes
    width = 2 * H + D + 1
    # zero at the border of the grid, and the 1 is the bias's
    inputs = workspace.zeros(np, "inputs", (K, B, width), dtype, layout=(J, T, H, D))
    inputs[..., :D] = x
    inputs[..., -1] = 1
    c = workspace.zeros(np, "c", (K + J + T, B, P), dtype, layout=(J, T, H))  # its border is zero, too
    h = workspace.empty(np, "h", (K, B, H), dtype)
    gates = workspace.empty(np, "gates", (K, B, 5, P), dtype) if remember else None
    arrays = {
        "diagonal": _diagonals(J, T),
        "W": np.ascontiguousarray(W, dtype),
        "b": np.ascontiguousarray(b, dtype),
        "a": None if a is None else np.ascontiguousarray(a, dtype),
        "g": None if g is None else np.ascontiguousarray(g, dtype),
        "packed": workspace.empty(np, "packed", (5 * width * P,), dtype),
        **{"inputs": inputs, "gates": gates, "c": c, "h": h},
    }
    sizes = {"B": B, "H": H, "D": D, "width": width, "padded": P, "cells": K, "diagonals": J + T - 1}
    _run(library.forward, workspace.threads, arrays, **sizes)
    return h, Cache(gates, inputs, c, W, J, T, g)


def backward(dh, cache, workspace=FRESH, onto=None):
    """The diagonals in reverse, then the weights' gradient; da (K, B, 5H) and dg belong to `workspace`."""
    if not isinstance(cache, Cache):
        return wavefront.backward(dh, cache, workspace, onto)
    if np.iscomplexobj(dh):  # in a gradient check: everything here is linear in dh
        real = [part if part is None else part.copy() for part in backward(dh.real, cache, workspace)]
        imaginary = backward(dh.imag, cache, workspace)
        da, *others = (x if x is None else x + 1j * y for x, y in zip(real, imaginary, strict=True))
        return added(da, onto), *others
    gates, inputs, c, W, J, T, g = cache
    (K, B, H), dtype = dh.shape, gates.dtype
    library, P, D, width = build.library(dtype), gates.shape[3], len(W) - 2 * H, inputs.shape[2]
    half = 0 if onto is None else BLOCK + min(J, T) * B  # of the latest dz, where da holds more than this sweep's
    da = workspace.empty(np, "da", (K, B, 5 * H), dtype) if onto is None else onto
    dz = da if onto is None else workspace.empty(np, "dz", (2, half, 5 * H), dtype)
    dg = None if g is None else workspace.empty(np, "dg", (K, B, P // library.lanes), dtype)
    dW = np.empty((width, 5 * H), dtype)  # its last row is the gradient of b
    sent = (min(J, T), B, 2, P + library.lanes)  # whole pairs of vectors
    back = [workspace.empty(np, name, sent, dtype) for name in ("back_h", "back_c", "new_back_c")]
    arrays = {
        "diagonal": _diagonals(J, T),
        "W": np.ascontiguousarray(W, dtype),
        "g": None if g is None else np.ascontiguousarray(g, dtype),
        "dh": np.ascontiguousarray(dh, dtype),
        "packed": workspace.empty(np, "packed", (10 * H * (P + library.lanes),), dtype),
        **{"gates": gates, "c": c, "inputs": inputs, "da": da, "dz": dz, "dW": dW, "dg": dg},
        **dict(zip(("back_h", "back_c", "new_back_c"), back, strict=True)),
    }
    sizes = {"B": B, "H": H, "D": D, "width": width, "padded": P, "cells": K, "diagonals": J + T - 1, "half": half}
    _run(library.backward, workspace.threads, arrays, **sizes)
    return da, dW[:-1], dW[-1], None if dg is None else dg.reshape(-1)[: K * B].reshape(K, B)
