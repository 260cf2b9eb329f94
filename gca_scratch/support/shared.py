"""What texts have in common."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any


def shared_start(sequences: Sequence[Sequence[Any]]) -> int:
    """How many letters all these texts begin with, or how many entries all these lists; 0 where there are none."""
    return sum(1 for _ in takewhile(lambda place: len(set(place)) == 1, zip(*sequences, strict=False)))
