"""Tests of the neutral format: what goes in comes out, and bad files are refused in one clear sentence."""

import io
import os
import tempfile
import zipfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gca_scratch.data import neutral
from gca_scratch.data.meaning import known, to_rows
from gca_scratch.data.neutral import Skeletons, check, load, save
from gca_scratch.support import writing
from gca_scratch.support.errors import InputError

LETTERS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=8)


def example(**changes):
    """Two sequences of 2 and 3 frames, two persons, three joints."""
    joints = np.arange(5 * 2 * 3 * 3, dtype=np.float32).reshape(5, 2, 3, 3)
    data = Skeletons(
        joints=joints,
        offsets=np.array([0, 2, 5]),
        label=np.array([1, 0], np.int16),
        subject=np.array([3, 4], np.int16),
        name=np.array(["a run", "b walk"]),
        class_names=("walk", "run"),
        joint_names=("hip", "neck", "head"),
        edges=np.array([[0, 1], [1, 2]], np.int16),
        repetition=np.array([1, 2], np.int16),
        test=np.array([False, True]),
        meaning=known(up="+y", unit="m", rate="30"),
    )
    return replace(data, **changes)


def write(path, compressed=False, **changes):
    """The example as a file with some of its arrays exchanged, or left out where the change is None."""
    arrays = {field.name: getattr(example(), field.name) for field in fields(Skeletons)}
    arrays |= {"meaning": np.array(to_rows(example().meaning))} | changes
    arrays = {key: value for key, value in arrays.items() if value is not None}
    (np.savez_compressed if compressed else np.savez)(path, **arrays)
    return path


def rewrite(path, key, edit):
    """Exchange the bytes of one array's member, as a foreign or hostile program might."""
    members = {}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            members[info.filename] = archive.read(info)
    members[f"{key}.npy"] = edit(members[f"{key}.npy"])
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def assert_same(found, data):
    for field in fields(Skeletons):
        a, b = getattr(found, field.name), getattr(data, field.name)
        if isinstance(b, np.ndarray):
            assert np.array_equal(a, b) and (a.dtype == b.dtype or a.dtype.kind == b.dtype.kind == "U"), field.name
        else:
            assert a == b, field.name


def refused(path, *words):
    with pytest.raises(InputError) as caught:
        load(path)
    message = str(caught.value)
    assert str(path) in message and "\n" not in message
    assert all(word in message for word in words), message


@st.composite
def skeletons(draw):
    """Any valid data: one or two persons, any joints, bones, names, lengths, optional arrays."""
    n, persons, joints = draw(st.integers(1, 5)), draw(st.integers(1, 2)), draw(st.integers(1, 8))
    offsets = np.cumsum([0] + draw(st.lists(st.integers(1, 6), min_size=n, max_size=n)), dtype=np.int64)
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    scale = draw(st.sampled_from([1e-30, 1.0, 1e3, 1e38]))
    class_names = tuple(draw(st.lists(LETTERS, min_size=1, max_size=4, unique=True)))
    joint_names = tuple(draw(st.lists(LETTERS, min_size=joints, max_size=joints, unique=True)))
    name = np.array(draw(st.lists(LETTERS, min_size=n, max_size=n)))

    def numbers(high=32767):
        return rng.integers(0, high, n, endpoint=True).astype(np.int16)

    return Skeletons(
        joints=(scale * rng.uniform(-1, 1, (offsets[-1], persons, joints, 3))).astype(np.float32),
        offsets=offsets,
        label=numbers(len(class_names) - 1),
        subject=numbers(),
        name=name,
        class_names=class_names,
        joint_names=joint_names,
        edges=np.array([(rng.integers(k), k) for k in range(1, joints)], np.int16).reshape(-1, 2),
        view=numbers() if draw(st.booleans()) else None,
        setup=numbers() if draw(st.booleans()) else None,
        repetition=numbers() if draw(st.booleans()) else None,
        truth=rng.random((offsets[-1], joints)) < 0.5 if draw(st.booleans()) else None,
    )


