"""The files of a run while it trains: saved from time to time, never with what is not finite; and read again."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest

from gca_scratch import runs, training
from gca_scratch.runs import checkpoint, folder
from gca_scratch.support.errors import InputError
from gca_scratch.training.stepwise import HISTORY_COLUMNS
from tests.helpers.tiny import TINY, skeletons

SETTINGS = dataclasses.replace(TINY, epochs=9, patience=9)
NETWORK = runs.make_split(skeletons(), runs.Source("npz"), SETTINGS).network(SETTINGS)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


class Bar:
    """A progress bar that remembers."""

    def __init__(self, **options):
        self.options, self.updates, self.figures, self.closed = options, 0, [], 0

    def update(self):
        self.updates += 1

    def set_postfix(self, figures, refresh):
        assert refresh is False
        self.figures.append(figures)

    def close(self):
        self.closed += 1


@pytest.fixture
def bars(monkeypatch):
    made = []
    monkeypatch.setattr(folder, "progress", lambda **options: made.append(Bar(**options)) or made[-1])
    return made


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still."""
    now = SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr(folder.time, "monotonic", lambda: now.seconds)
    return now


def a_state(epoch=1, validation=True, **changes):
    state = training.start(NETWORK, SETTINGS)
    state.best = {name: value.copy() for name, value in state.params.items()}
    state.velocity = {name: np.zeros_like(value) for name, value in state.params.items()}
    row = {"step": 0, "epoch": epoch, "learning_rate": 0.1, "train_loss": 1.23456, "train_error": 0.5, "seconds": 2.0}
    row |= {"validation_loss": 2.0, "validation_error": 0.12345} if validation else {}
    state.history, state.epoch, state.best_score = [row | changes] * epoch, epoch, (0.12345, 2.0)
    return state


def recorder(state=None):
    return folder.Recorder("run", NETWORK, SETTINGS, {"a": 1}, state or a_state(), True)


def saved():
    return len(checkpoint.load("run")[0].history)


def test_an_epoch_is_saved_where_the_last_time_is_more_than_ten_seconds_ago(bars, clock):
    made = recorder()
    made.on_start(0, 0)
    clock.seconds += 10
    made.on_epoch(a_state(1), False)
    assert not folder.Path("run").exists()
    clock.seconds += 0.5
    made.on_epoch(a_state(1), False)
    assert saved() == 1 and len(runs.read_history("run")) == 1
    clock.seconds += 9.5  # since then
    made.on_epoch(a_state(2), False)
    assert saved() == 1
    clock.seconds += 1
    made.on_epoch(a_state(2), False)
    assert saved() == 2
    made.on_epoch(a_state(3), False)
    made.close()
    assert saved() == 3 and len(runs.read_history("run")) == 3
    assert checkpoint.load("run")[3] == {"a": 1} and checkpoint.load("run")[2] == SETTINGS


def test_the_bar_is_of_the_training_step_and_shows_its_figures(bars, clock):
    made = recorder()
    made.on_start(1, 2)
    made.on_epoch(a_state(1), False)
    made.on_epoch(a_state(1, validation=False), False)
    made.on_start(2, 0)
    first, second = bars
    assert first.options == {"total": 9, "what": "training step 1", "unit": "epoch", "done": 2, "show": True}
    assert second.options == first.options | {"what": "training step 2", "done": 0}
    assert first.figures == [{"loss": "1.235", "validation error": "12.3%"}, {"loss": "1.235"}]
    assert (first.updates, first.closed, second.updates, second.closed) == (2, 1, 0, 0)
    made.close()
    made.close()
    assert second.closed == 1


@pytest.mark.parametrize("group", ["params", "best", "velocity", "history"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_never_saved(group, value, bars, clock):
    made, state = recorder(), a_state(2)
    made.on_start(0, 0)
    if group == "history":
        state.history = [*state.history[:1], state.history[1] | {"train_loss": value}]
    else:
        getattr(state, group)["layer1.b"][-1] = value
    clock.seconds += 100
    said = r"not finite after epoch 2 of training step 0; lower learning_rate \(0.3\) or set clip, and start anew"
    with pytest.raises(InputError, match=said):
        made.on_epoch(state, False)
    assert not folder.Path("run").exists() and len(made.last.history) == 1


def test_what_is_recorded_is_as_it_was_then(bars, clock):
    """Training goes on with the arrays that it has handed over."""
    made, state = recorder(), a_state(1)
    made.on_start(0, 0)
    made.on_epoch(state, False)
    before = state.params["layer1.W"].copy()
    state.params["layer1.W"] += 1
    made.close()
    np.testing.assert_array_equal(checkpoint.load("run")[0].params["layer1.W"], before)


# --- read again -------------------------------------------------------------------------------------------------------


def rows(**changes):
    whole = dict.fromkeys(HISTORY_COLUMNS, 0.5) | {"step": 1}
    return "\n".join([",".join(HISTORY_COLUMNS), ",".join(str((whole | changes)[name]) for name in HISTORY_COLUMNS)])


@pytest.mark.parametrize("step", [0, 1, 100])
def test_a_history_is_read_as_numbers(step):
    folder.Path("history.csv").write_text(rows(step=step))
    [row] = runs.read_history(".")
    assert row == dict.fromkeys(HISTORY_COLUMNS, 0.5) | {"step": step} and type(row["step"]) is int
    folder.Path("history.csv").write_text(rows(validation_loss="", validation_error="", train_error=1, seconds=0))
    [row] = runs.read_history(".")
    assert "validation_loss" not in row and "validation_error" not in row and row["train_error"] == 1.0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"step": 101}, "a step is no number of attention iterations"),
        ({"step": -1}, "a step is no number of attention iterations"),
        ({"step": 0.5}, "a step is no number of attention iterations"),
        ({"validation_error": 1.01}, "an error is no share of the sequences"),
        ({"validation_error": -0.01}, "an error is no share of the sequences"),
        ({"train_error": -0.01}, "an error is no share of the sequences"),
        ({"train_loss": ""}, "a number is missing or not finite"),
        ({"seconds": ""}, "a number is missing or not finite"),
        ({"epoch": "inf"}, "a number is missing or not finite"),
        ({"validation_loss": "nan"}, "a number is missing or not finite"),
    ],
)
def test_a_history_that_cannot_be_is_refused(changes, said):
    folder.Path("history.csv").write_text(rows(**changes))
    with pytest.raises(InputError, match=rf"history\.csv is no history of training \({said}\); train again"):
        runs.read_history(".")


