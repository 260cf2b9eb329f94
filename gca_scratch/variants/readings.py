"""Other readings of Eq. 7: how far a gate opens by its score, and what the score is made of.

They are rows of a table (experiments/gate_readings.py), no options of the network. A `Reading` is what a network takes
as `ablation=`. All keep the order of the cells, so what a gate lets in differs, and not which cells score highest.
"""

from dataclasses import dataclass, field, replace

from ..network import attention, grid
from ..network.arrays import array_module
from ..network.gca_lstm import one_of
from ..network.stream import AttentionStream

SEEN = "h", "news"


def draws_forward(r):
    """g = 1 - (1 - r)^K: how likely a cell is drawn at least once in K draws."""
    return 1 - (1 - r) ** len(r), r


def draws_backward(dg, r):
    """dr = dg K (1 - r)^(K-1)."""
    return dg * len(r) * (1 - r) ** (len(r) - 1)


def odds_forward(r):
    """g = K r / (1 + K r): one half where the score is even."""
    return len(r) * r / (1 + len(r) * r), r


def odds_backward(dg, r):
    """dr = dg K / (1 + K r)^2."""
    return dg * len(r) / (1 + len(r) * r) ** 2


def largest_forward(r):
    """g = r / max r: the gate of the highest score is open. The cache holds where that is."""
    top = r.real.argmax(axis=0)[None]  # (1, B)
    most = array_module(r).take_along_axis(r, top, axis=0)
    return r / most, (r, top, most)


def largest_backward(dg, cache):
    """Every gate depends on the highest score, too."""
    r, top, most = cache
    dr = dg / most
    return _added(dr, top, -(dg * r).sum(axis=0, keepdims=True) / most**2)


def range_forward(r):
    """g = (r - min r) / (max r - min r): one gate is open and one is shut."""
    take = array_module(r).take_along_axis
    low, top = r.real.argmin(axis=0)[None], r.real.argmax(axis=0)[None]
    least, most = take(r, low, axis=0), take(r, top, axis=0)
    wide = most - least
    wide = wide + (wide == 0)  # where all scores are the same, all gates are shut
    g = (r - least) / wide
    return g, (g, low, top, wide)


def range_backward(dg, cache):
    """Every gate depends on the lowest and on the highest score, too."""
    g, low, top, wide = cache
    of_top = (dg * g).sum(axis=0, keepdims=True) / wide
    dr = _added(dg / wide, top, -of_top)
    return _added(dr, low, of_top - dg.sum(axis=0, keepdims=True) / wide)


def _added(dr, place, more):
    """dr (K, B) with more (1, B) added at the cells of place (1, B)."""
    xp = array_module(dr)
    return dr + xp.where(xp.arange(len(dr))[:, None] == place, more, 0)


GATES = {
    "as written": (attention.opening_forward, attention.opening_backward),
    "draws": (draws_forward, draws_backward),
    "odds": (odds_forward, odds_backward),
    "range": (range_forward, range_backward),
    "largest": (largest_forward, largest_backward),
}


def news_forward(h, J, T):
    """What a cell adds to what it has heard: h (K, B, H) less the mean of its two predecessors, which are 0 outside."""
    x = grid.unpack(h, J, T)  # (B, T, J, H)
    new = x.copy()
    new[:, 1:] -= x[:, :-1] / 2
    new[:, :, 1:] -= x[:, :, :-1] / 2
    return grid.pack(new)


def news_backward(dnew, J, T):
    """dnew (K, B, H) gives dh (K, B, H): every cell is also taken from its two successors."""
    d = grid.unpack(dnew, J, T)
    dx = d.copy()
    dx[:, :-1] -= d[:, 1:] / 2
    dx[:, :, :-1] -= d[:, :, 1:] / 2
    return grid.pack(dx)


@dataclass(frozen=True)
class _ReadStream(AttentionStream):
    gate: str = field(kw_only=True)
    seen: str = field(kw_only=True)

    def see(self, h):
        """What is scored (K, B, H), and a cache: h, or its news."""
        return (h, None) if self.seen == "h" else (news_forward(h, self.joints, self.frames), True)

    def see_backward(self, dseen, cache):
        """The way back of news."""
        return news_backward(dseen, self.joints, self.frames)

    def spread(self, r):
        """How far each gate opens (K, B), and a cache."""
        return GATES[self.gate][0](r)

    def spread_backward(self, dg, cache):
        """The scores' gradient from the gates'."""
        return GATES[self.gate][1](dg, cache)

    def scores(self, cache):
        """The scores themselves, not the gates."""
        return [attended.r for attended in cache.rounds]


@dataclass(frozen=True)
class Reading:
    """Another gate, or another score, for a network with attention over joints.

    gate: one of GATES.  seen: one of SEEN.

    Raises InputError for others.
    """

    gate: str = "as written"
    seen: str = "h"

    def __post_init__(self):
        one_of("gate", self.gate, GATES)
        one_of("seen", self.seen, SEEN)

    def of(self, network):
        """The network that reads so, in the place of a plain one of the same sizes."""
        return replace(network, ablation=self)

    def stream(self, kind, **arguments):
        """The stream in the place of a plain one."""
        one_of("stream to be read otherwise", kind.__name__, (AttentionStream.__name__,))
        return _ReadStream(**arguments, gate=self.gate, seen=self.seen)
