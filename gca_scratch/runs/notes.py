"""What a user should know of data before a network is trained on them: what is missing, guessed, or unlike a person."""

import zlib

import numpy as np

from ..data.absent import counts
from ..data.joint_names import untold
from ..data.neutral import Skeletons
from ..data.proportions import complaints
from ..data.stance import doubts
from ..data.upright import said

LOOKED_AT = 2000  # sequences in which absent joints are counted
SHOWN = 6  # joints that are named


def notes(data: Skeletons, where: str, hip: str | None = None) -> list[str]:
    """Sentences, none where there is nothing to say; the vertical only where it is not known for certain.

    data: as `upright.with_vertical` gives them.
    """
    found = [] if data.meaning.up.source in ("definition", "file", "user") else [said(data, hip)]
    found += missing(data)
    found += untold(data.joint_names)
    return found + copies(data, where) + doubts(data, where, hip) + complaints(data, where)


def copies(data: Skeletons, where: str) -> list[str]:
    """A sentence on sequences whose numbers are those of another one; none without any, nor for mapped data."""
    if isinstance(data.joints, np.memmap):
        return []
    first: dict[tuple[int, int], list[int]] = {}
    again = []
    for n in range(len(data)):
        numbers = np.ascontiguousarray(data.sequence(n))
        if not (np.nan_to_num(numbers) != 0).any():
            continue
        alike = first.setdefault((len(numbers), zlib.crc32(numbers)), [])
        other = next((m for m in alike if np.array_equal(data.sequence(m), numbers, equal_nan=True)), None)
        if other is None:
            alike.append(n)
        else:
            again.append((n, other))
    if not again:
        return []
    n, other = again[0]
    count = "1 sequence is a copy" if len(again) == 1 else f"{len(again)} sequences are copies"
    return [
        f"{where}: {count} of another ({data.name[n]} of {data.name[other]}, for one); leave copies out, for a "
        "network that has trained on one knows the other"
    ]


def missing(data: Skeletons) -> list[str]:
    """A sentence on the joints that were not found, and one on sequences that show nobody; none without any.

    Data in memory have none of these once they are made ready (`ready.ready`); those of mapped data are not left out.
    """
    chosen = np.unique(np.linspace(0, len(data) - 1, LOOKED_AT).astype(int))
    sequences = [np.asarray(data.sequence(n)) for n in chosen]
    lost, there = counts(sequences, data.meaning.zeros_absent)
    found = []
    if lost.any():
        share = lost.sum() / max(1, there.sum())
        most = np.argsort(-lost, kind="stable")
        named = [f"{data.joint_names[joint]} {_percent(lost[joint] / there[joint])}" for joint in most if lost[joint]]
        others = f" and {len(named) - SHOWN} others" if len(named) > SHOWN else ""
        found.append(
            f"absent joints: {lost.sum()} of {there.sum()} ({_percent(share)}), filled in from the frames around: "
            f"{', '.join(named[:SHOWN])}{others}"
        )
    empty = [n for n, sequence in zip(chosen, sequences, strict=True) if not (np.nan_to_num(sequence) != 0).any()]
    if empty:
        one = data.name[empty[0]]
        found.append(
            f"1 sequence shows nobody ({one}); leave it out, for it ends training"
            if len(empty) == 1
            else f"{len(empty)} sequences show nobody ({one}, for one); leave them out, for they end training"
        )
    return found


def _percent(share):
    return "under 0.01 %" if 0 < share < 1e-4 else f"{100 * share:.2f} %" if share < 0.01 else f"{100 * share:.1f} %"
