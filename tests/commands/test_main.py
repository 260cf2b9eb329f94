"""The command line: every bad input ends in one sentence and exit code 2, and every command does what its help says."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.commands import COMMANDS, EXAMPLES
from gca_scratch.commands.main import main, parser
from gca_scratch.data import neutral
from gca_scratch.data.readers.utkinect import CLASS_NAMES as ACTIONS
from gca_scratch.data.skeleton import KINECT_V1, OPENNI
from gca_scratch.experiments import demo
from gca_scratch.network.gca_lstm import GCALSTM
from gca_scratch.settings import Settings
from gca_scratch.variants import gradcheck
from tests.helpers.tiny import TINY, of_layout, skeletons

FEW = [
    "--preset",
    "paper",
    "--frames",
    "4",
    "--hidden",
    "4",
    "--epochs",
    "1",
    "--batch-size",
    "8",
    "--initial",
    "average",
    "--seed",
    "3",
]
NPZ = ["train", "--data", "data.npz", "--out", "run", "--no-mirror"]
ODD = {
    "Mitte": (None, (0, 0, 0)),
    "Nacken": ("Mitte", (0, 0.5, 0)),
    "Hand A": ("Nacken", (0.3, 0.2, 0)),
    "Hand B": ("Nacken", (-0.3, 0.2, 0)),
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Every test runs in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A finished run and its data, to copy and spoil."""
    folder = tmp_path_factory.mktemp("trained")
    neutral.save(folder / "data.npz", skeletons())
    runs.run(skeletons(), runs.Source("npz", "data.npz"), TINY, folder / "run", show=False)
    return folder


def tree():
    return sorted(path for path in Path().rglob("*"))


def refused(capsys, arguments, *words):
    """The command ends in exit code 2 and one sentence, and writes nothing."""
    before = tree()
    code = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert code == 2 and (out == "" or arguments[0] == "info"), (code, out)
    assert err.startswith("gca_scratch: ") and err.endswith("\n") and err.count("\n") == 1, err
    assert "Traceback" not in err and all(word in err for word in words), err
    assert tree() == before


