"""The fast sweep on a GPU: per diagonal one matrix product and one fused kernel, forward and backward (Eqs. 1-3, 7).

A GPU works through a diagonal in microseconds; what costs is to start work on it. So everything between two matrix
products is one kernel, which also carries h on to the places where the next diagonal's product will read it, and
collects the gradients from where the product before it left them. Nothing here waits for the GPU or moves data.

It computes what raster.py computes. In the kernels, `i` counts the n B H elements of a diagonal, cell by cell.
"""

from functools import cache as remembered
from typing import NamedTuple

from ..arrays import FRESH, Array, array_module
from ..grid import diagonals, state_dtype
from ..ops import matmul, matmul_dW

# z (n, B, 5H) goes in as [h_S, h_T] U and comes out as the gates i, f_S, f_T, o, u
FORWARD = """
    const int row = i / H, col = i % H, cell = row / B;
    const ptrdiff_t at = (ptrdiff_t)row * 5 * H + col;
    const T gate_i = 1 / (1 + exp(-(z[at] + a[at] + b[col])));  // Eq. 1
    const T f_S = 1 / (1 + exp(-(z[at + H] + a[at + H] + b[col + H])));
    const T f_T = 1 / (1 + exp(-(z[at + 2 * H] + a[at + 2 * H] + b[col + 2 * H])));
    const T o = 1 / (1 + exp(-(z[at + 3 * H] + a[at + 3 * H] + b[col + 3 * H])));
    const T u = tanh(z[at + 4 * H] + a[at + 4 * H] + b[col + 4 * H]);
    z[at] = gate_i;
    z[at + H] = f_S;
    z[at + 2 * H] = f_T;
    z[at + 3 * H] = o;
    z[at + 4 * H] = u;

    const T past = f_S * c_S + f_T * c_T;
    c = gated ? past + r * (gate_i * u - past) : past + gate_i * u;  // Eq. 7, Eq. 2
    tanh_c = tanh(c);
    h = o * tanh_c;  // Eq. 3
    // on to the inputs [h_S, h_T] of the next joint and of the next frame, in hh (K, B, 2H)
    if (cell < cells_S) hh[((ptrdiff_t)next_S * B + row) * 2 * H + col] = h;
    if (cell >= skip_T) hh[((ptrdiff_t)(next_T - skip_T) * B + row) * 2 * H + H + col] = h;
"""

# back_h and back_c (n', B, 2H): what the next diagonal sends to the joint before and to the frame before
BACKWARD = """
    const int row = i / H, col = i % H, cell = row / B;
    const ptrdiff_t at = (ptrdiff_t)row * 5 * H + col;
    const T gate_i = g[at], f_S = g[at + H], f_T = g[at + 2 * H], o = g[at + 3 * H], u = g[at + 4 * H];
    T dh_all = dh, dc = 0;
    if (cell < cells_S) {
        const ptrdiff_t S = ((ptrdiff_t)from_S * B + row) * 2 * H + col;
        dh_all += back_h[S];
        dc += back_c[S];
    }
    if (cell >= skip_T) {
        const ptrdiff_t T_ = ((ptrdiff_t)from_T * B + row) * 2 * H + H + col;
        dh_all += back_h[T_];
        dc += back_c[T_];
    }
    dc += dh_all * o * (1 - tanh_c * tanh_c);  // Eq. 3
    const T fresh = gate_i * u;
    T dnew = dc, dpast = dc;  // Eq. 2
    if (gated) {  // Eq. 7
        dr = dc * (fresh - f_S * c_S - f_T * c_T);
        dnew = r * dc;
        dpast = dc - dnew;
    }
    dz[at] = dnew * u * gate_i * (1 - gate_i);  // Eq. 1
    dz[at + H] = dpast * c_S * f_S * (1 - f_S);
    dz[at + 2 * H] = dpast * c_T * f_T * (1 - f_T);
    dz[at + 3 * H] = dh_all * tanh_c * o * (1 - o);
    dz[at + 4 * H] = dnew * gate_i * (1 - u * u);
    new_back_c[(ptrdiff_t)row * 2 * H + col] = dpast * f_S;
    new_back_c[(ptrdiff_t)row * 2 * H + H + col] = dpast * f_T;
"""


