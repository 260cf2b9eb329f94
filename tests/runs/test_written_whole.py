"""Every file of a run is whole or not there."""

import json

import numpy as np
import pytest

from gca_scratch import runs, training
from gca_scratch.runs import checkpoint, fold, folds, predictions
from gca_scratch.training.stepwise import HISTORY_COLUMNS
from tests.helpers.tiny import TINY, skeletons
from tests.helpers.whole import written_whole

SOURCE = runs.Source("npz", "data.npz")
ROW = dict.fromkeys(HISTORY_COLUMNS, 0.5) | {"step": 0}
TABLE = predictions.Predictions(["one"], np.array([0]), np.array([[0.75, 0.25]]), ["sit", "walk"])


def save(path):
    network = runs.make_split(skeletons(), SOURCE, TINY).network(TINY)
    checkpoint.save(path, training.snapshot(training.start(network, TINY)), network, TINY, {})


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("checkpoint.npz", save),
        ("config.toml", lambda path: path.unlink(missing_ok=True) or runs.write_config(path, SOURCE, TINY)),
        ("history.csv", lambda path: runs.write_history(path, [ROW, ROW])),
        ("table.csv", lambda path: predictions.write(path, TABLE)),
        ("table.json", lambda path: predictions.write(path, TABLE)),
    ],
)
def test_a_file_gets_its_name_when_it_is_complete(name, write, tmp_path):
    if name == "config.toml":  # which never takes the place of another one
        path = tmp_path / name
        with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr("os.replace", interrupted)
            write(path)
        assert not path.exists()
        return
    written_whole(write, tmp_path / name)


def interrupted(old, new):
    raise KeyboardInterrupt


@pytest.mark.parametrize("module", [fold, folds])
def test_results_are_written_by_what_writes_them_whole(module, tmp_path, monkeypatch):
    """And last of all: who finds a result.json finds everything else."""
    monkeypatch.chdir(tmp_path)
    seen, place = [], fold if module is fold else folds.writing
    write = place.write_json

    def watched(path, value):
        if path.parent.name == "out":
            seen.append((path.name, sorted(each.name for each in path.parent.iterdir())))
        write(path, value)

    monkeypatch.setattr(place, "write_json", watched)
    data, settings = skeletons(), type(TINY)(frames=4, hidden=4, iterations=0, epochs=1, validation=0)
    if module is fold:
        runs.run(data, SOURCE, settings, "out", show=False)
        assert seen == [("result.json", ["checkpoint.npz", "config.toml", "history.csv"])]
    else:
        folds.run_all_folds(runs.Source("npz", "", "loso", 0), settings, "out", jobs=1, data=data)
        assert seen == [("result.json", ["config.toml", *(f"fold-0{k}" for k in (1, 2, 3, 4))])]
        assert all((tmp_path / "out" / f"fold-0{k}" / "result.json").exists() for k in (1, 2, 3, 4))
    json.loads((tmp_path / "out" / "result.json").read_text())
