"""What a trained network sees in a sequence, and the poses to draw that on.

In a notebook:

    from gca_scratch.figures.bodies import animation, player
    from gca_scratch.figures.look import look, poses
    from gca_scratch.runs.trained import load

    run = load("run")
    seen = look(run)  # a test sequence and its scores (None where the network has no attention)
    player(animation(seen.title, poses(run, seen.n), run.body.bones, seen.of_joints, run.split.aligned.up))
"""

from typing import NamedTuple

import numpy as np

from ..data.joint_names import find_roles
from ..data.placement import turn_matrix
from ..runs.trained import Run, classify, probabilities_of
from ..support.errors import InputError, shown


class Look(NamedTuple):
    """What a network sees in sequence n: scores of cells (rows, T, K) and of joints (rows, T, J), or None for both.

    title says what the sequence is and what it was taken for; names are those of the rows.
    """

    n: int
    title: str
    scores: np.ndarray | None
    of_joints: np.ndarray | None
    names: list[str]


def look(run: Run, sequence: str | int | None = None) -> Look:
    """The Look at a sequence, given by its name or its number in the data (from 0).

    Where none is given it is the first sequence of the test set that is recognised, or the first of all if none is.
    """
    data, test = run.split.data, run.split.test
    if sequence is None:
        right = probabilities_of(run, test).argmax(axis=1) == data.label[test]
        n = test[right.argmax()]  # of nothing but wrong ones the first
    else:
        n = _numbered(data, str(sequence))
    chances, scores, names = classify(run, [n])
    true, taken_for = (data.class_names[k] for k in (data.label[n], chances[0].argmax()))
    verdict = "recognised" if true == taken_for else f"taken for {taken_for}"
    cells = None if scores is None else scores[:, 0]
    joints = None if scores is None else cells @ run.body.shares.T
    return Look(int(n), f"{true} ({data.name[n]}), {verdict}", cells, joints, names)


def _numbered(data, sequence):
    named = np.flatnonzero(data.name == sequence)
    if len(named):
        return named[0]
    if sequence.isdecimal() and int(sequence) < len(data):
        return int(sequence)
    raise InputError(
        f"--sequence {shown(sequence)} is none of the {len(data)} sequences; give a number from 0 to {len(data) - 1}, "
        f"or a name such as {shown(str(data.name[0]))}"
    )


def poses(run: Run, n: int, persons: int | None = None) -> np.ndarray:
    """All frames of sequence n as they are drawn: (F, J, P, 3), upright; persons: how many at most.

    One person faces the camera in the first frame; two stand on both sides of the picture, the first one on the left.
    """
    data, aligned = run.split.data, run.split.aligned
    roles = find_roles(data.joint_names, [tuple(map(int, edge)) for edge in data.edges], run.source.hip or None)
    order, up = list(aligned.order), aligned.up
    x = aligned.x[aligned.offsets[n] : aligned.offsets[n + 1], :, :persons].astype(float)
    if roles.top is not None:
        sample = aligned.x[:: max(1, len(aligned.x) // 2000), :, 0, up]
        if (sample[:, order.index(roles.top)] - sample[:, 0]).mean() < 0:  # an axis that points down
            x[..., up] *= -1
    there = (x != 0).any(axis=(1, 3))  # (F, P)
    line = np.zeros(3)
    if there.all(axis=1).any() and x.shape[2] > 1:
        line = (x[:, 0, 0] - x[:, 0, 1])[there.all(axis=1)].mean(axis=0)
    elif there[:, 0].any() and roles.left is not None:
        first = x[there[:, 0].argmax(), :, 0]
        line = first[order.index(roles.right)] - first[order.index(roles.left)]
    angle = np.arctan2(line[(up + 1) % 3], line[(up + 2) % 3])
    return (x @ turn_matrix(np.array([angle]), up)[0])[:, run.body.places]
