"""Sequences of points that anybody can tell apart: the hand of a stick of joints goes up, or stays; of many lengths."""

import numpy as np

JOINTS = 5
NAMES = ("hip", "neck", "left shoulder", "right shoulder", "head")
BONES = ((0, 1), (1, 2), (1, 3), (1, 4))
TINY = {"epochs": 2, "hidden": 4, "frames": 4, "iterations": 1, "samplings": 1}  # of a classifier: half a second


def movements(count=24, persons=None, seed=0):
    """X, y and groups: half of the sequences move, "up" and "still" in turn, by three people."""
    rng = np.random.default_rng(seed)
    X, y, groups = [], [], []
    for n in range(count):
        frames = int(rng.integers(3, 12))
        shape = (frames, JOINTS, 3) if persons is None else (frames, persons, JOINTS, 3)
        x = rng.normal(0, 0.05, shape) + np.arange(JOINTS)[:, None] * (0.1, 0.4, 0)
        if n % 2:
            x[..., 3, 1] += np.linspace(0, 2, frames).reshape(-1, *[1] * (persons is not None))
        X.append(x)
        y.append("up" if n % 2 else "still")
        groups.append(n // 2 % 3)
    return X, y, groups
