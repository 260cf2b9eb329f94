"""The cell of A1, ready and right: Eqs. 1-3, without a score, which comes in A3."""

from gca_scratch.network.arrays import array_module
from gca_scratch.network.ops import sigmoid_backward, sigmoid_forward, tanh_backward, tanh_forward


def step_forward(a, h_S, c_S, h_T, c_T, U, r=None):
    """One unit for a batch: h (B, H), c (B, H) and a cache; the score r is not used yet."""
    xp = array_module(a)
    H = c_S.shape[1]
    hh = xp.concatenate([h_S, h_T], axis=1)  # (B, 2H)
    z = a + hh @ U  # (B, 5H), Eq. 1
    gates, _ = sigmoid_forward(z[:, : 4 * H])
    u, _ = tanh_forward(z[:, 4 * H :])
    i, f_S, f_T, o = xp.split(gates, 4, axis=1)  # (B, H) each

    c = i * u + f_S * c_S + f_T * c_T  # Eq. 2
    tanh_c, _ = tanh_forward(c)
    h = o * tanh_c  # Eq. 3
    return h, c, (i, f_S, f_T, o, u, hh, c_S, c_T, tanh_c, U)


def step_backward(dh, dc, cache):
    """Gradients of one unit: da (B, 5H), dh_S, dc_S, dh_T, dc_T (B, H), dU (2H, 5H), and None for dr."""
    i, f_S, f_T, o, u, hh, c_S, c_T, tanh_c, U = cache
    xp = array_module(dh)
    H = dh.shape[1]

    do = dh * tanh_c  # Eq. 3
    dc = dc + tanh_backward(dh * o, tanh_c)
    di, du = dc * u, dc * i  # Eq. 2
    df_S, df_T = dc * c_S, dc * c_T
    dc_S, dc_T = dc * f_S, dc * f_T

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
    return dz, dhh[:, :H], dc_S, dhh[:, H:], dc_T, hh.T @ dz, None
