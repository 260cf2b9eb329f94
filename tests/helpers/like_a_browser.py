"""Runs a file as a browser's Python would: no threads, no processes, no compiler, and less of the standard library.

python like_a_browser.py FILE, as Pyodide has it: what starts a thread or a process raises what it raises there, modules
that it lacks are not found, and no library of our own is loaded.
"""

import _thread
import ctypes
import errno
import os
import runpy
import subprocess
import sys
import threading

LACKING = {
    "curses", "dbm", "ensurepip", "fcntl", "grp", "idlelib", "msvcrt", "pty", "pwd", "resource", "syslog", "termios",
    "tkinter", "tty", "turtle", "venv", "winreg", "_multiprocessing", "_posixshmem", "_posixsubprocess",
}  # fmt: skip
LACKING |= {"scipy", "sklearn", "distributed", "dask", "cupy", "psutil", "torch"}  # what nobody has installed there


class Missing:
    """Finds no module that a browser lacks."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in LACKING:
            raise ModuleNotFoundError(f"No module named {name!r} in a browser", name=name)


def no_thread(*arguments, **named):
    raise RuntimeError("can't start new thread")


def no_process(*arguments, **named):
    raise OSError(errno.ENOSYS, "emscripten does not support processes")


class NoLibrary(ctypes.CDLL):
    def __init__(self, name, *arguments, **named):
        if "gca_scratch" in str(name):
            raise OSError("no library is loaded in a browser")
        super().__init__(name, *arguments, **named)


def become_a_browser():
    """From now on, and for good."""
    for name in LACKING & set(sys.modules):
        del sys.modules[name]
    sys.meta_path.insert(0, Missing)
    _thread.start_new_thread = threading._start_new_thread = no_thread
    if hasattr(threading, "_start_joinable_thread"):  # from Python 3.13
        _thread.start_joinable_thread = threading._start_joinable_thread = no_thread
    subprocess.Popen.__init__ = no_process
    for name in ("fork", "forkpty", "posix_spawn", "posix_spawnp", "execv", "system"):
        if hasattr(os, name):
            setattr(os, name, no_process)
    ctypes.CDLL = NoLibrary
    ctypes.cdll._dlltype = NoLibrary
    os.environ |= {"PATH": "", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"}


if __name__ == "__main__":
    become_a_browser()
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