def test_columns_in_another_order_are_others():
    text = rows().replace("train_loss,train_error", "train_error,train_loss")
    folder.Path("history.csv").write_text(text)
    with pytest.raises(InputError, match="its columns are others"):
        runs.read_history(".")


def test_steps_may_stay_or_go_on_and_not_go_back():
    head, row = rows(step=1).split("\n")
    later = rows(step=2).split("\n")[1]
    folder.Path("history.csv").write_text("\n".join([head, row, row, later, later]))
    assert [each["step"] for each in runs.read_history(".")] == [1, 1, 2, 2]
    folder.Path("history.csv").write_text("\n".join([head, row, later, row]))
    with pytest.raises(InputError, match="its steps go back"):
        runs.read_history(".")


RESULT = {"confusion": [[2, 1], [0, 0]], "per_class": {"a": 2 / 3}, "dataset": "npz", "protocol": "half", "fold": 0,
          "accuracy": 2 / 3}  # fmt: skip


def test_a_result_is_read_with_its_confusion_as_an_array():
    folder.Path("result.json").write_text(json.dumps(RESULT | {"fold": 2**31 - 1, "more": 3}))
    found = runs.read_result(".")
    np.testing.assert_array_equal(found.pop("confusion"), [[2, 1], [0, 0]])
    assert found == {name: value for name, value in RESULT.items() if name != "confusion"} | {
        "fold": 2**31 - 1, "more": 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fold": -1}, "fold is no number of a fold"),
        ({"fold": 1.0}, "fold is no number of a fold"),
        ({"fold": True}, "fold is no number of a fold"),
        ({"accuracy": -0.1}, "accuracy is no share of the sequences"),
        ({"protocol": 1}, "dataset or protocol is no name"),
        ({"per_class": {"a": 1.0, "b": 1.0}}, "per_class does not name the classes that were tested"),
        ({"per_class": [1.0]}, "per_class does not name the classes that were tested"),
        ({"confusion": [[2, 1], [0]]}, r"confusion\[1\] is no list of 2 counts"),
        ({"confusion": [[2, 1], 3]}, r"confusion\[1\] is no list of 2 counts"),
        ({"confusion": [[2, 1.0], [0, 0]]}, r"confusion\[0\]\[1\] is no count of sequences"),
    ],
)
def test_a_result_that_cannot_be_is_refused(changes, said):
    folder.Path("result.json").write_text(json.dumps(RESULT | changes))
    with pytest.raises(InputError, match=rf"result\.json is no result of a run \({said}\); train again"):
        runs.read_result(".")


# --- config.toml ------------------------------------------------------------------------------------------------------


def test_where_the_data_lay_is_no_reason_to_write_a_config_anew():
    source = runs.Source("npz", "data.npz")
    runs.write_config("config.toml", source, TINY)
    before = folder.Path("config.toml").read_bytes()
    runs.write_config("config.toml", dataclasses.replace(source, data="elsewhere.npz"), TINY)
    assert folder.Path("config.toml").read_bytes() == before
    folder.Path("config.toml").write_bytes(before + b"# mine\n")
    runs.write_config("config.toml", dataclasses.replace(source, data="elsewhere.npz"), TINY)
    assert folder.Path("config.toml").read_bytes() == before + b"# mine\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[data]\nroot = 'x'\n", r"\[data\]: what version 0.1 called root is called data now; rename it there"),
        ("[more]\n", r"has no table 'more'; it may hold \[data\] and \[settings\]"),
        ("[data\n", "is not TOML"),
        ("[data]\ndataset = 'npz'\n[settings]\nepochs = 0\n", r"\[settings\]: epochs = 0 cannot be used"),
        ("[settings]\nepochs = 3\n", r"\[data\] lacks dataset"),
    ],
)
def test_a_config_that_cannot_be_is_refused(text, said):
    folder.Path("config.toml").write_text(text)
    with pytest.raises(InputError, match=said):
        runs.read_config("config.toml")


def test_a_config_may_leave_settings_to_their_defaults():
    folder.Path("config.toml").write_text("[data]\ndataset = 'npz'\n[settings]\nepochs = 3\n")
    source, settings = runs.read_config("config.toml")
    assert source == runs.Source("npz") and settings == dataclasses.replace(type(TINY)(), epochs=3)


@pytest.mark.parametrize("file", ["checkpoint.npz", "history.csv", "result.json", "fold-03/checkpoint.npz"])
def test_a_used_folder_is_known_by_each_of_its_files(file):
    path = folder.Path("run") / file
    path.parent.mkdir(parents=True)
    runs.refuse_used("run")
    path.touch()
    with pytest.raises(InputError, match="run already holds a run; go on with it by --resume, or choose another --out"):
        runs.refuse_used("run")
