"""All folds of a protocol: a run per fold, several at a time, and their mean."""

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..data import protocols
from ..data.neutral import Skeletons, fingerprint, refuse_other
from ..network.arrays import module_for
from ..settings import Settings
from ..support import workers, writing
from ..support.processes import alone
from ..support.progress import progress
from .fold import run
from .folder import refuse_used, write_config
from .predictions import joined, read, write
from .split import Source, load_data, make_split
from .testing import figures


def run_all_folds(
    source: Source,
    settings: Settings,
    out: str | os.PathLike[str],
    resume: bool = False,
    device: str = "cpu",
    jobs: int = 2,
    data: Skeletons | None = None,
    remarks: Sequence[str] = (),
    predictions: str | os.PathLike[str] | None = None,
) -> dict[str, Any]:
    """Run every fold into `out/fold-KK`, `jobs` at a time with one BLAS thread each; returns and writes the mean.

    data: that of the source, where it is there already.  remarks: sentences to print before the folds begin.
    predictions: a file for the table of the answers of all folds.

    With `resume`, folds that are done are not run again and the others go on. Raises InputError as `runs.run` does.
    """
    out = Path(out).absolute()  # a worker may have been started in another folder
    workers.at_least_one(jobs=jobs)
    data = load_data(source) if data is None else data
    count = protocols.folds(data, source.protocol)
    folds = [replace(source, fold=fold) for fold in range(1, count + 1)]
    module_for(device)
    make_split(data, folds[0], settings)  # what ails one fold ails them all: say it before anything is written
    with alone(out):
        if not resume:
            refuse_used(out)
        write_config(out / "config.toml", replace(source, fold=0), settings)
        for sentence in remarks:
            print(sentence, flush=True)
        places = [out / f"fold-{fold.fold:02}" for fold in folds]
        tables = [place / "predictions.csv" if predictions is not None else None for place in places]
        calls = [
            (fold, settings, place, resume, device, False, (), table)
            for fold, place, table in zip(folds, places, tables, strict=True)
        ]
        unchanged = partial(refuse_other, mark=fingerprint(data))
        finished = workers.results(run, calls, min(jobs, count), data=data, check=unchanged)
        result = mean_result(list(progress(finished, total=count, what="folds", unit="fold")))
        writing.write_json(out / "result.json", result)
        if predictions is not None:
            write(predictions, joined([read(table) for table in tables]))
    return result


def mean_result(results: list[dict[str, Any]]) -> dict[str, Any]:
    """The mean of the folds' accuracies, with what each fold gave.

    `testing.figures` are of the test sequences of all folds together.
    """
    confusion = np.sum([result["confusion"] for result in results], axis=0)
    names = {name: None for result in results for name in result["per_class"]}
    accuracies = [result["accuracy"] for result in results]
    first = results[0]
    return {name: first[name] for name in ("dataset", "data", "protocol", "hip", "iterations")} | {
        "fold": 0,
        "n_train": first["n_train"],
        "n_validation": first["n_validation"],
        "n_test": sum(result["n_test"] for result in results),
        "accuracy": float(np.mean(accuracies)),
        "deviation": float(np.std(accuracies)),
        "seconds": sum(result["seconds"] for result in results),
        "per_class": {
            name: float(np.mean([result["per_class"][name] for result in results if name in result["per_class"]]))
            for name in names
        },
        **figures(confusion, _names(results)),
        "confusion": confusion.tolist(),
        "warnings": warnings_of({result["fold"]: result["warnings"] for result in results}),
        "folds": [{key: result[key] for key in ("fold", "n_train", "n_test", "accuracy")} for result in results],
    }


def _names(results):
    """The names of the classes that any fold tested, in their places; the others' are empty."""
    names = [""] * len(results[0]["confusion"])
    for result in results:
        tested = np.flatnonzero(np.any(result["confusion"], axis=1))
        for k, name in zip(tested, result["per_class"], strict=True):
            names[k] = name
    return names


def warnings_of(folds: dict[int, list[str]]) -> list[str]:
    """What the folds warn of, their sentences by number: each sentence once, with the folds that it is true of.

    That some folds do not test a class is no matter, since others do.
    """
    numbers: dict[str, list[str]] = {}
    for fold, sentences in folds.items():
        for sentence in sentences:
            numbers.setdefault(sentence, []).append(str(fold))
    return [
        sentence if len(found) == len(folds) else f"fold {', '.join(found)}: {sentence}"
        for sentence, found in numbers.items()
        if len(found) == len(folds) or not sentence.startswith(protocols.UNTESTED)
    ]
