"""How many threads the matrix library (BLAS) takes: one for the whole process, so whoever limits it does so here."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock, local

from threadpoolctl import ThreadpoolController


class Limit:
    """BLAS on one thread while anybody is within, on whichever thread of the process; as it was when the last one left.

    Limits of calls that overlap, each restoring what it found, would leave the one thread of another call for good.
    """

    def __init__(self):
        self._lock, self._within, self._before, self._here = Lock(), 0, [], local()

    @contextmanager
    def one_thread(self, confined: bool = False) -> Iterator[None]:
        """`with limit.one_thread()`: BLAS takes one thread.

        confined: until it ends this thread is told by `threads` that there is one thread, so that what it makes
        meanwhile takes no more.
        """
        with self._lock:
            if not self._within:
                self._before = _threads()
                for library, _ in self._before:
                    _set(library, 1)
            self._within += 1
        was = self._confined()
        self._here.confined = confined or was
        try:
            yield
        finally:
            self._here.confined = was
            with self._lock:
                self._within -= 1
                if not self._within:
                    for library, number in self._before:
                        _set(library, number)

    def threads(self) -> int:
        """How many threads BLAS is allowed where nobody is within; 1 where this thread is confined."""
        with self._lock:
            allowed = self._before if self._within else _threads()
            return 1 if self._confined() else max((number for _, number in allowed), default=1)

    def files(self) -> set[str]:
        """The libraries that this is about: those that were loaded when it was first asked, NumPy's among them."""
        return {library.filepath for library in _libraries()}

    def _confined(self):
        return getattr(self._here, "confined", False)


@cache
def _libraries():
    """The matrix libraries that are loaded, found once: to look for them takes milliseconds."""
    import numpy  # noqa: F401  whoever asks first, NumPy's is among them

    return ThreadpoolController().select(user_api="blas").lib_controllers


def _threads():
    """The matrix libraries, each with its number of threads; a limit of threadpoolctl's costs ten times as much."""
    return [(library, library.get_num_threads()) for library in _libraries()]


def _set(library, number):
    """Give a library its number of threads, whichever thread asks.

    Of OpenBLAS threadpoolctl heeds the first thread that asks, and passes over all others until that gives it up.
    """
    give_up = getattr(library, "clear_controlling_thread", lambda force: None)
    give_up(force=True)
    library.set_num_threads(number)
    give_up(force=True)


LIMIT = Limit()
