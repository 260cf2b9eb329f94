"""The command `gradcheck`: prove every gradient."""

import dataclasses

from ..support.errors import InputError
from .options import add_seed


def add_options(parser):
    """The arguments of `gradcheck`."""
    add_seed(parser, "another seed, other numbers")
    parser.add_argument("--json", metavar="FILE", help="write the same figures to FILE")


def command(options):
    """Prove, print, say by the exit code whether all is right."""
    from ..network.gradcheck import prove  # NumPy and the networks take their time: only now
    from ..support import writing
    from ..variants import gradcheck

    if options.seed < 0:
        raise InputError(f"--seed {options.seed} cannot be used: a seed is 0 or more")
    rows = prove(gradcheck.everything(), options.seed)
    if options.json:
        writing.write_json(options.json, [dataclasses.asdict(row) | {"passed": row.passed} for row in rows])
    return 0 if all(row.passed for row in rows) else 1
