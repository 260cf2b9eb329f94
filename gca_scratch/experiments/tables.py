"""`python -m gca_scratch table`: run the rows of one of the paper's tables, and set the numbers beside the paper's.

Every row is trained on every fold with every seed (tasks.py). Direct training gets as many epochs as stepwise training
of the same iterations has in all its steps, networks without attention as many as GCA-LSTM with two iterations; the
table says how many. Trainings that are in several tables are run once if the tables have one --out folder and settings.
"""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np

from .. import runs
from ..commands.options import add_device, add_settings, given_settings
from ..data import protocols
from ..settings import PRESETS, settings_from
from ..support.errors import InputError, shown
from ..support.writing import replacing
from ..training.stepwise import training_steps
from . import paper, tasks

LARGE = 10_000  # sequences from which on the preset is "paper"


def add_options(sub):
    """The options of the command, on the parser `sub`."""
    numbers = ", ".join(name for name in paper.TABLES if name.isupper())
    sub.add_argument(
        "table", choices=tuple(paper.TABLES), metavar="TABLE",
        help=f"a table of the paper, {numbers}; networks: all networks side by side; iterations: numbers of attention "
        "iterations and training methods side by side",
    )  # fmt: skip
    sub.add_argument("--data", metavar="FILE", help="the skeletons, in a file of the neutral format (.npz)")
    sub.add_argument("--dataset", choices=tuple(runs.DATASETS), help="or another kind of data")
    sub.add_argument("--root", metavar="PATH", help="folder of its original files")
    sub.add_argument("--hip", metavar="NAME", help="the joint that is the hip, where the joints' names do not tell")
    sub.add_argument(
        "--protocol",
        metavar="NAME",
        help="how to split (default: the paper's, for every column whose data set has as many classes as the data)",
    )
    sub.add_argument(
        "--rows",
        nargs="+",
        metavar="ROW",
        help="run these rows only: numbers, from 1 and other people's rows included, or parts of their names",
    )
    sub.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="seeds for each row, from --seed on (default: 1)"
    )
    sub.add_argument(
        "--noise",
        choices=("test", "both"),
        help="in Table VI, noise on the test sequences only, or on those for training too (default: test)",
    )
    sub.add_argument(
        "--preset",
        metavar="NAME",
        help=f"settings to start from: {', '.join(PRESETS)} "
        f"(default: demo for synthetic, paper for {LARGE:,} sequences and more, else small)",
    )
    sub.add_argument("--out", metavar="DIR", help="folder for what it writes (default: table-TABLE)")
    sub.add_argument("--jobs", type=int, metavar="N", help="folds at a time on this machine (default: 2)")
    sub.add_argument("--cluster", metavar="ADDRESS", help="run on the Dask cluster whose scheduler is tcp://HOST:PORT")
    sub.add_argument("--keep", action="store_true", help="keep the checkpoint and the history of every fold")
    add_device(sub)
    add_settings(sub)


def command(options):
    """Run the rows that are not finished, print the table, and write it into the --out folder."""
    _check(options)
    table = paper.TABLES[options.table]()
    chosen = choose(table, options.rows)
    given = given_settings(options)
    for name in given:
        if any(name in (row.changes or {}) for row in table.rows):
            flag = "--" + name.replace("_", "-")
            raise InputError(f"{flag} cannot be given for this table, whose rows set it themselves; leave it out")
    source = _source(options)
    data = runs.load_data(source)
    usual = "demo" if source.dataset == "synthetic" else "paper" if len(data) >= LARGE else "small"
    preset = options.preset or usual
    base = settings_from(preset, **given)
    splits = _splits(table, data, options.protocol)
    out = Path(options.out or f"table-{options.table}")

    plan = {
        (row.method, protocol): _tasks(row, table, replace(source, protocol=protocol), base, data, options)
        for row in table.rows
        for protocol in splits
        if row.changes
    }
    every = list(dict.fromkeys(task for seeds in plan.values() for folds in seeds for task in folds))
    wanted = {task for (method, _), seeds in plan.items() if method in chosen for folds in seeds for task in folds}
    results = tasks.run_all(data, every, out, wanted, options.device, options.jobs or 2, options.cluster, options.keep)
    results = dict(zip(every, results, strict=True))
    rows = {row.method: row for row in table.rows}
    measured = {key: summary(rows[key[0]], seeds, results) for key, seeds in plan.items()}
    training = {row.method: _training(row, base) for row in table.rows if row.changes}

    counts = [protocols.folds(data, protocol) for protocol in splits]
    folds = ", ".join(f"{name} ({n} fold{'s' * (n > 1)})" for name, n in zip(splits, counts, strict=True))
    seeds = f"seed {base.seed}" if options.seeds == 1 else f"seeds {base.seed} to {base.seed + options.seeds - 1}"
    changed = "".join(f", {name} = {value}" for name, value in given.items())
    text = f"""# {f"Table {options.table}: {table.title}" if options.table.isupper() else table.title}

{markdown(table, splits, measured, training)}

{Path(source.root).name or source.dataset}: {len(data)} sequences; protocol {folds}; {seeds}; preset {preset}{changed}.
Accuracy in per cent, the mean over the folds; ± the standard deviation over the seeds.
Training: epochs in all their steps, and the learning rate at the start.
"""
    if options.table == "VI":
        text += f"Noise on {'all sequences' if options.noise == 'both' else 'the test sequences only'}.\n"
    text += f"{table.note}\n" if table.note else ""
    name = f"table-{options.table}{'-noise-both' if options.noise == 'both' else ''}"
    with replacing(out / f"{name}.md") as temporary:
        temporary.write_text(text, "utf-8")
    write_csv(out / f"{name}.csv", table, splits, measured, training)
    print(text + f"\nwritten to {out}: {name}.md, {name}.csv, and a folder per training")


