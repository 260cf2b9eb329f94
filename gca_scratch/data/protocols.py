"""Protocols: which sequences train the network and which test it, by the names that the literature gives them."""

from collections.abc import Callable, Iterable

import numpy as np

from ..support.errors import InputError, shown
from .neutral import Skeletons


def _leave_one_subject_out(data: Skeletons, fold: int) -> np.ndarray:
    return data.subject == np.unique(data.subject)[fold - 1]


def _leave_one_sequence_out(data: Skeletons, fold: int) -> np.ndarray:
    return np.arange(len(data)) == fold - 1


def _half(data: Skeletons, fold: int) -> np.ndarray:
    return data.subject % 2 == 0


_NTU_TRAINING = (1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38)


def _cross_subject(data: Skeletons, fold: int) -> np.ndarray:
    _expect(data.subject, range(1, 41), "cross-subject", "subject", "NTU RGB+D")
    return ~np.isin(data.subject, _NTU_TRAINING)


def _cross_view(data: Skeletons, fold: int) -> np.ndarray:
    if data.view is None:
        raise InputError("protocol cross-view needs the view of every sequence, which this data lacks; choose another.")
    _expect(data.view, range(1, 4), "cross-view", "view", "NTU RGB+D")
    return data.view == 1


# Pairs of people, 10 x the first + the second.
_SBU_FOLDS = (
    (12, 34, 52, 64),
    (23, 27, 35, 53),
    (13, 17, 71, 73),
    (21, 26, 32, 36),
    (42, 43, 46, 62, 63),
)


def _sbu(data: Skeletons, fold: int) -> np.ndarray:
    _expect(data.subject, sum(_SBU_FOLDS, ()), "sbu", "subject", "SBU Kinect Interaction (12 is s01s02)")
    return np.isin(data.subject, _SBU_FOLDS[fold - 1])


def _sysu(data: Skeletons, fold: int) -> np.ndarray:
    subjects = np.unique(data.subject)
    shuffled = subjects[np.argsort(np.random.default_rng(fold).random(len(subjects)))]
    return ~np.isin(data.subject, shuffled[: len(subjects) // 2])


def _mhad(data: Skeletons, fold: int) -> np.ndarray:
    _expect(data.subject, range(1, 13), "mhad", "subject", "Berkeley MHAD")
    return data.subject > 7


def _expect(numbers: np.ndarray, known: Iterable[int], protocol: str, what: str, dataset: str) -> None:
    """Raise InputError unless all numbers are known ones."""
    strange = np.setdiff1d(numbers, list(known))
    if len(strange):
        raise InputError(
            f"protocol {protocol} is for {dataset}, which has no {what} {strange[0]}, as this data has; "
            "choose another protocol."
        )


def _one(data: Skeletons) -> int:
    return 1


def _subjects(data: Skeletons) -> int:
    return len(np.unique(data.subject))


# Name: number of folds, and which sequences fold K (from 1) tests, bool (N,); all others train.
PROTOCOLS: dict[str, tuple[Callable[[Skeletons], int], Callable[[Skeletons, int], np.ndarray]]] = {
    "loso": (_subjects, _leave_one_subject_out),
    "loseqo": (len, _leave_one_sequence_out),
    "half": (_one, _half),
    "cross-subject": (_one, _cross_subject),
    "cross-view": (_one, _cross_view),
    "sbu": (lambda data: len(_SBU_FOLDS), _sbu),
    "sysu": (lambda data: 30, _sysu),
    "mhad": (_one, _mhad),
}


def folds(data: Skeletons, protocol: str) -> int:
    """The number of folds of the protocol on this data. Raises InputError for an unknown protocol."""
    if protocol not in PROTOCOLS:
        raise InputError(f"there is no protocol {shown(protocol)}; choose one of {', '.join(PROTOCOLS)}.")
    return PROTOCOLS[protocol][0](data)


def split(data: Skeletons, protocol: str, fold: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The sequences that train and those that test, each int64 and ascending; together they are all sequences.

    For any data, K from 1:
    "loso" leaves one subject out: fold K tests the K-th subject in ascending order.
    "loseqo" leaves one sequence out: fold K tests the K-th sequence (UT-Kinect, in 199 folds).
    "half" trains on the subjects with odd numbers and tests those with even ones.
    "sysu" (SYSU 3D HOI) trains on one half of the subjects and tests the other, in 30 folds. Fold K draws a random
    number for each subject, in ascending order, from np.random.default_rng(K), and trains on the half with the
    smaller ones (of an odd number of subjects the smaller half).

    As the authors of a data set ask for it, by its numbers of subjects and views:
    "cross-subject" (NTU RGB+D) trains on subjects 1, 2, 4, 5, 8, 9, 13-19, 25, 27, 28, 31, 34, 35 and 38 of the 40.
    "cross-view" (NTU RGB+D) trains on cameras 2 and 3 and tests camera 1.
    "sbu" (SBU Kinect Interaction) has five folds; fold K tests all sequences of the pairs of people
    (1) s01s02 s03s04 s05s02 s06s04  (2) s02s03 s02s07 s03s05 s05s03  (3) s01s03 s01s07 s07s01 s07s03
    (4) s02s01 s02s06 s03s02 s03s06  (5) s04s02 s04s03 s04s06 s06s02 s06s03.
    "mhad" (Berkeley MHAD) trains on subjects 1 to 7 and tests 8 to 12.

    `fold` may be left out where there is only one. Raises InputError for an unknown protocol, a fold out of range,
    data with subjects or views that the protocol does not know, or if no sequence is left to train or to test.
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
            what = "view" if protocol == "cross-view" else "subject"
            there = ", ".join(map(str, np.unique(getattr(data, what))))
            raise InputError(
                f"protocol {protocol}, fold {fold}, leaves no sequence to {purpose}, for the data has "
                f"only the {what}s {there}; choose another protocol."
            )
    return train, test


def hold_out(
    data: Skeletons, train: np.ndarray, subjects: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Hold whole subjects of the training sequences out for validation, as many as `subjects`, chosen by `rng`.

    Returns the sequences to fit and those to validate, each int64 and ascending; together they are `train`. The test
    set is never looked at (its people may be, where the protocol trains on them, too, as "loseqo" and "cross-view" do).
    Raises InputError if no subject would be left to fit, or `subjects` is below 1.
    """
    there = np.unique(data.subject[train])
    if not 1 <= subjects < len(there):
        raise InputError(
            f"{subjects} of {len(there)} training subjects cannot be held out for validation; "
            "hold out at least 1 and leave at least 1 to train, or hold out none with --validation 0"
        )
    held = np.isin(data.subject[train], rng.choice(there, subjects, replace=False))
    return np.sort(train[~held]).astype(np.int64), np.sort(train[held]).astype(np.int64)
