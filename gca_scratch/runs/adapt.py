"""Other people's recordings as a trained network was taught to see them: its joints, its axes, its persons, its unit.

Everything that has to be changed for it is said in a sentence; what cannot be mended is refused in one.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..data.joint_names import find_roles, pair_of
from ..data.joint_words import readings
from ..data.made_joints import completed
from ..data.matching import filled_in, match, unmatched
from ..data.meaning import METRES, Fact, turn_between
from ..data.neutral import Skeletons
from ..data.upright import with_vertical
from ..settings import Settings
from ..support.errors import InputError, shown
from .known import Known


class Adapted(NamedTuple):
    """Skeletons with the joints, axes, persons and unit of a network, and sentences on what was changed for it."""

    data: Skeletons
    said: list[str]


def adapted(data: Skeletons, known: Known, settings: Settings, where: str) -> Adapted:
    """The sequences as the network knows them; their labels and class names stay their own.

    where: what to call the data in sentences.

    Raises InputError where the hip or more than a quarter of the network's joints is missing, or where the data are
    mapped from the disk and would have to be changed.
    """
    data, said = _with_hip(data, known)
    joints, edges = _joints(data, known, where, said)
    names = {"joints": joints, "joint_names": tuple(known.joint_names), "edges": edges, "truth": None}
    data = with_vertical(replace(data, **names), known.hip or None)
    joints, meaning = _turned(data, known, where, said)
    joints, meaning = _scaled(joints, meaning, known, settings, where, said)
    joints = _with_persons(joints, data.offsets, known.persons, where, said)
    return Adapted(replace(data, joints=joints, meaning=meaning), said)


def _with_hip(data, known):
    """The data with a pelvis in the middle of both hips, where the network knows one and they have none."""
    root = find_roles(known.joint_names, known.edges, known.hip or None).hip
    found = match(known.joint_names, known.edges, data.joint_names, data.edges)
    return completed(data, force=found[root] is None and pair_of(readings(data.joint_names), "hip") is not None)


def _joints(data, known, where, said):
    """The joints that the network knows, in its order, and its bones."""
    edges = np.array(known.edges, np.int16).reshape(-1, 2)
    if list(data.joint_names) == known.joint_names:
        return data.joints, edges
    found = match(known.joint_names, known.edges, data.joint_names, data.edges)
    try:
        sentence = unmatched(known.joint_names, known.edges, found, data.joint_names, known.hip or None)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    if not sentence and found == tuple(range(len(data.joint_names))):
        return data.joints, edges
    said.append(f"{where}: {sentence or 'the joints have other names, another order, or are more; names match them'}")
    _refuse_mapped(data.joints, where, said[-1])
    return filled_in(np.asarray(data.joints), found, known.edges, data.meaning.zeros_absent), edges


def _refuse_mapped(joints, where, why):
    """InputError if the joints lie on the disk, for they would have to be changed."""
    if isinstance(joints, np.memmap):
        raise InputError(
            f"{where} is too large to be changed in memory, and does not lie as the network knows it ({why}); "
            "convert it anew with the options that make it so, such as --up and --unit"
        )


def _turned(data, known, where, said):
    """The vertical and the handedness of the network."""
    joints, meaning, wanted = data.joints, data.meaning, replace(known.means, up=Fact(known.up, known.means.up.source))
    if not meaning.up.value:
        if known.means.up.value:
            said.append(f"nothing tells which axis of {where} points up; {known.up}, the network's, is assumed (--up)")
        meaning = replace(meaning, up=Fact(known.up, "guess"))
    matrix = turn_between(meaning, wanted)
    if matrix is None:
        return joints, meaning
    if meaning.up.value != known.up:
        whence = ", as most bodies stand (else say --up)" if meaning.up.source == "guess" else ""
        said.append(f"{where} is turned: {meaning.up.value} points up there{whence}, {known.up} before the network")
    else:
        hands = [each.hand.value or "right" for each in (meaning, wanted)]
        said.append(f"{where} has {hands[0]}-handed axes and is reflected to the {hands[1]}-handed ones of the network")
    _refuse_mapped(joints, where, said[-1])
    away = (joints == 0).all(axis=-1, keepdims=True) & meaning.zeros_absent
    turned = np.where(away, joints, joints.astype(np.float64) @ matrix).astype(np.float32)
    return turned, replace(meaning, up=Fact(known.up, meaning.up.source), hand=wanted.hand)


def _scaled(joints, meaning, known, settings, where, said):
    """The unit of the network, where both are known; one that measures in torso lengths needs none."""
    found, wanted = meaning.unit.value, known.means.unit.value
    if settings.torso_scale or found == wanted:
        return joints, meaning
    if found not in METRES or wanted not in METRES:
        said.append(f"the unit of {where} is {found or 'unknown'}, that of the network {wanted or 'unknown'} (--unit)")
        return joints, meaning
    said.append(f"{where} is brought from {found} to {wanted}")
    _refuse_mapped(joints, where, said[-1])
    factor = np.float32(METRES[found] / METRES[wanted])
    return joints * factor, replace(meaning, unit=Fact(wanted, meaning.unit.source))


def _with_persons(joints, offsets, persons, where, said):
    """As many persons as a cell of the network holds; of more, those who are there most in each sequence."""
    count = joints.shape[1]
    if count == persons:
        return joints
    _refuse_mapped(joints, where, f"it has places for {count} persons, and the network for {persons}")
    if count < persons:
        return np.pad(joints, ((0, 0), (0, persons - count), (0, 0), (0, 0)))
    there = (np.nan_to_num(joints) != 0).any(axis=(2, 3))  # (frames, P)
    frames = np.add.reduceat(there.astype(int), offsets[:-1], axis=0)  # (N, P)
    kept = np.sort(np.argsort(-frames, axis=1, kind="stable")[:, :persons], axis=1)
    most = int((frames > 0).sum(axis=1).max())
    if most > persons:
        one = f"{persons} person{'s' * (persons > 1)}"
        said.append(f"{where} shows {most} persons and the network knows {one}; who stays is taken")
    return np.take_along_axis(joints, np.repeat(kept, np.diff(offsets), axis=0)[:, :, None, None], axis=1)


def with_classes(data: Skeletons, known: Known, where: str) -> Adapted:
    """The sequences labelled by the network's classes, matched by name, whatever the order of the data's own.

    Sequences of classes that the network does not know are refused, naming them.
    """
    names = list(data.class_names)
    if names == known.class_names:
        return Adapted(data, [])
    place = {_plain(name): k for k, name in enumerate(known.class_names)}
    exactly = {name: k for k, name in enumerate(known.class_names)}
    taken = [exactly.get(name, place.get(_plain(name))) for name in names]
    there = np.unique(data.label)
    strange = [names[k] for k in there if taken[k] is None]
    if strange:
        others = len(strange) - 1
        raise InputError(
            f"{where} has the class {shown(strange[0])}"
            + (f" and {others} other{'s' * (others > 1)}" if others else "")
            + ", which the network was not trained on (it knows "
            + ", ".join(known.class_names[:5])
            + (" ..." if len(known.class_names) > 5 else "")
            + "); leave those sequences out, or ask for answers without a truth: predict"
        )
    label = np.array([k or 0 for k in taken])[data.label].astype(data.label.dtype)
    changed = replace(data, label=label, class_names=tuple(known.class_names))
    missing = [name for k, name in enumerate(known.class_names) if k not in {taken[n] for n in there}]
    said = f"{where} has its classes in another order; they are matched by name"
    if missing:
        said = f"{where} has no sequence of {', '.join(missing[:5])}{' ...' * (len(missing) > 5)}; classes go by name"
    return Adapted(changed, [said])


def _plain(name):
    return " ".join(name.lower().replace("_", " ").split())
