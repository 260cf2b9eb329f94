"""What `train` decides and says by itself: mirror images, missing classes, protocols that name a file."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.commands.main import main
from gca_scratch.data import neutral
from gca_scratch.data.meaning import Fact
from tests.helpers.tiny import skeletons

QUICK = ["--epochs", "1", "--hidden", "4", "--iterations", "0", "--frames", "4"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def one_hand(names=("wave", "throw", "bow"), share=1.0):
    """Sequences in which the right hand moves, and in the last ones of each subject the left."""
    data = skeletons(subjects=4, repetitions=4)
    for n in range(len(data)):
        sequence = data.sequence(n)
        sequence[:] = sequence[:1]
        left = n % 12 >= round(12 * share)
        sequence[:, 0, 2 if left else 3, 1] += np.linspace(0, 0.5, len(sequence))
    return dataclasses.replace(data, class_names=names)


def train(capsys, data, *options, code=0):
    neutral.save("data.npz", data)
    assert main(["train", "--data", "data.npz", "--out", "run", *QUICK, *options]) == code
    return capsys.readouterr()


def sentences(out):
    """What was printed, without notes on the data themselves."""
    return "".join(line for line in out.splitlines(keepends=True) if not line.startswith("note: "))


def mirror():
    return runs.read_config("run/config.toml")[1].mirror


def test_mirror_images_of_the_preset_go_where_classes_differ_in_their_sides(capsys):
    out = train(capsys, skeletons()).out
    assert sentences(out).startswith(
        "mirror images are off, for it would make another class of 'raise left': 'raise right'\n"
    )
    assert out.count("mirror") == 1 and not mirror()


def test_mirror_images_that_were_asked_for_are_refused_there(capsys):
    out, err = train(capsys, skeletons(), "--mirror", code=2)
    assert out == "" and "another class of 'raise left': 'raise right'; switch it off with --no-mirror" in err


@pytest.mark.parametrize("fold", [[], ["--fold", "all", "--protocol", "loso", "--jobs", "1"]])
def test_mirror_images_of_the_preset_go_where_everybody_uses_one_hand(capsys, fold):
    out = train(capsys, one_hand(), *fold).out
    sentence = "where one arm moves more than the other it is the same arm in 100.0% of the sequences"
    assert sentences(out).startswith(f"mirror images are off, for {sentence}; --mirror puts them on\n") and not mirror()


def test_mirror_images_that_were_asked_for_stay_with_a_word(capsys):
    out = train(capsys, one_hand(), "--mirror").out
    assert (
        sentences(out).startswith("beware: where one arm moves more")
        and "--no-mirror leaves them out" in out
        and mirror()
    )


def test_mirror_images_stay_where_hands_differ_and_where_a_side_is_no_pair(capsys):
    out = train(capsys, one_hand(share=0.75, names=("left over", "throw", "right hand wave"))).out
    assert "mirror" not in out and mirror()


@pytest.mark.parametrize("more", [["--no-mirror"], ["--preset", "paper"]])
def test_nothing_is_said_where_there_are_no_mirror_images(capsys, more):
    assert "mirror" not in train(capsys, skeletons(), *more, "--validation", "0").out and not mirror()


def test_what_was_decided_is_kept_on_resuming_and_repeating(capsys):
    train(capsys, skeletons())
    assert main(["train", "--resume", "--out", "run"]) == 0
    assert main(["train", "--config", "run/config.toml", "--out", "again"]) == 0
    assert "mirror" not in capsys.readouterr().out


def test_a_class_that_is_missing_is_said_before_training_and_with_the_result(capsys):
    data = one_hand()
    data.label[(data.label == 2) & (data.subject % 2 == 1)] = 0
    out = train(capsys, data, "--no-mirror").out
    sentence = "beware: no training sequence is of 'bow', so that its test sequences cannot be recognised\n"
    assert sentences(out).startswith(sentence) and out.count(sentence) == 2
    assert json.loads(Path("run/result.json").read_text())["warnings"] == [sentence[8:-1]]


def test_a_file_of_names_is_found_again_from_another_folder(capsys, monkeypatch):
    data = skeletons()
    Path("test.txt").write_bytes(("\ufeff# who tests\r\n" + "\r\n".join(map(str, data.name[:5]))).encode())
    out = train(capsys, data, "--no-mirror", "--protocol", "names:@test.txt").out
    assert "19 sequences to train (0 of them for validation), 5 to test" in out
    assert runs.read_config("run/config.toml")[0].protocol == f"names:@{Path('test.txt').absolute()}"
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert main(["evaluate", "../run", "--data", "../data.npz"]) == 0
    assert "5 to test" in capsys.readouterr().out
    Path("../test.txt").unlink()
    assert main(["evaluate", "../run", "--data", "../data.npz"]) == 2
    assert "test.txt cannot be read" in capsys.readouterr().err


def test_folds_of_groups_all_at_once(capsys):
    out = train(
        capsys, skeletons(subjects=5), "--no-mirror", "--protocol", "k-fold:2", "--fold", "all", "--jobs", "1"
    ).out
    assert "protocol k-fold:2, fold all" in out and "over 2 folds" in out
    result = json.loads(Path("run/result.json").read_text())
    assert [fold["n_test"] for fold in result["folds"]] == [18, 12]
    assert "12 to 18 sequences to train in a fold, 30 to test in all" in out


def test_subjects_and_balance_are_options(capsys):
    out = train(capsys, skeletons(), "--no-mirror", "--protocol", "subjects:1,2,3", "--balance", "sampling").out
    assert "train: subjects 1 to 3; test: subject 4\n" in out
    source, settings = runs.read_config("run/config.toml")
    assert (source.protocol, settings.balance) == ("subjects:1,2,3", "sampling")


@pytest.mark.parametrize(
    ("protocol", "words"),
    [
        ("cross-view", "views:1,2"),
        ("cross-subject", "subjects:1,3,5"),
        ("subjects:9", "the data has no subject 9; choose among 1, 2, 3, 4"),
        ("views:1", "needs the view of every sequence"),
        ("names:@gone.txt", "gone.txt cannot be read"),
        ("k-fold:9", "use k-fold:4"),
        ("msr-as1", "the 20 actions of MSR Action3D"),
        ("file", "come with none"),
    ],
)
def test_protocols_that_cannot_be_are_one_sentence(capsys, protocol, words):
    out, err = train(capsys, skeletons(), "--protocol", protocol, code=2)
    assert words in err and err.count("\n") == 1 and out == "" and not Path("run").exists()


def test_the_protocol_is_that_of_the_datas_authors_or_the_datas_own_split_and_said(capsys):
    data = skeletons(subjects=4, repetitions=2)
    said = "note: the protocol is {}; --protocol names another\n"
    assert said.format("half, subjects with odd numbers train") in train(capsys, data).out
    views = dataclasses.replace(data, view=(np.arange(len(data)) % 3 + 1).astype(np.int16))
    views.meaning = dataclasses.replace(data.meaning, protocol=Fact("nw-ucla", "definition"))
    out = train(capsys, views, "--out", "views").out
    assert said.format("nw-ucla, that of the data's authors") in out and "train: views 1, 2; test: view 3" in out
    assert runs.read_config("views/config.toml")[0].protocol == "nw-ucla"
    own = dataclasses.replace(views, test=np.arange(len(data)) % 2 == 0)
    out = train(capsys, own, "--out", "own").out
    assert said.format("file, the split that the data come with") in out and "protocol file, fold 1" in out
    assert "protocol is" not in train(capsys, own, "--out", "asked", "--protocol", "half").out


def test_a_torso_that_is_taken_for_the_hip_is_said(capsys):
    data = dataclasses.replace(skeletons(), joint_names=("torso", "neck", *skeletons().joint_names[2:]))
    said = "note: the hip is 'torso', which no name calls the pelvis: the torso is taken in its place"
    assert said in train(capsys, data).out
    assert "the hip is" not in train(capsys, data, "--hip", "torso", "--out", "answered").out
    out = train(capsys, data, "--hip", "middle", "--out", "made").out
    assert "the hip is" not in out and "'pelvis' is made" in out
    assert "the hip is" not in train(capsys, skeletons(), "--out", "plain").out
