"""Checkpoints without pickle: arrays in one `.npz`, everything else as JSON text inside it, written beside and renamed.

Loading believes nothing: sizes, names, shapes and types are compared with the network that the settings describe.
"""

import dataclasses
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..network.gca_lstm import Network
from ..settings import Settings
from ..support.errors import InputError, shown
from ..support.reading import from_plain, is_number, read_npz, reason
from ..support.writing import replacing, write_npz
from ..training.stepwise import HISTORY_COLUMNS, State, training_steps
from ..variants.build import build

VERSION = 7
_GROUPS = ("params", "velocity", "best", "average")
_VALIDATION_COLUMNS = {"validation_loss", "validation_error"}


@dataclass
class About:
    """What a checkpoint holds beside its arrays, as JSON: `training.State`, and what it is a state of.

    network: the sizes that the settings do not say.
    """

    version: int
    network: dict
    settings: dict
    run: dict
    rng: dict
    has_best: bool
    stage: int
    epoch: int
    best_score: list | None
    waited: int
    history: list
    finished: bool


@dataclass
class _Sizes:
    """What a network is beside its settings; parts as in variants.build."""

    joints: int
    channels: int
    classes: int
    parts: list


def save(path: str | os.PathLike[str], state: State, network: Network, settings: Settings, run: dict[str, Any]) -> None:
    """Write a checkpoint atomically: the old file stays whole until the new one is.

    state: training.State with its arrays on the host (`training.snapshot`).  run: a dict of plain values that says what
    the network was trained on; it is kept as it is.
    """
    arrays = {f"{group}/{name}": array for group in _GROUPS for name, array in (getattr(state, group) or {}).items()}
    plain = {
        "version": VERSION,
        "network": {name: getattr(network, name, ()) for name in ("joints", "channels", "classes", "parts")},
        "settings": dataclasses.asdict(settings),
        "run": run,
        "rng": state.rng.bit_generator.state,
        "has_best": state.best is not None,
        **{name: getattr(state, name) for name in ("stage", "epoch", "best_score", "waited", "history", "finished")},
    }
    with replacing(path) as temporary, open(temporary, "wb") as file:
        write_npz(file, {"about": np.array(json.dumps(plain))} | arrays)


def load(path: str | os.PathLike[str]) -> tuple[State, Network, Settings, dict[str, Any]]:
    """Read a checkpoint, a file or the folder that holds it: (state, network, settings, run).

    Raises InputError if the file is missing, cut off, edited, or does not fit the network that it names.
    """
    try:
        path = Path(path)
    except TypeError:
        raise InputError(f"{shown(path)} is no path; give the folder or file of a run") from None
    if os.path.isdir(path):
        path = path / "checkpoint.npz"
    if not os.path.exists(path):
        raise InputError(
            f"there is no checkpoint {path}; give the folder or file of a run (of all folds: one of its fold-KK)"
        )
    arrays = read_npz(path)
    if "about" not in arrays:
        raise InputError(f"{path} is no checkpoint, for it lacks 'about'; give the folder or file of a run")
    try:
        plain = json.loads(str(arrays.pop("about")))
        _check_version(plain, path)
        about = from_plain(About, plain, f"{path}, about")
        return _restore(about, arrays, path)
    except InputError:
        raise
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise InputError(
            f"{path} is not a whole checkpoint ({reason(error)}); train again or use another one"
        ) from error


def _check_version(plain, path):
    version = plain.get("version", VERSION) if isinstance(plain, dict) else VERSION
    if version != VERSION:
        raise InputError(
            f"{path} is a checkpoint of version {shown(version)}, not {VERSION}; train again, into another folder: "
            "the same settings lead to the same weights"
        )


def _restore(about, arrays, path):
    settings = from_plain(Settings, about.settings, f"{path}, settings")
    sizes = from_plain(_Sizes, about.network, f"{path}, network")
    try:
        network = build(settings, **dataclasses.asdict(sizes))
    except InputError as error:
        raise InputError(f"{path}: {error}; the file has been edited: train again") from None
    groups = _groups(arrays, network, path)
    averages = about.has_best and settings.average > 0
    if (about.has_best, averages) != (bool(groups["best"]), bool(groups["average"])) or not _in_order(about, settings):
        raise InputError(f"{path} contradicts itself on how far training has come; it has been edited: train again")
    rng = np.random.default_rng()
    rng.bit_generator.state = about.rng
    if rng.bit_generator.state != about.rng:
        raise InputError(f"{path} holds no state of a random generator; the file has been edited: train again")
    state = State(
        params=groups["params"],
        rng=rng,
        velocity=groups["velocity"],
        best=groups["best"] if about.has_best else None,
        average=groups["average"] if averages else None,
        stage=about.stage,
        epoch=about.epoch,
        best_score=tuple(about.best_score) if about.has_best else None,
        waited=about.waited,
        history=about.history,
        finished=about.finished,
    )
    return state, network, settings, about.run


def _groups(arrays, network, path):
    """The arrays by group and parameter: all that the network has (of velocity: those there are) and nothing else."""
    if network.iterations > len(arrays):
        raise InputError(f"{path} lacks the weights of its {network.iterations} iterations; train again")
    shapes = network.shapes()
    groups = {group: {} for group in _GROUPS}
    for key, array in arrays.items():
        group, _, name = key.partition("/")
        if group not in groups or name not in shapes or array.shape != shapes[name] or array.dtype != np.float32:
            wanted = f"float32 {shapes[name]}" if group in groups and name in shapes else "no such array"
            raise InputError(
                f"{path} holds {key} as {str(array.dtype)[:40]} {array.shape}, where the network has {wanted}; "
                "the file has been edited: train again"
            )
        if not np.isfinite(array).all():
            raise InputError(f"{path} holds numbers in {key} that are not finite; train again")
        groups[group][name] = array
    for group in ("params", "best", "average"):
        for name in shapes.keys() - groups[group].keys() if group == "params" or groups[group] else ():
            raise InputError(f"{path} lacks {group}/{name}; the file has been edited: train again")
    return groups


def _in_order(about, settings):
    """Do the counters of training, its best score and its history agree with each other and with the settings?"""
    steps = training_steps(settings)
    if not (0 <= about.stage <= len(steps) and about.finished == (about.stage == len(steps))):
        return False
    if not (0 <= about.waited <= about.epoch < settings.epochs and about.waited < settings.patience):
        return False
    score = about.best_score
    if about.has_best != (about.epoch > 0) or about.has_best != (score is not None):
        return False
    if score is not None and not (len(score) == 2 and all(map(is_number, score))):
        return False
    for row in about.history:
        if not isinstance(row, dict) or set(row) | _VALIDATION_COLUMNS != set(HISTORY_COLUMNS):
            return False
        if not (all(map(is_number, row.values())) and type(row["step"]) is int and row["step"] in steps):
            return False
    this_step = [] if about.finished else [row for row in about.history if row["step"] == steps[about.stage]]
    return len(this_step) == about.epoch and bool(about.history) == (about.stage > 0 or about.epoch > 0)
