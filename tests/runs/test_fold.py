"""Whole runs: the files they leave, stopping and going on, early stop, all folds, and what cannot be run."""

import csv
import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pytest

from gca_scratch import runs, training
from gca_scratch.commands.main import main
from gca_scratch.data import neutral
from gca_scratch.runs import checkpoint, folds
from gca_scratch.runs.folds import run_all_folds
from gca_scratch.support.errors import InputError
from gca_scratch.training import stepwise
from gca_scratch.training.optim import SGD
from gca_scratch.training.parallel import Engine
from tests.helpers.crashing import KILLED, command
from tests.helpers.tiny import TINY, skeletons

DATA = skeletons()
SOURCE = runs.Source("npz", "data.npz")
SETTINGS = dataclasses.replace(TINY, epochs=4, patience=2)


@pytest.fixture(autouse=True)
def data_file(tmp_path, monkeypatch):
    """Every test runs in a folder of its own that holds data.npz."""
    monkeypatch.chdir(tmp_path)
    neutral.save("data.npz", DATA)


def run(out, settings=SETTINGS, source=SOURCE, data=DATA, **options):
    return runs.run(data, source, settings, out, show=False, **options)


def rows_of(out):
    return list(csv.DictReader(Path(out, "history.csv").read_text().splitlines()))


def history(out):
    """history.csv but for the seconds."""
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows_of(out)]


def written(out):
    return json.loads(Path(out, "result.json").read_text())


def result(out):
    """result.json but for the seconds."""
    return {name: value for name, value in written(out).items() if name != "seconds"}


def assert_same_run(a, b):
    """Both folders hold the same weights, velocities, random state, history and result, to the last bit."""
    (x, *rest_of_x), (y, *rest_of_y) = checkpoint.load(a), checkpoint.load(b)
    assert rest_of_x == rest_of_y and x.rng.bit_generator.state == y.rng.bit_generator.state
    for group in ("params", "velocity", "best"):
        one, other = getattr(x, group) or {}, getattr(y, group) or {}
        assert one.keys() == other.keys() and all((one[name] == other[name]).all() for name in one)
    for name in ("stage", "epoch", "waited", "best_score", "finished"):
        assert getattr(x, name) == getattr(y, name), name
    assert history(a) == history(b) and result(a) == result(b)


class PowerCut(Exception):
    """Something that no code expects."""


def stopped(out, monkeypatch, owner, name, calls, error, **options):
    """A run during which the function `owner.name` raises `error` instead of returning, at its call number `calls`."""
    real, count = getattr(owner, name), 0

    def failing(*arguments, **more):
        nonlocal count
        count += 1
        value = real(*arguments, **more)
        if count == calls:
            raise error
        return value

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, failing)
        return run(out, **options)


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_run_leaves_its_files():
    returned = run("run")
    assert sorted(os.listdir("run")) == ["checkpoint.npz", "config.toml", "history.csv", "result.json"]
    assert written("run") == returned and not returned["stopped_early"]
    assert (returned["dataset"], returned["protocol"], returned["fold"]) == ("npz", "half", 1)
    assert (returned["n_train"], returned["n_validation"], returned["n_test"]) == (12, 6, 12)
    assert set(returned["per_class"]) == set(DATA.class_names) and np.sum(returned["confusion"]) == 12
    assert returned["accuracy"] == pytest.approx(np.trace(returned["confusion"]) / 12)
    assert returned["accuracy"] == pytest.approx(np.mean(list(returned["per_class"].values())))  # 4 of each
    rows = rows_of("run")
    assert tuple(rows[0]) == training.HISTORY_COLUMNS and len(rows) == returned["epochs"]
    assert returned["seconds"] == pytest.approx(sum(float(row["seconds"]) for row in rows)) and returned["seconds"] > 0
    state, network, settings, source = checkpoint.load("run")
    assert settings == SETTINGS and state.finished
    known = source.pop("known")
    assert source == dataclasses.asdict(SOURCE) | {"fingerprint": neutral.fingerprint(DATA)}
    assert (known["class_names"], known["joint_names"]) == (list(DATA.class_names), list(DATA.joint_names))
    assert sorted(known["train_subjects"] + known["validation_subjects"]) == [1, 3]
    assert (network.joints, network.frames, network.channels, network.classes) == (6, 4, 3, 3)


