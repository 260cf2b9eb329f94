"""What restless people do besides an action: they fidget, swing, scratch and step, in all classes alike.

Joints move as far as in an action, and at any time.

Each of `REACHES` goes its own way from pose to pose, each drawn at random within the reach, and stays there for a
while, swinging or scratching if it is an arm. Now and then the pose is the idle one. The legs take turns, so that one
foot carries.
"""

from collections.abc import Callable

import numpy as np

from .actions import ACTIONS, beating, through
from .kinematics import MOTIONS, SIDES, Angles, pose

# Among restless legs and heads a kick and a nod would be lost, so these are not asked for.
CLASSES = tuple(name for name in ACTIONS if name not in ("kick right", "kick left", "nod"))
LENGTHS = 90, 150  # frames of the shortest and of the longest sequence
MOVE, STAY = (7, 14), (2, 12)  # frames of the way from pose to pose, and of the stay
CALM = 6  # frames that it takes to give up a movement for the action, and to take it up again
IDLE = 0.1  # how often the next pose is the idle one
SWING, SCRATCH = 40.0, 25.0  # degrees of the shoulder to and fro, and of the elbow
TO_AND_FRO = {"swing": 10, "scratch": 5}  # frames that one takes
STEP, STEPPING = 0.36, (14, 24)  # metres, standard deviation of where somebody stands, on each axis; frames of a step

_ARM = {
    "shoulder flex": (-50, 140),
    "shoulder abduct": (0, 100),
    "shoulder rotate": (-40, 50),
    "elbow flex": (0, 110),
    "wrist flex": (-25, 25),
}
_LEG = {
    "hip flex": (-25, 40),
    "hip abduct": (0, 34),
    "hip rotate": (-15, 25),
    "knee flex": (0, 75),
    "ankle flex": (-20, 15),
}
REACHES = {  # who moves -> (motion -> from and to how many degrees)
    **{f"{side} arm": {f"{side} {motion}": reach for motion, reach in _ARM.items()} for side in SIDES},
    "legs": _LEG,  # of one side or the other
    "trunk": {"spine bend": (-12, 26), "spine turn": (-45, 45), "spine lean": (-26, 26), "chest bend": (-6, 8)},
    "head": {"neck turn": (-45, 45), "neck lean": (-22, 22), "neck bend": (-12, 16)},
}


def wander(
    frames: int, move: tuple[int, int], draw: Callable[[], np.ndarray], rng: np.random.Generator
) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """A way from place to place, each of which `draw()` draws (n,), the first being 0: (frames, n), and the stays
    (first frame, last frame). move: frames of the shortest and of the longest way between two."""
    now, places, keys, stays = int(rng.integers(STAY[1])), [0 * draw()], [0], []
    while now < frames:
        arrived = now + int(rng.integers(*move))
        places += [places[-1], draw()]
        keys += [now, arrived]
        now = arrived + int(rng.integers(*STAY))
        stays.append((arrived, now))
    columns = [through(np.arange(frames), *zip(keys, column, strict=True)) for column in np.transpose(places)]
    return np.stack(columns, axis=1), stays


def movements(who: str, frames: int, rng: np.random.Generator) -> Angles:
    """What one of `REACHES` does through so many frames, angles in degrees by name."""
    low, high = np.array(list(REACHES[who].values()), float).T
    names = [f"{side} {name}" for side in SIDES for name in _LEG] if who == "legs" else list(REACHES[who])

    def drawn():
        one = rng.uniform(low, high) * (rng.random() > IDLE)
        if who != "legs":
            return one
        left = rng.random() < 0.5
        return np.concatenate([one * left, one * (not left)])

    curves, stays = wander(frames, MOVE, drawn, rng)
    angles = dict(zip(names, curves.T, strict=True))
    if not who.endswith("arm"):
        return angles
    side = who.split()[0]
    for first, last in stays:
        way = ("swing", "scratch", None)[int(rng.integers(3))]
        if way:
            beats = max(1, (last - first) // TO_AND_FRO[way])
            curve = beating(np.clip((np.arange(frames) - first) / (last - first), 0, 1), beats)
            motion, size = ("shoulder flex", SWING) if way == "swing" else ("elbow flex", SCRATCH)
            angles[f"{side} {motion}"] += size * curve
    return angles


def restlessness(frames: int, action: Angles, first: int, last: int, rng: np.random.Generator) -> np.ndarray:
    """All that a restless person does besides an action, turns (frames, J, 3) in radians.

    action: its angles, from frame `first` to frame `last`. Whoever of REACHES takes part in it is idle from the one to
    the other.
    """
    acting = through(np.arange(frames), (first - CALM, 0), (first, 1), (last, 1), (last + CALM, 0))
    taking_part = {member(name) for name in action}
    turns = {who: pose(movements(who, frames, rng), frames) for who in REACHES}
    return sum(own * np.reshape(1 - acting * (who in taking_part), (-1, 1, 1)) for who, own in turns.items())


def member(motion: str) -> str:
    """Which of REACHES moves so."""
    joint = MOTIONS[motion][0]
    side, _, part = joint.partition(" ")
    if side in SIDES:
        return "legs" if part in ("hip", "knee", "ankle", "foot") else f"{side} arm"
    return "head" if joint == "neck" else "trunk"


def steps(frames: int, rng: np.random.Generator) -> np.ndarray:
    """Where a restless person stands, metres (frames, 3) from where the sequence began, on the floor."""
    path, _ = wander(frames, STEPPING, lambda: rng.normal(0, STEP, 2), rng)
    x, z = path.T
    return np.stack([x, np.zeros(frames), z], axis=1)
