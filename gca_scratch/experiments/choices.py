"""What each choice of input and training is worth, measured on validation data: one change after the other.

    python -m gca_scratch.experiments.choices --dataset sbu --root SBU --protocol sbu --out choices

The test set of a fold is never looked at: a network is tested on the test set of the next fold, and trained on what is
in neither. Every row adds its change to those above it. Runs that are done are not run again.
"""

import argparse
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

import joblib
import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from .. import runs, training
from ..data import protocols
from ..settings import settings_from
from ..support.errors import InputError
from ..support.exit_code import exit_code
from ..support.processes import alone, end_with
from ..support.reading import read_json
from ..support.writing import replacing, write_json
from .tasks import fingerprint

PLAIN = {
    "face_camera": True, "torso_scale": True, "pair": False, "mirror": False, "exchange": False, "turn": 0.0,
    "stretch": 0.0, "jitter": 0.0, "crop": 0.0, "samplings": 1, "hidden": 64, "iterations": 0, "dropout": 0.0,
    "epochs": 60, "patience": 60, "decay": 0.975,
}  # fmt: skip
STEPS = (
    ("the first person turned to the camera, in lengths of the torso", {}),
    ("turns and sizes", {"turn": 45.0, "stretch": 0.2}),
    ("both persons' middle and line (pair)", {"pair": True}),
    ("mirror images", {"mirror": True}),
    ("persons exchanged", {"exchange": True}),
    ("five looks in testing", {"samplings": 5}),
    ("cropping", {"crop": 0.1}),
    ("jitter", {"jitter": 0.02}),
    ("one attention iteration, stepwise, 40 epochs each", {"iterations": 1, "epochs": 40, "patience": 40}),
    ("two attention iterations, stepwise, 40 epochs each", {"iterations": 2}),
    ("dropout 0.2", {"dropout": 0.2}),
    ("hidden 32 in place of 64", {"hidden": 32}),
)  # fmt: skip


def measure(data, source, preset, out, jobs=2):
    """Wrong sequences, number of sequences and mean loss of each row of STEPS: three arrays (rows, folds)."""
    settings, tasks = settings_from(preset, **PLAIN), []
    folds = range(1, protocols.folds(data, source.protocol) + 1)
    for row, (_, changes) in enumerate(STEPS):
        settings = replace(settings, **changes)
        tasks += [(replace(source, fold=fold), settings, Path(out) / f"{row:02}-fold-{fold}.json") for fold in folds]
    mark = fingerprint(data)
    with joblib.parallel_config("loky", n_jobs=jobs, inner_max_num_threads=1):
        found = joblib.Parallel(return_as="generator")(
            joblib.delayed(_run)(data, mark, *task, os.getpid()) for task in tasks
        )
        found = list(tqdm(found, total=len(tasks), desc="runs", unit="run"))
    shape = (len(STEPS), len(folds))
    return tuple(np.array([result[key] for result in found]).reshape(shape) for key in ("wrong", "n", "loss"))


def _run(data, mark, source, settings, file, parent=None):
    end_with(parent)
    asked = {"data": mark, "source": asdict(source) | {"root": ""}, "settings": asdict(settings)}
    done = finished(file, asked)
    if done:
        return done
    task = runs.problem(data, source, replace(settings, validation=0))
    following = replace(source, fold=source.fold % protocols.folds(data, source.protocol) + 1)
    validate = protocols.split(data, following.protocol, following.fold)[1]
    task = replace(task, fit=np.setdiff1d(task.fit, validate), validate=task.validate, test=validate)
    network = task.network(settings)
    state = training.start(network, settings)
    with threadpool_limits(1):  # the same sums, whatever the number of jobs
        training.train(network, state, task.aligned, task.fit, task.validate, settings)
        result = runs.test(task, network, state, settings)
    wrong = result["n_test"] - int(np.trace(result["confusion"]))
    result = asked | {"wrong": wrong, "n": result["n_test"], "loss": result["loss"]}
    write_json(file, result)
    return result


def finished(file, asked):
    """The result in a file; None if there is none, or a damaged one. InputError if it is not what is `asked`."""
    done = kept(file, asked)
    if done is None:
        return None
    good = type(done.get("wrong")) is int and type(done.get("n")) is int and 0 <= done["wrong"] <= done["n"] < 2**31
    return done if good and type(done.get("loss")) in (int, float) and 0 <= done["loss"] < 1e300 else None


def kept(file, asked):
    """What a file holds beside all that is `asked`, a dict; None if it is not there, or no dict at all.

    Raises InputError if it says something else of what is asked.
    """
    try:
        done = dict(read_json(file))
    except (OSError, ValueError, TypeError):
        return None
    if {name: done.get(name) for name in asked} != asked:
        raise InputError(f"{file} belongs to other data or settings; choose another --out folder")
    return done


def table(wrong, n, loss):
    """The rows as Markdown: accuracy and loss over all folds, and the errors of each."""
    lines = ["| added | accuracy | loss | wrong in each fold |", "| --- | --- | --- | --- |"]
    for (label, _), row, sizes, losses in zip(STEPS, wrong, n, loss, strict=True):
        accuracy, mean = 1 - row.sum() / sizes.sum(), (losses * sizes).sum() / sizes.sum()
        lines.append(f"| {label} | {accuracy:.1%} | {mean:.3f} | {', '.join(map(str, row))} of {sizes.sum()} |")
    return "\n".join(lines) + "\n"


def publish(out, measured):
    """Print the text that `measured()` returns and keep it as table.md; the folder is ours alone until then."""
    with alone(out):
        text = measured()
        with replacing(Path(out) / "table.md") as temporary:
            temporary.write_text(text, "utf-8")
    print(text)


def main(arguments=None):
    """Parse the options, measure, print the table; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m gca_scratch.experiments.choices", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--dataset", choices=tuple(runs.DATASETS), default="sbu")
    parser.add_argument("--root", default="", metavar="PATH")
    parser.add_argument("--protocol", default="sbu", metavar="NAME")
    parser.add_argument("--preset", default="small", metavar="NAME")
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    parser.add_argument("--out", default="choices", metavar="DIR")
    options = parser.parse_args(arguments)

    def run():
        if options.jobs < 1:
            raise InputError("--jobs must be 1 or more")
        source = runs.Source(options.dataset, options.root, options.protocol)
        data = runs.load_data(source)
        publish(options.out, lambda: table(*measure(data, source, options.preset, options.out, options.jobs)))

    return exit_code(run)


if __name__ == "__main__":
    sys.exit(main())