def test_evaluate_gives_the_same_figures():
    returned = run("run")
    again = runs.retest("run")
    assert again == {name: value for name, value in returned.items() if name != "stopped_early"}
    assert runs.retest("run/checkpoint.npz") == again
    os.rename("data.npz", "moved.npz")
    with pytest.raises(InputError, match=r"run was trained on data\.npz, which is not there; .* --data"):
        runs.retest("run")
    assert runs.retest("run", "moved.npz") == again | {"data": "moved.npz"}


def test_cells_that_are_told_of_motion_are_so_from_training_to_evaluation():
    returned = run("run", dataclasses.replace(SETTINGS, motion=3.0))
    assert returned["loss"] != run("plain")["loss"]
    again = runs.retest("run")
    assert again == {name: value for name, value in returned.items() if name != "stopped_early"}
    state, network, settings, _, split = runs.reload("run")
    assert network.channels == split.aligned.channels == 6 and settings.motion == 3.0
    assert state.params["layer1.W"].shape[0] == 6 + 2 * settings.hidden


def test_data_of_more_persons_is_evaluated_and_said():
    run("run")
    neutral.save("two.npz", skeletons(persons=2))
    result = runs.retest("run", "two.npz")
    assert any("two.npz shows 2 persons and the network knows 1 person" in said for said in result["warnings"])


def test_config_repeats_a_run_to_the_same_bits():
    run("run", dataclasses.replace(SETTINGS, jitter=0.01, turn=10.0, crop=0.1, stretch=0.1, seed=5))
    assert main(["train", "--config", "run/config.toml", "--out", "again"]) == 0
    assert_same_run("run", "again")
    assert Path("run/config.toml").read_text() == Path("again/config.toml").read_text()


def test_stepwise_training_has_a_step_per_iteration_and_direct_training_one():
    run("stepwise", dataclasses.replace(SETTINGS, validation=0))
    assert [row["step"] for row in history("stepwise")] == ["0"] * 4 + ["1"] * 4 + ["2"] * 4
    assert [row["epoch"] for row in history("stepwise")] == ["1", "2", "3", "4"] * 3
    assert {row["validation_loss"] for row in history("stepwise")} == {""}
    run("direct", dataclasses.replace(SETTINGS, mode="direct"))
    assert {row["step"] for row in history("direct")} == {"2"} and len(history("direct")) <= 4
    assert all(float(row["validation_loss"]) > 0 for row in history("direct"))


def test_patience_ends_a_step_early():
    run("run", dataclasses.replace(SETTINGS, mode="direct", epochs=50, patience=2, learning_rate=0.5, clip=0.0))
    rows = history("run")
    assert 2 < len(rows) < 50
    errors = [(float(row["validation_error"]), float(row["validation_loss"])) for row in rows]
    assert errors.index(min(errors)) == len(rows) - 3


def test_a_batch_larger_than_the_data():
    assert run("run", dataclasses.replace(SETTINGS, batch_size=10**6))["epochs"] >= 6


# --- stopping and going on --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", ["some epochs", pytest.param("any epoch", marks=pytest.mark.long)])
@pytest.mark.parametrize(("validation", "average"), [(0, 0), (1, 0), (0, 2), (1, 2)])
def test_stopped_after_an_epoch_and_resumed_it_comes_to_the_same_bits(monkeypatch, validation, average, after):
    """Of a training step the first epoch, the last one, or one between them; test_stopped_again_and_again has all."""
    settings = dataclasses.replace(SETTINGS, validation=validation, average=average)
    epochs = run("whole", settings)["epochs"]
    assert epochs >= 7
    for k in range(1, epochs + 1) if after == "any epoch" else (1, 3, epochs):
        with pytest.raises(PowerCut):
            stopped(f"cut{k}", monkeypatch, stepwise, "run_epoch", k, PowerCut, settings=settings)
        assert not os.path.exists(f"cut{k}/result.json")
        assert len(history(f"cut{k}")) == k - 1
        run(f"cut{k}", settings, resume=True)
        assert_same_run("whole", f"cut{k}")


