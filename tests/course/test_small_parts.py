"""Small parts of the course, each alone: what drivers hand to functions, what is read, what the gate runs."""

import dataclasses
import math
import subprocess
import tarfile
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from course import manifest
from course.bugs import mutants, mutation, submitted
from course.drivers import DRIVERS, driver, visible
from course.grading import fence, points, reading
from course.manifest import ROOT, load
from course.releasing import in_any_language, pairs, release, release_check, walks
from course.results import canvas, moodle, roster, sheets
from course.results.handin import Handin
from gca_scratch.support.errors import InputError

A1 = load("A1")


# --- what drivers hand to functions -----------------------------------------------------------------------------------


def handed(name, module, function, result, n=0):
    """The arguments with which a driver calls a function of a module."""
    seen = []

    def spy(*arguments, **named):
        seen.append((arguments, named))
        return result(*arguments)

    inputs = visible(DRIVERS[name])[n]
    DRIVERS[name].run(lambda of: SimpleNamespace(**{function: spy}) if of == module else mutants.ours(of), inputs)
    return seen, inputs


@pytest.mark.parametrize(
    ("name", "function", "forward"),
    [
        ("sigmoid_backward", "sigmoid_backward", lambda z: 1 / (1 + np.exp(-z))),
        ("tanh_backward", "tanh_backward", np.tanh),
    ],
)
def test_slopes_are_asked_for_with_the_output_alone_for_a_row_and_for_an_axis_more(name, function, forward):
    seen, inputs = handed(name, "network.ops", function, lambda dy, y: dy)
    y = forward(inputs["z"])
    wanted = [(inputs["dy"], y), (inputs["dy"][0], y[0]), (inputs["dy"][:, None], y[:, None])]
    assert len(seen) == 3
    for (given, _), pair in zip(seen, wanted, strict=True):
        for array, other in zip(given, pair, strict=True):
            np.testing.assert_allclose(array, other, rtol=1e-12)
            assert array.shape == other.shape


def test_a_softmax_is_asked_back_with_its_own_output():
    seen, inputs = handed("softmax_backward", "network.ops", "softmax_backward", lambda dy, y: dy)
    y = np.exp(inputs["e"]) / np.exp(inputs["e"]).sum(axis=0)
    np.testing.assert_allclose(seen[0][0][1], y)
    np.testing.assert_allclose(seen[1][0][1], y[:, 0])
    np.testing.assert_allclose(seen[2][0][0], inputs["dy"][:, :, None])


class Descent:
    """In the place of SGD: the numbers that it is made with."""

    made: ClassVar[list] = []

    def __init__(self, *arguments):
        self.made.append(arguments)
        self.velocity = {}

    def step(self, params, gradients):
        pass


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("sgd_step", [(0.3, 0.8, None)]),
        ("sgd_clip", [(0.3, 0.8, 0.7), (0.3, 0.8, 0.7)]),
        ("sgd_product", [(0.3, 0.8, None), (0.3, 0.8, 0.7)]),
    ],
)
def test_the_optimiser_is_asked_for_with_these_numbers(name, made, monkeypatch):
    monkeypatch.setattr(Descent, "made", [])
    product = lambda x, dy: x.T @ dy  # noqa: E731
    modules = {"training.optim": SimpleNamespace(SGD=Descent), "network.ops": SimpleNamespace(Product=product)}
    DRIVERS[name].run(modules.__getitem__, visible(DRIVERS[name])[0])
    assert Descent.made == made


def test_the_learning_rate_is_asked_for_with_these_numbers():
    seen, inputs = handed("learning_rate", "training.optim", "decayed", lambda *numbers: 0.5)
    assert [given for given, _ in seen] == [(0.3, 0.9, inputs["H"], epoch) for epoch in range(3 * inputs["H"])]


