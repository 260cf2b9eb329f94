"""The one exception that people are meant to read, and how its message quotes what it is about."""

import errno

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # what a disk says that has no room left


class InputError(ValueError):
    """Something handed to the program cannot be used.

    Its message is one sentence for a person: which file or option, where in it, and what to do about it. The command
    line prints that sentence alone and exits with code 2.
    """


def shown(value: object) -> str:
    """The value as Python writes it, in one line of at most 60 characters, to be quoted in a message."""
    try:
        text = " ".join(repr(value).split())
    except (ValueError, RecursionError):  # a number of thousands of digits; lists within lists
        text = "a number of thousands of digits" if isinstance(value, int) else "something nested deeply"
    return text if len(text) <= 60 else text[:57] + "..."


def printable(text: object) -> str:
    """The text with every character that a terminal would obey, or cannot show, written as Python escapes it."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))
