"""Stochastic gradient descent with momentum, clipping and a decaying learning rate."""

from .backend import array_module


class SGD:
    """v = momentum v - learning_rate g;  p = p + v, in place.

    `velocity` is a dict like the parameters, filled as gradients first arrive: a parameter that has had no gradient yet
    (a later attention iteration in stepwise training) is neither moved nor remembered.
    """

    def __init__(self, learning_rate, momentum, clip=None, velocity=None):
        self.learning_rate, self.momentum, self.clip = learning_rate, momentum, clip
        self.velocity = {} if velocity is None else velocity

    def step(self, params, gradients):
        """Update `params` by one step; a gradient whose norm over all parameters exceeds `clip` is scaled to it."""
        scale = self.learning_rate
        if self.clip is not None:
            xp = array_module(next(iter(gradients.values())))
            norm = xp.sqrt(sum((g.reshape(-1) ** 2).sum() for g in gradients.values()))
            scale = self.learning_rate * xp.minimum(1, self.clip / (norm + 1e-12))  # stays on the device
        for name, g in gradients.items():
            if name not in self.velocity:
                self.velocity[name] = array_module(g).zeros_like(params[name])
            v = self.velocity[name]
            v *= self.momentum
            v -= (scale * g).astype(v.dtype, copy=False)
            params[name] += v


def decayed(learning_rate, decay, decay_every, epoch):
    """The learning rate of an epoch (from 0): multiplied by `decay` after every `decay_every` epochs."""
    return learning_rate * decay ** (epoch // decay_every)
