"""The joints of one skeleton found in another by what their names mean, and those that are missing filled in."""

from collections.abc import Sequence

import numpy as np

from ..support.errors import InputError
from .absent import unseen
from .joint_names import find_roles, pair_of
from .joint_words import Reading, readings
from .skeleton import Edges

MOST_MISSING = 0.25  # of the wanted joints
_TRUNK = ("spine", "chest", "torso")
# What comes near a part where the other skeleton has no joint of that name left, the nearest first.
_NEAR = {
    "pelvis": ("root",),
    "root": ("pelvis",),
    "torso": ("pelvis",),  # where it stands for the pelvis, which is free in no other case
    "spine": ("pelvis",),
    "neck base": ("neck", "chest"),
    "neck": ("neck base", "chest"),
    "head": ("nose", "head top"),
    "nose": ("head",),
    "wrist": ("hand",),
    "hand": ("wrist", "index", "middle", "finger base"),
    "hand tip": ("middle", "index"),
    "toe": ("foot",),
    "foot": ("toe", "ankle"),
    "ankle": ("foot",),
}


def match(
    wanted_names: Sequence[str], wanted_edges: Edges, names: Sequence[str], edges: Edges
) -> tuple[int | None, ...]:
    """For each wanted joint the joint of another skeleton that is the same; None where it has none. Each is used once.

    The same name comes first, where it means the same beside its fellows, then the same side and part of the body
    (joint_words). Joints between hip and neck are matched in their order, spread evenly where there are more on one
    side. Then come near ones: the neck for the middle of the shoulders, the wrist for the hand where there is no hand.
    An ankle is a foot, and a foot an ankle, in legs alone that end with it.
    """
    wanted, other = readings(wanted_names), readings(names)
    found: dict[int, int] = {}
    _by_name(wanted_names, wanted, names, other, found)
    free = _free(other, found)
    for n in sorted(range(len(wanted)), key=lambda n: (wanted[n].rank, wanted[n].number, n)):
        if n not in found and wanted[n].part and wanted[n].part not in _TRUNK:
            _take(n, free.get(wanted[n][:2]), found)
    _by_order(wanted, wanted_edges, other, edges, found)
    free = _free(other, found)
    for level in range(max(map(len, _NEAR.values()))):
        for n, it in enumerate(wanted):
            near = _NEAR.get(it.part, ())
            if n not in found and level < len(near) and _comes_near(it, near[level], wanted, other):
                _take(n, free.get((it.side, near[level])), found)
    return tuple(found.get(n) for n in range(len(wanted)))


def _free(read: Sequence[Reading], found: dict[int, int]) -> dict[tuple[str, str], list[int]]:
    """The joints of each side and part that are not matched, the best spelling last."""
    used, free = set(found.values()), {}
    for n in sorted(range(len(read)), key=lambda n: (read[n].rank, read[n].number, n), reverse=True):
        if n not in used:
            free.setdefault(read[n][:2], []).append(n)
    return free


def _take(n, joints, found):
    if joints:
        found[n] = joints.pop()


def _by_name(wanted_names, wanted, names, other, found):
    place = {str(name): n for n, name in enumerate(names)}
    trunk = [str(name) for name, it in zip(wanted_names, wanted, strict=True) if not it.side and it.part in _TRUNK]
    whole = all(name in place for name in trunk)
    for n, (name, it) in enumerate(zip(wanted_names, wanted, strict=True)):
        there = place.get(str(name))
        if there is not None and it[:2] == other[there][:2] and (whole or it.part not in _TRUNK):
            found[n] = there


