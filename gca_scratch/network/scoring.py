"""The scores of attention.py, Eqs. 5-6, compiled where a compiler is at hand: each number comes from memory once.

What serves arrays on a GPU and complex numbers, and everybody where nothing is compiled, is attention.py itself.
"""

import ctypes

import numpy as np

from . import attention
from .arrays import FRESH, array_module
from .compiled import build
from .compiled.address import address
from .grid import added
from .ops import softmax_backward, softmax_forward
from .products import matmul, matmul_dW


class Scoring(ctypes.Structure):
    """What compiled/scoring.h works on: sizes, and where the arrays begin."""

    SIZES = ("cells", "B", "A")
    ARRAYS = ("share", "We1", "de", "s", "e", "da", "da_IF", "dWe1")
    _fields_ = [*((name, ctypes.c_int64) for name in SIZES), *((name, ctypes.c_void_p) for name in ARRAYS)]


def informativeness_forward(h, IF, We1, We2, workspace=FRESH):
    """As `attention.informativeness_forward`."""
    library = _library(h, IF, We1, We2)
    if library is None:
        return attention.informativeness_forward(h, IF, We1, We2, workspace)
    (K, B, H), A = h.shape, len(We1)
    s = workspace.empty(np, "s", (K, B, A), h.dtype)
    matmul(h, We2[:H], s, workspace)
    e = np.empty((K, B), h.dtype)
    arrays = {"share": IF @ We2[H:], "We1": We1, "s": s, "e": e}
    _run(library.score, workspace.threads, arrays, cells=K, B=B, A=A)  # Eq. 5
    r, _ = softmax_forward(e)  # Eq. 6
    return r, attention.Cache(h, IF, We1, We2, s, r, workspace)


def informativeness_backward(dr, cache, onto=None):
    """As `attention.informativeness_backward`; onto: the dh of other uses, to which this one's is added in place."""
    h, IF, We1, We2, s, r, workspace = cache
    library = _library(dr, h, IF, We1, We2)
    if library is None:
        dh, *others = attention.informativeness_backward(dr, cache)
        return added(dh, onto), *others
    (K, B, A), H = s.shape, h.shape[2]
    da = workspace.empty(np, "da", s.shape, s.dtype)
    da_IF, dWe1 = np.empty((B, A), s.dtype), np.empty(A, s.dtype)
    arrays = {"de": softmax_backward(dr, r), "We1": We1, "s": s, "da": da, "da_IF": da_IF, "dWe1": dWe1}
    _run(library.score_back, workspace.threads, arrays, cells=K, B=B, A=A)
    dWe2 = np.concatenate([matmul_dW(h, da, workspace), IF.T @ da_IF])
    out = workspace.empty(np, "dh", h.shape, s.dtype) if onto is None else None
    dh = matmul(da, We2[:H].T, out, workspace, onto)
    return dh, da_IF @ We2[H:].T, dWe1, dWe2


def _library(*arrays):
    """The compiled functions that serve these arrays, or None."""
    dtype = arrays[0].dtype
    if any(array_module(x) is not np or x.dtype != dtype or not x.flags.c_contiguous for x in arrays):
        return None
    return build.library(dtype)


def _run(function, threads, arrays, **sizes):
    addresses = {name: address(array) for name, array in arrays.items()}
    function(ctypes.byref(Scoring(**addresses, **sizes)), threads)
