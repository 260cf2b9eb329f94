"""The fence: a submission's functions run in a child process that can harm nothing and knows nothing.

The child gets a folder of its own with the package (the submission's functions in it), the drivers and the inputs, and
leaves plain arrays; fenced.py shuts its doors from within. Here, outside: the folder is made and removed, time is kept,
the process group is killed whole, and nothing that was left is trusted: no links, no pickles, nothing large.
"""

import contextlib
import importlib.util
import io
import json
import os
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gca_scratch.support.reading import read_npz

HERE = Path(__file__).resolve().parent
COURSE = HERE.parent
DRIVER_FILES = tuple(f"drivers/{path.name}" for path in sorted((COURSE / "drivers").glob("*.py")))
LIBRARIES = ("numpy", "threadpoolctl")  # what the package's mathematics imports
PRELOAD = (
    "numpy.random",
    "numpy.lib.format",
    "zipfile",
    "traceback",
    "linecache",
    "tokenize",
    "threadpoolctl",
    "encodings.idna",
)
SYSTEM = (
    "/lib64", "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/etc/ld.so.cache",
    "/dev/urandom", "/dev/null", "/sys/devices/system/cpu", "/proc/cpuinfo", "/proc/meminfo",
)  # fmt: skip
SAID = 1500  # characters of what a submission prints that its author reads


@dataclass(frozen=True)
class Limits:
    """What a child may use.

    cpu_seconds: of computing; a task takes less than one.
    seconds: on the clock, computing or not; None for no end.
    memory, file_size: bytes of all its memory, of each file.
    kernel, hook: which of the two kinds of doors are shut; both, but for the tests of each.
    """

    cpu_seconds: int = 10
    seconds: float | None = 60
    memory: int = 1 << 30
    file_size: int = 32 << 20
    kernel: bool = True
    hook: bool = True


@dataclass(frozen=True)
class Answer:
    """What a test gave: outputs by name, or the sentence that says why there are none.

    ended: the child came to its end before this test gave anything.
    """

    outputs: dict | None
    error: str = ""
    ended: bool = False


def run(build, tests, limits=None):
    """Run tests, pairs (driver name, inputs), on the package that `build(folder)` writes into a folder.

    Returns one Answer for each, and the beginning of what the code printed.
    """
    limits = limits or Limits()
    with _box() as box, tempfile.TemporaryFile() as said:
        build(box)
        for name in ("course/drivers", "in", "home", "out"):
            (box / name).mkdir(parents=True)
        for name in ("__init__.py", *DRIVER_FILES):
            shutil.copy(COURSE / name, box / "course" / name)
        shutil.copy(HERE / "fenced.py", box)
        for n, (_, inputs) in enumerate(tests):
            np.savez(box / "in" / f"{n}.npz", **inputs)
        orders = _orders(box, tests, limits)
        (box / "orders.json").write_text(json.dumps(orders))
        out = os.open(box / "out", os.O_RDONLY | os.O_DIRECTORY)
        try:
            ended = _child(box, limits, said)
            answers = [_answer(out, n, ended, limits) for n in range(len(tests))]
        finally:
            os.close(out)
        said.seek(0)
        return answers, _tidy(said.read(4 * SAID).decode(errors="replace"))[:SAID]


def _orders(box, tests, limits):
    """What the child is told. It may read the standard library, without what is installed there, and two libraries."""
    origins = [Path(importlib.util.find_spec(name).origin) for name in LIBRARIES]
    libraries = [path.parent if path.name == "__init__.py" else path for path in origins]
    libraries += [path.with_name("numpy.libs") for path in libraries if path.name == "numpy"]
    folders = {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    standard = [path for folder in folders for path in sorted(folder.iterdir()) if not path.name.endswith("-packages")]
    readable = [os.path.realpath(path) for path in (*standard, *libraries, *SYSTEM) if os.path.exists(path)]
    return {
        "tests": [name for name, _ in tests],
        "preload": PRELOAD,
        "libraries": sorted({str(path.parent) for path in libraries}),
        "readable": [*readable, str(box)],
        "cpu_seconds": limits.cpu_seconds,
        "memory": limits.memory,
        "file_size": limits.file_size,
        "kernel": limits.kernel,
        "hook": limits.hook,
    }


def _child(box, limits, said):
    """Start the child, wait, kill whatever is left of its group; how it ended, in words, or "" if it ended well."""
    home = str(box / "home")
    environment = {"HOME": home, "TMPDIR": home, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}
    environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    environment |= {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "OPENBLAS_CORETYPE") if name in os.environ}
    child = subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", str(box / "fenced.py"), str(box / "orders.json")],
        cwd=box, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
    )  # fmt: skip
    in_time = False
    try:
        in_time = _ends(child, limits.seconds)
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        code = child.wait()
    if not in_time or code in (-signal.SIGXCPU, -signal.SIGKILL):
        waiting = "" if limits.seconds is None else f" or {limits.seconds:g} of waiting"
        return f"the code was still running after {limits.cpu_seconds} seconds of computing{waiting}"
    if code < 0:
        return f"the code made Python crash ({signal.Signals(-code).name})"
    return "the code ended the process"


