"""Training runs: one fold or all of them, the files that they leave, and trained networks brought back."""

from .fold import (
    DATASETS,
    USUAL_PROTOCOL,
    Problem,
    Source,
    load_data,
    outcome,
    problem,
    read_config,
    refuse_used,
    reload,
    retest,
    run,
    test,
    write_config,
    write_history,
)

__all__ = [
    "DATASETS",
    "USUAL_PROTOCOL",
    "Problem",
    "Source",
    "load_data",
    "outcome",
    "problem",
    "read_config",
    "refuse_used",
    "reload",
    "retest",
    "run",
    "test",
    "write_config",
    "write_history",
]
