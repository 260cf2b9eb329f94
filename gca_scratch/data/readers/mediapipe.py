"""Reader for the world landmarks of MediaPipe Pose as JSON: 33 joints a person, from a video or a webcam.

There is no standard file; this one is written by the script in docs/webcam.md:

    {"label": "wave", "subject": "anna", "rate": 30,
     "frames": [{"timestamp_ms": 0, "people": [[{"x": 0.01, "y": -0.6, "z": -0.2, "visibility": 0.99}, ...]]}, ...]}

`people` is a list of persons, a person a list of 33 joints in the order of vision.PoseLandmark, a joint a table or a
list [x, y, z, visibility]. Label, subject, rate, times and visibility may be missing. What people write besides is
read, too (mediapipe_forms.py): frames without a table around them, one in each line, or by their numbers; results of
PoseLandmarker as they are (pose_world_landmarks[person][joint]), of HolisticLandmarker (pose_world_landmarks[joint])
and of TensorFlow.js (keypoints3D), in the spelling of JavaScript as well; joints as a table by name, or as one row of
numbers. What nothing calls world landmarks is taken for them if the middle of the hips is the origin.

World landmarks are metres from the middle between the hips, x to the right of the picture, y down, z away from the
camera. They are turned about x, so that y is up and z points to the camera: right-handed axes before and after.
"""

import re
from pathlib import Path

import numpy as np

from gca_scratch.support.errors import InputError, shown

from ..layouts import MEDIAPIPE
from ..made_joints import with_middle
from ..meaning import known
from ..skeleton import Layout
from .json_text import begins_like, json_files, rate_of, read_json_text, typical_step
from .mediapipe_forms import NAMES, VISIBLE, frames_of, joints_of, people_of
from .own import ABOUT_X, Head, Item, collect, head_of, turned_about_x
from .recording import NOTHING_SAID, Collection, Options, Recording

TAKES = "MediaPipe Pose: a folder of .json with world landmarks (LABEL/NAME.json, or the label inside), or one of them"
PROTOCOL = ""
_MIDDLE = with_middle(NAMES, MEDIAPIPE.edges)  # a pelvis and a neck
LAYOUT = Layout(MEDIAPIPE.name, _MIDDLE.names, _MIDDLE.edges)
MEANING = known(up="+y", unit="m", hand="right", zeros="positions")  # the origin is a place: the middle of the hips
PERSONS = 2

_KINDS = rb'"(pose_?(world_?)?landmarks|world_?landmarks|visibility|keypoints3D|(left_?)eye_?inner)"'
_BEGINS = re.compile(_KINDS + rb'|"frames"\s*:\s*\[\s*\{[^\[\]]*"people"\s*:', re.IGNORECASE)
_HIPS, _SHOULDERS = (list(sources) for sources in _MIDDLE.sources)
_OFF_CENTRE = 0.25  # metres of the hips from the origin, where they are by definition; in pictures they are at 0.5
_SEVERAL = "people are not told apart from one frame to the next by MediaPipe; the first two are kept, in its order"
_ONE_FRAME = "one frame is no recording; where files are the frames of one, write them into one file, as a list"
_UNCALLED = "nothing calls these landmarks world landmarks; they are taken for them, since the hips are at the origin"
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
    frames = frames_of(found, path)
    people = [there for frame in frames if (there := people_of(frame, ""))]
    note = _SEVERAL if any(len(there.persons) > 1 for there in people) else ""
    note = note or (_ONE_FRAME if len(frames) == 1 else "")
    note = note or ("" if any(there.world for there in people) else _UNCALLED)
    return head_of(found, rate_of(found) or _rate(frames), note)


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
    frames = frames_of(read_json_text(item.path), item.path)
    found, world, said_nothing = [], False, 0
    for number, frame in enumerate(frames, start=1):
        place = f"{item.path}, frame {number} of {len(frames)}"
        people = people_of(frame, place)
        said_nothing += people is None
        found.append([joints_of(person, place) for person in people.persons[:PERSONS]] if people else [])
        world |= people is not None and people.world
    if said_nothing == len(frames):
        raise InputError(
            f"{item.path}, frame 1 of {len(frames)}: {shown(frames[0])} has no landmarks (pose_world_landmarks); "
            "write the file again."
        )
    persons = max(map(len, found), default=0)
    if not persons:
        raise InputError(f"{item.path}: nobody is seen in its {len(found)} frames; leave the file out, or film again.")
    places = np.full((len(found), persons, len(NAMES), 3), np.nan)
    for number, people in enumerate(found):
        places[number, : len(people)] = np.reshape(people, (len(people), len(NAMES), 3))
    return Recording(_bodies(places * item.scale, item.path, world), item.label, item.subject, item.name)


def _bodies(places: np.ndarray, path: Path, world: bool) -> np.ndarray:
    """Landmarks (frames, persons, 33, 3), turned and with the two joints that are made of others; float32.

    world: does something call them world landmarks?
    """
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
    if not world and np.isnan(distance).all():
        raise InputError(
            f"{path}: nothing calls these landmarks world landmarks, and no hip is seen that could tell; {_WANTED}."
        )
    pelvis = np.where(np.isnan(hips).any(axis=-1, keepdims=True), 0.0, hips)
    joints = np.concatenate([places, pelvis[:, :, None], shoulders[:, :, None]], axis=2)
    joints[np.isnan(joints).any(axis=-1)] = np.nan
    joints[away] = 0.0
    return (joints * ABOUT_X + 0.0).astype(np.float32)  # no minus zeros
