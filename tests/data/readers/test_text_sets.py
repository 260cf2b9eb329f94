"""Tests of the readers of MSR Action3D, KARD and Florence 3D Actions, on files written here to their definitions."""

import numpy as np
import pytest

from gca_scratch.data import neutral
from gca_scratch.data.joint_names import find_roles
from gca_scratch.data.meaning import Fact
from gca_scratch.data.readers import florence, kard, msraction3d
from gca_scratch.data.readers.recording import NOTHING_SAID, Options, read_all
from gca_scratch.data.skeleton import chain
from gca_scratch.support.errors import InputError

MSR = "a02_s03_e01_skeleton3D.txt"
FLORENCE = "Florence_dataset_WorldCoordinates.txt"


def table(rows):
    return "".join(" ".join(f"{number:.7g}" for number in row) + "\n" for row in rows)


def msr_rows(frames=2, seed=0):
    places = np.random.default_rng(seed).uniform(0.1, 3, (frames * 20, 3)).round(4)
    return np.hstack([places, np.full((len(places), 1), 0.9)])


def kard_rows(frames=2, seed=0):
    return np.random.default_rng(seed).uniform(100, 3000, (frames * 15, 3)).round(2)


def florence_rows():
    """Three frames of video 1, two of video 2 (the same actor and action again), one of video 3."""
    heads = [(1, 1, 1)] * 3 + [(2, 1, 1)] * 2 + [(3, 10, 9)]
    places = np.random.default_rng(0).uniform(0.1, 3, (6, 45)).round(4)
    return np.hstack([heads, places])


@pytest.fixture
def msr(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / MSR).write_text(table(msr_rows()))
    (tmp_path / "sub/a20_s10_e03_skeleton3D.txt").write_text(table(msr_rows(3, 1)))
    (tmp_path / "readme.txt").write_text("text")
    return tmp_path


@pytest.fixture
def kards(tmp_path):
    (tmp_path / "a04_s03_e02_realworld.txt").write_text(table(kard_rows()))
    (tmp_path / "a04_s03_e02_screen.txt").write_text(table(kard_rows()))
    (tmp_path / "a18_s10_e03_realworld.txt").write_text(table(kard_rows(1)))
    return tmp_path


@pytest.fixture
def florences(tmp_path):
    (tmp_path / FLORENCE).write_text(table(florence_rows()))
    return tmp_path


def refused(reader, path, *words, options=NOTHING_SAID):
    with pytest.raises(InputError) as caught:
        read_all(reader, path, options)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 1000 and all(word in message for word in words), message


@pytest.mark.parametrize("reader, hip", [(msraction3d, "hip center"), (kard, "torso"), (florence, None)])
def test_layouts_are_trees_of_named_joints(reader, hip):
    names, edges = reader.LAYOUT.joint_names, reader.LAYOUT.edges
    root = names.index(hip or "spine")
    assert sorted(chain(len(names), edges, root)) == list(range(len(names))) and len(set(names)) == len(names)
    parents = {child: parent for parent, child in edges}
    assert root not in parents and len(parents) == len(names) - 1
    for child, parent in parents.items():  # no bone crosses from one side to the other
        sides = {name.split()[0] for name in (names[child], names[parent])} & {"left", "right"}
        assert len(sides) < 2
    if hip:
        roles = find_roles(names, edges)
        assert names[roles.hip] == hip and names[roles.left].startswith("left")