def done(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert code == 0, err
    return out


# --- help -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["", "demo", "train", "evaluate", "gradcheck", "info"])
def test_help_shows_examples(capsys, command):
    with pytest.raises(SystemExit) as caught:
        main([*command.split(), "--help"])
    out = capsys.readouterr().out
    assert caught.value.code == 0 and "examples:" in out and f"python -m gca_scratch {command}".strip() in out


def test_help_of_train_explains_every_setting(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    out = " ".join(capsys.readouterr().out.split())
    for setting in dataclasses.fields(Settings):
        assert f"--{setting.name.replace('_', '-')}" in out and " ".join(setting.metadata["help"].split()) in out


def test_the_examples_are_understood():
    assert EXAMPLES.keys() == COMMANDS.keys()
    for name, lines in EXAMPLES.items():
        for line in lines:
            assert line.startswith(f"{name} ")
            assert parser().parse_args(line.split()).command.__module__ == f"gca_scratch.commands.{name}"


def test_a_command_is_found_behind_two_dashes(tmp_path):
    assert main(["--", "compare", str(tmp_path), str(tmp_path)]) == 2


def test_the_version(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0 and capsys.readouterr().out.startswith("gca_scratch 0.")


# --- options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("", ["COMMAND", "--help"]),
        ("dance", ["'dance'", "demo"]),
        ("evaluate", ["CHECKPOINT"]),
        ("train --out run --epochs many", ["--epochs", "'many'"]),
        ("train --out run --epochs 2.5", ["--epochs", "'2.5'"]),
        ("train --out run --dataset moon", ["'moon'", "utkinect"]),
        ("train --out run --device tpu", ["'tpu'", "cuda"]),
        ("train --out run --colour red", ["--colour"]),
        ("train --out run --preset tiny", ["'tiny'", "paper, small, demo"]),
        ("train --out run --dataset npz", ["--data PATH"]),
        ("train --out run --dataset utkinect", ["--data PATH"]),
        ("train --out run --dataset utkinect --data nowhere", ["nowhere", "actionLabel.txt"]),
        ("train --out run --data nowhere.npz", ["nowhere.npz", "cannot be read"]),
        ("train --out run --fold none", ["--fold 'none'"]),
        ("train --out run --fold 0", ["--fold '0'"]),
        ("train --out run --fold -1", ["--fold '-1'"]),
        ("train --out run --fold 1.5", ["--fold '1.5'"]),
        ("train --out run --fold ²", ["--fold '²'"]),
        ("train --out run --fold " + "9" * 5000, ["--fold"]),
        ("train --out run --seed -1", ["seed = -1", "from 0 to 1000000"]),
        ("train --out run --epochs 0", ["epochs = 0", "from 1 to 1000000"]),
        ("train --out run --frames 0", ["frames = 0"]),
        ("train --out run --hidden -4", ["hidden = -4"]),
        ("train --out run --batch-size 0", ["batch_size = 0"]),
        ("train --out run --iterations -1", ["iterations = -1"]),
        ("train --out run --dropout 1", ["dropout = 1.0", "below 1"]),
        ("train --out run --learning-rate nan", ["learning_rate = nan"]),
        ("train --out run --learning-rate 0", ["learning_rate = 0.0"]),
        ("train --out run --momentum 1", ["momentum = 1.0"]),
        ("train --out run --decay 1.1", ["decay = 1.1"]),
        ("train --out run --crop 0.5", ["crop = 0.5"]),
        ("train --out run --mode sideways", ["mode = 'sideways'"]),
        ("train --out run --initial zero", ["initial = 'zero'"]),
        ("train --out run --config nowhere.toml", ["nowhere.toml cannot be read"]),
        ("evaluate nowhere", ["no checkpoint nowhere"]),
        ("info --data nowhere.npz", ["there is no file or folder nowhere.npz"]),
        ("info --dataset utkinect", ["--data PATH"]),
        ("info some.npz", ["there is no file or folder some.npz"]),
        ("info --dataset synthetic --data some.npz", ["synthetic data lies nowhere", "--data some.npz"]),
        ("info --data .", ["the folder . holds no files", "recordings"]),
        ("train --out run --data .", ["the folder . holds no files", "recordings"]),
        ("train --out run --resume", ["run holds no run", "--resume"]),
        ("gradcheck --seed -1", ["--seed -1"]),
    ],
)
def test_options_that_cannot_be_used(capsys, arguments, words):
    refused(capsys, arguments.split(), *words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--fold 5 --protocol loso", ["no fold 5", "1 to 4"]),
        ("--mirror", ["another class of 'raise left'", "--no-mirror"]),
        ("--fold 2", ["no fold 2", "1 to 1"]),
        ("--network st-lstm --sharing a", ["st-lstm has no attention", "--sharing"]),
        ("--no-pair --exchange", ["give --pair"]),
        ("--protocol moon", ["'moon'", "loso, "]),
        ("--fold all --protocol moon", ["'moon'", "loso, "]),
        ("--fold all --jobs 0", ["--jobs 0"]),
        ("--validation 2", ["2 of 2 training subjects"]),
        ("--hip knee", ["--hip 'knee'", "'pelvis'"]),
        ("--out data.npz", ["the folder data.npz cannot be made"]),
        ("--out data.npz/deeper", ["the folder data.npz/deeper cannot be made"]),
        ("--fold all --out data.npz", ["/data.npz cannot be made"]),
    ],
)
def test_options_that_do_not_fit_the_data(capsys, options, words):
    neutral.save("data.npz", skeletons())
    refused(capsys, [*NPZ, *options.split()], *words)


@pytest.mark.parametrize("more", [[], ["--fold", "all"]])
def test_a_gpu_that_is_not_there(capsys, monkeypatch, more):
    monkeypatch.setitem(sys.modules, "cupy", None)  # an import of it now fails
    neutral.save("data.npz", skeletons())
    arguments = ["train", "--data", "data.npz", "--out", "run", "--device", "cuda", *more]
    refused(capsys, arguments, "CuPy", "pip install 'cupy-cuda13x[ctk]'")
    refused(capsys, ["demo", "--device", "cuda"], "CuPy")


