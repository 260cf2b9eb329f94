"""Which network the settings describe."""

from collections.abc import Sequence

from ..network.gca_lstm import GCALSTM
from ..settings import Settings
from .baselines import STLSTM

_HEADS = {"st-lstm": "local", "global-1": "feedforward", "global-2": "average"}
_STREAMS = {"gca": "fine", "coarse": "coarse", "two-stream": "both"}


def build(settings: Settings, joints: int, channels: int, classes: int, parts: Sequence[int] = ()) -> GCALSTM | STLSTM:
    """The network of `settings` for sequences of so many joints and channels (numbers per joint and frame).

    parts (joints,): the body part of each joint, needed where attention is over body parts.
    """
    sizes = {"joints": joints, "frames": settings.frames, "channels": channels, "classes": classes}
    common = {name: getattr(settings, name) for name in ("hidden", "dropout", "trust_gate")}
    if settings.network in _HEADS:
        return STLSTM(**sizes, **common, head=_HEADS[settings.network])
    return GCALSTM(
        **sizes,
        **common,
        **{name: getattr(settings, name) for name in ("iterations", "initial", "recompute", "sharing", "attention")},
        streams_of=_STREAMS[settings.network],
        parts=tuple(parts) if settings.network != "gca" else (),
    )
