"""Protocols: which sequences train the network and which test it, by name; docs/protocols.md has them all.

Those of the literature are in named_protocols.py, those that a user makes up in asked_protocols.py.
"""

from collections.abc import Iterator
from itertools import combinations
from math import comb

import numpy as np

from ..support.errors import InputError, shown
from .asked_protocols import FORMS, OWN, parsed
from .named_protocols import NAMED, Protocol, one_fold, restricted
from .neutral import Skeletons

__all__ = ["FORMS", "PROTOCOLS", "folds", "hold_out", "lacking", "restricted", "split", "who", "who_in_words"]


def _leave_one_subject_out(data: Skeletons, fold: int) -> np.ndarray:
    return data.subject == np.unique(data.subject)[fold - 1]


def _leave_one_sequence_out(data: Skeletons, fold: int) -> np.ndarray:
    return np.arange(len(data)) == fold - 1


def _half(data: Skeletons, fold: int) -> np.ndarray:
    return data.subject % 2 == 0


def _subjects(data: Skeletons) -> int:
    return len(np.unique(data.subject))


PROTOCOLS: dict[str, Protocol] = {
    "loso": Protocol(_subjects, _leave_one_subject_out),
    "loseqo": Protocol(len, _leave_one_sequence_out, "name"),
    "half": Protocol(one_fold, _half),
    **OWN,
    **NAMED,
}


def _protocol(protocol: str) -> Protocol:
    found = PROTOCOLS.get(protocol) or parsed(protocol)
    if found is None:
        raise InputError(
            f"there is no protocol {shown(protocol)}; choose one of {', '.join(PROTOCOLS)}, or write one such as "
            f"{', '.join(FORMS)}"
        )
    return found


def folds(data: Skeletons, protocol: str) -> int:
    """The number of folds of the protocol on this data. Raises InputError for an unknown protocol."""
    return _protocol(protocol).folds(data)


