"""Splits that a file brings along: lists of names called NAME_train and NAME_val or NAME_test."""

import re
from pathlib import Path
from typing import Any

from gca_scratch.support.errors import InputError, shown

_LIST = re.compile(r"(?:(.*?)[_-])?(train|training|val|valid|validation|test|testing)", re.DOTALL)


def tests_of(
    names: list[str], split: dict[str, Any], chosen: str, path: Path
) -> tuple[list[tuple[int, bool | None]], tuple[str, ...]]:
    """The places of the samples that the split names, each with whether it tests the sample, and notes.

    split: lists of samples by their names.  chosen: which split, "xsub" of xsub_train and xsub_val; "" takes the only
    one. Where there is no split, or several and none is chosen, all samples are there, with None. A list called test is
    what tests; one called val trains beside it, and tests without it.

    Raises InputError for a split that is not there, and for lists that hold no names.
    """
    pairs = _pairs(split, path)
    known = ", ".join(name or "train" for name in pairs)
    if chosen:
        wanted = _LIST.fullmatch(chosen)
        name = next((name for name in (chosen, (wanted and wanted[1]) or "") if name in pairs), None)
        if name is None:
            raise InputError(f"{path} has no split {shown(chosen)}; choose one of {known or 'none: it has no splits'}.")
    elif len(pairs) == 1:
        name = next(iter(pairs))
    else:
        more = f"the file has the splits {known}; --split chooses one."
        return [(place, None) for place in range(len(names))], ((more,) if pairs else ())
    train, test = pairs[name]
    tests: list[tuple[int, bool | None]]
    tests = [(place, n in test) for place, n in enumerate(names) if n in test or n in train]
    tested, left_out = sum(bool(test) for _, test in tests), len(names) - len(tests)
    absent, twice = len((train | test).difference(names)), len(train & test)
    notes = [
        f"the split {name or 'of the file'} trains on {len(tests) - tested} samples and tests {tested}"
        + (f"; {left_out} that it does not name are left out." if left_out else "."),
        f"the split names {absent} samples that the file does not hold." if absent else "",
        f"the split names {twice} samples for training and testing; they test." if twice else "",
    ]
    if not tests:
        raise InputError(
            f"{path}: its split {name or 'into train and test'} names none of the samples, "
            f"such as {shown(names[0])}, but {shown(min(train | test, default=''))}; write the same names into both."
        )
    return tests, tuple(note for note in notes if note)


def _pairs(split: dict[str, Any], path: Path) -> dict[str, tuple[set[str], set[str]]]:
    """The names of whom each split trains on and whom it tests, for every split that has both."""
    lists: dict[str, dict[str, set[str]]] = {}
    for key, names in split.items():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise InputError(
                f"{path}: the split {shown(key)} is no list of the names of samples; write the file again."
            )
        found = _LIST.fullmatch(key)
        if found:
            lists.setdefault(found[1] or "", {})[found[2][:2]] = set(names)  # tr, va or te
    pairs = {}
    for name, those in lists.items():
        if "tr" in those and len(those) > 1:
            train = those["tr"] | (those.get("va", set()) if "te" in those else set())
            pairs[name] = train, those.get("te", those.get("va", set()))
    return pairs
