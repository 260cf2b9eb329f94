"""Reader for the original text files of SBU Kinect Interaction: two persons, eight interactions, 21 pairs of people."""

import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from gca_scratch.support.errors import InputError, shown

from ..meaning import known
from ..skeleton import OPENNI
from .named import folders_called, holds
from .recording import NOTHING_SAID, Collection, Options, Recording, look_into
from .text import number, read_lines

TAKES = "SBU Kinect Interaction: the folder with s01s02/01/001/skeleton_pos.txt and so on, or one skeleton_pos.txt"
PROTOCOL = "sbu"
CLASS_NAMES = (
    "approaching",
    "departing",
    "kicking",
    "pushing",
    "shaking hands",
    "hugging",
    "exchanging objects",
    "punching",
)
LAYOUT = OPENNI
# What `read_item` makes of the files, by the formula of the data set: see there. Recorded at 15 a second.
MEANING = known(up="+y", unit="m", hand="right", rate="15")

_PAIR = re.compile("s[0-9]{2}s[0-9]{2}")
_FILE = "skeleton_pos.txt"
_JOINTS = len(LAYOUT.joint_names)
_COLUMNS = 1 + 2 * _JOINTS * 3
# Metres from the normalised numbers of the files: origin + scale x number.
_ORIGIN = np.array([1.280, 0.960, 0.0])
_SCALE = np.array([-2.560, -1.920, 10.0 / 7.8125])


def recognises(path: Path) -> bool:
    """Is it a file skeleton_pos.txt, or a folder with one in it or below?"""
    return holds(Path(path), re.compile(re.escape(_FILE)))


def open_collection(path: str | os.PathLike[str], options: Options = NOTHING_SAID) -> Collection:
    """What `items` finds in a folder, or one file, with a label if the folders that it lies in tell it.

    Raises InputError as `items` does.
    """
    found = [Path(path).absolute()] if os.path.isfile(path) else items(path)
    meaning = replace(MEANING.saying(options.up, options.unit, options.rate), unit=MEANING.unit)
    notes = ("--unit changes nothing here, for the files measure in parts of the picture.",) if options.unit else ()
    return Collection(CLASS_NAMES, LAYOUT, meaning, list(found), notes)


def items(root: str | os.PathLike) -> list[Path]:
    """The files `sXXsYY/CC/NNN/skeleton_pos.txt`, sorted: pair of people, class 01 to 08, repetition.

    The folders sXXsYY lie in `root` or anywhere below it, as in a folder of their own name. The whole data set has 282
    files. Other names in these folders are passed over. Raises InputError if `root` holds no such folder, if the number
    of a class is none of the eight, or if the same sequence is there twice.
    """
    root = Path(root)
    found: dict[tuple[str, ...], Path] = {}
    for pair in folders_called(root, _PAIR) if os.path.isdir(root) else []:
        look_into([pair, *pair.glob("*")])
        for folder in sorted(pair.glob("*/*")):
            name = folder.parts[-3:]
            if not re.fullmatch("[0-9]{2}/[0-9]{3}", "/".join(name[1:])):
                continue
            if not 1 <= int(name[1]) <= len(CLASS_NAMES):
                raise InputError(
                    f"{folder.parent}: there is no class {name[1]} in SBU Kinect Interaction, only 01 to "
                    f"{len(CLASS_NAMES):02}; correct the name of the folder or remove it."
                )
            if name in found:
                raise InputError(f"{found[name]} and {folder} are the same sequence; remove one of the two.")
            found[name] = folder
    if not found:
        raise InputError(
            f"{root} holds no sequences of SBU Kinect Interaction (s01s02/01/001/{_FILE}); "
            "give with --data the folder that holds s01s02."
        )
    return [found[name] / _FILE for name in sorted(found)]


def read_item(item: Path) -> Recording:
    """One file as a Recording with joints float32 (frames, 2, 15, 3), called "s01s02/01/001".

    `subject` is 10 x the first + the second person of the pair (12 for s01s02), since the protocol splits by pairs;
    the label is the class less one, the repetition the last number. A file that lies elsewhere has none of these, and
    its own name. The persons stand in the order of the file; the first is not always the left one.

    The files hold image coordinates from 0 to 1, y down, and a scaled depth. They become metres by the formula of the
    data set, x = 1.28 - 2.56 x', y = 0.96 - 1.92 y', z = 1.28 z'. With its signs this is the camera space of a Kinect,
    right-handed: x to the left as the camera sees it, y up, z away from it. That is not a mirror image of what
    happened: of the people who face another one (all but those who depart) 99 % have the right shoulder on their right,
    shoulders measure the same along the image as in depth, and 34 of 36 people shake hands with the right one.

    Raises InputError, with file and line, if the file is missing, empty or cut off, if a row has a column too few or
    too many or something other than a number of a plausible size, or if a frame number does not follow the one before.
    """
    item = Path(item)
    rows, before = [], None
    for line, text in enumerate(read_lines(item), start=1):
        place = f"{item}, line {line}"
        columns = text.split(",", _COLUMNS)
        if len(columns) != _COLUMNS:
            count = text.count(",") + 1
            raise InputError(
                f"{place}: {count} columns where {_COLUMNS} belong (a frame number, then x y z of 2 x {_JOINTS} "
                "joints); copy the file again from the data set."
            )
        if not re.fullmatch("[0-9]{1,9}", columns[0]) or before not in (None, int(columns[0]) - 1):
            raise InputError(
                f"{place}: {shown(columns[0])} is not the next frame number; copy the file again from the data set."
            )
        before = int(columns[0])
        normalised = [_coordinate(text, place, column) for column, text in enumerate(columns[1:])]
        rows.append((_ORIGIN + _SCALE * np.reshape(normalised, (2, _JOINTS, 3))).astype(np.float32))
    place = re.search(r"(s([0-9]{2})s([0-9]{2})/(0[1-8])/([0-9]{3}))/[^/]*\Z", item.as_posix())
    if place is None:
        return Recording(np.stack(rows), None, 0, item.stem)
    name, *numbers = place.groups()
    first, second, action, repetition = map(int, numbers)
    return Recording(np.stack(rows), action - 1, 10 * first + second, name, repetition=repetition)


def _coordinate(text: str, place: str, column: int) -> float:
    person, joint, axis = column // (3 * _JOINTS) + 1, column // 3 % _JOINTS, "xyz"[column % 3]
    what = f"column {column + 2} ({axis} of the joint '{LAYOUT.joint_names[joint]}' of person {person})"
    return number(text, f"{place}, {what}", limit=100)
