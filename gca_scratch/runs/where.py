"""Answers to "where does it look?": how much each joint matters in each frame, by the network's scores, its gradient,
and what is left out; and two guesses that need no network.

    from gca_scratch.runs.trained import load
    from gca_scratch.runs.where import answers

    run = load("run")
    maps = answers(run.network, run.weights, run.split.aligned, run.split.test)  # name -> (n, T, K)

Each answer has a measure of its own, so only the order of the cells within a sequence can be compared. What the
network's answers are about is `stands_out`: how far the logit of the class that it answers lies above the mean of all.
"""

from collections.abc import Callable, Sequence

import numpy as np

from ..data.placement import present
from ..data.sampling import Aligned
from ..network.arrays import Array, ArrayModule, array_module, to_device, to_host
from ..network.gca_lstm import Network
from ..network.ops import probabilities

BATCH = 50  # sequences that are asked about at once
GUESSES = "joint speed", "distance from mean"  # they need no network


def answers(
    network: Network,
    weights: dict[str, Array],
    aligned: Aligned,
    sequences: Sequence[int] | np.ndarray,
    iterations: int | None = None,
    xp: ArrayModule = np,
) -> dict[str, np.ndarray]:
    """All answers about sequences at the T frames that stand for them in testing: name -> (n, T, K).

    weights: of the network, on the device of `xp`.  iterations: those that it was trained for, all where it is None.
    K: the joints in the order of the chain. The scores of every iteration come first, and the guesses last.
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
    x = to_device(aligned.channels_of(joints), xp)
    logits, cache = network.forward(weights, x, iterations=iterations)
    label = probabilities(logits).argmax(axis=-1)
    scores = network.scores(cache)
    maps = {} if scores is None else {f"iteration {n}": to_host(r) for n, r in enumerate(scores, start=1)}
    gradient = to_host(network.backward(stands_out_backward(logits, label), cache, with_input=True)["input"])
    maps["gradient"] = np.linalg.norm(gradient, axis=-1)
    maps["gradient x distance"] = maps["gradient"] * away(joints)

    def fall(changed):
        other, _ = network.forward(
            weights, to_device(aligned.channels_of(changed), xp), None, iterations, remember=False
        )
        return to_host(stands_out(logits, label) - stands_out(other, label))

    joint, moment = left_out(joints, aligned.order, fall)
    maps["left out"] = np.maximum(joint, 0)[:, None] * np.maximum(moment, 0)[:, :, None]
    return maps


def stands_out(logits: Array, label: Array) -> Array:
    """How far the logit of label (B,) lies above the mean of all: (B,), of logits (B, classes) or (S, B, classes).

    Unlike the probability it still changes where the network is sure. Of several logits it is the mean.
    """
    rows = array_module(logits).arange(len(label))
    above = logits[..., rows, label] - logits.mean(axis=-1)
    return above if above.ndim == 1 else above.mean(axis=0)


def stands_out_backward(logits: Array, label: Array) -> Array:
    """The gradient of the sum of `stands_out` with respect to the logits, in their shape."""
    xp, classes = array_module(logits), logits.shape[-1]
    d = xp.full_like(logits, -1 / classes)
    d[..., xp.arange(len(label)), label] += 1
    return d if d.ndim == 2 else d / len(d)


def mean_posture(joints: np.ndarray) -> np.ndarray:
    """The mean of each joint over the frames in which its person is present: (B, T, K, P, 3) gives (B, 1, K, P, 3)."""
    there = present(joints, (2, 4))
    return joints.sum(axis=1, keepdims=True) / np.maximum(there.sum(axis=1, keepdims=True), 1)


def away(joints: np.ndarray) -> np.ndarray:
    """How far each joint is from its mean in the sequence: joints (B, T, K, P, 3) give (B, T, K).

    Of several persons the one counts who is further away; whoever is absent is not away at all.
    """
    far = np.linalg.norm(joints - mean_posture(joints), axis=-1) * present(joints, (2, 4))[..., 0]
    return far.max(axis=-1)


def distance(aligned: Aligned, sequences: Sequence[int] | np.ndarray, frames: int) -> np.ndarray:
    """How far every joint is from its mean posture at the frames that stand for the sequences in testing, in units of
    the input: (len(sequences), frames, K)."""
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


def left_out(
    joints: np.ndarray, order: Sequence[int], fall: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """What is lost by a joint that stays in its mean posture all the time, and by a moment in which all joints do.

    joints (B, T, K, P, 3).  order (K,): the joint at each place, some perhaps at several.  fall: from changed joints to
    what is lost by the change, (B,).

    Returns what is lost by the joint at each place (B, K), and by each moment (B, T).
    """
    mean = np.where(present(joints, (2, 4)), mean_posture(joints), 0)
    by_joint, by_moment = np.zeros((len(joints), len(order))), np.zeros(joints.shape[:2])
    for joint in set(order):
        places, changed = np.flatnonzero(np.equal(order, joint)), joints.copy()
        changed[:, :, places] = mean[:, :, places]
        by_joint[:, places] = fall(changed)[:, None]
    for t in range(joints.shape[1]):
        changed = joints.copy()
        changed[:, t] = mean[:, t]
        by_moment[:, t] = fall(changed)
    return by_joint, by_moment
