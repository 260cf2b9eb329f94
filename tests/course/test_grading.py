"""Drivers, planted bugs, their diagnosis, and grading from one submission to a class and to Gradescope."""

import ast
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from course import __main__ as command
from course.bugs import mutants, mutation
from course.drivers import DRIVERS, hidden, visible
from course.grading import diagnosis, fence, grade, gradescope, splice
from course.manifest import ROOT, Manifest, Task, load, locate
from course.releasing import release
from gca_scratch.support.errors import InputError
from tests.helpers.versions_of_a1 import CELLS

CELL = Manifest(
    "T1", "The cell", 1, (), (), 100, "", ("gca_scratch/network/ops.py", "gca_scratch/network/cell.py"),
    (
        Task("T1.1", "Slopes", 20, ("gca_scratch.network.ops.tanh_backward",), ("tanh_backward",), ""),
        Task("T1.2", "Forward", 30, ("gca_scratch.network.cell.step_forward",), ("cell_forward",), ""),
        Task("T1.3", "Backward", 50, ("gca_scratch.network.cell.step_backward",), ("cell_backward",), ""),
    ), (),
)  # fmt: skip
BUGS = {bug.name: bug for bug in mutants.load()}
PATIENT = fence.Limits(cpu_seconds=100_000, seconds=None)  # so that no outcome depends on the machine's speed


def submission(folder, manifest=CELL, **texts):
    """The solution of an assignment as a folder, with some files' texts (by stem) changed by functions."""
    for file in manifest.files:
        place = folder / file
        place.parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / file).read_text()
        place.write_text(texts.get(place.stem, lambda text: text)(text))
    return folder


def points(results):
    found = {}
    for test in results["tests"]:
        found[test["number"]] = found.get(test["number"], 0) + test["score"]
    return found


def sentences(results):
    return "\n".join(test["output"] for test in results["tests"])


# --- drivers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DRIVERS)
def test_a_driver_gives_what_it_says(name):
    driver = DRIVERS[name]
    for right in diagnosis.right_answers(name):
        assert set(right) == set(driver.what)
        for key, value in right.items():
            assert np.isfinite(value).all()
            assert key not in driver.axes or len(driver.axes[key].split()) == np.ndim(value)
    once, again = (json.dumps(visible(driver), default=np.ndarray.tolist) for _ in range(2))
    assert once == again


def test_drivers_name_functions_that_there_are():
    for driver in DRIVERS.values():
        for name in driver.functions:
            assert isinstance(locate(name)[1], ast.FunctionDef), name


def test_hidden_tests_ask_the_same_with_other_numbers_for_each_student():
    driver = DRIVERS["cell_backward"]
    ada, ada_again, bob = (hidden(driver, grade.seed_of(student)) for student in ("ada", "ada", "bob"))
    for hers, hers_again, his in zip(ada, ada_again, bob, strict=True):
        assert hers.keys() == his.keys() == visible(driver)[0].keys()
        assert (hers["U"] == hers_again["U"]).all()
        assert hers["U"].shape != his["U"].shape or (hers["U"] != his["U"]).any()
        sizes = [value for value in hers.values() if isinstance(value, int)]
        assert len(set(sizes)) == len(sizes)


# --- planted bugs and their diagnosis -------------------------------------------------------------------------------


def test_there_are_planted_bugs_in_all_that_was_derived_by_hand():
    files = {bug.file for bug in BUGS.values()}
    assert len(BUGS) >= 60
    network = (
        "cell",
        "sweep/raster",
        "sweep/wavefront",
        "attention",
        "memory",
        "gca_lstm",
        "ops",
        "stream",
        "body_parts",
    )
    assert files >= {f"network/{name}.py" for name in (*network, "grid")}
    assert files >= {"training/optim.py", "training/stepwise.py"}
    for bug in BUGS.values():
        text = (mutants.PACKAGE / bug.file).read_text()
        changed = bug.apply(text)
        assert changed != text and bug.equation and len(bug.sentence) > 15
        if bug.file.endswith(".py"):
            compile(changed, bug.file, "exec")