@given(skeletons())
@settings(max_examples=40)
def test_what_is_saved_is_loaded(data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.npz"
        save(path, data)
        assert_same(load(path), data)
        assert os.listdir(folder) == ["data.npz"]


def test_sequences_are_views_and_lengths_add_up():
    data = example()
    assert len(data) == 2 and data.lengths.tolist() == [2, 3]
    assert data.sequence(1).shape == (3, 2, 3, 3) and np.shares_memory(data.sequence(1), data.joints)
    assert np.array_equal(data.sequence(1), data.joints[2:])


def test_same_data_same_bytes(tmp_path, monkeypatch):
    save(tmp_path / "a.npz", example())
    monkeypatch.setattr("time.time", lambda: 2e9)
    save(tmp_path / "b.npz", example(name=np.array(["a run", "b walk"], "U40")))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_the_bytes_are_those_of_numpy():
    arrays = {"one": np.arange(6.0).reshape(2, 3), "text": np.array("words"), "none": np.zeros((0, 2), np.int16)}
    arrays["by columns"] = np.asfortranarray(arrays["one"])
    ours, numpys = io.BytesIO(), io.BytesIO()
    writing.write_npz(ours, arrays)
    np.savez(numpys, **arrays)
    assert ours.getvalue() == numpys.getvalue()


def test_other_widths_of_number_and_compressed_files_are_read(tmp_path):
    path = write(
        tmp_path / "wide.npz",
        compressed=True,
        joints=example().joints.astype(">f8"),
        offsets=np.array([0, 2, 5], np.uint8),
        label=np.array([1, 0], np.uint64),
        edges=np.asfortranarray([[0, 1], [1, 2]], dtype=np.int64),
        name=np.array(["a run", "b walk"], ">U9"),
        fps=np.array(30),
    )
    assert_same(load(path), example())


def test_the_nan_of_another_program_is_absent(tmp_path):
    joints = example().joints.astype(float)
    joints.view(np.uint64)[1, 0, 2] = 0x7FF00000000007A2  # R's NA, which makes a processor complain
    found = load(write(tmp_path / "a.npz", joints=joints)).joints
    assert np.isnan(found[1, 0, 2]).all() and np.isnan(found).sum() == 3


def test_saving_keeps_the_old_file_when_it_fails(tmp_path, monkeypatch):
    path = tmp_path / "data.npz"
    save(path, example())
    before = path.read_bytes()

    def full_disk(file, arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    with open(path, "rb") as reader:  # whoever reads the old file goes on reading it
        save(path, example(joints=example().joints + 1))
        assert reader.read() == before
    save(path, example())
    monkeypatch.setattr(neutral, "write_npz", full_disk)
    with pytest.raises(InputError, match="No space left on device"):
        save(path, example())
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["data.npz"]
    with pytest.raises(InputError, match="offsets"):
        save(tmp_path / "new.npz", example(offsets=np.array([0, 2, 4])))
    assert os.listdir(tmp_path) == ["data.npz"]


def test_a_missing_folder_is_made_and_a_file_in_its_place_is_named(tmp_path):
    save(tmp_path / "new" / "data.npz", example())
    assert_same(load(tmp_path / "new" / "data.npz"), example())
    with pytest.raises(InputError, match=r"data.npz/more.npz cannot be written \("):
        save(tmp_path / "new" / "data.npz" / "more.npz", example())


def test_files_that_are_no_npz(tmp_path):
    refused(tmp_path / "missing.npz", "cannot be read", "No such file")
    refused(tmp_path, "cannot be read")
    (tmp_path / "text.npz").write_text("joints")
    refused(tmp_path / "text.npz", "not an .npz file")
    (tmp_path / "empty.npz").write_bytes(b"")
    refused(tmp_path / "empty.npz", "not an .npz file")
    np.save(tmp_path / "array.npy", example().joints)
    refused(tmp_path / "array.npy", "not an .npz file")
    whole = write(tmp_path / "cut.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    refused(tmp_path / "cut.npz", "damaged")


@pytest.mark.parametrize("key", sorted(set(neutral._ARRAYS) - set(neutral._OPTIONAL)))
def test_a_missing_key(tmp_path, key):
    refused(write(tmp_path / "data.npz", **{key: None}), f"lacks the array '{key}'")


def spoiled(place, value):
    joints = example().joints.copy()
    joints[place] = value
    return joints


I16 = np.int16


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"joints": np.array([None, {}])}, ["joints", "Python objects"]),
        ({"name": np.array(["a", 1], object)}, ["name", "Python objects"]),
        ({"joints": np.zeros((5, 2, 3, 3), int)}, ["joints", "int64", "floating-point"]),
        ({"joints": np.zeros((5, 2, 3, 3), complex)}, ["joints", "complex128"]),
        ({"joints": np.zeros((5, 3, 3))}, ["joints", "3 dimensions", "4 dimensions"]),
        ({"joints": np.zeros((5, 2, 3, 2))}, ["joints", "(5, 2, 3, 2)"]),
        ({"joints": np.zeros((5, 0, 3, 3))}, ["joints", "one person"]),
        ({"label": np.array([1.0, 0.0])}, ["label", "float64", "whole numbers"]),
        ({"label": np.array([1, 40000])}, ["label", "40000", "int16"]),
        ({"name": np.array([b"a", b"b"])}, ["name", "unicode"]),
        ({"truth": np.zeros((5, 3))}, ["truth", "booleans"]),
        ({"truth": np.zeros((5, 2), bool)}, ["truth", "(5, 2)", "(5, 3)"]),
        ({"offsets": np.array([1, 2, 5])}, ["offsets", "from 1 to 5", "from 0 to 5"]),
        ({"offsets": np.array([0, 2, 4])}, ["offsets", "from 0 to 4"]),
        ({"offsets": np.array([0, 2, 6])}, ["offsets", "from 0 to 6"]),
        ({"offsets": np.array([0, 5])}, ["offsets", "(2,)", "(3,)"]),
        ({"offsets": np.array([0, 0, 5])}, ["sequence 0 ('a run')", "no frames"]),
        ({"offsets": np.array([0, 9, 5])}, ["sequence 1 ('b walk')", "from 9 to 5"]),
        ({"offsets": np.array([0, -(2**63), 5])}, ["sequence 0", "ends before it starts"]),
        (
            {
                "offsets": np.array([0]),
                "label": np.zeros(0, I16),
                "subject": np.zeros(0, I16),
                "name": np.zeros(0, "U1"),
                "repetition": None,
            },
            ["no sequences"],
        ),
        ({"label": np.array([1, 2])}, ["label[1] is 2", "0 to 1"]),
        ({"label": np.array([-1, 0])}, ["label[0] is -1"]),
        ({"subject": np.array([3, -4])}, ["subject[1] is -4"]),
        ({"view": np.array([-3, 1])}, ["view[0] is -3"]),
        ({"setup": np.array([1, 1, 1])}, ["setup", "(3,)", "(2,)"]),
        ({"subject": np.array([1])}, ["subject", "(1,)", "(2,)"]),
        ({"joint_names": np.array(["hip", "neck"])}, ["joint_names", "2 names", "3 joints"]),
        ({"joint_names": np.array(["hip", "neck", "hip"])}, ["joint_names", "'hip' twice"]),
        ({"class_names": np.array(["walk", "walk"])}, ["class_names", "'walk' twice"]),
        ({"name": np.array(["a", "\ud800"])}, ["name[1]", "unicode"]),
        ({"edges": np.array([[0, 1], [1, 3]])}, ["edges[1]", "[1, 3]", "0 to 2"]),
        ({"edges": np.array([[-1, 1], [1, 2]])}, ["edges[0]", "[-1, 1]"]),
        ({"edges": np.array([[0, 1, 2]])}, ["edges", "(1, 3)", "(1, 2)"]),
        ({"edges": np.array([[0, 1]])}, ["data.npz: the bones", "do not lead from joint 0 to joint 2"]),
        ({"edges": np.array([[0, 1], [1, 0]])}, ["data.npz: bone 1", "closes a loop"]),
        ({"edges": np.zeros((100_000, 2), np.int8)}, ["edges holds 100000 bones", "3 joints"]),
        ({"class_names": np.array([f"c{n}" for n in range(501)])}, ["class_names holds 501 names"]),
        ({"name": np.array(["\x1b[2J", "b"])}, ["name[0]", r"'\x1b[2J'", "control character"]),
        ({"test": np.array([True])}, ["test has the shape (1,)", "(2,)"]),
        ({"meaning": np.array([["up", "+y"]])}, ["is no name, value and source"]),
        ({"meaning": np.array([["up", "y", "file"]])}, ["meaning says 'up y file', which cannot be"]),
        ({"meaning": np.array([["colour", "red", "file"]])}, ["meaning says 'colour red file'"]),
        ({"meaning": np.array([["rate", "1e9", "file"]])}, ["meaning says 'rate 1e9 file'"]),
        (
            {"joints": spoiled((3, 1, 2, 0), -np.inf)},
            ["sequence 1 ('b walk')", "frame 1", "person 1", "joint 2 ('head')"],
        ),
        ({"joints": spoiled((1, 0, 1, 2), -np.inf)}, ["sequence 0 ('a run')", "frame 1", "joint 1 ('neck')", "-inf"]),
        ({"joints": spoiled(0, 1).astype(float) * 1e39}, ["sequence 0", "frame 0", "inf"]),
    ],
)
def test_bad_arrays(tmp_path, changes, words):
    refused(write(tmp_path / "data.npz", **changes), *words)


