"""All drivers by name: what the tests of the assignments ask of a package, a student's or ours.

No file of this folder holds an answer, for students get all of them: what is right is what our own package gives.

    for inputs in visible(DRIVERS["cell_forward"]):
        outputs = DRIVERS["cell_forward"].run(package, inputs)      # {"h": (B, H), "c": (B, H)}
"""

from . import attention, gates, grid, network, training, tree, where  # noqa: F401  they fill DRIVERS
from .driver import DRIVERS, Asked, Driver, hidden, visible

__all__ = ["DRIVERS", "Asked", "Driver", "hidden", "visible"]
