"""Leave one sequence out, in an eighth of the time: a network for each subject, finished for each of his sequences.

    python -m gca_scratch.experiments.loseqo --dataset utkinect --root UTKinect --seeds 3 --out loseqo

Whoever trains anew for each of 199 sequences trains 199 networks that differ by one sequence in 198. Here a network is
trained, whole, for each subject, on all other subjects. Then, for each of his sequences, its weights are trained for
twelve epochs more, on all sequences but that one. So no weight was ever touched by the sequence that it is tested on,
as the protocol asks, but only the last epochs were on all 198 others. With more seeds than one, the networks of a
sequence are also asked together: the mean of their probabilities. What is done is not done again. The settings
are those of the networks of subjects; finishing takes all from them but what FINISH says.
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
from ..commands.options import add_settings, given_settings
from ..data import protocols
from ..data.neutral import fingerprint, refuse_other
from ..runs import checkpoint
from ..settings import PRESETS, settings_from
from ..support.errors import InputError
from ..support.exit_code import exit_code
from ..support.processes import end_with
from ..support.writing import write_json
from .choices import kept, publish

FINISH = {
    "mode": "direct", "epochs": 12, "patience": 12, "validation": 0, "learning_rate": 0.02, "decay": 0.85,
    "decay_every": 1,
}  # fmt: skip


def measure(data, source, settings, out, seeds=1, jobs=2):
    """Probabilities (seeds, sequences, classes), by the networks of subjects and by the finished ones: two arrays."""
    about = data, fingerprint(data), os.getpid()
    subject = np.unique(data.subject, return_inverse=True)[1] + 1  # of each sequence, counted from 1
    folders = {
        (k, left_out): Path(out).absolute() / f"seed-{settings.seed + k}" / f"subject-{left_out:02}"
        for k in range(seeds)
        for left_out in range(1, subject.max() + 1)
    }
    with joblib.parallel_config("loky", n_jobs=jobs, inner_max_num_threads=1):
        trainings = [
            joblib.delayed(_train)(
                *about,
                replace(source, protocol="loso", fold=left_out),
                replace(settings, seed=settings.seed + k),
                folder,
            )
            for (k, left_out), folder in folders.items()
        ]
        before = np.zeros((seeds, len(data), len(data.class_names)))
        for (k, left_out), p in zip(folders, _all("subjects", trainings), strict=True):
            before[k, subject == left_out] = p
        endings = [
            joblib.delayed(_finish)(*about, replace(source, protocol="loseqo", fold=n + 1), folders[k, subject[n]])
            for k in range(seeds)
            for n in range(len(data))
        ]
        after = np.reshape(_all("sequences", endings), before.shape)
    return before, after


def _all(what, calls):
    found = joblib.Parallel(return_as="generator")(calls)
    return list(tqdm(found, total=len(calls), desc=what, unit=what[:-1]))


def _train(data, mark, parent, source, settings, folder):
    """The network of one subject, trained on all others; the probabilities of his sequences (n, classes)."""
    end_with(parent)
    refuse_other(data, mark)
    with threadpool_limits(1):  # the same sums, whatever the number of jobs
        result = runs.run(data, source, settings, folder, resume=True, show=False)
        if result["stopped_early"]:
            raise KeyboardInterrupt
        state, network, *_ = checkpoint.load(folder)
        return runs.outcome(runs.problem(data, source, settings), network, state, settings)[2]


def _finish(data, mark, parent, source, folder):
    """The network of the subject in `folder` trained on all sequences but one; the probabilities of that one."""
    end_with(parent)
    refuse_other(data, mark)
    was, network, settings, _ = checkpoint.load(folder)
    settings = replace(settings, **FINISH)
    n = source.fold - 1
    asked = {"data": mark, "source": asdict(source) | {"root": ""}, "settings": asdict(settings)}
    file = folder / f"sequence-{source.fold:03}.json"
    done = finished(file, asked, len(data.class_names))
    if done:
        return done
    task = runs.problem(data, source, settings)
    state = training.State(training.best_weights(was), np.random.default_rng([settings.seed, 4, n]))
    with threadpool_limits(1):
        training.train(network, state, task.aligned, task.fit, task.validate, settings)
        p = runs.outcome(task, network, state, settings)[2][0].astype(float).tolist()
    write_json(file, asked | {"p": p})
    return p


def finished(file, asked, classes):
    """The probabilities in a file; None if there are none, or damaged ones. InputError if others are `asked` for."""
    p = (kept(file, asked) or {}).get("p")
    whole = type(p) is list and len(p) == classes and all(type(x) in (int, float) and 0 <= x <= 1.001 for x in p)
    return p if whole and abs(sum(p) - 1) < 1e-3 else None


def report(data, before, after, settings):
    """Markdown: the accuracy of each seed and of all together, and the sequences that all together get wrong."""
    lines = ["| network | on all other subjects | and finished on all other sequences |", "| --- | --- | --- |"]
    for k in range(len(before)):
        lines.append(f"| seed {settings.seed + k} | {_counted(data, before[k])} | {_counted(data, after[k])} |")
    before, mean = before.mean(axis=0), after.mean(axis=0)
    if len(after) > 1:
        lines.append(f"| the mean of their probabilities | {_counted(data, before)} | {_counted(data, mean)} |")
    lines += ["", "| sequence | frames | taken for | probability | seeds that are right |"]
    lines += ["| --- | --- | --- | --- | --- |"]
    for n in np.flatnonzero(mean.argmax(axis=1) != data.label):
        cells = [
            data.name[n],
            data.offsets[n + 1] - data.offsets[n],
            data.class_names[mean[n].argmax()],
            f"{mean[n].max():.2f}",
            f"{(after[:, n].argmax(axis=1) == data.label[n]).sum()} of {len(after)}",
        ]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def _counted(data, p):
    right = int((p.argmax(axis=1) == data.label).sum())
    return f"{right / len(data):.1%} ({right} of {len(data)})"


def main(arguments=None):
    """Parse the options, measure, print the table; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m gca_scratch.experiments.loseqo", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--dataset", choices=tuple(runs.DATASETS), default="utkinect")
    parser.add_argument("--root", default="", metavar="PATH")
    parser.add_argument("--preset", default="small", metavar="NAME", help=f"one of {', '.join(PRESETS)}")
    parser.add_argument("--seeds", type=int, default=1, metavar="N")
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    parser.add_argument("--out", default="loseqo", metavar="DIR")
    add_settings(parser)
    options = parser.parse_args(arguments)

    def run():
        for name in ("seeds", "jobs"):
            if getattr(options, name) < 1:
                raise InputError(f"--{name} must be 1 or more")
        source = runs.Source(options.dataset, options.root)
        settings = settings_from(options.preset, **given_settings(options))
        data = runs.load_data(source)
        if protocols.folds(data, "loso") < 2:
            raise InputError("all sequences are of one subject; there must be two or more")

        def measured():
            return report(data, *measure(data, source, settings, options.out, options.seeds, options.jobs), settings)

        publish(options.out, measured)

    return exit_code(run)


if __name__ == "__main__":
    sys.exit(main())
