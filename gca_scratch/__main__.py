"""`python -m gca_scratch`: the command line, which imports nothing from the folder that it is called in."""

import os
import sys
from pathlib import Path

if not sys.flags.safe_path and Path(sys.path[0]) != Path(__file__).parents[1]:
    del sys.path[0]  # the current folder: data that somebody sent may lie there, and a numpy.py beside it
os.environ["PYTHONSAFEPATH"] = "1"  # so it is for the processes that this one starts

from .commands.main import main

if __name__ == "__main__":
    sys.exit(main())
