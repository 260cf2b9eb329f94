"""The student's own tests: they tell right from wrong, and a reader where to begin; the grader says the same."""

import json
import re
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from course import manifest
from course.bugs.mutants import ours
from course.drivers import DRIVERS, visible
from course.drivers.driver import ArgumentChanged
from course.grading import fence, grade
from course.manifest import FOLDER
from course.releasing import release
from tests.helpers.student_folder import changed, copied, plain_cell, run, solve

IDS = manifest.all_ids()
PATIENT = fence.Limits(cpu_seconds=100_000, seconds=None)  # so that no outcome depends on the machine's speed
NOTEBOOK = """
import contextlib, io, json, sys
import numpy as np
seen = {}
for cell in json.load(open(sys.argv[1]))["cells"]:
    if cell["cell_type"] == "code":
        text = "".join(line for line in cell["source"] if not line.startswith("%"))
        with contextlib.redirect_stdout(io.StringIO()) as said:
            exec(text, seen)
        print(json.dumps([text, said.getvalue()]))
"""


@pytest.fixture(scope="module")
def versions(tmp_path_factory):
    """Student versions, each made once: by id, with small data."""
    made, place = {}, tmp_path_factory.mktemp("released")

    def version(id):
        if id not in made:
            made[id] = release.release(manifest.load(id), place / id, "ada")
        return made[id]

    return version


@pytest.fixture
def a1(versions, tmp_path):
    """A student version of A1 that a test may change, and its manifest."""
    assignment = manifest.load("A1")
    return copied(versions("A1"), assignment, tmp_path / "A1"), assignment


@pytest.fixture
def solved(a1):
    """The same, with everything right; the place of its cell."""
    solve(*a1)
    return a1[0], a1[0] / "gca_scratch" / "network" / "cell.py"


def looked(folder, task):
    return json.loads(run(folder, "-m", "checks", "--json", task).stdout)[task]


# --- blanks ---------------------------------------------------------------------------------------------------------


def test_blanks_are_told_apart_from_what_waits_for_them(a1):
    folder, assignment = a1
    said = run(folder, "-m", "checks").stdout
    assert "A1.1  Two slopes, 10 points: still blank" in said
    assert "A1.3  One step backward, 45 points: waits for A1.2, which is still blank" in said
    solve(folder, assignment, "A1.1", "A1.2")
    said = run(folder, "-m", "checks", "A1.3")
    assert said.returncode == 1 and said.stdout.strip() == "A1.3  One step backward, 45 points: still blank"
    assert run(folder, "-m", "checks", "A1.2").returncode == 0


@pytest.mark.parametrize(
    ("without", "said"),
    [
        (
            "import importlib.util as u; u.find_spec = lambda name: None",
            "NumPy is not installed: run `make setup` first",
        ),
        ("import sys; sys.version_info = (3, 10)", "and the course needs 3.11 or newer"),
    ],
)
def test_what_is_missing_is_told_before_anything_else(versions, without, said):
    done = run(versions("A1"), "-c", f"{without}; import checks")
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1


def test_half_a_task_is_told_as_half_a_task(a1):
    folder, _ = a1
    ops = folder / "gca_scratch" / "network" / "ops.py"
    blank = ops.read_text("utf-8")
    line = 'raise NotImplementedError("A1.1: write sigmoid_backward; its text is in A1.ipynb")'
    changed(ops, line, "return dy * y * (1 - y)")
    found = looked(folder, "A1.1")
    assert found["status"] == "blank" and found["lines"] == []
    assert found["verdict"] == "right so far: sigmoid_backward; still blank: tanh_backward"
    ops.write_text(blank.replace(line, "return npp.exp(y)"), "utf-8")
    found = looked(folder, "A1.1")
    assert found["status"] == "broken" and "still blank: tanh_backward" in found["lines"]
    assert any("NameError" in line and "in sigmoid_backward (ops.py, line" in line for line in found["lines"])


@pytest.mark.parametrize("id", IDS)
def test_the_functions_of_all_tasks_are_found_before_anything_is_imported(id, versions):
    names = "[f'{f.__module__}.{f.__qualname__}' for f in map(function_of, names)]"
    done = run(
        versions(id),
        "-c",
        "from checks.examine import about, function_of; "
        f"names = [name for task in about()['tasks'] for name in task['functions']]; assert names == {names}, {names}",
    )
    assert done.returncode == 0, done.stderr


# --- right ----------------------------------------------------------------------------------------------------------


