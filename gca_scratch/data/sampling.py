"""From skeletons to the network's input: coordinates of the body, T frames of each, random changes in training.

`prepare` finds the coordinates of every body; `Prepared.batch` then gathers frames, so that a batch costs far less than
a training step. Of data that lies in memory all frames are turned into these coordinates at once; of data that is
mapped from the disk (data.neutral) only those of a batch, and the whole is never copied.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..settings import Settings
from ..support.errors import InputError, shown
from .joint_names import Roles, find_roles, words
from .neutral import Skeletons
from .skeleton import chain


@dataclass
class Prepared:
    """Sequences ready to be sampled.

    x float32 (total frames, J, P, 3): joints in chain order, relative to the hip of the sequence's first frame; an
    array, or what stands for one (`Aligned`).
    offsets int64 (N + 1,), label int64 (N,).  order (J,): the data's joint at each place of the chain.
    up: the vertical axis (0, 1 or 2).  mirrored (J,): at each place of the chain, the place of the same joint of the
    other side, or None where the joints' names do not tell.  flipped (N,): the axis that a mirror image reverses, the
    one across the body, or across the line between two persons.  motion: batches hold, beside the coordinates, so many
    times their `displacement`; with 0 the coordinates alone.
    """

    x: "np.ndarray | Aligned"
    offsets: np.ndarray
    label: np.ndarray
    order: tuple[int, ...]
    up: int
    mirrored: np.ndarray | None
    flipped: np.ndarray
    motion: float = 0.0

    @property
    def channels(self) -> int:
        """Numbers per cell: three for each person, and as many again with `motion`."""
        return 3 * self.x.shape[2] * (2 if self.motion else 1)

    def batch(
        self,
        sequences: Sequence[int] | np.ndarray,
        frames: int,
        settings: Settings | None = None,
        rng: np.random.Generator | None = None,
        position: float = 0.5,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Input x float32 (B, T, J, C) and labels (B,) of the given sequences.

        The channels C are the three coordinates of each person, then, with `motion`, the displacement of each of them.

        Each sequence is cut into T equal segments. With a generator `rng` a random frame of each is taken and the
        settings' random changes are made (training); without one, the frame at `position` of each segment (testing;
        0.5 is the middle).
        """
        index = self.frame_index(sequences, frames, settings.crop if rng else 0.0, rng, position)
        x = self.x[index]  # (B, T, J, P, 3)
        if rng is not None:
            x = self._changed(x, self.flipped[sequences], settings, rng)
        if self.motion:
            x = np.concatenate((x, np.float32(self.motion) * displacement(x)), axis=3)  # (B, T, J, 2P, 3)
        return x.reshape(*x.shape[:3], -1), self.label[sequences]

    def frame_index(
        self,
        sequences: Sequence[int] | np.ndarray,
        frames: int,
        crop: float = 0.0,
        rng: np.random.Generator | None = None,
        position: float = 0.5,
    ) -> np.ndarray:
        """Which frame stands for each segment: int64 (B, T), indices into the first axis of x."""
        first = self.offsets[sequences][:, None]
        length = np.diff(self.offsets)[sequences][:, None]  # (B, 1)
        within = np.full((len(sequences), frames), position) if rng is None else rng.random((len(sequences), frames))
        place = (np.arange(frames) + within) / frames  # (B, T) in [0, 1): a sequence shorter than T repeats frames
        if crop:
            cut = crop * rng.random((2, len(sequences), 1))
            place = cut[0] + place * (1 - cut[0] - cut[1])
        return first + np.minimum((place * length).astype(np.int64), length - 1)

    def _changed(self, x, flipped, settings, rng):
        """Mirror images, persons exchanged, turns, sizes and noise, all random: x (B, T, J, P, 3), flipped (B,)."""
        B = len(x)
        if settings.mirror:
            chosen = rng.random(B) < 0.5
            reversed_axis = np.where(np.arange(3) == flipped[chosen, None], -1, 1).astype(x.dtype)  # (chosen, 3)
            x[chosen] = x[chosen][:, :, self.mirrored] * reversed_axis[:, None, None, None]
        if (
            settings.exchange and x.shape[3] > 1
        ):  # the second person becomes the first, seen from the other side of their line
            chosen = (flipped == (self.up + 1) % 3) & (rng.random(B) < 0.5)
            half_turn = np.where(np.arange(3) == self.up, 1, -1).astype(x.dtype)
            x[chosen] = x[chosen][:, :, :, [1, 0, *range(2, x.shape[3])]] * half_turn
        angle = np.radians(settings.turn) * rng.uniform(-1, 1, B)
        size = 1 + settings.stretch * rng.uniform(-1, 1, B)
        matrix = (turn_matrix(angle, self.up) * size[:, None, None]).astype(np.float32)  # (B, 3, 3)
        x = (x.reshape(B, -1, 3) @ matrix).reshape(x.shape)
        if settings.jitter:
            noise = np.float32(settings.jitter) * rng.standard_normal(x.shape, dtype=np.float32)
            x += noise * present(x, (2, 4))  # an absent person stays zeros
        return x


