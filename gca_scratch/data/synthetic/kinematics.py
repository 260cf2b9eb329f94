"""A jointed human of 25 Kinect v2 joints: bone lengths, named joint angles, forward kinematics, feet on the floor.

Axes, for a person who faces the camera: x to the person's right, y up, z away from the camera (the person looks along
-z), right-handed, metres; these are the axes of a Kinect's camera space, too. With every angle at zero the person
stands upright, the arms hanging, palms inwards, toes forward. Angles are named as in anatomy and given in degrees:
`MOTIONS` says which joint each one turns. Every joint turns the bones that leave it, so the two shoulders follow the
chest and the two hips follow the pelvis.

Bone lengths are fractions of stature by Drillis and Contini, "Body Segment Parameters" (1966), as reprinted in Winter,
"Biomechanics and Motor Control of Human Movement", Fig. 4.1: upper arm 0.186, forearm 0.146, hand 0.108, thigh 0.245,
shank 0.246, ankle 0.039 above the floor, hip at 0.530, shoulder at 0.818, eye at 0.936. That figure measures a body's
outside; a Kinect reports joint centres, which lie further in, so the shoulders and hips stand closer together here
(0.100 and 0.050 of stature from the middle) and the trunk is divided as a Kinect divides it.
"""

from dataclasses import dataclass

import numpy as np

from gca_scratch.support.errors import InputError, shown

from ..skeleton import KINECT_V2

JOINTS = {name: joint for joint, name in enumerate(KINECT_V2.joint_names)}
SIDES = ("left", "right")

# Where a joint lies, seen from its parent, in fractions of stature (x, y, z), and the part of the body it grows with.
# The joints of the limbs stand for the right side; on the left x is negated.
TRUNK = {
    "spine mid": ("trunk", (0.0, 0.155, 0.0)),
    "spine shoulder": ("trunk", (0.0, 0.120, 0.0)),
    "neck": ("trunk", (0.0, 0.035, 0.0)),
    "head": ("trunk", (0.0, 0.080, -0.010)),
}
LIMBS = {
    "shoulder": ("shoulders", (0.100, -0.018, 0.0)),
    "elbow": ("arms", (0.0, -0.186, 0.0)),
    "wrist": ("arms", (0.0, -0.146, 0.0)),
    "hand": ("arms", (0.0, -0.054, 0.0)),
    "hand tip": ("arms", (0.0, -0.054, 0.0)),
    "thumb": ("arms", (0.0, -0.015, -0.025)),
    "hip": ("hips", (0.050, -0.015, 0.0)),
    "knee": ("legs", (0.0, -0.245, 0.0)),
    "ankle": ("legs", (0.0, -0.246, 0.0)),
    "foot": ("legs", (0.0, -0.027, -0.075)),
}
ANKLE_HEIGHT = 0.039
PARTS = ("trunk", "shoulders", "arms", "hips", "legs")

X, Y, Z = 0, 1, 2  # the axes a joint can turn about
# name -> (joint, axis, sign, idle): the joint it turns, about which axis, which way round, and how much it sways in
# somebody idle (root mean square, degrees).
CENTRAL_MOTIONS = {
    "pelvis bend": ("spine base", X, -1, 0.4),  # bend: forwards
    "pelvis turn": ("spine base", Y, +1, 0.8),  # turn: to the person's left
    "pelvis lean": ("spine base", Z, +1, 0.3),  # lean: to the person's left
    "spine bend": ("spine mid", X, -1, 0.7),
    "spine turn": ("spine mid", Y, +1, 1.0),
    "spine lean": ("spine mid", Z, +1, 0.5),
    "chest bend": ("spine shoulder", X, -1, 0.7),
    "chest turn": ("spine shoulder", Y, +1, 0.7),
    "chest lean": ("spine shoulder", Z, +1, 0.5),
    "neck bend": ("neck", X, -1, 2.0),
    "neck turn": ("neck", Y, +1, 3.0),
    "neck lean": ("neck", Z, +1, 1.5),
}
LIMB_MOTIONS = {  # signs of the right side
    "shoulder flex": ("shoulder", X, +1, 1.5),  # the arm forwards and up
    "shoulder abduct": ("shoulder", Z, +1, 1.5),  # sideways, away from the body
    "shoulder rotate": ("shoulder", Y, +1, 2.5),  # about the upper arm, inwards
    "elbow flex": ("elbow", X, +1, 2.0),
    "forearm twist": ("elbow", Y, +1, 4.0),  # the thumb inwards
    "wrist flex": ("wrist", Z, -1, 3.0),  # towards the palm
    "wrist tilt": ("wrist", X, +1, 2.0),  # towards the thumb
    "finger flex": ("hand", Z, -1, 4.0),
    "hip flex": ("hip", X, +1, 0.35),  # the leg forwards
    "hip abduct": ("hip", Z, +1, 0.25),
    "hip rotate": ("hip", Y, +1, 0.8),  # inwards
    "knee flex": ("knee", X, -1, 0.5),
    "ankle flex": ("ankle", X, +1, 0.6),  # the toes up
    "ankle tilt": ("ankle", Z, +1, 0.6),
    "ankle turn": ("ankle", Y, +1, 0.6),  # the toes inwards
}