# --- data -------------------------------------------------------------------------------------------------------------


def utkinect(folder, frames=8):
    """A data set in UT-Kinect's layout: four people, two actions each."""
    os.makedirs(f"{folder}/joints")
    rng, labels = np.random.default_rng(0), []
    for subject in (1, 2, 3, 4):
        name = f"s{subject:02}_e01"
        x = np.array([place for _, place in of_layout(KINECT_V1).values()])
        rows = [(x + rng.normal(0, 0.01, x.shape) + (0, 0, 2)).ravel() for _ in range(2 * frames)]
        lines = [f"{100 + 2 * k}  " + "  ".join(f"{v:.6f}" for v in row) + " " for k, row in enumerate(rows)]
        Path(folder, "joints", f"joints_{name}.txt").write_text("\r\n".join(lines) + "\r\n")
        middle = 100 + 2 * frames
        labels += [name, f"walk: 100 {middle - 2}", f"throw: {middle} {middle + 2 * frames - 2}"]
    Path(folder, "actionLabel.txt").write_text("\n".join(labels) + "\n")
    return Path(folder)


def edit(path, change):
    path.write_text(change(path.read_text()))


SECOND = "joints/joints_s02_e01.txt"


def without_a_column(text):
    lines = text.splitlines()
    lines[3] = lines[3].rsplit(None, 1)[0] + " "
    return "\n".join(lines) + "\n"


def with_a_word(word):
    def change(text):
        lines = text.splitlines()
        cells = lines[2].split()
        cells[7] = word
        lines[2] = " ".join(cells) + " "
        return "\n".join(lines) + "\n"

    return change


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        (SECOND, lambda text: text[: len(text) * 2 // 3], [SECOND, "line 11", "cut off"]),
        (SECOND, lambda text: text[: text.rindex("\n", 0, 2000) + 1], ["s02_e01", "frames"]),
        (SECOND, lambda text: "", [SECOND, "is empty"]),
        (SECOND, without_a_column, [SECOND, "line 4", "60 columns where 61 belong"]),
        (SECOND, with_a_word("NaN"), [SECOND, "line 3", "column 8", "'NaN'"]),
        (SECOND, with_a_word("inf"), [SECOND, "line 3", "column 8", "'inf'"]),
        (SECOND, with_a_word("hello"), [SECOND, "line 3", "column 8", "'hello'"]),
        (SECOND, lambda text: None, [SECOND, "is missing"]),
        ("actionLabel.txt", lambda text: "", ["actionLabel.txt is empty"]),
        (
            "actionLabel.txt",
            lambda text: text.replace("walk: 100 114", "walk: 10 14", 1),
            ["line 2", "frames 10 to 14"],
        ),
        ("actionLabel.txt", lambda text: text.replace("walk", "dance", 1), ["line 2", "'dance'"]),
        ("actionLabel.txt", lambda text: text.replace("s02_e01", "s07_e01"), ["joints_s07_e01.txt is missing"]),
        ("actionLabel.txt", lambda text: None, ["actionLabel.txt", "cannot be read"]),
    ],
)
@pytest.mark.parametrize("command", ["info", "train --out run --fold all --protocol loso", "train --out run"])
def test_text_files_that_are_not_whole(capsys, file, change, words, command):
    root = utkinect("ut")
    text = change((root / file).read_text())
    (root / file).unlink() if text is None else (root / file).write_text(text)
    refused(capsys, [*command.split(), "--dataset", "utkinect", "--data", root], *words)


