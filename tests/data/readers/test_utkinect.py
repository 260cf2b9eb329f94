"""Tests of the UT-Kinect reader: on files written here to its format, and on the real ones where they are."""

import os
from pathlib import Path

import numpy as np
import pytest

from gca_scratch.data import neutral
from gca_scratch.data.readers import utkinect
from gca_scratch.data.readers.recording import Options
from gca_scratch.data.skeleton import KINECT_V1
from gca_scratch.support.errors import InputError
from tests.data.readers.test_convert import quietly

DATA = os.environ.get("GCA_SCRATCH_DATA")


def pose(number, value):
    """One row as the data set writes it: several blanks between columns, a blank at the end."""
    return f"{number}   " + "  ".join(f"{value + 0.001 * n:.6f}" for n in range(60)) + " "


@pytest.fixture
def root(tmp_path):
    """Two files: frames 10, 14, 18, 18, 24, 30 of s01_e01, and 5, 9 of s03_e02, with three labels and one hole."""
    (tmp_path / "joints").mkdir()
    first = [pose(number, place) for place, number in enumerate((10, 14, 18, 18, 24, 30))]
    second = [pose(5, 0.5), pose(9, -0.5)]
    (tmp_path / "joints/joints_s01_e01.txt").write_bytes("".join(row + "\r\n" for row in first).encode())
    (tmp_path / "joints/joints_s03_e02.txt").write_bytes("".join(row + "\r\n" for row in second).encode())
    (tmp_path / "actionLabel.txt").write_text(
        "s01_e01\nclapHands: 12 24\nwalk:  10 13 \n\ns03_e02\ncarry:  NaN NaN\nsitDown: 5  9\n"
    )
    return tmp_path


def refused(root, *words):
    with pytest.raises(InputError) as caught:
        utkinect.read(root)
    message = str(caught.value)
    assert "\n" not in message and all(word in message for word in words), message


def edit_row(root, edit, row=1, file="s01_e01"):
    """Change one row (from 0) of a file of poses."""
    path = root / f"joints/joints_{file}.txt"
    lines = path.read_bytes().decode().split("\r\n")
    lines[row] = edit(lines[row])
    path.write_bytes("\r\n".join(lines).encode())


def edit_labels(root, old, new):
    path = root / "actionLabel.txt"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_reads_the_format(root):
    data = utkinect.read(root)
    assert data.name.tolist() == ["s01_e01 clapHands", "s01_e01 walk", "s03_e02 sitDown"]
    assert [data.class_names[label] for label in data.label] == ["clapHands", "walk", "sitDown"]
    assert data.subject.tolist() == [1, 1, 3] and data.repetition.tolist() == [1, 1, 2]
    assert data.view is None and data.setup is None and data.truth is None
    assert data.joint_names == KINECT_V1.joint_names and data.edges.tolist() == [list(e) for e in KINECT_V1.edges]
    assert data.joints.shape == (7, 1, 20, 3) and data.joints.dtype == np.float32
    assert data.lengths.tolist() == [4, 1, 2]


def test_repeated_frame_numbers_keep_both_poses_in_the_order_of_the_file(root):
    frames = utkinect.read(root).sequence(0)
    assert frames[:, 0, 0, 0].tolist() == [1, 2, 3, 4]
    assert np.allclose(frames[0, 0].ravel(), 1 + 0.001 * np.arange(60))


def test_reads_lines_ended_by_lf_and_a_last_row_without_a_line_end(root):
    path = root / "joints/joints_s03_e02.txt"
    path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").rstrip(b"\n"))
    assert utkinect.read(root).lengths.tolist() == [4, 1, 2]


def test_a_byte_order_mark_is_no_part_of_the_text(root):
    whole = utkinect.read(root).joints
    for path in (root / "actionLabel.txt", root / "joints/joints_s03_e02.txt"):
        content = path.read_bytes()
        path.write_bytes(b"\xef\xbb\xbf" + content)
        assert np.array_equal(utkinect.read(root).joints, whole)
        path.write_bytes(content.decode().encode("utf-16"))
        refused(root, path.name, "UTF-16", "save it as UTF-8")
        path.write_bytes(content)


