"""Files that are whole but of another kind: each is said to be what it is, and none to be damaged."""

import json
import pickle
import struct
import zipfile

import numpy as np
import pytest

from gca_scratch.commands.main import main
from gca_scratch.data import neutral
from gca_scratch.data.readers import READERS
from gca_scratch.data.readers.convert import convert
from gca_scratch.data.readers.foreign import described, refuse_others, refuse_others_for, unread
from gca_scratch.runs import Source, load_data
from gca_scratch.support.errors import InputError
from tests.helpers.tiny import skeletons

FILES = {
    "clip.mp4": (b"\0\0\0\x18ftypisom" + bytes(2000), "a video", "MediaPipe"),
    "clip": (b"\0\0\0\x18ftypisom" + bytes(2000), "a video", "MediaPipe"),
    "clip.AVI": (b"RIFF\0\1\0\0AVI LIST", "a video", "MediaPipe"),
    "pose.png": (b"\x89PNG\r\n\x1a\n", "a picture", "MediaPipe"),
    "walk.c3d": (bytes([2, 0x50]) + struct.pack("<H", 30) + bytes(508), "C3D", "as BVH"),
    "walk.trc": (b"PathFileType\t4\t(X/Y/Z)\twalk.trc\n", "TRC", "as BVH"),
    "walk.fbx": (b"Kaydara FBX Binary  \0\x1a\0", "FBX", "Blender"),
    "text.fbx": (b"; FBX 7.4.0 project file\n", "FBX", "Blender"),
    "own.mvnx": (b'<?xml version="1.0"?><mvnx version="4">', "MVNX", "as BVH"),
    "gait.mot": (b"Coordinates\nversion=1\ninDegrees=yes\nendheader\n", "OpenSim's", "BVH"),
    "body.xml": (b'<?xml version="1.0" encoding="UTF-8" ?>\n<OpenSimDocument Version="40000">', "OpenSim's", "BVH"),
    "02.asf": (b"# AST/ASF file\n:version 1.10\n:name VICON\n", "ASF/AMC", "BVH"),
    "02_01.amc": (b"#!OML:ASF F:\\VICON\n:FULLY-SPECIFIED\n:DEGREES\n1\n", "ASF/AMC", "BVH"),
    "a_000000000000_keypoints.json": (
        json.dumps({"version": 1.3, "people": [{"person_id": [-1], "pose_keypoints_2d": [0.5] * 75}]}).encode(),
        "OpenPose's keypoints",
        "3-D",
    ),
    "old_keypoints.json": (json.dumps({"version": 0.1, "people": []}).encode(), "OpenPose's keypoints", "3-D"),
    "coco.json": (json.dumps({"annotations": [{"keypoints": [1, 2, 2]}]}).encode(), "COCO's keypoints", "3-D"),
    "alphapose.json": (json.dumps([{"image_id": "0.jpg", "keypoints": [1]}]).encode(), "COCO's keypoints", "3-D"),
    "other.json": (b"\xef\xbb\xbf" + json.dumps({"a": 1}).encode(), "JSON", "mediapipe"),
    "rows.csv": (b"frame,x,y,z\n0,1,2,3\n", "a table", "neutral format"),
    "landmarks.csv": (b"frame,NOSE_x,NOSE_y,NOSE_z\n0,1,2,3\n", "a table", "as JSON (docs/webcam.md)"),
    "text.txt": (b"no numbers\n", "of no kind that is read", "convert --list"),
    "own.pkl": (pickle.dumps({"a": [1, 2]}, 4), "a pickle", "annotations"),
    "download.npz": (b"<!DOCTYPE html><html><body>quota exceeded</body></html>", "a web page", "download"),
    "lfs.npz": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS", "git lfs pull"),
    "skeletons.tar.gz": (b"\x1f\x8b\x08", "packed", "unpack"),
    "skeletons.7z": (b"7z\xbc\xaf\x27\x1c", "packed", "unpack"),
    "new.mat": (b"MATLAB 7.3 MAT-file, Platform: GLNXA64", "a file of MATLAB 7.3", "-v7"),
    "own.mat": (b"MATLAB 5.0 MAT-file, Platform: GLNXA64", "a MATLAB file", "utdmhad"),
    "poses.h5": (b"\x89HDF\r\n\x1a\n", "HDF5", "neutral format"),
    "weights.pth": (b"PK\x03\x04", "weights", "recordings"),
    "objects.npy": (b"\x93NUMPY\x01\0", "an .npy file without a plain array", "neutral format"),
    "empty.npz": (b"", "empty", "again"),
    "empty.json": (b"", "empty", "again"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_kind_is_named_with_what_would_help(tmp_path, name):
    content, what, advice = FILES[name]
    path = tmp_path / name
    path.write_bytes(content)
    said = str(unread(path))
    assert said.startswith(f"{path} is {what}") and advice in said and "damaged" not in said and "\n" not in said
    with pytest.raises(InputError) as refused:
        refuse_others(path)
    assert str(refused.value) == said


@pytest.mark.parametrize("command", ["info {}", "convert --data {} --out {}.npz", "train --data {} --out {}.run"])
def test_every_command_says_the_same(tmp_path, capsys, command):
    path = tmp_path / "walk.c3d"
    path.write_bytes(FILES["walk.c3d"][0])
    assert main(command.format(path, path).split()) == 2
    said = capsys.readouterr().err
    assert "C3D" in said and "not read" in said
    assert [file.name for file in tmp_path.iterdir()] == ["walk.c3d"]


def test_arrays_of_something_else(tmp_path):
    np.savez(tmp_path / "own.npz", weights=np.zeros(3), bias=np.zeros(3))
    assert "'weights', 'bias'" in str(unread(tmp_path / "own.npz"))
    np.savez(tmp_path / "checkpoint.npz", about="{}", **{"params/layer1.W": np.zeros(3)})
    assert "a network that train has written" in str(unread(tmp_path / "checkpoint.npz"))
    np.savez(tmp_path / "amass.npz", poses=np.zeros((3, 156)), trans=np.zeros((3, 3)))
    assert "SMPL's rotations" in str(unread(tmp_path / "amass.npz"))
    np.savez(tmp_path / "smplx.npz", pose_body=np.zeros((3, 63)), trans=np.zeros((3, 3)))
    assert "SMPL's rotations" in str(unread(tmp_path / "smplx.npz"))
    np.save(tmp_path / "own.npy", np.zeros((30, 25, 3)))
    assert "(30, 25, 3)" in str(unread(tmp_path / "own.npy"))
    np.save(tmp_path / "000001.npy", np.zeros((30, 263)))
    assert "HumanML3D" in str(unread(tmp_path / "000001.npy"))


def test_a_zip_file_is_to_be_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "nturgbd.zip", "w") as archive:
        archive.writestr("nturgb+d_skeletons/S001C001P001R001A001.skeleton", "1")
    said = str(unread(tmp_path / "nturgbd.zip"))
    assert "S001C001P001R001A001.skeleton" in said and "unpack" in said


def test_a_folder_says_what_lies_in_it(tmp_path):
    assert "holds no files" in str(unread(tmp_path))
    (tmp_path / "._hidden").write_bytes(b"")
    assert "holds no files" in str(unread(tmp_path))
    (tmp_path / "a.txt").write_bytes(b"notes")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "clip.mp4").write_bytes(FILES["clip.mp4"][0])
    said = str(unread(tmp_path))
    assert "clip.mp4" in said and "a video" in said
    assert "there is no file or folder" in str(unread(tmp_path / "none"))


