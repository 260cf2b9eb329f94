"""Numbers of a student's own: whose they are, and what the notebook, the README and the checks say of an assignment."""

import json

import numpy as np
import pytest

from course.drivers import DRIVERS
from course.manifest import ROOT, load
from course.releasing import extras, handout, release
from gca_scratch.network.grid import cell_order

A1, A4 = load("A1"), load("A4")


def test_seeds_of_visible_numbers_stay_as_they_are():
    """Four bytes of a SHA-256; nobody's are those of 0."""
    assert release.seed_of(None) == release.seed_of("") == 0
    assert (release.seed_of("ada"), release.seed_of("eve")) == (1119994568, 1860693506)
    seeds = [release.seed_of(f"student {n}") for n in range(2000)]
    assert len(set(seeds)) == 2000 and abs(np.mean(seeds) / 2**32 - 0.5) < 0.03


def test_stored_numbers_are_inputs_right_outputs_and_places_of_cells():
    numbers = release.expected(load("A2"), 5)
    names = {name for task in load("A2").tasks for name in task.drivers}
    assert {key.split("/")[0] for key in numbers} == names and {key.split("/")[1] for key in numbers} == {"0", "1"}
    for n, (J, T) in enumerate(((3, 4), (5, 3))):
        joint, frame = cell_order(J, T)
        assert (numbers[f"grid_order/{n}/in/J"], numbers[f"grid_order/{n}/in/T"]) == (J, T)
        for kind, value in (("at", joint), ("out", joint)):
            np.testing.assert_array_equal(numbers[f"grid_order/{n}/{kind}/joint"], value)
        np.testing.assert_array_equal(numbers[f"grid_order/{n}/at/frame"], frame)
        given = {key.split("/")[3]: v.item() if v.ndim == 0 else v for key, v in numbers.items()
                 if key.startswith(f"tree_forward/{n}/in/")}  # fmt: skip
        right = DRIVERS["tree_forward"].run(extras.diagnosis.mutants.ours, given)
        np.testing.assert_array_equal(numbers[f"tree_forward/{n}/out/h"], right["h"])
    assert not any("/at/" in key for key in release.expected(A1, 5))  # no grid


def test_what_the_checks_read_of_an_assignment():
    about = handout.description(A1, "ada")
    assert json.loads(json.dumps(about)) == {
        "assignment": "A1", "student": "ada", "files": ["gca_scratch/network/ops.py", "gca_scratch/network/cell.py"],
        "tasks": [
            {"id": "A1.1", "title": "Two slopes", "points": 10, "drivers": ["sigmoid_backward", "tanh_backward"],
             "functions": ["gca_scratch.network.ops.sigmoid_backward", "gca_scratch.network.ops.tanh_backward"]},
            {"id": "A1.2", "title": "One step forward", "points": 25, "drivers": ["cell_forward"],
             "functions": ["gca_scratch.network.cell.step_forward"]},
            {"id": "A1.3", "title": "One step backward", "points": 45, "drivers": ["cell_backward"],
             "functions": ["gca_scratch.network.cell.step_backward"]},
        ],
        "questions": ["A1.Q1", "A1.Q2"], "prove": A1.prove,
    }  # fmt: skip


def test_the_sheet_for_answers_and_the_table_of_points():
    text = handout.answers(A1, "ada")
    assert text.startswith("# A1: answers\n\nName: ada\n") and text.count("**Answer:**") == 2
    assert "\n## A1.Q1 How long does a cell remember? (10 points)\n" in text and "Name: \n" in handout.answers(A1, None)
    readme = handout.readme(A1, "ada")
    assert "For ada. " in readme and "For " not in handout.readme(A1, None).partition("\n\n")[2][:20]
    for line in ("| A1.1 Two slopes | 10 | `network.ops.sigmoid_backward`, `network.ops.tanh_backward` |",
                 "| A1.3 One step backward | 45 | `network.cell.step_backward` |",
                 "| A1.Q1 How long does a cell remember? | 10 | in writing |"):  # fmt: skip
        assert line in readme, line


def test_the_notebook_has_a_cell_to_check_behind_every_task():
    made = json.loads(handout.notebook(A4, 77))
    assert (made["nbformat"], made["nbformat_minor"]) == (4, 5) and made["metadata"]["kernelspec"]["name"] == "python3"
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in made["cells"]]
    assert [cell["id"] for cell in made["cells"]] == [f"cell-{n}" for n in range(len(cells))]
    assert cells[0][1].startswith(f"# A4: {A4.title}\n\n") and cells[2][1].endswith("\n\nseed = 77")
    checks = [text for kind, text in cells if kind == "code" and text.startswith("check(")]
    assert checks == ['check("A4.1");', 'check("A4.2");', 'check("A4.3");', 'check("A4.4");', "check();"]
    heads = [text.partition("\n")[0] for kind, text in cells if kind == "markdown"]
    assert [head for head in heads if head.startswith("## A4.")] == [
        f"## {task.id} {task.title} ({task.points} points)" for task in A4.tasks
    ]
    tried = [text for _, text in cells if text in {task.try_out.strip() for task in A4.tasks if task.try_out}]
    assert len(tried) == sum(bool(task.try_out) for task in A4.tasks)
    assert all("outputs" not in cell or cell["outputs"] == [] for cell in made["cells"])


def test_a_file_is_known_by_its_lines_however_they_end():
    assert extras.fingerprint("a\nb\n") == extras.fingerprint("a\r\nb") != extras.fingerprint("a\nc\n")
    assert len(extras.fingerprint("")) == 12


@pytest.mark.parametrize("student", ["ada", None])
def test_a_folder_has_all_that_belongs_to_it(student, tmp_path):
    folder = release.release(A1, tmp_path / "A1", student)
    about = json.loads((folder / "assignment.json").read_text())
    assert about["student"] == student and (folder / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    needs = (folder / "requirements.txt").read_text().split("\n")
    assert any(line.startswith("numpy") for line in needs) and "jupyterlab>=4.2" in needs
    assert {path.name for path in folder.iterdir()} >= {
        "A1.ipynb", "AGENTS.md", "CLAUDE.md", "LICENSE", "Makefile", "README.md", "answers.md", "assignment.json",
        "checks", "gca_scratch", "requirements.txt",
    }  # fmt: skip
    assert (folder.stat().st_mode & 0o777) == 0o755 and [path.name for path in tmp_path.iterdir()] == ["A1"]
    with np.load(folder / "checks" / "expected.npz") as stored:
        wanted = release.expected(A1, release.seed_of(student))
        assert set(stored.files) == set(wanted)
        assert all(np.array_equal(stored[name], value) for name, value in wanted.items())
    shipped = json.loads((folder / "checks" / "shipped.json").read_text())
    files = {path.relative_to(folder).as_posix() for path in (folder / "gca_scratch").rglob("*.py")}
    assert set(shipped) == files
    assert all(extras.fingerprint((folder / name).read_text()) == mark for name, mark in shipped.items())
    for name in ("verdict.py", "beside.py", "mistakes.py"):
        assert (folder / "checks" / name).read_text() == (ROOT / "course" / "grading" / name).read_text()
