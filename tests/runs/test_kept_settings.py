"""Every setting and every field of a source comes back from each place that keeps it, and each of them counts."""

import dataclasses
import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from gca_scratch import runs, training
from gca_scratch.commands.main import main
from gca_scratch.data import neutral
from gca_scratch.network.gca_lstm import GCALSTM
from gca_scratch.runs import checkpoint
from gca_scratch.runs.folds import mean_result
from gca_scratch.runs.split import divide
from gca_scratch.settings import NETWORKS, Settings
from gca_scratch.support.errors import InputError
from tests.helpers.tiny import TINY, skeletons
from tests.runs.test_checkpoint import opened, written

SOURCE = runs.Source("npz", "data.npz")
# Of every setting a value that is not its default, nor that of another setting.
OTHER = {
    "frames": 21, "hidden": 129, "iterations": 3, "initial": "average", "dropout": 0.51, "mode": "direct",
    "batch_size": 101, "epochs": 102, "patience": 6, "validation": 4, "learning_rate": 0.0123, "momentum": 0.91,
    "decay": 0.96, "decay_every": 7, "restart_every": 19, "restart": 0.4, "clip": 8.0, "average": 18,
    "balance": "weights", "network": "coarse", "attention": "soft",
    "sharing": "b", "trust_gate": True, "traversal": "tree", "parts": 9, "recompute": True, "face_camera": True,
    "pair": True, "torso_scale": True, "motion": 10.0, "mirror": True, "exchange": True, "turn": 11.0, "stretch": 0.12,
    "jitter": 0.13, "crop": 0.14, "drop_joints": 0.15, "samplings": 16, "seed": 17,
}  # fmt: skip
NAMES = [field.name for field in dataclasses.fields(Settings)]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_every_setting_has_another_value_here():
    assert list(OTHER) == NAMES
    assert all(OTHER[name] != getattr(Settings(), name) for name in NAMES)
    assert NETWORKS == ("gca", "coarse", "two-stream", "st-lstm", "global-1", "global-2")


@pytest.mark.parametrize("name", NAMES)
def test_a_config_keeps_every_setting(name):
    settings = dataclasses.replace(Settings(), **{name: OTHER[name]})
    runs.write_config("config.toml", SOURCE, settings)
    kept = tomllib.loads(Path("config.toml").read_text())["settings"]
    assert kept == {n: OTHER[n] if n == name else getattr(Settings(), n) for n in NAMES}
    assert runs.read_config("config.toml") == (SOURCE, settings) != (SOURCE, Settings())


def test_a_config_keeps_all_settings_at_once():
    runs.write_config("config.toml", SOURCE, Settings(**OTHER))
    assert dataclasses.asdict(runs.read_config("config.toml")[1]) == OTHER


@pytest.mark.parametrize(
    ("name", "value"),
    [("dataset", "ntu"), ("data", "elsewhere"), ("protocol", "loso"), ("fold", 3), ("hip", "waist"), ("up", "+z")],
)
def test_a_config_keeps_every_field_of_its_source(name, value):
    source = dataclasses.replace(SOURCE, **{name: value})
    runs.write_config("config.toml", source, Settings())
    assert runs.read_config("config.toml")[0] == source != SOURCE
    assert tomllib.loads(Path("config.toml").read_text())["data"] == dataclasses.asdict(source)


@pytest.mark.parametrize("name", NAMES)
def test_a_config_that_differs_in_one_setting_is_another_one(name):
    """What a run left that never began gives way to it; one that somebody wrote does not."""
    other = dataclasses.replace(Settings(), **{name: OTHER[name]})
    runs.write_config("config.toml", SOURCE, Settings())
    runs.write_config("config.toml", SOURCE, other)
    assert runs.read_config("config.toml") == (SOURCE, other)
    Path("config.toml").write_text(Path("config.toml").read_text() + "# mine\n")
    with pytest.raises(InputError, match="says something else"):
        runs.write_config("config.toml", SOURCE, Settings())


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_has_an_option(name, capsys):
    """`train` takes it and says so in the folder's config.toml, though the data are not there."""
    flag, value = "--" + name.replace("_", "-"), OTHER[name]
    neutral.save("data.npz", skeletons(subjects=10, repetitions=1))
    more = {"exchange": ["--pair"], "patience": ["--epochs", "3"]}.get(name, [])
    tiny = ["--frames", "4", "--hidden", "4", "--iterations", "1", "--epochs", "1"]
    given = [flag] if value is True else [flag, str(value)]
    keep = [word for k in range(0, len(tiny), 2) if tiny[k] != flag for word in tiny[k : k + 2]]
    from gca_scratch.commands import train

    seen = []

    def stopped(data, source, settings, *rest, **options):
        seen.append(settings)
        raise InputError("far enough")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train.runs, "run", stopped)
        assert main(["train", "--data", "data.npz", "--out", "run", *keep, *more, *given]) == 2
    assert "far enough" in capsys.readouterr().err
    assert getattr(seen[0], name) == value


# --- checkpoints ------------------------------------------------------------------------------------------------------

NETWORK = GCALSTM(6, 4, 3, 3, hidden=4, iterations=2, initial="average", dropout=0.3)


def saved(settings=TINY, run=None):
    network = dataclasses.replace(NETWORK, recompute=settings.recompute)
    state = training.snapshot(training.start(network, settings))
    checkpoint.save("checkpoint.npz", state, network, settings, run or {})
    return Path("checkpoint.npz").read_bytes()


