"""What the numbers of a recording mean: the vertical, the unit, the handedness, the frame rate, and who says so.

It keeps what else is known of whole data sets, too: the protocol that their authors use.
"""

import re
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from ..support.errors import InputError, shown

AXES = ("+x", "-x", "+y", "-y", "+z", "-z")
METRES = {"m": 1.0, "dm": 0.1, "cm": 0.01, "mm": 0.001, "in": 0.0254, "ft": 0.3048}  # metres in each unit
SOURCES = ("definition", "file", "guess", "user", "")


class Fact(NamedTuple):
    """A value, and where it comes from: "definition" (of the format), "file", "guess", "user"; both "" if unknown."""

    value: str = ""
    source: str = ""

    def __str__(self):
        return f"{self.value} ({_SAID[self.source]})" if self.value else "unknown"


UNKNOWN, ABSENT = Fact(), Fact("absent")
_SAID = {"definition": "by the format", "file": "says the file", "guess": "guessed", "user": "as you say", "": "unsaid"}


@dataclass(frozen=True)
class Meaning:
    """What is known of a data set, and of its coordinates.

    up: the axis that points up, one of AXES.  unit: one of METRES, or "torso" and the like.  hand: "right" or "left",
    of the axes.  rate: frames a second, a decimal number.  zeros: "absent" where three exact zeros are a joint that was
    not found, "positions" where they are a place like any other.  protocol: of data.protocols, the one that the authors
    of the data use.
    """

    up: Fact = UNKNOWN
    unit: Fact = UNKNOWN
    hand: Fact = UNKNOWN
    rate: Fact = UNKNOWN
    zeros: Fact = ABSENT
    protocol: Fact = UNKNOWN

    @property
    def zeros_absent(self) -> bool:
        """Are three exact zeros a joint that was not found?"""
        return self.zeros.value != "positions"

    @property
    def frames_per_second(self) -> float | None:
        """The frame rate, where it is known."""
        return float(self.rate.value) if self.rate.value else None

    def saying(self, up: str = "", unit: str = "", rate: str = "") -> "Meaning":
        """The same with what a user says in its place; InputError for an axis, unit or rate that is none."""
        told = {}
        if up:
            told["up"] = Fact(axis_named(up), "user")
        if unit:
            if unit not in METRES:
                raise InputError(f"--unit {shown(unit)} is no unit of length; choose one of {', '.join(METRES)}")
            told["unit"] = Fact(unit, "user")
        if rate:
            told["rate"] = Fact(rate_named(rate), "user")
        return replace(self, **told)


def known(
    up: str = "", unit: str = "", hand: str = "", rate: str = "", zeros: str = "absent", source: str = "definition"
) -> Meaning:
    """The Meaning of those values, all from one source; "" for what is unknown."""
    values = {"up": up, "unit": unit, "hand": hand, "rate": rate, "zeros": zeros}
    return Meaning(**{name: Fact(value, source if value else "") for name, value in values.items()})


def axis_named(text: str) -> str:
    """The axis as AXES spells it, of "y", "+Y", "-z"; InputError for what is no axis."""
    found = re.fullmatch(r"([+-]?)([xyz])", text.strip().lower())
    if not found:
        raise InputError(f"--up {shown(text)} is no axis; choose one of {', '.join(AXES)}")
    return (found[1] or "+") + found[2]


def rate_named(text: str) -> str:
    """A frame rate as text of a number above 0; InputError for what is none."""
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < 1e6:
        raise InputError(f"--rate {shown(text)} is no number of frames a second; give one above 0, such as 30")
    return f"{rate:g}"


# --- as plain text, for files -----------------------------------------------------------------------------------------


def to_rows(meaning: Meaning) -> list[list[str]]:
    """[name, value, source] of everything that is known; `from_rows` makes the Meaning of it again."""
    rows = [[field.name, *getattr(meaning, field.name)] for field in fields(meaning)]
    return [row for row in rows if row[1:] != ["", ""]]


def from_rows(rows: list[list[str]], where: str) -> Meaning:
    """The Meaning of rows [name, value, source]; InputError, naming `where`, for what it cannot be."""
    facts = {}
    for row in rows:
        if not isinstance(row, list) or len(row) != 3 or not all(isinstance(text, str) for text in row):
            raise InputError(f"{where}: {shown(row)} is no name, value and source; write the file again")
        name, value, source = row
        if name not in _HOLDS or source not in SOURCES or not _HOLDS[name](value):
            raise InputError(f"{where}: meaning says {shown(' '.join(row))}, which cannot be; write the file again")
        facts[name] = Fact(value, source)
    return Meaning(**facts)


def _is_rate(value):
    return value == "" or (re.fullmatch(r"[0-9.e+-]{1,20}", value) is not None and _positive(value))


def _positive(text):
    try:
        return 0 < float(text) < 1e6
    except ValueError:
        return False


_HOLDS = {
    "up": lambda value: value in ("", *AXES),
    "unit": lambda value: re.fullmatch(r"[a-z ]{0,20}", value) is not None,
    "hand": lambda value: value in ("", "right", "left"),
    "rate": _is_rate,
    "zeros": lambda value: value in ("absent", "positions"),
    "protocol": lambda value: re.fullmatch(r"[a-z0-9-]{0,40}", value) is not None,  # no file that a user has not named
}


# --- from one set of axes to another ----------------------------------------------------------------------------------


def turn_between(found: Meaning, wanted: Meaning) -> np.ndarray | None:
    """The matrix (3, 3) for row vectors that turns coordinates of one meaning into those of another.

    The vertical of `found` becomes that of `wanted`, and left stays left: axes of the other handedness are reflected.
    None where the two have one vertical and handedness already. Raises InputError where one vertical is unknown.
    """
    if not found.up.value or not wanted.up.value:
        raise InputError("the vertical is not known; say which axis points up with --up, such as --up +y")
    if found.up.value == wanted.up.value and _hand(found) == _hand(wanted):
        return None
    return _to_standard(found.up.value, _hand(found)) @ _to_standard(wanted.up.value, _hand(wanted)).T


def _hand(meaning):
    return meaning.hand.value or "right"  # of axes that nobody has described


def _to_standard(up, hand):
    """The matrix, for row vectors, from axes with that vertical to right-handed ones with y up."""
    axis, sign = "xyz".index(up[1]), 1.0 if up[0] == "+" else -1.0
    a, b = (axis + 1) % 3, (axis + 2) % 3  # a, b, up turn into z, x, y, which keeps the handedness
    matrix = np.zeros((3, 3))
    matrix[axis, 1] = sign
    matrix[a, 2], matrix[b, 0] = sign, 1.0  # two signs at once are a turn
    if hand == "left":
        matrix[:, 2] *= -1
    return matrix
