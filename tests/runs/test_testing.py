"""What is counted in a test: figures of each class, their means, who trains and tests, and what is missing."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.data import neutral
from gca_scratch.runs.folds import run_all_folds, warnings_of
from gca_scratch.runs.testing import figures, summary
from tests.helpers.tiny import TINY, skeletons

QUICK = dataclasses.replace(TINY, epochs=1, mode="direct", validation=0)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_figures_of_each_class_and_their_means():
    confusion = np.array([[3, 1, 0, 0], [2, 2, 0, 0], [0, 0, 0, 0], [1, 0, 1, 0]])
    found = figures(confusion, ("a", "b", "not tested", "never answered"))
    assert found["classes"] == {
        "a": {"tested": 4, "precision": 0.5, "recall": 0.75, "f1": 0.6},
        "b": {"tested": 4, "precision": pytest.approx(2 / 3), "recall": 0.5, "f1": pytest.approx(4 / 7)},
        "never answered": {"tested": 2, "precision": None, "recall": 0.0, "f1": 0.0},
    }
    assert found["macro_accuracy"] == pytest.approx(1.25 / 3) and found["macro_f1"] == pytest.approx((0.6 + 4 / 7) / 3)
    json.dumps(found, allow_nan=False)


def test_figures_agree_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    true, answered = rng.integers(0, 5, 200), rng.integers(0, 5, 200)
    confusion = metrics.confusion_matrix(true, answered)
    found = figures(confusion, list("abcde"))
    precision, recall, f1, tested = metrics.precision_recall_fscore_support(true, answered)
    for name, values in (("precision", precision), ("recall", recall), ("f1", f1), ("tested", tested)):
        np.testing.assert_allclose([found["classes"][kind][name] for kind in "abcde"], values)
    assert found["macro_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(true, answered))
    assert found["macro_f1"] == pytest.approx(metrics.f1_score(true, answered, average="macro"))


def run(data, protocol, out="run", **changes):
    neutral.save("data.npz", data)
    return runs.run(
        data, runs.Source("npz", "data.npz", protocol), dataclasses.replace(QUICK, **changes), out, show=False
    )


def test_a_result_says_who_trains_and_who_tests_and_evaluate_says_the_same():
    data = skeletons()
    data.view = np.tile([1, 2, 3], 8).astype(np.int16)[np.argsort(data.label, kind="stable").argsort()]
    result = run(data, "views:1,2")
    everybody = [1, 2, 3, 4]
    assert result["who"] == {
        "train": {"subjects": everybody, "views": [1, 2]},
        "test": {"subjects": everybody, "views": [3]},
    }
    text = summary(result)
    assert "  train: views 1, 2; test: view 3; both: subjects 1 to 4\n" in text
    assert f"(mean over classes {result['macro_accuracy']:.1%}, F1 {result['macro_f1']:.2f})" in text
    assert result["warnings"] == [] and "beware" not in text
    again = runs.retest("run")
    assert all(again[name] == result[name] for name in ("who", "classes", "warnings", "macro_accuracy", "macro_f1"))
    read = runs.read_result("run")
    assert read["who"] == result["who"] and read["classes"] == result["classes"]


def test_people_who_are_held_out_count_among_those_of_training():
    data = skeletons()
    result = run(data, "half", validation=1)
    assert (result["n_train"], result["n_validation"], result["n_test"]) == (12, 6, 12)
    assert result["who"] == {"train": {"subjects": [1, 3]}, "test": {"subjects": [2, 4]}}


def test_data_that_were_made_ready_are_known_again():
    """A sequence that shows nobody is left out before training, and again before the next test."""
    data = skeletons()
    data.joints[data.offsets[5] : data.offsets[6]] = 0
    result = run(data, "half")
    again = runs.retest("run")
    assert (again["n_test"], again["accuracy"]) == (result["n_test"], result["accuracy"])
    assert not any("is not the data" in sentence for sentence in again["warnings"])
    everything = runs.retest("run", protocol="all")
    assert sum("were trained on" in sentence for sentence in everything["warnings"]) == 1
    assert not any("people of the test" in sentence for sentence in everything["warnings"])  # they are known to be


def test_per_class_and_classes_agree():
    result = run(skeletons(), "half")
    assert {name: found["recall"] for name, found in result["classes"].items()} == result["per_class"]
    assert sum(found["tested"] for found in result["classes"].values()) == result["n_test"]
    assert result["macro_accuracy"] == pytest.approx(result["accuracy"])  # as many of each class


def test_a_class_that_no_training_sequence_has_is_said():
    data = skeletons()
    data.label[(data.label == 2) & (data.subject % 2 == 1)] = 0
    result = run(data, "half")
    sentence = "no training sequence is of 'bow', so that its test sequences cannot be recognised"
    assert result["warnings"] == [sentence] == json.loads(Path("run/result.json").read_text())["warnings"]
    assert summary(result).endswith(f"\nbeware: {sentence}")
    assert runs.retest("run")["warnings"] == [sentence]


def test_validation_leaves_a_class_where_others_can_be_held_out():
    """Subject 3 alone has class 2 among those that train (1, 3, 5)."""
    data = skeletons(subjects=6)
    data.label[(data.label == 2) & np.isin(data.subject, (1, 5))] = 0
    for seed in range(8):
        split = runs.make_split(data, runs.Source("npz"), dataclasses.replace(QUICK, validation=1, seed=seed))
        assert 3 not in data.subject[split.validate] and split.warnings() == []
    split = runs.make_split(data, runs.Source("npz"), dataclasses.replace(QUICK, validation=2))
    assert split.warnings() == [] and set(data.subject[split.fit]) == {3}


def test_all_folds_count_together_and_say_which_folds_lack_what():
    data = skeletons()
    data.label[(data.label == 2) & (data.subject != 2)] = 0  # subject 2 alone has class 2
    neutral.save("data.npz", data)
    result = run_all_folds(runs.Source("npz", "data.npz", "loso", 0), QUICK, "all", jobs=1)
    sentence = "no training sequence is of 'bow', so that its test sequences cannot be recognised"
    assert result["warnings"] == [f"fold 2: {sentence}"]
    assert result["classes"] == figures(np.array(result["confusion"]), data.class_names)["classes"]
    assert result["classes"]["bow"]["recall"] == 0 and result["macro_accuracy"] <= 2 / 3
    text = summary(result)
    assert f"beware: fold 2: {sentence}" in text and "mean accuracy" in text


def test_warnings_of_folds_are_put_together():
    assert warnings_of({1: ["a"], 2: ["a", "b"], 3: ["a", "b"]}) == ["a", "fold 2, 3: b"]
    assert warnings_of({1: ["no test sequence is of 'x', ..."], 2: []}) == []  # the other fold tests it
    assert warnings_of({4: ["no test sequence is of 'x', ..."]}) == ["no test sequence is of 'x', ..."]
    assert warnings_of({}) == []


def test_results_of_earlier_versions_are_summed_up_too():
    old = {"dataset": "npz", "protocol": "half", "fold": 1, "n_train": 3, "n_validation": 1, "n_test": 2, "epochs": 4,
           "accuracy": 0.5, "seconds": 1.0, "per_class": {"walk": 0.5}, "confusion": [[1, 1], [0, 0]]}  # fmt: skip
    assert summary(old).splitlines()[2:] == ["  walk   50.0%", "", "accuracy 50.0%, trained 4 epochs in 1 s"]
    Path("run").mkdir()
    Path("run/result.json").write_text(json.dumps(old))
    assert runs.read_result("run")["accuracy"] == 0.5


def test_a_class_that_was_never_answered_has_no_precision_in_the_table():
    result = run(skeletons(), "half")
    confusion = np.array([[0, 4, 0], [0, 4, 0], [0, 4, 0]])
    result |= figures(confusion, skeletons().class_names)
    assert "  raise left    0.0%          –   0.00       4\n" in summary(result | {"per_class": {"raise left": 0.0}})