@pytest.mark.parametrize(
    ("change", "name", "value"),
    [
        (lambda mask, p: mask, "zeros", None),
        (lambda mask, p: mask, "mean", 1.0),
        (lambda mask, p: np.where(np.arange(mask.size).reshape(mask.shape) % 2, mask, 0), "zeros", 0.6),
        (lambda mask, p: 1.1 * mask, "mean", 1.1),
        (lambda mask, p: mask.swapaxes(0, 1), "shape", (60 * 4 // 6, 150, 5)),
    ],
)
def test_shares_and_means_of_masks_are_judged_up_to_chance(change, name, value):
    def dropout_mask(rng, shape, p, dtype):
        return change((rng.random(shape) >= p) / (1 - p), p).astype(dtype)

    inputs = visible(DRIVERS["dropout_mask"])[0] | {"p": 0.2}
    found = DRIVERS["dropout_mask"].run(lambda module: SimpleNamespace(dropout_mask=dropout_mask), inputs)
    assert (inputs["B"], inputs["H"]) == (3, 4)
    np.testing.assert_allclose(found[name], 0.2 if value is None else value)


def test_a_mask_is_the_same_again_and_another_one_after():
    masks = iter([np.ones((2, 2)), np.zeros((2, 2)), np.zeros((2, 2))])
    inputs = visible(DRIVERS["dropout_mask"])[0]
    found = DRIVERS["dropout_mask"].run(
        lambda module: SimpleNamespace(dropout_mask=lambda *arguments: next(masks)), inputs
    )
    assert (found["repeated"], found["new"], found["type"]) == (0, 1, 8)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("nll", {"loss": "the mean negative log-likelihood, Eq. 9", "dlogits": "its gradient"}),
        ("cell_forward", {"h": "the hidden state, Eq. 3", "c": "the cell state, Eq. 2"}),
        ("raster_forward", {"h": "the hidden states of all cells, Eqs. 1-3"}),
        ("affine_backward", {"dx": "the input's gradient", "dW": "the weights' gradient", "db": "the bias's gradient"}),
        ("tree_backward", {"da": "the gradient of every cell's gates before their nonlinearities",
                           "dW": "the gradient of W", "db": "the gradient of the bias"}),
        ("body_parts_mean", {"mean": "the means over each part's joints, Eq. 12",
                             "dh": "the gradient of layer 1's outputs"}),
        ("body_parts_share", {"r": "the score of every cell, that of its part, Eq. 13",
                              "dr_P": "the gradient of the parts' scores"}),
    ],
)  # fmt: skip
def test_what_outputs_are_called(name, what):
    assert what.items() <= DRIVERS[name].what.items()


def test_what_adds_up_is_told_where_it_does_not():
    law = driver.adds_up("r", 1, "cell")
    assert law({"r": np.array([[0.25, 0.5], [0.75, 0.5]])}) == {}
    assert law({"r": np.array([[0.25, 0.5], [0.75, 0.75]])}) == {
        "r": "over the cells of a sequence it adds up to 1, yours to 1.25 in one"
    }
    assert driver.adds_up("d", 0, "class")({"d": np.array([[1.0, -1], [2, -2.5]])}) == {
        "d": "over the classes of a sequence it adds up to 0, yours to -0.5 in one"
    }
    assert law({"r": np.array([[np.nan], [1.0]])}) == {}


def test_results_are_taken_by_their_order():
    assert driver.named("a b", (1, 2)) == {"a": 1, "b": 2} == driver.named("a b", [1, 2])
    with pytest.raises(TypeError, match=r"^it returned 3 results where 2 belong: a, b$"):
        driver.named("a b", (1, 2, 3))
    with pytest.raises(TypeError, match=r"^it returned one ndarray where 2 results belong: a, b$"):
        driver.named("a b", np.zeros(2))


# --- manifests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [A1, A1.tasks[0], A1.questions[0], fence.Limits(), fence.Answer({}), Handin("a"),
                                  roster.Person(1, "a"), roster.Roster("", None), mutants.load()[0],
                                  sheets.Sheet(None, [], [])], ids=lambda made: type(made).__name__)  # fmt: skip
def test_what_is_handed_from_one_to_another_cannot_be_changed(made):
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(made, dataclasses.fields(made)[0].name, 1)


MANIFEST = """
id = "T"
title = "t"
hours = 1
needs = []
goals = []
points = 100
text = "t"
files = ["gca_scratch/network/ops.py"]
[[task]]
id = "T.1"
title = "t"
points = 100
functions = ["gca_scratch.network.ops.f"]
drivers = ["nll"]
text = "t"
[task.docstrings]
"gca_scratch.network.ops.g" = "d"
"""


