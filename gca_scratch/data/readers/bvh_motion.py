"""A motion as BVH tells it: trees of joints, their channels in every frame, and from these the joints' positions."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

BLOCK = 500  # frames of a usual body of 30 joints that are computed at once
_AS_ZERO = 1e-3  # of the largest OFFSET


class Motion(NamedTuple):
    """What a file holds; J joints, a parent always before its children, F frames, C channels of all joints together.

    Lengths are in the unit of the file, which BVH does not name.
    """

    names: tuple[str, ...]  # J: no two alike in one tree
    parents: tuple[int, ...]  # J: the index of the joint that a joint hangs from; -1 for a root, its tree behind it
    offsets: np.ndarray  # float64 (J, 3): where a joint hangs from its parent while nothing is turned
    channels: tuple[tuple[str, ...], ...]  # J: none to six of Xposition, ..., Zrotation, in the order of their columns
    values: np.ndarray  # float64 (F, C): the channels in each frame, those of joint 0 first; rotations in degrees
    frame_time: float  # seconds from one frame to the next
    notes: tuple[str, ...] = ()  # what the file has otherwise than it should, and was read all the same


def positions(motion: Motion) -> np.ndarray:
    """Where the joints are in each frame, float64 (F, J, 3), in the unit of the file.

    A joint's rotations are applied in the order of its channels, each about an axis that those before have turned
    (R = R1 R2 R3), and turn everything that hangs from it. A position channel takes the place of the same coordinate
    of OFFSET; it is not added to it.
    """
    frames = len(motion.values)
    placed = np.empty((frames, len(motion.names), 3))
    turned: list[np.ndarray] = []  # for each joint, (F, 3, 3)
    columns = iter(motion.values.T)
    for joint, parent in enumerate(motion.parents):
        local, rotation = np.tile(motion.offsets[joint], (frames, 1)), np.broadcast_to(np.eye(3), (frames, 3, 3))
        for channel in motion.channels[joint]:
            axis, value = "XYZ".index(channel[0]), next(columns)
            if channel.endswith("position"):
                local[:, axis] = value
            else:
                rotation = rotation @ _turn(axis, np.radians(value))
        if parent >= 0:
            local = placed[:, parent] + (turned[parent] @ local[:, :, None])[:, :, 0]
            rotation = turned[parent] @ rotation
        placed[:, joint] = local
        turned.append(rotation)
    return placed


def _turn(axis: int, angle: np.ndarray) -> np.ndarray:
    """Rotation matrices about one axis, right-handed, (F, 3, 3), by the angles, (F,), in radians."""
    matrix = np.zeros((len(angle), 3, 3))
    y, z = (axis + 1) % 3, (axis + 2) % 3
    matrix[:, axis, axis] = 1
    matrix[:, y, y] = matrix[:, z, z] = np.cos(angle)
    matrix[:, z, y] = np.sin(angle)
    matrix[:, y, z] = -matrix[:, z, y]
    return matrix


def with_offsets(motion: Motion) -> Motion:
    """The motion with OFFSET added to the positions of inner joints, if all of these are as good as zero.

    Some tools write how far a joint is from its OFFSET, not from its parent; taken as they are, such positions would
    draw the whole body together in one place. A root's are always where it is.
    """
    column, own = 0, []
    for joint, channels in enumerate(motion.channels):
        for channel in channels:
            if channel.endswith("position") and motion.parents[joint] >= 0:
                own.append((column, motion.offsets[joint]["XYZ".index(channel[0])]))
            column += 1
    columns, offsets = [column for column, _ in own], np.array([offset for _, offset in own])
    size = np.abs(offsets).max(initial=0)
    if np.abs(motion.values[:, columns]).max(initial=0) > _AS_ZERO * size or not size:
        return motion
    values = motion.values.copy()
    values[:, columns] += offsets
    return motion._replace(
        values=values, notes=(*motion.notes, "the positions of inner joints are all zero, so OFFSET is added to them")
    )


def positions_at(motion: Motion, frames: np.ndarray, joints: Sequence[int]) -> np.ndarray:
    """Where some joints are at times counted in frames, whole or between two: float32 (len(frames), len(joints), 3).

    Between two frames they are on the straight line from one place to the other. Memory does not grow with the frames
    of the motion, but for those that are asked for.
    """
    placed = np.empty((len(frames), len(joints), 3), np.float32)
    for start in range(0, len(frames), _block(motion)):
        block = slice(start, start + _block(motion))
        before = np.minimum(frames[block].astype(np.int64), len(motion.values) - 1)
        share = (frames[block] - before)[:, None, None]
        there = positions(motion._replace(values=motion.values[before]))[:, joints]
        if share.any():
            after = np.minimum(before + 1, len(motion.values) - 1)
            there += share * (positions(motion._replace(values=motion.values[after]))[:, joints] - there)
        placed[block] = there
    return placed


def _block(motion: Motion) -> int:
    return max(1, 30 * BLOCK // len(motion.names))


def trees(motion: Motion) -> list[list[int]]:
    """The joints of each tree, the root first, in the order of the file."""
    found: list[list[int]] = []
    for joint, parent in enumerate(motion.parents):
        if parent < 0:
            found.append([])
        found[-1].append(joint)
    return found


def turning(motion: Motion) -> np.ndarray:
    """Which of the channels are rotations, bool (C,)."""
    return np.array([channel.endswith("rotation") for own in motion.channels for channel in own])


def added_pose(motion: Motion) -> bool:
    """Is the first frame a pose that was put before the recording, such as the T-pose of a set's conversion?

    It is if none of its rotations is other than 0 while the next frame's are, or if the body jumps from it to the
    second frame by more than three times the farthest step between later frames, and at least a tenth of its size.
    """
    turns, count = turning(motion), len(motion.values)
    if count < 3 or not turns.any():
        return False
    if not motion.values[0, turns].any():
        return bool(motion.values[1, turns].any())
    chosen = np.unique(np.linspace(0, count - 2, BLOCK).astype(int))  # of the steps, the first among them
    steps = motion.values[chosen + 1][:, turns] - motion.values[chosen][:, turns]
    steps = np.abs((steps + 180) % 360 - 180).mean(axis=1)
    if len(steps) < 10 or steps[0] < 3 * np.median(steps):  # what follows takes longer
        return False
    joints, first = list(range(len(motion.names))), 0.0
    for start in range(0, count - 1, _block(motion)):
        placed = positions_at(motion, np.arange(start, min(start + _block(motion) + 1, count)), joints)
        moved = np.linalg.norm(np.diff(placed, axis=0), axis=-1).max(axis=1)
        if not start:
            first, moved = moved[0], moved[1:]
            if not first > np.ptp(placed[0], axis=0).max() / 10:
                return False
        if not first > 3 * moved.max(initial=0):
            return False
    return True


def equal_at_end(motion: Motion) -> int:
    """How many frames at the end repeat the one before them."""
    count = 0
    for frame in motion.values[-2::-1]:
        if (frame != motion.values[-1]).any():
            break
        count += 1
    return count
