"""GCA-LSTM: named parameters in, logits and a cache out, gradients back.

A network is its sizes; the parameters are a flat dict, and gradients come in a dict with the same keys:

    layer1.W (C + 2H, 5H), layer1.b        first ST-LSTM layer                                Eqs. 1-3

and what stands on that layer, an attention stream (stream.py names its parameters: memory.0.W ..., layer2.W,
attention.n.We1 ..., classifier.W). A network of several streams puts their names before (`fine.` and `coarse.`).

A batch is rows: where the paper writes W x, the code computes x W, so every matrix is the paper's transposed.

Here J joints, T frames, C numbers per joint and frame, H hidden, M = H memory, A = H inner width of the attention.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from ..support.errors import InputError, shown
from . import grid
from .arrays import FRESH, Array, Workspace, array_module
from .first_layer import FirstLayer
from .ops import (
    Product,
    dropout_backward,
    dropout_forward,
    dropout_mask,
    matmul_dW,
    nll_backward,
    nll_forward,
)
from .stream import AttentionStream
from .sweep import raster
from .sweep.schedules import SCHEDULES
from .weights import fresh_weights

INITIAL_MEMORIES = ("average", "feedforward")
Arrays: TypeAlias = Mapping[str, Array]  # by the names of the parameters


class Cache(NamedTuple):
    """What `forward` keeps for `backward`: its parameters and the caches of its parts, in the order of use."""

    params: dict
    layer1: Any
    drop_h: Array | None
    streams: list
    workspace: Workspace


class Network:
    """Layer 1, and the streams that read it; what they are, a class with these fields says in `streams`.

    joints, frames, channels, classes, hidden: the sizes J, T, C, number of classes, H.
    iterations, dropout, schedule, layer1: as in GCALSTM.
    """

    joints: int
    frames: int
    channels: int
    classes: int
    hidden: int
    iterations: int
    dropout: float
    schedule: str
    layer1: FirstLayer

    def __post_init__(self):
        for name in ("joints", "frames", "channels", "classes", "hidden"):
            if getattr(self, name) < 1:
                raise InputError(f"a network needs {name} >= 1, not {getattr(self, name)}")
        if self.iterations < 0:
            raise InputError(f"a network needs iterations >= 0, not {self.iterations}")
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout is a probability below 1, not {self.dropout}")
        one_of("schedule", self.schedule, SCHEDULES)

    def streams(self) -> dict[str, Any]:
        """What stands on layer 1: a dict from the beginning of its parameters' names to the stream."""
        raise NotImplementedError

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every parameter, in the order in which they are used."""
        shapes = {f"layer1.{name}": shape for name, shape in self.layer1.shapes(self.channels, self.hidden).items()}
        for prefix, stream in self.streams().items():
            shapes |= {prefix + name: shape for name, shape in stream.shapes().items()}
        return shapes

    def init(self, rng: np.random.Generator, dtype: DTypeLike = np.float32) -> dict[str, np.ndarray]:
        """Fresh parameters by name, NumPy arrays of this dtype, as weights.py draws them."""
        return fresh_weights(self.shapes(), self.hidden, rng, dtype)

    def masks(self, rng: Any, batch: int, dtype: DTypeLike = np.float32) -> dict[str, Array]:
        """Dropout masks for one pass over a batch, the same in every attention iteration.

        `layer1` (K, B, H) falls on the outputs of layer 1, `classifier` (B, M) on what the classifier reads.
        """
        if not self.dropout:
            return {}
        dtype = np.dtype(dtype).type
        shapes = {"layer1": (self.joints * self.frames, batch, self.hidden)}
        shapes |= {prefix + "classifier": (batch, self.hidden) for prefix in self.streams()}
        return {name: dropout_mask(rng, shape, self.dropout, dtype) for name, shape in shapes.items()}

    def forward(
        self,
        params: Arrays,
        x: Array,
        masks: Arrays | None = None,
        iterations: int | None = None,
        workspace: Workspace = FRESH,
        remember: bool = True,
    ) -> tuple[Array, Cache]:
        """Logits of sequences.

        params: the parameters by name, as `init` makes them.
        x (B, T, J, C): the sequences.
        masks: those of `masks` switch dropout on.
        iterations: stop earlier than after N; the logits then come from the memory after that iteration, as training
            step n of Algorithm 1 wants them.
        workspace: where large arrays come from; with one that keeps them, the cache lasts until the next pass.
        remember: without it the pass is faster, but its cache serves `scores` alone.

        Returns logits (B, classes) and a Cache. A network that classifies more than once, with two streams or at every
        cell, gives logits (S, B, classes). Raises InputError for x of another shape, and for iterations beyond N.
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
        cells = grid.pack(x)  # (K, B, C)
        room = workspace.at("layer1")
        p = within(params, "layer1.")
        h, layer1 = self.layer1.forward(p, cells, self.joints, self.frames, self.schedule, room, remember)
        h, drop_h = dropout_forward(h, masks.get("layer1"), out=h)
        logits, caches = [], []
        for prefix, stream in self.streams().items():
            mask, room = masks.get(prefix + "classifier"), workspace.at(prefix) if prefix else workspace
            stream_logits, cache = stream.forward(within(params, prefix), h, mask, N, room, remember)
            logits.append(stream_logits)
            caches.append(cache)
        logits = logits[0] if len(logits) == 1 else array_module(x).stack(logits)
        return logits, Cache(params, layer1, drop_h, caches, workspace)

    def backward(self, dlogits: Array, cache: Cache, with_input: bool = False) -> dict[str, Array | Product]:
        """Gradients of every parameter that the forward pass used, as a dict; with that of the "input" x if wanted.

        dlogits: the gradient of the logits, in their shape.
        cache: what `forward` kept.

        That of weights on the outputs of all cells, `memory.0.W` or `global.W`, is an `ops.Product`; `multiplied_out`
        makes plain arrays of all.
        """
        xp = array_module(dlogits)
        streams = self.streams()
        g, dh = {}, None
        for (prefix, stream), stream_dlogits, stream_cache in zip(
            streams.items(), [dlogits] if len(streams) == 1 else dlogits, cache.streams, strict=True
        ):
            stream_dh, stream_g = stream.backward(stream_dlogits, stream_cache)
            dh = stream_dh if dh is None else xp.add(dh, stream_dh, out=dh)  # layer 1 served them all
            g |= {prefix + name: value for name, value in stream_g.items()}
        dh = dropout_backward(dh, cache.drop_h, out=dh)
        p, room = within(cache.params, "layer1."), cache.workspace.at("back")
        dcells, g_1 = self.layer1.backward(dh, p, cache.layer1, self.schedule, room, with_input)
        g |= {f"layer1.{name}": value for name, value in g_1.items()}
        if with_input:
            g["input"] = grid.unpack(dcells, self.joints, self.frames)
        return g

    def scores(self, cache: Cache, stream: int = 0) -> Array | None:
        """Informativeness r of every attention iteration: (iterations, B, T, J), each summing to 1 over (T, J).

        stream: of two streams, fine (0) or coarse (1). In the coarse stream it is the scores of body parts that sum to
        1, and every joint shows that of its part. None where nothing is scored.
        """
        r = list(self.streams().values())[stream].scores(cache.streams[stream])
        return array_module(r[0]).stack([grid.unpack(r_n, self.joints, self.frames) for r_n in r]) if r else None

    def gates(self, params: Arrays, x: Array, iterations: int | None = None) -> list[tuple[str, Array]]:
        """What the gates did: a list of (layer, gates (4, B, T, J)), i, f_S, f_T, o as means over the H units.

        Layer 1 first, then layer 2 in every attention iteration (of each stream).
        """
        plain = replace(self, schedule="raster", **({"recompute": False} if self.iterations else {}))
        _, cache = plain.forward(params, x, iterations=iterations)
        found = [("layer 1", self.layer1.gates(cache.layer1))]
        for (prefix, stream), stream_cache in zip(self.streams().items(), cache.streams, strict=True):
            for n, swept in enumerate(stream.swept(stream_cache), start=1):
                title = f"{prefix.replace('.', ' ')}layer 2" + (f", iteration {n}" if self.iterations else "")
                found.append((title, raster.gates(swept)))
        xp = array_module(x)
        return [
            (title, xp.stack([grid.unpack(gate, self.joints, self.frames) for gate in gates])) for title, gates in found
        ]

    def relu_inputs(self, cache: Cache) -> list[Array]:
        """What went into each ReLU, (B, M) each: the gradient checks keep away from its kink."""
        pairs = zip(self.streams().values(), cache.streams, strict=True)
        return [z for stream, stream_cache in pairs for z in stream.relu_inputs(stream_cache)]


