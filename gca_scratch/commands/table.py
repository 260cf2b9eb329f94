"""The command `table`: run the rows of one of the paper's tables, and set the numbers beside the paper's."""

from dataclasses import replace
from pathlib import Path

from .. import runs, settings
from ..data import protocols
from ..experiments import paper, tables
from ..support import workers
from ..support.errors import InputError
from ..support.writing import replacing
from .options import GENERATED, add_device, add_source, source_of

LARGE = 10_000  # sequences from which on the preset is "paper"
OWN = ("attention", "gate-readings")  # no tables of the paper: experiments of these names


def add_options(parser):
    """The arguments of `table`."""
    numbers = ", ".join(name for name in paper.TABLES if name.isupper())
    parser.add_argument(
        "table", choices=(*paper.TABLES, *OWN), metavar="TABLE",
        help=f"a table of the paper, {numbers}; networks: all networks side by side; iterations: numbers of attention "
        "iterations and training methods side by side; attention: what each number of iterations gains over none, with "
        "its interval; gate-readings: readings of Eq. 7, and where each looks",
    )  # fmt: skip
    add_source(parser, without="none; --dataset synthetic takes the synthetic actions")
    parser.add_argument(
        "--protocol",
        metavar="NAME",
        help="how to split (default: the paper's, for every column whose data set has as many classes as the data)",
    )
    parser.add_argument(
        "--rows",
        nargs="+",
        metavar="ROW",
        help="run these rows only: numbers, from 1 and other people's rows included, or parts of their names",
    )
    parser.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="seeds for each row, from --seed on (default: 1)"
    )
    parser.add_argument(
        "--noise",
        choices=tables.NOISE,
        help="in Table VI, noise on the test sequences only, or on those for training too (default: test)",
    )
    parser.add_argument(
        "--preset",
        metavar="NAME",
        help=f"settings to start from: {', '.join(settings.PRESETS)} "
        f"(default: demo for synthetic, paper for {LARGE:,} sequences and more, else small)",
    )
    parser.add_argument("--out", metavar="DIR", help="folder for what it writes (default: table-TABLE)")
    parser.add_argument("--jobs", type=int, metavar="N", help="folds at a time on this machine (default: 2)")
    parser.add_argument(
        "--cluster", metavar="ADDRESS", help="run on the Dask cluster whose scheduler is tcp://HOST:PORT"
    )
    parser.add_argument("--keep", action="store_true", help="keep the checkpoint and the history of every fold")
    add_device(parser)
    settings.add_options(parser)


def command(options):
    """Run the rows that are not finished, print the table, and write it into the --out folder."""
    _check(options)
    if options.table in OWN:
        return _own(options)
    table = paper.TABLES[options.table]()
    chosen = tables.choose(table, options.rows)
    given = settings.given(options)
    for name in given:
        if any(name in (row.changes or {}) for row in table.rows):
            flag = "--" + name.replace("_", "-")
            raise InputError(f"{flag} cannot be given for this table, whose rows set it themselves; leave it out")
    source = source_of(options)
    data = runs.load_data(source)
    usual = "demo" if source.dataset in GENERATED else "paper" if len(data) >= LARGE else "small"
    preset = options.preset or usual
    base = settings.settings_from(preset, **given)
    protocol_names = tables.protocols_of(table, data, options.protocol)
    out = Path(options.out or f"table-{options.table}")
    noise = (options.noise or "test") if options.table == "VI" else None
    measured = tables.measure(
        table, source, base, data, out, protocol_names, chosen, options.seeds, noise,
        device=options.device, jobs=options.jobs or 2, cluster=options.cluster, keep=options.keep,
    )  # fmt: skip
    training = {row.method: tables.training_of(row, base) for row in table.rows if row.changes}

    counts = [protocols.folds(data, protocol) for protocol in protocol_names]
    folds = ", ".join(f"{name} ({n} fold{'s' * (n > 1)})" for name, n in zip(protocol_names, counts, strict=True))
    seeds = f"seed {base.seed}" if options.seeds == 1 else f"seeds {base.seed} to {base.seed + options.seeds - 1}"
    changed = "".join(f", {name} = {value}" for name, value in given.items())
    text = f"""# {f"Table {options.table}: {table.title}" if options.table.isupper() else table.title}

{tables.markdown(table, protocol_names, measured, training)}

{Path(source.data).name or source.dataset}: {len(data)} sequences; protocol {folds}; {seeds}; preset {preset}{changed}.
Accuracy in per cent, the mean over the folds; ± the standard deviation over the seeds.
Training: epochs in all their steps, and the learning rate at the start.
"""
    if noise:
        text += f"Noise on {'all sequences' if noise == 'both' else 'the test sequences only'}.\n"
    text += f"{table.note}\n" if table.note else ""
    name = f"table-{options.table}{'-noise-both' if noise == 'both' else ''}"
    with replacing(out / f"{name}.md") as temporary:
        temporary.write_text(text, "utf-8")
    tables.write_csv(out / f"{name}.csv", table, protocol_names, measured, training)
    print(text + f"\nwritten to {out}: {name}.md, {name}.csv, and a folder per training")


def _check(options):
    """InputError for options that cannot be, or cannot go together."""
    if not (options.data or options.dataset):
        raise InputError("say which skeletons to use: --data FILE, or --dataset NAME --data FOLDER")
    workers.at_least_one(seeds=options.seeds, jobs=options.jobs)
    if options.cluster is not None and (options.jobs or options.keep):
        raise InputError(
            "leave --jobs and --keep out with --cluster: its workers say how many folds run at a time, and keep nothing"
        )
    if options.noise and options.table != "VI":
        raise InputError("--noise is for Table VI alone; leave it out")
    if options.table in OWN and (options.cluster is not None or options.keep or options.device != "cpu"):
        raise InputError(
            f"{options.table} runs on this processor and keeps nothing; leave --cluster, --keep and --device out"
        )


def _own(options):
    """A table that has a way of its own."""
    from ..experiments import attention, gate_readings  # Matplotlib takes its time: only now

    study = {"attention": attention, "gate-readings": gate_readings}[options.table].study
    source = source_of(options)
    data = runs.load_data(source)
    source = replace(source, protocol=options.protocol or runs.usual_protocol(data)[0])
    usual = "demo" if source.dataset in GENERATED else "small"
    base = settings.settings_from(options.preset or usual, **settings.given(options))
    out = options.out or f"table-{options.table}"
    study(data, source, base, out, options.rows, options.seeds, options.jobs or 2)
