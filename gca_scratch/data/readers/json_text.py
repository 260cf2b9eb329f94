"""Recordings as JSON: what the readers of several trackers share, up to places that are numbers."""

import contextlib
import errno
import json
import math
import re
from itertools import islice, pairwise
from pathlib import Path

from gca_scratch.support.errors import InputError, shown
from gca_scratch.support.reading import files_below, is_number, open_plain, read_bytes, reason

from .recording import HIDDEN, files_in

LARGEST = 1 << 28  # bytes of a file: a quarter of an hour and more of one person, however widely it is written

_FAR = 1e6  # in the unit of the file: no tracker sees as far
_NAMES = (".json", ".jsonl")
_BEGINNING = 1 << 16  # bytes that tell what a file is
_LOOKED_INTO = 10  # files of a folder, to tell what it is
_RATES, _ON_THE_WHOLE = ("rate", "fps", "frameRate", "frame_rate"), ("metadata", "meta", "info", "video")
_AGAIN = "write or copy the file again"
_CUT = "cut the recording into files of some minutes"


def begins_like(path: Path, pattern: re.Pattern[bytes]) -> bool:
    """Is the pattern in the first bytes of the file, or of one of the first JSON files in the folder? Never raises."""
    with contextlib.suppress(OSError, ValueError):
        if path.is_dir():
            inside = (file for file in files_below(path, HIDDEN) if _is_json(file))
            return any(begins_like(file, pattern) for file in islice(inside, _LOOKED_INTO))
        with open_plain(path) as file:
            beginning = file.read(_BEGINNING).replace(b"\0", b"")  # every second byte of UTF-16
            return beginning.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:1] in (b"{", b"[") and bool(
                pattern.search(beginning)
            )
    return False


def json_files(path: Path, whose: str) -> list[Path]:
    """The file `path`, or the JSON files in the folder `path` and below; InputError if there is none."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError(f"there is no folder or file {path}; give one that holds recordings of {whose} (.json).")
    found = [file for file in files_in(path) if _is_json(file)]
    if not found:
        raise InputError(f"{path} holds no .json file of {whose}; give the folder where the recordings lie.")
    return found


def _is_json(file: Path) -> bool:
    return file.suffix.lower() in _NAMES and not file.name.startswith(HIDDEN)


def read_json_text(path: Path) -> object:
    """What a JSON file holds; a list of values where it has one in each line (.jsonl). NaN is a number in it.

    UTF-8, 16 and 32 are read, with and without a byte-order mark. Raises InputError, naming the file, if it cannot be
    read, is larger than 256 MiB or is no JSON.
    """
    try:
        data = read_bytes(path, LARGEST)
    except OSError as error:
        remedy = _CUT if error.errno == errno.EFBIG else _AGAIN
        raise InputError(f"{path} cannot be read ({error.strerror}); {remedy}.") from error
    try:
        text = data.decode(json.detect_encoding(data))
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            if error.msg != "Extra data":
                raise
            return [json.loads(line) for line in text.splitlines() if line.strip()]
    except RecursionError:
        raise InputError(f"{path} is nested too deeply for a recording; {_AGAIN}.") from None
    except ValueError as error:
        raise InputError(f"{path} is no JSON ({reason(error)}); {_AGAIN}.") from error


def as_list(value: object, place: str, what: str) -> list:
    """The value, which is a list; InputError, naming the place and what belongs there, if it is none."""
    if not isinstance(value, list):
        raise InputError(f"{place}: {shown(value)} is no list of {what}; {_AGAIN}.")
    return value


def coordinate(value: object, place: str) -> float:
    """A coordinate; NaN for NaN and null, which say that there is none. InputError if it is no number or infinite."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return math.nan
    if not is_number(value, -_FAR, _FAR):
        raise InputError(f"{place}: the coordinate {shown(value)} is no number below {_FAR:g}; {_AGAIN}.")
    return float(value)


def rate_of(found: object) -> float | None:
    """Frames a second, where a table, or one on the whole in it, says so; None where it does not, or says nonsense."""
    tables = [found, *(found.get(key) for key in _ON_THE_WHOLE)] if isinstance(found, dict) else []
    for table in tables:
        for key in _RATES:
            if isinstance(table, dict) and is_number(table.get(key), 1e-3, 1e5):
                return float(table[key])
    return None


def typical_step(times: list[object]) -> float | None:
    """The median of the steps between times, where they are numbers that grow; None where there are not two such."""
    if len(times) < 2 or not all(is_number(time, -1e18, 1e18) for time in times):
        return None
    steps = sorted(after - before for before, after in pairwise(times))
    return float(steps[len(steps) // 2]) if steps[0] > 0 else None
