"""What a network knows of the data it was trained on: names, axes, people, and the sequences themselves by a mark.

A checkpoint keeps it as plain values, so that a recording of anybody's can be put before the network as it was taught
to see, and so that other data are recognised as other data.
"""

import re
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from ..data.alignment import torso_direction
from ..data.joint_names import find_roles
from ..data.meaning import AXES, Meaning, from_rows, to_rows
from ..data.neutral import Skeletons, check_names
from ..data.skeleton import chain
from ..support.errors import InputError, shown
from ..support.reading import from_plain
from .movement import Movement
from .split import Split


@dataclass
class Known:
    """Plain values, as JSON keeps them; frames and subjects are those of the training sequences.

    class_names: in the order of the network's outputs.  joint_names, edges, hip: the skeleton ("": its names tell).
    up: the vertical axis with its sign, as the network saw it.  meaning: rows of `data.meaning`.  persons: in a cell.
    lengths: the shortest, median and longest, in frames.  train_subjects, validation_subjects: their numbers.
    train_marks: one mark of 8 digits for each sequence, in one text.  threshold: a probability below which an answer
    counts as none of the classes; 0 where none was set.  movement: a movement.Movement, {} where none was learned.
    """

    class_names: list
    joint_names: list
    edges: list
    hip: str
    up: str
    meaning: list
    persons: int
    lengths: list
    train_subjects: list
    validation_subjects: list
    train_marks: str
    threshold: float = 0.0
    movement: dict = field(default_factory=dict)

    def __post_init__(self):
        for key in ("class_names", "joint_names"):
            names = getattr(self, key)
            if not names or not all(isinstance(name, str) for name in names):
                raise InputError(f"{key} are no names")
            check_names(key, names, "names")
        if not (len(self.edges) == len(self.joint_names) - 1 and all(map(_is_pair, self.edges))):
            raise InputError(f"edges {shown(self.edges)} join no {len(self.joint_names)} joints")
        chain(len(self.joint_names), self.edges, 0)
        find_roles(self.joint_names, self.edges, self.hip or None)
        for numbers in (self.lengths, self.train_subjects, self.validation_subjects):
            if not all(type(number) is int and 0 <= number < 2**31 for number in numbers):
                raise InputError("lengths or subjects are no numbers")
        if len(self.lengths) != 3 or not 1 <= self.lengths[0] <= self.lengths[1] <= self.lengths[2]:
            raise InputError(f"lengths {shown(self.lengths)} are not the shortest, median and longest")
        if not (1 <= self.persons < 2**15 and 0 <= self.threshold <= 1):
            raise InputError("persons or threshold is out of range")
        if self.up not in AXES:
            raise InputError(f"up is {shown(self.up)}, no axis")
        if not re.fullmatch("([0-9a-f]{8})*", self.train_marks):
            raise InputError(f"train_marks {shown(self.train_marks)} are none")
        from_rows(self.meaning, "meaning")
        if self.movement:
            from_plain(Movement, self.movement, "movement")

    @property
    def moves(self) -> Movement | None:
        """How joints move in each class; None where that was not learned."""
        return from_plain(Movement, self.movement, "movement") if self.movement else None

    @property
    def means(self) -> Meaning:
        """The Meaning of the data it was trained on."""
        return from_rows(self.meaning, "meaning")

    def seen(self, data: Skeletons, sequences: np.ndarray) -> np.ndarray:
        """Which of those sequences (n,) were trained on: bool (n,); their joints must be in the network's order."""
        marks = {self.train_marks[at : at + 8] for at in range(0, len(self.train_marks), 8)}
        return np.array([mark_of(data, n) in marks for n in sequences])


def _is_pair(edge):
    return isinstance(edge, list) and len(edge) == 2 and all(type(joint) is int for joint in edge)


def known_of(split: Split, hip: str) -> Known:
    """What there is to know of the data that are split; hip: the joint that the user named, or ""."""
    data, lengths = split.data, split.data.lengths
    train = np.concatenate((split.fit, split.validate))
    roles = find_roles(data.joint_names, data.edges, hip or None)
    up = data.meaning.up.value
    if not up:
        along = torso_direction(data, roles)
        sign = "+" if along is None or along[split.aligned.up] >= 0 else "-"
        up = sign + "xyz"[split.aligned.up]
    return Known(
        class_names=list(data.class_names),
        joint_names=list(data.joint_names),
        edges=np.asarray(data.edges).tolist(),
        hip=hip,
        up=up,
        meaning=to_rows(data.meaning),
        persons=data.joints.shape[1],
        lengths=[int(lengths[train].min()), int(np.median(lengths[train])), int(lengths[train].max())],
        train_subjects=np.unique(data.subject[split.fit]).tolist(),
        validation_subjects=np.unique(data.subject[split.validate]).tolist(),
        train_marks="".join(mark_of(data, n) for n in train),
    )


def mark_of(data: Skeletons, n: int) -> str:
    """Eight digits that tell a sequence from others by its coordinates, wherever it lies and whatever it is called."""
    start, stop = data.offsets[n : n + 2]
    return f"{zlib.crc32(np.ascontiguousarray(data.joints[start:stop])):08x}"


def to_plain(known: Known) -> dict[str, Any]:
    """As JSON keeps it."""
    return asdict(known)


def from_saved(run: dict[str, Any], where: str, classes: int) -> Known:
    """What a checkpoint keeps (`run` of `checkpoint.load`), of a network with so many classes.

    Raises InputError, naming `where`, if that is none or damaged.
    """
    if "known" not in run:
        raise InputError(f"{where} does not say what its network was trained on; train again with this version")
    missing = [f.name for f in fields(Known) if isinstance(run["known"], dict) and f.name not in run["known"]]
    if missing:
        raise InputError(f"{where} was written by another version, which did not keep {missing[0]}; train again")
    try:
        known = from_plain(Known, run["known"], f"{where}, known")
        if len(known.class_names) != classes:
            raise InputError(f"{where}, known: {len(known.class_names)} class_names, and the network has {classes}")
        if known.moves is not None and len(known.moves.mean) != classes:
            raise InputError(
                f"{where}, known: movement of {len(known.moves.mean)} classes, and the network has {classes}"
            )
    except InputError as error:
        raise InputError(f"{error}; the file has been edited: train again") from None
    return known


def in_spans(numbers: Iterable[int]) -> str:
    """Whole numbers as people write them: 1-3, 5, 8, 9."""
    values, spans = sorted(set(numbers)), []
    for value in values:
        if spans and value == spans[-1][1] + 1:
            spans[-1][1] = value
        else:
            spans.append([value, value])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" if b > a + 1 else f"{a}, {b}" for a, b in spans)
