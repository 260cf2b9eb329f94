"""Arrays that stay in their files: where each lies, of which type and shape, so that its rows are read one by one."""

import atexit
import contextlib
import functools
import math
import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from .errors import InputError, shown
from .reading import MAPPED, open_plain, read_npz, reason

_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


class Stored(NamedTuple):
    """An array in a file, not read yet; a small value that another process can be given.

    path: the file.  start: of its first byte.  dtype: as NumPy spells it, such as "<f4".  shape: as it lies in the
    file, the last axis fastest.  axes: the order in which it has these axes, () for the same one.
    """

    path: str
    start: int
    dtype: str
    shape: tuple[int, ...]
    axes: tuple[int, ...] = ()

    @property
    def seen(self) -> tuple[int, ...]:
        """The shape of the array, with its axes in its own order."""
        return tuple(self.shape[axis] for axis in self.axes) if self.axes else self.shape

    @property
    def itemsize(self) -> int:
        """Bytes of one number."""
        return np.dtype(self.dtype).itemsize


def read_stored(stored: Stored) -> np.ndarray:
    """The whole array, in memory; InputError if the file cannot be read or has become shorter."""
    array = _read(stored, 0, stored.shape)
    return array.transpose(stored.axes) if stored.axes else array


def read_row(stored: Stored, n: int) -> np.ndarray:
    """array[n], read alone, in memory; InputError if the file cannot be read or has become shorter."""
    if stored.axes[:1] not in ((), (0,)):  # the rows lie across the file
        with _told(stored.path):
            return np.array(mapped(stored)[n])
    row = stored.shape[1:]
    array = _read(stored, n * math.prod(row) * stored.itemsize, row)
    return array.transpose([axis - 1 for axis in stored.axes[1:]]) if stored.axes else array


def mapped(stored: Stored) -> np.ndarray:
    """The array as a read-only np.memmap; OSError or ValueError if the file cannot be mapped."""
    array = np.memmap(stored.path, stored.dtype, "r", stored.start, stored.shape)
    return array.transpose(stored.axes) if stored.axes else array


def _read(stored, skip, shape):
    count = math.prod(shape)
    with _told(stored.path), open_plain(stored.path) as file:
        file.seek(stored.start + skip)
        content = file.read(count * stored.itemsize)
        return np.frombuffer(content, stored.dtype, count).reshape(shape)  # ValueError where bytes are missing


@contextlib.contextmanager
def _told(path):
    try:
        yield
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} can no longer be read ({reason(error)}); leave it where it is until the command has ended"
        ) from error


def in_npy(path: str | os.PathLike[str]) -> Stored:
    """The array of an `.npy` file, of which only the header is read.

    Raises InputError if the file cannot be read, is no .npy file, holds Python objects, or fewer bytes than it claims.
    """
    try:
        with open_plain(path) as file:
            return _array(file, path, "the file", os.fstat(file.fileno()).st_size)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check the path given.") from error


def in_npz(path: str | os.PathLike[str], names: tuple[str, ...]) -> dict[str, Stored]:
    """Those of the arrays `names` that an `.npz` file holds, of which nothing but the headers is read.

    Their checksums are not looked at, for that would take the whole file. A compressed array of at most 256 MiB is
    unpacked into `own_folder`. Raises InputError if the file cannot be read, is no .npz file or a damaged one, holds
    Python objects in their place, or compressed ones that are larger.
    """
    path = Path(path)
    try:
        with open_plain(path) as file, zipfile.ZipFile(file) as archive:
            members = {info.filename: info for info in archive.infolist()}
            found = {name: members[f"{name}.npy"] for name in names if f"{name}.npy" in members}
            size = os.fstat(file.fileno()).st_size
            return {name: _member(file, info, path, name, size) for name, info in found.items()}
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check the path given.") from error
    except (InputError, MemoryError):
        raise
    except Exception as error:  # flipped bytes make zipfile fail in a dozen ways
        raise InputError(
            f"{path} is not an .npz file or a damaged one ({reason(error)}); write or copy it again."
        ) from error


def _member(file: IO[bytes], info: zipfile.ZipInfo, path: Path, name: str, size: int) -> Stored:
    if info.compress_type != zipfile.ZIP_STORED:
        if info.file_size > MAPPED:
            raise InputError(
                f"{path}: {name} is compressed, so its rows cannot be read one by one; save the file uncompressed, "
                "with np.savez instead of np.savez_compressed."
            )
        array = read_npz(path, {name})[name]
        handle, unpacked = tempfile.mkstemp(".npy", dir=own_folder())
        with open(handle, "wb") as beside:
            np.save(beside, array, allow_pickle=False)
        return in_npy(unpacked)
    if info.flag_bits & 1:
        raise InputError(f"{path}: {name} is encrypted; save the file with np.savez.")
    file.seek(info.header_offset + 26)  # of the length of a name and of what follows it
    lengths = file.read(4)
    start = info.header_offset + 30 + int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
    file.seek(start)
    return _array(file, path, name, min(start + info.file_size, size))


def _array(file: IO[bytes], path: str | os.PathLike[str], name: str, end: int) -> Stored:
    """The array whose .npy file begins here in the file, and which has to end at `end`."""
    try:
        version = np.lib.format.read_magic(file)
        if version not in _HEADERS:
            raise ValueError(f"version {version}")
        shape, fortran, dtype = _HEADERS[version](file)
        start = file.tell()
    except MemoryError:  # the parser's word for brackets within brackets
        raise InputError(f"{path}: the header of {name} is nested too deeply; write the file again.") from None
    except Exception as error:  # NumPy's header parser fails in a dozen ways
        raise InputError(
            f"{path}: {name} is no array as np.save writes it ({reason(error)}); write or copy the file again."
        ) from error
    if dtype.hasobject:
        raise InputError(
            f"{path}: {name} holds Python objects, which are never read; store plain arrays instead (np.asarray with a "
            "dtype)."
        )
    claimed = math.prod(shape) * dtype.itemsize
    if any(n < 0 for n in shape) or start + claimed != end or dtype.itemsize == 0 or dtype.names:
        raise InputError(
            f"{path}: {name} claims the shape {shown(shape)} of {shown(str(dtype))}, but has {max(0, end - start)} "
            "bytes; the file is cut off or damaged, write or copy it again."
        )
    if fortran:
        axes = tuple(range(len(shape)))[::-1]
        return Stored(str(path), start, dtype.str, tuple(shape)[::-1], axes)
    return Stored(str(path), start, dtype.str, tuple(shape))


def own_folder() -> str:
    """A folder for what this process unpacks, among the system's temporary files; it goes when the process ends."""
    folder = _own_folder()
    os.makedirs(folder, 0o700, exist_ok=True)  # somebody may have cleared what is temporary
    return folder


@functools.cache
def _own_folder():
    folder, process = tempfile.mkdtemp(prefix="gca-scratch-"), os.getpid()

    def remove():
        if os.getpid() == process:  # not in a process that was forked from this one
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder
