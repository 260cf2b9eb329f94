"""Skeletons in the coordinates of the body: the hip as origin, turned to the camera, in lengths of the torso.

`align` finds these coordinates for every sequence. Of data that lies in memory all frames are turned into them at once;
of data that is mapped from the disk (data.neutral) only those that are asked for, and the whole is never copied.
"""

from itertools import pairwise

import numpy as np

from ..support.errors import InputError
from .absent import unseen
from .coordinates import LazyJoints
from .joint_names import Roles, find_roles, mirror_order
from .neutral import Skeletons
from .placement import Placement
from .sampling import Aligned
from .skeleton import chain


def align(
    data: Skeletons,
    face_camera: bool = False,
    torso_scale: bool = False,
    hip: str | None = None,
    tree: bool = False,
    pair: bool = False,
    motion: float = 0.0,
    up: int | None = None,
) -> Aligned:
    """Skeletons (data.neutral) in the coordinates of the body, ready to be sampled.

    The origin is the hip of the first person in the first frame that has one; absent joints are filled in before.

    face_camera: turn every sequence about the vertical until the line from left to right hip of that frame lies along
    one horizontal axis.
    torso_scale: divide by the median length of the torso in the sequence.
    hip: the joint that is the hip, where its name does not tell (`joint_names.find_roles`).
    tree: the chain comes back through the joints, as ST-LSTM's tree traversal does; a joint may have several places.
    pair: where a frame shows two persons, the middle between their hips in the first such frame is the origin, and the
    line from the first person to the second is turned along a horizontal axis, in place of `face_camera`.
    motion: as in `sampling.Aligned`.
    up: the vertical axis, 0, 1 or 2; None: the one that the data names, or else suggests (`vertical_axis`).

    Raises InputError when a joint that is needed is not found, and for a sequence that shows nobody, which of mapped
    data is found out when it is asked for.
    """
    names = data.joint_names
    edges = [tuple(int(joint) for joint in edge) for edge in data.edges]
    roles = find_roles(names, edges, hip)
    order = chain(len(names), edges, roles.hip, revisit=tree)
    if face_camera and roles.left is None:
        raise InputError(
            f"face_camera needs a left and a right hip or shoulder among the joints {', '.join(names)}; "
            "switch it off with --no-face-camera"
        )
    if torso_scale and roles.top is None:
        raise InputError(
            f"torso_scale needs a neck, shoulder center or head among the joints {', '.join(names)}; "
            "switch it off with --no-torso-scale"
        )
    if up is None:
        named = data.meaning.up.value
        up = "xyz".index(named[1]) if named else vertical_axis(data, roles)
    placement = Placement(data, roles, up, face_camera, torso_scale, pair and data.joints.shape[1] > 1)
    x = lazy = LazyJoints(data, order, placement)
    if not isinstance(data.joints, np.memmap):
        x = np.empty(lazy.shape, np.float32)
        for start, stop in pairwise(data.offsets.tolist()):
            x[start:stop] = lazy[start:stop]
    mirrored = mirror_order(names, order)
    return Aligned(x, data.offsets, data.label.astype(np.int64), order, up, mirrored, placement.flipped, motion)


def vertical_axis(data: Skeletons, roles: Roles) -> int:
    """The axis along which the top of the body lies farthest from the hip, on average; y where the top is unknown."""
    along = torso_direction(data, roles)
    return 1 if along is None else int(np.argmax(np.abs(along)))


def torso_direction(data: Skeletons, roles: Roles) -> np.ndarray | None:
    """The mean of top - hip over the first persons of all sequences, float64 (3,); None where no frame shows both."""
    if roles.top is None:
        return None
    frames = data.joints[:: max(1, len(data.joints) // 2000), :1]
    ends = frames[:, 0, [roles.top, roles.hip]].astype(np.float64)  # (frames, 2, 3)
    seen = ~unseen(frames, data.meaning.zeros_absent)[:, 0, [roles.top, roles.hip]].any(axis=1)
    return (ends[seen, 0] - ends[seen, 1]).mean(axis=0) if seen.any() else None
