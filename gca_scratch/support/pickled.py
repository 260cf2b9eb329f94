"""The process that reads a pickle (unpickling.py starts it): `python pickled.py FILE FOLDER BYTES SECONDS`.

It knows nothing but Python's own library. Of the names that a pickle may ask for, NAMES are known, and none of them is
what it is called: each makes a description of an array, of a type or of a number, by a few lines of this file, out of
arguments that are looked at first. No class of the pickle's is ever made, and no function of its choice called.

It writes FOLDER/arrays, the bytes of all arrays, and FOLDER/values.json, everything else, in which an array is
{"\\0": [start, dtype, shape, axes]}. If it cannot, it prints why: the end of a sentence that begins with the file.
"""

import json
import math
import pickle
import re
import struct
import sys
from pathlib import Path

MOST_VALUES = 1 << 29  # bytes of values.json
DEEPEST = 32  # lists within lists
_TYPE = re.compile(r"(b1|[iu][1248]|f[248])|([SU])([0-9]{1,6})")
_FORMATS = {"b1": "?", "f2": "e", "f4": "f", "f8": "d"} | {
    f"{kind}{size}": letter if kind == "i" else letter.upper()
    for size, letter in ((1, "b"), (2, "h"), (4, "i"), (8, "q"))
    for kind in "iu"
}


class Refused(Exception):
    """What a pickle asks for is not given; the message ends a sentence."""


class Known:
    """What stands for a global of NAMES while the pickle is read; it can be called, and nothing else."""

    __slots__ = ("_does",)

    def __init__(self, does):
        self._does = does

    def __call__(self, *arguments):
        return self._does(*arguments)

    def __setstate__(self, state):
        raise Refused("gives a function a state; write plain arrays, dicts, lists, texts and numbers into it")


class Type:
    """A type of numbers or texts, for numpy.dtype."""

    __slots__ = ("size", "text")

    def __init__(self, text, *flags):
        found = _TYPE.fullmatch(text) if isinstance(text, str) else None
        if not found:
            what = "Python objects" if str(text)[:1] == "O" else f"arrays of the type {str(text)[:20]!r}"
            raise Refused(f"holds {what}, which are never read; store plain numbers instead (np.asarray with a dtype)")
        self.text = f"={text}"
        self.size = int(text[1:]) if not found[2] else int(found[3]) * (4 if found[2] == "U" else 1)

    def __setstate__(self, state):
        if not isinstance(state, tuple) or len(state) < 3 or state[1] not in ("<", ">", "|", "="):
            raise Refused("describes a type of numbers as NumPy never does; write the file again")
        if any(part is not None for part in state[2:5]):
            raise Refused("holds arrays of records, which are not read; store plain numbers instead")
        self.text = state[1] + self.text[1:]


class Array:
    """An array whose bytes have been put into the file of arrays, or will be when the pickle gives its state."""

    __slots__ = ("place", "store")

    def __init__(self, store):
        self.store = store
        self.place = None

    def __setstate__(self, state):
        if not isinstance(state, tuple) or len(state) != 5:
            raise Refused("describes an array as NumPy never does; write the file again")
        _, shape, kind, fortran, content = state
        self.place = self.store(content, kind, shape, "F" if fortran else "C")


class Arrays:
    """The file of arrays; `most` is how many bytes it may get."""

    def __init__(self, file, most):
        self.file, self.most = file, most

    def reconstructed(self, kind, shape, letter):
        """numpy.core.multiarray._reconstruct: the state follows."""
        return Array(self)

    def from_buffer(self, content, kind, shape, order, axes=None):
        """numpy.core.numeric._frombuffer"""
        array = Array(self)
        array.place = self(content, kind, shape, order, axes)
        return array

    def __call__(self, content, kind, shape, order, axes=None):
        """Put the bytes of an array into the file: [start, dtype, shape, axes]."""
        content = content.encode("latin-1") if isinstance(content, str) else content  # from Python 2
        fits = isinstance(content, bytes | bytearray) and isinstance(kind, Type) and _are_counts(shape)
        if not fits or len(shape) > 32 or math.prod(shape) * kind.size != len(content):
            raise Refused("holds an array whose bytes do not fit its shape; write the file again")
        start, shape, places = self.file.tell(), list(shape), list(range(len(shape)))
        if order == "K" and _are_counts(axes) and sorted(axes) == places:
            axes = list(axes)
        elif order in ("C", "F", "A", "K") and axes is None:
            axes = places[::-1] if order == "F" and len(shape) > 1 else []
            shape = shape[::-1] if axes else shape
        else:
            raise Refused("holds an array in an order that NumPy does not know; write the file again")
        if start + len(content) > self.most:
            raise Refused("holds one array many times over; write the file again, with copies of it")
        self.file.write(content)
        return [start, kind.text, shape, axes]


def _are_counts(values):
    return isinstance(values, tuple) and all(type(value) is int and 0 <= value < 1 << 48 for value in values)


def _scalar(kind, content):
    """numpy.core.multiarray.scalar: a number or text of Python."""
    content = content.encode("latin-1") if isinstance(content, str) else content
    if not isinstance(kind, Type) or not isinstance(content, bytes) or len(content) != kind.size:
        raise Refused("holds a number whose bytes do not fit its type; write the file again")
    order, name = "<" if kind.text[0] in "|=" else kind.text[0], kind.text[1:]
    if name[0] == "U":
        return content.decode("utf-32-le" if order == "<" else "utf-32-be").rstrip("\0")
    return content.rstrip(b"\0") if name[0] == "S" else struct.unpack(order + _FORMATS[name], content)[0]


