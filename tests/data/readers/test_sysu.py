"""Tests of the SYSU 3D HOI reader: on MATLAB files written by SciPy, whole and damaged, and on the real ones."""

import os
import shutil
import struct
import sys
import warnings
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from gca_scratch.data import neutral
from gca_scratch.data.readers import recording, sysu
from gca_scratch.data.skeleton import KINECT_V1
from gca_scratch.support.errors import InputError

DATA = os.environ.get("GCA_SCRATCH_DATA")
SKELETON = np.random.default_rng(0).uniform(-2, 2, (20, 3, 4))
OTHERS = {"text": "words", "cell": np.array([1, "a"], object), "struct": {"x": 1}, "z": np.array([1j])}
CLASS, DIMENSIONS, NUMBERS = 144, 160, 184  # where these are in a file with nothing but a three-dimensional SW


def mat(variables=None, compress=False, format="5", **arrays):
    """A file as bytes: first the variables of a dict, then the others."""
    file = BytesIO()
    savemat(file, {**(variables or {}), **arrays}, do_compression=compress, format=format)
    return file.getvalue()


def changed(content, place, *numbers):
    """The file with these unsigned integers of 4 bytes at a place."""
    return content[:place] + struct.pack(f"<{len(numbers)}I", *numbers) + content[place + 4 * len(numbers) :]


def compressed(content, order="<"):
    """The file with its only variable compressed, whatever is wrong with that."""
    deflated = zlib.compress(content[128:])
    return content[:128] + struct.pack(f"{order}II", 15, len(deflated)) + deflated


WHOLE = mat(SW=SKELETON)
HDF5 = b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM"


@pytest.fixture
def root(tmp_path):
    """Four sequences: actions 2 and 12 of person10, 1 of person2, of one frame, and 12 of person2, compressed."""
    for name, content in (
        ("person10/video2", mat(SW=SKELETON)),
        ("person10/video12", mat(OTHERS, SW=SKELETON[..., :2], last=1)),
        ("person2/video1", mat(SW=SKELETON[..., 0])),
        ("person2/video12", mat(OTHERS, SW=SKELETON[..., :3], last=1, compress=True)),
    ):
        folder = tmp_path / "SYSU3DAction/3DvideoNorm" / name
        folder.mkdir(parents=True)
        (folder / "sklWorld.mat").write_bytes(content)
    return tmp_path


def file(root):
    return root / "SYSU3DAction/3DvideoNorm/person10/video2/sklWorld.mat"


def refused(root, *words):
    with pytest.raises(InputError) as caught:
        recording.read_all(sysu, root)
    message = str(caught.value)
    assert "\n" not in message and all(word in message for word in words), message


def test_reads_the_format(root):
    data = recording.read_all(sysu, root)
    assert data.name.tolist() == ["person2/video1", "person2/video12", "person10/video2", "person10/video12"]
    assert [data.class_names[label] for label in data.label] == ["drinking", "sweeping", "pouring", "sweeping"]
    assert data.subject.tolist() == [2, 2, 10, 10] and data.lengths.tolist() == [1, 3, 4, 2]
    assert data.view is None and data.setup is None and data.repetition is None
    assert data.joint_names == KINECT_V1.joint_names and len(data.class_names) == 12
    assert data.joints.shape == (10, 1, 20, 3) and data.joints.dtype == np.float32
    assert np.array_equal(data.sequence(2)[:, 0], SKELETON.transpose(2, 0, 1).astype(np.float32))
    neutral.save(root / "data.npz", data)
    assert np.array_equal(neutral.load(root / "data.npz").joints, data.joints)


@pytest.mark.parametrize("place", ["", "SYSU3DAction", "SYSU3DAction/3DvideoNorm"])
def test_items_are_found_from_each_of_the_folders(root, place):
    (root / "SYSU3DAction/3DvideoNorm/matlabcode").mkdir()
    (root / "SYSU3DAction/3DvideoNorm/person2/video1/rgb").mkdir()
    (root / "SYSU3DAction/3DvideoNorm/person2/videos").mkdir()
    found = sysu.items(str(root / place))
    assert [(item.subject, item.action) for item in found] == [(2, 1), (2, 12), (10, 2), (10, 12)]
    assert all(item.path.is_file() for item in found)


@pytest.mark.parametrize("names", [("li", "wang"), ("1-2", "3"), ("a1", "b01")])
def test_subjects_without_a_number_each_are_counted(root, names):
    folder = root / "SYSU3DAction/3DvideoNorm"
    for old, new in zip(("person2", "person10"), names, strict=True):
        (folder / old).rename(folder / new)
    assert [(item.subject, item.path.parts[-3]) for item in sysu.items(root)[::2]] == list(enumerate(names, start=1))


def test_folders_without_sequences(root):
    refused(root / "nowhere", "nowhere", "no sequences", "--data")
    refused(file(root).parent, "no sequences", "SYSU3DAction")