def test_sequences_shorter_than_the_frames_are_trained_on(capsys):
    root = utkinect("ut", frames=2)
    said = done(capsys, "train", "--dataset", "utkinect", "--data", root, "--out", "run", *FEW, "--frames", "9")
    assert "2 sequences to train" not in said and "4 sequences to train (2 of them for validation), 4 to test" in said
    result = json.loads(Path("run/result.json").read_text())
    assert result["n_test"] == 4 and set(result["per_class"]) == {"walk", "throw"} < set(ACTIONS)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": np.array(["a", 1] * 12, object)}, ["name", "Python objects"]),
        ({"joints": np.array([{}], object)}, ["joints", "Python objects"]),
        ({"offsets": np.arange(25) * 7}, ["offsets"]),
        ({"offsets": np.zeros(25, np.int64)}, ["offsets"]),
        ({"offsets": np.arange(3)}, ["offsets"]),
        ({"label": np.full(24, 3, np.int16)}, ["label[0] is 3", "0 to 2"]),
        ({"joints": None}, ["lacks the array 'joints'"]),
        ({"edges": np.array([[0, 9]], np.int16)}, ["edges[0]"]),
        ({"edges": np.zeros((0, 2), np.int16)}, ["bones", "do not lead from joint"]),
        ({"edges": np.array([[0, 1], [1, 0]], np.int16)}, ["bone 1", "closes a loop"]),
        ({"joint_names": np.array(list("abcdef"))}, ["which of these joints is the hip", "'a', 'b'", "--hip NAME"]),
        ({"joint_names": np.array(["a\nb", *"cdefg"])}, ["joint_names[0]", "control character"]),
    ],
)
@pytest.mark.parametrize("command", ["info --data data.npz", "train --out run --data data.npz"])
def test_npz_files_that_are_not_consistent(capsys, changes, words, command):
    arrays = neutral.arrays_of(skeletons()) | changes
    np.savez("data.npz", **{name: array for name, array in arrays.items() if array is not None})
    refused(capsys, command.split(), *words)


def test_coordinates_that_are_not_finite(capsys):
    data = skeletons()
    joints = data.joints.copy()
    joints[9, 0, 2, 1] = np.inf
    np.savez("data.npz", **neutral.arrays_of(data) | {"joints": joints})
    refused(capsys, ["info", "--data", "data.npz"], "data.npz: sequence", "'left hand'", "inf")


def test_a_file_that_is_cut_off(capsys):
    neutral.save("data.npz", skeletons())
    content = Path("data.npz").read_bytes()
    Path("data.npz").write_bytes(content[: len(content) // 2])
    refused(capsys, ["info", "--data", "data.npz"], "data.npz", "damaged")
    refused(capsys, ["train", "--data", "data.npz", "--out", "run"], "data.npz", "damaged")


# --- checkpoints and config.toml --------------------------------------------------------------------------------------


def edited_checkpoint(change):
    """run/checkpoint.npz with its JSON changed."""
    with np.load("run/checkpoint.npz") as file:
        arrays = {name: file[name] for name in file.files}
    about = json.loads(str(arrays.pop("about")))
    change(about)
    np.savez("run/checkpoint.npz", about=np.array(json.dumps(about)), **arrays)


@pytest.fixture
def copied(trained):
    shutil.copytree(trained, ".", dirs_exist_ok=True)


@pytest.mark.parametrize("command", ["evaluate run", "evaluate run/checkpoint.npz", "train --resume --out run"])
def test_checkpoints_that_are_not_whole(capsys, copied, command):
    path = Path("run/checkpoint.npz")
    whole = path.read_bytes()
    for content in (whole[:1000], whole[:-5], b"", b"weights"):
        path.write_bytes(content)
        refused(capsys, command.split(), "run/checkpoint.npz", "damaged")
    path.write_bytes(whole)
    edited_checkpoint(lambda about: about["settings"].update(hidden=7))
    refused(capsys, command.split(), "run/checkpoint.npz holds", "where the network has")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dataset": "moon"}, ["unknown data set 'moon'"]),
        ({"dataset": 3}, ["what run was trained on: dataset must be text, not 3"]),
        ({"colour": "red"}, ["no entry 'colour'"]),
        ({"data": "gone.npz"}, ["trained on gone.npz, which is not there"]),
        ({"fold": "first"}, ["fold must be a whole number"]),
        ({"fold": 10**9}, ["no fold 1000000000"]),
        ({"protocol": "moon"}, ["no protocol 'moon'"]),
        ({"hip": "knee"}, ["--hip 'knee'"]),
    ],
)
def test_checkpoints_that_name_other_data(capsys, copied, change, words):
    edited_checkpoint(lambda about: about["run"].update(change))
    refused(capsys, ["evaluate", "run"], *words)


