"""The command `train`: train and test a network on one fold or all of them, or go on with a run."""

import dataclasses
import os
import re
from pathlib import Path

from .. import runs, settings
from ..data import protocols
from ..runs.folds import run_all_folds
from ..support.errors import InputError, shown
from .options import add_device, add_source

HELP = "train and test a network"
EXAMPLES = [
    "train --dataset utkinect --data UTKinect --protocol loso --fold 3 --preset small --out run",
    "train --data skeletons.npz --protocol half --preset small --iterations 1 --out run",
    "train --resume --out run",
]


def add_options(parser):
    """The arguments of `train`."""
    add_source(parser)
    parser.add_argument(
        "--protocol",
        metavar="NAME",
        help=f"how to split: {', '.join(protocols.PROTOCOLS)} (default: that of the original data set, else half)",
    )
    parser.add_argument("--fold", metavar="K", help="fold of the protocol, from 1, or all (default: 1)")
    parser.add_argument(
        "--preset",
        metavar="NAME",
        help=f"settings to start from: {', '.join(settings.PRESETS)} (default: demo for synthetic, else small)",
    )
    parser.add_argument("--config", metavar="FILE", help="repeat the run of this config.toml")
    parser.add_argument("--out", default="run", metavar="DIR", help="folder for what it writes (default: run)")
    parser.add_argument("--resume", action="store_true", help="go on with the run in DIR")
    parser.add_argument(
        "--jobs", type=int, default=2, metavar="N", help="with --fold all: folds at a time (default: 2)"
    )
    add_device(parser)
    settings.add_options(parser)


def command(options):
    """Train, test, print how the network does and where it is."""
    source, chosen = what_to_train(options)
    _refuse_idle(chosen, settings.given(options))
    out = Path(options.out)
    if source.fold == 0:
        result = run_all_folds(source, chosen, out, options.resume, options.device, options.jobs)
    else:
        result = runs.run(runs.load_data(source), source, chosen, out, options.resume, options.device)
    print(runs.summary(result))
    print(f"\nwritten to {out}: checkpoint.npz, history.csv, config.toml, result.json"
          if source.fold else f"\nwritten to {out}: a folder per fold, config.toml, result.json")  # fmt: skip
    if result.get("stopped_early"):
        print("stopped early; go on with --resume")
        return 130
    return 0


def what_to_train(options):
    """Source and settings: of the run to resume, else of --config, else of the preset; then the options given."""
    given = settings.given(options)
    where = {name: getattr(options, name) for name in ("dataset", "data", "protocol", "hip")}
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
        dataset = where["dataset"] = options.dataset or runs.dataset_of(options.data)
        where.setdefault("protocol", runs.USUAL_PROTOCOL.get(dataset, "half"))
        preset = options.preset or ("demo" if dataset == "synthetic" else "small")
        return runs.Source(**where), settings.settings_from(preset, **given)
    if options.preset:
        raise InputError(f"{config} sets all that --preset sets; leave --preset out")
    old_source, old_settings = runs.read_config(config)
    source, chosen = dataclasses.replace(old_source, **where), dataclasses.replace(old_settings, **given)
    if resumed:
        changed = [name for name in given if getattr(old_settings, name) != getattr(chosen, name)]
        changed += [name for name in where if name != "data" and getattr(old_source, name) != getattr(source, name)]
        if changed:
            raise InputError(
                f"a run that is resumed keeps its data and settings, so {', '.join(changed)} cannot be changed; "
                "start anew in another folder"
            )
    return source, chosen


def _refuse_idle(chosen, given):
    """InputError for an option that would change nothing."""
    idle = [name for name in ("iterations", "initial", "attention", "sharing", "recompute") if given.get(name)]
    if idle and not chosen.attentive:
        raise InputError(f"the network {chosen.network} has no attention; leave --{idle[0]} out")
    if given.get("exchange") and not chosen.pair:
        raise InputError("--exchange turns persons about the middle that --pair finds; give --pair, too")


def _fold(text):
    if text == "all":
        return 0
    if not re.fullmatch("[1-9][0-9]{0,8}", text):
        raise InputError(f"--fold {shown(text)} cannot be used: give a number from 1, or all")
    return int(text)
