"""A class: graded, stopped and gone on, regraded after a mended test, with marks by hand; what is handed back."""

import csv
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from course import __main__ as command
from course.bugs import mutants
from course.drivers import DRIVERS
from course.grading import fence, fingerprint, grade
from course.manifest import ROOT, Question
from course.results import marking, of_class, sheets, table
from gca_scratch.support.errors import InputError
from tests.course.test_grading import BUGS, CELL, PATIENT, submission

SMALL = replace(
    CELL,
    tasks=(replace(CELL.tasks[0], points=30), replace(CELL.tasks[2], points=50)),
    questions=(Question("T1.Q1", "Why", 15, "Why?", "Because (15)."), Question("T1.Q2", "How", 5, "How?", "So (5).")),
)


def a_class(folder, stops="raise KeyboardInterrupt"):
    """The solution, a mistake, a file that does not parse, one that stops, one that exits, none at all, in a .zip."""
    submission(folder / "ada")
    submission(folder / "bob", cell=BUGS["carry-dropped"].apply)
    submission(
        folder / "cyd", ops=lambda text: "def tanh_backward(:\n" + text.replace("def tanh_backward", "def other")
    )
    submission(folder / "dan", ops=lambda text: text.replace("return dy * (1 - y * y)", stops))
    submission(folder / "eve", cell=lambda text: text.replace("    xp = ", "    import os; os._exit(0)\n    xp = "))
    (folder / "fay").mkdir()
    with zipfile.ZipFile(folder / "gil.zip", "w") as file:
        for name in CELL.files:
            file.write(ROOT / name, f"my homework/{Path(name).name}")
    (folder / ".DS_Store").touch()
    return folder


def written(out, **options):
    """The table of a class that is graded, by student: cells as texts."""
    report = of_class.write(out.parent / "class", SMALL, out, limits=PATIENT, **options)
    rows = list(csv.DictReader(out.read_text("utf-8-sig").splitlines()))
    return {row["student"]: row for row in rows}, report


def fill_in(out, marks):
    """Fill marks by hand into the table, {student: {column: text}}, as a spreadsheet saves it."""
    sheet = sheets.read(out)
    for row in sheet.rows:
        for name, text in marks.get(row[0], {}).items():
            row[sheet.header.index(name)] = text
    sheets.write(out, replace(sheet, delimiter=";", mark=True, newline="\r\n"))


@pytest.fixture
def small_class(tmp_path):
    """Two of them, the right one and a mistake, and where the table goes."""
    submission(tmp_path / "class" / "ada")
    submission(tmp_path / "class" / "0012", cell=BUGS["carry-dropped"].apply)
    return tmp_path / "grades.csv"


@pytest.mark.parametrize(
    ("stops", "sentence", "limits", "jobs"),
    [
        ("raise KeyboardInterrupt", "KeyboardInterrupt", PATIENT, 1),
        pytest.param("while True: pass", "still running", fence.Limits(20, None), 2, marks=pytest.mark.long),
    ],
    ids=["one stops", "one hangs"],
)
def test_a_class_is_graded_and_one_that_was_stopped_goes_on(tmp_path, stops, sentence, limits, jobs):
    folder, out = a_class(tmp_path / "class", stops), tmp_path / "grades.csv"
    report = of_class.write(folder, SMALL, out, jobs, limits)
    rows = {row["student"]: row for row in report.rows}
    code = {student: row["code"] for student, row in rows.items()}
    assert code["ada"] == code["gil"] == 80 and code["cyd"] == code["dan"] == 50 and code["fay"] == 0
    assert code["eve"] == 30 and 30 <= code["bob"] < 80
    assert "does not parse" in rows["cyd"]["remark"] and sentence in rows["dan"]["remark"]
    assert not report.changes and not (tmp_path / "grades" / "changes.csv").exists()
    students = [row["student"] for row in csv.DictReader(out.read_text("utf-8-sig").splitlines())]
    assert students == [table.MAXIMUM, *sorted(code)]

    def everything():
        return {path: path.read_bytes() for path in tmp_path.glob("grades*/**/*") if path.is_file()}

    first, kept = out.read_bytes(), everything()
    results = tmp_path / "grades" / "results"
    (results / "eve.json").unlink()  # as if the grader had been killed before this one, and while writing the next
    (results / "cyd.json").write_text('{"tests": [')
    out.unlink()
    untouched = (results / "dan.json").stat().st_mtime_ns
    of_class.write(folder, SMALL, out, 1, limits)
    assert out.read_bytes() == first and everything() == kept
    assert (results / "dan.json").stat().st_mtime_ns == untouched


