"""The command predict: a table on the screen, as CSV and as JSON, of one file or of many."""

import csv
import dataclasses
import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from gca_scratch.commands.main import main
from gca_scratch.commands.predict import expanded
from gca_scratch.data import neutral
from gca_scratch.data.meaning import Meaning
from gca_scratch.support.errors import InputError
from tests.helpers.people import edited, people, rows, with_joints, with_opinions

NAMES = ("sit, down", 'say "hi"', "走る (schnell)")
DATA = dataclasses.replace(people(), class_names=NAMES)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    with_opinions(folder, DATA)
    return folder


@pytest.fixture(autouse=True)
def folder(made, tmp_path, monkeypatch):
    """A folder with the run, and three recordings: a.npz of one sequence, b.npz of two, c.npz of a second."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(made / "run", "run")
    for name, sequences in (("a", [3]), ("b", [4, 5]), ("c", [0, 1])):
        neutral.save(f"{name}.npz", some(sequences))


def some(sequences):
    columns = {key: getattr(DATA, key)[sequences] for key in ("label", "subject", "name", "repetition")}
    pieces = [DATA.joints[DATA.offsets[n] : DATA.offsets[n + 1]] for n in sequences]
    offsets = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])]).astype(np.int64)
    return with_joints(DATA, np.concatenate(pieces), offsets=offsets, **columns)


def asked(capsys, *arguments):
    code = main(["predict", "run", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    return out


def refused(capsys, *arguments):
    assert main(["predict", *map(str, arguments)]) == 2
    err = capsys.readouterr().err
    assert err.startswith("gca_scratch: ") and err.count("\n") == 1
    return err


def p_of(row):
    return [float(row[f"p({name})"]) for name in NAMES]


def test_a_table_on_the_screen_and_in_a_file(capsys):
    out = asked(capsys, "a.npz", "b.npz", "--out", "answers.csv")
    found = rows("answers.csv")
    assert [(row["file"], row["name"]) for row in found] == [
        ("a.npz", DATA.name[3]), ("b.npz", DATA.name[4]), ("b.npz", DATA.name[5]),
    ]  # fmt: skip
    lines = [line for line in out.split("\n") if not line.startswith("note: ")]
    for line, row in zip(lines, found, strict=False):
        p = p_of(row)
        best = NAMES[int(np.argmax(p))]
        assert sum(p) == pytest.approx(1, abs=1e-5) and float(row["probability"]) == max(p) and row["class"] == best
        assert best in line and f"{max(p):.1%}" in line
        assert line.startswith(row["file"] + ("  " if row["file"] == "a.npz" else f": {row['name']}  "))
        order = [f"{NAMES[k]} {p[k]:.0%}" for k in np.argsort(p)[::-1] if p[k] >= 0.005]
        assert f"({', '.join(order)})" in line
        assert (row["start"], row["stop"]) == ("0", str(DATA.lengths[list(DATA.name).index(row["name"])]))
        assert float(row["stop_seconds"]) == int(row["stop"]) / 25 and row["start_seconds"] == "0.0"
    assert lines[-2] == "written to answers.csv"


def test_csv_and_json_say_the_same(capsys):
    asked(capsys, "a.npz", "b.npz", "--out", "answers.csv", "--window", 4)
    asked(capsys, "a.npz", "b.npz", "--out", "answers.json", "--window", 4)
    by_json = json.loads(Path("answers.json").read_text("utf-8"))
    by_csv = rows("answers.csv")
    assert len(by_csv) == len(by_json) > 4
    for row, other in zip(by_csv, by_json, strict=True):
        assert list(row) == list(other) == [
            "file", "name", "start", "stop", "start_seconds", "stop_seconds", "class", "probability",
            *(f"p({name})" for name in NAMES),
        ]  # fmt: skip
        assert [row[key] for key in row] == [str(value) for value in other.values()]
        assert isinstance(other["start"], int) and isinstance(other["probability"], float)


def test_seconds_are_left_empty_where_no_rate_is_known(capsys):
    neutral.save("unknown.npz", dataclasses.replace(some([3]), meaning=Meaning()))
    asked(capsys, "unknown.npz", "--out", "t.csv")
    asked(capsys, "unknown.npz", "--out", "t.json")
    assert rows("t.csv")[0]["start_seconds"] == rows("t.csv")[0]["stop_seconds"] == ""
    assert json.loads(Path("t.json").read_text())[0]["stop_seconds"] in ("", None)
    asked(capsys, "unknown.npz", "--out", "t.csv", "--rate", "50")
    assert float(rows("t.csv")[0]["stop_seconds"]) == DATA.lengths[3] / 50


def test_windows_are_told_from_when_to_when(capsys):
    out = asked(capsys, "b.npz", "--window", 4, "--stride", 2, "--out", "t.csv")
    found = rows("t.csv")
    lengths = DATA.lengths[[4, 5]]
    spans = []
    for name, length in zip(DATA.name[[4, 5]], lengths, strict=True):
        begins = [*range(0, length - 3, 2)]
        begins += [] if begins[-1] == length - 4 else [length - 4]
        spans += [(name, str(n), str(n + 4)) for n in begins]
    assert [(row["name"], row["start"], row["stop"]) for row in found] == spans
    told = [line for line in out.split("\n") if line.startswith("b.npz: ")]
    groups = []  # neighbours with one class
    for row in found:
        if groups and (groups[-1][0]["name"], groups[-1][0]["class"]) == (row["name"], row["class"]):
            groups[-1].append(row)
        else:
            groups.append([row])
    assert len(told) == len(groups)
    for line, group in zip(told, groups, strict=True):
        start, stop = float(group[0]["start_seconds"]), float(group[-1]["stop_seconds"])
        mean = np.mean([float(row["probability"]) for row in group])
        assert f"{start:.1f} to " in line and f"{stop:.1f} s" in line and group[0]["class"] in line
        assert f"{mean:.1%}" in line and line.startswith(f"b.npz: {group[0]['name']}")
    neutral.save("unknown.npz", dataclasses.replace(some([3]), meaning=Meaning()))
    assert re.search(r"unknown\.npz  frames 0 to \d", asked(capsys, "unknown.npz", "--window", 4))


@pytest.mark.parametrize(("threshold", "named"), [("0", True), ("1", False)])
def test_thresholds(threshold, named, capsys):
    out = asked(capsys, "a.npz", "b.npz", "--threshold", threshold, "--out", "t.csv")
    classes = {row["class"] for row in rows("t.csv")}
    assert classes <= set(NAMES) if named else classes == {"none of these"}
    assert ("none of these" in out) is not named and "no threshold was set" not in out
    assert all(float(row["probability"]) == max(p_of(row)) for row in rows("t.csv"))


def test_without_a_threshold_it_is_said_that_every_recording_is_given_a_class(capsys):
    assert "no threshold was set, so that every recording is given a class" in asked(capsys, "a.npz")
    edited("run", threshold=0.9999)
    out = asked(capsys, "a.npz", "--out", "t.csv")
    assert "no threshold was set" not in out and rows("t.csv")[0]["class"] == "none of these"
    assert "is that of the best class: it is below the threshold of 0.9999; --threshold 0 names a class" in out


def test_patterns_that_the_shell_has_left(capsys):
    """As on Windows."""
    neutral.save("odd [1].npz", some([6]))
    asked(capsys, "[ab].npz", "odd [1].npz", "--out", "t.csv")
    assert [row["file"] for row in rows("t.csv")] == ["a.npz", "b.npz", "b.npz", "odd [1].npz"]
    assert expanded(["?.npz"]) == ["a.npz", "b.npz", "c.npz"] and expanded(["c.npz", "a.*"]) == ["c.npz", "a.npz"]
    Path("deep").mkdir()
    shutil.copy("a.npz", "deep")
    assert expanded([os.path.join("*", "a.npz")]) == [os.path.join("deep", "a.npz")]
    with pytest.raises(InputError, match=r"no file is called like \*\.bvh"):
        expanded(["*.bvh"])
    assert expanded(["nowhere.npz"]) == ["nowhere.npz"]
    assert "*.bvh" in refused(capsys, "run", "a.npz", "*.bvh")


def test_one_sentence_is_said_once_of_many_files(capsys):
    for name in ("a", "b", "c"):
        data = neutral.load(f"{name}.npz")
        kept = [n for n in range(20) if n != 7]
        edges = np.array([(a - (a > 7), b - (b > 7)) for a, b in data.edges if b != 7], np.int16)
        names = tuple(data.joint_names[n] for n in kept)
        neutral.save(f"{name}.npz", with_joints(data, data.joints[:, :, kept], joint_names=names, edges=edges))
    out = asked(capsys, "a.npz", "b.npz", "c.npz")
    assert out.count("is missing and is filled in") == 1
    assert "note: a.npz: 'left hand' is missing and is filled in from the neighbours\n" in out
    assert "hold for later files, too" in out and "hold for later files" not in asked(capsys, "a.npz")


def test_what_cannot_be_is_refused_before_anything_is_asked(capsys):
    for arguments, words in (
        (("run", "a.npz", "--out", "t.txt"), "--out 't.txt' must end in .csv or .json"),
        (("run", "a.npz", "--stride", "3"), "--stride moves a window; give --window, too"),
        (("run", "a.npz", "--window", "-3"), "--window -3"),
        (("run", "a.npz", "--threshold", "1.1"), "--threshold 1.1"),
        (("run", "a.npz", "--threshold", "nan"), "--threshold nan"),
        (("run", "nowhere.npz"), "there is no file nowhere.npz"),
        (("nowhere", "a.npz"), "there is no checkpoint nowhere"),
        (("run", "run"), "run"),
        (("run", "a.npz", "--up", "w"), "--up 'w' is no axis"),
        (("run", "a.npz", "--unit", "miles"), "--unit 'miles'"),
        (("run", "a.npz", "--rate", "0"), "--rate '0'"),
        (("run", "a.npz", "--window", "4", "--plot", "t.txt"), "t.txt"),
        (("run", "a.npz", "--plot", "t.txt"), "t.txt"),
    ):
        assert words in refused(capsys, *arguments), arguments
    assert not list(Path().glob("t.*"))


def test_a_damaged_file_among_many_does_not_cost_the_others(capsys):
    Path("bad.npz").write_bytes(Path("a.npz").read_bytes()[:400])
    assert main(["predict", "run", "a.npz", "bad.npz", "c.npz", "--out", "t.csv"]) == 2
    out, err = capsys.readouterr()
    assert err.count("\n") == 1 and "bad.npz" in err
    assert [row["file"] for row in rows("t.csv")] == ["a.npz", "c.npz", "c.npz"] and "a.npz  " in out
    assert main(["predict", "run", "bad.npz", "--out", "u.csv"]) == 2 and not Path("u.csv").exists()
    assert main(["predict", "run", "bad.npz", "a.npz", "nowhere.npz"]) == 2
    err = capsys.readouterr().err.split("\n")[-2]
    assert "bad.npz" in err and "(2 of 3 files were left out, of which this is the first)" in err
    assert main(["predict", "run", "bad.npz", "nowhere.npz"]) == 2
    assert "bad.npz" in capsys.readouterr().err


def test_the_first_recording_is_drawn(capsys):
    edited("run", class_names=["sit", "say", "go"])  # in letters that every font has
    asked(capsys, "a.npz", "b.npz", "--plot", "a.png")
    asked(capsys, "b.npz", "--window", "4", "--plot", "b.png")
    assert Path("a.png").stat().st_size > 3000 and Path("b.png").stat().st_size > 3000


def test_vertical_of_the_user(capsys):
    data = some([3])
    x, y, z = np.moveaxis(data.joints, -1, 0)
    neutral.save("down.npz", with_joints(data, np.stack([-x, -y, z], -1)))
    asked(capsys, "a.npz", "down.npz", "--out", "t.csv")
    asked(capsys, "down.npz", "--up", "-y", "--out", "u.csv")
    [right, wrong], [turned] = rows("t.csv"), rows("u.csv")
    assert p_of(turned) == pytest.approx(p_of(right), abs=1e-3) and p_of(wrong) != pytest.approx(p_of(right), abs=1e-2)


def test_the_table_is_read_by_the_csv_module_and_by_a_spreadsheet(capsys):
    asked(capsys, "a.npz", "--out", "t.csv")
    raw = Path("t.csv").read_bytes()
    assert b"\r\n" not in raw.replace(b"\r\n", b"") and raw.decode("utf-8")
    assert next(csv.reader([raw.decode("utf-8").splitlines()[0]]))[-3:] == [f"p({name})" for name in NAMES]


@pytest.mark.parametrize("more", [["--plot", "a.pdf"], ["--plot", "a.gif", "--window", "3"]])
def test_a_picture_that_could_not_be_drawn_is_refused_before_anything_is_asked(capsys, more):
    assert main(["predict", "no-run", "no-file.npz", *more]) == 2
    said = capsys.readouterr()
    assert "is no name for this picture; end it with" in said.err and not said.out
