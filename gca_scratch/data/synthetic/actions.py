"""What the synthetic human can do: `ACTIONS`, each a function of time that gives joint angles.

To add an action, write a function that gives its joint angles over time and enter it in the table:

    def salute(phase, beats, size):
        up = held(phase)
        return {"right shoulder flex": 80 * size * up, "right shoulder rotate": 20 * up, "right elbow flex": 125 * up}

    ACTIONS["salute"] = salute, 2.0  # seconds it takes; (mirror(salute), 2.0) would be a salute with the left hand

`phase` (frames,) runs from 0 to 1 during the action and rests at 0 before and at 1 after it, where every angle must be
zero; `beats`, from 2 to 4, says how often a repeated movement repeats, `size` (about 1) how largely this person moves.
The angles are degrees by the names of `kinematics.MOTIONS`, and add to the resting pose and to the idle sway; only the
way somebody lets an arm hang vanishes while the action uses that arm, lest hands that should meet miss each other.
"""

from collections.abc import Callable

import numpy as np

from .kinematics import SIDES, Angles, mirrored

Action = Callable[[np.ndarray, int, float], Angles]


def through(phase: np.ndarray, *keys: tuple[float, float]) -> np.ndarray:
    """A curve that eases from key to key (phase, value), coming to rest at each; constant outside. (frames,)"""
    times, values = np.array(keys, float).T
    segment = np.clip(np.searchsorted(times, phase, side="right") - 1, 0, len(keys) - 2)
    part = np.clip((phase - times[segment]) / (times[segment + 1] - times[segment]), 0, 1)
    return values[segment] + (values[segment + 1] - values[segment]) * (1 - np.cos(np.pi * part)) / 2


def held(phase: np.ndarray, rise: float = 0.25) -> np.ndarray:
    """Up to 1 during the first `rise` of the action, back to 0 during the last."""
    return through(phase, (0, 0), (rise, 1), (1 - rise, 1), (1, 0))


def beating(phase: np.ndarray, beats: int, start: float = 0.0) -> np.ndarray:
    """`beats` times from 0 to 1 and back, between the phases `start` and 1 - `start`."""
    part = np.clip((phase - start) / (1 - 2 * start), 0, 1)
    return (1 - np.cos(2 * np.pi * beats * part)) / 2


def wave(phase: np.ndarray, beats: int, size: float) -> Angles:
    """The upper arm to the side, the forearm up, and to and fro."""
    up = held(phase, 0.2)
    return {
        "right shoulder abduct": 73 * up,
        "right shoulder rotate": -83 * up,
        "right elbow flex": (70 + 50 * size * beating(phase, beats, 0.15)) * up,
    }


def raise_arm(phase: np.ndarray, beats: int, size: float) -> Angles:
    """The right arm straight up."""
    up = held(phase, 0.35)
    return {
        "right shoulder flex": 155 * min(size, 1.05) * up,
        "right shoulder abduct": 8 * up,
        "right shoulder rotate": 12 * up,
        "right elbow flex": 20 * up,
    }


def punch(phase: np.ndarray, beats: int, size: float) -> Angles:
    """The right fist forward, from the hip."""
    guard, thrust = held(phase, 0.15), beating(phase, min(beats, 2), 0.15)
    return {
        "right shoulder flex": 20 * guard + 62 * size * thrust,
        "right shoulder abduct": 16 * guard,
        "right shoulder rotate": 17 * guard,
        "right elbow flex": 120 * guard - 100 * thrust,
        "spine turn": 5 * size * thrust,
    }


def drink(phase: np.ndarray, beats: int, size: float) -> Angles:
    """The right hand to the mouth."""
    up, tip = held(phase, 0.3), held(phase, 0.4)
    return {
        "right shoulder flex": 70 * up,
        "right shoulder rotate": 30 * up,
        "right elbow flex": 130 * up,
        "right wrist tilt": 12 * size * tip,
        "neck bend": -8 * size * tip,
    }


def kick(phase: np.ndarray, beats: int, size: float) -> Angles:
    """The right foot forward."""
    swing = through(phase, (0, 0), (0.15, 18), (0.35, -12), (0.6, 65), (0.85, 15), (1, 0))
    fold = through(phase, (0, 0), (0.15, 36), (0.35, 75), (0.6, 8), (0.85, 32), (1, 0))
    toes_up = through(phase, (0, 0), (0.15, 20), (0.35, 10), (0.6, -10), (0.85, 18), (1, 0))
    onto_the_other_foot = held(phase, 0.15)
    return {
        "right hip flex": size * swing,
        "right knee flex": size * fold,
        "right ankle flex": size * toes_up,
        "right hip abduct": 2 * onto_the_other_foot,
        "left hip abduct": -2 * onto_the_other_foot,
    }


