"""The files that a run keeps in its folder: how they are written while it trains, and read again without belief.

checkpoint.npz   everything needed to go on (checkpoint.py)
history.csv      a row per epoch (training.HISTORY_COLUMNS)
config.toml      everything needed to repeat the run: `train --config FILE`
result.json      how the weights did on the test set
"""

import csv
import os
import time
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

from .. import training
from ..data.neutral import MOST_CLASSES
from ..settings import Settings
from ..support.errors import InputError, shown
from ..support.progress import progress
from ..support.reading import from_plain, is_number, read_bytes, read_csv, read_json, read_toml, reason
from ..support.writing import replacing
from ..training.stepwise import HISTORY_COLUMNS
from . import checkpoint
from .split import Source

SECONDS_BETWEEN_SAVES = 10


def refuse_used(out: str | os.PathLike[str]) -> None:
    """InputError if the folder holds files of a run, or of the folds of one, which a new run would overwrite."""
    files = ("checkpoint.npz", "history.csv", "result.json")
    if any(os.path.lexists(Path(out) / file) for file in files) or any(Path(out).glob("fold-*/checkpoint.npz")):
        raise InputError(f"{out} already holds a run; go on with it by --resume, or choose another --out folder")


# --- while it trains --------------------------------------------------------------------------------------------------


class Recorder:
    """Follows training: a progress bar per training step, and a checkpoint every few seconds and at its end."""

    def __init__(self, out, network, settings, about, state, show):
        self.file, self.network, self.settings, self.about = Path(out) / "checkpoint.npz", network, settings, about
        self.show, self.last = show, training.snapshot(state)
        self.saved = time.monotonic()
        self.bar = None

    def on_start(self, n, epochs_done):
        """A training step begins, or goes on."""
        self.close()
        self.bar = progress(
            total=self.settings.epochs, what=f"training step {n}", unit="epoch", done=epochs_done, show=self.show
        )

    def on_epoch(self, state, done):
        """An epoch has ended; InputError when it has led to what is not finite."""
        row, last = state.history[-1], training.snapshot(state)
        arrays = [*last.params.values(), *(last.best or {}).values(), *last.velocity.values()]
        if not all(np.isfinite(values).all() for values in [*arrays, list(row.values())]):
            raise InputError(
                f"weights or losses are not finite after epoch {row['epoch']} of training step {row['step']}; "
                f"lower learning_rate ({self.settings.learning_rate:g}) or set clip, and start anew in another folder"
            )
        self.last = last
        figures = {"loss": f"{row['train_loss']:.3f}"}
        if "validation_error" in row:
            figures["validation error"] = f"{row['validation_error']:.1%}"
        self.bar.update()
        self.bar.set_postfix(figures, refresh=False)
        if time.monotonic() - self.saved > SECONDS_BETWEEN_SAVES:
            self.save()

    def save(self):
        """Checkpoint and history of the last whole epoch."""
        checkpoint.save(self.file, self.last, self.network, self.settings, self.about)
        write_history(self.file.with_name("history.csv"), self.last.history)
        self.saved = time.monotonic()

    def close(self):
        """The training step is over, or stopped."""
        if self.bar is not None:
            try:
                self.bar.close()
            finally:  # also when nothing can be printed
                self.save()
            self.bar = None


# --- config.toml ------------------------------------------------------------------------------------------------------


def write_config(path: str | os.PathLike[str], source: Source, settings: Settings) -> None:
    """config.toml: the source and every setting. One that says the same already, wherever the data lay, is left alone.

    Raises InputError if it cannot be written, or would take the place of one that somebody wrote by hand.
    """
    if os.path.lexists(path):
        old_source, old_settings = read_config(path)
        if (replace(old_source, data=source.data), old_settings) == (source, settings):
            return
        if read_bytes(path) != _config(old_source, old_settings):  # not what a run leaves that never began
            raise InputError(f"{path} says something else and was not written by this program; choose another --out")
    with replacing(path) as temporary:
        temporary.write_bytes(_config(source, settings))


def _config(source, settings):
    return tomli_w.dumps({"data": asdict(source), "settings": asdict(settings)}).encode()