def test_a_bad_coordinate_is_found_in_every_block():
    data = example(joints=np.zeros((5, 2, 3, 3), np.float32))
    for frame in range(5):
        data.joints[:] = 0
        data.joints[frame, 1, 1, 1] = np.inf
        with pytest.raises(InputError, match=f"frame {frame if frame < 2 else frame - 2}, person 1, joint 1"):
            neutral._check_infinite(data, "here", block=2)


def test_check_wants_the_types_of_the_format():
    check(example(), "here")
    with pytest.raises(InputError, match="here: joints is not a float32 array of 4 dimensions"):
        check(example(joints=example().joints.astype(float)), "here")
    with pytest.raises(InputError, match="here: label is not"):
        check(example(label=[0, 1]), "here")


def npy(header, content=b""):
    header = header.encode() + b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content


@pytest.mark.parametrize(
    "descr, shape",
    [
        ("<f4", "(1000000000000, 2, 3, 3)"),
        ("<f4", "(5, 2, 3, 2)"),
        ("<f4", "(-5, -2, 3, 3)"),
        ("<f4", "(99999999999999999999999, 2, 3, 3)"),
        ("<f8", "(5, 2, 3, 3)"),
        ("<f4", "'many'"),
        ("|V999999999", "()"),
    ],
)
def test_a_header_that_claims_more_than_is_there_is_not_believed(tmp_path, descr, shape):
    path = write(tmp_path / "data.npz")
    rewrite(
        path,
        "joints",
        lambda content: npy(
            f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}", content[-5 * 2 * 3 * 3 * 4 :]
        ),
    )
    refused(path)


