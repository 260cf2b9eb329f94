"""Pickles: what NumPy writes is read, and nothing that a pickle asks for is run.

The hostile ones here would do no harm: at most they would set an environment variable that nothing else sets.
"""

import io
import os
import pickle
import pickletools
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from gca_scratch.support import pickled, unpickling
from gca_scratch.support.errors import InputError
from gca_scratch.support.stored import Stored, read_row, read_stored
from gca_scratch.support.unpickling import unpickle

MARK = "GCA_SCRATCH_WAS_RUN"
RNG = np.random.default_rng(0)
VALUES = {
    "lists": [["S001", "ä\u2028\0"], [], ("a", 1), {}],
    "numbers": [0, -1, 2**40, 10**30, 1.5, True, False, None],
    "of NumPy": [
        np.int64(3),
        np.float16(0.5),
        np.bool_(True),
        np.str_("hä"),
        np.uint8(200),
        np.float64(-0.0),
        np.int8(-3),
        np.int16(-300),
        np.int32(-(2**20)),
        np.int64(-(2**40)),
        np.uint16(2**16 - 1),
        np.uint32(2**32 - 1),
        np.uint64(2**64 - 1),
        np.float32(0.1),
    ],
    "bytes": [b"", b"\xff\0"],
}
ARRAYS = [
    RNG.random((2, 5, 25, 3)).astype(np.float16),
    np.asfortranarray(RNG.random((3, 4, 2))),
    RNG.random((2, 3, 4)).transpose(2, 0, 1),  # protocol 5 keeps the order of its axes
    RNG.random((6, 4))[::2],
    np.zeros((0, 7, 3), np.float32),
    np.array(5),
    np.arange(3, dtype=">i2"),
    np.array(["a", "ä", "abc"]),
    np.array([b"x", b"yz"]),
    np.array([True, False]),
]