def clap(phase: np.ndarray, beats: int, size: float) -> Angles:
    """Both hands together before the chest."""
    up, shut = held(phase, 0.2), beating(phase, beats + 1, 0.15)
    arms = {
        "shoulder flex": 20 * up + 10 * shut,
        "shoulder abduct": 8 * up + 12 * size * (up - shut),
        "shoulder rotate": 7 * up + 32 * shut,
        "elbow flex": 105 * up,
        "wrist flex": -22 * up - 12 * shut,
    }
    return {f"{side} {motion}": angle for side in SIDES for motion, angle in arms.items()}


def bow(phase: np.ndarray, beats: int, size: float) -> Angles:
    """The trunk forward."""
    down = size * held(phase, 0.4)
    limbs = {"hip flex": 42 * down, "ankle flex": -7 * down, "shoulder flex": 40 * down, "elbow flex": 15 * down}
    return {
        "pelvis bend": 35 * down,
        "spine bend": 18 * down,
        "chest bend": 8 * down,
        "neck bend": 8 * down,
        **{f"{side} {motion}": angle for side in SIDES for motion, angle in limbs.items()},
    }


def squat(phase: np.ndarray, beats: int, size: float) -> Angles:
    """Down and up again."""
    down = size * held(phase, 0.4)
    limbs = {
        "hip flex": 88 * down,
        "hip rotate": 4 * down,
        "knee flex": 90 * down,
        "ankle flex": 27 * down,
        "shoulder flex": 75 * down,
        "elbow flex": 15 * down,
    }
    return {
        "pelvis bend": 25 * down,
        "spine bend": 8 * down,
        "neck bend": -15 * down,
        **{f"{side} {motion}": angle for side in SIDES for motion, angle in limbs.items()},
    }


def nod(phase: np.ndarray, beats: int, size: float) -> Angles:
    """The head down and up."""
    return {"neck bend": 42 * size * beating(phase, beats)}


def mirror(action: Action) -> Action:
    """The same action with left and right exchanged."""
    return lambda phase, beats, size: mirrored(action(phase, beats, size))


# name -> (angles over time, seconds it takes at an ordinary pace)
ACTIONS: dict[str, tuple[Action, float]] = {
    "wave right hand": (wave, 2.2),
    "wave left hand": (mirror(wave), 2.2),
    "raise right arm": (raise_arm, 2.0),
    "raise left arm": (mirror(raise_arm), 2.0),
    "punch right": (punch, 1.7),
    "punch left": (mirror(punch), 1.7),
    "kick right": (kick, 1.6),
    "kick left": (mirror(kick), 1.6),
    "drink right hand": (drink, 2.2),
    "drink left hand": (mirror(drink), 2.2),
    "clap": (clap, 2.0),
    "bow": (bow, 2.0),
    "squat": (squat, 2.0),
    "nod": (nod, 1.8),
}


def fidget_arm(phase: np.ndarray, beats: int, size: float) -> Angles:
    """The right arm forward a little, with a bent elbow."""
    return {"right shoulder flex": 12 * size * held(phase, 0.4), "right elbow flex": 38 * size * held(phase, 0.4)}


def spread_arm(phase: np.ndarray, beats: int, size: float) -> Angles:
    """The right arm a little to the side."""
    return {"right shoulder abduct": 20 * size * held(phase, 0.4)}


def look_aside(phase: np.ndarray, beats: int, size: float) -> Angles:
    """The head to the side."""
    turn = size * held(phase, 0.3)
    return {"neck turn": 35 * turn, "neck lean": 12 * turn, "neck bend": 8 * turn}


def ease_leg(phase: np.ndarray, beats: int, size: float) -> Angles:
    """The right knee a little forward."""
    ease = size * held(phase, 0.3)
    return {"right hip flex": 16 * ease, "right knee flex": 30 * ease, "right ankle flex": 14 * ease}


# What an idle person may do besides: it moves joints, but is no part of any action.
FIDGETS = tuple(
    fidget for movement in (fidget_arm, spread_arm, look_aside, ease_leg) for fidget in (movement, mirror(movement))
)
