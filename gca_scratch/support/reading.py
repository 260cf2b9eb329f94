"""Files that anybody may have made, read without believing what they claim; nothing is unpickled or executed.

Plain files only, small ones whole, folders however deep, never links. (Of pickles, see unpickling.py.)
"""

import codecs
import csv
import dataclasses
import errno
import io
import json
import math
import os
import stat
import struct
import tomllib
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from .errors import InputError, shown

LARGEST_JSON = 1 << 20  # bytes; in memory they become up to 45 times as many
LARGEST_TOML = 1 << 16
LARGEST_CSV = 1 << 20
LARGEST_NUMBER = 1e300  # that is believed: a sum of some is finite, too
MAPPED = 2**28  # bytes: arrays that are larger can be mapped instead of read
_PLAIN = {int: "a whole number", float: "a finite number", str: "text", bool: "true or false", dict: "a table"}


def open_plain(path: str | os.PathLike[str]) -> IO[bytes]:
    """Open a file to read its bytes; OSError as `open` raises it, and for pipes and devices, which may never end."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    kind = os.fstat(handle).st_mode
    if not stat.S_ISREG(kind):
        os.close(handle)
        raise OSError(errno.EINVAL, "Is a directory" if stat.S_ISDIR(kind) else "Is no plain file", str(path))
    return open(handle, "rb")


def read_bytes(path: str | os.PathLike[str], most: int | None = None) -> bytes:
    """The bytes of a plain file; OSError if it cannot be read, or is larger than `most` bytes."""
    with open_plain(path) as file:
        size = os.fstat(file.fileno()).st_size
        if most is not None and size > most:
            raise OSError(errno.EFBIG, f"Larger than {most >> 10} KiB", str(path))
        return file.read(size)


def without_mark(content: bytes) -> bytes:
    """The bytes of a text file without the byte-order mark that editors put first; ValueError for text in UTF-16."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ValueError("it is text in UTF-16; save it as UTF-8")
    return content.removeprefix(codecs.BOM_UTF8)


def read_json(path: str | os.PathLike[str]) -> Any:
    """What a JSON file holds. OSError if it cannot be read or is too large, ValueError if it is no JSON."""
    return _parsed(json.loads, path, LARGEST_JSON)


