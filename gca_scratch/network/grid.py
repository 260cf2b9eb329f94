"""The joint x frame grid: where its cells lie in memory, diagonal by diagonal, and what the schedules have in common.

A cell (j, t) needs only its neighbours (j-1, t) and (j, t-1). All cells on the diagonal j + t = k therefore depend on
diagonal k-1 alone and can be computed as one batch. Arrays over the grid hold their cells diagonal by diagonal on
axis 0 (K = J T cells, the first is joint 0 of frame 0 and the last is joint J-1 of frame T-1), so that a diagonal, and
both sets of its predecessors, are plain slices. Left of the first joint and before the first frame, h and c are zero.

Four modules in sweep/ run the ST-LSTM unit over the grid: `raster` (the definition: a loop over joints and frames),
`wavefront` (one batch of cells per diagonal, in NumPy), `wavefront_cpu` (the same, compiled) and `wavefront_gpu` (the
same with fused kernels). They have the same two functions.

`forward(x, W, b, J, T, a=None, g=None, workspace=FRESH, remember=True)` returns h (K, B, H) and a cache:

    x (K, B, D)            the inputs
    W (D + 2H, 5H), b (5H,)  the weights of Eq. 1, W_x above U
    J, T                   joints and frames
    a (K, B, 5H)           what other inputs add to the gates, already multiplied, or None
    g (K, B)               the gates of Eq. 7, made from scores in attention.py, or None
    workspace              where large arrays come from, results included (arrays.py)
    remember               without it the cache is of no use to `backward`

`backward(dh, cache, workspace=FRESH, onto=None)` takes dh (K, B, H) and returns da (K, B, 5H), dW, db and dg (K, B), or
None for that. Where x is wanted, dx = da W[:D]^T. Inputs `a` that served several sweeps get the sum of their da: `onto`
is that of the sweeps before, to which this one's is added in place.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from .arrays import array_module


class Diagonal(NamedTuple):
    """Where one diagonal of n cells, and the cells they are linked with, lie in arrays.

    cells: itself, in arrays of K cells.
    own, S, T: itself and its spatial and temporal predecessors in padded arrays of K + J + T slots, which have one
    empty slot between diagonals and two before the first; such a slot is the predecessor of a cell at the border.
    has_next_S, next_S: those of its n cells that have a next joint, and these, in arrays of K cells.
    has_next_T, next_T: the same for the next frame.
    from_S, from_T: its successors in an array that holds the next diagonal in slots 1, 2, ... with empty slots around.
    """

    cells: slice
    own: slice
    S: slice
    T: slice
    has_next_S: slice
    next_S: slice
    has_next_T: slice
    next_T: slice
    from_S: slice
    from_T: slice


def _run(start, length):
    return slice(start, start + length)


@lru_cache
def diagonals(J, T):
    """The J + T - 1 diagonals of the grid, in order; on each, joints ascend."""
    lowest = [max(0, k - T + 1) for k in range(J + T)]  # the lowest joint of each, and of an empty one after the last
    n = [min(J - 1, k) - lowest[k] + 1 for k in range(J + T - 1)] + [0]
    first = np.cumsum([0, *n])  # the first cell of each, in arrays of K cells
    own = [int(first[k]) + k + 2 for k in range(J + T - 1)]  # k + 2 empty slots so far
    result = []
    for k in range(J + T - 1):
        # where cell (lowest, t-1) lies on the diagonal before, and (lowest, t+1) from the first of the diagonal after
        before = own[k - 1] + lowest[k] - lowest[k - 1] if k else 1
        after = lowest[k] - lowest[k + 1]
        last_joint = lowest[k] + n[k] - 1 == J - 1  # then the last cell has no next joint
        last_frame = k - lowest[k] == T - 1  # then the first cell has no next frame
        start = int(first[k + 1])
        result.append(
            Diagonal(
                cells=_run(int(first[k]), n[k]),
                own=_run(own[k], n[k]),
                S=_run(before - 1, n[k]),
                T=_run(before, n[k]),
                has_next_S=_run(0, n[k] - last_joint),
                next_S=_run(start + after + 1, n[k] - last_joint),
                has_next_T=slice(int(last_frame), n[k]),
                next_T=_run(start + after + last_frame, n[k] - last_frame),
                from_S=_run(after + 2, n[k]),
                from_T=_run(after + 1, n[k]),
            )
        )
    return tuple(result)


@lru_cache
def cell_order(J, T):
    """Joint and frame of each cell: two integer arrays (K,), diagonal by diagonal."""
    pairs = [(j, k - j) for k in range(J + T - 1) for j in range(max(0, k - T + 1), min(J - 1, k) + 1)]
    joint, frame = np.array(pairs).T
    return joint, frame


@lru_cache
def _cell_order_of(xp, J, T):
    """The same as arrays of the module `xp`, which are moved to the device once."""
    return tuple(map(xp.asarray, cell_order(J, T)))


def pack(x):
    """Sequences x (B, T, J, C) as cells (K, B, C)."""
    xp = array_module(x)
    joint, frame = _cell_order_of(xp, x.shape[2], x.shape[1])
    return xp.ascontiguousarray(x[:, frame, joint].swapaxes(0, 1))


def unpack(cells, J, T):
    """Cells (K, B, ...) as sequences (B, T, J, ...), the inverse of `pack`."""
    xp = array_module(cells)
    joint, frame = _cell_order_of(xp, J, T)
    x = xp.empty((cells.shape[1], T, J, *cells.shape[2:]), dtype=cells.dtype)
    x[:, frame, joint] = cells.swapaxes(0, 1)
    return x


def state_dtype(x, *others):
    """The type that holds the states: that of all arguments, complex as soon as one is (the gradient checks).

    Whole numbers have states that are none, so float64 holds those.
    """
    found = array_module(x).result_type(x, *(array for array in others if array is not None))
    return found if found.kind in "fc" else np.dtype(np.float64)


def added(dx, onto):
    """The gradient dx, or its sum with that of other uses of x, which is written to `onto`."""
    return dx if onto is None else array_module(dx).add(onto, dx, out=onto)