def test_msr_action3d(msr):
    data = read_all(msraction3d, msr)
    assert data.name.tolist() == ["a02_s03_e01", "a20_s10_e03"] and data.lengths.tolist() == [2, 3]
    assert [data.class_names[label] for label in data.label] == ["horizontal arm wave", "pick up and throw"]
    assert data.subject.tolist() == [3, 10] and data.repetition.tolist() == [1, 3] and data.view is None
    assert data.joints.shape == (5, 1, 20, 3) and data.joints.dtype == np.float32
    assert np.allclose(data.joints[0, 0], msr_rows()[:20, :3]) and np.allclose(data.joints[1, 0], msr_rows()[20:, :3])
    assert (
        data.joint_names[0] == "right shoulder" and data.joint_names[6] == "hip center" and len(data.class_names) == 20
    )
    assert data.meaning.up == Fact("+y", "definition") and data.meaning.unit == Fact("m", "definition")
    assert data.meaning.rate == data.meaning.hand == Fact()
    neutral.save(msr / "data.npz", data)
    assert np.array_equal(neutral.load(msr / "data.npz").joints, data.joints)


def test_msr_action3d_in_the_picture_says_so_and_nothing_is_known_of_it(tmp_path):
    (tmp_path / "a01_s01_e01_skeleton.txt").write_text(table(msr_rows()))
    found = msraction3d.open_collection(tmp_path)
    assert found.meaning.up == found.meaning.unit == Fact() and "_skeleton3D.txt" in found.notes[0]
    assert np.allclose(msraction3d.read_item(found.items[0]).joints[0, 0], msr_rows()[:20, :3])
    told = msraction3d.open_collection(tmp_path, Options(up="-y", unit="cm", rate="15"))
    assert told.meaning.up == Fact("-y", "user") and told.meaning.unit == Fact("m", "user")
    assert told.meaning.rate == Fact("15", "user")
    assert np.allclose(msraction3d.read_item(told.items[0]).joints[0, 0], 0.01 * msr_rows()[:20, :3])


def test_of_both_forms_of_msr_action3d_that_of_the_world_is_taken(msr):
    (msr / "a02_s03_e01_skeleton.txt").write_text(table(100 * msr_rows()))
    found = msraction3d.open_collection(msr)
    assert [item.path.name for item in found.items] == ["a02_s03_e01_skeleton3D.txt", "a20_s10_e03_skeleton3D.txt"]
    assert "taken" in found.notes[0]
    one = msraction3d.open_collection(msr / "a02_s03_e01_skeleton.txt")
    assert len(one.items) == 1 and one.meaning.unit == Fact()


def test_kard(kards):
    data = read_all(kard, kards)
    assert data.name.tolist() == ["a04_s03_e02", "a18_s10_e03"] and data.lengths.tolist() == [2, 1]
    assert [data.class_names[label] for label in data.label] == ["catch cap", "stand up"]
    assert data.subject.tolist() == [3, 10] and data.repetition.tolist() == [2, 3]
    assert data.joints.shape == (3, 1, 15, 3) and np.allclose(data.joints[1, 0], 0.001 * kard_rows()[15:])
    assert data.meaning.unit == Fact("m", "definition") and data.meaning.up == data.meaning.rate == Fact()
    assert data.joint_names[2:5] == ("right shoulder", "right elbow", "right hand")
    one = kard.open_collection(kards / "a18_s10_e03_realworld.txt", Options(unit="cm"))
    assert np.allclose(kard.read_item(one.items[0]).joints[0, 0], 0.01 * kard_rows(1))


def test_places_in_the_picture_of_kard_are_refused_with_the_name_of_the_right_file(kards):
    refused(kard, kards / "a04_s03_e02_screen.txt", "a04_s03_e02_screen.txt", "give a04_s03_e02_realworld.txt")
    for file in kards.glob("*_realworld.txt"):
        file.unlink()
    assert kard.recognises(kards)
    refused(kard, kards, "_screen.txt", "_realworld.txt")


