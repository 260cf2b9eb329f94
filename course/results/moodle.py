"""Moodle: its offline grading worksheet, given back with grade and feedback filled in, row by row, and no other change.

The header is in the language of whoever downloaded it, so the columns are found by what they hold where their names are
not known. Rows without a grade are left out: an empty feedback would delete the comment that is there.
"""

import dataclasses
import re

from gca_scratch.support.errors import InputError

from . import sheets

GRADE = ("grade", "bewertung", "note", "calificación", "voto", "valutazione", "nota", "cijfer", "avaliação")
MAXIMUM = ("maximum grade", "bestwertung", "höchstbewertung", "note maximale", "calificación máxima", "nota máxima",
           "valutazione massima", "maximaal cijfer", "avaliação máxima", "punteggio massimo")  # fmt: skip
NAMES = ("full name", "vollständiger name", "nom complet", "nombre completo", "nome completo", "volledige naam",
         "nombre", "nome", "name", "nom")  # fmt: skip
SUBMITTED = ("last modified (submission)", "zuletzt geändert (abgabe)", "dernière modification (travail remis)",
             "última modificación (entrega)", "ultima modifica (consegna)")  # fmt: skip
FEEDBACK = ("feedback comments", "feedback als kommentar", "commentaires (feedback)", "feedback par commentaires",
            "comentarios de retroalimentación", "commenti feedback", "feedback comments (text)")  # fmt: skip


def is_worksheet(sheet):
    """Is it an offline grading worksheet: every row begins with "Participant 123", in whatever language?"""
    first = [row[0].strip() for row in sheet.rows]
    return bool(first) and all(re.fullmatch(r"\D+\d+", cell) for cell in first) and len(sheet.header) >= 5


def is_known(sheet):
    """Is there a column of names? Not where marking is blind."""
    return sheet.header[1].lower() in NAMES or any("@" in row[n] for row in sheet.rows for n in (2, 3))


def columns(sheet):
    """The numbers of the columns grade, maximum, submitted, feedback. Raises InputError where they cannot be told."""
    header = [name.lower() for name in sheet.header]
    found = {name: next((n for n, title in enumerate(header) if title in titles), None)
             for name, titles in (("grade", GRADE), ("maximum", MAXIMUM), ("submitted", SUBMITTED),
                                  ("feedback", FEEDBACK))}  # fmt: skip
    if found["maximum"] is None:
        found["maximum"] = next((n for n in range(2, len(header)) if _is_maximum(sheet, n)), None)
    if found["maximum"] is None:
        raise InputError(f"{sheet.path} has no column with the maximum grade; download the grading worksheet again, "
                         "with a numerical grade set for the assignment")  # fmt: skip
    maximum = found["maximum"]
    found["grade"] = maximum - 1 if found["grade"] is None else found["grade"]
    if found["submitted"] is None:
        times = [n for n in range(maximum + 1, len(header)) if any(re.search(r"\b20\d\d\b.*\d\d[:.]\d\d", row[n])
                 for row in sheet.rows)]  # fmt: skip
        found["submitted"] = times[0] if times else maximum
    if found["feedback"] is None:
        found["feedback"] = len(header) - 1 if len(header) - 1 > max(maximum, found["submitted"]) + 1 else None
    return found


def maximum(sheet):
    """The maximum grade that Moodle has."""
    return sheets.number(sheet.rows[0][columns(sheet)["maximum"]], f"{sheet.path}, row 2, maximum grade")


def filled(sheet, grades, mark):
    """The worksheet to import, and how many comments of others were left alone.

    grades: {row: (points, feedback in HTML)}.  mark: how a feedback of ours begins; what begins otherwise was written
    by somebody, and stays. Decimals are written as Moodle writes them in this file.
    """
    at = columns(sheet)
    comma = "," in sheet.rows[0][at["maximum"]]
    rows, left = [], 0
    for n, row in enumerate(sheet.rows):
        if n not in grades:
            continue
        points, feedback = grades[n]
        row = list(row)
        row[at["grade"]] = f"{points:.2f}".replace(".", "," if comma else ".")
        if at["feedback"] is not None and feedback:
            if not row[at["feedback"]].strip() or row[at["feedback"]].startswith(mark):
                row[at["feedback"]] = feedback.replace('\\"', '\\ "')  # PHP takes the two for a quote that goes on
            else:
                left += 1
        rows.append(row)
    return dataclasses.replace(sheet, rows=rows), left


def _is_maximum(sheet, n):
    """Does a column hold the same positive number in every row?"""
    cells = {row[n].strip() for row in sheet.rows}
    return len(cells) == 1 and bool(re.fullmatch(r"[1-9]\d*([.,]\d+)?", cells.pop()))
