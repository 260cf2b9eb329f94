"""The study of choices: validation data only, every change on top of those before, nothing run twice."""

import json

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.data import protocols
from gca_scratch.experiments import choices
from gca_scratch.support.errors import InputError
from tests.helpers.tiny import skeletons

SOURCE = runs.Source("npz", "tiny.npz", "loso")
FEW = (
    ("nothing", {"epochs": 2, "patience": 2, "frames": 4, "hidden": 4, "face_camera": False}),
    ("more", {"crop": 0.1}),
)


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(choices, "STEPS", FEW)


def test_the_test_set_of_a_fold_is_never_looked_at(tmp_path, monkeypatch):
    data, seen = skeletons(subjects=4, repetitions=1), []

    def watched(split, *rest):
        seen.append((split.fit, split.test))
        return test(split, *rest)

    test = runs.test
    monkeypatch.setattr(runs, "test", watched)
    # who is set apart for validation otherwise is not set apart here
    settings = choices.replace(choices.settings_from("small", **choices.PLAIN | FEW[0][1]), validation=1)
    for fold in (1, 4):
        source = choices.replace(SOURCE, fold=fold)
        choices._run(data, "mark", source, settings, tmp_path / f"{fold}.json")
        fit, validated = seen.pop()
        tested = protocols.split(data, "loso", fold)[1]
        following = protocols.split(data, "loso", fold % 4 + 1)[1]
        assert set(validated) == set(following)
        assert set(fit) == set(range(len(data))) - set(tested) - set(following)


def test_runs_are_kept_and_the_table_adds_them_up(tmp_path):
    data = skeletons(subjects=3, repetitions=1)
    wrong, n, loss = choices.measure(data, SOURCE, "small", tmp_path, jobs=1)
    assert wrong.shape == n.shape == loss.shape == (2, 3) and (n == 3).all()
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.json")}
    again = choices.measure(data, SOURCE, "small", tmp_path, jobs=2)
    np.testing.assert_array_equal(again[0], wrong)
    assert kept == {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.json")} and len(kept) == 6
    text = choices.table(np.array([[1, 0], [2, 1]]), np.full((2, 2), 4), np.array([[1.0, 2.0], [0.5, 0.5]]))
    assert "| nothing | 87.5% | 1.500 | 1, 0 of 8 |" in text and "| more | 62.5% | 0.500 | 2, 1 of 8 |" in text


def test_damaged_runs_are_measured_again_and_those_of_other_data_refused(tmp_path):
    data = skeletons(subjects=3, repetitions=1)
    choices.measure(data, SOURCE, "small", tmp_path, jobs=1)
    file = tmp_path / "00-fold-1.json"
    done = json.loads(file.read_text())
    file.write_text("half a fi")
    choices.measure(data, SOURCE, "small", tmp_path, jobs=1)
    assert json.loads(file.read_text()) == done
    file.write_text(json.dumps(done | {"data": "of somebody else"}))
    with pytest.raises(InputError, match=r"00-fold-1.json belongs to other data or settings"):
        choices.measure(data, SOURCE, "small", tmp_path, jobs=1)
