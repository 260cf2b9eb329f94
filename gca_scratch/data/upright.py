"""The vertical of a data set that does not name one: guessed over all its sequences, and said to be a guess."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from .absent import filled, parents_of, unseen
from .alignment import vertical_axis
from .guesses import Evidence, evidence, vertical_of
from .joint_names import Roles, find_roles
from .meaning import AXES, Fact
from .neutral import Skeletons

SAMPLES, FRAMES = 200, 20  # sequences that are looked at, and frames of each
MANY, MOST = 10, 0.6  # so many sequences cannot all be of bodies that lie; of what they say, how much must agree


def with_vertical(data: Skeletons, hip: str | None = None) -> Skeletons:
    """The data with a vertical: its own, else the one that most of its people stand along, else none.

    hip: the joint that is the hip, where its name does not tell. Raises InputError where it is not found.
    """
    if data.meaning.up.value:
        return data
    up = guessed(data, find_roles(data.joint_names, data.edges, hip))
    return replace(data, meaning=replace(data.meaning, up=Fact(up, "guess"))) if up else data


def guessed(data: Skeletons, roles: Roles) -> str:
    """One of meaning.AXES, or "" where nobody stands upright; a body that lies or crouches alone tells nothing."""
    parents = parents_of(data.joints.shape[2], data.edges, roles.hip)
    found = [evidence(body, data.joint_names, parents, None) for _, body in bodies(data, roles)]
    return vertical_of(found) or (most_stand_along(found) if len(found) >= MANY else "")


def bodies(data: Skeletons, roles: Roles) -> Iterator[tuple[int, np.ndarray]]:
    """Of sequences spread over the data, by their numbers, the person seen most in a few frames, filled in.

    A person is float64 (frames, J, 3).
    """
    zeros_absent = data.meaning.zeros_absent
    for n in np.unique(np.linspace(0, len(data) - 1, SAMPLES).astype(int)):
        sequence = np.asarray(data.sequence(n))
        there = ~unseen(sequence, zeros_absent).all(axis=2)  # (frames, P)
        if there.any():
            person = int(there.sum(axis=0).argmax())
            frames = np.flatnonzero(there[:, person])
            frames = frames[np.unique(np.linspace(0, len(frames) - 1, FRAMES).astype(int))]
            body = filled(sequence[frames][:, [person]], data.edges, roles.hip, zeros_absent)[:, 0]
            yield int(n), body.astype(np.float64)


def most_stand_along(found: Sequence[Evidence]) -> str:
    """The axis of meaning.AXES along which most stretched bodies are, "" without one: of many, not all are lying."""
    votes = [each.votes for each in found if each.votes.any()]
    if len(votes) < MANY:
        return ""
    mean = np.mean(votes, axis=0)
    return AXES[int(mean.argmax())] if mean.max() >= MOST else ""


def said(data: Skeletons, hip: str | None = None) -> str:
    """A sentence on the vertical of the data, which `with_vertical` has looked at."""
    up = data.meaning.up
    if up.value:
        correct = "; correct it with --up" if up.source == "guess" else ""
        return f"vertical: {up.value} points up, {WHENCE[up.source]}{correct}"
    axis = "xyz"[vertical_axis(data, find_roles(data.joint_names, data.edges, hip))]
    return f"vertical: unknown, for no body stands upright along one axis; {axis} is assumed, say what it is with --up"


WHENCE = {
    "definition": "as the format has it",
    "file": "as the file says",
    "guess": "guessed from where most bodies stand",
    "user": "as you say",
    "": "whoever says so",
}