class Cache(NamedTuple):
    """What `forward` keeps for `backward`."""

    gates: Array  # (K, B, 5H)
    hh: Array  # (K, B, 2H): [h_S, h_T] of every cell
    c: Array  # (K + J + T, B, H), padded
    tanh_c: Array  # (K, B, H)
    x: Array
    W: Array
    J: int
    T: int
    r: Array | None


@remembered
def _kernels(xp):
    """The two kernels, compiled at their first use."""
    forward = xp.ElementwiseKernel(
        "raw T a, raw T b, T c_S, T c_T, T r, bool gated, int32 B, int32 H, "
        "int32 cells_S, int32 next_S, int32 skip_T, int32 next_T",
        "raw T z, T c, T tanh_c, T h, raw T hh",
        FORWARD,
        "st_lstm_forward",
    )
    backward = xp.ElementwiseKernel(
        "raw T g, T tanh_c, T c_S, T c_T, T r, bool gated, T dh, raw T back_h, raw T back_c, int32 B, int32 H, "
        "int32 cells_S, int32 from_S, int32 skip_T, int32 from_T",
        "raw T dz, T dr, raw T new_back_c",
        BACKWARD,
        "st_lstm_backward",
    )
    return forward, backward


def forward(x, W, b, J, T, a=None, r=None, workspace=FRESH, remember=True):
    """Sweep from the first cell to the last; arguments and results as described in grid.py."""
    xp = array_module(x)
    (K, B, D), H = x.shape, len(b) // 5
    U = W[D:]  # (2H, 5H)
    dtype = state_dtype(x, W, b, a, r)
    if a is None or D:  # else the inputs' share is all in a
        a_x = matmul(x, W[:D])  # (K, B, 5H): the inputs' share of Eq. 1
        a = a_x if a is None else a_x + a
    z = xp.empty((K, B, 5 * H), dtype=dtype)
    hh = xp.zeros((K, B, 2 * H), dtype=dtype)  # [h_S, h_T] of every cell, zero at the border
    c = xp.zeros((K + J + T, B, H), dtype=dtype)  # padded, so that predecessors are slices and the border is zero
    tanh_c, h = (xp.empty((K, B, H), dtype=dtype) for _ in range(2))
    kernel, _ = _kernels(xp)
    for d in diagonals(J, T):
        z_d = z[d.cells]
        xp.matmul(hh[d.cells].reshape(-1, 2 * H), U, out=z_d.reshape(-1, 5 * H))
        r_d = z.dtype.type(0) if r is None else r[d.cells, :, None]
        links = (d.has_next_S.stop, d.next_S.start, d.has_next_T.start, d.next_T.start)
        outputs = (z_d, c[d.own], tanh_c[d.cells], h[d.cells], hh)
        kernel(a[d.cells], b, c[d.S], c[d.T], r_d, r is not None, B, H, *links, *outputs)
    return h, Cache(z, hh, c, tanh_c, x, W, J, T, r)


def backward(dh, cache, workspace=FRESH):
    """The diagonals in reverse, then the weights' gradients."""
    g, hh, c, tanh_c, x, W, J, T, r = cache
    xp = array_module(dh)
    (K, B, H), D = dh.shape, x.shape[2]
    U_back = W[D:].T  # (5H, 2H)
    da = xp.empty_like(g)
    dr = xp.empty((K, B, H), dtype=g.dtype)  # its sum over H is the gradient of r
    back_h = xp.empty((min(J, T) * B, 2 * H), dtype=g.dtype)
    back_c, new_back_c = xp.empty_like(back_h), xp.empty_like(back_h)
    _, kernel = _kernels(xp)
    for d in reversed(diagonals(J, T)):
        r_d = g.dtype.type(0) if r is None else r[d.cells, :, None]
        links = (d.has_next_S.stop, d.from_S.start - 1, d.has_next_T.start, d.from_T.start - 1)
        inputs = (g[d.cells], tanh_c[d.cells], c[d.S], c[d.T], r_d, r is not None, dh[d.cells], back_h, back_c)
        da_d = da[d.cells]
        kernel(*inputs, B, H, *links, da_d, dr[d.cells], new_back_c)
        rows = da_d.reshape(-1, 5 * H)
        xp.matmul(rows, U_back, out=back_h[: len(rows)])
        back_c, new_back_c = new_back_c, back_c
    dW = matmul_dW(hh, da)
    if D:
        dW = xp.concatenate([matmul_dW(x, da), dW])
    return da, dW, da.reshape(-1, 5 * H).sum(axis=0), None if r is None else dr.sum(axis=2)
