"""Tests of the reader of PYSKL's and MMAction2's pickles: on committed ones of NumPy 1 and 2, and on others."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from gca_scratch.data.readers import convert, pyskl
from gca_scratch.data.readers.recording import NOTHING_SAID, Options, read_all
from gca_scratch.data.skeleton import KINECT_V1, KINECT_V2
from gca_scratch.support.errors import InputError
from tests.data.readers.pickles import make
from tests.helpers import packings

PICKLES = sorted(Path(make.__file__).parent.glob("*.pkl"))
RNG = np.random.default_rng(0)


def annotation(name="S001C001P001R001A001", label=0, persons=1, frames=4, joints=25, axes=3, **more):
    keypoint = RNG.uniform(-2, 2, (persons, frames, joints, axes)).astype(np.float32)
    return {"frame_dir": name, "label": label, "keypoint": keypoint, "total_frames": frames} | more


def put(folder, *annotations, split=None, value=None):
    path = folder / "data.pkl"
    value = {"split": split or {}, "annotations": list(annotations)} if value is None else value
    path.write_bytes(pickle.dumps(value))
    return path


def refused(path, *words, options=NOTHING_SAID):
    with pytest.raises(InputError) as caught:
        pyskl.open_collection(path, options)
    message = str(caught.value)
    assert str(path) in message and "\n" not in message and all(word in message for word in words), message


@pytest.mark.parametrize("path", PICKLES, ids=lambda path: path.stem)
def test_every_protocol_of_numpy_1_and_2(path):
    assert len(PICKLES) == 8 and pyskl.recognises(path)
    found = pyskl.open_collection(path, Options(split="xview"))
    assert (
        found.layout is KINECT_V2 and len(found.class_names) == 60 and found.class_names[50] == "kicking other person"
    )
    assert found.notes[0] == "2 of 5 annotations hold nobody and are left out."
    read = [pyskl.read_item(item) for item in found.items]
    for number, recording in enumerate(read):
        wanted = make.keypoint(number).astype(np.float32).transpose(1, 0, 2, 3)
        assert recording.joints.dtype == np.float32 and recording.joints.shape == (2 + number, 2, 25, 3)
        assert np.array_equal(recording.joints[:, : wanted.shape[1]], wanted)
        assert not recording.joints[:, wanted.shape[1] :].any()
    assert [recording[1:] for recording in read] == [
        (0, 1, make.NAMES[0], 1, 1, 1, True),
        (50, 3, make.NAMES[1], 2, 1, 1, False),
        (59, 1, make.NAMES[2], 3, 2, 2, False),
    ]


def test_the_committed_pickles_are_those_of_their_script(tmp_path, monkeypatch):
    monkeypatch.setattr(make, "FOLDER", tmp_path)
    make.main()
    for file in tmp_path.iterdir():
        assert pickle.loads(file.read_bytes())["split"] == make.content()["split"]
        assert (PICKLES[0].parent / file.name).stat().st_size == pytest.approx(file.stat().st_size, rel=0.02)


def test_what_the_numbers_mean(tmp_path):
    meaning = pyskl.open_collection(put(tmp_path, annotation())).meaning
    assert (meaning.up.value, meaning.unit.value, meaning.rate.value) == ("+y", "m", "30") and meaning.zeros_absent
    meaning = pyskl.open_collection(put(tmp_path, annotation("mine")), Options(up="-z")).meaning
    assert (meaning.up.value, meaning.up.source, meaning.unit.value) == ("-z", "user", "")


def test_what_a_user_says(tmp_path):
    path = put(tmp_path, annotation("walk_ann", 0), annotation("sit_bob", 1), annotation("sit_ann", 1))
    assert "nothing tells who acts" in pyskl.open_collection(path).notes[0]
    data = read_all(pyskl, path, Options(unit="mm", rate="25", label="(?P<label>.*)_(?P<subject>.*)"))
    assert data.subject.tolist() == [1, 2, 1] and data.meaning.rate.value == "25"
    assert data.meaning.unit.value == "m" and np.abs(data.joints).max() <= 0.002
    with pytest.raises(InputError, match="--label"):
        pyskl.open_collection(path, Options(label="("))


@pytest.mark.parametrize("bits", [0x7FF8000000000000, 0x7FF00000000007A2])  # the last is R's NA
def test_a_person_or_joint_that_is_not_there(tmp_path, bits):
    one = annotation(persons=2)
    one["keypoint"] = one["keypoint"].astype(float)
    one["keypoint"][1, :2] = 0
    one["keypoint"][0, 3] = 0
    one["keypoint"].view(np.uint64)[0, 0, 4] = bits
    joints = pyskl.read_item(pyskl.open_collection(put(tmp_path, one)).items[0]).joints
    assert not joints[:2, 1].any() and not joints[3, 0].any() and np.isnan(joints[0, 0, 4]).all()
    one["keypoint"][:] = 0
    with pytest.raises(InputError, match=r"annotation 0 \(from 0\), 'S001C.*holds nobody in any frame"):
        pyskl.read_item(pyskl.open_collection(put(tmp_path, one)).items[0])


def test_up_to_four_persons_and_total_frames(tmp_path):
    path = put(tmp_path, annotation(persons=4), annotation(persons=2, frames=6, total_frames=5), None)
    data = read_all(pyskl, path)
    assert data.joints.shape == (9, 4, 25, 3) and data.lengths.tolist() == [4, 5]
    assert not data.sequence(1)[:, 2:].any() and data.sequence(1)[:, 1].any()


def test_splits(tmp_path):
    names = [f"S001C00{view}P00{person}R001A001" for person in (1, 2, 3) for view in (1, 2)]
    split = {"xsub_train": names[:2], "xsub_val": names[4:], "xview_train": names[1::2], "xview_val": names[::2]}
    path = put(tmp_path, *map(annotation, names), split=split)
    found = pyskl.open_collection(path)
    assert [item.test for item in found.items] == 6 * [None]
    assert found.notes == ("the file has the splits xsub, xview; --split chooses one.",)
    found = pyskl.open_collection(path, Options(split="xsub"))
    assert [(item.name, item.test) for item in found.items] == [(names[n], n > 3) for n in (0, 1, 4, 5)]
    assert "trains on 2 samples and tests 2; 2 that it does not name are left out" in found.notes[0]
    for chosen in ("xview", "xview_val", "xview_train"):
        found = pyskl.open_collection(path, Options(split=chosen))
        assert [item.test for item in found.items] == [True, False] * 3
    refused(path, "no split 'xset'", "xsub, xview", options=Options(split="xset"))


def test_splits_of_ones_own(tmp_path):
    path = put(tmp_path, *map(annotation, "abcd"), split={"train": ["a", "b"], "val": ["c", "nobody"], "all": ["a"]})
    found = pyskl.open_collection(path)
    assert [item.test for item in found.items] == [False, False, True]
    assert "names 1 samples that the file does not hold" in found.notes[1]
    path = put(tmp_path, *map(annotation, "abcd"), split={"train": ["a"], "val": ["b"], "test": ["c", "d"]})
    assert [item.test for item in pyskl.open_collection(path).items] == [False, False, True, True]
    path = put(tmp_path, *map(annotation, "ab"), split={"fold-1_train": ["a"], "fold-1_test": ["a", "b"]})
    found = pyskl.open_collection(path, Options(split="fold-1"))
    assert [item.test for item in found.items] == [True, True] and "for training and testing" in found.notes[1]
    assert [item.test for item in pyskl.open_collection(put(tmp_path, *map(annotation, "ab"))).items] == [None, None]
    refused(put(tmp_path, annotation("a"), split={"train": "abc", "val": []}), "'train' is no list of the names")
    path = put(tmp_path, annotation("/data/a"), split={"train": ["a"], "val": ["b"]})
    refused(path, "its split into train and test names none of the samples", "'/data/a'", "but 'a'")
    refused(put(tmp_path, annotation("a")), "no split 'xsub'", "it has no splits", options=Options(split="xsub"))


def test_names_of_classes(tmp_path):
    path = put(tmp_path, annotation("a", 2), annotation("b", 0))
    assert pyskl.open_collection(path).class_names == ("0", "1", "2")
    (tmp_path / "names.txt").write_text("\ufeffwalk\nstand up\r\n\nsit\nlie\n", "utf-8")
    found = pyskl.open_collection(path, Options(names=str(tmp_path / "names.txt")))
    assert found.class_names == ("walk", "stand up", "sit", "lie")
    for text, words in (("walk\nsit\n", "labels go to 2"), ("a\na\nb\n", "twice"), ("\n", "is empty")):
        (tmp_path / "names.txt").write_text(text)
        with pytest.raises(InputError, match=words):
            pyskl.open_collection(path, Options(names=str(tmp_path / "names.txt")))
    with pytest.raises(InputError, match=r"none\.txt cannot be read"):
        pyskl.open_collection(path, Options(names=str(tmp_path / "none.txt")))
    found = pyskl.open_collection(put(tmp_path, annotation("S018C001P041R001A001", 0)))
    assert len(found.class_names) == 120  # setup 18 is of NTU RGB+D 120
    found = pyskl.open_collection(put(tmp_path, annotation("S001C001P001R001A005", 0)))
    assert found.class_names == ("0",) and "labels are not the actions" in found.notes[0]


def test_labels_that_count_from_1(tmp_path):
    samples = [annotation(f"own_{n}", label=1 + n % 3) for n in range(6)]
    [note] = [said for said in pyskl.open_collection(put(tmp_path, *samples)).notes if "label" in said]
    assert "1 to 3" in note and "subtract 1" in note
    (tmp_path / "names.txt").write_text("a\nb\nc\n")
    with pytest.raises(InputError, match="labels go to 3; add the rest, or subtract 1"):
        pyskl.open_collection(put(tmp_path, *samples), Options(names=str(tmp_path / "names.txt")))
    for labels in ((0, 1, 2), (1,), (1, 3)):
        some = [annotation(f"own_{n}", label=label) for n, label in enumerate(labels)]
        assert not any("subtract 1" in said for said in pyskl.open_collection(put(tmp_path, *some)).notes)


def test_names_that_are_paths(tmp_path):
    found = pyskl.open_collection(put(tmp_path, annotation("frames/S001C002P003R001A005", 4)))
    assert found.items[0].subject == 3 and found.items[0].numbers == (2, 1, 1) and len(found.class_names) == 60


def test_labels(tmp_path):
    one = annotation("a")
    del one["label"]
    path = put(tmp_path, one)
    refused(path, "annotation 0 (from 0), 'a'", "has the label None")
    assert pyskl.open_collection(path, Options(labelled=False)).items[0].label is None
    assert pyskl.open_collection(put(tmp_path, annotation(label=-1)), Options(labelled=False)).items[0].label is None
    for label in (-1, 1.0, "walk", True, 40_000):
        refused(put(tmp_path, annotation(label=label)), "has the label")
    one = annotation("S001C001P001R001A007")
    del one["label"]
    assert pyskl.open_collection(put(tmp_path, one)).items[0].label == 6
    refused(put(tmp_path, annotation("a", 600)), "label 600", "500 classes")


def test_other_skeletons(tmp_path):
    assert pyskl.open_collection(put(tmp_path, annotation("a", joints=20))).layout is KINECT_V1
    found = pyskl.open_collection(put(tmp_path, annotation("a", joints=17)))
    assert found.layout.joint_names[16] == "joint 16" and len(found.layout.edges) == 16
    assert "nothing tells what the 17 joints are" in found.notes[0]
    assert len(read_all(pyskl, put(tmp_path, annotation("a", joints=1))).joint_names) == 1
    refused(put(tmp_path, annotation("a"), annotation("b", joints=17)), "'a' has 25 joints, but others have 17")


def test_joints_in_2d_are_named(tmp_path):
    flat = annotation("v_1", joints=17, axes=2, keypoint_score=np.ones((1, 4, 17)), img_shape=(1080, 1920))
    refused(put(tmp_path, flat), "joints in 2-D", "3-D alone", "ntu60_3danno.pkl")
    kinetics = {"frame_dir": "k", "label": 0, "raw_file": "k400/k.pkl", "frame_inds": np.arange(3), "total_frames": 3}
    refused(put(tmp_path, kinetics), "joints elsewhere", "Kinetics")


@pytest.mark.parametrize(
    "value, words",
    [
        ([], ["no annotation with a body"]),
        ([None, None], ["no annotation with a body"]),
        ("text", ["no list of annotations"]),
        ({"annotations": {}}, ["no list of annotations"]),
        ({"annotations": [], "split": ["a"]}, ["no list of annotations"]),
        ([3], ["annotation 0 (from 0) is 3 where a dict belongs"]),
        ([{"keypoint": np.zeros((1, 2, 25, 3))}], ["has no frame_dir"]),
        ([{"frame_dir": "a", "label": 0}], ["no keypoint that is an array"]),
        ([{"frame_dir": "a", "label": 0, "keypoint": [[0.0]]}], ["no keypoint that is an array"]),
        ([annotation("a", axes=4)], ["the shape (1, 4, 25, 4)"]),
        ([{"frame_dir": "a", "label": 0, "keypoint": np.zeros((2, 25, 3))}], ["the shape (2, 25, 3)"]),
        ([{"frame_dir": "a", "label": 0, "keypoint": np.full((1, 2, 25, 3), "x")}], ["floating-point numbers"]),
        ([annotation("a", joints=1001)], ["1 to 1000"]),
    ],
)
def test_what_is_no_file_of_the_kind(tmp_path, value, words):
    refused(put(tmp_path, value=value), *words)


def test_hostile_ones_are_refused(tmp_path):
    class Calls:
        def __reduce__(self):
            return os.putenv, ("GCA_SCRATCH_WAS_RUN", "1")

    refused(put(tmp_path, annotation("a", more=Calls())), "putenv, which is not called")


def test_coordinates_that_are_none(tmp_path):
    one = annotation("a")
    one["keypoint"][0, 2, 3, 1] = np.inf
    with pytest.raises(InputError, match=r"y of joint 3 of person 0 in frame 2, all from 0, is infinite"):
        pyskl.read_item(pyskl.open_collection(put(tmp_path, one)).items[0])
    one["keypoint"] = np.full((1, 2, 25, 3), 1e300)
    with pytest.raises(InputError, match="is infinite"):
        pyskl.read_item(pyskl.open_collection(put(tmp_path, one)).items[0])


def test_lists_and_single_annotations(tmp_path):
    for value in ([annotation("a")], annotation("a")):
        path = put(tmp_path, value=value)
        assert pyskl.recognises(path) and read_all(pyskl, path).name.tolist() == ["a"]


def test_the_first_mmaction2s(tmp_path):
    poses = RNG.uniform(-0.1, 0.1, (40, 25, 3)) + np.linspace(0, 0.7, 25)[:, None]
    row = packings.agcn_row([[("1", pose.astype(np.float32))] for pose in poses])
    one = {"frame_dir": "S001C001P001R001A001", "label": 0, "keypoint": row, "total_frames": 40}
    found = pyskl.open_collection(put(tmp_path, value=[one]))
    assert found.meaning.up.value == "+z" and not found.meaning.zeros_absent
    joints = pyskl.read_item(found.items[0]).joints
    assert joints.shape == (40, 2, 25, 3) and np.array_equal(joints, row.transpose(1, 3, 2, 0)[:40])


def test_recognises(tmp_path):
    assert pyskl.recognises(put(tmp_path, annotation())) and pyskl.recognises(tmp_path)
    (tmp_path / "data.pkl").rename(tmp_path / "DATA.PKL")
    assert pyskl.recognises(tmp_path / "DATA.PKL") and pyskl.recognises(tmp_path)
    (tmp_path / "DATA.PKL").rename(tmp_path / "data.bin")
    assert not pyskl.recognises(tmp_path / "data.bin") and not pyskl.recognises(tmp_path)
    labels = tmp_path / "train_label.pkl"
    labels.write_bytes(pickle.dumps((["S001C001P001R001A001.skeleton"], [0])))
    assert not pyskl.recognises(labels) and not pyskl.recognises(tmp_path / "none.pkl")
    refused(tmp_path, "holds 0 pickles of PYSKL (none)")
    for name in ("a.pkl", "b.pickle"):
        put(tmp_path, annotation()).rename(tmp_path / name)
    refused(tmp_path, "holds 2 pickles of PYSKL (a.pkl, b.pickle)")


def test_a_folder_with_one_of_them_and_what_is_damaged(tmp_path):
    (tmp_path / "here").mkdir()
    dead = annotation("S001C001P002R001A002", 1)
    dead["keypoint"][:] = 0
    put(tmp_path / "here", annotation(), dead)
    done = convert.convert("pyskl", tmp_path / "here", tmp_path / "out.npz", 1, False)
    assert done.sequences == 1 and done.damaged[0][0].endswith("data.pkl") and "annotation 1" in done.damaged[0][1]


@pytest.mark.parametrize("plain", [0, 1, 2])
def test_a_file_is_prepared_only_if_its_first_three_samples_are(tmp_path, plain):
    def one(number):
        found = annotation(f"S001C001P00{number + 1}R001A001", frames=6)
        if number != plain:
            found["keypoint"][:, :, 1] = 0  # joint 2 of the first person is the origin
        return found

    found = pyskl.open_collection(put(tmp_path, *map(one, range(4))))
    assert found.meaning.up.value == "+y" and not any(item.repeated for item in found.items)
    plain = 3  # of which nobody takes notice
    found = pyskl.open_collection(put(tmp_path, *map(one, range(4))))
    assert found.meaning.up.value == "+z" and all(item.repeated for item in found.items)