def test_the_labels_may_lie_in_a_folder_below(root):
    for place in ("x/y", "__MACOSX"):
        (root / place).mkdir(parents=True)
    for name in ("joints", "actionLabel.txt"):
        (root / name).rename(root / "x/y" / name)
    (root / "__MACOSX/actionLabel.txt").write_bytes(b"x")
    assert utkinect.read(root).lengths.tolist() == [4, 1, 2] and utkinect.recognises(root)
    (root / "x/actionLabel.txt").write_bytes(b"x")
    refused(root, "x/y both hold an actionLabel.txt", "give one of them")


def test_one_file_has_its_actions_or_none(root):
    file = root / "joints/joints_s01_e01.txt"
    found = utkinect.open_collection(file)
    assert [utkinect.read_item(item).name for item in found.items] == ["s01_e01 clapHands", "s01_e01 walk"]
    assert (found.meaning.up.value, found.meaning.unit.value, found.meaning.rate.value) == ("+y", "m", "15")
    assert found.layout is KINECT_V1 and utkinect.recognises(file) and not utkinect.recognises(root / "actionLabel.txt")
    (item,) = utkinect.open_collection(file, Options(labelled=False)).items
    whole = utkinect.read_item(item)
    assert whole.joints.shape == (6, 1, 20, 3) and whole[1:4] == (None, 1, "s01_e01") and whole.repetition == 1
    (root / "actionLabel.txt").unlink()
    assert len(utkinect.open_collection(file).items) == 1
    file.rename(root / "mine.txt")
    (item,) = utkinect.open_collection(root / "mine.txt").items
    assert utkinect.read_item(item)[1:4] == (None, 0, "mine")


def test_a_file_without_an_action_is_named(root):
    edit_labels(root, "s03_e02\ncarry:  NaN NaN\nsitDown: 5  9\n", "")
    with pytest.raises(InputError, match=r"has no action of joints_s03_e02\.txt"):
        utkinect.open_collection(root / "joints/joints_s03_e02.txt")


def test_what_it_reads_survives_the_neutral_format(root):
    data = utkinect.read(root)
    neutral.save(root / "data.npz", data)
    assert np.array_equal(neutral.load(root / "data.npz").joints, data.joints)


def test_a_missing_folder_or_label_file(root):
    refused(root / "nowhere", "no folder", "nowhere", "--data")
    (root / "actionLabel.txt").unlink()
    refused(root, "actionLabel.txt", "cannot be read")


def test_a_missing_file_of_poses_is_named_with_the_label_that_wants_it(root):
    (root / "joints/joints_s03_e02.txt").unlink()
    refused(root, "actionLabel.txt, line 7", "joints_s03_e02.txt is missing")


@pytest.mark.parametrize("content", [b"", b"\r\n"])
def test_empty_files(root, content):
    (root / "joints/joints_s03_e02.txt").write_bytes(content)
    refused(root, "joints_s03_e02.txt is empty")
    (root / "actionLabel.txt").write_bytes(content)
    refused(root, "actionLabel.txt is empty")


def test_a_file_that_is_cut_off_anywhere(root):
    path = root / "joints/joints_s03_e02.txt"
    whole = path.read_bytes()
    for length in range(0, len(whole) - 3, 2):
        path.write_bytes(whole[:length])
        refused(root, "joints_s03_e02.txt")


