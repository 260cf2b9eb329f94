"""Readings of the gate side by side, on people never seen: which recognises actions, and which finds where they are.

    python -m gca_scratch table gate-readings --dataset synthetic-restless --seeds 2 --epochs 14 --decay 0.94

Every row is trained with every seed, N = 0 with as many epochs as N = 2 has in all its steps. What is done is kept in
the --out folder, a file each, and is not done again. The iteration whose scores are shown is chosen on people who are
held out for validation, seed by seed; the other figures are of the test people. Of the scores there is also the area
across sequences, in which one map for all has 0.5, however well it suits the usual place of an action.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from .. import runs, training
from ..data.neutral import fingerprint, refuse_other
from ..figures.localisation import mean_auc, mean_auc_of_cells, truth_at
from ..runs.where import answers
from ..support import workers
from ..support.errors import InputError, shown
from ..support.progress import progress
from ..support.reading import is_number
from ..support.writing import write_json
from ..variants.readings import Reading
from ..variants.sight import sighted
from .choices import identity, kept, publish

# name -> (settings that change, what makes the network of the plain one; None for the plain one itself)
ROWS = {
    "N = 0": ({"iterations": 0}, None),
    "as written": ({}, None),
    "K draws": ({}, Reading("draws").of),
    "odds": ({}, Reading("odds").of),
    "minimum to maximum": ({}, Reading("range").of),
    "share of the largest": ({}, Reading("largest").of),
    "odds, the score sees news": ({}, Reading("odds", "news").of),
    "soft attention": ({"attention": "soft"}, None),
    "soft attention, the score sees movement": ({}, sighted),
    "tree traversal, odds": ({"traversal": "tree"}, Reading("odds").of),
}


def choose(texts=None):
    """The names of rows: all, or those whose number (from 1) or part of the name is among the texts."""
    names = list(ROWS)
    if not texts:
        return names
    found = []
    for text in texts:
        hits = [names[int(text) - 1]] if text.isdecimal() and 1 <= int(text) <= len(names) else []
        hits = hits or [name for name in names if text.lower() in name.lower()]
        if not hits:
            raise InputError(f"--rows {shown(text)} is not in this table; its rows are: {'; '.join(names)}")
        found += hits
    return [name for name in names if name in found]


def measure(data, source, base, out, rows, seeds=1, jobs=2):
    """What each row gave with each seed: {name: [result, ...]}, as `_run` returns it."""
    mark, calls = fingerprint(data), []
    for name in rows:
        changes, _ = ROWS[name]
        for k in range(seeds):
            settings = replace(base, seed=base.seed + k, **changes)
            if not settings.iterations:
                longer = settings.epochs * (base.iterations + 1)
                settings = replace(settings, epochs=longer, patience=max(settings.patience, longer))
            calls.append((mark, source, settings, name, Path(out) / f"{name.replace(' ', '-')}-{settings.seed}.json"))
    coming = workers.results(_run, calls, jobs, data=data, check=partial(refuse_other, mark=mark))
    found = iter(list(progress(coming, total=len(calls), what="trainings", unit="training")))
    return {name: [next(found) for _ in range(seeds)] for name in rows}


def _run(data, mark, source, settings, name, file):
    """One training: {"accuracy", "where", "validated", "across"}, the last three {answer: area}.

    The areas are those within a sequence, on test and on validation people, and that from sequence to sequence on test
    people, which is None where these are too few.
    """
    wanted = identity(mark, source, settings) | {"row": name}
    done = finished(file, wanted)
    if done:
        return done
    split, change = runs.make_split(data, source, settings), ROWS[name][1]
    network = split.network(settings)
    network = change(network) if change else network
    state = training.start(network, settings)
    training.train(network, state, split.aligned, split.fit, split.validate, settings)
    weights = training.best_weights(state)
    result = {"accuracy": runs.test(split, network, state, settings)["accuracy"]}
    for what, sequences in (("validated", split.validate), ("where", split.test)):
        maps = answers(network, weights, split.aligned, sequences)
        truth = truth_at(split.data, split.aligned, sequences, settings.frames)
        result[what] = {answer: mean_auc(found, truth) for answer, found in maps.items()}
    across = {answer: mean_auc_of_cells(found, truth) for answer, found in maps.items()}
    result["across"] = {answer: None if np.isnan(area) else area for answer, area in across.items()}
    write_json(file, wanted | result)
    return result


def finished(file, wanted):
    """The result in a file; None if there is none, or a damaged one. InputError if others are `wanted`."""
    done = kept(file, wanted) or {}
    parts = [done.get(what) for what in ("where", "validated", "across")]
    if not all(isinstance(part, dict) and part for part in parts) or not is_number(done.get("accuracy"), 0, 1):
        return None
    areas = [area for part in parts for area in part.values() if area is not None or part is not parts[2]]
    return done if all(is_number(area, 0, 1) for area in areas) else None


def scores_of(result, what="where"):
    """An area of the scores on test people, in the iteration that is best on validation people; None without any."""
    own = {name: area for name, area in result["validated"].items() if name.startswith("iteration ")}
    return result[what][max(own, key=own.get)] if own else None


def table(found):
    """The rows as Markdown: accuracy and areas, the mean over the seeds and the standard deviation."""
    some = next(iter(found.values()))[0]["where"]
    others = [name for name in some if not name.startswith("iteration ")]
    heads = ["reading", "accuracy", "scores", "scores, across", *others]
    lines = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    for name, results in found.items():
        cells = [_spread([100 * result["accuracy"] for result in results], 1)]
        cells += [_spread([scores_of(result, what) for result in results], 2) for what in ("where", "across")]
        cells += [_spread([result["where"][other] for result in results], 2) for other in others]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _spread(values, digits):
    if None in values:
        return "–"
    mean = f"{np.mean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {np.std(values, ddof=1):.{digits}f}"


def one_map(data, source, settings):
    """The area within a sequence of one map for all test people: how often each cell carries an action in training."""
    split = runs.make_split(data, source, settings)
    usual, truth = (
        truth_at(split.data, split.aligned, sequences, settings.frames) for sequences in (split.fit, split.test)
    )
    return mean_auc(np.broadcast_to(usual.mean(axis=0), truth.shape), truth)


def study(data, source, base, out, texts=None, seeds=1, jobs=2):
    """Run the rows that are not finished, print the table, and keep it as table.md in the folder `out`."""
    if data.truth is None:
        raise InputError(
            f"{source.data or source.dataset} does not know which joints carry an action; take --dataset synthetic or "
            "--dataset synthetic-restless"
        )
    if base.validation < 1 or base.network != "gca" or base.attention != "gate":
        raise InputError("this table needs --validation 1 or more, --network gca and --attention gate")
    rows = choose(texts)

    def text():
        measured = table(measure(data, source, base, out, rows, seeds, jobs))
        usual = one_map(data, source, base)
        return (
            f"{measured}\nOne map for all, where actions are in training: {usual:.2f} within a sequence, 0.50 across.\n"
        )

    publish(out, text)
