"""Tables as spreadsheets and platforms write them: CSV with a byte-order mark or without, commas or semicolons."""

import codecs
import csv
import io
from dataclasses import dataclass
from pathlib import Path

from gca_scratch.support.errors import InputError, shown
from gca_scratch.support.reading import read_bytes, reason
from gca_scratch.support.writing import replacing

LARGEST = 16 << 20  # bytes
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would compute


@dataclass(frozen=True)
class Sheet:
    """A table of texts: the header, the rows below it, all of the header's length, and how the file was written."""

    path: Path
    header: list[str]
    rows: list[list[str]]
    delimiter: str = ","
    mark: bool = False
    newline: str = "\n"


def read(path):
    """The table in a file, UTF-8 or what an old spreadsheet makes of it. Raises InputError if it is none."""
    try:
        content = read_bytes(path, LARGEST)
        text = _decoded(content)
        first = text.partition("\n")[0]
        delimiter = max(",;\t", key=lambda mark: _outside_quotes(first).count(mark))
        csv.field_size_limit(LARGEST)  # Moodle's worksheet holds whole texts
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{path} cannot be read ({reason(error)}); give a table as CSV") from None
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if not rows or len(rows[0]) < 2:
        raise InputError(f"{path} holds no table with a line of column names; give a CSV file as it was downloaded")
    header, width = [cell.strip() for cell in rows[0]], len(rows[0])
    for n, row in enumerate(rows[1:], 2):
        if any(row[width:]):
            raise InputError(f"{path}, row {n}: {len(row)} cells where the header has {width}; save it as CSV again")
    rows = [(row + [""] * width)[:width] for row in rows[1:]]
    newline = "\r\n" if "\r\n" in text else "\n"
    return Sheet(Path(path), header, rows, delimiter, content.startswith(codecs.BOM_UTF8), newline)


def write(path, sheet):
    """Write a table in UTF-8, whole or not at all, in the manner of the sheet."""
    with (
        replacing(path) as temporary,
        open(temporary, "w", newline="", encoding="utf-8-sig" if sheet.mark else "utf-8", errors="replace") as file,
    ):
        table = csv.writer(file, delimiter=sheet.delimiter, lineterminator=sheet.newline)
        table.writerows([sheet.header, *sheet.rows])


def number(text, where):
    """The number in a cell, with a point or a comma before its decimals; None in an empty one."""
    text = text.strip().replace("\u2212", "-")
    if not text:
        return None
    try:
        value = float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except ValueError:
        value = float("nan")
    if not abs(value) < 1e6:
        raise InputError(f"{where}: {shown(text)} is no number of points; correct it, or leave the cell empty")
    return value


def plain(value):
    """A number as it stands in a cell: at most two decimals, a point before them, "" for None."""
    return "" if value is None else f"{round(value, 2):.10g}"


def harmless(text):
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def meant(text):
    """The text that `harmless` was given."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA) else text


def _decoded(content):
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def _outside_quotes(line):
    return "".join(line.split('"')[::2])
