"""The command `train`: train and test a network on one fold or all of them, or go on with a run."""

import dataclasses
import os
import re
from pathlib import Path

import numpy as np

from .. import runs, settings
from ..data import protocols
from ..data.joint_names import in_the_hips_place
from ..data.meaning import axis_named
from ..data.mirror import ONE_HANDED, mirror_conflict, one_handed
from ..data.ready import ready
from ..runs.folds import run_all_folds, warnings_of
from ..runs.notes import notes
from ..runs.predictions import check_name
from ..support.errors import InputError, shown
from .options import GENERATED, add_device, add_predictions, add_source


def add_options(parser):
    """The arguments of `train`."""
    add_source(parser)
    parser.add_argument(
        "--protocol",
        metavar="NAME",
        help=f"how to split: {', '.join(protocols.PROTOCOLS)}; or such as {', '.join(protocols.FORMS)} "
        "(default: that of the original data set, else half)",
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
    add_predictions(parser)
    add_device(parser)
    settings.add_options(parser)


def command(options):
    """Train, test, print how the network does and where it is."""
    source, chosen = what_to_train(options)
    if options.predictions:
        check_name(options.predictions, "--predictions")
    _refuse_idle(chosen, settings.given(options))
    out = Path(options.out)
    remarks: list[str] = []
    data, hip, said = ready(runs.load_data(source, remarks), source.hip)
    if not source.protocol:
        protocol, why = runs.usual_protocol(data)
        source = dataclasses.replace(source, protocol=protocol)
        remarks += [f"the protocol is {protocol}, {why}; --protocol names another"] if source.data else []
    remarks += [*said, *in_the_hips_place(data.joint_names, data.edges, hip)]
    remarks += notes(data, source.data or source.dataset, hip)
    remarks = [f"note: {sentence}" for sentence in remarks]
    if chosen.mirror and not (options.resume or options.config):
        chosen, more = mirrored_or_not(data, source, chosen, "mirror" in settings.given(options))
        remarks += more
    remarks += [f"beware: {sentence}" for sentence in warnings_before(data, source, chosen)]
    if source.fold == 0:
        result = run_all_folds(
            source, chosen, out, options.resume, options.device, options.jobs, data, remarks, options.predictions
        )
    else:
        table = options.predictions
        result = runs.run(data, source, chosen, out, options.resume, options.device, True, remarks, table)
    print(runs.summary(result))
    print(f"\nwritten to {out}: checkpoint.npz, history.csv, config.toml, result.json"
          if source.fold else f"\nwritten to {out}: a folder per fold, config.toml, result.json")  # fmt: skip
    if options.predictions:
        print(f"written to {options.predictions}")
    if result.get("stopped_early"):
        print("stopped early; go on with --resume")
        return 130
    return 0


def what_to_train(options):
    """Source and settings: of the run to resume, else of --config, else of the preset; then the options given.

    The protocol of the source is "" where nothing names one: it depends on the data.
    """
    given = settings.given(options)
    where = {name: getattr(options, name) for name in ("dataset", "data", "protocol", "hip")}
    where = {name: value for name, value in where.items() if value is not None}
    where |= {"up": axis_named(options.up)} if options.up else {}
    if "protocol" in where:
        where["protocol"] = _from_anywhere(where["protocol"])
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
        where.setdefault("protocol", "")  # the data say it
        preset = options.preset or ("demo" if dataset in GENERATED else "small")
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


def mirrored_or_not(data, source, chosen, asked):
    """The settings, without mirror images where they do harm and were not asked for, and a list: what to say of it.

    Of all folds all sequences are looked at, of one fold those that train.
    """
    data = protocols.restricted(data, source.protocol)
    conflict = mirror_conflict(data.class_names)
    if conflict:  # where mirror images are asked for they are refused with the rest of what cannot be
        off = f"mirror images are off, for {conflict}"
        return (chosen, []) if asked else (dataclasses.replace(chosen, mirror=False), [off])
    train = protocols.split(data, source.protocol, source.fold)[0] if source.fold else np.arange(len(data))
    share = one_handed(data, train)
    if share <= ONE_HANDED:
        return chosen, []
    why = f"where one arm moves more than the other it is the same arm in {share:.1%} of the sequences"
    if asked:
        return chosen, [f"beware: {why}, so mirror images show what nobody does; --no-mirror leaves them out"]
    return dataclasses.replace(chosen, mirror=False), [f"mirror images are off, for {why}; --mirror puts them on"]


def warnings_before(data, source, chosen):
    """What there is to say of classes that are missing, before training begins (`protocols.lacking`)."""
    numbers = [source.fold] if source.fold else range(1, protocols.folds(data, source.protocol) + 1)
    folds = {fold: runs.divide(data, dataclasses.replace(source, fold=fold), chosen) for fold in numbers}
    return warnings_of({fold: protocols.lacking(*divided) for fold, divided in folds.items()})


def _refuse_idle(chosen, given):
    """InputError for an option that would change nothing."""
    idle = [name for name in ("iterations", "initial", "attention", "sharing", "recompute") if given.get(name)]
    if idle and not chosen.attentive:
        raise InputError(f"the network {chosen.network} has no attention; leave --{idle[0]} out")
    if given.get("exchange") and not chosen.pair:
        raise InputError("--exchange turns persons about the middle that --pair finds; give --pair, too")


def _from_anywhere(protocol):
    """The protocol with the whole path of the file that it may name: a worker or --resume may run in another folder."""
    kind, _, path = protocol.partition(":@")
    return f"{kind}:@{os.path.abspath(path)}" if path else protocol


def _fold(text):
    if text == "all":
        return 0
    if not re.fullmatch("[1-9][0-9]{0,8}", text):
        raise InputError(f"--fold {shown(text)} cannot be used: give a number from 1, or all")
    return int(text)