def test_data_of_another_shape(capsys, copied):
    body = {name: place for name, place in of_layout(OPENNI).items() if "hand" not in name and name != "head"}
    neutral.save("other.npz", skeletons(body))
    refused(
        capsys, ["evaluate", "run", "--data", "other.npz"], "other.npz: 2 of the 6 joints are missing", "'left hand'"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[data\n[settings]", ["config.toml is not TOML", "line 1"]),
        ("\udcff", ["config.toml is not TOML"]),
        ("", ["[data] lacks dataset"]),
        ("data = 3", ["[data] is 3 where a table belongs"]),
        ("settings = []\n[data]\ndataset = 'npz'", ["[settings] is [] where a table belongs"]),
        ("[[data]]\ndataset = 'npz'", ["where a table belongs"]),
        ("[data]\ndataset = 'npz'\n[setings]\nepochs = 3", ["no table 'setings'"]),
        ("[data]\ndataset = 'npz'\n[settings]\nepoch = 3", ["[settings] has no entry 'epoch'", "epochs"]),
        ("[data]\ndataset = 'npz'\n[settings]\nepochs = '3'", ["epochs must be a whole number, not '3'"]),
        ("[data]\ndataset = 'npz'\n[settings]\nepochs = true", ["epochs must be a whole number, not True"]),
        ("[data]\ndataset = 'npz'\n[settings]\nepochs = 3.0", ["epochs must be a whole number, not 3.0"]),
        ("[data]\ndataset = 'npz'\n[settings]\nepochs = 0", ["config.toml, [settings]: epochs = 0 cannot be used"]),
        ("[data]\ndataset = 'npz'\n[settings]\nclip = nan", ["clip must be a finite number, not nan"]),
        ("[data]\ndataset = 'npz'\n[settings]\nlearning_rate = inf", ["learning_rate must be a finite number"]),
        ("[data]\ndataset = 'npz'\n[settings]\nmirror = 1", ["mirror must be true or false, not 1"]),
        ("[data]\ndataset = 'moon'", ["unknown data set 'moon'"]),
        ("[data]\ndataset = 'npz'\ndata = 3", ["data must be text"]),
        ("[data]\ndataset = 'npz'\nroot = 'data.npz'", ["what version 0.1 called root", "rename it"]),
        ("[data]\ndataset = 'npz'\ndata = 'data.npz'\nfold = -1", ["no fold -1"]),
        ("[data]\ndataset = 'npz'\ndata = 'data.npz'\nfold = " + "9" * 5000, ["config.toml is not TOML"]),
    ],
)
def test_bad_config_files(capsys, text, words):
    neutral.save("data.npz", skeletons())
    Path("config.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    refused(capsys, ["train", "--config", "config.toml", "--out", "run"], *words)


def test_a_config_and_options_that_contradict_each_other(capsys, copied):
    config, out = ["--config", "run/config.toml"], ["--out", "new"]
    refused(capsys, ["train", *config, "--preset", "small", *out], "leave --preset out")
    refused(capsys, ["train", *config, "--out", "run"], "run already holds a run", "--resume")
    refused(capsys, ["train", "--resume", "--out", "run", *config], "leave --config out")
    refused(capsys, ["train", "--resume", "--out", "run", "--preset", "small"], "leave --preset out")
    refused(capsys, ["train", "--resume", "--out", "run", "--epochs", "9"], "epochs cannot be changed")
    refused(capsys, ["train", "--resume", "--out", "run", "--fold", "all", "--no-mirror", "--seed", "4"], "seed, fold")
    refused(capsys, ["train", "--resume", "--out", "run", "--protocol", "loso"], "protocol cannot be changed")


def test_resume_finds_the_run_or_its_config(capsys, copied):
    os.rename("data.npz", "moved.npz")
    before = json.loads(Path("run/result.json").read_text())
    done(capsys, "train", "--resume", "--out", "run", "--data", "moved.npz", "--epochs", TINY.epochs)
    assert json.loads(Path("run/result.json").read_text()) == before | {"data": "moved.npz"}
    done(capsys, "train", "--resume", "--config", "run/config.toml", "--data", "moved.npz", "--out", "new")
    assert json.loads(Path("new/result.json").read_text())["confusion"] == before["confusion"]


# --- commands ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "persons", "more", "first"),
    [
        ({f"{name} ~": value for name, value in ODD.items()}, 1, ["--hip", "Mitte ~"], "Mitte ~"),
        (of_layout(KINECT_V1), 1, ["--face-camera", "--torso-scale", "--crop", "0.1"], "hip center"),
        (of_layout(OPENNI), 2, ["--face-camera", "--torso-scale", "--turn", "30", "--jitter", "0.01"], "torso"),
    ],
    ids=["odd names", "20 joints", "15 joints, two persons"],
)
def test_anybodys_skeletons_are_trained_on_and_evaluated(capsys, body, persons, more, first):
    body = {name: (f"{parent} ~" if parent in ODD else parent, place) for name, (parent, place) in body.items()}
    neutral.save("data.npz", skeletons(body, persons=persons, truth=False))
    info = done(capsys, "info", "--data", "data.npz", *(more if "--hip" in more else []))
    assert f"{persons} person" in info and f"{len(body)} joints" in info and f"the chain: {first}" in info
    said = done(capsys, "train", "--data", "data.npz", "--out", "run", *FEW, *more)
    assert "12 sequences to train (6 of them for validation), 12 to test" in said and "accuracy" in said
    assert sorted(os.listdir("run")) == ["checkpoint.npz", "config.toml", "history.csv", "result.json"]
    again = done(capsys, "evaluate", "run")
    assert again.rstrip("\n") in said
    done(capsys, "train", "--config", "run/config.toml", "--out", "twin")
    with np.load("run/checkpoint.npz") as a, np.load("twin/checkpoint.npz") as b:
        assert a.files == b.files and all((a[name] == b[name]).all() for name in a.files if name != "about")


