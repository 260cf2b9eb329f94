"""All folds of a protocol: a run per fold, several at a time, and their mean."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from ..data import protocols
from ..data.neutral import fingerprint, refuse_other
from ..network.arrays import module_for
from ..settings import Settings
from ..support import writing
from ..support.errors import InputError
from ..support.processes import alone, end_with
from .fold import Source, load_data, problem, refuse_used, run, write_config


def run_all_folds(
    source: Source,
    settings: Settings,
    out: str | os.PathLike[str],
    resume: bool = False,
    device: str = "cpu",
    jobs: int = 2,
) -> dict[str, Any]:
    """Run every fold into `out/fold-KK`, `jobs` at a time with one BLAS thread each; returns and writes the mean.

    With `resume`, folds that are done are not run again and the others go on. Raises InputError as `runs.run` does.
    """
    out = Path(out).absolute()  # a process that runs a fold may have been started in another folder
    if jobs < 1:
        raise InputError(f"--jobs {jobs} cannot be used: it must be 1 or more")
    data = load_data(source)
    mark = fingerprint(data)
    count = protocols.folds(data, source.protocol)
    tasks = [replace(source, fold=fold) for fold in range(1, count + 1)]
    module_for(device)
    problem(data, tasks[0], settings)  # what ails one fold ails them all: say it before anything is written
    with alone(out):
        if not resume:
            refuse_used(out)
        write_config(out / "config.toml", replace(source, fold=0), settings)
        with joblib.parallel_config("loky", n_jobs=min(jobs, count), inner_max_num_threads=1):
            finished = joblib.Parallel(return_as="generator")(
                joblib.delayed(_run)(
                    data, mark, os.getpid(), task, settings, out / f"fold-{task.fold:02}", resume, device
                )
                for task in tasks
            )
            results = list(tqdm(finished, total=count, desc="folds", unit="fold"))
        result = mean_result(results)
        writing.write_json(out / "result.json", result)
    return result


def _run(data, mark, parent, task, settings, folder, resume, device):
    end_with(parent)
    refuse_other(data, mark)
    with threadpool_limits(1):  # also where joblib runs a single job in this process: more threads round differently
        return run(data, task, settings, folder, resume, device, show=False)


def mean_result(results: list[dict[str, Any]]) -> dict[str, Any]:
    """The mean of the folds' accuracies, with what each fold gave."""
    confusion = np.sum([result["confusion"] for result in results], axis=0)
    names = {name: None for result in results for name in result["per_class"]}
    accuracies = [result["accuracy"] for result in results]
    first = results[0]
    return {name: first[name] for name in ("dataset", "root", "protocol", "hip", "iterations")} | {
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
        "confusion": confusion.tolist(),
        "folds": [{key: result[key] for key in ("fold", "n_train", "n_test", "accuracy")} for result in results],
    }
