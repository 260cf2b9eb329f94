"""Answers to "where does it look?": how much each joint matters in each frame, by six questions and two plain guesses.

    from gca_scratch.runs.trained import load
    from gca_scratch.runs.where import answers

    run = load("run")
    maps = answers(run.network, run.weights, run.split.aligned, run.split.test)  # name -> (n, T, K)

Each answer has a measure of its own, so only the order of the cells within a sequence can be compared. All but the
scores ask what the network's answer depends on, and for that the answer is one number, `stands_out`: how far the logit
of the class that is answered lies above the mean of all. They compare the sequence with one in which nobody moves, each
joint being where it is in the mean of the sequence: its mean posture.
"""

from collections.abc import Callable, Sequence

import numpy as np

from ..data.placement import present
from ..data.sampling import Aligned
from ..network.arrays import Array, ArrayModule, array_module, to_device, to_host
from ..network.gca_lstm import Network
from ..network.ops import probabilities

BATCH = 50  # sequences that are asked about at once
STEPS = 8  # of the way from the mean posture to the sequence
GUESSES = "joint speed", "distance from mean"  # they need no network


def answers(
    network: Network,
    weights: dict[str, Array],
    aligned: Aligned,
    sequences: Sequence[int] | np.ndarray,
    iterations: int | None = None,
    xp: ArrayModule = np,
) -> dict[str, np.ndarray]:
    """All answers about sequences at the T frames that stand for them in testing: name -> (n, T, K), none below 0.

    weights: of the network, on the device of `xp`.  iterations: those that it was trained for, all where it is None.
    K: the joints in the order of the chain. The names:

    - "iteration 1" and so on: the scores (Eq. 6); of a network with soft attention, those of soft attention; of two
      streams, those over joints.
    - "gradient": the length of the gradient with respect to the cell's input.
    - "gradient x distance": the same, times the joint's distance from its mean posture.
    - "on the way": what the cell's displacement from the mean posture adds to the answer (`on_the_way`), its size.
    - "joint x moment": the sums of that over all frames and over all joints, multiplied, times the distance.
    - "left out": how much the answer changes when a joint keeps its mean posture, times the same of a moment.
    - GUESSES, for which nothing is asked of the network.
    """
    sequences, found = np.asarray(sequences), []
    for first in range(0, len(sequences), BATCH):
        chosen = sequences[first : first + BATCH]
        maps = _of_network(network, weights, aligned, chosen, iterations, xp)
        guessed = joint_speed, distance
        maps |= {name: guess(aligned, chosen, network.frames) for name, guess in zip(GUESSES, guessed, strict=True)}
        found.append(maps)
    return {name: np.concatenate([maps[name] for maps in found]) for name in found[0]}


def _of_network(network, weights, aligned, sequences, iterations, xp):
    """The network's own answers about some sequences."""
    joints = aligned.x[aligned.frame_index(sequences, network.frames)]  # (B, T, K, P, 3)
    rest, far = mean_posture(joints), away(joints)
    x, x_at_rest = aligned.channels_of(joints), aligned.channels_of(rest)
    logits, cache = network.forward(weights, to_device(x, xp), iterations=iterations)
    label, scores = probabilities(logits).argmax(axis=-1), network.scores(cache)
    maps = {} if scores is None else {f"iteration {n}": to_host(r) for n, r in enumerate(scores, start=1)}

    def gradient(at):
        logits, cache = network.forward(weights, to_device(at, xp), iterations=iterations)
        return to_host(network.backward(stands_out_backward(logits, label), cache, with_input=True)["input"])

    def change(joints):
        at = to_device(aligned.channels_of(joints), xp)
        other, _ = network.forward(weights, at, iterations=iterations, remember=False)
        return np.abs(to_host(stands_out(logits, label) - stands_out(other, label)))

    maps["gradient"] = np.linalg.norm(gradient(x), axis=-1)
    maps["gradient x distance"] = maps["gradient"] * far
    added = maps["on the way"] = np.abs(on_the_way(gradient, x_at_rest, x))
    maps["joint x moment"] = added.sum(axis=1, keepdims=True) * added.sum(axis=2, keepdims=True) * far
    joint, moment = left_out(joints, rest, aligned.order, change)
    maps["left out"] = joint[:, None] * moment[:, :, None]
    return maps


