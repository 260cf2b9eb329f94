"""The first layer: an ST-LSTM over the joints and frames of the input (Eqs. 1-3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .arrays import FRESH, Array, Workspace
from .ops import matmul
from .sweep import raster
from .sweep.schedules import sweep


@dataclass(frozen=True)
class FirstLayer:
    """The layer that hears the input. A variant, which has the same four methods, may stand in its place."""

    def shapes(self, C: int, H: int) -> dict[str, tuple[int, ...]]:
        """Shape of every parameter for C numbers per joint and frame and H hidden units."""
        return {"W": (C + 2 * H, 5 * H), "b": (5 * H,)}

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
        """Cells x (K, B, C) give h (K, B, H) and a cache; p: the parameters of `shapes`."""
        return sweep(schedule, x).forward(x, p["W"], p["b"], J, T, workspace=workspace, remember=remember)

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
        da, dW, db, _ = sweep(schedule, dh).backward(dh, cache, workspace)
        C = len(dW) - 2 * dh.shape[2]
        return matmul(da, p["W"][:C].T) if with_input else None, {"W": dW, "b": db}

    def gates(self, cache: Any) -> Array:
        """Means over units of i, f_S, f_T, o in every cell (4, K, B); the schedule was raster."""
        return raster.gates(cache)