def test_the_solution_passes_and_is_packed(solved):
    folder, _ = solved
    done = run(folder, "-m", "checks")
    assert done.returncode == 0 and "3 of 3 tasks pass" in done.stdout and done.stdout.count("\n") == 5
    changed(folder / "answers.md", "**Answer:**", "**Answer:** 44 frames")
    done = run(folder, "-m", "checks", "--submit")
    assert done.returncode == 0 and done.stdout == "A1-ada-submission.zip is what you hand in\n"
    with zipfile.ZipFile(folder / "A1-ada-submission.zip") as archive:
        assert archive.namelist() == [*manifest.load("A1").files, "answers.md", "assignment.json"]


def test_what_is_missing_in_the_answers_is_told_before_they_are_handed_in(versions, tmp_path):
    folder = copied(versions("A4"), manifest.load("A4"), tmp_path / "A4")
    answers = folder / "answers.md"
    changed(answers, "Name: ada", "Name:")
    notes = _notes(folder)
    assert "answers.md has no name yet; write yours behind `Name:`" in notes
    assert {f"A4.Q{n} has no answer in answers.md yet" for n in (1, 2)} <= notes
    head, first, second = answers.read_text("utf-8").split("**Answer:**")
    answers.write_text(
        f"{head}**Answer:** 3.7{first}**Answer:** None helped.{second}".replace("Name:", "Name: Ada"), "utf-8"
    )
    (told,) = (note for note in _notes(folder) if "blank" not in note)
    assert told == "A4.Q2 asks for a picture, and its answer names none, such as ![what it shows](figures/loss.png)"
    changed(answers, "None helped.", "![loss](figures/los.png), see ![](../there.png)")
    assert {note for note in _notes(folder) if "blank" not in note} == {
        "figures/los.png, which the answer to A4.Q2 names, is not packed: there is no such file",
        "../there.png, which the answer to A4.Q2 names, is not packed: it lies outside of this folder",
    }
    (folder / "figures").mkdir()
    (folder / "figures" / "los.png").write_bytes(b"picture")
    changed(answers, ", see ![](../there.png)", "")
    assert all("blank" in note for note in _notes(folder))


def _notes(folder):
    """What `make submit` notes."""
    said = run(folder, "-m", "checks", "--submit").stdout.splitlines()
    return {line.removeprefix("note: ") for line in said if line.startswith("note: ")}


def test_ids_may_be_small_and_the_whole_may_be_asked_for(solved):
    folder, _ = solved
    assert run(folder, "-m", "checks", "a1.1").stdout == "A1.1  Two slopes, 10 points: right\n"
    assert "3 of 3 tasks pass" in run(folder, "-m", "checks", "A1").stdout
    assert "answered in writing" in run(folder, "-m", "checks", "A1.Q1").stderr
    said = run(folder, "-m", "checks", "A1.9")
    assert said.returncode == 1 and "there is no task A1.9; the tasks are A1.1, A1.2, A1.3" in said.stderr


def test_a_forward_that_stops_complex_numbers_loses_no_points_and_says_so_at_once(solved):
    folder, cell = solved
    changed(
        cell, "hh = xp.concatenate([h_S, h_T], axis=1)",
        "hh = xp.zeros((len(h_S), 2 * H)); hh[:, :H] = h_S; hh[:, H:] = h_T",
    )  # fmt: skip
    for task in ("A1.2", "A1.3"):
        found = looked(folder, task)
        assert found["status"] == "right" and len(found["lines"]) == 1
        assert found["lines"][0].startswith("note: no points are lost, but your step_forward")
        assert "dtype=np.result_type" in found["lines"][0]


# --- wrong ----------------------------------------------------------------------------------------------------------


def test_a_wrong_gradient_is_shown_where_it_departs(solved):
    folder, cell = solved
    changed(cell, "dc_S, dc_T = dpast * f_S, dpast * f_T", "dc_S, dc_T = dpast * f_T, dpast * f_T")
    found = looked(folder, "A1.3")
    assert found["status"] == "wrong" and found["lines"][0] == "step_backward with B = 3, H = 4:"
    assert "dc_S (dc of the spatial" in found["lines"][1] and "(at [0, 0] yours" in found["lines"][1]
    assert (
        "the complex step on your step_forward agrees: dc_S wrong, da, dh_S, dh_T, dc_T, dU right" in found["lines"][2]
    )
    assert len(found["lines"]) == 3  # nothing about what is right, nor of the second case


