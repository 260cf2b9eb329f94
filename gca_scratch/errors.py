"""The one exception that people are meant to read, and how a command ends by it."""

import os
import sys
from concurrent.futures.process import BrokenProcessPool


class InputError(ValueError):
    """Something handed to the program cannot be used.

    Its message is one sentence for a person: which file or option, where in it, and what to do about it. The command
    line prints that sentence alone and exits with code 2.
    """


def exit_code(run, program="gca_scratch"):
    """Call run() and return the exit code it gives, or that of what went wrong, told in one sentence.

    2: what the user gave cannot be used, or needs more memory than there is.  130: Ctrl-C.  141: nobody reads on.
    """
    try:
        code = run()
        sys.stdout.flush()
        return code or 0
    except InputError as error:
        print(f"{program}:", " ".join(str(error).splitlines()), file=sys.stderr)
        return 2
    except MemoryError as error:
        print(
            f"{program}: there is not enough memory ({error}); lower --jobs, or hidden, frames or batch_size",
            file=sys.stderr,
        )
        return 2
    except BrokenProcessPool:  # joblib's own errors of a lost worker are kinds of it
        print(
            f"{program}: a process that worked for this one was ended from outside, as the system does when memory "
            "runs out; lower --jobs and give the command again (train: with --resume), it goes on with what is kept",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        print(f"{program}: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever reads has read enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
