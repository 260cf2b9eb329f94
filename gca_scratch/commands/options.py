"""Options that several commands share: the device, the data, and every setting."""

import argparse
import dataclasses

from .. import runs
from ..settings import Settings


def add_device(sub):
    """--device"""
    sub.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where to compute (default: cpu)")


def add_data(sub):
    """--dataset, --root and --hip"""
    sub.add_argument("--dataset", choices=tuple(runs.DATASETS), help="which data (default: synthetic)")
    sub.add_argument("--root", metavar="PATH", help="folder of the original files, or the .npz file")
    sub.add_argument("--hip", metavar="NAME", help="the joint that is the hip, where the joints' names do not tell")


def add_settings(sub):
    """An option for every setting; None where it is not given."""
    group = sub.add_argument_group("settings", "each changes one value of the preset")
    for setting in dataclasses.fields(Settings):
        flag, text = "--" + setting.name.replace("_", "-"), setting.metadata["help"]
        if isinstance(setting.default, bool):
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text)
        else:
            group.add_argument(flag, type=type(setting.default), metavar=setting.name.upper(), help=text)


def given_settings(options):
    """The settings that were given, by name."""
    values = {setting.name: getattr(options, setting.name) for setting in dataclasses.fields(Settings)}
    return {name: value for name, value in values.items() if value is not None}
