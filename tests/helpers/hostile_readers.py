"""Everything that reads a file, by name: valid files of it, and a function that reads any bytes in their place.

A reader returns what it read, raises InputError (one sentence), or, where the file is a note to itself that can be made
again, says that there is none. Anything else is a bug. The names with "inside" take a file apart first: its members or
what it compresses are the bytes, and checksums are made to fit, so that a change is not found out by those alone.
"""

import functools
import io
import json
import math
import os
import pickle
import shutil
import struct
import tarfile
import tempfile
import warnings
import zipfile
import zlib
from dataclasses import asdict, replace
from pathlib import Path
from unittest import mock

import numpy as np
from scipy.io import savemat

from course import manifest
from course.drivers import DRIVERS, visible
from course.grading import diagnosis, fence, grade, grade_all, gradescope, reading, splice
from course.results import collect, feedback, handin, imports, of_class, overview, roster, table
from gca_scratch import runs, training
from gca_scratch.commands.info import describe
from gca_scratch.data import neutral
from gca_scratch.data.asked_protocols import lines_of
from gca_scratch.data.readers import (
    azure,
    bvh,
    convert,
    ctrgcn,
    florence,
    kard,
    mediapipe,
    mhad,
    msraction3d,
    ntu,
    nwucla,
    pyskl,
    sbu,
    stgcn,
    sysu,
    utdmhad,
    utkinect,
)
from gca_scratch.data.readers.recording import NOTHING_SAID, Options, reader_of
from gca_scratch.experiments import choices, loseqo, tasks
from gca_scratch.runs import checkpoint, predictions
from gca_scratch.support import pickled, unpickling
from gca_scratch.support.errors import InputError
from gca_scratch.support.reading import from_plain
from gca_scratch.support.stored import own_folder
from gca_scratch.variants import build
from tests.data.readers.pickles import make
from tests.helpers.bvh_file import moving, person, written
from tests.helpers.tiny import TINY, skeletons

PART = b"\n--8<--\n"  # between the members of an archive that is taken apart
ROOT = Path(__file__).resolve().parents[2]
READERS = {}  # name: read(content, folder)
WHOLE = {}  # name: a function that gives valid files, a list of bytes
SOURCE = runs.Source("npz", "data.npz")
TASK = tasks.Task("tiny", SOURCE, TINY, tests=(0.04,))


def reads(name, *whole):
    """Names a reader; `whole` are functions that give valid files of it."""

    def register(read):
        READERS[name] = read
        WHOLE[name] = functools.cache(lambda: [make() for make in whole])
        return read

    return register


def put(folder, place, content):
    """A file with this content, in folders that are made."""
    path = Path(folder) / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def apart(archive):
    """An archive as bytes that are easily changed; text in UTF-32, as NumPy keeps it, becomes UTF-8."""
    parts = []
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        for member in file.infolist():
            content = file.read(member)
            if member.filename == "about.npy":
                content = str(np.load(io.BytesIO(content))).encode()
            parts.append(member.filename.encode() + b"\n" + content)
    return PART.join(parts)


