"""Reader for the body tracking of Azure Kinect as JSON, as the offline processor of its samples writes it: 32 joints.

    {"joint_names": ["PELVIS", ...], "bone_list": [["SPINE_CHEST", "SPINE_NAVEL"], ...],
     "frames": [{"frame_id": 0, "timestamp_usec": 1000, "num_bodies": 1,
                 "bodies": [{"body_id": 1, "joint_positions": [[x, y, z], ...], "joint_orientations": [...]}]}, ...]}

Positions are millimetres in the space of the depth camera, x to the right, y down, z away from it. They become metres,
turned about x, so that y is up: right-handed axes before and after. Orientations and bones are not used. Where a body
has a list of the confidences of its joints ("joint_confidence_levels", "confidence_levels" or "confidence"; 0 is none),
a joint of none is absent, and so is one of null, as the processor writes NaN.

Captures without a depth image are skipped by the processor; the times tell where. A gap of up to a second gets frames
that show nobody, which are filled in later like every joint that is absent; longer ones are left as they are.
"""

import math
import re
from pathlib import Path

import numpy as np

from gca_scratch.support.errors import InputError, shown
from gca_scratch.support.reading import is_number

from ..layouts import AZURE_KINECT
from ..meaning import known
from .json_text import as_list, begins_like, coordinate, json_files, rate_of, read_json_text, typical_step
from .own import ABOUT_X, Head, Item, collect, head_of, turned_about_x
from .recording import NOTHING_SAID, Collection, Options, Recording

TAKES = "Azure Kinect: a folder of .json of its offline processor (LABEL/NAME.json, or label inside), or one of them"
PROTOCOL = ""
LAYOUT = AZURE_KINECT
MEANING = known(up="+y", unit="mm", hand="right")
PERSONS = 2

_JOINTS = len(LAYOUT.joint_names)
_BEGINS = re.compile(rb'"(joint_positions|bone_list|k4abt_sdk_version)"|"joint_names"\s*:\s*\[\s*"PELVIS"')
_CONFIDENCES = ("joint_confidence_levels", "confidence_levels", "confidence")
_LONGEST_GAP = 1e6  # microseconds
_MOST_SKIPPED = 30  # captures in a gap
_LEAST = 0.1  # of the frames, for a person beside the first
_RATES = (5.0, 15.0, 30.0)  # that the sensor knows
_AGAIN = "write the file again"


def recognises(path: Path) -> bool:
    """Does the file, or one of the first JSON files in the folder, begin with words of the offline processor?"""
    return begins_like(Path(path), _BEGINS)


def open_collection(path: Path, options: Options = NOTHING_SAID) -> Collection:
    """The JSON files in a folder and those below it, or one file; labels and subjects as own.collect finds them.

    options.up speaks of the axes of the files, which are turned about x. Raises InputError if there is no file.
    """
    path = Path(path)
    return collect(path, json_files(path, "Azure Kinect"), _read_head, LAYOUT, MEANING, turned_about_x(options))


def _read_head(path: Path) -> Head:
    found = read_json_text(path)
    return head_of(found, rate_of(found) or _rate(_frames(found, path)))


def _rate(frames: list[dict]) -> float | None:
    step = typical_step(_times(frames))
    if step is None:
        return None
    rate = 1e6 / step
    return next((known for known in _RATES if abs(rate - known) < 0.05 * known), rate)


def read_item(item: Item) -> Recording:
    """One file: joints float32 (frames, persons, 32, 3) in metres.

    Bodies are told apart by their numbers (body_id). The one that is seen in most frames comes first, and becomes the
    first person; every other one goes on where a person is away, or becomes the second person, if it is never in a
    frame with the first, or second; the rest is left out, as is a second person in less than a tenth of the frames. So
    somebody who comes back under a new number stays who he was. A person is all zeros in frames that do not show it.

    Raises InputError, with file and frame, if the file cannot be read or is no JSON, if there are no frames or nobody
    is in any, if its joints are not the 32 of Azure Kinect, if a body has no number, or if a joint is not three
    numbers.
    """
    return read_and_report(item)[0]


def read_and_report(item: Item) -> tuple[Recording, str]:
    """The same, and a sentence that says which bodies in the file were left out, "" if none was."""
    found = read_json_text(item.path)
    frames = _frames(found, item.path)
    order = _order(found, item.path)
    bodies: dict[int, dict[int, list]] = {}  # number of a body: frame: places
    for number, frame in enumerate(frames):
        place = f"{item.path}, frame {number + 1} of {len(frames)}"
        for body in as_list(frame.get("bodies"), place, "bodies"):
            identity, places = _body(body, place)
            bodies.setdefault(identity, {})[number] = places
    persons, left_out = _persons(bodies, len(frames))
    if not persons:
        raise InputError(f"{item.path}: nobody is seen in its {len(frames)} frames; leave the file out.")
    at = _with_gaps(_times(frames))
    joints = np.zeros((at[-1] + 1, len(persons), _JOINTS, 3), np.float32)
    for person, places in enumerate(persons):
        numbers = sorted(places)
        seen = np.array([places[number] for number in numbers])[:, order] * ABOUT_X * item.scale
        seen[np.isnan(seen).any(axis=-1)] = np.nan
        joints[at[numbers], person] = seen + 0.0  # no minus zeros
    said = f"left out of the bodies: {', '.join(left_out)}" if left_out else ""
    return Recording(joints, item.label, item.subject, item.name), said


