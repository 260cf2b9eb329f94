"""What is said before training: the vertical, absent joints by name, sequences that show nobody, odd bodies."""

import dataclasses

import numpy as np
import pytest

from gca_scratch.commands.main import main
from gca_scratch.data import neutral
from gca_scratch.data.meaning import Fact, Meaning
from gca_scratch.data.ready import ready
from gca_scratch.runs.notes import copies, missing, notes
from gca_scratch.support import reading
from tests.helpers.people import PERSON, people, with_joints
from tests.helpers.tiny import BODY, skeletons

NAMES = list(PERSON)


def of(frames, persons=1, sequences=1):
    """So many frames of the standing body in all, in sequences of equal length."""
    data = people(subjects=sequences, repetitions=1)
    body = np.array([place for _, place in PERSON.values()], np.float32) + np.float32([1, 2, 3])
    joints = np.tile(body, (frames, persons, 1, 1)).reshape(frames, persons, 20, 3)
    offsets = np.linspace(0, frames, sequences + 1).astype(np.int64)
    columns = {key: getattr(data, key)[:sequences] for key in ("label", "subject", "name")}
    return with_joints(data, joints, offsets=offsets, repetition=None, **columns)


def test_nothing_is_said_of_good_data():
    assert notes(people(), "x") == []


def test_the_vertical_is_said_where_it_is_guessed_or_unknown():
    guessed = ready(dataclasses.replace(people(), meaning=Meaning())).data
    assert notes(guessed, "x") == [
        "vertical: +y points up, guessed from where most bodies stand; correct it with --up"
    ]  # fmt: skip
    assert notes(dataclasses.replace(people(), meaning=Meaning(up=Fact("+y", "user"))), "x") == []
    assert notes(skeletons(), "x")[0].startswith("vertical: unknown")


def test_copies_are_told():
    data = of(40, sequences=4)
    data.joints[:, 0, :, 0] += np.linspace(0, 1, 40, dtype=np.float32)[:, None]
    assert copies(data, "x") == []
    data.joints[3, 0, 5] = np.nan
    data.joints[20:30] = data.joints[:10]
    [said] = copies(data, "x")
    assert said.startswith(f"x: 1 sequence is a copy of another ({data.name[2]} of {data.name[0]}, for one)")
    data.joints[30:] = data.joints[10:20]
    assert any("2 sequences are copies" in said for said in notes(data, "x"))
    data.joints[:] = 0
    assert copies(data, "x") == []


def test_absent_joints_are_counted_and_named():
    data = of(100, sequences=4)
    data.joints[:10, 0, 7] = 0
    data.joints[50:53, 0, 15] = np.nan
    assert missing(data) == [
        "absent joints: 13 of 2000 (0.65 %), filled in from the frames around: left hand 10.0 %, left foot 3.0 %"
    ]
    positions = dataclasses.replace(data, meaning=Meaning(zeros=Fact("positions", "file")))
    assert missing(positions) == [
        "absent joints: 3 of 2000 (0.15 %), filled in from the frames around: left foot 3.0 %"
    ]  # fmt: skip
    assert missing(of(100)) == []


def test_of_many_joints_six_are_named_and_little_is_said_to_be_little():
    data = of(20_000)
    for n in range(9):
        data.joints[: 18 - 2 * n, 0, n] = np.nan
    [text] = missing(data)
    assert text.startswith("absent joints: 90 of 400000 (0.02 %), filled in")
    assert text.endswith("left shoulder 0.05 %, left elbow 0.04 % and 3 others")
    data = of(20_000)
    data.joints[0, 0, 0] = np.nan
    assert missing(data) == [
        "absent joints: 1 of 400000 (under 0.01 %), filled in from the frames around: hip center under 0.01 %"
    ]  # fmt: skip


def test_persons_who_are_away_lack_nothing():
    data = of(40, persons=2)
    data.joints[:, 1] = 0
    assert missing(data) == []
    data.joints[20:, 1] = data.joints[20:, 0]
    data.joints[30, 1, 4] = 0
    assert missing(data) == [
        "absent joints: 1 of 1200 (0.08 %), filled in from the frames around: left shoulder 1.7 %"
    ]  # fmt: skip


@pytest.mark.parametrize("mark", [0, np.nan])
def test_sequences_that_show_nobody(mark, tmp_path, monkeypatch):
    """They are left out where the data lie in memory, and end in an error where they are mapped from the disk."""
    data = of(40, sequences=4)
    data.joints[10:20] = mark
    found = ready(data)
    assert found.said == [f"1 sequence shows nobody and is left out ({data.name[1]})"] and missing(found.data) == []
    monkeypatch.setattr(reading, "MAPPED", 100)
    neutral.save(tmp_path / "data.npz", data)
    mapped = ready(neutral.load(tmp_path / "data.npz")).data
    said = missing(mapped)
    assert said[-1] == f"1 sequence shows nobody ({data.name[1]}); leave it out, for it ends training"
    data.joints[30:] = mark
    neutral.save(tmp_path / "more.npz", data)
    said = missing(ready(neutral.load(tmp_path / "more.npz")).data)
    assert said[-1] == f"2 sequences show nobody ({data.name[1]}, for one); leave them out, for they end training"


def test_sided_joints_that_no_name_tells_are_said():
    odd = {("left thing" if name == "left hand" else name): place for name, place in BODY.items()}
    assert any("'left thing' is counted to the torso" in said for said in notes(skeletons(odd), "x"))


def test_train_says_it_before_it_trains(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    data = dataclasses.replace(people(), meaning=Meaning())
    data.joints[:3, 0, 7] = np.nan
    data.joints[data.offsets[4] : data.offsets[5]] = 0
    neutral.save("data.npz", data)
    few = ["--frames", "4", "--hidden", "4", "--epochs", "1", "--initial", "average", "--no-mirror"]
    assert main(["train", "--data", "data.npz", "--preset", "paper", "--out", "run", *few]) == 0
    out = capsys.readouterr().out
    lines = [line for line in out.split("\n") if line.startswith("note: ") and "protocol" not in line]
    assert lines[0] == f"note: 1 sequence shows nobody and is left out ({data.name[4]})"
    assert lines[1].startswith("note: vertical: +y points up, guessed")
    frames = len(data.joints) - int(data.lengths[4])
    assert lines[2].startswith(f"note: absent joints: 3 of {20 * frames} (")
    assert lines[2].endswith(f"left hand {300 / frames:.1f} %") and len(lines) == 3