def together(parts):
    """The archive again."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are there twice
        for part in parts.split(PART)[:50]:
            name, _, content = part.partition(b"\n")
            if name == b"about.npy":
                text = io.BytesIO()
                np.save(text, np.array(content.decode("utf-8", "replace")))
                content = text.getvalue()
            file.writestr(name.split(b"\0")[0][:200].decode("latin-1") or "nameless", content)
    return made.getvalue()


# --- the original files of the data sets ------------------------------------------------------------------------------


def _finite(recording, *shape):
    assert recording.joints.shape[1:] == shape and len(recording.joints) and not np.isinf(recording.joints).any()
    assert recording.joints.dtype == np.float32
    return recording


def _skeleton_file():
    joint = "0.1 -0.25 3 277.419 191.8 1036.2 519.1 0 -0.05 1e-3 0 2\n"
    body = "72057594037931101 0 1 1 1 1 0 0.02764709 -9.1E-05 2\n25\n" + 25 * joint
    return ("2\n1\n" + body + "2\n" + body + body.replace("1101", "1102", 1)).encode()


@reads("ntu", _skeleton_file)
def _(content, folder):
    return _finite(ntu.read_item(put(folder, "S003C002P007R002A051.skeleton", content)), 2, 25, 3)


def _mat(compress=False, name="SW", **more):
    made = io.BytesIO()
    values = np.random.default_rng(0).uniform(-2, 2, (20, 3, 2))
    savemat(made, {**more, name: values}, do_compression=compress)
    return made.getvalue()


@reads("sysu", _mat, lambda: _mat(True), lambda: _mat(text="words", cell=np.array([1, "a"], object), x={"y": 1}))
def _(content, folder):
    path = put(folder, "3DvideoNorm/person1/video2/sklWorld.mat", content)
    return _finite(sysu.read_item(sysu.Item(path, 2, 1)), 1, 20, 3)


@reads("sysu-inside", _mat)
def _(content, folder):
    deflated = zlib.compress(content[128:])
    return READERS["sysu"](content[:128] + struct.pack("<II", 15, len(deflated)) + deflated, folder)


@reads("utdmhad", lambda: _mat(name="d_skel"), lambda: _mat(True, "d_skel"))
def _(content, folder):
    return _finite(utdmhad.read_item(put(folder, "a3_s2_t4_skeleton.mat", content)), 1, 20, 3)


def _frames():
    frames = [[[0.25, -1.5, 3], [0, 0, 0], [None, None, None], *17 * [[1e-3, 2, math.nan]]], 20 * [[1, 2, 3]]]
    return json.dumps({"file_name": "a08_s02_e03_v01", "skeletons": frames, "label": 7}).encode()


@reads("nwucla", _frames)
def _(content, folder):
    return _finite(nwucla.read_item(put(folder, "a08_s02_e03_v01.json", content)), 1, 20, 3)


def _opened(reader, path, joints):
    """Everything that the reader finds in the file, labels or none."""
    found = reader.open_collection(path, Options(labelled=False))
    count = len(found.layout.joint_names)
    assert count == joints
    return [_seen(reader.read_item(item), count) for item in found.items]


def _seen(recording, joints):
    found = recording.joints
    assert (
        found.ndim == 4 and found.shape[2:] == (joints, 3) and found.dtype == np.float32 and not np.isinf(found).any()
    )
    return recording


def _numbers(frames, joints, columns):
    rows = np.random.default_rng(0).uniform(0.1, 3, (frames * joints, columns)).round(3)
    return "".join(" ".join(map(str, row)) + "\n" for row in rows.tolist()).encode()


@reads("msraction3d", lambda: _numbers(3, 20, 4))
def _(content, folder):
    return _opened(msraction3d, put(folder, "a02_s03_e01_skeleton3D.txt", content), 20)


@reads("kard", lambda: _numbers(3, 15, 3))
def _(content, folder):
    return _opened(kard, put(folder, "a04_s03_e02_realworld.txt", content), 15)


def _florence():
    rows = np.random.default_rng(0).uniform(0.1, 3, (5, 45)).round(3).tolist()
    heads = [(1, 1, 1)] * 3 + [(2, 10, 9)] * 2
    return "".join(" ".join(map(str, (*head, *row))) + "\n" for head, row in zip(heads, rows, strict=True)).encode()


@reads("florence", _florence)
def _(content, folder):
    return _opened(florence, put(folder, "Florence_dataset_WorldCoordinates.txt", content), 15)


def _landmarks():
    rng = np.random.default_rng(0)
    keys = ("x", "y", "z", "visibility")
    person = [dict(zip(keys, row, strict=True)) for row in rng.uniform(-1, 1, (33, 4)).round(3).tolist()]
    for key in "xyz":
        person[24][key] = -person[23][key]  # the origin is between the hips
    frames = [{"timestamp_ms": 33 * n, "people": people} for n, people in enumerate(([person], [], [person, person]))]
    return json.dumps({"rate": 30, "label": "wave", "subject": 3, "frames": frames}).encode()


def _landmark_lists():
    return json.dumps([[[[0.1, 0.2, 0.3, 0.9]] * 33], []]).encode()


@reads("mediapipe", _landmarks, _landmark_lists)
def _(content, folder):
    return _opened(mediapipe, put(folder, "wave.json", content), 35)


def _azure():
    places = np.random.default_rng(0).uniform(-900, 2000, (32, 3)).round(1).tolist()
    bodies = [{"body_id": 1, "joint_positions": places, "joint_orientations": [[1, 0, 0, 0]] * 32}]
    frames = [{"frame_id": n, "timestamp_usec": 33333 * n, "num_bodies": 1, "bodies": bodies} for n in (0, 1, 4)]
    return json.dumps({"frames": frames, "bone_list": [], "joint_names": list(azure.LAYOUT.joint_names)}).encode()


@reads("azure", _azure)
def _(content, folder):
    return _opened(azure, put(folder, "walk.json", content), 32)


@reads("predictions", lambda: b"name,truth,class,probability,p(a),p(b)\nx,a,b,0.7,0.3,0.7\ny,b,b,0.6,0.4,0.6\n")
def _(content, folder):
    found = predictions.read(put(folder, "table.csv", content))
    assert found.probabilities.shape == (len(found.name), len(found.class_names))
    return found


@reads("lines", lambda: b"# those that test\nfirst\n\nsecond  # by hand\r\n")
def _(content, folder):
    return lines_of(str(put(folder, "names.txt", content)))


@reads("anything", _landmarks, _azure, lambda: b"HIERARCHY\nROOT a\n")
def _(content, folder):
    """Which reader takes a file for its own, whatever is in it and whatever it is called."""
    ending = (".json", ".npz", ".npy", ".pkl", ".txt", ".bvh", ".mat", ".skeleton", "")[len(content) % 9]
    return reader_of(put(folder, f"some{ending}", content))


def _poses(*numbers):
    return "".join(f"{number} " + " ".join(f"{0.05 * n:.2f}" for n in range(60)) + " \r\n" for number in numbers)


_LABELS = b"s01_e01\nwalk: 10 14\nclapHands: 12  18 \n\ns03_e02\ncarry: NaN NaN\n"


@reads("utkinect", lambda: _poses(10, 14, 14, 18).encode())
def _(content, folder):
    put(folder, "actionLabel.txt", _LABELS)
    put(folder, "joints/joints_s01_e01.txt", content)
    return [_finite(utkinect.read_item(item), 1, 20, 3) for item in utkinect.items(folder)]


@reads("utkinect-labels", lambda: _LABELS)
def _(content, folder):
    put(folder, "actionLabel.txt", content)
    put(folder, "joints/joints_s01_e01.txt", _poses(10, 14, 14, 18).encode())
    return [_finite(utkinect.read_item(item), 1, 20, 3) for item in utkinect.items(folder)[:20]]


@reads("sbu", lambda: "".join(f"{n}," + ",".join(90 * ["0.25"]) + "\r\n" for n in (7, 8)).encode())
def _(content, folder):
    return _finite(sbu.read_item(put(folder, "s01s02/03/001/skeleton_pos.txt", content)), 2, 15, 3)


def _bvh():
    names = mhad.LAYOUT.joint_names
    parents = {child: parent for parent, child in mhad.LAYOUT.edges}
    nodes = [(name, parents.get(k, -1), (0.0, 12.0, 0.0), ("Zrotation",)) for k, name in enumerate(names)]
    nodes[0] = (*nodes[0][:3], ("Xposition", "Yposition", "Zposition", "Zrotation", "Xrotation", "Yrotation"))
    nodes.append((None, names.index("Head"), (0.0, 5.0, 0.0), ()))
    frame = [tuple(1.5 for _ in channels) for *_, channels in nodes]
    return written(nodes, [frame] * 3).encode()


@reads("mhad", _bvh)
def _(content, folder):
    return _finite(mhad.read_item(put(folder, "skl_s01_a02_r03.bvh", content)), 1, 30, 3)


def _two_people():
    bob = [(name, parent + 16 if parent >= 0 else parent, *rest) for name, parent, *rest in person(prefix="Bob:")]
    nodes = person(prefix="Ann:") + bob
    return written(nodes, moving(nodes, 12), 1 / 60).encode()


@reads("bvh", _bvh, _two_people, lambda: written(person(), moving(person(), 3), 1 / 24).encode("utf-16"))
def _(content, folder):
    found = bvh.open_collection(put(folder, "walk1_subject1.bvh", content), Options(labelled=False))
    recording = bvh.read_item(found.items[0])
    return found.notes, _finite(recording, recording.joints.shape[1], len(found.layout.joint_names), 3)


# --- other people's packings ------------------------------------------------------------------------------------------


class _Slow(pickle._Unpickler):
    """pickled.Reader on the Unpickler in Python, which is safe to have in this process: its memo is a dict."""

    def __init__(self, file, known):
        super().__init__(file, encoding="latin-1")
        self.known = known

    def load_bytearray8(self):
        """Not before looking whether there can be so many bytes: here is no limit of memory."""
        (count,) = struct.unpack("<Q", self.read(8))
        if count > 1 << 20:
            raise pickle.UnpicklingError("pickle data was truncated")
        content = bytearray(count)
        self.readinto(content)
        self.append(content)

    dispatch = pickle._Unpickler.dispatch | {pickle.BYTEARRAY8[0]: load_bytearray8}
    find_class = pickled.Reader.find_class
    persistent_load = pickled.Reader.persistent_load


def _unpickled_here(reads):
    """What `reads` returns, with pickles read in this process, and what they are unpacked into removed again."""
    folders = []

    def here(command, seconds):
        folders.append(command[4])
        return pickled.told(command[3], command[4])

    with mock.patch.object(pickled, "Reader", _Slow), mock.patch.object(unpickling, "_wrong", here):
        try:
            return reads()
        finally:
            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)


def _read_all(reader, path, options=NOTHING_SAID):
    """Every item, as long as none is refused."""
    found = reader.open_collection(path, options)
    assert len(found.layout.edges) == len(found.layout.joint_names) - 1 and all(map(well_said, found.notes))
    recordings = [reader.read_item(item) for item in found.items[:20]]
    for recording in recordings:
        assert recording.joints.shape[2:] == (len(found.layout.joint_names), 3) and len(recording.joints)
        assert recording.joints.dtype == np.float32 and not np.isinf(recording.joints).any()
        assert recording.label is None or 0 <= recording.label < len(found.class_names)
    return found, recordings


def _annotations(protocol):
    return lambda: pickle.dumps(make.content(), protocol)


@reads("pyskl", _annotations(2), _annotations(4), _annotations(5))
def _(content, folder):
    path = put(folder, "ntu60_3danno.pkl", content)
    pyskl.recognises(path)
    return _unpickled_here(lambda: _read_all(pyskl, path, Options(split="xsub")))


def _rows(save=np.savez):
    made, x = io.BytesIO(), np.zeros((2, 4, 150), np.float32)
    x[0, :3], x[1, :2, :75] = 0.25, 0.5
    save(made, x_train=x, y_train=np.eye(60)[[5, 49]], x_test=x[:1], y_test=np.eye(60)[[7]])
    return made.getvalue()


@reads("ctrgcn", _rows, lambda: _rows(np.savez_compressed))
def _(content, folder):
    path = put(folder, "NTU60_CS.npz", content)
    ctrgcn.recognises(path)
    try:
        return _read_all(ctrgcn, path)
    finally:
        for unpacked in Path(own_folder()).glob("*.npy"):
            unpacked.unlink()


@reads("ctrgcn-inside", lambda: apart(_rows()))
def _(content, folder):
    return READERS["ctrgcn"](together(content), folder)


def _npy():
    made, x = io.BytesIO(), np.zeros((2, 3, 4, 25, 2), np.float32)
    x[0, :, :3], x[1, :, :2, :, 0] = 0.25, 0.5
    np.save(made, x)
    return made.getvalue()


def _names_and_labels():
    return pickle.dumps((["S001C001P001R001A006.skeleton", "S001C002P003R002A050.skeleton"], [5, 49]))


@reads("stgcn", _npy)
def _(content, folder):
    put(folder, "xsub/train_label.pkl", _names_and_labels())
    path = put(folder, "xsub/train_data.npy", content)
    stgcn.recognises(path)
    return _unpickled_here(lambda: _read_all(stgcn, path))


@reads("stgcn-labels", _names_and_labels)
def _(content, folder):
    put(folder, "xsub/train_data.npy", _npy())
    put(folder, "xsub/train_label.pkl", content)
    return _unpickled_here(lambda: _read_all(stgcn, Path(folder)))


# --- our own files ----------------------------------------------------------------------------------------------------


def _npz(compressed=False):
    data, made = skeletons(subjects=2, repetitions=1), io.BytesIO()
    arrays = neutral.arrays_of(data)
    (np.savez_compressed if compressed else np.savez)(made, **arrays)
    return made.getvalue()


@reads("npz", _npz, lambda: _npz(True))
def _(content, folder):
    data = neutral.load(put(folder, "data.npz", content))
    neutral.check(data, "what was loaded")
    describe(data)
    runs.make_split(data, SOURCE, replace(TINY, validation=0))
    return data


@reads("npz-mapped", lambda: apart(_npz()))
def _(content, folder):
    with mock.patch("gca_scratch.support.reading.MAPPED", 0):
        return READERS["npz"](together(content), folder)


@reads("npz-inside", lambda: apart(_npz()))
def _(content, folder):
    return READERS["npz"](together(content), folder)


def _checkpoint(trained):
    settings = replace(TINY, hidden=1, frames=1, iterations=1, epochs=2, dropout=0.0)
    network = build.build(settings, joints=2, channels=3, classes=2)
    state = training.start(network, settings)
    if trained:
        row = dict.fromkeys(training.HISTORY_COLUMNS, 0.5) | {"step": 0, "epoch": 1}
        state = replace(state, best=state.params, epoch=1, best_score=(0.5, 0.5), history=[row])
        state.velocity = {"layer1.b": state.params["layer1.b"]}
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "checkpoint.npz")
        checkpoint.save(made, training.snapshot(state), network, settings, asdict(SOURCE))
        return made.read_bytes()


@reads("checkpoint", lambda: _checkpoint(False), lambda: _checkpoint(True))
def _(content, folder):
    state, network, settings, saved = checkpoint.load(put(folder, "checkpoint.npz", content))
    assert state.params.keys() == network.shapes().keys() and len(repr((state.history, settings))) > 0
    return state, from_plain(runs.Source, saved, "run")


@reads("checkpoint-inside", lambda: apart(_checkpoint(False)), lambda: apart(_checkpoint(True)))
def _(content, folder):
    return READERS["checkpoint"](together(content), folder)


def _config():
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "config.toml")
        runs.write_config(made, SOURCE, TINY)
        return made.read_bytes()


@reads("config", _config)
def _(content, folder):
    source, settings = runs.read_config(put(folder, "config.toml", content))
    return repr((source, settings))


@reads("result", lambda: json.dumps({
    "confusion": [[2, 1], [0, 0]], "per_class": {"walk": 0.5}, "fold": 1, "dataset": "npz", "protocol": "half",
    "accuracy": 0.5,
}).encode())  # fmt: skip
def _(content, folder):
    put(folder, "result.json", content)
    return runs.read_result(folder)


@reads("history", lambda: f"{','.join(training.HISTORY_COLUMNS)}\n0,1,0.1,1.5,0.5,,,0.1\n1,1,0.1,1,0,1,0,2\n".encode())
def _(content, folder):
    put(folder, "history.csv", content)
    return runs.read_history(folder)


@reads("task", lambda: json.dumps({
    "task": TASK.identity("mark"),
    "result": {"accuracy": 0.5, "n_test": 2, "seconds": 1.5, "noise": {"0.04": 0.5}},
}).encode())  # fmt: skip
def _(content, folder):
    put(folder, TASK.file("."), content)
    return tasks.finished(TASK, folder, "mark")


_ASKED = {"data": "mark", "source": asdict(SOURCE) | {"data": ""}, "settings": asdict(TINY)}


@reads("choice", lambda: json.dumps(_ASKED | {"wrong": 1, "n": 2, "loss": 0.5}).encode())
def _(content, folder):
    return choices.finished(put(folder, "00-fold-1.json", content), _ASKED)


@reads("sequence", lambda: json.dumps(_ASKED | {"p": [0.25, 0.5, 0.25]}).encode())
def _(content, folder):
    return loseqo.finished(put(folder, "sequence-001.json", content), _ASKED, 3)


@functools.cache
def _converted():
    """A chunk of `convert` that reads one file, and the bytes of what it keeps."""
    with tempfile.TemporaryDirectory() as folder:
        item = str(put(folder, "S003C002P007R002A051.skeleton", _skeleton_file()))
        chunk = convert._Chunk("ntu", ntu.open_collection(item)._replace(items=[]), [item], Path(folder, "000000.npz"))
        convert._convert_chunk(chunk)
        return chunk, chunk.file.read_bytes()


@reads("chunk", lambda: _converted()[1])
def _(content, folder):
    item = str(put(folder, "S003C002P007R002A051.skeleton", _skeleton_file()))
    chunk = _converted()[0]._replace(items=[item], file=put(folder, "000000.npz", content))
    part = Path(folder) / "out.npz.part"
    part.mkdir(exist_ok=True)
    out = Path(folder) / "out.npz"
    out.unlink(missing_ok=True)
    convert._join([chunk], out, part, False)
    return neutral.load(out) if out.exists() else None


@reads("chunk-inside", lambda: apart(_converted()[1]))
def _(content, folder):
    return READERS["chunk"](together(content), folder)


# --- submissions, and what the grader reads ---------------------------------------------------------------------------

OPTIM = "gca_scratch/training/optim.py"
_SUBMITTED = b"""import numpy as np
from gca_scratch.network.ops import affine
HALF = 0.5


