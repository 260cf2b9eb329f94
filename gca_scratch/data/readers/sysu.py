"""Reader for the original MATLAB files of SYSU 3D HOI: one person with an object, twelve actions, 40 people."""

import errno
import math
import os
import re
import struct
import warnings
import zlib
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gca_scratch.support.errors import InputError
from gca_scratch.support.reading import read_bytes

from ..skeleton import KINECT_V1
from .recording import Recording, look_into

CLASS_NAMES = (
    "drinking",
    "pouring",
    "calling phone",
    "playing phone",
    "wearing backpacks",
    "packing backpacks",
    "sitting chair",
    "moving chair",
    "taking out wallet",
    "taking from wallet",
    "mopping",
    "sweeping",
)
LAYOUT = KINECT_V1

_FILE, _VARIABLE = "sklWorld.mat", "SW"
_JOINTS = len(LAYOUT.joint_names)
_PLACES = ("SYSU3DAction/3DvideoNorm", "3DvideoNorm", ".")
_LARGEST = 1 << 26  # bytes of a file: 64 MiB
_CLASSES = {"double", "single", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"}
_BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}  # of a number, by the type it is stored as
_AGAIN = "copy the file again from the data set"


class Item(NamedTuple):
    """A file, the number of its action, from 1, and that of its subject."""

    path: Path
    action: int
    subject: int


def items(root: str | os.PathLike) -> list[Item]:
    """The files `SYSU3DAction/3DvideoNorm/<subject>/video<action>/sklWorld.mat` in `root`, by subject and action.

    `root` may also be the folder SYSU3DAction or 3DvideoNorm. A subject has the number in the name of its folder;
    where these names do not have one number each, all different, the folders count from 1 in the order of their names.
    Other folders are passed over. The whole data set has 480 files.

    Raises InputError if there is no such folder, or if the number of an action is none of the twelve.
    """
    root = Path(root)
    folder = next((root / place for place in _PLACES if os.path.isdir(root / place)), root)
    look_into([folder, *folder.glob("*")] if os.path.isdir(folder) else [])
    videos = [
        (video, int(name[1]))
        for video in (sorted(folder.glob("*/video*")) if os.path.isdir(folder) else ())
        if os.path.isdir(video) and (name := re.fullmatch("video([0-9]{1,4})", video.name))
    ]
    for video, action in videos:
        if not 1 <= action <= len(CLASS_NAMES):
            raise InputError(
                f"{video}: there is no action {action} in SYSU 3D HOI, only 1 to {len(CLASS_NAMES)}; correct the name "
                "of the folder or remove it."
            )
    if not videos:
        raise InputError(
            f"{root} holds no sequences of SYSU 3D HOI (<subject>/video1/{_FILE}); give with --data the folder that "
            "holds SYSU3DAction."
        )
    numbers = _subjects(sorted({video.parent.name for video, _ in videos}))
    found = [Item(video / _FILE, action, numbers[video.parent.name]) for video, action in videos]
    return sorted(found, key=lambda item: (item.subject, item.action, item.path))


def _subjects(names: list[str]) -> dict[str, int]:
    """A number for each folder of a subject."""
    numbers = [int("".join(found)) if len(found := re.findall("[0-9]{1,4}", name)) == 1 else None for name in names]
    if None in numbers or len(set(numbers)) < len(numbers):
        numbers = range(1, len(names) + 1)
    return dict(zip(names, numbers, strict=True))


def read_item(item: Item) -> Recording:
    """One file as a Recording with joints float32 (frames, 1, 20, 3), in metres, called "<folder of subject>/video1".

    The variable SW, 20 x 3 x frames, holds them in the order of Kinect v1 and in its camera space, which is y up. The
    label is the action less one; the data set has no repetitions.

    Raises InputError, with file and place, if the file is missing, damaged, too large or no MATLAB 5 file, if SW is not
    there, no array of real numbers or of another shape, if a coordinate is not a number of a plausible size, or if
    SciPy is not installed.
    """
    path, action, subject = item
    values = _read(path)
    wrong = np.argwhere(~(np.abs(values) < 100).transpose(2, 0, 1))  # NaN is wrong, too
    if len(wrong):
        frame, joint, axis = wrong[0]
        raise InputError(
            f"{path}: {_VARIABLE}({joint + 1}, {axis + 1}, {frame + 1}) ({'xyz'[axis]} of the joint "
            f"'{LAYOUT.joint_names[joint]}') is {values[joint, axis, frame]:g}, not a number of metres; {_AGAIN}."
        )
    return Recording(
        joints=np.ascontiguousarray(values.transpose(2, 0, 1)[:, None], np.float32),
        label=action - 1,
        subject=subject,
        name=f"{path.parent.parent.name}/{path.parent.name}",
    )


