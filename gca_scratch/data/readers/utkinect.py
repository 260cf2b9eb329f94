"""Reader for the original text files of UT-Kinect-Action3D: one person, Kinect v1, ten actions, ten subjects, twice."""

import functools
import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gca_scratch.support.errors import InputError, shown

from ..meaning import known
from ..neutral import Skeletons
from ..skeleton import KINECT_V1
from .named import folders_with, holds
from .recording import NOTHING_SAID, Collection, Options, Recording, assemble
from .text import number, read_lines

TAKES = "UT-Kinect-Action3D: the folder with actionLabel.txt and joints/, or one joints_sSS_eEE.txt"
PROTOCOL = ""
CLASS_NAMES = ("walk", "sitDown", "standUp", "pickUp", "carry", "throw", "push", "pull", "waveHands", "clapHands")
LAYOUT = KINECT_V1
# The camera space of Kinect v1: x to the left as the camera sees it, y up, z away from it, in metres. The sensor gives
# 30 frames a second, of which the authors kept those with a skeleton: "about 15" a second, they say.
MEANING = known(up="+y", unit="m", hand="right", rate="15")

_LABELS = "actionLabel.txt"
_NAME = re.compile(r"joints_(s([0-9]{2})_e([0-9]{2}))\.txt")
_COLUMNS = 1 + 3 * len(KINECT_V1.joint_names)


class Item(NamedTuple):
    """A label, of this line of actionLabel.txt: the action takes the frames `first` to `last` of the file of poses.

    The action "" is the whole file, without a label.
    """

    path: Path
    action: str
    first: int
    last: int
    line: int


def read(root: str | os.PathLike) -> Skeletons:
    """Read `root/actionLabel.txt` and the files `root/joints/joints_sSS_eEE.txt` that it names.

    Each labelled action is one sequence, called "s01_e01 walk": the rows of its file whose frame number lies within
    the label's, in metres, in the order of the file. Labels follow CLASS_NAMES, subjects count from 1, repetitions are
    1 and 2, and there is no view and no setup. The whole data set gives 199 sequences of 5 to 114 frames, 6,027 in
    all: the 200th, carry of s10_e02, is labelled "NaN NaN" by its authors and is skipped.

    Frame numbers skip (mostly by 4), and 161 labelled rows repeat the number of the row before with another pose.
    Both rows are kept, as two frames: the second pose goes on in the direction of the motion (read the other way
    round the path of the body is longer in 99 % of the cases), so these are two poses measured in quick succession.

    Raises InputError, with file and line, if a file is missing, empty or cut off, if a row has a column too few or too
    many or something other than a finite number, if frame numbers run backwards, or if a label names an unknown
    action, a sequence that has no file, or frames that its file does not have.
    """
    return assemble([read_item(item) for item in items(root)], CLASS_NAMES, LAYOUT, root, MEANING)


def recognises(path: Path) -> bool:
    """Is it a file joints_sSS_eEE.txt, or a folder with such a file in it or below?"""
    return holds(Path(path), _NAME)


def open_collection(path: str | os.PathLike[str], options: Options = NOTHING_SAID) -> Collection:
    """What `items` finds in a folder; or one file of poses: the actions in it, if actionLabel.txt lies above it.

    Where that is missing, or no label is needed, the file is one recording without a label. Raises InputError as
    `items` does.
    """
    path = Path(path)
    if os.path.isfile(path):
        labels = path.absolute().parents[1] / _LABELS
        if options.labelled and _NAME.fullmatch(path.name) and os.path.isfile(labels):
            found = [item for item in items(labels.parent) if item.path.name == path.name]
            if not found:
                raise InputError(f"{labels} has no action of {path.name}; add a label, or give another file.")
        else:
            found = [Item(path, "", 0, 0, 0)]
    else:
        found = items(path)
    return Collection(CLASS_NAMES, LAYOUT, MEANING.saying(options.up, options.unit, options.rate), list(found))


def items(root: str | os.PathLike) -> list[Item]:
    """What `actionLabel.txt` in the folder `root`, or the only one below it, labels, in its order.

    Raises InputError, with file and line, if it is missing or damaged, or if there are two.
    """
    root = Path(root)
    if not os.path.isdir(root):
        raise InputError(f"there is no folder {root}; give with --data the folder that holds {_LABELS}.")
    if not os.path.lexists(root / _LABELS):
        folders = folders_with(root, _LABELS)
        if len(folders) > 1:
            raise InputError(f"{folders[0]} and {folders[1]} both hold an {_LABELS}; give one of them.")
        root = folders[0] if folders else root
    labels = _read_labels(root / _LABELS)
    paths = {file: root / "joints" / f"joints_{file}.txt" for _, file, *_ in labels}
    return [Item(paths[file], action, first, last, line) for line, file, action, first, last in labels]


