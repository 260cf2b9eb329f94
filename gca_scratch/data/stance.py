"""Do bodies stand along what is said to be the vertical, and have they their left where it is said to be?

Finite numbers of a body upside down, or of one seen in a mirror, look like any other numbers; heads and feet tell.
"""

from collections.abc import Iterator

import numpy as np

from .absent import parents_of
from .guesses import evidence
from .joint_names import Roles, find_roles
from .joint_words import readings
from .meaning import AXES
from .neutral import Skeletons
from .upright import MOST, WHENCE, bodies

NOBODY = 0.1  # of the bodies that are stretched stand along the vertical, where it is doubted
MIRRORED = 0.8  # of the bodies, whose left is on the right of where their feet point; of people 0.02 to 0.07


def doubts(data: Skeletons, where: str, hip: str | None = None) -> list[str]:
    """Sentences on a vertical that nobody stands along, and on sides that are exchanged; none where all is well.

    hip: the joint that is the hip, where its name does not tell. Raises InputError where it is not found.
    """
    roles = find_roles(data.joint_names, data.edges, hip)
    found = list(bodies(data, roles))
    return [*_of_the_vertical(data, found, roles, where), *_of_the_sides(data, found, roles, where)]


def _of_the_vertical(data: Skeletons, found: list[np.ndarray], roles: Roles, where: str) -> Iterator[str]:
    up = data.meaning.up
    if not up.value or up.source == "guess":
        return
    parents = parents_of(data.joints.shape[2], data.edges, roles.hip)
    votes = [evidence(body, data.joint_names, parents, None).votes for body in found]
    votes = [each for each in votes if each.any()]
    mean = np.mean(votes, axis=0) if votes else np.zeros(6)
    if mean.max() >= MOST and mean[AXES.index(up.value)] < NOBODY:
        yield (
            f"{where}: heads are above the feet along {AXES[int(mean.argmax())]}, but {up.value} points up, "
            f"{WHENCE[up.source]}; if these people do not lie or stand on their heads, say with --up which axis it is"
        )


def _of_the_sides(data: Skeletons, found: list[np.ndarray], roles: Roles, where: str) -> Iterator[str]:
    feet = _feet(data.joint_names)
    if not feet or roles.top == roles.hip:
        return
    (left, *_), (right, *_) = feet
    shares = []
    for body in found:
        points = sum(body[:, toe] - body[:, heel] for _, heel, toe in feet)
        to_the_right = np.cross(points, body[:, roles.top] - body[:, roles.hip])  # in right-handed axes
        agree = (to_the_right * (body[:, right] - body[:, left])).sum(axis=-1)
        if agree.any():
            shares.append((agree[agree != 0] < 0).mean())
    share = float(np.mean(shares)) if shares else 0.0
    left_handed = data.meaning.hand.value == "left"
    if (1 - share if left_handed else share) > MIRRORED and shares:
        axes = "right" if left_handed else "left"
        yield (
            f"{where}: by their feet, the left of these people is on their right; names of joints may be exchanged, "
            f"or the axes be {axes}-handed, as Unity's are: then negate one coordinate that is not the vertical"
        )


def _feet(names: tuple[str, ...]) -> list[tuple[int, int, int]]:
    """Hip, heel and toe of the left and of the right leg; [] where there are not all of them."""
    found, read = [], readings(names)
    for side in ("left", "right"):
        there = {each.part: joint for joint, each in reversed(list(enumerate(read))) if each.side == side}
        toe = next((there[part] for part in ("toe", "foot") if part in there), None)
        heel = next((there[part] for part in ("heel", "ankle") if part in there), None)
        if toe is None or heel is None or "hip" not in there:
            return []
        found.append((there["hip"], heel, toe))
    return found
