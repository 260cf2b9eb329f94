"""What --help says of an option is so: its default, what it takes, and how many words; of every command there is."""

import argparse
import importlib
import re
import sys
from pathlib import Path

import pytest

from course.__main__ import parser as course_parser
from gca_scratch.commands.main import parser

FOLDER = Path(__file__).parent.parent / "gca_scratch" / "experiments"
STUDIES = {
    path.stem: importlib.import_module(f"gca_scratch.experiments.{path.stem}")
    for path in sorted(FOLDER.glob("*.py"))
    if "\ndef main(" in path.read_text("utf-8")
}
STATED = re.compile(r"\(default: ([^()]*)\)$")
# Defaults that are told in words, for they depend on what else is given.
IN_WORDS = re.compile(
    r"as |none; |half a window|what they look like|set in training|that of|the |demo for|table-TABLE|\w+\.png"
)


def parsers():
    """Every parser by its name: commands, those of the course, studies."""
    found = {}
    for top in (parser(), course_parser()):
        (commands,) = (action for action in top._actions if isinstance(action, argparse._SubParsersAction))
        found |= {f"{top.prog} {name}": sub for name, sub in commands.choices.items()}
    return found | {name: parser_of(module) for name, module in STUDIES.items()}


def parser_of(study):
    """The parser that a study makes when it is called."""
    made = []
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(argparse.ArgumentParser, "parse_args", lambda self, *_: made.append(self) or sys.exit())
        study.main([])
    return made[0]


NAMES = list(parsers())  # the tests make them anew, so that it is plain who looks at which


def test_all_are_found():
    assert len(NAMES) > 20 and {"choices", "loseqo", "lost_joints", "none_of_these"} <= set(STUDIES) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_default_is_the_one_that_is_told(name):
    for action in parsers()[name]._actions:
        told = STATED.search((action.help or "").replace("%%", "%"))
        if told and not IN_WORDS.match(told[1]):
            default = action.default if action.default is not None else MEANT[name, action.dest]
            assert told[1].rpartition("/")[2] == str(default).rpartition("/")[2], action.option_strings


# Options whose default is put in later, where it can be told whether somebody gave it.
MEANT = {
    ("python -m gca_scratch train", "fold"): 1,
    ("python -m gca_scratch table", "jobs"): 2,
    ("python -m gca_scratch table", "noise"): "test",
    ("python -m gca_scratch train", "data"): "the synthetic actions",
}


@pytest.mark.parametrize("name", NAMES)
def test_an_option_that_takes_something_says_what_in_capital_letters(name):
    for action in parsers()[name]._actions:
        metavars = action.metavar if isinstance(action.metavar, tuple) else (action.metavar,)
        assert all(metavar is None or re.fullmatch("[A-Z]+(_[A-Z]+)*2?", metavar) for metavar in metavars), (
            action.option_strings
        )
