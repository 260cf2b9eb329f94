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

NOBODY, ALL = 0.1, 0.9  # of the bodies that are stretched, in a sequence or a data set
MIRRORED = 0.8  # of a sequence's bodies, whose left is on the right of where their feet point; of people 0.02 to 0.07
SOME = 0.05  # of the sequences, and more than one, that differ from the others


def doubts(data: Skeletons, where: str, hip: str | None = None) -> list[str]:
    """Sentences on a vertical that nobody stands along, and on sides that are exchanged; none where all is well.

    hip: the joint that is the hip, where its name does not tell. Raises InputError where it is not found.
    """
    roles = find_roles(data.joint_names, data.edges, hip)
    found = dict(bodies(data, roles))
    return [*_of_the_vertical(data, found, roles, where), *_of_the_sides(data, found, roles, where)]


def _some(numbers: list[int], count: int) -> bool:
    """Are these many enough of so many to be told?"""
    return 0 < len(numbers) == count or len(numbers) >= max(2, SOME * count)


def _of_the_vertical(data: Skeletons, found: dict[int, np.ndarray], roles: Roles, where: str) -> Iterator[str]:
    up = data.meaning.up
    if not up.value:
        return
    parents = parents_of(data.joints.shape[2], data.edges, roles.hip)
    all_votes = {n: evidence(body, data.joint_names, parents, None).votes for n, body in found.items()}
    votes = {n: each for n, each in all_votes.items() if each.any()}
    mean, stated = np.mean([*votes.values(), np.zeros(6)][: max(1, len(votes))], axis=0), AXES.index(up.value)
    if mean.max() >= MOST and mean[stated] < NOBODY:
        if up.source != "guess":
            yield (
                f"{where}: heads are above the feet along {AXES[int(mean.argmax())]}, but {up.value} points up, "
                f"{WHENCE[up.source]}; if they do not lie or stand on their heads, say with --up which axis it is"
            )
        return
    others = [n for n, each in votes.items() if each.max() >= ALL and each[stated] < NOBODY]
    if _some(others, len(votes)):
        yield (
            f"{where}: in {len(others)} of {len(votes)} sequences heads are above the feet along another axis than "
            f"{up.value} ({data.name[others[0]]}, for one, along {AXES[int(votes[others[0]].argmax())]}); if nobody "
            "lies there, their files have another vertical: convert them by themselves, with --up"
        )


def _of_the_sides(data: Skeletons, found: dict[int, np.ndarray], roles: Roles, where: str) -> Iterator[str]:
    feet = _feet(data.joint_names)
    if not feet or roles.top == roles.hip:
        return
    (left, *_), (right, *_) = feet
    shares = {}
    for n, body in found.items():
        points = sum(body[:, toe] - body[:, heel] for _, heel, toe in feet)
        to_the_right = np.cross(points, body[:, roles.top] - body[:, roles.hip])  # in right-handed axes
        agree = (to_the_right * (body[:, right] - body[:, left])).sum(axis=-1)
        if agree.any():
            shares[n] = (agree[agree != 0] < 0).mean()
    left_handed = data.meaning.hand.value == "left"
    wrong = [n for n, share in shares.items() if (1 - share if left_handed else share) > MIRRORED]
    if shares and _some(wrong, len(shares)):
        axes = "right" if left_handed else "left"
        which = f"in {len(wrong)} of {len(shares)} sequences ({data.name[wrong[0]]}, for one) "
        yield (
            f"{where}: {which if len(wrong) < len(shares) else ''}by their feet, the left of people is on their right; "
            f"names of joints may be exchanged, or the axes be {axes}-handed, as Unity's are: then negate one "
            "coordinate that is not the vertical"
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
