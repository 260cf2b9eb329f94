"""The same sequences of NTU RGB+D as .skeleton files and in three packings: the same classes and coordinates."""

import pickle

import numpy as np
import pytest

from gca_scratch.data import neutral
from gca_scratch.data.alignment import align
from gca_scratch.data.readers import agcn, convert, ctrgcn, ntu, pyskl, stgcn
from gca_scratch.data.readers.recording import Options, read_all, reader_of
from tests.data.readers.test_ntu import FIRST, SECOND, body, frames_of, text_of
from tests.helpers import packings

NAMES = ["S001C001P001R001A001", "S001C002P003R002A051", "S002C003P008R001A060"]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Three .skeleton files: one person, two, and a second one who comes and goes; every frame shows somebody."""
    folder = tmp_path_factory.mktemp("skeletons")
    lively, still = body(1, 40, 0.06), body(2, 40, 0.01, at=(0.8, 0, 2.6))
    contents = [
        frames_of((FIRST, 0, body(0, 30)), length=30),
        frames_of((FIRST, 0, lively), (SECOND, 0, still), length=40),
        frames_of((FIRST, 0, lively), (SECOND, 5, still[:20]), length=40),
    ]
    for number in (12, 13):
        del contents[2][number][SECOND]
    for name, frames in zip(NAMES, contents, strict=True):
        (folder / f"{name}.skeleton").write_bytes(text_of(frames))
    return folder


def packed(files, folder):
    """The .skeleton files in three packings: the reader and what it reads, for each."""
    names, frames = [file.stem for file in files], [packings.bodies_of(file) for file in files]
    annotations = [packings.annotation(*pair) for pair in zip(names, frames, strict=True)]
    split = {"xsub_train": names[:1], "xsub_val": names[1:]}
    (folder / "ntu60_3danno.pkl").write_bytes(pickle.dumps({"split": split, "annotations": annotations}))
    rows, labels = [packings.ctrgcn_row(one) for one in frames], [int(name[-3:]) - 1 for name in names]
    np.savez(folder / "NTU60_CS.npz", x_train=rows, y_train=packings.one_hot(labels, 60))
    packings.write_stgcn(folder / "xsub", names, [packings.stgcn_row(one) for one in frames])
    return [(pyskl, folder / "ntu60_3danno.pkl"), (ctrgcn, folder / "NTU60_CS.npz"), (stgcn, folder / "xsub")]


def compared(files, folder):
    """The largest distance, per coordinate after alignment, of each packing from the .skeleton files."""
    recordings = [ntu.read_item(str(file)) for file in files]
    original = align(read_all(ntu, files[0].parent)).x
    distances = []
    for reader, path in packed(files, folder):
        assert reader.recognises(path) and reader_of(path) == reader.__name__.rpartition(".")[2]
        data = read_all(reader, path)
        neutral.check(data, "packed")
        assert data.label.tolist() == [recording.label for recording in recordings]
        assert data.class_names == ntu.CLASS_NAMES and data.joint_names == ntu.LAYOUT.joint_names
        assert data.lengths.tolist() == [len(recording.joints) for recording in recordings]
        assert data.meaning.up.value == "+y" and data.meaning.unit.value == "m"
        first = [data.sequence(n)[0, 0] for n in range(len(data))]
        for n, recording in enumerate(recordings):
            if reader is stgcn and not np.array_equal(first[n], recording.joints[0, 0]):  # its order is that of lines
                data.sequence(n)[:] = data.sequence(n)[:, ::-1].copy()
        joints = align(data).x
        assert joints.shape == original.shape
        assert np.array_equal((joints == 0).all(axis=(1, 3)), (original == 0).all(axis=(1, 3)))  # who is there
        distances.append(float(np.abs(joints - original).max()))
        if reader is not ctrgcn:
            assert data.name.tolist() == [recording.name for recording in recordings]
            assert data.subject.tolist() == [recording.subject for recording in recordings]
            assert data.view.tolist() == [recording.view for recording in recordings]
    return distances


def test_the_same_sequences(written, tmp_path):
    half, centred, whole = compared(sorted(written.iterdir()), tmp_path)
    assert 1e-5 < half < 2e-3 and centred < 1e-5 and whole < 1e-6


def test_real_sequences(real_data, tmp_path):
    if not (real_data / "ntu").is_dir():
        pytest.skip("files of NTU RGB+D: GCA_SCRATCH_DATA names a folder without ntu/")
    folder = tmp_path / "one by one"
    folder.mkdir()
    files = []
    for file in sorted((real_data / "ntu").glob("*.skeleton")):
        if all(packings.bodies_of(file)):
            (folder / file.name).write_bytes(file.read_bytes())
            files.append(folder / file.name)
    assert files
    half, centred, whole = compared(files, tmp_path)
    assert half < 4e-3 and centred < 1e-5 and whole < 1e-6  # z is beyond 4 m at times: 16-bit numbers are 4 mm apart


def test_what_2s_agcn_prepares(tmp_path):
    poses = [body(seed, 30 + 10 * seed, 0.01) for seed in range(3)]
    middle = np.array([(0, -0.3, 3), (0, 0, 3), (0.2, 0.3, 3), (-0.2, 0.3, 3)])
    for joints in poses:  # somebody whose shoulders are level, as people's are
        joints[:, [0, 1, 4, 8]] += middle - joints[0, [0, 1, 4, 8]]
    frames = [[[("1", pose.astype(np.float32))] for pose in joints] for joints in poses]
    packings.write_stgcn(tmp_path, NAMES, [packings.agcn_row(one) for one in frames], "train", "data_joint")
    found = stgcn.open_collection(tmp_path)
    assert found.meaning.up.value == "+z" and found.meaning.zeros.value == "positions"
    assert any("2s-AGCN" in note for note in found.notes)
    read = [stgcn.read_item(item) for item in found.items]
    assert [len(recording.joints) for recording in read] == [len(one) for one in frames]
    for recording, one in zip(read, frames, strict=True):
        joints = packings.by_motion(one).transpose(1, 0, 2, 3)
        lengths = np.linalg.norm(joints[:, 0, 5] - joints[:, 0, 4], axis=-1)
        assert np.allclose(
            np.linalg.norm(recording.joints[:, 0, 5] - recording.joints[:, 0, 4], axis=-1), lengths, 1e-4
        )
        spine = recording.joints[0, 0, 1] - recording.joints[0, 0, 0]
        assert spine[2] > 0.99 * np.linalg.norm(spine)


@pytest.mark.parametrize("kind", range(3))
def test_convert(written, tmp_path, kind):
    reader, path = packed(sorted(written.iterdir()), tmp_path)[kind]
    name = reader.__name__.rpartition(".")[2]
    done = convert.convert(name, path, tmp_path / "out.npz", jobs=1, show=False)
    assert done.sequences == 3 and not done.damaged
    whole = read_all(reader, path)
    assert neutral.fingerprint(neutral.load(tmp_path / "out.npz")) == neutral.fingerprint(whole)
    if reader is pyskl:
        again = reader.open_collection(path, Options())
        assert repr(again.items) == repr(reader.open_collection(path, Options()).items)  # so chunks are found again


@pytest.mark.parametrize(
    ("frames", "length"),
    [
        ("abab", 2),
        ("ababa", 2),
        ("abcab", 3),
        ("aaa", 1),
        ("abac", 4),
        ("abca", 3),
        ("abcb", 4),
        ("a", 1),
        ("abaab", 3),
    ],
)
def test_a_sequence_ends_where_it_begins_again_and_goes_on_so(frames, length):
    poses = {letter: np.random.default_rng(n).random((1, 2, 3)) for n, letter in enumerate("abc")}
    joints = np.stack([poses[letter] for letter in frames])
    assert len(agcn.once(joints)) == length and (agcn.once(joints) == joints[:length]).all()