def plain(value):
    """The value as `unpickle` gives it back."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value.item() if isinstance(value, np.generic) else value


def read(folder, content, **limits):
    path = folder / "a.pkl"
    path.write_bytes(content)
    return unpickle(path, **limits)


def refused(folder, content, *words, **limits):
    with pytest.raises(InputError) as caught:
        read(folder, content, **limits)
    message = str(caught.value)
    assert str(folder / "a.pkl") in message and "\n" not in message and len(message) < 600, message
    assert all(word in message for word in words), message


@pytest.mark.parametrize("protocol", range(6))
def test_plain_values_and_arrays_of_every_protocol(tmp_path, protocol):
    found = read(tmp_path, pickle.dumps([VALUES, ARRAYS], protocol))
    assert found[0] == plain(VALUES)
    for array, stored in zip(ARRAYS, found[1], strict=True):
        assert isinstance(stored, Stored) and stored.seen == array.shape
        back = read_stored(stored)
        assert np.array_equal(back, array) and back.dtype.kind == array.dtype.kind
        if array.ndim and len(array):
            assert np.array_equal(read_row(stored, len(array) - 1), array[-1])


def test_sets_where_they_are_no_calls(tmp_path):
    found = read(tmp_path, pickle.dumps([{"b", "a"}, frozenset("c"), set()], 4))
    assert found == [["a", "b"], ["c"], []]
    refused(tmp_path, pickle.dumps({"b"}, 2), "asks for __builtin__.set", "write plain arrays")


def test_what_numpy_1_and_python_2_write(tmp_path):
    content = pickle.dumps(ARRAYS[0], 2)
    assert b"numpy._core" in content or b"numpy.core" in content
    for core in (b"numpy.core", b"numpy._core"):
        found = read(tmp_path, content.replace(b"numpy._core", b"numpy.core").replace(b"numpy.core", core))
        assert np.array_equal(read_stored(found), ARRAYS[0])
    old = b"\x80\x02]q\x00(U\x04S001q\x01X\x02\x00\x00\x00\xc3\xa4e."  # str and unicode of Python 2
    assert read(tmp_path, old) == ["S001", "ä"]
    raw = b"U\x04" + np.float16([1, 2]).tobytes()
    dtype = b"cnumpy\ndtype\n(U\x02f2K\x00K\x01tR(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    old = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR(K\x01(K\x02t"
    assert read_stored(read(tmp_path, old + dtype + b"\x89" + raw + b"tb.")).tolist() == [1, 2]


def test_one_array_in_many_places_is_stored_once(tmp_path):
    found = read(tmp_path, pickle.dumps([ARRAYS[0]] * 1000))
    assert len(set(found)) == 1 and os.path.getsize(found[0].path) == ARRAYS[0].nbytes


# --- hostile ones -----------------------------------------------------------------------------------------------------


class _Setting:
    """Pickled, a call that sets the mark."""

    def __init__(self, function=os.putenv, arguments=(MARK, "1")):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def _text(text):
    return b"X" + struct.pack("<I", len(text)) + text.encode()


def _array(module, dotted):
    """A pickle that asks for a name with dots and calls what it gets."""
    return b"\x80\x04" + _text(module) + _text(dotted) + b"\x93)R."


HOSTILE = {
    "REDUCE": (pickle.dumps(_Setting()), "putenv"),
    "REDUCE, protocol 0": (pickle.dumps(_Setting(), 0), "putenv"),
    "REDUCE within an array": (pickle.dumps({"annotations": [_Setting()]}), "putenv"),
    "GLOBAL alone": (b"\x80\x02cos\nputenv\n.", "os.putenv"),
    "GLOBAL eval": (b"cbuiltins\neval\n(X\x01\x00\x00\x001tR.", "builtins.eval"),
    "GLOBAL of a module of ours": (b"cgca_scratch.support.pickled\nmain\n.", "gca_scratch.support.pickled.main"),
    "INST": (f"(V{MARK}\nV1\nios\nputenv\n.".encode(), "os.putenv"),
    "OBJ": (f"(cos\nputenv\nV{MARK}\nV1\no.".encode(), "os.putenv"),
    "NEWOBJ": (b"\x80\x02ccollections\nOrderedDict\n)\x81.", "collections.OrderedDict"),
    "NEWOBJ of an array": (b"\x80\x02cnumpy\nndarray\n(K\x02t\x81.", "NEWOBJ"),
    "NEWOBJ_EX": (b"\x80\x04cnumpy\nndarray\n)}\x92.", "NEWOBJ_EX"),
    "BUILD of a function": (b"\x80\x02c_codecs\nencode\n}X\x01\x00\x00\x00aK\x01sb.", "gives a function a state"),
    "BUILD of slots": (b"\x80\x02cnumpy\ndtype\nN}X\x05\x00\x00\x00_doesK\x01s\x86b.", "gives a function a state"),
    "BUILD of a list": (b"\x80\x02]}X\x01\x00\x00\x00aK\x01sb.", "AttributeError"),
    "BUILD of a type": (b"\x80\x02cnumpy\ndtype\nX\x02\x00\x00\x00f2\x85R}b.", "describes a type"),
    "BUILD of an array": (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R}b.", "describes an array",
    ),
    "STACK_GLOBAL with names from the memo": (
        b"\x80\x04" + _text("putenv") + b"\x940" + _text("os") + b"h\x00\x93.", "os.putenv",
    ),
    "STACK_GLOBAL of no texts": (b"\x80\x04K\x01K\x02\x93.", "STACK_GLOBAL"),
    "dots in a name": (_array("numpy.core.multiarray", "_reconstruct.__globals__"), "_reconstruct.__globals__"),
    "dots in a name of the new module": (_array("numpy._core.numeric", "_frombuffer.__class__"), "__class__"),
    "dots to a class": (_array("numpy", "ndarray.__class__.__base__"), "ndarray.__class__.__base__"),
    "dots before a name": (_array("numpy.core", "multiarray.scalar"), "numpy.core.multiarray.scalar"),
    "another function of the module": (_array("numpy.core.multiarray", "fromfile"), "multiarray.fromfile"),
    "numpy.load": (b"\x80\x02cnumpy\nload\n.", "numpy.load"),
    "bytes of something": (b"\x80\x02c__builtin__\nbytes\nK\x09\x85R.", "bytes made of something"),
    "encode to something": (b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00utf-8\x86R.", "_codecs.enc"),
    "encode of no text": (b"\x80\x02c_codecs\nencode\nK\x01X\x06\x00\x00\x00latin1\x86R.", "_codecs.encode"),
    "encode to hex": (b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00hex\x86R.", "latin1"),
    "ndarray called": (b"\x80\x02cnumpy\nndarray\nK\x05\x85\x85R.", "as NumPy never does"),
    "a persistent id": (b"\x80\x02K\x01Q.", "outside it"),
    "a persistent id as text": (b"P1\n.", "outside it"),
    "an extension code of 1 byte": (b"\x80\x02\x82\x01.", "extension code"),
    "an extension code of 2 bytes": (b"\x80\x02\x83\x01\x01.", "extension code"),
    "an extension code of 4 bytes": (b"\x80\x02\x84\x01\x01\x01\x01.", "extension code"),
    "a buffer out of band": (b"\x80\x05\x97.", "out-of-band"),
    "a read-only buffer out of band": (b"\x80\x05\x97\x98.", "out-of-band"),
    "an array of objects": (pickle.dumps(np.array([1, "a"], object)), "Python objects"),
    "a number that is an object": (
        b"\x80\x02cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x02O8K\x00K\x01\x87RK\x01\x86R.", "Python objects",
    ),
    "records": (pickle.dumps(np.zeros(2, [("a", "f4")])), "V4"),
    "complex numbers": (pickle.dumps(np.zeros(2, complex)), "'c16'"),
    "dates": (pickle.dumps(np.zeros(2, "M8[s]")), "'M8'"),
    "a function among the values": (b"\x80\x02cnumpy\ndtype\n.", "a function or an unfinished array"),
    "an array without a state": (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R.", "unfinished array",
    ),
    "a tuple as key": (pickle.dumps({(1, 2): 3}), "keys"),
    "a list that holds itself": (b"\x80\x02]q\x00h\x00a.", "lists within lists"),
    "lists within lists": (b"\x80\x02" + 500 * b"]" + 499 * b"a" + b".", "lists within lists"),
    "many lists in few bytes": (
        b"\x80\x02]" + b"".join(b"q%c](" % n + 8 * (b"h%c" % n) + b"e" for n in range(12)) + b".", "many times over",
    ),
    "a long number": (b"\x80\x02\x8b" + struct.pack("<i", 9000) + 9000 * b"\x11" + b".", "ValueError"),
    "a text that ends too soon": (b"\x80\x02X\xff\xff\xff\x00ab.", "damaged"),
    "a text of more than there is": (b"\x80\x04\x8d" + struct.pack("<Q", 1 << 40) + b"ab.", "pickle"),
    "an unknown opcode": (b"\x80\x02\xff.", "damaged"),
    "a protocol to come": (b"\x80\x09N.", "unsupported pickle protocol"),
    "nothing": (b"", "EOFError"),
    "a text file": (b"hello there\n", "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pickles_are_refused_and_nothing_is_run(tmp_path, name, monkeypatch):
    content, word = HOSTILE[name]
    monkeypatch.setattr(pickle, "loads", None)  # this process does not unpickle
    refused(tmp_path, content, word)
    assert sorted(os.listdir(tmp_path)) == ["a.pkl"]


def test_plain_pickle_does_call_what_they_ask_for(monkeypatch):
    for name in ("INST", "OBJ"):
        called = []
        monkeypatch.setattr(os, "putenv", lambda *arguments: called.append(arguments))  # noqa: B023
        pickle.loads(HOSTILE[name][0])
        assert called == [(MARK, "1")]


def one_buffer(times):
    """A pickle of 100 kB that names its one buffer in so many arrays, a few bytes each."""
    dtype = b"cnumpy\ndtype\nX\x02\x00\x00\x00u1\x85Rq\x01X\x00\x00\x00\x000"
    content = (
        b"\x80\x03cnumpy.core.numeric\n_frombuffer\nq\x00B" + struct.pack("<I", 100_000) + bytes(100_000) + b"q\x02"
    )
    each = b"h\x00(h\x02h\x01J" + struct.pack("<i", 100_000) + b"\x85X\x01\x00\x00\x00CtR"
    return content + dtype + b"(" + times * each + b"l."


def test_one_buffer_in_many_arrays_does_not_fill_the_disk(tmp_path):
    """Twice the file and a MiB is what arrays may take."""
    refused(tmp_path, one_buffer(100), "one array many times over")
    refused(tmp_path, one_buffer(13), "one array many times over")
    found = read(tmp_path, one_buffer(12))
    assert len(found) == 12 and read_stored(found[-1]).shape == (100_000,)


def test_shapes_that_do_not_fit(tmp_path):
    content = pickle.dumps(np.zeros((2, 3), np.float32), 4)
    assert content.count(b"K\x02K\x03\x86") == 1
    for shape in (b"K\x02K\x04\x86", b"J\xfe\xff\xff\xffJ\xfd\xff\xff\xff\x86", b"K\x06\x85", b"NN\x86", b"K\x06"):
        found = content.replace(b"K\x02K\x03\x86", shape)
        found = found[:2] + b"\x95" + struct.pack("<Q", len(found) - 11) + found[11:]
        if shape == b"K\x06\x85":
            assert read(tmp_path, found).seen == (6,)
        else:
            refused(tmp_path, found, "do not fit its shape")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit of memory")
def test_a_limit_of_memory(tmp_path):
    refused(tmp_path, b"\x80\x02r\xff\xff\xff\x0fN.", memory=1 << 28)  # a place in a list of 2**28
    content = b"\x80\x02(" + 3_000_000 * b"}" + b"l."  # 64 bytes each
    refused(tmp_path, content, "memory", memory=1 << 27)


def test_a_limit_of_time(tmp_path):
    content = b"\x80\x02(" + 3_000_000 * b"}" + b"l."
    refused(tmp_path, content, "within 0 seconds", seconds=0.001)


def test_a_process_that_crashes_is_told(tmp_path, monkeypatch):
    crashing = tmp_path / "crashing.py"
    crashing.write_text("import os\nos.abort()\n")
    monkeypatch.setattr(pickled, "__file__", str(crashing))
    refused(tmp_path, pickle.dumps(1), "ends the process that reads it")


def test_files_that_cannot_be_read(tmp_path):
    for path in (tmp_path / "none.pkl", tmp_path):
        with pytest.raises(InputError, match=r"cannot be read"):
            unpickle(path)


def test_what_is_cut_off_or_changed_is_never_worse_than_refused(tmp_path):
    content = pickle.dumps([VALUES, ARRAYS[:3]], 4)
    places = [opcode[2] for opcode in pickletools.genops(content)]
    for place in places[5 :: max(1, len(places) // 12)]:
        refused(tmp_path, content[:place])
    for place in RNG.integers(2, len(content), 12).tolist():
        changed = content[:place] + bytes([content[place] ^ 0x11]) + content[place + 1 :]
        try:
            read(tmp_path, changed)
        except InputError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("place", [2, 3, 4])
def test_a_type_of_numbers_has_no_parts(place):
    """The state that NumPy writes of a type: version, order of bytes, then arrays, names, fields."""
    plain = [3, "<", None, None, None, -1, -1, 0]
    found = pickled.Type("f4")
    found.__setstate__(tuple(plain))
    assert (found.text, found.size) == ("<f4", 4)
    plain[place] = ("a",)
    with pytest.raises(pickled.Refused, match="arrays of records"):
        found.__setstate__(tuple(plain))


def test_how_an_array_is_put_into_the_file():
    file, content = io.BytesIO(), np.arange(6, dtype=np.float32).tobytes()
    store, kind = pickled.Arrays(file, 100), pickled.Type("f4")
    assert store(content, kind, (2, 3), "C") == [0, "=f4", [2, 3], []]
    assert store(content, kind, (2, 3), "F") == [24, "=f4", [3, 2], [1, 0]]  # as it lies there, and how to turn it
    assert store(content, kind, (6,), "F") == [48, "=f4", [6], []]
    assert store(content, kind, (2, 3), "K", (1, 0)) == [72, "=f4", [2, 3], [1, 0]]
    assert file.getvalue() == 4 * content
    with pytest.raises(pickled.Refused, match="many times over"):
        store(content, kind, (2, 3), "C")
    roomy = pickled.Arrays(io.BytesIO(), 10_000)
    for order in ("A", "K"):
        assert roomy(content, kind, (2, 3), order)[1:] == ["=f4", [2, 3], []]
    for order, axes in (
        ("C", (1, 0)),
        ("K", (0, 0)),
        ("K", (0, 2)),
        ("K", (0,)),
        ("K", [1, 0]),
        ("Z", None),
        (None, None),
    ):
        with pytest.raises(pickled.Refused, match="in an order that NumPy does not know"):
            roomy(content, kind, (2, 3), order, axes)


def test_a_number_is_of_a_type_and_of_so_many_bytes():
    kind = pickled.Type("f4")
    kind.__setstate__((3, "<", None, None, None, -1, -1, 0))
    assert pickled._scalar(kind, struct.pack("<f", 1.5)) == 1.5
    for wrong in ((kind, 5), (None, b"abcd"), (kind, b"abc"), (kind, b"abcde"), ("f4", b"abcd")):
        with pytest.raises(pickled.Refused, match="do not fit its type"):
            pickled._scalar(*wrong)


@pytest.mark.parametrize("values", ["{", '{"\\u0000": [0, "<f4", [3], []]}', '{"\\u0000": [4, "<f4", [2], []]}'])
def test_what_the_process_leaves_behind_is_not_believed(tmp_path, values):
    """Values that are cut off, and arrays beyond the end of their file, which a full disk may bring about."""
    (tmp_path / "arrays").write_bytes(bytes(8))
    (tmp_path / "values.json").write_text(values)
    with pytest.raises(InputError, match=r"a\.pkl could not be unpacked .*; look whether the disk is full"):
        unpickling._values(tmp_path, Path("a.pkl"))
    (tmp_path / "values.json").write_text('{"\\u0000": [4, "<f4", [1], []]}')
    assert unpickling._values(tmp_path, Path("a.pkl")).start == 4
