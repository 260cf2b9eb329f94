"""grades.csv: a row for everybody, with the points of the code; marks by hand are filled in there, and stay.

    student, name, submitted, days_late    who and when
    A1.1, A1.2, ..., code                  points of the tasks, and their sum
    A1.Q1, ..., adjustment, comment        empty: yours to fill in (an adjustment is added: -5 for a late day)
    score                                  of 100, once every question has its mark
    remark                                 what went wrong first

The first row holds the maximum. Columns that you add are kept.
"""

from gca_scratch.support.errors import InputError, shown

from . import sentences, sheets

MAXIMUM = "(maximum)"
ADJUSTMENT, COMMENT = "adjustment", "comment"


def columns(manifest):
    """The names of the columns, in order."""
    tasks, questions = ([part.id for part in parts] for parts in (manifest.tasks, manifest.questions))
    return ["student", "name", "submitted", "days_late", *tasks, "code", *questions, ADJUSTMENT, "score", COMMENT,
            "remark"]  # fmt: skip


def read_marks(path, manifest):
    """What was filled in by hand: {student: {column: number or text}}; {} where there is no table yet.

    Raises InputError for a mark that is no number or not from 0 to its question's points, and for two rows of one
    student.
    """
    if not path.exists():
        return {}
    sheet = sheets.read(path)
    if "student" not in sheet.header:
        raise InputError(f"{path} has no column student; put it back, or choose another file for --out")
    most = {question.id: question.points for question in manifest.questions}
    ours, marks = set(columns(manifest)) - {*most, ADJUSTMENT, COMMENT}, {}
    for n, row in enumerate(sheet.rows, 2):
        cells = dict(zip(sheet.header, row, strict=True))
        student = sheets.meant(cells["student"])
        if student == MAXIMUM:
            continue
        if student in marks:
            raise InputError(f"{path} has two rows of {shown(student)}; remove one of them")
        where = f"{path}, row {n}"
        found = {name: sheets.number(cells.get(name, ""), f"{where}, {name}") for name in (*most, ADJUSTMENT)}
        for name, points in most.items():
            if found[name] is not None and not 0 <= found[name] <= points:
                raise InputError(f"{where}: {name} has {points} points, not {found[name]:g}; correct the mark")
        others = {name: cells[name] for name in sheet.header if name and name not in (*ours, *found)}
        marks[student] = found | {COMMENT: ""} | {name: sheets.meant(text) for name, text in others.items()}
    return marks


def matched(marks, students):
    """The marks by the students' names as they are, where a spreadsheet has made 12 of 0012; the rest as it is."""
    lost, found = {}, {}
    for student, mark in marks.items():
        alike = [name for name in students if name not in marks and name.lstrip("0") == student.lstrip("0")]
        if student in students or len(alike) != 1:
            (found if student in students else lost)[student] = mark
        else:
            found[alike[0]] = mark
    return found, {student: mark for student, mark in lost.items() if any(mark.values())}


def points(results):
    """The points of each task in a student's results: {id: number}."""
    found = {}
    for test in results["tests"]:
        task = test.get("number") or test["name"].partition(" ")[0]
        found[task] = round(found.get(task, 0) + test["score"], 2)
    return found


def row(manifest, student, results=None, marks=None, name="", submitted="", late=""):
    """A student's cells, by column: numbers, None where there are none, texts."""
    marks = marks or {}
    earned = points(results) if results else {}
    cells = dict.fromkeys(columns(manifest)) | {task.id: earned.get(task.id) for task in manifest.tasks}
    cells |= {question.id: marks.get(question.id) for question in manifest.questions}
    cells |= {name: value for name, value in marks.items() if name not in cells}
    cells |= {"student": student, "name": name, "submitted": submitted, "days_late": late}
    cells |= {"code": round(sum(earned.values()), 2) if results else None, ADJUSTMENT: marks.get(ADJUSTMENT)}
    cells |= {COMMENT: marks.get(COMMENT, ""), "remark": sentences.remark(results) if results else ""}
    by_hand = [cells[question.id] for question in manifest.questions]
    if None not in by_hand and (results or by_hand):
        total = (cells["code"] or 0) + sum(by_hand) + (cells[ADJUSTMENT] or 0)
        cells["score"] = round(max(0, min(total, manifest.points)), 2)
    return cells


def write(path, manifest, rows):
    """Write the table: the maximum, then a row for everybody."""
    maximum = {part.id: part.points for part in (*manifest.tasks, *manifest.questions)}
    maximum |= {"student": MAXIMUM, "code": sum(task.points for task in manifest.tasks), "score": manifest.points}
    more = dict.fromkeys(name for cells in rows for name in cells if name not in columns(manifest))
    header = [*columns(manifest), *more]
    lines = [[_cell(cells.get(name)) for name in header] for cells in (maximum, *rows)]
    sheets.write(path, sheets.Sheet(path, header, lines, mark=True))


def _cell(value):
    return sheets.plain(value) if isinstance(value, int | float) else sheets.harmless(value or "")


def write_changes(path, changes):
    """Write what grading again has changed, a row each."""
    header = ["student", "task", "before", "after", "why", "when"]
    rows = [[_cell(change[name]) for name in header] for change in changes]
    sheets.write(path, sheets.Sheet(path, header, rows, mark=True))
