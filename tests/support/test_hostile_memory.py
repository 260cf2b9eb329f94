"""Memory: no reader takes much more than the file is large, whatever the file says, and none believes a count.

HUGE are files that are large where readers might be careless: many short lines, one long line, frames of nothing, zeros
that are compressed, lists within lists. What a reader takes is measured by tracemalloc, which knows of NumPy's arrays.
"""

import functools
import io
import json
import re
import tempfile
import tracemalloc
import zipfile

import numpy as np
import pytest
from scipy.io import savemat

from gca_scratch.data.readers import utkinect
from tests.helpers.hostile_readers import PART, WHOLE, apart, outcome, together
from tests.helpers.tiny import skeletons

TIMES = 20  # the size of a file: no reader takes more memory than that and, for the smallest, so many bytes:
BASE = 32 << 20
BASES = dict.fromkeys(("ntu", "sysu", "utkinect", "utkinect-labels", "sbu", "mhad", "bvh"), 4 << 20)
BASES["program"] = 128 << 20  # of which a syntax tree is made
UNSCALED = ("mhad", "bvh")  # they take 3 MB at once
FULL = 40_000  # lines, or whatever a file of HUGE has many of; with a quarter of them, it is held to a quarter of BASE
pytestmark = pytest.mark.filterwarnings("ignore")  # of the compiler, where it doubts what it reads


@functools.cache
def _once(name):
    """What is imported and remembered at the first time does not count."""
    for whole in WHOLE[name]():
        with tempfile.TemporaryDirectory() as folder:
            outcome(name, whole, folder)


def peak(name, content, folder):
    """Bytes that the reader takes at most, beside what is there."""
    _once(name)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        outcome(name, content, folder)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def many_members(count=3000):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for n in range(count):
            file.writestr(f"{n:x}", b"")
    return made.getvalue()


def arrays(compressed=True, **others):
    """The valid .npz file with other arrays, as it is where the zeros are many and compressed."""
    with np.load(io.BytesIO(WHOLE["npz"]()[0])) as file:
        content = dict(file) | others
    made = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(made, **content)
    return made.getvalue()


def zeros(frames):
    return np.zeros((frames, 1, 1, 3), np.float16)


def noise(frames):
    return np.random.default_rng(0).random((frames, 1, 1, 3)).astype(np.float16)


def bomb(name, size, kind=zipfile.ZIP_DEFLATED):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", kind) as file:
        file.writestr(name.decode(), bytes(size))
    return made.getvalue()


def bvh_of(channels, frames):
    """A valid BVH file with as many channels for each joint, and frames of the shortest numbers."""
    head = WHOLE["mhad"]()[0].decode().partition("MOTION")[0]
    names = ["Zrotation", "Xrotation"][:channels]
    head = re.sub(r"CHANNELS .*", " ".join(["CHANNELS", str(channels), *names]), head)
    row = " ".join(30 * channels * ["0"]) or "0"
    return f"{head}MOTION\nFrames: {frames}\nFrame Time: 0.03\n{frames * (row + chr(10))}".encode()


def bvh_tree(joints, begin, end, frames=3):
    """A root with so many joints, one channel each."""
    head = f"HIERARCHY ROOT r{{OFFSET 0 0 0 CHANNELS 1 Xrotation {joints * begin}{joints * end}}}\nMOTION\n"
    return f"{head}Frames: {frames}\nFrame Time: 0.03\n{frames * ((joints + 1) * '0 ' + chr(10))}".encode()


def history_of(rows):
    return WHOLE["history"]()[0].partition(b"\n")[0] + b"\n" + rows * b"0,0,0,0,0,,,0\n"


def json_of(part, size):
    """A JSON list of the part, again and again."""
    return b"[" + size // len(part) * part + b"0]"


def result_of(confusion):
    """A result with this in the place of its confusions."""
    return json.dumps(json.loads(WHOLE["result"]()[0]) | {"confusion": confusion}).encode()


