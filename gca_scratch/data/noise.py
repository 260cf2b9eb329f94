"""Noise on the coordinates of the joints, as a bad sensor would add it (Table VI)."""

from dataclasses import replace

import numpy as np

from ..support.errors import InputError
from .neutral import Skeletons
from .placement import present

PERSON = (0.3, 4.0)  # metres: between these lies the extent of a person in whatever pose


def noisy(data: Skeletons, sigma: float, seed: int = 0) -> Skeletons:
    """The same sequences with zero-mean Gaussian noise on every coordinate of every joint: sigma in metres.

    An absent person stays zeros. The seed alone decides the noise, and another sigma only makes it larger or smaller.
    Raises InputError if the coordinates cannot be metres, for then sigma would not mean what it says.
    """
    if not sigma:
        return data
    check_metres(data)
    noise = np.random.default_rng([seed, 4]).standard_normal(data.joints.shape, dtype=np.float32)
    noise *= np.float32(sigma)
    noise *= present(data.joints)
    noise += data.joints
    return replace(data, joints=noise)


def check_metres(data: Skeletons) -> None:
    """Raise InputError unless persons are as large as persons are in metres."""
    frames = data.joints[:: max(1, len(data.joints) // 2000)]  # (some frames, P, J, 3)
    extent = np.linalg.norm(frames.max(axis=2) - frames.min(axis=2), axis=-1)  # (some frames, P)
    size = float(np.median(extent[present(frames)[..., 0, 0]])) if present(frames).any() else 0.0
    if not PERSON[0] <= size <= PERSON[1]:
        raise InputError(
            f"noise is in metres, but a person in the data measures {size:.3g} from end to end; "
            "convert the coordinates to metres"
        )