def split(data: Skeletons, protocol: str, fold: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The sequences that train and those that test, each int64 and ascending; together they are all sequences.

    For any data, K from 1:
    "loso" leaves one subject out: fold K tests the K-th subject in ascending order.
    "loseqo" leaves one sequence out: fold K tests the K-th sequence (UT-Kinect, in 199 folds).
    "half" trains on the subjects with odd numbers and tests those with even ones.
    "sysu" (SYSU 3D HOI) trains on one half of the subjects and tests the other, in 30 folds. Fold K draws a random
    number for each subject, in ascending order, from np.random.default_rng(K), and trains on the half with the
    smaller ones (of an odd number of subjects the smaller half).
    "file" is the split that the data come with (`Skeletons.test`).
    "views:1,2", "setups:2,4", "subjects:1,3" train on those and test the others; "subjects:@FILE" reads the numbers
    from a file. "names:@FILE" tests the sequences that the file names, one a line.
    "k-fold:5" parts the subjects, "k-fold:5:view" and "k-fold:5:setup" those, into five folds of nearly equal size.

    As the authors of a data set ask for it, by its numbers of subjects, views and setups:
    "cross-subject" (NTU RGB+D) trains on subjects 1, 2, 4, 5, 8, 9, 13-19, 25, 27, 28, 31, 34, 35 and 38 of the 40.
    "cross-view" (NTU RGB+D) trains on cameras 2 and 3 and tests camera 1.
    "cross-subject-120" (NTU RGB+D 120) trains on 53 of the 106 subjects, "cross-setup" on the even setups.
    "sbu" (SBU Kinect Interaction) has five folds; fold K tests all sequences of the pairs of people
    (1) s01s02 s03s04 s05s02 s06s04  (2) s02s03 s02s07 s03s05 s05s03  (3) s01s03 s01s07 s07s01 s07s03
    (4) s02s01 s02s06 s03s02 s03s06  (5) s04s02 s04s03 s04s06 s06s02 s06s03.
    "mhad" (Berkeley MHAD) trains on subjects 1 to 7 and tests 8 to 12.
    "nw-ucla" (Northwestern-UCLA) trains on views 1 and 2 and tests view 3.
    "utd-mhad" (UTD-MHAD) and "msr-cross-subject" (MSR Action3D) train on the subjects with odd numbers; so do
    "msr-as1" to "msr-as3", of the eight actions that `restricted` leaves.

    `fold` may be left out where there is only one. Raises InputError for an unknown protocol, a fold out of range,
    data that the protocol is not for, a file that cannot be read, or if no sequence is left to train or to test.
    """
    found = _protocol(protocol)
    count = found.folds(data)
    if fold is None and count == 1:
        fold = 1
    if fold is None or not 1 <= fold <= count:
        raise InputError(f"protocol {protocol} has no fold {fold} on this data; choose a fold from 1 to {count}.")
    test = found.tests(data, fold)
    train, test = np.flatnonzero(~test).astype(np.int64), np.flatnonzero(test).astype(np.int64)
    for indices, purpose in ((train, "train"), (test, "test")):
        if not len(indices):
            raise InputError(
                f"protocol {protocol}, fold {fold}, leaves no sequence to {purpose}, for the data has only "
                f"{_all_there(data, found.by)}; choose another protocol, such as {_instead(data)}."
            )
    return train, test


def _all_there(data: Skeletons, by: str) -> str:
    if by == "name":
        return "1 sequence" if len(data) == 1 else f"{len(data)} sequences"
    return _listed(by, np.unique(getattr(data, by)))


def _instead(data: Skeletons) -> str:
    """A protocol that parts this data."""
    for what in ("subject", "view", "setup"):
        there = getattr(data, what)
        groups = 0 if there is None else len(np.unique(there))
        if groups > 1:
            return f"k-fold:{min(groups, 5)}" + f":{what}" * (what != "subject")
    return "names:@FILE"


# --- who trains and who tests -----------------------------------------------------------------------------------------


def who(data: Skeletons, sequences: np.ndarray) -> dict[str, list[int]]:
    """The subjects of the sequences, and the views and setups where they are known: ascending numbers, plain ints."""
    known = {f"{what}s": getattr(data, what) for what in ("subject", "view", "setup")}
    return {name: np.unique(array[sequences]).tolist() for name, array in known.items() if array is not None}


def _listed(what: str, numbers: np.ndarray | list[int]) -> str:
    """ "view 3", "subjects 1 to 4, 7": the numbers, ascending, in words."""
    spans: list[list[int]] = []
    for number in map(int, numbers):
        if spans and number == spans[-1][-1] + 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    texts = [f"{span[0]} to {span[-1]}" if len(span) > 2 else ", ".join(map(str, span)) for span in spans]
    return f"{what}{'s' * (len(numbers) != 1)} {', '.join(texts)}"


def who_in_words(train: dict[str, list[int]], test: dict[str, list[int]]) -> str:
    """ "train: views 1, 2; test: view 3; both: subjects 1 to 10", of what `who` gives of both.

    Subjects are always named, views and setups where the two have others.
    """
    different = [name for name in train if train[name] != test[name]]

    def side(numbers: dict[str, list[int]]) -> str:
        return ", ".join(_listed(name.removesuffix("s"), numbers[name]) for name in different)

    both = (("train", train), ("test", test)) if different else ()
    sides = [f"{part}: {side(numbers)}" for part, numbers in both if numbers["subjects"]]  # of other data none trains
    return "; ".join(sides + [f"both: {_listed('subject', train['subjects'])}"] * ("subjects" not in different))


UNTESTED = "no test sequence is of "  # how a sentence begins that is of little moment where other folds test the class


def lacking(data: Skeletons, fit: np.ndarray, validate: np.ndarray, test: np.ndarray) -> list[str]:
    """Sentences on classes that no sequence trains or none tests; none where every class does both.

    Where one sequence alone tests, nothing is said of the classes that it is not of.
    """
    names = data.class_names
    fitted, validated, tested, there = (
        np.bincount(data.label[part], minlength=len(names)) for part in (fit, validate, test, slice(None))
    )
    found = (
        (there == 0, "the data has no sequence of {}"),
        (
            (fitted == 0) & (validated > 0),
            "all training sequences of {} are of people who are held out for validation, so that nothing teaches it",
        ),
        (
            (fitted == 0) & (validated == 0) & (tested > 0),
            "no training sequence is of {}, so that its test sequences cannot be recognised",
        ),
        ((tested == 0) & (there > 0) & (len(test) > 1), UNTESTED + "{}, so the test says nothing of it"),
    )
    return [text.format(_classes(data, missing)) for missing, text in found if missing.any()]


def _classes(data: Skeletons, chosen: np.ndarray, most: int = 8) -> str:
    names = [shown(data.class_names[k]) for k in np.flatnonzero(chosen)]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


# --- validation -------------------------------------------------------------------------------------------------------


def hold_out(
    data: Skeletons, train: np.ndarray, subjects: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Hold whole subjects of the training sequences out for validation, as many as `subjects`, chosen by `rng`.

    Returns the sequences to fit and those to validate, each int64 and ascending; together they are `train`. The test
    set is never looked at (its people may be, where the protocol trains on them, too, as "loseqo" and "cross-view" do).
    Where the people drawn first are the only ones with a class, others are drawn: those who leave the most classes.
    Raises InputError if no subject would be left to fit, or `subjects` is below 1.
    """
    there = np.unique(data.subject[train])
    if not 1 <= subjects < len(there):
        raise InputError(
            f"{subjects} of {len(there)} training subjects cannot be held out for validation; "
            "hold out at least 1 and leave at least 1 to train, or hold out none with --validation 0"
        )
    who_did = [np.unique(data.label[train[data.subject[train] == subject]]) for subject in there]
    best, chosen = -1, there[:0]
    for candidates in _drawn(len(there), subjects, rng):
        left = len(np.unique(np.concatenate([who_did[k] for k in np.setdiff1d(np.arange(len(there)), candidates)])))
        if left > best:
            best, chosen = left, there[candidates]
        if left == len(np.unique(data.label[train])):
            break
    held = np.isin(data.subject[train], chosen)
    return np.sort(train[~held]).astype(np.int64), np.sort(train[held]).astype(np.int64)


def _drawn(count: int, size: int, rng: np.random.Generator, most: int = 2000) -> Iterator[np.ndarray]:
    """Places of people to hold out: a draw, and then others, all there are where they are not too many."""
    yield rng.choice(count, size, replace=False)
    if comb(count, size) > most:
        yield from (rng.choice(count, size, replace=False) for _ in range(most))
        return
    every = [np.array(places) for places in combinations(range(count), size)]
    yield from (every[k] for k in rng.permutation(len(every)))
