"""Leave one sequence out, in an eighth of the time: a network for each subject, finished for each of his sequences.

    python -m gca_scratch.experiments.loseqo --dataset utkinect --data UTKinect --seeds 3 --out loseqo

To train anew for each of 199 sequences is to train 199 networks that differ by one sequence in 198. Here a network is
trained, whole, for each subject, on all other subjects. Then, for each sequence of that subject, its weights are
trained for twelve epochs more, on all sequences but that one. So no weight is ever touched by the sequence that it is
tested on, as the protocol asks, but only the last epochs see all 198 others. With more seeds than one, the networks of
a sequence also answer together, by the mean of their probabilities. What is done is not done again. The settings are
those of the networks of subjects; finishing changes only what FINISH says. So weights are averaged in finishing where
they are in training, and finishing begins with the average (--average 0 for the last weights in both).
"""

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from .. import runs, training
from ..data import protocols
from ..data.neutral import fingerprint, refuse_other
from ..runs import checkpoint
from ..settings import add_options, given, settings_from
from ..support import workers
from ..support.errors import InputError
from ..support.exit_code import exit_code
from ..support.progress import progress
from ..support.reading import is_number
from ..support.writing import write_json
from .choices import data_of, identity, kept, options_of_a_study, publish

FINISH = {
    "mode": "direct", "epochs": 12, "patience": 12, "validation": 0, "learning_rate": 0.02, "decay": 0.85,
    "decay_every": 1, "restart_every": 0,
}  # fmt: skip


def measure(data, source, settings, out, seeds=1, jobs=2):
    """Probabilities (seeds, sequences, classes), by the networks of subjects and by the finished ones: two arrays."""
    mark = fingerprint(data)
    subject = np.unique(data.subject, return_inverse=True)[1] + 1  # of each sequence, counted from 1
    folders = {
        (k, left_out): Path(out).absolute() / f"seed-{settings.seed + k}" / f"subject-{left_out:02}"
        for k in range(seeds)
        for left_out in range(1, subject.max() + 1)
    }

    def all_of(function, calls, what):
        coming = workers.results(function, calls, jobs, data=data, check=partial(refuse_other, mark=mark))
        return list(progress(coming, total=len(calls), what=what, unit=what[:-1]))

    trainings = [
        (replace(source, protocol="loso", fold=left_out), replace(settings, seed=settings.seed + k), folder)
        for (k, left_out), folder in folders.items()
    ]
    before = np.zeros((seeds, len(data), len(data.class_names)))
    for (k, left_out), p in zip(folders, all_of(_train, trainings, "subjects"), strict=True):
        before[k, subject == left_out] = p
    endings = [
        (mark, replace(source, protocol="loseqo", fold=n + 1), folders[k, subject[n]])
        for k in range(seeds)
        for n in range(len(data))
    ]
    after = np.reshape(all_of(_finish, endings, "sequences"), before.shape)
    return before, after


def _train(data, source, settings, folder):
    """The network of one subject, trained on all others; the probabilities of its sequences (n, classes)."""
    result = runs.run(data, source, settings, folder, resume=True, show=False)
    if result["stopped_early"]:
        raise KeyboardInterrupt
    state, network, *_ = checkpoint.load(folder)
    return runs.outcome(runs.make_split(data, source, settings), network, state, settings)[2]


def _finish(data, mark, source, folder):
    """The network of the subject in `folder` trained on all sequences but one; the probabilities of that one."""
    of_subject, network, settings, _ = checkpoint.load(folder)
    settings = replace(settings, **FINISH)
    n = source.fold - 1
    wanted = identity(mark, source, settings)
    file = folder / f"sequence-{source.fold:03}.json"
    done = finished(file, wanted, len(data.class_names))
    if done:
        return done
    split = runs.make_split(data, source, settings)
    state = training.State(training.best_weights(of_subject), np.random.default_rng([settings.seed, 4, n]))
    training.train(network, state, split.aligned, split.fit, split.validate, settings)
    p = runs.outcome(split, network, state, settings)[2][0].astype(float).tolist()
    write_json(file, wanted | {"p": p})
    return p


def finished(file, wanted, classes):
    """The probabilities in a file; None if there are none, or damaged ones. InputError if others are `wanted`."""
    p = (kept(file, wanted) or {}).get("p")
    whole = type(p) is list and len(p) == classes and all(is_number(x, 0, 1.001) for x in p)
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
    parser = options_of_a_study("loseqo", __doc__)
    parser.add_argument("--seeds", type=int, default=1, metavar="N")
    add_options(parser)

    def run():
        options = parser.parse_args(arguments)
        workers.at_least_one(seeds=options.seeds, jobs=options.jobs)
        settings = settings_from(options.preset, **given(options))
        data, source = data_of(options)
        if protocols.folds(data, "loso") < 2:
            raise InputError("all sequences are of one subject; there must be two or more")

        def measure_all():
            return report(data, *measure(data, source, settings, options.out, options.seeds, options.jobs), settings)

        publish(options.out, measure_all)

    return exit_code(run)


if __name__ == "__main__":
    sys.exit(main())