def test_a_bug_is_planted_beside_the_package_and_forgotten():
    a = np.array([[0.5, 0.1]])
    with mutants.planted(BUGS["tanh-unsquared"]) as package:
        assert (package("network.ops").tanh_backward(1, a) == 1 - a).all()
        assert (mutants.ours("network.ops").tanh_backward(1, a) == 1 - a * a).all()
    assert not any(name.startswith("gca_planted") for name in sys.modules)
    with pytest.raises(InputError, match="has changed"):
        BUGS["tanh-unsquared"].apply("def tanh_backward(dy, y):\n    return 2\n")


@pytest.mark.parametrize(("step", "least"), [(4, 40), pytest.param(1, 170, marks=pytest.mark.long)])
def test_nearly_every_bug_of_a_student_is_named(step, least):
    """Every fourth, and in the long form all; docs/tables/diagnosis.md lists which."""
    named = [right for _, task, right, _ in mutation.diagnosed(mutants.load()[::step]) if task]
    assert len(named) >= least
    assert sum(named) >= 0.95 * len(named)


@pytest.mark.long  # course mutants --quick puts such bugs to the suite, too
def test_the_suite_sees_a_bug_that_no_gradient_shows():
    assert mutation.caught_by(BUGS["decay-times"], seconds=None).startswith("training/test_optim.py::")
    assert mutation.caught_by(BUGS["carry-dropped"]).startswith("gradients, raster: ")


def test_tests_that_are_not_there_are_told_and_catch_nothing(monkeypatch):
    monkeypatch.setitem(mutation.NEAREST, "training/optim.py", ("training/test_gone.py",))
    with pytest.raises(InputError, match=r"no tests/training/test_gone\.py"):
        mutation.failing_test(BUGS["decay-times"], seconds=None)


