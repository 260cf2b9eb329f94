"""Tests of the SBU reader: on files written here to its format, and on the real ones where they are."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from gca_scratch.data import neutral
from gca_scratch.data.readers import recording, sbu
from gca_scratch.data.skeleton import OPENNI
from gca_scratch.support.errors import InputError

DATA = os.environ.get("GCA_SCRATCH_DATA")
FIRST = "s01s02/03/001"


def row(number, value):
    """One row as the data set writes it: 90 coordinates, each 0.001 more than the one before."""
    return f"{number}," + ",".join(f"{value + 0.001 * n:.5g}" for n in range(90))


@pytest.fixture
def root(tmp_path):
    """Three sequences: 3 frames of pair 1 2, 2 frames of the same again, 1 frame of pair 7 1."""
    for name, numbers in ((FIRST, (55, 56, 57)), ("s01s02/03/002", (8, 9)), ("s07s01/08/001", (1,))):
        (tmp_path / name).mkdir(parents=True)
        rows = [row(number, 0.1 * (place + 1)) for place, number in enumerate(numbers)]
        (tmp_path / name / "skeleton_pos.txt").write_bytes("".join(text + "\r\n" for text in rows).encode())
    return tmp_path


def file(root):
    return root / FIRST / "skeleton_pos.txt"


def refused(root, *words):
    with pytest.raises(InputError) as caught:
        recording.read_all(sbu, root)
    message = str(caught.value)
    assert "\n" not in message and all(word in message for word in words), message


def edit_row(root, edit, line=1):
    """Change one row (from 0) of the first file."""
    lines = file(root).read_bytes().decode().split("\r\n")
    lines[line] = edit(lines[line])
    file(root).write_bytes("\r\n".join(lines).encode("latin-1"))


def test_reads_the_format(root):
    data = recording.read_all(sbu, root)
    assert data.name.tolist() == [FIRST, "s01s02/03/002", "s07s01/08/001"]
    assert [data.class_names[label] for label in data.label] == ["kicking", "kicking", "punching"]
    assert data.subject.tolist() == [12, 12, 71] and data.repetition.tolist() == [1, 2, 1]
    assert data.view is None and data.setup is None and data.truth is None
    assert data.joint_names == OPENNI.joint_names and data.edges.tolist() == [list(edge) for edge in OPENNI.edges]
    assert data.joints.shape == (6, 2, 15, 3) and data.joints.dtype == np.float32
    assert data.lengths.tolist() == [3, 2, 1]


def test_image_coordinates_become_metres_with_y_up(root):
    first = sbu.read_item(sbu.items(root)[0]).joints
    assert np.allclose(first[0, 0, 0], [1.28 - 2.56 * 0.1, 0.96 - 1.92 * 0.101, 0.102 * 10 / 7.8125])
    assert np.allclose(first[2, 1, 14], [1.28 - 2.56 * 0.387, 0.96 - 1.92 * 0.388, 0.389 * 10 / 7.8125])


def test_items_name_a_file_each_and_pass_over_what_is_not_of_the_data_set(root):
    for name in (
        "s01s02/03/notes",
        "s01s02x/03/001",
        "__MACOSX/s01s02/03",
        "s01s02/3/001",
        "s\N{SUPERSCRIPT TWO}1s02/03/001",
    ):
        (root / name).mkdir(parents=True)
    (root / "s01s02/readme.txt").write_text("")
    names = [item.relative_to(root).as_posix() for item in sbu.items(str(root))]
    assert names == [f"{name}/skeleton_pos.txt" for name in (FIRST, "s01s02/03/002", "s07s01/08/001")]


def test_a_zip_that_was_unpacked_into_its_own_name(root):
    (root / "s01s02").rename(root / "first")
    (root / "s01s02").mkdir()
    (root / "first").rename(root / "s01s02/s01s02")
    (root / "s07s01").rename(root / "other")
    (root / "deeper/s07s01").mkdir(parents=True)
    (root / "other").rename(root / "deeper/s07s01/s07s01")
    assert recording.read_all(sbu, root).name.tolist() == [FIRST, "s01s02/03/002", "s07s01/08/001"]
    shutil.copytree(root / "s01s02/s01s02/03/002", root / "s01s02/03/002")
    refused(root, "s01s02/03/002 and", "s01s02/s01s02/03/002 are the same sequence", "remove one of the two")


def test_one_file_takes_from_its_path_what_that_tells(root):
    assert sbu.recognises(root) and sbu.recognises(file(root)) and not sbu.recognises(root / "s01s02/03/003")
    found = sbu.open_collection(file(root))
    assert found.layout is OPENNI and found.class_names == sbu.CLASS_NAMES
    assert (found.meaning.up.value, found.meaning.unit.value, found.meaning.rate.value) == ("+y", "m", "15")
    assert sbu.read_item(found.items[0])[1:4] == (2, 12, FIRST)
    alone = root / "skeleton_pos.txt"
    shutil.copy(file(root), alone)
    (item,) = sbu.open_collection(alone).items
    assert sbu.read_item(item)[1:4] == (None, 0, "skeleton_pos") and sbu.read_item(item).repetition is None


def test_a_byte_order_mark_is_no_part_of_the_text(root):
    whole = recording.read_all(sbu, root).joints
    file(root).write_bytes(b"\xef\xbb\xbf" + file(root).read_bytes())
    assert np.array_equal(recording.read_all(sbu, root).joints, whole)
    file(root).write_bytes(file(root).read_text("utf-8-sig").encode("utf-16"))
    refused(root, FIRST, "UTF-16", "save it as UTF-8")


def test_reads_lines_ended_by_lf(root):
    file(root).write_bytes(file(root).read_bytes().replace(b"\r\n", b"\n"))
    assert recording.read_all(sbu, root).lengths.tolist() == [3, 2, 1]


def test_what_it_reads_survives_the_neutral_format(root):
    data = recording.read_all(sbu, root)
    neutral.save(root / "data.npz", data)
    assert np.array_equal(neutral.load(root / "data.npz").joints, data.joints)


def test_folders_without_sequences(root):
    refused(root / "nowhere", "nowhere", "no sequences", "--data")
    refused(root / "s01s02/03", "no sequences", "s01s02/01/001")


def test_a_missing_file_and_an_unknown_class_are_named(root):
    (root / "s07s01/08").rename(root / "s07s01/09")
    refused(root, "s07s01", "09", "no class 09", "01 to 08")
    shutil.rmtree(root / "s07s01")
    file(root).unlink()
    assert len(sbu.items(root)) == 2
    refused(root, FIRST, "skeleton_pos.txt cannot be read", "copy it again")


@pytest.mark.parametrize("content", [b"", b"\r\n", b" \n"])
def test_empty_files(root, content):
    file(root).write_bytes(content)
    refused(root, FIRST, "empty" if content.strip(b"\r\n") == b"" else "line 1: 1 columns")


def test_a_file_that_is_cut_off_anywhere(root):
    whole = (root / "s01s02/03/002/skeleton_pos.txt").read_bytes()
    for length in range(0, len(whole) - 1, 7):
        if whole[:length].endswith(b"\n"):
            continue
        file(root).write_bytes(whole[:length])
        refused(root, FIRST)


@pytest.mark.parametrize(
    "edit, words",
    [
        (lambda row: row.rsplit(",", 1)[0], ["line 2", "90 columns where 91"]),
        (lambda row: row + ",0.5", ["line 2", "92 columns"]),
        (lambda row: "", ["line 2", "1 columns"]),
        (lambda row: row.replace("0.2,", "nan,"), ["line 2", "column 2", "x of the joint 'head' of person 1", "'nan'"]),
        (
            lambda row: row.replace("0.246", "inf"),
            ["line 2", "column 48", "y of the joint 'head' of person 2", "'inf'"],
        ),
        (lambda row: row.replace("0.289", "-1e999"), ["line 2", "column 91", "z of the joint 'right foot'", "range"]),
        (lambda row: row.replace("0.204", "0_204"), ["line 2", "'0_204' is not a number"]),
        (lambda row: row.replace("0.204", ""), ["line 2", "column 6", "'' is not a number"]),
        (lambda row: row.replace("56,", "5x,"), ["line 2", "'5x' is not the next frame number"]),
        (lambda row: row.replace("56,", "55,"), ["line 2", "'55' is not the next frame number"]),
        (lambda row: row.replace("56,", "58,"), ["line 2", "'58' is not the next frame number"]),
        (lambda row: row.replace("0.204", "0.\xe9"), ["not a text file"]),
    ],
)
def test_bad_rows(root, edit, words):
    edit_row(root, edit)
    refused(root, FIRST, *words)


@pytest.fixture(scope="module")
def real():
    if not DATA or not (Path(DATA) / "sbu").is_dir():
        pytest.skip("SBU Kinect Interaction is not here: set GCA_SCRATCH_DATA to the folder that holds sbu/")
    return recording.read_all(sbu, Path(DATA) / "sbu")


def test_the_real_data_is_whole(real):
    assert len(real) == 282 and real.joints.shape == (6822, 2, 15, 3)
    assert np.bincount(real.label).tolist() == [42, 43, 40, 41, 18, 21, 39, 38]
    assert len(np.unique(real.subject)) == 21 and set("".join(map(str, real.subject))) == set("1234567")
    assert np.bincount(real.repetition).tolist() == [0, 163, 112, 7]
    assert (real.lengths.min(), real.lengths.max()) == (10, 46)
    assert real.name[0] == "s01s02/01/001"


def test_the_real_bodies_are_bodies(real):
    """Heads above torsos above feet, a torso to neck of 0.19 to 0.26 m, everybody 0.9 to 3.3 m from the sensor."""
    joints = real.joints.astype(np.float64)
    assert (joints[:, :, 0, 1] > joints[:, :, 2, 1]).all() and joints[..., 2].min() > 0.9 and joints[..., 2].max() < 3.3
    assert np.mean(joints[:, :, 2, 1] > joints[:, :, [11, 14], 1].max(-1)) > 0.99
    torso = np.linalg.norm(joints[:, :, 2] - joints[:, :, 1], axis=-1)
    assert np.quantile(torso, 0.01) > 0.19 and np.quantile(torso, 0.99) < 0.26


def test_the_real_bodies_are_not_mirrored(real):
    """In a right-handed space with y up, a right shoulder is on the side of (ahead x up) of a left one."""
    agree = []
    for label, start, end in zip(real.label, real.offsets, real.offsets[1:], strict=False):
        persons = real.joints[start:end].astype(np.float64)
        ahead = persons[:, ::-1, 2] - persons[:, :, 2]  # people look at each other
        rightwards = np.cross(ahead, [0.0, 1.0, 0.0])
        across = persons[:, :, 6] - persons[:, :, 3]
        if sbu.CLASS_NAMES[label] != "departing":
            agree.extend(np.median((across * rightwards).sum(-1), axis=0) > 0)
    assert np.mean(agree) > 0.98


def test_people_shake_hands_with_the_right_one(real):
    """And so tells a mirrored recording, which the shoulders alone would not."""
    right = []
    for n in np.flatnonzero(real.label == sbu.CLASS_NAMES.index("shaking hands")):
        persons = real.sequence(n)
        reach = np.linalg.norm(persons[:, :, [5, 8]] - persons[:, :, 2:3], axis=-1).max(axis=0)
        right.extend(reach[:, 1] > reach[:, 0])
    assert np.sum(right) == 34 and len(right) == 36
