"""Reader for the .npz files of CTR-GCN and its kin (NTU60_CS.npz, NTU120_CSet.npz ...), row by row.

A file holds x_train and x_test, (sequences, frames, 150): the first person's joints and the second's, three coordinates
each; and y_train and y_test, one-hot or labels from 0. The arrays have some gigabytes: a row is read where it lies, and
no checksum is looked at, for that would take the whole file.

* A sequence ends with its last frame that is not all zeros. A person of nothing but zeros in a frame is not there.
* Joint 2 of the first person in the first frame is the origin: three zeros are a position.
* In NTU120 the second person of a sequence that shows one is a copy of the first; here it is absent.
* The rows have no names. They come subject by subject (or camera by camera, or setup by setup), each in the order of
  CTR-GCN's list skes_available_name.txt: where that lies beside the file, in `statistics`, or is given with
  `Options.names`, and its labels are those of the file row by row, they have their names back.
"""

import os
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gca_scratch.support.errors import InputError, shown
from gca_scratch.support.reading import open_plain, read_npz
from gca_scratch.support.stored import Stored, in_npz, read_row

from ..meaning import known
from ..skeleton import KINECT_V1, KINECT_V2, Layout
from .ctrgcn_names import PARTS, is_list, names_of_rows
from .named import ending_so
from .ntu_names import NTU_60, NTU_120
from .ntu_sample import class_names, sample_of
from .recording import NOTHING_SAID, Collection, Options, Recording
from .rows import in_metres

TAKES = "CTR-GCN: an .npz file with x_train, y_train, x_test, y_test (NTU60_CS.npz, NTU120_CSet.npz, own ones)"
PROTOCOL = "file"
_WIDTHS = {  # numbers of a frame: persons, skeleton
    150: (2, KINECT_V2),
    75: (1, KINECT_V2),
    120: (2, KINECT_V1),
    60: (1, KINECT_V1),
}
_SPACE = known(up="+y", unit="m", hand="right", rate="30", zeros="positions")


class Item(NamedTuple):
    """A row of x_train or x_test."""

    path: str
    part: str
    row: int
    name: str
    label: int | None
    numbers: tuple[int, ...]  # subject, view, setup, repetition; () where nothing tells
    test: bool | None
    scale: float  # metres in a unit of the file
    stored: Stored


def recognises(path: Path) -> bool:
    """Is it an .npz file with an array x_train or x_test, or a folder with one in it or below?"""
    path = Path(path)
    try:
        return any(map(_is_one, ending_so(path, ".npz"))) if os.path.isdir(path) else _is_one(path)
    except (OSError, ValueError):
        return False


def _is_one(path: Path) -> bool:
    try:
        with open_plain(path) as file, zipfile.ZipFile(file) as archive:
            return not {"x_train.npy", "x_test.npy"}.isdisjoint(archive.namelist())
    except Exception:  # flipped bytes make zipfile fail in a dozen ways
        return False


def open_collection(path: str | os.PathLike[str], options: Options = NOTHING_SAID) -> Collection:
    """Look at the labels in the file, or in the only such file of a folder, but at no joints.

    `options.names` is CTR-GCN's list of names, or the folder that holds it; or else a file of class names, a line each.

    Raises InputError, naming file and array, if the file is no such file, if arrays are compressed and larger than 256
    MiB or do not fit each other, and if labels are none.
    """
    path = _file(Path(path))
    stored = in_npz(path, tuple(f"x_{part}" for part in PARTS))
    if not stored:
        raise InputError(f"{path} holds neither x_train nor x_test; give an .npz file as CTR-GCN writes it.")
    layout = _skeleton(stored, path)
    labels, count = _labels(path, stored, options.labelled)
    names, numbers, notes = names_of_rows(path, labels, options.names if is_list(options.names) else "")
    meaning, scale = in_metres(_SPACE if layout is KINECT_V2 else known(zeros="positions"), options)
    counts = {part: stored[f"x_{part}"].seen[0] if f"x_{part}" in stored else 0 for part in PARTS}
    if not any(counts.values()):
        raise InputError(f"{path} holds no sequences; give a file that holds some.")
    items = [
        Item(str(path), part, row, name, label, told, part == "test" if all(counts.values()) else None, scale, array)
        for part, array in ((name.removeprefix("x_"), array) for name, array in stored.items())
        for row, (name, label, told) in enumerate(zip(names[part], labels[part], numbers[part], strict=True))
    ]
    given = "" if is_list(options.names) else options.names
    classes, more = class_names(
        [item.label for item in items], [sample_of(item.name) for item in items], given, path, count
    )
    if layout is KINECT_V2 and not given and not all(item.numbers for item in items):
        classes = {len(NTU_60): NTU_60, len(NTU_120): NTU_120}.get(count, classes)
    return Collection(classes, layout, meaning, items, (*notes, *more))


