"""Sequences that 2s-AGCN has prepared, and the first MMAction2 like it: centred in every frame, turned, and repeated.

Each frame is moved so that joint 2 of the first person, the middle of the spine, is the origin. All are turned so that
in the first frame its spine points along z and its shoulders lie along x. What is shorter than the array is repeated
until that is full. What was prepared so tells by its numbers: that joint is three zeros in every frame.
"""

import numpy as np

from ..meaning import known

MEANING = known(up="+z", unit="m", hand="right", rate="30", zeros="positions", source="file")
NOTE = (
    "the sequences are prepared as 2s-AGCN does it: joint 2 of the first person is the origin of each frame, and z is "
    "up; where the person walks is lost, and short sequences are cut where they begin again."
)
_CENTRE = 1


def is_prepared(joints: np.ndarray) -> bool:
    """Are these (frames, persons, joints, 3) prepared so? Two frames or more with the first person show it."""
    there = (joints[:, 0] != 0).any(axis=(1, 2))
    return there.sum() > 1 and not joints[there, 0, _CENTRE].any()


def once(joints: np.ndarray) -> np.ndarray:
    """The sequence up to where it begins again and goes on so to its end; a view, all of it if it never does."""
    for length in np.flatnonzero((joints[1:] == joints[:1]).all(axis=(1, 2, 3))) + 1:
        if (joints[length:] == joints[:-length]).all():
            return joints[:length]
    return joints
