"""What every reader of original files finds in them: labelled sequences, and how they become one data set.

A reader is a module with

    TAKES                           one line that says what it takes
    PROTOCOL                        the protocol that the data set's authors use, or ""; where it depends on what is
                                    there a function protocol(collection) says it
    recognises(path)                is this file or folder of the kind? It looks at names and first bytes only
    open_collection(path, options)  what a folder, or one file, holds: a Collection; InputError if that is nothing
    read_item(item)                 one item of it as a Recording; InputError, naming file and place, if it is damaged
    read_and_report(item)           if it leaves parts of files out: the Recording, and a sentence on what, "" for none

so that one data set is read like another: at once (`read_all`), or item by item in parallel (convert.py).
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np

from gca_scratch.support.errors import InputError, printable, shown
from gca_scratch.support.reading import files_below

from ..meaning import METRES, Fact, Meaning
from ..neutral import Skeletons, check
from ..skeleton import Layout
from . import READERS


class Recording(NamedTuple):
    """One sequence.

    joints float32 (frames, persons, joints, 3), in metres where the unit is known; an absent person is all zeros, an
    absent joint NaN or, where the collection's meaning says so, three zeros.  label: from 0, or None where the file has
    none.  test: does the source's own split test it?  Numbers that a data set does not give are None, and then for all
    its recordings.
    """

    joints: np.ndarray
    label: int | None
    subject: int
    name: str
    view: int | None = None
    setup: int | None = None
    repetition: int | None = None
    test: bool | None = None


class Options(NamedTuple):
    """What a user may say about files, "" where nothing is said.

    up, unit, rate: what `meaning.Meaning.saying` takes; the unit is the files'.  label: a regular expression with the
    group `label`, and perhaps `subject`, that finds them in a file's path.  split: one of several splits that a file
    holds.  names: a file of names that the data lacks.  labelled: is a label needed?
    """

    up: str = ""
    unit: str = ""
    rate: str = ""
    label: str = ""
    split: str = ""
    names: str = ""
    labelled: bool = True


NOTHING_SAID = Options()
SKELETONS = {".skeleton", ".bvh", ".mat", ".pkl", ".npy", ".json", ".jsonl", ".c3d", ".fbx", ".trc", ".asf", ".amc"}
# How names begin that are no data: what macOS puts beside each file (._S001.skeleton), and where systems and the boxes
# that keep people's files put what was thrown away.
HIDDEN = (".", "__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found")


class Collection(NamedTuple):
    """What a file or folder holds, before it is read.

    items: small values, each for a sequence, in the order of the data set.  notes: sentences that a user should read.
    """

    class_names: tuple[str, ...]
    layout: Layout
    meaning: Meaning
    items: list
    notes: tuple[str, ...] = ()


def reader_named(dataset: str) -> ModuleType:
    """The reader of that name; InputError if there is none."""
    if dataset not in READERS:
        raise InputError(f"there is no reader of {shown(dataset)}; choose one of {', '.join(READERS)}")
    return import_module(f"gca_scratch.data.readers.{READERS[dataset]}")


def reader_of(path: str | os.PathLike[str]) -> str | None:
    """The name of the reader that recognises this file or folder; None if none does."""
    return next((name for name in READERS if reader_named(name).recognises(Path(path))), None)


def files_in(root: str | os.PathLike[str]) -> list[Path]:
    """The files in the folder `root` and those below it, sorted, but none that are HIDDEN or lie in such a folder.

    Raises InputError where a folder cannot be looked into.
    """
    try:
        return sorted(file for file in files_below(root, HIDDEN, whole=True) if not file.name.startswith(HIDDEN))
    except OSError as error:
        raise _unseen(error) from error


def look_into(folders: Iterable[Path]) -> None:
    """InputError if one of the folders cannot be listed: what lies in it would be missing without a word."""
    for folder in folders:
        try:
            os.scandir(folder).close()
        except NotADirectoryError:
            pass
        except OSError as error:
            raise _unseen(error) from error


def _unseen(error):
    return InputError(
        f"{str(error.filename)[:500]} cannot be looked into ({error.strerror}); make it readable, or put the folder "
        "itself in the place of a link"
    )


def assemble(
    recordings: Sequence[Recording],
    class_names: Iterable[str],
    layout: Layout,
    where: str | os.PathLike[str],
    meaning: Meaning | None = None,
) -> Skeletons:
    """The recordings, in their order, as one Skeletons; InputError, naming `where`, if there are none.

    Recordings of fewer persons than others are filled up with absent ones.
    """
    if not recordings:
        raise InputError(f"{where} holds no sequence that can be used; give the folder of the original files.")
    unlabelled = next((recording.name for recording in recordings if recording.label is None), None)
    if unlabelled is not None:
        raise InputError(
            f"{where}: nothing tells which action {shown(unlabelled)} shows; give --label with a pattern that finds it "
            "in the names of files or folders."
        )

    def numbers(key, dtype=np.int16):
        values = [getattr(recording, key) for recording in recordings]
        return None if any(value is None for value in values) else np.array(values, dtype)

    persons = max(recording.joints.shape[1] for recording in recordings)
    data = Skeletons(
        joints=np.concatenate([with_persons(recording.joints, persons) for recording in recordings]),
        offsets=np.cumsum([0, *(len(recording.joints) for recording in recordings)], dtype=np.int64),
        label=numbers("label"),
        subject=numbers("subject"),
        name=np.array([recording.name for recording in recordings]),
        class_names=tuple(class_names),
        joint_names=tuple(layout.joint_names),
        edges=np.array(layout.edges, np.int16).reshape(-1, 2),
        view=numbers("view"),
        setup=numbers("setup"),
        repetition=numbers("repetition"),
        test=numbers("test", bool),
        meaning=meaning or Meaning(),
    )
    check(data, str(where))
    return data


def with_persons(joints: np.ndarray, persons: int) -> np.ndarray:
    """The joints (frames, P, J, 3) with absent persons, all zeros, behind those that are there: so many in all."""
    missing = persons - joints.shape[1]
    return np.pad(joints, ((0, 0), (0, missing), (0, 0), (0, 0))) if missing else joints


def read_all(reader: ModuleType, root: str | os.PathLike[str], options: Options = NOTHING_SAID) -> Skeletons:
    """All that the reader module finds in `root`, a folder or a file, as one Skeletons.

    Raises InputError at the first item that is damaged. Without labels (`Options.labelled`) all have the class
    "unknown", and so have those of a data set with labels that have none.
    """
    return read_and_remark(reader, root, options)[0]


def read_and_remark(
    reader: ModuleType, root: str | os.PathLike[str], options: Options = NOTHING_SAID, most: int | None = None
) -> tuple[Skeletons, list[str]]:
    """The same, and what a user should read: the notes of the reader, and a sentence on what it has left out.

    most: read so many items at the most, spread evenly over all; then a sentence says so.
    """
    found = reader.open_collection(Path(root), options)
    if most is not None and len(found.items) > most:
        chosen = np.linspace(0, len(found.items) - 1, most).astype(int)
        note = f"of {len(found.items)} sequences {most}, spread evenly, were looked at; the figures are of these"
        found = found._replace(items=[found.items[n] for n in chosen], notes=(note, *found.notes))
    reported = [reported_by(reader, item, found.meaning) for item in found.items]
    recordings, class_names = [recording for recording, _ in reported], found.class_names
    remarks = [(recording.name, said) for recording, said in reported if said]
    if not options.labelled and any(recording.label is None for recording in recordings):
        class_names, unknown = (*class_names, "unknown"), len(class_names)
        recordings = [r._replace(label=unknown) if r.label is None else r for r in recordings]
    data = assemble(recordings, class_names, found.layout, root, meaning_of(reader, found))
    return data, [*found.notes, *summed_up(remarks, len(recordings)), *passed_over(Path(root), found.items)]


def paths_of(root: Path, item: object) -> list[Path]:
    """The files that the values of an item name."""
    values = item if isinstance(item, tuple) else (item,)
    return [root / value for value in values if isinstance(value, Path) or (isinstance(value, str) and os.sep in value)]


def passed_over(root: Path, items: Sequence[object]) -> list[str]:
    """A sentence on files in a folder that may hold skeletons and are of another kind than those of the items."""
    taken = {path.suffix.lower() for item in items for path in paths_of(root, item)}
    if not taken or not os.path.isdir(root):
        return []
    others = [file for file in files_below(root, HIDDEN) if file.suffix.lower() in SKELETONS - taken]
    others = [file for file in others if not file.name.startswith(HIDDEN)]
    if not others:
        return []
    count = (
        "1 file of another kind lies there and is"
        if len(others) == 1
        else (f"{len(others)} files of other kinds lie there and are")
    )
    return [f"{count} not read ({printable(others[0].relative_to(root))}, for one); look at it by itself with info"]


def reported_by(reader: ModuleType, item: object, meaning: Meaning) -> tuple[Recording, str]:
    """An item as a Recording, and a sentence on what the reader has left out of it, "" for nothing.

    meaning: of the collection. Where a user has said another unit than metres, coordinates are brought to metres.
    """
    report = getattr(reader, "read_and_report", None)
    recording, left_out = report(item) if report else (reader.read_item(item), "")
    factor = METRES.get(meaning.unit.value, 1.0) if meaning.unit.source == "user" else 1.0
    if factor != 1:
        recording = recording._replace(joints=recording.joints * np.float32(factor))
    return recording, left_out


def summed_up(remarks: Sequence[tuple[str, str]], count: int) -> list[str]:
    """One sentence for pairs of a name and what was left out there, of `count` recordings; none without any."""
    if not remarks:
        return []
    name, said = remarks[0]
    if count == 1:
        return [f"{name}: {said}"]
    return [f"{len(remarks)} of {count} recordings are not whole; {name}, for one: {said}"]


def meaning_of(reader: ModuleType, found: Collection) -> Meaning:
    """What is known of the recordings of a collection (`reported_by`), with the protocol of its authors.

    The split that a file brings ("file") is not among it, for the data themselves say whether there is one.
    """
    usual = reader.protocol(found) if hasattr(reader, "protocol") else getattr(reader, "PROTOCOL", "")
    meaning = found.meaning
    if meaning.unit.source == "user" and meaning.unit.value in METRES:
        meaning = replace(meaning, unit=Fact("m", "user"))
    return meaning if usual in ("", "file") else replace(meaning, protocol=Fact(usual, "definition"))
