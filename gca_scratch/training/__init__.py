"""Direct and stepwise training (Algorithm 1), its optimiser, and training steps on all cores."""

from .optim import SGD, decayed
from .parallel import Engine
from .stepwise import HISTORY_COLUMNS, State, best_weights, evaluate, run_epoch, snapshot, start, train, training_steps

__all__ = [
    "HISTORY_COLUMNS",
    "SGD",
    "Engine",
    "State",
    "best_weights",
    "decayed",
    "evaluate",
    "run_epoch",
    "snapshot",
    "start",
    "train",
    "training_steps",
]
