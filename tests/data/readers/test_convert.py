"""Tests of convert: whole downloads become one file, the same bytes however often it is stopped and with any jobs."""

import argparse
import csv
import os
import signal
import subprocess
import sys
import tracemalloc
import types

import numpy as np
import pytest

from gca_scratch.commands import convert as command
from gca_scratch.data import neutral
from gca_scratch.data.layouts import layout_named
from gca_scratch.data.made_joints import completed
from gca_scratch.data.meaning import Meaning, known
from gca_scratch.data.readers import convert as module
from gca_scratch.data.readers import ntu, recording
from gca_scratch.data.readers.convert import Converted
from gca_scratch.data.readers.recording import read_all
from gca_scratch.data.skeleton import KINECT_V2, Layout
from gca_scratch.support.errors import InputError
from tests.data.readers.test_ntu import FIRST, SECOND, body, frames_of, refused, text_of

DYING = """
import os, signal, sys
from gca_scratch.data.readers import convert, ntu
read, convert.CHUNK, items = ntu.read_and_report, 2, []
def read_and_die(item):
    items.append(item)
    if len(items) == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    return read(item)
ntu.read_and_report = read_and_die
convert.convert("ntu", sys.argv[1], sys.argv[2], jobs=1, show=False)
"""


@pytest.fixture
def root(tmp_path):
    """Fourteen small samples in two folders, every third with two people, two of them damaged."""
    folder = tmp_path / "raw"
    for n in range(14):
        bodies = [(FIRST, 0, body(n, 3 + n))] + ([(SECOND, 0, body(50 + n, 3 + n))] if n % 3 == 0 else [])
        path = folder / f"{n % 2}/S001C00{n % 3 + 1}P{n + 1:03}R002A{3 * n + 1:03}.skeleton"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text_of(frames_of(*bodies, length=3 + n))[: -20 if n in (4, 9) else None])
    return folder


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 3)


def direct(root):
    """What the reader gives without `convert`, of the files that are sound."""
    recordings = []
    for item in ntu.items(root):
        try:
            recordings.append(ntu.read_item(item))
        except InputError:
            continue
    meaning = recording.meaning_of(ntu, ntu.open_collection(root))
    return recording.assemble(recordings, ntu.CLASS_NAMES, ntu.LAYOUT, root, meaning)


def quietly(dataset, root, out, jobs=1):
    return module.convert(dataset, root, out, jobs, show=False)


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_bytes_are_those_of_the_neutral_format(root, tmp_path, small_chunks, jobs):
    result = quietly("ntu", root, tmp_path / "ntu.npz", jobs)
    data = direct(root)
    neutral.save(tmp_path / "direct.npz", data)
    assert (tmp_path / "ntu.npz").read_bytes() == (tmp_path / "direct.npz").read_bytes()
    assert (result.sequences, result.frames) == (12, len(data.joints))
    assert sorted(os.listdir(tmp_path)) == ["direct.npz", "ntu.damaged.csv", "ntu.npz", "ntu.remarks.csv", "raw"]
    found = neutral.load(tmp_path / "ntu.npz")
    for key in ("joints", "offsets", "label", "subject", "view", "setup", "repetition", "name", "edges"):
        assert np.array_equal(getattr(found, key), getattr(data, key)), key
    assert found.class_names == ntu.CLASS_NAMES


