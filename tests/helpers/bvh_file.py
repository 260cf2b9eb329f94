"""Writes BVH files for the tests, and works out where their joints are by matrices of 4 x 4, one joint at a time."""

import numpy as np

AXES = {"X": (1.0, 0.0, 0.0), "Y": (0.0, 1.0, 0.0), "Z": (0.0, 0.0, 1.0)}


def written(nodes, values, frame_time=1 / 30, newline="\n"):
    """A file as text. `nodes`: (name, parent, offset, channels), parents before children, -1 for a root.

    A name of None is an end site. The channels of each frame in `values` (one dict of node: numbers per frame) are
    written in the order in which the joints come in the text, depth first.
    """
    lines, columns = ["HIERARCHY"], []

    def write(node, depth):
        name, parent, offset, channels = nodes[node]
        indent = "\t" * depth
        kind = "End Site" if name is None else f"{'ROOT' if parent < 0 else 'JOINT'} {name}"
        lines.extend([indent + kind, indent + "{", f"{indent}\tOFFSET {' '.join(map(repr, offset))}"])
        if name is not None:
            lines.append(f"{indent}\tCHANNELS {len(channels)} {' '.join(channels)}")
            columns.append(node)
        for child, (_, above, *_rest) in enumerate(nodes):
            if above == node:
                write(child, depth + 1)
        lines.append(indent + "}")

    for node, (_, above, *_rest) in enumerate(nodes):
        if above < 0:
            write(node, 0)
    lines += ["MOTION", f"Frames: {len(values)}", f"Frame Time: {frame_time!r}"]
    lines += [" ".join(repr(value) for node in columns for value in frame[node]) + " " for frame in values]
    return newline.join(lines) + newline


def places(nodes, frame):
    """The position of each node in one frame."""
    matrices = []
    for node, (_, parent, offset, channels) in enumerate(nodes):
        shift, turns = np.eye(4), np.eye(4)
        shift[:3, 3] = offset
        for channel, value in zip(channels, frame[node], strict=True):
            if channel.endswith("position"):
                shift["XYZ".index(channel[0]), 3] = value
            else:
                turns = turns @ rodrigues(AXES[channel[0]], np.radians(value))
        above = matrices[parent] if parent >= 0 else np.eye(4)
        matrices.append(above @ shift @ turns)
    return np.array([matrix[:3, 3] for matrix in matrices])


def rodrigues(axis, angle):
    """The turn about an axis, from v cos a + (axis x v) sin a + axis (axis . v) (1 - cos a)."""
    axis, turn = np.array(axis), np.eye(4)
    for column, v in enumerate(np.eye(3)):
        turned = v * np.cos(angle) + np.cross(axis, v) * np.sin(angle) + axis * (axis @ v) * (1 - np.cos(angle))
        turn[:3, column] = turned
    return turn


ROTATIONS = ("Zrotation", "Xrotation", "Yrotation")
CHANNELS = ("Xposition", "Yposition", "Zposition", *ROTATIONS)
_PERSON = (  # name, parent, and where it hangs from that in centimetres
    ("Hips", None, (0.0, 0.0, 0.0)),
    ("Spine", "Hips", (0.0, 25.0, 0.0)),
    ("Neck", "Spine", (0.0, 25.0, 0.0)),
    ("Head", "Neck", (0.0, 15.0, 2.0)),
    ("LeftArm", "Spine", (18.0, 20.0, 0.0)),
    ("LeftForeArm", "LeftArm", (0.0, -28.0, 0.0)),
    ("LeftHand", "LeftForeArm", (0.0, -25.0, 0.0)),
    ("RightArm", "Spine", (-18.0, 20.0, 0.0)),
    ("RightForeArm", "RightArm", (0.0, -28.0, 0.0)),
    ("RightHand", "RightForeArm", (0.0, -25.0, 0.0)),
    ("LeftUpLeg", "Hips", (9.0, 0.0, 0.0)),
    ("LeftLeg", "LeftUpLeg", (0.0, -42.0, 0.0)),
    ("LeftFoot", "LeftLeg", (0.0, -40.0, 0.0)),
    ("RightUpLeg", "Hips", (-9.0, 0.0, 0.0)),
    ("RightLeg", "RightUpLeg", (0.0, -42.0, 0.0)),
    ("RightFoot", "RightLeg", (0.0, -40.0, 0.0)),
)
HIP = 90.0  # centimetres above the ground


def person(scale=1.0, prefix="", up="y"):
    """The nodes of somebody who stands with hanging arms, in centimetres x scale; y or z is up."""
    names = [name for name, *_ in _PERSON]
    order = (0, 1, 2) if up == "y" else (0, 2, 1)
    sign = 1.0 if up == "y" else -1.0  # of what is in front, so that the axes stay right-handed
    nodes = []
    for name, parent, (x, y, z) in _PERSON:
        turned = (x, y, sign * z)
        offset = tuple(scale * turned[axis] for axis in order)
        nodes.append((prefix + name, names.index(parent) if parent else -1, offset, ROTATIONS if parent else CHANNELS))
    return nodes


def moving(nodes, frames, place=(0.0, HIP, 0.0), speed=(0.0, 0.0, 0.0), turn=(0.0, 0.0, 0.0), seed=0, noise=3):
    """Channels of so many frames: roots at a place that moves on by `speed` a frame; joints turn by about `noise`."""
    rng = np.random.default_rng(seed)
    values = []
    for k in range(frames):
        frame = [tuple(rng.normal(0, noise, len(channels)).round(3).tolist()) for *_, channels in nodes]
        for node, (_, parent, _, channels) in enumerate(nodes):
            if parent < 0 and channels:
                frame[node] = tuple(p + k * s for p, s in zip(place, speed, strict=True)) + tuple(map(float, turn))
        values.append(tuple(frame))
    return values
