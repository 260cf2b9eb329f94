"""What the paper compares its attention with: weights of its own for every cell (Table VIII), and soft attention.

The plain network is readable without this file.
"""

from ..network.arrays import array_module
from ..network.ops import softmax_backward, softmax_forward


def informativeness_forward(h, IF, We1, We2):
    """Eqs. 5-6 without sharing within the iteration: every cell has its own weights.

    h (K, B, H), IF (B, M), We1 (K, A), We2 (K, H + M, A). Returns r (K, B) and a cache, as attention.py does.
    """
    xp = array_module(h)
    H = h.shape[2]
    s = xp.tanh(xp.matmul(h, We2[:, :H]) + xp.matmul(IF, We2[:, H:]))  # (K, B, A)
    e = (s * We1[:, None]).sum(axis=2)  # (K, B), Eq. 5
    r, _ = softmax_forward(e)  # Eq. 6
    return r, (h, IF, We1, We2, s, r)


def informativeness_backward(dr, cache):
    """dr (K, B) gives dh (K, B, H), dIF (B, M), dWe1 (K, A), dWe2 (K, H + M, A)."""
    h, IF, We1, We2, s, r = cache
    xp = array_module(h)
    H = h.shape[2]
    de = softmax_backward(dr, r)  # (K, B)
    dWe1 = (s * de[..., None]).sum(axis=1)
    da = de[..., None] * We1[:, None] * (1 - s * s)  # (K, B, A), before the tanh of Eq. 5
    dWe2 = xp.concatenate([xp.matmul(h.swapaxes(1, 2), da), xp.matmul(IF.T, da)], axis=1)
    dh = xp.matmul(da, We2[:, :H].swapaxes(1, 2))
    dIF = xp.matmul(da, We2[:, H:].swapaxes(1, 2)).sum(axis=0)  # every cell used the one memory
    return dh, dIF, dWe1, dWe2


def soft_attention_forward(h, r):
    """F as the mean of the cells, weighted by their scores (section V-I): h (K, B, H) and r (K, B) give F (B, H)."""
    return (r[..., None] * h).sum(axis=0), (h, r)


def soft_attention_backward(dF, cache):
    """dF (B, H) gives dh (K, B, H) and dr (K, B)."""
    h, r = cache
    return r[..., None] * dF, (h * dF).sum(axis=2)
