"""How many threads the matrix library (BLAS) takes: one for the whole process, so whoever limits it does so here."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock, get_ident
from typing import Any

from threadpoolctl import ThreadpoolController


class Limit:
    """BLAS on one thread while anybody is within, on whichever thread of the process; as it was when the last one left.

    Limits of calls that overlap, each restoring what it found, would leave the one thread of another call for good.
    Where somebody else has set a number meanwhile, that stays. A process that is forked meanwhile has its threads back:
    whoever is within there is the thread that forked, or nobody.
    """

    def __init__(self):
        self._lock, self._within, self._before = Lock(), [], {}
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    @contextmanager
    def one_thread(self, confined: bool = False, more: Iterable[Any] = ()) -> Iterator[None]:
        """`with limit.one_thread()`: BLAS takes one thread.

        confined: until it ends this thread is told by `threads` that there is one thread, so that what it makes
        meanwhile takes no more.
        more: further matrix libraries, as threadpoolctl controls them: those that were loaded later.
        """
        entered = get_ident(), confined
        with self._lock:
            if not self._within:
                self._before = {}
            for library in (*_libraries(), *more):
                if library.filepath not in self._before:
                    self._before[library.filepath] = library, library.get_num_threads()
                    _set(library, 1)
            self._within.append(entered)
        try:
            yield
        finally:
            with self._lock:
                self._within.remove(entered)  # from whichever thread
                self._restore()

    def threads(self) -> int:
        """How many threads BLAS is allowed where nobody is within; 1 where this thread is confined."""
        with self._lock:
            before = self._before if self._within else {}
            allowed = [
                before.get(library.filepath, (library, library.get_num_threads()))[1] for library in _libraries()
            ]
            return 1 if (get_ident(), True) in self._within else max(allowed, default=1)

    def files(self) -> set[str]:
        """The libraries that this is about: those that were loaded when it was first asked, NumPy's among them."""
        return {library.filepath for library in _libraries()}

    def _restore(self):
        for library, number in () if self._within else self._before.values():
            if library.get_num_threads() == 1:
                _set(library, number)

    def _forked(self):
        self._lock, was = Lock(), self._within
        self._within = [entered for entered in was if entered[0] == get_ident()]
        if was:
            self._restore()


@cache
def _libraries():
    """The matrix libraries that are loaded, found once: to look for them takes milliseconds.

    What threadpoolctl has for a limit of all costs ten times as much as to set their numbers.
    """
    import numpy  # noqa: F401  whoever asks first, NumPy's is among them

    return ThreadpoolController().select(user_api="blas").lib_controllers


def _set(library, number):
    """Give a library its number of threads, whichever thread asks.

    Of OpenBLAS threadpoolctl heeds the first thread that asks, and passes over all others until that gives it up.
    """
    give_up = getattr(library, "clear_controlling_thread", lambda force: None)
    give_up(force=True)
    library.set_num_threads(number)
    give_up(force=True)


LIMIT = Limit()
