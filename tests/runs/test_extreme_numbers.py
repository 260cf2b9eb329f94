"""Numbers at the edge: coordinates huge, tiny and constant, sizes of one, saturated gates, and training that runs away.

Warnings are errors here as everywhere: nothing may overflow in passing. stress/test_numbers.py goes on at full size.
"""

import dataclasses
import os

import numpy as np
import pytest

from gca_scratch import runs, training
from gca_scratch.commands.main import main
from gca_scratch.data import neutral
from gca_scratch.data.alignment import align
from gca_scratch.data.coordinates import LazyJoints
from gca_scratch.data.joint_names import find_roles
from gca_scratch.data.placement import Placement
from gca_scratch.data.sampling import Aligned
from gca_scratch.data.skeleton import OPENNI
from gca_scratch.network.gca_lstm import GCALSTM, loss_and_gradients
from gca_scratch.runs import checkpoint
from gca_scratch.settings import NETWORKS, PRESETS, Settings
from gca_scratch.support.errors import InputError
from gca_scratch.training import stepwise
from gca_scratch.training.parallel import Engine
from gca_scratch.variants.build import build
from tests.helpers.tiny import TINY, of_layout, skeletons

CHANGES = {
    **{name: {"network": name} for name in NETWORKS},
    **{f"sharing {scheme}": {"sharing": scheme} for scheme in "abc"},
    "average memory": {"initial": "average"},
    "soft attention": {"attention": "soft"},
    "trust gate": {"trust_gate": True},
    "ST-LSTM as its paper has it": {"network": "st-lstm", "trust_gate": True},
    "recomputed": {"recompute": True},
}
COORDINATES = {
    "metres": lambda x: x,
    "1e6 metres": lambda x: 1e6 * x,
    "1e-6 metres": lambda x: 1e-6 * x,
    "constant": lambda x: np.full_like(x, 1.7),
    "constant, 1e6 metres": lambda x: np.full_like(x, 1e6),
    "nothing": lambda x: 0 * x,
    "1e30 metres": lambda x: 1e30 * x,
}
SIZES = [(2, 5, 4, 3), (1, 5, 4, 3), (2, 1, 4, 3), (2, 5, 1, 3), (2, 5, 4, 1), (1, 1, 1, 1)]  # B, T, J, classes
STEPS = 60
SOURCE = runs.Source("npz", "data.npz")


def network_of(changes, T, J, classes, hidden=6):
    settings = Settings(frames=T, hidden=hidden, dropout=0.3, **changes)
    return build(settings, J, 3, classes, parts=[joint % 5 for joint in range(J)])


def assert_finite_and_of_type(network, params, x, masks=None):
    """Loss, logits and the gradient of every parameter are finite and of the type of x; returns loss and gradients."""
    loss, gradients, logits = loss_and_gradients(network, params, x, np.zeros(len(x), int), masks)
    assert gradients.keys() == params.keys()
    for name, value in (gradients | {"loss": loss, "logits": logits}).items():
        assert np.isfinite(value).all(), name
        assert np.asarray(value).dtype == x.dtype, name
    return loss, gradients


# --- one pass ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("together", [False, pytest.param(True, marks=pytest.mark.long)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CHANGES)
def test_one_pass_is_finite_whatever_the_coordinates_and_sizes(name, dtype, together):
    """All coordinates in the first and the smallest size, and metres in the others; together all in all."""
    rng = np.random.default_rng(0)
    for B, T, J, classes in SIZES:
        network = network_of(CHANGES[name], T, J, classes)
        params, masks = network.init(np.random.default_rng(1), dtype), network.masks(rng, B, dtype)
        every = together or (B, T, J, classes) in (SIZES[0], SIZES[-1])
        for kind, change in COORDINATES.items() if every else [("metres", COORDINATES["metres"])]:
            x = change(rng.standard_normal((B, T, J, 3))).astype(dtype)
            loss, gradients = assert_finite_and_of_type(network, params, x, masks)
            if classes == 1:
                assert loss == 0 and not any(g.any() for g in gradients.values()), (kind, "there is nothing to learn")
            else:
                assert loss > 0
                assert all(g.any() for name, g in gradients.items() if name.endswith("classifier.b"))


