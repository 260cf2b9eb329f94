"""What the readers of text files share: lines and numbers, or one sentence that says where the file is damaged."""

import re
from collections.abc import Iterator
from pathlib import Path

from gca_scratch.support.errors import InputError, shown
from gca_scratch.support.reading import read_bytes, without_mark

_NUMBER = re.compile(r"[+-]?(?:\d++\.?\d*+|\.\d++)(?:[eE][+-]?\d++)?", re.ASCII)  # never tries a digit twice


def read_text(path: Path) -> bytes:
    """The bytes of a text file, without a byte-order mark before them.

    Raises InputError if the file cannot be read, or is text in UTF-16.
    """
    try:
        return without_mark(read_bytes(path))
    except ValueError as error:
        raise InputError(f"{path}: {error}.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); copy it again from the data set.") from error


def read_lines(path: Path, ended: bool = True) -> Iterator[str]:
    """The lines of an ASCII file, without their ends (LF or CRLF), one after the other, without a byte-order mark.

    Raises InputError, before the first line, if the file cannot be read, is no text or is empty, and, where every line
    is to be `ended`, if the last one ends with neither a line end nor a blank, since nothing else tells a number that
    is cut short.
    """
    try:
        text = read_text(path).decode("ascii").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a text file (byte {error.start}); copy it again from the data set.") from error
    if not text.rstrip(" ").strip("\n"):
        raise InputError(f"{path} is empty; copy it again from the data set.")
    if ended and not text.endswith(("\n", " ")):
        raise InputError(
            f"{path}, line {text.count(chr(10)) + 1}: the file is cut off, for this last line does not end; "
            "copy it again from the data set."
        )
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end + 1


def number(text: str, place: str, limit: float) -> float:
    """The number that the text is, perhaps with blanks around it; InputError, naming `place`, if it is none.

    A number of the size of `limit` or larger is refused, too: infinity, and what no file of the kind can hold.
    """
    if not _NUMBER.fullmatch(text.strip(" \t")):
        comma = _NUMBER.fullmatch(text.strip(" \t").replace(",", ".", 1))
        remedy = "write a point for each decimal comma" if comma else "repair the file or copy it again"
        raise InputError(f"{place}: {shown(text)} is not a number; {remedy}.")
    value = float(text)
    if not abs(value) < limit:
        raise InputError(f"{place}: {shown(text)} is out of range (below {limit:g}); repair the file or copy it again.")
    return value
