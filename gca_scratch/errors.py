"""The one exception that people are meant to read: bad input, named, placed and with its remedy."""


class InputError(ValueError):
    """Something handed to the program cannot be used.

    Its message is one sentence for a person: which file or option, where in it, and what to do about it. The command
    line prints that sentence alone and exits with code 2.
    """
