"""The networks without attention that the paper compares with: two ST-LSTM layers, and three ways to classify.

local         every cell classifies; the probabilities of all cells are averaged (ST-LSTM)
feedforward   one layer on the concatenated outputs of layer 2 makes a global representation, "Global (1)"
average       the mean of these outputs is the global representation, "Global (2)"
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from ..network import memory
from ..network.arrays import FRESH, array_module
from ..network.first_layer import FirstLayer
from ..network.gca_lstm import Network, one_of
from ..network.ops import affine_backward, affine_forward, matmul
from ..network.sweep.schedules import sweep

HEADS = ("local", "feedforward", "average")


class Cache(NamedTuple):
    """What `forward` keeps for `backward`."""

    params: dict
    h: object
    layer2: tuple
    represent: tuple | None
    mask: object
    classify: tuple
    workspace: object


@dataclass(frozen=True)
class SecondLayer:
    """Layer 2 without attention, and the classifier on top of it, as a stream on the outputs of layer 1."""

    joints: int
    frames: int
    hidden: int
    classes: int
    head: str
    schedule: str

    def shapes(self):
        """Shape of every parameter, in the order in which they are used."""
        J, T, H = self.joints, self.frames, self.hidden
        shapes = {"layer2.W": (3 * H, 5 * H), "layer2.b": (5 * H,)}
        if self.head == "feedforward":
            shapes |= {"global.W": (J * T * H, H), "global.b": (H,)}
        return shapes | {"classifier.W": (H, self.classes), "classifier.b": (self.classes,)}

    def forward(self, params, h, mask, N, workspace=FRESH, remember=True):
        """Logits (B, classes), or (K, B, classes) if every cell classifies, from the outputs h (K, B, H) of layer 1.

        mask (B, H) or None: dropout before the classifier, in all cells alike.
        """
        p = params
        h2, layer2 = sweep(self.schedule, h).forward(
            h,
            p["layer2.W"],
            p["layer2.b"],
            self.joints,
            self.frames,
            workspace=workspace.at("layer2"),
            remember=remember,
        )
        represent = None
        if self.head == "average":
            h2, represent = memory.average_forward(h2)
        elif self.head == "feedforward":
            h2, represent = memory.feedforward_forward(h2, p["global.W"], p["global.b"], workspace.at("global"))
        h2 = h2 if mask is None else h2 * mask  # (B, H): the same units in all cells
        logits, classify = affine_forward(h2, p["classifier.W"], p["classifier.b"])
        return logits, Cache(p, h, layer2, represent, mask, classify, workspace)

    def backward(self, dlogits, cache):
        """dlogits as the logits gives dh (K, B, H) and the gradients of the parameters."""
        p, g = cache.params, {}
        dh2, g["classifier.W"], g["classifier.b"] = affine_backward(dlogits, cache.classify)
        dh2 = dh2 if cache.mask is None else dh2 * cache.mask
        if self.head == "average":
            dh2 = memory.average_backward(dh2, cache.represent)
        elif self.head == "feedforward":
            dh2, g["global.W"], g["global.b"] = memory.feedforward_backward(dh2, cache.represent)
        dh2 = array_module(dh2).ascontiguousarray(dh2)
        da, g["layer2.W"], g["layer2.b"], _ = sweep(self.schedule, dh2).backward(
            dh2, cache.layer2, cache.workspace.at("back")
        )
        return matmul(da, p["layer2.W"][: self.hidden].T), g

    def scores(self, cache):
        """None: nothing is scored."""
        return []

    def relu_inputs(self, cache):
        """What went into each ReLU, (B, H) each."""
        return [memory.relu_input(cache.represent)] if self.head == "feedforward" else []

    def swept(self, cache):
        """The cache of layer 2's sweep."""
        return [cache.layer2]


@dataclass(frozen=True)
class STLSTM(Network):
    """Two ST-LSTM layers without attention; `head`, one of HEADS, says how they classify."""

    joints: int
    frames: int
    channels: int
    classes: int
    hidden: int = 128
    head: str = "local"
    dropout: float = 0.5
    schedule: str = "wavefront"
    layer1: FirstLayer = field(default=FirstLayer(), repr=False, kw_only=True)

    iterations = 0  # training has a single step

    def __post_init__(self):
        super().__post_init__()
        one_of("head", self.head, HEADS)

    def streams(self):
        """The second layer."""
        return {"": SecondLayer(self.joints, self.frames, self.hidden, self.classes, self.head, self.schedule)}