def test_the_table_has_maxima_and_empty_columns_for_what_is_marked_by_hand(small_class):
    rows, _ = written(small_class)
    columns = ["T1.1", "T1.3", "code", "T1.Q1", "T1.Q2", "score"]
    assert [rows[table.MAXIMUM][name] for name in columns] == ["30", "50", "80", "15", "5", "100"]
    assert [rows["ada"][name] for name in columns] == ["30", "50", "80", "", "", ""]


def test_marks_by_hand_stay_and_make_a_score_of_100(small_class):
    written(small_class)
    ours = {"T1.Q1": "12,5", "T1.Q2": "4", "adjustment": "-10", "comment": "=well done"}
    fill_in(small_class, {"ada": ours, "0012": {"T1.Q1": "3"}})
    text = small_class.read_text("utf-8-sig").replace("\n0012;", "\n12;")  # as Excel saves it
    small_class.write_text(text.replace("remark\n", "remark;tutor\n"), "utf-8")
    for _ in range(2):
        rows, report = written(small_class)
        assert [rows["ada"][name] for name in ("T1.Q1", "T1.Q2", "adjustment", "score")] == ["12.5", "4", "-10", "86.5"]
        assert rows["ada"]["comment"] == "'=well done" and rows["0012"]["T1.Q1"] == "3" and not rows["0012"]["score"]
        assert "tutor" in rows["ada"] and not report.notes
    page = (small_class.parent / "grades" / "feedback" / "ada.html").read_text("utf-8")
    assert "86.5 of 100 points" in page and "=well done" in page

    (small_class.parent / "class" / "0012").rename(small_class.parent / "class" / "zoe")
    rows, report = written(small_class)
    assert rows["0012"]["T1.Q1"] == "3" and "0012 has marks, but is not in the folder" in report.notes


@pytest.mark.parametrize(
    ("marks", "sentence"),
    [
        ({"ada": {"T1.Q1": "16"}}, r"row 4: T1\.Q1 has 15 points, not 16"),
        ({"ada": {"T1.Q1": "-1"}}, "has 15 points, not -1"),
        ({"ada": {"T1.Q2": "good"}}, "row 4, T1\\.Q2: 'good' is no number"),
        ({"ada": {"student": "0012"}}, "two rows of '0012'"),
    ],
)
def test_marks_that_are_none_are_refused(small_class, marks, sentence):
    written(small_class)
    fill_in(small_class, marks)
    with pytest.raises(InputError, match=sentence):
        written(small_class)


def test_a_mended_test_grades_its_own_task_again_and_lists_what_has_changed(small_class, monkeypatch):
    rows, _ = written(small_class)
    fill_in(small_class, {"ada": {"T1.Q1": "7"}})
    graded, task = [], grade._task
    monkeypatch.setattr(grade, "_task", lambda m, t, *rest: graded.append(t.id) or task(m, t, *rest))
    assert written(small_class)[0]["ada"]["T1.Q1"] == "7" and not graded

    driver = DRIVERS["tanh_backward"]
    monkeypatch.setitem(DRIVERS, "tanh_backward", replace(driver, what={"dz": "the gradient, in other words"}))
    fingerprint._tests.clear()
    report = written(small_class)[1]
    assert graded == ["T1.1", "T1.1"] and not report.changes  # nothing that a right solution says has changed

    monkeypatch.setitem(DRIVERS, "tanh_backward", replace(driver, run=lambda package, inputs: {"dz": inputs["dy"]}))
    fingerprint._tests.clear()
    graded.clear()
    monkeypatch.setattr(grade, "_task", lambda m, t, *rest: graded.append(t.id) or _without_points(task(m, t, *rest)))
    rows, report = written(small_class)
    assert graded == ["T1.1", "T1.1"] and rows["ada"]["T1.1"] == "0" and rows["ada"]["T1.Q1"] == "7"
    (bob, ada) = report.changes
    assert {**ada, "when": ""} == {
        "student": "ada", "when": "", "task": "T1.1", "before": 30, "after": 0,
        "why": "the test, its points or the limits",
    }  # fmt: skip
    assert bob["student"] == "0012"
    changes = sheets.read(small_class.parent / "grades" / "changes.csv")
    assert [row[:4] for row in changes.rows] == [["0012", "T1.1", "30", "0"], ["ada", "T1.1", "30", "0"]]
    graded.clear()
    assert len(report.new) == 2
    again = written(small_class)[1]
    assert again.changes == report.changes and not graded  # they stay on the list


