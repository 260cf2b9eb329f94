"""What the names of joints tell: which joints orient a body, which mirror each other, and the five parts of a body."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..support.errors import InputError, shown
from .joint_words import MIDDLE, Reading, readings
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


_TOP = ("neck", "neck base", "chest", "head", "nose")
PARTS = ("torso", "left arm", "right arm", "left leg", "right leg")  # as network.body_parts has them


def find_roles(joint_names: Sequence[str], edges: Edges, hip: str | None = None) -> Roles:
    """Find the hip, the line across the body and the top of the torso from the joints' names, in any common spelling.

    "HipCenter", "spine_base", "Hips", "left shoulder", "LSHO", "Bip01 L Thigh", "左足" and their like are understood
    (joint_words). Where no name tells the hip it is the joint that bones connect to both the left and the right hip,
    else the torso. `hip` is the user's own answer, one of joint_names.

    Raises InputError, worded as a question to the user, if the hip cannot be found or `hip` is none of the joints.
    """
    read = readings(joint_names)
    hips = pair_of(read, "hip")
    centre = _answered(joint_names, hip) if hip is not None else first_of(read, "pelvis", "root")
    if centre is None and hips:
        centre = _between(*hips, read, edges)
    if centre is None:
        centre = first_of(read, "torso")
    if centre is None:
        middle = f", or with --hip middle for the middle of {_both(joint_names, *hips)}" if hips else ""
        raise InputError(
            f"which of these joints is the hip (the middle of the pelvis): {_listed(joint_names)}? "
            f"Their names do not tell; answer with --hip NAME{middle}."
        )
    left, right = hips or pair_of(read, "shoulder") or pair_of(read, "collar") or (None, None)
    return Roles(centre, left, right, first_of(read, *_TOP, without=centre))


def first_of(read: Sequence[Reading], *parts: str, side: str = "", without: int | None = None) -> int | None:
    """The joint of that side with the best spelling of the first of the parts that is there."""
    found = [n for n, it in enumerate(read) if it.side == side and it.part in parts and n != without]
    return min(found, key=lambda n: (parts.index(read[n].part), read[n].rank, read[n].number, n), default=None)


def pair_of(read: Sequence[Reading], part: str) -> tuple[int, int] | None:
    """The left and the right joint of a part, spelled alike if there are such."""
    sides = [
        {it.rest: n for n, it in enumerate(read) if (it.side, it.part) == (side, part)} for side in ("left", "right")
    ]
    alike = [(sides[0][rest], sides[1][rest]) for rest in sides[0] if rest in sides[1]]
    if alike:
        return min(alike, key=lambda pair: (read[pair[0]].rank, read[pair[0]].number, pair))
    left, right = (first_of(read, part, side=side) for side in ("left", "right"))
    return None if left is None or right is None else (left, right)


def _between(left: int, right: int, read: Sequence[Reading], edges: Edges) -> int | None:
    """The one joint with bones to both; not the neck, which some skeletons without a pelvis hang the legs from."""
    bones = {(int(a), int(b)) for a, b in edges}
    bones |= {(b, a) for a, b in bones}
    joints = [
        joint
        for joint, it in enumerate(read)
        if (joint, left) in bones and (joint, right) in bones and (it.side or it.part not in _TOP)
    ]
    return joints[0] if len(joints) == 1 else None


def _answered(joint_names: Sequence[str], hip: str) -> int:
    """The joint the user named, exactly or but for capitals and separators."""
    exact = [joint for joint, name in enumerate(joint_names) if name == hip]
    wanted = _plain(hip)
    alike = [joint for joint, name in enumerate(joint_names) if _plain(name) == wanted]
    for joints in (exact, alike):
        if len(joints) == 1:
            return joints[0]
    raise InputError(
        f"--hip {shown(hip)} names none of the joints, which are {_listed(joint_names)}; name one of these."
    )


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def _listed(joint_names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in joint_names)


def _both(names: Sequence[str], left: int, right: int) -> str:
    return f"'{names[left]}' and '{names[right]}'"


# --- sides and parts --------------------------------------------------------------------------------------------------


def spaced(name: str) -> str:
    """A name in lower case with a blank before each word: "HandLeft" gives "hand left"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=\b[LR])(?=[A-Z])", " ", name).lower()


def body_parts(joint_names: Sequence[str]) -> tuple[int, ...]:
    """The body part of every joint, a place in body_parts.PARTS: torso, left arm, right arm, left leg, right leg.

    A joint of one side whose name speaks of an arm (from the shoulder on) or a leg (from the hip on) belongs to it,
    every other one to the torso. Raises InputError if no name tells left from right.
    """
    parts = tuple(PARTS.index(f"{it.side} {it.limb}") if it.side and it.limb else 0 for it in readings(joint_names))
    if not any(parts):
        raise InputError(
            f"attention over body parts needs joints whose names tell left from right, not {_listed(joint_names)}; "
            "rename them, or choose --network gca"
        )
    return parts


