"""The neutral format: anybody's skeleton sequences as one .npz file of plain arrays, checked when read and written."""

import hashlib
import math
import os
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from ..support.errors import InputError, shown
from ..support.reading import read_npz
from ..support.writing import replacing, write_npz
from .meaning import Meaning, from_rows, to_rows
from .skeleton import chain


@dataclass
class Skeletons:
    """N labelled sequences of skeletons; each field is the array of that name in the file.

    F is the number of frames of all sequences together, P of persons, J of joints. Optional arrays are None where the
    data does not know them, and absent from the file.
    """

    joints: np.ndarray  # float32 (F, P, J, 3): in any unit; an absent person is all zeros, an absent joint NaN or zeros
    offsets: np.ndarray  # int64 (N + 1,): sequence n is the frames offsets[n] to offsets[n + 1] - 1
    label: np.ndarray  # int16 (N,): index into class_names, from 0
    subject: np.ndarray  # int16 (N,): who performs, as the data set numbers them
    name: np.ndarray  # unicode (N,): what to call each sequence in reports
    class_names: tuple[str, ...]
    joint_names: tuple[str, ...]  # J names, no two alike
    edges: np.ndarray  # int16 (J - 1, 2): the pairs of joints that a bone connects, a tree of all joints
    view: np.ndarray | None = None  # int16 (N,): camera
    setup: np.ndarray | None = None  # int16 (N,): arrangement of the cameras
    repetition: np.ndarray | None = None  # int16 (N,): how often the subject has done this action before
    truth: np.ndarray | None = None  # bool (F, J): does the joint carry the action here? only generated data knows
    test: np.ndarray | None = None  # bool (N,): does the split that the data come with test the sequence?
    meaning: Meaning = field(default_factory=Meaning)  # vertical, unit and the like; in the file rows of text (K, 3)

    def __len__(self) -> int:
        return len(self.label)

    def sequence(self, n: int) -> np.ndarray:
        """The joints of sequence n, float32 (frames, P, J, 3): a view, not a copy."""
        return self.joints[self.offsets[n] : self.offsets[n + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """The number of frames of each sequence, int64 (N,)."""
        return np.diff(self.offsets)


# Key of the file: type, rank, and the kinds of number that convert to that type without loss.
_ARRAYS = {
    "joints": (np.dtype(np.float32), 4, "f"),
    "offsets": (np.dtype(np.int64), 1, "iu"),
    "label": (np.dtype(np.int16), 1, "iu"),
    "subject": (np.dtype(np.int16), 1, "iu"),
    "name": (np.dtype(np.str_), 1, "U"),
    "class_names": (np.dtype(np.str_), 1, "U"),
    "joint_names": (np.dtype(np.str_), 1, "U"),
    "edges": (np.dtype(np.int16), 2, "iu"),
    "view": (np.dtype(np.int16), 1, "iu"),
    "setup": (np.dtype(np.int16), 1, "iu"),
    "repetition": (np.dtype(np.int16), 1, "iu"),
    "truth": (np.dtype(bool), 2, "b"),
    "test": (np.dtype(bool), 1, "b"),
    "meaning": (np.dtype(np.str_), 2, "U"),
}
_LONGEST_NAME = 1000
MOST_CLASSES = 500  # their confusions are as many squared
_MOST_NAMES = {"class_names": MOST_CLASSES, "joint_names": 1 << 15}  # as many as edges can tell apart
_UNFIT = "[\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"  # what a terminal would obey, and half characters
_OPTIONAL = ("view", "setup", "repetition", "truth", "test", "meaning")
_NO_ARRAYS = ("class_names", "joint_names", "meaning")  # but tuples and a Meaning, once they are read
_KINDS = {"f": "floating-point numbers", "iu": "whole numbers", "U": "unicode text", "b": "booleans"}


def check(data: Skeletons, where: str) -> None:
    """Raise InputError, naming `where` and the place in it, unless the data is as `Skeletons` describes it.

    Beyond types and shapes: offsets start at 0, grow with every sequence (none is empty) and end at F; labels point
    into class_names; no other number per sequence is negative; class and joint names are given once each; no name is
    longer than 1000 characters or holds a control character; there are at most 500 classes; edges make a tree of
    all joints; no coordinate is infinite.
    """
    for key, (dtype, rank, _) in _ARRAYS.items():
        array = getattr(data, key)
        if (array is None and key in _OPTIONAL) or key in _NO_ARRAYS:
            continue
        fits = isinstance(array, np.ndarray) and (array.dtype == dtype or array.dtype.kind == dtype.kind == "U")
        if not fits or array.ndim != rank:
            raise InputError(f"{where}: {key} is not a {dtype} array of {rank} dimensions; convert it.")
    _, persons, joints, axes = data.joints.shape
    if axes != 3 or persons < 1 or joints < 1:
        raise InputError(
            f"{where}: joints has the shape {data.joints.shape}; "
            "give it the shape (frames, persons, joints, 3), with at least one person and one joint."
        )
    if len(data) < 1:
        raise InputError(f"{where}: label is empty, so there are no sequences; write at least one.")
    _check_lengths(data, where)
    for key in ("name", "class_names", "joint_names"):
        check_names(key, getattr(data, key), where)
    _check_offsets(data, where)
    _check_numbers(data, where)
    _check_infinite(data, where)


def _check_lengths(data: Skeletons, where: str) -> None:
    n, (frames, _, joints, _) = len(data), data.joints.shape
    expected = {
        "offsets": (n + 1,),
        "subject": (n,),
        "name": (n,),
        "view": (n,),
        "setup": (n,),
        "repetition": (n,),
        "truth": (frames, joints),
        "test": (n,),
        "edges": (len(data.edges), 2),
    }
    for key, shape in expected.items():
        array = getattr(data, key)
        if array is not None and array.shape != shape:
            raise InputError(
                f"{where}: {key} has the shape {array.shape}, but {n} labels and joints of the shape "
                f"{data.joints.shape} call for {shape}; make them agree."
            )
    if len(data.joint_names) != joints:
        raise InputError(
            f"{where}: joint_names holds {len(data.joint_names)} names, but joints holds {joints} joints "
            "per person; give each joint one name."
        )


def check_names(key: str, names: Iterable[str], where: str) -> None:
    """InputError unless these names, of sequences (`key` is "name"), classes or joints, are as `check` wants them."""
    names, seen = list(map(str, names)), set()
    most = _MOST_NAMES.get(key, math.inf)
    if len(names) > most:
        raise InputError(f"{where}: {key} holds {len(names)} names, more than {most}; leave some out.")
    for number, name in enumerate(names):
        if re.search(_UNFIT, name):
            raise InputError(
                f"{where}: {key}[{number}], {shown(name)}, holds a control character or half a character; "
                "write it as a line of proper unicode."
            )
        if len(name) > _LONGEST_NAME:
            raise InputError(
                f"{where}: {key}[{number}], {shown(name)}, is longer than {_LONGEST_NAME} characters; shorten it."
            )
        if name in seen and key != "name":
            raise InputError(f"{where}: {key} holds {shown(name)} twice; give every one a name of its own.")
        seen.add(name)


def _check_offsets(data: Skeletons, where: str) -> None:
    offsets, frames = data.offsets, len(data.joints)
    if offsets[0] != 0 or offsets[-1] != frames:
        raise InputError(
            f"{where}: offsets run from {offsets[0]} to {offsets[-1]}, but must run from 0 to {frames}, "
            "the number of frames in joints; correct offsets."
        )
    shrinking = np.flatnonzero(offsets[1:] <= offsets[:-1])  # no difference is taken: it could overflow
    if len(shrinking):
        n = shrinking[0]
        fault = "has no frames" if offsets[n + 1] == offsets[n] else "ends before it starts"
        raise InputError(
            f"{where}: sequence {n} ({shown(str(data.name[n]))}) {fault}, since offsets go from {offsets[n]} "
            f"to {offsets[n + 1]}; leave the sequence out or correct offsets."
        )


def _check_numbers(data: Skeletons, where: str) -> None:
    for key in ("label", "subject", "view", "setup", "repetition"):
        values = getattr(data, key)
        limit = len(data.class_names) if key == "label" else np.iinfo(np.int16).max + 1
        wrong = np.flatnonzero((values < 0) | (values >= limit)) if values is not None else ()
        if len(wrong):
            remedy = f"use 0 to {limit - 1}, places in class_names" if key == "label" else "use 0 or more"
            raise InputError(f"{where}: {key}[{wrong[0]}] is {values[wrong[0]]}; {remedy}.")
    bones, joints = len(data.edges), data.joints.shape[2]
    if bones >= joints:
        raise InputError(f"{where}: edges holds {bones} bones, but a tree of {joints} joints has fewer; remove some.")
    wrong = np.flatnonzero(((data.edges < 0) | (data.edges >= joints)).any(axis=1))
    if len(wrong):
        raise InputError(
            f"{where}: edges[{wrong[0]}] joins joints {data.edges[wrong[0]].tolist()}, but the joints are "
            f"numbered 0 to {joints - 1}; correct edges."
        )
    try:
        chain(joints, data.edges, 0)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _check_infinite(data: Skeletons, where: str, block: int = 4096) -> None:
    """Look at a block of frames at a time, so that large data needs no second large array."""
    for start in range(0, len(data.joints), block):
        infinite = np.isinf(data.joints[start : start + block])  # NaN is a joint that was not found
        if infinite.any():
            frame, person, joint, axis = np.argwhere(infinite)[0] + (start, 0, 0, 0)
            n = np.searchsorted(data.offsets, frame, side="right") - 1
            raise InputError(
                f"{where}: sequence {n} ({shown(str(data.name[n]))}), frame {frame - data.offsets[n]}, "
                f"person {person}, joint {joint} ({shown(data.joint_names[joint])}), all counted from 0, "
                f"has the coordinate {data.joints[frame, person, joint, axis]}; repair it or leave the frame out."
            )


def fingerprint(data: Skeletons) -> str:
    """A short text that changes with anything that a result depends on, wherever the data were read."""
    marks = []
    for name in ("joints", "offsets", "label", "subject", "edges", "view", "setup", "repetition", "test"):
        array = getattr(data, name)
        if array is not None:
            marks.append((name, array.shape, array.dtype.str, zlib.crc32(np.ascontiguousarray(array))))
    content = repr([marks, list(data.class_names), list(data.joint_names), data.meaning.zeros_absent])
    return hashlib.blake2b(content.encode(), digest_size=12).hexdigest()


def refuse_other(data: Skeletons, mark: str) -> None:
    """InputError unless `mark` is the fingerprint of the data, as where the file that they lie in has been replaced."""
    if fingerprint(data) != mark:
        raise InputError("the file of the data has been replaced; put it back, or choose another --out folder")


def save(path: str | os.PathLike, data: Skeletons) -> None:
    """Write the data as an uncompressed .npz file, the same bytes for the same data.

    The file appears whole or not at all: it is written under another name beside its place and then renamed; a folder
    that is missing is made. Raises InputError if the data is not as `Skeletons` describes it or the file cannot be
    written.
    """
    check(data, f"the data for {path}")
    with replacing(path) as beside, open(beside, "wb") as file:
        write_npz(file, arrays_of(data))


def arrays_of(data: Skeletons) -> dict[str, np.ndarray]:
    """The arrays of a file by name, those that the data know."""
    arrays = {key: value for key in _ARRAYS if (value := getattr(data, key)) is not None}
    for key in ("name", "class_names", "joint_names"):
        arrays[key] = np.array([str(name) for name in arrays[key]])  # as wide as the longest, however it came
    return arrays | {"meaning": np.array(to_rows(data.meaning))}


def load(path: str | os.PathLike) -> Skeletons:
    """Read a file of the neutral format; nothing in it is unpickled, and nothing it claims is believed unchecked.

    Joints of more than 256 MiB, as `save` writes them, are mapped from the disk and not read: they are then read-only,
    and the file must not be written into. Another file may take its place, but processes that are started later read
    that one; those of this package find out and say so. Numbers of another width are converted where
    nothing is lost: any integers to the integers of the format, any floating-point coordinates to float32. Keys that
    the format does not know are ignored. Raises InputError if the file cannot be read, is no .npz file or
    a damaged one, lacks a key, holds objects, arrays of another type or rank, claims more than its bytes can hold, or
    is not as `Skeletons` describes it.
    """
    arrays = read_npz(path, _ARRAYS, mapped=("joints",))
    for key in _ARRAYS:
        if key not in arrays and key not in _OPTIONAL:
            raise InputError(f"{path} lacks the array {shown(key)}; add it, see the description of the neutral format.")
    for key in arrays:
        arrays[key] = _converted(arrays[key], key, path)  # one after the other: there are never two copies of all
    for key in ("class_names", "joint_names"):
        arrays[key] = tuple(arrays[key].tolist())
    if "meaning" in arrays:
        arrays["meaning"] = from_rows(arrays["meaning"].tolist(), str(path))
    data = Skeletons(**arrays)
    check(data, str(path))
    return data


def _converted(array: np.ndarray, key: str, path: str | os.PathLike) -> np.ndarray:
    dtype, rank, kinds = _ARRAYS[key]
    if array.dtype.kind not in kinds or array.ndim != rank:
        raise InputError(
            f"{path}: {key} is an array of type {str(array.dtype)[:40]} and {array.ndim} dimensions; "
            f"store {_KINDS[kinds]} in {rank} dimensions."
        )
    if dtype.kind == "U":
        array = array.astype(array.dtype.newbyteorder("="), copy=False)
        if (array.view(np.uint32) > 0x10FFFF).any():  # NumPy and Python would quietly make broken text of it
            raise InputError(f"{path}: {key} holds letters beyond unicode; the file is damaged, copy it again.")
        return array
    if key == "offsets" and array.size > 1 << 8 * array.dtype.itemsize:
        raise InputError(f"{path}: offsets holds more numbers than {array.dtype} can tell apart; correct it.")
    if dtype.kind == "i" and array.size:
        low, high = int(array.min()), int(array.max())
        if low < np.iinfo(dtype).min or high > np.iinfo(dtype).max:
            raise InputError(f"{path}: {key} holds numbers from {low} to {high}, beyond {dtype}; renumber them.")
    if isinstance(array, np.memmap) and array.dtype == dtype:
        return array
    with np.errstate(over="ignore", invalid="ignore"):  # `check` reports what becomes infinite
        return np.ascontiguousarray(array, dtype=dtype)