def _encode(text, how):
    """_codecs.encode: bytes as protocol 2 writes them."""
    if not isinstance(text, str) or how not in ("latin1", "latin-1"):
        raise Refused("asks for _codecs.encode with something other than a text and latin1; write the file again")
    return text.encode("latin-1")


def _no_bytes(*arguments):
    """bytes, which protocol 2 asks for where there is none: of an array without numbers."""
    if arguments:
        raise Refused("asks for bytes made of something; write the file again")
    return b""


def _not_called(*arguments):
    raise Refused("makes an array as NumPy never does; write the file again")


def names(store):
    """NAMES: what stands for each global that a pickle may ask for, by module and name."""
    arrays = {
        "multiarray": {"_reconstruct": Known(store.reconstructed), "scalar": Known(_scalar)},
        "numeric": {"_frombuffer": Known(store.from_buffer)},
    }
    known = {
        (f"numpy.{core}.{module}", name): stands
        for core in ("core", "_core")
        for module, those in arrays.items()
        for name, stands in those.items()
    }
    known |= {(module, "bytes"): Known(_no_bytes) for module in ("__builtin__", "builtins")}
    known |= {("numpy", "ndarray"): Known(_not_called), ("numpy", "dtype"): Known(Type)}
    return known | {("_codecs", "encode"): Known(_encode)}


class Reader(pickle.Unpickler):
    """An Unpickler that knows NAMES alone."""

    def __init__(self, file, known):
        super().__init__(file, encoding="latin-1")  # of texts that Python 2 wrote
        self.known = known

    def find_class(self, module, name):
        """What stands for the name; Refused for any other, however it came about."""
        if (module, name) not in self.known:
            asked = ascii(f"{module}.{name}"[:80])[1:-1]
            raise Refused(
                f"asks for {asked}, which is not called for a file; write plain arrays of NumPy, dicts, lists, texts "
                "and numbers into it"
            )
        return self.known[module, name]

    def persistent_load(self, pid):
        """Refused: nothing lies outside the file."""
        raise Refused("asks for something that lies outside it; write everything into the file")


class Values:
    """Writes values as JSON, at most `room` bytes."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def put(self, text):
        """Write a piece of ASCII."""
        self.room -= len(text)
        if self.room < 0:
            raise Refused("holds the same values many times over, or too many; write the file again, as plain values")
        self.file.write(text)

    def write(self, value, depth=0):
        """Write a value and all that it holds."""
        if depth > DEEPEST:
            raise Refused(f"holds lists within lists, deeper than {DEEPEST}; write the file again, as plain values")
        kind = type(value)
        if kind in (str, int, float, bool, type(None)):
            self.put(json.dumps(value))
        elif kind in (bytes, bytearray):
            self.put(json.dumps(value.decode("latin-1")))
        elif kind in (list, tuple, set, frozenset):
            for place, part in enumerate(value if kind in (list, tuple) else sorted(value, key=repr)):
                self.put("," if place else "[")
                self.write(part, depth + 1)
            self.put("]" if value else "[]")
        elif kind is dict:
            for place, (key, part) in enumerate(value.items()):
                self.put(("," if place else "{") + json.dumps(_key(key)) + ":")
                self.write(part, depth + 1)
            self.put("}" if value else "{}")
        elif kind is Array and value.place:
            self.put(json.dumps({"\0": value.place}))
        else:
            raise Refused("holds a function or an unfinished array among its values; write the file again")


def _key(key):
    """A key of a dict as text."""
    if type(key) not in (str, bytes, int, float, bool, type(None)):
        raise Refused("holds a dict with keys other than texts and numbers; write the file again, with texts as keys")
    text = key.decode("latin-1") if type(key) is bytes else str(key)
    return text.replace("\0", "")


def convert(path, folder):
    """Read the pickle and write what it holds into the folder."""
    size = Path(path).stat().st_size
    with open(path, "rb") as file, open(Path(folder, "arrays"), "wb") as arrays:
        value = Reader(file, names(Arrays(arrays, 2 * size + (1 << 20)))).load()
    with open(Path(folder, "values.json"), "w", encoding="ascii") as file:
        Values(file, min(8 * size + (1 << 20), MOST_VALUES)).write(value)


def limit(memory, seconds):
    """Have the system end this process when it takes more; on Windows it does not."""
    try:
        import resource
    except ImportError:
        return
    for what, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        try:
            hard = resource.getrlimit(what)[1]
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(what, (most, hard))
        except (OSError, ValueError):  # macOS does not know them all
            pass


def told(path, folder):
    """Convert; why the pickle cannot be read, as the end of a sentence, "" if it was."""
    try:
        convert(path, folder)
    except Refused as error:
        return str(error)
    except OSError as error:
        where = "cannot be read" if error.filename == path else "cannot be unpacked into the folder for temporary files"
        return f"{where} ({error.strerror}); check the path, and the room on the disk"
    except MemoryError:
        return "needs more memory than a file of its size should; write it again, as plain arrays and values"
    except Exception as error:
        why = ascii(" ".join(str(error).split())[:100])[1:-1]
        return f"is no pickle, or a damaged one ({type(error).__name__}: {why}); write or copy it again"
    return ""


def main(path, folder, memory, seconds):
    """Convert, within limits, and print what is wrong."""
    limit(int(memory), int(seconds))
    print(told(path, folder), end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
