"""The fast sweep in NumPy: the ST-LSTM unit over the grid, one batch of cells per diagonal (Eqs. 1-3, 7).

It computes what raster.py computes; docs/engine.md tells what each step is worth.

- All cells of a diagonal are independent, so Eq. 1 is one matrix product per diagonal: few large ones, not JT small.
- Gates lie diagonal by diagonal, gate by gate within each, h and c cell by cell, so that every operand of a diagonal's
  elementwise work is one contiguous piece of memory: NumPy copies anything else before it computes.
- Elementwise work is done in place, in arrays that a workspace keeps from step to step.
- The recurrent weights' gradient is one product over all cells after the sweep.

float32, float64 and complex numbers run through the same lines; the gradient checks prove these.
"""

from typing import NamedTuple

from ..arrays import FRESH, Array, array_module, tanh_is_cheap
from ..grid import added, diagonals, state_dtype
from ..ops import matmul_dW

NARROW = 64  # rows: BLAS shares out the rows of a product among threads, so one of fewer is turned over


class Cache(NamedTuple):
    """What `forward` keeps for `backward`; the arrays belong to its workspace."""

    gates: Array  # (5 K, B, H), of each diagonal i, f_S, f_T, o, u
    inputs: Array  # (K, B, 2H + D + 1), what Eq. 1 multiplies
    c: Array  # (K + J + T, B, H), padded
    tanh_c: Array  # (K, B, H)
    W: Array
    J: int
    T: int
    g: Array | None


def forward(x, W, b, J, T, a=None, g=None, workspace=FRESH, remember=True):
    """Sweep from the first cell to the last; arguments and results as described in grid.py, arrays from `workspace`."""
    xp = array_module(x)
    (K, B, D), H = x.shape, len(b) // 5
    dtype = state_dtype(x, W, b, a, g)
    widest = min(J, T)
    stored = K if remember else widest  # cells: without a backward pass each diagonal takes the place of the last
    gates = workspace.empty(xp, "gates", (5 * stored, B, H), dtype)  # of each diagonal i, f_S, f_T, o, u
    # what Eq. 1 multiplies, [h_S, h_T, x, 1]: zero at the border of the grid, and the 1 is the bias's
    inputs = workspace.zeros(xp, "inputs", (K, B, 2 * H + D + 1), dtype, layout=(J, T, H))
    inputs[..., 2 * H : -1] = x
    inputs[..., -1] = 1
    # padded, so that predecessors are slices and the border is zero
    c = workspace.zeros(xp, "c", (K + J + T, B, H), dtype, layout=(J, T, H))
    tanh_c = workspace.empty(xp, "tanh_c", (stored, B, H), dtype)
    h = workspace.empty(xp, "h", (K, B, H), dtype)
    scratch = workspace.empty(xp, "scratch", (2, widest, B, H), dtype)
    by_tanh = tanh_is_cheap(xp)
    W_z = xp.concatenate([W[D:], W[:D], b[None]])  # (2H+D+1, 5H)
    if not by_tanh:
        W_z = -W_z  # exp takes -z: the sign costs nothing here
    W_zT, W_z = W_z.T, W_z.reshape(-1, 5, H).swapaxes(0, 1)  # (5H, 2H+D+1), (5, 2H+D+1, H)
    if a is not None:
        a = a.reshape(K, B, 5, H).transpose(2, 0, 1, 3)  # (5, K, B, H), a view

    with xp.errstate(over="ignore"):  # exp may reach infinity, and 1/infinity is the 0 that is meant
        for d in diagonals(J, T):
            n = d.cells.stop - d.cells.start  # cells on this diagonal
            first = d.cells.start if remember else 0
            y = gates[5 * first : 5 * (first + n)].reshape(5, n, B, H)
            rows, z = inputs[d.cells].reshape(n * B, -1), y.reshape(5, n * B, H)
            if n * B > NARROW:
                xp.matmul(rows, W_z, out=z)  # Eq. 1
            else:  # the same as W^T x^T
                z[...] = xp.matmul(W_zT, rows.T).reshape(5, H, n * B).swapaxes(1, 2)
            if a is not None:
                xp.add(y, a[:, d.cells], out=y) if by_tanh else xp.subtract(y, a[:, d.cells], out=y)
            i, f_S, f_T, o, u = y
            if by_tanh:  # sigmoid(z) = 1/2 + tanh(z/2)/2
                sigmoids = y[:4]
                sigmoids *= 0.5
                xp.tanh(y, out=y)
                sigmoids *= 0.5
                sigmoids += 0.5
            else:  # sigmoid(z) = 1 / (1 + exp(-z)), and tanh(z) = 2 sigmoid(2z) - 1
                u *= 2
                xp.exp(y, out=y)
                y += 1
                xp.divide(1, y, out=y)
                u *= 2
                u -= 1

            past, temp = scratch[:, :n]  # (n, B, H) each
            xp.multiply(f_S, c[d.S], out=past)
            past += xp.multiply(f_T, c[d.T], out=temp)
            c_d = xp.multiply(i, u, out=c[d.own])
            if g is not None:
                c_d -= past
                c_d *= g[d.cells, :, None]
            c_d += past  # Eq. 2: new + past; Eq. 7: g (new - past) + past
            h_d = xp.multiply(o, xp.tanh(c_d, out=tanh_c[first : first + n]), out=h[d.cells])  # Eq. 3
            inputs[d.next_S, :, :H] = h_d[d.has_next_S]  # on to the next joint and to the next frame
            inputs[d.next_T, :, H : 2 * H] = h_d[d.has_next_T]
    return h, Cache(gates, inputs, c, tanh_c, W, J, T, g)


