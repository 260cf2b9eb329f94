"""The progress bar of all that takes long: on a terminal, and nowhere else."""

import sys
from collections.abc import Iterable
from typing import Any

from .processes import threads_start


def progress(
    items: Iterable[Any] | None = None, *, total: int, what: str, unit: str, done: int = 0, show: bool = True
) -> Any:
    """A bar that shows how many of `total` are done. It counts the items as they pass, or what `update(n)` adds.

    what: the word before it.  unit: what it counts.  done: how many were done before.  show: whether to show it at all;
    in a file or a pipe, where nobody watches, it never is.
    """
    from tqdm import tqdm  # here, since few commands need it

    class Bar(tqdm):
        monitor_interval = tqdm.monitor_interval if threads_start() else 0  # it would warn of each bar otherwise

    shown = show and sys.stderr is not None and sys.stderr.isatty()
    return Bar(
        items, total=total, initial=done, desc=what, unit=unit, disable=not shown, mininterval=0.5, dynamic_ncols=True
    )
