"""Files that tell by their names what they are: one of them, or all those in a folder, each sample once."""

import contextlib
import re
from itertools import islice, pairwise
from pathlib import Path

from gca_scratch.support.errors import InputError
from gca_scratch.support.reading import files_below

from .recording import HIDDEN, files_in

_LOOKED_AT = 200_000  # files of a folder, to tell what it is: more than any data set has


def holds(path: Path, name: re.Pattern[str]) -> bool:
    """Is it a file that is called so, or a folder with such a file in it or below? False for what cannot be read."""
    with contextlib.suppress(OSError, ValueError):
        if path.is_dir():
            return any(name.fullmatch(file.name) for file in islice(files_below(path, HIDDEN), _LOOKED_AT))
        return path.is_file() and name.fullmatch(path.name) is not None
    return False


def named_files(path: Path, name: re.Pattern[str], whose: str, example: str) -> list[Path]:
    """The file `path`, whatever it is called, or the files in the folder `path` and those below that are called so.

    They come by name. Raises InputError if there is nothing, no such file in the folder, or the same name twice; it
    speaks of files of `whose`, called like the `example`.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError(f"there is no file or folder {path}; give one that holds {whose} ({example}).")
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