def test_a_gate_is_named_and_two_exchanged_results_are_seen(solved):
    folder, cell = solved
    before = cell.read_text("utf-8")
    changed(cell, "sigmoid_backward(do, o)", "2 * sigmoid_backward(do, o)")
    assert any("wrong in gate o, right in i, f_S, f_T, u" in line for line in looked(folder, "A1.3")["lines"])
    cell.write_text(before, "utf-8")
    changed(cell, "return dz, dhh[:, :H], dc_S, dhh[:, H:], dc_T", "return dz, dhh[:, H:], dc_S, dhh[:, :H], dc_T")
    said = "\n".join(looked(folder, "A1.3")["lines"])
    assert "yours is the right dh_T; are two results exchanged?" in said and "yours is the right dh_S" in said


def test_a_right_backward_of_a_wrong_forward_is_known_and_told_first(solved):
    folder, cell = solved
    changed(cell, "new = i * u", "new, u = i * u * 2, u * 2")
    changed(cell, "tanh_backward(du, u)", "2 * tanh_backward(du, u / 2)")
    found = looked(folder, "A1.3")
    assert found["status"] == "wrong" and not any("agrees" in line for line in found["lines"])
    assert found["lines"][0] == "A1.2 is not right yet, and A1.3 uses it: begin there"
    assert "da, dh_S, dc_S, dh_T, dc_T, dU are right for your step_forward as it stands, so the" in found["lines"][1]


def test_an_earlier_task_that_is_wrong_is_named_first(solved):
    folder, cell = solved
    changed(folder / "gca_scratch" / "network" / "ops.py", "return dy * (1 - y * y)", "return dy * (1 - y)")
    found = looked(folder, "A1.3")
    assert found["lines"][0] == "A1.1 is not right yet, and A1.3 uses it: begin there"
    text = re.sub(r"(sigmoid|tanh)_backward\(", "slope(", cell.read_text("utf-8"))
    cell.write_text(
        text + "\n\ndef slope(dy, y):\n    return dy\n", "utf-8"
    )  # one who does not call it is not sent there
    assert not any("begin there" in line for line in looked(folder, "A1.3")["lines"])


@pytest.mark.parametrize("way", ["dc += ", "dc[...] = dc + "])
def test_a_changed_argument_is_told_in_the_same_words_by_test_and_grader(solved, way):
    folder, cell = solved
    changed(cell, "dc = dc + tanh_backward", f"{way}tanh_backward")
    found = looked(folder, "A1.3")
    assert found["status"] == "broken" and len(found["lines"]) == 1
    sentence = "an array that may only be read is changed here: an argument, which is the caller's"
    assert sentence in found["lines"][0] and "in step_backward (cell.py, line" in found["lines"][0]
    assignment = manifest.load("A1")
    results = grade.grade(folder, replace(assignment, tasks=(assignment.task("A1.3"),)), "ada", PATIENT)
    for test in results["tests"]:
        assert test["score"] == 0 and sentence in test["output"] and "in step_backward" in test["output"]


def test_errors_are_told_with_their_line(solved):
    folder, cell = solved
    changed(cell, "hh @ U ", "U @ hh ")
    found = looked(folder, "A1.2")
    assert found["status"] == "broken" and len(found["lines"]) == 1
    assert "in step_forward (cell.py, line" in found["lines"][0] and "U @ hh" in found["lines"][0]
    changed(cell, "return h, c, Cache(i, f_S", "return h, Cache(i, f_S")
    changed(cell, "U @ hh ", "hh @ U ")
    lines = looked(folder, "A1.2")["lines"]
    assert len(lines) == 1 and lines[0].endswith("it returned 2 results where 3 belong: h, c, cache")


def test_a_gradient_of_a_score_that_was_not_there_is_none(solved):
    folder, cell = solved
    changed(cell, "dnew, dpast, dr = dc, dc, None", "dnew, dpast, dr = dc, dc, 0 * dc[:, 0]")
    assert "dr should be None where there was no score" in looked(folder, "A1.3")["lines"][0]


