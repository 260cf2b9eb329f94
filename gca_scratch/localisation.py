"""How well scores find the joints and frames that carry an action, where the data knows them."""

import numpy as np


def auc(scores, truth):
    """Area under the ROC curve: the chance that a cell of the action scores above one outside it, ties counting half.

    scores and truth (bool) of one shape. 0.5 is what a uniform guess gets, 1 is perfect. NaN where truth is all of one
    kind, for then there is nothing to tell apart.
    """
    inside, outside = np.sort(scores[truth]), np.sort(scores[~truth])
    if not len(inside) or not len(outside):
        return float("nan")
    below = np.searchsorted(outside, inside, "left") + np.searchsorted(outside, inside, "right")
    return float(below.mean() / (2 * len(outside)))


def mean_auc(scores, truth):
    """Mean over sequences of the area within each: scores and truth (sequences, T, J)."""
    areas = [auc(s, t) for s, t in zip(scores, truth, strict=True)]
    return float(np.nanmean(areas))


def joint_speed(prepared, sequences, frames):
    """Speed of every joint at the frames that stand for the sequences in testing: (len(sequences), frames, J).

    Central difference of the position over the neighbouring frames of the recording, in units of the input per frame:
    the simplest guess at what matters, which attention should beat.
    """
    index = prepared.frame_index(sequences, frames)  # (n, T)
    first, last = prepared.offsets[sequences][:, None], prepared.offsets[np.asarray(sequences) + 1][:, None] - 1
    before, after = np.maximum(index - 1, first), np.minimum(index + 1, last)
    step = prepared.x[after] - prepared.x[before]  # (n, T, J, P, 3)
    return np.linalg.norm(step, axis=-1).max(axis=-1) / np.maximum(after - before, 1)[..., None]


def truth_at(data, prepared, sequences, frames):
    """Ground truth at the sampled frames, joints in chain order: bool (len(sequences), frames, J)."""
    index = prepared.frame_index(sequences, frames)
    return data.truth[index][:, :, list(prepared.order)]


def localise(network, params, data, prepared, sequences):
    """Areas under the ROC curve of the scores of every iteration, of a uniform guess, and of joint speed (a dict)."""
    T = network.frames
    truth = truth_at(data, prepared, sequences, T)
    _, cache = network.forward(params, prepared.batch(sequences, T)[0])
    areas = {f"iteration {n}": mean_auc(r, truth) for n, r in enumerate(network.scores(cache), start=1)}
    areas["uniform guess"] = mean_auc(np.full(truth.shape, 1 / truth[0].size), truth)
    areas["joint speed"] = mean_auc(joint_speed(prepared, sequences, T), truth)
    return areas
