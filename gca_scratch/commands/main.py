"""The command line: demo, train, evaluate, table, plot, stepper, prepare, gradcheck, info.

Anything wrong with what the user gave ends in one sentence on standard error and exit code 2.
"""

import argparse
import dataclasses
import os
import re
from pathlib import Path

import numpy as np

from .. import __version__, runs
from ..data import protocols
from ..data.joint_names import find_roles
from ..data.readers import convert
from ..data.skeleton import chain
from ..experiments import tables
from ..network.gradcheck import prove
from ..runs.folds import run_all_folds
from ..settings import PRESETS, settings_from
from ..stepper import page
from ..support import writing
from ..support.errors import InputError, shown
from ..support.exit_code import exit_code
from ..variants import gradcheck
from . import plot
from .options import add_data, add_device, add_settings, given_settings

EXAMPLES = """examples:
  python -m gca_scratch demo
  python -m gca_scratch train --dataset utkinect --root UTKinect --protocol loso --fold 3 --preset small --out run
  python -m gca_scratch train --dataset npz --root skeletons.npz --protocol half --preset small --iterations 1 --out run
  python -m gca_scratch train --resume --out run
  python -m gca_scratch evaluate run
  python -m gca_scratch plot all run
  python -m gca_scratch stepper --out stepper.html
  python -m gca_scratch prepare ntu --root nturgb+d_skeletons --out ntu.npz
  python -m gca_scratch table IX --data sbu.npz
  python -m gca_scratch gradcheck
  python -m gca_scratch info skeletons.npz"""


