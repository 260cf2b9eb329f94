"""Informativeness: how much each cell's input matters, judged with the global context (Eqs. 5-6); how far a gate opens.

Cells lie on axis 0, as in grid.py; the softmax runs over all K = J T of them.
"""

from typing import NamedTuple

from .arrays import FRESH, Array, Workspace, array_module
from .grid import state_dtype
from .ops import rows, softmax_backward, softmax_forward
from .products import matmul, matmul_dW


class Cache(NamedTuple):
    """What `informativeness_forward` keeps: its arguments, s (K, B, A) and r (K, B)."""

    h: Array
    IF: Array
    We1: Array
    We2: Array
    s: Array  # what W_e1 reads: tanh([h, IF] W_e2)
    r: Array
    workspace: Workspace


def informativeness_forward(h, IF, We1, We2, workspace=FRESH):
    """Scores of all cells (Eqs. 5-6), or of all body parts (Eqs. 10-11, where We3 and We4 come as We1 and We2).

    h (K, B, H): outputs of layer 1, or their means over body parts (P T of them).
    IF (B, M): the global context memory of the iteration before.
    We1 (A,), We2 (H + M, A): the weights of this iteration.

    Returns r (K, B), positive and summing to 1 over K, and a Cache.
    """
    xp = array_module(h)
    K, B, H = h.shape
    s = workspace.empty(xp, "s", (K, B, len(We1)), state_dtype(h, IF, We1, We2))
    # [h, IF] We2 in two products: the memory is the same for every cell, so its share is computed once
    matmul(h, We2[:H], s, workspace)
    s += IF @ We2[H:]
    xp.tanh(s, out=s)
    e = matmul(s, We1[:, None])[..., 0]  # (K, B), Eq. 5
    r, _ = softmax_forward(e)  # Eq. 6
    return r, Cache(h, IF, We1, We2, s, r, workspace)


def opening_forward(r):
    """How far the gate of Eq. 7 opens: scores r (K, B) give g (K, B) and a cache. As the paper has it, g is r itself.

    The sweeps take g. Another reading of the gate is another pair of these two functions, and nothing else.
    """
    return r, None


def opening_backward(dg, cache):
    """dg (K, B), the gradient of the gates, gives dr (K, B)."""
    return dg


def informativeness_backward(dr, cache):
    """Back through Eqs. 5-6: dr (K, B) gives dh (K, B, H), dIF (B, M), dWe1 (A,), dWe2 (H + M, A)."""
    h, IF, We1, We2, s, r, workspace = cache
    xp = array_module(h)
    H = h.shape[2]
    de = softmax_backward(dr, r)  # (K, B)
    dWe1 = rows(s).T @ de.reshape(-1)
    dtype = xp.result_type(de, s)
    da = workspace.empty(xp, "da", s.shape, dtype)  # (K, B, A), before the tanh of Eq. 5: de We1 (1 - s^2)
    xp.multiply(s, s, out=da)
    xp.subtract(1, da, out=da)
    da *= We1
    da *= de[..., None]
    da_IF = da.sum(axis=0)  # (B, A): every cell used the one memory
    dWe2 = xp.concatenate([matmul_dW(h, da, workspace), IF.T @ da_IF])
    dh = matmul(da, We2[:H].T, workspace.empty(xp, "dh", h.shape, dtype), workspace)
    return dh, da_IF @ We2[H:].T, dWe1, dWe2
