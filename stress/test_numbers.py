"""Numbers at the edge at full size: every network at ten times every preset's rate, 10,000 frames, saturated gates.

Run by `make test-stress`; tests/runs/test_extreme_numbers.py has the same and more at sizes that take seconds.
"""

import time
from dataclasses import replace

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.data import synthetic
from gca_scratch.network.gca_lstm import loss_and_gradients
from gca_scratch.runs import checkpoint
from gca_scratch.settings import NETWORKS, PRESETS, Settings
from gca_scratch.support.errors import InputError
from gca_scratch.variants.build import build

STEPS, BATCH, FASTER = 200, 8, 10  # training steps; most sequences in a batch; times the preset's learning rate
FRAMES, PART_FRAMES = 10_000, 1_000  # of networks; attention over body parts takes memory as the square of them
VARIANTS = {
    **{name: {"network": name} for name in NETWORKS},
    "soft attention": {"attention": "soft"},
    "trust gate": {"trust_gate": True},
    "sharing a": {"sharing": "a"},
}


@pytest.fixture(scope="module")
def told(request):
    """A list for a line on every training and pass; those on trainings are printed when the module ends."""
    began, lines = time.monotonic(), []
    yield lines
    trainings = [line for line in lines if "steps" in line]
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("", *trainings, sep="\n")
        print(f"numbers: {len(trainings)} trainings, {len(lines) - len(trainings)} single passes, "
              f"{time.monotonic() - began:.0f} s")  # fmt: skip


@pytest.fixture(scope="module")
def data():
    """Synthetic actions without side, so that every preset takes them."""
    data = synthetic.generate(subjects=10, repetitions=1)
    return replace(data, class_names=tuple(f"action {k}" for k in range(len(data.class_names))), truth=None)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", VARIANTS)
def test_ten_times_the_presets_rate_stays_finite_or_stops_with_a_remedy(name, preset, data, tmp_path, told):
    settings = replace(PRESETS[preset], **VARIANTS[name])
    source = runs.Source("npz", "none.npz", "half")
    steps = settings.iterations + 1 if settings.attentive and settings.mode == "stepwise" else 1
    batch = min(BATCH, settings.batch_size)
    a_step = -(-len(runs.make_split(data, source, settings).fit) // batch)  # batches of an epoch
    epochs = -(-STEPS // (steps * a_step))
    settings = replace(
        settings, learning_rate=FASTER * settings.learning_rate, batch_size=batch, epochs=epochs, patience=epochs
    )
    began = time.monotonic()
    try:
        result = runs.run(data, source, settings, tmp_path, show=False)
        outcome = f"loss {result['loss']:.3g}, accuracy {result['accuracy']:.0%}"
        assert np.isfinite(result["loss"])
    except InputError as error:
        assert "lower learning_rate" in str(error) and not (tmp_path / "result.json").exists()
        outcome = str(error)
    state, *_ = checkpoint.load(tmp_path)
    assert all(np.isfinite(value).all() for value in [*state.params.values(), *(state.best or {}).values()])
    assert state.finished == (tmp_path / "result.json").exists()
    told.append(f"{name}, {preset}: {len(state.history) * a_step} steps, {outcome}, {time.monotonic() - began:.0f} s")


def finite(network, x, told, what, bias=0.0):
    """Loss and gradients of one pass are finite, with this bias of all gates."""
    params = network.init(np.random.default_rng(1))
    for key in params:
        if key.endswith(("layer1.b", "layer2.b")):
            params[key][:] = bias
    loss, gradients, _ = loss_and_gradients(network, params, x, np.zeros(len(x), int))
    assert np.isfinite(loss) and all(np.isfinite(g).all() for g in gradients.values())
    told.append(f"{what}: loss {loss:.3g}")


@pytest.mark.parametrize("name", VARIANTS)
def test_a_network_of_ten_thousand_frames(name, told):
    frames = PART_FRAMES if name in ("coarse", "two-stream") else FRAMES
    network = build(Settings(frames=frames, hidden=4, dropout=0, **VARIANTS[name]), 2, 3, 3, parts=[0, 3])
    x = np.random.default_rng(0).standard_normal((2, frames, 2, 3), np.float32)
    finite(network, x, told, f"{name}, {frames:,} frames")


@pytest.mark.parametrize("bias", [-1e3, 1e3])
@pytest.mark.parametrize("name", VARIANTS)
def test_saturated_gates_of_the_papers_size(name, bias, told):
    network = build(Settings(dropout=0, **VARIANTS[name]), 25, 6, 60, parts=[joint % 5 for joint in range(25)])
    x = np.random.default_rng(0).standard_normal((4, 20, 25, 6), np.float32)
    finite(network, 1e6 * x, told, f"{name}, bias {bias:+g}, 1e6 metres", bias)
    finite(network, x, told, f"{name}, bias {bias:+g}", bias)
