"""Every file of the course is whole or not there: grades, pages, tables, archives."""

import zipfile

import pytest

from course.bugs import mutation, submitted
from course.grading import fence, grade, gradescope
from course.manifest import ROOT, load
from course.results import html, imports, sheets, table
from course.results.handin import Handin
from tests.helpers.whole import written_whole

A1 = load("A1")
SHEET = sheets.Sheet(None, ["a", "b"], [["1", "2"]])
CHANGE = {"student": "ada", "task": "A1.1", "before": 1, "after": 2, "why": "w", "when": "now"}


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("results.json", lambda path: grade.write({"tests": []}, path)),
        ("page.html", lambda path: html.write(path, "<p>")),
        ("sheet.csv", lambda path: sheets.write(path, SHEET)),
        ("grades.csv", lambda path: table.write(path, A1, [table.row(A1, "ada")])),
        ("changes.csv", lambda path: table.write_changes(path, [CHANGE])),
        ("A1.zip", lambda path: gradescope.write_zip(A1, path, ROOT, fence.Limits())),
        ("mutants.md", lambda path: mutation.write_table([], path)),
        ("diagnosis.md", lambda path: mutation.write_diagnosis([], path)),
    ],
)
def test_a_file_gets_its_name_when_it_is_complete(name, write, tmp_path):
    written_whole(write, tmp_path / name)


def test_the_page_on_mistakes(tmp_path, monkeypatch):
    monkeypatch.setattr(submitted, "looked_at", list)
    monkeypatch.setattr(submitted, "left", lambda students: [])
    written_whole(lambda path: submitted.write(path, ["ada"]), tmp_path / "mistakes.md")


def test_feedback_comes_in_a_zip_named_as_each_platform_takes_it_back(tmp_path):
    (tmp_path / "feedback").mkdir()
    handins = [
        Handin("Ada_1", (tmp_path / "x.zip",), "moodle", "1", name="Ada_B Lovelace"),
        Handin("bob_2", (tmp_path / "bob_2_9_report.pdf", tmp_path / "bob_2_8_work.ZIP"), "canvas", "2"),
        Handin("cyd_3", (tmp_path / "cyd_3_7_cell.py",), "canvas", "3"),
        Handin("dan", (tmp_path / "dan.zip",)),
    ]
    for handin in handins:
        (tmp_path / "feedback" / f"{handin.student}.html").write_text(f"page of {handin.student}")
    written_whole(lambda path: imports.feedback_zip(A1, handins, path.parent), tmp_path / "feedback.zip")
    with zipfile.ZipFile(tmp_path / "feedback.zip") as archive:
        assert archive.namelist() == [
            "Ada B Lovelace_1_assignsubmission_file/A1-feedback.html", "bob_2_8_work.ZIP", "cyd_3_7_cell.py",
            "dan.html",
        ]  # fmt: skip
        assert archive.read("cyd_3_7_cell.py") == b"page of cyd_3" and archive.read("dan.html") == b"page of dan"
        inner = tmp_path / "inner.zip"
        inner.write_bytes(archive.read("bob_2_8_work.ZIP"))
        assert {info.date_time for info in archive.infolist()} == {(2020, 1, 1, 0, 0, 0)}
    with zipfile.ZipFile(inner) as archive:
        assert archive.namelist() == ["A1-feedback.html"] and archive.read("A1-feedback.html") == b"page of bob_2"
