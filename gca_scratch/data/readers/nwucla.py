"""Reader for Northwestern-UCLA Multiview Action 3D as JSON: one person, ten actions, ten people, three views.

The files are those that are spread with CTR-GCN. Each is a table of

    file_name   a01_s01_e00_v01: action, subject, repetition (episode) and view
    skeletons   frames x 20 x 3, in metres, in the order of Kinect v1 and in the space of its camera
    label       1 to 10: the actions that there are, in their order, for a07 and a10 do not exist

Three exact zeros are a joint that was not found (12 joints in all); so is a joint of NaN or null. Some sequences have
one frame. All 95 sequences of a02 and a03 in view 3, which tests, are copies of those in view 2, which trains.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gca_scratch.support.errors import InputError, shown
from gca_scratch.support.reading import open_plain, read_json, reason

from ..meaning import known
from ..skeleton import KINECT_V1
from .named import holds, named_files
from .recording import NOTHING_SAID, Collection, Options, Recording

TAKES = "Northwestern-UCLA as JSON: a folder of aAA_sSS_eEE_vVV.json (as spread with CTR-GCN), or one of them"
PROTOCOL = "nw-ucla"
CLASS_NAMES = (
    "pick up with one hand",
    "pick up with two hands",
    "drop trash",
    "walk around",
    "sit down",
    "stand up",
    "donning",
    "doffing",
    "throw",
    "carry",
)
ACTIONS = (1, 2, 3, 4, 5, 6, 8, 9, 11, 12)  # aAA in the names of files, in the order of the classes
LAYOUT = KINECT_V1
# Kinect's camera space. Of these files: heads are above hips along +y in the median, less the tilt of the camera (12
# degrees), and 99 % of the bodies have the right shoulder on the right of where their feet point, in right-handed axes.
# No rate: it is told nowhere, and not that of a Kinect, 30 a second, of which two steps, 14 frames, would take 0.47 s.
MEANING = known(up="+y", unit="m", hand="right")

_STEM = "a([0-9]{2})_s([0-9]{2})_e([0-9]{2})_v([0-9]{2})"
_NAME = re.compile(_STEM + r"\.json")
_BEGINS = re.compile(rb'\s*\{\s*"file_name"\s*:\s*"a[0-9]{2}_s[0-9]{2}_e[0-9]{2}_v[0-9]{2}')
_JOINTS = len(LAYOUT.joint_names)
_FAR = 100.0  # metres: no Kinect sees as far
_AGAIN = "copy the file again from the data set"


def recognises(path: Path) -> bool:
    """Is it a file that is called like those of the data set or begins like one, or a folder with one in it?"""
    if holds(Path(path), _NAME):
        return True
    try:
        with open_plain(path) as file:
            return _BEGINS.match(file.read(4096).removeprefix(b"\xef\xbb\xbf")) is not None
    except (OSError, ValueError):
        return False


def open_collection(path: str | os.PathLike[str], options: Options = NOTHING_SAID) -> Collection:
    """The files in a folder and those below it, by name, or one file; InputError if there is none, or one twice."""
    return Collection(CLASS_NAMES, LAYOUT, MEANING.saying(options.up, options.unit, options.rate), items(path))


def items(root: str | os.PathLike[str]) -> list[Path]:
    """The paths that `open_collection` finds."""
    return named_files(Path(root), _NAME, "Northwestern-UCLA", "a01_s01_e00_v01.json")


def read_item(item: Path) -> Recording:
    """One file: joints float32 (frames, 1, 20, 3), the label less one, and what its name says.

    The name is that of the file or, if this has been given another, the one that is written inside; a label that is
    missing follows from it.

    Raises InputError, with file and place, if the file cannot be read, is larger than 1 MiB or no JSON, if neither name
    is one of the data set, if the label is not that of the action in the name, if there are no frames, one has not 20
    joints of three numbers, or a number is infinite or larger than 100 metres.
    """
    path = Path(item)
    try:
        found = read_json(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); {_AGAIN}.") from error
    except ValueError as error:
        raise InputError(f"{path} is no JSON ({reason(error)}); {_AGAIN}.") from error
    if not isinstance(found, dict) or "skeletons" not in found:
        raise InputError(f"{path} holds no table with skeletons, as the files of Northwestern-UCLA do; {_AGAIN}.")
    name = re.fullmatch(_STEM, path.stem) or re.fullmatch(_STEM, str(found.get("file_name")))
    if name is None or int(name[1]) not in ACTIONS:
        raise InputError(
            f"{path} is not called like a sequence of Northwestern-UCLA (a01_s01_e00_v01.json to a12_s10_e10_v03.json);"
            " give it its own name again, or move it elsewhere."
        )
    action, subject, repetition, view = map(int, name.groups())
    label = ACTIONS.index(action)
    if found.get("label", label + 1) != label + 1:
        raise InputError(
            f"{path}: label is {shown(found['label'])}, but {name[0]} shows {CLASS_NAMES[label]}, which is "
            f"{label + 1}; give the file its own name again, or correct the label."
        )
    joints = np.array(list(_rows(found["skeletons"], path)), np.float32)
    return Recording(joints.reshape(-1, 1, _JOINTS, 3), label, subject, name[0], view, repetition=repetition)


def _rows(skeletons: object, path: Path) -> Iterator[list[float]]:
    """The coordinates, one frame after the other, each joint looked at: nothing is taken for a number that is none."""
    if not isinstance(skeletons, list) or not skeletons:
        raise InputError(f"{path}: skeletons is {shown(skeletons)} where a list of frames belongs; {_AGAIN}.")
    for number, frame in enumerate(skeletons, start=1):
        if not isinstance(frame, list) or len(frame) != _JOINTS:
            raise InputError(
                f"{path}, frame {number} of {len(skeletons)}: {shown(frame)} is no list of {_JOINTS} joints; {_AGAIN}."
            )
        for place, joint in enumerate(frame):
            if not isinstance(joint, list) or len(joint) != 3 or not all(map(_is_coordinate, joint)):
                raise InputError(
                    f"{path}, frame {number} of {len(skeletons)}: the joint '{LAYOUT.joint_names[place]}' is "
                    f"{shown(joint)}, not three numbers of metres; {_AGAIN}."
                )
            yield [np.nan if value is None else value for value in joint]


def _is_coordinate(value: object) -> bool:
    if value is None:
        return True
    return type(value) in (int, float) and (-_FAR < value < _FAR or value != value)  # NaN alone is not itself
