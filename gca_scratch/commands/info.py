"""The command `info`: what a data file holds."""

import numpy as np

from .. import runs
from ..data.joint_names import find_roles
from ..data.skeleton import chain
from .options import add_source, source_of

HELP = "say what a data file holds"
EXAMPLES = ["info --data skeletons.npz", "info --dataset utkinect --data UTKinect"]


def add_options(parser):
    """The arguments of `info`."""
    add_source(parser)


def command(options):
    """Read the data, and print what it is."""
    data = runs.load_data(source_of(options))
    print(describe(data), flush=True)
    edges = [tuple(map(int, edge)) for edge in data.edges]
    roles = find_roles(data.joint_names, edges, options.hip)
    order = chain(len(data.joint_names), edges, roles.hip)
    print("\njoints, in the order of the chain:", ", ".join(data.joint_names[joint] for joint in order))


def describe(data):
    """What a data set holds, as lines of text."""
    lengths = data.lengths
    _, persons, joints, _ = data.joints.shape
    lines = [
        f"{len(data)} sequences, {len(data.joints)} frames ({lengths.min()} to {lengths.max()} each, "
        f"median {np.median(lengths):.0f}), {persons} person{'s' * (persons > 1)}, {joints} joints",
        f"subjects: {len(np.unique(data.subject))} ({data.subject.min()} to {data.subject.max()})",
    ]
    for name in ("view", "setup", "repetition"):
        values = getattr(data, name)
        if values is not None:
            lines.append(f"{name}s: {', '.join(map(str, np.unique(values)))}")
    if data.truth is not None:
        lines.append(f"ground truth of the joints that carry the action: {data.truth.mean():.1%} of all cells")
    lines += ["", "classes:"]
    width = max(len(name) for name in data.class_names)
    lines += [f"  {name:{width}}  {(data.label == k).sum():5}" for k, name in enumerate(data.class_names)]
    low, high = data.joints.min(axis=(0, 1, 2)), data.joints.max(axis=(0, 1, 2))
    lines += [
        "",
        "coordinates: " + ", ".join(f"{axis} {a:.2f} to {b:.2f}" for axis, a, b in zip("xyz", low, high, strict=True)),
    ]
    return "\n".join(lines)