def test_the_version_is_seven_and_no_other_one_is_read():
    """Neither an earlier one nor a later one, nor what only looks like it."""
    assert checkpoint.VERSION == 7
    arrays, about = opened(saved())
    assert about["version"] == 7
    checkpoint.load(written(Path("as-it-was.npz"), arrays, about))
    for version in (0, 1, 5, 6, 8, 70, 10**9, -7, 7.5, "7", "8", None, [7], {"version": 7}):
        path = written(Path("edited.npz"), arrays, about | {"version": version})
        with pytest.raises(InputError, match="train again"):
            checkpoint.load(path)
    del about["version"]
    with pytest.raises(InputError):
        checkpoint.load(written(Path("edited.npz"), arrays, about))


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("network", "attention", "sharing", "trust_gate")])
def test_a_checkpoint_keeps_every_setting(name):
    sizes = ("frames", "hidden", "iterations", "initial", "dropout", "traversal")  # others than these fit the network
    settings = dataclasses.replace(TINY, **{name: OTHER[name] if name not in sizes else getattr(TINY, name)})
    _, about = opened(saved(settings))
    assert about["settings"] == dataclasses.asdict(settings) and list(about["settings"]) == NAMES
    assert checkpoint.load("checkpoint.npz")[2] == settings


def test_a_checkpoint_keeps_what_it_is_told_of_the_run():
    told = dataclasses.asdict(SOURCE) | {"fingerprint": "abc", "known": {"a": [1, 2], "b": None}}
    saved(run=told)
    assert checkpoint.load("checkpoint.npz")[3] == told


def test_a_run_with_another_setting_is_not_gone_on_with():
    data = dataclasses.replace(skeletons(), class_names=("wave", "walk", "bow"))  # none has a side
    settings = dataclasses.replace(TINY, epochs=1, mode="direct", iterations=0)
    neutral.save("data.npz", data)
    runs.run(data, SOURCE, settings, "run", show=False)
    for name in set(NAMES) - {"validation"}:  # of two people who train no other number can be held out
        value = OTHER[name] if OTHER[name] != getattr(settings, name) else getattr(Settings(), name)
        other = dataclasses.replace(settings, **{name: value})
        with pytest.raises(InputError, match="belongs to another run"):
            runs.run(data, SOURCE, other, "run", resume=True, show=False)


# --- who is held out, and the mean of folds ---------------------------------------------------------------------------


def test_who_is_held_out_changes_with_the_seed_and_not_with_the_fold_of_others():
    data = skeletons(subjects=12, repetitions=1)
    source = runs.Source("npz", "data.npz", "half")

    def held(seed, validation=1):
        _, fit, validate, test = divide(data, source, dataclasses.replace(TINY, seed=seed, validation=validation))
        people = set(data.subject[validate].tolist())
        assert len(people) == validation and not people & set(data.subject[fit].tolist())
        assert not people & set(data.subject[test].tolist())
        return people

    drawn = [held(seed) for seed in range(60)]
    assert set().union(*drawn) == {1, 3, 5, 7, 9, 11}  # everybody who trains, at some seed
    counts = np.bincount([people.pop() for people in drawn], minlength=12)[[1, 3, 5, 7, 9, 11]]
    assert counts.min() >= 3 and counts.max() <= 20  # 10 each, were it even
    assert held(5, 3) == held(5, 3)
    assert len({tuple(sorted(held(seed, 3))) for seed in range(30)}) > 8


def fold_result(fold, confusion, accuracy, **more):
    names = ("a", "b", "c")
    tested = [k for k in range(3) if sum(confusion[k])]
    return {
        "dataset": "npz", "data": "data.npz", "protocol": "loso", "hip": "", "iterations": 2, "fold": fold,
        "n_train": 10, "n_validation": 2, "n_test": int(np.sum(confusion)), "accuracy": accuracy, "seconds": 1.5,
        "per_class": {names[k]: confusion[k][k] / sum(confusion[k]) for k in tested}, "confusion": confusion,
        "warnings": [], **more,
    }  # fmt: skip


def test_the_mean_of_folds_is_that_of_their_accuracies_however_large_they_are():
    one = fold_result(1, [[1, 0, 0], [0, 1, 0], [0, 0, 0]], 1.0)
    other = fold_result(2, [[2, 2, 0], [4, 0, 0], [0, 0, 2]], 0.4)
    third = fold_result(3, [[0, 0, 0], [1, 1, 0], [0, 0, 0]], 0.5, n_train=11)
    mean = mean_result([one, other, third])
    assert mean["accuracy"] == pytest.approx(1.9 / 3) and mean["n_test"] == 14
    assert mean["deviation"] == pytest.approx(
        np.sqrt(((1 - 1.9 / 3) ** 2 + (0.4 - 1.9 / 3) ** 2 + (0.5 - 1.9 / 3) ** 2) / 3)
    )
    assert mean["per_class"] == pytest.approx({"a": (1 + 0.5) / 2, "b": (1 + 0 + 0.5) / 3, "c": 1.0})
    assert mean["confusion"] == [[3, 2, 0], [5, 2, 0], [0, 0, 2]]
    assert mean["classes"]["a"] == {"tested": 5, "precision": 3 / 8, "recall": 0.6, "f1": pytest.approx(6 / 13)}
    assert mean["macro_accuracy"] == pytest.approx((0.6 + 2 / 7 + 1) / 3)
    assert (mean["fold"], mean["n_train"], mean["n_validation"], mean["seconds"]) == (0, 10, 2, 4.5)
    assert mean["folds"] == [
        {"fold": k, "n_train": n, "n_test": tests, "accuracy": accuracy}
        for k, n, tests, accuracy in ((1, 10, 2, 1.0), (2, 10, 10, 0.4), (3, 11, 2, 0.5))
    ]
    json.dumps(mean, allow_nan=False)