def test_a_file_in_a_folder_that_is_read_by_itself_is_named(tmp_path):
    content = {"file_name": "a01_s01_e00_v01", "skeletons": [[[0, 0, 2]] * 20], "label": 1}
    (tmp_path / "mine.json").write_text(json.dumps(content))
    said = str(unread(tmp_path))
    assert "mine.json is of that kind" in said and "nwucla" in said and "give the file itself" in said


def test_what_a_reader_takes_is_named_with_the_command_that_converts_it(tmp_path):
    path = tmp_path / "NTU60_CS.npz"
    np.savez(path, x_train=np.zeros((1, 300, 150), np.float32), y_train=np.ones((1, 60)))
    with pytest.raises(InputError, match="convert --dataset ctrgcn") as refused:
        refuse_others(path)
    assert "damaged" not in str(refused.value)


def test_the_neutral_format_passes_and_its_damaged_files_are_left_to_their_reader(tmp_path):
    path = tmp_path / "own.npz"
    neutral.save(path, skeletons())
    refuse_others(path)
    path.write_bytes(path.read_bytes()[:-100])
    refuse_others(path)
    with pytest.raises(InputError, match="damaged"):
        neutral.load(path)


def test_a_file_of_another_kind_that_is_called_one_of_a_data_set(tmp_path):
    walk = tmp_path / "walk.c3d"
    walk.write_bytes(FILES["walk.c3d"][0])
    for dataset in READERS:
        with pytest.raises(InputError, match="is C3D"):
            refuse_others_for(dataset, walk)
    packed = tmp_path / "NTU60_CS.npz"
    np.savez(packed, x_train=np.zeros((1, 300, 150), np.float32), y_train=np.ones((1, 60)))
    with pytest.raises(InputError, match=r"is not of bvh, but of CTR-GCN.*say --dataset ctrgcn"):
        refuse_others_for("bvh", packed)
    refuse_others_for("ctrgcn", packed)
    with pytest.raises(InputError, match="is not of nwucla, but of CTR-GCN"):
        convert("nwucla", packed, tmp_path / "out.npz", 1, show=False)
    with pytest.raises(InputError, match="is not of kard, but of CTR-GCN"):
        load_data(Source("kard", str(packed)))


@pytest.mark.parametrize(
    "dataset, name", [("utdmhad", "own.mat"), ("sysu", "own.mat"), ("mediapipe", "other.json"), ("ntu", "text.txt"),
                      ("mediapipe", "coco.json"), ("pyskl", "own.pkl"), ("stgcn", "own.pkl"), ("bvh", "empty.npz")]
)  # fmt: skip
def test_what_may_be_of_a_data_set_is_left_to_its_reader(tmp_path, dataset, name):
    (tmp_path / name).write_bytes(FILES[name][0])
    refuse_others_for(dataset, tmp_path / name)