def helper(y):
    return HALF * np.exp(y)


def decayed(start, epoch, decay, every):
    \"\"\"The rate.\"\"\"
    return helper(start) * decay


class SGD:
    def step(self, params, gradients):
        return self.more()

    def more(self):
        return {name: [1, "x"] for name in ()}
"""


def _zip():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("ada/gca_scratch/", b"")
        file.writestr("ada/gca_scratch/training/optim.py", _SUBMITTED)
        file.writestr("optim.py", b"x = 1")
    return made.getvalue()


@reads("submission", _zip)
def _(content, folder):
    texts, wrong = splice.read_submission(put(folder, "ada.zip", content), [OPTIM])
    assert texts.keys() | wrong.keys() == {OPTIM} and not texts.keys() & wrong.keys()
    return _spliced(texts[OPTIM]) if texts else None


@reads("submission-inside", lambda: apart(_zip()))
def _(content, folder):
    return READERS["submission"](together(content), folder)


@reads("program", lambda: _SUBMITTED, lambda: b"def decayed(a)\n    return a\nx = 1\n")
def _(content, folder):
    texts, wrong = splice.read_submission(put(folder, "optim.py", content), [OPTIM])
    assert texts.keys() | wrong.keys() == {OPTIM} and not texts.keys() & wrong.keys()
    return _spliced(texts[OPTIM]) if texts else None


@functools.cache
def _optim():
    return (ROOT / OPTIM).read_text("utf-8")


def _spliced(text):
    names = ["decayed", "SGD.step"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what a program writes, such as "\d"
        source, wrong = splice.splice(_optim(), text, names, OPTIM)
        compile(source, "optim.py", "exec", dont_inherit=True)
    assert set(wrong) <= set(names) and (source != _optim() or wrong.keys() == set(names))
    return source


def _answer(content, folder, name):
    driver = DRIVERS["sigmoid_backward"]
    inputs = visible(driver)[0]
    right = diagnosis.right_answers("sigmoid_backward")[0]
    put(folder, f"out/{name}", content)
    out = os.open(Path(folder) / "out", os.O_RDONLY)
    try:
        answer = fence._answer(out, 0, "it ended", fence.Limits())
    finally:
        os.close(out)
        os.unlink(Path(folder) / "out" / name)
    assert answer.outputs is not None or answer.error
    if answer.outputs is not None:
        with np.errstate(all="ignore"):
            diagnosis.compare(driver, inputs, answer.outputs, right)
            diagnosis.resembles(
                ["gca_scratch.network.ops.sigmoid_backward"], {"sigmoid_backward": [answer.outputs] * 2}
            )
    return answer


def _outputs():
    made = io.BytesIO()
    np.savez(made, **diagnosis.right_answers("sigmoid_backward")[0])
    return made.getvalue()


@reads("answer", _outputs)
def _(content, folder):
    return _answer(content, folder, "0.npz")


@reads("answer-inside", lambda: apart(_outputs()))
def _(content, folder):
    return _answer(together(content), folder, "0.npz")


@reads("complaint", lambda: b'{"error": "NameError: x (in fence-abc/0x1234567, at the line `y`)"}')
def _(content, folder):
    return _answer(content, folder, "0.json")


_ASSIGNMENT = b"""id = "T1"
title = "Slopes"
hours = 1
needs = []
goals = ["slopes"]
points = 100
text = "Do."
files = ["gca_scratch/network/ops.py"]

