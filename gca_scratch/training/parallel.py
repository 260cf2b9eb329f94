"""Training steps on all cores: the batch in parts, each part on a thread with memory of its own.

A sequence never meets the others of its batch, so a batch may be cut into parts; loss and gradients of the whole are
the parts' means. Parts that run side by side also share the elementwise work, which a matrix library on many threads
leaves to one, and only as many parts as there are threads take memory at a time.

How a batch is cut depends on the sizes alone, and what the parts give is added up in order: the numbers that come out
are the same however many threads there are. In a batch that stays whole the threads share the sweeps and the large
products, which changes no bit either. Only where nothing is compiled is such a batch left to the matrix library, whose
sums differ in the last bits with the number of its threads. On a GPU a batch stays whole.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..network.arrays import Workspace, on_gpu
from ..network.compiled import build
from ..network.gca_lstm import loss_and_factors
from ..network.ops import Product
from ..support.blas import LIMIT
from ..support.processes import threads_start
from .balance import weighted_loss_and_factors

PART = 40_960  # numbers in h of the widest diagonal: the usual size of a part, 16 sequences of 20 cells and 128 units


def slices(batch, width, parts=0):
    """Cut a batch into slices of nearly equal length.

    batch: how many sequences.
    width: how many numbers h of the widest diagonal has for one sequence.
    parts: how many slices; with 0 the size decides on an even number, or on a single slice where the batch is smaller
        than one and a half parts: it is then quicker in one piece, with all threads at each matrix product (measured on
        two cores: docs/engine.md).
    """
    size = batch * width / PART
    n = min(parts, batch) or (1 if size < 1.5 else 2 * max(1, round(size / 2)))
    return [slice(batch * k // n, batch * (k + 1) // n) for k in range(n)]


class Engine:
    """Loss, gradients and logits of a network, batch after batch, with memory that is kept in between.

    network: the network.
    parts: into how many a batch is cut; 0 leaves it to `slices`.
    threads: how many parts run at a time; None means as many as the matrix library (BLAS) is allowed. It is 1 where no
        thread can be started.
    """

    def __init__(self, network, parts=0, threads=None):
        self.network, self.parts = network, parts
        allowed = LIMIT.threads()
        self.threads, self._blas_alone = (threads or allowed) if threads_start() else 1, allowed == 1
        self._workspaces = [Workspace() for _ in range(self.threads)]
        self._pool = ThreadPoolExecutor(self.threads)

    def loss_and_gradients(self, params, x, y, masks=None, iterations=None, weights=None):
        """As `gca_lstm.loss_and_factors`: the gradient of `memory.0.W` is a Product, as the optimiser takes it.

        weights: (B,), of each sequence in the loss, as `balance.weighted_nll_forward` takes them; None for 1.
        """
        if on_gpu(x):
            return self._passes(params, x, y, weights, masks, iterations)

        def part(s, workspace):
            cut = {name: mask[..., s, :] for name, mask in (masks or {}).items()}
            of_part = None if weights is None else weights[s]
            return self._passes(params, x[s], y[s], of_part, cut, iterations, workspace)

        cuts = self.cut(len(x))
        losses, gradients, logits = zip(*self.each(part, cuts), strict=True)
        shares = [(s.stop - s.start) / len(x) for s in cuts]
        total = {name: summed([g[name] for g in gradients], shares) for name in gradients[0]}
        loss = sum(loss * share for loss, share in zip(losses, shares, strict=True))
        return loss, total, np.concatenate(logits, axis=-2)

    def _passes(self, params, x, y, weights, *more):
        if weights is None:
            return loss_and_factors(self.network, params, x, y, *more)
        return weighted_loss_and_factors(self.network, params, x, y, weights, *more)

    def forward(self, params, x, iterations=None):
        """Logits (B, classes), or (S, B, classes), without dropout."""
        if on_gpu(x):
            return self.network.forward(params, x, iterations=iterations)[0]

        def part(s, workspace):
            return self.network.forward(params, x[s], iterations=iterations, workspace=workspace, remember=False)[0]

        return np.concatenate(self.each(part, self.cut(len(x))), axis=-2)

    def cut(self, batch):
        """The slices in which it works off a batch of so many sequences."""
        return slices(batch, min(self.network.joints, self.network.frames) * self.network.hidden, self.parts)

    def each(self, f, cuts):
        """f(slice, workspace) of every slice, in order, on the threads; BLAS takes one thread for each."""
        errors = np.geterr()  # a thread does not know by itself what its caller wants of numbers that overflow

        def call(s):
            workspace = self._workspaces.pop()
            workspace.threads = self.threads if len(cuts) == 1 else 1
            try:
                with np.errstate(**errors):
                    return f(s, workspace)
            finally:
                self._workspaces.append(workspace)

        whole = len(cuts) == 1
        if whole and (self._blas_alone or build.library(np.dtype(np.float32)) is None):
            return [call(cuts[0])]
        with LIMIT.one_thread():
            return list(map(call, cuts)) if whole or self.threads == 1 else list(self._pool.map(call, cuts))


def summed(gradients, shares):
    """The sum of the parts' gradients, each multiplied by its share of the batch."""
    if len(gradients) == 1:
        return gradients[0]
    if isinstance(gradients[0], Product):
        dy = [share * g.dy for g, share in zip(gradients, shares, strict=True)]
        return Product(np.concatenate([g.x for g in gradients]), np.concatenate(dy))
    return sum(share * g for g, share in zip(gradients, shares, strict=True))
