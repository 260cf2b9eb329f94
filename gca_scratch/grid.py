"""The ST-LSTM unit over the joint x frame grid, in two schedules: raster (the definition) and wavefront (the engine).

A cell (j, t) needs only its neighbours (j-1, t) and (j, t-1). All cells on the diagonal j + t = k therefore depend on
diagonal k-1 alone and can be computed as one batch. Arrays over the grid hold their cells diagonal by diagonal on
axis 0 (K = J T cells, the first is joint 0 of frame 0 and the last is joint J-1 of frame T-1), so that a diagonal, and
both sets of its predecessors, are plain slices. Left of the first joint and before the first frame, h and c are zero.

Both schedules share their signatures. `forward(a, U, J, T, r=None)` takes a (K, B, 5H), the input's share of the gates,
U (2H, 5H), the recurrent weights, and r (K, B), the scores of Eq. 7 or None; it returns h (K, B, H) and a cache.
`backward(dh, cache)` takes dh (K, B, H) and returns da (K, B, 5H), dU (2H, 5H), dr (K, B) or None.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from . import cell
from .backend import array_module
from .ops import matmul, matmul_dW


class Diagonal(NamedTuple):
    """Where one diagonal lies, in arrays of K cells and in padded arrays.

    `cells`: its cells on axis 0 of an array (K, ...).  `own`: the same cells in an array (K + J + T, ...) with one
    empty slot between diagonals and two before the first.  `S`, `T`: their spatial and temporal predecessors there,
    which are slices too; for a cell at the border of the grid the predecessor is such a slot, and holds zero.
    """

    cells: slice
    own: slice
    S: slice
    T: slice


@lru_cache
def diagonals(J, T):
    """The J + T - 1 diagonals of the grid, in order; on each, joints ascend."""
    result = []
    start = 0  # cells on earlier diagonals
    previous_own, previous_lowest = 1, 0  # before the first diagonal, two slots stand in for its predecessors
    for k in range(J + T - 1):
        lowest, highest = max(0, k - T + 1), min(J - 1, k)  # joints on this diagonal
        n = highest - lowest + 1
        own = start + k + 2  # k + 2 empty slots so far
        same_joint = previous_own + lowest - previous_lowest  # cell (lowest, t-1) on diagonal k - 1
        result.append(
            Diagonal(
                cells=slice(start, start + n),
                own=slice(own, own + n),
                S=slice(same_joint - 1, same_joint - 1 + n),
                T=slice(same_joint, same_joint + n),
            )
        )
        previous_own, previous_lowest = own, lowest
        start += n
    return tuple(result)


@lru_cache
def cell_order(J, T):
    """Joint and frame of each cell: two integer arrays (K,), diagonal by diagonal."""
    pairs = [(j, k - j) for k in range(J + T - 1) for j in range(max(0, k - T + 1), min(J - 1, k) + 1)]
    joint, frame = np.array(pairs).T
    return joint, frame


def pack(x):
    """Sequences x (B, T, J, C) as cells (K, B, C)."""
    xp = array_module(x)
    joint, frame = map(xp.asarray, cell_order(x.shape[2], x.shape[1]))
    return xp.ascontiguousarray(x[:, frame, joint].swapaxes(0, 1))


def unpack(cells, J, T):
    """Cells (K, B, ...) as sequences (B, T, J, ...), the inverse of `pack`."""
    xp = array_module(cells)
    joint, frame = map(xp.asarray, cell_order(J, T))
    x = xp.empty((cells.shape[1], T, J, *cells.shape[2:]), dtype=cells.dtype)
    x[:, frame, joint] = cells.swapaxes(0, 1)
    return x


def _dtype(a, U, r):
    """The type that holds the states: complex as soon as one argument is (the gradient checks), else that of a."""
    return array_module(a).result_type(a, U) if r is None else array_module(a).result_type(a, U, r)


# --- raster: the loop a reader expects --------------------------------------------------------------------------------


@lru_cache
def _cell_index(J, T):
    """index[j][t]: position of cell (j, t) on axis 0; -1 for the cells outside the grid at j = -1 and t = -1."""
    index = np.full((J + 1, T + 1), -1)
    index[cell_order(J, T)] = np.arange(J * T)
    return index  # the extra last row and column are what index -1 finds


def raster_forward(a, U, J, T, r=None):
    """Frame by frame, joint by joint (Eqs. 1-3, 7)."""
    xp = array_module(a)
    K, B, H = a.shape[0], a.shape[1], a.shape[2] // 5
    dtype = _dtype(a, U, r)
    h, c = (xp.zeros((K + 1, B, H), dtype=dtype) for _ in range(2))  # the last row stays zero: the border
    caches = {}
    index = _cell_index(J, T)
    for t in range(T):
        for j in range(J):
            k, S, T_ = index[j, t], index[j - 1, t], index[j, t - 1]
            h[k], c[k], caches[j, t] = cell.step_forward(a[k], h[S], c[S], h[T_], c[T_], U, None if r is None else r[k])
    return h[:K], (caches, J, T)


def raster_backward(dh, cache):
    """The same loop backwards: each cell collects the gradients of its two successors before its own turn."""
    caches, J, T = cache
    xp = array_module(dh)
    K, B, H = dh.shape
    dh = xp.concatenate([dh, xp.zeros((1, B, H), dtype=dh.dtype)])  # the extra row takes what flows out of the grid
    dc = xp.zeros_like(dh)
    da = xp.empty((K, B, 5 * H), dtype=dh.dtype)
    dr = xp.empty((K, B), dtype=dh.dtype)
    dU = 0
    index = _cell_index(J, T)
    for t in reversed(range(T)):
        for j in reversed(range(J)):
            k, S, T_ = index[j, t], index[j - 1, t], index[j, t - 1]
            da[k], dh_S, dc_S, dh_T, dc_T, dU_k, dr_k = cell.step_backward(dh[k], dc[k], caches[j, t])
            dh[S] += dh_S
            dc[S] += dc_S
            dh[T_] += dh_T
            dc[T_] += dc_T
            dU = dU + dU_k
            if dr_k is None:
                dr = None
            else:
                dr[k] = dr_k
    return da, dU, dr


# --- wavefront: one batch per diagonal --------------------------------------------------------------------------------


def _gates(g):
    """The five gates, as views of the last axis: i, f_S, f_T, o, u."""
    H = g.shape[-1] // 5
    return (g[..., n * H : (n + 1) * H] for n in range(5))


def wavefront_forward(a, U, J, T, r=None):
    """Diagonal by diagonal (Eqs. 1-3, 7); agrees with `raster_forward` to rounding."""
    xp = array_module(a)
    K, B, H = a.shape[0], a.shape[1], a.shape[2] // 5
    # sigmoid(z) = 1/2 + tanh(z/2)/2: with the four sigmoid gates halved, one tanh serves all five
    half = xp.full(5 * H, 0.5, dtype=U.real.dtype)
    half[4 * H :] = 1
    U_half = U * half
    dtype = _dtype(a, U, r)
    gates = xp.multiply(a, half, dtype=dtype)  # (K, B, 5H), turned into i, f_S, f_T, o, u in place
    hh = xp.empty((K, B, 2 * H), dtype=dtype)  # [h_S, h_T] of each cell
    h, tanh_c = (xp.empty((K, B, H), dtype=dtype) for _ in range(2))
    padded_h, c = (xp.zeros((K + J + T, B, H), dtype=dtype) for _ in range(2))

    for d in diagonals(J, T):
        hh[d.cells, :, :H] = padded_h[d.S]
        hh[d.cells, :, H:] = padded_h[d.T]
        g = gates[d.cells]  # (n, B, 5H), n cells on this diagonal
        g += matmul(hh[d.cells], U_half)  # Eq. 1
        xp.tanh(g, out=g)
        sigmoids = g[..., : 4 * H]
        sigmoids *= 0.5
        sigmoids += 0.5
        i, f_S, f_T, o, u = _gates(g)

        new = i * u
        past = f_S * c[d.S]
        past += f_T * c[d.T]
        if r is not None:
            new -= past
            new *= r[d.cells, :, None]
        xp.add(past, new, out=c[d.own])  # Eq. 2: past + new; Eq. 7: past + r (new - past)
        tc = xp.tanh(c[d.own], out=tanh_c[d.cells])
        padded_h[d.own] = xp.multiply(o, tc, out=h[d.cells])  # Eq. 3
    return h, (gates, hh, c, tanh_c, U, J, T, r)


def wavefront_backward(dh, cache):
    """The diagonals in reverse; the weight gradient is one product after the sweep."""
    gates, hh, c, tanh_c, U, J, T, r = cache
    xp = array_module(dh)
    H = dh.shape[2]
    dh_back, dc = xp.zeros_like(c), xp.zeros_like(c)  # what the successors send back
    dz = xp.empty_like(gates)
    dr = None if r is None else xp.empty_like(r)

    for d in reversed(diagonals(J, T)):
        g, tc, c_S, c_T = gates[d.cells], tanh_c[d.cells], c[d.S], c[d.T]
        i, f_S, f_T, o, u = _gates(g)
        dh_d = dh_back[d.own]
        dh_d += dh[d.cells]
        dc_d = dc[d.own]
        dc_d += dh_d * o * (1 - tc * tc)  # Eq. 3
        if r is None:
            dnew = dpast = dc_d  # Eq. 2
        else:
            r_d = r[d.cells, :, None]
            contrast = i * u - f_S * c_S - f_T * c_T  # new - past
            dr[d.cells] = (dc_d * contrast).sum(axis=2)  # Eq. 7
            dnew = r_d * dc_d
            dpast = dc_d - dnew

        # Eq. 1: dz starts as the slope of each nonlinearity, then each gate's gradient is multiplied in
        dz_d = dz[d.cells]
        xp.multiply(g, g, out=dz_d)
        xp.subtract(g[..., : 4 * H], dz_d[..., : 4 * H], out=dz_d[..., : 4 * H])  # sigmoid: y - y^2
        xp.subtract(1, dz_d[..., 4 * H :], out=dz_d[..., 4 * H :])  # tanh: 1 - y^2
        dz_i, dz_S, dz_T, dz_o, dz_u = _gates(dz_d)
        dz_i *= dnew * u
        dz_u *= dnew * i
        dz_S *= dpast * c_S
        dz_T *= dpast * c_T
        dz_o *= dh_d * tc

        dhh = matmul(dz_d, U.T)  # (n, B, 2H); what flows out of the grid gathers in the empty slots, unread
        dh_back[d.S] += dhh[..., :H]
        dh_back[d.T] += dhh[..., H:]
        dc[d.S] += dpast * f_S
        dc[d.T] += dpast * f_T
    return dz, matmul_dW(hh, dz), dr


SCHEDULES = {"raster": (raster_forward, raster_backward), "wavefront": (wavefront_forward, wavefront_backward)}
