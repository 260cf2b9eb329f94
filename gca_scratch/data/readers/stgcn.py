"""Reader for the arrays of ST-GCN and 2s-AGCN: train_data.npy and val_data.npy, each with its train_label.pkl.

An array is (sequences, 3, frames, joints, persons), read row by row where it lies; zeros follow the last frame. The
pickle beside it holds two lists, the names of the sequences (with .skeleton behind them) and their labels from 0.

* ST-GCN takes the first two bodies of each frame for the persons: where Kinect changes their order, they swap.
* 2s-AGCN (train_data_joint.npy) centres and turns the sequences, and repeats them to the end (agcn.py).
* Kinetics, with 18 joints and scores in the place of a third coordinate, is in 2-D, and is refused.
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gca_scratch.support.errors import InputError, shown
from gca_scratch.support.stored import Stored, in_npy, read_row, read_stored
from gca_scratch.support.unpickling import unpickle

from ..meaning import Meaning
from . import agcn
from .named import ending_so
from .ntu_sample import JOINTS, KINECT_SPACE, class_names, layout_of, sample_of
from .recording import NOTHING_SAID, Collection, Options, Recording
from .rows import in_metres

TAKES = "ST-GCN and 2s-AGCN: a folder of train_data.npy, train_label.pkl, val_data.npy, val_label.pkl, or one of them"
PROTOCOL = "file"
PARTS = ("train", "val", "test")
_NAME = re.compile(r"(train|val|test)_(data|data_joint|label)\.(npy|pkl)")
_DERIVED = re.compile(r".*_(bone|motion)s?\.npy")
_SWAPPED = "ST-GCN takes the first two bodies of each frame, whoever they are: two people may swap from frame to frame."
_MOST_JOINTS = 1000


class Item(NamedTuple):
    """A row of one of the arrays."""

    path: str
    row: int
    name: str
    label: int | None
    numbers: tuple[int, ...]  # subject, view, setup, repetition; () where nothing tells
    test: bool | None
    repeated: bool
    scale: float  # metres in a unit of the file
    stored: Stored


def recognises(path: Path) -> bool:
    """Is it a file called as theirs, an .npy file of five dimensions, or a folder with such a file in it or below?"""
    path = Path(path)
    try:
        if os.path.isdir(path):
            return any(_parts(folder) for folder in (path, *_folders(path)))
        return bool(_NAME.fullmatch(path.name)) or (path.suffix == ".npy" and len(in_npy(path).seen) == 5)
    except (OSError, ValueError):
        return False


def _parts(folder: Path) -> dict[str, Path]:
    """The arrays in a folder, by part; that of ST-GCN goes before that of 2s-AGCN."""
    there = {file.name: file for file in folder.iterdir()}
    names = [(part, f"{part}_{data}.npy") for part in PARTS for data in ("data_joint", "data")]
    return {part: there[name] for part, name in names if name in there}


def _folders(path: Path) -> list[Path]:
    """Those below it that hold an array, whatever it is called."""
    return sorted({file.parent for file in ending_so(path, ".npy")} - {path})


def open_collection(path: str | os.PathLike[str], options: Options = NOTHING_SAID) -> Collection:
    """Look at the labels, but at no joints beyond the first rows.

    path: one of the files, which is read alone; the folder where they lie; or the one above, if there is one such
    folder in it or `options.split` names it (xsub, xview).  `options.names` is a file of class names, a line each.

    Raises InputError, naming the file, for arrays of another shape or in 2-D, and for labels that do not fit.
    """
    files = _files(Path(path), options.split)
    rows = [row for part, file in files.items() for row in _rows(part, file, len(files) > 1)]
    if not rows:
        raise InputError(f"{path} holds no sequences; give a file that holds some.")
    if len({row.stored.seen[3:] for row in rows}) > 1:
        raise InputError(f"{path}: the arrays have other joints or persons; give one of the files.")
    samples = [sample_of(row.name) for row in rows]
    names, notes = class_names([row.label for row in rows], samples, options.names, Path(path))
    layout, more = layout_of(rows[0].stored.seen[3])
    prepared = all(agcn.is_prepared(_joints(row)) for row in rows[:3])
    meaning = agcn.MEANING if prepared else KINECT_SPACE if len(layout.joint_names) == JOINTS else Meaning()
    meaning, scale = in_metres(meaning, options)
    about = agcn.NOTE if prepared else _SWAPPED
    items = [row._replace(repeated=prepared, scale=scale) for row in rows]
    return Collection(names, layout, meaning, items, (about, *notes, *more))


def _files(path: Path, split: str) -> dict[str, Path]:
    """The arrays to be read, by part ("" of one whose name does not tell)."""
    if not os.path.isdir(path):
        name = _NAME.fullmatch(path.name)
        if name and name[2] == "label":
            parts = _parts(path.parent)
            if name[1] not in parts:
                raise InputError(f"{path} has no {name[1]}_data.npy beside it; give the folder where both lie.")
            return {name[1]: parts[name[1]]}
        if _DERIVED.fullmatch(path.name):
            raise InputError(f"{path} holds bones or motions, not joints; give the array of joints beside it.")
        return {name[1] if name else "": path}
    try:
        parts = _parts(path)
        folders = {} if parts else {folder: _parts(folder) for folder in _folders(path)}
    except OSError as error:
        raise InputError(f"{path} cannot be looked into ({error.strerror}); make it readable.") from error
    if parts:
        return parts
    folders = {folder: those for folder, those in folders.items() if those}
    meant = [folder for folder in folders if folder.name == split] if len(folders) > 1 else list(folders)
    if len(meant) == 1:
        return folders[meant[0]]
    there = f"{next(iter(folders))} or another" if folders else "the folder where train_data.npy lies"
    names = ", ".join(folder.relative_to(path).as_posix() for folder in folders)[:200]
    raise InputError(f"{path} holds {len(folders)} folders of ST-GCN ({names}); give {there}.")


def _rows(part: str, file: Path, both: bool) -> list[Item]:
    """The rows of an array; their `repeated` comes later."""
    stored = in_npy(file)
    shape = stored.seen
    if len(shape) == 5 and (shape[3] == 18 or shape[1] == 2):
        raise InputError(
            f"{file} has the shape {shape}: joints in 2-D, as Kinetics has them; this package reads 3-D alone, so give "
            "the array of NTU RGB+D."
        )
    if len(shape) != 5 or shape[1] != 3 or np.dtype(stored.dtype).kind != "f" or not all(n > 0 for n in shape[2:]):
        raise InputError(
            f"{file} is {shape} of {np.dtype(stored.dtype)}; give (sequences, 3, frames, joints, persons), in "
            "floating-point numbers."
        )
    if shape[3] > _MOST_JOINTS or shape[4] > 100:
        raise InputError(f"{file}: {shape[3]} joints of {shape[4]} persons are too many; give the array of ST-GCN.")
    beside = file.with_name(f"{part}_label.pkl")
    if part and os.path.isfile(beside):
        names, labels = _labels(beside, shape[0], file)
    else:
        names, labels = [f"{part or file.stem} {row}" for row in range(shape[0])], [None] * shape[0]
    test = part != "train" if both else None
    return [
        Item(str(file), row, name.removesuffix(".skeleton"), label, _numbers(name), test, False, 1.0, stored)
        for row, (name, label) in enumerate(zip(names, labels, strict=True))
    ]


def _numbers(name: str) -> tuple[int, ...]:
    sample = sample_of(name)
    return (sample.subject, sample.view, sample.setup, sample.repetition) if sample else ()


def _labels(path: Path, count: int, file: Path) -> tuple[list[str], list[int]]:
    """Names and labels of so many sequences."""
    found = unpickle(path)
    lists = [
        read_stored(part).tolist() if isinstance(part, Stored) else part
        for part in (found if isinstance(found, list) else [])
    ]
    if len(lists) < 2 or not all(isinstance(part, list) for part in lists[:2]):
        raise InputError(
            f"{path} holds no list of names and list of labels, as ST-GCN writes it; write the file again."
        )
    names, labels = lists[:2]
    if len(names) != count or len(labels) != count:
        raise InputError(f"{path} holds {len(names)} names and {len(labels)} labels, but {file} {count} sequences.")
    for row, (name, label) in enumerate(zip(names, labels, strict=True)):
        if not isinstance(name, str) or type(label) is not int or not 0 <= label <= np.iinfo(np.int16).max:
            raise InputError(
                f"{path}: entry {row} (from 0) is {shown(name)} with the label {shown(label)}; write texts and whole "
                "numbers from 0."
            )
    return names, labels


def read_item(item: Item) -> Recording:
    """One row: joints float32 (frames, persons, joints, 3), up to the last frame that is not all zeros.

    Raises InputError if the row is all zeros, or a number of it infinite or beyond 32-bit numbers.
    """
    where = f"{item.path}, row {item.row} (from 0)"
    joints = _joints(item)
    there = np.flatnonzero(np.nan_to_num(joints).any(axis=(1, 2, 3)))
    if not len(there):
        raise InputError(f"{where} is all zeros; leave it out.")
    joints = joints[: there[-1] + 1].copy()  # not a view, which would keep all the zeros
    if np.isinf(joints).any():
        frame, person, joint, axis = np.argwhere(np.isinf(joints))[0]
        raise InputError(
            f"{where}: {'xyz'[axis]} of joint {joint} of person {person} in frame {frame}, all from 0, is infinite; "
            "write metres into the file."
        )
    joints = agcn.once(joints).copy() if item.repeated else joints
    subject, view, setup, repetition = item.numbers or (0, None, None, None)
    return Recording(joints, item.label, subject, item.name, view, setup, repetition, item.test)


def _joints(item: Item) -> np.ndarray:
    """The row as float32 (frames, persons, joints, 3), the zeros at its end with it."""
    with np.errstate(over="ignore", invalid="ignore"):  # looked at in read_item
        row = read_row(item.stored, item.row).transpose(1, 3, 2, 0)
        return row.astype(np.float32, order="C") * np.float32(item.scale)