# --- every beginning and every ending, typed once more ----------------------------------------------------------------

ENDINGS = {
    "a video": ".mp4 .m4v .mov .avi .mkv .webm .wmv .mpg .mpeg .flv .ogv",
    "a picture": ".png .jpg .jpeg .gif .bmp .webp",
    "C3D": ".c3d",
    "TRC": ".trc",
    "MVNX": ".mvnx",
    "OpenSim's": ".osim .mot .sto",
    "FBX": ".fbx",
    "a model of a 3-D program": ".gltf .glb .vrm .usd .usda .usdc .blend .dae .vmd .bip .anim",
    "ASF/AMC": ".asf .amc",
    "a web page": ".html .htm",
    "a MATLAB file": ".mat",
    "HDF5": ".h5 .hdf5",
    "packed": ".gz .tgz .tar .bz2 .xz .7z .rar .zst",
    "a pickle": ".pkl .pickle",
    "weights": ".pt .pth .ckpt .onnx .safetensors .task",
    "JSON": ".json .jsonl",
    "a table": ".csv .tsv .xls .xlsx .ods .parquet",
}
BEGINNINGS = {
    "a video": [b"\0\0\0\x20" + word for word in (b"ftyp", b"moov", b"mdat")]
    + [b"RIFF\1\2\3\4AVI ", b"\x1a\x45\xdf\xa3", b"FLV\x01", b"\0\0\x01\xba", b"\0\0\x01\xb3", b"OggS", b"0&\xb2u"],
    "a picture": [b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM\1\2\3\4\0\0\0\0", b"RIFF\1\2\3\4WEBP"],
    "C3D": [b"\x01P..", b"\x08P.."],
    "TRC": [b"PathFileType\t", b" PathFileType 4"],
    "MVNX": [b"<?xml?>\n<mvnx"],
    "OpenSim's": [b"<?xml?>\n<OpenSimDocument", b"x\ninDegrees=no\n", b"x\ninDegrees = yes\n"],
    "FBX": [b"Kaydara FBX Binary", b"; FBX 7"],
    "a model of a 3-D program": [b"glTF", b"BLENDER", b"PXR-USDC", b"#usda", b"Vocaloid Motion Data"],
    "ASF/AMC": [b":version 1", b"# a\n# b\n:FULLY-SPECIFIED"],
    "a web page": [b"<!doctype html", b"<!DOCTYPE HTML", b"\n<HTML>"],
    "a pointer of Git LFS": [b"version https://git-lfs"],
    "a file of MATLAB 7.3": [b"MATLAB 7.3"],
    "a MATLAB file": [b"MATLAB 5.0"],
    "HDF5": [b"\x89HDF"],
    "packed": [b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd", 257 * b"a" + b"ustar"],
    "a pickle": [b"\x80\x02", b"\x80\x05"],
    "JSON": [b" {}", b"[1]"],
    "of no kind that is read": [b"\x80\x06", b"\x09P..", b"RIFF\1\2\3\4WAVE", b"a", 256 * b"a" + b"ustar", b"GIF9"],
}


@pytest.mark.parametrize("what", ENDINGS)
def test_a_file_that_begins_like_nothing_is_what_its_name_says(tmp_path, what):
    for ending in ENDINGS[what].split():
        for name in (f"a{ending}", f"a{ending.upper()}"):
            (tmp_path / name).write_bytes(b"~~~~")
            assert described(tmp_path / name)[0].startswith(what), name
    (tmp_path / "a.xyz").write_bytes(b"~~~~")
    assert described(tmp_path / "a.xyz")[0] == "of no kind that is read"


@pytest.mark.parametrize("what", BEGINNINGS)
def test_a_file_is_what_it_begins_like_whatever_it_is_called(tmp_path, what):
    for content in BEGINNINGS[what]:
        for name in ("a", "a.xyz") if what.startswith("of no") else ("a", "a.xyz", "a.csv", "a.mp4"):
            (tmp_path / name).write_bytes(content + b"~~~~")
            assert described(tmp_path / name)[0].startswith(what), (content, name)


def test_a_folder_is_looked_into_as_far_as_a_hundred_files_and_tries_twenty(tmp_path):
    for place, tried in ((19, True), (20, False)):
        folder = tmp_path / str(place)
        folder.mkdir()
        for n in range(30):
            (folder / f"{n:02}.txt").write_bytes(b"HIERARCHY\n" if n == place else b"~~~~")
        assert ("is of that kind" in str(unread(folder))) == tried
    for place, seen in ((99, True), (100, False)):
        folder = tmp_path / f"many {place}"
        folder.mkdir()
        for n in range(102):
            (folder / f"{n:03}.bin").write_bytes(b"glTF" if n == place else b"~~~~")
        assert ("a model of a 3-D program" in str(unread(folder))) == seen