@pytest.mark.parametrize("found", ["training/test_optim.py", "training/test_optim.py::test_it"])
def test_what_fails_without_a_bug_catches_nothing(monkeypatch, found):
    """A file that cannot even be read, say, for the copy has the package and its tests alone."""
    monkeypatch.setattr(mutation, "_first_failure", lambda names, mutant, seconds: found)
    monkeypatch.setattr(mutation, "_passes", lambda name, seconds: False)
    with pytest.raises(InputError, match="fails without any planted bug"):
        mutation.failing_test(BUGS["decay-times"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda h: -h, "-1 times the right one"),
        (lambda h: 0 * h, "0 everywhere"),
        (lambda h: h.astype(np.float32), "float32"),
        (lambda h: h.astype(complex), "holds complex numbers"),
        (lambda h: [h, h[0]], "is no array of numbers"),
        (lambda h: h.T, "has the shape"),
        (lambda h: h / np.where(h == h.max(), 0, 1), "infinity"),
        (lambda h: h + (np.arange(h.shape[0]) == 1)[:, None], "in sequence 1 of 3 alone"),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_diagnosis_says_how_an_output_departs(change, sentence):
    driver = DRIVERS["cell_forward"]
    right = diagnosis.right_answers("cell_forward")[0]
    verdicts = diagnosis.compare(driver, visible(driver)[0], {"h": change(right["h"]), "c": right["c"]}, right)
    assert sentence in verdicts["h"] and verdicts["c"] == ""


def test_the_diagnosis_says_which_gate_which_rows_and_which_cell():
    driver, inputs = DRIVERS["raster_backward"], visible(DRIVERS["raster_backward"])[1]
    right = diagnosis.right_answers("raster_backward")[1]
    got = {name: value.copy() for name, value in right.items()}
    H = inputs["H"]
    got["da"][7, :, H : 2 * H] += 1
    got["dW"][-H:] += 1
    verdicts = diagnosis.compare(driver, inputs, got, right)
    joint, frame = mutants.ours("network.grid").cell_order(inputs["J"], inputs["T"])
    assert (
        f"joint {joint[7]}, frame {frame[7]} (1 of" in verdicts["da"]
        and "wrong in gate f_S, right in i, " in verdicts["da"]
    )
    assert "wrong in the rows of h_T, right in those of x, h_S" in verdicts["dW"] and verdicts["db"] == ""


def test_many_outputs_of_one_wrong_shape_are_told_in_one_sentence():
    driver, right = DRIVERS["stepwise_schedule"], diagnosis.right_answers("stepwise_schedule")[0]
    short = {name: value if name == "weights" else value[:3] for name, value in right.items()}
    said = set(diagnosis.compare(driver, visible(driver)[0], short, right).values()) - {""}
    assert len(said) == 1 and "epoch" in min(said) and "have the shape (3,) where" in min(said)


def test_no_name_of_a_driver_stands_in_what_a_student_reads():
    for driver in DRIVERS.values():
        functions = [name.rpartition(".")[2] for name in driver.functions]
        assert any(name in driver.title for name in functions), driver.name
        assert driver.name in functions or driver.name not in driver.title.split()


def test_two_bugs_at_once_are_both_named():
    right = diagnosis.right_answers("cell_backward")
    crossed, mean = (
        diagnosis.bug_answers(name, ["cell_backward"])["cell_backward"] for name in ("carry-crossed", "dU-mean")
    )
    got = [
        ours | {"dc_S": theirs["dc_S"], "dc_T": theirs["dc_T"], "dU": averaged["dU"]}
        for ours, theirs, averaged in zip(right, crossed, mean, strict=True)
    ]
    found = diagnosis.resembles(("gca_scratch.network.cell.step_backward",), {"cell_backward": got})
    assert {(bug.name, tuple(key for _, key in places)) for bug, places in found} == {
        ("carry-crossed", ("dc_S", "dc_T")),
        ("dU-mean", ("dU",)),
    }


# --- taking functions out of a submission ---------------------------------------------------------------------------

OURS = '"""Ours."""\n\nimport math\n\n\ndef f(x):\n    return 1\n\n\ndef g(x):\n    return 2\n'


def spliced(text, names=("f",)):
    source, wrong = splice.splice(OURS, text, names, "m.py")
    module = {}
    exec(source, module)
    return module, wrong


def test_functions_come_with_the_helpers_and_imports_they_use_and_nothing_else():
    module, wrong = spliced(
        "import os\nimport numpy as np\nimport itertools as unused\nprint(1 / 0)\nSCALE = 3\n\ndef helper(x):\n"
        "    return deeper(x) * SCALE\n\n@staticmethod\ndef deeper(x):\n    return np.abs(x)\n\ndef f(x):\n"
        "    return helper(x)\n\ndef g(x):\n    return 'theirs'\n"
    )
    assert not wrong and module["f"](-2) == 6 and module["g"](0) == 2
    assert "os" not in module and "unused" not in module


def test_what_does_not_parse_costs_only_itself():
    module, wrong = spliced("def f(x):\n    return 5\n\ndef g(x:\n    return 6\n", ("f", "g"))
    assert module["f"](0) == 5 and module["g"](0) == 2
    assert "does not parse" in wrong["g"] and "line 4" in wrong["g"]
    assert "has no function g" in spliced("def f(x): return 5", ("f", "g"))[1]["g"]
    assert "not a plain function" in spliced("f = 1\nclass f: pass")[1]["f"]


def test_methods_are_taken_at_their_place():
    ours = "class A:\n    def f(self):\n        return 1\n\n    def g(self):\n        return 2\n"
    theirs = "class A:\n  def f(self):\n    return self.more() + self.g()\n  def more(self):\n    return 10\n"
    source, wrong = splice.splice(ours, theirs, ["A.f"], "m.py")
    module = {}
    exec(source, module)
    assert not wrong and module["A"]().f() == 12


# --- grading --------------------------------------------------------------------------------------------------------


def test_the_solution_gets_every_point_and_blanks_get_none(tmp_path):
    results = grade.grade(submission(tmp_path / "a"), CELL, "ada", PATIENT)
    assert points(results) == {"T1.1": 20, "T1.2": 30, "T1.3": 50}
    for test in results["tests"]:
        assert set(test) >= {"name", "score", "max_score", "visibility", "output"} and test["status"] == "passed"
    for file in CELL.files:
        (tmp_path / "a" / file).write_text(release.blanked(CELL, file))
    results = grade.grade(tmp_path / "a", CELL, "ada", PATIENT)
    assert sum(points(results).values()) == 0 and "step_backward is still blank" in sentences(results)
    assert sum(points(grade.grade(tmp_path / "nothing", CELL, "ada", PATIENT)).values()) == 0


def test_a_mistake_costs_its_own_task_and_is_named(tmp_path):
    path = submission(tmp_path / "a", cell=BUGS["forward-no-output-gate"].apply)
    results = grade.grade(path, CELL, "ada", PATIENT)
    assert points(results) == {"T1.1": 20, "T1.2": 15, "T1.3": 50}
    assert "h: it looks as if the output gate is missing" in sentences(results)


def test_a_cache_of_ones_own_is_ones_own_affair(tmp_path):
    def other_cache(text):
        stored, taken = "i, f_S, f_T, o, u, hh, c_S, c_T, new, past, tanh_c, U, r", " = cache"
        other = stored.removesuffix(", r").replace("i, ", "r, i, ", 1)
        assert text.count(stored) == 2
        return text.replace(f"({stored})", f"({other})").replace(stored + taken, other + taken)

    both_ways = replace(CELL, tasks=CELL.tasks[1:])
    results = grade.grade(submission(tmp_path / "a", cell=other_cache), both_ways, "ada", PATIENT)
    assert points(results) == {"T1.2": 30, "T1.3": 50}


@pytest.mark.parametrize("n", range(3))
def test_a_mistake_in_another_file_costs_nothing_where_the_cache_is_ones_own(tmp_path, n):
    """A wrong slope of A1.1 is none of A1.3, where backward reads the cache of the student's own forward function."""
    texts = {"ops": BUGS["tanh-unsquared"].apply, "cell": lambda text: CELLS[n]}
    results = grade.grade(submission(tmp_path / "a", **texts), CELL, "ada", PATIENT)
    found = points(results)
    assert found["T1.1"] < 20 and (found["T1.2"], found["T1.3"]) == (30, 50), sentences(results)


def test_limits_are_given_on_the_command_line(tmp_path, monkeypatch, capsys):
    seen = []
    nothing = {"tests": [], "extra_data": {"notes": []}}
    monkeypatch.setattr(grade, "grade", lambda *arguments: seen.append(arguments[-1]) or nothing)
    line = ["grade", str(tmp_path), "--assignment", "A1", "--out", str(tmp_path / "results.json")]
    assert command.main(line) == command.main([*line, "--cpu-seconds", "30", "--seconds", "900"]) == 0
    assert seen == [fence.Limits(), fence.Limits(cpu_seconds=30, seconds=900)]
    assert command.main([*line, "--cpu-seconds", "0"]) == 2
    assert "--cpu-seconds must be at least 1" in capsys.readouterr().err


def test_gradescope_unpacks_sets_up_and_grades(tmp_path):
    manifest = load("A1")
    gradescope.write_zip(manifest, tmp_path / "A1.zip", ROOT, PATIENT)
    prefix = tmp_path / "autograder"
    with zipfile.ZipFile(tmp_path / "A1.zip") as file:
        names = file.namelist()
        file.extractall(prefix / "source")
    assert {"setup.sh", "run_autograder", "course/grading/fenced.py", "course/bugs/cell_forward.toml"} <= set(names)
    assert not any("tests" in name or "__pycache__" in name for name in names)
    once = (tmp_path / "A1.zip").read_bytes()
    gradescope.write_zip(manifest, tmp_path / "A1.zip", ROOT, PATIENT)
    assert (tmp_path / "A1.zip").read_bytes() == once

    (prefix / "submission").mkdir()
    shutil.copy(ROOT / "gca_scratch" / "network" / "cell.py", prefix / "submission")
    shutil.copy(ROOT / "gca_scratch" / "network" / "ops.py", prefix / "submission")
    (prefix / "submission_metadata.json").write_text(json.dumps({"users": [{"email": "ada@example.org"}]}))
    environment = os.environ | {"AUTOGRADER_PREFIX": str(prefix), "AUTOGRADER_PYTHON": sys.executable}
    for script in ("setup.sh", "run_autograder"):
        subprocess.run(["bash", str(prefix / "source" / script)], cwd=tmp_path, env=environment, check=True)
    results = json.loads((prefix / "results" / "results.json").read_text())
    assert sum(points(results).values()) == sum(task.points for task in manifest.tasks)
    assert gradescope.student_of(prefix) == "ada@example.org"
