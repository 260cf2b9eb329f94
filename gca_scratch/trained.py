"""A trained network brought back from its folder, what it sees in a sequence, and the poses to draw that on.

In a notebook:

    from gca_scratch.plots_body import animation, player
    from gca_scratch.trained import load, look, poses

    run = load("run")
    seen = look(run)  # a test sequence and its scores (None where the network has no attention)
    player(animation(seen.title, poses(run, seen.n), run.body.bones, seen.of_joints, run.task.prepared.up))
"""

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from . import runs, training
from .backend import Array, ArrayModule, module_for, to_device, to_host
from .datasets.neutral import Skeletons
from .datasets.sampling import Prepared, turn_matrix
from .engine import Engine
from .errors import InputError, shown
from .joint_names import find_roles
from .networks import Network
from .settings import Settings

BATCH = 100  # sequences that are run at once


class Body(NamedTuple):
    """How cells of the network become joints of a picture.

    places (J,): the first cell of each joint, in the order of the chain.  bones: pairs of indices into it.
    shares (J, K): what each of the K cells adds to the score of a joint that has several.
    """

    places: list[int]
    bones: list[tuple[int, int]]
    shares: np.ndarray


def body(data: Skeletons, prepared: Prepared) -> Body:
    """The Body of skeletons (datasets.neutral) that have been prepared (datasets.sampling)."""
    order = list(prepared.order)
    joints = list(dict.fromkeys(order))  # each once, also where the chain comes back to it
    bones = [(joints.index(a), joints.index(b)) for a, b in data.edges]
    cells = np.array(joints)[:, None] == order
    shares = cells / cells.sum(axis=1, keepdims=True) * (len(order) / len(joints))
    return Body([order.index(joint) for joint in joints], bones, shares)


class Run(NamedTuple):
    """A trained network with its settings and data: task is runs.Problem, iterations those it was last trained for."""

    network: Network
    weights: dict[str, Array]
    settings: Settings
    iterations: int
    task: runs.Problem
    source: runs.Source
    body: Body
    xp: ArrayModule


def load(
    path: str | os.PathLike[str],
    root: str | os.PathLike[str] | None = None,
    device: str = "cpu",
    data: Skeletons | None = None,
) -> Run:
    """The Run in a folder that `train` has written; InputError where there is none or its data is missing.

    root: where the data lies now, if it has moved; data: the data itself, if it is there already.
    """
    state, network, settings, source, task = runs.reload(path, root, data)
    if not state.history:
        raise InputError(f"{path} holds a network that was never trained; train it with --resume")
    xp = module_for(device)
    weights = training.best_weights(state, xp)
    return Run(network, weights, settings, state.history[-1]["step"], task, source, body(task.data, task.prepared), xp)


def classify(run: Run, sequences: Sequence[int] | np.ndarray) -> tuple[np.ndarray, np.ndarray | None, list[str]]:
    """Probabilities (n, classes) of sequences, scores (rows, n, T, K) or None, and the names of their rows.

    The probabilities are those of the test, the mean over all its looks; the scores are of one look, at the middles.
    A row of scores is an attention iteration, of one stream after the other where there are two. All are scaled so that
    1/(K T) is a uniform guess, also those of body parts.
    """
    found, row_names = [], []
    for first in range(0, len(sequences), BATCH):
        x, _ = run.task.prepared.batch(sequences[first : first + BATCH], run.network.frames)
        _, cache = run.network.forward(run.weights, to_device(x, run.xp), iterations=run.iterations, remember=False)
        rows, row_names = [], []
        for number, (prefix, stream) in enumerate(run.network.streams().items()):
            r = run.network.scores(cache, number)
            if r is None:
                continue
            parts = getattr(stream, "parts", None)
            guesses = run.network.joints if parts is None else len(set(parts))
            rows.append(to_host(r) * (guesses / run.network.joints))
            stream_name = prefix.replace(".", ", ")
            row_names += [f"{stream_name}iteration {n}" for n in range(1, len(r) + 1)]
        found.append(np.concatenate(rows) if rows else None)
    chances = probabilities_of(run, sequences)
    return chances, None if found[0] is None else np.concatenate(found, axis=1), row_names


def probabilities_of(run: Run, sequences: Sequence[int] | np.ndarray) -> np.ndarray:
    """Probabilities (n, classes) of sequences as the test has them."""
    engine, prepared = Engine(run.network, run.settings.parts), run.task.prepared
    sequences = np.asarray(sequences)
    return training.evaluate(engine, run.weights, prepared, sequences, run.settings, run.iterations, run.xp)[1]


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
    data, test = run.task.data, run.task.test
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
    data, prepared = run.task.data, run.task.prepared
    roles = find_roles(data.joint_names, [tuple(map(int, edge)) for edge in data.edges], run.source.hip or None)
    order, up = list(prepared.order), prepared.up
    x = prepared.x[prepared.offsets[n] : prepared.offsets[n + 1], :, :persons].astype(float)
    if roles.top is not None:
        some = prepared.x[:: max(1, len(prepared.x) // 2000), :, 0, up]
        if (some[:, order.index(roles.top)] - some[:, 0]).mean() < 0:  # an axis that points down
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