def test_stopped_again_and_again(monkeypatch):
    epochs = run("whole")["epochs"]
    for _ in range(epochs - 1):
        with pytest.raises(PowerCut):
            stopped("cut", monkeypatch, stepwise, "run_epoch", 2, PowerCut, resume=True)
    run("cut", resume=True)
    assert_same_run("whole", "cut")


def test_a_killed_process_has_left_a_checkpoint():
    """SIGKILL in the middle of an epoch, so nothing is tidied up."""
    settings = dataclasses.replace(SETTINGS, mode="direct", epochs=9, patience=9)
    runs.write_config("config.toml", SOURCE, settings)
    train = ("train", "--config", "config.toml", "--out", "killed")
    assert command(*train, kill_in_step=2 * 4 + 2).code == KILLED  # 6 sequences in batches of 5 are 2 steps an epoch
    assert len(history("killed")) == 4 and not checkpoint.load("killed")[0].finished
    assert main(["train", "--resume", "--out", "killed"]) == 0
    run("whole", settings)
    assert_same_run("whole", "killed")


@pytest.mark.parametrize("batch", [2, 5, 8, 12])
def test_ctrl_c_keeps_the_best_weights_and_can_be_resumed(monkeypatch, batch):
    """6 sequences to train on in batches of 5 make 2 steps an epoch: in the middle of the first epoch of training step
    0, 1, ..., the weights have moved but no epoch is whole."""
    run("whole")
    if batch == 2:  # the middle of the first epoch: no whole epoch yet
        with pytest.raises(KeyboardInterrupt, match="before its first epoch ended; go on with it by --resume"):
            stopped("cut", monkeypatch, SGD, "step", 1, KeyboardInterrupt)
    else:
        returned = stopped("cut", monkeypatch, SGD, "step", batch, KeyboardInterrupt)
        assert returned["stopped_early"] and result("cut")["stopped_early"]
        assert result("cut")["epochs"] == len(history("cut")) == (batch - 1) // 2
        figures = {name: value for name, value in returned.items() if name != "stopped_early"}
        assert runs.retest("cut") == figures
    run("cut", resume=True)
    assert_same_run("whole", "cut")


def test_between_two_steps_the_weights_are_tested_as_they_were_trained(monkeypatch):
    """Stopped in the first epoch of step 1, what there is are the best weights of step 0; iteration 1 is untrained."""
    settings = dataclasses.replace(SETTINGS, validation=0, epochs=2)
    run("none", dataclasses.replace(settings, iterations=0))
    returned = stopped("cut", monkeypatch, SGD, "step", 2 * 3 + 1, KeyboardInterrupt, settings=settings)
    assert returned["epochs"] == 2 and returned["iterations"] == 0
    split = runs.make_split(DATA, SOURCE, settings)
    state, network, _, _ = checkpoint.load("cut")
    loss, _ = training.evaluate(Engine(network), state.params, split.aligned, split.test, settings, 0)
    assert returned["loss"] == loss


def test_a_finished_run_is_resumed_without_training(monkeypatch):
    run("run")
    before = result("run")
    monkeypatch.setattr(stepwise, "run_epoch", lambda *_: pytest.fail("trained"))
    run("run", resume=True)
    assert result("run") == before


def test_resume_without_a_run_starts_one():
    run("whole")
    run("new", resume=True)
    assert_same_run("whole", "new")


def test_the_old_checkpoint_stays_when_the_disk_is_full(monkeypatch):
    run("whole")
    real = checkpoint.write_npz

    def full(file, arrays):
        real(file, arrays)
        if json.loads(str(arrays["about"]))["stage"] == 2:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "write_npz", full)
        with pytest.raises(InputError, match=r"checkpoint\.npz cannot be written .No space left.*free some space"):
            run("cut")
    assert checkpoint.load("cut")[0].stage < 2 and not [name for name in os.listdir("cut") if name.endswith(".part")]
    run("cut", resume=True)
    assert_same_run("whole", "cut")


