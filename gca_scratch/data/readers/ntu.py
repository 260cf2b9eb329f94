"""Reader for the skeleton files of NTU RGB+D: one or two people, Kinect v2, 60 actions, 40 subjects, three cameras.

A file begins with its number of frames. Each frame is a line with the number of bodies, then for each body a line of
ten fields, the first of which is the number it is followed by (bodyID), a line `25`, and a line of twelve numbers for
each joint, of which the first three are x, y and z in metres, y up.

Kinect follows up to six bodies, takes chairs for people, and gives a person whom it has lost another number. Hence:

* A body seen in fewer than 12 frames, or wider than 0.8 of its height in more than 70 % of them, is noise. Only where
  there are several is any body left out; if all are noise, the one seen longest stays.
* The bodies are taken in the order of their motion (the variance of each coordinate over time, summed over the joints).
  Each becomes the first person or, if the first is there at the same time, the second or, if both are, nobody: so the
  first person moves most, and a body that comes back under another number goes on as the person it was.
* Where a person is not seen its joints are zeros; a frame in which nobody is seen is left out.

Length and shape of noise are the values in common use (SGN, CTR-GCN), motion is what the authors of the data advise.
"""

import io
import itertools
import os
import re
from array import array
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from gca_scratch.support.errors import InputError, shown
from gca_scratch.support.reading import read_bytes

from ..skeleton import KINECT_V2
from .recording import Recording, files_in

CLASS_NAMES = (
    "drink water",
    "eat meal/snack",
    "brushing teeth",
    "brushing hair",
    "drop",
    "pickup",
    "throw",
    "sitting down",
    "standing up (from sitting position)",
    "clapping",
    "reading",
    "writing",
    "tear up paper",
    "wear jacket",
    "take off jacket",
    "wear a shoe",
    "take off a shoe",
    "wear on glasses",
    "take off glasses",
    "put on a hat/cap",
    "take off a hat/cap",
    "cheer up",
    "hand waving",
    "kicking something",
    "put something inside pocket / take out something from pocket",
    "hopping (one foot jumping)",
    "jump up",
    "make a phone call/answer phone",
    "playing with phone/tablet",
    "typing on a keyboard",
    "pointing to something with finger",
    "taking a selfie",
    "check time (from watch)",
    "rub two hands together",
    "nod head/bow",
    "shake head",
    "wipe face",
    "salute",
    "put the palms together",
    "cross hands in front (say stop)",
    "sneeze/cough",
    "staggering",
    "falling",
    "touch head (headache)",
    "touch chest (stomachache/heart pain)",
    "touch back (backache)",
    "touch neck (neckache)",
    "nausea or vomiting condition",
    "use a fan (with hand or paper)/feeling warm",
    "punching/slapping other person",
    "kicking other person",
    "pushing other person",
    "pat on back of other person",
    "point finger at the other person",
    "hugging other person",
    "giving something to other person",
    "touch other person's pocket",
    "handshaking",
    "walking towards each other",
    "walking apart from each other",
)
LAYOUT = KINECT_V2
PERSONS = 2
MISSING = frozenset(Path(__file__).with_name("ntu_missing.txt").read_text("ascii").split("\n")[1:-1])

_JOINTS = len(LAYOUT.joint_names)
_NAME = re.compile(r"S([0-9]{3})C([0-9]{3})P([0-9]{3})R([0-9]{3})A([0-9]{3})\.skeleton")
_LAST = (17, 3, 40, 2, 60)  # the highest setup, camera, subject, repetition and action
_BODY = [10, 1, *_JOINTS * [12]]  # columns of the lines of one body
_NUMBER = re.compile(rb"[-+]?([0-9]++\.?[0-9]*+|\.[0-9]++)(e[-+]?[0-9]++)?|[-+]?(nan|inf|infinity)", re.IGNORECASE)
_FAR = 1000.0  # metres: no Kinect sees as far
_SHORT, _WIDE, _OFTEN = 12, 0.8, 0.7


