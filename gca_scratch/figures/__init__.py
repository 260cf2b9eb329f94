"""Figures: what they are drawn on, each kind, and those of a trained network.

They are drawn without a screen. MPLBACKEND, which a terminal inherits from the notebook that it was opened in, does not
matter to them: Matplotlib is imported without it, and takes it afterwards if it can, for notebooks that show figures.
"""

import os
import sys
from contextlib import suppress


def _import_matplotlib():
    backend = os.environ.pop("MPLBACKEND", "")
    try:
        import matplotlib
    finally:
        if backend:
            os.environ["MPLBACKEND"] = backend
    if backend:
        with suppress(ValueError):  # Matplotlib knows none of this name
            matplotlib.rcParams["backend"] = backend


if "matplotlib" not in sys.modules:
    _import_matplotlib()
