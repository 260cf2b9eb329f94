"""Synthetic actions: a jointed human of many builds performs 14 actions, and says which joints carry them when.

Each sequence shows one person who stands idle, performs one of `actions.ACTIONS` and stands idle again. The person
sways all the time, may fidget with another limb at any time, and is seen by a sensor that is somewhat noisy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from gca_scratch.support.errors import InputError, shown

from ..meaning import known
from ..neutral import Skeletons
from ..skeleton import KINECT_V2
from .actions import ACTIONS, FIDGETS, held
from .kinematics import JOINTS, MOTIONS, PARTS, SIDES, Angles, Body, bones, pose, stand
from .restless import CLASSES as RESTLESS_CLASSES
from .restless import LENGTHS as RESTLESS_LENGTHS
from .restless import restlessness, steps

FRAME_RATE = 30  # frames per second
LENGTHS = 60, 120  # frames of the shortest and of the longest sequence
CARRIES = 0.05  # metres: a joint carries the action while the action displaces it further than this
NOISE = 0.01  # metres, standard deviation of every coordinate; a still person measured by a Kinect has less
JITTER = 0.05  # metres, standard deviation of a short glitch
GLITCHES = {"hand": 0.01, "hand tip": 0.01, "thumb": 0.01, "ankle": 0.01, "foot": 0.01}  # chance per frame of one
GLITCHES_ELSEWHERE = 0.001
GLITCH_FRAMES = 3
ARMS = {side: [JOINTS[f"{side} {joint}"] for joint in ("shoulder", "elbow", "wrist", "hand")] for side in SIDES}


@dataclass(frozen=True)
class Person:
    """One subject: a build, how fast each side moves (1 is ordinary), and how largely they move (1 is ordinary)."""

    body: Body
    pace: dict[str, float]
    size: float


def person(rng: np.random.Generator) -> Person:
    """A person of 1.5 to 1.95 m with their own proportions, resting pose, quicker side and manner of moving."""
    build = bones(rng.uniform(1.5, 1.95), {part: np.clip(rng.normal(1, 0.03), 0.93, 1.07) for part in PARTS})
    rest = {
        "spine bend": rng.normal(2, 2),
        "chest bend": rng.normal(3, 2),
        "neck bend": rng.normal(-2, 4),
        "neck lean": rng.normal(0, 2),
        "spine lean": rng.normal(0, 1),
    }
    stance, knees, toes_out = rng.uniform(1, 6), rng.uniform(3, 8), rng.uniform(2, 15)
    for side in SIDES:
        rest |= {
            f"{side} shoulder abduct": rng.uniform(5, 12),
            f"{side} shoulder flex": rng.normal(0, 3),
            f"{side} shoulder rotate": rng.normal(12, 4),
            f"{side} elbow flex": rng.uniform(10, 22),
            f"{side} wrist flex": rng.normal(5, 5),
            f"{side} finger flex": rng.uniform(5, 30),
            f"{side} hip abduct": stance,
            f"{side} ankle tilt": -stance,
            f"{side} ankle turn": -toes_out,
            f"{side} hip flex": knees / 2,
            f"{side} knee flex": knees,
            f"{side} ankle flex": knees / 2,
        }
    quick = SIDES[int(rng.random() < 0.85)]  # most people are right-handed
    pace = {side: rng.normal(1, 0.1) * (1.08 if side == quick else 0.92) for side in SIDES}
    return Person(Body(build, pose(rest, 1)[0]), pace, np.clip(rng.normal(1, 0.08), 0.85, 1.15))


def sway(frames: int, rng: np.random.Generator) -> np.ndarray:
    """The idle movement of every joint, turns (frames, J, 3) in radians: sums of slow waves of 0.1 to 0.8 Hz, of the
    sizes in `MOTIONS`, and a shift of weight from foot to foot."""
    waves = 3
    hertz, start = rng.uniform(0.1, 0.8, (waves, len(MOTIONS) + 1)), rng.uniform(0, 1, (waves, len(MOTIONS) + 1))
    height = rng.normal(0, np.sqrt(2 / waves), (waves, len(MOTIONS) + 1))
    seconds = np.arange(frames)[:, None, None] / FRAME_RATE
    curves = (height * np.sin(2 * np.pi * (hertz * seconds + start))).sum(axis=1).T
    angles = {name: motion[3] * curve for (name, motion), curve in zip(MOTIONS.items(), curves, strict=False)}
    shift = 0.8 * curves[-1]  # degrees at the hips, about 1 cm at the pelvis
    for side, sign in zip(SIDES, (-1, 1), strict=True):
        angles[f"{side} hip abduct"] = angles[f"{side} hip abduct"] + sign * shift
    return pose(angles, frames)


def window(frames: int, first: int, last: int, bend: float) -> np.ndarray:
    """A phase (frames,): 0 up to frame `first`, 1 from frame `last`, slow and fast in between as `bend` (below 1)."""
    part = np.clip((np.arange(frames) - first) / (last - first), 0, 1)
    return part + bend * np.sin(2 * np.pi * part) / (2 * np.pi)


def joints_of(angles: Angles) -> set[str]:
    """The names of the joints that these angles turn."""
    return {MOTIONS[name][0] for name in angles}


def fidgets(frames: int, action: Angles, rng: np.random.Generator) -> np.ndarray:
    """In two of three sequences a fidget at any time, turns (frames, J, 3); only joints that the action leaves alone
    fidget, so that a bow or a squat, which takes the whole body, has none."""
    length = rng.integers(20, 50)
    first = rng.integers(0, frames - length)
    phase, size = window(frames, first, first + length, 0), rng.uniform(0.6, 1.2)
    possible = [fidget(phase, 1, size) for fidget in FIDGETS]
    possible = [angles for angles in possible if joints_of(angles).isdisjoint(joints_of(action))]
    choice, wanted = rng.random(), rng.random() < 2 / 3
    return pose(possible[int(choice * len(possible))] if wanted and possible else {}, frames)


def perform(name: str, who: Person, rng: np.random.Generator, restless: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """One performance of an action on the floor y = 0, facing -z, as it is, before any camera sees it.

    restless: the person moves all the time besides, as restless.py says, instead of a fidget at most.

    Returns joints, float64 (frames, J, 3) in metres, and truth, bool (frames, J): where the same seconds without the
    action's angles (the same sway, the same fidgets) would have left the joint more than `CARRIES` away.
    """
    action, seconds = ACTIONS[name]
    shortest, longest = RESTLESS_LENGTHS if restless else LENGTHS
    pace = np.mean([who.pace[side] for side in SIDES if side in name.split()] or list(who.pace.values()))
    duration = int(np.clip(FRAME_RATE * seconds / (pace * rng.uniform(0.85, 1.15)), 30, longest - 30))
    frames = int(rng.integers(max(shortest, duration + 15), longest + 1))
    first = int(rng.integers(5, frames - duration - 4))
    phase = window(frames, first, first + duration, rng.uniform(-0.3, 0.3))
    angles = action(phase, int(rng.integers(2, 5)), who.size * rng.uniform(0.92, 1.08))

    alive = sway(frames, rng)
    alive += restlessness(frames, angles, first, first + duration, rng) if restless else fidgets(frames, angles, rng)
    resting = np.repeat(who.body.resting[None], 2 * frames, axis=0)
    for side in SIDES:
        if f"{side} shoulder" in joints_of(angles):
            resting[:frames, ARMS[side]] *= 1 - held(phase)[:, None, None]
    both = stand(who.body, resting + np.concatenate([alive + pose(angles, frames), alive]))
    if restless:
        both += np.tile(steps(frames, rng), (2, 1))[:, None]
    joints, without = both[:frames], both[frames:]
    return joints, np.linalg.norm(joints - without, axis=-1) > CARRIES


def place(joints: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same joints as a level camera has them that stands 2 to 4 m before the person and 0.8 to 1.3 m above the
    floor, the person turned by up to 45 degrees about the vertical. x grows to the right of a person who faces the
    camera (a Kinect's own convention), y upwards, z away from the camera."""
    turn, distance = np.radians(rng.uniform(-45, 45)), rng.uniform(2, 4)
    aside, height = rng.uniform(-0.15, 0.15) * distance, rng.uniform(0.8, 1.3)
    x, y, z = np.moveaxis(joints, -1, 0)
    turned = np.stack([np.cos(turn) * x + np.sin(turn) * z, y, np.cos(turn) * z - np.sin(turn) * x], axis=-1)
    return turned + (aside, -height, distance)


