"""What every reader of original files finds in them: labelled sequences, and how they become one data set.

A reader is a module with

    CLASS_NAMES, LAYOUT             the actions in the order of their labels; the skeleton (skeleton.Layout)
    items(root)                     what there is to read, a list of small values, each for a file; InputError if none
    read_item(item)                 one of them as a Recording; InputError, naming file and place, if it is damaged

so that one data set is read like another: at once (`read_all`), or file by file in parallel (convert.py).
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np

from gca_scratch.support.errors import InputError
from gca_scratch.support.reading import files_below

from ..neutral import Skeletons, check
from ..skeleton import Layout


class Recording(NamedTuple):
    """One labelled sequence.

    joints float32 (frames, persons, joints, 3), metres; an absent person is all zeros.  label: from 0.  The numbers
    that a data set does not give are None, and then for all its recordings.
    """

    joints: np.ndarray
    label: int
    subject: int
    name: str
    view: int | None = None
    setup: int | None = None
    repetition: int | None = None


def files_in(root: str | os.PathLike[str]) -> list[Path]:
    """The files in the folder `root` and those below it, sorted; InputError where one cannot be looked into."""
    try:
        return sorted(files_below(root, whole=True))
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
    recordings: Sequence[Recording], class_names: Iterable[str], layout: Layout, where: str | os.PathLike[str]
) -> Skeletons:
    """The recordings, in their order, as one Skeletons; InputError, naming `where`, if there are none."""
    if not recordings:
        raise InputError(f"{where} holds no sequence that can be used; give the folder of the original files.")

    def numbers(key):
        values = [getattr(recording, key) for recording in recordings]
        return None if values[0] is None else np.array(values, np.int16)

    data = Skeletons(
        joints=np.concatenate([recording.joints for recording in recordings]),
        offsets=np.cumsum([0, *(len(recording.joints) for recording in recordings)], dtype=np.int64),
        label=numbers("label"),
        subject=numbers("subject"),
        name=np.array([recording.name for recording in recordings]),
        class_names=tuple(class_names),
        joint_names=tuple(layout.joint_names),
        edges=np.array(layout.edges, np.int16),
        view=numbers("view"),
        setup=numbers("setup"),
        repetition=numbers("repetition"),
    )
    check(data, str(where))
    return data


def read_all(reader: ModuleType, root: str | os.PathLike[str]) -> Skeletons:
    """Every item of the reader module in the folder `root` as one Skeletons; InputError at the first damaged one."""
    return assemble([reader.read_item(item) for item in reader.items(root)], reader.CLASS_NAMES, reader.LAYOUT, root)