def items(root: str | os.PathLike) -> list[str]:
    """The paths of the .skeleton files in the folder `root` and those below it, by name, without the 302 of MISSING.

    Raises InputError if there is no such folder, no such file in it, or the same sample twice.
    """
    if not os.path.isdir(root):
        raise InputError(f"there is no folder {root}; give with --data the folder that holds the .skeleton files.")
    paths = [path for path in files_in(root) if path.name.endswith(".skeleton")]
    paths.sort(key=lambda path: (path.name, path))
    for path, other in pairwise(paths):
        if path.name == other.name:
            raise InputError(f"{path} and {other} are the same sample; remove one of the two.")
    found = [str(path) for path in paths if path.stem not in MISSING]
    if not found:
        raise InputError(f"{root} holds no .skeleton file that can be used; unpack the skeletons of NTU RGB+D there.")
    return found


def read_item(item: str | os.PathLike) -> Recording:
    """Read one .skeleton file: joints float32 (frames, 2, 25, 3) as this module says, the rest as its name says.

    Raises InputError, with file and line, if the name is not one of NTU RGB+D, if the file is cut off or goes on after
    its last frame, if a line has a column too few or too many or something other than a number, if a coordinate is not
    finite, if a body has not 25 joints or comes twice in a frame, and if no frame holds a body. Infinities and NaN are
    let pass in the columns that are not used.
    """
    path = Path(item)
    name = _NAME.fullmatch(path.name)
    numbers = tuple(map(int, name.groups())) if name else (0, 0, 0, 0, 0)
    if not all(1 <= number <= last for number, last in zip(numbers, _LAST, strict=True)):
        raise InputError(
            f"{path} is not called like a sample of NTU RGB+D (S001C001P001R001A001.skeleton to "
            "S017C003P040R002A060.skeleton); give it its own name again, or move it elsewhere."
        )
    setup, view, subject, repetition, action = numbers
    return Recording(_persons(_read_bodies(path)), action - 1, subject, path.stem, view, setup, repetition)


def _read_bodies(path: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of every body its frames, int64 (n,), and its poses, float32 (n, 25, 3)."""
    try:
        text = read_bytes(path).rstrip()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); copy it again from the data set.") from error
    if not _plain(text):
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
    found = [(np.array(when)[there[which]], poses[which][there[which]]) for when, which in bodies.values()]
    found = [body for body in found if len(body[0])]
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
            f"{path}, line {line}, column {axis + 1} ({'xyz'[axis]} of the joint '{LAYOUT.joint_names[joint]}'): "
            f"{_short(found)} is not a number of metres; repair the file or copy it again."
        )
    return poses.astype(np.float32)


def _persons(bodies: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Those of the bodies who act, as this module says: float32 (frames in which anybody is seen, 2, 25, 3)."""
    if len(bodies) > 1:
        people = [body for body in bodies if not _noise(*body)]
        people.sort(key=lambda body: -body[1].var(axis=0, dtype=np.float64).sum())
        bodies = people or [max(bodies, key=lambda body: len(body[0]))]
    frames = np.unique(np.concatenate([when for when, _ in bodies]))
    joints = np.zeros((len(frames), PERSONS, _JOINTS, 3), np.float32)
    seen = np.zeros((len(frames), PERSONS), bool)
    for when, poses in bodies:
        when = np.searchsorted(frames, when)
        free = [person for person in range(PERSONS) if not seen[when, person].any()]
        if free:
            joints[when, free[0]] = poses
            seen[when, free[0]] = True
    return joints


def _noise(when: np.ndarray, poses: np.ndarray) -> bool:
    width, height, _ = np.ptp(poses, axis=1).T
    return len(when) < _SHORT or (width > _WIDE * height).mean() > _OFTEN


# Kinds of byte: blank 0, digit 1, sign 2, dot 3, exponent 4, other 5; and which kind may follow which in plain numbers,
# and in what is left of them without digits and signs.
_KINDS = bytes(
    next((kind for kind, those in enumerate((b" \t\r\n", b"0123456789", b"+-", b".", b"eE")) if byte in those), 5)
    for byte in range(256)
)
_FOLLOW = {0: (0, 1, 2), 1: (0, 1, 3, 4), 2: (1,), 3: (0, 1, 4), 4: (1, 2)}
_FOLLOW_APART = {0: (0, 3, 4), 3: (0, 4), 4: (0,)}


def _plain(text: bytes) -> bool:
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
