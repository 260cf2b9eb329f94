"""`python -m checks` tests everything, `python -m checks A1.2` one task; `--prove` whole networks; `--submit` packs."""

import sys

from . import run

if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments == ["--submit"]:
        sys.exit(run.submit())
    if arguments == ["--prove"]:
        from .prove import prove  # late: it needs every module of the package

        sys.exit(prove())
    if arguments[:1] == ["--json"]:
        sys.exit(run.as_json(arguments[1:]))
    sys.exit(0 if run.check(*arguments) else 1)