def test_florence(florences):
    data = read_all(florence, florences)
    assert data.name.tolist() == ["v001_s01_a01", "v002_s01_a01", "v003_s10_a09"]
    assert data.lengths.tolist() == [3, 2, 1] and data.subject.tolist() == [1, 1, 10]
    assert [data.class_names[label] for label in data.label] == ["wave", "wave", "bow"]
    assert data.repetition.tolist() == [1, 2, 1]
    assert np.allclose(data.joints.reshape(6, 45), florence_rows()[:, 3:])
    assert data.meaning.up == data.meaning.unit == data.meaning.rate == Fact()
    same = read_all(florence, florences / FLORENCE, Options(unit="mm", up="+y"))
    assert np.allclose(same.joints, 0.001 * data.joints) and same.meaning.up == Fact("+y", "user")


def test_rows_of_one_video_apart_from_each_other_are_two_sequences(florences):
    rows = florence_rows()
    (florences / FLORENCE).write_text(table([*rows[3:], *rows[:3], rows[3]]))
    assert read_all(florence, florences).lengths.tolist() == [2, 1, 3, 1]


def test_florence_by_its_content_under_another_name(florences):
    (florences / FLORENCE).rename(florences / "florence.txt")
    assert not florence.recognises(florences) and florence.recognises(florences / "florence.txt")
    assert read_all(florence, florences / "florence.txt").lengths.tolist() == [3, 2, 1]


def test_a_florence_file_that_changes_meanwhile_is_noticed(florences):
    found = florence.open_collection(florences)
    (florences / FLORENCE).write_text(table(florence_rows()[3:]))
    with pytest.raises(InputError, match="changed while"):
        florence.read_item(found.items[0])


def spoilt(text, old, new):
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize("reader, name", [(msraction3d, MSR), (kard, "a04_s03_e02_realworld.txt")])
@pytest.mark.parametrize("change", ["\r\n", ",", ";", "\t", "\ufeff", "blank lines", "no end", "e notation"])
def test_what_tools_make_of_such_a_file_is_read(tmp_path, reader, name, change):
    rows = msr_rows() if reader is msraction3d else kard_rows()
    plain = table(rows)
    text = {
        "\r\n": plain.replace("\n", "\r\n"),
        "\ufeff": "\ufeff" + plain,
        "blank lines": "\n" + plain.replace("\n", "   \n\n") + "\n\n",
        "no end": plain.rstrip("\n"),
        "e notation": "".join(" ".join(f"{number:.9e}" for number in row) + "\n" for row in rows),
    }.get(change, plain.replace(" ", change))
    (tmp_path / name).write_bytes(text.encode())
    scale = 1 if reader is msraction3d else 0.001
    assert np.allclose(read_all(reader, tmp_path).joints.reshape(-1, 3), scale * rows[:, :3])


def test_text_in_utf_16_is_told_to_be_that(msr):
    (msr / MSR).write_bytes(table(msr_rows()).encode("utf-16"))
    refused(msraction3d, msr, MSR, "UTF-16", "save it as UTF-8")


def test_nan_is_a_joint_that_is_absent(msr):
    rows = msr_rows()
    rows[3, :3] = np.nan
    (msr / MSR).write_text(table(rows))
    found = msraction3d.open_collection(msr)
    joints = msraction3d.read_item(found.items[0]).joints
    assert np.isnan(joints[0, 0, 3]).all() and np.isnan(joints).sum() == 3


def test_a_sequence_of_zeros_is_damaged(msr, kards, florences):
    (msr / "a13_s09_e02_skeleton3D.txt").write_text(table(np.zeros((40, 4))))
    refused(msraction3d, msr, "a13_s09_e02_skeleton3D.txt", "zeros")
    (kards / "a01_s01_e01_realworld.txt").write_text(table(np.zeros((15, 3))))
    refused(kard, kards, "a01_s01_e01_realworld.txt", "zeros")
    rows = florence_rows()
    rows[3:5, 3:] = 0
    (florences / FLORENCE).write_text(table(rows))
    refused(florence, florences, "video 2", "zeros")


