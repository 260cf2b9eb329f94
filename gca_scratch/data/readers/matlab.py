"""Skeletons in MATLAB 5 files, read through SciPy, but only what is known to be one array of real numbers that fits.

SciPy is trusted with nothing else: no other variable is loaded, no object, and no array that is larger than its file.
"""

import errno
import math
import os
import struct
import warnings
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np

from gca_scratch.support.errors import InputError
from gca_scratch.support.reading import read_bytes

LARGEST = 1 << 26  # bytes of a file: 64 MiB
FAR = 100.0  # metres: no sensor sees as far

_CLASSES = {"double", "single", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"}
_BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}  # of a number, by the type it is stored as
_AGAIN = "copy the file again from the data set"


def read_skeleton(path: str | os.PathLike[str], variable: str, joint_names: tuple[str, ...]) -> np.ndarray:
    """The variable, joints x 3 x frames, as float32 (frames, 1, joints, 3). NaN is let pass: a joint that is absent.

    Raises InputError, with file and place, if the file is missing, damaged, too large or no MATLAB 5 file, if the
    variable is not there, no array of real numbers or of another shape, if a coordinate is infinite or 100 metres or
    more, or if SciPy is not installed.
    """
    path = Path(path)
    values = _read(path, variable, len(joint_names))
    wrong = np.argwhere((np.abs(values) >= FAR).transpose(2, 0, 1))  # not true of NaN
    if len(wrong):
        frame, joint, axis = wrong[0]
        raise InputError(
            f"{path}: {variable}({joint + 1}, {axis + 1}, {frame + 1}) ({'xyz'[axis]} of the joint "
            f"'{joint_names[joint]}') is {values[joint, axis, frame]:g}, not a number of metres; {_AGAIN}."
        )
    with np.errstate(invalid="ignore"):  # any NaN will do, also the one that R writes for NA
        return np.ascontiguousarray(values.transpose(2, 0, 1)[:, None], np.float32)


def _read(path: Path, variable: str, joints: int) -> np.ndarray:
    """The variable of a file, float64 (joints, 3, frames); whatever SciPy raises becomes an InputError."""
    data = _read_bytes(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what SciPy warns of is checked here
        try:
            return _values(path, data, variable, joints)
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
        return read_bytes(path, LARGEST)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise InputError(
                f"{path} is larger than {LARGEST >> 20} MiB, far more than a skeleton needs; give the original file."
            ) from error
        raise InputError(f"{path} cannot be read ({error.strerror}); {_AGAIN}, or remove its folder.") from error


def _values(path: Path, data: bytes, variable: str, joints: int) -> np.ndarray:
    """The variable out of the bytes of a file. Nothing else is loaded, and only once it is known to fit."""
    from scipy.io import matlab  # here, since only these files need it

    data = data[:116] + bytes(8) + data[124:]  # says that there are no MATLAB objects, which are not to be read
    version = matlab.matfile_version(BytesIO(data))[0]
    if version == 2:
        raise InputError(f"{path} is a MATLAB 7.3 file (HDF5), which is not read; save it in MATLAB with -v7 instead.")
    if version != 1:
        raise InputError(f"{path} is not a MATLAB 5 file; {_AGAIN}, or save it in MATLAB with -v7.")
    variables = matlab.whosmat(BytesIO(data))
    place = next((place for place, (name, _, _) in enumerate(variables) if name == variable), None)
    if place is None:
        raise InputError(f"{path} has no variable {variable}; {_AGAIN}.")
    _, shape, kind = variables[place]
    if kind not in _CLASSES:
        raise InputError(f"{path}: {variable} is of the class {kind} where numbers belong; {_AGAIN}.")
    # MATLAB drops the last dimension where it is 1
    if shape[:2] != (joints, 3) or len(shape) > 3 or min(shape) < 1:
        raise InputError(
            f"{path}: {variable} is {' x '.join(map(str, shape))} where {joints} x 3 x frames belongs; {_AGAIN}."
        )
    if 8 * math.prod(shape) > 4 * len(data) + (1 << 22):  # coordinates compress to two thirds or so
        raise InputError(
            f"{path}: {variable} is said to have {shape[2]} frames, too many for {len(data)} bytes of file; {_AGAIN}."
        )
    if not _is_sound(data, place, variable, shape):
        raise InputError(f"{path}: {variable} is damaged, or no array of real numbers; {_AGAIN}.")
    values = matlab.loadmat(BytesIO(data), variable_names=[variable])[variable]
    return values.reshape(joints, 3, -1).astype(np.float64, copy=False)


def _is_sound(data: bytes, place: int, variable: str, shape: tuple[int, ...]) -> bool:
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
    name = variable.encode()
    flags, *found = struct.unpack_from(f"{order}16x I4x 2I{dimensions}i {dimensions % 2 * 4}x", head)
    start = 32 + 4 * (dimensions + dimensions % 2)
    if len(name) <= 4:  # with its tag in one word
        wanted = struct.pack(f"{order}I4s", 1 | len(name) << 16, name)
    else:
        wanted = struct.pack(f"{order}II", 1, len(name)) + name + bytes(-len(name) % 8)
    kind, size = struct.unpack_from(f"{order}2I", head, start + len(wanted))
    return (
        found == [5, 4 * dimensions, *shape]
        and head[start : start + len(wanted)] == wanted
        and not flags & 0x0800  # complex
        and size == math.prod(shape) * _BYTES.get(kind, -1)
    )
