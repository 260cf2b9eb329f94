"""Tables of numbers as text, the same count in every row: one array of them, or one sentence that names the line."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from gca_scratch.support.errors import InputError, shown

from ..meaning import METRES, Fact, Meaning
from .recording import Options, Recording
from .text import read_text

FAR = 1e6  # no file of the kind holds a number as large, in whatever unit

_SEPARATORS = str.maketrans(",;", "  ")
_AGAIN = "copy the file again from the data set"


def read_rows(path: Path, count: int, what: str) -> tuple[np.ndarray, np.ndarray]:
    """The rows of a text file, float64 (rows, count), and the line of each, int64 (rows,), from 1.

    Blanks, tabs, commas or semicolons separate the numbers; lines end with LF or CRLF; empty lines and a byte-order
    mark are passed over. NaN is a number here: what stands for an absent joint.

    Raises InputError, with file and line, if the file cannot be read, is no text or has no rows, if a row has not so
    many numbers (it is said to hold `what`), or one of them is none, infinite or beyond a million.
    """
    rows, lines = [], []
    for line, text in enumerate(_text(path).splitlines(), start=1):
        columns = text.translate(_SEPARATORS).split(None, count)
        if not columns:
            continue
        if len(columns) != count:
            found = len(text.translate(_SEPARATORS).split())
            raise InputError(f"{path}, line {line}: {found} numbers where {count} belong ({what}); {_AGAIN}.")
        rows.append(_numbers(columns, f"{path}, line {line}"))
        lines.append(line)
    if not rows:
        raise InputError(f"{path} is empty; {_AGAIN}.")
    return np.array(rows), np.array(lines, np.int64)


def _text(path: Path) -> str:
    try:
        return read_text(path).decode("ascii")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a text file (byte {error.start}); {_AGAIN}.") from error


def _numbers(columns: list[str], place: str) -> list[float]:
    values = []
    for column, text in enumerate(columns, start=1):
        try:
            value = float(text)
        except ValueError:
            value = np.inf
        if abs(value) >= FAR or "_" in text:  # not true of NaN
            raise InputError(
                f"{place}, column {column}: {shown(text)} is not a number below {FAR:g}; repair the file or {_AGAIN}."
            )
        values.append(value)
    return values


def in_frames(rows: np.ndarray, joint_count: int, path: Path) -> np.ndarray:
    """Rows of three coordinates, a joint each, as float64 (frames, 1, joints, 3); InputError where a frame is short."""
    if len(rows) % joint_count:
        raise InputError(
            f"{path}: {len(rows)} rows are no whole number of frames of {joint_count} joints; {_AGAIN}, "
            "for this one is cut off or lacks lines."
        )
    return rows.reshape(-1, 1, joint_count, 3)


def in_metres(found: Meaning, options: Options) -> tuple[Meaning, float]:
    """What the numbers mean in metres, where files mean `found` unless a user says otherwise, and the factor to them.

    The factor is 1, and the unit stays unknown, where nobody tells it. InputError for an axis, unit or rate that is
    none.
    """
    said = found.saying(options.up, options.unit, options.rate)
    if said.unit.value not in METRES:
        return said, 1.0
    return replace(said, unit=Fact("m", said.unit.source)), METRES[said.unit.value]


def recording_of(joints: np.ndarray, path: Path, name: re.Match[str], scale: float, known: str = "") -> Recording:
    """A recording of joints (frames, 1, J, 3), times scale, whose file's name tells action, subject and repetition.

    name: of the file, with these three as its first groups.  known: what is known of files that show nobody.
    Raises InputError if this is one: all its joints are zeros.
    """
    if not joints.any():
        raise InputError(f"{path}: all joints are zeros, for nobody was found; leave the file out{known}.")
    action, subject, repetition = map(int, name.groups()[:3])
    stem = name[0].rpartition("_")[0]
    return Recording((joints * scale).astype(np.float32), action - 1, subject, stem, repetition=repetition)