def test_fifteen_joints_with_odd_names_and_two_persons(capsys):
    renamed = {name: f"J{k:02}" for k, name in enumerate(OPENNI.joint_names)}
    body = {renamed[name]: (renamed.get(parent), place) for name, (parent, place) in of_layout(OPENNI).items()}
    neutral.save("data.npz", skeletons(body, persons=2))
    train = ["train", "--data", "data.npz", "--out", "run", *FEW]
    refused(capsys, train, "which of these joints is the hip", "'J00', 'J01'", "--hip NAME")
    refused(capsys, [*train, "--hip", "J02", "--preset", "small"], "face_camera needs", "--no-face-camera")
    refused(capsys, [*train, "--hip", "J02", "--mirror"], "mirror needs", "--no-mirror")
    done(capsys, *train, "--hip", "J02", "--fold", "all", "--protocol", "loso", "--jobs", "1")
    result = json.loads(Path("run/result.json").read_text())
    assert result["hip"] == "J02" and len(result["folds"]) == 4 and result["n_test"] == 24


def test_info_tells_what_a_file_holds(capsys):
    neutral.save("data.npz", dataclasses.replace(skeletons(), view=np.repeat(np.int16([1, 2]), 12)))
    said = done(capsys, "info", "--data", "data.npz")
    for words in (
        *("24 sequences", "1 person,", "6 joints", "subjects: 4 (1 to 4)", "views: 1, 2", "repetitions: 1, 2"),
        *("ground truth", "raise left", "coordinates: x ", "chain: pelvis, neck, left hand"),
    ):
        assert words in said, words
    assert [line.split()[-1] for line in said.splitlines() if line.startswith("  ")] == ["8", "8", "8"]
    root = utkinect("ut")
    assert "8 sequences, 64 frames (8 to 8 each" in done(capsys, "info", "--dataset", "utkinect", "--data", root)


def small_networks():
    yield "small", GCALSTM(2, 2, 2, 2, hidden=2, iterations=1, initial="average")