def untold(joint_names: Sequence[str]) -> list[str]:
    """A sentence about the joints whose names tell a side but neither arm nor leg, and that end in the torso, if any.

    Eyes, ears and others that are known to belong to the head are not among them.
    """
    lost = [name for name, it in zip(joint_names, readings(joint_names), strict=True) if _is_lost(it)]
    if not lost:
        return []
    which = (
        "is counted to the torso: its name tells" if len(lost) == 1 else "are counted to the torso: their names tell"
    )
    return [f"{_listed(lost)} {which} a side, but no arm or leg that is known"]


def _is_lost(it: Reading) -> bool:
    return bool(it.side) and not it.limb and (not it.part or it.part in MIDDLE)


def mirror_places(joint_names: Sequence[str]) -> tuple[int, ...] | None:
    """For each joint the same one on the other side of the body, itself in the middle; None where names do not tell.

    That is so where no name tells a side, where a joint has no other beside it, and where two joints of one side have
    names that are alike but for separators and capitals.
    """
    read = readings(joint_names)
    joint = {(it.side, it.rest): n for n, it in enumerate(read) if it.side}
    other = [joint.get((_OTHER[it.side], it.rest)) if it.side else n for n, it in enumerate(read)]
    unclear = not joint or None in other or len(joint) < sum(bool(it.side) for it in read)
    return None if unclear else tuple(other)


_OTHER = {"left": "right", "right": "left"}


def mirror_order(names: Sequence[str], order: Sequence[int]) -> np.ndarray | None:
    """For each place of the chain `order`, a place of the joint of `mirror_places`; None where that is None."""
    other = mirror_places(names)
    return None if other is None else np.array([order.index(other[k]) for k in order])


# --- what is told -----------------------------------------------------------------------------------------------------


def describe_roles(joint_names: Sequence[str], edges: Edges, hip: str | None = None) -> list[str]:
    """Sentences that say which joints are taken for what: hip, line across the body, top, body parts, mirror images.

    Where the hip is no pelvis, that is said. Raises InputError where `find_roles` does.
    """
    roles, read = find_roles(joint_names, edges, hip), readings(joint_names)
    return [
        _of_the_hip(joint_names, read, roles.hip, hip is not None),
        "no names tell the left and the right hip or shoulder, so no body can be turned to face the camera"
        if roles.left is None
        else f"left and right are told by {_both(joint_names, roles.left, roles.right)}",
        "no name tells the neck or the head, so no body can be measured by its torso"
        if roles.top is None
        else f"the torso ends at '{joint_names[roles.top]}'",
        *_of_the_parts(joint_names),
        _of_the_mirror(joint_names, read),
        *untold(joint_names),
    ]


def in_the_hips_place(joint_names: Sequence[str], edges: Edges, hip: str | None = None) -> list[str]:
    """A sentence on the joint that is taken for the hip; none where a name calls it the pelvis, or a user the hip."""
    read, found = readings(joint_names), find_roles(joint_names, edges, hip).hip
    return [] if hip is not None or _is_pelvis(read[found]) else [_of_the_hip(joint_names, read, found, False)]


def _is_pelvis(it: Reading) -> bool:
    return it.part in ("pelvis", "root") and not it.side


def _of_the_hip(names, read, hip, answered):
    sentence = f"the hip is '{names[hip]}'"
    if _is_pelvis(read[hip]):
        return sentence
    if answered:
        return f"{sentence}, which no name calls the pelvis: you say so"
    hips = pair_of(read, "hip")
    instead = f"; for the middle of {_both(names, *hips)} say --hip middle" if hips else ""
    what = f"the {read[hip].part}" if read[hip].part in ("torso", "spine") else "what joins the two hips"
    return f"{sentence}, which no name calls the pelvis: {what} is taken in its place{instead}"


def _of_the_parts(names):
    try:
        parts = body_parts(names)
    except InputError:
        return ["no names tell arms and legs, so there are no body parts"]
    joints = [[name for name, part in zip(names, parts, strict=True) if part == place] for place in range(len(PARTS))]
    return ["body parts: " + "; ".join(f"{part} {', '.join(j) or '-'}" for part, j in zip(PARTS, joints, strict=True))]


def _of_the_mirror(names, read):
    other = mirror_places(names)
    if other is not None:
        pairs = [_both(names, a, b) for a, b in enumerate(other) if read[a].side == "left"]
        return "mirror images exchange " + ", ".join(pairs)
    sided = [(it.side, it.rest) for it in read if it.side]
    alone = [name for name, it in zip(names, read, strict=True) if it.side and (_OTHER[it.side], it.rest) not in sided]
    if alone:
        return f"there are no mirror images: {_listed(alone)} {'has' if len(alone) == 1 else 'have'} no other side"
    return "there are no mirror images: " + ("names of one side are alike" if sided else "no names tell sides")