def _file(path: Path) -> Path:
    if not os.path.isdir(path):
        return path
    found = [file for file in ending_so(path, ".npz") if _is_one(file)]
    if len(found) != 1:
        names = ", ".join(file.name for file in found[:5]) or "none"
        raise InputError(f"{path} holds {len(found)} files of CTR-GCN ({names}); give the file itself.")
    return found[0]


def _skeleton(stored: dict[str, Stored], path: Path) -> Layout:
    """The skeleton of the arrays, if they fit each other."""
    arrays = list(stored.values())
    sound = all(len(array.seen) == 3 and np.dtype(array.dtype).kind == "f" for array in arrays)
    widths = {array.seen[2] for array in arrays} if sound else set()
    if len(widths) == 1 and widths <= _WIDTHS.keys():
        return _WIDTHS[widths.pop()][1]
    found = ", ".join(f"{name} is {array.seen} of {np.dtype(array.dtype)}" for name, array in stored.items())
    raise InputError(
        f"{path}: {found}; give both the shape (sequences, frames, {' or '.join(map(str, _WIDTHS))}), which are one or "
        "two persons of 25 or 20 joints, in floating-point numbers."
    )


def _labels(path: Path, stored: dict[str, Stored], needed: bool) -> tuple[dict[str, list[int | None]], int]:
    """For each part the labels of its rows, and the number of classes where they are one-hot (else 0)."""
    arrays = read_npz(path, {f"y_{part}" for part in PARTS if f"x_{part}" in stored})
    labels: dict[str, list[int | None]] = {}
    count = 0
    for part in PARTS:
        x, y = stored.get(f"x_{part}"), arrays.get(f"y_{part}")
        if x is None or y is None:
            labels[part] = [None] * (0 if x is None else x.seen[0])
            if needed and labels[part]:
                raise InputError(f"{path} has x_{part} without y_{part}, the labels; write them into it.")
            continue
        where = f"{path}: y_{part}"
        if y.ndim not in (1, 2) or y.dtype.kind not in "biuf" or len(y) != x.seen[0] or 0 in y.shape[1:]:
            raise InputError(
                f"{where} is {shown(y.shape)} of {y.dtype}, but x_{part} has {x.seen[0]} rows; give each a label or a "
                "row of zeros and a one."
            )
        if y.ndim == 2 and y.shape[1] > 1:
            ones = (y > 0).sum(axis=1)
            if (ones != 1).any():
                raise InputError(f"{where}: row {np.argmax(ones != 1)} (from 0) has not a single one; correct it.")
            y, count = np.argmax(y > 0, axis=1), max(count, y.shape[1])
        y = y.reshape(-1)
        wrong = np.flatnonzero(~((y >= 0) & (y <= np.iinfo(np.int16).max) & (y == np.floor(y))))
        if len(wrong):
            raise InputError(f"{where}: row {wrong[0]} (from 0) is {y[wrong[0]]}; give whole numbers from 0.")
        labels[part] = [int(label) for label in y]
    return labels, count


def read_item(item: Item) -> Recording:
    """One row: joints float32 (frames, persons, joints, 3), up to the last frame that is not all zeros.

    Raises InputError if the row is all zeros, or a number of it infinite or beyond 32-bit numbers.
    """
    where = f"{item.path}: row {item.row} (from 0) of x_{item.part}"
    with np.errstate(over="ignore", invalid="ignore"):  # looked at below
        row = read_row(item.stored, item.row).astype(np.float32, order="C") * np.float32(
            item.scale
        )  # (frames, numbers)
    there = np.flatnonzero(np.nan_to_num(row).any(axis=1))
    if not len(there):
        raise InputError(f"{where} is all zeros; leave it out.")
    row = row[: there[-1] + 1].copy()  # not a view, which would keep all the zeros
    if np.isinf(row).any():
        frame, number = np.argwhere(np.isinf(row))[0]
        raise InputError(f"{where}: number {number} of frame {frame} is infinite; write metres into the file.")
    persons, layout = _WIDTHS[row.shape[1]]
    joints = row.reshape(len(row), persons, len(layout.joint_names), 3)
    if persons == 2 and np.array_equal(joints[:, 0], joints[:, 1], equal_nan=True):
        joints[:, 1] = 0
    subject, view, setup, repetition = item.numbers or (0, None, None, None)
    return Recording(joints, item.label, subject, item.name, view, setup, repetition, item.test)