# --- folders ----------------------------------------------------------------------------------------------------------


def test_a_run_is_not_overwritten():
    run("run")
    run_all_folds(dataclasses.replace(SOURCE, protocol="half"), SETTINGS, "folds", jobs=1)
    before = {out: sorted((f.path, f.stat().st_mtime_ns) for f in os.scandir(out)) for out in ("run", "folds")}
    for out in ("run", "folds"):
        with pytest.raises(InputError, match=f"{out} already holds a run; go on with it by --resume"):
            run(out)
        with pytest.raises(InputError, match=f"{out} already holds a run"):
            run_all_folds(SOURCE, SETTINGS, out, jobs=1)
    assert before == {out: sorted((f.path, f.stat().st_mtime_ns) for f in os.scandir(out)) for out in ("run", "folds")}


@pytest.mark.parametrize("file", ["result.json", "history.csv", "checkpoint.npz"])
def test_files_that_a_run_would_overwrite_keep_it_out(file):
    os.mkdir("run")
    Path("run", file).write_text("mine")
    with pytest.raises(InputError, match="run already holds a run"):
        run("run")
    assert os.listdir("run") == [file] and Path("run", file).read_text() == "mine"


def test_a_config_that_somebody_wrote_stays_as_it_is():
    runs.write_config("written.toml", SOURCE, SETTINGS)
    os.mkdir("run")
    text = Path("written.toml").read_text() + "# what I mean to try\n"
    Path("run/config.toml").write_text(text)
    with pytest.raises(InputError, match=r"config\.toml says something else"):
        run("run", dataclasses.replace(SETTINGS, epochs=1))
    run("run")
    assert Path("run/config.toml").read_text() == text


def test_a_run_does_not_go_on_with_other_data():
    run("run", dataclasses.replace(SETTINGS, mode="direct", epochs=1))
    other = dataclasses.replace(DATA, label=DATA.label[::-1].copy())
    with pytest.raises(InputError, match="belongs to another state of the data"):
        run("run", dataclasses.replace(SETTINGS, mode="direct", epochs=1), data=other, resume=True)


def test_a_file_in_place_of_the_folder():
    Path("occupied").write_text("mine")
    with pytest.raises(InputError, match=r"the folder occupied cannot be made or opened \("):
        run("occupied")
    with pytest.raises(InputError, match=r"the folder occupied/deeper cannot be made or opened \("):
        run("occupied/deeper")
    os.makedirs("run/checkpoint.npz")  # a folder in place of a file
    with pytest.raises(InputError, match="run already holds a run"):
        run("run")
    assert Path("occupied").read_text() == "mine"


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only():
    os.mkdir("locked", 0o500)
    with pytest.raises(InputError, match=r"locked/config\.toml cannot be written"):
        run("locked")
    with pytest.raises(InputError, match=r"the folder locked/run cannot be made or opened \("):
        run("locked/run")


def test_another_run_is_not_resumed():
    run("run")
    for settings, source in (
        (dataclasses.replace(SETTINGS, epochs=9), SOURCE),
        (dataclasses.replace(SETTINGS, seed=9), SOURCE),
        (dataclasses.replace(SETTINGS, hidden=5), SOURCE),
        (SETTINGS, dataclasses.replace(SOURCE, protocol="loso", fold=2)),
    ):
        with pytest.raises(InputError, match=r"run/checkpoint\.npz belongs to another run"):
            run("run", settings, source, resume=True)
    run("run", source=dataclasses.replace(SOURCE, data="elsewhere.npz"), resume=True)  # the data may have moved


# --- all folds --------------------------------------------------------------------------------------------------------

ALL = dataclasses.replace(SOURCE, protocol="loso", fold=0)


