"""Every network that the settings can describe: trained, tested again and resumed to the same bits, as a user would."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.data.skeleton import OPENNI
from gca_scratch.network.first_layer import FirstLayer
from gca_scratch.network.gca_lstm import GCALSTM
from gca_scratch.network.two_stream import TwoStream
from gca_scratch.runs import checkpoint, folder
from gca_scratch.settings import NETWORKS
from gca_scratch.support.errors import InputError
from gca_scratch.variants.ablations import Ablation
from gca_scratch.variants.baselines import STLSTM
from gca_scratch.variants.build import build
from gca_scratch.variants.trust_gate import TrustGate
from tests.helpers.tiny import TINY, of_layout, skeletons

SOURCE = runs.Source("npz", "tiny.npz", "half")
CHANGES = {
    **{name: {"network": name} for name in NETWORKS},
    "coarse, feed-forward memory": {"network": "coarse", "initial": "feedforward"},
    **{f"sharing {scheme}": {"sharing": scheme} for scheme in "abc"},
    "soft attention": {"attention": "soft", "mode": "direct"},
    "trust gate": {"trust_gate": True},
    "ST-LSTM as its paper has it": {"network": "st-lstm", "trust_gate": True, "traversal": "tree"},
    "two streams over a tree": {"network": "two-stream", "traversal": "tree", "mirror": True},
    "three iterations": {"iterations": 3},
}
FEW = replace(TINY, epochs=2, patience=2)


@pytest.fixture(scope="module")
def data():
    return skeletons(of_layout(OPENNI), subjects=4, repetitions=1, persons=2)


@pytest.mark.parametrize("name", CHANGES)
def test_trained_interrupted_resumed_and_tested(name, data, tmp_path, monkeypatch):
    if CHANGES[name].get("mirror"):  # whose classes "raise left" and "raise right" a mirror would exchange
        data = replace(data, class_names=("up", "down", "bow"))
    settings = replace(FEW, **CHANGES[name])
    result = runs.run(data, SOURCE, settings, tmp_path / "whole", show=False)
    assert 0 <= result["accuracy"] <= 1 and result["n_test"] == 6 and np.isfinite(result["loss"])
    steps = (settings.iterations + 1 if settings.mode == "stepwise" else 1) if settings.attentive else 1
    assert result["epochs"] == 2 * steps

    stop = folder.Recorder.on_epoch

    def pulled(self, state, done):
        stop(self, state, done)
        if len(state.history) == 1:
            self.save()
            raise MemoryError("pulled the plug")

    monkeypatch.setattr(folder.Recorder, "on_epoch", pulled)
    with pytest.raises(MemoryError):
        runs.run(data, SOURCE, settings, tmp_path / "cut", show=False)
    monkeypatch.undo()
    again = runs.run(data, SOURCE, settings, tmp_path / "cut", resume=True, show=False)
    assert {k: v for k, v in again.items() if k != "seconds"} == {k: v for k, v in result.items() if k != "seconds"}
    ours, theirs = (checkpoint.load(tmp_path / folder)[0].params for folder in ("whole", "cut"))
    assert ours.keys() == theirs.keys()
    for parameter, value in ours.items():
        np.testing.assert_array_equal(value, theirs[parameter])


def test_every_choice_reaches_the_network():
    sizes = {"joints": 4, "channels": 3, "classes": 2, "parts": [0, 1, 1, 2]}
    assert build(replace(TINY, network="st-lstm"), **sizes) == STLSTM(4, 4, 3, 2, hidden=4, dropout=0.3)
    trusting = build(replace(TINY, network="global-2", trust_gate=True), **sizes)
    assert (trusting.head, trusting.layer1) == ("average", TrustGate())
    assert type(build(TINY, **sizes)) is GCALSTM and not hasattr(build(TINY, **sizes), "parts")
    both = build(replace(TINY, network="two-stream", sharing="b", attention="soft"), **sizes)
    assert isinstance(both, TwoStream) and both.parts == (0, 1, 1, 2)
    assert both.ablation == Ablation("b", "soft") and both.layer1 == FirstLayer()


def test_joints_without_names_have_no_body_parts(tmp_path):
    data = skeletons()
    nameless = replace(data, joint_names=("hip", *(f"joint {k}" for k in range(1, 6))))
    with pytest.raises(InputError, match="tell left from right"):
        runs.run(nameless, SOURCE, replace(FEW, network="coarse"), tmp_path / "run", show=False)
    assert not Path(tmp_path / "run").exists()


def test_a_tree_has_two_joints_less_one_cells(data):
    tree = runs.make_split(data, SOURCE, replace(FEW, traversal="tree"))
    assert tree.network(FEW).joints == 2 * len(data.joint_names) - 1
    chain = runs.make_split(data, SOURCE, FEW)
    first = [tree.aligned.order.index(joint) for joint in chain.aligned.order]
    np.testing.assert_array_equal(tree.aligned.x[:, first], chain.aligned.x)
