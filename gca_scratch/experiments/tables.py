"""The paper's tables, run here: the tasks of their rows, and the numbers set beside the paper's.

Every row is trained on every fold with every seed (tasks.py). Direct training gets as many epochs as stepwise training
of the same iterations has in all its steps, networks without attention as many as GCA-LSTM with two iterations; the
table says how many. Trainings that are in several tables are run once if the tables have one folder and settings.
"""

import csv
from dataclasses import replace

import numpy as np

from ..data import protocols
from ..support.errors import InputError, shown
from ..support.writing import replacing
from ..training.stepwise import training_steps
from . import tasks

NOISE = ("test", "both")  # which sequences have it where rows differ in noise (Table VI)


def measure(table, source, base, data, out, protocol_names, chosen, seeds=1, noise=None, **how):
    """What the chosen rows gave: {(method, protocol): `summary`}; what is finished in the folder `out` is only read.

    table: paper.Table.  base: the settings that its rows change.  chosen: names of methods.
    source: runs.Source of the data, whose protocol is replaced by each of protocol_names.
    noise: one of NOISE where the rows differ in it.
    how: device, jobs, cluster and keep, as `tasks.run_all` takes them.
    """
    plan = {
        (row.method, protocol): _tasks(row, table, replace(source, protocol=protocol), base, data, seeds, noise)
        for row in table.rows
        for protocol in protocol_names
        if row.changes
    }
    every = list(dict.fromkeys(task for seeds in plan.values() for folds in seeds for task in folds))
    wanted = {task for (method, _), seeds in plan.items() if method in chosen for folds in seeds for task in folds}
    results = dict(zip(every, tasks.run_all(data, every, out, wanted, **how), strict=True))
    rows = {row.method: row for row in table.rows}
    return {(method, protocol): summary(rows[method], seeds, results) for (method, protocol), seeds in plan.items()}


def choose(table, texts=None):
    """The methods to run: all that can be, or those whose number or part of the name is among the texts."""
    ours = [row.method for row in table.rows if row.changes]
    chosen = []
    for text in texts or ():
        if text.isdecimal() and 1 <= int(text) <= len(table.rows):
            found = [table.rows[int(text) - 1].method]
        else:
            found = [row.method for row in table.rows if text.lower() in row.method.lower()]
        if not set(found) & set(ours):
            what = f"is {found[0]}, which this program does not have" if found else "is not in this table"
            raise InputError(f"--rows {shown(text)} {what}; its own rows are: {'; '.join(ours)}")
        chosen += found
    return [method for method in ours if method in chosen] if texts else ours


def protocols_of(table, data, protocol=None):
    """The protocols to run: the one that is given, or those of the columns that are of such data."""
    classes = len(data.class_names)
    found = [protocol] if protocol else [column.protocol for column in table.columns if column.classes == classes]
    if not found and table.columns:
        names = ", ".join(f"{column.name} ({column.classes} classes)" for column in table.columns)
        raise InputError(
            f"the data has {classes} classes, and the table is of {names}; to run its rows on this data all the same, "
            "say how to split it: --protocol NAME"
        )
    return found or ["half"]


def settings_of(row, base):
    """The settings of a row: its changes, and the epochs that it gets."""
    settings = replace(base, **row.changes)
    total = row.budget or settings.iterations + 1
    epochs = base.epochs * total // len(training_steps(settings))
    patience = epochs if base.patience >= base.epochs else base.patience  # none that ends a step stays none
    rate = min(base.learning_rate, row.fastest)
    return replace(settings, epochs=epochs, patience=patience, learning_rate=rate)


def training_of(row, base):
    """How a row is trained, in words: epochs of all its steps, learning rate."""
    settings = settings_of(row, base)
    return f"{settings.epochs * len(training_steps(settings))} epochs, {settings.learning_rate:g}"