@pytest.mark.parametrize("schedule", ["raster", "wavefront"])
def test_coordinates_of_a_millionth_are_told_apart(schedule):
    """They are added to biases of 0: what they change is as small as they are, but not lost."""
    network = dataclasses.replace(network_of({}, 5, 4, 3), schedule=schedule)
    params = network.init(np.random.default_rng(1))
    x = 1e-6 * np.random.default_rng(0).standard_normal((1, 5, 4, 3)).astype(np.float32)
    h, g = network.forward(params, x)[0], network.forward(params, -x)[0]
    assert np.isfinite(h).all() and (h != g).any()


@pytest.mark.parametrize("bias", [-1e4, 1e4, *(pytest.param(bias, marks=pytest.mark.long) for bias in (-50, 50))])
@pytest.mark.parametrize("name", CHANGES)
def test_saturated_gates_do_not_overflow_in_float32(name, bias):
    """At the paper's size, 25 joints and 20 frames. With all gates open a cell state counts paths, 4e12 to the last."""
    network = network_of(CHANGES[name], 20, 25, 3, hidden=4)
    x = np.random.default_rng(0).standard_normal((1, 20, 25, 3))
    found = {}
    for dtype in (np.float32, np.float64):
        params = network.init(np.random.default_rng(1), dtype)
        for key in params:
            if key.endswith(("layer1.b", "layer2.b")):
                params[key][:] = bias
        found[dtype] = assert_finite_and_of_type(network, params, x.astype(dtype))[0]
    assert found[np.float32] == pytest.approx(found[np.float64], rel=1e-3)


def test_ten_thousand_frames():
    network = network_of({"initial": "average", "iterations": 1}, 10_000, 1, 3, hidden=2)
    params = network.init(np.random.default_rng(1))
    x = np.random.default_rng(0).standard_normal((1, 10_000, 1, 3), np.float32)
    assert_finite_and_of_type(network, params, x)


def test_what_overflows_on_a_thread_is_dealt_with_as_its_caller_wants():
    network = GCALSTM(3, 3, 3, 2, hidden=4, dropout=0.0)
    params = {name: value + np.float32(1e38) for name, value in network.init(np.random.default_rng(0)).items()}
    x, y = np.ones((4, 3, 3, 3), np.float32), np.zeros(4, int)
    engine = Engine(network, parts=2, threads=2)
    with np.errstate(all="ignore"):  # else a warning, which is an error here
        loss, *_ = engine.loss_and_gradients(params, x, y)
    assert not np.isfinite(loss)
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        engine.loss_and_gradients(params, x, y)


# --- skeletons --------------------------------------------------------------------------------------------------------


def altered(kind):
    """Skeletons at an edge, and the settings that they need."""
    data = skeletons(persons=2, truth=False)
    assert data.lengths.min() > 1  # or "one frame each" would be nothing new
    change = {
        "1e6 metres tall": lambda: {"joints": data.joints * np.float32(1e6)},
        "1e-6 metres tall": lambda: {"joints": data.joints * np.float32(1e-6)},
        "1e6 metres away": lambda: {"joints": data.joints + np.float32(1e6)},
        "all joints in one place": lambda: {"joints": np.ones_like(data.joints)},
        "nobody there": lambda: {"joints": np.zeros_like(data.joints)},
        "one class": lambda: {"label": np.zeros_like(data.label), "class_names": ("all",)},
        "one frame each": lambda: {"joints": data.joints[data.offsets[:-1]], "offsets": np.arange(len(data) + 1)},
        "10,000 frames each": lambda: {
            "joints": np.concatenate([np.resize(data.sequence(n), (10_000, *data.joints.shape[1:])) for n in (0, 10)]),
            "offsets": np.array([0, 10_000, 20_000]),
            **{key: getattr(data, key)[[0, 10]] for key in ("label", "subject", "repetition", "name")},
        },
        "one joint": lambda: {
            "joints": data.joints[:, :, :1], "joint_names": ("pelvis",), "edges": np.zeros((0, 2), np.int16)
        },
    }[kind]()  # fmt: skip
    return dataclasses.replace(data, **change)


EDGES = ["1e6 metres tall", "1e-6 metres tall", "1e6 metres away", "all joints in one place", "nobody there",
         "one class", "one frame each", "10,000 frames each", "one joint"]  # fmt: skip


