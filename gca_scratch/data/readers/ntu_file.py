"""What stands in a .skeleton file of NTU RGB+D, byte by byte: its bodies, each with its frames and poses.

A file begins with its number of frames. Each frame is a line with the number of bodies, then for each body a line of
ten fields, the first of which is the number it is followed by (bodyID), a line `25`, and a line of twelve numbers for
each joint, of which the first three are x, y and z in metres, y up.
"""

import io
import itertools
import re
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gca_scratch.support.errors import InputError, shown

from ..skeleton import KINECT_V2
from .text import read_text

_JOINTS = len(KINECT_V2.joint_names)
_BODY = [10, 1, *_JOINTS * [12]]  # columns of the lines of one body
_NUMBER = re.compile(rb"[-+]?([0-9]++\.?[0-9]*+|\.[0-9]++)(e[-+]?[0-9]++)?|[-+]?(nan|inf|infinity)", re.IGNORECASE)
_FAR = 1000.0  # metres: no Kinect sees as far


class Body(NamedTuple):
    """What goes by one number: frames int64 (n,), ascending, and poses float32 (n, 25, 3)."""

    number: str
    frames: np.ndarray
    poses: np.ndarray


def read_bodies(path: Path) -> list[Body]:
    """The bodies of a file, in the order in which they appear; a pose of nothing but zeros is nobody.

    Raises InputError, with file and line, if the file cannot be read, is cut off or goes on after its last frame, if a
    line has a column too few or too many or something other than a number, if a coordinate is not finite, if a body has
    not 25 joints or comes twice in a frame, and if no frame holds a body. Infinities and NaN are let pass in the
    columns that are not used.
    """
    text = read_text(path).rstrip()
    if not is_plain(text):
        _check_numbers(text, path)
    rows = map(bytes.split, io.BytesIO(text), itertools.repeat(None), itertools.repeat(max(_BODY)))
    frames = _count(rows, 1, path, "the number of frames")
    line, bodies, values, starts = 1, {}, array("d"), []  # the line that has been read last
    for frame in range(frames):
        line += 1
        count = _count(rows, line, path, f"the number of bodies in frame {frame + 1} of {frames}")
        for _ in range(count):
            block = list(itertools.islice(rows, len(_BODY)))
            if list(map(len, block)) != _BODY or block[1] != [b"25"]:
                raise _wrong_body(block, line + 1, path, f"frame {frame + 1} of {frames}")
            when, which = bodies.setdefault(block[0][0], ([], []))
            if when and when[-1] == frame:
                raise InputError(
                    f"{path}, line {line + 1}: body {_short(block[0][0])} comes twice in one frame; "
                    "copy the file again from the data set."
                )
            when.append(frame)
            which.append(len(starts))
            starts.append(line + 3)
            values.extend(map(float, itertools.chain.from_iterable(row[:3] for row in block[2:])))
            line += len(block)
    if next(rows, None) is not None:
        raise InputError(
            f"{path}, line {line + 1}: the file goes on after the last of its {frames} frames; "
            "copy the file again from the data set."
        )
    poses = _poses(values, starts, text, path)
    there = poses.any(axis=(1, 2))  # a pose of nothing but zeros is nobody
    found = [
        Body(_short(number).strip("'"), np.array(when)[there[which]], poses[which][there[which]])
        for number, (when, which) in bodies.items()
    ]
    found = [body for body in found if len(body.frames)]
    if not found:
        raise InputError(f"{path} holds no body in any frame; remove it, or copy it again from the data set.")
    return found


def _count(rows: Iterator[list[bytes]], line: int, path: Path, what: str) -> int:
    """The whole number that stands alone on the next line, which is `line`."""
    row = next(rows, None)
    if row is None:
        raise InputError(
            f"{path}, line {line}: the file ends where {what} belongs, so it is empty or cut off; "
            "copy it again from the data set."
        )
    if len(row) != 1 or not re.fullmatch(rb"[0-9]{1,9}", row[0]):
        raise InputError(
            f"{path}, line {line}: {_short(b' '.join(row))} stands where {what} belongs; "
            "copy the file again from the data set."
        )
    return int(row[0])


def _wrong_body(rows: list[list[bytes]], line: int, path: Path, where: str) -> InputError:
    """What is wrong with the lines of a body, of which `line` is the first."""
    again = "copy the file again from the data set."
    for number, (row, wanted) in enumerate(zip(rows, _BODY, strict=False), start=line):
        if len(row) != wanted:
            columns = sum(1 for part in row for _ in re.finditer(rb"\S+", part))
            return InputError(f"{path}, line {number}: {columns} columns where {wanted} belong; {again}")
        if wanted == 1 and row != [b"25"]:
            return InputError(f"{path}, line {number}: {_short(row[0])} joints where a body has 25; {again}")
    return InputError(f"{path}, line {line + len(rows) - 1}: the file is cut off here, in {where}; {again}")


def _poses(values: array, starts: list[int], text: bytes, path: Path) -> np.ndarray:
    """The coordinates of the joints whose lines begin at `starts`: float32 (bodies, 25, 3)."""
    poses = np.array(values).reshape(-1, _JOINTS, 3)
    near = np.abs(poses) < _FAR  # not true of NaN
    if not near.all():
        body, joint, axis = np.argwhere(~near)[0]
        line = starts[body] + joint
        found = next(itertools.islice(io.BytesIO(text), line - 1, None)).split()[axis]
        raise InputError(
            f"{path}, line {line}, column {axis + 1} ({'xyz'[axis]} of the joint '{KINECT_V2.joint_names[joint]}'): "
            f"{_short(found)} is not a number of metres; repair the file or copy it again."
        )
    return poses.astype(np.float32)


# Kinds of byte: blank 0, digit 1, sign 2, dot 3, exponent 4, other 5; and which kind may follow which in plain numbers,
# and in what is left of them without digits and signs.
_KINDS = bytes(
    next((kind for kind, those in enumerate((b" \t\r\n", b"0123456789", b"+-", b".", b"eE")) if byte in those), 5)
    for byte in range(256)
)
_FOLLOW = {0: (0, 1, 2), 1: (0, 1, 3, 4), 2: (1,), 3: (0, 1, 4), 4: (1, 2)}
_FOLLOW_APART = {0: (0, 3, 4), 3: (0, 4), 4: (0,)}


def is_plain(text: bytes) -> bool:
    """Is there nothing but decimal numbers and blanks? It looks at neighbouring bytes, without reading the numbers.

    What it takes for plain is; of what is not, like nan or .5, `_check_numbers` takes a closer look.
    """
    kinds = (b"\n" + text + b"\n").translate(_KINDS)
    return _follows(kinds, _FOLLOW) and _follows(kinds.translate(None, b"\1\2"), _FOLLOW_APART)


def _follows(kinds: bytes, allowed: dict[int, tuple[int, ...]]) -> bool:
    numbers = np.frombuffer(kinds, np.uint8)
    pairs = (6 * numbers[:-1] + numbers[1:]).tobytes()
    return not pairs.translate(None, bytes(6 * first + second for first in allowed for second in allowed[first]))


def _check_numbers(text: bytes, path: Path) -> None:
    for line, row in enumerate(io.BytesIO(text), start=1):
        for column, found in enumerate(re.finditer(rb"\S+", row), start=1):
            if not _NUMBER.fullmatch(found[0]):
                raise InputError(
                    f"{path}, line {line}, column {column}: {_short(found[0])} is not a number; "
                    "copy the file again from the data set."
                )


def _short(text: bytes) -> str:
    return shown(text[:60].decode("ascii", "backslashreplace"))
