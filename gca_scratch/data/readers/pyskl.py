"""Reader for pickles of PYSKL and MMAction2 (ntu60_3danno.pkl, ntu60_3d.pkl and own data in that form), in 3-D.

A file holds a dict, read by support/unpickling.py:

    split           for each name a list of samples: xsub_train and xsub_val, xview_train ... are the pairs of a split
    annotations     a list of dicts, or None where nobody was found, of

        frame_dir       the name of the sample; of NTU RGB+D it tells setup, view, subject and repetition
        label           from 0
        total_frames    the frames, where the array is longer
        keypoint        (persons, frames, joints, 3); an absent person is all zeros, in single frames, too

Persons differ in number from sample to sample, PYSKL leaves out frames in which nobody is seen, and 16-bit numbers are
1 to 2 mm apart at 2 to 4 m. A bare list of annotations is read, too, and the first MMAction2's form (3, frames, joints,
persons). Arrays in 2-D are refused.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gca_scratch.support.errors import InputError, shown
from gca_scratch.support.patterns import find_groups
from gca_scratch.support.reading import open_plain
from gca_scratch.support.stored import Stored, read_stored
from gca_scratch.support.unpickling import unpickle

from ..meaning import Meaning
from . import agcn
from .named import ending_so
from .ntu_sample import JOINTS, KINECT_SPACE, class_names, layout_of, sample_of
from .own import numbered
from .recording import NOTHING_SAID, Collection, Options, Recording
from .rows import in_metres
from .splits import tests_of

TAKES = "PYSKL and MMAction2: a .pkl file with annotations in 3-D (ntu60_3danno.pkl, ntu60_3d.pkl, own ones)"
PROTOCOL = "file"
_SUFFIXES = (".pkl", ".pickle")
_WORDS = re.compile(rb"annotations|split|frame_dir|keypoint")
_MOST_JOINTS = 1000
_THREE = 'this package reads joints in 3-D alone: give a file with three coordinates, such as "ntu60_3danno.pkl"'


class Item(NamedTuple):
    """One annotation: where its joints lie once they are unpacked, seen as (frames, persons, joints, 3).

    It is written as the file and the place in it, which do not change with the folder that is unpacked into.
    """

    source: str
    number: int
    name: str
    label: int | None
    subject: int
    numbers: tuple[int, ...] | tuple[()]  # view, setup, repetition
    test: bool | None
    frames: int
    persons: int
    repeated: bool
    scale: float  # metres in a unit of the file
    stored: Stored

    def __repr__(self):
        return f"Item{tuple(self[:-1])}"


def recognises(path: Path) -> bool:
    """Is it a pickle that begins with the words of such a file, or a folder with one in it or below?"""
    path = Path(path)
    try:
        if os.path.isdir(path):
            return any(map(_begins_so, ending_so(path, *_SUFFIXES)))
        return _begins_so(path)
    except (OSError, ValueError):
        return False


def _begins_so(path: Path) -> bool:
    if path.suffix.lower() not in _SUFFIXES:
        return False
    with open_plain(path) as file:
        return _WORDS.search(file.read(4096)) is not None


def open_collection(path: str | os.PathLike[str], options: Options = NOTHING_SAID) -> Collection:
    """Unpack the file, or the only such file in a folder, and look at each annotation but not at its joints.

    `options.split` chooses one of several splits ("xsub"), `options.names` is a file of class names, a line each. Of
    names that are not those of NTU RGB+D, the group `subject` of the pattern `options.label` tells who acts.

    Raises InputError, naming file and annotation, for what is no such pickle or beyond what unpickling.py lets through,
    for annotations in 2-D or without joints, with other joints than the first, or with no label where one is needed.
    """
    path = _file(Path(path))
    annotations, split = _parts(unpickle(path), path)
    found = [_item(annotation, number, path, options) for number, annotation in enumerate(annotations)]
    items = [item for item in found if item is not None]
    if not items:
        raise InputError(f"{path} holds no annotation with a body; give a file that holds some.")
    joints = _joint_count(items, path)
    persons = max(item.persons for item in items)
    missing = len(found) - len(items)
    notes = [f"{missing} of {len(found)} annotations hold nobody and are left out."] if missing else []
    tests, told = tests_of([item.name for item in items], split, options.split, path)
    items = [items[place]._replace(test=test, persons=persons) for place, test in tests]
    samples = [sample_of(item.name.rpartition("/")[2]) for item in items]
    names, more = class_names([item.label for item in items], samples, options.names, path)
    layout, also = layout_of(joints)
    meaning, prepared = _meaning(items, joints == JOINTS and all(samples))
    meaning, scale = in_metres(meaning, options)
    items, who = _with_subjects(items, options.label)
    items = [item._replace(repeated=prepared, scale=scale) for item in items]
    notes += [*told, *more, *also, *who, *([agcn.NOTE] if prepared else [])]
    return Collection(names, layout, meaning, items, tuple(notes))


def _file(path: Path) -> Path:
    if not os.path.isdir(path):
        return path
    found = [file for file in ending_so(path, *_SUFFIXES) if _begins_so(file)]
    if len(found) != 1:
        names = ", ".join(file.name for file in found[:5]) or "none"
        raise InputError(f"{path} holds {len(found)} pickles of PYSKL ({names}); give the file itself.")
    return found[0]


def _parts(value: Any, path: Path) -> tuple[list, dict]:
    """The annotations and the splits."""
    if isinstance(value, dict) and "annotations" in value:
        annotations, split = value["annotations"], value.get("split") or {}
    elif isinstance(value, dict) and "keypoint" in value:
        annotations, split = [value], {}
    else:
        annotations, split = value, {}
    if not isinstance(annotations, list) or not isinstance(split, dict):
        raise InputError(f'{path} holds no list of annotations; write {{"split": ..., "annotations": [...]}} into it.')
    return annotations, split


def _item(found: Any, number: int, path: Path, options: Options) -> Item | None:
    """One annotation, None if it holds nobody; its `test` and the persons of the whole file come later."""
    if found is None:
        return None
    where = f"{path}, annotation {number} (from 0)"
    if not isinstance(found, dict):
        raise InputError(f"{where} is {shown(found)} where a dict belongs; write the file again.")
    name = found.get("frame_dir", found.get("filename"))
    if not isinstance(name, str):
        raise InputError(f"{where} has no frame_dir, the name of the sample; write one into each.")
    where += f", {shown(name)}"
    stored = found.get("keypoint")
    if not isinstance(stored, Stored):
        if "raw_file" in found or "frame_inds" in found:
            raise InputError(f"{where} has its joints elsewhere (raw_file), in pixels, as Kinetics has; {_THREE}.")
        raise InputError(f"{where} has no keypoint that is an array of NumPy; write one into each (np.asarray).")
    stored = _by_frame(stored, where)
    frames, persons = stored.seen[:2]
    total = found.get("total_frames")
    frames = min(frames, total) if type(total) is int and total > 0 else frames
    sample = sample_of(name.rpartition("/")[2])
    label = found.get("label", sample.action - 1 if sample else None)
    if not options.labelled and label in (None, -1):
        label = None
    elif type(label) is not int or not 0 <= label <= np.iinfo(np.int16).max:
        raise InputError(f"{where} has the label {shown(label)}; write whole numbers from 0 into the file.")
    if not frames or not persons:
        return None
    numbers = (sample.view, sample.setup, sample.repetition) if sample else ()
    subject = sample.subject if sample else 0
    return Item(str(path), number, name, label, subject, numbers, None, frames, persons, False, 1.0, stored)


def _by_frame(stored: Stored, where: str) -> Stored:
    """The same array, seen as (frames, persons, joints, 3)."""
    seen, axes = stored.seen, stored.axes or tuple(range(len(stored.shape)))
    if len(seen) == 4 and seen[-1] == 3:
        order = (1, 0, 2, 3)
    elif len(seen) == 4 and seen[0] == 3 and seen[-1] <= 4:
        order = (1, 3, 2, 0)
    elif seen and seen[-1] == 2:
        raise InputError(f"{where} has joints in 2-D, in pixels of an image; {_THREE}.")
    else:
        raise InputError(f"{where} has a keypoint of the shape {seen}; give it (persons, frames, joints, 3).")
    if np.dtype(stored.dtype).kind not in "fiu":
        raise InputError(f"{where} has a keypoint of {stored.dtype}; give it floating-point numbers.")
    return stored._replace(axes=tuple(axes[axis] for axis in order))


def _joint_count(items: Iterable[Item], path: Path) -> int:
    counts = {item.stored.seen[2]: item for item in items}
    if len(counts) > 1:
        (one, item), (other, _) = list(counts.items())[:2]
        raise InputError(
            f"{path}: {shown(item.name)} has {one} joints, but others have {other}; write a file for each skeleton."
        )
    count = next(iter(counts))
    if not 1 <= count <= _MOST_JOINTS:
        raise InputError(f"{path}: a body has {count} joints; this package takes 1 to {_MOST_JOINTS}.")
    return count


def _meaning(items: list[Item], of_ntu: bool) -> tuple[Meaning, bool]:
    """What the coordinates mean, and whether they are prepared as agcn.py says: the first three samples show it."""
    if not of_ntu:
        return Meaning(), False
    prepared = all(agcn.is_prepared(read_stored(item.stored)[: item.frames]) for item in items[:3])
    return (agcn.MEANING, True) if prepared else (KINECT_SPACE, False)


def _with_subjects(items: list[Item], pattern: str) -> tuple[list[Item], tuple[str, ...]]:
    """Numbers for the subjects of samples whose names are not those of NTU RGB+D, and notes on them."""
    own = [item.name for item in items if not item.numbers]
    if not own:
        return items, ()
    groups = find_groups(pattern, own, "--label", "label") if pattern else [None] * len(own)
    subjects = [((found or {}).get("subject") or "").strip() for found in groups]
    numbers, notes = numbered(set(subjects))
    told = iter(subjects)
    return [item if item.numbers else item._replace(subject=numbers[next(told)]) for item in items], notes


def read_item(item: Item) -> Recording:
    """The joints of one annotation, float32 (frames, persons, joints, 3), and what open_collection found.

    Raises InputError if a coordinate is infinite or beyond 32-bit numbers, or nobody is there in any frame.
    """
    where = f"{item.source}, annotation {item.number} (from 0), {shown(item.name)}"
    with np.errstate(over="ignore", invalid="ignore"):  # looked at below
        joints = read_stored(item.stored)[: item.frames].astype(np.float32, order="C") * np.float32(item.scale)
    if np.isinf(joints).any():
        frame, person, joint, axis = np.argwhere(np.isinf(joints))[0]
        raise InputError(
            f"{where}: {'xyz'[axis]} of joint {joint} of person {person} in frame {frame}, all from 0, is infinite; "
            "write metres into the file, or leave the sample out."
        )
    if not np.nan_to_num(joints).any():
        raise InputError(f"{where} holds nobody in any frame; leave it out.")
    joints = agcn.once(joints) if item.repeated else joints
    joints = np.pad(joints, ((0, 0), (0, item.persons - joints.shape[1]), (0, 0), (0, 0)))
    view, setup, repetition = item.numbers or (None, None, None)
    return Recording(joints, item.label, item.subject, item.name, view, setup, repetition, item.test)
