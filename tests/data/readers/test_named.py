"""Files that are found wherever they lie, and files beside them that are passed over."""

import pickle

import numpy as np
import pytest

from gca_scratch.data.readers.recording import read_all, reader_named, reader_of


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
