"""The visible tests of this assignment: in a notebook, `from checks import check; check("A1.1")`."""

import importlib.util
import sys

if sys.version_info < (3, 11):  # noqa: UP036  a student's Python may be any
    print(f"this is Python {sys.version.split()[0]}, and the course needs 3.11 or newer", file=sys.stderr)
    sys.exit(2)
if importlib.util.find_spec("numpy") is None:
    print("NumPy is not installed: run `make setup` first, or name a Python that has it, `make test PYTHON=python`",
          file=sys.stderr)  # fmt: skip
    sys.exit(2)

from .run import check  # only now: it needs both

__all__ = ["check"]
