"""The forms in which people write landmarks of MediaPipe Pose as JSON: where frames, people and joints are in them.

MediaPipe writes no file; scripts do, each in its own way. Words are compared without case, blanks and underscores.
"""

import math
import re
from pathlib import Path
from typing import NamedTuple

from gca_scratch.support.errors import InputError, shown

from ..layouts import MEDIAPIPE
from .json_text import as_list, coordinate

NAMES = MEDIAPIPE.joint_names
VISIBLE = 0.5

_FRAMES = ("frames", "results", "data", "poses")
_WORLD = ("people", "poseworldlandmarks", "worldlandmarks", "landmarksworld", "poseworld", "world", "keypoints3d")
_EITHER = ("landmarks3d", "joints3d", "landmarks", "landmark", "pose", "poses", "keypoints", "joints")
_PICTURE = ("poselandmarks",)
_CONFIDENCES = ("visibility", "vis", "score", "confidence")
_PLAIN_NAMES = tuple(name.replace("_", "") for name in NAMES)
_MOST_LACKING = 10  # times as many frames as there are, where they are numbered
_WANTED = "give the world landmarks (pose_world_landmarks), which are metres"


class People(NamedTuple):
    """The persons in a frame, and whether something calls their landmarks world landmarks; the numbers tell, too."""

    persons: list
    world: bool


def frames_of(found: object, path: Path) -> list:
    """The frames in what a file holds, None for those that lack in a table of frames by number."""
    if isinstance(found, dict):
        plain = _plain_keys(found)
        inside = next((plain[key] for key in _FRAMES if isinstance(plain.get(key), list | dict)), None)
        if isinstance(inside, dict) or (inside is None and _numbered(found)):
            inside = _in_order(found if inside is None else inside)
        elif inside is None and (any(key in plain for key in (*_WORLD, *_EITHER, *_PICTURE)) or _by_name(found)):
            inside = _by_joint(plain.get("landmarks", found)) or [found]
        found = inside
    elif isinstance(found, list) and found and _is_joint(found[0]):
        found = [found]
    frames = as_list(found, str(path), "frames, as docs/webcam.md writes them")
    if not frames:
        raise InputError(f"{path} holds no frames; leave the file out, or film again.")
    return frames


def _plain(word: object) -> str:
    return re.sub(r"[\W_]+", "", str(word)).lower()


def _plain_keys(table: dict) -> dict[str, object]:
    return {_plain(key): value for key, value in table.items()}


def _numbered(table: dict) -> bool:
    """Are the keys whole numbers, and the values no joints?"""
    return (
        bool(table)
        and all(re.fullmatch(r"[0-9]{1,9}", str(key)) for key in table)
        and not any(map(_is_joint, table.values()))
    )


def _in_order(table: dict) -> list | None:
    if not _numbered(table):
        return None
    frames = {int(key): frame for key, frame in table.items()}
    first, last = min(frames), max(frames)
    if last - first >= _MOST_LACKING * len(frames):
        return [frames[number] for number in sorted(frames)]
    return [frames.get(number) for number in range(first, last + 1)]


def _by_joint(table: object) -> list[dict] | None:
    """The frames in a table that has all joints of one person by name, and of each a list of its frames."""
    lists = list(table.values()) if isinstance(table, dict) and _by_name(table) else []
    if not lists or not all(isinstance(each, list) and each and _is_joint(each[0]) for each in lists):
        return None
    return [dict(zip(table, joints, strict=True)) for joints in zip(*lists, strict=False)]


def people_of(frame: object, place: str) -> People | None:
    """The persons in a frame, each a list or a table of joints; None for a table that says nothing of people."""
    world = False
    if isinstance(frame, dict) and not _by_name(frame):
        found = _landmarks(frame, place)
        if found is None:
            return None
        frame, world = found
    if isinstance(frame, dict):  # a person as a table
        frame = [frame] if frame else []
    people = as_list([] if frame is None else frame, place, "people")
    if people and (_is_joint(people[0]) or _is_number(people[0])):
        people = [people]
    inside = [_landmarks(person, place) for person in people if isinstance(person, dict) and not _by_name(person)]
    return People(people, world or any(found[1] for found in inside if found))


def _landmarks(table: dict, place: str) -> tuple[object, bool] | None:
    """What a table holds of landmarks, and whether it calls them world landmarks; None if it holds none."""
    plain = _plain_keys(table)
    for key in (*_WORLD, *_EITHER):
        if key in plain:
            return plain[key], key in _WORLD
    for key, word in ((_plain(word), word) for word in table):
        if key in _PICTURE:
            raise InputError(f"{place}: {word} are landmarks of the picture, without a scale; {_WANTED}.")
    return None


def joints_of(person: object, place: str) -> list[tuple[float, float, float]]:
    """x, y, z of the 33 joints of a person, in the order of MediaPipe, NaN where a joint is absent."""
    if isinstance(person, dict):
        named = _by_name(person)
        found = None if named else _landmarks(person, place)
        if found and isinstance(found[0], dict):
            named = _by_name(found[0])
        elif found:
            person = found[0]
        if named:
            if len(named) != len(NAMES):
                raise InputError(
                    f"{place}: a person has {len(named)} of the 33 joints of MediaPipe Pose; write it whole."
                )
            person = named
    joints = as_list(person, place, "joints")
    if joints and _is_number(joints[0]) and len(joints) in (3 * len(NAMES), 4 * len(NAMES), 5 * len(NAMES)):
        width = len(joints) // len(NAMES)
        joints = [joints[start : start + width] for start in range(0, len(joints), width)]
    if len(joints) != len(NAMES):
        raise InputError(f"{place}: a person has {len(joints)} joints where MediaPipe Pose has 33; write it whole.")
    return [_places(joint, place) for joint in joints]


def _by_name(table: dict) -> list:
    """The joints in a table by their names, or by the numbers 0 to 32, in order; [] if it is none."""
    plain = _plain_keys(table)
    found = [plain[name] for name in _PLAIN_NAMES if name in plain]
    if not found and len(table) == len(NAMES) and all(map(_is_joint, table.values())):
        numbers = [re.fullmatch(r"\D*([0-9]{1,2})", str(key)) for key in table]
        by_number = {int(match[1]): joint for match, joint in zip(numbers, table.values(), strict=True) if match}
        found = [by_number[number] for number in range(len(NAMES))] if set(by_number) == set(range(len(NAMES))) else []
    return found


def _is_number(value: object) -> bool:
    return type(value) in (int, float)


def _is_joint(value: object) -> bool:
    if isinstance(value, dict):
        return "x" in value
    return isinstance(value, list) and 3 <= len(value) <= 5 and not isinstance(value[0], list | dict)


def _places(joint: object, place: str) -> tuple[float, float, float]:
    """x, y, z of a joint, NaN where it is absent."""
    if joint is None:
        return (math.nan,) * 3
    if isinstance(joint, dict) and {"x", "y", "z"} <= set(joint):
        values = [joint["x"], joint["y"], joint["z"]]
        visibility = next((joint[key] for key in _CONFIDENCES if key in joint), None)
    elif isinstance(joint, list) and 3 <= len(joint) <= 5:
        values, visibility = joint[:3], joint[3] if len(joint) > 3 else None
    else:
        raise InputError(f"{place}: {shown(joint)} is no joint (x, y, z and a visibility); write the file again.")
    x, y, z = (coordinate(value, place) for value in values)
    seen = 1.0 if visibility is None else coordinate(visibility, place)
    return (x, y, z) if seen >= VISIBLE and not math.isnan(x + y + z) else (math.nan,) * 3