def _without_points(entries):
    return [entry | {"score": 0.0} for entry in entries]


def test_another_submission_is_graded_again_and_said_to_be_one(small_class):
    written(small_class)
    submission(small_class.parent / "class" / "ada", cell=BUGS["carry-dropped"].apply)
    (change,) = written(small_class)[1].changes
    assert (change["student"], change["task"], change["why"]) == ("ada", "T1.3", "another submission")


def test_a_fingerprint_knows_what_a_result_rests_on(monkeypatch):
    texts, unread = {"a.py": "x = 1\n"}, {}

    def prints(manifest=SMALL, student="ada", limits=None, texts=texts):
        fingerprint._tests.clear()
        return fingerprint.of_tasks(manifest, texts, unread, student, limits)

    first = prints()
    assert first == prints(limits=fence.Limits()) and first.keys() == {"T1.1", "T1.3"}
    for others in (prints(student="bob"), prints(limits=PATIENT), prints(texts={"a.py": "x = 2\n"})):
        assert all(others[task] != first[task] for task in first)
    told = replace(SMALL, tasks=(replace(SMALL.tasks[0], text="other words", title="Other"), SMALL.tasks[1]))
    assert prints(told) == first
    worth = replace(SMALL, tasks=(replace(SMALL.tasks[0], points=40), SMALL.tasks[1]))
    assert prints(worth)["T1.1"] != first["T1.1"] and prints(worth)["T1.3"] == first["T1.3"]
    bugs = [replace(bug, sentence="else") if bug.name == "tanh-unsquared" else bug for bug in mutants.load()]
    monkeypatch.setattr(mutants, "load", lambda: bugs)
    assert prints()["T1.1"] != first["T1.1"] and prints()["T1.3"] == first["T1.3"]


def test_a_helper_of_a_driver_is_part_of_it(monkeypatch):
    from course.drivers import grid

    driver = DRIVERS["raster_backward"]
    before = fingerprint._of_driver(driver)
    assert before == fingerprint._of_driver(driver)
    helpers = [name for name in dict(before[1]) if name.startswith("course.drivers.")]
    assert len(helpers) >= 2, helpers
    assert grid.__name__ in " ".join(helpers)


def test_who_is_slow_is_told(small_class):
    text = "While ada waits: the code was still running after 10 seconds"
    rows = [{"student": "ada", "remark": text}]
    (note,) = of_class._notes([], rows, None)
    assert "the code of 1 was stopped" in note and "--cpu-seconds" in note


# --- pages ----------------------------------------------------------------------------------------------------------

NASTY = "<script>alert(1)</script>\u0000\u001b[31m&amp;"


def test_pages_hold_nothing_of_a_student_as_markup(tmp_path):
    folder = submission(tmp_path / "class" / "<script>", cell=BUGS["carry-dropped"].apply)
    (folder / "answers.md").write_text(f"## T1.Q1 Why (15 points)\n\nWhy?\n\n**Answer:**\n\n{NASTY} $x^2$\n")
    cell = folder / "gca_scratch" / "network" / "cell.py"
    cell.write_text(cell.read_text().replace("    xp = ", f"    print({NASTY!r})\n    xp = "))
    out = tmp_path / "grades.csv"
    of_class.write(tmp_path / "class", SMALL, out, limits=PATIENT)
    fill_in(out, {"<script>": {"comment": "<b>bold</b>"}})
    of_class.write(tmp_path / "class", SMALL, out, limits=PATIENT)
    pages = [path.read_text("utf-8") for path in (tmp_path / "grades").rglob("*.html")]
    assert len(pages) == 3
    for page in pages:
        assert "<script" not in page and "<b>bold" not in page and "\x1b" not in page and "\0" not in page
        assert not re.search(r"(src|href)=[\"']?(https?:)?//", page) and 'name="viewport"' in page
    assert any("&lt;script&gt;alert(1)" in page for page in pages)
    (feedback,) = (tmp_path / "grades" / "feedback").glob("*.html")
    assert "&lt;b&gt;bold" in feedback.read_text("utf-8")


