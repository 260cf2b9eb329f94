"""Sequences that show no known action, made from those that do, so that a network learns to be unsure of them.

A softmax names a class whatever it is shown. Shown in training what is none of its actions, each time under another
label, a network does best to give all classes the same probability (the mean loss over random labels is the
cross-entropy against the uniform distribution; Hendrycks et al. 2019 call this outlier exposure).
"""

import numpy as np


def without_action(
    x: np.ndarray, label: np.ndarray, share: float, classes: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A batch x (B, T, J, P, 3) and its labels (B,), about this share of it turned into what is no action.

    Each of these becomes, as chance has it: the end of its action and the beginning of another; one frame of it that
    lasts; or its body with some joints, neighbours in the chain, of a body that does another action. Its label is drawn
    among all `classes`. Gives new arrays; the other sequences stay as they are.
    """
    B, T, J = x.shape[:3]
    chosen = np.flatnonzero(rng.random(B) < share)
    kinds, others = rng.integers(3, size=B), rng.permutation(B)
    frames, cuts = rng.integers(T, size=B), np.sort(rng.integers(J + 1, size=(B, 2)), axis=1)
    labels = rng.integers(classes, size=B)
    made, named = x.copy(), label.copy()
    for n in chosen:
        other, half, (first, last) = others[n], T // 2, cuts[n]
        if kinds[n] == 0 or label[other] == label[n] or last - first in (0, J):
            made[n] = x[n, frames[n]]
        elif kinds[n] == 1:
            made[n, : T - half], made[n, T - half :] = x[n, half:], x[other, :half]
        else:
            made[n, :, first:last] = x[other, :, first:last]
        named[n] = labels[n]
    return made, named
