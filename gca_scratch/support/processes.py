"""Processes side by side: one at a time in a folder, and none that outlives the one it works for."""

import contextlib
import functools
import os
import threading
import time
from collections.abc import Iterator

from .errors import InputError

try:
    import fcntl
except ImportError:  # Windows: nobody is kept out of a folder there
    fcntl = None


@contextlib.contextmanager
def alone(folder: str | os.PathLike[str]) -> Iterator[None]:
    """`with alone(folder)`: keep every other process that calls this out of the folder, which is made if it is missing.

    The lock lies on the folder itself: it needs no file, and ends with the process, however that ends. A folder that
    this has made, and that is empty in the end, is removed. Raises InputError when another process is there, or the
    folder cannot be made.
    """
    made = not os.path.exists(folder)
    with contextlib.ExitStack() as held:
        if not any(_locked(folder, held) for _ in range(100)):
            raise InputError(f"the folder {folder} cannot be made, or does not stay; choose another place")
        try:
            yield
        finally:
            if made:
                with contextlib.suppress(OSError):  # it is not empty
                    os.rmdir(folder)


def _locked(folder, held):
    """Lock the folder for as long as `held` is; False if somebody has just removed it, or put another in its place."""
    try:
        os.makedirs(folder, exist_ok=True)
        if not fcntl:
            return True
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise InputError(
            f"the folder {folder} cannot be made or opened ({error.strerror}); choose another place"
        ) from error
    held.callback(os.close, handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(
            f"another process is writing into {folder}; wait until it has ended, or choose another place"
        ) from None
    except OSError:  # a file system that knows no locks
        return True
    with contextlib.suppress(OSError):
        return os.path.samestat(os.fstat(handle), os.stat(folder))
    return False


@functools.cache
def threads_start() -> bool:
    """Can a thread be started? Not where Python runs in a browser."""
    thread = threading.Thread(target=int)
    try:
        thread.start()
    except RuntimeError:
        return False
    thread.join()
    return True


@functools.cache
def end_with(parent: int | None) -> None:
    """Have this process end soon after the process `parent`, which started it and alone wants its results.

    Otherwise it would go on, in the way of whoever gives the command again. Nothing happens if this is `parent` itself,
    or if there is none (None).
    """
    if parent not in (None, os.getpid()):
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent):
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


def is_alive(pid: int) -> bool:
    """Is there a process of this number on this machine?"""
    if os.name != "posix":  # elsewhere the question itself would end that process
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # there is, and it is somebody else's
        pass
    return True
