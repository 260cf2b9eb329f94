"""Skeletons in the coordinates of the body: the hip as origin, turned to the camera, in lengths of the torso.

`align` finds these coordinates for every sequence. Of data that lies in memory all frames are turned into them at once;
of data that is mapped from the disk (data.neutral) only those that are asked for, and the whole is never copied.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ..support.errors import InputError
from .coordinates import LazyJoints, present, turn_matrix
from .joint_names import Roles, find_roles, words
from .neutral import Skeletons
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

    The origin is the hip of the first person in the first frame that has one.

    face_camera: turn every sequence about the vertical until the line from left to right hip of that frame lies along
    one horizontal axis.
    torso_scale: divide by the median length of the torso in the sequence.
    hip: the joint that is the hip, where its name does not tell (`joint_names.find_roles`).
    tree: the chain comes back through the joints, as ST-LSTM's tree traversal does; a joint may have several places.
    pair: where a frame shows two persons, the middle between their hips in the first such frame is the origin, and the
    line from the first person to the second is turned along a horizontal axis, in place of `face_camera`.
    motion: as in `sampling.Aligned`.
    up: the vertical axis, 0, 1 or 2; None: the one that the data suggests (`vertical_axis`).

    Raises InputError when a joint that is needed is not found.
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
    up = vertical_axis(data, roles) if up is None else up
    a, b = (up + 1) % 3, (up + 2) % 3
    joints, pair = np.asarray(data.joints), pair and data.joints.shape[1] > 1
    origin, line = np.zeros((2, len(data), 3))  # line: what is turned to lie along axis b
    size, flipped = np.ones(len(data)), np.full(len(data), b)
    for n, (start, stop) in enumerate(pairwise(data.offsets.tolist())):
        sequence = joints[start:stop]  # (frames, P, J, 3)
        first, together = first_frame(sequence, 1), first_frame(sequence, 2) if pair else None
        first = first or 0  # where the first person is never there, all is zeros
        hips = sequence[first if together is None else together, :, roles.hip].astype(np.float64)  # (P, 3)
        origin[n] = hips[0] if together is None else hips[:2].mean(axis=0)
        if torso_scale:
            size[n] = torso_length(sequence[first:, 0], roles, origin[n])
        if together is not None:
            line[n], flipped[n] = hips[1] - hips[0], a
        elif face_camera:
            left, right = sequence[first, 0, [roles.left, roles.right]] - origin[n]
            line[n] = right - left
    turn = turn_matrix(np.arctan2(line[:, a], line[:, b]), up) if pair or face_camera else None
    x = lazy = LazyJoints(data, order, origin, size, turn)
    if not isinstance(data.joints, np.memmap):
        x = np.empty(lazy.shape, np.float32)
        for start, stop in pairwise(data.offsets.tolist()):
            x[start:stop] = lazy[start:stop]
    mirrored = mirror_order(names, order)
    return Aligned(x, data.offsets, data.label.astype(np.int64), order, up, mirrored, flipped, motion)


def first_frame(sequence: np.ndarray, persons: int) -> int | None:
    """The first frame of a sequence (frames, P, J, 3) that has so many persons, the first ones; None without one."""
    for start, stop in ((0, 1), (1, None)):  # mostly it is the very first
        there = present(sequence[start:stop, :persons]).all(axis=(1, 2, 3))
        if there.any():
            return start + int(there.argmax())
    return None


def torso_length(person: np.ndarray, roles: Roles, origin: np.ndarray) -> float:
    """The median length of the torso of a person (frames, J, 3), where it is there; 1 where it has no length."""
    ends = person[:, [roles.top, roles.hip]][(person != 0).any(axis=(1, 2))] - origin  # (frames, 2, 3)
    length = np.median(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=-1)) if len(ends) else 0
    return length if length > 0 else 1


def mirror_order(names: Sequence[str], order: Sequence[int]) -> np.ndarray | None:
    """For each place of the chain, a place of the same joint on the other side of the body (itself in the middle).

    "left" and "right" (or a leading or trailing l and r, set off by a separator) are exchanged in the names; None where
    that leads to a name that no joint has, changes no name at all, or where two names are alike but for separators.
    """
    exchanged = {"left": "right", "right": "left", "l": "r", "r": "l"}
    spelled = [words(name) for name in names]
    joint = {name: k for k, name in enumerate(spelled)}
    other = [joint.get(tuple(exchanged.get(word, word) for word in name)) for name in spelled]
    unclear = None in other or len(joint) < len(names) or other == list(range(len(names)))
    return None if unclear else np.array([order.index(other[k]) for k in order])


def vertical_axis(data: Skeletons, roles: Roles) -> int:
    """The axis along which the top of the body lies farthest from the hip, on average; y where the top is unknown."""
    if roles.top is None:
        return 1
    frames = data.joints[:: max(1, len(data.joints) // 2000), 0].astype(np.float64)
    return int(np.argmax(np.abs((frames[:, roles.top] - frames[:, roles.hip]).mean(axis=0))))
