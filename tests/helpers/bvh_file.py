"""Writes BVH files for the tests, and works out where their joints are by matrices of 4 x 4, one joint at a time."""

import numpy as np

AXES = {"X": (1.0, 0.0, 0.0), "Y": (0.0, 1.0, 0.0), "Z": (0.0, 0.0, 1.0)}


def written(nodes, values, frame_time=1 / 30, newline="\n"):
    """A file as text. `nodes`: (name, parent, offset, channels), the root first, parents before children.

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

    write(0, 0)
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
