"""Reader for the MATLAB files of UTD-MHAD: one person, Kinect v1, 27 actions, eight people, four times each."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from gca_scratch.support.errors import InputError

from ..meaning import known
from ..skeleton import Layout
from .matlab import read_skeleton
from .named import holds, named_files
from .recording import NOTHING_SAID, Collection, Options, Recording

TAKES = "UTD-MHAD: a folder of aA_sS_tT_skeleton.mat, or one of them"
PROTOCOL = "utd-mhad"
CLASS_NAMES = (
    "right arm swipe to the left",
    "right arm swipe to the right",
    "right hand wave",
    "two hand front clap",
    "right arm throw",
    "cross arms in the chest",
    "basketball shoot",
    "right hand draw x",
    "right hand draw circle (clockwise)",
    "right hand draw circle (counter clockwise)",
    "draw triangle",
    "bowling (right hand)",
    "front boxing",
    "baseball swing from right",
    "tennis right hand forehand swing",
    "arm curl (two arms)",
    "tennis serve",
    "two hand push",
    "right hand knock on door",
    "right hand catch an object",
    "right hand pick up and throw",
    "jogging in place",
    "walking in place",
    "sit to stand",
    "stand to sit",
    "forward lunge (left foot forward)",
    "squat (two arms stretch out)",
)
_LIMBS = (
    ("left shoulder", "left elbow", "left wrist", "left hand"),
    ("right shoulder", "right elbow", "right wrist", "right hand"),
    ("left hip", "left knee", "left ankle", "left foot"),
    ("right hip", "right knee", "right ankle", "right foot"),
)
# The joints of Kinect v1, but from the head downwards.
LAYOUT = Layout(
    "utd-mhad",
    ("head", "shoulder center", "spine", "hip center", *(joint for limb in _LIMBS for joint in limb)),
    ((3, 2), (2, 1), (1, 0))
    + ((1, 4), (4, 5), (5, 6), (6, 7))
    + ((1, 8), (8, 9), (9, 10), (10, 11))
    + ((3, 12), (12, 13), (13, 14), (14, 15))
    + ((3, 16), (16, 17), (17, 18), (18, 19)),
)
# Kinect's camera space. Of the files themselves: heads are above hips along +y, by 0.997 of the way between them; in
# right-handed axes 99.5 % have the right shoulder on the right of where their feet point; and in all of the actions
# that are called after the right hand that hand moves more than the left one.
MEANING = known(up="+y", unit="m", hand="right", rate="30")

_NAME = re.compile(r"a([0-9]{1,2})_s([0-9]{1,2})_t([0-9]{1,2})_skeleton\.mat")
_VARIABLE = "d_skel"


def recognises(path: Path) -> bool:
    """Is it a file that is called like those of the data set, or a folder with one in it or below?"""
    return holds(Path(path), _NAME)


class Nameless(NamedTuple):
    """A file of somebody's own, whose name says nothing."""

    path: Path


def open_collection(path: str | os.PathLike[str], options: Options = NOTHING_SAID) -> Collection:
    """The files in a folder and those below it, by action, subject and repetition; or one file, called as it may be.

    Raises InputError if there is none, or one twice.
    """
    return Collection(CLASS_NAMES, LAYOUT, MEANING.saying(options.up, options.unit, options.rate), items(path))


def items(root: str | os.PathLike[str]) -> list[Path | Nameless]:
    """The paths that `open_collection` finds."""
    found = named_files(Path(root), _NAME, "UTD-MHAD", "a1_s1_t1_skeleton.mat")
    if len(found) == 1 and not _NAME.fullmatch(found[0].name):
        return [Nameless(found[0])]
    return sorted(found, key=lambda path: (*_numbers(path), path))


def read_item(item: Path | Nameless) -> Recording:
    """One file: joints float32 (frames, 1, 20, 3), in metres, called "a1_s1_t1"; the label is the action less one.

    A file that is called otherwise has no label. A joint of NaN is absent.

    Raises InputError, with file and place, if the name is not one of UTD-MHAD, if the file is missing, damaged, too
    large or no MATLAB 5 file, if d_skel is not there, no array of real numbers or not 20 x 3 x frames, if a coordinate
    is infinite or 100 metres or more, or if SciPy is not installed.
    """
    if isinstance(item, Nameless):
        return Recording(read_skeleton(item.path, _VARIABLE, LAYOUT.joint_names), None, 0, item.path.stem)
    path = Path(item)
    action, subject, repetition = _numbers(path)
    if not 1 <= action <= len(CLASS_NAMES) or subject < 1:
        raise InputError(
            f"{path} is not called like a sequence of UTD-MHAD (a1_s1_t1_skeleton.mat to a27_s8_t4_skeleton.mat); "
            "give it its own name again, or move it elsewhere."
        )
    joints = read_skeleton(path, _VARIABLE, LAYOUT.joint_names)
    return Recording(joints, action - 1, subject, path.stem.removesuffix("_skeleton"), repetition=repetition)


def _numbers(path: Path) -> tuple[int, int, int]:
    name = _NAME.fullmatch(path.name)
    return (int(name[1]), int(name[2]), int(name[3])) if name else (0, 0, 0)
