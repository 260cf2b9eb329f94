"""What the answer depends on, as the stepper's page works it out (web/where.js), against the package's runs.where."""

import json

import numpy as np
import pytest

from gca_scratch.network.grid import cell_order, pack
from gca_scratch.stepper import page
from gca_scratch.stepper.example import example

from .recorded import joint_x_moment
from .test_network_js import CLOSE, NETWORKS, alive, changed, quickjs

ASKED = """
function answer(text) {
  const { joint, frame, params, x, N } = JSON.parse(text);
  return JSON.stringify(dependsOn(gridOf(joint, frame), params, x, N));
}
"""


@pytest.fixture(scope="module")
def computed():
    """A function from network, parameters, x (T, J, C) and N to the page's answer, of each cell (K,)."""
    context = quickjs.Context()
    context.eval("\n".join((page.FILES / name).read_text("utf-8") for name in ("network.js", "where.js")) + ASKED)

    def answer(network, params, x, N):
        joint, frame = cell_order(network.joints, network.frames)
        asked = {"joint": joint.tolist(), "frame": frame.tolist(), "x": pack(x[None])[:, 0].tolist(), "N": N}
        asked["params"] = {name: value.tolist() for name, value in params.items()}
        return np.array(json.loads(context.get("answer")(json.dumps(asked))))

    return answer


@pytest.mark.parametrize(
    "network", NETWORKS, ids=lambda network: f"{network.joints}x{network.frames}-{network.initial}"
)
def test_what_the_answer_depends_on_after_changes(network, computed):
    rng = np.random.default_rng([network.joints, network.frames, 7])
    for _ in range(5):
        params, x = changed(rng, *alive(network, rng))
        N = int(rng.integers(network.iterations + 1))
        found, true = computed(network, params, x, N), joint_x_moment(network, params, x, N)
        assert found.shape == true.shape and np.abs(found - true).max() <= CLOSE * true.max()


def test_of_the_example_too(computed):
    shown = example()
    params = {name: value.astype(np.float64) for name, value in shown.params.items()}
    for x in shown.x.astype(np.float64):
        for N in range(shown.network.iterations + 1):
            true = joint_x_moment(shown.network, params, x, N)
            assert true.max() > 0
            assert np.abs(computed(shown.network, params, x, N) - true).max() <= CLOSE * true.max()


def test_it_is_arithmetic_alone():
    text = (page.FILES / "where.js").read_text("utf-8")
    assert not any(word in text for word in ("document", "window", "import ", "require(", "DATA"))
