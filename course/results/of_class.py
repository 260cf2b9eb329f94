"""A class from a folder of hand-ins to everything that an instructor needs; see `write` for what lies where."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from gca_scratch.support.errors import InputError

from ..grading import grade_all
from . import collect, feedback, html, imports, lateness, marking, overview, roster, table
from .handin import Handin, file_name


@dataclass
class Report:
    """What was done: rows of the table, sentences on what did not fit, files written, results that have ever changed.

    new: those that have changed this time.
    """

    rows: list
    notes: list
    files: list
    changes: list = field(default_factory=list)
    new: list = field(default_factory=list)


@dataclass(frozen=True)
class Wanted:
    """What the instructor has asked for.

    roster: the path of a roster, or None.  column: the title of Canvas's column.  due: the deadline, or None.  points:
    "all" (of 100, once the written part is marked) or "code", for the LMS.  scale: to the LMS's own maximum.
    """

    roster: str | None = None
    column: str | None = None
    due: object = None
    points: str = "all"
    scale: bool = False


def write(folder, manifest, out, jobs=1, limits=None, wanted=None):
    """Grade a folder of hand-ins, and write the results of the class; returns a Report.

    out                       the table, `grades.csv`; marks by hand that stand in it are kept
    grades/class.html         histograms, frequent mistakes, what did not fit
    grades/marking.html       the written answers beside the rubric and the points of the code
    grades/feedback/          a page for each student; feedback.zip: the same, named as the LMS takes them back
    grades/import-canvas.csv  or import-moodle.csv: the roster with grades
    grades/changes.csv        every result that grading again has changed
    grades/results/           what the grader has found, for itself
    """
    wanted, out = wanted or Wanted(), Path(out)
    marks, began = table.read_marks(out, manifest), datetime.now(UTC).replace(microsecond=0)
    place = out.with_suffix("")
    handins, notes = collect.collect(folder, (out, place))
    if not handins:
        raise InputError(f"{folder} holds no submissions; put there one folder, .zip or .py file for each student")
    people = roster.load(wanted.roster) if wanted.roster else None
    column = imports.column(people, manifest, wanted) if people else None
    matches = {}
    if people:
        handins = roster.timed(people, handins)
        matches, unmatched = roster.match(people, handins)
        notes += unmatched
    results = grade_all.grade_all(handins, manifest, place / "results", jobs, limits)
    everybody = [*handins, *_absent(people, matches, handins)]
    marks, lost = table.matched(marks, [handin.student for handin in everybody])
    rows = [_row(manifest, handin, results.get(handin.student), marks, wanted.due) for handin in everybody]
    gone = {"remark": "not in the folder"}
    rows += [table.row(manifest, student, marks=mark) | gone for student, mark in lost.items()]
    notes += [f"{student} has marks, but is not in the folder" for student in lost]
    notes += _notes(handins, rows, wanted.due)

    by_student = {row["student"]: row for row in rows}
    report = Report(rows, notes, [out])
    _pages(manifest, everybody, results, by_student, place)
    table.write(out, manifest, rows)
    report.changes = _changes(handins, results, place / "changes.csv")
    report.new = [change for change in report.changes if datetime.fromisoformat(change["when"]) >= began]
    report.files += [place / "feedback", imports.feedback_zip(manifest, handins, place)]
    if people and people.lms:
        grades = {row: by_student[handin.student] for row, handin in matches.items()}
        path, sentences = imports.write(people, column, manifest, grades, place, wanted)
        report.files += [path]
        report.notes += sentences
    html.write(place / "marking.html", marking.page(manifest, handins, by_student, results))
    html.write(place / "class.html", overview.page(manifest, rows, results, report.notes, report.changes))
    report.files += [place / "marking.html", place / "class.html"]
    return report


def _absent(people, matches, handins):
    """A hand-in of nothing for each who has handed in nothing."""
    taken, found = {handin.student for handin in handins}, []
    for person in roster.missing(people, matches) if people else []:
        name = next((known for known in sorted(person.known_as) if "@" in known), "") or person.name
        student = name if name not in taken else f"{name} {person.row}"
        taken.add(student)
        found.append(Handin(student, name=person.name, id=person.id))
    return found


def _row(manifest, handin, results, marks, due):
    late = lateness.days(handin, due)
    when = lateness.zoned(handin.when).isoformat(" ", "minutes") if handin.when else ""
    row = table.row(manifest, handin.student, results, marks.get(handin.student), handin.name, when, late)
    if results is None:
        row["remark"] = "handed in nothing"
    elif results["extra_data"]["notes"] and not row["remark"]:
        row["remark"] = results["extra_data"]["notes"][0]
    return row


def _notes(handins, rows, due):
    unknown = sum(handin.when is None for handin in handins)
    if due is not None and unknown:
        yield f"when {unknown} of {len(handins)} were handed in is not known: neither names nor roster say it"
    stopped = [row["student"] for row in rows if "still running" in row["remark"]]
    if stopped:
        yield (f"the code of {len(stopped)} was stopped by the limits of time ({', '.join(stopped[:5])}); on a slow "
               "machine give more: --cpu-seconds 60 --seconds 600")  # fmt: skip


def _pages(manifest, everybody, results, by_student, place):
    """The feedback pages; those of people who are gone go, too."""
    folder = place / "feedback"
    folder.mkdir(parents=True, exist_ok=True)
    kept = {f"{file_name(handin.student)}.html" for handin in everybody}
    for path in folder.glob("*.html"):
        if path.name not in kept:
            path.unlink()
    for handin in everybody:
        page = feedback.page(manifest, by_student[handin.student], results.get(handin.student))
        html.write(folder / f"{handin.file}.html", page)


def _changes(handins, results, path):
    """Everything that grading again has changed, in a file and as rows; no file where nothing has."""
    found = [
        {"student": handin.student} | change
        for handin in handins
        for change in results[handin.student]["extra_data"]["changes"]
    ]
    if found:
        table.write_changes(path, found)
    return found
