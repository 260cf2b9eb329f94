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
    joints, meaning = _turned(joints, data, known, where, said)
    joints, meaning = _scaled(joints, meaning, known, settings, where, said)
    joints = _with_persons(joints, known.persons, where, said)
    if isinstance(data.joints, np.memmap) and joints is not data.joints:
        raise InputError(
            f"{where} is too large to be changed in memory, and does not lie as the network knows it ({said[0]}); "
            "convert it anew with the options that make it so, such as --up and --unit"
        )
    same = Skeletons.__dataclass_fields__.keys() - {"joints", "joint_names", "edges", "meaning", "truth"}
    changed = Skeletons(
        joints=joints,
        joint_names=tuple(known.joint_names),
        edges=edges,
        meaning=meaning,
        **{name: getattr(data, name) for name in same},
    )
    return Adapted(changed, said)


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
    if isinstance(data.joints, np.memmap):
        return None, edges
    return filled_in(np.asarray(data.joints), found, known.edges, data.meaning.zeros_absent), edges


def _turned(joints, data, known, where, said):
    """The vertical and the handedness of the network."""
    meaning, wanted = data.meaning, replace(known.means, up=Fact(known.up, known.means.up.source))
    if not meaning.up.value:
        if known.means.up.value:
            said.append(f"nothing tells which axis of {where} points up; {known.up}, the network's, is assumed (--up)")
        return joints, replace(meaning, up=Fact(known.up, "guess"), hand=meaning.hand)
    matrix = turn_between(meaning, wanted)
    if matrix is None:
        return joints, meaning
    said.append(f"{where} is turned: {meaning.up.value} points up there, {known.up} before the network")
    hand = wanted.hand if wanted.hand.value else meaning.hand
    if joints is None or isinstance(joints, np.memmap):
        return None, meaning
    away = (joints == 0).all(axis=-1, keepdims=True) & meaning.zeros_absent
    turned = np.where(away, joints, joints.astype(np.float64) @ matrix).astype(np.float32)
    return turned, replace(meaning, up=Fact(known.up, meaning.up.source), hand=hand)


def _scaled(joints, meaning, known, settings, where, said):
    """The unit of the network, where both are known; one that measures in torso lengths needs none."""
    found, wanted = meaning.unit.value, known.means.unit.value
    if settings.torso_scale or found == wanted:
        return joints, meaning
    if found not in METRES or wanted not in METRES:
        said.append(f"the unit of {where} is {found or 'unknown'}, that of the network {wanted or 'unknown'} (--unit)")
        return joints, meaning
    said.append(f"{where} is brought from {found} to {wanted}")
    if joints is None or isinstance(joints, np.memmap):
        return None, meaning
    factor = np.float32(METRES[found] / METRES[wanted])
    return joints * factor, replace(meaning, unit=Fact(wanted, meaning.unit.source))


def _with_persons(joints, persons, where, said):
    """As many persons as a cell of the network holds; of more, those who are there most."""
    if joints is None or joints.shape[1] == persons:
        return joints
    if joints.shape[1] > persons:
        there = (np.nan_to_num(joints) != 0).any(axis=(2, 3)).sum(axis=0)
        kept = np.sort(np.argsort(-there, kind="stable")[:persons])
        if (there > 0).sum() > persons:
            one = f"{persons} person{'s' * (persons > 1)}"
            said.append(f"{where} shows {(there > 0).sum()} persons and the network knows {one}; who stays is taken")
        return joints[:, kept]
    if isinstance(joints, np.memmap):
        return None
    return np.pad(joints, ((0, 0), (0, persons - joints.shape[1]), (0, 0), (0, 0)))


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
