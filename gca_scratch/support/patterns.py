"""A user's regular expression among names of files: in a process of its own, which is ended when it takes too long."""

import json
import subprocess
import sys
from collections.abc import Sequence

from .errors import InputError, shown

LONGEST = 200  # characters of a pattern
SECONDS = 20.0  # that all names may take together; some patterns try as many ways as there are stars

_CHILD = """
import json, re, sys
text, names = json.load(sys.stdin)
try:
    pattern = re.compile(text)
except (re.error, OverflowError, RecursionError) as error:
    json.dump({"wrong": str(error)}, sys.stdout)
else:
    found = [match.groupdict() if (match := pattern.search(name)) else None for name in names]
    json.dump({"groups": list(pattern.groupindex), "found": found}, sys.stdout)
"""


def find_groups(
    pattern: str, names: Sequence[str], option: str, needed: str, seconds: float = SECONDS
) -> list[dict[str, str | None] | None]:
    """What the named groups of the regular expression hold where it is first found in each name; None where it is not.

    Raises InputError, naming the option, if the pattern is longer than 200 characters or none, if it has no group
    called `needed`, or if the names take longer than that many seconds.
    """
    if len(pattern) > LONGEST:
        raise InputError(f"{option}: the pattern has {len(pattern)} characters, more than {LONGEST}; shorten it.")
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _CHILD],
            input=json.dumps([pattern, list(names)]),
            capture_output=True,
            encoding="ascii",
            timeout=seconds,
        )
    except OSError as error:
        raise InputError(
            f"{option} {shown(pattern)} needs a process of its own, which cannot be started ({error.strerror}); end "
            "some others, or leave the option out."
        ) from error
    except subprocess.TimeoutExpired:
        raise InputError(
            f"{option} {shown(pattern)} takes longer than {seconds:g} seconds; write it without a repetition that is "
            "repeated, such as (a+)+."
        ) from None
    if done.returncode:
        raise InputError(f"{option} {shown(pattern)} cannot be tried (exit code {done.returncode}); simplify it.")
    said = json.loads(done.stdout)
    if "wrong" in said:
        raise InputError(f"{option} {shown(pattern)} is no regular expression ({said['wrong'][:100]}); correct it.")
    if needed not in said["groups"]:
        raise InputError(f"{option} {shown(pattern)} has no group (?P<{needed}>...); put one around what names it.")
    return said["found"]