def read_config(path: str | os.PathLike[str]) -> tuple[Source, Settings]:
    """Source and settings of a config.toml; InputError naming what is wrong in it."""
    try:
        tables = read_toml(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); give the config.toml of a run") from None
    except ValueError as error:
        raise InputError(f"{path} is not TOML ({reason(error)}); correct it") from None
    for name in tables.keys() - {"data", "settings"}:
        raise InputError(f"{path} has no table {shown(name)}; it may hold [data] and [settings]")
    data, settings = (tables.get(name, {}) for name in ("data", "settings"))
    if isinstance(data, dict) and "root" in data:
        raise InputError(f"{path}, [data]: what version 0.1 called root is called data now; rename it there")
    return (
        from_plain(Source, data, f"{path}, [data]", complete=False),
        from_plain(Settings, settings, f"{path}, [settings]", complete=False),
    )


# --- history.csv ------------------------------------------------------------------------------------------------------


def write_history(path: str | os.PathLike[str], history: list[dict[str, Any]]) -> None:
    """The history as CSV, a row per epoch; written beside and renamed."""
    with replacing(path) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.DictWriter(file, HISTORY_COLUMNS)
        writer.writeheader()
        writer.writerows(history)


def read_history(folder: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The rows of a run's history.csv, dicts of numbers; InputError where there is none, or none that can be used."""
    path = Path(folder) / "history.csv"
    try:
        history = [_epoch(row) for row in read_csv(path)]
        if any(later["step"] < row["step"] for row, later in pairwise(history)):
            raise ValueError("its steps go back")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); give the folder of a run") from None
    except ValueError as error:
        raise InputError(f"{path} is no history of training ({reason(error)}); train again") from None
    if not history:
        raise InputError(f"{path} holds no epoch; go on with the run by --resume")
    return history


def _epoch(row):
    """A row of history.csv, a dict of texts, as numbers; without those that are empty, of a run without validation."""
    if tuple(row) != HISTORY_COLUMNS:
        raise ValueError("its columns are others")
    numbers = {name: float(text) for name, text in row.items() if text}
    needed = [name for name in HISTORY_COLUMNS if not name.startswith("validation")]
    if not all(name in numbers for name in needed) or not all(map(is_number, numbers.values())):
        raise ValueError("a number is missing or not finite")
    if numbers["step"] not in range(101):
        raise ValueError("a step is no number of attention iterations")
    if not all(is_number(numbers.get(f"{part}_error", 0.0), 0, 1) for part in ("train", "validation")):
        raise ValueError("an error is no share of the sequences")
    return numbers | {"step": int(numbers["step"])}


# --- result.json ------------------------------------------------------------------------------------------------------


def read_result(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """A run's result.json, its confusion an array; InputError where there is none, or none that can be used."""
    path = Path(folder) / "result.json"
    try:
        result = read_json(path)
        counts, names = _counts(result["confusion"]), result["per_class"]
        if not isinstance(names, dict) or len(names) != counts.any(axis=1).sum():
            raise ValueError("per_class does not name the classes that were tested")
        if not all(isinstance(result[name], str) for name in ("dataset", "protocol")):
            raise ValueError("dataset or protocol is no name")
        if type(result["fold"]) is not int or not 0 <= result["fold"] < 2**31:
            raise ValueError("fold is no number of a fold")
        if not is_number(result["accuracy"], 0, 1):
            raise ValueError("accuracy is no share of the sequences")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); give the folder of a run that has ended") from None
    except KeyError as error:
        raise InputError(f"{path} is no result of a run (it lacks {error}); train again") from None
    except (ValueError, TypeError) as error:
        raise InputError(f"{path} is no result of a run ({reason(error)}); train again") from None
    return result | {"confusion": counts}


def _counts(rows):
    """The confusion of a result as an array (classes, classes); ValueError, naming the place, if it is none."""
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_CLASSES:
        raise ValueError(f"confusion is no list of 1 to {MOST_CLASSES} rows")
    for k, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(rows):
            raise ValueError(f"confusion[{k}] is no list of {len(rows)} counts")
        for other, count in enumerate(row):
            if type(count) is not int or not 0 <= count < 2**31:
                raise ValueError(f"confusion[{k}][{other}] is no count of sequences")
    return np.array(rows)
