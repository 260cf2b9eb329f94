"""The proof of every gradient of the variants, by network/gradcheck.py: `python -m gca_scratch.variants.gradcheck`."""

import sys

from ..network import gradcheck
from ..network.gca_lstm import GCALSTM
from ..network.gradcheck import PARTS, SIZES
from ..network.two_stream import Coarse, TwoStream
from .ablations import Ablation
from .baselines import HEADS, STLSTM
from .trust_gate import TrustGate

AVERAGE = SIZES | {"initial": "average"}


def ablations():
    """Networks with weights shared otherwise, or with soft attention: (label, network)."""
    soft = Ablation(attention="soft")
    for scheme in "abc":
        yield f"GCA-LSTM, sharing ({scheme}), N = 2", GCALSTM(**AVERAGE, ablation=Ablation(scheme))
    yield "GCA-LSTM, coarse, sharing (a), N = 2", Coarse(**AVERAGE, parts=PARTS, ablation=Ablation("a"))
    yield "GCA-LSTM, soft attention", GCALSTM(**AVERAGE, ablation=soft)
    yield "GCA-LSTM, two streams, soft attention", TwoStream(**AVERAGE, parts=PARTS, ablation=soft)


def baselines():
    """Networks without attention: (label, network)."""
    for head, label in zip(HEADS, ("ST-LSTM", "ST-LSTM + Global (1)", "ST-LSTM + Global (2)"), strict=True):
        yield label, STLSTM(**SIZES, head=head)


def trust_gates():
    """Networks whose first layer has trust gates: (label, network)."""
    yield "GCA-LSTM, trust gate", GCALSTM(**AVERAGE, iterations=1, layer1=TrustGate())
    yield "ST-LSTM, trust gate", STLSTM(**SIZES, layer1=TrustGate())


def networks():
    """All variants, with what to call them: (label, network)."""
    yield from ablations()
    yield from baselines()
    yield from trust_gates()


def everything():
    """The plain networks and all variants: what `python -m gca_scratch gradcheck` proves."""
    yield from gradcheck.networks()
    yield from networks()


if __name__ == "__main__":
    sys.exit(0 if all(row.passed for row in gradcheck.prove(networks())) else 1)
