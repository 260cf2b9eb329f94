"""Reader for the world landmarks of MediaPipe Pose as JSON: 33 joints a person, from a video or a webcam.

There is no standard file; this one is written by the script in docs/webcam.md:

    {"label": "wave", "subject": "anna", "rate": 30,
     "frames": [{"timestamp_ms": 0, "people": [[{"x": 0.01, "y": -0.6, "z": -0.2, "visibility": 0.99}, ...]]}, ...]}

`people` is a list of persons, a person a list of 33 joints in the order of vision.PoseLandmark, a joint a table or a
list [x, y, z, visibility]. Label, subject, rate, times and visibility may be missing. What people write besides is
read, too: frames without a table around them, or one in each line; results of PoseLandmarker as they are
(pose_world_landmarks[person][joint]) and of HolisticLandmarker (pose_world_landmarks[joint]), in the spelling of
JavaScript as well; joints as a table by name.

World landmarks are metres from the middle between the hips, x to the right of the picture, y down, z away from the
camera. They are turned about x, so that y is up and z points to the camera: right-handed axes before and after.
"""

import math
import re
from pathlib import Path

import numpy as np

from gca_scratch.support.errors import InputError, shown

from ..layouts import MEDIAPIPE
from ..made_joints import with_middle
from ..meaning import known
from ..skeleton import Layout
from .json_text import as_list, begins_like, coordinate, json_files, rate_of, read_json_text, typical_step
from .own import ABOUT_X, Head, Item, collect, head_of, turned_about_x
from .recording import NOTHING_SAID, Collection, Options, Recording

TAKES = "MediaPipe Pose: a folder of .json with world landmarks (LABEL/NAME.json, or the label inside), or one of them"
PROTOCOL = ""
NAMES = MEDIAPIPE.joint_names
_MIDDLE = with_middle(NAMES, MEDIAPIPE.edges)  # a pelvis and a neck
LAYOUT = Layout(MEDIAPIPE.name, _MIDDLE.names, _MIDDLE.edges)
MEANING = known(up="+y", unit="m", hand="right", zeros="positions")  # the origin is a place: the middle of the hips
PERSONS = 2
VISIBLE = 0.5

_WORLD = ("people", "pose_world_landmarks", "poseWorldLandmarks", "world_landmarks", "worldLandmarks")
_IMAGE = ("pose_landmarks", "poseLandmarks", "landmarks", "landmark", "poses")
_KINDS = rb'"(pose_?(world_?)?landmarks|world_?landmarks|visibility)"'
_BEGINS = re.compile(_KINDS + rb'|"frames"\s*:\s*\[\s*\{[^\[\]]*"people"\s*:', re.IGNORECASE)
_HIPS, _SHOULDERS = (list(sources) for sources in _MIDDLE.sources)
_OFF_CENTRE = 0.25  # metres of the hips from the origin, where they are by definition; in pictures they are at 0.5
_SEVERAL = "people are not told apart from one frame to the next by MediaPipe; the first two are kept, in its order"
_WANTED = "give the world landmarks (pose_world_landmarks), which are metres"


def recognises(path: Path) -> bool:
    """Does the file, or one of the first JSON files in the folder, begin with words of MediaPipe Pose?"""
    return begins_like(Path(path), _BEGINS)


def open_collection(path: Path, options: Options = NOTHING_SAID) -> Collection:
    """The JSON files in a folder and those below it, or one file; labels and subjects as own.collect finds them.

    options.up speaks of the axes of the files, which are turned about x. Raises InputError if there is no file.
    """
    path = Path(path)
    return collect(path, json_files(path, "MediaPipe Pose"), _read_head, LAYOUT, MEANING, turned_about_x(options))


def _read_head(path: Path) -> Head:
    found = read_json_text(path)
    frames = _frames(found, path)
    several = any(len(_people(frame, "")) > 1 for frame in frames)
    return head_of(found, rate_of(found) or _rate(frames), _SEVERAL if several else "")


def _rate(frames: list) -> float | None:
    """Frames a second by their times, whole milliseconds: the mean, or the median where some are far from it."""
    times = [frame.get("timestamp_ms") if isinstance(frame, dict) else None for frame in frames]
    step = typical_step(times)
    if step is None:
        return None
    mean = (times[-1] - times[0]) / (len(times) - 1)
    return 1000 / (mean if abs(mean - step) < 0.05 * step else step)


def read_item(item: Item) -> Recording:
    """One file: joints float32 (frames, persons, 35, 3), the 33 of MediaPipe, then pelvis and neck.

    The pelvis is the middle of the hips, or the origin, which is that by definition, where a hip is absent; the neck is
    the middle of the shoulders. A landmark of visibility below 0.5 is absent: NaN. A person is all zeros in frames that
    do not show it. Of several people the first two are kept, in the order of the file: MediaPipe does not say who is
    who from one frame to the next, and world landmarks, each about its own hips, do not tell either.

    Raises InputError, with file and frame, if the file cannot be read or is no JSON, if there are no frames or nobody
    is in any, if only landmarks of the picture are there, or numbers that are those (hips off the origin), if a person
    has not 33 joints, or if a joint is not three numbers.
    """
    frames = _frames(read_json_text(item.path), item.path)
    found = []
    for number, frame in enumerate(frames, start=1):
        place = f"{item.path}, frame {number} of {len(frames)}"
        people = _people(frame, place)[:PERSONS]
        found.append([[_joint(joint, place) for joint in _joints(person, place)] for person in people])
    persons = max(map(len, found), default=0)
    if not persons:
        raise InputError(f"{item.path}: nobody is seen in its {len(found)} frames; leave the file out, or film again.")
    places = np.full((len(found), persons, len(NAMES), 3), np.nan)
    for number, people in enumerate(found):
        places[number, : len(people)] = np.reshape(people, (len(people), len(NAMES), 3))
    return Recording(_bodies(places * item.scale, item.path), item.label, item.subject, item.name)


