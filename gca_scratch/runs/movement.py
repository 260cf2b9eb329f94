"""How much each joint moves in each class: an answer whose joints move as they never did in training is none.

A network that has learned to tell nodding by the arms that rest takes a kick for a nod, and is sure of it; but no leg
moves so in any nod that it was shown. What is measured is the distance from sampled frame to sampled frame, joint by
joint, on a logarithmic scale; it is compared with that of the training sequences of the class that is answered.
"""

from dataclasses import dataclass

import numpy as np

from ..data.parts import pieces
from ..data.sampling import Aligned
from ..settings import Settings
from ..support.errors import InputError
from .fitted import aligned_for
from .split import Split

MOST = 1000  # sequences that are learned from
SHARE = 2 / 3  # of a sequence, its beginning, middle and end: what a window may show of an action
STILL = 0.2  # of the usual movement: less than that is none, and only noise
LEAST = 0.05  # a deviation that no joint falls below: few sequences are alike by chance


@dataclass
class Movement:
    """What the training sequences tell, as plain values: F numbers, one for each joint of each person.

    still: a distance that counts as rest, in units of the input.  mean, deviation: lists (classes, F) of logarithms,
    empty for a class that was not trained on.  limit: the largest `strangeness` that passes.
    """

    still: float
    mean: list
    deviation: list
    limit: float = 0.0

    def __post_init__(self):
        try:
            rows = [(np.array(m, float), np.array(d, float)) for m, d in zip(self.mean, self.deviation, strict=True)]
        except (TypeError, ValueError, OverflowError):
            rows = [(np.full(1, np.nan), np.ones(1))]
        lengths = {len(row) for pair in rows for row in pair if row.ndim == 1 and len(row)}
        whole = all(m.shape == d.shape and m.ndim == 1 and np.isfinite(m).all() for m, d in rows)
        whole = whole and all(((d > 0) & np.isfinite(d)).all() for _, d in rows)
        if not whole or len(lengths) != 1 or not (0 < self.still < np.inf and 0 <= self.limit < np.inf):
            raise InputError("movement holds no numbers that could have been measured")

    def strangeness(self, moved: np.ndarray, label: np.ndarray) -> np.ndarray:
        """How unlike its class each sequence moves, (N,): the mean square of its joints' deviations.

        moved (N, F): of `distances`.  label (N,): the class that is answered. Infinite for one that was not trained on.
        """
        logarithms, found = np.log(self.still + moved), np.full(len(moved), np.inf)
        for k in np.unique(label):
            if self.mean[k]:
                of = label == k
                if len(self.mean[k]) != moved.shape[1]:
                    raise InputError("the checkpoint contradicts itself on how many joints move; train again")
                found[of] = (((logarithms[of] - self.mean[k]) / self.deviation[k]) ** 2).mean(axis=1)
        return found


def distances(aligned: Aligned, frames: int, batch: int = 200) -> np.ndarray:
    """How far each joint of each person moves from one sampled frame to the next, on average: float64 (N, F)."""
    found = []
    for first in range(0, len(aligned.label), batch):
        chosen = np.arange(first, min(first + batch, len(aligned.label)))
        x, _ = aligned.batch(chosen, max(2, frames))
        x = x[..., : 3 * aligned.x.shape[2]].reshape(*x.shape[:3], -1, 3).astype(np.float64)  # (B, T, J, P, 3)
        found.append(np.linalg.norm(np.diff(x, axis=1), axis=-1).mean(axis=1).reshape(len(x), -1))
    return np.concatenate(found)


def learned(split: Split, settings: Settings, hip: str | None) -> Movement:
    """What the sequences that were fitted tell, whole and in parts, at most MOST of them."""
    chosen = split.fit[np.unique(np.linspace(0, len(split.fit) - 1, MOST).astype(int))]
    spans = []
    for n in chosen.tolist():
        length = int(split.data.lengths[n])
        part = max(1, round(SHARE * length))
        spans += [(n, 0, length), *((n, start, start + part) for start in (0, (length - part) // 2, length - part))]
    data = pieces(split.data, spans)
    moved = distances(aligned_for(data, settings, hip, split.aligned.up), settings.frames)
    still = STILL * float(np.median(moved)) or 1e-6
    logarithms = np.log(still + moved)
    mean, deviation = [], []
    for k in range(len(data.class_names)):
        own = logarithms[data.label == k]
        mean.append(own.mean(axis=0).round(4).tolist() if len(own) else [])
        deviation.append(np.maximum(own.std(axis=0), LEAST).round(4).tolist() if len(own) else [])
    return Movement(still, mean, deviation)


def with_limit(movement: Movement, moved: np.ndarray, probabilities: np.ndarray, truth: np.ndarray, kept: float = 0.9):
    """The same with a limit that this share of the right answers about validation people stays within.

    moved (N, F), probabilities (N, classes), truth (N,): of those people. Where no answer is right the limit is 0.
    """
    label = probabilities.argmax(axis=1)
    right = label == truth
    strange = np.sort(movement.strangeness(moved, label)[right])
    strange = strange[np.isfinite(strange)]
    limit = float(strange[min(len(strange) - 1, int(np.ceil(kept * len(strange))) - 1)]) if len(strange) else 0.0
    return Movement(movement.still, movement.mean, movement.deviation, limit)