def stands_out(logits: Array, label: Array) -> Array:
    """How far the logit of label (B,) lies above the mean of all: (B,), of logits (B, classes) or (S, B, classes).

    Unlike the probability it still changes where the network is sure. Of several logits it is the mean.
    """
    above = logits[..., array_module(logits).arange(len(label)), label] - logits.mean(axis=-1)
    return above if above.ndim == 1 else above.mean(axis=0)


def stands_out_backward(logits: Array, label: Array) -> Array:
    """The gradient of the sum of `stands_out` with respect to the logits, in their shape."""
    xp = array_module(logits)
    d = xp.full_like(logits, -1 / logits.shape[-1])
    d[..., xp.arange(len(label)), label] += 1
    return d if d.ndim == 2 else d / len(d)


def on_the_way(
    gradient: Callable[[np.ndarray], np.ndarray], start: np.ndarray, end: np.ndarray, steps: int = STEPS
) -> np.ndarray:
    """What each cell adds to the answer on the straight way from one input to another: (B, T, K), with its sign.

    gradient: from an input (B, T, K, C) to the answer's gradient there.  start, end (B, T, K, C).

    It is the mean gradient on the way, times the way (integrated gradients). Over all cells it adds up to the whole
    change of the answer, but for the error of taking the mean at the middles of so many steps.
    """
    mean = sum(gradient(start + (k + 0.5) / steps * (end - start)) for k in range(steps)) / steps
    return (mean * (end - start)).sum(axis=-1)


def left_out(
    joints: np.ndarray, rest: np.ndarray, order: Sequence[int], change: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """What changes by a joint that stays in its mean posture all the time, and by a moment in which all joints do.

    joints, rest (B, T, K, P, 3).  order (K,): the joint at each place, some perhaps at several.  change: from joints to
    what is then another answer, (B,).

    Returns that of the joint at each place (B, K), and of each moment (B, T).
    """
    by_joint, by_moment = np.zeros((len(joints), len(order))), np.zeros(joints.shape[:2])
    for joint in set(order):
        places, changed = np.flatnonzero(np.equal(order, joint)), joints.copy()
        changed[:, :, places] = rest[:, :, places]
        by_joint[:, places] = change(changed)[:, None]
    for t in range(joints.shape[1]):
        changed = joints.copy()
        changed[:, t] = rest[:, t]
        by_moment[:, t] = change(changed)
    return by_joint, by_moment


def mean_posture(joints: np.ndarray) -> np.ndarray:
    """Each joint at its mean over the frames in which its person is present: of joints (B, T, K, P, 3), in their shape.

    Whoever is absent from a frame, all zeros, stays so.
    """
    there = present(joints, (2, 4))
    mean = joints.sum(axis=1, keepdims=True) / np.maximum(there.sum(axis=1, keepdims=True), 1)
    return (mean * there).astype(joints.dtype)


def away(joints: np.ndarray) -> np.ndarray:
    """How far each joint is from its mean posture: joints (B, T, K, P, 3) give (B, T, K).

    Of several persons the one counts who is further away.
    """
    return np.linalg.norm(joints - mean_posture(joints), axis=-1).max(axis=-1)


def distance(aligned: Aligned, sequences: Sequence[int] | np.ndarray, frames: int) -> np.ndarray:
    """How far every joint is `away` at the frames that stand for the sequences in testing, in units of the input:
    (len(sequences), frames, K)."""
    return away(aligned.x[aligned.frame_index(sequences, frames)])


def joint_speed(aligned: Aligned, sequences: Sequence[int] | np.ndarray, frames: int) -> np.ndarray:
    """Speed of every joint at the frames that stand for the sequences in testing: (len(sequences), frames, K).

    Central difference of the position over the neighbouring frames of the recording, in units of the input per frame.
    """
    index = aligned.frame_index(sequences, frames)  # (n, T)
    first, last = aligned.offsets[sequences][:, None], aligned.offsets[np.asarray(sequences) + 1][:, None] - 1
    before, after = np.maximum(index - 1, first), np.minimum(index + 1, last)
    step = aligned.x[after] - aligned.x[before]  # (n, T, K, P, 3)
    return np.linalg.norm(step, axis=-1).max(axis=-1) / np.maximum(after - before, 1)[..., None]
