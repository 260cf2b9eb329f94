"""Files that are written whole or not at all."""

import contextlib
import json
import math
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from .errors import FULL, InputError, shown
from .processes import is_alive


@contextlib.contextmanager
def replacing(path):
    """`with replacing(path) as temporary`: write the file `temporary`, which becomes `path` when the block ends well.

    A crash at any moment leaves the old file or the new one, never half of one. Halves that processes of before have
    left of this file are removed. A folder that is missing is made; a link is followed. Raises InputError when the file
    cannot be written, or something is there that is no plain file, such as a device or a pipe.
    """
    path = _plain_place(path)
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


def _plain_place(path):
    """Where the file is to lie in the end: what `path` links to, if it is a link."""
    try:
        given = Path(path)
    except TypeError:
        given = Path("\0")
    if "\0" in str(given):
        raise InputError(f"{shown(path)} is no path of a file; give another one")
    place = Path(os.path.realpath(given)) if given.is_symlink() else given
    if os.path.lexists(place) and not (place.is_file() or place.is_dir()):
        raise InputError(f"{path} cannot be written, for it is no plain file; choose another place")
    return place


def _remove_leftovers(path):
    with contextlib.suppress(OSError):  # where they cannot be removed they stay, and nobody reads them
        for name in os.listdir(path.parent):
            found = re.fullmatch(rf"\.{re.escape(path.name)}\.([0-9]{{1,9}})\.part", name)
            if found and not is_alive(int(found[1])):
                path.with_name(name).unlink()


def sync_names(folder):
    """Bring the names of the files in `folder` to the disk, before anything that is written later."""
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
    """Write arrays by name into an open file, as np.savez does; NumPy 1.26's says only later that a disk is full."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