@dataclass(frozen=True)
class GCALSTM(Network):
    """The network of Fig. 3.

    joints, frames, channels, classes, hidden: the sizes J, T, C, number of classes, H.
    iterations: N attention iterations; with 0 the initial memory is classified.
    initial: the initial memory, "average" (Eq. 4) or "feedforward".
    dropout: probability, on the outputs of layer 1 and on the memory before the classifier.
    schedule: "wavefront", or "raster", the plain loop.
    recompute: save memory. Of all attention iterations only the last one's arrays are kept for the backward pass, which
        runs the others a second time. The numbers that come out are the same.
    layer1, ablation: where variants hook in: another first layer (variants/trust_gate.py), other streams in the place
        of the plain ones (variants/ablations.py).
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
    layer1: FirstLayer = field(default=FirstLayer(), repr=False, kw_only=True)
    ablation: Any = field(default=None, repr=False, kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        one_of("initial memory", self.initial, INITIAL_MEMORIES)

    def streams(self) -> dict[str, Any]:
        """One attention stream, whose parameters' names begin with nothing more."""
        return {"": self.stream(AttentionStream)}

    def stream(self, kind: type[AttentionStream], **more: Any) -> AttentionStream:
        """A stream of that kind, of this network's sizes; `more` are arguments of its own."""
        names = ("joints", "frames", "hidden", "classes", "iterations", "initial", "schedule", "recompute")
        arguments = {name: getattr(self, name) for name in names} | more
        return kind(**arguments) if self.ablation is None else self.ablation.stream(kind, **arguments)