def backward(dh, cache, workspace=FRESH, onto=None):
    """The diagonals in reverse, then the weights' gradient; da (K, B, 5H) belongs to `workspace`."""
    gates, inputs, c, tanh_c, W, J, T, g = cache
    xp = array_module(dh)
    K, B, H = dh.shape
    D = len(W) - 2 * H
    widest, dtype = min(J, T), xp.result_type(dh, gates)
    da = workspace.empty(xp, "da", (K, B, 5 * H), dtype)
    dz = da.reshape(K, B, 5, H).transpose(2, 0, 1, 3)  # (5, K, B, H), a view
    dg = None if g is None else xp.empty(g.shape, dtype=dtype)
    # What the cells of one diagonal send back to the joint before [0] and to the frame before [1]: their cells lie in
    # slots 1 to n, and the slots beside them are zero, for predecessors with one successor only.
    back_h, back_c = (workspace.empty(xp, name, (2, widest + 2, B, H), dtype) for name in ("back_h", "back_c"))
    back_h[:, :2], back_c[:, :2] = 0, 0
    scratch = workspace.empty(xp, "scratch", (6, widest, B, H), dtype)
    W_back = W[D:].reshape(2, H, 5 * H).swapaxes(1, 2)  # (2, 5H, H)

    for d in reversed(diagonals(J, T)):
        n = d.cells.stop - d.cells.start
        i, f_S, f_T, o, u = gates[5 * d.cells.start : 5 * d.cells.stop].reshape(5, n, B, H)
        tc, c_S, c_T = tanh_c[d.cells], c[d.S], c[d.T]  # (n, B, H)
        dz_i, dz_S, dz_T, dz_o, dz_u = dz[:, d.cells]
        dh_d, dc, x, y, past_S, past_T = scratch[:, :n]

        xp.add(back_h[0, d.from_S], back_h[1, d.from_T], out=dh_d)
        dh_d += dh[d.cells]
        # Eq. 3: with x = dh o tanh(c),  dz_o = x (1 - o)  and  dc += dh o - x tanh(c)
        xp.add(back_c[0, d.from_S], back_c[1, d.from_T], out=dc)
        dh_d *= o
        dc += dh_d
        xp.multiply(dh_d, tc, out=x)
        xp.subtract(x, xp.multiply(x, o, out=y), out=dz_o)
        x *= tc
        dc -= x

        new = xp.multiply(i, u, out=x)
        xp.multiply(f_S, c_S, out=past_S)
        xp.multiply(f_T, c_T, out=past_T)
        dnew, dpast = dc, dc  # Eq. 2
        if g is not None:  # Eq. 7
            xp.subtract(new, past_S, out=y)
            y -= past_T
            y *= dc
            y.sum(axis=2, out=dg[d.cells])
            dnew = xp.multiply(dc, g[d.cells, :, None], out=dh_d)
            dpast -= dnew

        # Eq. 1, through the slopes y (1 - y) of the sigmoid and 1 - y^2 of tanh
        past_S *= dpast
        xp.subtract(past_S, xp.multiply(past_S, f_S, out=y), out=dz_S)
        past_T *= dpast
        xp.subtract(past_T, xp.multiply(past_T, f_T, out=y), out=dz_T)
        xp.multiply(dpast, f_S, out=back_c[0, 1 : n + 1])
        xp.multiply(dpast, f_T, out=back_c[1, 1 : n + 1])
        new *= dnew
        xp.subtract(new, xp.multiply(new, i, out=y), out=dz_i)
        new *= u
        xp.subtract(xp.multiply(dnew, i, out=y), new, out=dz_u)

        dz_d = da[d.cells].reshape(n * B, 5 * H)
        xp.matmul(dz_d, W_back, out=back_h[:, 1 : n + 1].reshape(2, n * B, H))
        back_h[:, n + 1], back_c[:, n + 1] = 0, 0
    dW = matmul_dW(inputs, da)  # (2H+D+1, 5H), rows as in `inputs`
    return added(da, onto), xp.concatenate([dW[2 * H : -1], dW[: 2 * H]]), dW[-1], dg
