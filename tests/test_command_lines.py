"""Every command line that a page prints is one: the commands are there, and take the options that stand behind them."""

import re
import shlex
from pathlib import Path

import pytest

from gca_scratch.commands.main import parser

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"^(?:\S+=\S+ )*(?:\.venv/bin/)?python -m gca_scratch (.*)$", re.MULTILINE)


def lines(page):
    """What stands behind `python -m gca_scratch` where that begins a line of a page."""
    return COMMAND.findall((ROOT / page).read_text("utf-8"))


COMMANDS = [(page, line) for page in PAGES for line in lines(page)]


def test_pages_print_commands():
    assert len(COMMANDS) > 50 and len({page for page, _ in COMMANDS}) >= 8


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_a_printed_command_takes_its_options(page, line):
    options = parser().parse_args(shlex.split(line, comments=True))
    assert callable(options.command)
