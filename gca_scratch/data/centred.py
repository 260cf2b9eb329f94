"""Data that are centred on the hip: there three zeros are a place, though nobody says so."""

from dataclasses import replace

import numpy as np

from ..support.errors import InputError
from .absent import unseen
from .joint_names import find_roles
from .meaning import Fact
from .neutral import Skeletons

SAMPLES = 200  # sequences that are looked at
_NEAR = 0.25  # of the body's diagonal: so near to the origin are the joints beside a hip that lies there


def with_places(data: Skeletons, hip: str | None = None) -> tuple[Skeletons, list[str]]:
    """The data; with zeros that are places where nobody says what they are and every sequence begins with its hip at 0.

    hip: the joint that is the hip, where its name does not tell.

    Gives the data, and a sentence where it was found so. A hip that a tracker has lost is told by the joints beside it,
    which are then far from the origin.
    """
    if data.meaning.zeros.source:
        return data, []
    try:
        root = find_roles(data.joint_names, data.edges, hip).hip
    except InputError:  # whoever needs a hip asks for it
        return data, []
    beside = [int(b if a == root else a) for a, b in data.edges if root in (a, b)]
    chosen = np.unique(np.linspace(0, len(data) - 1, SAMPLES).astype(int))
    found = [_at_origin(np.asarray(data.sequence(n)), root, beside) for n in chosen]
    if False in found or True not in found:
        return data, []
    meaning = replace(data.meaning, zeros=Fact("positions", "guess"))
    return replace(data, meaning=meaning), [
        f"'{data.joint_names[root]}' is 0, 0, 0 where sequences begin, so the data are centred on it, and three zeros "
        "are taken for a place; write NaN where a joint was not found"
    ]


def _at_origin(sequence, root, beside):
    """Does the sequence (frames, P, J, 3) begin with a hip that lies at the origin? None if it shows nobody."""
    there = ~unseen(sequence).all(axis=2)  # (frames, P)
    if not there.any():
        return None
    frame = int(there.any(axis=1).argmax())
    body = sequence[frame, int(there[frame].argmax())]
    if (body[root] != 0).any():
        return False
    seen = ~unseen(body[None])[0]
    if not seen[beside].any():
        return False
    far = np.linalg.norm(body[beside][seen[beside]].mean(axis=0, dtype=np.float64))
    return bool(far < _NEAR * np.linalg.norm(np.ptp(body[seen], axis=0)))
