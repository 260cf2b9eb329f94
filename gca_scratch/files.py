"""Files that are written whole or not at all, and read without believing what they claim."""

import contextlib
import dataclasses
import json
import math
import os
import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from .errors import FULL, InputError, shown
from .opening import open_plain, reason
from .processes import is_alive

MAPPED = 2**28  # bytes: arrays that are larger can be mapped instead of read
_PLAIN = {int: "a whole number", float: "a finite number", str: "text", bool: "true or false", dict: "a table"}


@contextlib.contextmanager
def replacing(path):
    """`with replacing(path) as temporary`: write the file `temporary`, which becomes `path` when the block ends well.

    A crash at any moment leaves the old file or the new one, never half of one; what processes that are no more have
    left half written of this file is removed. A folder that is missing is made. Raises InputError when the file cannot
    be written.
    """
    path = Path(path)
    temporary = path.parent / f".{path.name}.{os.getpid()}.part"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_names(path.parent)
    except OSError as error:
        remedy = "free some space or choose another place" if error.errno in FULL else "choose another place"
        raise InputError(f"{path} cannot be written ({error.strerror}); {remedy}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _remove_leftovers(path):
    with contextlib.suppress(OSError):  # where they cannot be removed they stay, and nobody reads them
        for name in os.listdir(path.parent):
            found = re.fullmatch(rf"\.{re.escape(path.name)}\.([0-9]{{1,9}})\.part", name)
            if found and not is_alive(int(found[1])):
                path.with_name(name).unlink()


def sync_names(folder):
    """Have the names of the files in `folder` on the disk before anything that is written after this."""
    with contextlib.suppress(OSError):  # some systems cannot
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """A dict or list as JSON, written beside and renamed; numbers unknown to JSON (NaN, infinity) become null."""
    with replacing(path) as temporary:
        temporary.write_text(_lines(_known_to_json(value)) + "\n", "utf-8")


def _lines(value):
    """JSON with a line for each entry, however many numbers that holds."""
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(item)}" for name, item in value.items()) + "\n}"
    return "[\n" + ",\n".join(f"  {json.dumps(item)}" for item in value) + "\n]"


def _known_to_json(value):
    if isinstance(value, dict):
        return {name: _known_to_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_known_to_json(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_npz(file, arrays):
    """Write arrays by name into an open file, as np.savez does; NumPy 1.26's speaks up later where the disk is full."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


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
    `kind` itself does not want it.
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
        if wrong or (isinstance(value, float) and not math.isfinite(value)):
            raise InputError(f"{where}: {name} must be {_PLAIN.get(wanted, wanted)}, not {shown(value)}")
        converted[name] = value
    try:
        return kind(**converted)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
