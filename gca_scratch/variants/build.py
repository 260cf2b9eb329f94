"""Which network the settings describe."""

from collections.abc import Sequence

from ..network.first_layer import FirstLayer
from ..network.gca_lstm import GCALSTM
from ..network.two_stream import Coarse, TwoStream
from ..settings import Settings
from .ablations import Ablation
from .baselines import STLSTM
from .trust_gate import TrustGate

_HEADS = {"st-lstm": "local", "global-1": "feedforward", "global-2": "average"}
_ATTENTIVE = {"gca": GCALSTM, "coarse": Coarse, "two-stream": TwoStream}


def build(settings: Settings, joints: int, channels: int, classes: int, parts: Sequence[int] = ()) -> GCALSTM | STLSTM:
    """The network of `settings` for sequences of so many joints and channels.

    joints, channels: cells in a frame, and numbers in each of them.
    classes: how many are told apart.
    parts (joints,): the body part of each joint, needed where attention is over body parts.
    """
    common = {
        "joints": joints,
        "frames": settings.frames,
        "channels": channels,
        "classes": classes,
        "hidden": settings.hidden,
        "dropout": settings.dropout,
        "layer1": TrustGate() if settings.trust_gate else FirstLayer(),
    }
    if settings.network in _HEADS:
        return STLSTM(**common, head=_HEADS[settings.network])
    ablation = Ablation(settings.sharing, settings.attention)
    return _ATTENTIVE[settings.network](
        **common,
        **{name: getattr(settings, name) for name in ("iterations", "initial", "recompute")},
        ablation=None if ablation == Ablation() else ablation,
        **({"parts": tuple(parts)} if settings.network != "gca" else {}),
    )
