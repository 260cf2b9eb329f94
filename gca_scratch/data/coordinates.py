"""Coordinates of the body: rotations about the vertical, who is there, and joints turned when they are asked for."""

from dataclasses import dataclass

import numpy as np

from ..support.errors import InputError, shown
from .neutral import Skeletons


def turn_matrix(angle: np.ndarray, up: int) -> np.ndarray:
    """Rotations about the axis `up` for row vectors: angle (B,) in radians gives (B, 3, 3)."""
    a, b = (up + 1) % 3, (up + 2) % 3
    matrix = np.zeros((len(angle), 3, 3))
    matrix[:, up, up] = 1
    matrix[:, a, a] = matrix[:, b, b] = np.cos(angle)
    matrix[:, a, b], matrix[:, b, a] = np.sin(angle), -np.sin(angle)
    return matrix


def present(x: np.ndarray, axes: tuple[int, int] = (-2, -1)) -> np.ndarray:
    """Where a person is present, that is not all zeros: bool, the shape of x with 1 in place of J and 3.

    axes: which of x are the joints and their coordinates.
    """
    return (x != 0).any(axis=axes, keepdims=True)


@dataclass
class LazyJoints:
    """Joints in the coordinates of the body, (joint - origin) / size @ turn, worked out when they are asked for.

    It is indexed like the array float32 (total frames, J, P, 3) that it stands for, on the first axis by a slice or an
    array. data: the skeletons.  order: the data's joint at each place of the chain.  Of each of N sequences, origin
    (N, 3), size (N,), and turn (N, 3, 3), or None where nothing is turned.
    """

    data: Skeletons
    order: tuple[int, ...]
    origin: np.ndarray
    size: np.ndarray
    turn: np.ndarray | None

    def __len__(self):
        return len(self.data.joints)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(total frames, J, P, 3)"""
        return len(self), len(self.order), self.data.joints.shape[1], 3

    def __getitem__(self, index):
        index, *rest = index if isinstance(index, tuple) else (index,)
        frames = np.arange(*index.indices(len(self))) if isinstance(index, slice) else np.asarray(index)
        n = np.searchsorted(self.data.offsets, frames, side="right") - 1  # the sequence of each frame
        x = np.asarray(self.data.joints)[frames].astype(np.float64)  # (..., P, J, 3)
        there = present(x)
        x = (x - self.origin[n][..., None, None, :]) * there / self.size[n][..., None, None, None]
        if self.turn is not None:
            x = x @ self.turn[n][..., None, :, :]
        with np.errstate(over="ignore"):  # what overflows is found below
            x = x[..., list(self.order), :].swapaxes(-3, -2).astype(np.float32, order="C")  # (..., J, P, 3)
        if not np.isfinite(x).all():
            wrong = np.unique(n[~np.isfinite(x).all(axis=(-3, -2, -1))])[0]
            raise InputError(
                f"sequence {wrong} ({shown(str(self.data.name[wrong]))}) has joints so far from its hip, or a torso so "
                "short, that its coordinates are beyond 32-bit numbers; repair it or leave it out"
            )
        return x[(slice(None),) * frames.ndim + tuple(rest)] if rest else x