def _ends(child, seconds):
    """Does the child end within so many seconds?"""
    with contextlib.suppress(AttributeError, OSError):  # Linux tells of the end; elsewhere wait() looks now and then
        end = os.pidfd_open(child.pid)
        try:
            return bool(select.select([end], [], [], seconds)[0])
        finally:
            os.close(end)
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _answer(out, n, ended, limits):
    """What test n left in the folder `out` (a file descriptor)."""
    try:
        content = _content(out, f"{n}.npz", limits.file_size)
        if content is not None:
            return Answer(_arrays(content))
        content = _content(out, f"{n}.json", 1 << 16)
        if content is not None:
            return Answer(None, _tidy(str(json.loads(content)["error"])[: 4 * SAID]) or "the code gave no result")
    except Exception:  # whatever it is, the drivers have not written it
        return Answer(None, "the code meddled with the files of the grader")
    return Answer(None, f"{ended} before this test gave a result", ended=True)


def _content(out, name, most):
    """The bytes of a plain file of a sensible size, None where there is none."""
    try:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=out)
    except FileNotFoundError:
        return None
    with open(file, "rb") as opened:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or found.st_size > most:
            raise ValueError("not a file of the child's")
        return opened.read(found.st_size)


def _arrays(content):
    """The arrays of an .npz file as np.savez stores them, nothing compressed, of the types that fenced.plain makes."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if len(members) > 100 or any(m.compress_type != zipfile.ZIP_STORED for m in members):
            raise ValueError("not written by np.savez")
        if sum(member.file_size for member in members) > len(content):
            raise ValueError("claims more than there is")
    with tempfile.NamedTemporaryFile(suffix=".npz") as file:
        file.write(content)
        file.flush()
        arrays = read_npz(file.name)
    if any(array.dtype not in (np.float64, np.complex128) for array in arrays.values()):
        raise ValueError("not written by np.savez of what the drivers give")
    return arrays


def _tidy(text):
    """Text that is the same each time: no addresses, no temporary folders, nothing that is not printable."""
    text = re.sub(r"0x[0-9a-fA-F]{6,}", "0x...", re.sub(r"\S*/fence-\w+/", "", text))
    return "".join(letter for letter in text if letter.isprintable() or letter == "\n")


@contextlib.contextmanager
def _box():
    """A folder for the child, which is removed afterwards whatever the child has made of it."""
    box = Path(tempfile.mkdtemp(prefix="fence-")).resolve()
    box.chmod(0o755)
    try:
        yield box
    finally:
        with contextlib.suppress(OSError):
            _remove(box)


def _remove(box):
    """Remove a folder, however deep its folders lie within one another: each is moved to the top and emptied there.

    A child may have taken away its own right to remove files; it is given back.
    """
    os.chmod(box, 0o700)
    count, waiting = 0, [box]
    while waiting:
        folder = waiting.pop()
        with os.scandir(folder) as entries:
            inside = list(entries)
        for entry in inside:
            if entry.is_dir(follow_symlinks=False):
                count += 1
                top = box.with_name(f"{box.name}-{count}")
                os.chmod(entry.path, 0o700)
                os.rename(entry.path, top)
                waiting.append(top)
            else:
                os.unlink(entry.path)
        os.rmdir(folder)