def test_answers_are_found_below_their_questions():
    text = "# A1\n\n## A1.Q1 One (10 points)\n\nWhat?\n\n**Answer:**\n\nThis.\n\n## A1.Q2 Two\nno mark, That.\n"
    assert marking.split(text, ["A1.Q1", "A1.Q2", "A1.Q3"]) == {
        "A1.Q1": "This.", "A1.Q2": "no mark, That.", "A1.Q3": "",
    }  # fmt: skip


def test_pictures_that_an_answer_names_are_in_the_sheet(tmp_path):
    folder = submission(tmp_path / "class" / "ada")
    (folder / "answers.md").write_text("## T1.Q1 Why\n\n**Answer:**\n\nSee ![loss](figures/loss.png) and gone.png.\n")
    (folder / "figures").mkdir()
    (folder / "figures" / "loss.png").write_bytes(b"\x89PNG")
    with zipfile.ZipFile(tmp_path / "class" / "bob.zip", "w") as archive:
        for path in folder.rglob("*.*"):
            archive.write(path, f"A1/{path.relative_to(folder)}")
    of_class.write(tmp_path / "class", SMALL, tmp_path / "class" / "grades.csv", limits=PATIENT)
    report = of_class.write(tmp_path / "class", SMALL, tmp_path / "class" / "grades.csv", limits=PATIENT)
    assert [row["student"] for row in report.rows] == ["ada", "bob"] and not report.notes  # its own files are nobody's
    page = (tmp_path / "class" / "grades" / "marking.html").read_text("utf-8")
    assert page.count('<img alt="figures/loss.png" src="data:image/png;base64,iVBORw==">') == 2


# --- what students must not see before, and what is not there -------------------------------------------------------


def test_what_gradescope_shows_at_once_tells_nothing_of_hidden_tests(tmp_path):
    path = submission(tmp_path / "a", cell=BUGS["carry-dropped"].apply)
    results = grade.grade(path, SMALL, "ada", PATIENT)
    assert results["output"].startswith("T1.1 Slopes: 1 of 1 visible tests pass\nT1.3 Backward: 0 of 1 visible")
    hidden = [test for test in results["tests"] if test["visibility"] == "after_published"]
    assert hidden and "score" not in results
    for test in hidden:
        assert f"{test['score']:g} of" not in results["output"] and test["output"] not in results["output"]
    for test in [*results["tests"], *grade.failed(SMALL, "It failed.")["tests"]]:
        assert test["status"] in ("passed", "failed")
    assert "T1.1 Slopes: 30 of 30" in grade.summary(SMALL, results)


def test_a_submission_that_is_not_there_is_no_zero(tmp_path, capsys):
    line = ["grade", str(tmp_path / "nobody.zip"), "--assignment", "A1", "--out", str(tmp_path / "results.json")]
    assert command.main(line) == 2 and not (tmp_path / "results.json").exists()
    assert re.search(r"there is no .*nobody\.zip", capsys.readouterr().err)


def test_nothing_that_is_handed_back_holds_a_fingerprint(small_class):
    written(small_class)
    grades, marks = small_class.parent / "grades", set()
    for stored in (grades / "results").iterdir():
        about = json.loads(stored.read_text())["extra_data"]
        marks |= {about["submission"], *about["fingerprints"].values()}
    handed_back = [small_class, *(path for path in grades.rglob("*.*") if path.parent.name != "results")]
    assert len(marks) > 4 and {path.suffix for path in handed_back} >= {".html", ".csv", ".zip"}
    for path in handed_back:
        assert not any(mark.encode() in path.read_bytes() for mark in marks), path


def test_results_are_stored_as_plain_json(small_class):
    written(small_class)
    stored = json.loads((small_class.parent / "grades" / "results" / "ada.json").read_text())
    assert stored["extra_data"]["student"] == "ada" and stored["extra_data"]["changes"] == []
