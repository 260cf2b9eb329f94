"""What is kept of an experiment: what it depends on, and when it is believed and not measured again."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.experiments import choices, gate_readings, loseqo, tasks
from gca_scratch.support.errors import InputError
from gca_scratch.variants.readings import Reading
from tests.helpers.tiny import TINY, skeletons

SOURCE = runs.Source("npz", "data.npz", "loso", 3, "pelvis", "+y")


@pytest.fixture
def file(tmp_path):
    """A file that holds these plain values, or this text."""

    def written(content):
        path = tmp_path / "kept.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return written


def test_a_result_depends_on_the_data_and_not_on_where_they_lie():
    assert choices.identity("mark", SOURCE, TINY) == {
        "data": "mark",
        "source": {"dataset": "npz", "data": "", "protocol": "loso", "fold": 3, "hip": "pelvis", "up": "+y"},
        "settings": dataclasses.asdict(TINY),
    }
    assert tasks.Task("a", SOURCE, TINY, 0.5, (0.0, 0.25)).identity("mark") == {
        "data": "mark", "protocol": "loso", "fold": 3, "hip": "pelvis", "noise": 0.5, "tests": [0.0, 0.25],
        "settings": dataclasses.asdict(TINY),
    }  # fmt: skip


def test_what_is_kept_holds_what_is_wanted(file, tmp_path):
    assert choices.kept(tmp_path / "gone.json", {}) is None
    for text in ("", "[]", "3", "{", "\0", "[1]"):
        assert choices.kept(file(text), {}) in (None, {})
    assert choices.kept(file("3"), {}) is None and choices.kept(file("{"), {}) is None
    assert choices.kept(file({"a": 1, "b": 2}), {"a": 1}) == {"a": 1, "b": 2}
    for other in ({"a": 2}, {"b": 2}, {}):
        with pytest.raises(InputError, match=r"kept\.json belongs to other data or settings; choose another --out"):
            choices.kept(file(other), {"a": 1})


WHOLE = {"wrong": 2, "n": 7, "loss": 0.5}


@pytest.mark.parametrize(
    ("changes", "whole"),
    [
        ({}, True), ({"wrong": 0, "loss": 0}, True), ({"wrong": 7}, True), ({"wrong": 8}, False),
        ({"wrong": -1}, False), ({"wrong": 2.0}, False), ({"n": 7.0}, False), ({"n": 2**31}, False),
        ({"n": 2**31 - 1}, True),
        ({"n": None}, False), ({"loss": -0.1}, False), ({"loss": "0"}, False), ({"loss": None}, False),
        ({"wrong": True}, False),
    ],
)  # fmt: skip
def test_a_row_of_choices_is_whole_or_measured_again(changes, whole, file):
    found = choices.finished(file(WHOLE | changes), {})
    assert found == (WHOLE | changes if whole else None)
    assert choices.finished(file("{"), {}) is None


@pytest.mark.parametrize(
    ("p", "whole"),
    [
        ([0.2, 0.3, 0.5], True), ([1, 0, 0], True), ([0.2, 0.3, 0.5005], True), ([0.2, 0.3, 0.5015], False),
        ([0.2, 0.3, 0.4985], False), ([0.2, 0.8], False), ([0.2, 0.3, 0.25, 0.25], False), ([1.0005, 0, 0], True),
        ([1.01, -0.01, 0], False), ([0.5, "0.5", 0], False), (None, False), ({"0": 1}, False),
    ],
)  # fmt: skip
def test_probabilities_of_a_sequence_are_whole_or_measured_again(p, whole, file):
    assert loseqo.finished(file({"p": p}), {}, 3) == (p if whole else None)


READ = {"accuracy": 0.5, "where": {"gradient": 0.25}, "validated": {"gradient": 1}, "across": {"gradient": None}}


@pytest.mark.parametrize(
    ("changes", "whole"),
    [
        ({}, True), ({"accuracy": 0}, True), ({"accuracy": 1}, True), ({"accuracy": 1.01}, False),
        ({"where": {}}, False), ({"validated": None}, False), ({"validated": [1]}, False),
        ({"where": {"a": 0.5, "b": 1.5}}, False),
        ({"validated": {"a": -0.5}}, False),
        ({"across": {"a": 0.75, "b": None}}, True), ({"across": {"a": 1.75}}, False), ({"across": None}, False),
        ({"across": {}}, False), ({"where": {"a": None}}, False), ({"validated": {"a": None}}, False),
    ],
)  # fmt: skip
def test_a_reading_is_whole_or_measured_again(changes, whole, file):
    assert gate_readings.finished(file(READ | changes), {}) == (READ | changes if whole else None)


# --- tasks of tables --------------------------------------------------------------------------------------------------

TASK = tasks.Task("a row", SOURCE, dataclasses.replace(TINY, seed=4), 0.0, (0.0, 0.25))
RESULT = {"accuracy": 0.5, "n_test": 7, "seconds": 3.5, "noise": {"0": 0.5, "0.25": 0.25}}


def put(tmp_path, task=None, result=None):
    """The file of the task, with other values in it."""
    path = TASK.file(tmp_path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"task": TASK.identity("mark") | (task or {}), "result": RESULT | (result or {})}))


def test_where_the_result_of_a_task_lies(tmp_path):
    assert TASK.file(tmp_path) == tmp_path / "a row" / "loso" / "seed-4" / "fold-03.json"
    assert tasks.finished(TASK, tmp_path, "mark") is None
    put(tmp_path)
    assert tasks.finished(TASK, tmp_path, "mark") == RESULT


@pytest.mark.parametrize(
    ("result", "whole"),
    [
        ({"accuracy": 1}, True), ({"accuracy": 1.5}, False), ({"accuracy": None}, False), ({"n_test": None}, False),
        ({"seconds": "3"}, False), ({"noise": {"0": 0.5}}, False), ({"noise": {"0": 0.5, "0.25": -1}}, False),
        ({"noise": {"0": 0.5, "0.25": 0, "9": 9}}, True), ({"noise": 3}, False),
    ],
)  # fmt: skip
def test_the_result_of_a_task_is_whole_or_measured_again(result, whole, tmp_path):
    put(tmp_path, result=result)
    assert tasks.finished(TASK, tmp_path, "mark") == (RESULT | result if whole else None)


@pytest.mark.parametrize(
    ("task", "names"),
    [
        ({"data": "other"}, "data"), ({"protocol": "half"}, "protocol"), ({"fold": 2}, "fold"), ({"hip": ""}, "hip"),
        ({"noise": 0.5}, "noise"), ({"tests": [0.0]}, "tests"),
        ({"settings": dataclasses.asdict(TINY)}, "seed"),
        ({"settings": dataclasses.asdict(TASK.settings) | {"hidden": 5, "epochs": 9}}, "hidden, epochs|epochs, hidden"),
        ({"settings": dataclasses.asdict(TASK.settings) | {"colour": 5}}, "'colour'"),
    ],
)  # fmt: skip
def test_a_result_of_another_task_is_refused_and_said_in_what_it_differs(task, names, tmp_path):
    put(tmp_path, task)
    with pytest.raises(InputError, match=rf"was measured with another value of ({names}); choose another --out folder"):
        tasks.finished(TASK, tmp_path, "mark")


def test_a_task_is_trained_and_tested_with_its_own_noise(monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr(tasks, "noisy", lambda data, sigma, seed: (data, sigma, seed))

    def run(data, source, settings, folder, resume, device, show):
        seen.append((data, source, settings, folder, resume, device, show))
        return {"stopped_early": False, "accuracy": 0.75}

    monkeypatch.setattr(tasks.runs, "run", run)
    monkeypatch.setattr(tasks.checkpoint, "load", lambda folder: ("state", "network", "settings", {}))
    monkeypatch.setattr(tasks.runs, "make_split", lambda data, source, settings: (data, source, settings))
    monkeypatch.setattr(tasks, "module_for", lambda device: f"module of {device}")
    tested = []
    monkeypatch.setattr(
        tasks.runs, "test", lambda *arguments: tested.append(arguments) or {"accuracy": arguments[0][0][1]}
    )
    task = dataclasses.replace(TASK, noise=0.5)
    found = tasks.run("data", task, tmp_path, "some device")
    assert seen == [(("data", 0.5, 4), SOURCE, TASK.settings, tmp_path, True, "some device", False)]
    assert found == {"stopped_early": False, "accuracy": 0.75, "noise": {"0": 0.0, "0.25": 0.25}}
    assert tested == [
        ((("data", sigma, 4), SOURCE, "settings"), "network", "state", "settings", "module of some device")
        for sigma in (0.0, 0.25)
    ]
    monkeypatch.setattr(tasks.runs, "run", lambda *arguments, **more: {"stopped_early": True})
    with pytest.raises(KeyboardInterrupt):
        tasks.run("data", task, tmp_path)


def test_tasks_are_run_once_kept_as_they_come_and_given_in_their_order(monkeypatch, tmp_path):
    data, calls = skeletons(), {}
    every = [
        dataclasses.replace(TASK, source=dataclasses.replace(SOURCE, fold=fold), tests=()) for fold in (1, 2, 3, 4)
    ]
    monkeypatch.setattr(tasks, "fingerprint", lambda data: "mark")
    monkeypatch.setattr(tasks, "_check", lambda data, missing: calls.update(missing=missing))
    monkeypatch.setattr(tasks, "finished", lambda task, out, mark: "kept" if task is every[1] else None)

    def results(function, asked, jobs, **more):
        calls.update(asked=list(asked), jobs=jobs, more=more)
        yield 1, {"of": every[3].source.fold}
        assert json.loads(every[3].file(tmp_path).read_text())["result"] == {"of": 4}  # before the next one
        yield 0, {"of": every[0].source.fold}

    monkeypatch.setattr(tasks.workers, "results", results)
    chosen = {every[0], every[1], every[3]}
    assert tasks.run_all(data, every, tmp_path, chosen, "cpu", 7, show=False) == [{"of": 1}, "kept", None, {"of": 4}]
    assert calls["missing"] == [every[0], every[3]] and calls["jobs"] == 2 and calls["more"]["ordered"] is False
    assert [(n, task, device) for n, task, _, device in calls["asked"]] == [(0, every[0], "cpu"), (1, every[3], "cpu")]
    folders = [folder for *_, folder, _ in calls["asked"]]
    assert len(set(folders)) == 2 and all(str(every[k].file(tmp_path))[:-5] in folders[n] for n, k in ((0, 0), (1, 3)))
    assert json.loads(every[0].file(tmp_path).read_text()) == {"task": every[0].identity("mark"), "result": {"of": 1}}
    calls.clear()
    assert tasks.run_all(data, every, tmp_path, {every[1]}, show=False) == [None, "kept", None, None] and not calls


def test_what_ails_a_task_is_told_with_its_place(monkeypatch):
    def fails(data, task, folder, device):
        raise InputError("it is wrong")

    monkeypatch.setattr(tasks, "run", fails)
    with pytest.raises(InputError, match=r"^a row, loso, seed 4, fold 3: it is wrong$"):
        tasks._numbered("data", 5, TASK, None, "cpu")
    monkeypatch.setattr(tasks, "run", lambda *arguments: arguments)
    assert tasks._numbered("data", 5, TASK, "folder", "cpu") == (5, ("data", TASK, "folder", "cpu"))


# --- the whole of a study of readings ---------------------------------------------------------------------------------


def test_areas_of_scores_are_of_the_iteration_that_is_best_on_validation_people():
    def result(accuracy, one, two, where, gradient):
        own = {"iteration 1": one, "iteration 2": two, "gradient": 0.99}
        across = {"iteration 1": 0.66, "iteration 2": 0.88, "gradient": 0.9}
        return {"accuracy": accuracy, "validated": own, "where": where | {"gradient": gradient}, "across": across}

    found = {
        "odds": [result(0.5, 0.6, 0.7, {"iteration 1": 0.11, "iteration 2": 0.22}, 0.5),
                 result(0.75, 0.7, 0.6, {"iteration 1": 0.33, "iteration 2": 0.44}, 0.7)],
        "N = 0": [{"accuracy": 1.0, "validated": {"gradient": 0.5}, "where": {"gradient": 0.25}, "across": {}}] * 2,
    }  # fmt: skip
    assert gate_readings.table(found).splitlines() == [
        "| reading | accuracy | scores | scores, across | gradient |",
        "| --- | --- | --- | --- | --- |",
        "| odds | 62.5 ± 17.7 | 0.28 ± 0.08 | 0.77 ± 0.16 | 0.60 ± 0.14 |",
        "| N = 0 | 100.0 ± 0.0 | – | – | 0.25 ± 0.00 |",
    ]
    single = {name: results[:1] for name, results in found.items()}
    assert "| odds | 50.0 | 0.22 | 0.88 | 0.50 |" in gate_readings.table(single)


def test_a_reading_is_trained_tested_and_asked_on_its_own_people(monkeypatch, tmp_path):
    made = SimpleNamespace(fit="fit", validate="validate", test="test", aligned="aligned", data="data")
    network = dataclasses.make_dataclass("Network", [("ablation", object, None)])()
    made.network = lambda settings: network
    seen = {}
    monkeypatch.setattr(gate_readings.runs, "make_split", lambda *arguments: seen.update(split=arguments) or made)
    monkeypatch.setattr(gate_readings.training, "start", lambda network, settings: "state")
    monkeypatch.setattr(gate_readings.training, "train", lambda *arguments: seen.update(trained=arguments))
    monkeypatch.setattr(gate_readings.training, "best_weights", lambda state: "weights")
    monkeypatch.setattr(
        gate_readings.runs, "test", lambda *arguments: seen.update(tested=arguments) or {"accuracy": 0.5}
    )
    monkeypatch.setattr(gate_readings, "answers", lambda network, weights, aligned, chosen: {"gradient": chosen})
    monkeypatch.setattr(gate_readings, "truth_at", lambda data, aligned, chosen, frames: (chosen, frames))
    areas = {"test": 0.25, "validate": 0.75}
    monkeypatch.setattr(gate_readings, "mean_auc", lambda maps, truth: areas[maps] if truth == (maps, 4) else None)
    cells = {"test": np.nan, "validate": 0.5}  # of few people: nothing to compare
    monkeypatch.setattr(
        gate_readings, "mean_auc_of_cells", lambda maps, truth: cells[maps] if truth == (maps, 4) else 0.0
    )
    file = tmp_path / "x.json"
    found = gate_readings._run("everything", "mark", SOURCE, TINY, "odds", file)
    areas = {"where": {"gradient": 0.25}, "validated": {"gradient": 0.75}, "across": {"gradient": None}}
    assert found == {"accuracy": 0.5} | areas
    read = seen["trained"][0]
    assert read.ablation == Reading("odds", "h") and seen["split"] == ("everything", SOURCE, TINY)
    assert seen["trained"] == (read, "state", "aligned", "fit", "validate", TINY)
    assert seen["tested"] == (made, read, "state", TINY)
    kept = json.loads(file.read_text())
    assert kept == json.loads(json.dumps(choices.identity("mark", SOURCE, TINY))) | {"row": "odds"} | found
    monkeypatch.setattr(gate_readings.training, "train", None)
    assert gate_readings._run("everything", "mark", SOURCE, TINY, "odds", file) == kept
