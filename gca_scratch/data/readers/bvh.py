"""Reads BVH motion capture: a tree of joints, their angles in every frame, and from these the joints' positions."""

import itertools
import math
import re
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gca_scratch.support.errors import InputError, shown

from .text import number, read_lines

_LIMIT = 1e7  # of any number: beyond it is no length, whatever the unit, and no angle
_CHANNELS = {f"{axis}{what}".lower(): f"{axis}{what}" for what in ("position", "rotation") for axis in "XYZ"}
_AGAIN = "correct the file or copy it again"
_WORD = re.compile(r"[{}]|[^\s{}]+")

Words = Iterator[tuple[int, str]]  # line, from 1, and word
Lines = Iterator[tuple[int, str]]  # line, from 1, and its text


class Motion(NamedTuple):
    """What a file holds; J joints, a parent always before its children, F frames, C channels of all joints together.

    Lengths are in the unit of the file, which BVH does not name.
    """

    names: tuple[str, ...]  # J
    parents: tuple[int, ...]  # J: the index of the joint that a joint hangs from; -1 for the root, which comes first
    offsets: np.ndarray  # float64 (J, 3): where a joint hangs from its parent while nothing is turned
    channels: tuple[tuple[str, ...], ...]  # J: none to six of Xposition, ..., Zrotation, in the order of their columns
    values: np.ndarray  # float64 (F, C): the channels in each frame, those of joint 0 first; rotations in degrees
    frame_time: float  # seconds from one frame to the next


def read(path: Path, end_sites: bool = False) -> Motion:
    """The motion in a BVH file.

    `end_sites` makes the ends of the outermost bones joints, too, without channels and called "<joint> end".

    Raises InputError, with file and line, if the file cannot be read, is no BVH file or is cut off, if its hierarchy
    has an unknown word, a joint without OFFSET, channels that are unknown, repeated, missing or too many, a name
    twice, a second root, or brackets that do not match, if a number is none or not finite, if a frame has not one
    number for each channel, or if there are not as many frames as the file says. Only the very last number is trusted
    to be whole where no line end follows it.
    """
    path = Path(path)
    motion = 0
    for motion, text in enumerate(read_lines(path, ended=False), start=1):  # noqa: B007
        if text.split(None, 1)[:1] == ["MOTION"]:
            break
    else:
        raise InputError(f"{path}, line {motion}: the file ends without its part MOTION; {_AGAIN}.")
    lines = enumerate(read_lines(path, ended=False), start=1)
    words = ((line, word[0]) for line, text in itertools.islice(lines, motion - 1) for word in _WORD.finditer(text))
    names, parents, offsets, channels, ends = _hierarchy(words, path, motion)
    values, frame_time = _motion(itertools.islice(lines, 1, None), motion, sum(map(len, channels)), path)
    kept = [joint for joint in range(len(names)) if end_sites or not ends[joint]]
    place = {joint: index for index, joint in enumerate(kept)} | {-1: -1}
    return Motion(
        tuple(names[joint] for joint in kept),
        tuple(place[parents[joint]] for joint in kept),
        np.array([offsets[joint] for joint in kept]),
        tuple(channels[joint] for joint in kept),
        values,
        frame_time,
    )


def positions(motion: Motion) -> np.ndarray:
    """Where the joints are in each frame, float64 (F, J, 3), in the unit of the file.

    A joint's rotations are applied in the order of its channels, each about an axis that those before have turned
    (R = R1 R2 R3), and turn everything that hangs from it. A position channel takes the place of the same coordinate
    of OFFSET; it is not added to it.
    """
    frames = len(motion.values)
    placed = np.empty((frames, len(motion.names), 3))
    turned: list[np.ndarray] = []  # for each joint, (F, 3, 3)
    columns = iter(motion.values.T)
    for joint, parent in enumerate(motion.parents):
        local, rotation = np.tile(motion.offsets[joint], (frames, 1)), np.broadcast_to(np.eye(3), (frames, 3, 3))
        for channel in motion.channels[joint]:
            axis, value = "XYZ".index(channel[0]), next(columns)
            if channel.endswith("position"):
                local[:, axis] = value
            else:
                rotation = rotation @ _turn(axis, np.radians(value))
        if parent >= 0:
            local = placed[:, parent] + (turned[parent] @ local[:, :, None])[:, :, 0]
            rotation = turned[parent] @ rotation
        placed[:, joint] = local
        turned.append(rotation)
    return placed


def _turn(axis: int, angle: np.ndarray) -> np.ndarray:
    """Rotation matrices about one axis, right-handed, (F, 3, 3), by the angles, (F,), in radians."""
    matrix = np.zeros((len(angle), 3, 3))
    y, z = (axis + 1) % 3, (axis + 2) % 3
    matrix[:, axis, axis] = 1
    matrix[:, y, y] = matrix[:, z, z] = np.cos(angle)
    matrix[:, z, y] = np.sin(angle)
    matrix[:, y, z] = -matrix[:, z, y]
    return matrix


def _next(words: Words, path: Path, end: int, what: str) -> tuple[int, str]:
    try:
        return next(words)
    except StopIteration:
        raise InputError(f"{path}, line {end}: the hierarchy ends where {what} should stand; {_AGAIN}.") from None