@dataclass
class Aligned:
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
        with np.errstate(over="ignore"):  # found below
            x = x[..., list(self.order), :].swapaxes(-3, -2).astype(np.float32, order="C")  # (..., J, P, 3)
        if not np.isfinite(x).all():
            wrong = np.unique(n[~np.isfinite(x).all(axis=(-3, -2, -1))])[0]
            raise InputError(
                f"sequence {wrong} ({shown(str(self.data.name[wrong]))}) has joints so far from its hip, or a torso so "
                "short, that its coordinates are beyond 32-bit numbers; repair it or leave it out"
            )
        return x[(slice(None),) * frames.ndim + tuple(rest)] if rest else x


def displacement(x: np.ndarray) -> np.ndarray:
    """How far joints have moved since the frame before, of x (B, T, J, P, 3), in its shape.

    Zeros in the first frame, and for a person who is absent from either frame.
    """
    moved, seen = np.zeros_like(x), present(x, (2, 4))
    moved[:, 1:] = (x[:, 1:] - x[:, :-1]) * (seen[:, 1:] & seen[:, :-1])
    return moved


def turn_matrix(angle: np.ndarray, up: int) -> np.ndarray:
    """Rotations about the axis `up` for row vectors: angle (B,) in radians gives (B, 3, 3)."""
    a, b = (up + 1) % 3, (up + 2) % 3
    matrix = np.zeros((len(angle), 3, 3))
    matrix[:, up, up] = 1
    matrix[:, a, a] = matrix[:, b, b] = np.cos(angle)
    matrix[:, a, b], matrix[:, b, a] = np.sin(angle), -np.sin(angle)
    return matrix


def prepare(
    data: Skeletons,
    face_camera: bool = False,
    torso_scale: bool = False,
    hip: str | None = None,
    tree: bool = False,
    pair: bool = False,
    motion: float = 0.0,
) -> Prepared:
    """Skeletons (data.neutral) in the coordinates of the body.

    The origin is the hip of the first person in the first frame that has one. `face_camera` turns every sequence
    about the vertical so that the line from left to right hip of that frame lies along one horizontal axis;
    `torso_scale` divides by the median torso length of the sequence. `pair`, in sequences that have a frame with
    two persons, takes the middle between their hips in the first such frame as the origin and turns the line from
    the first person to the second along a horizontal axis, in place of `face_camera`. These need joints that
    `joint_names.find_roles` must find by name; `hip` names the hip where it cannot be found. `tree` has the chain come
    back through the joints, as ST-LSTM's tree traversal does, so that a joint may have several places. `motion`
    is that of Prepared. Raises InputError when a joint that is needed is not found.
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
    up = vertical_axis(data, roles)
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
    x = aligned = Aligned(data, order, origin, size, turn)
    if not isinstance(data.joints, np.memmap):
        x = np.empty(aligned.shape, np.float32)
        for start, stop in pairwise(data.offsets.tolist()):
            x[start:stop] = aligned[start:stop]
    mirrored = mirror_order(names, order)
    return Prepared(x, data.offsets, data.label.astype(np.int64), order, up, mirrored, flipped, motion)


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


def present(x: np.ndarray, axes: tuple[int, int] = (-2, -1)) -> np.ndarray:
    """Where a person is there, and not all joints are zeros: bool, the shape of x with 1 in place of J and 3.

    axes: which of x are the joints and their coordinates.
    """
    return (x != 0).any(axis=axes, keepdims=True)


def vertical_axis(data: Skeletons, roles: Roles) -> int:
    """The axis along which the top of the body lies farthest from the hip, on average; y where the top is unknown."""
    if roles.top is None:
        return 1
    frames = data.joints[:: max(1, len(data.joints) // 2000), 0].astype(np.float64)
    return int(np.argmax(np.abs((frames[:, roles.top] - frames[:, roles.hip]).mean(axis=0))))
