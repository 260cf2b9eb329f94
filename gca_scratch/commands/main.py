"""The command line, `python -m gca_scratch COMMAND`: every command of this folder under its name.

A command is a line in `COMMANDS`, its `EXAMPLES`, and a module of its name with

    add_options(parser)     gives an argparse parser its arguments
    command(options)        does it, and returns the exit code (None stands for 0)

It is imported when it is called: nobody waits for the others. Anything wrong with what the user gave ends in one
sentence on standard error and exit code 2.
"""

import argparse
import sys
from importlib import import_module

from .. import __version__
from ..support.exit_code import Parser, exit_code
from . import COMMANDS, EXAMPLES


def main(arguments=None):
    """Run one command; returns the exit code."""

    def run():
        given = _with_axes(sys.argv[1:] if arguments is None else arguments)
        options = parser(given).parse_args(given)
        return options.command(options)

    return exit_code(run)


def _with_axes(arguments):
    """The arguments with "--up", "-y" as "--up=-y", for argparse takes -y for an option."""
    given = list(arguments)
    for at in range(len(given) - 2, -1, -1):
        if given[at] == "--up" and given[at + 1].lower() in ("-x", "-y", "-z"):
            given[at : at + 2] = [f"--up={given[at + 1]}"]
    return given


def parser(called=tuple(COMMANDS)):
    """The parser of the command line, with the options of those commands whose names are among the words `called`."""
    raw = argparse.RawDescriptionHelpFormatter
    top = Parser(
        prog="python -m gca_scratch",
        description="GCA-LSTM from scratch: skeleton action recognition with global context-aware attention.",
        epilog=_examples(line for lines in EXAMPLES.values() for line in lines),
        formatter_class=raw,
    )
    top.add_argument("--version", action="version", version=f"gca_scratch {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name, what in COMMANDS.items():
        sub = commands.add_parser(
            name, help=what, description=what, epilog=_examples(EXAMPLES[name]), formatter_class=raw
        )
        if name in called:
            module = import_module(f".{name}", __package__)
            sub.set_defaults(command=module.command)
            module.add_options(sub)
    return top


def _examples(lines):
    return "\n  ".join(["examples:", *(f"python -m gca_scratch {line}" for line in lines)])
