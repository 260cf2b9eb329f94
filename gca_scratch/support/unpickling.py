"""Pickles read: the one exception to "nothing that is read from the disk is unpickled", in a process of its own.

A pickle is a program, and plain `pickle.load` runs whatever it names. Here it may name no more than NumPy does for
arrays, types and numbers, under its old and its new module names:

    numpy.ndarray, numpy.dtype, numpy.core.multiarray._reconstruct and .scalar, numpy.core.numeric._frombuffer, the same
    in numpy._core, _codecs.encode and an empty bytes (in protocol 2)

and even these are not called: lines of pickled.py stand for them. Everything else is refused: other names, with or
without dots, extension codes, persistent ids, buffers out of band, arrays of Python objects, functions among values.

The process knows Python's own library only, has a limit of memory and of time, and is ended when it misses them. It
puts the arrays side by side into one file of plain bytes, and the rest into JSON; this process reads both without
believing them. On Windows there is no limit of memory, only the one of time.
"""

import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from . import pickled
from .errors import InputError, printable
from .reading import open_plain, read_bytes
from .stored import Stored, own_folder

MEMORY = (6, 1 << 30, 32 << 30)  # bytes that the process may take: times the file, beside that, and at most
SECONDS = (60, 5e6)  # that it may take, beside those of a file that is read at so many bytes a second


def unpickle(path: str | os.PathLike[str], memory: int | None = None, seconds: float | None = None) -> Any:
    """What a pickle holds: dicts with texts as keys, lists (also for tuples and sets), texts, numbers, booleans, None.

    Arrays are Stored values, to be read when they are needed; they lie in `own_folder` until this process ends. Bytes
    become texts, a letter each. Numbers and texts of NumPy become those of Python.

    memory, seconds: limits of the process that reads; by default they grow with the file.

    Raises InputError, naming the file, if it cannot be read, is no pickle or a damaged one, asks for anything beyond
    what this module says, or takes more memory or time.
    """
    path = Path(path)
    try:
        with open_plain(path) as file:
            size = os.fstat(file.fileno()).st_size
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} cannot be read ({getattr(error, 'strerror', error)}); check the path given"
        ) from error
    times, beside, most = MEMORY
    memory = min(times * size + beside, most) if memory is None else memory
    seconds = SECONDS[0] + size / SECONDS[1] if seconds is None else seconds
    folder = tempfile.mkdtemp(dir=own_folder())
    command = [sys.executable, "-I", pickled.__file__, path.absolute(), folder, str(memory), str(math.ceil(seconds))]
    try:
        wrong = _wrong(command, seconds)
        if wrong:
            raise InputError(f"{path} {wrong}")
        return _values(Path(folder), path)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _wrong(command: list, seconds: float) -> str:
    """Run the process; what is wrong with the file, as the end of a sentence, "" if nothing is."""
    quiet = subprocess.DEVNULL
    try:
        done = subprocess.run(command, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet, timeout=seconds)
    except subprocess.TimeoutExpired:
        return f"is not read within {seconds:.0f} seconds; write it again, as plain values"
    except OSError as error:
        return f"needs a process of its own, which cannot be started ({error.strerror}); end some others"
    told = printable(done.stdout.decode("ascii", "replace")[:1000].strip())
    if done.returncode and not told:
        return "ends the process that reads it, as pickles do that are damaged or claim too much; copy it again"
    return told


def _values(folder: Path, path: Path) -> Any:
    arrays = folder / "arrays"
    size, name = arrays.stat().st_size, str(arrays)

    def made(found: dict[str, Any]) -> Any:
        if "\0" not in found:
            return found
        start, dtype, shape, axes = found["\0"]
        stored = Stored(name, start, np.dtype(dtype).str, tuple(shape), tuple(axes))
        if start + math.prod(stored.shape) * stored.itemsize > size:
            raise ValueError("an array beyond the file")
        return stored

    try:
        values = json.loads(read_bytes(folder / "values.json", pickled.MOST_VALUES), object_hook=made)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{path} could not be unpacked ({error}); look whether the disk is full") from error
    os.unlink(folder / "values.json")
    return values
