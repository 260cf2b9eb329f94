"""The trust gate of the ST-LSTM paper (Liu et al., ECCV 2016): how far an input is believed, given what came before it.

Beside the gates of Eq. 1 a unit predicts its input from its neighbours, p = tanh([h_S, h_T] M_p + b_p), and compares
the prediction with what it is given, x' = tanh(x M_x + b_x): tau = exp(-lambda (p - x')^2), lambda = 1/2, is 1 where
they agree. It weighs new against past as the score of Eq. 7 does, unit by unit instead of cell by cell:

    c = tau i u + (1 - tau) (f_S c_S + f_T c_T)

An extra, off by default: the plain network is readable without this file, and its engines know nothing of it.
"""

from ..network.arrays import array_module
from ..network.grid import diagonals, state_dtype
from ..network.ops import (
    affine_backward,
    affine_forward,
    matmul,
    matmul_dW,
    rows,
    sigmoid_backward,
    sigmoid_forward,
    tanh_backward,
    tanh_forward,
)

LAMBDA = 0.5


def shapes(channels, hidden):
    """Shapes of the four parameters that the gate adds to a layer."""
    return {"Mp": (2 * hidden, hidden), "bp": (hidden,), "Mx": (channels, hidden), "bx": (hidden,)}


def step_forward(a, x_, h_S, c_S, h_T, c_T, U, Mp, bp):
    """One unit for many cells at once, all of one diagonal.

    a (..., 5H): x W_x + b.  x_ (..., H): x' above.  h_S, c_S, h_T, c_T (..., H).  U (2H, 5H), Mp (2H, H), bp (H,).
    Returns h, c (..., H) and a cache.
    """
    xp = array_module(a)
    H = c_S.shape[-1]
    hh = xp.concatenate([h_S, h_T], axis=-1)  # (..., 2H)
    z = a + matmul(hh, U)
    gates, _ = sigmoid_forward(z[..., : 4 * H])
    i, f_S, f_T, o = xp.split(gates, 4, axis=-1)  # (..., H) each
    u, _ = tanh_forward(z[..., 4 * H :])
    p, _ = tanh_forward(matmul(hh, Mp) + bp)
    surprise = p - x_
    tau = xp.exp(-LAMBDA * surprise * surprise)
    new, past = i * u, f_S * c_S + f_T * c_T
    c = tau * new + (1 - tau) * past
    tanh_c, _ = tanh_forward(c)
    return o * tanh_c, c, (i, f_S, f_T, o, u, hh, c_S, c_T, p, surprise, tau, new, past, tanh_c)


def step_backward(dh, dc, cache, U, Mp):
    """Gradients of one unit; dh, dc (..., H) from every use of h and c.

    Returns da (..., 5H), dx_ (..., H), dp (..., H) before its tanh, dh_S, dc_S, dh_T, dc_T (..., H).
    """
    i, f_S, f_T, o, u, _, c_S, c_T, p, surprise, tau, new, past, tanh_c = cache
    xp = array_module(dh)
    H = dh.shape[-1]
    do = dh * tanh_c
    dc = dc + tanh_backward(dh * o, tanh_c)
    dnew, dpast = tau * dc, (1 - tau) * dc
    dsurprise = dc * (new - past) * tau * (-2 * LAMBDA) * surprise
    dp = tanh_backward(dsurprise, p)
    da = xp.concatenate(
        [
            sigmoid_backward(dnew * u, i),
            sigmoid_backward(dpast * c_S, f_S),
            sigmoid_backward(dpast * c_T, f_T),
            sigmoid_backward(do, o),
            tanh_backward(dnew * i, u),
        ],
        axis=-1,
    )
    dhh = matmul(da, U.T) + matmul(dp, Mp.T)  # (..., 2H)
    return da, -dsurprise, dp, dhh[..., :H], dpast * f_S, dhh[..., H:], dpast * f_T


def forward(x, p, J, T):
    """A layer with trust gates over the grid: x (K, B, C) and the layer's parameters p (W, b and those of `shapes`).

    Returns h (K, B, H) and a cache.
    """
    xp = array_module(x)
    (K, B, C), H = x.shape, len(p["bp"])
    dtype = state_dtype(x, *p.values())
    a, project = affine_forward(x, p["W"][:C], p["b"])  # (K, B, 5H)
    z, compare = affine_forward(x, p["Mx"], p["bx"])
    x_, _ = tanh_forward(z)  # (K, B, H)
    h, c = (xp.zeros((K + J + T, B, H), dtype=dtype) for _ in range(2))  # padded: the border of the grid is zero
    out = xp.empty((K, B, H), dtype=dtype)
    caches = []
    for d in diagonals(J, T):
        cells = d.cells
        h[d.own], c[d.own], cache = step_forward(
            a[cells], x_[cells], h[d.S], c[d.S], h[d.T], c[d.T], p["W"][C:], p["Mp"], p["bp"]
        )
        out[cells] = h[d.own]
        caches.append(cache)
    return out, (caches, project, compare, x_, p, J, T)


def backward(dh, cache):
    """dh (K, B, H) gives the gradient of x (K, B, C) and those of the layer's parameters, a dict as `p`."""
    caches, project, compare, x_, p, J, T = cache
    xp = array_module(dh)
    (K, B, H), C = dh.shape, len(p["Mx"])
    back_h, back_c = (xp.zeros((K + J + T, B, H), dtype=dh.dtype) for _ in range(2))  # collected from the successors
    da, dx_ = xp.empty((K, B, 5 * H), dtype=dh.dtype), xp.empty((K, B, H), dtype=dh.dtype)
    dU, dMp, dbp = 0, 0, 0
    for d, unit in zip(reversed(diagonals(J, T)), reversed(caches), strict=True):
        da_d, dx_d, dp, dh_S, dc_S, dh_T, dc_T = step_backward(
            dh[d.cells] + back_h[d.own], back_c[d.own], unit, p["W"][C:], p["Mp"]
        )
        back_h[d.S] += dh_S
        back_c[d.S] += dc_S
        back_h[d.T] += dh_T
        back_c[d.T] += dc_T
        da[d.cells], dx_[d.cells] = da_d, dx_d
        hh = unit[5]
        dU, dMp, dbp = dU + matmul_dW(hh, da_d), dMp + matmul_dW(hh, dp), dbp + rows(dp).sum(axis=0)
    dx, dW_x, db = affine_backward(da, project)
    dx_more, dMx, dbx = affine_backward(tanh_backward(dx_, x_), compare)
    g = {"W": xp.concatenate([dW_x, dU]), "b": db, "Mp": dMp, "bp": dbp, "Mx": dMx, "bx": dbx}
    return dx + dx_more, g


def gates(cache):
    """Mean over units of i, f_S, f_T, o in every cell: (4, K, B)."""
    xp = array_module(cache[3])
    return xp.stack([xp.concatenate([unit[k].mean(axis=-1) for unit in cache[0]]) for k in range(4)])
