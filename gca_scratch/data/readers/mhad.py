"""Reader for the BVH skeletons of Berkeley MHAD: one person, optical motion capture, 11 actions, 12 people, 5 times."""

import os
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from gca_scratch.support.errors import InputError

from ..guesses import UNITS, human_unit
from ..meaning import known
from ..skeleton import Layout
from .bvh_motion import Motion, positions_at
from .bvh_text import read
from .named import holds, named_files
from .recording import NOTHING_SAID, Collection, Options, Recording

TAKES = "Berkeley MHAD: a folder of skl_sSS_aAA_rRR.bvh, or one of them"
PROTOCOL = "mhad"
CLASS_NAMES = (
    "jumping in place",
    "jumping jacks",
    "bending",
    "punching",
    "waving two hands",
    "waving one hand",
    "clapping",
    "throwing a ball",
    "sit down then stand up",
    "sit down",
    "stand up",
)


def _layout() -> Layout:
    trunk = ("Hips", "spine", "spine1", "spine2", "Neck", "Head")
    arm = ("Shoulder", "Arm", "ArmRoll", "ForeArm", "ForeArmRoll", "Hand")
    leg = ("UpLeg", "UpLegRoll", "Leg", "LegRoll", "Foot", "ToeBase")
    lines = [trunk]
    for origin, parts in (("spine2", arm), ("Hips", leg)):
        lines += [(origin, *(side + part for part in parts)) for side in ("Right", "Left")]
    names = trunk + tuple(name for line in lines[1:] for name in line[1:])
    edges = tuple((names.index(a), names.index(b)) for line in lines for a, b in pairwise(line))
    return Layout("mhad", names, edges)


LAYOUT = _layout()
FRAMES_PER_SECOND = 30

MEANING = known(up="+y", unit="m", hand="right", rate=str(FRAMES_PER_SECOND))

_NAME = re.compile(r"skl_s([0-9]{2})_a(0[1-9]|1[01])_r([0-9]{2})\.bvh")


def recognises(path: Path) -> bool:
    """Is it a file that is called like those of the data set, or a folder with one in it or below?"""
    return holds(Path(path), _NAME)


def open_collection(path: str | os.PathLike[str], options: Options = NOTHING_SAID) -> Collection:
    """The files in a folder and those below it, by name, or one file; InputError if there is none, or one twice."""
    meaning = replace(MEANING.saying(options.up, options.unit, options.rate), unit=MEANING.unit)
    notes = ("--unit changes nothing here, for the bones tell it.",) if options.unit else ()
    return Collection(CLASS_NAMES, LAYOUT, meaning, items(path), notes)


def items(root: str | os.PathLike[str]) -> list[Path]:
    """The file `root`, or the files `skl_sSS_aAA_rRR.bvh` in that folder and those below, sorted by name.

    The whole data set has 659, in Mocap/SkeletalData; s04_a08_r05 does not exist. Actions beyond the 11 are passed
    over (T-poses). Raises InputError if there is no such file, or one of them twice.
    """
    return named_files(Path(root), _NAME, "skeletons of Berkeley MHAD", "Mocap/SkeletalData/skl_s01_a01_r01.bvh")


def read_item(item: Path) -> Recording:
    """One file as a Recording with joints float32 (frames, 1, 30, 3), called "s01_a01_r01".

    Joints are found by their names, whose capitals do not matter, and put in the order of LAYOUT; ends of bones are
    left out. Of the frames, 480 in a second, every k-th is kept (k = 16), the first included, so that about
    FRAMES_PER_SECOND are left. y is up, as in the files.

    BVH names no unit (these files are in centimetres). The body gives it away: see `guesses.human_unit`.

    Raises InputError, with file and place, if it is not called as above, if it is damaged (see bvh_text.read), if its
    joints are not those of LAYOUT or do not all move, or if no unit gives a body of human size.
    """
    item = Path(item)
    name = _NAME.fullmatch(item.name)
    if not name:
        raise InputError(
            f"{item} is not called like a skeleton of Berkeley MHAD (skl_s01_a01_r01.bvh to skl_s12_a11_r05.bvh); give "
            "it its own name again, or read it as BVH of any skeleton (--dataset bvh)."
        )
    subject, action, repetition = map(int, name.groups())
    motion = read(item)
    order = _order(motion, item)
    step = max(1, round(min(1 / (FRAMES_PER_SECOND * motion.frame_time), 1e6)))
    joints = positions_at(motion, np.arange(0, len(motion.values), step), order)[:, None]
    joints *= np.float32(_metres(motion, order, item))
    return Recording(joints, action - 1, subject, item.stem.removeprefix("skl_"), repetition=repetition)


def _order(motion: Motion, path: Path) -> list[int]:
    """Where each joint of the layout is in the file."""
    there = {name.lower(): joint for joint, name in enumerate(motion.names)}
    wanted = [name.lower() for name in LAYOUT.joint_names]
    missing = [name for name in LAYOUT.joint_names if name.lower() not in there]
    strange = [name for name in motion.names if name.lower() not in wanted]
    if missing or strange or len(motion.names) != len(wanted):
        raise InputError(
            f"{path}: its joints are not those of Berkeley MHAD (missing: {', '.join(missing) or 'none'}; strange: "
            f"{', '.join(strange)[:200] or 'none'}); give the original file."
        )
    channels = motion.values.shape[1]
    if channels < len(wanted):
        raise InputError(
            f"{path}: a frame has {channels} numbers, fewer than the {len(wanted)} joints; give the original file."
        )
    return [there[name] for name in wanted]


def _metres(motion: Motion, order: list[int], path: Path) -> float:
    """Metres in the unit of the file."""
    length = 0.0
    for name in ("Head", "LeftFoot"):
        joint = order[LAYOUT.joint_names.index(name)]
        while motion.parents[joint] >= 0:
            length += float(np.linalg.norm(motion.offsets[joint]))
            joint = motion.parents[joint]
    unit = human_unit(length)
    if not unit:
        raise InputError(
            f"{path}: the bones from ankle to head are {length:g} long, which is no human in {', '.join(UNITS)}; scale "
            "the OFFSETs and positions of the file to centimetres."
        )
    return UNITS[unit]
