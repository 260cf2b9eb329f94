"""Who handed in what, and when: a folder as an LMS or an instructor leaves it. Nothing is passed over in silence.

Moodle      Ada Lovelace_123_assignsubmission_file/x.zip, or with the file's name behind: ..._file_x.zip
Canvas      lovelaceada_LATE_1234_5678_x.zip: user, attachment; LATE where it was
Gradescope  submission_98765/ beside submission_metadata.yml, which has names and times
Blackboard  A1_ada_attempt_2027-03-01-23-59-00_x.zip, which has the time
anything    ada.zip, ada.tar.gz, ada.py, ada/, or A1-ada-submission.zip as `make submit` packs it
"""

import dataclasses
import re
from datetime import datetime
from pathlib import Path

from gca_scratch.support.errors import InputError, shown

from ..grading.reading import ARCHIVES, UNREAD, suffix
from . import metadata
from .handin import Handin

READ = (".py", *ARCHIVES)  # in capitals or not
MEANT = (*UNREAD, ".ipynb", ".pdf", ".docx", ".txt", ".md", ".html")  # but not read
MOODLE = re.compile(r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_[a-z]+(?:_(?P<file>.*))?", re.DOTALL)
CANVAS = re.compile(
    r"(?:(?P<name>\w+?)_)??(?P<late>LATE_)?(?P<id>\d+|anon_[A-Za-z0-9]+)_"
    r"(?:(?P<attachment>\d+)_(?P<file>.+)|text\.html|link\.html)",
    re.DOTALL,
)
BLACKBOARD = re.compile(r".+?_(?P<id>[^_]+)_attempt_(?P<when>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)", re.DOTALL)
PACKED = re.compile(r"A\d+-(?P<id>.+)-submission(?: ?\(\d+\)|-\d+)?", re.DOTALL)


def collect(folder, ours=()):
    """The hand-ins in a folder, in order, and sentences on everything else that lies there: ([Handin], [sentence]).

    ours: paths that are written here, and nobody's.
    Raises InputError if the folder cannot be read, or two submissions of a plain folder are one student's.
    """
    try:
        ours = {path.resolve() for path in ours}
        places = sorted(place for place in Path(folder).iterdir() if place.resolve() not in ours)
    except OSError as error:
        raise InputError(f"{folder} cannot be read ({error.strerror}); give the folder of submissions") from error
    about, places, notes = metadata.gradescope(Path(folder), places)
    found, hidden, canvas = {}, [], _is_canvas(places)
    for place in places:
        if place.name.startswith((".", "__MACOSX")) or place.name in ("Thumbs.db", "desktop.ini"):
            hidden.append(place.name)
            continue
        handin = about.get(place.name) or _named(place, canvas)
        if handin is None:
            notes.append(f"{place.name} is no submission: hand-ins are .zip, .tar.gz, .py or folders")
            continue
        found[handin.student] = _together(found.get(handin.student), handin, notes, folder)
    if hidden:
        notes.append(f"{len(hidden)} hidden files are no submissions: {', '.join(hidden[:5])}")
    for handin in found.values():
        several = [path.name for path in handin.paths if suffix(path) in ARCHIVES]
        if len(several) > 1:
            notes.append(f"{handin.student} has handed in {len(several)} archives, which are read as one: "
                         f"{', '.join(several[:5])}")  # fmt: skip
    return [found[key] for key in sorted(found)], notes


def _is_canvas(places):
    """Do names that look like Canvas's have what those have: an attachment's number of their own each?"""
    numbers = [match["attachment"] for match in (CANVAS.fullmatch(place.name) for place in places) if match]
    numbers = [number for number in numbers if number]
    return len(set(numbers)) == len(numbers)


def _together(earlier, handin, notes, folder):
    """One hand-in of two of one name: the files of an LMS belong together; of a plain folder one is the submission."""
    if earlier is None:
        return handin
    if handin.lms and handin.lms == earlier.lms:
        return dataclasses.replace(
            earlier, paths=earlier.paths + handin.paths, names=earlier.names + handin.names,
            late=earlier.late or handin.late, when=max(filter(None, (earlier.when, handin.when)), default=None),
        )  # fmt: skip
    first, second = earlier.paths[0], handin.paths[0]
    for one, other in ((handin, first), (earlier, second)):
        if suffix(other) in MEANT and not handin.lms and not earlier.lms:
            notes.append(f"{other.name} lies beside {one.paths[0].name}, and is not graded")
            return one
    raise InputError(f"{folder} holds two submissions of {shown(handin.student)}, {first.name} and {second.name}; "
                     "remove one of them")  # fmt: skip


def stem(path):
    """The name of a file or folder without its ending."""
    return path.name[: len(path.name) - len(suffix(path))]


def _named(place, canvas):
    """What the name of a file or folder says; None where it is nobody's."""
    if match := MOODLE.fullmatch(place.name):
        name = match["name"].replace("_", " ").strip()
        called = (match["file"] or place.name,)
        return Handin(
            f"{match['name']}_{match['id']}", (place,), "moodle", match["id"], (name.lower(),), name, names=called
        )
    if canvas and not place.is_dir() and (match := CANVAS.fullmatch(place.name)):
        who = match["name"] or ""
        key = f"{who}_{match['id']}" if who else match["id"]
        called = re.sub(r"-\d+\.py$", ".py", match["file"] or place.name)  # Canvas numbers what is handed in again
        return Handin(key, (place,), "canvas", match["id"], (), who, late=bool(match["late"]), names=(called,))
    if not place.is_dir() and (match := BLACKBOARD.fullmatch(place.name)):
        when = datetime.strptime(match["when"], "%Y-%m-%d-%H-%M-%S")
        called = (match["file"] or place.name,)
        return Handin(match["id"], (place,), "blackboard", "", (match["id"].lower(),), when=when, names=called)
    if not place.is_dir() and suffix(place) not in (*READ, *MEANT):
        return None
    packed = PACKED.fullmatch(stem(place))
    student = packed["id"] if packed else stem(place)
    return Handin(student, (place,), known_as=(student.lower(),), names=(place.name,))
