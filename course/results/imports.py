"""What goes back to the LMS: its own export with grades and feedback filled in, and a zip of the feedback pages."""

import html as markup
import io
import zipfile

from gca_scratch.support.errors import InputError
from gca_scratch.support.writing import replacing

from . import canvas, feedback, moodle, sheets

WHEN = (2020, 1, 1, 0, 0, 0)  # of the files in a zip, so that the same pages give the same bytes


def column(people, manifest, wanted):
    """Where grades go in the roster: Canvas's column, None for others. Raises InputError where maxima do not agree."""
    if not people.lms:
        return None
    found = canvas.column(people.sheet, manifest.id, wanted.column) if people.lms == "canvas" else None
    theirs = canvas.maximum(people.sheet, found) if people.lms == "canvas" else moodle.maximum(people.sheet)
    ours = most(manifest, wanted)
    if theirs and theirs != ours and not wanted.scale:
        raise InputError(
            f"{people.sheet.path}: the assignment has {theirs:g} points there, and {ours} here; change it there, or "
            "give --scale"
        )
    return found


def most(manifest, wanted):
    """The maximum of what is given back."""
    return manifest.points if wanted.points == "all" else sum(task.points for task in manifest.tasks)


def write(people, column, manifest, rows, place, wanted):
    """Write the import file; returns its path, and sentences on what was left out.

    rows: {row of the roster: the student's cells of grades.csv}. Who has no grade yet is left out, for an empty cell
    would clear or delete what is there.
    """
    theirs = canvas.maximum(people.sheet, column) if people.lms == "canvas" else moodle.maximum(people.sheet)
    factor = theirs / most(manifest, wanted) if theirs and wanted.scale else 1
    name = "score" if wanted.points == "all" else "code"
    points = {row: cells[name] * factor for row, cells in rows.items() if cells[name] is not None}
    notes = []
    if len(points) < len(rows):
        notes.append(f"{len(rows) - len(points)} have no score yet, and are not in the import file: fill in the marks "
                     "of the questions, or give --points code")  # fmt: skip
    if people.lms == "canvas":
        filled = canvas.filled(people.sheet, column, points)
    else:
        told = {row: (value, markup.escape(feedback.summary(manifest, rows[row]))) for row, value in points.items()}
        filled, left = moodle.filled(people.sheet, told, f"{manifest.id}: ")
        if left:
            notes.append(f"{left} have a comment in Moodle that is not from here; it stays as it is")
    path = place / f"import-{people.lms}.csv"
    sheets.write(path, filled)
    return path, notes


def feedback_zip(manifest, handins, place):
    """Write feedback.zip, with the pages named as the LMS that the hand-ins are from takes them back; returns its path.

    Moodle knows a folder by its participant's number. Canvas knows a file by the numbers of user and attachment, and
    gives it the attachment's old name: so there the page lies in a zip where the attachment was one.
    """
    path = place / "feedback.zip"
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for handin in handins:
            page = (place / "feedback" / f"{handin.file}.html").read_bytes()
            name = f"{manifest.id}-feedback.html"
            if handin.lms == "moodle":
                _add(archive, f"{handin.name.replace('_', ' ')}_{handin.id}_assignsubmission_file/{name}", page)
            elif handin.lms == "canvas":
                attached = min((path.name for path in handin.paths), key=lambda name: not name.lower().endswith(".zip"))
                _add(archive, attached, _zipped(name, page) if attached.lower().endswith(".zip") else page)
            else:
                _add(archive, f"{handin.file}.html", page)
    return path


def _zipped(name, content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        _add(archive, name, content)
    return file.getvalue()


def _add(archive, name, content):
    entry = zipfile.ZipInfo(name.encode("utf-8", "replace").decode(), WHEN)
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    archive.writestr(entry, content)
