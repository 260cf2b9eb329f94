"""Data made ready for a network: with a pelvis, with a vertical, and without sequences that show nobody."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..support.errors import InputError
from .absent import filled
from .centred import with_places
from .joint_names import find_roles
from .made_joints import completed
from .neutral import Skeletons
from .parts import cut
from .upright import with_vertical

MIDDLE = "middle"  # the answer to which joint is the hip: none, but the middle of both


class Ready(NamedTuple):
    """The data, the joint that is the hip where its name does not tell, and sentences on what was changed."""

    data: Skeletons
    hip: str | None
    said: list[str]


def ready(data: Skeletons, hip: str = "") -> Ready:
    """The data made ready, as this file says.

    hip: the user's answer which joint is the hip, "" for none, MIDDLE for a joint that is to be made.

    Data that are mapped from the disk keep their sequences, for looking at all of them would read the whole. Raises
    InputError where the hip is not found, and where nobody is left.
    """
    answer = answered(hip, data)
    data, said = completed(data, answer != (hip or None))
    if not isinstance(data.joints, np.memmap):
        data = _without_empty(data, said)
    data, more = with_places(data, answer)
    return Ready(with_vertical(data, answer), answer, [*said, *more])


def answered(hip: str, data: Skeletons) -> str | None:
    """The joint that the user calls the hip, None where he calls none so: neither "" nor MIDDLE is the name of one."""
    return None if hip == MIDDLE and MIDDLE not in data.joint_names else hip or None


def _without_empty(data, said):
    there = somebody(data)
    if there.all():
        return data
    if not there.any():
        raise InputError("all sequences show nobody, for every joint is zero or NaN; give recordings of people")
    count = int((~there).sum())
    first = data.name[np.flatnonzero(~there)[0]]
    which = "1 sequence shows nobody and is" if count == 1 else f"{count} sequences show nobody and are"
    said.append(f"{which} left out ({first})")
    return cut(data, np.flatnonzero(there))


def somebody(data: Skeletons) -> np.ndarray:
    """Which sequences show anybody in any frame: bool (N,)."""
    return np.logical_or.reduceat((np.nan_to_num(data.joints) != 0).any(axis=(1, 2, 3)), data.offsets[:-1])


def without_gaps(data: Skeletons, hip: str | None = None) -> Skeletons:
    """The data in memory, with the absent joints of every sequence filled in (`absent.filled`)."""
    root = find_roles(data.joint_names, data.edges, hip).hip
    sequences = (np.asarray(data.sequence(n)) for n in range(len(data)))
    whole = [filled(sequence, data.edges, root, data.meaning.zeros_absent) for sequence in sequences]
    return replace(data, joints=np.concatenate(whole))
