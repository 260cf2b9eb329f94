"""Every command line of the course that a page prints is one."""

import re
import shlex
from pathlib import Path

import pytest

from course.__main__ import parser

ROOT = Path(__file__).parents[2]
COMMAND = re.compile(r"^(?:while read id; do )?(?:\S+=\S+ )*python -m course ([^;#\n]*)", re.MULTILINE)
LINES = [
    (page.name, line)
    for page in sorted((ROOT / "docs").glob("*.md"))
    for line in COMMAND.findall(page.read_text("utf-8"))
]


def test_pages_print_commands():
    assert len(LINES) >= 9 and {page for page, _ in LINES} >= {"course.md", "grades.md"}


@pytest.mark.parametrize(("page", "line"), LINES)
def test_a_printed_command_takes_its_options(page, line):
    assert callable(parser().parse_args(shlex.split(line)).command)