def _of_side(side: str) -> dict[str, tuple[str, int, int, float]]:
    """The motions of one side's limbs: a mirror keeps turns about x and reverses those about y and z."""
    return {
        f"{side} {name}": (f"{side} {joint}", axis, sign if side == "right" or axis == X else -sign, idle)
        for name, (joint, axis, sign, idle) in LIMB_MOTIONS.items()
    }


MOTIONS = CENTRAL_MOTIONS | _of_side("left") | _of_side("right")

Angles = dict[str, np.ndarray | float]  # a motion's name -> degrees, (frames,) or one number for all frames


@dataclass(frozen=True)
class Body:
    """One person's build: bones (J, 3) metres from parent to joint at zero angles, and the pose (J, 3) they rest in."""

    bones: np.ndarray
    resting: np.ndarray


def bones(stature: float, scale: dict[str, float]) -> np.ndarray:
    """Bones (J, 3) in metres of a person of this stature in metres; `scale` holds a factor near 1 for each of PARTS."""
    offsets = np.zeros((len(JOINTS), 3))
    for name, (part, offset) in TRUNK.items():
        offsets[JOINTS[name]] = np.multiply(offset, scale[part])
    for name, (part, offset) in LIMBS.items():
        offsets[JOINTS[f"right {name}"]] = np.multiply(offset, scale[part])
        offsets[JOINTS[f"left {name}"]] = np.multiply(offset, scale[part]) * (-1, 1, 1)
    return stature * offsets


def pose(angles: Angles, frames: int) -> np.ndarray:
    """Turns (frames, J, 3) of every joint about x, y and z in radians, from angles by name in degrees.

    Angles that are not named are zero. Poses add: a resting pose plus a sway plus an action. Raises InputError if a
    name is none of `MOTIONS`.
    """
    turns = np.zeros((frames, len(JOINTS), 3))
    for name, degrees in angles.items():
        if name not in MOTIONS:
            raise InputError(f"{shown(name)} is not a motion of the body; choose among {', '.join(MOTIONS)}.")
        joint, axis, sign, _ = MOTIONS[name]
        turns[:, JOINTS[joint], axis] += sign * np.radians(degrees)
    return turns


def mirrored(angles: Angles) -> Angles:
    """The same movement in a mirror: left and right change places, turns and leans of the trunk change sign."""
    swapped = {}
    for name, degrees in angles.items():
        side, _, motion = name.partition(" ")
        if side in SIDES:
            swapped[f"{SIDES[1 - SIDES.index(side)]} {motion}"] = degrees
        else:
            swapped[name] = degrees if motion == "bend" else -degrees
    return swapped


def rotations(turns: np.ndarray) -> np.ndarray:
    """Matrices (..., 3, 3) R = Rx Rz Ry of turns (..., 3): first about the limb's own axis, then sideways, then
    forwards."""
    (sx, sy, sz), (cx, cy, cz) = np.moveaxis(np.sin(turns), -1, 0), np.moveaxis(np.cos(turns), -1, 0)
    matrix = np.empty((*turns.shape, 3))
    matrix[..., 0, 0], matrix[..., 0, 1], matrix[..., 0, 2] = cz * cy, -sz, cz * sy
    matrix[..., 1, 0], matrix[..., 1, 1], matrix[..., 1, 2] = cx * sz * cy + sx * sy, cx * cz, cx * sz * sy - sx * cy
    matrix[..., 2, 0], matrix[..., 2, 1], matrix[..., 2, 2] = sx * sz * cy - cx * sy, sx * cz, sx * sz * sy + cx * cy
    return matrix


def forward(offsets: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Forward kinematics: joints (frames, J, 3) of bones (J, 3) under turns (frames, J, 3), the spine base at 0."""
    turned = rotations(turns)  # becomes each joint's orientation in space, parents first
    joints = np.zeros(turns.shape)
    for parent, child in KINECT_V2.edges:
        joints[:, child] = joints[:, parent] + turned[:, parent] @ offsets[child]
        turned[:, child] = turned[:, parent] @ turned[:, child]
    return joints


def stand(body: Body, turns: np.ndarray) -> np.ndarray:
    """Joints (frames, J, 3) of a person who stands on the floor y = 0 under turns (frames, J, 3), facing -z.

    The body is carried by its lower foot (by both, evenly, when they are level): that foot stays where it is in the
    resting pose, and the root moves instead, down in a squat, back in a bow. The lowest sole touches the floor.
    """
    standing, joints = np.split(forward(body.bones, np.concatenate([body.resting[None], turns])), [1])
    ankles = [JOINTS[f"{side} ankle"] for side in SIDES]
    feet = [JOINTS[f"{side} foot"] for side in SIDES]
    ankle_height = ANKLE_HEIGHT / LIMBS["ankle"][1][1] * body.bones[ankles, 1]
    soles = joints[:, ankles, 1] - ankle_height
    toes = joints[:, feet, 1] - ankle_height - body.bones[feet, 1]
    low = np.minimum(soles, toes)  # (frames, 2): the lowest point of each foot
    carries = 1 / (1 + np.exp(np.clip((low - low[:, ::-1]) / 0.01, -50, 50)))  # softly the lower one, within 1 cm
    root = np.einsum("fs,fsx->fx", carries, standing[:, ankles] - joints[:, ankles])
    root[:, Y] = -low.min(axis=1)
    return joints + root[:, None]
