"""Where the body of each sequence stands: its origin, size and turn, found when they are first asked for.

A sequence is looked at once, whole: absent joints are filled in before anything is measured. So data that is mapped
from the disk costs no more to open than its file's header.
"""

from dataclasses import dataclass, field

import numpy as np

from ..support.errors import InputError, shown
from .absent import filled
from .joint_names import Roles
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


def first_frame(sequence: np.ndarray, persons: list[int]) -> int | None:
    """The first frame of a sequence (frames, P, J, 3) that has all those persons; None without one."""
    for start, stop in ((0, 1), (1, None)):  # mostly it is the very first
        there = present(sequence[start:stop, persons]).all(axis=(1, 2, 3))
        if there.any():
            return start + int(there.argmax())
    return None


def torso_length(person: np.ndarray, roles: Roles, origin: np.ndarray) -> float:
    """The median length of the torso of a person (frames, J, 3), where it is there; 1 where it has no length."""
    ends = person[:, [roles.top, roles.hip]][(person != 0).any(axis=(1, 2))] - origin  # (frames, 2, 3)
    length = np.median(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=-1)) if len(ends) else 0
    return length if length > 0 else 1


@dataclass
class Placement:
    """What takes each of N sequences to the coordinates of its body: (joint - origin) / size @ turn.

    face_camera, torso_scale, pair: as `alignment.align` has them.  up: the vertical axis.

    Of the sequences that `find` was asked for: origin (N, 3); size (N,); turn (N, 3, 3), or None where nothing is ever
    turned; flipped (N,), the axis that a mirror image reverses; gaps (N,), has it joints to fill in?
    """

    data: Skeletons
    roles: Roles
    up: int
    face_camera: bool = False
    torso_scale: bool = False
    pair: bool = False
    found: np.ndarray = field(init=False)
    origin: np.ndarray = field(init=False)
    size: np.ndarray = field(init=False)
    turn: np.ndarray | None = field(init=False)
    flipped: np.ndarray = field(init=False)
    gaps: np.ndarray = field(init=False)

    def __post_init__(self):
        count = len(self.data)
        self.found, self.gaps = np.zeros((2, count), bool)
        self.origin, self.size = np.zeros((count, 3)), np.ones(count)
        self.turn = np.zeros((count, 3, 3)) if self.face_camera or self.pair else None
        self.flipped = np.full(count, (self.up + 2) % 3)

    def find(self, sequences: np.ndarray) -> None:
        """Place those sequences, as far as they are not yet; InputError for one that shows nobody."""
        for n in sequences[~self.found[sequences]]:
            self._place(n, self.whole(n))
            self.found[n] = True

    def whole(self, n: int) -> np.ndarray:
        """The sequence n (frames, P, J, 3), absent joints filled in."""
        sequence = np.asarray(self.data.sequence(n))
        return filled(sequence, self.data.edges, self.roles.hip, self.data.meaning.zeros_absent)

    def _place(self, n, sequence):
        self.gaps[n] = not np.may_share_memory(sequence, self.data.joints)
        here = np.flatnonzero(present(sequence).any(axis=(0, 2, 3)))  # the persons who are ever there
        if not len(here):
            raise InputError(
                f"sequence {n} ({shown(str(self.data.name[n]))}) shows nobody in any frame; leave it out of the data"
            )
        a, b = (self.up + 1) % 3, (self.up + 2) % 3
        lead = int(here[0])
        first = first_frame(sequence, [lead])
        together = first_frame(sequence, [0, 1]) if self.pair else None
        hips = sequence[first if together is None else together, :, self.roles.hip].astype(np.float64)  # (P, 3)
        origin = hips[lead] if together is None else hips[:2].mean(axis=0)
        line = np.zeros(3)  # is turned to lie along axis b
        if together is not None:
            line, self.flipped[n] = hips[1] - hips[0], a
        elif self.face_camera:
            left, right = sequence[first, lead, [self.roles.left, self.roles.right]] - origin
            line = right - left
        self.origin[n] = origin
        if self.torso_scale:
            self.size[n] = torso_length(sequence[first:, lead], self.roles, origin)
        if self.turn is not None:
            self.turn[n] = turn_matrix(np.arctan2(line[[a]], line[[b]]), self.up)[0]
