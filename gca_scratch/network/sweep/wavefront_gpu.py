"""The fast sweep on a GPU: per diagonal one matrix product and one fused kernel, forward and backward (Eqs. 1-3, 7).

A GPU works through a diagonal in microseconds; what costs is to start work on it. So everything between two matrix
products is one kernel, which also carries h on to the places where the next diagonal's product will read it, and
collects the gradients from where the product before it left them. Nothing here waits for the GPU or moves data.

It computes what raster.py computes. In the kernels, `i` counts the n B H elements of a diagonal, cell by cell.
"""

from functools import cache as remembered
from pathlib import Path
from typing import NamedTuple

from ..arrays import FRESH, Array, array_module
from ..grid import added, diagonals, state_dtype
from ..ops import matmul, matmul_dW

PREAMBLE = "#define sigmoid(z) (1 / (1 + exp(-(z))))"
UNIT_GATES, UNIT_FORWARD, UNIT_BACKWARD = (
    (Path(__file__).parents[1] / "compiled" / f"unit_{name}.h").read_text("utf-8")
    for name in ("gates", "forward", "backward")
)

# z (n, B, 5H) goes in as [h_S, h_T] U and comes out as the gates i, f_S, f_T, o, u
FORWARD = f"""
    const int row = i / H, col = i % H, cell = row / B;
    const ptrdiff_t at = (ptrdiff_t)row * 5 * H + col;
    const T z_i = z[at] + a[at] + b[col];
    const T z_S = z[at + H] + a[at + H] + b[col + H];
    const T z_T = z[at + 2 * H] + a[at + 2 * H] + b[col + 2 * H];
    const T z_o = z[at + 3 * H] + a[at + 3 * H] + b[col + 3 * H];
    const T z_u = z[at + 4 * H] + a[at + 4 * H] + b[col + 4 * H];
    {UNIT_GATES}
    {UNIT_FORWARD}
    z[at] = gate_i;
    z[at + H] = f_S;
    z[at + 2 * H] = f_T;
    z[at + 3 * H] = o;
    z[at + 4 * H] = u;
    // on to the inputs [h_S, h_T] of the next joint and of the next frame, in hh (K, B, 2H)
    if (cell < cells_S) hh[((ptrdiff_t)next_S * B + row) * 2 * H + col] = h;
    if (cell >= skip_T) hh[((ptrdiff_t)(next_T - skip_T) * B + row) * 2 * H + H + col] = h;
"""

# back_h and back_c (n', B, 2H): what the next diagonal sends to the joint before and to the frame before
BACKWARD = f"""
    const int row = i / H, col = i % H, cell = row / B;
    const ptrdiff_t at = (ptrdiff_t)row * 5 * H + col;
    const T gate_i = gates[at], f_S = gates[at + H], f_T = gates[at + 2 * H], o = gates[at + 3 * H];
    const T u = gates[at + 4 * H];
    T dh_all = dh, dc = 0, dz_i, dz_S, dz_T, dz_o, dz_u, dc_S, dc_T;
    if (cell < cells_S) {{
        const ptrdiff_t S = ((ptrdiff_t)from_S * B + row) * 2 * H + col;
        dh_all += back_h[S];
        dc += back_c[S];
    }}
    if (cell >= skip_T) {{
        const ptrdiff_t T_ = ((ptrdiff_t)from_T * B + row) * 2 * H + H + col;
        dh_all += back_h[T_];
        dc += back_c[T_];
    }}
    {UNIT_BACKWARD}
    dz[at] = dz_i;
    dz[at + H] = dz_S;
    dz[at + 2 * H] = dz_T;
    dz[at + 3 * H] = dz_o;
    dz[at + 4 * H] = dz_u;
    new_back_c[(ptrdiff_t)row * 2 * H + col] = dc_S;
    new_back_c[(ptrdiff_t)row * 2 * H + H + col] = dc_T;
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
    g: Array | None


@remembered
def _kernels(xp):
    """The two kernels, compiled at their first use."""
    forward = xp.ElementwiseKernel(
        "raw T a, raw T b, T c_S, T c_T, T g, bool gated, int32 B, int32 H, "
        "int32 cells_S, int32 next_S, int32 skip_T, int32 next_T",
        "raw T z, T c, T tanh_c, T h, raw T hh",
        FORWARD,
        "st_lstm_forward",
        preamble=PREAMBLE,
    )
    backward = xp.ElementwiseKernel(
        "raw T gates, T tanh_c, T c_S, T c_T, T g, bool gated, T dh, raw T back_h, raw T back_c, int32 B, int32 H, "
        "int32 cells_S, int32 from_S, int32 skip_T, int32 from_T",
        "raw T dz, T dg, raw T new_back_c",
        BACKWARD,
        "st_lstm_backward",
        preamble=PREAMBLE,
    )
    return forward, backward


def forward(x, W, b, J, T, a=None, g=None, workspace=FRESH, remember=True):
    """Sweep from the first cell to the last; arguments and results as described in grid.py."""
    xp = array_module(x)
    (K, B, D), H = x.shape, len(b) // 5
    U = W[D:]  # (2H, 5H)
    dtype = state_dtype(x, W, b, a, g)
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
        g_d = z.dtype.type(0) if g is None else g[d.cells, :, None]
        links = (d.has_next_S.stop, d.next_S.start, d.has_next_T.start, d.next_T.start)
        outputs = (z_d, c[d.own], tanh_c[d.cells], h[d.cells], hh)
        kernel(a[d.cells], b, c[d.S], c[d.T], g_d, g is not None, B, H, *links, *outputs)
    return h, Cache(z, hh, c, tanh_c, x, W, J, T, g)


def backward(dh, cache, workspace=FRESH, onto=None):
    """The diagonals in reverse, then the weights' gradients."""
    gates, hh, c, tanh_c, x, W, J, T, g = cache
    xp = array_module(dh)
    (K, B, H), D = dh.shape, x.shape[2]
    U_back = W[D:].T  # (5H, 2H)
    da = xp.empty_like(gates)
    dg = xp.empty((K, B, H), dtype=gates.dtype)  # its sum over H is the gradient of the gate
    back_h = xp.empty((min(J, T) * B, 2 * H), dtype=gates.dtype)
    back_c, new_back_c = xp.empty_like(back_h), xp.empty_like(back_h)
    _, kernel = _kernels(xp)
    for d in reversed(diagonals(J, T)):
        g_d = gates.dtype.type(0) if g is None else g[d.cells, :, None]
        links = (d.has_next_S.stop, d.from_S.start - 1, d.has_next_T.start, d.from_T.start - 1)
        inputs = (gates[d.cells], tanh_c[d.cells], c[d.S], c[d.T], g_d, g is not None, dh[d.cells], back_h, back_c)
        da_d = da[d.cells]
        kernel(*inputs, B, H, *links, da_d, dg[d.cells], new_back_c)
        rows = da_d.reshape(-1, 5 * H)
        xp.matmul(rows, U_back, out=back_h[: len(rows)])
        back_c, new_back_c = new_back_c, back_c
    dW = matmul_dW(hh, da)
    if D:
        dW = xp.concatenate([matmul_dW(x, da), dW])
    db = da.reshape(-1, 5 * H).sum(axis=0)
    return added(da, onto), dW, db, None if g is None else dg.sum(axis=2)
