"""Informativeness: how much each cell's input matters, judged with the global context (Eqs. 5-6).

Cells lie on axis 0, as in grid.py; the softmax runs over all K = J T of them.
"""

from .backend import array_module
from .ops import matmul, matmul_dW, softmax_backward, softmax_forward, tanh_backward, tanh_forward


def informativeness_forward(h, IF, We1, We2):
    """Scores of all cells (Eqs. 5-6).

    h (K, B, H): outputs of layer 1.  IF (B, M): the global context memory of the iteration before.
    We2 (H + M, A), We1 (A,).  Returns r (K, B), positive and summing to 1 over K, and a cache.
    """
    H = h.shape[2]
    # [h, IF] We2 in two products: the memory is the same for every cell, so its share is computed once
    s, _ = tanh_forward(matmul(h, We2[:H]) + IF @ We2[H:])  # (K, B, A)
    e = s @ We1  # (K, B), Eq. 5
    r, _ = softmax_forward(e)  # Eq. 6
    return r, (h, IF, We1, We2, s, r)


def informativeness_backward(dr, cache):
    """dr (K, B) gives dh (K, B, H), dIF (B, M), dWe1 (A,), dWe2 (H + M, A)."""
    h, IF, We1, We2, s, r = cache
    H = h.shape[2]
    de = softmax_backward(dr, r)  # (K, B)
    dWe1 = s.reshape(-1, s.shape[2]).T @ de.reshape(-1)
    da = tanh_backward(de[..., None] * We1, s)  # (K, B, A), before the tanh of Eq. 5
    da_IF = da.sum(axis=0)  # (B, A): every cell used the one memory
    dWe2 = array_module(h).concatenate([matmul_dW(h, da), IF.T @ da_IF])
    return matmul(da, We2[:H].T), da_IF @ We2[H:].T, dWe1, dWe2