def read_item(item: Item) -> Recording:
    """One labelled action, as `read` gives it, or a whole file; InputError, with file and line, if it is damaged."""
    if not item.action:
        name = _NAME.fullmatch(item.path.name)
        subject, repetition = (int(name[2]), int(name[3])) if name else (0, None)
        poses = _read_poses(item.path)[1]
        return Recording(poses[:, None], None, subject, name[1] if name else item.path.stem, repetition=repetition)
    label, file = f"{item.path.parents[1] / _LABELS}, line {item.line}", item.path.stem[len("joints_") :]
    if not os.path.isfile(item.path):
        raise InputError(f"{label}: {item.path} is missing; put it there, or remove {file} from the labels.")
    stat = item.path.stat()
    numbers, poses = _read_once(item.path, stat.st_size, stat.st_mtime_ns)
    inside = poses[(numbers >= item.first) & (numbers <= item.last)]
    if not len(inside) or item.last > numbers[-1]:
        raise InputError(
            f"{label}: {item.action} is said to take frames {item.first} to {item.last}, but "
            f"{item.path.name} has no such frames or ends too early (it has {numbers[0]} to "
            f"{numbers[-1]}); copy that file again or correct the label."
        )
    return Recording(
        inside[:, None],
        CLASS_NAMES.index(item.action),
        subject=int(file[1:3]),
        name=f"{file} {item.action}",
        repetition=int(file[5:7]),
    )


def _read_labels(path: Path) -> list[tuple[int, str, str, int, int]]:
    """Line number, sequence file (sSS_eEE), action, first and last frame number of every usable label."""
    labels, file, seen = [], None, set()
    for line, text in enumerate(read_lines(path, ended=False), start=1):
        if not text.strip():
            continue
        if heading := re.fullmatch(r"(s[0-9]{2}_e[0-9]{2})\s*", text):
            file = heading[1]
            continue
        entry = re.fullmatch(r"\s*(\w+)\s*:\s*(\S+)\s+(\S+)\s*", text)
        if entry is None or file is None:
            raise InputError(
                f"{path}, line {line}: expected a sequence (s01_e01) or, under it, "
                f"'action: first last', but found {shown(text.strip())}; correct the line."
            )
        action, first, last = entry.groups()
        if action not in CLASS_NAMES:
            raise InputError(
                f"{path}, line {line}: {shown(action)} is not one of the actions {', '.join(CLASS_NAMES)}; "
                "correct the line."
            )
        if (file, action) in seen:
            raise InputError(f"{path}, line {line}: {file} has {action} twice; remove one of the two labels.")
        seen.add((file, action))
        if (first, last) == ("NaN", "NaN"):
            continue
        if not (re.fullmatch(r"[0-9]{1,9}", first) and re.fullmatch(r"[0-9]{1,9}", last)):
            raise InputError(
                f"{path}, line {line}: {shown(first)} to {shown(last)} are not two frame numbers; "
                "correct the line, or write NaN NaN to leave the action out."
            )
        labels.append((line, file, action, int(first), int(last)))
    if not labels:
        raise InputError(f"{path} holds no labels; copy it again from the data set.")
    return labels


@functools.lru_cache(maxsize=1)  # a file holds ten actions, one after the other
def _read_once(path: Path, size: int, changed: int) -> tuple[np.ndarray, np.ndarray]:
    return _read_poses(path)


def _read_poses(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Frame numbers, int64 (rows,), and poses, float32 (rows, joints, 3), of one file.

    Every row ends with a blank or a new line, so that a number cut short does not pass for a whole one.
    """
    numbers, poses = [], []
    for line, text in enumerate(read_lines(path), start=1):
        place = f"{path}, line {line}"
        columns = text.split(None, _COLUMNS)
        if len(columns) != _COLUMNS:
            count = sum(1 for _ in re.finditer(r"\S+", text))
            raise InputError(
                f"{place}: {count} columns where {_COLUMNS} belong (a frame number, then x y z of "
                "20 joints); copy the file again from the data set."
            )
        if not re.fullmatch(r"[0-9]{1,9}", columns[0]) or (numbers and int(columns[0]) < numbers[-1]):
            raise InputError(
                f"{place}: {shown(columns[0])} is not a frame number, or smaller than the one before; "
                "copy the file again from the data set."
            )
        numbers.append(int(columns[0]))
        coordinates = [_coordinate(text, place, column) for column, text in enumerate(columns[1:])]
        poses.append(np.array(coordinates, np.float32).reshape(-1, 3))
    return np.array(numbers, np.int64), np.stack(poses)


def _coordinate(text: str, place: str, column: int) -> float:
    what = f"column {column + 2} ({'xyz'[column % 3]} of the joint '{KINECT_V1.joint_names[column // 3]}')"
    return number(text, f"{place}, {what}", limit=1e6)  # a million metres is as far from a person as infinity
