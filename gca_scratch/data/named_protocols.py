"""The protocols that the literature gives a name: who trains and who tests, by each data set's numbers."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from ..support.errors import InputError
from .neutral import Skeletons
from .parts import cut


class Protocol(NamedTuple):
    """How sequences are divided.

    folds: the number of folds on this data.  tests: which sequences fold K (from 1) tests, bool (N,); all others train.
    by: the array of `Skeletons` that it divides by: "subject", "view" or "setup"; "name" where sequence by sequence.
    """

    folds: Callable[[Skeletons], int]
    tests: Callable[[Skeletons, int], np.ndarray]
    by: str = "subject"


def one_fold(data: Skeletons) -> int:
    """The number of folds of a protocol that divides once."""
    return 1


def numbers(data: Skeletons, what: str, protocol: str) -> np.ndarray:
    """The array `what` ("subject", "view" or "setup") of the data; InputError where nobody knows it."""
    found = getattr(data, what)
    if found is None:
        raise InputError(
            f"protocol {protocol} needs the {what} of every sequence, which this data lacks; choose another protocol"
        )
    return found


def _expect(data: Skeletons, what: str, known: Iterable[int], protocol: str, dataset: str, instead: str) -> np.ndarray:
    """The array `what` of the data; InputError, saying what to use instead, unless all its numbers are known ones."""
    found = numbers(data, what, protocol)
    strange = np.setdiff1d(found, list(known))
    if len(strange):
        raise InputError(
            f"protocol {protocol} is for {dataset}, which has no {what} {strange[0]}, as this data has; use {instead}"
        )
    return found


# --- NTU RGB+D --------------------------------------------------------------------------------------------------------

TRAIN_60 = (1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38)
TRAIN_120 = (
    *TRAIN_60, 45, 46, 47, 49, 50, 52, 53, 54, 55, 56, 57, 58, 59, 70, 74, 78, 80, 81, 82, 83, 84, 85, 86, 89, 91, 92,
    93, 94, 95, 97, 98, 100, 103,
)  # fmt: skip
_BY_SUBJECT = "half or k-fold:5, or say who trains, as in subjects:1,3,5"
_BY_VIEW = "nw-ucla for Northwestern-UCLA, or say which views train, as in views:1,2"
_BY_SETUP = "k-fold:5, or say which setups train, as in setups:2,4"


def _ntu(data: Skeletons, what: str, known: Iterable[int], protocol: str, dataset: str, instead: str) -> np.ndarray:
    """As `_expect`, and InputError for data that looks like none of NTU RGB+D's.

    Those have 60 or 120 classes; of a choice of them more than 10, whose setups are known.
    """
    classes = len(data.class_names)
    if classes not in (60, 120) and (data.setup is None or classes <= 10):
        raise InputError(f"protocol {protocol} is for {dataset}, which this data is not; use {instead}")
    return _expect(data, what, known, protocol, dataset, instead)


def _cross_subject(data: Skeletons, fold: int) -> np.ndarray:
    instead = "cross-subject-120" if len(data.class_names) == 120 else _BY_SUBJECT
    return ~np.isin(_ntu(data, "subject", range(1, 41), "cross-subject", "NTU RGB+D", instead), TRAIN_60)


def _cross_subject_120(data: Skeletons, fold: int) -> np.ndarray:
    found = _ntu(data, "subject", range(1, 107), "cross-subject-120", "NTU RGB+D 120", _BY_SUBJECT)
    return ~np.isin(found, TRAIN_120)


def _cross_view(data: Skeletons, fold: int) -> np.ndarray:
    return _ntu(data, "view", range(1, 4), "cross-view", "NTU RGB+D", _BY_VIEW) == 1


def _cross_setup(data: Skeletons, fold: int) -> np.ndarray:
    return _ntu(data, "setup", range(1, 33), "cross-setup", "NTU RGB+D 120", _BY_SETUP) % 2 == 1


# --- other data sets --------------------------------------------------------------------------------------------------

# Pairs of people, 10 x the first + the second.
_SBU_FOLDS = (
    (12, 34, 52, 64),
    (23, 27, 35, 53),
    (13, 17, 71, 73),
    (21, 26, 32, 36),
    (42, 43, 46, 62, 63),
)


def _sbu(data: Skeletons, fold: int) -> np.ndarray:
    dataset = "SBU Kinect Interaction (12 is s01s02)"
    found = _expect(data, "subject", sum(_SBU_FOLDS, ()), "sbu", dataset, "loso or k-fold:5")
    return np.isin(found, _SBU_FOLDS[fold - 1])


def _sysu(data: Skeletons, fold: int) -> np.ndarray:
    subjects = np.unique(data.subject)
    shuffled = subjects[np.argsort(np.random.default_rng(fold).random(len(subjects)))]
    return ~np.isin(data.subject, shuffled[: len(subjects) // 2])


def _mhad(data: Skeletons, fold: int) -> np.ndarray:
    return _expect(data, "subject", range(1, 13), "mhad", "Berkeley MHAD", _BY_SUBJECT) > 7


def _nw_ucla(data: Skeletons, fold: int) -> np.ndarray:
    _expect(data, "subject", range(1, 11), "nw-ucla", "Northwestern-UCLA", "cross-view for NTU RGB+D, or views:1,2")
    return _expect(data, "view", range(1, 4), "nw-ucla", "Northwestern-UCLA", _BY_VIEW) == 3


def _utd_mhad(data: Skeletons, fold: int) -> np.ndarray:
    return _expect(data, "subject", range(1, 9), "utd-mhad", "UTD-MHAD", _BY_SUBJECT) % 2 == 0


# --- MSR Action3D -----------------------------------------------------------------------------------------------------

# The actions of each of its three parts, by their numbers in the names of the files.
_MSR_PARTS = {
    "msr-as1": (2, 3, 5, 6, 10, 13, 18, 20),
    "msr-as2": (1, 4, 7, 8, 9, 11, 12, 14),
    "msr-as3": (6, 14, 15, 16, 17, 18, 19, 20),
}


def _msr(protocol: str, data: Skeletons, fold: int) -> np.ndarray:
    return _expect(data, "subject", range(1, 11), protocol, "MSR Action3D", _BY_SUBJECT) % 2 == 0


def restricted(data: Skeletons, protocol: str) -> Skeletons:
    """The data that a protocol is about: for "msr-as1" to "msr-as3" the sequences of eight actions, else the data.

    Only the joints of those sequences are read and copied, also of data that is mapped from the disk. Data of eight
    classes is taken to be cut down already. Raises InputError where neither 20 nor 8 classes are there, or no sequence
    of the eight.
    """
    if protocol not in _MSR_PARTS or len(data.class_names) == len(_MSR_PARTS[protocol]):
        return data
    if len(data.class_names) != 20:
        raise InputError(
            f"protocol {protocol} is for the 20 actions of MSR Action3D, and this data has {len(data.class_names)} "
            "classes; use half or k-fold:5"
        )
    actions = np.array(_MSR_PARTS[protocol]) - 1
    kept = np.flatnonzero(np.isin(data.label, actions))
    if not len(kept):
        raise InputError(f"protocol {protocol} leaves no sequence of this data; use msr-cross-subject")
    label = np.searchsorted(actions, data.label[kept]).astype(np.int16)
    names = tuple(data.class_names[action] for action in actions)
    return replace(cut(data, kept), label=label, class_names=names)


NAMED: dict[str, Protocol] = {
    "cross-subject": Protocol(one_fold, _cross_subject),
    "cross-view": Protocol(one_fold, _cross_view, "view"),
    "cross-subject-120": Protocol(one_fold, _cross_subject_120),
    "cross-setup": Protocol(one_fold, _cross_setup, "setup"),
    "sbu": Protocol(lambda data: len(_SBU_FOLDS), _sbu),
    "sysu": Protocol(lambda data: 30, _sysu),
    "mhad": Protocol(one_fold, _mhad),
    "nw-ucla": Protocol(one_fold, _nw_ucla, "view"),
    "utd-mhad": Protocol(one_fold, _utd_mhad),
    **{name: Protocol(one_fold, partial(_msr, name)) for name in ("msr-cross-subject", *_MSR_PARTS)},
}
