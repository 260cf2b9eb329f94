"""Rare classes made to weigh as much as others in training: by weights of the loss, or by what is drawn."""

from typing import Any

import numpy as np

from ..network.arrays import FRESH, Array, Workspace, array_module
from ..network.gca_lstm import Network
from ..network.ops import nll_backward, nll_forward


def class_weights(label: np.ndarray) -> np.ndarray:
    """Weights of the classes, float64 (classes,), in proportion to 1 / their frequency in `label` (n,).

    Their mean over these labels is 1: every class that is there gets the same sum. A class that is not there gets 0.
    """
    counts = np.bincount(label)
    there = counts > 0
    return np.where(there, len(label) / (there.sum() * np.maximum(counts, 1)), 0.0)


def evenly_drawn(rng: np.random.Generator, sequences: np.ndarray, label: np.ndarray) -> np.ndarray:
    """As many of the sequences as there are, in random order, all their classes equally often but for one sequence.

    sequences (n,), label (n,): of each its class. Within a class every sequence comes once before one comes again.
    """
    classes = np.unique(label)
    share, more = divmod(len(sequences), len(classes))
    wanted = share + (rng.permutation(len(classes)) < more)  # which classes get one more is drawn, too
    drawn = []
    for kind, count in zip(classes, wanted, strict=True):
        own = sequences[label == kind]
        rounds = [rng.permutation(own) for _ in range(-(-count // len(own)))]
        drawn.append(np.concatenate([*rounds, own[:0]])[:count])
    return rng.permutation(np.concatenate(drawn))


def weighted_nll_forward(logits: Array, y: Array, weights: Array) -> tuple[Array, Any]:
    """Mean over a batch of weights (B,) times negative log-likelihoods of y (B,): shape (), logits as in `nll_forward`.

    The mean is over the batch, not over the sum of its weights: so an epoch's loss is that of its sequences, each with
    its weight.
    """
    nll_cache = nll_forward(logits, y)[1]
    p, rows, _ = nll_cache
    largest = array_module(logits).log(p.max(axis=-1))  # log of a probability that is never 0
    log_p = largest - (logits.max(axis=-1) - logits[..., rows, y])  # of the true class
    weights = weights.astype(logits.dtype)
    return -(weights * log_p).mean(), (nll_cache, weights)


def weighted_nll_backward(cache: Any) -> Array:
    """dlogits, in the shape of the logits: the row of each sequence times its weight."""
    nll_cache, weights = cache
    return nll_backward(nll_cache) * weights[:, None]


def weighted_loss_and_factors(
    network: Network,
    params: dict[str, Array],
    x: Array,
    y: Array,
    weights: Array,
    masks: dict[str, Array] | None = None,
    iterations: int | None = None,
    workspace: Workspace = FRESH,
) -> tuple[Array, dict[str, Any], Array]:
    """As `gca_lstm.loss_and_factors`, of the weighted loss."""
    logits, cache = network.forward(params, x, masks, iterations, workspace)
    loss, nll_cache = weighted_nll_forward(logits, y, weights)
    return loss, network.backward(weighted_nll_backward(nll_cache), cache), logits
