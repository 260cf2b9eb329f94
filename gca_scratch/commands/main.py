"""The command line, `python -m gca_scratch COMMAND`: every command of this folder under its name.

A command is a module with

    HELP, EXAMPLES          what it does, in a line; lines that show how it is called
    add_options(parser)     gives an argparse parser its arguments
    command(options)        does it, and returns the exit code (None stands for 0)

Anything wrong with what the user gave ends in one sentence on standard error and exit code 2.
"""

import argparse

from .. import __version__
from ..support.exit_code import Parser, exit_code
from . import compare, convert, demo, evaluate, gradcheck, info, plot, predict, stepper, table, train

COMMANDS = (demo, train, evaluate, predict, compare, plot, stepper, convert, info, table, gradcheck)


def main(arguments=None):
    """Run one command; returns the exit code."""

    def run():
        options = parser().parse_args(arguments)
        return options.command(options)

    return exit_code(run)


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
