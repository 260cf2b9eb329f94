"""What the names of files and folders tell of recordings: the action, who performs it, and for which time."""

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from gca_scratch.support.errors import InputError
from gca_scratch.support.patterns import find_groups
from gca_scratch.support.shared import shared_start

from .mhad import CLASS_NAMES as OF_MHAD


class Told(NamedTuple):
    """Of one recording; "" for what nothing tells."""

    label: str = ""
    subject: str = ""
    repetition: str = ""


_MAKERS = tuple(
    re.compile(name)
    for name in (
        r"(?P<label>[A-Za-z]{1,50})(?P<repetition>[0-9]{0,4})_subject(?P<subject>[0-9]{1,4})",  # LAFAN1
        r"dataset-[0-9]_(?P<label>[^_]{1,50})_[^_]{1,50}_(?P<repetition>[0-9]{1,4})",  # Bandai Namco, then a style
        r"skl_s(?P<subject>[0-9]{2})_a(?P<action>0[1-9]|1[01])_r(?P<repetition>[0-9]{2})",  # Berkeley MHAD
        r"(?P<subject>[0-9]{1,3})_[0-9]{1,3}",  # CMU, then a trial, which is no repetition
    )
)


def told_by_names(names: Sequence[str], pattern: str = "", labelled: bool = True) -> list[Told]:
    """What the paths tell, relative to the folder that was given, with "/" and the endings of the files.

    pattern: a regular expression with the group `label` and perhaps `subject` and `repetition`, looked for in each
    path. Without one, the names of LAFAN1 ("walk1_subject1"), Bandai Namco ("dataset-1_bow_active_001"), Berkeley MHAD
    ("skl_s01_a01_r01") and CMU ("07_01", which names no action) are understood; a file of another name is called after
    its folder, where several folders hold all files, one a class.

    Raises InputError if the pattern is none or takes too long (`patterns.find_groups`), or, with `labelled`, if nothing
    tells the label of a file.
    """
    if pattern:
        told = [_of_groups(groups or {}) for groups in find_groups(pattern, names, "--label", "label")]
    else:
        folders = _folders(names)
        known = [_by_maker(name) for name in names]
        told = [one if one.label else one._replace(label=f) for one, f in zip(known, folders, strict=True)]
    unknown = next((name for name, one in zip(names, told, strict=True) if not one.label), None)
    if labelled and unknown is not None:
        raise InputError(
            f"{unknown}: --label finds no label in this path; correct the pattern, or move the file."
            if pattern
            else f"{unknown}: nothing tells which action this shows; put the files of each action in a folder that is "
            "called after it, or give --label with a pattern that finds it in the path, such as '(?P<label>[a-z]+)_'."
        )
    return told


def _of_groups(groups: dict[str, str | None]) -> Told:
    return Told(*((groups.get(field) or "").strip() for field in Told._fields))


def _by_maker(name: str) -> Told:
    stem = os.path.splitext(name.rpartition("/")[2])[0]
    for pattern in _MAKERS:
        if found := pattern.fullmatch(stem):
            told = _of_groups(found.groupdict())
            action = found.groupdict().get("action")
            return told._replace(label=OF_MHAD[int(action) - 1]) if action else told
    return Told()


def _folders(names: Sequence[str]) -> list[str]:
    """For each path the folder that tells it from others: the first behind those that all have in common."""
    folders = [name.split("/")[:-1] for name in names]
    shared = shared_start(folders)
    return [folder[shared] if len(folder) > shared else "" for folder in folders]
