"""The arithmetic of the stepper's page, web/network.js, against the package: every number, forward and backward."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gca_scratch import plain
from gca_scratch.network.gca_lstm import GCALSTM
from gca_scratch.network.grid import cell_order, pack
from gca_scratch.stepper import page
from gca_scratch.stepper.example import example

from .recorded import record

quickjs = pytest.importorskip("quickjs", reason="the page's arithmetic is tested by: pip install quickjs-ng")

CLOSE = 1e-9  # of the largest entry of an array
ASKED = """
function answer(text) {
  const { joint, frame, params, x, y, N } = JSON.parse(text);
  return JSON.stringify(lossAndGradients(gridOf(joint, frame), params, x, y, N));
}
"""
# What a cell of the page holds forward and backward, by the names of record.
FORWARD = ("x", "from_x", "from_S", "from_T", "z", "i", "f_S", "f_T", "o", "u", "c", "tanh_c", "h")
BACK = (
    "dh_above", "dh", "dc", "dc_all", "di", "df_S", "df_T", "do", "du", "dz", "dh_S", "dc_S", "dh_T", "dc_T",
    "through_S", "through_T",
)  # fmt: skip
SIZES = [  # J, T, C, H, classes, N
    (4, 3, 2, 3, 3, 2), (1, 1, 1, 1, 2, 1), (1, 4, 3, 2, 2, 2), (5, 1, 2, 2, 4, 1), (3, 3, 3, 4, 3, 3),
    (3, 2, 2, 2, 2, 0),
]  # fmt: skip
NETWORKS = [GCALSTM(J, T, C, classes, H, N, initial="average", dropout=0.0) for J, T, C, H, classes, N in SIZES]
NETWORKS += [replace(network, initial="feedforward") for network in NETWORKS[:4]]


@pytest.fixture(scope="module")
def computed():
    """A function from network, parameters, x (T, J, C), y and N to all that the page computes."""
    context = quickjs.Context()
    context.eval((page.FILES / "network.js").read_text("utf-8") + ASKED)

    def answer(network, params, x, y, N):
        joint, frame = cell_order(network.joints, network.frames)
        asked = {"joint": joint.tolist(), "frame": frame.tolist(), "y": y, "N": N}
        asked["params"] = {name: value.tolist() for name, value in params.items()}
        asked["x"] = pack(x[None])[:, 0].tolist()
        return json.loads(context.get("answer")(json.dumps(asked)))

    return answer


def pairs(found, true):
    """(name, the page's array, the package's) for everything that both compute."""
    yield "loss", found["loss"], true["loss"]
    yield "logits", found["logits"], true["logits"]
    yield "probabilities", found["probabilities"], true["probabilities"]
    yield "memory", [found["initial"]["IF"], *(round["IF"] for round in found["rounds"])], true["memory"]
    if found["rounds"]:
        yield "F", [round["F"] for round in found["rounds"]], true["F"]
    assert found["back"]["g"].keys() == true["gradients"].keys()
    for name, gradient in true["gradients"].items():
        yield name, found["back"]["g"][name], gradient
    sweeps = [(found["cells"], found["back"]["layer1"]["back"], None, None)]
    for round, back in zip(found["rounds"], found["back"]["rounds"], strict=True):
        sweeps.append((round["cells"], back["back"], round["attention"], back["attention"]))
    for n, ((cells, back, scores, back_scores), sweep) in enumerate(zip(sweeps, true["sweeps"], strict=True)):
        yield f"{n} b", cells[0]["b"], sweep["b"]
        for names, held in ((FORWARD, cells), (BACK, back)):
            for name in names:
                yield f"{n} {name}", [cell[name] for cell in held], sweep[name]
        if scores:
            yield f"{n} dr", [cell["dr"] for cell in back], sweep["dr"]
            yield f"{n} dr_of", [cell["dr_of"] for cell in back], sweep["dr_of"]
            for name, held in (("e", scores), ("r", scores), ("sum", scores), ("de", back_scores)):
                yield f"{n} {name}", held[name], sweep[name]
            yield f"{n} mean_dr", back_scores["mean_dr"], sweep["mean_dr"]
    compared = sum(len(sweep) for sweep in true["sweeps"])
    assert compared == sum(1 + len(FORWARD) + len(BACK) + (7 if scores else 0) for _, _, scores, _ in sweeps)


def agree(found, true):
    """Assert that each array of the page is within 1e-9 of the package's, relative to its largest entry."""
    for name, one, other in pairs(found, true):
        one, other = np.asarray(one), np.asarray(other)
        assert one.shape == other.shape, name
        largest = np.abs(other).max(initial=0)
        assert np.abs(one - other).max(initial=0) <= CLOSE * largest, name


