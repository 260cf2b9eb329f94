"""One hand-in: whose it is, where it lies, when it came."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

LONGEST = 120  # bytes of a file's name


@dataclass(frozen=True)
class Handin:
    """What one student has handed in.

    student: what the row and the files are called, and what the hidden numbers are drawn from.  paths: the files and
    folders; none where nothing came.  lms: where they were downloaded.  id: the LMS's own number.  known_as: whatever
    else names this person (e-mail, login, number, name), in small letters.  name: to be read.  when: None where nobody
    says.  late: that the LMS calls it so.  names: what the files were called before the LMS put more in front.
    """

    student: str
    paths: tuple[Path, ...] = ()
    lms: str = ""
    id: str = ""
    known_as: tuple[str, ...] = ()
    name: str = ""
    when: datetime | None = None
    late: bool = False
    names: tuple[str, ...] = ()

    @property
    def file(self):
        """What files about this student are called, without an ending; never too long for a file system."""
        return file_name(self.student)


def file_name(student):
    """A student's name as that of a file."""
    name = student.encode("utf-8", "surrogatepass")
    if len(name) <= LONGEST:
        return student
    return name[: LONGEST - 20].decode("utf-8", "ignore") + "-" + hashlib.sha256(name).hexdigest()[:12]
