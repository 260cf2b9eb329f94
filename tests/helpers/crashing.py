"""Commands that are killed, or find the disk full, at a chosen moment of their writing: what tests of crashes stand on.

Each command runs in a process of its own, forked from a server that has everything imported: the same code as the
command line's, without the second that importing takes. A moment is a file opened for writing, bytes on their way to
the disk (half of them get there), a sync, a file renamed or removed, a folder made.
"""

import builtins
import contextlib
import csv
import errno
import io
import itertools
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from multiprocessing import forkserver
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import pytest

from gca_scratch import runs
from gca_scratch.commands.main import main
from gca_scratch.data.readers import convert
from gca_scratch.runs import checkpoint
from gca_scratch.training.optim import SGD

KILLED = -signal.SIGKILL
RUN_FILES = ["checkpoint.npz", "config.toml", "history.csv", "result.json"]
RESUME = ("train", "--resume", "--out", "run")
_numbers = itertools.count(1)
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])
_IMPORTED_BY = os.getpid()


def train(config, out="run"):
    """The command that begins a training."""
    return "train", "--config", config, "--out", out


class Ended(NamedTuple):
    """How a command ended: exit code, what it wrote to standard error, and how many moments of writing it had."""

    code: int
    said: str
    moments: int


def command(*arguments, kill=0, kill_in_step=0, full=0, after=None, limit=0):
    """Run a command of gca_scratch in this folder: Ended.

    kill: the moment, counted from 1, at which it kills itself.  kill_in_step: the same, at this step of SGD.
    full: from this moment on nothing gets to the disk.  limit: of the size of a file, in bytes.
    after: so many seconds later it is killed from outside.
    """
    return started(*arguments, kill=kill, kill_in_step=kill_in_step, full=full, limit=limit)(after)


def started(*arguments, kill=0, kill_in_step=0, full=0, limit=0):
    """The same, not waited for: gives the function that does, and takes `after`."""
    with mock.patch.dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path))):  # the server's, too
        forkserver.ensure_running()
    moments, said = _processes.RawValue("i", 0), Path(f"said-{next(_numbers)}.txt").absolute()
    said.touch()
    plain = [str(argument) for argument in arguments]
    options = (os.getcwd(), plain, kill, kill_in_step, full, limit, moments, said)
    process = _processes.Process(target=_command, args=options)
    process.start()

    def ended(after=None):
        process.join(after)
        if process.is_alive():
            process.kill()
            process.join()
        return Ended(process.exitcode, said.read_text("utf-8"), moments.value)

    return ended


def _command(folder, arguments, kill, kill_in_step, full, limit, moments, said):
    assert os.getpid() != _IMPORTED_BY, "the server, which says nothing when it cannot, has not imported this module"
    os.chdir(folder)
    handle = os.open(said, os.O_WRONLY)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    if limit:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    multiprocessing.set_start_method("fork", force=True)  # as on the command line: locks then leave no file behind
    runs.folder.SECONDS_BETWEEN_SAVES = 0
    convert.CHUNK = 2
    os.fsync = lambda handle: None  # whoever is killed loses nothing by it; it stays a moment
    _watch_writing(kill, full, moments)
    _watch_steps(kill_in_step)
    sys.exit(main(arguments))


