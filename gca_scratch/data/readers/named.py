"""Files that tell by their names what they are: one of them, or all those in a folder, each sample once."""

import contextlib
import os
import re
from collections import deque
from itertools import islice, pairwise
from pathlib import Path

from gca_scratch.support.errors import InputError
from gca_scratch.support.reading import files_below

from .recording import HIDDEN, files_in, look_into

_LOOKED_AT = 200_000  # files of a folder, to tell what it is: more than any data set has


def holds(path: Path, name: re.Pattern[str]) -> bool:
    """Is it a file that is called so, or a folder with such a file in it or below? False for what cannot be read."""
    with contextlib.suppress(OSError, ValueError):
        if os.path.isdir(path):
            return any(name.fullmatch(file.name) for file in islice(files_below(path, HIDDEN), _LOOKED_AT))
        return os.path.isfile(path) and name.fullmatch(path.name) is not None
    return False


def ending_so(folder: Path, *suffixes: str) -> list[Path]:
    """The files in the folder and those below it whose names end so, in any case, by path; none that are HIDDEN."""
    below = islice(files_below(folder, HIDDEN), _LOOKED_AT)
    return sorted(file for file in below if file.suffix.lower() in suffixes and not file.name.startswith(HIDDEN))


def named_files(path: Path, name: re.Pattern[str], whose: str, example: str) -> list[Path]:
    """The file `path`, whatever it is called, or the files in the folder `path` and those below that are called so.

    They come by name. Raises InputError if there is nothing, no such file in the folder, or the same name twice; it
    speaks of files of `whose`, called like the `example`.
    """
    if os.path.isfile(path):
        return [path]
    if not os.path.isdir(path):
        raise InputError(f"there is no folder or file {path}; give one that holds {whose} ({example}).")
    found = [file for file in files_in(path) if name.fullmatch(file.name)]
    if not found:
        raise InputError(f"{path} holds no file of {whose} ({example}); give the folder where they lie.")
    return each_once(found)


def each_once(files: list[Path]) -> list[Path]:
    """The files by name; InputError if two of them have the same."""
    files = sorted(files, key=lambda file: (file.name, file))
    for file, other in pairwise(files):
        if file.name == other.name:
            raise InputError(f"{file} and {other} are the same sample; remove one of the two.")
    return files


def folders_with(root: Path, name: str) -> list[Path]:
    """The folders, `root` and those below it, that hold a file of this name."""
    return [file.parent for file in files_in(root) if file.name == name]


def folders_called(root: Path, name: re.Pattern[str]) -> list[Path]:
    """The folders that are called so, in the folder `root` or anywhere below it; a link to one counts as one.

    Hidden ones are passed over, with all that lies in them. Raises InputError where a folder cannot be looked into.
    """
    found, waiting = [], deque([root])
    while waiting:
        folder = waiting.popleft()
        look_into([folder])
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if entry.name.startswith(HIDDEN) or not _is_folder(entry):
                continue
            if name.fullmatch(entry.name):
                found.append(folder / entry.name)
            if entry.is_dir(follow_symlinks=False):
                waiting.append(folder / entry.name)
    return sorted(found)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        look_into([Path(entry.path)])
        return False
