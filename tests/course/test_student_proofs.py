"""What the students' witness rests on: which forward function proves which gradients, and by which input."""

import ast
import json

import pytest

from course import manifest
from course.drivers import DRIVERS
from course.manifest import ROOT
from course.releasing import release
from tests.helpers.student_folder import run

CELL = {"da": "a", "dh_S": "h_S", "dc_S": "c_S", "dh_T": "h_T", "dc_T": "c_T", "dU": "U"}
WITNESSES = {  # by driver: the forward function, and of each gradient the input that it belongs to
    "sigmoid_backward": ("network.ops.sigmoid_forward", {"dz": "z"}),
    "tanh_backward": ("network.ops.tanh_forward", {"dz": "z"}),
    "cell_backward": ("network.cell.step_forward", CELL),
    "gated_cell_backward": ("network.cell.step_forward", CELL | {"dr": "r"}),
    "tree_backward": ("variants.tree.forward", {"dW": "W", "db": "b"}),
    "softmax_backward": ("network.ops.softmax_forward", {"de": "e"}),
    "informativeness_backward": (
        "network.attention.informativeness_forward", {"dh": "h", "dIF": "IF", "dWe1": "We1", "dWe2": "We2"},
    ),
    "average_memory": ("network.memory.average_forward", {"dh": "h"}),
    "refine_memory": ("network.memory.refine_forward", {"dF": "F", "dIF": "IF", "dW": "W", "db": "b"}),
    "nll": ("network.ops.nll_forward", {"dlogits": "logits"}),
    "dropout": ("network.ops.dropout_forward", {"dx": "x"}),
    "body_parts_mean": ("network.body_parts.mean_forward", {"dh": "h"}),
    "body_parts_share": ("network.body_parts.share_forward", {"dr_P": "r_P"}),
}  # fmt: skip
ALONE = {  # a forward function that stands alone is looked at with its backward function's
    "cell_forward": "cell_backward", "gated_cell": "gated_cell_backward", "tree_forward": "tree_backward",
    "informativeness_forward": "informativeness_backward",
}  # fmt: skip
LOOK = """
import json
from checks import proofs
found = {name: [function, gradients] for name, (function, _, gradients) in proofs.FORWARDS.items()}
names = {name: proofs.function_of(name) for name in [*proofs.FORWARDS, *proofs.ALONE]}
sizes = proofs.STEP, proofs.TOLERANCE, proofs.FLOOR
print(json.dumps([found, proofs.ALONE, names, sizes]))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What the witness knows, in a student's folder."""
    folder = release.release(manifest.load("A1"), tmp_path_factory.mktemp("released") / "A1", "ada")
    done = run(folder, "-c", LOOK)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_each_gradient_is_proved_by_its_own_forward_function_and_input(said):
    found, alone, names, sizes = said
    known = {name: tuple(entry) for name, entry in found.items()}
    assert {name: known[name] for name in WITNESSES} == WITNESSES
    assert {name: alone[name] for name in ALONE} == ALONE
    assert sizes == [1e-30, 1e-9, 1e-4]
    for name, (function, _) in WITNESSES.items():
        assert names[name] == function
    for name, backward in ALONE.items():
        assert names[name] == WITNESSES[backward][0]


def test_whatever_has_a_witness_is_a_driver_with_these_gradients_and_inputs(said):
    for name, (_, gradients) in said[0].items():
        driver = DRIVERS[name]
        assert set(gradients) <= set(driver.what)
        assert set(gradients.values()) <= {*driver.arrays, "r", "h", "r_P"}
    assert set(said[1]) <= set(DRIVERS) and set(said[1].values()) <= set(said[0])


def test_every_backward_function_of_a_student_has_a_witness_or_is_part_of_a_network(said):
    """But for one frame and one joint, which are cases of the tree, and cases of a loss."""
    known = {*said[0], *said[1]}
    for id in manifest.all_ids():
        for task in manifest.load(id).tasks:
            for name in task.drivers:
                cases = name.endswith(("_still", "_joint", "_streams", "_large", "_mask")) or "network" in name
                others = {"grid_order", "grid_pack", "two_streams_backward", "training_steps", "next_step"}
                optimiser = name.startswith(("sgd_", "learning_rate", "stepwise_"))
                assert cases or optimiser or name in others or name in known, name


def test_what_the_students_checks_import_lies_in_their_folder():
    checks = ROOT / "course" / "releasing" / "student" / "checks"
    beside = {path.stem for path in checks.glob("*.py")} | {"drivers", "verdict", "beside", "mistakes"}
    for path in checks.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                names = {alias.name for alias in node.names} if node.module is None else {node.module.partition(".")[0]}
                assert names <= beside, path.name
