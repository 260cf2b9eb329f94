"""Attention over body parts (the coarse stream), and both streams together (Fig. 5, Eqs. 10-13).

What the plain stream does with joints, the coarse one does with the means of body parts: `see` pools them (Eq. 12),
`score` judges the means with weights of its own, We3 and We4 (Eqs. 10-11), and `spread` hands each part's score to its
joints, whose gate it is (Eq. 13).
"""

from dataclasses import dataclass, field
from typing import Any

from ..support.errors import InputError
from . import body_parts
from .gca_lstm import GCALSTM
from .stream import AttentionStream


@dataclass(frozen=True)
class PartStream(AttentionStream):
    """An attention stream over body parts; parts (J,): the place of each joint's part in body_parts.PARTS."""

    parts: tuple = field(default=(), kw_only=True)

    def see(self, h):
        """The means of the parts in each frame (P T, B, H), Eq. 12."""
        return body_parts.mean_forward(h, self.parts, self.frames)

    def see_backward(self, dseen, cache):
        """Every joint of a part has its share in the mean."""
        return body_parts.mean_backward(dseen, cache)

    def score_names(self, n):
        """Names of the weights of Eq. 10 in iteration n."""
        return f"attention.{n}.We3", f"attention.{n}.We4"

    def spread(self, r):
        """Every joint takes the score of its part (Eq. 13)."""
        return body_parts.share_forward(r, self.parts, self.frames)

    def spread_backward(self, dr, cache):
        """A part's score served all its joints."""
        return body_parts.share_backward(dr, cache)


@dataclass(frozen=True)
class Coarse(GCALSTM):
    """GCA-LSTM with attention over body parts alone; parts as in PartStream, the rest as in GCALSTM.

    Raises InputError where a joint has no part.
    """

    parts: tuple = field(default=(), kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        known = range(len(body_parts.PARTS))
        if len(self.parts) != self.joints or not all(type(part) is int and part in known for part in self.parts):
            raise InputError(f"attention over body parts needs the part, 0 to {known[-1]}, of every joint")

    def streams(self) -> dict[str, Any]:
        """The coarse stream, whose parameters' names begin with nothing more."""
        return {"": self.stream(PartStream, parts=self.parts)}


@dataclass(frozen=True)
class TwoStream(Coarse):
    """Fig. 5: a fine stream over joints and a coarse one over body parts on one first layer, trained together."""

    def streams(self) -> dict[str, Any]:
        """The fine and the coarse stream."""
        return {"fine.": self.stream(AttentionStream), "coarse.": self.stream(PartStream, parts=self.parts)}
