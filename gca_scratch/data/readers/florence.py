"""Reader for Florence 3D Actions as text: one person, Kinect, nine actions, ten people, two or three times, 15 joints.

One file, `Florence_dataset_WorldCoordinates.txt`, holds all 215 sequences, a frame a row: the numbers of the video, the
actor and the action (from 1), then x, y, z of 15 joints. Columns and classes are those of the data set's description as
public loaders quote it; it does not tell unit, vertical or frame rate.
"""

import functools
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gca_scratch.support.errors import InputError, shown
from gca_scratch.support.reading import open_plain

from ..meaning import Meaning
from ..skeleton import Layout
from .named import holds, named_files
from .recording import NOTHING_SAID, Collection, Options, Recording
from .rows import in_metres, read_rows

TAKES = "Florence 3D Actions: Florence_dataset_WorldCoordinates.txt, or the folder that holds it"
PROTOCOL = "loso"
CLASS_NAMES = (
    "wave",
    "drink from a bottle",
    "answer phone",
    "clap",
    "tight lace",
    "sit down",
    "stand up",
    "read watch",
    "bow",
)
LAYOUT = Layout(
    "florence",
    (
        *("head", "neck", "spine"),
        *("left shoulder", "left elbow", "left wrist"),
        *("right shoulder", "right elbow", "right wrist"),
        *("left hip", "left knee", "left ankle"),
        *("right hip", "right knee", "right ankle"),
    ),
    (
        *((2, 1), (1, 0)),
        *((1, 3), (3, 4), (4, 5)),
        *((1, 6), (6, 7), (7, 8)),
        *((2, 9), (9, 10), (10, 11)),
        *((2, 12), (12, 13), (13, 14)),
    ),
)

_FILE = "Florence_dataset_WorldCoordinates.txt"
_NAME = re.compile(re.escape(_FILE), re.IGNORECASE)
_JOINTS = len(LAYOUT.joint_names)
_COLUMNS = 3 + 3 * _JOINTS
_FIRST_LINE = re.compile(rb"\s*(?:\d+(?:\.0*)?[\s,;]+){3}(?:[-+.\deE]+[\s,;]+){44}[-+.\deE]+[ \t]*[\r\n]")


class Item(NamedTuple):
    """A sequence: the rows `start` to `end` - 1 of the file, and what they say of it."""

    path: Path
    start: int
    end: int
    video: int
    actor: int
    action: int
    repetition: int
    scale: float


def recognises(path: Path) -> bool:
    """Is it the file of that name, a folder with it, or a file whose first row has three whole and 45 more numbers?"""
    if holds(Path(path), _NAME):
        return True
    try:
        with open_plain(path) as file:
            return _FIRST_LINE.match(file.read(4096).removeprefix(b"\xef\xbb\xbf")) is not None
    except (OSError, ValueError):
        return False


def open_collection(path: Path, options: Options = NOTHING_SAID) -> Collection:
    """The sequences of the file, in its order: rows of one video, actor and action that follow each other.

    Raises InputError, with file and line, if the file cannot be read or is no table of 48 numbers a row (see
    rows.read_rows), or if the numbers of a video, actor or action are not whole and positive, or there is no such
    action.
    """
    meaning, scale = in_metres(Meaning(), options)
    items: list[Item] = []
    times: Counter[tuple[int, int]] = Counter()
    for file in named_files(Path(path), _NAME, "Florence 3D Actions", _FILE):
        rows, lines = _read_once(file)
        _check(rows[:, :3], lines, file)
        starts = np.flatnonzero((np.diff(rows[:, :3], axis=0, prepend=0) != 0).any(axis=1))
        for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
            video, actor, action = (int(number) for number in rows[start, :3])
            times[actor, action] += 1
            items.append(Item(file, int(start), int(end), video, actor, action, times[actor, action], scale))
    return Collection(CLASS_NAMES, LAYOUT, meaning, items)


def _check(numbers: np.ndarray, lines: np.ndarray, path: Path) -> None:
    most = np.array([32767, 32767, len(CLASS_NAMES)])
    wrong = np.argwhere(~((numbers >= 1) & (numbers <= most) & (numbers == np.floor(numbers))))
    if len(wrong):
        row, column = wrong[0]
        raise InputError(
            f"{path}, line {lines[row]}: {shown(float(numbers[row, column]))} is no number of "
            f"{('a video', 'an actor', 'an action')[column]} (1 to {most[column]}); copy the file again from the data "
            "set."
        )


def read_item(item: Item) -> Recording:
    """One sequence: joints float32 (frames, 1, 15, 3), called "v001_s01_a01" by video, actor and action.

    Raises InputError if the file has changed since the collection was opened, or all joints of the sequence are zeros.
    """
    rows, _ = _read_once(item.path)
    rows = rows[item.start : item.end]
    if len(rows) != item.end - item.start or (rows[:, :3] != (item.video, item.actor, item.action)).any():
        raise InputError(f"{item.path} has changed while it was read; give the command again.")
    name = f"v{item.video:03}_s{item.actor:02}_a{item.action:02}"
    joints = rows[:, 3:].reshape(-1, 1, _JOINTS, 3)
    if not joints.any():
        raise InputError(f"{item.path}: all joints of video {item.video} are zeros, for nobody was found; remove it.")
    return Recording(
        joints=(joints * item.scale).astype(np.float32),
        label=item.action - 1,
        subject=item.actor,
        name=name,
        repetition=item.repetition,
    )


def _read_once(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the file and their lines, kept until another file, or this one after a change, is asked for."""
    try:
        stat = path.stat()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); copy the file again from the data set.") from error
    return _read(path, stat.st_size, stat.st_mtime_ns)


@functools.lru_cache(maxsize=1)
def _read(path: Path, size: int, changed: int) -> tuple[np.ndarray, np.ndarray]:
    return read_rows(path, _COLUMNS, f"video, actor and action, then x y z of {_JOINTS} joints")
