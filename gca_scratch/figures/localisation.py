"""How well scores find the joints and frames that carry an action, where the data knows them."""

from collections.abc import Sequence

import numpy as np

from ..data.neutral import Skeletons
from ..data.sampling import Aligned
from ..network.arrays import Array
from ..network.gca_lstm import Network
from ..runs.where import answers, joint_speed  # noqa: F401


def auc(scores: np.ndarray, truth: np.ndarray) -> float:
    """Area under the ROC curve: the chance that a cell of the action scores above one outside it, ties counting half.

    scores and truth (bool) of one shape. 0.5 is what a uniform guess gets, 1 is perfect. NaN where truth is all of one
    kind, for then there is nothing to tell apart.
    """
    inside, outside = np.sort(scores[truth]), np.sort(scores[~truth])
    if not len(inside) or not len(outside):
        return float("nan")
    below = np.searchsorted(outside, inside, "left") + np.searchsorted(outside, inside, "right")
    return float(below.mean() / (2 * len(outside)))


def mean_auc(scores: np.ndarray, truth: np.ndarray) -> float:
    """Mean over sequences of the area within each: scores and truth (sequences, T, J)."""
    areas = [auc(s, t) for s, t in zip(scores, truth, strict=True)]
    return float(np.nanmean(areas))


def mean_auc_of_cells(scores: np.ndarray, truth: np.ndarray, least: int = 10) -> float:
    """The same area, cell by cell across sequences, then the mean over cells: scores and truth (sequences, T, J).

    It asks whether a cell scores higher in the sequences where truth holds for it than in those where it does not. A
    map that is the same for every sequence gets 0.5, however well it suits the usual place of an action. Cells with
    fewer than `least` sequences of either kind are left out; NaN if that leaves none.
    """
    count = truth.sum(axis=0)
    cells = zip(*np.nonzero((count >= least) & (len(truth) - count >= least)), strict=True)
    areas = [auc(scores[:, t, j], truth[:, t, j]) for t, j in cells]
    return float(np.mean(areas)) if areas else float("nan")


def truth_at(data: Skeletons, aligned: Aligned, sequences: Sequence[int] | np.ndarray, frames: int) -> np.ndarray:
    """Ground truth at the sampled frames, joints in chain order: bool (len(sequences), frames, J)."""
    index = aligned.frame_index(sequences, frames)
    return data.truth[index][:, :, list(aligned.order)]


def reached(truth: np.ndarray) -> np.ndarray:
    """The cells that have heard of the action: those at or after one of its joints and at or after one of its frames.

    truth (sequences, T, J), joints in chain order. A score is computed from h of its cell in layer 1 (Eq. 5), and h
    summarises every cell before it on both axes, so it can tell that the action has been, but hardly where.
    """
    return np.maximum.accumulate(np.maximum.accumulate(truth, axis=1), axis=2)


def shares(answer: np.ndarray) -> np.ndarray:
    """Each cell's share of an answer (..., T, J), none of it below 0: 1 in each sequence, evenly where all is 0."""
    total = answer.sum(axis=(-2, -1), keepdims=True)
    even = np.full_like(answer, 1 / (answer.shape[-2] * answer.shape[-1]), float)
    return np.divide(answer, total, out=even, where=total > 0)


def localise(
    network: Network,
    params: dict[str, Array],
    data: Skeletons,
    aligned: Aligned,
    sequences: Sequence[int] | np.ndarray,
) -> dict[str, dict[str, float]]:
    """Areas under the ROC curve of all answers to where the network looks (runs.where), and of a uniform guess.

    A dict: name -> {"within": within each sequence, for the cells of the action; "action", "reached": cell by cell
    across sequences, for the cells of the action and for the cells that it has reached}.
    """
    T = network.frames
    truth = truth_at(data, aligned, sequences, T)
    guesses = {"uniform guess": np.full(truth.shape, 1 / truth[0].size)}
    guesses = answers(network, params, aligned, sequences) | guesses
    return {
        name: {
            "within": mean_auc(guess, truth),
            "action": mean_auc_of_cells(guess, truth),
            "reached": mean_auc_of_cells(guess, reached(truth)),
        }
        for name, guess in guesses.items()
    }
