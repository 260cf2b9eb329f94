"""What each choice of input and training is worth, measured on validation data: one change after the other.

    python -m gca_scratch.experiments.choices --dataset sbu --data SBU --protocol sbu --out choices

The test set of a fold is never looked at: a network is tested on the test set of the next fold, and trained on what is
in neither. Every row adds its change to those above it. Runs that are done are not run again.
"""

import sys
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np

from .. import runs, training
from ..data import protocols
from ..data.neutral import fingerprint, refuse_other
from ..settings import PRESETS, settings_from
from ..support import workers
from ..support.errors import InputError
from ..support.exit_code import Parser, exit_code
from ..support.processes import alone
from ..support.progress import progress
from ..support.reading import is_number, read_json
from ..support.writing import replacing, write_json

PLAIN = {
    "face_camera": True, "torso_scale": True, "pair": False, "mirror": False, "exchange": False, "turn": 0.0,
    "stretch": 0.0, "jitter": 0.0, "crop": 0.0, "samplings": 1, "hidden": 64, "iterations": 0, "dropout": 0.0,
    "epochs": 60, "patience": 60, "decay": 0.975, "restart_every": 0, "average": 0,
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
    settings, calls, mark = settings_from(preset, **PLAIN), [], fingerprint(data)
    folds = range(1, protocols.folds(data, source.protocol) + 1)
    for row, (_, changes) in enumerate(STEPS):
        settings = replace(settings, **changes)
        for fold in folds:
            calls.append((mark, replace(source, fold=fold), settings, Path(out) / f"{row:02}-fold-{fold}.json"))
    coming = workers.results(_run, calls, jobs, data=data, check=partial(refuse_other, mark=mark))
    found = list(progress(coming, total=len(calls), what="runs", unit="run"))
    shape = (len(STEPS), len(folds))
    return tuple(np.array([result[key] for result in found]).reshape(shape) for key in ("wrong", "n", "loss"))


def identity(mark, source, settings):
    """All that a result depends on, as plain values; mark: the fingerprint of the data."""
    return {"data": mark, "source": asdict(source) | {"data": ""}, "settings": asdict(settings)}


def _run(data, mark, source, settings, file):
    wanted = identity(mark, source, settings)
    done = finished(file, wanted)
    if done:
        return done
    data = protocols.restricted(data, source.protocol)
    split = runs.make_split(data, source, replace(settings, validation=0))
    following = replace(source, fold=source.fold % protocols.folds(data, source.protocol) + 1)
    validate = protocols.split(data, following.protocol, following.fold)[1]
    split = replace(split, fit=np.setdiff1d(split.fit, validate), validate=split.validate, test=validate)
    network = split.network(settings)
    state = training.start(network, settings)
    training.train(network, state, split.aligned, split.fit, split.validate, settings)
    result = runs.test(split, network, state, settings)
    wrong = result["n_test"] - int(np.trace(result["confusion"]))
    result = wanted | {"wrong": wrong, "n": result["n_test"], "loss": result["loss"]}
    write_json(file, result)
    return result


def finished(file, wanted):
    """The result in a file; None if there is none, or a damaged one. InputError if it is not the one `wanted`."""
    done = kept(file, wanted)
    if done is None:
        return None
    good = type(done.get("wrong")) is int and type(done.get("n")) is int and 0 <= done["wrong"] <= done["n"] < 2**31
    return done if good and is_number(done.get("loss"), low=0) else None


def kept(file, wanted):
    """What a file holds, a dict with all that is `wanted` in it; None if it is not there, or no dict at all.

    Raises InputError if it says something else of what is wanted.
    """
    try:
        done = dict(read_json(file))
    except (OSError, ValueError, TypeError):
        return None
    if {name: done.get(name) for name in wanted} != wanted:
        raise InputError(f"{file} belongs to other data or settings; choose another --out folder")
    return done


def table(wrong, n, loss):
    """The rows as Markdown: accuracy and loss over all folds, and the errors of each."""
    lines = ["| added | accuracy | loss | wrong in each fold |", "| --- | --- | --- | --- |"]
    for (label, _), row, sizes, losses in zip(STEPS, wrong, n, loss, strict=True):
        accuracy, mean = 1 - row.sum() / sizes.sum(), (losses * sizes).sum() / sizes.sum()
        lines.append(f"| {label} | {accuracy:.1%} | {mean:.3f} | {', '.join(map(str, row))} of {sizes.sum()} |")
    return "\n".join(lines) + "\n"


def publish(out, measure_all):
    """Print the text that `measure_all()` returns and keep it as table.md; the folder is ours alone until then."""
    with alone(out):
        text = measure_all()
        with replacing(Path(out) / "table.md") as temporary:
            temporary.write_text(text, "utf-8")
    print(text)


def options_of_a_study(name, text):
    """A parser with the options that every study of this kind has; text: what it is about, in its first line."""
    parser = Parser(prog=f"python -m gca_scratch.experiments.{name}", description=text.splitlines()[0])
    parser.add_argument("--data", metavar="PATH", help="a file of the neutral format, or a folder of original files")
    parser.add_argument("--dataset", choices=tuple(runs.DATASETS), help="what the folder holds")
    parser.add_argument("--preset", default="small", metavar="NAME", help=f"one of {', '.join(PRESETS)}")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes at a time (default: 2)")
    parser.add_argument("--out", default=name, metavar="DIR", help=f"folder for what it writes (default: {name})")
    return parser


def options_of_seeds(name, text):
    """A parser with the options of a study that trains a network per seed on data of its own; text: as above."""
    parser = Parser(prog=f"python -m gca_scratch.experiments.{name}", description=text.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="how many seeds (default: 3)")
    parser.add_argument("--first", type=int, default=0, metavar="S", help="the first of them (default: 0)")
    parser.add_argument("--epochs", type=int, default=0, metavar="N", help="of a training step (default: as the demo)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes at a time (default: 2)")
    out = name.replace("_", "-")
    parser.add_argument("--out", default=out, metavar="DIR", help=f"folder for what it writes (default: {out})")
    return parser


def data_of(options, protocol="half"):
    """The skeletons that the options name, and their Source."""
    source = runs.Source(options.dataset or runs.dataset_of(options.data), options.data or "", protocol)
    return runs.load_data(source), source


def main(arguments=None):
    """Parse the options, measure, print the table; returns the exit code."""
    parser = options_of_a_study("choices", __doc__)
    parser.add_argument("--protocol", default="sbu", metavar="NAME", help="how to split (default: sbu)")

    def run():
        options = parser.parse_args(arguments)
        workers.at_least_one(jobs=options.jobs)
        data, source = data_of(options, options.protocol)
        publish(options.out, lambda: table(*measure(data, source, options.preset, options.out, options.jobs)))

    return exit_code(run)


if __name__ == "__main__":
    sys.exit(main())
