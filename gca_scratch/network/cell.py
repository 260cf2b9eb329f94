"""One ST-LSTM unit, forward and backward: Eqs. 1-3 of the paper, and the gated update of Eq. 7.

A unit sits at joint j and frame t. It hears the joint before it in the same frame (S, spatial: cell j-1, t) and the
same joint in the frame before (T, temporal: cell j, t-1). The five gates lie side by side on the last axis, in the
order i, f_S, f_T, o, u, each H wide.

The affine map of Eq. 1, [x, h_S, h_T] W + b, is split where it can be computed apart: `a = x W_x + b` depends on no
neighbour, so it is computed for all cells at once (`ops.affine_forward`), and the recurrent part `[h_S, h_T] U` is
added here. W is W_x above U.
"""

from typing import NamedTuple

from .arrays import Array, array_module
from .ops import sigmoid_backward, sigmoid_forward, tanh_backward, tanh_forward


class Cache(NamedTuple):
    """What `step_forward` keeps for `step_backward`: (B, H) each, but hh (B, 2H), U (2H, 5H) and r."""

    i: Array
    f_S: Array
    f_T: Array
    o: Array
    u: Array
    hh: Array  # [h_S, h_T]
    c_S: Array
    c_T: Array
    new: Array  # what Eq. 2 adds
    past: Array  # what it keeps
    tanh_c: Array
    U: Array
    r: Array | None


def step_forward(a, h_S, c_S, h_T, c_T, U, r=None):
    """One unit for a batch (Eqs. 1-3; with r, Eq. 7).

    a (B, 5H): the input's share of the gates, x W_x + b.
    h_S, c_S, h_T, c_T (B, H): hidden and cell states of the two predecessors.
    U (2H, 5H): the recurrent weights.
    r (B, 1), or (B, H) where every unit has its own: the informativeness score of this input; None leaves the gate out.

    Returns h (B, H), c (B, H) and a Cache.
    """
    xp = array_module(a)
    H = c_S.shape[1]
    hh = xp.concatenate([h_S, h_T], axis=1)  # (B, 2H)
    z = a + hh @ U  # (B, 5H), Eq. 1
    gates, _ = sigmoid_forward(z[:, : 4 * H])
    u, _ = tanh_forward(z[:, 4 * H :])
    i, f_S, f_T, o = xp.split(gates, 4, axis=1)  # (B, H) each

    new = i * u
    past = f_S * c_S + f_T * c_T
    # Eq. 2; Eq. 7 weighs the new input against the past by its score
    c = new + past if r is None else r * new + (1 - r) * past
    tanh_c, _ = tanh_forward(c)
    h = o * tanh_c  # Eq. 3
    return h, c, Cache(i, f_S, f_T, o, u, hh, c_S, c_T, new, past, tanh_c, U, r)


def step_backward(dh, dc, cache):
    """Gradients of one unit.

    dh (B, H): of h, from every use of it.
    dc (B, H): of c, from the two successors only.
    cache: the Cache of `step_forward`.

    Returns da (B, 5H), dh_S, dc_S, dh_T, dc_T (B, H), dU (2H, 5H), and dr (B, H), each unit's share in the gradient of
    r, or None. A score that all units have in common collects the sum of their shares.
    """
    i, f_S, f_T, o, u, hh, c_S, c_T, new, past, tanh_c, U, r = cache
    xp = array_module(dh)
    H = dh.shape[1]

    do = dh * tanh_c  # Eq. 3
    dc = dc + tanh_backward(dh * o, tanh_c)
    if r is None:  # Eq. 2
        dnew, dpast, dr = dc, dc, None
    else:  # Eq. 7
        dnew, dpast = r * dc, (1 - r) * dc
        dr = dc * (new - past)
    di, du = dnew * u, dnew * i
    df_S, df_T = dpast * c_S, dpast * c_T
    dc_S, dc_T = dpast * f_S, dpast * f_T

    dz = xp.concatenate(  # (B, 5H), through the nonlinearities of Eq. 1
        [
            sigmoid_backward(di, i),
            sigmoid_backward(df_S, f_S),
            sigmoid_backward(df_T, f_T),
            sigmoid_backward(do, o),
            tanh_backward(du, u),
        ],
        axis=1,
    )
    dhh = dz @ U.T  # (B, 2H)
    return dz, dhh[:, :H], dc_S, dhh[:, H:], dc_T, hh.T @ dz, dr
