"""Reader for KARD (Kinect Activity Recognition Dataset) as text: one person, 18 actions, ten people, three times.

`aAA_sSS_eEE_realworld.txt` holds a joint a row, x, y, z in millimetres, a frame in 15 rows, and no header. Beside it
lies `_screen.txt` with places in the picture, which is not read. Unit, joints and actions are those of the data set's
description as public loaders quote it; it does not tell which axis points up, nor the frame rate.
"""

import re
from pathlib import Path
from typing import NamedTuple

from gca_scratch.support.errors import InputError

from ..meaning import known
from ..skeleton import Layout
from .named import holds, named_files
from .recording import NOTHING_SAID, Collection, Options, Recording
from .rows import in_frames, in_metres, read_rows, recording_of

TAKES = "KARD: a folder of aAA_sSS_eEE_realworld.txt, or one of them"
PROTOCOL = "loso"
CLASS_NAMES = (
    "horizontal arm wave",
    "high arm wave",
    "two hand wave",
    "catch cap",
    "high throw",
    "draw x",
    "draw tick",
    "toss paper",
    "forward kick",
    "side kick",
    "take umbrella",
    "bend",
    "hand clap",
    "walk",
    "phone call",
    "drink",
    "sit down",
    "stand up",
)
LAYOUT = Layout(
    "kard",
    (
        *("head", "neck"),
        *("right shoulder", "right elbow", "right hand"),
        *("left shoulder", "left elbow", "left hand"),
        "torso",
        *("right hip", "right knee", "right foot"),
        *("left hip", "left knee", "left foot"),
    ),
    (
        *((8, 1), (1, 0)),
        *((1, 2), (2, 3), (3, 4)),
        *((1, 5), (5, 6), (6, 7)),
        *((8, 9), (9, 10), (10, 11)),
        *((8, 12), (12, 13), (13, 14)),
    ),
)
MEANING = known(unit="mm")

_STEM = r"a([0-9]{1,2})_s([0-9]{1,2})_e([0-9]{1,2})"
_NAME = re.compile(_STEM + r"_realworld\.txt", re.IGNORECASE)
_SCREEN = re.compile(_STEM + r"_screen\.txt", re.IGNORECASE)
_EXAMPLE = "a01_s01_e01_realworld.txt"


class Item(NamedTuple):
    """A file, and the factor that makes metres of its numbers."""

    path: Path
    scale: float


def recognises(path: Path) -> bool:
    """Is it a file that is called like those of the data set, or a folder with one in it?"""
    return holds(Path(path), _NAME) or holds(Path(path), _SCREEN)


def open_collection(path: Path, options: Options = NOTHING_SAID) -> Collection:
    """The files in a folder and those below it, by name, or one file.

    Raises InputError if there is none, or one twice, or if there are only places in the picture.
    """
    path = Path(path)
    if holds(path, _SCREEN) and not holds(path, _NAME):
        one = re.sub("(?i)_screen", "_realworld", path.name) if path.is_file() else "the files _realworld.txt"
        raise InputError(
            f"{path} holds places in the picture, pixels and a depth (_screen.txt), where bones keep no length; give "
            f"{one} of the same data set instead, which has the same joints in millimetres."
        )
    meaning, scale = in_metres(MEANING, options)
    files = named_files(path, _NAME, "KARD", _EXAMPLE)
    return Collection(CLASS_NAMES, LAYOUT, meaning, [Item(file, scale) for file in files])


def read_item(item: Item) -> Recording:
    """One file: joints float32 (frames, 1, 15, 3) in metres, and what its name says.

    Raises InputError, with file and line, if the file is not called like one of the data set, if it cannot be read or
    is no table of three numbers a row (see rows.read_rows), if it ends within a frame, or if all its joints are zeros.
    """
    name = _NAME.fullmatch(item.path.name)
    if name is None or not 1 <= int(name[1]) <= len(CLASS_NAMES):
        raise InputError(
            f"{item.path} is not called like a sequence of KARD ({_EXAMPLE}, actions 01 to {len(CLASS_NAMES)}); give "
            "the file its own name again, or move it elsewhere."
        )
    rows, _ = read_rows(item.path, 3, "x, y and z of a joint")
    joints = in_frames(rows, len(LAYOUT.joint_names), item.path)
    return recording_of(joints, item.path, name, item.scale)
