"""Training runs: one fold or all of them, the files that they leave, and trained networks brought back."""

from .fold import run
from .folder import read_config, read_history, read_result, refuse_used, write_config, write_history
from .split import DATASETS, Source, Split, dataset_of, divide, load_data, make_split, usual_protocol
from .testing import outcome, retest, summary, test
from .trained import reload

__all__ = [
    "DATASETS",
    "Source",
    "Split",
    "dataset_of",
    "divide",
    "load_data",
    "make_split",
    "outcome",
    "read_config",
    "read_history",
    "read_result",
    "refuse_used",
    "reload",
    "retest",
    "run",
    "summary",
    "test",
    "usual_protocol",
    "write_config",
    "write_history",
]
