"""What info says of files of every kind, and that the command it names next can be run."""

import dataclasses
import json
import pickle
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest

from gca_scratch.commands.main import main
from gca_scratch.data import neutral
from gca_scratch.data.meaning import Meaning, known
from gca_scratch.data.skeleton import KINECT_V2
from tests.helpers.bvh_file import written as bvh_text
from tests.helpers.packings import write_stgcn
from tests.helpers.people import people, with_joints, with_opinions
from tests.helpers.tiny import BODY, of_layout, skeletons
from tests.runs.test_predict import landmarks

FEW = ["--preset", "paper", "--frames", "4", "--hidden", "4", "--epochs", "1", "--initial", "average", "--no-mirror"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def said(capsys, *arguments):
    """What info prints, and the command that it names."""
    code = main(["info", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert code == 0 and err == "", err
    last = out.rstrip("\n").split("\n")[-1]
    assert last.startswith("next: python -m gca_scratch ")
    return out, shlex.split(last)[4:]


def refused(capsys, *arguments):
    assert main(["info", *map(str, arguments)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "Traceback" not in err
    return err


def goes_on(capsys, command, run=None):
    """The command that was named is run, and those that info names of what it writes; returns their names."""
    names = [command[0]]
    if command[0] == "convert":
        assert main([*command, "--jobs", "1"]) == 0, capsys.readouterr().err
        capsys.readouterr()
        return names + goes_on(capsys, said(capsys, command[-1])[1], run)
    if command[0] == "train":
        assert main([*command, *FEW]) == 0, capsys.readouterr().err
    else:
        assert command[:2] == ["predict", "RUN"]
        assert main([command[0], str(run), *command[2:]]) == 0, capsys.readouterr().err
    capsys.readouterr()
    return names


# --- the neutral format -----------------------------------------------------------------------------------------------


def test_a_file_of_the_neutral_format(capsys):
    data = people()
    neutral.save("data.npz", data)
    out, command = said(capsys, "data.npz")
    assert out.startswith("data.npz: a file of the neutral format\n24 sequences, ")
    assert "\nsubjects: 4 (1 to 4)\n" in out and "\n  raise left       8\n" in out
    assert "vertical: +y points up, as the format has it" in out
    assert "unit: m (by the format); handedness of the axes: right (by the format); frames a second: 25" in out
    assert "joints, in the order of the chain: hip center, spine, shoulder center, head, left shoulder" in out
    assert "the hip is 'hip center'" in out and "absent" not in out
    assert command == ["train", "--data", "data.npz", "--protocol", "half", "--out", "run"]
    assert goes_on(capsys, command) == ["train"]


def test_what_is_missing_or_guessed_is_said(capsys):
    data = dataclasses.replace(people(), meaning=Meaning())
    data.joints[:5, 0, 7] = np.nan
    data.joints[data.offsets[3] : data.offsets[4]] = 0
    data.joints[data.offsets[4] :] *= np.float32([1, 1, 1000])
    neutral.save("data.npz", data)
    out, _ = said(capsys, "data.npz")
    assert "23 sequences" in out
    assert f"1 sequence shows nobody and is left out ({data.name[3]})" in out
    assert "absent joints: 5 of" in out and "left hand" in out and "guessed" in out
    assert "these data: bones change their length" in out
    assert "unit: unknown; handedness of the axes: unknown; frames a second: unknown" in out
    assert "vertical: -z points up, as you say" in said(capsys, "data.npz", "--up", "-z")[0]
    told = said(capsys, "data.npz", "--unit", "cm", "--rate", "50")[0]
    assert "unit: cm (as you say)" in told and "frames a second: 50 (as you say)" in told
    positions = dataclasses.replace(people(), meaning=known(up="+y", unit="m", zeros="positions"))
    neutral.save("data.npz", positions)
    assert "three zeros are a position here" in said(capsys, "data.npz")[0]


@pytest.mark.parametrize(
    "subjects", [[1, 2, 3, 4], [2, 4, 6, 8], [1, 1, 1, 1], [1, 2, 2, 2], [7, 7, 9, 9], [1, 3, 5, 2]]
)
def test_the_command_for_few_people_can_be_run(subjects, capsys):
    data = people()
    neutral.save("data.npz", dataclasses.replace(data, subject=np.array([0, *subjects], np.int16)[data.subject]))
    _, command = said(capsys, "data.npz")
    assert goes_on(capsys, command) == ["train"]


@pytest.mark.parametrize("name", ["my data.npz", "it's.npz", "größe.npz", "a$b.npz", "a;b (1).npz", "-data.npz"])
def test_names_that_a_shell_would_take_apart(name, capsys):
    neutral.save(name, people())
    _, command = said(capsys, f"./{name}")
    assert command[2] == f"./{name}" and goes_on(capsys, command) == ["train"]


def test_what_the_user_said_is_part_of_the_command(capsys):
    odd = {("Mitte" if name == "pelvis" else name): (parent and ("Mitte" if parent == "pelvis" else parent), place)
           for name, (parent, place) in BODY.items() if "hip" not in name}  # fmt: skip
    neutral.save("data.npz", skeletons(odd, truth=False))
    assert "which of these joints is the hip" in refused(capsys, "data.npz")
    out, command = said(capsys, "data.npz", "--hip", "Mitte", "--up", "+z")
    assert "the hip is 'Mitte'" in out and "vertical: +z" in out
    assert goes_on(capsys, command) == ["train"]
    config = Path("run/config.toml").read_text()
    assert 'hip = "Mitte"' in config and 'up = "+z"' in config


def test_a_file_of_one_recording_is_asked_about(capsys):
    run = with_opinions(".", people())
    one = people(subjects=1, repetitions=1)
    first = int(one.offsets[1])
    columns = {key: getattr(one, key)[:1] for key in ("label", "subject", "name", "repetition")}
    neutral.save("my wave.npz", with_joints(one, one.joints[:first], offsets=one.offsets[:2], **columns))
    out, command = said(capsys, "my wave.npz")
    assert "1 sequence, " in out and command == ["predict", "RUN", "my wave.npz"]
    assert goes_on(capsys, command, run) == ["predict"]


# --- the formats of others --------------------------------------------------------------------------------------------


def test_landmarks_of_mediapipe(capsys):
    places = np.random.default_rng(1).uniform(-0.4, 0.4, (6, 33, 3))
    places[:, 23] = -places[:, 24]
    for n in range(1, 5):
        for label in ("wave", "clap"):
            landmarks(Path("my own", label, f"s{n}.json"), places * (1 + n / 10), label=label, subject=f"s{n}")
    out, command = said(capsys, "my own")
    assert out.startswith("my own: mediapipe, as in ") and "8 sequences" in out and "frames a second: 30" in out
    assert goes_on(capsys, command) == ["convert", "train"]
    _, command = said(capsys, "my own/wave/s1.json")
    assert goes_on(capsys, command, "run") == ["predict"]


def test_bvh_files_with_labels_in_their_names(capsys):
    nodes = [
        ("Hips", -1, (0.0, 0.0, 0.0), ["Xposition", "Yposition", "Zposition", "Zrotation", "Xrotation", "Yrotation"]),
        ("Neck", 0, (0.0, 50.0, 0.0), ["Zrotation", "Xrotation", "Yrotation"]),
        ("Head", 1, (0.0, 15.0, 0.0), ["Zrotation", "Xrotation", "Yrotation"]),
        *((f"{side}{part}", parent, (x, y, 0.0), ["Zrotation", "Xrotation", "Yrotation"])
          for side, x, up in (("Left", 10.0, 3), ("Right", -10.0, 6))
          for part, parent, x, y in (("UpLeg", 0, x, -5.0), ("Leg", up, 0.0, -40.0), ("Foot", up + 1, 0.0, -40.0))),
    ]  # fmt: skip
    rng = np.random.default_rng(0)
    for n in range(8):
        frames = [{k: rng.uniform(-5, 5, len(node[3])).tolist() for k, node in enumerate(nodes)} for _ in range(12)]
        Path(f"{('walk', 'run')[n % 2]}_s{n // 2 + 1}.bvh").write_text(bvh_text(nodes, frames))
    pattern = r"(?P<label>[a-z]+)_s(?P<subject>\d)"
    out, command = said(capsys, ".", "--label", pattern, "--up", "y", "--unit", "cm")
    assert "bvh, as in" in out and "8 sequences" in out and "\n  walk  " in out
    assert goes_on(capsys, command) == ["convert", "train"]
    out, command = said(capsys, "walk_s1.bvh")
    assert "1 sequence, 12 frames" in out
    assert goes_on(capsys, command, "run") == ["predict"]


def test_packings_of_others(capsys):
    rng = np.random.default_rng(0)
    body = np.array([place for _, place in of_layout(KINECT_V2).values()], np.float32)
    names = [f"S001C001P{p:03}R001A{a:03}" for p in (1, 2, 3, 4) for a in (1, 2)]
    annotations = [
        {"frame_dir": name, "label": int(name[-3:]) - 1, "total_frames": 9,
         "keypoint": (body + rng.normal(0, 0.05, (1, 9, 25, 3))).astype(np.float32)}
        for name in names
    ]  # fmt: skip
    split = {"xsub_train": [n for n in names if n[9:12] in ("001", "002")]}
    split["xsub_val"] = [n for n in names if n not in split["xsub_train"]]
    Path("ntu60_3danno.pkl").write_bytes(pickle.dumps({"split": split, "annotations": annotations}))
    out, command = said(capsys, "ntu60_3danno.pkl", "--split", "xsub")
    assert "pyskl, as in" in out and "8 sequences" in out
    assert goes_on(capsys, command) == ["convert", "train"]
    shutil.rmtree("run")
    rows = []
    for each in annotations:
        row = np.zeros((3, 300, 25, 2), np.float32)
        row[:, :9, :, 0] = each["keypoint"][0].transpose(2, 0, 1)
        rows.append(row)
    write_stgcn(Path("stgcn"), names, rows)
    out, command = said(capsys, "stgcn")
    assert "stgcn, as in" in out and "8 sequences" in out
    assert goes_on(capsys, command) == ["convert", "train"]


@pytest.mark.parametrize("dataset", ["utkinect", "sbu", "utdmhad", "nwucla", "ntu"])
def test_real_files(real_data, dataset, capsys):
    if not (real_data / dataset).is_dir():
        pytest.skip(f"no {dataset} in {real_data}")
    out, command = said(capsys, real_data / dataset)
    assert f": {dataset}, as in " in out and "vertical: +y points up" in out
    assert command == ["convert", "--dataset", dataset, "--data", str(real_data / dataset), "--out", f"{dataset}.npz"]


# --- what is none -----------------------------------------------------------------------------------------------------


def test_what_is_no_file_of_skeletons_is_named(capsys):
    Path("notes.txt").write_text("hello")
    Path("other.json").write_text(json.dumps({"hello": 1}))
    Path("empty").mkdir()
    np.savez("other.npz", x=np.zeros(3))
    for file in ("notes.txt", "other.json", "empty", "other.npz", "nowhere.bvh"):
        assert file in refused(capsys, file)
    neutral.save("data.npz", people())
    assert "not both" in refused(capsys, "data.npz", "--data", "data.npz")


@pytest.mark.parametrize("mark", [0, np.nan])
@pytest.mark.filterwarnings("error")
def test_nobody_is_no_skeleton(mark, capsys):
    data = people()
    neutral.save("data.npz", with_joints(data, np.full_like(data.joints, mark)))
    assert "all sequences show nobody" in refused(capsys, "data.npz")


def test_the_picture_is_drawn(capsys):
    neutral.save("data.npz", people())
    out, _ = said(capsys, "data.npz", "--plot", "one.png")
    assert "written to one.png" in out and Path("one.png").stat().st_size > 5000


def test_without_a_file_it_tells_of_the_synthetic_actions(capsys):
    out, command = said(capsys)
    assert "generated" in out and command == ["train", "--out", "run"]
