"""Does attention help? N = 0, 1, 2 ... side by side on one protocol: what each gains over N = 0, with its interval.

    python -m gca_scratch table attention --data utdmhad.npz --protocol utd-mhad --no-mirror --epochs 30 --seeds 5

Every N is trained stepwise, with as many epochs in all: those of a training step, times the steps of the largest N.
Where the rate is raised again (--restart-every), it is so at each training step, and for N = 0 as often as for the
largest N. What is done is kept in the --out folder, a file for each training, and is not done again.
"""

from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import runs, training
from ..data import protocols
from ..data.neutral import fingerprint, refuse_other
from ..support import workers
from ..support.errors import InputError, shown
from ..support.progress import progress
from ..support.reading import is_number
from ..support.writing import write_json
from .choices import identity, kept, publish

DRAWS = 10_000  # of the bootstrap


class Found(NamedTuple):
    """What one N gave on n tests: right, bool (seeds, n); person, int (n,), whose they are; loss, float (seeds,)."""

    right: np.ndarray
    person: np.ndarray
    loss: np.ndarray


class Gain(NamedTuple):
    """The accuracy of one network less that of another, and intervals of 95 %: people drawn; people and seeds drawn.

    An interval is (low, high). Of one person there is none: it is (nan, nan).
    """

    difference: float
    people: tuple[float, float]
    people_and_seeds: tuple[float, float]


def settings_of(base, iterations):
    """The settings of the network with so many attention iterations; base: those of the one with the most."""
    epochs = base.epochs * (base.iterations + 1) // (iterations + 1)
    patience = epochs if base.patience >= base.epochs else base.patience  # none that ends a step stays none
    every = (epochs if iterations else base.epochs) if base.restart_every else 0
    return replace(base, iterations=iterations, epochs=epochs, patience=patience, restart_every=every)


def measure(data, source, base, out, numbers, seeds=1, jobs=2):
    """What networks with these numbers of attention iterations gave: {number: Found}.

    base: settings of the largest number.  out: the folder in which each training is kept.
    """
    mark, calls = fingerprint(data), {}
    folds = range(1, protocols.folds(data, source.protocol) + 1)
    chosen = range(base.seed, base.seed + seeds)
    for seed, n, fold in product(chosen, sorted(numbers, reverse=True), folds):  # the longest of a seed first
        file = Path(out).absolute() / f"N-{n}" / f"seed-{seed}" / f"fold-{fold:02}.json"
        calls[seed, n, fold] = mark, replace(source, fold=fold), replace(settings_of(base, n), seed=seed), file
    coming = workers.results(_run, calls.values(), jobs, data=data, check=partial(refuse_other, mark=mark))
    results = progress(coming, total=len(calls), what="trainings", unit="training")
    found = dict(zip(calls, results, strict=True))
    return {n: joined([[found[seed, n, fold] for fold in folds] for seed in chosen]) for n in numbers}


def _run(data, mark, source, settings, file):
    """One training: {"right", "person", "loss"}, lists with an entry for each test sequence, and their mean loss."""
    wanted = identity(mark, source, settings)
    done = finished(file, wanted)
    if done:
        return done
    split = runs.make_split(data, source, settings)
    network = split.network(settings)
    state = training.start(network, settings)
    training.train(network, state, split.aligned, split.fit, split.validate, settings)
    _, loss, p = runs.outcome(split, network, state, settings)
    right = p.argmax(axis=1) == split.aligned.label[split.test]
    result = {"right": right.astype(int).tolist(), "person": split.data.subject[split.test].tolist(), "loss": loss}
    write_json(file, wanted | result)
    return result


def finished(file, wanted):
    """The result in a file; None if there is none, or a damaged one. InputError if others are `wanted`."""
    done = kept(file, wanted) or {}
    right, person = done.get("right"), done.get("person")
    lists = type(right) is list and type(person) is list and 0 < len(right) == len(person)
    if not (lists and all(type(x) is int and x in (0, 1) for x in right) and is_number(done.get("loss"), low=0)):
        return None
    return done if all(type(x) is int and abs(x) < 2**31 for x in person) else None


