"""Averaged weights: the mean of what training passes through, where the last weights of all are one draw."""

from ..network.arrays import Array


def averaged(average: dict[str, Array] | None, params: dict[str, Array], epoch: int, horizon: int) -> dict[str, Array]:
    """The average with the weights of one more epoch in it, as new arrays.

    average: that of the epochs before it in this training step; None before the first.
    params: the weights at the end of the epoch.
    epoch: how many epochs are in `average`.
    horizon: so many epochs count alike. From then on what was before fades: each epoch leaves 1 - 1 / horizon of it.
    """
    if average is None:
        return {name: value.copy() for name, value in params.items()}
    share = max(1 / horizon, 1 / (epoch + 1))
    return {name: mean + share * (params[name] - mean) for name, mean in average.items()}