def sense(joints: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What a sensor makes of joints (frames, J, 3): Gaussian noise everywhere, and now and then a glitch of a few
    frames, most often at hands and feet."""
    frames = len(joints)
    rate = np.array(
        [GLITCHES.get(name.removeprefix("left ").removeprefix("right "), GLITCHES_ELSEWHERE) for name in JOINTS]
    )
    begun = rng.random(joints.shape[:2]) < rate
    jumps = rng.normal(0, JITTER, joints.shape) * begun[..., None]
    late = np.concatenate([np.zeros((GLITCH_FRAMES - 1, *jumps.shape[1:])), jumps])
    glitches = sum(late[delay : delay + frames] for delay in range(GLITCH_FRAMES))
    return joints + rng.normal(0, NOISE, joints.shape) + glitches


def generate(
    seed: int = 0,
    subjects: int = 20,
    repetitions: int = 2,
    classes: Sequence[str] | None = None,
    restless: bool = False,
) -> Skeletons:
    """Generate `repetitions` sequences of each class by each of `subjects` people, subject by subject.

    One person of 25 Kinect v2 joints, float32 metres in camera space, 60 to 120 frames at 30 Hz. Subjects and
    repetitions count from 1. `classes` are names from `ACTIONS`, all of them by default. `truth` (F, J) tells which
    joints carry the action in which frames.

    restless: the harder set. Everybody moves other limbs as far as an action does, too, all the time and in all classes
    alike, and sequences take 90 to 150 frames, so that neither a movement nor its size tells the action. The classes
    are then `restless.CLASSES` by default.

    The same arguments give the same bytes, and every sequence depends on the seed, its subject, its class name and its
    repetition alone: more subjects, repetitions or classes leave the others as they were.

    Raises InputError if a class is unknown, given twice or none is given, if subjects or repetitions are below 1 or
    above 32767, or if the seed is negative.
    """
    names = tuple((RESTLESS_CLASSES if restless else ACTIONS) if classes is None else classes)
    unknown = [name for name in names if name not in ACTIONS]
    if unknown or not names or len(set(names)) < len(names):
        fault = (
            f"{shown(unknown[0])} is not an action" if unknown else "an action is named twice" if names else "none is"
        )
        raise InputError(f"classes: {fault}; choose among {', '.join(ACTIONS)}, each at most once.")
    if not (1 <= subjects <= 32767 and 1 <= repetitions <= 32767 and seed >= 0):
        raise InputError(
            f"subjects {subjects}, repetitions {repetitions}, seed {seed}: give 1 to 32767 subjects and "
            "repetitions, and a seed of at least 0."
        )

    def stream(*key: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))

    joints, truth, order = [], [], []
    for subject in range(1, subjects + 1):
        who = person(stream(subject))
        for label, name in enumerate(names):
            for repetition in range(1, repetitions + 1):
                rng = stream(subject, crc32(name.encode()), repetition)
                moves, carries = perform(name, who, rng, restless)
                joints.append(sense(place(moves, rng), rng).astype(np.float32)[:, None])
                truth.append(carries)
                order.append((label, subject, repetition))
    label, subject, repetition = np.array(order, np.int16).T
    return Skeletons(
        joints=np.concatenate(joints),
        offsets=np.cumsum([0, *map(len, joints)], dtype=np.int64),
        label=label.copy(),
        subject=subject.copy(),
        repetition=repetition.copy(),
        name=np.array([f"s{who:03d} {names[what]} {time}" for what, who, time in order]),
        class_names=names,
        joint_names=KINECT_V2.joint_names,
        edges=np.array(KINECT_V2.edges, np.int16),
        truth=np.concatenate(truth),
        meaning=known("+y", "m", "right", str(FRAME_RATE)),
    )
