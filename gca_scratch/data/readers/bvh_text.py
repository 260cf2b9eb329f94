"""Parses BVH motion capture: trees of joints, each with its channels, and rows of numbers, one a frame."""

import math
import re
from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gca_scratch.support.errors import InputError, shown
from gca_scratch.support.reading import read_bytes

from .bvh_motion import Motion
from .text import number

_LIMIT = 1e7  # of any number: beyond it is no length, whatever the unit, and no angle
_LONGEST = 100  # characters of a name
_FEW = 10  # rows of which one that is missing is no slip of the tool
_CHANNELS = {f"{axis}{what}".lower(): f"{axis}{what}" for what in ("position", "rotation") for axis in "XYZ"}
_AGAIN = "correct the file or copy it again"
_WORD = re.compile(r"[{}\n]|[^\s{}]+")
_MOTION = re.compile(rb"^[ \t]*MOTION\b[^\n]*", re.IGNORECASE | re.MULTILINE)
_FRAMES = re.compile(r"\s*Frames\s*:?\s*([0-9]{1,9})\s*", re.IGNORECASE)
_TIME = re.compile(r"\s*Frame\s+Time\s*:?\s*(\S+)\s*", re.IGNORECASE)

Words = Iterator[tuple[int, str]]  # line, from 1, and word
Lines = Iterator[tuple[int, str]]  # line, from 1, and its text


def read(path: Path, end_sites: bool = False) -> Motion:
    """The motion in a BVH file.

    `end_sites` makes the ends of the outermost bones joints, too, without channels and called "<joint> end".

    Read as if it were written rightly: words in any case, names in UTF-8, UTF-16, Shift-JIS or the western code page,
    one name in several branches (each gets its parent's before it), blank lines, frames that go on over several
    lines, and, noted in the motion, frames that are more than declared or fewer by one.

    Raises InputError, with file and line, if the file cannot be read, is no BVH file or is cut off, if its hierarchy
    has an unknown word, a joint without OFFSET, channels that are unknown, repeated, missing or too many, none at all,
    or brackets that do not match, if a number is none or not finite, if a frame has not one number for each channel,
    or if there are fewer frames than the file says. Only the very last number is trusted to be whole where no line end
    follows it.
    """
    path = Path(path)
    content = _content(path)
    if not re.match(rb"\s*HIERARCHY\b", content[:4096], re.IGNORECASE):
        raise InputError(f"{path}: this is no BVH file, for it does not begin with HIERARCHY.")
    begin = _MOTION.search(content)
    if not begin:
        lines = content.count(b"\n") + (not content.endswith(b"\n"))
        raise InputError(f"{path}, line {lines}: the file ends without its part MOTION; {_AGAIN}.")
    motion = content.count(b"\n", 0, begin.start()) + 1
    names, parents, offsets, channels, ends = _hierarchy(_words(_decoded(content[: begin.start()])), path, motion)
    columns = sum(map(len, channels))
    if not columns:
        raise InputError(f"{path}: no joint has a channel, so nothing moves; give a file with a motion.")
    values, frame_time, notes = _motion(_lines(content, begin.end() + 1, motion + 1), motion, columns, path)
    kept = [joint for joint in range(len(names)) if end_sites or not ends[joint]]
    place = {joint: index for index, joint in enumerate(kept)} | {-1: -1}
    names = _unique(names, parents, ends)
    return Motion(
        tuple(names[joint] for joint in kept),
        tuple(place[parents[joint]] for joint in kept),
        np.array([offsets[joint] for joint in kept]),
        tuple(channels[joint] for joint in kept),
        values,
        frame_time,
        notes,
    )


# --- characters -------------------------------------------------------------------------------------------------------


def _content(path: Path) -> bytes:
    """The bytes of the file, lines ended by LF alone, without a mark of their encoding."""
    try:
        content = read_bytes(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); {_AGAIN}.") from error
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        content = content.decode("utf-16", "replace").encode("utf-8", "replace")
    content = content.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not content.strip():
        raise InputError(f"{path} is empty; copy it again.")
    return content


