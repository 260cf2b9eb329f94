"""The table of gate readings: which rows run, what is kept, and what stands in it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.commands.main import main
from gca_scratch.experiments import gate_readings
from gca_scratch.experiments.gate_readings import ROWS, choose, finished, measure, scores_of, table
from gca_scratch.support.errors import InputError
from tests.helpers.tiny import TINY, skeletons

SOURCE = runs.Source("synthetic")
FEW = replace(TINY, epochs=1, patience=1)


def result(accuracy, one, two, test_one, test_two):
    return {
        "accuracy": accuracy,
        "validated": {"iteration 1": one, "iteration 2": two, "gradient": 0.6},
        "where": {"iteration 1": test_one, "iteration 2": test_two, "gradient": 0.7},
        "across": {"iteration 1": 0.6, "iteration 2": 0.5, "gradient": None},
    }


def test_rows_by_number_and_part_of_the_name():
    assert choose() == list(ROWS)
    assert choose(["2", "news"]) == ["as written", "odds, the score sees news"]
    with pytest.raises(InputError, match="--rows 'gate' is not in this table; its rows are: N = 0; as written"):
        choose(["gate"])


def test_the_iteration_is_chosen_on_validation_people():
    assert scores_of(result(0.9, 0.5, 0.6, 0.8, 0.3)) == 0.3
    assert scores_of(result(0.9, 0.7, 0.6, 0.8, 0.3)) == 0.8
    assert scores_of(result(0.9, 0.7, 0.6, 0.8, 0.3), "across") == 0.6
    none = {"validated": {"gradient": 0.5}, "where": {"gradient": 0.5}, "accuracy": 1.0}
    assert scores_of(none) is None
    text = table({"odds": [result(0.9, 0.5, 0.6, 0.8, 0.3), result(0.8, 0.7, 0.6, 0.5, 0.3)], "N = 0": [none, none]})
    assert "| odds | 85.0 ± 7.1 | 0.40 ± 0.14 | 0.55 ± 0.07 | 0.70 ± 0.00 |" in text
    assert "| N = 0 | 100.0 ± 0.0 | – | – | 0.50 ± 0.00 |" in text
    few = result(0.9, 0.5, 0.6, 0.8, 0.3) | {"across": {"iteration 1": None, "iteration 2": None}}
    assert "| odds | 90.0 | 0.30 | – | 0.70 |" in table({"odds": [few]})


def test_what_is_measured_is_kept_and_not_measured_again(tmp_path, monkeypatch):
    data, rows = skeletons(), ["N = 0", "as written", "odds", "odds, the score sees news", "soft attention"]
    rows.append("soft attention, the score sees movement")
    found = measure(data, SOURCE, FEW, tmp_path, rows, seeds=2, jobs=1)
    assert list(found) == rows and all(len(results) == 2 for results in found.values())
    file = tmp_path / "N-=-0-1.json"
    kept = json.loads(file.read_text())
    assert kept["row"] == "N = 0" and kept["settings"]["epochs"] == 3 and kept["settings"]["seed"] == 1
    for results in found.values():
        for one in results:
            assert 0 <= one["accuracy"] <= 1 and set(one["where"]) == set(one["validated"]) == set(one["across"])
    assert scores_of(found["N = 0"][0]) is None and scores_of(found["odds"][0]) > 0
    assert found["odds"][0]["where"] != found["as written"][0]["where"]
    monkeypatch.setattr(gate_readings.training, "train", None)
    again = measure(data, SOURCE, FEW, tmp_path, rows, seeds=2, jobs=1)
    assert [one["where"] for one in again["odds"]] == [one["where"] for one in found["odds"]]
    with pytest.raises(InputError, match="belongs to other data or settings; choose another --out folder"):
        measure(data, SOURCE, replace(FEW, hidden=5), tmp_path, rows[:1], seeds=1, jobs=1)


DAMAGED = (
    '{"accuracy": 2}',
    "[]",
    "{",
    '{"accuracy": 0.5, "where": {}, "validated": {}, "across": {}}',
    '{"accuracy": 0.5, "where": {"a": null}, "validated": {"a": 0.5}, "across": {"a": 0.5}}',
    '{"accuracy": 0.5, "where": {"a": 0.5}, "validated": {"a": 0.5}, "across": {"a": 2}}',
)


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_file_is_measured_anew(damage, tmp_path):
    (tmp_path / "x.json").write_text(damage)
    assert finished(tmp_path / "x.json", {}) is None


def test_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(runs.DATASETS, "synthetic", lambda root: skeletons())
    options = ["--hidden", "4", "--frames", "4", "--epochs", "1", "--patience", "1", "--validation", "1"]
    wanted = ["table", "gate-readings", "--dataset", "synthetic", "--rows", "1", "odds", "--jobs", "1", *options]
    assert main([*wanted, "--out", str(tmp_path / "t")]) == 0
    text = (tmp_path / "t" / "table.md").read_text()
    assert "| N = 0 |" in text and "| tree traversal, odds |" in text and "| K draws |" not in text
    assert capsys.readouterr().out.strip().endswith(text.strip())
    assert main([*wanted, "--noise", "both", "--out", str(tmp_path / "u")]) == 2
    assert "--noise is for Table VI alone" in capsys.readouterr().err
    monkeypatch.setitem(runs.DATASETS, "synthetic", lambda root: skeletons(truth=False))
    assert main([*wanted, "--out", str(tmp_path / "v")]) == 2
    assert "does not know which joints carry an action" in capsys.readouterr().err
    assert np.isfinite(0)
