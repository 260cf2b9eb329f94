"""Stochastic gradient descent with momentum, clipping and a decaying learning rate."""

from functools import cache

from .backend import array_module, on_gpu

PIECE = 1 << 15  # numbers: three arrays of 128 KiB


@cache
def _kernel(xp):
    """The update below, fused for a GPU."""
    return xp.ElementwiseKernel("T g, T scale, T momentum", "T v, T p", "v = momentum * v - scale * g; p += v", "sgd")


class SGD:
    """v = momentum v - learning_rate g;  p = p + v, in place.

    `velocity` is a dict like the parameters, filled as gradients first arrive: a parameter that has had no gradient yet
    (a later attention iteration in stepwise training) is neither moved nor remembered.
    """

    def __init__(self, learning_rate, momentum, clip=None, velocity=None):
        self.learning_rate, self.momentum, self.clip = learning_rate, momentum, clip
        self.velocity = {} if velocity is None else velocity

    def step(self, params, gradients):
        """Update `params` by one step; a gradient whose norm over all parameters exceeds `clip` is scaled to it.

        Large parameters are updated piece by piece, each still in the processor's cache from one operation to the next.
        """
        xp = array_module(next(iter(gradients.values())))
        scale = self.learning_rate
        if self.clip is not None:
            norm = xp.sqrt(sum(xp.vdot(g, g) for g in gradients.values()))
            scale = self.learning_rate * xp.minimum(1, self.clip / (norm + 1e-12))  # stays on the device
        for name, g in gradients.items():
            if name not in self.velocity:
                self.velocity[name] = xp.zeros_like(params[name])
            arrays = [array.reshape(-1) for array in (params[name], self.velocity[name], g)]
            if on_gpu(g):
                _kernel(xp)(arrays[2], scale, self.momentum, arrays[1], arrays[0])
                continue
            for start in range(0, g.size, PIECE):
                p, v, g = (array[start : start + PIECE] for array in arrays)
                v *= self.momentum
                v -= scale * g
                p += v


def decayed(learning_rate, decay, decay_every, epoch):
    """The learning rate of an epoch (from 0): multiplied by `decay` after every `decay_every` epochs."""
    return learning_rate * decay ** (epoch // decay_every)
