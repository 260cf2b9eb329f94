"""Opening files that anybody may have made: plain files only, small ones whole, folders however deep, never links."""

import csv
import errno
import io
import json
import os
import stat
import tomllib
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

LARGEST_JSON = 1 << 20  # bytes; what they become in memory is up to 45 times as much
LARGEST_TOML = 1 << 16
LARGEST_CSV = 1 << 20


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


def read_json(path: str | os.PathLike[str]) -> Any:
    """What a JSON file holds. OSError if it cannot be read or is too large, ValueError if it is no JSON."""
    return _parsed(json.loads, path, LARGEST_JSON)


def read_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The tables of a TOML file. OSError if it cannot be read or is too large, ValueError if it is no TOML."""
    return _parsed(tomllib.loads, path, LARGEST_TOML)


def _parsed(parse: Callable[[str], Any], path: str | os.PathLike[str], most: int) -> Any:
    try:
        return parse(read_bytes(path, most).decode("utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_csv(path: str | os.PathLike[str]) -> Iterator[dict[str, Any]]:
    """The lines of a CSV file, one after the other, as dicts by the names in its first line; errors as `read_json`."""
    try:
        yield from csv.DictReader(io.StringIO(read_bytes(path, LARGEST_CSV).decode("utf-8"), newline=""))
    except csv.Error as error:
        raise ValueError(str(error)) from None


def reason(error: Exception) -> str:
    """What an error says, in one line that is not long whatever it quotes."""
    return " ".join(str(error).split())[:100] or type(error).__name__


def files_below(root: str | os.PathLike[str], hidden: tuple[str, ...] = (), whole: bool = False) -> Iterator[Path]:
    """The paths of all that is in a folder and the folders below it and is no folder itself; links are not followed.

    Those that lie higher come first. A folder is passed over if its name begins with one of `hidden`, if it cannot be
    listed, or if it lies deeper than a path can tell; with `whole` the latter two, and links to folders, are OSErrors.
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
            if whole and entry.is_symlink() and entry.is_dir():
                raise OSError(errno.ELOOP, "Is a link", str(folder / entry.name))
            if entry.is_dir(follow_symlinks=False):
                if not entry.name.startswith(hidden):
                    waiting.append(folder / entry.name)
            else:
                yield folder / entry.name