def _by_order(wanted, wanted_edges, other, edges, found):
    """Match what is left of the spines, from the hip upwards; of two that are as near the lower one."""
    used = set(found.values())
    mine = [n for n in _trunk(wanted, wanted_edges) if n not in found]
    theirs = [n for n in _trunk(other, edges) if n not in used]
    few, many = sorted((mine, theirs), key=len)
    spread = [many[((2 * k + 1) * len(many) - 1) // (2 * len(few))] for k in range(len(few))]
    found.update(zip(few, spread, strict=True) if few is mine else zip(spread, few, strict=True))


def _trunk(read: Sequence[Reading], edges: Edges) -> list[int]:
    """The joints of the spine in their order: by the number of bones from the hip, else from the first of them."""
    joints = [n for n, it in enumerate(read) if not it.side and it.part in _TRUNK]
    hips = [n for n, it in enumerate(read) if not it.side and it.part in ("pelvis", "root")] or joints
    distance = _distances(len(read), edges, hips[0]) if joints else []
    return sorted(joints, key=lambda n: distance[n])


def _distances(count: int, edges: Edges, start: int) -> list[int]:
    """How many bones lie between each joint and `start`; `count` where none lead there."""
    neighbours = _neighbours(count, edges)
    distance, order = [count] * count, [start]
    distance[start] = 0
    for joint in order:  # which grows
        for other in neighbours[joint]:
            if distance[other] == count:
                distance[other] = distance[joint] + 1
                order.append(other)
    return distance


def _neighbours(count: int, edges: Edges) -> list[list[int]]:
    neighbours: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges:
        neighbours[int(a)].append(int(b))
        neighbours[int(b)].append(int(a))
    return neighbours


def _comes_near(it, part, wanted, other):
    """Is that part of the other skeleton near enough to the joint? What a foot is depends on the leg that it ends.

    Beside a neck that is wanted, too, the middle of the shoulders is no second neck, which lies above.
    """
    has = [{e.part for e in read if e.side == it.side} for read in (wanted, other)]
    ends_in_foot = [not {"ankle", "toe"} & parts for parts in has]
    if {it.part, part} == {"foot", "ankle"}:
        return ends_in_foot[0] if it.part == "foot" else ends_in_foot[1]
    if {it.part, part} == {"foot", "toe"}:
        return not (ends_in_foot[0] if it.part == "foot" else ends_in_foot[1])
    return not ((it.part, part) == ("neck base", "neck") and "neck" in has[0])


# --- what is missing --------------------------------------------------------------------------------------------------


def unmatched(
    wanted_names: Sequence[str],
    wanted_edges: Edges,
    found: Sequence[int | None],
    names: Sequence[str],
    hip: str | None = None,
) -> str:
    """One sentence that says which wanted joints have no match (`match`) and are filled in; "" if all have one.

    names: the joints of the other skeleton.  hip: the user's answer which wanted joint is it (find_roles).
    Raises InputError if the wanted hip is among the missing ones, or if they are more than a quarter.
    """
    missing = [name for name, joint in zip(wanted_names, found, strict=True) if joint is None]
    if not missing:
        return ""
    listed = ", ".join(f"'{name}'" for name in missing)
    root = find_roles(wanted_names, wanted_edges, hip).hip
    there = f"they are {', '.join(f'{str(name)!r}' for name in names)}"
    if found[root] is None:
        remedy = "name the pelvis so"
        if pair_of(readings(names), "hip"):
            remedy = "have it made from both hips with --hip middle, or name the pelvis so"
        raise InputError(f"the hip '{wanted_names[root]}' is not among the joints; {there}; {remedy}")
    if len(missing) > MOST_MISSING * len(found):
        raise InputError(
            f"{len(missing)} of the {len(found)} joints are missing, more than a quarter: {listed}; {there}; rename "
            "those that are the same, or train on a skeleton that has these"
        )
    verb = "is missing and is" if len(missing) == 1 else "are missing and are"
    return f"{listed} {verb} filled in from the neighbours"


def filled_in(
    joints: np.ndarray, found: Sequence[int | None], wanted_edges: Edges, zeros_absent: bool = True
) -> np.ndarray:
    """Joints (frames, P, J', 3) as the wanted ones (frames, P, J, 3), in their order and the given dtype.

    found: J places among the J', None for those that are missing (`match`). A missing joint is put into the middle of
    its neighbours in the wanted tree that are there; one without any takes the place of the next that is filled in,
    and so on outwards. It is NaN where one of the joints that it is made of is absent (absent.unseen), and zero where
    its person is. Raises InputError if nothing was found.
    """
    known = [n for n, joint in enumerate(found) if joint is not None]
    if not known:
        raise InputError("none of the joints is among those that are wanted; rename them, or choose other data")
    wanted = np.full((*joints.shape[:-2], len(found), 3), np.nan, joints.dtype)
    wanted[..., known, :] = joints[..., [found[n] for n in known], :]
    away, lost = (joints == 0).all(axis=(-2, -1)), np.zeros(wanted.shape[:-1], bool)
    lost[..., known] = unseen(joints, zeros_absent)[..., [found[n] for n in known]]
    neighbours, done = _neighbours(len(found), wanted_edges), set(known)
    left = [n for n in range(len(found)) if n not in done]
    while left:
        near = {n: [k for k in neighbours[n] if k in done] for n in left}
        sources = {n: of for n, of in near.items() if of} or dict.fromkeys(left, known[:1])
        for n, of in sources.items():
            wanted[..., n, :] = wanted[..., of, :].mean(axis=-2, dtype=np.float64)
            lost[..., n] = lost[..., of].any(axis=-1)
            wanted[lost[..., n], n] = np.nan
        done |= set(sources)
        left = [n for n in left if n not in sources]
    wanted[away] = 0
    return wanted
