"""The progress bar of all that takes long: on a terminal, and nowhere else."""

import sys
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm


def progress(
    items: Iterable[Any] | None = None, *, total: int, what: str, unit: str, done: int = 0, show: bool = True
) -> Any:
    """A bar that tells how many of `total` are done: it counts the items as they pass, or is told by `update()`.

    what: the word before it.  unit: of what it counts.  done: how many were there before.  It is silent unless `show`,
    and where nobody watches, as in a file or a pipe.
    """
    shown = show and sys.stderr is not None and sys.stderr.isatty()
    return tqdm(
        items, total=total, initial=done, desc=what, unit=unit, disable=not shown, mininterval=0.5, dynamic_ncols=True
    )
