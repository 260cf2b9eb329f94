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

import os
import re
from itertools import chain, pairwise
from pathlib import Path

import numpy as np

from gca_scratch.datasets.recording import Recording
from gca_scratch.errors import InputError
from gca_scratch.skeleton import KINECT_V2

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
_NUMBER = re.compile(rb"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?|[-+]?(nan|inf|infinity)", re.IGNORECASE)
_FAR = 1000.0  # metres: no Kinect sees as far
_SHORT, _WIDE, _OFTEN = 12, 0.8, 0.7


def items(root: str | os.PathLike) -> list[str]:
    """The paths of the .skeleton files in the folder `root` and those below it, by name, without the 302 of MISSING.

    Raises InputError if there is no such folder, no such file in it, or the same sample twice.
    """
    if not os.path.isdir(root):
        raise InputError(f"there is no folder {root}; give with --root the folder that holds the .skeleton files.")
    paths = sorted(Path(root).rglob("*.skeleton"), key=lambda path: (path.name, path))
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
    frames, bodies = _read_bodies(path)
    return Recording(_persons(frames, bodies), action - 1, subject, path.stem, view, setup, repetition)


def _read_bodies(path: Path) -> tuple[int, list[tuple[np.ndarray, np.ndarray]]]:
    """The number of frames, and of every body its frames, int64 (n,), and its poses, float32 (n, 25, 3)."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); copy it again from the data set.") from error
    rows = [line.split() for line in text.split(b"\n")]
    while rows and not rows[-1]:
        rows.pop()
    if not _plain(text):
        _check_numbers(rows, path)
    columns = list(map(len, rows))
    frames, line = _count(rows, 0, path, "the number of frames"), 1
    starts, when, who = [], [], []
    for frame in range(frames):
        count = _count(rows, line, path, f"the number of bodies in frame {frame + 1} of {frames}")
        line += 1
        for _ in range(count):
            end = line + len(_BODY)
            if columns[line:end] != _BODY or rows[line + 1] != [b"25"]:
                raise _wrong_body(rows[line:end], line, path, f"frame {frame + 1} of {frames}")
            starts.append(line + 2)
            when.append(frame)
            who.append(rows[line][0])
            line = end
    if line < len(rows):
        raise InputError(
            f"{path}, line {line + 1}: the file goes on after the last of its {frames} frames; "
            "copy it again from the data set."
        )
    return frames, _bodies(_poses(rows, starts, path), np.array(when), who, starts, path)


def _count(rows: list[list[bytes]], line: int, path: Path, what: str) -> int:
    """The whole number that stands alone on the line (from 0)."""
    if line >= len(rows):
        raise InputError(
            f"{path}, line {line + 1}: the file ends where {what} belongs, so it is empty or cut off; "
            "copy it again from the data set."
        )
    if len(rows[line]) != 1 or not re.fullmatch(rb"[0-9]{1,9}", rows[line][0]):
        raise InputError(
            f"{path}, line {line + 1}: {_short(b' '.join(rows[line]))} stands where {what} belongs; "
            "copy the file again from the data set."
        )
    return int(rows[line][0])


def _wrong_body(rows: list[list[bytes]], line: int, path: Path, where: str) -> InputError:
    """What is wrong with the lines of a body, of which `line` (from 0) is the first."""
    again = "copy the file again from the data set."
    for number, (row, wanted) in enumerate(zip(rows, _BODY, strict=False), start=line + 1):
        if len(row) != wanted:
            return InputError(f"{path}, line {number}: {len(row)} columns where {wanted} belong; {again}")
        if wanted == 1 and row != [b"25"]:
            return InputError(f"{path}, line {number}: {_short(row[0])} joints where a body has 25; {again}")
    return InputError(f"{path}, line {line + len(rows)}: the file is cut off here, in {where}; {again}")


def _poses(rows: list[list[bytes]], starts: list[int], path: Path) -> np.ndarray:
    """x, y and z of the joints whose lines begin at `starts`: float32 (bodies, 25, 3)."""
    texts = chain.from_iterable(row[:3] for start in starts for row in rows[start : start + _JOINTS])
    poses = np.fromiter(map(float, texts), np.float64, 3 * _JOINTS * len(starts)).reshape(-1, _JOINTS, 3)
    wrong = np.argwhere(~(np.abs(poses) < _FAR))  # true of NaN
    if len(wrong):
        body, joint, axis = wrong[0]
        line = starts[body] + joint
        raise InputError(
            f"{path}, line {line + 1}, column {axis + 1} ({'xyz'[axis]} of the joint '{LAYOUT.joint_names[joint]}'): "
            f"{_short(rows[line][axis])} is not a number of metres; repair the file or copy it again."
        )
    return poses.astype(np.float32)


def _bodies(
    poses: np.ndarray, when: np.ndarray, who: list[bytes], starts: list[int], path: Path
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Poses (n, 25, 3), their frames (n,) and bodyIDs, parted by body: the frames and poses of each."""
    bodies = []
    for name in dict.fromkeys(who):
        index = np.array([k for k, other in enumerate(who) if other == name])
        twice = np.flatnonzero(np.diff(when[index]) == 0)
        if len(twice):
            raise InputError(
                f"{path}, line {starts[index[twice[0] + 1]] - 1}: body {_short(name)} comes twice in one frame; "
                "copy the file again from the data set."
            )
        index = index[poses[index].any(axis=(1, 2))]  # a pose of nothing but zeros is nobody
        if len(index):
            bodies.append((when[index], poses[index]))
    if not bodies:
        raise InputError(f"{path} holds no body in any frame; remove it, or copy it again from the data set.")
    return bodies


def _persons(frames: int, bodies: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Those of the bodies who act, as this module says: float32 (frames in which anybody is seen, 2, 25, 3)."""
    if len(bodies) > 1:
        people = [body for body in bodies if not _noise(*body)]
        people.sort(key=lambda body: -body[1].var(axis=0, dtype=np.float64).sum())
        bodies = people or [max(bodies, key=lambda body: len(body[0]))]
    joints = np.zeros((frames, PERSONS, _JOINTS, 3), np.float32)
    seen = np.zeros((frames, PERSONS), bool)
    for when, poses in bodies:
        free = [person for person in range(PERSONS) if not seen[when, person].any()]
        if free:
            joints[when, free[0]] = poses
            seen[when, free[0]] = True
    return joints[seen.any(axis=1)]


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
    """Is there nothing but decimal numbers and blanks? Tells it by neighbouring bytes, without reading the numbers.

    What it takes for plain is; of what is not, like nan or .5, `_check_numbers` takes a closer look.
    """
    kinds = (b"\n" + text + b"\n").translate(_KINDS)
    return _follows(kinds, _FOLLOW) and _follows(kinds.translate(None, b"\1\2"), _FOLLOW_APART)


def _follows(kinds: bytes, allowed: dict[int, tuple[int, ...]]) -> bool:
    numbers = np.frombuffer(kinds, np.uint8)
    pairs = (6 * numbers[:-1] + numbers[1:]).tobytes()
    return not pairs.translate(None, bytes(6 * first + second for first in allowed for second in allowed[first]))


def _check_numbers(rows: list[list[bytes]], path: Path) -> None:
    for line, row in enumerate(rows, start=1):
        for column, text in enumerate(row, start=1):
            if not _NUMBER.fullmatch(text):
                raise InputError(
                    f"{path}, line {line}, column {column}: {_short(text)} is not a number; "
                    "copy the file again from the data set."
                )


def _short(text: bytes) -> str:
    return repr(text[:40].decode("ascii", "backslashreplace"))
