"""A file of the neutral format with a pelvis that it lacks, also one that is larger than memory."""

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from gca_scratch.support.errors import InputError

from .. import neutral
from ..made_joints import completed_layout, lacks_pelvis, make, with_middle
from ..skeleton import Layout

_BLOCK = 4096  # frames


def with_pelvis(path: str | os.PathLike[str], out: str | os.PathLike[str]) -> tuple[int, list[str]]:
    """Write the data of the file `path` to the file `out`, with the joints of `made_joints.make` by force.

    Gives the number of sequences, and a sentence for each new joint. A block of frames is in memory at a time, and
    beside `out` there is for a moment room for the joints once more.

    Raises InputError if `out` exists or cannot be written, if the file cannot be read, has a pelvis already, or has not
    both hips to make it of.
    """
    out = Path(out)
    if os.path.lexists(out):
        raise InputError(f"{out} is there already; give another name, or remove it")
    data = neutral.load(path)
    layout = Layout("", data.joint_names, tuple((int(a), int(b)) for a, b in data.edges))
    if not lacks_pelvis(layout.joint_names, layout.edges, force=True):
        raise InputError(f"{path} has a pelvis already; use it as it is")
    whole, made = completed_layout(layout, force=True), with_middle(layout.joint_names, layout.edges, force=True)
    frames, persons, _, _ = data.joints.shape
    with _folder_beside(out) as folder:
        shape = frames, persons, len(whole.joint_names), 3
        joints = np.lib.format.open_memmap(os.path.join(folder, "joints.npy"), "w+", np.float32, shape)
        for start in range(0, frames, _BLOCK):
            block = np.asarray(data.joints[start : start + _BLOCK])
            joints[start : start + _BLOCK], *_ = make(block, layout, True, data.meaning.zeros_absent)
        truth = data.truth
        if truth is not None:
            truth = np.column_stack([truth, *(truth[:, list(source)].any(axis=1) for source in made.sources)])
        edges = np.array(whole.edges, np.int16)
        neutral.save(out, replace(data, joints=joints, joint_names=whole.joint_names, edges=edges, truth=truth))
        del joints  # before its file goes
    return len(data), made.sentences


def _folder_beside(out):
    try:
        return tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent)
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error.strerror}); choose another place") from error