def test_damaged_files_are_left_out_and_listed(root, tmp_path, small_chunks):
    result = quietly("ntu", root, tmp_path / "ntu.npz")
    with open(tmp_path / "ntu.damaged.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["file", "reason"] and [tuple(row) for row in rows] == result.damaged
    damaged = [str(root / "1/S001C001P010R002A028.skeleton"), str(root / "0/S001C002P005R002A013.skeleton")]
    assert [file for file, _ in rows] == damaged
    for file, reason in rows:
        assert file in reason and "columns where 12 belong" in reason
        refused(file, reason)


def test_without_damage_there_is_no_list(root, tmp_path):
    for name in ("damaged", "remarks"):
        (tmp_path / f"ntu.{name}.csv").write_text("of an earlier run")
    other = quietly("ntu", root, tmp_path / "other.npz")
    for file, _ in (*other.damaged, *other.remarks):
        os.remove(file)
    result = quietly("ntu", root, tmp_path / "ntu.npz")
    assert (result.damaged, result.remarks) == ([], ())
    assert sorted(os.listdir(tmp_path)) == ["ntu.npz", "other.damaged.csv", "other.npz", "other.remarks.csv", "raw"]


def test_bodies_that_are_left_out_are_said_and_listed_also_when_resumed(root, tmp_path, stopped, capsys):
    options = argparse.Namespace(dataset="ntu", data=str(root), out=str(tmp_path / "ntu.npz"), jobs=1, list=False)
    vars(options).update(dict.fromkeys(("up", "unit", "rate", "label", "split", "names"), ""), hip=None)
    command.command(options)
    assert stopped == []  # all was read before
    short = str(root / "0/S001C001P001R002A001.skeleton")
    said = capsys.readouterr().out
    assert f"parts of 3 files were left out, listed in {tmp_path}/ntu.remarks.csv" in said and short in said
    with open(tmp_path / "ntu.remarks.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["file", "left out"] and len(rows) == 3
    for file, left_out in rows:
        assert left_out == ntu.read_and_report(file)[1] != ""
    data, said = recording.read_and_remark(ntu, short)
    assert len(data) == 1 and said == [f"S001C001P001R002A001: {dict(rows)[short]}"]


def test_a_pelvis_is_made_of_the_hips_on_request(tmp_path, monkeypatch, small_chunks):
    coco, rng = layout_named("coco_17"), np.random.default_rng(0)
    joints = rng.normal(size=(5, 3, 1, 17, 3)).astype(np.float32)

    def open_collection(path, options):
        return recording.Collection(("stand",), coco, Meaning(), list(range(5)))

    def read_item(item):
        return recording.Recording(joints[item], label=0, subject=item, name=f"number {item}")

    reader = fake_reader(5, open_collection=open_collection, read_item=read_item)
    monkeypatch.setattr(module, "_reader", lambda dataset: reader)
    result = module.convert("fake", tmp_path, tmp_path / "fake.npz", 1, show=False, middle=True)
    data, plain = neutral.load(tmp_path / "fake.npz"), read_all(reader, tmp_path)
    wanted, sentences = completed(plain, force=True)
    assert data.joint_names == wanted.joint_names != plain.joint_names and result.notes == tuple(sentences)
    assert np.array_equal(data.joints, wanted.joints) and np.array_equal(data.edges, wanted.edges)


def test_a_pelvis_cannot_be_made_without_hips(tmp_path, monkeypatch):
    layout = Layout("line", ("hip", "neck"), ((0, 1),))
    found = recording.Collection(("stand",), layout, Meaning(), [0])
    monkeypatch.setattr(module, "_reader", lambda dataset: fake_reader(1, open_collection=lambda *_: found))
    with pytest.raises(InputError, match="--hip middle needs a left and a right hip among the joints hip, neck"):
        module.convert("fake", tmp_path, tmp_path / "fake.npz", 1, show=False, middle=True)
    assert os.listdir(tmp_path) == []


def test_the_unit_that_a_user_says_is_brought_to_metres_whatever_the_reader(tmp_path, monkeypatch):
    space = known(up="+y", unit="m", hand="right")

    def open_collection(path, options):
        meaning = space.saying(options.up, options.unit, options.rate)
        return recording.Collection(("stand",), KINECT_V2, meaning, [0, 1, 2])

    reader, said = fake_reader(3, open_collection=open_collection), recording.Options(unit="cm")
    monkeypatch.setattr(module, "_reader", lambda dataset: reader)
    module.convert("fake", tmp_path, tmp_path / "cm.npz", 1, show=False, options=said)
    data, at_once = neutral.load(tmp_path / "cm.npz"), read_all(reader, tmp_path, said)
    assert data.meaning == at_once.meaning and data.meaning.unit == ("m", "user")
    assert np.array_equal(data.joints, at_once.joints)
    np.testing.assert_allclose(data.joints[[0, 200, 400], 0, 0, 0], [0, 0.01, 0.02], rtol=1e-6)
    assert read_all(reader, tmp_path).meaning == space and read_all(reader, tmp_path).joints.max() == 2


def test_the_protocol_of_the_authors_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_reader", lambda dataset: fake_reader(2, PROTOCOL="nw-ucla"))
    quietly("fake", tmp_path, tmp_path / "a.npz")
    assert neutral.load(tmp_path / "a.npz").meaning.protocol == ("nw-ucla", "definition")
    monkeypatch.setattr(module, "_reader", lambda dataset: fake_reader(2, PROTOCOL="a", protocol=lambda found: "b-120"))
    quietly("fake", tmp_path, tmp_path / "b.npz")
    assert neutral.load(tmp_path / "b.npz").meaning.protocol.value == "b-120"
    monkeypatch.setattr(module, "_reader", lambda dataset: fake_reader(2, PROTOCOL="file"))
    quietly("fake", tmp_path, tmp_path / "c.npz")
    assert neutral.load(tmp_path / "c.npz").meaning.protocol.value == ""


def test_killed_and_resumed_it_reads_the_rest_only_and_ends_with_the_same_bytes(root, tmp_path, monkeypatch):
    part = tmp_path / "ntu.npz.part"
    child = subprocess.run([sys.executable, "-c", DYING, root, tmp_path / "ntu.npz"])
    assert child.returncode == -signal.SIGKILL
    kept = {name for name in os.listdir(part) if name[0] != "."}
    assert len(kept) == 2 and not (tmp_path / "ntu.npz").exists()

    read, again = ntu.read_and_report, []
    monkeypatch.setattr(module, "CHUNK", 2)
    monkeypatch.setattr(ntu, "read_and_report", lambda item: again.append(item) or read(item))
    quietly("ntu", root, tmp_path / "ntu.npz")
    assert again == [item for n, item in enumerate(ntu.items(root)) if n // 2 not in {int(name[:6]) for name in kept}]
    neutral.save(tmp_path / "direct.npz", direct(root))
    assert (tmp_path / "ntu.npz").read_bytes() == (tmp_path / "direct.npz").read_bytes()
    assert not part.exists()


@pytest.fixture
def stopped(root, tmp_path, monkeypatch, small_chunks):
    """Everything read, but stopped before it was joined; gives the list of what is read from now on."""
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(module, "_write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        quietly("ntu", root, tmp_path / "ntu.npz")
    assert len(os.listdir(tmp_path / "ntu.npz.part")) == 5 and not (tmp_path / "ntu.npz").exists()
    read, again = ntu.read_and_report, []
    monkeypatch.setattr(ntu, "read_and_report", lambda item: again.append(item) or read(item))
    return again


def test_what_has_changed_meanwhile_is_read_again(root, tmp_path, stopped):
    damaged, poses = ntu.items(root)[3], body(77, 6)
    with open(damaged, "wb") as file:
        file.write(text_of(frames_of((FIRST, 0, poses), length=6)))
    quietly("ntu", root, tmp_path / "ntu.npz")
    assert stopped == ntu.items(root)[3:6]
    found = neutral.load(tmp_path / "ntu.npz")
    assert len(found) == 13 and np.array_equal(found.sequence(3)[:, 0], poses.astype(np.float32))


def test_kept_files_that_are_damaged_are_made_again(root, tmp_path, stopped):
    part = tmp_path / "ntu.npz.part"
    first, second, *_ = sorted(os.listdir(part))
    (part / first).write_bytes(b"half")
    os.remove(part / second)
    quietly("ntu", root, tmp_path / "ntu.npz")
    assert sorted(stopped) == sorted(ntu.items(root)[:6])
    neutral.save(tmp_path / "direct.npz", direct(root))
    assert (tmp_path / "ntu.npz").read_bytes() == (tmp_path / "direct.npz").read_bytes()


def test_files_that_change_while_they_are_joined(root, tmp_path, monkeypatch):
    kept = module._kept

    def shorter(chunk, *wanted):
        return {key: array[1:] if key == "joints" else array for key, array in kept(chunk, *wanted).items()}

    monkeypatch.setattr(module, "_kept", shorter)
    with pytest.raises(InputError, match="have changed"):
        quietly("ntu", root, tmp_path / "ntu.npz")
    assert not (tmp_path / "ntu.npz").exists()


def test_a_file_that_exists_is_never_overwritten(root, tmp_path):
    (tmp_path / "ntu.npz").write_text("precious")
    with pytest.raises(InputError, match=r"ntu\.npz is there already"):
        quietly("ntu", root, tmp_path / "ntu.npz")
    assert (tmp_path / "ntu.npz").read_text() == "precious" and sorted(os.listdir(tmp_path)) == ["ntu.npz", "raw"]


def test_a_whole_file_that_has_not_reached_its_place_is_made_again(root, tmp_path):
    quietly("ntu", root, tmp_path / "whole.npz")
    (tmp_path / "ntu.npz.part").mkdir()
    (tmp_path / "ntu.npz.part" / "ntu.npz").write_text("as it was when the command was killed")
    quietly("ntu", root, tmp_path / "ntu.npz")
    assert (tmp_path / "ntu.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()
    assert not (tmp_path / "ntu.npz.part").exists()


def test_what_others_have_put_into_its_folder_is_not_removed(root, tmp_path):
    mine = tmp_path / "ntu.npz.part" / "mine" / "thesis.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("all of it")
    with pytest.raises(InputError, match=r"part/mine was not made by this command"):
        quietly("ntu", root, tmp_path / "ntu.npz")
    assert mine.read_text() == "all of it" and not (tmp_path / "ntu.npz").exists()


@pytest.mark.parametrize(("dataset", "place"), [("ntu", "0"), ("mhad", "0"), ("sbu", "s01s02"), ("sysu", "person1")])
def test_a_folder_that_cannot_be_looked_into_is_not_passed_over(tmp_path, dataset, place):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / place).symlink_to(place)  # leads to itself
    with pytest.raises(InputError, match=rf"raw/{place} cannot be looked into"):
        quietly(dataset, tmp_path / "raw", tmp_path / "out.npz")


@pytest.mark.parametrize("dataset", ["ntu", "mhad"])
def test_links_to_folders_are_named(tmp_path, dataset):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "there").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"raw/there cannot be looked into \(Is a link\)"):
        quietly(dataset, tmp_path / "raw", tmp_path / "out.npz")


def test_nothing_usable_leaves_nothing(root, tmp_path):
    for item in ntu.items(root):
        with open(item, "wb") as file:
            file.write(b"1\n0\n")
    with pytest.raises(
        InputError, match=r"none of the 14 sequences in .* can be used; the first: .*no body in any frame"
    ):
        quietly("ntu", root, tmp_path / "ntu.npz")
    with pytest.raises(InputError, match="there is no folder"):
        quietly("ntu", tmp_path / "nowhere", tmp_path / "ntu.npz")
    assert os.listdir(tmp_path) == ["raw"]


def test_a_folder_that_cannot_be_written(root, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"ntu\.npz\.part cannot be made or opened \(Not a directory\)"):
        quietly("ntu", root, tmp_path / "file/ntu.npz")


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_cannot_be_written_while_reading(root, tmp_path, small_chunks, jobs):
    """Stands for a full disk: folders lie where the processes that read want to write."""
    names = blocked(root, tmp_path / "ntu.npz")
    with pytest.raises(InputError, match=r"\.npz cannot be written \(Is a directory\)"):
        quietly("ntu", root, tmp_path / "ntu.npz", jobs)
    for name in names:
        os.rmdir(name)
    assert quietly("ntu", root, tmp_path / "ntu.npz", jobs).sequences == 12


def blocked(root, out):
    items, part = ntu.items(root), out.with_name(out.name + ".part")
    names = [part / f"{k // 3:06}-{module._digest('ntu', root, items[k : k + 3])}.npz" for k in range(0, len(items), 3)]
    for name in names:
        name.mkdir(parents=True)
    return names


@pytest.mark.parametrize(
    "dataset, jobs, words", [("moon", 1, "no reader of 'moon'.*ntu, sysu"), ("ntu", 0, "--jobs 0")]
)
def test_wrong_options(root, tmp_path, dataset, jobs, words):
    with pytest.raises(InputError, match=words):
        quietly(dataset, root, tmp_path / "ntu.npz", jobs)


def fake_reader(count, persons=lambda item: 1, **more):
    """A reader of `count` recordings of 200 frames each, 60 KB, that come from nowhere."""

    def read_item(item):
        joints = np.full((200, persons(item), 25, 3), item, np.float32)
        return recording.Recording(joints, label=0, subject=item, name=f"number {item}")

    def open_collection(path, options):
        return recording.Collection(("stand",), KINECT_V2, Meaning(), list(range(count)), ("a note",))

    return types.SimpleNamespace(**{"open_collection": open_collection, "read_item": read_item} | more)


def test_memory_does_not_grow_with_the_number_of_files(tmp_path, monkeypatch):
    peaks = []
    for count in (50, 200):  # 3 and 12 MB
        monkeypatch.setattr(module, "_reader", lambda dataset, count=count: fake_reader(count))
        tracemalloc.start()
        result = quietly("fake", tmp_path, tmp_path / f"{count}.npz")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert result == Converted(count, 200 * count, [], ("a note",))
    assert peaks[1] < peaks[0] + 1e6
    assert neutral.load(tmp_path / "200.npz").subject.tolist() == list(range(200))


def test_what_the_neutral_format_does_not_take_is_left_out(tmp_path, monkeypatch):
    def read_item(item):
        joints = np.zeros((item, 1, 25, 3), np.float32)
        return recording.Recording(joints, label=0 if item < 3 else 1, subject=1, name="someone")

    monkeypatch.setattr(module, "_reader", lambda dataset: fake_reader(4, read_item=read_item))
    result = quietly("fake", tmp_path, tmp_path / "fake.npz")
    assert (result.sequences, result.frames) == (2, 3)
    assert "has no frames" in result.damaged[0][1] and "label[0] is 1" in result.damaged[1][1]


def test_recordings_of_fewer_persons_are_filled_up(tmp_path, monkeypatch, small_chunks):
    monkeypatch.setattr(module, "_reader", lambda dataset: fake_reader(6, persons=lambda item: 1 + item // 3))
    quietly("fake", tmp_path, tmp_path / "fake.npz")
    data = neutral.load(tmp_path / "fake.npz")
    assert data.joints.shape[1] == 2
    assert [int(data.sequence(n)[:, 1].max()) for n in range(6)] == [0, 0, 0, 3, 4, 5]


def test_readers_must_agree_with_themselves(tmp_path, monkeypatch, small_chunks):
    def read_item(item):
        joints = np.ones((2, 1, 25 + item // 3, 3), np.float32)
        return recording.Recording(joints, label=0, subject=item, name=f"number {item}")

    def changing(path, options):
        return recording.Collection(("stand",), KINECT_V2, Meaning(), list(range(6)))

    monkeypatch.setattr(
        module, "_reader", lambda dataset: fake_reader(6, open_collection=changing, read_item=read_item)
    )
    result = quietly("fake", tmp_path, tmp_path / "fake.npz")
    assert result.sequences == 3 and "joint_names holds 25 names" in result.damaged[0][1]


def test_what_the_user_says_is_kept_and_read_again_when_it_changes(tmp_path, monkeypatch):
    def open_collection(path, options):
        return recording.Collection(("stand",), KINECT_V2, Meaning().saying(options.up), [0])

    monkeypatch.setattr(module, "_reader", lambda dataset: fake_reader(1, open_collection=open_collection))
    for up in ("+y", "-z"):
        module.convert("fake", tmp_path, tmp_path / f"{up}.npz", show=False, options=recording.Options(up=up))
        assert neutral.load(tmp_path / f"{up}.npz").meaning.up == (up, "user")


def words(text):
    return text.split()


def test_the_command_says_what_it_did(root, tmp_path, capsys, monkeypatch):
    parser = argparse.ArgumentParser()
    command.add_options(parser)
    monkeypatch.chdir(tmp_path)
    options = parser.parse_args(words("--dataset ntu --data raw --out out/ntu.npz --jobs 1"))
    command.command(options)
    said = capsys.readouterr()
    assert "ntu: 12 sequences, " in said.out and "written to out/ntu.npz (" in said.out
    assert "2 damaged and left out, listed in out/ntu.damaged.csv:" in said.out
    assert said.out.count("columns where 12 belong") == 2 and not said.err
    monkeypatch.setattr(command, "SHOWN", 1)
    command.command(parser.parse_args(words("--dataset ntu --data raw --out new.npz")))
    said = capsys.readouterr()
    assert said.out.count("columns where 12 belong") == 1 and "  and 1 more" in said.out
    convert, converted = module._convert_chunk, []

    def stopped(chunk):
        if converted:
            raise KeyboardInterrupt
        converted.append(chunk)
        return convert(chunk)

    monkeypatch.setattr(module, "_convert_chunk", stopped)
    monkeypatch.setattr(module, "CHUNK", 3)
    with pytest.raises(KeyboardInterrupt):
        command.command(parser.parse_args(words("--dataset ntu --data raw --out third.npz --jobs 1")))
    assert "kept in third.npz.part" in capsys.readouterr().err


def test_of_many_items_some_are_looked_at_and_said():
    data, said = recording.read_and_remark(fake_reader(50), "somewhere", most=5)
    assert data.subject.tolist() == [0, 12, 24, 36, 49]
    assert said == ["of 50 sequences 5, spread evenly, were looked at; the figures are of these", "a note"]
    assert len(recording.read_and_remark(fake_reader(5), "somewhere", most=5)[0]) == 5
