"""A row of grades.csv, cell by cell, against numbers worked out by hand; no submission is graded here."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from course.manifest import Question, Task
from course.results import lateness, sheets, table
from gca_scratch.support.errors import InputError


def part(kind, id, points):
    return kind(id, "title", points, (), (), "") if kind is Task else kind(id, "title", points, "", "")


MANIFEST = SimpleNamespace(
    points=100,
    tasks=(part(Task, "T.1", 40), part(Task, "T.2", 35)),
    questions=(part(Question, "T.Q1", 15), part(Question, "T.Q2", 10)),
)


def results(*scores):
    """Results of (task, score) for each test; those of older versions have the task in their names."""
    tests = [
        {"name": f"{task} title: f (hidden tests)", "number": task, "score": score, "max_score": 20, "status": "failed",
         "visibility": "visible", "output": "wrong"}
        for task, score in scores
    ]  # fmt: skip
    return {"tests": tests, "output": "", "extra_data": {"notes": []}}


EARNED = results(("T.1", 12.34), ("T.1", 20), ("T.2", 8.33), ("T.2", 8.33))


def test_points_of_a_task_are_the_sum_of_its_tests_in_cents():
    assert table.points(EARNED) == {"T.1": 32.34, "T.2": 16.66}
    old = results(("T.1", 1.5), ("T.1", 2.25), ("T.2", 3))
    for test in old["tests"]:
        del test["number"]
    assert table.points(old) == {"T.1": 3.75, "T.2": 3}
    assert table.points(results(*[("T.1", 0.1)] * 10)) == {"T.1": 1.0}


def row(marks=None, earned=EARNED, **more):
    return table.row(MANIFEST, "ada", earned, marks, **more)


def test_the_score_is_code_and_marks_and_what_is_adjusted():
    marks = {"T.Q1": 11.5, "T.Q2": 0.0, "adjustment": -4.25, "comment": "late", "mine": "x"}
    cells = row(marks, name="Ada", submitted="2027-03-01", late=1)
    assert cells["code"] == 49.0 and cells["T.1"] == 32.34 and cells["T.2"] == 16.66
    assert cells["score"] == pytest.approx(49.0 + 11.5 - 4.25) and cells["mine"] == "x"
    assert (cells["student"], cells["name"], cells["submitted"], cells["days_late"]) == ("ada", "Ada", "2027-03-01", 1)
    assert (cells["T.Q1"], cells["T.Q2"], cells["adjustment"], cells["comment"]) == (11.5, 0.0, -4.25, "late")


def test_there_is_no_score_before_the_last_question_has_its_mark():
    assert row()["score"] is None and row({"T.Q1": 15})["score"] is None and row({"T.Q2": 10})["score"] is None
    assert row({"T.Q1": 0, "T.Q2": 0})["score"] == 49.0


@pytest.mark.parametrize(("adjustment", "score"), [(-1000, 0), (-49.01, 0), (-48.99, 0.01), (51, 100), (1000, 100)])
def test_the_score_lies_between_nought_and_the_points_of_the_assignment(adjustment, score):
    assert row({"T.Q1": 0, "T.Q2": 0, "adjustment": adjustment})["score"] == score


def test_who_handed_in_nothing_has_no_points_and_no_remark():
    cells = table.row(MANIFEST, "fay")
    assert [cells[name] for name in ("T.1", "T.2", "code", "T.Q1", "score")] == [None] * 5 and cells["remark"] == ""
    cells = table.row(MANIFEST, "fay", None, {"T.Q1": 10, "T.Q2": 5})  # the questions alone
    assert cells["score"] == 15 and cells["code"] is None


def test_the_table_begins_with_the_maximum_and_has_its_columns_in_order(tmp_path):
    path = tmp_path / "grades.csv"
    table.write(path, MANIFEST, [row({"T.Q1": 1, "T.Q2": 2, "mine": "x"})])
    sheet = sheets.read(path)
    assert sheet.header == [
        "student", "name", "submitted", "days_late", "T.1", "T.2", "code", "T.Q1", "T.Q2", "adjustment", "score",
        "comment", "remark", "mine",
    ]  # fmt: skip
    maximum, ada = (dict(zip(sheet.header, cells, strict=True)) for cells in sheet.rows)
    assert maximum == dict.fromkeys(sheet.header, "") | {
        "student": "(maximum)", "T.1": "40", "T.2": "35", "code": "75", "T.Q1": "15", "T.Q2": "10", "score": "100",
    }  # fmt: skip
    assert (ada["T.1"], ada["T.2"], ada["code"], ada["score"], ada["mine"]) == ("32.34", "16.66", "49", "52", "x")
    marks = table.read_marks(path, MANIFEST)
    assert marks == {"ada": {"T.Q1": 1, "T.Q2": 2, "adjustment": None, "comment": "", "mine": "x"}}


@pytest.mark.parametrize(
    ("mark", "fits"), [("0", True), ("15", True), ("15,0", True), ("15.01", False), ("-0.01", False)]
)
def test_a_mark_lies_between_nought_and_the_points_of_its_question(tmp_path, mark, fits):
    path = tmp_path / "grades.csv"
    path.write_text(f'student,T.Q1,T.Q2,adjustment\nada,"{mark}",,-3\n')
    if fits:
        assert table.read_marks(path, MANIFEST)["ada"]["T.Q1"] == float(mark.replace(",", "."))
        assert table.read_marks(path, MANIFEST)["ada"]["adjustment"] == -3
    else:
        with pytest.raises(InputError, match=r"row 2: T\.Q1 has 15 points, not"):
            table.read_marks(path, MANIFEST)


def test_a_spreadsheet_that_takes_noughts_away_is_understood():
    marks = {"12": {"T.Q1": 3}, "ada": {"T.Q1": 4}, "7": {"T.Q1": 5}, "gone": {"T.Q1": 6}, "empty": {"T.Q1": None}}
    found, lost = table.matched(marks, ["0012", "ada", "07", "007"])
    assert found == {"0012": {"T.Q1": 3}, "ada": {"T.Q1": 4}}
    assert lost == {"7": {"T.Q1": 5}, "gone": {"T.Q1": 6}}  # two may be meant by 7


@pytest.mark.parametrize(
    ("text", "value"),
    [("", None), (" ", None), ("7", 7), ("7.25", 7.25), ("7,25", 7.25), ("−3", -3), (" 1 ", 1), ("999999", 999999)],
)
def test_numbers_are_read_with_a_point_or_a_comma(text, value):
    assert sheets.number(text, "here") == value


@pytest.mark.parametrize("text", ["x", "1e6", "-1000000", "nan", "inf", "1,000.5", "1,2,3"])
def test_what_is_no_number_of_points_is_refused(text):
    with pytest.raises(InputError, match=r"here: .* is no number of points"):
        sheets.number(text, "here")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (0, "0"), (100, "100"), (7.0, "7"), (7.25, "7.25"), (24.994, "24.99"), (24.996, "25"), (-0.5, "-0.5")],
)
def test_numbers_are_written_with_two_decimals_at_most(value, text):
    assert sheets.plain(value) == text


# --- days late --------------------------------------------------------------------------------------------------------

DUE = datetime(2027, 3, 1, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "days"),
    [
        (timedelta(days=-3), 0),
        (timedelta(0), 0),
        (timedelta(seconds=1), 1),
        (timedelta(days=1), 1),
        (timedelta(days=1, seconds=1), 2),
        (timedelta(days=9, hours=23), 10),
    ],
)
def test_a_day_that_has_begun_is_a_day_late(after, days):
    handin = SimpleNamespace(when=DUE + after, late=False)
    assert lateness.days(handin, DUE) == days


def test_a_deadline_that_is_a_day_lasts_until_its_end():
    assert lateness.deadline("2027-03-01") == lateness.deadline("2027-03-02T00:00")
    assert lateness.deadline("2027-03-01T23:59+00:00") == DUE
    for late, told in ((True, "late"), (False, "")):
        assert lateness.days(SimpleNamespace(when=None, late=late), DUE) == told
        assert lateness.days(SimpleNamespace(when=DUE, late=late), None) == told


@pytest.mark.parametrize("month", range(1, 13))
def test_months_of_all_platforms(month):
    """How Moodle writes them in English, German, French, Italian, Spanish and Dutch."""
    names = (
        "January Januar janvier gennaio enero januari", "February Februar février febbraio febrero februari",
        "March März mars marzo marzo maart", "April April avril aprile abril april", "May Mai mai maggio mayo mei",
        "June Juni juin giugno junio juni", "July Juli juillet luglio julio juli",
        "August August août agosto agosto augustus", "September September septembre settembre septiembre september",
        "October Oktober octobre ottobre octubre oktober", "November November novembre novembre noviembre november",
        "December Dezember décembre dicembre diciembre december",
    )  # fmt: skip
    for name in names[month - 1].split():
        assert lateness.from_text(f"Monday, 9 {name} 2026, 14:05") == datetime(2026, month, 9, 14, 5), name
        for hour, told in ((0, "12:05 AM"), (12, "12:05 PM"), (9, "9:05 AM"), (21, "9:05 PM")):
            assert lateness.from_text(f"9 {name} 2026, {told}") == datetime(2026, month, 9, hour, 5), (name, told)
