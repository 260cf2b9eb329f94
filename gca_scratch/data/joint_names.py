"""What the names of joints tell: which joints orient a body, which mirror each other, and the five parts of a body."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..support.errors import InputError, shown
from .skeleton import Edges


@dataclass(frozen=True)
class Roles:
    """The joints that place and orient a body, as indices; left, right and top are None where no name tells.

    hip: origin of the coordinates and root of the chain.
    left, right: the two hips (else the two shoulders), the line across the body that is turned to face the camera.
    top: the neck, or what comes nearest to it; |top - hip| is the length of the torso.
    """

    hip: int
    left: int | None
    right: int | None
    top: int | None


# Spellings without separators and capitals, the best one first.
_HIP = (
    "hipcenter",
    "hipcentre",
    "centerhip",
    "centrehip",
    "midhip",
    "hipmid",
    "middlehip",
    "hipmiddle",
    "spinebase",
    "basespine",
    "baseofspine",
    "baseofthespine",
    "pelvis",
    "hips",
    "hip",
    "waist",
    "root",
)
_TORSO = ("torso", "trunk")
_TOP = (
    "neck",
    "shouldercenter",
    "shouldercentre",
    "centershoulder",
    "centreshoulder",
    "midshoulder",
    "shouldermid",
    "spineshoulder",
    "neckbase",
    "baseofneck",
    "thorax",
    "upperchest",
    "chest",
    "head",
    "nose",
)
_HIP_OF_ONE_SIDE = ("hip", "upleg", "upperleg", "thigh", "femur", "hipjoint")
_SHOULDER_OF_ONE_SIDE = ("shoulder", "shoulderjoint", "uparm", "upperarm", "humerus", "arm", "collar", "clavicle")


def find_roles(joint_names: Sequence[str], edges: Edges, hip: str | None = None) -> Roles:
    """Find the hip, the line across the body and the top of the torso from the joints' names, in any common spelling.

    "HipCenter", "spine_base", "Hips", "left shoulder", "LShoulder", "shoulder_l" and their like are understood, with
    or without a prefix that all names share ("mixamorig:"). Where no name tells the hip it is the joint that bones
    connect to both the left and the right hip, else the torso. `hip` is the user's own answer, one of joint_names.

    Raises InputError, worded as a question to the user, if the hip cannot be found or `hip` is none of the joints.
    """
    spelled = _plain(joint_names)
    left, right = _pair(spelled, _HIP_OF_ONE_SIDE)
    centre = _answered(joint_names, spelled, hip) if hip is not None else _first(spelled, _HIP)
    if centre is None and left is not None:
        centre = _between(left, right, spelled, edges)
    if centre is None:
        centre = _first(spelled, _TORSO)
    if centre is None:
        raise InputError(
            f"which of these joints is the hip (the middle of the pelvis): {_listed(joint_names)}? "
            "Their names do not tell; answer with --hip NAME."
        )
    if left is None:
        left, right = _pair(spelled, _SHOULDER_OF_ONE_SIDE)
    return Roles(centre, left, right, _first(spelled, _TOP, without=centre))


def _plain(joint_names: Sequence[str]) -> list[str]:
    """Lower case without separators and without the prefix all names share."""
    prefix = re.sub(r"[^\W_]*$", "", os.path.commonprefix(list(joint_names))) if len(joint_names) > 1 else ""
    return [re.sub(r"[\W_]+", "", name[len(prefix) :]).lower() for name in joint_names]


def _first(spelled: list[str], spellings: Sequence[str], without: int | None = None) -> int | None:
    """The joint that bears the best of the spellings."""
    for spelling in spellings:
        for joint, name in enumerate(spelled):
            if name == spelling and joint != without:
                return joint
    return None


def _pair(spelled: list[str], parts: Sequence[str]) -> tuple[int, int] | tuple[None, None]:
    """The left and the right joint of the first body part that has both."""
    for part in parts:
        left = _first(spelled, (f"left{part}", f"{part}left", f"l{part}", f"{part}l"))
        right = _first(spelled, (f"right{part}", f"{part}right", f"r{part}", f"{part}r"))
        if left is not None and right is not None:
            return left, right
    return None, None


def _between(left: int, right: int, spelled: list[str], edges: Edges) -> int | None:
    """The one joint with bones to both; not the neck, which some skeletons without a pelvis hang the legs from."""
    bones = {(int(a), int(b)) for a, b in edges}
    bones |= {(b, a) for a, b in bones}
    joints = [
        joint
        for joint, name in enumerate(spelled)
        if (joint, left) in bones and (joint, right) in bones and name not in _TOP
    ]
    return joints[0] if len(joints) == 1 else None


def _answered(joint_names: Sequence[str], spelled: list[str], hip: str) -> int:
    """The joint the user named, exactly or but for capitals and separators."""
    exact = [joint for joint, name in enumerate(joint_names) if name == hip]
    wanted = re.sub(r"[\W_]+", "", hip).lower()
    alike = [joint for joint, name in enumerate(joint_names) if re.sub(r"[\W_]+", "", name).lower() == wanted]
    for joints in (exact, alike):
        if len(joints) == 1:
            return joints[0]
    raise InputError(
        f"--hip {shown(hip)} names none of the joints, which are {_listed(joint_names)}; name one of these."
    )


def _listed(joint_names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in joint_names)


def words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case, "left" and "right" set apart: "HandLeft" gives ("hand", "left")."""
    return tuple(re.findall(r"left|right|[a-z0-9]+?(?=left|right|[^a-z0-9]|$)", spaced(name)))


def spaced(name: str) -> str:
    """A name in lower case with a blank before each word: "HandLeft" gives "hand left"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=\b[LR])(?=[A-Z])", " ", name).lower()


def names_a_side(name: str) -> bool:
    """Does the name of an action speak of left or right, as "WaveLeft", "wave_left" and "left wave" do?"""
    return not {"left", "right"}.isdisjoint(re.split(r"[\W_]+", spaced(name)))


_ARM = ("shoulder", "arm", "elbow", "wrist", "hand", "palm", "thumb", "finger", "collar", "clavicle", "humerus")
_LEG = ("hip", "leg", "thigh", "knee", "shin", "calf", "ankle", "foot", "heel", "toe", "femur", "tibia")


def body_parts(joint_names: Sequence[str]) -> tuple[int, ...]:
    """The body part of every joint, a place in body_parts.PARTS: torso, left arm, right arm, left leg, right leg.

    A joint of one side whose name speaks of an arm (from the shoulder on) or a leg (from the hip on) belongs to it,
    every other one to the torso. Raises InputError if no name tells left from right.
    """
    parts = []
    for name in joint_names:
        spelled = words(name)
        side = 0 if {"left", "l"} & set(spelled) else 1 if {"right", "r"} & set(spelled) else None
        arm, leg = (any(part in word for part in known for word in spelled) for known in (_ARM, _LEG))
        parts.append(0 if side is None or not (arm or leg) else side + (1 if arm else 3))
    if not any(parts):
        raise InputError(
            f"attention over body parts needs joints whose names tell left from right, not {_listed(joint_names)}; "
            "rename them, or choose --network gca"
        )
    return tuple(parts)
