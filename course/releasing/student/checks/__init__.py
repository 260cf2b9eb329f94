"""The visible tests of this assignment: in a notebook, `from checks import check; check("A1.1")`."""

from .run import check

__all__ = ["check"]
