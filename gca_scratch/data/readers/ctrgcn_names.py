"""The names that the rows of CTR-GCN's files have lost, from its list of names and the order that it puts them in."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from gca_scratch.support.errors import InputError, shown
from gca_scratch.support.reading import open_plain, read_bytes, without_mark

from ..named_protocols import TRAIN_60, TRAIN_120
from .ntu_sample import Sample, sample_of

LIST = "skes_available_name.txt"
PARTS = ("train", "test")
_LARGEST_LIST = 1 << 24  # bytes of a list of names


class Order(NamedTuple):
    """How CTR-GCN puts the rows of a part in order: number by number of what `of` says, from the list of names."""

    of: Callable[[Sample], int]
    train: tuple[int, ...]
    test: tuple[int, ...]


def _by_subject(train, last):
    others = tuple(number for number in range(1, last + 1) if number not in train)
    return Order(lambda sample: sample.subject, train, others)


ORDERS = {
    "cross-subject": _by_subject(TRAIN_60, 40),
    "cross-view": Order(lambda sample: sample.view, (2, 3), (1,)),
    "cross-subject of NTU RGB+D 120": _by_subject(TRAIN_120, 106),
    "cross-setup": Order(lambda sample: sample.setup, tuple(range(2, 33, 2)), tuple(range(1, 33, 2))),
}


def is_list(path: str) -> bool:
    """Is it CTR-GCN's list of names, or a folder?"""
    if not path or os.path.isdir(path):
        return bool(path)
    try:
        with open_plain(path) as file:
            line = file.readline(500).removeprefix(b"\xef\xbb\xbf").decode("latin-1")
            return sample_of(_without_folder(line)) is not None
    except OSError:
        return False


def names_of_rows(
    path: Path, labels: dict[str, list[int | None]], given: str
) -> tuple[dict[str, list[str]], dict[str, list[tuple[int, ...]]], tuple[str, ...]]:
    """For each of PARTS the names of the rows, what they tell (subject, view, setup, repetition), and notes.

    path: the file.  labels: of the rows of each part.  given: the list of names, or the folder that it lies in; with ""
    it is looked for beside the file. Names whose actions are not the labels, row by row, are not used: then the rows
    are called "train 0" and so on. Raises InputError for a list that is given and not there, or is none.
    """
    rows = {part: len(labels[part]) for part in PARTS}
    names = {part: [f"{part} {row}" for row in range(rows[part])] for part in PARTS}
    numbers: dict[str, list[tuple[int, ...]]] = {part: [()] * rows[part] for part in PARTS}
    places = [Path(given)] if given else [path.parent / "statistics", path.parent]
    lists = [place / LIST if os.path.isdir(place) else place for place in places]
    found = next((file for file in lists if os.path.isfile(file)), None)
    if found is None:
        if given:
            raise InputError(
                f"--names {given} holds no {LIST}; give CTR-GCN's folder data/ntu/statistics, or that file."
            )
        note = f"the rows have no names, so nobody knows who acts: --names takes CTR-GCN's list of them, {LIST}."
        return names, numbers, (note,)
    samples = _read_list(found)
    for protocol, order in ORDERS.items():
        sorted_names = {part: _in_order(samples, order.of, getattr(order, part)) for part in PARTS}
        if all(_fits(sorted_names[part], labels[part]) for part in PARTS if rows[part]):
            for part in PARTS:
                if rows[part]:
                    names[part] = [name for name, _ in sorted_names[part]]
                    numbers[part] = [(s.subject, s.view, s.setup, s.repetition) for _, s in sorted_names[part]]
            return names, numbers, (f"the rows have the names of {found}, divided by {protocol}.",)
    note = (
        f"the names in {found} are not those of the rows: in no order of CTR-GCN are there {rows['train']} and "
        f"{rows['test']} with these labels; the rows have numbers for names."
    )
    return names, numbers, (note,)


def _read_list(path: Path) -> list[tuple[str, Sample]]:
    try:
        lines = without_mark(read_bytes(path, _LARGEST_LIST)).decode("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({str(error)[:100]}); copy it again from CTR-GCN.") from error
    names = [_without_folder(line) for line in lines if line.strip()]
    samples = [(name.removesuffix(".skeleton"), sample_of(name)) for name in names]
    wrong = next((name for name, sample in samples if sample is None), None)
    if wrong is not None:
        raise InputError(f"{path}: {shown(wrong)} is no sample of NTU RGB+D; copy it again from CTR-GCN.")
    return [(name, sample) for name, sample in samples if sample]


def _without_folder(line: str) -> str:
    """The name in a line that may be a path, as Windows writes it, too."""
    return line.strip().replace("\\", "/").rpartition("/")[2]


def _in_order(
    samples: list[tuple[str, Sample]], of: Callable[[Sample], int], numbers: tuple[int, ...]
) -> list[tuple[str, Sample]]:
    """Those with the first of the numbers, then those with the second, and so on, each in the order of the list."""
    place = {number: n for n, number in enumerate(numbers)}
    return sorted((pair for pair in samples if of(pair[1]) in place), key=lambda pair: place[of(pair[1])])


def _fits(named: list[tuple[str, Sample]], labels: list[int | None]) -> bool:
    return [sample.action - 1 for _, sample in named] == labels