def one_of(what: str, value: str, choices: Iterable[str]) -> None:
    """InputError unless the value is one of the choices."""
    if value not in tuple(choices):
        raise InputError(f"unknown {what} {shown(value)}: choose one of {', '.join(choices)}")


def within(params: Arrays, prefix: str) -> dict[str, Array]:
    """The parameters whose names begin so, without that beginning."""
    return {name.removeprefix(prefix): value for name, value in params.items() if name.startswith(prefix)}


def multiplied_out(gradients: Mapping[str, Array | Product]) -> dict[str, Array]:
    """The gradients as plain arrays of their parameters' shapes."""
    return {name: matmul_dW(*g) if isinstance(g, Product) else g for name, g in gradients.items()}


def loss_and_factors(
    network: Network,
    params: Arrays,
    x: Array,
    y: Array,
    masks: Arrays | None = None,
    iterations: int | None = None,
    workspace: Workspace = FRESH,
) -> tuple[Array, dict[str, Array | Product], Array]:
    """One forward and backward pass: the loss (), its gradients as `backward` gives them, the logits (B, classes)."""
    logits, cache = network.forward(params, x, masks, iterations, workspace)
    loss, nll_cache = nll_forward(logits, y)
    gradients = network.backward(nll_backward(nll_cache), cache)
    return loss, gradients, logits


def loss_and_gradients(
    network: Network,
    params: Arrays,
    x: Array,
    y: Array,
    masks: Arrays | None = None,
    iterations: int | None = None,
) -> tuple[Array, dict[str, Array], Array]:
    """One forward and backward pass: the loss (), its gradients (dict of arrays) and the logits (B, classes)."""
    loss, gradients, logits = loss_and_factors(network, params, x, y, masks, iterations)
    return loss, multiplied_out(gradients), logits
