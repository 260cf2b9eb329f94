"""Sequences that are arrays in memory, and a skeleton that a person describes, as Skeletons (data.neutral)."""

import contextlib
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from ..support.errors import InputError, shown
from .centred import with_places
from .joint_names import body_parts, find_roles, mirror_order
from .labels import classes_of, codes_of, labels_from
from .layouts import layout_named
from .made_joints import completed, completed_layout
from .mirror import mirror_conflict
from .neutral import Skeletons, check
from .ready import MIDDLE
from .skeleton import Layout, chain

# A layout, the name of a known one, or names of joints and bones (pairs of indices); None where nothing is known.
Skeleton: TypeAlias = str | Layout | tuple[Sequence[str], Iterable[Sequence[int]]] | None
MOST_PEOPLE = 1 << 15  # as many as the neutral format tells apart
_FORMS = "give each sequence the shape (frames, joints, 3) or (frames, persons, joints, 3)"


def sequences_from(X: Any) -> list[np.ndarray]:
    """The sequences of X, each float32 (frames, persons, joints, 3), all of the same number of joints.

    X: a list, or an object array of one axis, of arrays (frames, joints, 3) or (frames, persons, joints, 3) of numbers,
    which need not be of one length; or an array with one axis more.

    A joint that was not found is NaN, masked or all zeros; what it means to be absent says data.absent.

    Raises InputError, naming the place in X, for anything else and for infinite coordinates.
    """
    if isinstance(X, np.ndarray) and X.dtype != object and X.ndim not in (4, 5):
        remedy = "put this one sequence into a list, [X]" if X.ndim == 3 else _FORMS
        raise InputError(f"X has the shape {X.shape}, where a list of sequences belongs; {remedy}")
    try:
        items = list(X)
    except TypeError:
        raise InputError(f"X is {shown(X)}, where a list of sequences belongs; {_FORMS}") from None
    if not items:
        raise InputError("X is empty; give at least one sequence")
    sequences = [_sequence(item, f"X[{n}]") for n, item in enumerate(items)]
    joints = sequences[0].shape[2]
    for n, sequence in enumerate(sequences):
        if sequence.shape[2] != joints:
            raise InputError(
                f"X[{n}] has {sequence.shape[2]} joints, but X[0] has {joints}; give all the same joints in one order"
            )
    return sequences


def _sequence(item: Any, where: str) -> np.ndarray:
    """One sequence as float32 (frames, persons, joints, 3)."""
    try:
        found = np.asarray(_unmasked(item))
    except ValueError:
        raise InputError(f"{where} has frames of different shapes; {_FORMS}") from None
    if found.dtype == object:  # as np.array(X, dtype=object) makes of sequences of one length
        with contextlib.suppress(TypeError, ValueError):
            found = found.astype(np.float64)
    if found.dtype.kind not in "fiu":
        raise InputError(f"{where} holds {shown(item)}, which are no numbers; {_FORMS}")
    if found.ndim not in (3, 4) or found.shape[-1] != 3 or not found.size:
        raise InputError(f"{where} has the shape {found.shape}; {_FORMS}")
    with np.errstate(over="ignore", invalid="ignore"):  # too large for float32 becomes infinite; any NaN will do
        sequence = found.astype(np.float32, copy=False)
    wrong = np.argwhere(np.isinf(sequence))
    if len(wrong):
        place = tuple(wrong[0])
        person = f", person {place[1]}" if sequence.ndim == 4 else ""
        remedy = "write NaN where a joint was not found"
        if np.isfinite(found[place]):
            remedy = "that is beyond 32-bit numbers: give coordinates in metres"
        raise InputError(
            f"{where} has the coordinate {found[place]} at frame {place[0]}{person}, joint {place[-2]} "
            f"(counted from 0); {remedy}"
        )
    return sequence if sequence.ndim == 4 else sequence[:, None]


def _unmasked(item: Any) -> Any:
    """The same with NaN in the place of what is masked, in an array or in one of a list of them."""
    if isinstance(item, list | tuple) and any(isinstance(part, np.ma.MaskedArray) for part in item):
        item = np.ma.stack(item)
    if not np.ma.is_masked(item) or item.dtype.kind not in "fiu":
        return item
    return item.astype(np.float64).filled(np.nan)


def layout_from(skeleton: Skeleton, joints: int) -> Layout:
    """The layout that a person means; None stands for a chain of so many joints in the order of the data.

    Raises InputError, saying what is wrong, if it is none, has another number of joints, or its bones make no tree.
    """
    if skeleton is None:
        return Layout("chain", tuple(f"joint {k}" for k in range(joints)), tuple(pairwise(range(joints))))
    if isinstance(skeleton, str):
        layout = layout_named(skeleton)
    elif isinstance(skeleton, Layout):
        layout = _layout(skeleton.name, skeleton.joint_names, skeleton.edges)
    else:
        try:
            names, bones = skeleton
        except (TypeError, ValueError):
            raise InputError(
                f"skeleton = {shown(skeleton)} cannot be used; "
                "give the name of a layout, a Layout, or names of joints and bones"
            ) from None
        layout = _layout("your own", names, bones)
    if len(layout.joint_names) != joints:
        raise InputError(
            f"X[0] has {joints} joints, but the skeleton {layout.name} has {len(layout.joint_names)}; "
            "give the skeleton that the data was recorded with"
        )
    return layout


