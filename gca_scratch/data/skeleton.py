"""Skeletons as trees: the layouts of three sensors (layouts has more), and the walk that orders the joints."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..support.errors import InputError

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
        missed = ", ".join(map(str, unreached[:10])) + " and others" * (len(unreached) > 10)
        raise InputError(
            f"the bones of the skeleton do not lead from joint {root} to joint {missed}; add the missing bones."
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
