"""GCA-LSTM: named parameters in, logits and a cache out, gradients back.

A network is its sizes; the parameters are a flat dict, and gradients come in a dict with the same keys:

    layer1.W (C + 2H, 5H), layer1.b        first ST-LSTM layer                                Eqs. 1-3

and what stands on that layer: an attention stream (stream.py names its parameters: memory.0.W ..., layer2.W,
attention.n.We1 ..., classifier.W) or two of them, whose names then begin with `fine.` and `coarse.`.

A batch is rows: where the paper writes W x, the code computes x W, so every matrix is the paper's transposed.

Here J joints, T frames, C numbers per joint and frame, H hidden, M = H memory, A = H inner width of the attention.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from ..support.errors import InputError, shown
from ..variants import trust_gate
from . import grid
from .arrays import FRESH, Array, array_module
from .body_parts import PARTS
from .ops import Product, dropout_backward, dropout_forward, dropout_mask, matmul, matmul_dW, nll_backward, nll_forward
from .stream import AttentionStream
from .sweep import raster
from .sweep.schedules import SCHEDULES, sweep

INITIAL_MEMORIES = ("average", "feedforward")
STREAMS = {"fine": ("fine",), "coarse": ("coarse",), "both": ("fine", "coarse")}
ATTENTIONS = ("gate", "soft")
Arrays: TypeAlias = Mapping[str, Array]  # by the names of the parameters


class Cache(NamedTuple):
    """What `forward` keeps for `backward`: its parameters and the caches of its parts, in the order of use."""

    params: dict
    layer1: tuple
    drop_h: object
    streams: list
    keep: object


class Network:
    """Layer 1, and the streams that read it; what they are, a class with these fields says in `streams`.

    joints, frames, channels, classes, hidden: the sizes.  dropout, schedule, trust_gate: as in GCALSTM.
    """

    joints: int
    frames: int
    channels: int
    classes: int
    hidden: int
    iterations: int
    dropout: float
    schedule: str
    trust_gate: bool

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
        C, H = self.channels, self.hidden
        shapes = {"layer1.W": (C + 2 * H, 5 * H), "layer1.b": (5 * H,)}
        if self.trust_gate:
            shapes |= {f"layer1.{name}": shape for name, shape in trust_gate.shapes(C, H).items()}
        for prefix, stream in self.streams().items():
            shapes |= {prefix + name: shape for name, shape in stream.shapes().items()}
        return shapes

    def init(self, rng: np.random.Generator, dtype: DTypeLike = np.float32) -> dict[str, np.ndarray]:
        """Fresh parameters (NumPy): zero-mean Gaussian (Algorithm 1) of deviation 1/sqrt(fan-in), zero biases.

        In the ST-LSTM layers the input's rows of W and the recurrent rows have each their own fan-in: the few numbers
        of the input would hardly be heard among 2H states if they shared one.
        """
        params = {}
        for name, shape in self.shapes().items():
            if name.rpartition(".")[2].startswith("b"):
                params[name] = np.zeros(shape, dtype)
                continue
            fan_in = shape[-1] if name.endswith(("We1", "We3")) else shape[-2]
            if name.endswith(("layer1.W", "layer2.W")):
                H = self.hidden
                fan_in = np.repeat([shape[0] - 2 * H, 2 * H], [shape[0] - 2 * H, 2 * H])[:, None]
            params[name] = (rng.standard_normal(shape) / np.sqrt(fan_in)).astype(dtype)
        return params

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
        keep: Any = FRESH,
        remember: bool = True,
    ) -> tuple[Array, Cache]:
        """Logits (B, classes) of sequences x (B, T, J, C), and the cache that `backward` and `scores` take.

        A network that classifies more than once, with two streams or at every cell, gives logits (S, B, classes).
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
        cells = grid.pack(x)  # (K, B, C)
        if self.trust_gate:
            h, layer1 = trust_gate.forward(cells, within(params, "layer1."), self.joints, self.frames)
        else:
            W, b = params["layer1.W"], params["layer1.b"]
            h, layer1 = sweep(self.schedule, x).forward(
                cells, W, b, self.joints, self.frames, keep=keep.at("layer1"), remember=remember
            )
        h, drop_h = dropout_forward(h, masks.get("layer1"), out=h)
        logits, caches = [], []
        for prefix, stream in self.streams().items():
            mask, room = masks.get(prefix + "classifier"), keep.at(prefix) if prefix else keep
            logits_of, cache = stream.forward(within(params, prefix), h, mask, N, room, remember)
            logits.append(logits_of)
            caches.append(cache)
        logits = logits[0] if len(logits) == 1 else array_module(x).stack(logits)
        return logits, Cache(params, layer1, drop_h, caches, keep)

    def backward(self, dlogits: Array, cache: Cache, with_input: bool = False) -> dict[str, Array | Product]:
        """Gradients of every parameter that the forward pass used, as a dict; with that of the "input" x if wanted.

        That of weights on the outputs of all cells, `memory.0.W` or `global.W`, is an `ops.Product`; `multiplied_out`
        makes plain arrays of all.
        """
        xp = array_module(dlogits)
        streams = self.streams()
        g, dh = {}, None
        for (prefix, stream), dlogits_of, of in zip(
            streams.items(), [dlogits] if len(streams) == 1 else dlogits, cache.streams, strict=True
        ):
            dh_of, g_of = stream.backward(dlogits_of, of)
            dh = dh_of if dh is None else xp.add(dh, dh_of, out=dh)
            g |= {prefix + name: value for name, value in g_of.items()}
        dh = dropout_backward(dh, cache.drop_h, out=dh)
        if self.trust_gate:
            dcells, g_1 = trust_gate.backward(dh, cache.layer1)
            g |= {f"layer1.{name}": value for name, value in g_1.items()}
        else:
            da, g["layer1.W"], g["layer1.b"], _ = sweep(self.schedule, dlogits).backward(
                dh, cache.layer1, cache.keep.at("back")
            )
            dcells = matmul(da, cache.params["layer1.W"][: self.channels].T) if with_input else None
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
        plain = (
            replace(self, schedule="raster", recompute=False) if self.iterations else replace(self, schedule="raster")
        )
        _, cache = plain.forward(params, x, iterations=iterations)
        found = [("layer 1", (trust_gate if self.trust_gate else raster).gates(cache.layer1))]
        for (prefix, stream), of in zip(self.streams().items(), cache.streams, strict=True):
            layers = stream.gates(of)
            for n, layer2 in enumerate(layers, start=1):
                title = f"{prefix.replace('.', ' ')}layer 2" + (f", iteration {n}" if self.iterations else "")
                found.append((title, raster.gates(layer2)))
        xp = array_module(x)
        return [
            (title, xp.stack([grid.unpack(gate, self.joints, self.frames) for gate in gates])) for title, gates in found
        ]

    def relu_inputs(self, cache: Cache) -> list[Array]:
        """What went into each ReLU, (B, M) each: the gradient checks keep away from its kink."""
        pairs = zip(self.streams().values(), cache.streams, strict=True)
        return [z for stream, of in pairs for z in stream.relu_inputs(of)]


