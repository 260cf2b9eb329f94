"""Reader for the skeletons of MSR Action3D as text: one person, 20 actions, ten people, two or three times.

There are two forms. `aAA_sSS_eEE_skeleton3D.txt` (MSRAction3DSkeletonReal3D) holds places in the world: public loaders
take them for metres, at 2.4 to 3.2 m from the sensor, and draw y upwards. `aAA_sSS_eEE_skeleton.txt`
(MSRAction3DSkeleton(20joints)) holds places in the picture, pixels for x and y and a depth of another scale for z, so
no bone keeps its length: of it neither unit nor vertical is known. No source tells the handedness or the frame rate.

A row is x, y, z and a confidence, a frame 20 rows, and there is no header. The order of the joints, which has no more
to do with Kinect's than their number, is that of the loaders (the bones of two agree, and one names 15 of the joints,
row 0 the right shoulder and row 1 the left).
"""

import re
from pathlib import Path
from typing import NamedTuple

from gca_scratch.support.errors import InputError

from ..meaning import Meaning, known
from ..skeleton import Layout
from .named import holds, named_files
from .recording import NOTHING_SAID, Collection, Options, Recording
from .rows import in_frames, in_metres, read_rows, recording_of

TAKES = "MSR Action3D: a folder of aAA_sSS_eEE_skeleton3D.txt, or _skeleton.txt (in the picture), or one of them"
PROTOCOL = "msr-cross-subject"
CLASS_NAMES = (
    "high arm wave",
    "horizontal arm wave",
    "hammer",
    "hand catch",
    "forward punch",
    "high throw",
    "draw x",
    "draw tick",
    "draw circle",
    "hand clap",
    "two hand wave",
    "side boxing",
    "bend",
    "forward kick",
    "side kick",
    "jogging",
    "tennis swing",
    "tennis serve",
    "golf swing",
    "pick up and throw",
)
LAYOUT = Layout(
    "msr action3d",
    (
        *("right shoulder", "left shoulder", "shoulder center", "spine"),
        *("right hip", "left hip", "hip center"),
        *("right elbow", "left elbow", "right wrist", "left wrist", "right hand", "left hand"),
        *("right knee", "left knee", "right ankle", "left ankle", "right foot", "left foot"),
        "head",
    ),
    (
        *((6, 3), (3, 2), (2, 19)),
        *((2, 0), (0, 7), (7, 9), (9, 11)),
        *((2, 1), (1, 8), (8, 10), (10, 12)),
        *((6, 4), (4, 13), (13, 15), (15, 17)),
        *((6, 5), (5, 14), (14, 16), (16, 18)),
    ),
)
IN_THE_WORLD = known(up="+y", unit="m")
IN_THE_PICTURE = Meaning()

_NAME = re.compile(r"a([0-9]{2})_s([0-9]{2})_e([0-9]{2})_skeleton(3D)?\.txt", re.IGNORECASE)
_EXAMPLE = "a01_s01_e01_skeleton3D.txt"
_NOBODY = " (the data set has one such, a13_s09_e02)"


class Item(NamedTuple):
    """A file, and the factor that makes metres of its numbers, 1 where the unit is not known."""

    path: Path
    scale: float


def recognises(path: Path) -> bool:
    """Is it a file that is called like those of the data set, or a folder with one in it?"""
    return holds(Path(path), _NAME)


def open_collection(path: Path, options: Options = NOTHING_SAID) -> Collection:
    """The files in a folder and those below it, by name, or one file; InputError if there is none, or one twice.

    Where a folder holds both forms, that of the world is taken, and a note says so.
    """
    path, notes = Path(path), ()
    files = named_files(path, _NAME, "MSR Action3D", _EXAMPLE)
    world = [file for file in files if _in_the_world(file)]
    if 0 < len(world) < len(files):
        notes = (f"{path} holds skeletons in the picture, too; those in the world (_skeleton3D.txt) are taken.",)
        files = world
    elif not world:
        notes = (
            f"{path}: these skeletons are in the picture (pixels, and a depth of another scale), so bones change their "
            "lengths; those in the world are called _skeleton3D.txt (MSRAction3DSkeletonReal3D).",
        )
    meaning, scale = in_metres(IN_THE_WORLD if world else IN_THE_PICTURE, options)
    return Collection(CLASS_NAMES, LAYOUT, meaning, [Item(file, scale) for file in files], notes)


def _in_the_world(file: Path) -> bool:
    name = _NAME.fullmatch(file.name)
    return name is not None and name[4] is not None


def read_item(item: Item) -> Recording:
    """One file: joints float32 (frames, 1, 20, 3), and what its name says. The confidence is not used.

    Raises InputError, with file and line, if the file is not called like one of the data set, if it cannot be read or
    is no table of four numbers a row (see rows.read_rows), if it ends within a frame, or if all its joints are zeros,
    as in a13_s09_e02, which the authors have spread so.
    """
    name = _NAME.fullmatch(item.path.name)
    if name is None or not 1 <= int(name[1]) <= len(CLASS_NAMES):
        raise InputError(
            f"{item.path} is not called like a sequence of MSR Action3D ({_EXAMPLE}, actions 01 to "
            f"{len(CLASS_NAMES)}); give the file its own name again, or move it elsewhere."
        )
    rows, _ = read_rows(item.path, 4, "x, y, z and a confidence")
    joints = in_frames(rows[:, :3], len(LAYOUT.joint_names), item.path)
    return recording_of(joints, item.path, name, item.scale, _NOBODY)