NESTED = 400 * b"[" + 400 * b"]" + b","
BODY = WHOLE["ntu"]()[0][2:].partition(b"\n2\n")[0]
HUGE = {  # with m lines, or of whatever is many
    "ntu blank lines": lambda m: b"5\n" + m * b"\n" + b"1",
    "ntu one line": lambda m: b"5\n" + m * b"11 ",
    "ntu empty frames": lambda m: b"%d\n" % m + m * b"0\n",
    "ntu empty frames before a body": lambda m: b"%d\n" % m + (m - 1) * b"0\n" + BODY,
    "utkinect blank lines": lambda m: m * b"\n",
    "utkinect one line": lambda m: m * b"11 ",
    "utkinect short numbers": lambda m: b"".join(b"%d%s\n" % (n, 60 * b" 0") for n in range(m // 20)),
    "utkinect-labels short lines": lambda m: b"s01_e01\n" + m * b"a\n",
    "utkinect-labels as many as can be": lambda _: "".join(
        f"s{n:02}_e01\n" + "".join(f"{name}:1 2\n" for name in utkinect.CLASS_NAMES) for n in range(100)
    ).encode(),
    "sbu commas": lambda m: m * b",",
    "sbu short numbers": lambda m: b"".join(b"%d%s\n" % (n, 90 * b",0") for n in range(m // 27)),
    "mhad brackets": lambda m: b"HIERARCHY\n" + m * b"{\n" + b"MOTION\n",
    "mhad joints within joints": lambda _: (
        b"HIERARCHY\nROOT r{" + b"".join(b"JOINT %x{OFFSET 0 0 0\n" % n for n in range(4000)) + b"\nMOTION\n"
    ),
    "mhad one channel in all": lambda m: bvh_of(0, 10).replace(b"CHANNELS 0", b"CHANNELS 1 Zrotation", 1) + m * b"0\n",
    "mhad frames without channels": lambda m: bvh_of(0, m),
    "mhad short numbers": lambda _: bvh_of(1, 5000),
    "mhad one line": lambda m: bvh_of(1, 1) + m * b"00 ",
    "bvh brackets": lambda m: b"HIERARCHY\n" + m * b"{\n" + b"MOTION\n",
    "bvh joints within joints": lambda m: bvh_tree(m // 20, "JOINT a{OFFSET 0 0 0 CHANNELS 1 Xrotation ", "}"),
    "bvh joints beside joints": lambda _: bvh_tree(900, "JOINT a{OFFSET 0 0 0 CHANNELS 1 Xrotation}", "", frames=100),
    "bvh roots": lambda m: b"HIERARCHY " + m // 40 * b"ROOT a{OFFSET 0 0 0 CHANNELS 1 Xrotation}\n" + b"MOTION\n",
    "bvh blank lines": lambda m: bvh_of(1, 1) + m * b"\n",
    "bvh short lines": lambda m: bvh_of(1, m // 10).replace(b"0 ", b"0\n"),
    "bvh few frames a second": lambda _: bvh_of(1, 5000).replace(b"Time: 0.03", b"Time: 0.06"),
    "npz members": lambda m: many_members(m // 13),
    "npz zeros": lambda m: arrays(joints=zeros(99 * m)),
    "npz zeros, as many as are let pass": lambda m: arrays(joints=np.concatenate([zeros(20 * m), noise(5 * m)])),
    "npz narrow offsets": lambda m: arrays(False, offsets=np.zeros(40 * m, np.uint8)),
    "npz names": lambda m: arrays(False, class_names=np.array([f"{n:x}" for n in range(m // 2)])),
    "checkpoint members": lambda m: many_members(m // 13),
    "sysu zeros": lambda m: WHOLE["sysu"]()[1] + bytes(3 * m),
    "config tables": lambda m: b"".join(b"[x%x.a.b]\n" % n for n in range(m // 8)),
    "config too large": lambda _: 40_000 * b"[a]\n",
    "result lists": lambda m: json_of(b"[],", 26 * m),
    "result lists within lists": lambda m: json_of(NESTED, 26 * m),
    "result a long text among short ones": lambda _: result_of([["a" * 20_000] + [""] * 3000]),
    "result a row of one long text": lambda _: result_of([["a" * 20_000], *[[""]] * 3000]),
    "history short rows": lambda m: history_of(7 * m // 4),
    "submission members": lambda m: many_members(m // 13),
    "submission zip bomb": lambda m: bomb(b"optim.py", 1000 * m),
    "answer members": lambda m: many_members(m // 13),
    "chunk members": lambda m: many_members(m // 13),
    "program statements": lambda m: 31 * m // 40 * b"x;",
    "program statements that do not parse": lambda m: 9 * m // 40 * b"x\n" + b"(",
    "program signs": lambda m: 3 * m // 200 * (100 * b"-" + b"x\n"),
}


@pytest.mark.parametrize("size", [FULL // 4, pytest.param(FULL, marks=pytest.mark.long)])
@pytest.mark.parametrize("what", HUGE)
def test_no_reader_takes_much_more_memory_than_the_file_is_large(what, size, tmp_path):
    name, content = what.split()[0], HUGE[what](size)
    base = BASES.get(name, BASE) * (1 if name in UNSCALED else size / FULL)
    assert peak(name, content, tmp_path) <= TIMES * len(content) + base


def ntu_of(frames):
    """Frames of one body and the shortest numbers."""
    body = b"1\n7 0 0 0 0 0 0 0 0 0\n25\n" + 25 * b"1 2 3 0 0 0 0 0 0 0 0 0\n"
    return b"%d\n" % frames + frames * body


def sysu_of(frames):
    made = io.BytesIO()
    savemat(made, {"SW": np.random.default_rng(0).random((20, 3, frames))})
    return made.getvalue()


def rows_of(numbers, rows):
    """Rows that begin with their number."""
    return b"".join(b"%d%s\n" % (row, numbers) for row in range(rows))


def npz_of(repetitions):
    made = io.BytesIO()
    known = {name: array for name, array in vars(skeletons(repetitions=repetitions)).items() if array is not None}
    np.savez(made, **known)
    return made.getvalue()


def checkpoint_of(part, size):
    """With a long list in what it says of the run."""
    said = b'"run": {"x": %s, ' % json_of(part, size)
    return together(apart(WHOLE["checkpoint"]()[1]).replace(b'"run": {', said, 1))


def answer_of(numbers):
    made = io.BytesIO()
    np.savez(made, dx=np.random.default_rng(0).random(numbers))
    return made.getvalue()


SMALL = 40_000
GROWING = {  # files of some n bytes; JSON, CSV and programs take more for each, and are refused where they are large
    "ntu": lambda n: ntu_of(n // 624),
    "sysu": lambda n: sysu_of(n // 480),
    "utkinect": lambda n: rows_of(60 * b" 0", n // 125),
    "utkinect-labels": lambda n: WHOLE["utkinect-labels"]()[0] + n // 60 * (59 * b" " + b"\n"),
    "sbu": lambda n: rows_of(90 * b",0", n // 184),
    "mhad": lambda n: bvh_of(1, n // 60),
    "bvh": lambda n: bvh_of(1, n // 60),
    "npz": lambda n: npz_of(n // 6000),
    "npz names": lambda n: arrays(False, class_names=np.array([f"{k:04x}" for k in range(n // 16)])),
    "npz noise": lambda n: arrays(False, joints=noise(n // 6)),
    "checkpoint lists": lambda n: checkpoint_of(b"[],", (n - 10_000) // 4),
    "checkpoint lists within lists": lambda n: checkpoint_of(NESTED, (n - 10_000) // 4),
    "answer": lambda n: answer_of(n // 8),
    "submission": lambda n: bomb(b"optim.py", n, zipfile.ZIP_STORED),
}


@pytest.mark.parametrize("what", GROWING)
def test_what_a_reader_takes_grows_with_the_file_and_not_much_faster(what, tmp_path):
    name, (small, large) = what.split()[0], map(GROWING[what], (SMALL, 4 * SMALL))
    assert 0.8 < len(small) / SMALL < 1.2 and 0.8 < len(large) / (4 * SMALL) < 1.2
    assert peak(name, large, tmp_path) - peak(name, small, tmp_path) <= TIMES * (len(large) - len(small))


SHAPES = ["(1000000000000,)", "(-20,)", "(99999999999999999999,)", "(4294967296, 4294967296)", "()", "'many'"]
TYPES = ["<f4", "|O", "<U999999999", "<U0", "('<f4', (1000000,))", "[('a', '<f4'), ('b', '|O')]"]


@pytest.mark.parametrize("name", ["npz", "checkpoint", "chunk", "answer"])
@pytest.mark.parametrize("shape", SHAPES)
def test_no_array_is_believed_to_be_as_large_as_it_says(name, shape, tmp_path):
    for kind in TYPES:
        kind = kind if kind[0] in "([" else repr(kind)
        header = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}}}".encode()
        header += b" " * (-(len(header) + 11) % 64) + b"\n"
        parts = apart(WHOLE[name]()[0]).split(PART)
        n = 0 if name == "answer" else 1  # joints, or another large one
        key, start, content = parts[n].partition(b"\n")
        lying = b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header + content[-80:]
        parts[n] = key + start + lying
        assert peak(name, together(PART.join(parts)), tmp_path) < 4 << 20