def test_a_missing_file_and_an_unknown_action_are_named(root):
    file(root).parent.rename(file(root).parent.with_name("video13"))
    refused(root, "person10", "no action 13", "1 to 12")
    shutil.rmtree(file(root).parent.with_name("video13"))
    (file(root).parent.with_name("video12") / "sklWorld.mat").unlink()
    assert len(sysu.items(root)) == 3
    refused(root, "video12", "sklWorld.mat cannot be read", "copy the file again")


def read(path, content):
    """The joints, (frames, 20, 3), that a file with this content holds."""
    path.write_bytes(content)
    read = sysu.read_item(sysu.Item(path, 1, 1))
    assert read.joints.dtype == np.float32 and read.joints.shape[1:] == (1, 20, 3)
    return read.joints[:, 0]


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("kind", ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"])
def test_every_type_of_numbers_is_read(tmp_path, kind, compress):
    array = (9 * np.abs(SKELETON)).astype(kind)
    for frames in (array, array[..., :1], array[..., 0]):
        joints = read(tmp_path / "a.mat", mat(OTHERS, SW=frames, last=1, compress=compress))
        assert np.array_equal(joints, frames.reshape(20, 3, -1).transpose(2, 0, 1).astype(np.float32))


def test_doubles_stored_as_integers(tmp_path):
    whole = mat(SW=(9 * SKELETON).astype("i2"))
    assert whole[CLASS] == 10
    assert np.array_equal(read(tmp_path / "a.mat", changed(whole, CLASS, 6)), read(tmp_path / "a.mat", whole))


def test_a_file_of_the_other_byte_order(tmp_path):
    head = np.frombuffer(WHOLE[128 : NUMBERS + 8], "<u4").astype(">u4")
    head[(NUMBERS - 128) // 4 - 1] = int.from_bytes(b"SW\0\0")
    numbers = np.frombuffer(WHOLE[NUMBERS + 8 :], "<f8").astype(">f8")
    other = WHOLE[:124] + b"\1\0MI" + head.tobytes() + numbers.tobytes()
    for content in (other, compressed(other, ">")):
        assert np.array_equal(read(tmp_path / "a.mat", content), read(tmp_path / "b.mat", WHOLE))


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", ["MATLAB"]),
        (bytes(200), ["MATLAB"]),
        (b"words and words " * 20, ["damaged, or no MATLAB file"]),
        (HDF5.ljust(512, b"\0") + b"\x89HDF\r\n\x1a\n", ["MATLAB 7.3", "-v7"]),
        (mat(SW=SKELETON[..., 0], format="4"), ["not a MATLAB 5 file", "-v7"]),
        (WHOLE[:128], ["no variable SW"]),
        (mat(S=SKELETON, SWW=SKELETON), ["no variable SW"]),
        (mat(SW=SKELETON[:19]), ["19 x 3 x 4", "20 x 3 x frames"]),
        (mat(SW=SKELETON[..., None]), ["20 x 3 x 4 x 1"]),
        (mat(SW=SKELETON.T), ["4 x 3 x 20"]),
        (mat(SW=SKELETON[:, 0]), ["20 x 4"]),
        (mat(SW=np.zeros((20, 3, 0))), ["20 x 3 x 0"]),
        (mat(SW="words"), ["class char"]),
        (mat(SW={"x": 1}), ["class struct"]),
        (mat(SW=np.array([1, "a"], object)), ["class cell"]),
        (mat(SW=SKELETON > 0), ["class logical"]),
        (mat(SW=SKELETON + 1j), ["no array of real numbers"]),
        (mat(SW=np.zeros((20, 3, 40_000)), compress=True), ["said to have 40000 frames"]),
        (WHOLE[:128] + struct.pack("<II", 15, 8) + b"not zlib", ["damaged", "SciPy"]),
        (compressed(WHOLE)[:-1], ["damaged", "SciPy"]),
        (WHOLE + b"rest", ["damaged", "SciPy"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",  # SciPy writes the time of day into the bytes
)
def test_files_that_are_damaged_or_others(root, content, words):
    file(root).write_bytes(content)
    refused(root, str(file(root)), *words)


@pytest.mark.parametrize(
    "place, numbers, words",
    [
        (CLASS, [17], ["damaged"]),  # an object
        (CLASS, [0x0806], ["no array of real numbers"]),  # said to be complex
        (DIMENSIONS, [20, 2**32 - 3, 2**32 - 4], ["20 x -3 x -4"]),
        (DIMENSIONS, [20, 3, 5], ["SW is damaged"]),
        (DIMENSIONS, [20, 3, 2**31 - 1], ["said to have 2147483647 frames"]),
        (NUMBERS, [9, 1912], ["SW is damaged"]),
        (NUMBERS, [9, 2**32 - 8], ["SW is damaged"]),
        *((NUMBERS, [kind], ["SW is damaged"]) for kind in (0, 8, 10, 14, 16, 19, 20, 30, 9 | 4 << 16, 2**31)),
    ],
)
def test_numbers_that_are_not_what_the_file_says(root, place, numbers, words):  # SciPy 1.17 crashes on some
    damaged = changed(WHOLE, place, *numbers)
    for content in (damaged, compressed(damaged)):
        file(root).write_bytes(content)
        refused(root, str(file(root)), *words)


def test_without_scipy(root, monkeypatch):
    for module in [name for name in sys.modules if name.split(".")[0] == "scipy"]:
        monkeypatch.setitem(sys.modules, module, None)
    refused(root, "video1", "SciPy", "pip install scipy")


def test_a_file_that_is_too_large_is_not_read(root):
    with file(root).open("ab") as opened:
        opened.truncate((64 << 20) + 1)
    refused(root, "video2", "larger than 64 MiB")


@pytest.mark.parametrize("value, shown", [(np.inf, "inf"), (-np.inf, "-inf"), (100.0, "100")])
def test_a_coordinate_that_is_none(root, value, shown):
    skeleton = SKELETON.copy()
    skeleton[3, 1, 2] = value
    file(root).write_bytes(mat(SW=skeleton))
    refused(root, "video2", "SW(4, 2, 3)", "y of the joint 'head'", f"is {shown}")


@pytest.mark.parametrize("bits", [0x7FF8000000000000, 0xFFF8000000000000, 0x7FF00000000007A2])  # the last is R's NA
def test_a_joint_of_nan_is_absent(tmp_path, bits):
    skeleton = np.array(SKELETON, float)
    skeleton.view(np.uint64)[3, :, 2] = bits
    joints = read(tmp_path / "a.mat", mat(SW=skeleton))
    assert np.isnan(joints[2, 3]).all() and np.isnan(joints).sum() == 3


def test_one_file_takes_from_its_path_what_that_tells(root, tmp_path):
    found = sysu.open_collection(file(root))
    assert found.items == [sysu.Item(file(root), 2, 10)] and found.class_names == sysu.CLASS_NAMES
    assert found.layout is KINECT_V1 and found.meaning.up.value == "+y" and found.meaning.unit.value == "m"
    assert sysu.recognises(file(root)) and sysu.recognises(root) and not sysu.recognises(root / "nowhere")
    alone = tmp_path / "sklWorld.mat"
    alone.write_bytes(WHOLE)
    (item,) = sysu.open_collection(alone).items
    assert sysu.read_item(item)[1:4] == (None, 0, "sklWorld")


def test_the_folder_is_found_wherever_it_lies(root):
    (root / "SYSU3DAction").rename(root / "again")
    (root / "SYSU3DAction").mkdir()
    (root / "again").rename(root / "SYSU3DAction/SYSU3DAction")
    (root / "__MACOSX/3DvideoNorm").mkdir(parents=True)
    assert len(sysu.items(root)) == 4
    shutil.copytree(root / "SYSU3DAction/SYSU3DAction", root / "copy")
    refused(root, "copy/3DvideoNorm", "both hold", "remove one of the two")


@pytest.mark.parametrize("compress", [False, True])
def test_a_file_that_is_cut_off_anywhere(tmp_path, compress):
    whole = mat({"first": np.ones((3, 3))}, SW=SKELETON, compress=compress)
    for length in {*range(0, len(whole), 61), *range(120, 420, 3), len(whole) - 1}:
        with pytest.raises(InputError, match=r"a\.mat"):
            read(tmp_path / "a.mat", whole[:length])


@settings(max_examples=150)
@given(st.data())
def test_changed_bytes_never_do_worse_than_an_input_error(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "changed.mat"
    content = bytearray(mat(SW=SKELETON[..., :2], last=1, compress=data.draw(st.booleans(), "compressed")))
    for _ in range(data.draw(st.integers(1, 4), "changes")):
        place = data.draw(st.integers(0, 220) | st.integers(0, len(content) - 1), "place")
        content[place] = data.draw(st.sampled_from([0, 1, 5, 9, 14, 15, 127, 128, 255]) | st.integers(0, 255), "byte")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            joints = read(path, content)
    except InputError as error:
        assert str(path) in str(error) and "\n" not in str(error)
    else:
        assert joints.shape == (2, 20, 3) and not np.isinf(joints).any()  # NaN is a joint that is absent


def test_the_real_data_is_whole():
    if not DATA or not (Path(DATA) / "sysu").is_dir():
        pytest.skip("SYSU 3D HOI is not here: set GCA_SCRATCH_DATA to the folder that holds sysu/")
    data = recording.read_all(sysu, Path(DATA) / "sysu")
    assert len(data) == 480 and np.bincount(data.label).tolist() == 12 * [40] and data.lengths.max() == 638
    median = np.median(data.joints[:, 0].astype(np.float64), axis=0)
    assert median[3, 1] > median[0, 1] > median[15, 1]  # head above hip above foot
    assert 0.3 < np.median(np.linalg.norm(data.joints[:, 0, 2] - data.joints[:, 0, 0], axis=-1)) < 0.6