@pytest.mark.parametrize("preset", ["paper", "small"])
@pytest.mark.parametrize("kind", EDGES)
def test_skeletons_at_the_edge_are_trained_on_or_refused_in_one_sentence(kind, preset, tmp_path):
    few = {"frames": 4, "hidden": 4, "epochs": 1, "validation": 0, "mirror": False, "batch_size": 5}
    settings, data = dataclasses.replace(PRESETS[preset], **few), altered(kind)
    if kind == "one joint" and preset == "small":  # which turns bodies by their hips and shoulders
        with pytest.raises(InputError, match=r"face_camera needs .* switch it off"):
            runs.run(data, SOURCE, settings, tmp_path, show=False)
        return
    if kind == "nobody there":
        with pytest.raises(InputError, match=r"all sequences show nobody, .*; give recordings of people"):
            runs.run(data, SOURCE, settings, tmp_path, show=False)
        return
    result = runs.run(data, SOURCE, settings, tmp_path, show=False)
    assert np.isfinite(result["loss"]) and 0 <= result["accuracy"] <= 1
    if kind == "one class":
        assert result["accuracy"] == 1 and result["loss"] == 0
    checkpoint.load(tmp_path)


def test_a_single_sample(tmp_path):
    def only(*which):
        data, which = skeletons(truth=False), list(which)
        columns = {key: getattr(data, key)[which] for key in ("label", "subject", "repetition", "name")}
        offsets = np.cumsum([0, *data.lengths[which]])
        joints = np.concatenate([data.sequence(n) for n in which])
        return dataclasses.replace(data, joints=joints, offsets=offsets, **columns)

    settings = dataclasses.replace(TINY, validation=0)
    source = dataclasses.replace(SOURCE, protocol="loseqo")
    with pytest.raises(InputError, match="leaves no sequence to train"):
        runs.run(only(0), source, settings, tmp_path / "one", show=False)
    result = runs.run(only(0, 3), source, settings, tmp_path / "two", show=False)
    assert (result["n_train"], result["n_test"]) == (1, 1) and np.isfinite(result["loss"])


def test_coordinates_beyond_32_bits_are_named():
    data = skeletons(truth=False)
    data.joints[data.offsets[4], 0, :2] = [[-3e38] * 3, [3e38] * 3]
    with pytest.raises(InputError, match=rf"sequence 4 \('{data.name[4]}'\) .* beyond 32-bit numbers; repair"):
        align(data)
    data = skeletons(truth=False)
    data.joints[data.offsets[2] : data.offsets[3]] *= 1e-40  # a torso of 5e-41, and one joint 1e6 away
    data.joints[data.offsets[2], 0, 2] = 1e6
    align(data)
    with pytest.raises(InputError, match=r"sequence 2 .* so short"):
        align(data, torso_scale=True)


def test_frames_are_found_beyond_32_bits_when_they_are_asked_for():
    data = skeletons(truth=False)
    data.joints[data.offsets[4]] = 3e38
    N = len(data)
    placement = Placement(data, find_roles(data.joint_names, data.edges), 1)
    placement.find(np.arange(N))
    placement.origin[:] = -3e38
    lazy = LazyJoints(data, tuple(range(6)), placement)
    assert lazy[[data.offsets[5]]].shape == (1, 6, 1, 3)
    with pytest.raises(InputError, match="sequence 4"):
        Aligned(lazy, data.offsets, data.label, (), 1, None, np.zeros(N, int)).batch(np.arange(N), 9)


# --- training that runs away ------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of its own that holds data.npz, six joints of two persons."""
    monkeypatch.chdir(tmp_path)
    neutral.save("data.npz", dataclasses.replace(skeletons(persons=2), class_names=("up", "down", "bow")))


def arguments(settings, out="run"):
    """The command line that trains so on data.npz."""
    runs.write_config("config.toml", SOURCE, settings)
    return ["train", "--config", "config.toml", "--out", out]


def said(capsys):
    """What was said on standard error beside the progress bars."""
    return [line for line in capsys.readouterr().err.splitlines() if line and "training step" not in line[:20]]