def test_endless_names_of_no_bytes_are_refused(tmp_path):
    path = write(tmp_path / "data.npz")
    rewrite(path, "name", lambda content: npy("{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000000,)}"))
    refused(path, "name", "claims")


def test_letters_beyond_unicode_are_refused(tmp_path):
    path = write(tmp_path / "data.npz")
    rewrite(path, "name", lambda content: content[:-4] + b"\xff\xff\xff\x7f")
    refused(path, "damaged")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    path = write(tmp_path / "bomb.npz", compressed=True, joints=np.zeros((10**6, 1, 3, 3), np.float32))
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("unpacked"))
    refused(path, "claims to unpack")


def test_nothing_is_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    refused(write(tmp_path / "trap.npz", name=np.array([Trap(), Trap()])), "Python objects")
    assert not (tmp_path / "sprung").exists()


def damaged_copies(whole, rng, count):
    """Copies that are cut off or have a few bytes changed, half of these among the file's own headers at its end."""
    for n in range(count):
        if n % 4 == 0:
            yield whole[: rng.integers(len(whole))]
            continue
        copy = bytearray(whole)
        for _ in range(rng.integers(1, 4)):
            place = rng.integers(len(copy)) if n % 2 else len(copy) - 1 - rng.integers(1000)
            copy[place] = rng.integers(256)
        yield bytes(copy)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.filterwarnings("ignore")
def test_damaged_files_are_refused_or_harmless(tmp_path, compressed):
    buffer = io.BytesIO()
    write(buffer, compressed)
    path, refusals = tmp_path / "damaged.npz", 0
    for content in damaged_copies(buffer.getvalue(), np.random.default_rng(5), 400):
        path.write_bytes(content)
        try:
            data = load(path)
        except InputError:
            refusals += 1
        else:
            assert data.joints.shape == example().joints.shape and data.label.shape == (2,)
    assert refusals > 300
