"""`python -m gca_scratch`: the command line."""

import sys

from .cli import main

sys.exit(main())