@pytest.mark.parametrize(
    "edit, words",
    [
        (lambda row: row.rsplit(None, 1)[0] + " ", ["line 2", "60 columns where 61"]),
        (lambda row: row + " 0.5 ", ["line 2", "62 columns"]),
        (lambda row: "", ["line 2", "0 columns"]),
        (lambda row: row.replace("1.004000", "nan"), ["line 2", "column 6", "y of the joint 'spine'", "'nan'"]),
        (lambda row: row.replace("1.000000", "inf"), ["line 2", "column 2", "x of the joint 'hip center'", "'inf'"]),
        (lambda row: row.replace("1.059000", "-1e999"), ["line 2", "column 61", "z of the joint 'right foot'"]),
        (lambda row: row.replace("1.004000", "1,004"), ["line 2", "'1,004' is not a number"]),
        (lambda row: row.replace("14 ", "1x4 ", 1), ["line 2", "'1x4' is not a frame number"]),
        (lambda row: row.replace("14 ", "9 ", 1), ["line 2", "'9'", "smaller than the one before"]),
        (lambda row: row.replace("14 ", "NaN ", 1), ["line 2", "'NaN' is not a frame number"]),
        (lambda row: row.replace("1.004000", "1.\xe9"), ["joints_s01_e01.txt", "not a text file"]),
    ],
)
def test_bad_rows(root, edit, words):
    edit_row(root, edit)
    refused(root, "joints_s01_e01.txt", *words)


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("sitDown: 5  9", "sitDown: 6 8", ["line 7", "sitDown", "6 to 8", "no such frames", "5 to 9"]),
        ("sitDown: 5  9", "sitDown: 9 5", ["line 7", "9 to 5"]),
        ("sitDown: 5  9", "sitDown: 5 13", ["line 7", "5 to 13", "ends too early"]),
        ("sitDown: 5  9", "sitDown: 5", ["line 7", "'sitDown: 5'"]),
        ("sitDown: 5  9", "sitDown: five 9", ["line 7", "'five'"]),
        ("sitDown: 5  9", "sitDown: NaN 9", ["line 7", "'NaN'", "NaN NaN"]),
        ("sitDown", "sleep", ["line 7", "'sleep' is not one of the actions walk, sitDown"]),
        ("walk", "clapHands", ["line 3", "clapHands twice"]),
        ("s01_e01\n", "", ["line 1", "'clapHands: 12 24'"]),
        ("s03_e02", "s04_e02", ["line 7", "joints_s04_e02.txt is missing"]),
        ("s03_e02", "../../etc", ["line 5", "'../../etc'"]),
    ],
)
def test_bad_labels(root, old, new, words):
    edit_labels(root, old, new)
    refused(root, "actionLabel.txt", *words)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    if not DATA or not (Path(DATA) / "utkinect").is_dir():
        pytest.skip("UT-Kinect is not here: set GCA_SCRATCH_DATA to the folder that holds utkinect/")
    out = tmp_path_factory.mktemp("utkinect") / "ut.npz"
    result = quietly("utkinect", Path(DATA) / "utkinect", out)
    assert (result.sequences, result.frames, result.damaged) == (199, 6027, [])
    return neutral.load(out)


def test_the_real_data_is_whole(real):
    assert len(real) == 199 and real.joints.shape == (6027, 1, 20, 3)
    assert np.bincount(real.label).tolist() == [20, 20, 20, 20, 19, 20, 20, 20, 20, 20]
    assert np.bincount(real.subject).tolist() == [0] + 9 * [20] + [19]
    assert np.bincount(real.repetition).tolist() == [0, 100, 99]
    assert (real.lengths.min(), real.lengths.max()) == (5, 114)
    assert "s10_e02 carry" not in real.name and real.name[0] == "s01_e01 walk" and real.name[-1] == "s10_e02 clapHands"


def test_the_real_bodies_are_bodies(real):
    """Heads above hips above feet, a torso of 0.3 to 0.55 m and everybody 0.7 to 4.5 m from the sensor."""
    median = np.median(real.joints[:, 0], axis=0)
    assert median[3, 1] > median[0, 1] > median[15, 1]
    torso = np.linalg.norm(real.joints[:, 0, 2] - real.joints[:, 0, 0], axis=-1)
    assert 0.3 < np.median(torso) < 0.55
    assert real.joints[..., 2].min() > 0.7 and real.joints[..., 2].max() < 4.5
