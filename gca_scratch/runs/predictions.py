"""What a network says of each sequence, with its truth where that is known: computed, written and read as a table.

A table is CSV or JSON, by the name of its file: `name`, `truth`, `class`, `probability`, and then a column for each
class, called `p(class)`, with its probability.
"""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .. import training
from ..data.neutral import check_names
from ..network.arrays import ArrayModule
from ..network.gca_lstm import Network
from ..settings import Settings
from ..support.errors import InputError, shown
from ..support.reading import is_number, read_bytes, reason
from ..support.writing import replacing, write_json
from .split import Split

LARGEST = 1 << 28  # bytes of a table
ENDINGS = (".csv", ".json")


class Predictions(NamedTuple):
    """Of N sequences: name, truth int (N,) and probabilities (N, classes), of classes in the order of class_names."""

    name: list[str]
    truth: np.ndarray
    probabilities: np.ndarray
    class_names: list[str]


def probabilities_on(
    split: Split,
    sequences: np.ndarray,
    network: Network,
    state: training.State,
    settings: Settings,
    xp: ArrayModule = np,
) -> np.ndarray:
    """Probabilities (n, classes) of those sequences by the best weights, as in a test."""
    iterations = state.history[-1]["step"] if state.history else training.training_steps(settings)[0]
    engine, weights = training.Engine(network, settings.parts), training.best_weights(state, xp)
    with np.errstate(all="ignore"):  # a test says what has overflowed
        return training.evaluate(engine, weights, split.aligned, sequences, settings, iterations, xp)[1]


def threshold_from(probabilities: np.ndarray, truth: np.ndarray, kept: float = 0.99) -> float:
    """The probability that this share of the right answers about known actions reaches: a threshold for none of these.

    probabilities (N, classes) and truth (N,) of people who were not trained on. 0 where no answer is right.
    """
    right = probabilities.argmax(axis=1) == truth
    sure = np.sort(probabilities.max(axis=1)[right])
    return float(sure[int((1 - kept) * len(sure) + 1e-9)]) if len(sure) else 0.0


def of_test(split: Split, probabilities: np.ndarray) -> Predictions:
    """The predictions of the test sequences, of which these are the probabilities."""
    names = [str(name) for name in split.data.name[split.test]]
    return Predictions(names, split.data.label[split.test], probabilities, list(split.data.class_names))


def joined(parts: Sequence[Predictions]) -> Predictions:
    """The predictions of several tests as one; InputError where they know other classes."""
    if any(part.class_names != parts[0].class_names for part in parts):
        raise InputError("the folds do not know the same classes; look at their predictions one by one")
    return Predictions(
        [name for part in parts for name in part.name],
        np.concatenate([part.truth for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
        parts[0].class_names,
    )


def check_name(path: str | os.PathLike[str], option: str) -> None:
    """InputError for a file that is called neither CSV nor JSON."""
    if Path(path).suffix.lower() not in ENDINGS:
        raise InputError(f"{option} {shown(str(path))} must end in .csv or .json, which says how it is written")


def write(path: str | os.PathLike[str], predictions: Predictions) -> None:
    """The table of predictions, whole or not at all; InputError where it cannot be written."""
    names = predictions.class_names
    rows = [
        {"name": name, "truth": names[truth], "class": names[p.argmax()], "probability": float(p.max())}
        | {f"p({each})": float(value) for each, value in zip(names, p, strict=True)}
        for name, truth, p in zip(*predictions[:3], strict=True)
    ]
    write_rows(path, rows)


def write_rows(path: str | os.PathLike[str], rows: Sequence[dict[str, Any]]) -> None:
    """Dicts of one set of names as CSV or JSON, by the file's name; numbers that are none are left empty."""
    check_name(path, "the file")
    if Path(path).suffix.lower() == ".json":
        write_json(path, list(rows))
        return
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else [])
        writer.writeheader()
        writer.writerows(rows)


def read(path: str | os.PathLike[str]) -> Predictions:
    """A table that `write` has written as CSV; InputError, naming the line, for what is none."""
    try:
        text = read_bytes(path, LARGEST).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({reason(error)}); give a table of predictions (.csv)") from None
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = reader.fieldnames or []
    names = [column[2:-1] for column in columns if column.startswith("p(") and column.endswith(")")]
    if not names or not {"name", "truth"} <= set(columns):
        raise InputError(f"{path}, line 1: columns are not name, truth, class, probability and p(...) of each class")
    check_names("class_names", names, f"{path}, line 1")
    found, truth, probabilities = [], [], []
    try:
        for row in reader:
            values = [float(row[f"p({each})"]) for each in names]
            if row["truth"] not in names or not all(is_number(value, 0, 1) for value in values):
                raise ValueError("the truth is no class, or a probability is none")
            found.append(row["name"])
            truth.append(names.index(row["truth"]))
            probabilities.append(values)
    except (ValueError, TypeError, csv.Error) as error:
        raise InputError(f"{path}, line {len(found) + 2}: no prediction ({reason(error)}); write it again") from None
    if not found:
        raise InputError(f"{path} holds no prediction; write it again")
    check_names("name", found, str(path))
    return Predictions(found, np.array(truth), np.array(probabilities), names)