def alive(network, rng):
    """Fresh parameters in float64, memories above the ReLU's kink, and one sequence x (T, J, C)."""
    params = network.init(rng, np.float64)
    params |= {name: value + 0.4 for name, value in params.items() if name.startswith("memory")}
    return params, rng.standard_normal((network.frames, network.joints, network.channels))


def changed(rng, params, x):
    """One change as a reader makes it: a joint is dragged, a weight is turned, or another sequence is chosen."""
    kind = rng.integers(3)
    if kind == 0:
        x = x.copy()
        x[rng.integers(len(x)), rng.integers(x.shape[1])] += rng.standard_normal(x.shape[2])
    elif kind == 1:
        name = rng.choice(list(params))
        value = params[name].copy()
        value.flat[rng.integers(value.size)] += rng.standard_normal()
        params = params | {name: value}
    else:
        x = rng.standard_normal(x.shape)
    return params, x


@pytest.mark.parametrize(
    "network", NETWORKS, ids=lambda network: f"{network.joints}x{network.frames}-{network.initial}"
)
def test_every_number_after_a_hundred_changes(network, computed):
    rng = np.random.default_rng([network.joints, network.frames, network.initial == "average"])
    for trial in range(100):
        if trial % 10 == 0:  # afresh, lest weights wander to where float64 itself has few digits left
            params, x = alive(network, rng)
        params, x = changed(rng, params, x)
        y, N = int(rng.integers(network.classes)), int(rng.integers(network.iterations + 1))
        shorter = replace(network, iterations=N)
        used = {name: params[name] for name in shorter.shapes()}
        agree(computed(network, params, x, y, N), record(shorter, used, x, y))


def test_the_example_that_the_page_holds(computed):
    shown = example()
    params = {name: value.astype(np.float64) for name, value in shown.params.items()}
    x = shown.x[0].astype(np.float64)
    found = computed(shown.network, params, x, int(shown.y[0]), 2)
    agree(found, record(shown.network, params, x, int(shown.y[0])))


def test_it_says_what_plain_says(computed):
    network = NETWORKS[0]
    rng = np.random.default_rng(2)
    params = plain.init(rng, network.channels, network.hidden, network.classes, network.iterations)
    x = rng.standard_normal((network.frames, network.joints, network.channels))
    loss, gradients = plain.loss_and_gradients(params, x[None], np.array([1]), network.iterations)
    found = computed(network, params, x, 1, network.iterations)
    assert abs(found["loss"] - loss) <= CLOSE * loss and found["back"]["g"].keys() == gradients.keys()
    for name, gradient in gradients.items():
        assert np.abs(np.asarray(found["back"]["g"][name]) - gradient).max() <= CLOSE * np.abs(gradient).max(), name


def test_a_wrong_slope_is_seen(computed):
    """The comparison itself: one gradient out by a millionth is told."""
    network, rng = NETWORKS[0], np.random.default_rng(3)
    params, x = alive(network, rng)
    true, found = record(network, params, x, 0), computed(network, params, x, 0, network.iterations)
    agree(found, true)
    true["sweeps"][1]["dz"] *= 1 + 1e-6
    with pytest.raises(AssertionError, match="1 dz"):
        agree(found, true)


def test_it_is_one_file_of_plain_javascript():
    text = Path(page.FILES / "network.js").read_text("utf-8")
    assert not any(word in text for word in ("document", "window", "import ", "require(", "DATA"))
