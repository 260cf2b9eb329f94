"""Files that are found wherever they lie, and files beside them that are passed over."""

import pickle

import numpy as np
import pytest

from gca_scratch.data.readers.convert import convert
from gca_scratch.data.readers.recording import passed_over, read_all, read_and_remark, reader_named, reader_of


def _pyskl(folder):
    joints = np.random.default_rng(0).normal(size=(1, 4, 25, 3)).astype(np.float16)
    one = {"frame_dir": "S001C001P001R001A001", "label": 0, "total_frames": 4, "keypoint": joints}
    (folder / "ntu60_3danno.pkl").write_bytes(pickle.dumps({"split": {}, "annotations": [one]}, 4))


def _ctrgcn(folder):
    rows = np.zeros((1, 300, 150), np.float32)
    rows[0, :4, :75] = np.random.default_rng(0).normal(size=(4, 75))
    np.savez(folder / "NTU60_CS.npz", x_train=rows, y_train=np.eye(60)[:1])


def _stgcn(folder):
    rows = np.zeros((1, 3, 300, 25, 2), np.float32)
    rows[0, :, :4, :, 0] = np.random.default_rng(0).normal(size=(3, 4, 25))
    np.save(folder / "train_data.npy", rows)
    (folder / "train_label.pkl").write_bytes(pickle.dumps((["S001C001P001R001A001.skeleton"], [0])))


@pytest.mark.parametrize("dataset, write", [("pyskl", _pyskl), ("ctrgcn", _ctrgcn), ("stgcn", _stgcn)])
def test_packings_are_found_below_a_folder_and_what_macos_adds_is_none(tmp_path, dataset, write):
    folder = tmp_path / "nturgbd" / "nturgbd"
    folder.mkdir(parents=True)
    write(folder)
    for file in list(folder.iterdir()):
        (folder / f"._{file.name}").write_bytes(b"\0\5\x16\7")
    (tmp_path / "__MACOSX").mkdir()
    write(tmp_path / "__MACOSX")
    assert reader_of(tmp_path) == reader_of(folder) == dataset
    assert len(read_all(reader_named(dataset), tmp_path)) == 1


@pytest.mark.parametrize("beside, said", [
    ([], []),
    (["notes.txt", "clip.mp4", "._walk.c3d", "__MACOSX/walk.bvh", "other.npz"], []),
    (["a/walk.bvh"], ["1 file of another kind lies there and is not read (a/walk.bvh, for one)"]),
    (["A.C3D", "b.fbx"], ["2 files of other kinds lie there and are not read (A.C3D, for one)"]),
])  # fmt: skip
def test_files_of_another_kind_in_the_folder_are_told(tmp_path, beside, said):
    _pyskl(tmp_path)
    for name in beside:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    _, notes = read_and_remark(reader_named("pyskl"), tmp_path)
    assert [note.partition(";")[0] for note in notes if "not read" in note] == said
    converted = convert("pyskl", tmp_path, tmp_path / "out.npz", 1, show=False)
    assert [note for note in converted.notes if "not read" in note] == [note for note in notes if "not read" in note]
    assert not passed_over(tmp_path / "ntu60_3danno.pkl", [str(tmp_path / "ntu60_3danno.pkl")])
