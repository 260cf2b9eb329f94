"""Reader for the BVH skeletons of Berkeley MHAD: one person, optical motion capture, 11 actions, 12 people, 5 times."""

import os
import re
from itertools import pairwise
from pathlib import Path

import numpy as np

from gca_scratch.support.errors import InputError

from ..skeleton import Layout
from . import bvh
from .recording import Recording, files_in

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

_FILE = "skl_s([0-9]{2})_a([0-9]{2})_r([0-9]{2})\\.bvh"
_BLOCK = 1000  # frames that are computed at once
_METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254}
_SHORTEST, _TALLEST = 0.9, 2.2  # metres from ankle to head along the bones: no length lies in this range in two units


def items(root: str | os.PathLike) -> list[Path]:
    """The files `skl_sSS_aAA_rRR.bvh` in `root` and all its folders, sorted by name: subject, action, repetition.

    The whole data set has 659, in Mocap/SkeletalData; s04_a08_r05 does not exist. Actions beyond the 11 are passed
    over (T-poses). Raises InputError if there is no such file, or one of them twice.
    """
    found: dict[str, Path] = {}
    for path in files_in(root) if os.path.isdir(root) else ():
        name = re.fullmatch(_FILE, path.name)
        if not name or not 1 <= int(name[2]) <= len(CLASS_NAMES):
            continue
        if path.name in found:
            raise InputError(f"{path} is there again as {found[path.name]}; remove one of the two.")
        found[path.name] = path
    if not found:
        raise InputError(
            f"{root} holds no skeletons of Berkeley MHAD (skl_s01_a01_r01.bvh); give with --data the folder that holds "
            "Mocap/SkeletalData."
        )
    return [found[name] for name in sorted(found)]


def read_item(item: Path) -> Recording:
    """One file as a Recording with joints float32 (frames, 1, 30, 3), called "s01_a01_r01".

    Joints are found by their names, whose capitals do not matter, and put in the order of LAYOUT; ends of bones are
    left out. Of the frames, 480 in a second, every k-th is kept (k = 16), the first included, so that about
    FRAMES_PER_SECOND are left. y is up, as in the files.

    BVH names no unit (these files are in centimetres). The body gives it away: the bones from the left ankle over
    the hips to the head are 0.9 to 2.2 m long in just one of metres, centimetres, inches and millimetres.

    Raises InputError, with file and place, if the file is damaged (see bvh.read), if its joints are not those of
    LAYOUT or do not all move, or if no unit gives a body of human size.
    """
    item = Path(item)
    subject, action, repetition = map(int, re.fullmatch(_FILE, item.name).groups())
    motion = bvh.read(item)
    order = _order(motion, item)
    step = max(1, round(min(1 / (FRAMES_PER_SECOND * motion.frame_time), 1e6)))
    metres, values = _unit(motion, order, item), motion.values[::step]
    joints = np.empty((len(values), 1, len(order), 3), np.float32)
    for start in range(0, len(values), _BLOCK):
        block = slice(start, start + _BLOCK)
        joints[block, 0] = bvh.positions(motion._replace(values=values[block]))[:, order] * metres
    return Recording(
        joints=joints,
        label=action - 1,
        subject=subject,
        name=item.stem.removeprefix("skl_"),
        repetition=repetition,
    )


def _order(motion: bvh.Motion, path: Path) -> list[int]:
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


def _unit(motion: bvh.Motion, order: list[int], path: Path) -> float:
    """Metres in the unit of the file."""
    length = 0.0
    for name in ("Head", "LeftFoot"):
        joint = order[LAYOUT.joint_names.index(name)]
        while motion.parents[joint] >= 0:
            length += float(np.linalg.norm(motion.offsets[joint]))
            joint = motion.parents[joint]
    for metres in _METRES.values():
        if _SHORTEST <= length * metres < _TALLEST:
            return metres
    raise InputError(
        f"{path}: the bones from ankle to head are {length:g} long, which is no human in {', '.join(_METRES)}; scale "
        "the OFFSETs and positions of the file to centimetres."
    )
