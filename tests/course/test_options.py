"""Every option of `python -m course` is handed on to what it is for, and has the default that its help tells."""

import dataclasses
import json
import zipfile
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from course import __main__ as command
from course.bugs import mutants, mutation, submitted
from course.grading import fence, grade, gradescope, grading_cli
from course.manifest import ROOT, all_ids, load
from course.releasing import release, release_check
from course.results import lateness, of_class, similar_page
from gca_scratch.support.errors import InputError

A1 = load("A1")


def spy(monkeypatch, module, name, result=None):
    """The arguments of each call, and of what is named; nothing is done."""
    seen = []
    monkeypatch.setattr(module, name, lambda *arguments, **named: seen.append((arguments, named)) or result)
    return seen


def test_release(monkeypatch, capsys):
    seen = spy(monkeypatch, release, "release", "there")
    assert command.main(["release", "A1", "--out", "x", "--student", "ada", "--solved", "--name-mistakes"]) == 0
    assert command.main(["release", "A1", "--out", "x"]) == 0
    assert seen == [((A1, "x", "ada", True), {"named": True}), ((A1, "x", None, False), {"named": False})]
    assert capsys.readouterr().out == "there\nthere\n"


def test_release_check(monkeypatch):
    seen = spy(monkeypatch, release_check, "main", 1)
    assert command.main(["release-check", "A2", "A4", "--working-tree", "--all-pairs"]) == 1
    assert command.main(["release-check"]) == 1
    assert seen == [((["A2", "A4"], True, True), {}), ((["A1", "A2", "A3", "A4", "A5"], False, False), {})]


def test_grade(monkeypatch, tmp_path):
    results = {"tests": [], "extra_data": {"notes": []}}
    seen, written = spy(monkeypatch, grade, "grade", results), spy(monkeypatch, grade, "write")
    line = ["grade", str(tmp_path), "--assignment", "A1", "--out", "out.json"]
    assert command.main([*line, "--student", "ada", "--cpu-seconds", "3", "--seconds", "4.5"]) == 0
    assert seen == [((str(tmp_path), A1, "ada", fence.Limits(cpu_seconds=3, seconds=4.5)), {})]
    assert written == [((results, "out.json"), {})]
    seen.clear()
    assert command.main(line) == 0 and seen[0][0][2:] == ("", fence.Limits(cpu_seconds=10, seconds=60))


@pytest.mark.parametrize(
    ("options", "valid"),
    [
        (["--cpu-seconds", "1", "--seconds", "0.001"], True),
        (["--cpu-seconds", "999999", "--seconds", "999999"], True),
        (["--cpu-seconds", "0"], False),
        (["--seconds", "0"], False),
        (["--seconds", "-1"], False),
        (["--cpu-seconds", "1000000"], False),
        (["--seconds", "1000000"], False),
        (["--seconds", "nan"], False),
    ],
)
def test_limits_of_time(options, valid, monkeypatch, tmp_path):
    spy(monkeypatch, grade, "grade", {"tests": [], "extra_data": {"notes": []}})
    spy(monkeypatch, grade, "write")
    line = ["grade", str(tmp_path), "--assignment", "A1", "--out", "out.json"]
    assert command.main([*line, *options]) == (0 if valid else 2)


def test_grade_all(monkeypatch, capsys):
    change = {"student": "ada", "task": "A1.1", "before": 1.0, "after": 2.5, "why": "w", "when": "now"}
    said = dataclasses.replace
    report = of_class.Report([{"code": 3}, {"code": None}], ["a note"], ["x.csv", "y", "z"],
                             [], [change, change | {"after": 1.0}])  # fmt: skip
    seen = spy(monkeypatch, of_class, "write", report)
    line = ["grade-all", "class", "--assignment", "A1", "--out", "x.csv"]
    more = ["--jobs", "3", "--roster", "r.csv", "--column", "c", "--deadline", "2027-03-01T23:59+01:00", "--points",
            "code", "--scale", "--cpu-seconds", "3", "--seconds", "4"]  # fmt: skip
    assert command.main([*line, *more]) == 0
    due = datetime.fromisoformat("2027-03-01T23:59+01:00")
    wanted = of_class.Wanted("r.csv", "c", due, "code", True)
    limits = fence.Limits(cpu_seconds=3, seconds=4)
    assert seen == [(("class", A1, "x.csv", 3, limits, wanted), {})]
    assert capsys.readouterr().out == (
        "x.csv: 1 submissions, 1 who handed in nothing\nchanged: ada, A1.1: 1 to 2.5 (w, now)\n"
        "changed: ada, A1.1: 1, other sentences (w, now)\nnote: a note\ny\nz\n"
    )
    seen.clear()
    assert command.main(line) == 0
    assert seen == [(("class", A1, "x.csv", 1, fence.Limits(), of_class.Wanted()), {})]
    assert of_class.Wanted() == said(of_class.Wanted(), roster=None, column=None, due=None, points="all", scale=False)
    assert command.main([*line, "--jobs", "0"]) == 2 and command.main([*line, "--points", "some"]) == 2


