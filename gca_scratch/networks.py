"""GCA-LSTM: named parameters in, logits and a cache out, gradients back.

A network is its sizes; the parameters are a flat dict, and gradients come in a dict with the same keys:

    layer1.W (C + 2H, 5H), layer1.b        first ST-LSTM layer                                Eqs. 1-3
    memory.0.W (J T H, M), memory.0.b      initial memory (feed-forward only; averaging has no parameters)
    layer2.W (H + 2H, 5H), layer2.b        second layer, the same in every iteration          Eqs. 1, 3, 7
    attention.n.We1 (A,), .We2 (H + M, A)  informativeness in iteration n = 1..N              Eqs. 5-6
    memory.n.WF (H + M, M), memory.n.b     refinement in iteration n                          Eq. 8
    classifier.W (M, classes), .b          the same after every iteration                     Eq. 9

A batch is rows: where the paper writes W x, the code computes x W, so every matrix is the paper's transposed.

Here J joints, T frames, C numbers per joint and frame, H hidden, M = H memory, A = H inner width of the attention.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from . import attention, grid, memory, raster, wavefront, wavefront_gpu
from .backend import array_module, on_gpu
from .errors import InputError
from .ops import (
    Product,
    affine_backward,
    affine_forward,
    dropout_backward,
    dropout_forward,
    dropout_mask,
    matmul,
    matmul_dW,
    nll_backward,
    nll_forward,
)
from .workspace import FRESH

SCHEDULES = {"raster": raster, "wavefront": wavefront}
INITIAL_MEMORIES = ("average", "feedforward")


class Round(NamedTuple):
    """What one attention iteration leaves for the backward pass; two parts are None where it is to be run again."""

    IF: object  # the memory before it (B, M)
    r: object  # its scores (K, B)
    attend: tuple | None
    layer2: tuple | None
    refine: tuple


class Cache(NamedTuple):
    """What `forward` keeps for `backward`: its arguments and the caches of its parts, in the order of use."""

    params: dict
    a: object  # the input's share of layer 2's gates (K, B, 5H)
    layer1: tuple
    h: object  # outputs of layer 1 after dropout (K, B, H)
    drop_h: object
    initial: tuple
    rounds: list
    drop_IF: object
    classify: tuple
    keep: object


@dataclass(frozen=True)
class GCALSTM:
    """The network of Fig. 3 with N = `iterations` attention iterations; N = 0 classifies the initial memory.

    `recompute` saves memory: of all attention iterations only the last one's arrays are kept for the backward pass,
    which runs the others a second time. The numbers that come out are the same.
    """

    joints: int
    frames: int
    channels: int
    classes: int
    hidden: int = 128
    iterations: int = 2
    initial: str = "feedforward"
    dropout: float = 0.5
    schedule: str = "wavefront"
    recompute: bool = False

    def __post_init__(self):
        for name in ("joints", "frames", "channels", "classes", "hidden"):
            if getattr(self, name) < 1:
                raise InputError(f"a network needs {name} >= 1, not {getattr(self, name)}")
        if self.iterations < 0:
            raise InputError(f"a network needs iterations >= 0, not {self.iterations}")
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout is a probability below 1, not {self.dropout}")
        if self.initial not in INITIAL_MEMORIES:
            raise InputError(f"unknown initial memory {self.initial!r}: choose one of {', '.join(INITIAL_MEMORIES)}")
        if self.schedule not in SCHEDULES:
            raise InputError(f"unknown schedule {self.schedule!r}: choose one of {', '.join(SCHEDULES)}")

    def shapes(self):
        """Shape of every parameter, in the order in which they are used."""
        J, T, C, H = self.joints, self.frames, self.channels, self.hidden
        shapes = {"layer1.W": (C + 2 * H, 5 * H), "layer1.b": (5 * H,)}
        if self.initial == "feedforward":
            shapes |= {"memory.0.W": (J * T * H, H), "memory.0.b": (H,)}
        if self.iterations:
            shapes |= {"layer2.W": (3 * H, 5 * H), "layer2.b": (5 * H,)}
        for n in range(1, self.iterations + 1):
            shapes |= {f"attention.{n}.We1": (H,), f"attention.{n}.We2": (2 * H, H)}
            shapes |= {f"memory.{n}.WF": (2 * H, H), f"memory.{n}.b": (H,)}
        return shapes | {"classifier.W": (H, self.classes), "classifier.b": (self.classes,)}

    def init(self, rng, dtype=np.float32):
        """Fresh parameters (NumPy): zero-mean Gaussian (Algorithm 1) of deviation 1/sqrt(fan-in), zero biases.

        In the ST-LSTM layers the input's rows of W and the recurrent rows have each their own fan-in: three coordinates
        would hardly be heard among 2H states if they shared one.
        """
        params = {}
        for name, shape in self.shapes().items():
            if name.endswith(".b"):
                params[name] = np.zeros(shape, dtype)
                continue
            fan_in = np.full((shape[0], *[1] * (len(shape) - 1)), shape[0])
            if name.startswith("layer"):
                fan_in[: -2 * self.hidden], fan_in[-2 * self.hidden :] = shape[0] - 2 * self.hidden, 2 * self.hidden
            params[name] = (rng.standard_normal(shape) / np.sqrt(fan_in)).astype(dtype)
        return params

    def masks(self, rng, batch, dtype=np.float32):
        """Dropout masks for one pass over a batch, the same in every attention iteration.

        `layer1` (K, B, H) falls on the outputs of layer 1, `classifier` (B, M) on the memory that the classifier reads.
        """
        if not self.dropout:
            return {}
        dtype = np.dtype(dtype).type
        return {
            "layer1": dropout_mask(rng, (self.joints * self.frames, batch, self.hidden), self.dropout, dtype),
            "classifier": dropout_mask(rng, (batch, self.hidden), self.dropout, dtype),
        }

    def forward(self, params, x, masks=None, iterations=None, keep=FRESH, remember=True):
        """Logits (B, classes) of sequences x (B, T, J, C), and the cache that `backward` and `scores` take.

        `masks` (from `masks`) switches dropout on.  `iterations` <= N stops earlier: the logits then come from the
        memory after that iteration, as training step n of Algorithm 1 wants them.  With a workspace to `keep` its large
        arrays in, the cache lasts until the next pass through the same workspace.  A pass that need not `remember` is
        faster, but its cache serves `scores` alone.
        """
        if x.shape[1:] != (self.frames, self.joints, self.channels):
            raise InputError(
                f"the network takes sequences of shape (batch, {self.frames} frames, {self.joints} joints, "
                f"{self.channels} numbers), not {x.shape}"
            )
        masks = masks or {}
        N = self.iterations if iterations is None else iterations
        if not 0 <= N <= self.iterations:
            raise InputError(f"this network has {self.iterations} attention iterations, so {N} cannot be asked for")
        xp = array_module(x)
        J, T, H = self.joints, self.frames, self.hidden
        p = params

        cells = grid.pack(x)  # (K, B, C)
        sweep = self._sweep(x)
        h, layer1 = sweep.forward(cells, p["layer1.W"], p["layer1.b"], J, T, None, None, keep.at("layer1"), remember)
        h, drop_h = dropout_forward(h, masks.get("layer1"), out=h)

        if self.initial == "average":
            IF, initial = memory.average_forward(h)  # Eq. 4
        else:
            IF, initial = memory.feedforward_forward(h, p["memory.0.W"], p["memory.0.b"], keep.at("initial"))

        rounds = []
        a = None
        if N:  # layer 2's share of Eq. 1 that all iterations have in common, (K, B, 5H)
            W = p["layer2.W"][:H]
            a = matmul(h, W, out=keep.empty(xp, "a", (*h.shape[:2], 5 * H), xp.result_type(h, W)))
        for n in range(1, N + 1):
            h2, r, attend, layer2 = self._attend(n, p, a, h, IF, keep, remember)
            F = h2[-1]  # (B, H): the last cell: the last joint of the last frame
            forgotten = self.recompute and n < N
            before = IF
            IF, refine = memory.refine_forward(F, IF, p[f"memory.{n}.WF"], p[f"memory.{n}.b"])
            rounds.append(Round(before, r, *((None, None) if forgotten else (attend, layer2)), refine))

        IF, drop_IF = dropout_forward(IF, masks.get("classifier"))
        logits, classify = affine_forward(IF, p["classifier.W"], p["classifier.b"])  # Eq. 9
        return logits, Cache(p, a, layer1, h, drop_h, initial, rounds, drop_IF, classify, keep)

    def _attend(self, n, p, a, h, IF, keep, remember=True):
        """Attention iteration n up to Eq. 7: outputs of layer 2 (K, B, H), scores r (K, B), and two caches."""
        keep = keep.at("round" if self.recompute else f"round {n}")
        r, attend = attention.informativeness_forward(
            h, IF, p[f"attention.{n}.We1"], p[f"attention.{n}.We2"], keep.at("attention")
        )
        U, b = p["layer2.W"][self.hidden :], p["layer2.b"]
        nothing = h[..., :0]  # the inputs' share is in a
        h2, layer2 = self._sweep(a).forward(nothing, U, b, self.joints, self.frames, a, r, keep.at("layer2"), remember)
        return h2, r, attend, layer2

    def backward(self, dlogits, cache, with_input=False):
        """Gradients of every parameter that the forward pass used, as a dict; with that of the "input" x if wanted.

        The gradient of `memory.0.W` is an `ops.Product`; `multiplied_out` makes plain arrays of all.
        """
        p, h, keep = cache.params, cache.h, cache.keep
        J, T, H, C = self.joints, self.frames, self.hidden, self.channels
        xp = array_module(dlogits)
        sweep = self._sweep(dlogits)
        g = {}

        dIF, g["classifier.W"], g["classifier.b"] = affine_backward(dlogits, cache.classify)
        dIF = dropout_backward(dIF, cache.drop_IF)

        dtype = dlogits.dtype
        dh = keep.empty(xp, "dh", h.shape, dtype)
        dh[...] = 0
        dh2 = keep.zeros(xp, "dh2", h.shape, dtype)  # zero but for the last cell
        da, dU, db = None, 0, 0
        for n in range(len(cache.rounds), 0, -1):
            IF, _, attend, layer2, refine = cache.rounds[n - 1]
            if layer2 is None:  # forgotten to save memory: once more
                _, _, attend, layer2 = self._attend(n, p, cache.a, h, IF, keep)
            dh2[-1], dIF, g[f"memory.{n}.WF"], g[f"memory.{n}.b"] = memory.refine_backward(dIF, refine)
            da_n, dU_n, db_n, dr = sweep.backward(dh2, layer2, keep.at("back" if da is None else "back again"))
            # layer 2 is the same in every iteration: its gradients add up
            da, dU, db = da_n if da is None else xp.add(da, da_n, out=da), dU + dU_n, db + db_n
            dh_n, dIF_n, dWe1, dWe2 = attention.informativeness_backward(dr, attend)
            g[f"attention.{n}.We1"], g[f"attention.{n}.We2"] = dWe1, dWe2
            dh += dh_n
            dIF = dIF + dIF_n
        if cache.rounds:
            g["layer2.W"], g["layer2.b"] = xp.concatenate([matmul_dW(h, da), dU]), db
            dh += matmul(da, p["layer2.W"][:H].T, out=keep.empty(xp, "dh from layer 2", h.shape, dtype))

        if self.initial == "average":
            dh += memory.average_backward(dIF, cache.initial)
        else:
            dh_0, g["memory.0.W"], g["memory.0.b"] = memory.feedforward_backward(dIF, cache.initial)
            dh += dh_0

        dh = dropout_backward(dh, cache.drop_h, out=dh)
        da, g["layer1.W"], g["layer1.b"], _ = sweep.backward(dh, cache.layer1, keep.at("back"))
        if with_input:
            g["input"] = grid.unpack(matmul(da, p["layer1.W"][:C].T), J, T)
        return g

    def _sweep(self, array):
        """The module that runs the ST-LSTM units over the grid, where `array` lives."""
        return wavefront_gpu if self.schedule == "wavefront" and on_gpu(array) else SCHEDULES[self.schedule]

    def scores(self, cache):
        """Informativeness r of every attention iteration: (iterations, B, T, J), each summing to 1 over (T, J)."""
        r = [grid.unpack(attended.r, self.joints, self.frames) for attended in cache.rounds]
        return array_module(cache.h).stack(r) if r else None

    def relu_inputs(self, cache):
        """What went into each ReLU, (B, M) each: the gradient checks keep away from its kink."""
        initial = [cache.initial[-1]] if self.initial == "feedforward" else []
        return initial + [attended.refine[-1] for attended in cache.rounds]


def multiplied_out(gradients):
    """The gradients as plain arrays of their parameters' shapes."""
    return {name: matmul_dW(*g) if isinstance(g, Product) else g for name, g in gradients.items()}


def loss_and_factors(network, params, x, y, masks=None, iterations=None, keep=FRESH):
    """One forward and backward pass: the loss (), its gradients as `backward` gives them, the logits (B, classes)."""
    logits, cache = network.forward(params, x, masks, iterations, keep)
    loss, nll_cache = nll_forward(logits, y)
    gradients = network.backward(nll_backward(nll_cache), cache)
    return loss, gradients, logits


def loss_and_gradients(network, params, x, y, masks=None, iterations=None):
    """One forward and backward pass: the loss (), its gradients (dict of arrays) and the logits (B, classes)."""
    loss, gradients, logits = loss_and_factors(network, params, x, y, masks, iterations)
    return loss, multiplied_out(gradients), logits
