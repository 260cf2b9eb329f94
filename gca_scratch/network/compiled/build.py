"""Compiles library.c with the C compiler that is there, once for each processor, and loads it; or says why it cannot.

GCA_SCRATCH_COMPILED=off switches it off, and CC names another compiler; both are read once, at the first use.
The compiled file lies in a folder that belongs to the user alone, ~/.cache/gca_scratch (XDG_CACHE_HOME is obeyed). Its
name is drawn from all that decides what is in it: the source, the options, the compiler, and what that compiler knows
of this processor.
"""

import contextlib
import ctypes
import functools
import hashlib
import os
import shlex
import shutil
import stat
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

HERE = Path(__file__).parent
MAIN = "library.c"
PARTS = ("vectors.h", "team.h", "tiles.h", "sweep.h", "product.h", "scoring.h", "unit_gates.h", "unit_forward.h",
         "unit_backward.h")  # fmt: skip
# Without -ffast-math, which lets infinities and NaN through only by chance.
OPTIONS = ("-std=gnu11", "-O3", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-shared", "-pthread")
NATIVE = (("-march=native",), ("-mcpu=native",), ())  # for this processor: the first that the compiler understands
TYPES = {np.dtype(np.float32): ("float", "int32_t"), np.dtype(np.float64): ("double", "int64_t")}
SWITCH = "GCA_SCRATCH_COMPILED"
SECONDS = 120  # for a compiler that hangs
_lock, _resting = threading.Lock(), False


class Library(NamedTuple):
    """What was compiled, for one type of number.

    lanes: how many numbers a vector of this processor holds.
    forward, backward: functions of a pointer to a `wavefront_cpu.Sweep` and a number of threads.
    product, product_of_columns: functions of a pointer to a `products.Product` and a number of threads.
    score, score_back: functions of a pointer to a `scoring.Scoring` and a number of threads.
    """

    lanes: int
    forward: Any
    backward: Any
    product: Any
    product_of_columns: Any
    score: Any
    score_back: Any


class Unavailable(Exception):
    """Why there is nothing compiled."""


def library(dtype: np.dtype) -> Library | None:
    """What is compiled for numbers of this dtype, built at the first use; None where it cannot be had."""
    return None if _resting else _found(dtype)[0]


@contextlib.contextmanager
def resting() -> Iterator[None]:
    """`with resting():` NumPy does the work, in all threads."""
    global _resting
    before, _resting = _resting, True
    try:
        yield
    finally:
        _resting = before


def describe() -> str:
    """Half a sentence on what serves float32: how wide its vectors are, or why NumPy does the work."""
    found, reason = _found(np.dtype(np.float32))
    return f"compiled, {found.lanes} numbers at a time" if found else f"NumPy, for {reason}"


def _found(dtype):
    """The library, or None and the reason."""
    with _lock:  # the first of several threads builds it
        return _built(dtype)


@functools.cache
def _built(dtype):
    if os.environ.get(SWITCH, "").lower() in ("off", "0", "no", "false"):
        return None, f"{SWITCH} is {os.environ[SWITCH]}"
    try:
        return _load(_compiler(os.environ.get("CC", "")), dtype), ""
    except (Unavailable, OSError, subprocess.SubprocessError) as error:
        return None, str(error)


def _compiler(wanted):
    """The command of a C compiler, as a list."""
    if os.name != "posix":
        raise Unavailable("compiled code is made on Linux and macOS alone")
    for command in [wanted] if wanted else ["cc", "gcc", "clang"]:
        words = shlex.split(command)
        if words and shutil.which(words[0]):
            return words
    raise Unavailable(f"there is no C compiler ({wanted or 'cc, gcc, clang'})")


def _load(compiler, dtype):
    """Build it unless that has been done before, and load it."""
    if dtype not in TYPES:
        raise Unavailable(f"nothing is compiled for {dtype}")
    real, integer = TYPES[dtype]
    for native in NATIVE:
        command = [*compiler, *OPTIONS, *native, f"-DREAL={real}", f"-DINTEGER={integer}"]
        known = _run([*command, "-dM", "-E", "-x", "c", os.devnull])  # its version, and the processor's features
        if not known.returncode:
            break
    else:
        raise Unavailable(f"{compiler[0]} does not work: {_first_error(known)}")
    source = b"".join((HERE / name).read_bytes() for name in (MAIN, *PARTS))
    name = hashlib.sha256(b"\0".join([source, repr(command).encode(), known.stdout.encode()])).hexdigest()[:40] + ".so"
    folder = _private_folder()
    if folder is None:  # then for this process alone
        with tempfile.TemporaryDirectory(prefix="gca_scratch-") as folder:
            return _loaded(_build(command, Path(folder, name)))
    if _ours(folder / name, stat.S_ISREG):
        try:
            return _loaded(folder / name)
        except (OSError, AttributeError):  # damaged: it is replaced
            pass
    return _loaded(_build(command, folder / name))


def _build(command, path):
    """Compile to `path`, which appears when it is complete: others may build the same at the same time."""
    handle, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
    os.close(handle)
    try:
        done = _run([*command, str(HERE / MAIN), "-o", part])
        if done.returncode:
            raise Unavailable(f"{command[0]} cannot compile {MAIN}: {_first_error(done)}")
        os.chmod(part, 0o700)
        os.replace(part, path)
    finally:
        Path(part).unlink(missing_ok=True)
    return path


def _run(command):
    return subprocess.run(
        command, capture_output=True, text=True, errors="replace", timeout=SECONDS, stdin=subprocess.DEVNULL
    )


def _first_error(done):
    """The first line of a compiler's complaint that speaks of an error."""
    lines = done.stderr.strip().splitlines() or [f"it ends with {done.returncode}"]
    return next((line for line in lines if "error" in line.lower()), lines[0])[:300]


def _loaded(path):
    compiled = ctypes.CDLL(str(path))
    compiled.lanes.restype = ctypes.c_int64
    functions = [getattr(compiled, name) for name in Library._fields[1:]]
    for function in functions:
        function.restype, function.argtypes = None, [ctypes.c_void_p, ctypes.c_int64]
    return Library(compiled.lanes(), *functions)


def _private_folder():
    """The folder of compiled files; None where none can be had that this user alone can write to."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        folder = (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "gca_scratch"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder if _ours(folder, stat.S_ISDIR) and os.access(folder, os.W_OK) else None
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        return None


def _ours(path, kind):
    """Is it there and of this kind, no link, owned by this user, and may nobody else write to it?"""
    try:
        found = path.lstat()
    except OSError:
        return False
    return kind(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022
