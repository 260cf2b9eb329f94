"""Skeletons small enough to train on in a blink, with any layout, and settings to match."""

import numpy as np

from gca_scratch.data.neutral import Skeletons
from gca_scratch.settings import Settings

BODY = {  # joint: parent, place in metres (x to the right of the person, y up)
    "pelvis": (None, (0, 0, 0)),
    "neck": ("pelvis", (0, 0.5, 0)),
    "left hand": ("neck", (-0.3, 0.3, 0)),
    "right hand": ("neck", (0.3, 0.3, 0)),
    "left hip": ("pelvis", (-0.1, -0.05, 0)),
    "right hip": ("pelvis", (0.1, -0.05, 0)),
}
CLASSES = ("raise left", "raise right", "bow")
TINY = Settings(frames=4, hidden=4, iterations=2, initial="average", dropout=0.3, batch_size=5, epochs=3, patience=3,
                validation=1, learning_rate=0.3, clip=5.0)  # fmt: skip


def skeletons(body=BODY, subjects=4, repetitions=2, persons=1, seed=0, truth=True, up=(0, 1, 0)):
    """Every subject performs every class `repetitions` times, in 3 to 9 frames; one joint moves, the others tremble."""
    rng = np.random.default_rng(seed)
    names = list(body)
    rest = np.array([place for _, place in body.values()], float)
    sequences, carries, numbers = [], [], []
    for subject in range(1, subjects + 1):
        for label in range(len(CLASSES)):
            for repetition in range(1, repetitions + 1):
                frames = rng.integers(3, 10)
                x = rest + rng.normal(0, 0.01, (frames, persons, *rest.shape)) + rng.normal(0, 1, 3)
                moving = (len(names) - 1 - label) % len(names)
                x[:, :, moving] += np.linspace(0, 0.5, frames)[:, None, None] * np.array(up)
                sequences.append(x)
                carries.append(np.tile(np.arange(len(names)) == moving, (frames, 1)))
                numbers.append((label, subject, repetition))
    label, subject, repetition = np.array(numbers, np.int16).T
    edges = [(names.index(parent), joint) for joint, (parent, _) in enumerate(body.values()) if parent]
    return Skeletons(
        joints=np.concatenate(sequences).astype(np.float32),
        offsets=np.cumsum([0, *map(len, sequences)], dtype=np.int64),
        label=label.copy(),
        subject=subject.copy(),
        repetition=repetition.copy(),
        name=np.array([f"s{who} {CLASSES[what]} {time}" for what, who, time in numbers]),
        class_names=CLASSES,
        joint_names=tuple(names),
        edges=np.array(edges, np.int16).reshape(-1, 2),
        truth=np.concatenate(carries) if truth else None,
    )


def of_layout(layout):
    """The joints of a skeleton.Layout as a body: every child a little beside and below its parent."""
    parents = {child: parent for parent, child in layout.edges}
    places = {}
    for joint in [*set(range(len(layout.joint_names))) - set(parents), *(child for _, child in layout.edges)]:
        side = {"left": -0.1, "right": 0.1}.get(layout.joint_names[joint].split()[0], 0.0)
        base = places.get(parents.get(joint), np.zeros(3))
        places[joint] = base + (side, 0.2 if side == 0 else -0.05, 0)
    return {
        name: (layout.joint_names[parents[joint]] if joint in parents else None, tuple(places[joint]))
        for joint, name in enumerate(layout.joint_names)
    }


def two_persons(seed=0):
    """Sequences of two persons who stand apart; in the first sequence the second comes in the third frame, in the
    second sequence never."""
    data = skeletons(subjects=2, persons=2, seed=seed)
    rng = np.random.default_rng(seed)
    for n in range(len(data)):
        data.sequence(n)[:, 1] += rng.normal(0, 2, 3).astype(np.float32) * np.float32([1, 0.1, 1])
    data.sequence(0)[:2, 1] = 0
    data.sequence(1)[:, 1] = 0
    return data