def test_gradcheck_prints_and_writes_every_gradient(capsys, monkeypatch):
    monkeypatch.setattr(gradcheck, "everything", small_networks)
    said = done(capsys, "gradcheck", "--json", "deep/gradients.json")
    rows = json.loads(Path("deep/gradients.json").read_text())
    _, network = next(small_networks())
    assert [row["name"] for row in rows] == [*network.shapes(), "input"]
    for row in rows:
        assert row["passed"] and row["complex_error"] < 1e-10 and row["central_error"] < 1e-6
        assert any(line.split()[:1] == [row["name"]] and line.endswith("ok") for line in said.splitlines())
    assert "0 wrong" in said and "largest" in said.lower()


def test_gradcheck_finds_a_wrong_gradient(capsys, monkeypatch):
    real = GCALSTM.backward

    def wrong(self, dlogits, cache, with_input=False):
        gradients = real(self, dlogits, cache, with_input)
        return gradients | {"layer1.b": gradients["layer1.b"] * 1.0001}

    monkeypatch.setattr(gradcheck, "everything", small_networks)
    monkeypatch.setattr(GCALSTM, "backward", wrong)
    assert main(["gradcheck", "--json", "gradients.json"]) == 1
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines() if line.endswith("WRONG")] == ["layer1.b"]
    assert "1 wrong" in said
    rows = json.loads(Path("gradients.json").read_text())
    assert [row["name"] for row in rows if not row["passed"]] == ["layer1.b"]


def test_gradcheck_that_cannot_write_says_so(capsys, monkeypatch):
    monkeypatch.setattr(gradcheck, "everything", small_networks)
    Path("file").touch()
    for path in ("file/gradients.json", "."):
        assert main(["gradcheck", "--json", path]) == 2
        err = capsys.readouterr().err
        assert f"gca_scratch: {path} cannot be written" in err and err.count("\n") == 1
    assert tree() == [Path("file")]


def test_too_little_memory_is_one_sentence(capsys, monkeypatch):
    def full(*_):
        raise MemoryError("Unable to allocate 711. PiB")

    neutral.save("data.npz", skeletons())
    monkeypatch.setattr(GCALSTM, "init", full)
    refused(capsys, NPZ, "not enough memory (Unable to allocate 711. PiB)", "lower --jobs, or hidden")


def test_a_demonstration_is_not_overwritten(capsys, copied, monkeypatch):
    monkeypatch.setitem(runs.DATASETS, "synthetic", lambda root: skeletons())
    monkeypatch.setattr(demo, "SETTINGS", TINY)
    os.makedirs("demo-run")
    os.rename("run", "demo-run/gca-lstm")
    refused(capsys, ["demo"], "demo-run already holds a demonstration")
    assert main(["demo", "--out", "data.npz"]) == 2
    assert "gca_scratch: data.npz cannot be written, for it is a file" in capsys.readouterr().err
    refused(capsys, ["demo", "--seed", "-1", "--out", "new"], "seed = -1")
    refused(capsys, ["demo", "--seeds", "0", "--out", "new"], "--seeds 0 cannot be used")
    refused(capsys, ["demo", "--seed", "999999", "--out", "new"], "seed = 1000003")


def test_ctrl_c_is_no_accident(capsys, monkeypatch):
    monkeypatch.setattr(runs, "load_data", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    assert main(["info"]) == 130 and capsys.readouterr().err == "gca_scratch: stopped\n"


def test_a_reader_who_has_read_enough_is_no_accident():
    neutral.save("data.npz", skeletons())
    command = [sys.executable, "-m", "gca_scratch", "info", "--data", "data.npz"]
    reader, writer = os.pipe()
    os.close(reader)
    buffered = os.environ | {"PYTHONUNBUFFERED": ""}  # what was printed is written at the end
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, env=buffered)
    os.close(writer)
    assert done.returncode == 141 and done.stderr == ""


def test_the_exit_code_reaches_the_shell():
    command = [sys.executable, "-m", "gca_scratch", "evaluate", "nowhere"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1
