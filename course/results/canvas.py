"""Canvas: its gradebook as it is exported, given back with one column, for the people who have a grade, and no other.

An empty cell would clear a grade, an unknown column would make a new assignment, an unknown person might enrol: so what
is not graded is left out, and every name and number stands as Canvas wrote it.
"""

import dataclasses
import re

from gca_scratch.support.errors import InputError

from . import sheets

IDENTITY = ("Student", "ID", "SIS User ID", "SIS Login ID", "Integration ID", "Root Account", "Section")
POINTS = "points possible"


def is_export(sheet):
    """Is it a gradebook of Canvas?"""
    return sheet.header[0] == "Student" and {"ID", "Section"} <= set(sheet.header)


def people(sheet):
    """The numbers of the rows that stand for people: those with an ID."""
    id = sheet.header.index("ID")
    return [n for n, row in enumerate(sheet.rows) if row[id].strip()]


def column(sheet, wanted, given=None):
    """The number of the assignment's column.

    wanted: the assignment's id, a word of its title.  given: a title or part of one instead. Raises InputError, with
    the titles that there are, where not one column alone fits.
    """
    titles = {n: name for n, name in enumerate(sheet.header) if re.search(r" ?\(\d+\)$", name)}
    word = rf"(?<!\w){re.escape(wanted)}(?!\w)"
    fits = [n for n, name in titles.items() if (given in name if given else re.search(word, name))]
    exact = [n for n in fits if given and titles[n] == given]
    if len(exact or fits) == 1:
        return (exact or fits)[0]
    there = ", ".join(titles.values()) or "none: make the assignment in Canvas first, and export the gradebook then"
    what = f"of which the title has {given!r}" if given else f"with {wanted} in its title"
    raise InputError(f"{sheet.path} has {len(fits)} columns {what}; name one with --column; there are {there}")


def maximum(sheet, column):
    """The points possible of a column, None where the export does not say."""
    for row in sheet.rows:
        if row[0].strip().lower() == POINTS:
            return sheets.number(row[column], f"{sheet.path}, Points Possible") if row[column].strip() else None
    return None


def filled(sheet, column, grades):
    """The sheet to import: identities and one column, rows of those in `grades` ({row: points}) alone.

    Returns a Sheet in the manner of the one that was exported; the row of points possible stays, as Canvas wrote it.
    """
    kept = [n for n, name in enumerate(sheet.header) if name in IDENTITY]
    rows = [
        [row[c] for c in kept] + [sheets.plain(grades[n]) if n in grades else row[column]]
        for n, row in enumerate(sheet.rows)
        if n in grades or row[0].strip().lower() == POINTS
    ]
    return dataclasses.replace(sheet, header=[sheet.header[c] for c in kept] + [sheet.header[column]], rows=rows)