def test_what_everybody_may_know_of_a_softmax_is_told(versions, tmp_path):
    assignment = manifest.load("A3")
    folder = copied(versions("A3"), assignment, tmp_path / "A3")
    solve(folder, assignment)
    ops = folder / "gca_scratch" / "network" / "ops.py"
    changed(ops, "return y * (dy - (y * dy).sum(axis=0))", "return y * dy")
    assert "over the cells of a sequence it adds up to 0, yours to" in "\n".join(looked(folder, "A3.1")["lines"])
    found = looked(folder, "A3.2")
    assert found["lines"][:2] == [
        "A3.1 is not right yet, and A3.2 uses it: begin there", "right: informativeness_forward"
    ]  # fmt: skip
    solve(folder, assignment)
    network = folder / "gca_scratch" / "network"
    attention = network / "attention.py"  # Q2 (a): without the tanh the memory has no gradient
    changed(attention, "xp.tanh(s, out=s)", "pass")
    changed(attention, "xp.subtract(1, da, out=da)", "da[...] = 1")
    assert any(
        "dh, dIF, dWe1, dWe2 are right for your informativeness_forward as it stands, so the mistake lies there" in line
        for line in looked(folder, "A3.2")["lines"]
    )
    solve(folder, assignment)
    changed(network / "memory.py", "RefineCache(F.shape[1], affine, z)", "(F.shape[1], z, affine)")
    changed(network / "memory.py", "H, affine, z = cache", "H, z, affine = cache")
    said = "\n".join(looked(folder, "A3.4")["lines"])
    assert "z (what went into the ReLU, with which the cache ends) has the shape (0,)" in said


def test_one_mistake_is_told_once(versions, tmp_path):
    assignment = manifest.load("A3")
    folder = copied(versions("A3"), assignment, tmp_path / "A3")
    solve(folder, assignment)
    changed(folder / "gca_scratch" / "network" / "cell.py", "dc = dc + tanh_backward(dh * o, tanh_c)", "dc = 1 * dc")
    lines = looked(folder, "A3.3")["lines"]
    assert lines[0] == "right: step_forward, step_forward with a score" and len(lines) < 12
    assert lines[-1] == "step_backward with a score: not right either; begin with step_backward"
    assert sum("step_backward with B" in line for line in lines) == 1


@pytest.mark.parametrize("name", DRIVERS)
def test_no_function_of_ours_changes_its_arguments_and_none_may(name):
    driver = DRIVERS[name]
    inputs = visible(driver)[0]
    arrays = [value for value in inputs.values() if isinstance(value, np.ndarray)]
    driver.run(ours, inputs)
    assert all(array.flags.writeable for array in arrays)  # the caller's own are as they were
    if name == "tanh_backward":

        class Ops:
            @staticmethod
            def tanh_backward(dy, y):
                y *= 2
                return dy

        with pytest.raises(ArgumentChanged):
            driver.run(lambda module: Ops, inputs)


# --- the whole network ----------------------------------------------------------------------------------------------


def test_the_plain_cell_is_right_and_does_not_know_the_score():
    module = {}
    exec((FOLDER / "plain_cell.py").read_text("utf-8"), module)
    cell = type("cell", (), {name: staticmethod(module[name]) for name in ("step_forward", "step_backward")})
    for name in ("cell_forward", "cell_backward"):
        for inputs in visible(DRIVERS[name]):
            right, got = DRIVERS[name].run(ours, inputs), DRIVERS[name].run(lambda module: cell, inputs)
            assert all(np.allclose(got[key], right[key], rtol=1e-12) for key in right)
    assert manifest.load("A3").given == ("plain_cell.py",)


STABLE_SIGMOID = (
    "gates = xp.exp(-xp.abs(z[:, : 4 * H]))\n"
    "    gates = xp.where(z[:, : 4 * H] >= 0, 1 / (1 + gates), gates / (1 + gates))"
)


def test_functions_are_proved_on_numbers_that_no_test_has(a1):
    folder, assignment = a1
    said = run(folder, "-m", "checks", "--prove")
    assert said.returncode == 1 and "cell_backward: waits for A1.2: write step_forward" in said.stdout
    assert said.stdout.endswith("Of 3: 3 still blank\n")
    solve(folder, assignment)
    plain_cell(folder)
    done = run(folder, "-m", "checks", "--prove")
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert done.stdout.splitlines()[-3:] == ["cell_backward: 6 gradients are right", "", "Of 3: 3 proved"]
    cell = folder / "gca_scratch" / "network" / "cell.py"
    before = cell.read_text("utf-8")
    changed(cell, "dhh[:, :H], dc_S, dhh[:, H:]", "dhh[:, H:], dc_S, dhh[:, :H]")
    done = run(folder, "-m", "checks", "--prove")
    assert done.returncode == 1 and "cell_backward: WRONG: dh_S, dh_T, of 6 gradients\n" in done.stdout
    assert done.stdout.endswith("Of 3: 2 proved, 1 not right\n")
    cell.write_text(before, "utf-8")
    changed(cell, "gates, _ = sigmoid_forward(z[:, : 4 * H])", STABLE_SIGMOID)
    done = run(folder, "-m", "checks", "--prove")
    assert "cell_backward: stops with an error: ValueError: differences of real numbers find d" in done.stdout
    assert "abs, .real and comparisons do" in done.stdout