def test_everything_that_a_manifest_names_is_looked_for_under_the_same_root(tmp_path):
    (tmp_path / "gca_scratch" / "network").mkdir(parents=True)
    ops = tmp_path / "gca_scratch" / "network" / "ops.py"
    (tmp_path / "T.toml").write_text(MANIFEST)
    ops.write_text("def f():\n    pass\n\n\ndef g():\n    pass\n")
    assert load("T", tmp_path, tmp_path).tasks[0].functions == ("gca_scratch.network.ops.f",)
    ops.write_text("def f():\n    pass\n\n\ndef tanh_backward():\n    pass\n")
    with pytest.raises(InputError, match="has no 'g'"):
        load("T", tmp_path, tmp_path)
    (tmp_path / "T.toml").write_text(MANIFEST.replace("ops.g", "ops.sigmoid_backward"))
    with pytest.raises(InputError, match="has no 'sigmoid_backward'"):  # which ours has
        load("T", tmp_path, tmp_path)
    (tmp_path / "T.toml").write_text(
        MANIFEST.replace("[task.docstrings]", "[bodies]").replace("ops.g", "ops.nll_forward")
    )
    with pytest.raises(InputError, match="has no 'nll_forward'"):
        load("T", tmp_path, tmp_path)


def test_assignments_in_order():
    assert manifest.all_ids() == ["A1", "A2", "A3", "A4", "A5"]
    assert [later.id for later in manifest.later("A3")] == ["A4", "A5"] and manifest.later("A5") == ()
    assert manifest.asked("A1") == set(A1.functions) and manifest.asked("A9") == frozenset()
    with pytest.raises(InputError, match=r"A1 has no task A1\.9; it has A1\.1, A1\.2, A1\.3"):
        A1.task("A1.9")


# --- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "mode"),
    [(".tar", "w:"), (".tar.gz", "w:gz"), (".tgz", "w:gz"), (".tar.bz2", "w:bz2"), (".tbz2", "w:bz2"),
     (".tar.xz", "w:xz"), (".txz", "w:xz")],
)  # fmt: skip
def test_archives_of_every_ending_are_read(ending, mode, tmp_path):
    (tmp_path / "cell.py").write_text("x = 1\n")
    with tarfile.open(tmp_path / f"ada{ending}", mode) as archive:
        archive.add(tmp_path / "cell.py", "work/cell.py")
    assert reading.suffix(tmp_path / f"ADA{ending.upper()}") == ending
    texts, wrong, notes = reading.read(tmp_path / f"ada{ending}", ("gca_scratch/network/cell.py",))
    assert texts == {"gca_scratch/network/cell.py": "x = 1\n"} and not wrong and not notes


def test_a_table_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match=r"gone\.csv cannot be read \(.*\); give a table as CSV"):
        sheets.read(tmp_path / "gone.csv")


TITLES = {
    "grade": ["Grade", "Bewertung", "Note", "Calificación", "Voto", "Valutazione", "Nota", "Cijfer", "Avaliação"],
    "maximum": ["Maximum grade", "Bestwertung", "Höchstbewertung", "Note maximale", "Calificación máxima",
                "Nota máxima", "Valutazione massima", "Maximaal cijfer", "Avaliação máxima", "Punteggio massimo"],
    "submitted": ["Last modified (submission)", "Zuletzt geändert (Abgabe)", "Dernière modification (travail remis)",
                  "Última modificación (entrega)", "Ultima modifica (consegna)"],
    "feedback": ["Feedback comments", "Feedback als Kommentar", "Commentaires (feedback)",
                 "Feedback par commentaires", "Comentarios de retroalimentación", "Commenti feedback",
                 "Feedback comments (text)"],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "title"), [(kind, title) for kind, titles in TITLES.items() for title in titles])
def test_columns_of_moodles_worksheet_by_their_titles(kind, title, tmp_path):
    """Where they stand elsewhere than usual, so that the title alone tells."""
    usual = {"grade": "Grade", "maximum": "Maximum grade", "submitted": "Last modified (submission)",
             "feedback": "Feedback comments"}  # fmt: skip
    header = ["Identifier", "x", *(usual | {kind: title}).values(), "y", "z"]
    rows = [["Participant 1", "a", "", "100", "-", "", "7", ""], ["Participant 2", "b", "", "50", "-", "", "8", ""]]
    path = tmp_path / "roster.csv"
    order = [0, 1, 5, 4, 2, 6, 3, 7]  # feedback, submitted, grade, y, maximum
    sheets.write(path, sheets.Sheet(path, [header[n] for n in order], [[row[n] for n in order] for row in rows]))
    found = moodle.columns(sheets.read(path))
    assert found == {"grade": 4, "maximum": 6, "submitted": 3, "feedback": 2}