def main(arguments=None):
    """Run one command; returns the exit code."""

    def run():
        options = parser().parse_args(arguments)
        return options.command(options)

    return exit_code(run)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the options like everything else that is wrong: in one sentence."""

    def error(self, message):
        raise InputError(f"{message}; see {self.prog} --help")


def parser():
    """The parser of the whole command line."""
    raw = argparse.RawDescriptionHelpFormatter
    top = _Parser(
        prog="python -m gca_scratch",
        description="GCA-LSTM from scratch: skeleton action recognition with global context-aware attention.",
        epilog=EXAMPLES,
        formatter_class=raw,
    )
    top.add_argument("--version", action="version", version=f"gca_scratch {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name, function, text, examples):
        sub = commands.add_parser(
            name, help=text, description=text, formatter_class=raw, epilog="examples:\n  " + "\n  ".join(examples)
        )
        sub.set_defaults(command=function)
        return sub

    sub = command(
        "demo",
        _demo,
        "learn the synthetic actions stepwise, beside the same network without attention, and draw what it looks at",
        ["python -m gca_scratch demo --out demo-run"],
    )
    sub.add_argument("--out", default="demo-run", metavar="DIR", help="folder for what it writes (default: demo-run)")
    sub.add_argument("--seed", type=int, default=0, metavar="S", help="seed of everything random (default: 0)")
    add_device(sub)

    sub = command("train", _train, "train and test a network", [line.strip() for line in EXAMPLES.splitlines()[2:5]])
    add_data(sub)
    sub.add_argument(
        "--protocol",
        metavar="NAME",
        help=f"how to split: {', '.join(protocols.PROTOCOLS)} (default: that of the original data set, else half)",
    )
    sub.add_argument("--fold", metavar="K", help="fold of the protocol, from 1, or all (default: 1)")
    sub.add_argument(
        "--preset",
        metavar="NAME",
        help=f"settings to start from: {', '.join(PRESETS)} (default: demo for synthetic, else small)",
    )
    sub.add_argument("--config", metavar="FILE", help="repeat the run of this config.toml")
    sub.add_argument("--out", default="run", metavar="DIR", help="folder for what it writes (default: run)")
    sub.add_argument("--resume", action="store_true", help="go on with the run in DIR")
    sub.add_argument("--jobs", type=int, default=2, metavar="N", help="with --fold all: folds at a time (default: 2)")
    add_device(sub)
    add_settings(sub)

    sub = command(
        "evaluate", _evaluate, "test a trained network again", ["python -m gca_scratch evaluate run/checkpoint.npz"]
    )
    sub.add_argument("checkpoint", metavar="CHECKPOINT", help="checkpoint.npz, or the folder that holds it")
    sub.add_argument("--root", metavar="PATH", help="where the data lies now, if it has moved")
    add_device(sub)

    sub = command(
        "gradcheck",
        _gradcheck,
        "prove every gradient by complex step and central differences; exit code 1 if any is wrong",
        ["python -m gca_scratch gradcheck --json gradients.json"],
    )
    sub.add_argument("--seed", type=int, default=0, metavar="S", help="another seed, other numbers (default: 0)")
    sub.add_argument("--json", metavar="FILE", help="write the same figures to FILE")

    sub = command(
        "prepare",
        convert.command,
        "convert the original files of a data set to one file of the neutral format",
        ["python -m gca_scratch prepare ntu --root nturgb+d_skeletons --out ntu.npz --jobs 8"],
    )
    convert.add_options(sub)

    sub = command(
        "table",
        tables.command,
        "run a table of the paper, and print what was measured beside what the paper reports",
        [
            "python -m gca_scratch table IX --data sbu.npz --out table-IX",
            "python -m gca_scratch table V --data utkinect.npz --protocol loso --rows stepwise --seeds 3",
        ],
    )
    tables.add_options(sub)

    sub = command(
        "plot",
        plot.command,
        "draw a figure of a trained network",
        ["python -m gca_scratch plot strip run", "python -m gca_scratch plot convergence run-stepwise run-direct"],
    )
    plot.add_options(sub)

    sub = command(
        "stepper",
        page.command,
        "write a page to step through a small network, cell by cell, forward and backward",
        ["python -m gca_scratch stepper --out stepper.html"],
    )
    page.add_options(sub)

    sub = command(
        "info", _info, "say what a data file holds", ["python -m gca_scratch info skeletons.npz", INFO_EXAMPLE]
    )
    sub.add_argument("file", nargs="?", metavar="FILE", help="a file of the neutral format (.npz)")
    add_data(sub)
    return top


INFO_EXAMPLE = "python -m gca_scratch info --dataset utkinect --root UTKinect"


def _demo(options):
    from ..experiments.demo import demo

    demo(options.out, options.seed, options.device)


def _train(options):
    source, settings = _what_to_train(options)
    _refuse_idle(settings, given_settings(options))
    out = Path(options.out)
    if source.fold == 0:
        result = run_all_folds(source, settings, out, options.resume, options.device, options.jobs)
    else:
        result = runs.run(runs.load_data(source), source, settings, out, options.resume, options.device)
    print(summary(result))
    print(f"\nwritten to {out}: checkpoint.npz, history.csv, config.toml, result.json"
          if source.fold else f"\nwritten to {out}: a folder per fold, config.toml, result.json")  # fmt: skip
    if result.get("stopped_early"):
        print("stopped early; go on with --resume")


def _what_to_train(options):
    """Source and settings: of the run to resume, else of --config, else of the preset; then the options given."""
    given = given_settings(options)
    where = {name: getattr(options, name) for name in ("dataset", "root", "protocol", "hip")}
    where = {name: value for name, value in where.items() if value is not None}
    if options.fold is not None:
        where["fold"] = _fold(options.fold)
    saved = Path(options.out) / "config.toml"
    resumed = options.resume and os.path.exists(saved)
    if resumed and options.config:
        raise InputError(f"--resume goes on as {saved} says; leave --config out")
    if options.resume and not resumed and not options.config:
        raise InputError(f"{options.out} holds no run to go on with; leave --resume out to start one there")
    config = saved if resumed else options.config
    if config is None:
        dataset = where.setdefault("dataset", "synthetic")
        where.setdefault("protocol", runs.USUAL_PROTOCOL.get(dataset, "half"))
        preset = options.preset or ("demo" if dataset == "synthetic" else "small")
        return runs.Source(**where), settings_from(preset, **given)
    if options.preset:
        raise InputError(f"{config} sets all that --preset sets; leave --preset out")
    source, settings = runs.read_config(config)
    new_source, new_settings = dataclasses.replace(source, **where), dataclasses.replace(settings, **given)
    if resumed:
        changed = [name for name in given if getattr(settings, name) != getattr(new_settings, name)]
        changed += [name for name in where if name != "root" and getattr(source, name) != getattr(new_source, name)]
        if changed:
            raise InputError(
                f"a run that is resumed keeps its data and settings, so {', '.join(changed)} cannot be changed; "
                "start anew in another folder"
            )
    return new_source, new_settings


def _refuse_idle(settings, given):
    """InputError for an option that would change nothing."""
    idle = [name for name in ("iterations", "initial", "attention", "sharing", "recompute") if given.get(name)]
    if idle and not settings.attentive:
        raise InputError(f"the network {settings.network} has no attention; leave --{idle[0]} out")
    if given.get("exchange") and not settings.pair:
        raise InputError("--exchange turns persons about the middle that --pair finds; give --pair, too")


def _fold(text):
    if text == "all":
        return 0
    if not re.fullmatch("[1-9][0-9]{0,8}", text):
        raise InputError(f"--fold {shown(text)} cannot be used: give a number from 1, or all")
    return int(text)


def _evaluate(options):
    print(summary(runs.retest(options.checkpoint, options.root, options.device)))


def summary(result):
    """A result as lines of text."""
    lines = [f"{result['dataset']}, protocol {result['protocol']}, fold {result['fold'] or 'all'}"]
    lines += [f"  {result['n_train']} sequences to train ({result['n_validation']} of them for validation), "
              f"{result['n_test']} to test"]  # fmt: skip
    width = max(len(name) for name in result["per_class"])
    lines += [f"  {name:{width}}  {value:6.1%}" for name, value in result["per_class"].items()]
    if "folds" in result:
        lines += ["", *(f"  fold {fold['fold']:2}  {fold['accuracy']:6.1%}" for fold in result["folds"])]
        lines += [f"\nmean accuracy {result['accuracy']:.1%} over {len(result['folds'])} folds, "
                  f"{result['seconds']:.0f} s of training"]  # fmt: skip
    else:
        lines += [
            f"\naccuracy {result['accuracy']:.1%}, trained {result['epochs']} epochs in {result['seconds']:.0f} s"
        ]
    return "\n".join(lines)


def _gradcheck(options):
    if options.seed < 0:
        raise InputError(f"--seed {options.seed} cannot be used: a seed is 0 or more")
    rows = prove(gradcheck.everything(), options.seed)
    if options.json:
        writing.write_json(options.json, [dataclasses.asdict(row) | {"passed": row.passed} for row in rows])
    return 0 if all(row.passed for row in rows) else 1


def _info(options):
    if options.file and options.dataset not in (None, "npz"):
        raise InputError(f"give either a FILE or --dataset {options.dataset}, not both")
    if options.file and options.root:
        raise InputError("give either a FILE or --root PATH, not both")
    dataset = "npz" if options.file else options.dataset or "synthetic"
    data = runs.load_data(runs.Source(dataset, options.file or options.root or ""))
    print(describe(data), flush=True)
    edges = [tuple(map(int, edge)) for edge in data.edges]
    roles = find_roles(data.joint_names, edges, options.hip)
    order = chain(len(data.joint_names), edges, roles.hip)
    print("\njoints, in the order of the chain:", ", ".join(data.joint_names[joint] for joint in order))


def describe(data):
    """What a data set holds, as lines of text."""
    lengths = data.lengths
    _, persons, joints, _ = data.joints.shape
    lines = [
        f"{len(data)} sequences, {len(data.joints)} frames ({lengths.min()} to {lengths.max()} each, "
        f"median {np.median(lengths):.0f}), {persons} person{'s' * (persons > 1)}, {joints} joints",
        f"subjects: {len(np.unique(data.subject))} ({data.subject.min()} to {data.subject.max()})",
    ]
    for name in ("view", "setup", "repetition"):
        values = getattr(data, name)
        if values is not None:
            lines.append(f"{name}s: {', '.join(map(str, np.unique(values)))}")
    if data.truth is not None:
        lines.append(f"ground truth of the joints that carry the action: {data.truth.mean():.1%} of all cells")
    lines += ["", "classes:"]
    width = max(len(name) for name in data.class_names)
    lines += [f"  {name:{width}}  {(data.label == k).sum():5}" for k, name in enumerate(data.class_names)]
    low, high = data.joints.min(axis=(0, 1, 2)), data.joints.max(axis=(0, 1, 2))
    lines += [
        "",
        "coordinates: " + ", ".join(f"{axis} {a:.2f} to {b:.2f}" for axis, a, b in zip("xyz", low, high, strict=True)),
    ]
    return "\n".join(lines)
