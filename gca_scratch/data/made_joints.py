"""Joints that a layout lacks, made of others: the pelvis between both hips and the neck between both shoulders."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..support.errors import InputError
from .absent import unseen
from .joint_names import find_roles, first_of, pair_of
from .joint_words import ARM, LEG, SIDED, Reading, readings
from .neutral import Skeletons
from .skeleton import Edges, Layout

_OF_THE_HEAD = {"head", "head top", "nose", "jaw", *SIDED} - {*ARM, *LEG}


class Middle(NamedTuple):
    """A skeleton with the joints that it lacked.

    names: the old ones, then the new.  edges: of all of them, (parent, child), from the hip outwards.  sources: for
    each new joint the old ones whose middle it is.  sentences: one for each new joint.
    """

    names: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]
    sources: tuple[tuple[int, ...], ...]
    sentences: list[str]


def with_middle(joint_names: Sequence[str], edges: Edges, force: bool = False) -> Middle:
    """The skeleton with a pelvis and a neck, made of the hips and the shoulders where it has none.

    A pelvis is made where names and bones tell no hip (`joint_names.find_roles`), and with `force` wherever no joint is
    called one: a torso in its place is none. A neck is made where there is neither it nor a middle of the shoulders.
    Bones from hip or shoulder to the trunk and to the other side then run to the new joint, and its bones to both
    sides; everything else stays. Nothing is made where there are not both hips, or both shoulders.
    """
    read = readings(joint_names)
    names, sources, sentences, wiring = list(map(str, joint_names)), [], [], []
    hips, shoulders = pair_of(read, "hip"), pair_of(read, "shoulder")
    if hips and _needs_pelvis(joint_names, edges, read, force):
        behind = pair_of(read, "back of the hip") or ()  # markers on the skin: the four of them have the pelvis between
        wiring.append((len(names), _corners(hips, "back of the hip", read, edges), "leg"))
        sources.append((*hips, *behind))
        names.append("pelvis" if "pelvis" not in names else "middle of the hips")
        sentences.append(_sentence("pelvis", names, sources[-1]))
    if shoulders and first_of(read, "neck", "neck base") is None:
        wiring.append((len(names), _corners(shoulders, "collar", read, edges), "arm"))
        sources.append(shoulders)
        names.append("neck" if "neck" not in names else "middle of the shoulders")
        sentences.append(_sentence("neck", names, shoulders))
    if not sources:
        return Middle(tuple(names), tuple((int(a), int(b)) for a, b in edges), (), [])
    return Middle(tuple(names), _rewired(names, read, edges, wiring), tuple(sources), sentences)


def make(
    joints: np.ndarray, layout: Layout, force: bool = False, zeros_absent: bool = True
) -> tuple[np.ndarray, Layout, list[str]]:
    """Joints (frames, P, J, 3) of a layout with the joints of `with_middle`: (frames, P, J + k, 3), and what was made.

    A new joint is NaN where one of those that it is made of is absent (absent.unseen), and zero where its person is.
    Gives the joints in their dtype, the layout with the new joints and bones, and a sentence for each new joint.
    """
    found = with_middle(layout.joint_names, layout.edges, force)
    return _grown(joints, found.sources, zeros_absent), Layout(layout.name, found.names, found.edges), found.sentences


def completed_layout(layout: Layout, force: bool = False) -> Layout:
    """The layout of data that were `completed`; InputError where `completed` raises it for names."""
    if not lacks_pelvis(layout.joint_names, layout.edges, force):
        return layout
    found = with_middle(layout.joint_names, layout.edges, force)
    return Layout(layout.name, found.names, found.edges)


def lacks_pelvis(joint_names: Sequence[str], edges: Edges, force: bool = False) -> bool:
    """Is a pelvis to be made of both hips, for names and bones tell no hip, or, with `force`, no joint is called one?

    Raises InputError where it should be made by force and there are not both hips.
    """
    read = readings(joint_names)
    hips = pair_of(read, "hip")
    if force and hips is None:
        raise InputError(
            f"--hip middle needs a left and a right hip among the joints {', '.join(joint_names)}; say which of them "
            "is the hip with --hip NAME"
        )
    return hips is not None and _needs_pelvis(joint_names, edges, read, force)


def completed(data: Skeletons, force: bool = False) -> tuple[Skeletons, list[str]]:
    """The data; with a pelvis, and a neck if there is none, where no name tells the hip but both hips are there.

    force: make the pelvis wherever no joint is called one, as `--hip middle` asks.

    Gives the data, new ones where something was made, and a sentence for each joint that was. Raises InputError where
    it should be made by force and there are not both hips, and where data that are mapped from the disk lack it.
    """
    edges = [(int(a), int(b)) for a, b in data.edges]
    if not lacks_pelvis(data.joint_names, edges, force):
        return data, []
    if isinstance(data.joints, np.memmap):
        raise InputError(
            "the data have no pelvis and are too large to be given one in memory; write a file that has it with "
            "convert --hip middle"
        )
    found = with_middle(data.joint_names, edges, force)
    truth = data.truth
    if truth is not None:
        truth = np.column_stack([truth, *(truth[:, list(source)].any(axis=1) for source in found.sources)])
    joints = _grown(data.joints, found.sources, data.meaning.zeros_absent)
    more = {"joints": joints, "joint_names": found.names, "edges": np.array(found.edges, np.int16), "truth": truth}
    return replace(data, **more), found.sentences


def _needs_pelvis(names, edges, read, force):
    if force:
        return first_of(read, "pelvis") is None
    try:
        find_roles(names, edges)
    except InputError:
        return True
    return False


def _sentence(part, names, sources):
    of = [f"'{names[joint]}'" for joint in sources]
    return f"there is no {part}: '{names[-1]}' is made, the middle of {', '.join(of[:-1])} and {of[-1]}"


def _grown(joints, sources, zeros_absent):
    if not sources:
        return joints
    lost, away = unseen(joints, zeros_absent), (joints == 0).all(axis=(-2, -1))
    grown = np.empty((*joints.shape[:-2], joints.shape[-2] + len(sources), 3), joints.dtype)
    grown[..., : joints.shape[-2], :] = joints
    for place, source in enumerate(sources, start=joints.shape[-2]):
        middle = joints[..., list(source), :].mean(axis=-2, dtype=np.float64)
        middle[lost[..., list(source)].any(axis=-1)] = np.nan
        middle[away] = 0
        grown[..., place, :] = middle
    return grown


# --- bones ------------------------------------------------------------------------------------------------------------


def _corners(pair: tuple[int, int], part: str, read: Sequence[Reading], edges: Edges) -> set[int]:
    """Where both sides meet the trunk: the pair itself, or the joints of `part` that it hangs from."""
    corners = set()
    for joint in pair:
        onward = [n for edge in edges if joint in edge for n in edge if n != joint and read[n].part == part]
        corners.add(next((int(n) for n in onward if read[n].side == read[joint].side), joint))
    return corners


def _rewired(names, read, edges, wiring):
    """A tree of all joints, old and new, from the hip outwards.

    wiring: (new joint, corners, limb) of each new joint. Of many bones that are wished for, in order, those are taken
    that close no loop; the old ones come last, so that whatever was one tree is one.
    """
    wished = [(new, corner) for new, corners, _ in wiring for corner in sorted(corners)]
    wished += [(_end(a, b, read, wiring), _end(b, a, read, wiring)) for a, b in edges]
    grown = readings(names)
    wished += [(first_of(grown, "pelvis", "root", "torso"), first_of(grown, "neck", "neck base")), *edges]
    neighbours, end = [[] for _ in names], list(range(len(names)))

    def end_of(joint):
        while end[joint] != joint:
            end[joint] = joint = end[end[joint]]
        return joint

    for a, b in wished:
        if a is None or b is None or end_of(a) == end_of(b):
            continue
        end[end_of(b)] = end_of(a)
        neighbours[a].append(b)
        neighbours[b].append(a)
    root = first_of(grown, "pelvis", "root", "torso")
    order, bones = [0 if root is None else root], []
    seen = set(order)
    for joint in order:  # which grows
        onward = sorted(set(neighbours[joint]) - seen)
        bones += [(joint, other) for other in onward]
        order += onward
        seen.update(onward)
    return tuple(bones)


def _end(joint, other, read, wiring):
    """Where a bone from `joint` to `other` starts now: at the new joint if it led to the trunk, the head, or across."""
    for new, corners, limb in wiring:
        across = other in corners or (read[other].side, read[other].limb) != (read[joint].side, limb)
        if joint in corners and across:
            return new
        if limb == "arm" and read[other].part in _OF_THE_HEAD and not read[joint].limb:
            return joint if read[joint].part in _OF_THE_HEAD else new
    return joint