def _hierarchy(words: Words, path: Path, end: int):
    """Names, parents, offsets, channels and whether it is an end site, of all nodes in the order of the file.

    `end` is the line after the last.
    """
    names, parents, offsets, channels, ends = [], [], [], [], []
    open_nodes: list[int] = []
    seen: set[str] = set()

    line, word = _next(words, path, end, "HIERARCHY")
    if word != "HIERARCHY":
        raise InputError(f"{path}, line {line}: this is no BVH file, for it does not begin with HIERARCHY.")
    while open_nodes or not names:
        line, word = _next(words, path, end, "'}'" if open_nodes else "ROOT")
        node = open_nodes[-1] if open_nodes else None
        inner = node is not None and not ends[node]
        kind = word.upper()
        if (kind == "ROOT" and node is None) or (kind in ("JOINT", "END") and inner):
            name = _name(words, path, end, line)
            if len(name) > 100:
                raise InputError(f"{path}, line {line}: the name {shown(name)} is longer than 100 characters; cut it.")
            if kind == "END":
                name = f"{names[node]} end"
            if name in seen:
                raise InputError(f"{path}, line {line}: there is a second joint {shown(name)}; give each its own name.")
            seen.add(name)
            names.append(name)
            parents.append(-1 if node is None else node)
            offsets.append(None)
            channels.append(None)
            ends.append(kind == "END")
            open_nodes.append(len(names) - 1)
        elif kind == "OFFSET" and node is not None and offsets[node] is None:
            place = f"{path}, line {line}, OFFSET of the joint {shown(names[node])}"
            offsets[node] = [number(_next(words, path, end, "a number")[1], place, _LIMIT) for _ in range(3)]
        elif kind == "CHANNELS" and inner and channels[node] is None:
            channels[node] = _channels(words, path, end, line, names[node])
        elif word == "}" and node is not None:
            if offsets[node] is None:
                raise InputError(f"{path}, line {line}: the joint {shown(names[node])} has no OFFSET; {_AGAIN}.")
            open_nodes.pop()
        else:
            where = "outside of any joint" if node is None else f"in the joint {shown(names[node])}"
            raise InputError(f"{path}, line {line}: {shown(word)} cannot stand here, {where}; {_AGAIN}.")
    for line, word in words:
        raise InputError(
            f"{path}, line {line}: {shown(word)} stands after the end of the skeleton, where MOTION should; only files "
            "with one root are read."
        )
    return names, parents, offsets, [own or () for own in channels], ends


def _name(words: Words, path: Path, end: int, line: int) -> str:
    """The rest of the line, up to an opening bracket, which may stand on the next line."""
    parts = []
    while True:
        at, found = _next(words, path, end, "'{'")
        if found == "{" and parts:
            return " ".join(parts)
        if at != line or found in "{}":
            wanted = "'{'" if parts else "a name"
            raise InputError(f"{path}, line {at}: {shown(found)} stands where {wanted} should; {_AGAIN}.")
        parts.append(found)


def _channels(words: Words, path: Path, end: int, line: int, joint: str) -> tuple[str, ...]:
    place = f"{path}, line {line}, CHANNELS of the joint {shown(joint)}"
    _, count = _next(words, path, end, "the number of channels")
    if not re.fullmatch("[0-6]", count):
        raise InputError(f"{place}: {shown(count)} is not a number of channels from 0 to 6; {_AGAIN}.")
    found = [_next(words, path, end, "a channel")[1] for _ in range(int(count))]
    for name in found:
        if name.lower() not in _CHANNELS:
            raise InputError(f"{place}: {shown(name)} is not one of {', '.join(_CHANNELS.values())}; {_AGAIN}.")
    own = tuple(_CHANNELS[name.lower()] for name in found)
    if len(set(own)) < len(own):
        raise InputError(f"{place}: a channel is there twice; {_AGAIN}.")
    return own


def _motion(lines: Lines, line: int, columns: int, path: Path) -> tuple[np.ndarray, float]:
    """The numbers of all frames, float64 (F, columns), and the time from one to the next; `line` is that of MOTION."""
    rows = _without_blank_end(lines)
    line, text = next(rows, (line, ""))
    time_line, time_text = next(rows, (0, ""))
    if not time_line:
        raise InputError(f"{path}, line {line}: the file ends before its first frame; {_AGAIN}.")
    frames, time = text.split(None, 2), time_text.split(None, 3)
    if len(frames) != 2 or frames[0] != "Frames:" or not re.fullmatch("[0-9]{1,9}", frames[1]):
        raise InputError(f"{path}, line {line}: expected 'Frames: number'; {_AGAIN}.")
    place = f"{path}, line {time_line}"
    if len(time) != 3 or time[:2] != ["Frame", "Time:"]:
        raise InputError(f"{place}: expected 'Frame Time: seconds'; {_AGAIN}.")
    frame_time = number(time[2], place, _LIMIT)
    if not frame_time > 0:
        raise InputError(f"{place}: a frame cannot take {time[2][:20]} seconds; {_AGAIN}.")
    values, count = array("d"), 0
    for row_line, text in rows:
        values.extend(_frame(text, columns, f"{path}, line {row_line}"))
        count += 1
    if not count or count != int(frames[1]):
        raise InputError(f"{path}, line {line}: {frames[1]} frames are declared, but {count} are there; {_AGAIN}.")
    return np.array(values).reshape(count, columns), frame_time


def _without_blank_end(lines: Lines) -> Lines:
    last = None
    for line, text in lines:
        if text.strip():
            yield from ((blank, "") for blank in range(last + 1 if last else line, line))
            yield line, text
            last = line


def _frame(text: str, columns: int, place: str) -> list[float]:
    row = text.split(None, columns)
    if len(row) != columns:
        count = sum(1 for _ in re.finditer(r"\S+", text))
        raise InputError(f"{place}: {count} numbers where the hierarchy has {columns} channels; {_AGAIN}.")
    try:
        values = list(map(float, row))
        if math.fsum(map(abs, values)) < _LIMIT and "_" not in text:
            return values
    except (ValueError, OverflowError):
        pass
    return [number(text, f"{place}, column {column}", _LIMIT) for column, text in enumerate(row, start=1)]
