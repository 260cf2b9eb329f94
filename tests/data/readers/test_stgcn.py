"""Tests of the reader of ST-GCN's and 2s-AGCN's arrays, written here to their format (see also test_packings.py)."""

import pickle

import numpy as np
import pytest

from gca_scratch.data.readers import convert, stgcn
from gca_scratch.data.readers.ntu_names import NTU_60
from gca_scratch.data.readers.recording import NOTHING_SAID, Options, read_all
from gca_scratch.data.skeleton import KINECT_V1, KINECT_V2
from gca_scratch.support.errors import InputError
from tests.helpers.packings import write_stgcn

NAMES = ["S001C001P001R001A001", "S001C002P003R002A051", "S002C003P008R001A060"]


def row(length=5, joints=25, persons=2, axes=3, seed=0, frames=8):
    made = np.zeros((axes, frames, joints, persons), np.float32)
    made[:, :length] = np.random.default_rng(seed).uniform(-1, 1, made[:, :length].shape)
    made[..., 1:] *= seed % 2
    return made


def put(folder, names=NAMES, part="train", data="data", **more):
    write_stgcn(folder, names, [row(4 + seed % 4, seed=seed, **more) for seed in range(len(names))], part, data)
    return folder


def refused(path, *words, options=NOTHING_SAID):
    with pytest.raises(InputError) as caught:
        stgcn.open_collection(path, options)
    message = str(caught.value)
    assert str(path) in message and "\n" not in message and all(word in message for word in words), message


def test_reads_the_format(tmp_path):
    put(tmp_path)
    put(tmp_path, NAMES[:1], "val")
    found = stgcn.open_collection(tmp_path)
    assert found.class_names == NTU_60 and found.layout is KINECT_V2 and "may swap" in found.notes[0]
    assert found.meaning.up.value == "+y" and found.meaning.zeros_absent
    data = read_all(stgcn, tmp_path)
    assert data.name.tolist() == [*NAMES, NAMES[0]] and data.label.tolist() == [0, 50, 59, 0]
    assert data.subject.tolist() == [1, 3, 8, 1] and data.view.tolist() == [1, 2, 3, 1]
    assert data.repetition.tolist() == [1, 2, 1, 1] and data.setup.tolist() == [1, 1, 2, 1]
    assert data.test.tolist() == [False, False, False, True] and data.lengths.tolist() == [4, 5, 6, 4]
    assert np.array_equal(data.sequence(1), row(5, seed=1)[:, :5].transpose(1, 3, 2, 0))
    assert data.sequence(1)[:, 1].any() and not data.sequence(2)[:, 1].any()


def test_one_of_the_files(tmp_path):
    put(tmp_path)
    put(tmp_path, NAMES[:1], "val")
    for name, count in (("train_data.npy", 3), ("train_label.pkl", 3), ("val_data.npy", 1), ("val_label.pkl", 1)):
        assert stgcn.recognises(tmp_path / name)
        items = stgcn.open_collection(tmp_path / name).items
        assert len(items) == count and [item.test for item in items] == [None] * count
    (tmp_path / "val_data.npy").unlink()
    refused(tmp_path / "val_label.pkl", "no val_data.npy beside it")


def test_folders_of_splits(tmp_path):
    put(tmp_path / "xsub")
    assert stgcn.recognises(tmp_path) and len(stgcn.open_collection(tmp_path).items) == 3
    put(tmp_path / "xview", NAMES[:2])
    refused(tmp_path, "holds 2 folders of ST-GCN (xsub, xview)", "give")
    assert len(stgcn.open_collection(tmp_path, Options(split="xview")).items) == 2
    assert len(stgcn.open_collection(tmp_path / "xsub").items) == 3
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "holds 0 folders")
    assert not stgcn.recognises(tmp_path / "empty") and not stgcn.recognises(tmp_path / "none")


def test_what_a_user_says(tmp_path):
    data = read_all(stgcn, put(tmp_path), Options(unit="cm", rate="15"))
    assert np.allclose(100 * data.sequence(1), row(5, seed=1)[:, :5].transpose(1, 3, 2, 0))
    assert data.meaning.rate.value == "15" and data.meaning.unit.value == "m"


def test_without_labels(tmp_path):
    np.save(tmp_path / "mine.npy", np.stack([row(), row()]))
    assert stgcn.recognises(tmp_path / "mine.npy")
    found = stgcn.open_collection(tmp_path / "mine.npy")
    assert [(item.name, item.label) for item in found.items] == [("mine 0", None), ("mine 1", None)]
    assert found.class_names == () and stgcn.read_item(found.items[0]).label is None
    with pytest.raises(InputError, match="nothing tells which action 'mine 0' shows"):
        read_all(stgcn, tmp_path / "mine.npy")
    data = read_all(stgcn, tmp_path / "mine.npy", Options(labelled=False))
    assert data.class_names == ("unknown",) and len(data) == 2


def test_labels_as_arrays_and_numbers_of_numpy(tmp_path):
    put(tmp_path)
    for labels in (np.array([0, 50, 59]), [np.int64(0), np.int32(50), np.uint8(59)], (0, 50, 59)):
        for protocol in (0, 2, 5):
            for names in (NAMES, np.array(NAMES)):
                (tmp_path / "train_label.pkl").write_bytes(pickle.dumps((names, labels), protocol))
                items = stgcn.open_collection(tmp_path).items
                assert [item.label for item in items] == [0, 50, 59] and [item.name for item in items] == NAMES


