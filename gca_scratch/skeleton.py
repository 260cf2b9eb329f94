"""Skeletons as trees: three known layouts, the walk that orders the joints, and the joints that orient a body."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from gca_scratch.errors import InputError, shown

Edges = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Layout:
    """What a sensor calls its joints and how it joins them.

    `edges` holds one pair (parent, child) of joint indices per bone, from the root of the body outwards.
    """

    name: str
    joint_names: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]


def _limb(side: str, *parts: str) -> tuple[str, ...]:
    return tuple(f"{side} {part}" for part in parts)


def _line(*joints: int) -> tuple[tuple[int, int], ...]:
    """Bones of joints that hang one from the next."""
    return tuple(pairwise(joints))


KINECT_V1 = Layout(
    "kinect v1",
    (
        "hip center",
        "spine",
        "shoulder center",
        "head",
        *_limb("left", "shoulder", "elbow", "wrist", "hand"),
        *_limb("right", "shoulder", "elbow", "wrist", "hand"),
        *_limb("left", "hip", "knee", "ankle", "foot"),
        *_limb("right", "hip", "knee", "ankle", "foot"),
    ),
    _line(0, 1, 2, 3)
    + _line(2, 4, 5, 6, 7)
    + _line(2, 8, 9, 10, 11)
    + _line(0, 12, 13, 14, 15)
    + _line(0, 16, 17, 18, 19),
)

KINECT_V2 = Layout(
    "kinect v2",
    (
        "spine base",
        "spine mid",
        "neck",
        "head",
        *_limb("left", "shoulder", "elbow", "wrist", "hand"),
        *_limb("right", "shoulder", "elbow", "wrist", "hand"),
        *_limb("left", "hip", "knee", "ankle", "foot"),
        *_limb("right", "hip", "knee", "ankle", "foot"),
        "spine shoulder",
        *_limb("left", "hand tip", "thumb"),
        *_limb("right", "hand tip", "thumb"),
    ),
    _line(0, 1, 20, 2, 3)
    + _line(20, 4, 5, 6, 7, 21)
    + _line(7, 22)
    + _line(20, 8, 9, 10, 11, 23)
    + _line(11, 24)
    + _line(0, 12, 13, 14, 15)
    + _line(0, 16, 17, 18, 19),
)

OPENNI = Layout(
    "openni",
    (
        "head",
        "neck",
        "torso",
        *_limb("left", "shoulder", "elbow", "hand"),
        *_limb("right", "shoulder", "elbow", "hand"),
        *_limb("left", "hip", "knee", "foot"),
        *_limb("right", "hip", "knee", "foot"),
    ),
    _line(2, 1, 0) + _line(1, 3, 4, 5) + _line(1, 6, 7, 8) + _line(2, 9, 10, 11) + _line(2, 12, 13, 14),
)

LAYOUTS = (KINECT_V1, KINECT_V2, OPENNI)


def chain(joint_count: int, edges: Edges, root: int, revisit: bool = False) -> tuple[int, ...]:
    """Order the joints by a depth-first walk over the skeleton's tree, so that neighbours in the order are mostly
    neighbours in the body.

    `edges` may come in any direction and order; of several bones at a joint the one to the lowest joint index is
    followed first, so the walk depends on the body alone. Every joint comes once, the root first: J indices. With
    `revisit` the walk also names a joint each time it comes back through it, ST-LSTM's tree traversal: it ends at the
    root, and any two neighbours in the order share a bone: 2 J - 1 indices.

    Raises InputError if an edge or the root names a joint that does not exist, if a bone closes a loop, or if the
    bones do not reach every joint.
    """
    neighbours = _tree(joint_count, edges)
    if not 0 <= root < joint_count:
        raise InputError(
            f"the root of the skeleton is joint {root}, but its joints are numbered 0 to "
            f"{joint_count - 1}; name one of these."
        )
    order, seen, path = [root], {root}, [root]
    ways = [iter(joints) for joints in neighbours]  # each is tried once, however many lead from a joint
    while path:
        onward = next((joint for joint in ways[path[-1]] if joint not in seen), None)
        if onward is not None:
            seen.add(onward)
            path.append(onward)
            order.append(onward)
            continue
        path.pop()
        if revisit and path:
            order.append(path[-1])
    unreached = [joint for joint in range(joint_count) if joint not in seen]
    if unreached:
        some = ", ".join(map(str, unreached[:10])) + " and others" * (len(unreached) > 10)
        raise InputError(
            f"the bones of the skeleton do not lead from joint {root} to joint {some}; add the missing bones to edges."
        )
    return tuple(order)


def _tree(joint_count: int, edges: Edges) -> list[list[int]]:
    """The neighbours of each joint in ascending order; InputError where a bone leaves the skeleton or closes a loop."""
    neighbours: list[list[int]] = [[] for _ in range(joint_count)]
    group = list(range(joint_count))  # from joint to joint these lead to the same one where joints are connected so far

    def end(joint: int) -> int:
        while group[joint] != joint:
            group[joint] = joint = group[group[joint]]
        return joint

    for bone, (a, b) in enumerate(edges):
        a, b = int(a), int(b)
        if not (0 <= a < joint_count and 0 <= b < joint_count):
            raise InputError(
                f"bone {bone} of the skeleton joins joints {a} and {b}, but the joints are numbered 0 to "
                f"{joint_count - 1}; correct edges."
            )
        if end(a) == end(b):
            raise InputError(
                f"bone {bone} of the skeleton, joints {a} and {b}, closes a loop; "
                "remove one bone of the loop from edges, so that they form a tree."
            )
        group[end(b)] = end(a)
        neighbours[a].append(b)
        neighbours[b].append(a)
    return [sorted(joints) for joints in neighbours]


@dataclass(frozen=True)
class Roles:
    """The joints that place and orient a body, as indices; left, right and top are None where no name told them.

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
