"""The command line, `python -m gca_scratch COMMAND`: every command of this folder under its name.

A command is a module with

    HELP, EXAMPLES          what it does, in a line; lines that show how it is called
    add_options(parser)     gives an argparse parser its arguments
    command(options)        does it, and returns the exit code (None stands for 0)

Anything wrong with what the user gave ends in one sentence on standard error and exit code 2.
"""

import argparse
import sys

from .. import __version__
from ..support.exit_code import Parser, exit_code
from . import compare, convert, demo, evaluate, gradcheck, info, plot, predict, stepper, table, train

COMMANDS = (demo, train, evaluate, predict, compare, plot, stepper, convert, info, table, gradcheck)


def main(arguments=None):
    """Run one command; returns the exit code."""

    def run():
        options = parser().parse_args(_with_axes(sys.argv[1:] if arguments is None else arguments))
        return options.command(options)

    return exit_code(run)


def _with_axes(arguments):
    """The arguments with "--up", "-y" as "--up=-y", for argparse takes -y for an option."""
    given = list(arguments)
    for at in range(len(given) - 2, -1, -1):
        if given[at] == "--up" and given[at + 1].lower() in ("-x", "-y", "-z"):
            given[at : at + 2] = [f"--up={given[at + 1]}"]
    return given


def parser():
    """The parser of the whole command line."""
    raw = argparse.RawDescriptionHelpFormatter
    top = Parser(
        prog="python -m gca_scratch",
        description="GCA-LSTM from scratch: skeleton action recognition with global context-aware attention.",
        epilog=_examples(line for module in COMMANDS for line in module.EXAMPLES),
        formatter_class=raw,
    )
    top.add_argument("--version", action="version", version=f"gca_scratch {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for module in COMMANDS:
        name = module.__name__.rpartition(".")[2]
        sub = commands.add_parser(
            name, help=module.HELP, description=module.HELP, epilog=_examples(module.EXAMPLES), formatter_class=raw
        )
        sub.set_defaults(command=module.command)
        module.add_options(sub)
    return top


def _examples(lines):
    return "\n  ".join(["examples:", *(f"python -m gca_scratch {line}" for line in lines)])