[[task]]
id = "T1.1"
title = "One"
points = 60
functions = ["gca_scratch.network.ops.sigmoid_backward"]
drivers = ["sigmoid_backward"]
text = "Now."

[[question]]
id = "T1.2"
title = "Why"
points = 40
text = "Why?"
rubric = "Because."
"""


@reads("assignment", lambda: _ASSIGNMENT)
def _(content, folder):
    return manifest.load(put(folder, "T1.toml", content), folder)


@reads("metadata", lambda: b'{"users": [{"email": "ada@example.org", "id": 7}, {"id": 8}]}')
def _(content, folder):
    put(folder, "submission_metadata.json", content)
    return grade.seed_of(gradescope.student_of(Path(folder)))


@reads("grades", lambda: json.dumps({
    "extra_data": {"fingerprints": {"T1.1": "a"}, "submission": "b", "notes": ["c."], "changes": [
        {"when": "2027-01-01T00:00:00+00:00", "task": "T1.1", "before": 1, "after": 2.5, "why": "the test"}]},
    "tests": [{"name": "T1.1 x: y", "number": "T1.1", "score": 1.5, "max_score": 2, "status": "failed", "output": "a",
               "visibility": "visible"}],
}).encode())  # fmt: skip
def _(content, folder):
    found = grade_all.stored(put(folder, "ada.json", content))
    row = found and table.row(_marked(), "ada", found)
    return row and feedback.page(_marked(), row, found) + overview.page(_marked(), [row], {"ada": found}, [], [])


@functools.cache
def _marked():
    return manifest.load("A1")


@reads("marks", lambda: b"student,A1.1,A1.Q1,A1.Q2,adjustment,comment\nada,10,5,2.5,-1,well done\n0012,1,,,,\n")
def _(content, folder):
    marks = table.read_marks(put(folder, "grades.csv", content), _marked())
    kept, lost = table.matched(marks, ["ada", "0012"])
    return [table.row(_marked(), student, marks=mark) for student, mark in kept.items()], sorted(lost)


@reads(
    "roster",
    lambda: (
        b"\xef\xbb\xbfStudent,ID,SIS Login ID,Section,A1 (7)\r\n    Points Possible,,,,100.00\r\n"
        b'"Lovelace, Ada",1234,ada,S1,\r\n"Ray, Bob",1235,bob,S1,12.50\r\n'
    ),
    lambda: (
        b"Identifier,Full name,Email address,Status,Grade,Maximum grade,Last modified (submission),"
        b"Last modified (grade),Feedback comments\r\nParticipant 123,Ada Lovelace,ada@example.org,Submitted,,100.00,"
        b'"Wednesday, 10 June 2026, 2:14 PM",-,\r\nParticipant 7,Bob Ray,bob@example.org,-,,100.00,-,-,old\r\n'
    ),
    lambda: b"First Name;Last Name;SID;Email\nAda;Lovelace;42;ada@example.org\n",
)
def _(content, folder):
    people = roster.load(put(folder, "roster.csv", content))
    hers = [handin.Handin("ada", lms=people.lms, id="1234", known_as=("ada@example.org", "ada"))]
    matches, _ = roster.match(people, roster.timed(people, hers))
    wanted = of_class.Wanted(points="code")
    column = imports.column(people, _marked(), replace(wanted, scale=True))
    cells = table.row(_marked(), "ada", marks={"A1.Q1": 1, "A1.Q2": 2})
    if people.lms:
        imports.write(people, column, _marked(), dict.fromkeys(matches, cells | {"code": 70.0}), folder, wanted)
    return len(roster.missing(people, matches))


@reads(
    "gradescope",
    lambda: (
        b"""---