def _read(path: Path) -> np.ndarray:
    """The variable SW of a file, float64 (20, 3, frames); whatever SciPy raises becomes an InputError."""
    data = _read_bytes(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what SciPy warns of is checked here
        try:
            return _values(path, data)
        except InputError:
            raise
        except ImportError as error:
            raise InputError(
                f"{path} is a MATLAB file, which takes SciPy to read, and that cannot be imported ({error}); "
                "install it with: pip install scipy"
            ) from error
        except Exception as error:  # SciPy raises nearly anything where a file is damaged
            reason = type(error).__name__
            raise InputError(
                f"{path} is damaged, or no MATLAB file: SciPy cannot read it ({reason}); {_AGAIN}."
            ) from error


def _read_bytes(path: Path) -> bytes:
    """The whole file, once its size is known to be reasonable."""
    try:
        return read_bytes(path, _LARGEST)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise InputError(
                f"{path} is larger than {_LARGEST >> 20} MiB, far more than a skeleton needs; give the original file."
            ) from error
        raise InputError(f"{path} cannot be read ({error.strerror}); {_AGAIN}, or remove its folder.") from error


def _values(path: Path, data: bytes) -> np.ndarray:
    """SW out of the bytes of a file. Nothing but SW is loaded, and only once it is known to fit."""
    from scipy.io import matlab  # here, since only this data set needs it

    data = data[:116] + bytes(8) + data[124:]  # says that there are no MATLAB objects, which are not to be read
    version = matlab.matfile_version(BytesIO(data))[0]
    if version == 2:
        raise InputError(f"{path} is a MATLAB 7.3 file (HDF5), which is not read; save it in MATLAB with -v7 instead.")
    if version != 1:
        raise InputError(f"{path} is not a MATLAB 5 file; {_AGAIN}, or save it in MATLAB with -v7.")
    variables = matlab.whosmat(BytesIO(data))
    place = next((place for place, (name, _, _) in enumerate(variables) if name == _VARIABLE), None)
    if place is None:
        raise InputError(f"{path} has no variable {_VARIABLE}; {_AGAIN}.")
    _, shape, kind = variables[place]
    if kind not in _CLASSES:
        raise InputError(f"{path}: {_VARIABLE} is of the class {kind} where numbers belong; {_AGAIN}.")
    # MATLAB drops the last dimension where it is 1
    if shape[:2] != (_JOINTS, 3) or len(shape) > 3 or min(shape) < 1:
        raise InputError(
            f"{path}: {_VARIABLE} is {' x '.join(map(str, shape))} where {_JOINTS} x 3 x frames belongs; {_AGAIN}."
        )
    if 8 * math.prod(shape) > 4 * len(data) + (1 << 22):  # coordinates compress to two thirds or so
        raise InputError(
            f"{path}: {_VARIABLE} is said to have {shape[2]} frames, too many for {len(data)} bytes of file; {_AGAIN}."
        )
    if not _is_sound(data, place, shape):
        raise InputError(f"{path}: {_VARIABLE} is damaged, or no array of real numbers; {_AGAIN}.")
    values = matlab.loadmat(BytesIO(data), variable_names=[_VARIABLE])[_VARIABLE]
    return values.reshape(_JOINTS, 3, -1).astype(np.float64, copy=False)


def _is_sound(data: bytes, place: int, shape: tuple[int, ...]) -> bool:
    """Is the variable at this place, from 0, one of real numbers of a known type, as many as belong to `shape`?

    SciPy, up to 1.17 at least, takes the type on trust, and one that does not exist ends the whole process. Before the
    numbers MATLAB writes what they are: tags of type and size, flags, dimensions and name, here in a fixed order.
    """
    order = "<" if data[126:128] == b"IM" else ">"
    start = 128
    for _ in range(place):
        start += 8 + struct.unpack_from(f"{order}I", data, start + 4)[0]
    kind, size = struct.unpack_from(f"{order}II", data, start)
    head = data[start : start + 128]
    if kind == 15:  # compressed
        head = zlib.decompressobj().decompress(data[start + 8 : start + 8 + size], 128)
    dimensions = len(shape)
    flags, *found, kind, size = struct.unpack_from(
        f"{order}16x I4x 2I{dimensions}i {dimensions % 2 * 4}x I2s2x 2I", head
    )
    return (
        found == [5, 4 * dimensions, *shape, 1 | 2 << 16, _VARIABLE.encode()]
        and not flags & 0x0800  # complex
        and size == math.prod(shape) * _BYTES.get(kind, -1)
    )