def _frames(found: object, path: Path) -> list[dict]:
    frames = as_list(found.get("frames") if isinstance(found, dict) else None, str(path), "frames")
    if not frames:
        raise InputError(f"{path} holds no frames; leave the file out.")
    for number, frame in enumerate(frames, start=1):
        if not isinstance(frame, dict):
            raise InputError(f"{path}, frame {number} of {len(frames)}: {shown(frame)} is no table; {_AGAIN}.")
    return frames


def _times(frames: list[dict]) -> list[object]:
    return [frame.get("timestamp_usec") for frame in frames]


def _order(found: object, path: Path) -> list[int]:
    """Where each joint of the layout is in the file: as the file says, or in the order of the SDK."""
    names = found.get("joint_names") if isinstance(found, dict) else None
    if names is None:
        return list(range(_JOINTS))
    there = [_plain(name) for name in as_list(names, f"{path}: joint_names", "names")]
    missing = [name for name in LAYOUT.joint_names if name not in there]
    if missing or len(there) != _JOINTS:
        raise InputError(
            f"{path}: joint_names holds {len(there)} names (missing: {', '.join(missing[:3]) or 'none'}) where the "
            f"{_JOINTS} joints of Azure Kinect belong; give a file of its body tracking."
        )
    return [there.index(name) for name in LAYOUT.joint_names]


def _plain(name: object) -> str:
    """A joint's name as the layout spells it; the samples write NAVEL where the documentation has NAVAL."""
    return re.sub(r"[\W_]+", "_", str(name)).upper().replace("NAVEL", "NAVAL").replace("HAND_TIP", "HANDTIP")


def _body(body: object, place: str) -> tuple[int, list]:
    """The number of a body, and the places of its joints, NaN where they are absent, in the order of the file."""
    if not isinstance(body, dict) or type(body.get("body_id")) is not int:
        raise InputError(f"{place}: {shown(body)} is no body with a number (body_id); {_AGAIN}.")
    place = f"{place}, body {shown(body['body_id'])}"
    joints = as_list(body.get("joint_positions"), f"{place}: joint_positions", "joints")
    key = next((key for key in _CONFIDENCES if key in body), None)
    levels = as_list(body[key], f"{place}: {key}", "numbers") if key else [None] * _JOINTS
    if len(joints) != _JOINTS or len(levels) != _JOINTS:
        raise InputError(
            f"{place} has {len(joints)} joints" + f" and {len(levels)} confidences" * (key is not None) + ", where "
            f"Azure Kinect has {_JOINTS}; {_AGAIN}."
        )
    places = []
    for joint, level in zip(joints, levels, strict=True):
        if not isinstance(joint, list) or len(joint) != 3:
            raise InputError(f"{place}: {shown(joint)} is no joint [x, y, z]; {_AGAIN}.")
        lost = is_number(level, 0, 0)
        places.append([math.nan if lost else coordinate(value, place) for value in joint])
    return body["body_id"], places


def _persons(bodies: dict[int, dict[int, list]], frame_count: int) -> tuple[list[dict[int, list]], list[str]]:
    """The places of each person by frame: bodies that are never seen together are joined, at most two persons.

    The second list says which bodies are left out.
    """
    persons: list[dict[int, list]] = []
    members: list[list[int]] = [[] for _ in range(PERSONS + 1)]  # the last: of nobody
    for number, places in sorted(bodies.items(), key=lambda body: -len(body[1])):  # of as many frames the first seen
        free = next((n for n, person in enumerate(persons) if person.keys().isdisjoint(places)), len(persons))
        members[free].append(number)
        if free == len(persons) < PERSONS:
            persons.append({})
        if free < PERSONS:
            persons[free].update(places)
    kept = [n for n, person in enumerate(persons) if n == 0 or len(person) >= _LEAST * frame_count]
    out = [number for n, numbers in enumerate(members) if n not in kept for number in numbers]
    return [persons[n] for n in kept], [f"{number} ({len(bodies[number])} frames)" for number in out]


def _with_gaps(times: list[object]) -> np.ndarray:
    """The place of each frame in the recording, int64 (frames,), with room for captures that were skipped."""
    step = typical_step(times)
    if step is None:
        return np.arange(len(times))
    gaps = np.diff(np.array(times, np.float64))
    steps = np.maximum(np.rint(gaps / step), 1)
    steps[(gaps > _LONGEST_GAP) | (steps > _MOST_SKIPPED)] = 1
    return np.concatenate([[0], np.cumsum(steps)]).astype(np.int64)
