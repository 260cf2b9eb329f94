"""The one exception that people are meant to read, and how a command ends by it."""

import contextlib
import errno
import os
import sys
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pickle import PicklingError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


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


def exit_code(run: Callable[[], int | None], program: str = "gca_scratch") -> int:
    """Call run() and return the exit code it gives, or that of what went wrong, told in one sentence.

    2: what the user gave cannot be used, or needs more memory or room on the disk than there is.  130: Ctrl-C.
    141: nobody reads on.
    """

    def told(sentence):
        with contextlib.suppress(OSError):  # it may go to the disk that is full
            print(f"{program}: {sentence}", file=sys.stderr)

    try:
        code = run()
        sys.stdout.flush()
        return code or 0
    except InputError as error:
        told(" ".join(str(error).splitlines()))
        return 2
    except MemoryError as error:
        told(f"there is not enough memory ({error}); lower --jobs, or hidden, frames or batch_size")
        return 2
    except BrokenProcessPool:  # joblib's own errors of a lost worker are kinds of it
        told(
            "a process that worked for this one was ended from outside, as the system does when memory runs out; lower "
            "--jobs and give the command again (train: with --resume), it goes on with what is kept"
        )
        return 2
    except PicklingError as error:  # joblib's, which tells what happened in a text alone
        if f"[Errno {errno.ENOSPC}]" not in str(error.__cause__):
            raise
        told(
            "the folder for temporary files is full, where processes share the data; free some space there, or name "
            "another folder in the environment variable JOBLIB_TEMP_FOLDER"
        )
        return 2
    except KeyboardInterrupt:
        told("stopped")
        return 130
    except BrokenPipeError:  # whoever reads has read enough, as `head` does
        _discard_output()
        return 141
    except OSError as error:
        if error.errno not in _FULL:
            raise
        told(
            f"what it prints or keeps for a while cannot be written ({error.strerror}); free some space and give the "
            "command again (train: with --resume)"
        )
        try:
            sys.stdout.flush()
        except OSError:
            _discard_output()
        return 2


def _discard_output():
    """Send what is still to be printed to nowhere, so that the end of the program does not stumble over it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
