"""How a command ends: the exit code, and one sentence on standard error where something went wrong."""

import argparse
import contextlib
import errno
import os
import sys
from collections.abc import Callable
from pickle import PicklingError
from typing import NoReturn

from .errors import FULL, InputError, printable


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the options like everything else that is wrong: in one sentence."""

    def error(self, message: str) -> NoReturn:
        """InputError, with where to read on."""
        renamed = "prepare is called convert since version 0.2; " if "invalid choice: 'prepare'" in message else ""
        raise InputError(f"{renamed}{message}; see {self.prog} --help")


def exit_code(run: Callable[[], int | None], program: str = "gca_scratch") -> int:
    """Call run() and return its exit code; where something goes wrong, say so in one sentence and return one of these:

    2: what the user gave cannot be used, or needs more memory or room on the disk than there is.
    130: Ctrl-C.
    141: whoever read the output has stopped reading.
    """

    def say(sentence):
        with contextlib.suppress(OSError):  # the full disk may be where it goes
            print(f"{program}: {printable(sentence)}", file=sys.stderr)

    _let_print()
    try:
        code = run()
        sys.stdout.flush()
        return code or 0
    except InputError as error:
        say(" ".join(str(error).splitlines()))
        return 2
    except MemoryError as error:
        say(f"there is not enough memory ({error}); lower --jobs, or hidden, frames or batch_size")
        return 2
    except PicklingError as error:  # joblib's, which keeps what happened as a text
        if f"[Errno {errno.ENOSPC}]" not in str(error.__cause__):
            raise
        say(
            "the folder for temporary files is full, where processes share the data; free some space there, or name "
            "another folder in the environment variable JOBLIB_TEMP_FOLDER"
        )
        return 2
    except KeyboardInterrupt as error:
        say(str(error) or "stopped")
        return 130
    except BrokenPipeError:  # the reader has read enough, as `head` does
        return 141
    except OSError as error:
        if error.errno in FULL:
            say(
                f"output or a temporary file cannot be written ({error.strerror}); free some space and give the "
                "command again (train: with --resume)"
            )
        elif error.filename is not None:
            say(f"{error.filename} cannot be used ({error.strerror}); check the path given")
        else:
            raise
        return 2
    finally:
        _discard_what_is_left()


def _let_print():
    """Give a closed stream somewhere to go, and have what a stream cannot show printed as escapes."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  open as long as the process
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _discard_what_is_left():
    """Drop what was printed and cannot go out, so that the end of the program does not stumble over it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