@pytest.mark.parametrize("id", ["A2", "A3", "A4", "A5"])
def test_all_that_a_folder_can_prove_is_proved(id, versions, tmp_path):
    assignment = manifest.load(id)
    folder = copied(versions(id), assignment, tmp_path / id)
    solve(folder, assignment)
    done = run(folder, "-m", "checks", "--prove")
    assert done.returncode == 0 and done.stderr == "", done.stdout
    last = {
        "A2": "tree_backward: 2",
        "A3": "two rounds of attention: 13",
        "A4": "dropout: its",
        "A5": "feedforward memory: 23",
    }
    *_, proof, _, count = done.stdout.splitlines()
    assert f"{last[id]} gradient" in proof and re.fullmatch(r"Of (\d+): \1 proved", count)
    if id == "A3":
        changed(
            folder / "gca_scratch" / "network" / "memory.py",
            "dboth[:, :H], dboth[:, H:]",
            "0 * dboth[:, :H], dboth[:, H:]",
        )
        assert "two rounds of attention: WRONG: layer2.W" in run(folder, "-m", "checks", "--prove").stdout
        again = "from checks.prove import _stream; print(sum('layer2.W' in _stream()[0][1]()[1] for _ in range(30)))"
        done = run(folder, "-c", again)  # numbers are drawn each time, and dead ReLUs hide such a bug
        assert done.stdout == "30\n", done.stderr


def test_the_body_that_shows_a_mistake_is_named(versions, tmp_path):
    assignment = manifest.load("A2")
    folder = copied(versions("A2"), assignment, tmp_path / "A2")
    solve(folder, assignment)
    changed(folder / "gca_scratch" / "variants" / "tree.py", "collected[where] += what", "collected[where] = what")
    assert re.search(r"backward.* with .*T = \d, K = \d+, parents = \(.*-1.*\):", looked(folder, "A2.3")["lines"][0])


def test_a_loss_may_keep_what_it_likes_for_its_way_back(versions, tmp_path):
    assignment = manifest.load("A4")
    folder = copied(versions("A4"), assignment, tmp_path / "A4")
    solve(folder, assignment)
    changed(
        folder / "gca_scratch" / "network" / "ops.py",
        "(xp.exp(log_p), rows, y)",
        "{'p': xp.exp(log_p), 'of': (rows, y)}",
    )
    changed(
        folder / "gca_scratch" / "network" / "ops.py", "p, rows, y = cache", "p, (rows, y) = cache['p'], cache['of']"
    )
    weighted = """
import numpy as np
from gca_scratch.network.ops import nll_backward, nll_forward
from gca_scratch.training.balance import weighted_nll_backward, weighted_nll_forward
for shape in ((4, 3), (2, 4, 3)):
    logits, y = np.random.default_rng(1).normal(size=shape), np.array([0, 2, 1, 2])
    loss, cache = weighted_nll_forward(logits, y, np.full(4, 2.0))
    plain, plain_cache = nll_forward(logits, y)
    twice = 2 * np.array([plain, *nll_backward(plain_cache).flat])
    print(np.allclose([loss, *weighted_nll_backward(cache).flat], twice))
"""
    done = run(folder, "-c", weighted)
    assert done.stdout == "True\nTrue\n", done.stderr


# --- the notebook ---------------------------------------------------------------------------------------------------


def cells(folder, id):
    """Every code cell of the notebook and what it prints."""
    done = run(folder, "-c", NOTEBOOK, f"{id}.ipynb")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("id", IDS)
def test_the_notebook_runs_through_while_all_is_blank(id, versions):
    said = cells(versions(id), id)
    for task in manifest.load(id).tasks:
        assert any(f"{task.id}  {task.title}" in printed for _, printed in said)


def test_a_cell_of_the_notebook_knows_nothing_from_one_that_failed(a1):
    folder, assignment = a1
    solve(folder, assignment, "A1.1", "A1.3")
    printed = {text.splitlines()[1].strip(): said for text, said in cells(folder, "A1") if "step_backward" in text}
    assert len(printed) == 1 and set(printed.values()) == {"A1.2: write step_forward; its text is in A1.ipynb\n"}
