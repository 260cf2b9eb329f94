"""Attention over body parts: what a part of the body says in a frame, and how its joints share its score (Eqs. 10-13).

Scores of parts are computed like those of joints, by attention.py: Eqs. 10 and 11 are Eqs. 5 and 6 with the mean of a
part's joints in place of a joint. Cells of parts lie frame by frame on axis 0, the P parts of each: P T of them.
"""

from functools import lru_cache

import numpy as np

from .arrays import array_module
from .grid import cell_order

PARTS = ("torso", "left arm", "right arm", "left leg", "right leg")


@lru_cache
def _membership(xp, parts, T, dtype):
    """1 where a cell of the grid belongs to a part in a frame, 0 elsewhere: (P T, K)."""
    joint, frame = cell_order(len(parts), T)
    numbers = {part: n for n, part in enumerate(sorted(set(parts)))}  # a body may lack a part
    of_cell = frame * len(numbers) + np.array([numbers[part] for part in parts])[joint]  # (K,)
    return xp.asarray((np.arange(len(numbers) * T)[:, None] == of_cell).astype(dtype))


def members(array, parts, T):
    """The membership matrix (P T, K) in the type and place of `array`; parts (J,): the body part of each joint."""
    return _membership(array_module(array), tuple(parts), T, array.real.dtype)


def mean_forward(h, parts, T):
    """Mean over the joints of each part in each frame (Eq. 12): h (K, B, H) gives (P T, B, H)."""
    m = members(h, parts, T)
    pool = m / m.sum(axis=1, keepdims=True)  # (P T, K), every row sums to 1
    return (pool @ h.reshape(len(h), -1)).reshape(-1, *h.shape[1:]), pool


def mean_backward(dmean, pool):
    """dmean (P T, B, H) gives dh (K, B, H)."""
    return (pool.T @ dmean.reshape(len(dmean), -1)).reshape(-1, *dmean.shape[1:])


def share_forward(r_P, parts, T):
    """Every joint takes the score of its part (Eq. 13): r_P (P T, B) gives r (K, B)."""
    m = members(r_P, parts, T)
    return m.T @ r_P, m


def share_backward(dr, m):
    """dr (K, B) gives dr_P (P T, B): a part's score served all its joints."""
    return m @ dr
