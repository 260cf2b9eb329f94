"""The trust gate of the ST-LSTM paper (Liu et al., ECCV 2016): how far an input is believed, given what came before it.

Beside the gates of Eq. 1 a unit predicts its input from its neighbours, p = tanh([h_S, h_T] M_p + b_p), and compares
the prediction with what it is given, x' = tanh(x M_x + b_x): tau = exp(-lambda (p - x')^2), lambda = 1/2, is 1 where
they agree. It weighs new against past as the score of Eq. 7 does, unit by unit instead of cell by cell:

    c = tau i u + (1 - tau) (f_S c_S + f_T c_T)

So the unit is that of cell.py, with tau in the place of the score. `TrustGate()` is what a network takes as `layer1=`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..network import cell
from ..network.arrays import FRESH, Array, Workspace, array_module
from ..network.first_layer import FirstLayer
from ..network.grid import diagonals, state_dtype
from ..network.ops import affine_backward, affine_forward, rows, tanh_backward, tanh_forward

LAMBDA = 0.5


class StepCache(NamedTuple):
    """What `step_forward` keeps for `step_backward`."""

    unit: cell.Cache
    p: Array  # (B, H): the prediction
    surprise: Array  # (B, H): p - x'
    tau: Array  # (B, H)
    Mp: Array


class Cache(NamedTuple):
    """What `forward` keeps for `backward`."""

    steps: list  # a StepCache for each diagonal
    project: tuple  # of x W_x + b
    compare: tuple  # of x M_x + b_x
    x_: Array  # (K, B, H): x'
    p: Mapping  # the layer's parameters
    J: int
    T: int


def step_forward(a, x_, h_S, c_S, h_T, c_T, U, Mp, bp):
    """One unit for a batch, or for all cells of a diagonal side by side.

    a (B, 5H), h_S, c_S, h_T, c_T (B, H), U (2H, 5H): as in cell.step_forward.
    x_ (B, H): x' above.
    Mp (2H, H), bp (H,): the map of the prediction.

    Returns h (B, H), c (B, H) and a StepCache.
    """
    xp = array_module(a)
    p, _ = tanh_forward(xp.concatenate([h_S, h_T], axis=1) @ Mp + bp)
    surprise = p - x_
    tau = xp.exp(-LAMBDA * surprise * surprise)
    h, c, unit = cell.step_forward(a, h_S, c_S, h_T, c_T, U, tau)
    return h, c, StepCache(unit, p, surprise, tau, Mp)


def step_backward(dh, dc, cache):
    """Gradients of one unit; dh, dc (B, H) from every use of h and c.

    Returns da (B, 5H), dx_ (B, H), dp (B, H) before its tanh, dh_S, dc_S, dh_T, dc_T (B, H), dU (2H, 5H), dMp (2H, H).
    """
    H = dh.shape[1]
    da, dh_S, dc_S, dh_T, dc_T, dU, dtau = cell.step_backward(dh, dc, cache.unit)
    dsurprise = dtau * cache.tau * (-2 * LAMBDA) * cache.surprise
    dp = tanh_backward(dsurprise, cache.p)
    dhh = dp @ cache.Mp.T  # (B, 2H)
    return da, -dsurprise, dp, dh_S + dhh[:, :H], dc_S, dh_T + dhh[:, H:], dc_T, dU, cache.unit.hh.T @ dp


def forward(x, p, J, T):
    """A layer with trust gates over the grid.

    x (K, B, C): the cells.
    p: the layer's parameters, W, b and those that TrustGate adds.

    Returns h (K, B, H) and a Cache.
    """
    xp = array_module(x)
    (K, B, C), H = x.shape, len(p["bp"])
    dtype = state_dtype(x, *p.values())
    a, project = affine_forward(x, p["W"][:C], p["b"])  # (K, B, 5H)
    z, compare = affine_forward(x, p["Mx"], p["bx"])
    x_, _ = tanh_forward(z)  # (K, B, H)
    h, c = (xp.zeros((K + J + T, B, H), dtype=dtype) for _ in range(2))  # padded: the border of the grid is zero
    out = xp.empty((K, B, H), dtype=dtype)
    steps = []
    for d in diagonals(J, T):
        before = (rows(state) for state in (h[d.S], c[d.S], h[d.T], c[d.T]))  # (n B, H) each
        h_d, c_d, step = step_forward(rows(a[d.cells]), rows(x_[d.cells]), *before, p["W"][C:], p["Mp"], p["bp"])
        h[d.own], c[d.own] = (state.reshape(-1, B, H) for state in (h_d, c_d))
        out[d.cells] = h[d.own]
        steps.append(step)
    return out, Cache(steps, project, compare, x_, p, J, T)


def backward(dh, cache):
    """dh (K, B, H) gives the gradient of x (K, B, C) and those of the layer's parameters, a dict as `p`."""
    steps, project, compare, x_, _, J, T = cache
    xp = array_module(dh)
    (K, B, H), dtype = dh.shape, state_dtype(dh)
    back_h, back_c = (xp.zeros((K + J + T, B, H), dtype=dtype) for _ in range(2))  # collected from the successors
    da, dx_ = xp.empty((K, B, 5 * H), dtype=dtype), xp.empty((K, B, H), dtype=dtype)
    dU, dMp, dbp = 0, 0, 0
    for d, step in zip(reversed(diagonals(J, T)), reversed(steps), strict=True):
        found = step_backward(rows(dh[d.cells] + back_h[d.own]), rows(back_c[d.own]), step)
        da_d, dx_d, dp, dh_S, dc_S, dh_T, dc_T, dU_d, dMp_d = found
        back_h[d.S] += dh_S.reshape(-1, B, H)
        back_c[d.S] += dc_S.reshape(-1, B, H)
        back_h[d.T] += dh_T.reshape(-1, B, H)
        back_c[d.T] += dc_T.reshape(-1, B, H)
        da[d.cells], dx_[d.cells] = da_d.reshape(-1, B, 5 * H), dx_d.reshape(-1, B, H)
        dU, dMp, dbp = dU + dU_d, dMp + dMp_d, dbp + dp.sum(axis=0)
    dx, dW_x, db = affine_backward(da, project)
    dx_more, dMx, dbx = affine_backward(tanh_backward(dx_, x_), compare)
    g = {"W": xp.concatenate([dW_x, dU]), "b": db, "Mp": dMp, "bp": dbp, "Mx": dMx, "bx": dbx}
    return dx + dx_more, g


