"""What recordings of bodies do not say of themselves, guessed from the bodies: the unit of length and the vertical."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from .joint_words import readings
from .meaning import AXES, METRES

# Metres in each unit that tools write; the last is what the motion capture database of CMU measures in.
UNITS = {unit: METRES[unit] for unit in ("m", "dm", "cm", "mm", "in")} | {"1/0.45 in": 0.0254 / 0.45}
SHORTEST, TALLEST = 0.9, 2.2  # metres from ankle to head along the bones: no length lies in this range in two units
_OF_CMU = 22.0, 35.4  # lengths that are human in CMU's unit alone: 1.24 to 2 m

_STRETCHED = 0.8  # of the bones from ankle to head, how far the two are apart where a body stands or lies
_ALONG = 0.87  # cosine of 30 degrees, within which a body is along an axis
_MOST = 0.6  # of what stretched bodies say, how much has to speak for one axis
_LOW, _FLAT = -0.02, 0.35  # of the same bones: within these above the floor are all joints of a body that lies on it
_FLOOR = 0.2  # ... and about so far from the floor are the ankles of one that stands


class Evidence(NamedTuple):
    """What a person in some frames tells of unit and vertical; nothing with a length of 0.

    length: from ankle to head along the bones, in the unit of the file.  votes (6,): how much of the frames in which
    the body is stretched has it along each of AXES; all 0 if it never is.  feet (3,): where the ankles are then, in
    lengths, along x, y and z.  low, high (3,): between which all joints are then.  rest: the axis of AXES along which
    the body is while nothing is turned, or "".
    """

    length: float = 0.0
    votes: np.ndarray = np.zeros(6)
    feet: np.ndarray = np.zeros(3)
    low: np.ndarray = np.zeros(3)
    high: np.ndarray = np.zeros(3)
    rest: str = ""


def human_unit(length: float) -> str:
    """The one of UNITS in which that is a human from ankle to head along the bones; "" if none is."""
    for unit, metres in UNITS.items():
        low, high = (SHORTEST / metres, TALLEST / metres) if unit in METRES else _OF_CMU
        if low <= length < high:
            return unit
    return ""


def evidence(placed: np.ndarray, names: Sequence[str], parents: Sequence[int], rest: np.ndarray | None) -> Evidence:
    """What one person tells: joints (frames, J, 3), a parent each (-1: none), and (J, 3) while nothing is turned."""
    body = _bones(names, parents)
    if not body:
        return Evidence()
    head, ankles, bones = body
    along = np.array([np.linalg.norm(placed[:, a] - placed[:, b], axis=-1) for a, b in bones]).sum(axis=0) / len(ankles)
    length = float(np.median(along))
    if not length > 0:
        return Evidence()
    votes, stretched = _votes(placed, head, ankles, length)
    if not stretched.any():
        return Evidence(length)
    there = placed[stretched] / length
    rests = np.zeros(6) if rest is None else _votes(rest[None], head, ankles, length)[0]
    return Evidence(
        length,
        votes,
        np.median(there[:, ankles].mean(axis=1), axis=0),
        np.median(there.min(axis=1), axis=0),
        np.median(there.max(axis=1), axis=0),
        AXES[int(rests.argmax())] if rests.any() else "",
    )


def _bones(names, parents):
    """The head, the ankles (one or two), and the bones between them, (joint, joint), each once an ankle; or None."""
    found = readings(names)
    heads = [(part != "head", read.rank, n) for n, read in enumerate(found) for part in [read.part] if part in _HEADS]
    ankles = [
        min(there)[1]
        for side in ("left", "right")
        if (there := [(r.part != "ankle", n) for n, r in enumerate(found) if r.side == side and r.part in _ANKLES])
    ]
    if not heads or not ankles:
        return None
    head = min(heads)[2]
    bones = []
    for ankle in ankles:
        up, down = _way(head, parents), _way(ankle, parents)
        shared = set(up) & set(down)
        bones += [bone for way in (up, down) for bone in pairwise(way) if bone[0] not in shared]
    return head, ankles, bones


_HEADS, _ANKLES = ("head", "neck", "neck base"), ("ankle", "foot")


def _way(joint, parents):
    """The joint, its parent, and so on to the root."""
    way = [joint]
    while parents[way[-1]] >= 0:
        way.append(parents[way[-1]])
    return way


def _votes(placed, head, ankles, length):
    """How much of the frames with a stretched body has it along each of AXES, and which frames these are."""
    body = placed[:, head] - placed[:, ankles].mean(axis=1)  # (frames, 3)
    far = np.linalg.norm(body, axis=-1)
    stretched = far > _STRETCHED * length
    votes = np.zeros(6)
    if stretched.any():
        along = body[stretched] / far[stretched, None]
        votes[0::2], votes[1::2] = (along > _ALONG).mean(axis=0), (along < -_ALONG).mean(axis=0)
    return votes, stretched


def unit_of(found: Sequence[Evidence]) -> str:
    """The unit in which most people are human; "" if none of them is in any."""
    units = Counter(unit for unit in (human_unit(each.length) for each in found) if unit)
    return units.most_common(1)[0][0] if units else ""


def vertical_of(found: Sequence[Evidence]) -> str:
    """The one of AXES along which bodies stand, or "" where that cannot be told.

    Of all frames in which a body is stretched, those of each person counting as much as those of another, most have to
    speak for one axis. No tool makes x the vertical, so a body along x lies. For most people something else has to
    speak for the axis, too, so that a body that only lies does not make its floor a wall: `_speaks`.
    """
    voting = [each for each in found if (each.high != each.low).any()]
    if not voting:
        return ""
    votes = np.mean([each.votes for each in voting], axis=0)
    axis = int(votes.argmax())
    if votes[axis] < _MOST or AXES[axis][1] == "x":
        return ""
    return AXES[axis] if np.mean([_speaks(each, axis) for each in voting if each.votes[axis]]) > 0.5 else ""


def _speaks(of: Evidence, axis: int) -> bool:
    """Is a body along that axis likely to stand?

    It is if it has the same direction while nothing is turned. Otherwise its ankles have to be near the height of the
    origin, or the axis +y, the vertical that the BVH format has; both if the body is flat on the floor of another axis.
    """
    if of.rest == AXES[axis]:
        return True
    sign, other = (1 if AXES[axis][0] == "+" else -1), (2 if AXES[axis][1] == "y" else 1)
    on_floor, usual = -_FLOOR < sign * of.feet[axis // 2] < _FLOOR, AXES[axis] == "+y"
    flat = of.low[other] >= _LOW and of.high[other] <= _FLAT
    return (on_floor and usual) if flat else (on_floor or usual)
