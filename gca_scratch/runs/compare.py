"""Two networks on the same test sequences: the difference of their accuracies, with its interval, class by class."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..support.errors import InputError, shown
from .predictions import Predictions, joined, probabilities_on, read
from .predictions import of_test as predictions_of
from .trained import reload

NORMAL = 1.959964  # of 95 %


class Difference(NamedTuple):
    """Of n sequences: the accuracies of two networks, and b less a with its interval of 95 %.

    only_a, only_b: sequences that one of them alone gets right.
    """

    n: int
    a: float
    b: float
    difference: float
    low: float
    high: float
    only_a: int
    only_b: int


class Comparison(NamedTuple):
    """The Difference over all sequences, and that of each class with test sequences by its name."""

    overall: Difference
    per_class: dict[str, Difference]


def compare(a: str | os.PathLike[str], b: str | os.PathLike[str]) -> Comparison:
    """Compare two runs, folders that `train` has written or tables of `--predictions`, sequence by sequence.

    Raises InputError where one cannot be read, or where they were not tested on the same sequences and classes.
    """
    first, second = predictions_from(a), predictions_from(b)
    order = _matched(first, second, a, b)
    truth = first.truth
    right_a = first.probabilities.argmax(axis=1) == truth
    right_b = (second.probabilities.argmax(axis=1) == second.truth)[order]
    per_class = {
        name: difference(right_a[truth == k], right_b[truth == k])
        for k, name in enumerate(first.class_names)
        if (truth == k).any()
    }
    return Comparison(difference(right_a, right_b), per_class)


def difference(right_a: np.ndarray, right_b: np.ndarray) -> Difference:
    """The Difference of two networks, given which of the same sequences each gets right: bool (n,).

    The interval is that of Bonett and Price (2012) for paired proportions, which holds for few sequences, too. It takes
    sequences for independent; those of one person are not quite, so that it is rather too narrow.
    """
    n = len(right_a)
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    p, q = (only_b + 1) / (n + 2), (only_a + 1) / (n + 2)
    wide = NORMAL * np.sqrt((p + q - (p - q) ** 2) / (n + 2))
    a, b = float(right_a.mean()), float(right_b.mean())
    low, high = max(-1.0, p - q - wide), min(1.0, p - q + wide)
    return Difference(n, a, b, b - a, float(low), float(high), only_a, only_b)


def predictions_from(path: str | os.PathLike[str]) -> Predictions:
    """The predictions of a run's test set: of its table, of its network tested again, or of all its folds."""
    if not os.path.exists(path):
        raise InputError(f"there is no run {path}; give the folder that train has written, or a table of predictions")
    if not os.path.isdir(path) and Path(path).suffix.lower() == ".csv":
        return read(path)
    if not os.path.isdir(path) and Path(path).suffix.lower() == ".json":
        raise InputError(f"{path} is no table that is read here; write it as .csv (--predictions), or give its run")
    folds = sorted(Path(path).glob("fold-*")) if os.path.isdir(path) else []
    if not folds:
        return _tested(path)
    return joined([_tested(fold) for fold in folds])


def _tested(path):
    state, network, settings, _, split = reload(path)
    return predictions_of(split, probabilities_on(split, split.test, network, state, settings))


def _matched(first, second, a, b):
    """For each sequence of the first, its place in the second; InputError where they are not the same."""
    if not set(first.class_names) <= set(second.class_names):
        strange = sorted(set(first.class_names) - set(second.class_names))[0]
        raise InputError(f"{b} does not know the class {shown(strange)} of {a}; compare runs on the same data")
    place = {name: n for n, name in enumerate(second.name)}
    if len(place) < len(second.name) or len(set(first.name)) < len(first.name):
        raise InputError(f"{a} or {b} has two test sequences of one name, so they cannot be paired; rename them")
    missing = [name for name in first.name if name not in place]
    if missing or len(first.name) != len(second.name):
        raise InputError(
            f"{a} and {b} were not tested on the same sequences ({len(first.name)} and {len(second.name)}"
            + (f"; {missing[0]} is only in the first" if missing else "")
            + "); compare runs of one protocol and fold"
        )
    order = np.array([place[name] for name in first.name])
    for n, k in enumerate(order):
        if first.class_names[first.truth[n]] != second.class_names[second.truth[k]]:
            raise InputError(f"{a} and {b} do not agree on the class of {first.name[n]}; compare runs on the same data")
    return order


def described(comparison: Comparison, a: str, b: str) -> str:
    """The comparison as lines of text."""
    width = max(len(name) for name in [*comparison.per_class, "all"])
    lines = [f"a: {a}", f"b: {b}", "", f"{'':{width}}     n       a       b    b - a   95 % interval   only a  only b"]
    for name, each in [*comparison.per_class.items(), ("all", comparison.overall)]:
        interval = f"{100 * each.low:+6.1f} to {100 * each.high:+5.1f}"
        lines.append(
            f"{name:{width}}  {each.n:4}  {each.a:6.1%}  {each.b:6.1%}  {100 * each.difference:+7.1f}  {interval}"
            f"   {each.only_a:6}  {each.only_b:6}"
        )
    whole = comparison.overall
    lines += ["", _verdict(whole)]
    return "\n".join(lines)


def _verdict(whole):
    if whole.low > 0 or whole.high < 0:
        better = "b" if whole.difference > 0 else "a"
        return f"{better} is better on these {whole.n} sequences by more than chance; another seed may say otherwise."
    return f"These {whole.n} sequences do not tell the two apart."
