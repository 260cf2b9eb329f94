"""Recordings that anybody makes: whose they are and what they show, told by the file, its path or its folder."""

import os
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gca_scratch.support.errors import InputError, shown
from gca_scratch.support.patterns import find_groups

from ..meaning import Fact, Meaning, axis_named
from ..skeleton import Layout
from .recording import Collection, Options
from .rows import in_metres

ABOUT_X = np.array([1.0, -1.0, -1.0])  # turns axes of a picture, y down and z away from the camera, so that y is up

_NUMBERED = re.compile(r"\D{0,20}([0-9]{1,4})\D{0,20}")
_MOST_NAMED = 5  # of the subjects, in a note


class Head(NamedTuple):
    """What a file says of itself: label and subject, "" where it does not, frames a second, and what to note of it."""

    label: str = ""
    subject: str = ""
    rate: float | None = None
    note: str = ""


class Item(NamedTuple):
    """A file, its name, label and subject, and the factor that makes metres of its numbers."""

    path: Path
    name: str
    label: int | None
    subject: int
    scale: float


def head_of(found: object, rate: float | None, note: str = "") -> Head:
    """The keys "label" and "subject" of a table, which are text or whole numbers; others are as if they were not."""
    said = found if isinstance(found, dict) else {}
    label, subject = (_text(said.get(key)) for key in ("label", "subject"))
    return Head(label, subject, rate, note)


def _text(value: object) -> str:
    return str(value).strip() if isinstance(value, str) or type(value) is int else ""


def turned_about_x(options: Options) -> Options:
    """The options, with a vertical that speaks of the axes of a file as it is after ABOUT_X."""
    if not options.up:
        return options
    axis = axis_named(options.up)
    return options._replace(up=axis if axis[1] == "x" else {"+": "-", "-": "+"}[axis[0]] + axis[1])


def collect(
    path: Path, files: list[Path], read_head: Callable[[Path], Head], layout: Layout, found: Meaning, options: Options
) -> Collection:
    """The Collection of the files, which mean `found`: a class for each label, in the order of the alphabet.

    The label is what the file says (`read_head`), else what the pattern `options.label` finds in its path within the
    folder, else, where labels are wanted, the name of its folder. The subject is what the file or the pattern says. It
    keeps its number where it has one ("s03"); otherwise subjects are numbered from 1 in the order of the alphabet, and
    a note says how.

    A file that cannot be read is among the items, for `read_item` to say why. Raises InputError if the pattern is none
    or takes too long (patterns.find_groups), or if it does not fit a file whose label is wanted.
    """
    root = path if path.is_dir() else path.parent
    names = [file.relative_to(root).as_posix() for file in files]
    groups = find_groups(options.label, names, "--label", "label") if options.label else [None] * len(files)
    heads = [_head(file, read_head) for file in files]
    told = [_told(file, head, group, options) for file, head, group in zip(files, heads, groups, strict=True)]
    class_names = tuple(sorted({label for label, _ in told if label}))
    numbers, of_subjects = numbered({subject for _, subject in told})
    notes = of_subjects if options.labelled else ()  # a network that is asked passes over who acts
    rate, rate_notes = _rate(heads, path)
    meaning, scale = in_metres(replace(found, rate=rate), options)
    items = [
        Item(file, os.path.splitext(name)[0], class_names.index(label) if label else None, numbers[subject], scale)
        for file, name, (label, subject) in zip(files, names, told, strict=True)
    ]
    notes += () if options.rate else rate_notes
    counted = Counter(head.note for head in heads if head.note)
    notes += tuple(f"{path}: {note} ({count} of {len(files)} files)." for note, count in counted.items())
    return Collection(class_names, layout, meaning, items, notes)


def _head(file: Path, read_head: Callable[[Path], Head]) -> Head:
    try:
        return read_head(file)
    except InputError:
        return Head()


def _told(file: Path, head: Head, groups: dict[str, str | None] | None, options: Options) -> tuple[str, str]:
    """Label and subject of one file, "" for what nothing tells."""
    found = groups or {}
    label = head.label or (found.get("label") or "").strip()
    if not label and options.labelled:
        if options.label:
            raise InputError(f"{file}: --label finds no label in this path; correct the pattern, or move the file.")
        label = file.absolute().parent.name or "unknown"
    return label, head.subject or (found.get("subject") or "").strip()


def numbered(subjects: set[str]) -> tuple[dict[str, int], tuple[str, ...]]:
    """A number for each subject, and a note on it where they have none of their own."""
    if subjects == {""}:
        return {"": 1}, ("nothing tells who acts, so all recordings are of subject 1; protocols by person need more.",)
    own = {subject: _NUMBERED.fullmatch(subject) for subject in subjects}
    numbers = {subject: int(match[1]) for subject, match in own.items() if match}
    if len(numbers) == len(subjects) and len(set(numbers.values())) == len(subjects):
        return numbers, ()
    numbers = {subject: number for number, subject in enumerate(sorted(subjects), start=1)}
    named = ", ".join(f"{shown(subject)} is {number}" for subject, number in list(numbers.items())[:_MOST_NAMED])
    return numbers, (f"subjects are numbered: {named}{', ...' if len(numbers) > _MOST_NAMED else ''}.",)


def _rate(heads: list[Head], path: Path) -> tuple[Fact, tuple[str, ...]]:
    """The frame rate that most files tell, and a note where others tell a quite different one."""
    rates = [head.rate for head in heads if head.rate]
    if not rates:
        return Fact(), ()
    usual = Counter(f"{rate:.3g}" for rate in rates).most_common(1)[0][0]
    low, high = min(rates), max(rates)
    if high <= 1.2 * low:
        return Fact(usual, "file"), ()
    note = f"{path}: files have {low:.3g} to {high:.3g} frames a second; {usual} is taken for all, --rate says another."
    return Fact(usual, "file"), (note,)
