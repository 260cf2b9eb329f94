"""The ST-LSTM unit over a body that is a tree: a joint hears its parent in its frame, and itself in the frame before.

In the chain of `network/sweep/raster.py` joint j hears joint j - 1, and one joint hears it. Here `parents[j]` says whom
joint j hears, and a joint may have several children: a trunk has two arms and two legs.
"""

from typing import NamedTuple

import numpy as np

from ..network import cell
from ..network.arrays import array_module
from ..network.grid import cell_order, state_dtype
from ..network.ops import affine_backward, affine_forward


class Cache(NamedTuple):
    """What `forward` keeps for `backward`."""

    units: dict  # the cell.Cache of each cell (joint, frame), in the order in which they were computed
    links: dict  # where each cell, its parent and its past lie on axis 0; K, an empty place, where there is none
    project: tuple  # of the affine map x W_x + b


def forward(x, W, b, parents, T):
    """The unit over all joints and frames (Eqs. 1-3), a parent before its children.

    x (K, B, D): the inputs, K = J T cells in the order of `grid.cell_order`.
    W (D + 2H, 5H), b (5H,): the weights of Eq. 1, W_x above U.
    parents (J,): the joint that each joint hears, -1 for the root. A parent may come behind its child in this list.

    Returns h (K, B, H) and a Cache.
    """
    xp = array_module(x)
    (K, B, D), H, J = x.shape, len(b) // 5, len(parents)
    a, project = affine_forward(x, W[:D], b)  # (K, B, 5H)
    h, c = (xp.zeros((K + 1, B, H), dtype=state_dtype(x, W, b)) for _ in range(2))  # the last row stays zero
    place = dict(zip(zip(*cell_order(J, T), strict=True), range(K), strict=True))
    units, links = {}, {}
    for t in range(T):
        for j in _from_the_root(parents):
            k, S, past = links[j, t] = place[j, t], place.get((parents[j], t), K), place.get((j, t - 1), K)
            h[k], c[k], units[j, t] = cell.step_forward(a[k], h[S], c[S], h[past], c[past], W[D:])
    return h[:K].copy(), Cache(units, links, project)


def backward(dh, cache):
    """dh (K, B, H), of every cell's output, gives da (K, B, 5H), dW (D + 2H, 5H) and db (5H,)."""
    units, links, project = cache
    xp = array_module(dh)
    K, B, H = dh.shape
    dh = xp.concatenate([dh, xp.zeros((1, B, H), dtype=state_dtype(dh))])  # the extra row takes what flows out
    dc = xp.zeros_like(dh)
    da, dU = xp.empty((K, B, 5 * H), dtype=dh.dtype), 0
    for at in reversed(units):  # all children of a joint, and its future, have sent by then
        k, S, past = links[at]
        da[k], *sent, dU_k, _ = cell.step_backward(dh[k], dc[k], units[at])
        for collected, where, what in zip((dh, dc, dh, dc), (S, S, past, past), sent, strict=True):
            collected[where] += what
        dU = dU + dU_k
    _, dW_x, db = affine_backward(da, project)
    return da, xp.concatenate([dW_x, dU]), db


def _from_the_root(parents):
    """The joints, each after its parent."""
    parents = np.asarray(parents).tolist()
    order, waiting = [], [j for j, parent in enumerate(parents) if parent < 0]
    while waiting:
        order.append(waiting.pop())
        waiting += [j for j, parent in enumerate(parents) if parent == order[-1]]
    return order