def _layout(name: str, joint_names: Any, bones: Any) -> Layout:
    """The layout once it is found whole."""
    try:
        names = tuple(joint_names)
        edges = tuple((int(a), int(b)) for a, b in bones)
    except (TypeError, ValueError, OverflowError):
        raise InputError(
            "the skeleton cannot be used; give the names of its joints, and bones as pairs of joints, counted from 0"
        ) from None
    wrong = [each for each in names if not isinstance(each, str)]
    if wrong:
        raise InputError(f"the skeleton has a joint {shown(wrong[0])}; give the name of every joint as text")
    chain(len(names), edges, 0)
    return Layout(name, names, edges)


def skeletons_from(
    sequences: Sequence[np.ndarray],
    layout: Layout,
    persons: int,
    label: np.ndarray,
    classes: int,
    subject: np.ndarray | None = None,
    hip: str | None = None,
) -> Skeletons:
    """The sequences as Skeletons, those of fewer persons filled up with absent ones, in the skeleton that is seen.

    sequences: N arrays float32 (frames, persons, joints, 3), as `sequences_from` gives them.
    layout: what their joints are called, and the bones.
    persons: how many there are in every sequence then, at least as many as in any of them.
    label: int (N,), below `classes`.
    subject: int (N,), who performs, from 0; None for one person.
    hip: as for `seen_skeleton`.

    Raises InputError for a layout or numbers that the neutral format cannot hold.
    """
    offsets = np.cumsum([0, *map(len, sequences)], dtype=np.int64)
    joints = np.zeros((offsets[-1], persons, len(layout.joint_names), 3), np.float32)
    for start, sequence in zip(offsets.tolist(), sequences, strict=False):
        joints[start : start + len(sequence), : sequence.shape[1]] = sequence
    data = Skeletons(
        joints=joints,
        offsets=offsets,
        label=label.astype(np.int16),
        subject=np.zeros(len(label), np.int16) if subject is None else subject.astype(np.int16),
        name=np.array([f"X[{n}]" for n in range(len(label))]),
        class_names=tuple(map(str, range(classes))),
        joint_names=layout.joint_names,
        edges=np.array(layout.edges, np.int16).reshape(-1, 2),
    )
    check(data, "X and its skeleton")
    if not _is_named(data.joint_names, hip):
        data, hip = completed(data, hip == MIDDLE)[0], None
    return with_places(data, hip)[0]


def seen_skeleton(layout: Layout, hip: str | None) -> tuple[Layout, str | None]:
    """The skeleton that a network sees, and the joint to call its hip, None where its name tells.

    hip: what `hip_of` gives. A pelvis is made of both hips (made_joints) where it is MIDDLE, and where it is None and
    nothing tells the hip.
    """
    if _is_named(layout.joint_names, hip):
        return layout, hip
    return completed_layout(layout, hip == MIDDLE), None


def _is_named(joint_names: Sequence[str], hip: str | None) -> bool:
    return hip is not None and (hip != MIDDLE or hip in joint_names)


def hip_of(layout: Layout, hip: str | None, known: bool) -> str | None:
    """The joint to call the hip where names do not tell: `hip`, or the first joint of a chain that is not `known`.

    MIDDLE stands for the middle of both hips. Raises InputError if there is no such joint, or if the names of a known
    layout tell neither a hip nor both to make one of.
    """
    if hip is None and not known:
        return layout.joint_names[0]
    try:
        if hip is not None and not isinstance(hip, str):
            raise InputError("a name is asked for")
        seen, root = seen_skeleton(layout, hip)
        find_roles(seen.joint_names, seen.edges, root)
    except InputError:
        problem = (
            "no joint's name tells the hip (the middle of the pelvis)" if hip is None else f"no joint is {shown(hip)}"
        )
        raise InputError(f"{problem}; give hip as one of {', '.join(layout.joint_names)}") from None
    return hip


def unavailable_for(layout: Layout, hip: str | None, classes: np.ndarray) -> dict[str, str]:
    """The settings that this skeleton and these classes do not allow, each with its reason.

    "network" stands for the networks that look at body parts.
    """
    names = layout.joint_names
    roles = find_roles(names, layout.edges, hip)
    reasons = {}
    if roles.left is None:
        reasons["face_camera"] = "no names of joints tell the left and the right hip or shoulder"
    if roles.top is None:
        reasons["torso_scale"] = "no name of a joint tells the neck or the head"
    sides = "no names of joints tell left from right"
    conflict = mirror_conflict(each for each in classes.tolist() if isinstance(each, str))
    if mirror_order(names, range(len(names))) is None:
        reasons["mirror"] = sides
    elif conflict:
        reasons["mirror"] = conflict
    try:
        body_parts(names)
    except InputError:
        reasons["network"] = sides
    return reasons


def people_from(groups: Any, count: int, held_out: int) -> np.ndarray | None:
    """The number of each sequence's person, int64 (count,), where people are to be held out; else None."""
    if not held_out:
        return None
    if groups is None:
        raise InputError(
            f"validation = {held_out} holds people out, but nobody knows whose the sequences are; "
            "call fit(X, y, groups) with the person of each sequence, or set validation=0"
        )
    people = labels_from(groups, count, "groups")
    different = classes_of(people)
    if not held_out < len(different) <= MOST_PEOPLE:
        raise InputError(
            f"groups names {len(different)} people; give more than the {held_out} that validation holds out, "
            f"and at most {MOST_PEOPLE}"
        )
    return codes_of(people, different)
