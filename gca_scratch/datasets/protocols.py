"""Protocols: which sequences train the network and which test it, by the names that the literature gives them."""

from collections.abc import Callable

import numpy as np

from gca_scratch.datasets.neutral import Skeletons
from gca_scratch.errors import InputError


def _leave_one_subject_out(data: Skeletons, fold: int) -> np.ndarray:
    return data.subject == np.unique(data.subject)[fold - 1]


def _half(data: Skeletons, fold: int) -> np.ndarray:
    return data.subject % 2 == 0


# Name: number of folds, and which sequences fold K (from 1) tests, bool (N,); all others train.
PROTOCOLS: dict[str, tuple[Callable[[Skeletons], int], Callable[[Skeletons, int], np.ndarray]]] = {
    "loso": (lambda data: len(np.unique(data.subject)), _leave_one_subject_out),
    "half": (lambda data: 1, _half),
}


def folds(data: Skeletons, protocol: str) -> int:
    """The number of folds of the protocol on this data. Raises InputError for an unknown protocol."""
    if protocol not in PROTOCOLS:
        raise InputError(f"there is no protocol {protocol!r}; choose one of {', '.join(PROTOCOLS)}.")
    return PROTOCOLS[protocol][0](data)


def split(data: Skeletons, protocol: str, fold: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The sequences that train and those that test, each int64 and ascending; together they are all sequences.

    "loso" leaves one subject out: fold K tests the K-th subject in ascending order, K from 1. "half" trains on the
    subjects with odd numbers and tests those with even ones. `fold` may be left out where there is only one.

    Raises InputError for an unknown protocol, a fold out of range, or if no sequence is left to train or to test.
    """
    count = folds(data, protocol)
    if fold is None and count == 1:
        fold = 1
    if fold is None or not 1 <= fold <= count:
        raise InputError(f"protocol {protocol} has no fold {fold} on this data; choose a fold from 1 to {count}.")
    test = PROTOCOLS[protocol][1](data, fold)
    train, test = np.flatnonzero(~test).astype(np.int64), np.flatnonzero(test).astype(np.int64)
    for indices, purpose in ((train, "train"), (test, "test")):
        if not len(indices):
            there = ", ".join(map(str, np.unique(data.subject)))
            raise InputError(
                f"protocol {protocol}, fold {fold}, leaves no sequence to {purpose}, for the data has "
                f"only the subjects {there}; choose another protocol."
            )
    return train, test


def hold_out(
    data: Skeletons, train: np.ndarray, subjects: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Hold whole subjects of the training sequences out for validation, as many as `subjects`, chosen by `rng`.

    Returns the sequences to fit and those to validate, each int64 and ascending; together they are `train`. The test
    set is never looked at. Raises InputError if no subject would be left to fit, or `subjects` is below 1.
    """
    there = np.unique(data.subject[train])
    if not 1 <= subjects < len(there):
        raise InputError(
            f"{subjects} of {len(there)} training subjects cannot be held out for validation; "
            "hold out at least 1 and leave at least 1 to train, or hold out none with --validation 0"
        )
    held = np.isin(data.subject[train], rng.choice(there, subjects, replace=False))
    return np.sort(train[~held]).astype(np.int64), np.sort(train[held]).astype(np.int64)