def read_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The tables of a TOML file. OSError if it cannot be read or is too large, ValueError if it is no TOML."""
    return _parsed(tomllib.loads, path, LARGEST_TOML)


def _parsed(parse: Callable[[str], Any], path: str | os.PathLike[str], most: int) -> Any:
    try:
        return parse(without_mark(read_bytes(path, most)).decode("utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_csv(path: str | os.PathLike[str]) -> Iterator[dict[str, Any]]:
    """The lines of a CSV file, one after the other, as dicts by the names in its first line; errors as `read_json`."""
    try:
        text = without_mark(read_bytes(path, LARGEST_CSV)).decode("utf-8")
        yield from csv.DictReader(io.StringIO(text, newline=""))
    except csv.Error as error:
        raise ValueError(str(error)) from None


def is_number(value: Any, low: float = -LARGEST_NUMBER, high: float = LARGEST_NUMBER) -> bool:
    """Is it a whole or floating-point number, no boolean, finite, and from `low` to `high`?"""
    return type(value) in (int, float) and low <= value <= high  # not true of NaN


def reason(error: Exception) -> str:
    """What an error says, in one short line, whatever it quotes."""
    return " ".join(str(error).split())[:100] or type(error).__name__


def files_below(root: str | os.PathLike[str], hidden: tuple[str, ...] = (), whole: bool = False) -> Iterator[Path]:
    """The paths of all files in a folder and the folders below it, those that lie higher first; no link is followed.

    hidden: folders whose names begin with one of these are passed over.
    whole: raise OSError for a link to a folder, and for a folder that cannot be listed or lies deeper than a path can
    tell; otherwise these are passed over, too.
    """
    waiting = deque([Path(root)])
    while waiting:
        folder = waiting.popleft()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            if whole:
                raise
            continue
        for entry in entries:
            passed = entry.name.startswith(hidden)
            if whole and not passed and entry.is_symlink() and entry.is_dir():
                raise OSError(errno.ELOOP, "Is a link", str(folder / entry.name))
            if entry.is_dir(follow_symlinks=False):
                if not passed:
                    waiting.append(folder / entry.name)
            else:
                yield folder / entry.name


def read_npz(path, wanted=None, mapped=()):
    """The arrays of an `.npz` file by name: all of them, or those of the names `wanted` that are there.

    Those of the names `mapped` that are large and stored uncompressed are mapped, not read: a read-only np.memmap,
    which takes no memory of its own and outlives the file's name, but not a change of its bytes (`replacing` is none).

    Nothing is unpickled, and no size that the file claims is believed before the bytes are there. Raises InputError if
    the file cannot be read, is no .npz file or a damaged one, holds Python objects, or claims more than its bytes hold.
    """
    path = Path(path)
    try:
        file = open_plain(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check the path given.") from error
    try:
        with file, zipfile.ZipFile(file) as archive:
            return _read_arrays(archive, wanted, mapped, path, os.fstat(file.fileno()).st_size)
    except (InputError, MemoryError):
        raise
    except Exception as error:  # flipped bytes make zipfile, zlib and NumPy's header parser fail in a dozen ways
        raise InputError(
            f"{path} is not an .npz file or a damaged one ({reason(error)}); write or copy it again."
        ) from error


def _read_arrays(archive, wanted, mapped, path, file_size):
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    for name in members:
        if len(name) > 200 or not name.isprintable():
            raise InputError(f"{path} holds {shown(name)}, no name of an array; write or copy the file again.")
    if wanted is not None:
        members = {name: info for name, info in members.items() if name in wanted}
    claimed = sum(info.file_size for info in members.values())
    if claimed > 6 * file_size + 2**22:  # skeletons compress to a half or so; more zeros than this is a zip bomb
        raise InputError(f"{path} claims to unpack {file_size} bytes to {claimed}; save it uncompressed (np.savez).")
    return {name: _read_array(archive, info, name, name in mapped, path) for name, info in members.items()}


def _read_array(archive, info, name, mapped, path):
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(f"{path}: {name} is compressed in a way np.savez never does; save the file with np.savez.")
    with archive.open(info) as member:
        read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        try:
            shape, fortran, found = read_header[np.lib.format.read_magic(member)](member)
        except MemoryError:  # the parser's word for brackets within brackets
            raise ValueError(f"the header of {name} is nested too deeply") from None
        bytes_there = info.file_size - member.tell()
    if found.hasobject:
        raise InputError(
            f"{path}: {name} holds Python objects, which are never read; "
            "store plain arrays instead (np.asarray with a dtype)."
        )
    claimed = math.prod(shape) * found.itemsize
    if any(n < 0 for n in shape) or claimed != bytes_there or found.itemsize == 0:
        raise InputError(
            f"{path}: {name} claims the shape {shown(shape)} of {shown(found)}, but has {bytes_there} bytes; "
            "the file is damaged, write or copy it again."
        )
    if mapped and claimed > MAPPED and info.compress_type == zipfile.ZIP_STORED and not fortran:
        return _map(info, info.file_size - bytes_there, path, found, shape)
    with archive.open(info) as member:
        return np.lib.format.read_array(member, allow_pickle=False)


def _map(info, skip, path, dtype, shape, block=2**24):
    """The array behind the first `skip` bytes of an uncompressed member, mapped, once their checksum is found right.

    Mapped as it is and not as a view of bytes: of those, joblib before 1.5 gives its processes the axes turned round.
    """
    with open(path, "rb") as file:
        file.seek(info.header_offset)
        start = info.header_offset + 30 + sum(struct.unpack("<26xHH", file.read(30)))  # after a name and extra fields
    content = np.memmap(path, np.uint8, "r", start, (info.file_size,))
    checksum = 0
    for at in range(0, len(content), block):
        checksum = zlib.crc32(content[at : at + block], checksum)
    if checksum != info.CRC:
        raise ValueError(f"wrong checksum of {info.filename}")
    return np.memmap(path, dtype, "r", start + skip, shape)


def from_plain(kind, values, where, complete=True):
    """The dataclass `kind` from a dict of plain values, as JSON or TOML give them.

    A whole number passes for a floating-point one. Raises InputError, naming `where`, if a value is unknown, of another
    type or not finite, if one is missing (with `complete`; otherwise it keeps its default where it has one), or if
    `kind` itself refuses it.
    """
    if not isinstance(values, dict):
        raise InputError(f"{where} is {shown(values)} where a table belongs; correct it")
    types = {field.name: field.type for field in dataclasses.fields(kind)}
    needed = [f.name for f in dataclasses.fields(kind) if complete or f.default is dataclasses.MISSING]
    for name in needed:
        if name not in values:
            raise InputError(f"{where} lacks {name}; add it")
    converted = {}
    for name, value in values.items():
        if name not in types:
            raise InputError(f"{where} has no entry {shown(name)}; it may hold {', '.join(types)}")
        wanted = types[name]
        if wanted is float and type(value) is int and abs(value) < 2**53:
            value = float(value)
        wrong = not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool)
        if isinstance(value, int) and not wrong and abs(value) >= 2**63:
            raise InputError(f"{where}: {name} is {shown(value)}, too much; correct it")
        if wrong or (wanted is float and not is_number(value)):
            raise InputError(f"{where}: {name} must be {_PLAIN.get(wanted, wanted)}, not {shown(value)}")
        converted[name] = value
    try:
        return kind(**converted)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
