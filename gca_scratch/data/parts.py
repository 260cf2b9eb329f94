"""Parts of a data set: some of its sequences, or windows of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .neutral import Skeletons

_PER_SEQUENCE = ("label", "subject", "name", "view", "setup", "repetition", "test")


def cut(data: Skeletons, sequences: Sequence[int] | np.ndarray) -> Skeletons:
    """Those sequences of the data, in that order, in memory; of data mapped from the disk no others are read."""
    return pieces(data, [(int(n), 0, int(data.lengths[n])) for n in sequences])


def windows(data: Skeletons, window: int, stride: int = 0) -> tuple[Skeletons, list[tuple[int, int, int]]]:
    """Every window of every sequence as a sequence of its own, and where each lies: (sequence, start, stop).

    window, stride: in frames; a stride of 0 is half a window. The last window ends with its sequence; a sequence that
    is shorter than a window is one window.
    """
    stride = stride or max(1, window // 2)
    spans = [
        (n, start, min(start + window, length))
        for n, length in enumerate(data.lengths.tolist())
        for start in starts(length, window, stride)
    ]
    return pieces(data, spans), spans


def starts(length: int, window: int, stride: int) -> list[int]:
    """Where the windows of a sequence of so many frames begin."""
    if length <= window:
        return [0]
    found = list(range(0, length - window + 1, stride))
    return found if found[-1] == length - window else [*found, length - window]


def pieces(data: Skeletons, spans: Sequence[tuple[int, int, int]]) -> Skeletons:
    """Frames `start` to `stop` - 1 of sequence n as a sequence in memory, for each (n, start, stop)."""
    which = [n for n, _, _ in spans]
    places = [slice(data.offsets[n] + start, data.offsets[n] + stop) for n, start, stop in spans]
    columns = {key: None if (array := getattr(data, key)) is None else array[which] for key in _PER_SEQUENCE}
    return replace(
        data,
        joints=np.concatenate([data.joints[place] for place in places]),
        truth=None if data.truth is None else np.concatenate([data.truth[place] for place in places]),
        offsets=np.cumsum([0, *(stop - start for _, start, stop in spans)], dtype=np.int64),
        **columns,
    )
