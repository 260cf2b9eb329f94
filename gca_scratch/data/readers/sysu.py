"""Reader for the original MATLAB files of SYSU 3D HOI: one person with an object, twelve actions, 40 people."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from gca_scratch.support.errors import InputError

from ..meaning import known
from ..skeleton import KINECT_V1
from .matlab import read_skeleton
from .named import folders_called, holds
from .recording import NOTHING_SAID, Collection, Options, Recording, look_into

TAKES = "SYSU 3D HOI: the folder SYSU3DAction, with <subject>/video<action>/sklWorld.mat in it, or one sklWorld.mat"
PROTOCOL = "sysu"
CLASS_NAMES = (
    "drinking",
    "pouring",
    "calling phone",
    "playing phone",
    "wearing backpacks",
    "packing backpacks",
    "sitting chair",
    "moving chair",
    "taking out wallet",
    "taking from wallet",
    "mopping",
    "sweeping",
)
LAYOUT = KINECT_V1
# The camera space of Kinect v1: x to the left as the camera sees it, y up, z away from it, in metres; 30 a second.
MEANING = known(up="+y", unit="m", hand="right", rate="30")

_FILE, _VARIABLE = "sklWorld.mat", "SW"
_HOME = re.compile("3DvideoNorm")


class Item(NamedTuple):
    """A file, the number of its action, from 1, and that of its subject; 0 where its path does not tell."""

    path: Path
    action: int
    subject: int


def recognises(path: Path) -> bool:
    """Is it a file sklWorld.mat, or a folder with one in it or below?"""
    return holds(Path(path), re.compile(re.escape(_FILE)))


def open_collection(path: str | os.PathLike[str], options: Options = NOTHING_SAID) -> Collection:
    """What `items` finds in a folder, or one file, whose action and subject are read from its path where that tells.

    Raises InputError if there is nothing.
    """
    found = items(path)
    return Collection(CLASS_NAMES, LAYOUT, MEANING.saying(options.up, options.unit, options.rate), list(found))


def items(root: str | os.PathLike) -> list[Item]:
    """The files `3DvideoNorm/<subject>/video<action>/sklWorld.mat` in `root` or below it, by subject and action.

    `root` may also be the folder 3DvideoNorm, or one called otherwise with the subjects in it. A subject has the number
    in the name of its folder; where these names do not have one number each, all different, the folders count from 1 in
    the order of their names. Other folders are passed over. The whole data set has 480 files.

    Raises InputError if there is no such folder, or more than one, or if the number of an action is none of the twelve.
    """
    root = Path(root)
    if os.path.isfile(root):
        return [_alone(root.absolute())]
    homes = folders_called(root, _HOME) if os.path.isdir(root) else []
    if len(homes) > 1:
        raise InputError(f"{homes[0]} and {homes[1]} both hold sequences of SYSU 3D HOI; remove one of the two.")
    folder = homes[0] if homes else root
    look_into([folder, *folder.glob("*")] if os.path.isdir(folder) else [])
    videos = [
        (video, int(name[1]))
        for video in (sorted(folder.glob("*/video*")) if os.path.isdir(folder) else ())
        if os.path.isdir(video) and (name := re.fullmatch("video([0-9]{1,4})", video.name))
    ]
    for video, action in videos:
        if not 1 <= action <= len(CLASS_NAMES):
            raise InputError(
                f"{video}: there is no action {action} in SYSU 3D HOI, only 1 to {len(CLASS_NAMES)}; correct the name "
                "of the folder or remove it."
            )
    if not videos:
        raise InputError(
            f"{root} holds no sequences of SYSU 3D HOI (<subject>/video1/{_FILE}); give with --data the folder that "
            "holds SYSU3DAction."
        )
    numbers = _subjects(sorted({video.parent.name for video, _ in videos}))
    found = [Item(video / _FILE, action, numbers[video.parent.name]) for video, action in videos]
    return sorted(found, key=lambda item: (item.subject, item.action, item.path))


def _alone(path: Path) -> Item:
    """One file, and what the folders that it lies in tell."""
    video = re.fullmatch("video([0-9]{1,4})", path.parent.name)
    action = int(video[1]) if video and 1 <= int(video[1]) <= len(CLASS_NAMES) else 0
    subject = re.findall("[0-9]{1,4}", path.parent.parent.name) if action else []
    return Item(path, action, int(subject[0]) if len(subject) == 1 else 0)


def _subjects(names: list[str]) -> dict[str, int]:
    """A number for each folder of a subject."""
    numbers = [int("".join(found)) if len(found := re.findall("[0-9]{1,4}", name)) == 1 else None for name in names]
    if None in numbers or len(set(numbers)) < len(numbers):
        numbers = range(1, len(names) + 1)
    return dict(zip(names, numbers, strict=True))


def read_item(item: Item) -> Recording:
    """One file as a Recording with joints float32 (frames, 1, 20, 3), in metres, called "<folder of subject>/video1".

    The variable SW, 20 x 3 x frames, holds them in the order of Kinect v1 and in its camera space, which is y up. The
    label is the action less one, or None; the data set has no repetitions. A joint of NaN is absent.

    Raises InputError, with file and place, if the file is missing, damaged, too large or no MATLAB 5 file, if SW is not
    there, no array of real numbers or of another shape, if a coordinate is infinite or 100 metres or more, or if SciPy
    is not installed.
    """
    path, action, subject = item
    return Recording(
        joints=read_skeleton(path, _VARIABLE, LAYOUT.joint_names),
        label=action - 1 if action else None,
        subject=subject,
        name=f"{path.parent.parent.name}/{path.parent.name}" if action else path.stem,
    )