def test_similar(monkeypatch, capsys):
    seen = spy(monkeypatch, similar_page, "write", [1, 2, 3])
    line = ["similar", "class", "--assignment", "A1", "--out", "x.html"]
    assert command.main([*line, "--also", "old", "older", "--grades", "g.csv", "--least", "0.5"]) == 0
    assert command.main(line) == 0
    assert seen == [
        (("class", A1, "x.html", ["old", "older"], "g.csv", 0.5), {}), (("class", A1, "x.html", [], None, 0.75), {}),
    ]  # fmt: skip
    assert capsys.readouterr().out == "x.html: 3 pairs from 0.5 on\nx.html: 3 pairs from 0.75 on\n"
    for least, code in (("0", 2), ("1", 0), ("1.01", 2), ("0.001", 0), ("nan", 2)):
        assert command.main([*line, "--least", least]) == code


def test_gradescope(monkeypatch):
    seen = spy(monkeypatch, gradescope, "write_zip")
    line = ["gradescope", "A1", "--out", "x.zip"]
    assert command.main([*line, "--cpu-seconds", "3", "--seconds", "4"]) == 0 == command.main(line)
    limits = fence.Limits(cpu_seconds=3, seconds=4)
    assert seen == [((A1, "x.zip", ROOT, limits), {}), ((A1, "x.zip", ROOT, fence.Limits()), {})]


def test_mutants(monkeypatch, capsys, tmp_path):
    bugs = mutants.load()
    ran, tables = [], spy(monkeypatch, mutation, "write_table")

    def run(chosen, jobs):
        ran.append((list(chosen), jobs))
        return [(bug, "" if bug.name == "carry-dropped" else "a test") for bug in chosen]

    monkeypatch.setattr(mutation, "run", run)
    assert command.main(["mutants", "--jobs", "3", "--out", "t.md"]) == 1  # one is not caught
    assert ran[0] == (list(bugs), 3) and tables[0][0][1] == Path("t.md") and len(tables[0][0][0]) == len(bugs)
    said = capsys.readouterr().out
    assert f"{len(bugs) - 1} of {len(bugs)} planted bugs are caught\n" in said
    assert (
        f"not caught: carry-dropped (network/cell.py, step_backward): {mutants.named('carry-dropped').sentence}" in said
    )
    assert command.main(["mutants", "--only", "dU-mean"]) == 0 and ran[1] == ([mutants.named("dU-mean")], 2)
    assert command.main(["mutants", "--quick"]) in (0, 1) and ran[2] == (list(bugs[::10]), 2)
    assert len(tables) == 1  # of all bugs alone
    assert command.main(["mutants", "--only", "nobody"]) == 2


def test_mistakes(monkeypatch, capsys):
    task, bug = A1.task("A1.3"), mutants.named("carry-dropped")
    rows = [(task, bug, True, 18.0, 18.0), (task, bug, False, 20.0, 44.0)]
    seen = spy(monkeypatch, submitted, "write", (None, rows))
    assert command.main(["mistakes", "--students", "3", "--out", "m.md"]) == 0
    assert seen == [((Path("m.md"), ["student 0", "student 1", "student 2"]), {})]
    assert capsys.readouterr().out == "m.md: 2 planted bugs, 1 of them named, 3 students\n"
    seen.clear()
    assert command.main(["mistakes"]) == 0
    assert seen[0][0][0] == ROOT / "docs" / "course-mistakes.md" and len(seen[0][0][1]) == 20
    rows.append((task, bug, True, 45.0, 45.0))  # all points, though it is there
    assert command.main(["mistakes"]) == 1
    assert "not seen in the hidden tests of some student: carry-dropped in A1.3" in capsys.readouterr().out
    assert command.main(["mistakes", "--students", "0"]) == 2