def test_all_folds_two_at_a_time_equal_single_folds():
    runs.write_config("all/config.toml", SOURCE, TINY)  # left by a run that never began
    mean = run_all_folds(ALL, SETTINGS, "all", jobs=2)
    assert runs.read_config("all/config.toml") == (ALL, SETTINGS)
    assert sorted(os.listdir("all")) == ["config.toml", *(f"fold-0{k}" for k in (1, 2, 3, 4)), "result.json"]
    assert written("all") == mean
    for k in (1, 2, 3, 4):
        run(f"single{k}", source=dataclasses.replace(ALL, fold=k))
        assert_same_run(f"single{k}", f"all/fold-0{k}")
    singles = [result(f"single{k}") for k in (1, 2, 3, 4)]
    assert mean["accuracy"] == pytest.approx(np.mean([single["accuracy"] for single in singles]))
    assert mean["n_test"] == len(DATA) == np.sum(mean["confusion"]) and mean["fold"] == 0
    assert [fold["accuracy"] for fold in mean["folds"]] == [single["accuracy"] for single in singles]


def test_all_folds_go_on_where_they_stood(monkeypatch):
    settings = dataclasses.replace(SETTINGS, mode="direct", epochs=2)
    run_all_folds(ALL, settings, "whole", jobs=1)
    real, trained = runs.run, []

    def third_fails(data, source, *rest, **options):
        if source.fold == 3:
            raise PowerCut
        return real(data, source, *rest, **options)

    with monkeypatch.context() as patch, pytest.raises(PowerCut):
        patch.setattr(folds, "run", third_fails)
        run_all_folds(ALL, settings, "cut", jobs=1)
    assert not os.path.exists("cut/result.json")
    epoch = stepwise.run_epoch
    monkeypatch.setattr(stepwise, "run_epoch", lambda *values: trained.append(values[0]) or epoch(*values))
    mean = run_all_folds(ALL, settings, "cut", resume=True, jobs=1)
    assert len(trained) == sum(len(history(f"cut/fold-0{k}")) for k in (3, 4)) > 0
    for k in (1, 2, 3, 4):
        assert_same_run(f"whole/fold-0{k}", f"cut/fold-0{k}")
    assert mean["accuracy"] == result("whole")["accuracy"]


@pytest.mark.parametrize(
    ("source", "settings", "words"),
    [
        (dataclasses.replace(ALL, protocol="moon"), SETTINGS, "no protocol 'moon'"),
        (ALL, dataclasses.replace(SETTINGS, validation=3), "3 of 3 training subjects"),
        (dataclasses.replace(ALL, hip="knee"), SETTINGS, "'knee' names none of the joints"),
    ],
)
def test_what_ails_every_fold_is_said_before_anything_is_written(source, settings, words):
    with pytest.raises(InputError, match=words):
        run_all_folds(source, settings, "all", jobs=1)
    assert not os.path.exists("all")


# --- numbers that run away --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("learning_rate", "survives"), [("3e38", False), ("1e30", True), ("1e6", True)])
@pytest.mark.parametrize("validation", ["0", "1"])
@pytest.mark.parametrize("batch_size", ["2", "100"])
def test_an_absurd_learning_rate_ends_in_one_sentence_and_a_readable_checkpoint(
    capsys, learning_rate, survives, validation, batch_size
):
    """With all gates saturated a network this small may also survive, but never with numbers that are not finite."""
    runs.write_config("config.toml", SOURCE, dataclasses.replace(SETTINGS, clip=0.0, mode="direct", epochs=8))
    code = main(
        ["train", "--config", "config.toml", "--out", "run", "--learning-rate", learning_rate, "--dropout", "0"]
        + ["--validation", validation, "--batch-size", batch_size, "--patience", "8"]
    )
    said = [line for line in capsys.readouterr().err.splitlines() if line and not line.startswith("training step")]
    state, *_ = checkpoint.load("run")
    assert all(np.isfinite(value).all() for value in state.params.values())
    if code == 2:
        assert len(said) == 1 and said[0].startswith("gca_scratch: ") and "lower learning_rate" in said[0]
        assert not os.path.exists("run/result.json")
    else:
        assert survives and code == 0 and not said
