"""Reader for BVH of any skeleton: a file or a folder of them, one set of joints, metres, about 30 frames a second."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gca_scratch.support.errors import InputError
from gca_scratch.support.reading import open_plain

from ..guesses import SHORTEST, TALLEST, UNITS, Evidence, evidence, unit_of, vertical_of
from ..joint_words import readings
from ..meaning import METRES, Fact, Meaning, known
from .bvh_motion import Motion, added_pose, equal_at_end, positions, positions_at, turning, with_offsets
from .bvh_people import Body, common, people_of, without_root
from .bvh_text import read
from .named import holds
from .own import numbered
from .recording import NOTHING_SAID, Collection, Options, Recording, files_in
from .told_by_names import told_by_names

TAKES = "BVH of any skeleton: a folder of .bvh files, or one of them"
PROTOCOL = ""
FRAMES_PER_SECOND = 30
SLOWEST = 15.0  # frames a second: files of fewer are not filled up to 30

_NAME = re.compile(r".*\.bvh", re.IGNORECASE | re.DOTALL)
_NEARLY = 0.01  # of a rate: 29.97 and 30.0003 are 30
_MOST = 1000  # joints of all people in a file
_SAMPLES = 64  # frames of a file that are looked at beforehand
_FROZEN = 10  # equal frames at the end that are worth a note
_BLENDER = 24.0  # frames a second, by default


class Item(NamedTuple):
    """A file, what its name tells, and how it is read.

    start: the first frame that is read.  rate: frames a second.  metres: in its unit of length, or 1.  joints: of each
    person, where the file has the joints of the layout.
    """

    path: Path
    name: str
    label: int | None
    subject: int
    repetition: int | None
    start: int
    rate: float
    metres: float
    joints: tuple[tuple[int, ...], ...]


class _Seen(NamedTuple):
    """What a file shows when it is first looked at."""

    path: Path
    body: Body
    joints: tuple[tuple[int, ...], ...]
    told: tuple[Evidence, ...]  # of each person
    root: str  # see _root
    rate: float
    start: int
    frozen: bool
    notes: tuple[str, ...]


def recognises(path: Path) -> bool:
    """Is it a file that is called .bvh or begins like one, or a folder with such a name in it or below?"""
    if holds(Path(path), _NAME):
        return True
    try:
        with open_plain(path) as file:
            return re.match(rb"(\xef\xbb\xbf)?\s*HIERARCHY\s", file.read(64), re.IGNORECASE) is not None
    except (OSError, ValueError):
        return False


def open_collection(path: str | os.PathLike[str], options: Options = NOTHING_SAID) -> Collection:
    """The .bvh files in a folder and those below it, by name, or one file: every one is read once to look at it.

    Labels, subjects and repetitions: `told_by_names`. Classes come by the alphabet; subjects that are no numbers are
    numbered by it.

    All files have one unit, the one in which most bodies are as large as people (`guesses.human_unit`), or the one
    that the options name; coordinates are in metres, or as they are where no unit fits. The vertical is that along
    which most bodies stand (`guesses.vertical_of`), else unknown. The axes are right-handed by the format's definition.

    The joints are those that all files have in common (`bvh_people.common`), without the ends of bones and without a
    root that no bone joins to the body. Several roots are several persons (`bvh_people.people_of`).

    A file that is damaged is among the items, for `read_item` to say why. Raises InputError if there is no file, if all
    are damaged, if skeletons have fewer than half of their joints in common, or if labels are wanted and not told.
    """
    path = Path(path)
    files = _files(path)
    names = [file.relative_to(path).as_posix() if path.is_dir() else file.name for file in files]
    told = told_by_names(names, options.label, options.labelled)
    seen, notes = _look_at(files)
    sound = [one for one in seen.values() if one]
    bodies, skip = [one.body for one in sound], 0
    joined = Counter(one.root for one in sound)
    if joined["apart"] > joined["bone"]:
        notes.append(f"no bone joins the root {bodies[0].names[0]!r} to the body, so it is left out")
        bodies, skip = [without_root(body) for body in bodies], 1
    layout, places = common(bodies, [one.path for one in sound])
    if len(set(bodies)) > 1:
        notes.append(f"skeletons differ: the {len(layout.joint_names)} joints that all have are kept")
    meaning, metres = _meaning(sound, options, notes)
    classes = tuple(sorted({one.label for one in told if one.label}))
    subjects, of_subjects = numbered({one.subject for one in told})
    found = {
        one.path: tuple(tuple(person[joint + skip] for joint in place) for person in one.joints)
        for one, place in zip(sound, places, strict=True)
    }
    items = [
        Item(
            file,
            name[: -len(file.suffix)] if file.suffix else name,
            classes.index(one.label) if one.label else None,
            subjects[one.subject],
            int(one.repetition) if re.fullmatch("[0-9]{1,4}", one.repetition) else None,
            look.start if look else 0,
            _rate(look, options) if look else 0.0,
            metres,
            found.get(file, ()),
        )
        for file, name, one, look in zip(files, names, told, seen.values(), strict=True)
    ]
    said = tuple(f"{path}: {note}." for note in notes) + (of_subjects if options.labelled else ())
    return Collection(classes, layout, meaning, items, said)


def read_item(item: Item) -> Recording:
    """One file as a Recording with joints float32 (frames, persons, joints, 3), in metres where the unit is known.

    Frames are FRAMES_PER_SECOND apart in the time of the recording, so that its speed stays: the k-th is where the
    body is k/30 s after the first, on the straight line between the two frames around. Of rates that are 30 or a
    multiple of it within a hundredth frames are kept as they are; those below SLOWEST are not filled up.

    Raises InputError, with file and place, if the file is damaged (see bvh_text.read).
    """
    motion = _read(item.path)
    joints = [joint for person in item.joints for joint in person]
    if not joints or max(joints) >= len(motion.names):
        raise InputError(f"{item.path} has changed while it was read; run the same command again.")
    _, step = _resampled(item.rate)
    count = int((len(motion.values) - 1 - item.start) / step + 1e-9) + 1
    placed = positions_at(motion, item.start + step * np.arange(count), joints)
    placed *= np.float32(item.metres)
    return Recording(
        placed.reshape(count, len(item.joints), -1, 3),
        item.label,
        item.subject,
        item.name,
        repetition=item.repetition,
    )


def _resampled(rate: float) -> tuple[float, float]:
    """Frames a second that are kept of a file with that rate, and how many of its frames one of them takes."""
    step = rate / FRAMES_PER_SECOND
    if round(step) and abs(step - round(step)) <= _NEARLY * step:
        return rate / round(step), float(round(step))
    return (rate, 1.0) if rate < SLOWEST else (float(FRAMES_PER_SECOND), step)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        files = [file for file in files_in(path) if _NAME.fullmatch(file.name)]
        if not files:
            raise InputError(f"{path} holds no .bvh file; give the folder where they lie.")
        return files
    if not path.exists():
        raise InputError(f"there is no folder or file {path}; give one that holds motion in BVH.")
    return [path]


def _look_at(files: Sequence[Path]) -> tuple[dict[Path, _Seen | None], list[str]]:
    """What each file shows, None where it is damaged, and notes on those that are not."""
    seen: dict[Path, _Seen | None] = {}
    wrong = None
    for file in files:
        try:
            seen[file] = _look(file)
        except InputError as error:
            seen[file], wrong = None, wrong or error
    sound = [one for one in seen.values() if one]
    if not sound and wrong:
        raise wrong
    counts = Counter(note for one in sound for note in one.notes)
    notes = [f"{count} of {len(sound)} files: {note}" for note, count in counts.items()]
    if dropped := sum(one.start for one in sound):
        notes.append(f"{dropped} of {len(sound)} files: the first frame, an added pose (as a T-pose), is dropped")
    if frozen := sum(one.frozen for one in sound):
        notes.append(f"{frozen} of {len(sound)} files: equal frames are at the end; cut them off if a tool added them")
    return seen, notes


def _read(file: Path) -> Motion:
    """The motion of a body: memory for its places is in proportion to the numbers of the file."""
    motion = read(file)
    joints, numbers = len(motion.names), motion.values.shape[1]
    if joints > _MOST or numbers < joints:
        raise InputError(
            f"{file} has {joints} joints and {numbers} numbers a frame; a body has at most {_MOST} joints and at least "
            "as many numbers: give a file with the motion of people."
        )
    return with_offsets(motion)


def _look(file: Path) -> _Seen:
    motion = _read(file)
    people = people_of(motion)
    start = int(added_pose(motion))
    chosen = np.unique(np.linspace(start, len(motion.values) - 1, _SAMPLES).astype(int))
    placed = positions(motion._replace(values=motion.values[chosen]))
    rest = positions(motion._replace(values=motion.values[chosen[:1]] * ~turning(motion)))[0]
    told = tuple(
        evidence(placed[:, one], people.body.names, people.body.parents, rest[one]) for one in map(list, people.joints)
    )
    notes = motion.notes + ((people.note,) if people.note else ())
    frozen = _FROZEN <= equal_at_end(motion) < len(motion.values) - 1
    root = _root(placed[:, list(people.joints[0])], people.body)
    return _Seen(file, people.body, people.joints, told, root, min(1 / motion.frame_time, 1e9), start, frozen, notes)


def _root(placed: np.ndarray, body: Body) -> str:
    """What joins the root of a body (frames, J, 3) and the joints that hang from it: a "bone", or are they "apart"?

    They are apart where no name makes the root a part of the body and their distances change; "" if that is not clear.
    """
    children = [joint for joint, parent in enumerate(body.parents) if parent == 0]
    if not children or len(placed) < 2:
        return ""
    size = np.ptp(placed[0, 1:], axis=0).max()
    distances = np.linalg.norm(placed[:, children] - placed[:, [0]], axis=-1)
    change = np.median(np.ptp(distances, axis=0))
    if readings(body.names)[0].part not in ("", "root") or change <= 1e-4 * size:
        return "bone"
    return "apart" if change > 0.02 * size else ""


def _rate(look: _Seen, options: Options) -> float:
    return float(options.rate) if options.rate else look.rate


def _meaning(sound: Sequence[_Seen], options: Options, notes: list[str]) -> tuple[Meaning, float]:
    """What the coordinates mean that `read_item` gives, and metres in the unit of the files; adds to the notes."""
    said = known(hand="right", zeros="positions").saying(options.up, options.unit, options.rate)
    told = [each for one in sound for each in one.told]
    unit = options.unit or unit_of(told)
    metres = METRES[unit] if options.unit else UNITS.get(unit, 1.0)
    if not unit:
        notes.append("the unit is unknown, since none makes people of the bodies; say it with --unit")
    elif not options.unit:
        notes.append(f"unit guessed: {unit} (from the length of the bones)")
    odd = [
        one.path.name
        for one in sound
        if unit and any(each.length and not SHORTEST <= each.length * metres < TALLEST for each in one.told)
    ]
    if odd:
        notes.append(f"bodies are not as large as people in {len(odd)} of {len(sound)} files ({odd[0]}, for one)")
    up = said.up if options.up else Fact(vertical_of(told), "guess")
    if not up.value:
        notes.append("the vertical is unknown, since no body is seen to stand; say it with --up")
        up = Fact()
    elif not options.up:
        notes.append(f"vertical guessed: {up.value}")
    rates = [_rate(one, options) for one in sound]
    if not options.rate and (count := sum(abs(rate - _BLENDER) < 0.01 for rate in rates)):
        notes.append(f"24 frames a second, Blender's default, in {count} of {len(sound)} files; correct it with --rate")
    if slow := sum(rate < SLOWEST for rate in rates):
        notes.append(f"fewer than {SLOWEST:g} frames a second in {slow} of {len(sound)} files; correct it with --rate")
    kept = [_resampled(rate)[0] for rate in rates]
    same = max(kept) - min(kept) <= 2 * _NEARLY * max(kept)
    rate = Fact(f"{round(np.median(kept), 2):g}", "user" if options.rate else "file") if same else Fact()
    length = Fact("m", "user" if options.unit else "guess") if unit else Fact()
    return replace(said, up=up, unit=length, rate=rate), metres