def test_diagnosis(monkeypatch, capsys):
    rows = [(None, "A1.3", True, []), (None, "A1.3", False, []), (None, "", True, [])]
    monkeypatch.setattr(mutation, "diagnosed", lambda: rows)
    seen = spy(monkeypatch, mutation, "write_diagnosis")
    assert command.main(["diagnosis", "--out", "d.md"]) in (0, None) and command.main(["diagnosis"]) in (0, None)
    assert [place for (_, place), _ in seen] == [Path("d.md"), ROOT / "docs" / "tables" / "diagnosis.md"]
    assert capsys.readouterr().out == "2 of 3 planted bugs are named correctly\n" * 2


def test_tables_lie_among_the_documents():
    assert grading_cli.TABLES == ROOT / "docs" / "tables" and (grading_cli.TABLES / "mutants.md").is_file()


# --- Gradescope -------------------------------------------------------------------------------------------------------


def test_limits_travel_in_the_zip_and_are_those_of_grading(tmp_path, monkeypatch):
    limits = fence.Limits(cpu_seconds=7, seconds=None, memory=123456789, file_size=7654321)
    gradescope.write_zip(A1, tmp_path / "a.zip", ROOT, limits)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        inside = {name: archive.read(name).decode() for name in ("limits.json", "assignment.txt", "requirements.txt")}
        modes = {info.filename: info.external_attr >> 16 for info in archive.infolist()}
    assert json.loads(inside["limits.json"]) == dataclasses.asdict(limits) and inside["assignment.txt"] == "A1\n"
    assert [line.split(">")[0].split("=")[0] for line in inside["requirements.txt"].split()] != []
    assert {name for name, mode in modes.items() if mode == 0o755} == {"setup.sh", "run_autograder"}
    assert set(modes.values()) == {0o755, 0o644}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUTOGRADER_PREFIX", str(tmp_path / "prefix"))
    for name in ("limits.json", "assignment.txt"):
        Path(name).write_text(inside[name])
    (tmp_path / "prefix").mkdir()
    users = [{"email": "eve@x.org"}, {"id": 7}, {"email": "ada@x.org", "id": 3}]
    (tmp_path / "prefix" / "submission_metadata.json").write_text(json.dumps({"users": users}))
    seen, written = spy(monkeypatch, grade, "grade", "results"), spy(monkeypatch, grade, "write")
    assert gradescope.autograde() == 0
    assert seen == [((tmp_path / "prefix" / "submission", A1, "7 ada@x.org eve@x.org", limits), {})]
    assert written == [(("results", tmp_path / "prefix" / "results" / "results.json"), {})]

    def broken(*arguments):
        raise RuntimeError("oh")

    monkeypatch.setattr(grade, "grade", broken)
    assert gradescope.autograde() == 0
    (results, _), _ = written[1]
    assert results == grade.failed(A1, "The grader itself failed (RuntimeError: oh); tell your instructor.")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"users": 3}', '{"users": [3]}'])
def test_metadata_that_is_none_is_nobodys(text, tmp_path):
    assert gradescope.student_of(tmp_path) == ""
    (tmp_path / "submission_metadata.json").write_text(text)
    assert gradescope.student_of(tmp_path) == ""


def test_a_grader_that_fails_gives_no_points_and_says_so():
    found = grade.failed(A1, "It failed.")
    assert found["output"] == "It failed." and found["output_format"] == "text"
    assert [test["number"] for test in found["tests"]] == ["A1.1", "A1.2", "A1.3"]
    for test, points in zip(found["tests"], (10, 25, 45), strict=True):
        assert (test["score"], test["max_score"], test["status"]) == (0, points, "failed")
        assert test["visibility"] == "visible" and test["output"] == "It failed."


# --- deadlines --------------------------------------------------------------------------------------------------------


def test_a_deadline_has_a_zone_and_a_day_ends_at_midnight():
    assert lateness.deadline("2027-03-01T23:59+01:00") == datetime.fromisoformat("2027-03-01T22:59+00:00")
    day = lateness.deadline("2027-03-01")
    assert (day.year, day.month, day.day, day.hour, day.minute) == (2027, 3, 2, 0, 0) and day.tzinfo
    for text in ("", "soon", "2027-13-01", "2027-03-01T25:00"):
        with pytest.raises(InputError, match="is no time; write it as 2027-03-01T23:59"):
            lateness.deadline(text)


def test_assignments_are_five():
    assert all_ids() == ["A1", "A2", "A3", "A4", "A5"] and SimpleNamespace(**vars(A1)).id == "A1"