@dataclass(frozen=True)
class GCALSTM(Network):
    """The network of Fig. 3 with N = `iterations` attention iterations; N = 0 classifies the initial memory.

    `recompute` saves memory: of all attention iterations only the last one's arrays are kept for the backward pass,
    which runs the others a second time. The numbers that come out are the same.

    The rest is for the paper's other networks. streams_of: attention over joints (fine), over body parts (coarse; then
    `parts` (J,) gives each joint's place in body_parts.PARTS), or a stream of each (both, Fig. 5), trained together.
    sharing: column of Table VIII. attention: scores as the gate of Eq. 7, or as the weights of a mean (soft).
    trust_gate: trust_gate.py in place of the plain layer 1.
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
    streams_of: str = "fine"
    parts: tuple = ()
    sharing: str = "d"
    attention: str = "gate"
    trust_gate: bool = False

    def __post_init__(self):
        super().__post_init__()
        one_of("initial memory", self.initial, INITIAL_MEMORIES)
        one_of("streams", self.streams_of, STREAMS)
        one_of("sharing", self.sharing, "abcd")
        one_of("attention", self.attention, ATTENTIONS)
        if self.streams_of != "fine" and not (
            len(self.parts) == self.joints and all(type(part) is int and 0 <= part < len(PARTS) for part in self.parts)
        ):
            raise InputError(f"attention over body parts needs the part, 0 to {len(PARTS) - 1}, of every joint")

    def streams(self) -> dict[str, Any]:
        """One attention stream, or the fine and the coarse one."""
        names = STREAMS[self.streams_of]
        return {
            f"{name}." if len(names) > 1 else "": AttentionStream(
                self.joints, self.frames, self.hidden, self.classes, self.iterations, self.initial,
                self.parts if name == "coarse" else None, self.sharing, self.attention == "soft", self.schedule,
                self.recompute,
            )
            for name in names
        }  # fmt: skip


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
    keep: Any = FRESH,
) -> tuple[Array, dict[str, Array | Product], Array]:
    """One forward and backward pass: the loss (), its gradients as `backward` gives them, the logits (B, classes)."""
    logits, cache = network.forward(params, x, masks, iterations, keep)
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
