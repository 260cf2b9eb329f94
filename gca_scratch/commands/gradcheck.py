"""The command `gradcheck`: prove every gradient."""

import dataclasses

from ..network.gradcheck import prove
from ..support import writing
from ..support.errors import InputError
from ..variants import gradcheck
from .options import add_seed

HELP = "prove every gradient by complex step and central differences; exit code 1 if any is wrong"
EXAMPLES = ["gradcheck --json gradients.json"]


def add_options(parser):
    """The arguments of `gradcheck`."""
    add_seed(parser, "another seed, other numbers")
    parser.add_argument("--json", metavar="FILE", help="write the same figures to FILE")


def command(options):
    """Prove, print, say by the exit code whether all is right."""
    if options.seed < 0:
        raise InputError(f"--seed {options.seed} cannot be used: a seed is 0 or more")
    rows = prove(gradcheck.everything(), options.seed)
    if options.json:
        writing.write_json(options.json, [dataclasses.asdict(row) | {"passed": row.passed} for row in rows])
    return 0 if all(row.passed for row in rows) else 1
