"""What the paper compares its attention with: weights shared otherwise (Table VIII), and soft attention (section V-I).

An `Ablation` is what a network takes as `ablation=`: it makes other streams in the place of the plain ones.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from ..network.arrays import Array, array_module
from ..network.gca_lstm import one_of
from ..network.grid import added
from ..network.ops import softmax_backward, softmax_forward
from ..network.stream import AttentionStream
from ..network.two_stream import PartStream

SHARING = "abcd"  # columns of Table VIII
ATTENTIONS = ("gate", "soft")


class Cache(NamedTuple):
    """What `informativeness_forward` keeps, as attention.Cache."""

    h: Array
    IF: Array
    We1: Array
    We2: Array
    s: Array
    r: Array


def informativeness_forward(h, IF, We1, We2):
    """Eqs. 5-6 without sharing within the iteration: every cell has its own weights.

    h (K, B, H): outputs of layer 1.
    IF (B, M): the memory.
    We1 (K, A), We2 (K, H + M, A): the weights of every cell.

    Returns r (K, B) and a Cache, as attention.py does.
    """
    xp = array_module(h)
    H = h.shape[2]
    s = xp.tanh(xp.matmul(h, We2[:, :H]) + xp.matmul(IF, We2[:, H:]))  # (K, B, A)
    e = (s * We1[:, None]).sum(axis=2)  # (K, B), Eq. 5
    r, _ = softmax_forward(e)  # Eq. 6
    return r, Cache(h, IF, We1, We2, s, r)


def informativeness_backward(dr, cache):
    """dr (K, B) gives dh (K, B, H), dIF (B, M), dWe1 (K, A), dWe2 (K, H + M, A)."""
    h, IF, We1, We2, s, r = cache
    xp = array_module(h)
    H = h.shape[2]
    de = softmax_backward(dr, r)  # (K, B)
    dWe1 = (s * de[..., None]).sum(axis=1)
    da = de[..., None] * We1[:, None] * (1 - s * s)  # (K, B, A), before the tanh of Eq. 5
    dWe2 = xp.concatenate([xp.matmul(h.swapaxes(1, 2), da), xp.matmul(IF.T, da)], axis=1)
    dh = xp.matmul(da, We2[:, :H].swapaxes(1, 2))
    dIF = xp.matmul(da, We2[:, H:].swapaxes(1, 2)).sum(axis=0)  # every cell used the one memory
    return dh, dIF, dWe1, dWe2


def soft_attention_forward(h, r):
    """F as the mean of the cells, weighted by their scores (section V-I): h (K, B, H) and r (K, B) give F (B, H)."""
    return (r[..., None] * h).sum(axis=0), (h, r)


def soft_attention_backward(dF, cache):
    """dF (B, H) gives dh (K, B, H) and dr (K, B)."""
    h, r = cache
    return r[..., None] * dF, (h * dF).sum(axis=2)


class _Ablated:
    """What replaces methods of a stream that has the fields `sharing` and `soft`."""

    def score_names(self, n):
        """Schemes (a) and (b) have the same weights in all iterations."""
        names = super().score_names(n)
        return tuple(name.replace(f".{n}.", ".") for name in names) if self.sharing in "ab" else names

    def score_shapes(self, n):
        """Schemes (a) and (c) have weights for every cell."""
        cells = self.frames * (self.joints if self.parts is None else len(set(self.parts)))
        each = () if self.sharing in "bd" else (cells,)
        return {name: (*each, *shape) for name, shape in super().score_shapes(n).items()}

    def score(self, p, n, seen, IF, workspace):
        """Eqs. 5-6, with weights of every cell's own in schemes (a) and (c)."""
        if self.sharing in "bd":
            return super().score(p, n, seen, IF, workspace)
        We1, We2 = (p[name] for name in self.score_names(n))
        return informativeness_forward(seen, IF, We1, We2)

    def score_backward(self, n, dr, cache, onto=None):
        """The way back of `score`."""
        if self.sharing in "bd":
            return super().score_backward(n, dr, cache, onto)
        dseen, dIF, dWe1, dWe2 = informativeness_backward(dr, cache)
        return added(dseen, onto), dIF, dict(zip(self.score_names(n), (dWe1, dWe2), strict=True))

    def layer2_shapes(self):
        """Soft attention has no layer 2."""
        return {} if self.soft else super().layer2_shapes()

    def layer2_share(self, p, h, workspace):
        """Soft attention has no layer 2."""
        return None if self.soft else super().layer2_share(p, h, workspace)

    def attend(self, p, seen, r, a, workspace, remember):
        """Soft attention takes the scores as the weights of a mean."""
        return soft_attention_forward(seen, r) if self.soft else super().attend(p, seen, r, a, workspace, remember)

    def attend_backward(self, dF, cache, workspace, onto):
        """The way back of `attend`."""
        if not self.soft:
            return super().attend_backward(dF, cache, workspace, onto)
        dseen, dr = soft_attention_backward(dF, cache)
        return dr, dseen, None, {}

    def swept(self, cache):
        """Soft attention sweeps nothing."""
        return [] if self.soft else super().swept(cache)


@dataclass(frozen=True)
class _AblatedJoints(_Ablated, AttentionStream):
    sharing: str = field(kw_only=True)
    soft: bool = field(kw_only=True)


@dataclass(frozen=True)
class _AblatedParts(_Ablated, PartStream):
    sharing: str = field(kw_only=True)
    soft: bool = field(kw_only=True)


@dataclass(frozen=True)
class Ablation:
    """Other streams for a network.

    sharing: column of Table VIII; "d", shared within an iteration and not across, is the paper's choice.
    attention: scores as the "gate" of Eq. 7, or "soft", as the weights of a mean.

    Raises InputError for others.
    """

    sharing: str = "d"
    attention: str = "gate"

    def __post_init__(self):
        one_of("sharing", self.sharing, SHARING)
        one_of("attention", self.attention, ATTENTIONS)

    def stream(self, kind, **arguments):
        """The stream in the place of a plain one of that kind."""
        ablated = {AttentionStream: _AblatedJoints, PartStream: _AblatedParts}[kind]
        return ablated(**arguments, sharing=self.sharing, soft=self.attention == "soft")
