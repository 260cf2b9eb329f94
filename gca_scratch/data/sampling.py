"""From aligned sequences to the network's input: T frames of each, and random changes in training.

A batch gathers the frames that it needs and no others, so that it costs far less than a training step.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..settings import Settings
from .absent import dropped
from .coordinates import LazyJoints
from .placement import present, turn_matrix


@dataclass
class Aligned:
    """Sequences in the coordinates of the body (`alignment.align`), ready to be sampled.

    x float32 (total frames, J, P, 3): joints in chain order, relative to the hip of the sequence's first frame; an
    array, or what stands for one (`coordinates.LazyJoints`).
    offsets int64 (N + 1,), label int64 (N,).  order (J,): the data's joint at each place of the chain.
    up: the vertical axis (0, 1 or 2).  mirrored (J,): at each place of the chain, the place of the same joint of the
    other side, or None where the joints' names do not tell.  flipped (N,): the axis that a mirror image reverses, the
    one across the body, or across the line between two persons.  motion: batches hold, beside the coordinates, so many
    times their `displacement`; with 0 the coordinates alone.
    """

    x: np.ndarray | LazyJoints
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
        return self.channels_of(x), self.label[sequences]

    def channels_of(self, x: np.ndarray) -> np.ndarray:
        """The network's input (B, T, J, C) from joints x (B, T, J, P, 3)."""
        if self.motion:
            x = np.concatenate((x, np.float32(self.motion) * displacement(x)), axis=3)  # (B, T, J, 2P, 3)
        return x.reshape(*x.shape[:3], -1)

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
        """Joints lost, mirror images, persons exchanged, turns, sizes, noise: x (B, T, J, P, 3), flipped (B,)."""
        B = len(x)
        if settings.drop_joints:
            x = dropped(x, settings.drop_joints, rng)
        if settings.mirror:
            chosen = rng.random(B) < 0.5
            reversed_axis = np.where(np.arange(3) == flipped[chosen, None], -1, 1).astype(x.dtype)  # (chosen, 3)
            x[chosen] = x[chosen][:, :, self.mirrored] * reversed_axis[:, None, None, None]
        if settings.exchange and x.shape[3] > 1:
            # the second person becomes the first, seen from the other side of their line
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


def displacement(x: np.ndarray) -> np.ndarray:
    """How far joints have moved since the frame before, of x (B, T, J, P, 3), in its shape.

    Zeros in the first frame, and for a person who is absent from either frame.
    """
    moved, seen = np.zeros_like(x), present(x, (2, 4))
    moved[:, 1:] = (x[:, 1:] - x[:, :-1]) * (seen[:, 1:] & seen[:, :-1])
    return moved
