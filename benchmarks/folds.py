"""A whole cross-validation, as the command line runs it: ours and an earlier revision's by turns, seed after seed."""

import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from gca_scratch.support.errors import InputError

from . import gauge
from .report import say, table
from .worker import turn


def measure(roots, data, seeds=3, epochs=None):
    """Leave one subject out, preset `small`, all folds, two jobs.

    roots: {name: folder of a revision}.  data: a path that `found` gave.  epochs: fewer, for a trial.
    Returns {"epochs", "runs": {name: {"seconds", "accuracies", "gflops"}}}, a number for each seed; accuracies in per
    cent. The wall clock runs from the start of the command to its end.
    """
    product = gauge.Gauge()
    runs = {name: {"seconds": [], "accuracies": [], "gflops": []} for name in roots}
    for seed in range(seeds):
        for name in list(roots) if seed % 2 == 0 else list(roots)[::-1]:
            run, rate = runs[name], gauge.FLOP / 1e9 / turn(product)
            seconds, per_cent = once(roots[name], data, seed, epochs)
            for key, value in {"seconds": seconds, "accuracies": per_cent, "gflops": rate}.items():
                run[key].append(value)
            say(f"cross-validation, seed {seed}, {name}: {seconds:.0f} s, {per_cent:.1f} %")
    return {"epochs": epochs, "runs": runs}


def found(data):
    """The path of the data from everywhere; InputError where no file is there."""
    path = Path(data).resolve()
    if not path.is_file():
        raise InputError(f"--data {data}: there is no such file; name a file of the neutral format (.npz)")
    return path


def once(root, data, seed, epochs=None):
    """Wall seconds and the accuracy of one seed on the revision in the folder `root`."""
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", *command(data, seed, out, epochs), *without_average(root)],
            capture_output=True,
            text=True,
            errors="replace",
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(root)},
        )
        seconds = time.perf_counter() - start
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise InputError(f"the cross-validation in {root} ended with exit code {done.returncode}: {said}")
        return seconds, accuracy(Path(out) / "table-V.csv")


def command(data, seed, out, epochs=None):
    """The command that both revisions know, after `python -m`."""
    shorter = [] if epochs is None else ["--epochs", str(epochs)]
    rows = ["gca_scratch", "table", "V", "--protocol", "loso", "--rows", "stepwise", "--preset", "small", "--jobs", "2"]
    return [*rows, "--seeds", "1", "--seed", str(seed), "--data", str(data), "--out", str(out), *shorter]


def without_average(root):
    """Options with which the preset of a revision trains as that of all did before weights were averaged."""
    settings = Path(root, "gca_scratch", "settings.py").read_text("utf-8")
    return ["--average", "0", "--restart-every", "0"] if "restart_every" in settings else []


def accuracy(file):
    """Per cent, from the one row of the table that was measured."""
    with open(file, newline="", encoding="utf-8") as rows:
        measured = [float(row["each seed"]) for row in csv.DictReader(rows) if row["each seed"]]
    if len(measured) != 1:
        raise InputError(f"{file} has {len(measured)} rows that were measured, not one")
    return measured[0]


def describe(found):
    """The runs as a table."""
    rows = []
    for name, run in found["runs"].items():
        accuracies = run["accuracies"]
        spread = f" +- {np.std(accuracies, ddof=1):.1f}" if len(accuracies) > 1 else ""
        seconds = ", ".join(f"{s:.0f}" for s in run["seconds"])
        rates = ", ".join(f"{rate:.0f}" for rate in run["gflops"])
        rows.append([name, f"{sum(run['seconds']):.0f}", seconds, f"{np.mean(accuracies):.1f}{spread}", rates])
    title = "cross-validation" + (f", {found['epochs']} epochs a step" if found["epochs"] else "")
    return table([title, "s in all", "by seed", "accuracy, %", "GFLOP/s of the gauge before"], rows)
