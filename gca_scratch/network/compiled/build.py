"""Compiles library.c with the C compiler that is there, once for a processor, and loads it; or says why it cannot.

GCA_SCRATCH_COMPILED=off switches it off, CC names another compiler. The compiled file lies in a folder that belongs to the user
alone, ~/.cache/gca_scratch (XDG_CACHE_HOME is obeyed). Its name is drawn from all that decides what is in it: the source,
the options, the compiler, and what that compiler knows of this processor.
"""

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
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

HERE = Path(__file__).parent
SOURCES = ("library.c", "vectors.h", "team.h", "tiles.h", "sweep.h", "product.h", "unit_forward.h", "unit_backward.h")
OPTIONS = ("-std=gnu11", "-O3", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-shared", "-pthread")  # no -ffast-math
NATIVE = (("-march=native",), ("-mcpu=native",), ())  # compilers disagree; the first that is understood
TYPES = {np.dtype(np.float32): ("float", "int32_t"), np.dtype(np.float64): ("double", "int64_t")}
SWITCH = "GCA_SCRATCH_COMPILED"
_lock = threading.Lock()


class Library(NamedTuple):
    """The compiled sweep for one type of number.

    lanes: how many numbers a vector of this processor holds.
    forward, backward: functions of a pointer to a `wavefront_cpu.Sweep` and a number of threads.
    product, product_of_columns: functions of a pointer to a `products.Product` and a number of threads.
    """

    lanes: int
    forward: Any
    backward: Any
    product: Any
    product_of_columns: Any


class Unavailable(Exception):
    """Why there is no compiled sweep."""


def library(dtype: np.dtype) -> Library | None:
    """The compiled sweep for numbers of this dtype, built at the first use; None where it cannot be had."""
    return None if os.environ.get(SWITCH, "").lower() in ("off", "0", "no") else _found(dtype)[0]


def describe() -> str:
    """One sentence about the sweep that serves float32."""
    if library(np.dtype(np.float32)):
        return f"compiled for this processor, {library(np.dtype(np.float32)).lanes} numbers at a time"
    reason = _found(np.dtype(np.float32))[1] or f"{SWITCH} says so"
    return f"NumPy, for {reason}"


def _found(dtype):
    """The library, or None and the reason."""
    with _lock:
        return _built(dtype, os.environ.get("CC", ""))


@functools.cache
def _built(dtype, wanted):
    try:
        return _load(_compiler(wanted), dtype), ""
    except (Unavailable, OSError, subprocess.SubprocessError) as error:
        return None, f"{error}".splitlines()[0] if f"{error}" else type(error).__name__


def _compiler(wanted):
    """The command of a C compiler, as a list."""
    if os.name != "posix":
        raise Unavailable("compiled code is made on Linux and macOS alone")
    for command in [wanted] if wanted else ["cc", "gcc", "clang"]:
        words = shlex.split(command)
        if words and shutil.which(words[0]):
            return words
    raise Unavailable(f"no C compiler is here: {wanted or 'cc, gcc and clang are not'} found")


def _load(compiler, dtype):
    """Build it unless it has been built before, load it, and hold it to what it says of itself."""
    if dtype not in TYPES:
        raise Unavailable(f"no numbers of type {dtype} are compiled")
    real, integer = TYPES[dtype]
    source = b"".join((HERE / name).read_bytes() for name in SOURCES)
    for native in NATIVE:
        options = [*compiler, *OPTIONS, *native, f"-DREAL={real}", f"-DINTEGER={integer}"]
        known = _run([*options, "-dM", "-E", "-x", "c", os.devnull])  # the compiler's version, the processor's features
        if not known.returncode:
            break
    else:
        raise Unavailable(f"{compiler[0]} does not work: {known.stderr.strip()[:200]}")
    name = hashlib.sha256(source + repr(options).encode() + known.stdout.encode()).hexdigest()[:40] + ".so"
    folder = _private_folder()
    if folder is None:  # then for this process alone
        with tempfile.TemporaryDirectory(prefix="gca_scratch-") as folder:
            return _loaded(_build(options, Path(folder, name)))
    path = folder / name
    return _loaded(path if _ours(path) else _build(options, path))


def _build(options, path):
    """Compile to `path`, which appears when it is complete: others may build the same at the same time."""
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        part = Path(file.name)
    try:
        done = _run([*options, str(HERE / SOURCES[0]), "-o", str(part)])
        if done.returncode:
            raise Unavailable(f"{options[0]} cannot compile {SOURCES[0]}: {done.stderr.strip()[:500]}")
        part.chmod(0o700)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _run(command):
    return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=120, stdin=subprocess.DEVNULL)


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
        return folder if _ours(folder) and os.access(folder, os.W_OK) else None
    except (OSError, RuntimeError):  # no home
        return None


def _ours(path):
    """Does it exist, as no link, owned by this user, and may nobody else write to it?"""
    try:
        found = path.lstat()
    except OSError:
        return False
    right_kind = stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode)
    return right_kind and found.st_uid == os.getuid() and not found.st_mode & 0o022