def name_of(row, base):
    """A folder's name for the training of a row; rows that train alike have the same."""
    settings = settings_of(row, base)
    words = [settings.network]
    if settings.attentive:
        words += [settings.mode, str(settings.iterations)]
        words += [f"epochs-{settings.epochs}"] if row.budget not in (None, settings.iterations + 1) else []
    others = (name for name in row.changes if name not in ("network", "mode", "iterations"))
    words += [f"{name}-{getattr(settings, name)}" for name in others if getattr(settings, name) != getattr(base, name)]
    return "-".join(words)


def _tasks(row, table, source, base, data, seeds, noise):
    """The tasks of a row on the protocol of the source: a list of folds for each seed."""
    name, settings, sigma, tests = name_of(row, base), settings_of(row, base), 0.0, ()
    if noise == "both":
        sigma = row.noise
        name += f"-noise-{100 * sigma:g}cm" if sigma else ""
    elif noise == "test":
        tests = tuple(row.noise for row in table.rows)
        name += "-tested-with-noise"
    folds = range(1, protocols.folds(data, source.protocol) + 1)
    return [
        [tasks.Task(name, replace(source, fold=fold), replace(settings, seed=seed), sigma, tests) for fold in folds]
        for seed in range(base.seed, base.seed + seeds)
    ]


def summary(row, seeds, results):
    """What a row gave: accuracy of each seed, sequences tested, seconds per training; None while some is missing."""
    found = [[results[task] for task in folds] for folds in seeds]
    flat = [result for folds in found for result in folds]
    if None in flat:
        return None

    def accuracy(result):
        return result["noise"][f"{row.noise:g}"] if "noise" in result else result["accuracy"]

    return {
        "accuracy": [float(np.mean([accuracy(result) for result in folds])) for folds in found],
        "tested": sum(result["n_test"] for result in found[0]),
        "seconds": float(np.mean([result["seconds"] for result in flat])),
    }


def markdown(table, protocol_names, measured, training):
    """The table as Markdown, its columns aligned to be read as it is."""
    papers = [f"paper, {column.name}" if len(table.columns) > 1 else "paper" for column in table.columns]
    lines = [["method", "training", *papers]]
    for protocol in protocol_names:
        split_by = f", {protocol}" if len(papers) > 1 else ""
        lines[0] += [f"ours{split_by}", "sequences tested", "seconds per training"]
    for row in table.rows:
        lines += [
            [
                row.method,
                training.get(row.method, "–"),
                *("–" if number is None else f"{number:.1f}" for number in row.paper),
            ]
        ]
        for protocol in protocol_names:
            found = measured.get((row.method, protocol))
            lines[-1] += ["–"] * 3 if found is None else [
                _mean_and_spread(found["accuracy"]), str(found["tested"]), f"{found['seconds']:.1f}"
            ]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def _mean_and_spread(accuracy):
    mean = f"{100 * np.mean(accuracy):.1f}"
    return mean if len(accuracy) == 1 else f"{mean} ± {100 * np.std(accuracy, ddof=1):.1f}"


def write_csv(path, table, protocol_names, measured, training):
    """The same numbers unrounded, a line for each row and protocol; accuracies in per cent."""
    names = [f"paper {column.name}" for column in table.columns]
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ["method", "training", *names, "protocol", "ours", "spread", "seeds", "tested", "seconds", "each seed"]
        )
        for row in table.rows:
            for protocol in protocol_names if row.changes else [""]:
                found = measured.get((row.method, protocol))
                cells = ["", "", "", "", "", ""]
                if found:
                    each = [100 * value for value in found["accuracy"]]
                    spread = float(np.std(each, ddof=1)) if len(each) > 1 else ""
                    cells = [float(np.mean(each)), spread, len(each), found["tested"], found["seconds"]]
                    cells += [" ".join(map(str, each))]
                papers = ["" if number is None else number for number in row.paper]
                writer.writerow([row.method, training.get(row.method, ""), *papers, protocol, *cells])
