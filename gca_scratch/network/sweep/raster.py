"""The ST-LSTM unit over the grid as a loop over frames and joints: the definition that the fast sweeps are held to."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from .. import cell
from ..arrays import FRESH, array_module
from ..grid import added, cell_order, state_dtype
from ..ops import affine_backward, affine_forward


class Cache(NamedTuple):
    """What `forward` keeps for `backward`."""

    units: dict  # the cell.Cache of each cell (j, t)
    project: tuple  # of the affine map x W_x + b
    J: int
    T: int


@lru_cache
def _cell_index(J, T):
    """index[j][t]: position of cell (j, t) on axis 0; -1 for the cells outside the grid at j = -1 and t = -1."""
    index = np.full((J + 1, T + 1), -1)
    index[cell_order(J, T)] = np.arange(J * T)
    return index  # the extra last row and column are what index -1 finds


def forward(x, W, b, J, T, a=None, g=None, workspace=FRESH, remember=True):
    """Frame by frame, joint by joint (Eqs. 1-3, 7); every array is new and remembered. Arguments as in grid.py."""
    xp = array_module(x)
    (K, B, D), H = x.shape, len(b) // 5
    dtype = state_dtype(x, W, b, a, g)
    U = W[D:]  # (2H, 5H)
    a_x, project = affine_forward(x, W[:D], b)  # (K, B, 5H): the inputs' share of Eq. 1
    a = a_x if a is None else a_x + a
    h, c = (xp.zeros((K + 1, B, H), dtype=dtype) for _ in range(2))  # the last row stays zero: the border
    units = {}
    index = _cell_index(J, T)
    for t in range(T):
        for j in range(J):
            k, S, T_ = index[j, t], index[j - 1, t], index[j, t - 1]
            g_k = None if g is None else g[k, :, None]  # (B, 1): one gate for all units
            h[k], c[k], units[j, t] = cell.step_forward(a[k], h[S], c[S], h[T_], c[T_], U, g_k)
    return h[:K].copy(), Cache(units, project, J, T)  # units may hold views of h; the caller may write into its own


def backward(dh, cache, workspace=FRESH, onto=None):
    """The same loop backwards: each cell collects the gradients of its two successors before its own turn."""
    units, project, J, T = cache
    xp = array_module(dh)
    K, B, H = dh.shape
    dh = xp.concatenate([dh, xp.zeros((1, B, H), dtype=state_dtype(dh))])  # one more, for what flows out of the grid
    dc = xp.zeros_like(dh)
    da = xp.empty((K, B, 5 * H), dtype=dh.dtype)
    dg = xp.empty((K, B), dtype=dh.dtype)
    dU = 0
    index = _cell_index(J, T)
    for t in reversed(range(T)):
        for j in reversed(range(J)):
            k, S, T_ = index[j, t], index[j - 1, t], index[j, t - 1]
            da[k], dh_S, dc_S, dh_T, dc_T, dU_k, dg_k = cell.step_backward(dh[k], dc[k], units[j, t])
            dh[S] += dh_S
            dc[S] += dc_S
            dh[T_] += dh_T
            dc[T_] += dc_T
            dU = dU + dU_k
            if dg_k is None:
                dg = None
            else:
                dg[k] = dg_k.sum(axis=1)  # the cell's gate served all its units
    _, dW_x, db = affine_backward(da, project)
    return added(da, onto), xp.concatenate([dW_x, dU]), db, dg


def gates(cache):
    """Mean over units of i, f_S, f_T, o in every cell: (4, K, B)."""
    units, _, J, T = cache
    joint, frame = cell_order(J, T)
    gates = [units[place][:4] for place in zip(joint.tolist(), frame.tolist(), strict=True)]  # a cell.Cache begins so
    xp = array_module(gates[0][0])
    return xp.stack([xp.stack([gate.mean(axis=1) for gate in of_one_kind]) for of_one_kind in zip(*gates, strict=True)])
