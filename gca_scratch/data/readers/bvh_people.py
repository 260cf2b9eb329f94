"""Whose joints a BVH file holds: a tree a person, props apart; and the joints that several skeletons have in common."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gca_scratch.support.errors import InputError, shown
from gca_scratch.support.shared import shared_start

from ..joint_words import readings
from ..skeleton import Layout
from .bvh_motion import Motion, trees

_SIDES = {"left", "right", "l", "r"}


class Body(NamedTuple):
    """A skeleton: the names of its joints, and for each its parent, which comes before it; -1 for a root."""

    names: tuple[str, ...]
    parents: tuple[int, ...]


class People(NamedTuple):
    """The body that all persons of a file have, for each of them its joints in the file, and a note or ""."""

    body: Body
    joints: tuple[tuple[int, ...], ...]
    note: str = ""


def people_of(motion: Motion) -> People:
    """The persons of a file with one or several roots.

    Trees with one structure and the same names, but for a beginning ("Ann:Hips", "Bob:Hips") or an end that all names
    of a tree share, are as many persons. Otherwise the tree that has at least half of all joints is the person, and
    the others, which are props or targets, are left out; without such a tree all of them together are one person.
    """
    found = trees(motion)
    bodies = [_body(motion, tree) for tree in found]
    if len(found) == 1:
        return People(bodies[0], (tuple(found[0]),))
    largest = max(range(len(found)), key=lambda n: len(found[n]))
    plain = [_plain(body) for body in bodies]
    alike = [n for n in range(len(found)) if len(found[n]) > 1 and plain[n] == plain[largest]]
    if len(alike) == 1 and 2 * len(found[largest]) < len(motion.names):
        body = _body(motion, list(range(len(motion.names))))
        return People(body, (tuple(range(len(motion.names))),), "has several trees of joints, taken for one person")
    note = "has trees of joints that are no person, which are left out" if len(alike) < len(found) else ""
    body = bodies[largest] if len(alike) == 1 else Body(plain[largest].names, bodies[largest].parents)
    return People(body, tuple(tuple(found[n]) for n in alike), note)


def _body(motion: Motion, joints: list[int]) -> Body:
    """Several trees become one: their roots hang from the first, and names that come again get a number."""
    place = {joint: n for n, joint in enumerate(joints)}
    names, taken, often = [], set(), Counter()
    for joint in joints:
        name = motion.names[joint]
        while name in taken:
            often[motion.names[joint]] += 1
            name = f"{motion.names[joint]} {often[motion.names[joint]] + 1}"
        taken.add(name)
        names.append(name)
    return Body(tuple(names), tuple(place.get(motion.parents[joint], 0 if n else -1) for n, joint in enumerate(joints)))


def _plain(body: Body) -> Body:
    """The body without what begins or ends all its names and tells no side."""
    names = body.names
    if len(names) > 1:
        start = re.match(r".*[\W_]|", names[0][: shared_start(names)], re.DOTALL)[0]
        alike = names[0][len(names[0]) - shared_start([name[::-1] for name in names]) :]
        end = re.search(r"[\W_].*|$", alike, re.DOTALL)[0]
        start, end = ("" if _SIDES & set(re.findall("[a-z]+", part.lower())) else part for part in (start, end))
        if all(len(name) > len(start) + len(end) for name in names):
            names = tuple(name[len(start) : len(name) - len(end)] for name in names)
    return Body(names, body.parents)


def without_root(body: Body) -> Body:
    """The body without its first joint; what hangs from it has no parent."""
    return Body(body.names[1:], tuple(parent - 1 if parent > 0 else -1 for parent in body.parents[1:]))


class Common(NamedTuple):
    """The joints that several bodies have in common, and where each of them has those joints."""

    layout: Layout
    places: list[tuple[int, ...]]


def common(bodies: Sequence[Body], files: Sequence[Path]) -> Common:
    """The joints of the most frequent of the bodies that all others have, too; their bones run along its tree.

    Joints are the same that have one name, whatever its capitals, separators and beginning, or whose names tell the
    same part of the body. Raises InputError, naming two files, if a body shares fewer than half of its joints, or of
    those of the most frequent one, whichever are fewer.
    """
    wanted = Counter(bodies).most_common(1)[0][0]
    distinct = {body: _matched(wanted, body) for body in dict.fromkeys(bodies)}
    shared = [joint for joint in range(len(wanted.names)) if all(match[joint] >= 0 for match in distinct.values())]
    for body, match in distinct.items():
        count = sum(place >= 0 for place in match)
        if 2 * count < min(len(wanted.names), len(body.names)):
            first, other = files[bodies.index(wanted)], files[bodies.index(body)]
            raise InputError(
                f"{first} and {other} have {count} joints in common, fewer than half ({_some(wanted)}; {_some(body)}); "
                "read files of one skeleton at a time."
            )
    fewest = min(bodies, key=lambda body: len(body.names))
    if 2 * len(shared) < len(fewest.names):
        raise InputError(
            f"{files[bodies.index(wanted)]}, {files[bodies.index(fewest)]} and the others have {len(shared)} joints in "
            "common, fewer than half; read files of one skeleton at a time."
        )
    layout = Layout("bvh", tuple(wanted.names[joint] for joint in shared), _edges(wanted, shared))
    return Common(layout, [tuple(distinct[body][joint] for joint in shared) for body in bodies])


def _some(body: Body) -> str:
    return shown(", ".join(body.names[:4]) + (", ..." if len(body.names) > 4 else ""))


def _matched(wanted: Body, body: Body) -> list[int]:
    """For each wanted joint the same one of the body, or -1."""
    match = [-1] * len(wanted.names)
    for keys in (_exact, _spelled, _told):
        taken, there = set(match), {}
        for joint, key in enumerate(keys(body)):
            if joint not in taken and key is not None:
                there[key] = -1 if key in there else joint
        often = Counter(keys(wanted))
        for joint, key in enumerate(keys(wanted)):
            if match[joint] < 0 and often[key] == 1:
                match[joint] = there.get(key, -1)
    return match


def _exact(body):
    return body.names


def _spelled(body):
    return [re.sub(r"[\W_]+", "", name).casefold() or None for name in _plain(body).names]


def _told(body):
    """The part of the body that each name tells, of several names of one part the best alone."""
    read = readings(body.names)
    keys = [(it.side, it.part, it.number) if it.part else None for it in read]
    best = {}
    for key, it in zip(keys, read, strict=True):
        best[key] = min(best.get(key, it.rank), it.rank)
    return [key if it.rank == best[key] else None for key, it in zip(keys, read, strict=True)]


def _edges(body: Body, kept: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """The bones of the joints that are kept: each to the next kept one on the way to the root, else to the first."""
    place, above, edges = {joint: n for n, joint in enumerate(kept)}, [], []
    for joint, parent in enumerate(body.parents):
        above.append(-1 if parent < 0 else place.get(parent, above[parent]))
        if place.get(joint):
            edges.append((max(above[joint], 0), place[joint]))
    return tuple(edges)