def test_the_maximum_of_canvas_is_that_of_the_row_of_possible_points(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text('Student,ID,Section,T (1)\n"    Points Possible",,,"20.5"\nAda,1,S,Points Possible\n')
    sheet = sheets.read(path)
    assert canvas.is_export(sheet) and canvas.people(sheet) == [1] and canvas.maximum(sheet, 3) == 20.5
    filled = canvas.filled(sheet, 3, {})
    assert filled.rows == [["    Points Possible", "", "", "20.5"]]  # nobody else, whatever stands in other cells


@pytest.mark.parametrize("title", ["Student", "Name", "Full name", "Fullname"])
def test_people_of_any_list_are_called_by_their_column_of_names(title, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(f'Number,{title},E-Mail\n0042,"Lovelace, Ada",ada@x.org\n')
    [person] = roster.load(path).people
    assert person.name == "Ada Lovelace"
    assert person.known_as >= {"0042", "lovelace, ada", "ada lovelace", "ada@x.org"}


# --- the gate ---------------------------------------------------------------------------------------------------------


def test_the_gate_builds_both_versions_and_asks_for_their_points(monkeypatch, tmp_path):
    made, graded, said = [], [], []
    monkeypatch.setattr(release, "release", lambda *arguments, **more: made.append((arguments, more)) or arguments[1])
    for module, name in ((release_check.leaks, "search"), (release_check.walks, "search"),
                         (release_check.pairs, "texts"), (release_check.leaks, "in_tutorials"),
                         (release_check.walks, "in_tutorials")):  # fmt: skip
        monkeypatch.setattr(module, name, lambda *arguments, **more: [])
    for name in ("litter", "_imports", "_stops"):
        monkeypatch.setattr(release_check, name, lambda *arguments: [])
    monkeypatch.setattr(release_check, "_graded", lambda m, place, wanted: graded.append((place, wanted)) or ["bad"])
    monkeypatch.setattr(release_check.pairs, "worth", lambda m, place, others: [f"{place.name} {len(others)}"])
    found = release_check.check(A1, tmp_path, ROOT, said.append, manifest.later("A1"))
    student, solved = tmp_path / "student", tmp_path / "solved"
    assert made == [
        ((A1, student, "somebody"), {"root": ROOT}),
        ((A1, solved, "somebody"), {"solved": True, "root": ROOT}),
    ]
    assert graded == [(student, 0), (solved, 80)] and found == ["bad", "bad", "student 4"]
    assert [line[:5] for line in said].count("WRONG") == 3 and len(said) == 10
    assert "WRONG  solved it scores 80, and 20 are given by hand: 100" in said
    assert said[-1] == "WRONG  what lies in the folder scores 0 for A1, A2, A3, A4, A5"


@pytest.mark.parametrize(("score", "fits"), [(80, True), (80 + 1e-9, True), (79.99, False), (80.01, False), (0, False)])
def test_points_that_the_gate_asks_for_are_those_that_the_grader_gives(score, fits, monkeypatch, tmp_path):
    import zipfile

    from course.grading import grade

    with zipfile.ZipFile(tmp_path / "A1-somebody-submission.zip", "w") as archive:
        archive.writestr("x", "y")
    seen = []

    def graded(*arguments):
        seen.append(arguments)
        return {"tests": [{"score": score - 30}, {"score": 30}], "output": "told"}

    monkeypatch.setattr(grade, "grade", graded)
    monkeypatch.setattr(
        release_check, "_python", lambda arguments, place: SimpleNamespace(returncode=0, stdout="", stderr="")
    )
    found = release_check._graded(A1, tmp_path, 80)
    assert found == ([] if fits else [f"the grader gives {score:g} points where 80 belong: told"])
    assert seen[0][0] == tmp_path / "A1-somebody-submission.zip" and seen[0][1:3] == (A1, "somebody")
    assert (seen[0][3].cpu_seconds, seen[0][3].seconds) == (1000, None)


def test_a_folder_stops_at_its_own_blanks_alone(monkeypatch, tmp_path):
    import json

    answers = {
        None: {"A1.1": ("blank", "A1.1"), "A1.2": ("blank", "A1.2"), "A1.3": ("blank", "A1.2")},
        "without": dict.fromkeys(("A1.1", "A1.2", "A1.3"), ("right", None)),
        "without-A1.1": {"A1.1": ("blank", "A1.1"), "A1.2": ("right", None), "A1.3": ("blank", "A1.1")},
        "without-A1.2": {"A1.1": ("right", None), "A1.2": ("right", None), "A1.3": ("blank", "A1.1")},  # both are wrong
        "without-A1.3": {"A1.1": ("wrong", None), "A1.2": ("right", None), "A1.3": ("blank", "A1.3")},
    }
    monkeypatch.setattr(release, "release", lambda m, place, blanks, root: place)

    def python(arguments, place):
        found = {id: {"status": status, "blank": blank, "lines": ["a", "b"]}
                 for id, (status, blank) in answers[place.name if place.name in answers else None].items()}  # fmt: skip
        return SimpleNamespace(returncode=0, stdout=json.dumps(found), stderr="")

    monkeypatch.setattr(release_check, "_python", python)
    assert release_check._stops(A1, tmp_path, tmp_path / "student", ROOT) == [
        "with blanks in ['A1.2'], A1.2 is right: a; b", "with blanks in ['A1.2'], A1.3 is blank: a; b",
        "with blanks in ['A1.3'], A1.1 is wrong: a; b",
    ]  # fmt: skip


def test_a_folder_is_handed_in_as_it_is_and_rearranged(monkeypatch, tmp_path):
    student = tmp_path / "student"
    for name, text in (("gca_scratch/network/ops.py", "def sigmoid_backward(): pass\n"),
                       ("notes.py", "class A:\n    def step_forward(): pass\n"), ("other.py", "def f(): pass\n"),
                       ("checks/x.py", "def step_backward(): pass\n")):  # fmt: skip
        (student / name).parent.mkdir(parents=True, exist_ok=True)
        (student / name).write_text(text)
    seen = []

    def points(folder, other):
        cell = folder / "gca_scratch" / "network" / "cell.py"
        seen.append((folder.name, cell.read_text() if cell.exists() else None))
        return 3.5 * len(seen)

    monkeypatch.setattr(pairs, "points", points)
    found = pairs.worth(A1, student, ())
    assert found == [
        "the folder of A1, as it is, gets 3.5 points for A1",
        "the folder of A1, with notes.py as gca_scratch/network/cell.py, gets 7 points for A1",
    ]
    assert seen == [("student", None), ("student-rearranged", "class A:\n    def step_forward(): pass\n")]
    assert (student / "notes.py").exists() and not (student / "gca_scratch" / "network" / "cell.py").exists()


# --- formulas and numbers ---------------------------------------------------------------------------------------------


def test_a_formula_is_a_row_of_numbered_names():
    def row(text):
        return " ".join(in_any_language.canonical(in_any_language.tokens(text)))

    assert row("dy * y * (1.0 - y)") == "$0 * $1 * ( 1 - $1 )" == row("g*np.s*(1 - np.s)")
    for known in ("exp", "log", "sqrt", "tanh", "abs", "min", "max"):
        assert row(f"xp.{known}(a) + b") == f"{known} ( $0 ) + $1" == row(f"Math.{known}(x) + self.y")
    assert row("sin(a)") == "$0 ( $1 )" and row("a[at] = 2.50 // b ** c") == "$0 [ $1 ] = 2.50 // $2 ** $3"
    assert (in_any_language.SHORTEST, in_any_language.LONGEST) == (7, 80)
    assert (in_any_language.OPERATORS, in_any_language.COMMONPLACE) == (3, 2)


def test_numbers_of_a_rubric_that_are_no_accident():
    assert walks.numbers("binomial(43, 24) paths, 0.618 and 3.625, 1234; but 44 frames, 0.5, 0.010 and v1.2345") == {
        f"{float(math.comb(43, 24)):.2e}", "6.18e-01", "3.62e+00", "1.23e+03",
    }  # fmt: skip
    assert walks.DIGITS == 3


# --- planted bugs -----------------------------------------------------------------------------------------------------


def test_tests_run_in_a_copy_with_the_bug_in_it(monkeypatch, tmp_path):
    bug, seen = mutants.named("decay-times"), {}
    for name in (
        "gca_scratch/training/optim.py",
        "gca_scratch/page.js",
        "tests/training/test_optim.py",
        "pyproject.toml",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text("utf-8") if (ROOT / name).exists() else "x")
    monkeypatch.setattr(mutation, "ROOT", tmp_path)

    def run(line, cwd, env, timeout, **more):
        files = sorted(path.relative_to(cwd).as_posix() for path in cwd.rglob("*") if path.is_file())
        seen.update(line=line[1:], files=files, text=(cwd / "gca_scratch/training/optim.py").read_text(), env=env,
                    timeout=timeout, cwd=str(cwd))  # fmt: skip
        return seen["answer"]

    monkeypatch.setattr(subprocess, "run", run)
    seen["answer"] = SimpleNamespace(returncode=1, stdout="..\nFAILED tests/training/test_optim.py::test_it[3] - no\n")
    assert mutation._first_failure(("training/test_optim.py",), bug, 7) == "training/test_optim.py::test_it"
    assert seen["files"] == ["gca_scratch/training/optim.py", "pyproject.toml", "tests/training/test_optim.py"]
    assert seen["text"] == bug.apply((ROOT / "gca_scratch/training/optim.py").read_text("utf-8"))
    assert seen["line"] == ["-B", "-m", "pytest", "-x", "-q", "--tb=no", "-rfE", "-p", "no:cacheprovider",
                            "tests/training/test_optim.py"]  # fmt: skip
    assert (
        seen["env"]["PYTHONPATH"] == seen["cwd"] and seen["env"]["OPENBLAS_NUM_THREADS"] == "1" and seen["timeout"] == 7
    )
    seen["answer"] = SimpleNamespace(returncode=0, stdout="")
    assert mutation._first_failure(("training/test_optim.py",), bug, 7) == ""
    seen["answer"] = SimpleNamespace(returncode=3, stdout="what?")
    assert mutation._first_failure(("training/test_optim.py",), None, 7) == "pytest itself"
    assert seen["text"] == (ROOT / "gca_scratch/training/optim.py").read_text("utf-8")
    assert mutation._first_failure((), bug, 7) == "" and mutation.SECONDS == 900

    def late(*arguments, **more):
        raise subprocess.TimeoutExpired("pytest", 7)

    monkeypatch.setattr(subprocess, "run", late)
    assert mutation._first_failure(("training/test_optim.py",), bug, 7) == "it never ends"


def test_tables_of_planted_bugs(tmp_path):
    bug, other = mutants.named("carry-dropped"), mutants.named("decay-times")
    mutation.write_table([(bug, "gradients, raster: U"), (other, "")], tmp_path / "t.md")
    text = (tmp_path / "t.md").read_text()
    assert "against 2 planted bugs; 1 are caught." in text
    assert f"| `network.cell.step_backward` | {bug.equation} | {bug.sentence} | `gradients, raster: U` |" in text
    assert f"| `training.optim.decayed` | {other.equation} | {other.sentence} | **not caught** |" in text
    rows = [(bug, "A1.3", True, []), (other, "", False, [bug])]
    mutation.write_diagnosis(rows, tmp_path / "d.md")
    text = (tmp_path / "d.md").read_text()
    assert "1 of 1 are named correctly;\nof all, 1 of 2." in text
    assert f"| A1.3 | `network.cell.step_backward` | {bug.sentence} | yes |" in text
    assert f"| - | `training.optim.decayed` | {other.sentence} | no (also: {bug.sentence}) |" in text


def test_those_planted_bugs_are_diagnosed_that_are_asked_for():
    rows = mutation.diagnosed([mutants.named("sigmoid-half-slope"), mutants.named("tanh-unsquared")])
    assert [(bug.name, named) for bug, _, named, _ in rows] == [("sigmoid-half-slope", True), ("tanh-unsquared", True)]


def test_what_each_planted_bug_leaves_to_many_students(monkeypatch):
    task = A1.task("A1.3")
    monkeypatch.setattr(submitted, "all_ids", lambda: ["A1"])
    monkeypatch.setattr(submitted, "load", lambda id: dataclasses.replace(A1, tasks=(task,)))
    bugs = [mutants.named("carry-dropped"), mutants.named("dU-mean")]
    monkeypatch.setattr(submitted.diagnosis, "candidates", lambda functions: bugs)
    students = ["ada", "bob", "eve"]
    rows = submitted.left(students)
    assert [(of.id, bug, named) for of, bug, named, _, _ in rows] == [("A1.3", bug, True) for bug in bugs]
    for _, bug, _, least, most in rows:
        costs = []
        for student in students:
            tests = submitted.hidden(DRIVERS["cell_backward"], submitted.grade.seed_of(student))
            right = [DRIVERS["cell_backward"].run(mutants.ours, given) for given in tests]
            mine = submitted.diagnosis.with_bug(bug, {"cell_backward": tests})["cell_backward"]
            costs.append(points.cost(bug, task, {"cell_backward": mine}, {"cell_backward": right}))
        assert (least, most) == (pytest.approx(45 * (1 - max(costs))), pytest.approx(45 * (1 - min(costs))))
    assert submitted._of(2, {"a": list("012345678"), "b": list("abcdefgh")}) == {"a": ["4", "5"], "b": ["e", "f"]}


def test_a_bug_that_changes_nothing_in_a_task_is_left_out(monkeypatch):
    task = A1.task("A1.1")
    monkeypatch.setattr(submitted, "all_ids", lambda: ["A1"])
    monkeypatch.setattr(submitted, "load", lambda id: dataclasses.replace(A1, tasks=(task,)))
    bugs = [mutants.named("carry-dropped"), mutants.named("tanh-unsquared"), mutants.named("dU-mean")]
    monkeypatch.setattr(submitted.diagnosis, "candidates", lambda functions: bugs)
    right = {
        name: [DRIVERS[name].run(mutants.ours, given) for given in visible(DRIVERS[name])] for name in task.drivers
    }
    stops = right | {"tanh_backward": [right["tanh_backward"][0], None]}  # Python stops in one of the tests
    real = submitted.diagnosis.bug_answers
    monkeypatch.setattr(
        submitted.diagnosis, "bug_answers", lambda name, names: stops if name == "dU-mean" else real(name, names)
    )
    monkeypatch.setattr(submitted.diagnosis, "resembles", lambda functions, seen: [])
    assert [bug.name for _, bug, *_ in submitted.left(["ada"])] == ["tanh-unsquared", "dU-mean"]


def test_a_submission_with_a_mistake_in_it():
    texts = submitted._submission(A1, ["carry-dropped", "tanh-unsquared"])
    cell, ops = (f"gca_scratch/network/{name}.py" for name in ("cell", "ops"))
    for file, name in ((cell, "carry-dropped"), (ops, "tanh-unsquared")):
        assert texts[file] == mutants.named(name).apply((ROOT / file).read_text("utf-8"))
    source = (ROOT / ops).read_text("utf-8")
    texts = submitted._submission(A1, {ops: ("import math\n", "import maths\n", "ZERO = 0"), "mine.py": "x = 1\n"})
    assert texts[ops] == source.replace("import math\n", "import maths\n", 1) + "\n\nimport numpy as np\nZERO = 0\n"
    assert texts["mine.py"] == "x = 1\n" and texts[cell] == (ROOT / cell).read_text("utf-8")


def test_what_its_author_reads_first():
    def entry(output, visibility="visible", status="failed"):
        return {"visibility": visibility, "status": status, "output": output}

    named = entry("With B = 3:\nh is off.\nh: it looks as if one (Eq. 1).\nc: it looks as if two.")
    assert submitted._read([named, named, entry("hidden", "after_published")]) == "one (Eq. 1); two"
    assert submitted._read([entry("fine", status="passed"), entry("With B = 3:\nh is off.\nmore")]) == "h is off."
    assert submitted._read([entry("fine", status="passed")]) == "All right."


# --- the students' own checks -----------------------------------------------------------------------------------------


def test_the_students_tests_have_half_of_the_graders_time():
    limits = {"__file__": str(ROOT / "course" / "releasing" / "student" / "checks" / "limits.py"), "__name__": "limits"}
    exec((ROOT / "course" / "releasing" / "student" / "checks" / "limits.py").read_text("utf-8"), limits)
    budget = limits["Budget"]()
    assert (
        (budget.cpu_seconds, budget.seconds) == (5, 30) == (fence.Limits().cpu_seconds / 2, fence.Limits().seconds / 2)
    )
    assert limits["CODE"] == (".py", ".pyc", ".h")
