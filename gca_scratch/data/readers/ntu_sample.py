"""Other people's packings, mostly of NTU RGB+D: what a name tells, the names of classes, the skeleton."""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from gca_scratch.support.errors import InputError, shown
from gca_scratch.support.reading import read_bytes, without_mark

from ..meaning import known
from ..neutral import MOST_CLASSES
from ..skeleton import KINECT_V1, KINECT_V2, Layout
from .ntu_names import NTU_60, NTU_120

KINECT_SPACE = known(up="+y", unit="m", hand="right", rate="30")
JOINTS = 25
_NAME = re.compile(r"S([0-9]{3})C([0-9]{3})P([0-9]{3})R([0-9]{3})A([0-9]{3})(?:\.skeleton)?")
_LARGEST_NAMES = 1 << 20  # bytes of a file of class names


class Sample(NamedTuple):
    """What the name of a sequence tells, each number as it stands there."""

    setup: int
    view: int
    subject: int
    repetition: int
    action: int


def sample_of(name: str) -> Sample | None:
    """S001C001P001R001A001, also with .skeleton behind it, as a Sample; None for other names."""
    found = _NAME.fullmatch(name)
    return Sample(*map(int, found.groups())) if found else None


def class_names(
    labels: Sequence[int | None], samples: Sequence[Sample | None], options_names: str, path: Path, count: int = 0
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the classes, and notes on them.

    labels: those of all sequences, from 0.  samples: what their names tell; where all are of NTU RGB+D and the labels
    are their actions, the classes are those 60 or 120.  options_names: a file with a name a line, in the order of the
    labels, which goes before.  path: of the data.  count: how many classes there are, where the data says so.  Without
    any of these the classes are called by their numbers, and there are none where there are no labels.

    Raises InputError for labels that are no places among the classes of the file or beyond 500, and for a file that
    cannot be read.
    """
    known_labels = [label for label in labels if label is not None]
    if not known_labels and not options_names:
        return (), ()
    needed = max([count, *(label + 1 for label in known_labels)])
    if needed > MOST_CLASSES:
        raise InputError(f"{path} has a label {needed - 1}, but at most {MOST_CLASSES} classes; renumber them from 0.")
    if options_names:
        names = _lines(options_names)
        if len(names) < needed:
            raise InputError(
                f"{options_names} names {len(names)} classes, but labels go to {needed - 1}; add the rest"
                + (
                    ", or subtract 1 from the labels, which seem to count from 1." * _counts_from_one(known_labels)
                    or "."
                )
            )
        return names, ()
    if samples and all(samples):
        agree = all(label in (None, s.action - 1) for label, s in zip(labels, samples, strict=True) if s)
        most = max([needed, *(s.action for s in samples if s)])
        if agree and most <= len(NTU_120):
            return NTU_60 if most <= len(NTU_60) and not _of_120(samples) else NTU_120, ()
        notes = ("the labels are not the actions in the names of the samples, so the classes have numbers for names.",)
        return tuple(map(str, range(needed))), (*notes, *_from_one(known_labels, count))
    return tuple(map(str, range(needed))), _from_one(known_labels, count)


def _from_one(labels: Sequence[int], count: int) -> tuple[str, ...]:
    """A note on labels that count from 1, unless the data say how many classes there are."""
    if count or not _counts_from_one(labels):
        return ()
    return (
        f"the labels are 1 to {max(labels)}, none is 0; if they count from 1, subtract 1 from each, "
        "or a network learns a class that nobody shows.",
    )


def _counts_from_one(labels):
    return max(labels) > 1 and set(labels) == set(range(1, max(labels) + 1))


def _of_120(samples):
    return any(sample.setup > 17 or sample.subject > 40 for sample in samples)


def _lines(path: str) -> tuple[str, ...]:
    try:
        text = without_mark(read_bytes(Path(path), _LARGEST_NAMES)).decode("utf-8")
    except OSError as error:
        raise InputError(
            f"--names {path} cannot be read ({error.strerror}); give a file with a name a line."
        ) from error
    except ValueError as error:
        raise InputError(f"--names {path} is no text in UTF-8; save it as such, with a name a line.") from error
    names = tuple(line.strip() for line in text.splitlines() if line.strip())
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None) if names else None
    if not names or twice:
        what = f"names {shown(twice)} twice" if twice else "is empty"
        raise InputError(f"--names {path} {what}; give a file with a name of its own in each line.")
    return names


def layout_of(joints: int) -> tuple[Layout, tuple[str, ...]]:
    """The skeleton of so many joints, Kinect's of 25 or 20, and a note where nothing tells which it is."""
    known_ones = {len(layout.joint_names): layout for layout in (KINECT_V1, KINECT_V2)}
    if joints in known_ones:
        return known_ones[joints], ()
    names = tuple(f"joint {joint}" for joint in range(joints))
    note = f"nothing tells what the {joints} joints are: they are called joint 0 to joint {joints - 1} and make a line."
    return Layout("unknown", names, tuple(pairwise(range(joints)))), (note,)