@pytest.mark.parametrize(
    "text, words",
    [
        ("", ["empty"]),
        ("\n \r\n", ["empty"]),
        (table(msr_rows())[:-40], ["belong"]),
        (table(msr_rows()[:-1]), ["39 rows", "20 joints"]),
        (table(msr_rows()[:, :3]), ["line 1", "3 numbers where 4 belong"]),
        (table(np.hstack([msr_rows(), msr_rows()])), ["line 1", "8 numbers where 4"]),
        (spoilt(table(msr_rows()), "0.9\n", "0.9x\n"), ["line 1, column 4", "'0.9x' is not a number"]),
        (spoilt(table(msr_rows()), "0.9\n", "inf\n"), ["line 1, column 4", "'inf'"]),
        (spoilt(table(msr_rows()), "0.9\n", "1e400\n"), ["'1e400'"]),
        (spoilt(table(msr_rows()), "0.9\n", "1_0\n"), ["'1_0'"]),
        (spoilt(table(msr_rows()), "0.9\n", "9" * 5000 + "\n"), ["line 1, column 4"]),
        (spoilt(table(msr_rows()), "0.9\n", "\u0663\n"), ["not a text file"]),
        ("\0" * 1000, ["line 1"]),
        ("1 " * 100_000, ["100000 numbers"]),
    ],
)
def test_damaged_tables(tmp_path, text, words):
    (tmp_path / MSR).write_text(text, encoding="utf-8")
    refused(msraction3d, tmp_path, "a02_s03_e01_skeleton3D.txt", *words)


@pytest.mark.parametrize(
    "place, number, words",
    [
        ((1, 2), 10, ["line 2", "10.0 is no number of an action (1 to 9)"]),
        ((1, 2), 0, ["line 2", "an action"]),
        ((0, 1), 1.5, ["line 1", "1.5", "an actor"]),
        ((5, 0), 40000, ["line 6", "a video"]),
        ((5, 0), np.nan, ["line 6", "a video"]),
    ],
)
def test_numbers_of_florence_that_cannot_be(florences, place, number, words):
    rows = florence_rows()
    rows[place] = number
    (florences / FLORENCE).write_text(table(rows))
    refused(florence, florences, FLORENCE, *words)


@pytest.mark.parametrize("reader", [msraction3d, kard, florence])
def test_what_is_not_there_or_called_otherwise(tmp_path, reader):
    assert not reader.recognises(tmp_path / "nothing") and not reader.recognises(tmp_path)
    refused(reader, tmp_path / "nothing", "there is no ", "nothing")
    refused(reader, tmp_path, "holds no file")
    (tmp_path / "other.txt").write_text("words\n")
    assert not reader.recognises(tmp_path / "other.txt")
    refused(reader, tmp_path / "other.txt", "other.txt")


def test_actions_that_do_not_exist(tmp_path):
    (tmp_path / "a21_s01_e01_skeleton3D.txt").write_text(table(msr_rows()))
    refused(msraction3d, tmp_path, "a21_s01_e01_skeleton3D.txt", "actions 01 to 20")
    (tmp_path / "a19_s01_e01_realworld.txt").write_text(table(kard_rows()))
    refused(kard, tmp_path, "a19_s01_e01_realworld.txt", "actions 01 to 18")


@pytest.mark.parametrize("option", [Options(up="w"), Options(unit="mile"), Options(rate="0")])
def test_options_that_are_none(msr, option):
    refused(msraction3d, msr, "--", options=option)


@pytest.mark.parametrize(("number", "refused"), [("999999", False), ("1000000", True), ("-1000000", True)])
def test_numbers_are_below_a_million(tmp_path, number, refused):
    path = tmp_path / "a04_s03_e02_realworld.txt"
    path.write_text(table(kard_rows()).replace(table(kard_rows()).split()[4], number, 1))
    if refused:
        with pytest.raises(InputError, match=rf"line 2, column 2: '{number}' is not a number below 1e\+06"):
            read_all(kard, path)
    else:
        assert read_all(kard, path).joints[0, 0, 1, 1] == np.float32(999.999)
