"""Reader for the skeleton files of NTU RGB+D: one or two people, Kinect v2, three cameras.

The first part has 60 actions, 40 subjects and 17 setups; NTU RGB+D 120 goes on with 60 more, 106 subjects and 32
setups. What a file holds says ntu_file.py, who of the bodies in it act ntu_people.py.
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

from gca_scratch.support.errors import InputError

from ..meaning import known
from ..skeleton import KINECT_V2
from .named import holds, named_files
from .ntu_file import read_bodies
from .ntu_names import NTU_60, NTU_120
from .ntu_people import persons
from .recording import NOTHING_SAID, Collection, Options, Recording

TAKES = "NTU RGB+D or NTU RGB+D 120: a folder of SsssCcccPpppRrrrAaaa.skeleton, or one .skeleton file"
PROTOCOL = "cross-subject"
CLASS_NAMES = NTU_60
LAYOUT = KINECT_V2
# The camera space of Kinect v2: x to the left as the camera sees it, y up, z away from it, in metres; 30 a second.
MEANING = known(up="+y", unit="m", hand="right", rate="30")

_NAME = re.compile(r"S([0-9]{3})C([0-9]{3})P([0-9]{3})R([0-9]{3})A([0-9]{3})(?i:\.skeleton)")
_ANY = re.compile(r".*\.skeleton", re.DOTALL | re.IGNORECASE)
_LAST = (32, 3, 106, 2, 120)  # the highest setup, camera, subject, repetition and action


def _listed(name: str) -> frozenset[str]:
    lines = Path(__file__).with_name(name).read_text("ascii").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


MISSING = _listed("ntu_missing.txt")  # of NTU RGB+D
MISSING_120 = MISSING | _listed("ntu120_missing.txt")


class Nameless(NamedTuple):
    """A file of somebody's own, whose name says nothing."""

    path: str


def recognises(path: Path) -> bool:
    """Is it a .skeleton file, or a folder with one in it or below?"""
    return holds(Path(path), _ANY)


def open_collection(path: str | os.PathLike[str], options: Options = NOTHING_SAID) -> Collection:
    """The .skeleton files in a folder and those below it, by name, without those of MISSING_120; or one file.

    The classes are the 60 of NTU RGB+D unless the name of a file tells of NTU RGB+D 120: an action from 61 on, a setup
    from 18 on or a subject from 41 on. One file may have any name: then it has no label.

    Raises InputError if there is nothing, no such file in the folder, or the same sample twice.
    """
    found = items(path)
    names = [_NAME.fullmatch(os.path.basename(item)) for item in found if isinstance(item, str)]
    larger = any(int(name[5]) > 60 or int(name[1]) > 17 or int(name[3]) > 40 for name in names if name)
    meaning = MEANING.saying(options.up, options.unit, options.rate)
    return Collection(NTU_120 if larger else NTU_60, LAYOUT, meaning, list(found))


def protocol(collection: Collection) -> str:
    """The protocol of the authors: "cross-subject", of NTU RGB+D 120 "cross-subject-120"."""
    return PROTOCOL if len(collection.class_names) == len(NTU_60) else "cross-subject-120"


def items(root: str | os.PathLike[str]) -> list[str | Nameless]:
    """The paths that `open_collection` finds."""
    files = named_files(Path(root), _ANY, "NTU RGB+D", "S001C001P001R001A001.skeleton")
    if os.path.isfile(root):
        return [str(root) if _NAME.fullmatch(files[0].name) else Nameless(str(root))]
    found = [str(path) for path in files if path.stem not in MISSING_120]
    if not found:
        raise InputError(f"{root} holds no .skeleton file that can be used; unpack the skeletons of NTU RGB+D there.")
    return found


def read_item(item: str | os.PathLike[str] | Nameless) -> Recording:
    """Read one .skeleton file: joints float32 (frames, 2, 25, 3), as ntu_people.py says, the rest as its name says.

    Raises InputError, with file and line, if the name is not one of NTU RGB+D, and what `ntu_file.read_bodies` raises.
    """
    return read_and_report(item)[0]


def read_and_report(item: str | os.PathLike[str] | Nameless) -> tuple[Recording, str]:
    """The same, and a sentence that says which bodies in the file were left out and why, "" if none was."""
    if isinstance(item, Nameless):
        joints, left_out = persons(read_bodies(Path(item.path)))
        return Recording(joints, None, 0, Path(item.path).stem), left_out
    path = Path(item)
    name = _NAME.fullmatch(path.name)
    numbers = tuple(map(int, name.groups())) if name else (0, 0, 0, 0, 0)
    if not all(1 <= number <= last for number, last in zip(numbers, _LAST, strict=True)):
        raise InputError(
            f"{path} is not called like a sample of NTU RGB+D (S001C001P001R001A001.skeleton to "
            "S032C003P106R002A120.skeleton); give it its own name again, or move it elsewhere."
        )
    setup, view, subject, repetition, action = numbers
    joints, left_out = persons(read_bodies(path))
    return Recording(joints, action - 1, subject, path.stem, view, setup, repetition), left_out
