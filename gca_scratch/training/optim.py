"""Stochastic gradient descent with momentum, clipping and a decaying learning rate."""

from functools import cache

from ..network.arrays import array_module, on_gpu
from ..network.ops import Product
from ..network.products import matmul_dW

PIECE = 1 << 18  # numbers: 1 MiB of each of three arrays


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

        `gradients` may hold arrays and `ops.Product` tuples. On the CPU large parameters are updated some rows at a
        time, and these stay in the processor's cache from one operation to the next; of a Product only so many rows
        ever exist.
        """
        xp = array_module(next(iter(params.values())))
        scale = self.learning_rate
        if self.clip is not None:
            norm = xp.sqrt(sum(_squared_norm(xp, g) for g in gradients.values()))
            scale = self.learning_rate * xp.minimum(1, self.clip / (norm + 1e-12))  # stays on the device
        for name, g in gradients.items():
            p = params[name]
            if name not in self.velocity:
                self.velocity[name] = xp.zeros_like(p)
            v = self.velocity[name]
            rows = _rows_of_product if isinstance(g, Product) else _rows
            if on_gpu(p):
                _kernel(xp)(rows(g, 0, len(p)), scale, self.momentum, v, p)
                continue
            step = max(1, PIECE * len(p) // p.size)
            for start in range(0, len(p), step):
                s = slice(start, start + step)
                p_s, v_s = p[s], v[s]
                v_s *= self.momentum
                v_s -= scale * rows(g, start, start + step)
                p_s += v_s


def _rows(g, start, stop):
    return g[start:stop]


def _rows_of_product(g, start, stop):
    return matmul_dW(g.x[:, start:stop], g.dy)


def _squared_norm(xp, g):
    return g.squared_norm() if isinstance(g, Product) else xp.vdot(g, g)


def decayed(learning_rate, decay, decay_every, epoch):
    """The learning rate of an epoch (from 0): multiplied by `decay` after every `decay_every` epochs."""
    return learning_rate * decay ** (epoch // decay_every)
