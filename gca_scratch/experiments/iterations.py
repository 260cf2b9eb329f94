"""Attention iterations and training methods: N = 0, 1, 2, stepwise against direct, mean and spread over seeds.

    python -m gca_scratch.experiments.iterations --dataset utkinect --root UTKinect --out iterations

Direct training of N iterations gets as many epochs as stepwise training has in all its steps, and a learning rate that
decays over them in the same way. Runs that are done are not run again.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np

from .. import runs
from ..errors import InputError
from ..files import replacing
from ..settings import settings_from

ROWS = (("stepwise", 0), ("stepwise", 1), ("direct", 1), ("stepwise", 2), ("direct", 2))


def measure(source, settings, seeds, out, jobs=2):
    """Accuracy of every row of ROWS for every seed, float (rows, seeds); writes `out/table.md`."""
    data = runs.load_data(source)
    tasks = []
    for mode, n in ROWS:
        epochs = settings.epochs * (n + 1 if mode == "direct" else 1)
        for seed in range(seeds):
            changed = replace(settings, mode=mode, iterations=n, epochs=epochs, patience=epochs, seed=seed)
            tasks.append((changed, Path(out) / f"{mode}-{n}-seed-{seed}"))
    with joblib.parallel_config("loky", n_jobs=jobs, inner_max_num_threads=1):
        results = joblib.Parallel()(
            joblib.delayed(runs.run)(data, source, changed, folder, resume=True, show=False)
            for changed, folder in tasks
        )
    accuracy = np.array([result["accuracy"] for result in results]).reshape(len(ROWS), seeds)
    seconds = np.array([result["seconds"] for result in results]).reshape(len(ROWS), seeds)
    with replacing(Path(out) / "table.md") as temporary:
        temporary.write_text(table(accuracy, seconds))
    return accuracy, seconds


def table(accuracy, seconds):
    """The measured accuracies as Markdown."""
    lines = ["| N | training | accuracy, mean | each seed | seconds |", "| --- | --- | --- | --- | --- |"]
    for (mode, n), values, times in zip(ROWS, accuracy, seconds, strict=True):
        each = ", ".join(f"{value:.1%}" for value in values)
        how = mode if n else "no attention"
        spread = values.std(ddof=min(1, len(values) - 1))
        lines.append(f"| {n} | {how} | {values.mean():.1%} ± {spread:.1%} | {each} | {times.mean():.0f} |")
    return "\n".join(lines) + "\n"


def main(arguments=None):
    """Parse the options, measure, print the table; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m gca_scratch.experiments.iterations", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--dataset", choices=tuple(runs.DATASETS), default="utkinect")
    parser.add_argument("--root", default="", metavar="PATH")
    parser.add_argument("--protocol", default="half", metavar="NAME")
    parser.add_argument("--fold", type=int, default=1, metavar="K")
    parser.add_argument("--preset", default="small", metavar="NAME")
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    parser.add_argument("--out", default="iterations", metavar="DIR")
    options = parser.parse_args(arguments)
    try:
        if options.seeds < 1 or options.jobs < 1:
            raise InputError("--seeds and --jobs must be 1 or more")
        source = runs.Source(options.dataset, options.root, options.protocol, options.fold)
        print(table(*measure(source, settings_from(options.preset), options.seeds, options.out, options.jobs)))
    except InputError as error:
        print(f"gca_scratch: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