def _check(options):
    """InputError for options that cannot be, or cannot go together."""
    for name in ("seeds", "jobs"):
        if getattr(options, name) is not None and getattr(options, name) < 1:
            raise InputError(f"--{name} {getattr(options, name)} cannot be used: it must be 1 or more")
    if options.cluster is not None and (options.jobs or options.keep):
        raise InputError(
            "leave --jobs and --keep out with --cluster: its workers say how many folds run at a time, and keep nothing"
        )
    if options.noise and options.table != "VI":
        raise InputError("--noise is for Table VI alone; leave it out")


def choose(table, asked):
    """The methods to run: all that can be, or those whose number or part of the name is in `asked`."""
    ours = [row.method for row in table.rows if row.changes]
    chosen = []
    for text in asked or ():
        if text.isdecimal() and 1 <= int(text) <= len(table.rows):
            found = [table.rows[int(text) - 1].method]
        else:
            found = [row.method for row in table.rows if text.lower() in row.method.lower()]
        if not set(found) & set(ours):
            what = f"is {found[0]}, which this program does not have" if found else "is not in this table"
            raise InputError(f"--rows {shown(text)} {what}; its own rows are: {'; '.join(ours)}")
        chosen += found
    return [method for method in ours if method in chosen] if asked else ours


def _source(options):
    if options.data and (options.dataset or options.root):
        raise InputError("give either --data FILE or --dataset NAME --root PATH, not both")
    if not (options.data or options.dataset):
        raise InputError("say which skeletons to use: --data FILE, or --dataset NAME --root PATH")
    dataset = "npz" if options.data else options.dataset
    return runs.Source(dataset, options.data or options.root or "", hip=options.hip or "")


def _splits(table, data, asked):
    """The protocols to run: the one asked for, or those of the columns that are of such data."""
    classes = len(data.class_names)
    found = [asked] if asked else [column.protocol for column in table.columns if column.classes == classes]
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


def _training(row, base):
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


def _tasks(row, table, source, base, data, options):
    """The tasks of a row on the protocol of the source: a list of folds for each seed."""
    name, settings, noise, tests = name_of(row, base), settings_of(row, base), 0.0, ()
    if options.table == "VI" and options.noise == "both":
        noise = row.noise
        name += f"-noise-{100 * noise:g}cm" if noise else ""
    elif options.table == "VI":
        tests = tuple(row.noise for row in table.rows)
        name += "-tested-with-noise"
    folds = range(1, protocols.folds(data, source.protocol) + 1)
    seeds = range(base.seed, base.seed + options.seeds)
    return [
        [tasks.Task(name, replace(source, fold=fold), replace(settings, seed=seed), noise, tests) for fold in folds]
        for seed in seeds
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


def markdown(table, splits, measured, training):
    """The table as Markdown, its columns aligned to be read as it is."""
    papers = [f"paper, {column.name}" if len(table.columns) > 1 else "paper" for column in table.columns]
    lines = [["method", "training", *papers]]
    for protocol in splits:
        of = f", {protocol}" if len(papers) > 1 else ""
        lines[0] += [f"ours{of}", "sequences tested", "seconds per training"]
    for row in table.rows:
        lines += [
            [
                row.method,
                training.get(row.method, "–"),
                *("–" if number is None else f"{number:.1f}" for number in row.paper),
            ]
        ]
        for protocol in splits:
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


def write_csv(path, table, splits, measured, training):
    """The same numbers unrounded, a line for each row and protocol; accuracies in per cent."""
    names = [f"paper {column.name}" for column in table.columns]
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ["method", "training", *names, "protocol", "ours", "spread", "seeds", "tested", "seconds", "each seed"]
        )
        for row in table.rows:
            for protocol in splits if row.changes else [""]:
                found = measured.get((row.method, protocol))
                cells = ["", "", "", "", "", ""]
                if found:
                    each = [100 * value for value in found["accuracy"]]
                    spread = float(np.std(each, ddof=1)) if len(each) > 1 else ""
                    cells = [float(np.mean(each)), spread, len(each), found["tested"], found["seconds"]]
                    cells += [" ".join(map(str, each))]
                papers = ["" if number is None else number for number in row.paper]
                writer.writerow([row.method, training.get(row.method, ""), *papers, protocol, *cells])