def _watch_writing(kill, full, moments):
    """From now on count the moments of writing in this process, and let the one that was chosen happen."""

    def moment(half=None):
        moments.value += 1
        if moments.value == kill:
            if half:
                half()
            os.kill(os.getpid(), signal.SIGKILL)
        if half and full and moments.value >= full:
            if moments.value == full:
                half()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    class Watched(io.FileIO):
        def write(self, data):
            data = memoryview(data).cast("B")
            moment(lambda: super(Watched, self).write(data[: len(data) // 2]))
            return super().write(data)

    def opened(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, *rest, **more):
        if not set(mode) & set("wxa") or isinstance(file, int):
            return real_open(file, mode, buffering, encoding, errors, newline, *rest, **more)
        moment()
        raw = Watched(file, mode.replace("b", "").replace("t", ""))
        buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline)

    def watched(real):
        def call(*arguments, **more):
            moment()
            return real(*arguments, **more)

        return call

    real_open = io.open
    builtins.open = io.open = opened
    for name in ("fsync", "replace", "unlink", "rmdir", "mkdir"):
        setattr(os, name, watched(getattr(os, name)))


def _watch_steps(kill):
    """From now on count the steps of SGD, and end before the one that was chosen is whole."""
    step, steps = SGD.step, itertools.count(1)

    def watched(*arguments):
        if next(steps) == kill:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(*arguments)

    SGD.step = watched


def command_line(*arguments, after=None, group=False, **environment):
    """Run `python -m gca_scratch`: Ended. It is killed `after` so many seconds, and its workers, too, with `group`."""
    with open("said-by-it.txt", "w+") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "gca_scratch", *map(str, arguments)],
            stdout=said, stderr=said, start_new_session=True, env=os.environ | environment,
        )  # fmt: skip
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(after)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL) if group else process.kill()
        process.wait()
        said.seek(0)
        return Ended(process.returncode, said.read(), 0)


def timed(*arguments):
    """Run it undisturbed, and give the seconds that it took."""
    began = time.monotonic()
    ended = command_line(*arguments)
    assert ended.code == 0, ended.said
    return time.monotonic() - began


def sentence(said):
    """The one sentence that a command said beside its progress bars; AssertionError if it said more, or nothing."""
    lines = [line.rpartition("\r")[2] for line in said.split("\n")]
    told = [line for line in lines if line.startswith("gca_scratch: ")]
    assert len(told) == 1 and "Traceback" not in said and "Exception ignored" not in said, said
    return told[0]


def bits(out):
    """All that the training in the folder `out` left, but for the seconds it took, as plain values to compare."""
    state, network, settings, source = checkpoint.load(out)
    groups = {name: getattr(state, name) or {} for name in ("params", "velocity", "best")}
    arrays = {f"{group}/{name}": array.tobytes() for group in groups for name, array in groups[group].items()}
    counters = [state.stage, state.epoch, state.waited, state.best_score, state.finished]
    history = [{name: row[name] for name in row if name != "seconds"} for row in state.history]
    rows = list(csv.DictReader(Path(out, "history.csv").read_text("utf-8").splitlines()))
    result = json.loads(Path(out, "result.json").read_text("utf-8"))
    for plain in [*rows, result]:
        del plain["seconds"]
    config = Path(out, "config.toml").read_text("utf-8")
    return arrays, state.rng.bit_generator.state, counters, history, rows, result, config, network, settings, source


def table_of(out):
    """What a table left: its results by file, and its numbers, without the seconds."""
    results = {}
    for file in Path(out).rglob("fold-??.json"):
        plain = json.loads(file.read_text("utf-8"))
        del plain["result"]["seconds"]
        results[str(file.relative_to(out))] = plain
    lines = list(csv.DictReader(Path(out, "table-V.csv").read_text("utf-8").splitlines()))
    return results, [{name: line[name] for name in line if name != "seconds"} for line in lines]


@contextlib.contextmanager
def mounted(folder, *options):
    """Mount a file system on the folder while the block runs; gives False where this is not allowed."""
    Path(folder).mkdir(exist_ok=True)
    done = subprocess.run(["mount", *options, str(folder)], stderr=subprocess.DEVNULL).returncode == 0
    try:
        yield done
    finally:
        if done:
            subprocess.run(["umount", str(folder)], check=True)


@contextlib.contextmanager
def disk(kilobytes):
    """A disk of so many KB at `disk`; skip where none can be mounted."""
    with mounted("disk", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none") as done:
        if not done:
            pytest.skip("no disk can be mounted here (root may)")
        yield


def enlarge():
    subprocess.run(["mount", "-o", "remount,size=100m", "disk"], check=True)