@pytest.mark.parametrize("name", NETWORKS)
def test_ten_times_the_presets_rate_stays_finite_or_stops_with_a_remedy(name, tmp_path):
    """With the highest of the presets' rates; stress/test_numbers.py has all of them."""
    data = skeletons(of_layout(OPENNI), subjects=2, repetitions=4)
    preset = max(PRESETS, key=lambda preset: PRESETS[preset].learning_rate)
    rate, few = 10 * PRESETS[preset].learning_rate, {"frames": 4, "hidden": 8, "batch_size": 1, "mirror": False}
    settings = dataclasses.replace(
        PRESETS[preset], **few, network=name, mode="direct", learning_rate=rate, validation=0, epochs=-(-STEPS // 12)
    )
    try:
        result = runs.run(data, SOURCE, settings, tmp_path, show=False)
        assert np.isfinite(result["loss"])
    except InputError as error:
        assert "lower learning_rate" in str(error)
    state, *_ = checkpoint.load(tmp_path)
    assert all(np.isfinite(value).all() for value in state.params.values())
    assert len(state.history) == -(-STEPS // 12) or not (tmp_path / "result.json").exists()


def test_a_loss_that_is_not_finite_stops_at_once_and_leaves_the_last_whole_epoch(folder, monkeypatch, capsys):
    settings = dataclasses.replace(TINY, mode="direct", validation=0, clip=0.0, decay=1.0, epochs=5, batch_size=2)
    assert main(arguments(dataclasses.replace(settings, epochs=2), "whole")) == 0
    batches, real = [], Aligned.batch
    monkeypatch.setattr(Aligned, "batch", lambda *values, **more: batches.append(values) or real(*values, **more))
    monkeypatch.setattr(stepwise, "decayed", lambda rate, decay, every, epoch: rate if epoch < 2 else 3e38)
    assert main(arguments(settings)) == 2
    (sentence,) = said(capsys)
    assert sentence.startswith("gca_scratch: the training loss is ") and " in epoch 3 of training step 2; " in sentence
    assert sentence.endswith("lower learning_rate (0.3) or set clip, and start anew in another folder")
    assert len(batches) <= 2 * 6 + 3  # of the third epoch one that ruins the weights, one that shows it, one in advance
    good, last = (checkpoint.load(out)[0] for out in ("whole", "run"))
    assert [row["train_loss"] for row in last.history] == [row["train_loss"] for row in good.history]
    assert all((good.params[name] == last.best[name]).all() for name in good.params)
    assert not os.path.exists("run/result.json")

    assert main(["train", "--resume", "--out", "run"]) == 2 and said(capsys) == [sentence]
    assert checkpoint.load("run")[0].history == last.history
    assert main(["evaluate", "run"]) == 0 and "accuracy" in capsys.readouterr().out


def test_a_loss_that_is_not_finite_from_the_start_is_not_blamed_on_the_rate_alone():
    """Gates that are open over 1,000 frames of 25 joints: there are more paths than 32-bit numbers can count."""
    J, T = 25, 1000
    network = GCALSTM(J, T, 3, 2, hidden=2, iterations=0, initial="average", dropout=0.0)
    settings = Settings(frames=T, hidden=2, iterations=0, initial="average", dropout=0.0, batch_size=2)
    state = training.start(network, settings)
    state.params["layer1.b"][:] = 50
    x = np.random.default_rng(0).standard_normal((4 * T, J, 1, 3), np.float32)
    data = Aligned(x, T * np.arange(5), np.array([0, 1, 0, 1]), tuple(range(J)), 1, None, np.zeros(4, int))
    with np.errstate(all="ignore"), pytest.raises(InputError) as error:
        training.train(network, state, data, np.arange(4), np.arange(0), settings)
    assert "; lower learning_rate (0.0015) or set clip, or lower frames (1000) or the input (up to 4" in str(
        error.value
    )


def test_weights_that_cannot_be_computed_with_are_not_evaluated(folder, capsys):
    settings = dataclasses.replace(TINY, mode="direct", validation=0, epochs=1)
    assert main(arguments(settings)) == 0
    state, network, _, source = checkpoint.load("run")
    for name in ("params", "best"):
        for value in (getattr(state, name) or {}).values():
            value[...] = np.float32(3e38) * np.sign(value)
    checkpoint.save("run/checkpoint.npz", state, network, settings, source)
    capsys.readouterr()
    assert main(["evaluate", "run"]) == 2
    (sentence,) = said(capsys)
    assert sentence.startswith("gca_scratch: the test loss is nan") and "lower learning_rate" in sentence