submission_1001:
  :submitters:
  - :name: Ada Lovelace
    :sid: '0042'
    :email: ada@example.org
  :created_at: 2027-03-01 22:10:30.149203000 Z
  :score: 12.5
  :results:
    tests: []
"""
    ),
)
def _(content, folder):
    (folder / "class" / "submission_1001").mkdir(parents=True, exist_ok=True)
    put(folder / "class", "submission_metadata.yml", content)
    return collect.collect(folder / "class")


def _tar():
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        member = tarfile.TarInfo("ada/gca_scratch/training/optim.py")
        member.size = len(_SUBMITTED)
        archive.addfile(member, io.BytesIO(_SUBMITTED))
    return made.getvalue()


@reads("submission-tar", _tar)
def _(content, folder):
    texts, wrong, _ = reading.read(put(folder, "ada.tar.gz", content), [OPTIM])
    assert texts.keys() | wrong.keys() == {OPTIM} and not texts.keys() & wrong.keys()
    return _spliced(texts[OPTIM]) if texts else None


def outcome(name, content, folder):
    """What the reader makes of the bytes: (what it read, None), or (None, the sentence of its InputError)."""
    try:
        return READERS[name](content, folder), None
    except InputError as error:
        return None, str(error)


def well_said(sentence):
    """Nothing at all, or something that a person reads in one line; what a file holds is never quoted in full."""
    return sentence is None or (bool(sentence.strip()) and "\n" not in sentence and len(sentence) < 1500)
