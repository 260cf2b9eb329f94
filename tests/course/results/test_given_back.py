"""What goes back to an LMS and what is taken from it, cell by cell: noughts are grades, words of others stay."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from course.grading import grade
from course.manifest import load
from course.results import canvas, metadata, moodle, of_class, roster, sheets, table
from course.results.handin import Handin

GRADEBOOK = sheets.Sheet(
    Path("c.csv"),
    ["Student", "ID", "SIS Login ID", "Section", "T1 (7)", "Final Score"],
    [
        ["Points Possible", "", "", "", "100", ""],
        ["Ada", "1", "ada", "S", "50", "9"],
        ["Bob", "2", "bob", "S", "", "9"],
    ],
)
WORKSHEET = sheets.Sheet(
    Path("m.csv"),
    ["Identifier", "Full name", "Email address", "Grade", "Maximum grade", "Last modified (submission)",
     "Feedback comments"],
    [[f"Participant {n}", name, f"{name}@example.org", "", "100", when, said] for n, (name, when, said) in enumerate([
        ("ada", "Wednesday, 3 March 2027, 1:05 AM", "T1: 3 of 5."), ("bob", "-", "as I wrote under T1: well done"),
        ("eve", "-", ""),
    ])],
)  # fmt: skip


def test_a_nought_is_a_grade_and_takes_the_place_of_another():
    filled = canvas.filled(GRADEBOOK, 4, {1: 0, 2: 0.0})
    assert filled.header == ["Student", "ID", "SIS Login ID", "Section", "T1 (7)"]
    assert [row[4] for row in filled.rows] == ["100", "0", "0"]
    assert [row[0] for row in canvas.filled(GRADEBOOK, 4, {2: 7.125}).rows] == ["Points Possible", "Bob"]
    assert canvas.filled(GRADEBOOK, 4, {2: 7.125}).rows[1] == ["Bob", "2", "bob", "S", "7.12"]


def test_a_comment_that_speaks_of_the_assignment_is_not_ours():
    """Ours begins with its name."""
    filled, left = moodle.filled(WORKSHEET, {0: (0, "T1: new"), 1: (50, "T1: new"), 2: (12.5, "T1: new")}, "T1: ")
    assert [row[6] for row in filled.rows] == ["T1: new", "as I wrote under T1: well done", "T1: new"] and left == 1
    assert [row[3] for row in filled.rows] == ["0.00", "50.00", "12.50"]
    assert moodle.filled(WORKSHEET, {2: (1, "T1: new")}, "T1: ")[1] == 0


def test_a_time_that_is_known_is_not_overruled():
    people = roster.Roster("moodle", WORKSHEET, [
        roster.Person(0, "Ada", "1", frozenset({"ada"}), datetime(2027, 3, 3, 1, 5)),
        roster.Person(1, "Bob", "2", frozenset({"bob"}), datetime(2027, 3, 4)),
        roster.Person(2, "Eve", "3", frozenset({"eve"}), None),
    ])  # fmt: skip
    mine = datetime(2027, 3, 1, tzinfo=UTC)
    given = [Handin("ada", known_as=("ada",), when=mine), Handin("bob", known_as=("bob",)),
             Handin("eve", known_as=("eve",)), Handin("zoe", known_as=("zoe",))]  # fmt: skip
    assert [h.when for h in roster.timed(people, given)] == [mine, datetime(2027, 3, 4), None, None]


def test_only_noughts_at_the_beginning_are_lost_in_a_spreadsheet():
    one = {"T.Q1": 5.0}
    assert table.matched({"12": one}, ["0012", "120"]) == ({"0012": one}, {})
    assert table.matched({"120": one}, ["0012", "120"]) == ({"120": one}, {})
    assert table.matched({"12": one}, ["120", "1200"]) == ({}, {"12": one})
    assert table.matched({"12": one}, ["0012", "012"]) == ({}, {"12": one})  # whose it is cannot be told


@pytest.mark.parametrize("listed", [False, True])
def test_what_has_changed_this_time_is_told_apart_from_what_had_changed(listed, tmp_path, monkeypatch):
    """A list of people that is no LMS's gets no import file."""
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "ada.py").write_text("x = 1\n")
    now = datetime.now(UTC) + timedelta(seconds=1)
    changes = [{"when": when.isoformat(), "task": "A1.1", "before": 1.0, "after": 2.0, "why": "another submission"}
               for when in (now - timedelta(days=1), now)]  # fmt: skip
    results = grade.failed(load("A1"), "it is so")
    results["extra_data"] |= {"changes": changes}
    monkeypatch.setattr(of_class.grade_all, "grade_all", lambda *given: {"ada": results})
    (tmp_path / "people.csv").write_text("name,email\nAda,ada\nBob,bob@example.org\n")
    wanted = of_class.Wanted(roster=str(tmp_path / "people.csv") if listed else None)
    report = of_class.write(tmp_path / "class", load("A1"), tmp_path / "grades.csv", wanted=wanted)
    assert [change["when"] for change in report.changes] == [change["when"] for change in changes]
    assert [change["when"] for change in report.new] == [changes[1]["when"]] and report.new[0]["student"] == "ada"
    assert not any("import" in path.name for path in report.files)
    assert [row["student"] for row in report.rows] == ["ada"] + ["bob@example.org"] * listed


def test_a_time_keeps_its_zone_and_one_without_is_in_utc():
    assert metadata._time("2027-03-01T10:00:00-08:00") == datetime(2027, 3, 1, 18, tzinfo=UTC)
    assert metadata._time(datetime(2027, 3, 1, 10)) == datetime(2027, 3, 1, 10, tzinfo=UTC)
    assert metadata._time("2027-03-01 10:00:00") == datetime(2027, 3, 1, 10, tzinfo=UTC)
    assert metadata._time("soon") is None and metadata._time(7) is None