def joined(seeds):
    """The results of all folds of each seed as one Found."""
    right = [[x for fold in folds for x in fold["right"]] for folds in seeds]
    person = [x for fold in seeds[0] for x in fold["person"]]
    loss = [np.average([fold["loss"] for fold in folds], weights=[len(f["right"]) for f in folds]) for folds in seeds]
    return Found(np.array(right, bool), np.array(person), np.array(loss))


def gain(first, second, draws=DRAWS):
    """The Gain of the second Found over the first, tested on the same sequences.

    The bootstrap draws people, each with all of their sequences, for those of one person are alike; the seeds are
    averaged before. A second one also draws seeds of either network.
    """
    _, place = np.unique(first.person, return_inverse=True)
    count = np.bincount(place)
    a, b = (np.array([np.bincount(place, row) for row in found.right]) for found in (first, second))  # (seeds, people)
    difference = float(second.right.mean() - first.right.mean())
    if len(count) < 2:
        return Gain(difference, *[(float("nan"),) * 2] * 2)

    rng = np.random.default_rng(0)

    def drawn(many):
        """How often each of so many is drawn, (draws, many)."""
        return rng.multinomial(many, np.full(many, 1 / many), draws)

    people = drawn(len(count))
    of_people = people @ (b.mean(axis=0) - a.mean(axis=0)) / (people @ count)
    rows = drawn(len(b)) @ b / len(b) - drawn(len(a)) @ a / len(a)  # (draws, people)
    of_both = (people * rows).sum(axis=1) / (people @ count)
    return Gain(difference, *(tuple(np.percentile(each, (2.5, 97.5)).tolist()) for each in (of_people, of_both)))


def report(found, base):
    """Markdown: accuracy and loss of each N, its gain over N = 0, and how large an effect is excluded."""
    lines = ["| N | epochs | accuracy | each seed | loss | gain over N = 0 | people drawn | people and seeds drawn |"]
    lines += ["| --- " * 8 + "|"]
    gains = {n: gain(found[0], found[n]) for n in found if n}
    for n, each in found.items():
        accuracy = 100 * each.right.mean(axis=1)
        spread = f" ± {accuracy.std(ddof=1):.1f}" if len(accuracy) > 1 else ""
        cells = [n, (n + 1) * settings_of(base, n).epochs, f"{accuracy.mean():.1f}{spread}"]
        cells += [" ".join(f"{x:.1f}" for x in accuracy), f"{each.loss.mean():.3f}"]
        cells += [f"{100 * gains[n].difference:+.1f}", *map(_interval, gains[n][1:])] if n else ["–"] * 3
        lines.append(f"| {' | '.join(map(str, cells))} |")
    tests, people = len(found[0].person), len(np.unique(found[0].person))
    lines += ["", f"{tests} tests of {people} people; accuracy and gain in per cent, intervals of 95 %."]
    for n, each in gains.items():
        if people > 1:
            low, high = (f"{100 * end:+.1f}" for end in each.people_and_seeds)
            lines.append(f"N = {n}: effects above {high} and below {low} points are excluded.")
    return "\n".join(lines) + "\n"


def _interval(ends):
    return "–" if np.isnan(ends).any() else f"{100 * ends[0]:+.1f} to {100 * ends[1]:+.1f}"


def choose(texts, most):
    """The numbers of iterations to run: 0 to `most`, or 0 and those among the texts."""
    for text in texts or ():
        if text not in map(str, range(most + 1)):
            raise InputError(f"--rows {shown(text)} is not in this table; its rows are N = 0 to {most}")
    return sorted({0, *map(int, texts)}) if texts else list(range(most + 1))


def study(data, source, base, out, texts=None, seeds=1, jobs=2):
    """Train what is not done, print the table, and keep it as table.md in the folder `out`."""
    if base.mode != "stepwise" or not base.attentive or base.iterations < 1:
        raise InputError("this table needs --mode stepwise, a --network with attention, and --iterations 1 or more")
    numbers = choose(texts, base.iterations)
    publish(out, lambda: report(measure(data, source, base, out, numbers, seeds, jobs), base))
