"""The page on faults: every test that it names exists, and no line is without one."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "faults.md").read_text("utf-8")
ROWS = re.findall(r"^\| \d+\. .*", PAGE, re.MULTILINE)
NAME = re.compile(r"`([\w/]+\.py)::(\w+)`")
NAMED = sorted(set(NAME.findall(PAGE)))


@cache
def names_in(file):
    """Names of the test functions of a file below tests/."""
    tree = ast.parse((TESTS / file).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_is_named_exists(file, name):
    assert name in names_in(file)


def test_every_line_names_a_test():
    numbers = [int(row.split(".")[0].strip("| ")) for row in ROWS]
    assert numbers == [*range(1, 23), *range(1, 18)] and len(NAMED) > 60
    for row in ROWS:
        assert NAME.search(row.rsplit(" | ", 1)[-1]), row
