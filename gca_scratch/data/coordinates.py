"""Joints in the coordinates of the body, worked out when they are asked for."""

from dataclasses import dataclass

import numpy as np

from ..support.errors import InputError, shown
from .neutral import Skeletons
from .placement import Placement, present


@dataclass
class LazyJoints:
    """Joints in the coordinates of the body, (joint - origin) / size @ turn, with absent ones filled in.

    It is indexed like the array float32 (total frames, J, P, 3) that it stands for, on the first axis by a slice or an
    array. data: the skeletons.  order: the data's joint at each place of the chain.  placement: where the bodies stand.
    """

    data: Skeletons
    order: tuple[int, ...]
    placement: Placement

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
        sequences, place = np.unique(n), self.placement
        place.find(sequences)
        x = np.asarray(self.data.joints)[frames].astype(np.float64)  # (..., P, J, 3)
        for m in sequences[place.gaps[sequences]]:
            x[n == m] = place.whole(m)[frames[n == m] - self.data.offsets[m]]
        there = present(x)
        x = (x - place.origin[n][..., None, None, :]) * there / place.size[n][..., None, None, None]
        if place.turn is not None:
            x = x @ place.turn[n][..., None, :, :]
        with np.errstate(over="ignore"):  # what overflows is found below
            x = x[..., list(self.order), :].swapaxes(-3, -2).astype(np.float32, order="C")  # (..., J, P, 3)
        if not np.isfinite(x).all():
            wrong = np.unique(n[~np.isfinite(x).all(axis=(-3, -2, -1))])[0]
            raise InputError(
                f"sequence {wrong} ({shown(str(self.data.name[wrong]))}) has joints so far from its hip, or a torso so "
                "short, that its coordinates are beyond 32-bit numbers; repair it or leave it out"
            )
        return x[(slice(None),) * frames.ndim + tuple(rest)] if rest else x
