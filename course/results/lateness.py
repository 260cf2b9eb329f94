"""When hand-ins came, and how many days after the deadline."""

import math
import re
from datetime import datetime, timedelta

from gca_scratch.support.errors import InputError, shown

MONTHS = (  # how they begin, in the languages that a platform may be set to
    "jan gen ene", "feb fév fev", "mar mär mrt maa", "apr avr abr", "may mai mei mag", "jun jui.?n giu", "jul juil lug",
    "aug aoû ago", "sep set", "oct okt ott out", "nov", "dec dez déc dic",
)  # fmt: skip


def deadline(text):
    """The time that was given as --deadline, with a zone: the machine's own where it names none."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"--deadline {shown(text)} is no time; write it as 2027-03-01T23:59") from None
    if len(text) <= 10:  # a day alone lasts until its end
        when += timedelta(days=1)
    return zoned(when)


def zoned(when):
    """A time with a zone; the machine's own where it has none."""
    return when if when.tzinfo else when.astimezone()


def days(handin, due):
    """How many days late, each begun day counted: a number, "late" where only that is known, "" where nothing is."""
    if due is not None and handin.when is not None:
        return max(0, math.ceil((zoned(handin.when) - due) / timedelta(days=1)))
    return "late" if handin.late else ""


def from_text(text):
    """The time in a text such as "Wednesday, 10 June 2026, 2:14 PM" or "mercredi 10 juin 2026, 14:14", or None."""
    clock = re.search(r"\b(\d{1,2})[:.h](\d\d)(?::\d\d)?\s*([ap])?\.?\s?m?\b", text, re.I)
    year = re.search(r"\b(20\d\d)\b", text)
    if not clock or not year:
        return None
    rest = (text[: clock.start()] + text[clock.end() :]).replace(year[0], " ").lower()
    day = re.search(r"\b(\d{1,2})\b", rest)
    words = re.findall(r"[^\W\d_]+", rest)
    months = [n for word in words for n, starts in enumerate(MONTHS, 1) if re.match(starts.replace(" ", "|"), word)]
    hour = int(clock[1])
    if clock[3]:
        hour = hour % 12 + 12 * (clock[3].lower() == "p")
    try:
        return datetime(int(year[0]), months[-1], int(day[0]), hour, int(clock[2]))
    except (ValueError, IndexError, TypeError):
        return None
