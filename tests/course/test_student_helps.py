"""How the student's own tests help: a loop without an end, mistakes by name, what is handed in beside the files."""

import json
import zipfile

import pytest

from course import manifest
from course.bugs import mutants
from course.grading import fence, grade, mistakes
from course.releasing import extras, release
from tests.helpers.student_folder import changed, copied, run, solve

PATIENT = fence.Limits(cpu_seconds=100_000, seconds=None)
QUICK = "import checks.limits as limits; limits.CPU_SECONDS = 0.4; from checks.run import check; check('A1.1')"


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    """The student version of A1 in which mistakes are named."""
    return release.release(manifest.load("A1"), tmp_path_factory.mktemp("released") / "A1", "ada", named=True)


@pytest.fixture
def solved(version, tmp_path):
    """A copy with everything right, and its manifest."""
    assignment = manifest.load("A1")
    folder = copied(version, assignment, tmp_path / "A1")
    solve(folder, assignment)
    return folder, assignment


OPS, CELL = "gca_scratch/network/ops.py", "gca_scratch/network/cell.py"
SIGMOID = "return dy * y * (1 - y)"


@pytest.mark.parametrize(
    "line", ["while True: pass", "while True:\n        try: dy = dy + 1\n        except Exception: pass"]
)
def test_a_loop_without_an_end_ends_in_a_sentence(solved, line):
    folder, _ = solved
    changed(folder / OPS, SIGMOID, line)
    said = run(folder, "-c", QUICK).stdout
    assert "A1.1  Two slopes, 10 points: stops with an error" in said
    assert "the code was still running after 0.2 seconds of computing or 30 of waiting" in said
    assert "in sigmoid_backward (ops.py, line" in said and "right: tanh_backward" in said


def test_a_system_without_such_alarms_ends_it_on_the_clock(solved):
    folder, _ = solved
    changed(folder / OPS, SIGMOID, "while True: pass")
    clock = QUICK.replace("CPU_SECONDS = 0.4", "SECONDS = 1")
    said = run(folder, "-c", f"import signal; del signal.setitimer; {clock}").stdout
    assert "the code was still running after 5 seconds of computing or 0.5 of waiting" in said


def test_code_that_ends_the_program_is_told(solved):
    folder, _ = solved
    changed(folder / OPS, SIGMOID, "raise SystemExit")
    assert "the code ends the program (SystemExit), in sigmoid_backward" in run(folder, "-m", "checks").stdout


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("open('answers.md').read(); return dy", "the grader has no answers.md: of your files it has the code alone"),
        ("import socket; socket.socket()", "the grader does not allow socket.__new__"),
        ("import subprocess; subprocess.run(['ls'])", "the grader does not allow subprocess.Popen"),
        ("import copy, decimal, colorsys; open('mine.txt', 'w').write('x'); return dy * y * (1 - y)", "right"),
    ],
)
def test_what_the_grader_refuses_is_refused_here(solved, line, sentence):
    folder, _ = solved
    changed(folder / OPS, SIGMOID, line)
    assert sentence in run(folder, "-m", "checks", "A1.1").stdout


@pytest.mark.parametrize("name", ["df-crossed", "forward-forget-gates", "sigmoid-half-slope", "carry-dropped"])
def test_a_mistake_is_named_as_the_grader_names_it(solved, name):
    folder, assignment = solved
    bug = mutants.named(name)
    file = f"gca_scratch/{bug.file}"
    text = (folder / file).read_text("utf-8")
    (folder / file).write_text(bug.apply(text), "utf-8")
    task = next(task for task in assignment.tasks if bug.qualified in task.functions)
    said = run(folder, "-m", "checks", task.id).stdout
    assert f"it looks as if {bug.sentence} ({bug.equation})" in said
    results = grade.grade(folder, assignment, "ada", PATIENT)
    assert any(f"it looks as if {bug.sentence} ({bug.equation})" in test["output"] for test in results["tests"])


@pytest.mark.parametrize(
    "id", [id if id == "A2" else pytest.param(id, marks=pytest.mark.long) for id in manifest.all_ids()]
)
def test_every_planted_bug_is_named_from_its_numbers(id, tmp_path, monkeypatch):
    assignment = manifest.load(id)
    expected = release.expected(assignment, release.seed_of("ada"))
    known = extras.mistakes_in(assignment, expected)
    monkeypatch.setattr(mistakes, "PLACE", tmp_path / "mistakes.json")
    mistakes.PLACE.write_text(json.dumps(mistakes.written(known)), "utf-8")
    assert len(known) > 8
    for sentence, drivers in known:
        said = [line for driver, wrong in drivers.items() for line in mistakes.looks_like(driver, wrong)]
        assert any(line.endswith(f"it looks as if {sentence}") for line in said), sentence


def test_no_sentence_on_a_mistake_can_be_read_by_who_has_not_made_it(version, tmp_path):
    text = (version / "checks" / "mistakes.json").read_text("utf-8")
    assert len(json.loads(text)) > 40
    for bug in mutants.load():
        assert bug.sentence not in text
    plain = release.release(manifest.load("A1"), tmp_path / "A1")
    assert not (plain / "checks" / "mistakes.json").exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])  # as editors of Windows save it
def test_what_the_files_use_is_handed_in_and_what_the_grader_lacks_is_told(solved, encoding):
    folder, assignment = solved
    changed(folder / OPS, "import math\n", "import math\nfrom my_helpers import one\n")
    changed(folder / OPS, SIGMOID, "return dy * y * (one() - y)")
    (folder / "my_helpers.py").write_text("def one():\n    return 1\n", "utf-8")
    (folder / OPS).write_text((folder / OPS).read_text("utf-8"), encoding)
    (folder / "unused.py").touch()
    (folder / "loss.png").write_bytes(b"\x89PNG")
    changed(folder / "answers.md", "**Answer:**", "**Answer:** see loss.png")
    done = run(folder, "-m", "checks", "--submit")
    assert done.returncode == 0 and done.stdout == "A1-ada-submission.zip is what you hand in\n", done.stdout
    with zipfile.ZipFile(folder / "A1-ada-submission.zip") as archive:
        assert archive.namelist() == [*assignment.files, "answers.md", "assignment.json", "my_helpers.py", "loss.png"]
    results = grade.grade(folder / "A1-ada-submission.zip", assignment, "ada", PATIENT)
    assert all(test["status"] == "passed" for test in results["tests"])

    changed(folder / OPS, "import math\n", "import math\nimport threadpoolctl, yaml\n")
    arrays = folder / "gca_scratch" / "network" / "arrays.py"
    text = arrays.read_text("utf-8")
    arrays.unlink()  # a link to the version of all tests
    arrays.write_text(text + "\n# mine\n", "utf-8")
    for way in ("--submit", "A1.2"):
        said = run(folder, "-m", "checks", way).stdout
        assert f"note: {OPS}, line" in said and "imports yaml; the grader has NumPy" in said
        assert "note: gca_scratch/network/arrays.py is not as it was handed out" in said