@dataclass(frozen=True)
class TrustGate(FirstLayer):
    """The first layer with trust gates; its sweep is the one above, whatever the schedule."""

    def shapes(self, C: int, H: int) -> dict[str, tuple[int, ...]]:
        """Shape of every parameter, with the four that the gate adds."""
        return super().shapes(C, H) | {"Mp": (2 * H, H), "bp": (H,), "Mx": (C, H), "bx": (H,)}

    def forward(
        self,
        p: Mapping[str, Array],
        x: Array,
        J: int,
        T: int,
        schedule: str,
        workspace: Workspace = FRESH,
        remember: bool = True,
    ) -> tuple[Array, Any]:
        """Cells x (K, B, C) give h (K, B, H) and a Cache."""
        return forward(x, p, J, T)

    def backward(
        self,
        dh: Array,
        p: Mapping[str, Array],
        cache: Any,
        schedule: str,
        workspace: Workspace = FRESH,
        with_input: bool = False,
    ) -> tuple[Array | None, dict[str, Array]]:
        """dh (K, B, H) gives dx (K, B, C), or None where it is not wanted, and the parameters' gradients by name."""
        dx, g = backward(dh, cache)
        return dx if with_input else None, g

    def gates(self, cache: Any) -> Array:
        """Means over units of i, f_S, f_T, o in every cell (4, K, B)."""
        xp, B = array_module(cache.x_), cache.x_.shape[1]

        def means(gate):
            return xp.concatenate([step.unit[gate].mean(axis=1).reshape(-1, B) for step in cache.steps])

        return xp.stack([means(gate) for gate in range(4)])  # with i, f_S, f_T, o a cell.Cache begins