def _bodies(places: np.ndarray, path: Path) -> np.ndarray:
    """Landmarks (frames, persons, 33, 3), turned and with the two joints that are made of others; float32."""
    away = np.isnan(places).any(axis=-1).all(axis=-1)  # (frames, persons)
    if away.all():
        raise InputError(f"{path}: no landmark has a visibility of {VISIBLE} or more; film again with more light.")
    hips, shoulders = places[:, :, _HIPS].mean(axis=2), places[:, :, _SHOULDERS].mean(axis=2)
    distance = np.linalg.norm(hips[..., :2], axis=-1)
    if not np.isnan(distance).all() and np.nanmedian(distance) > _OFF_CENTRE:
        raise InputError(
            f"{path}: the hips are {np.nanmedian(distance):.2f} from the origin, where world landmarks have them, so "
            f"these are landmarks of the picture, or moved ones; {_WANTED} from the hips."
        )
    pelvis = np.where(np.isnan(hips).any(axis=-1, keepdims=True), 0.0, hips)
    joints = np.concatenate([places, pelvis[:, :, None], shoulders[:, :, None]], axis=2)
    joints[np.isnan(joints).any(axis=-1)] = np.nan
    joints[away] = 0.0
    return (joints * ABOUT_X + 0.0).astype(np.float32)  # no minus zeros


def _frames(found: object, path: Path) -> list:
    """The frames in what a file holds."""
    if isinstance(found, dict):
        inside = found.get("frames", found.get("results"))
        if inside is None and any(key in found for key in (*_WORLD, *_IMAGE)):
            inside = [found]
        found = inside
    elif isinstance(found, list) and found and _is_joint(found[0]):
        found = [found]
    frames = as_list(found, str(path), "frames, as docs/webcam.md writes them")
    if not frames:
        raise InputError(f"{path} holds no frames; leave the file out, or film again.")
    return frames


def _people(frame: object, place: str) -> list:
    """The persons in a frame, each a list or a table of joints."""
    if isinstance(frame, dict):
        key = next((key for key in _WORLD if key in frame), None)
        if key is None:
            _refuse_image(frame, place)
            raise InputError(f"{place}: {shown(frame)} has no landmarks (pose_world_landmarks); write the file again.")
        frame = frame[key]
    if isinstance(frame, dict):  # a person as a table
        frame = [frame] if frame else []
    people = as_list([] if frame is None else frame, place, "people")
    return [people] if people and _is_joint(people[0]) else people


def _refuse_image(table: dict, place: str) -> None:
    key = next((key for key in _IMAGE if key in table), None)
    if key is not None:
        raise InputError(f"{place}: {key} are landmarks of the picture, without a scale; {_WANTED}.")


def _joints(person: object, place: str) -> list:
    """The 33 joints of a person, in the order of MediaPipe."""
    if isinstance(person, dict):
        named = {re.sub(r"[\W_]+", "_", str(name)).lower(): joint for name, joint in person.items()}
        if set(NAMES) <= set(named):
            return [named[name] for name in NAMES]
        person = next((person[key] for key in ("landmarks", "landmark", *_WORLD) if key in person), person)
    joints = as_list(person, place, "joints")
    if len(joints) != len(NAMES):
        raise InputError(f"{place}: a person has {len(joints)} joints where MediaPipe Pose has 33; write it whole.")
    return joints


def _is_joint(value: object) -> bool:
    if isinstance(value, dict):
        return "x" in value
    return isinstance(value, list) and 3 <= len(value) <= 5 and not isinstance(value[0], list | dict)


def _joint(joint: object, place: str) -> tuple[float, float, float]:
    """x, y, z of a joint, NaN where it is absent."""
    if joint is None:
        return (math.nan,) * 3
    if isinstance(joint, dict) and {"x", "y", "z"} <= set(joint):
        values, visibility = [joint["x"], joint["y"], joint["z"]], joint.get("visibility")
    elif isinstance(joint, list) and 3 <= len(joint) <= 5:
        values, visibility = joint[:3], joint[3] if len(joint) > 3 else None
    else:
        raise InputError(f"{place}: {shown(joint)} is no joint (x, y, z and a visibility); write the file again.")
    x, y, z = (coordinate(value, place) for value in values)
    seen = 1.0 if visibility is None else coordinate(visibility, place)
    return (x, y, z) if seen >= VISIBLE and not math.isnan(x + y + z) else (math.nan,) * 3
