"""Who is in the course: Canvas's gradebook, Moodle's grading worksheet, or any list of people."""

import dataclasses
import re
from dataclasses import dataclass, field

from gca_scratch.support.errors import InputError

from . import canvas, lateness, moodle, sheets

NAMES = ("student", "name", "full name", "fullname")
SAYS_WHO = ("mail", "login", "user", "id", "number", "matr", "student", "name", "nummer")
TEST_STUDENTS = ("student, test", "test student", "test, student")


@dataclass(frozen=True)
class Person:
    """One row of a roster.

    row: its number in the sheet.  id: the LMS's own number, as its downloads have it.  known_as: e-mail, login, number,
    name, in small letters.
    """

    row: int
    name: str
    id: str = ""
    known_as: frozenset = frozenset()
    when: object = None


@dataclass(frozen=True)
class Roster:
    """A roster: lms ("canvas", "moodle", or "" for any list), its sheet, the people in it."""

    lms: str
    sheet: sheets.Sheet
    people: list = field(default_factory=list)


def load(path):
    """The roster in a file. Raises InputError if it is no table that names people."""
    sheet = sheets.read(path)
    header = [name.lower() for name in sheet.header]
    if canvas.is_export(sheet):
        rows, lms, id = canvas.people(sheet), "canvas", header.index("id")
        named = header.index("student")
    elif moodle.is_worksheet(sheet):
        rows, lms, id = range(len(sheet.rows)), "moodle", 0
        named = 1 if moodle.is_known(sheet) else 0
    else:
        rows, lms, id = range(len(sheet.rows)), "", None
        named = next((n for n, name in enumerate(header) if name in NAMES), None)
        if not any(word in name for name in header for word in SAYS_WHO):
            raise InputError(f"{path} names nobody; give Canvas's gradebook, Moodle's grading worksheet or a list of "
                             "people with a column of names or e-mail addresses")  # fmt: skip
    at = moodle.columns(sheet) if lms == "moodle" else None
    return Roster(lms, sheet, [_person(sheet, header, n, id, named, at) for n in rows])


def _person(sheet, header, n, id, named, at):
    row = sheet.rows[n]
    who = [row[c] for c, name in enumerate(header) if any(word in name for word in SAYS_WHO) and row[c]]
    if at:
        who += [cell for cell in row[1 : at["grade"]] if "@" in cell]
    first, last = (next((row[c] for c, name in enumerate(header) if name == f"{part} name"), "")
                   for part in ("first", "last"))  # fmt: skip
    name = row[named] if named is not None else f"{first} {last}".strip() or (who[0] if who else "")
    turned = " ".join(reversed([part.strip() for part in name.split(",")])) if name.count(",") == 1 else name
    known = {text.strip().lower() for text in (*who, name, turned, f"{first} {last}") if text.strip()}
    digits = re.search(r"\d+$", row[id].strip()) if id is not None else None
    when = lateness.from_text(row[at["submitted"]]) if at else None
    return Person(n, turned, digits[0] if digits else "", frozenset(known), when)


def match(roster, handins):
    """Whose hand-in each is: ({row of a person: hand-in}, sentences on what fits nobody or several).

    By the LMS's own number where the files come from that LMS; else by e-mail, login, number or name, if one person
    alone is known so. A hand-in of several people is each one's.
    """
    by_id = {person.id: person for person in roster.people if person.id}
    found, notes = {}, []
    for handin in handins:
        if handin.lms and handin.lms == roster.lms:
            people = [by_id[handin.id]] if handin.id in by_id else []
        else:
            people = _known(roster, handin)
        if not people:
            notes.append(f"{handin.student} is not in {roster.sheet.path.name}, or not alone under that name")
        for person in people:
            if person.row in found:
                notes.append(f"{person.name} has two hand-ins, {found[person.row].student} and {handin.student}; "
                             "only the first is given back to the LMS")  # fmt: skip
            found.setdefault(person.row, handin)
    return found, notes


def _known(roster, handin):
    """The people whom a hand-in names: by whatever names one of them alone, the surest first."""
    people = {}
    for name in handin.known_as:
        fits = [person for person in roster.people if name in person.known_as]
        fits = fits or [p for p in roster.people if any(known.partition("@")[0] == name for known in p.known_as)]
        if len(fits) == 1:
            people[fits[0].row] = fits[0]
    return list(people.values())


def missing(roster, matches):
    """The people who have handed in nothing, without the LMS's own test student."""
    return [p for p in roster.people if p.row not in matches and p.name and not p.known_as & set(TEST_STUDENTS)]


def timed(roster, handins):
    """The hand-ins with the times that the roster knows, where they had none."""
    matches, _ = match(roster, handins)
    times = {handin.student: person.when for person in roster.people if (handin := matches.get(person.row))}
    return [dataclasses.replace(h, when=h.when or times.get(h.student)) for h in handins]