@pytest.mark.parametrize(
    "value, words",
    [
        ({"a": 1}, ["no list of names"]),
        ([NAMES], ["no list of names"]),
        ((NAMES, [0, 1]), ["3 names and 2 labels", "3 sequences"]),
        ((NAMES, [0, 1, "a"]), ["entry 2 (from 0)", "label 'a'"]),
        ((NAMES, [0, 1, -1]), ["entry 2"]),
        (([1, 2, 3], [0, 1, 2]), ["entry 0"]),
        ((NAMES, [0, 1, 999]), ["label 999"]),
        (pickle, ["asks for"]),
    ],
)
def test_labels_that_do_not_fit(tmp_path, value, words):
    put(tmp_path)
    content = b"\x80\x02cos\nputenv\n." if value is pickle else pickle.dumps(value)
    (tmp_path / "train_label.pkl").write_bytes(content)
    with pytest.raises(InputError) as caught:
        stgcn.open_collection(tmp_path)
    assert all(word in str(caught.value) for word in (str(tmp_path), *words)), str(caught.value)


def test_other_skeletons(tmp_path):
    put(tmp_path / "v1", ["a001", "b002"], joints=20, persons=1)
    found = stgcn.open_collection(tmp_path / "v1")
    assert found.layout is KINECT_V1 and found.meaning.up.value == "" and found.class_names == ("0", "1")
    assert read_all(stgcn, tmp_path / "v1").joints.shape[1:] == (1, 20, 3)
    put(tmp_path / "v3", ["a001", "b002"], joints=15)
    found = stgcn.open_collection(tmp_path / "v3")
    assert found.layout.joint_names[14] == "joint 14" and "nothing tells what the 15 joints are" in found.notes[-1]


@pytest.mark.parametrize(
    "array, words",
    [
        (np.zeros((2, 3, 8, 18, 2), np.float32), ["in 2-D", "Kinetics"]),
        (np.zeros((2, 2, 8, 25, 2), np.float32), ["in 2-D"]),
        (np.zeros((2, 6, 8, 25, 2), np.float32), ["is (2, 6, 8, 25, 2)", "(sequences, 3, frames, joints, persons)"]),
        (np.zeros((2, 3, 8, 25, 2), int), ["of int64"]),
        (np.zeros((2, 3, 8, 25), np.float32), ["is (2, 3, 8, 25)"]),
        (np.zeros((2, 3, 0, 25, 2), np.float32), ["is (2, 3, 0, 25, 2)"]),
        (np.zeros((0, 3, 8, 25, 2), np.float32), ["no sequences"]),
        (np.zeros((2, 3, 1, 2000, 2), np.float32), ["too many"]),
        (np.array([None]), ["Python objects"]),
    ],
)
def test_other_arrays_are_named(tmp_path, array, words):
    np.save(tmp_path / "train_data.npy", array)
    refused(tmp_path / "train_data.npy", *words)


def test_bones_and_motions_are_named(tmp_path):
    for name in ("train_data_bone.npy", "val_data_joint_motion.npy"):
        np.save(tmp_path / name, np.stack([row()]))
        refused(tmp_path / name, "bones or motions")


def test_arrays_that_do_not_go_together(tmp_path):
    put(tmp_path)
    put(tmp_path, NAMES[:1], "val", persons=1)
    refused(tmp_path, "other joints or persons")


def test_files_that_are_damaged(tmp_path):
    put(tmp_path)
    path = tmp_path / "train_data.npy"
    whole = path.read_bytes()
    for content in (b"", b"words", whole[:60], whole[:-1], whole + b"x", whole.replace(b"(3, 3,", b"(4, 3,")):
        path.write_bytes(content)
        refused(path)
    path.write_bytes(whole)
    items = stgcn.open_collection(path).items
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="can no longer be read"):
        stgcn.read_item(items[2])


def test_rows_that_are_damaged(tmp_path):
    rows = [row(), row(), row()]
    rows[0][:] = 0
    rows[1][2, 1, 7, 0] = -np.inf
    write_stgcn(tmp_path, NAMES, rows)
    items = stgcn.open_collection(tmp_path).items
    for item, words in (
        (items[0], r"row 0 \(from 0\) is all zeros"),
        (items[1], "z of joint 7 of person 0 in frame 1"),
    ):
        with pytest.raises(InputError, match=words):
            stgcn.read_item(item)
    done = convert.convert("stgcn", tmp_path, tmp_path / "out.npz", 1, False)
    assert done.sequences == 1 and len(done.damaged) == 2


@pytest.mark.parametrize("order", "CF")
def test_other_orders_and_types(tmp_path, order):
    array = np.asarray(np.stack([row(), row(6, seed=1)]), ">f8", order=order)
    np.save(tmp_path / "train_data.npy", array)
    items = stgcn.open_collection(tmp_path / "train_data.npy").items
    for n, item in enumerate(items):
        joints = stgcn.read_item(item).joints
        assert np.array_equal(joints, array[n].transpose(1, 3, 2, 0)[: len(joints)]) and joints.dtype == np.float32


def test_the_nan_of_another_program_is_absent(tmp_path):
    put(tmp_path)
    place = tmp_path / "train_data.npy"
    x = np.load(place).astype(float)
    x.view(np.uint64)[0, :, 1, 2, 0] = 0x7FF00000000007A2  # R's NA, which makes a processor complain
    np.save(place, x)
    joints = stgcn.read_item(stgcn.open_collection(tmp_path).items[0]).joints
    assert np.isnan(joints[1, 0, 2]).all() and np.isnan(joints).sum() == 3