def _decoded(content: bytes) -> str:
    """Text in the first of the encodings of tools that write joint names: whatever the bytes are, it is some text."""
    for encoding in ("utf-8", "cp932"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            pass
    return content.decode("cp1252", "replace")


def _words(text: str) -> Words:
    line = 1
    for word in _WORD.finditer(text):
        if word[0] == "\n":
            line += 1
        else:
            yield line, word[0]


def _lines(content: bytes, start: int, line: int) -> Lines:
    """The lines that are not blank, from the byte `start` on, which begins the line of that number."""
    while start < len(content):
        end = content.find(b"\n", start)
        end = len(content) if end < 0 else end
        text = content[start:end].decode("ascii", "replace")
        if text.strip():
            yield line, text
        start, line = end + 1, line + 1


# --- the hierarchy ----------------------------------------------------------------------------------------------------


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
    next(words)  # HIERARCHY
    while True:
        if open_nodes or not names:
            line, word = _next(words, path, end, "'}'" if open_nodes else "ROOT")
        else:
            line, word = next(words, (end, ""))
            if not word:
                break
        node = open_nodes[-1] if open_nodes else None
        inner = node is not None and not ends[node]
        kind = word.upper()
        if (kind == "ROOT" and node is None) or (kind in ("JOINT", "END") and inner):
            name = _name(words, path, end, line)
            names.append(f"{names[node]} end" if kind == "END" else name)
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
    return names, parents, offsets, [own or () for own in channels], ends


def _name(words: Words, path: Path, end: int, line: int) -> str:
    """The rest of the line, up to an opening bracket, which may stand on the next line."""
    parts = []
    while True:
        at, found = _next(words, path, end, "'{'")
        if found == "{" and parts:
            break
        if at != line or found in "{}":
            wanted = "'{'" if parts else "a name"
            raise InputError(f"{path}, line {at}: {shown(found)} stands where {wanted} should; {_AGAIN}.")
        parts.append(found)
    name = " ".join(parts)
    if len(name) > _LONGEST:
        raise InputError(f"{path}, line {line}: the name {shown(name)} is longer than {_LONGEST} characters; cut it.")
    if not name.isprintable():
        raise InputError(f"{path}, line {line}: the name {shown(name)} cannot be shown; write it in plain characters.")
    return name


def _unique(names: list[str], parents: list[int], ends: list[bool]) -> list[str]:
    """The names, no two in one tree alike: those that stand for several joints get their parent's before them.

    Where that would not do, or be too long, they are numbered.
    """
    root, often = [0] * len(names), {}
    for node, parent in enumerate(parents):
        root[node] = node if parent < 0 else root[parent]
        key = root[node], names[node]
        often[key] = often.get(key, 0) + 1
    if len(often) == len(names):
        return names
    made: list[str] = []
    taken = {key for key, count in often.items() if count == 1}
    numbers: dict[tuple[int, str], int] = {}
    for node, name in enumerate(names):
        key = root[node], name
        if often[key] > 1:
            longer = f"{made[parents[node]]} {name}" if parents[node] >= 0 and not ends[node] else name
            key = (root[node], longer) if len(longer) <= _LONGEST else key
            base = key
            while key in taken:
                numbers[base] = numbers.get(base, 1) + 1
                key = root[node], f"{base[1]} {numbers[base]}"
            taken.add(key)
        made.append(key[1])
    return made


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


# --- the motion -------------------------------------------------------------------------------------------------------


def _motion(lines: Lines, line: int, columns: int, path: Path) -> tuple[np.ndarray, float, tuple[str, ...]]:
    """The numbers of all frames, float64 (F, columns), the time from one to the next, and notes.

    `line` is that of MOTION; `lines` are those after it.
    """
    line, frames = _said(_FRAMES, lines, path, line, "Frames: number")
    time_line, time = _said(_TIME, lines, path, line, "Frame Time: seconds")
    frame_time = number(time, f"{path}, line {time_line}", _LIMIT)
    if not frame_time > 0:
        raise InputError(f"{path}, line {time_line}: a frame cannot take {time[:20]} seconds; {_AGAIN}.")
    values, declared = _numbers(lines, columns, path), int(frames)
    count = len(values) // columns
    if not count and not declared:
        raise InputError(f"{path}, line {line}: this is a skeleton without a single frame; give a file with motion.")
    if count < declared - (count >= _FEW) or not count:
        said = f"{declared} frames are declared, but {count} are there; copy the file again, or correct the number"
        raise InputError(f"{path}, line {line}: {said} if nothing is missing.")
    notes = () if count == declared else ("declares another number of frames than there are",)
    return np.frombuffer(values).reshape(count, columns), frame_time, notes


def _said(pattern: re.Pattern[str], lines: Lines, path: Path, line: int, what: str) -> tuple[int, str]:
    """The next line's number, and what it says."""
    line, text = next(lines, (line, ""))
    if not text:
        raise InputError(f"{path}, line {line}: the file ends before its first frame; {_AGAIN}.")
    found = pattern.fullmatch(text)
    if not found:
        raise InputError(f"{path}, line {line}: expected '{what}' in place of {shown(text[:200])}; {_AGAIN}.")
    return line, found[1]


def _numbers(lines: Lines, columns: int, path: Path) -> array:
    """The numbers of all frames, one after the other. A frame begins a line, ends one, and may go on over several."""
    values, begun, first = array("d"), 0, 0
    for line, text in lines:
        row = text.split(None, columns)
        first = first if begun else line
        if begun + len(row) > columns:
            count = begun or sum(1 for _ in re.finditer(r"\S+", text))
            raise _uneven(path, first, count, columns)
        values.extend(_row(row, text, f"{path}, line {line}"))
        begun = (begun + len(row)) % columns
    if begun:
        raise _uneven(path, first, begun, columns)
    return values


def _uneven(path: Path, line: int, count: int, columns: int) -> InputError:
    return InputError(f"{path}, line {line}: {count} numbers where the hierarchy has {columns} channels; {_AGAIN}.")


def _row(row: list[str], text: str, place: str) -> list[float]:
    try:
        values = list(map(float, row))
        if math.fsum(map(abs, values)) < _LIMIT and "_" not in text:
            return values
    except (ValueError, OverflowError):
        pass
    return [number(text, f"{place}, column {column}", _LIMIT) for column, text in enumerate(row, start=1)]
