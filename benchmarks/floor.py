"""The floor under a training step: its own matrix products, replayed alone.

The products are not listed by hand but recorded from a real step, on arrays that log what is multiplied. The replay
multiplies the same arrays in the same memory, in the same parts on the same threads, into results that are there.
The step is the one in NumPy, whose products are the matrix library's: those of compiled code cannot be told apart.
"""

import numpy as np

from gca_scratch.network.arrays import Workspace
from gca_scratch.network.compiled import build
from gca_scratch.network.gca_lstm import loss_and_factors, multiplied_out
from gca_scratch.training.parallel import Engine, summed


class Recorded(np.ndarray):
    """An array whose matrix products, and those of everything computed from it, are logged."""

    __module__ = "numpy"  # arrays.array_module goes by it
    __array_priority__ = 1  # what is joined with others stays recorded
    log = None  # the list of (a, b, a @ b) that is being written

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        if out is not None:
            options["out"] = tuple(plain(array) for array in out)
        inputs = [plain(array) for array in inputs]
        result = getattr(ufunc, method)(*inputs, **options)
        if ufunc is np.matmul:
            Recorded.log.append((*inputs, result))
        if out is not None:
            return out[0]
        return result.view(Recorded) if isinstance(result, np.ndarray) else result


def plain(array):
    """The same memory as an ordinary array."""
    return array.view(np.ndarray) if isinstance(array, Recorded) else array


class Recording(Workspace):
    """A workspace of such arrays."""

    def at(self, name):
        """As in `Workspace`."""
        return self._inner.setdefault(name, Recording())

    def empty(self, xp, name, shape, dtype):
        """As in `Workspace`."""
        return super().empty(xp, name, shape, dtype).view(Recorded)


class Floor:
    """The products of one training step; `parts` as in `engine.Engine`."""

    def __init__(self, network, params, x, y, masks, parts=0):
        with build.resting():
            self._record(network, params, x, y, masks, parts)

    def _record(self, network, params, x, y, masks, parts):
        self.engine = engine = Engine(network, parts)
        params = {name: p.view(Recorded) for name, p in params.items()}
        workspaces = [Recording() for _ in range(engine.threads)]  # as many as the engine has
        cuts = engine.cut(len(x))
        self.parts, gradients = [], []
        for k, s in enumerate(cuts):
            Recorded.log = []
            cut = {name: mask[..., s, :] for name, mask in masks.items()}
            workspace = workspaces[k % engine.threads]
            gradients.append(loss_and_factors(network, params, x[s], y[s], cut, None, workspace)[1])
            self.parts.append(Recorded.log)
        Recorded.log = self.last = []  # what is multiplied over the whole batch
        shares = [(s.stop - s.start) / len(x) for s in cuts]
        for name in gradients[0]:
            multiplied_out({name: summed([g[name] for g in gradients], shares)})

    def products(self):
        """All of them: (a, b, a @ b)."""
        return [product for part in [*self.parts, self.last] for product in part]

    def flops(self):
        """Multiplications and additions."""
        return sum(2 * out.size * a.shape[-1] for a, b, out in self.products())

    def replay(self):
        """Multiply everything once more."""
        with build.resting():
            self.engine.each(lambda k, workspace: multiply(self.parts[k]), range(len(self.parts)))
            multiply(self.last)


def multiply(products):
    """The products into the results that are there."""
    for a, b, out in products:
        np.matmul(a, b, out=out)
