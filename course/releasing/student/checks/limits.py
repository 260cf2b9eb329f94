"""The grader's limits, here, too: a loop without an end stops after seconds, and what is refused there is refused here.

A submission is no place for processes, threads and connections, and of your files the grader has those alone that you
hand in.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
CODE = (".py", ".pyc", ".h")  # what a run may read of this folder
REFUSED = ("subprocess.", "socket.", "ctypes.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn",
           "os.startfile", "pty.", "os.kill", "os.putenv", "os.unsetenv", "_thread.start", "sys.addaudithook", "gc.",
           "resource.", "signal.pthread_kill", "urllib.", "ftplib.", "http.", "smtplib.", "webbrowser.",
           "sys.setprofile", "sys.settrace", "os.chflags", "fcntl.", "mmap.")  # fmt: skip
CPU_SECONDS = 10  # of computing, for the visible tests of a task and as many hidden ones
SECONDS = 60  # on the clock


class StillRunning(BaseException):
    """The limit is reached; no Exception, so that no `except Exception` of the code itself takes it."""


class Budget:
    """The time that the visible tests of one task have together: half of what the grader gives."""

    def __init__(self):
        self.cpu_seconds, self.seconds = CPU_SECONDS / 2, SECONDS / 2

    @contextlib.contextmanager
    def running(self):
        """Within it, time runs; StillRunning when there is none left."""
        began = time.process_time(), time.monotonic()
        try:
            with _alarmed(max(self.cpu_seconds, 0.01), max(self.seconds, 0.01)):
                yield
        finally:
            self.cpu_seconds -= time.process_time() - began[0]
            self.seconds -= time.monotonic() - began[1]


_watching = {"installed": False, "thread": None}


@contextlib.contextmanager
def fenced():
    """Within it, what the grader refuses ends in a PermissionError that says so."""
    if not _watching["installed"]:
        sys.addaudithook(_watch)
        _watching["installed"] = True
    _watching["thread"] = threading.get_ident()
    try:
        yield
    finally:
        _watching["thread"] = None


def _watch(event, arguments):
    if _watching["thread"] != threading.get_ident():
        return
    if event.startswith(REFUSED):
        raise PermissionError(f"the grader does not allow {event} in a submission")
    if event != "open" or not isinstance(arguments[0], str | bytes) or not isinstance(arguments[2], int):
        return
    path = Path(os.path.realpath(os.fsdecode(arguments[0])))
    writes = arguments[2] & (os.O_WRONLY | os.O_RDWR)
    if not writes and HERE in path.parents and path.suffix not in CODE and ".venv" not in path.parts and path.is_file():
        raise PermissionError(f"the grader has no {path.relative_to(HERE)}: of your files it has the code alone")


def _stop(*_):
    raise StillRunning(
        f"the code was still running after {CPU_SECONDS / 2:g} seconds of computing or {SECONDS / 2:g} of waiting; "
        f"the grader gives {CPU_SECONDS:g} and {SECONDS:g} to these tests and as many hidden ones"
    )


@contextlib.contextmanager
def _alarmed(cpu_seconds, seconds):
    """StillRunning after so long, in the main thread; elsewhere there is no limit."""
    if threading.current_thread() is not threading.main_thread():
        yield
    elif hasattr(signal, "setitimer"):
        timers = (signal.ITIMER_PROF, signal.SIGPROF, cpu_seconds), (signal.ITIMER_REAL, signal.SIGALRM, seconds)
        before = [signal.signal(number, _stop) for _, number, _ in timers]
        try:
            for timer, _, limit in timers:
                signal.setitimer(timer, limit, 1)  # and again every second, where a bare `except:` takes it
            yield
        finally:
            for timer, _, _ in timers:
                signal.setitimer(timer, 0)
            for (_, number, _), handler in zip(timers, before, strict=True):
                signal.signal(number, handler)
    else:  # Windows: it has no alarm, but an interrupt
        before = signal.signal(signal.SIGINT, _stop)
        alarm = threading.Timer(seconds, signal.raise_signal, (signal.SIGINT,))
        alarm.daemon = True
        alarm.start()
        try:
            yield
        finally:
            alarm.cancel()
            signal.signal(signal.SIGINT, before)
