"""Leave one sequence out by finishing: no weight is touched by the sequence it is tested on, nothing is done twice."""

import json
from dataclasses import replace

import numpy as np
import pytest

from gca_scratch import runs, training
from gca_scratch.experiments import loseqo
from gca_scratch.runs import checkpoint, testing
from gca_scratch.settings import PRESETS
from gca_scratch.support import workers
from gca_scratch.support.errors import InputError
from gca_scratch.training import stepwise
from tests.helpers.tiny import CLASSES, TINY, skeletons

SOURCE = runs.Source("npz", "tiny.npz")
SETTINGS = replace(TINY, validation=0, epochs=2, patience=2)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Two epochs of finishing, in this process: loky's processes know nothing of what a test has changed."""
    monkeypatch.setattr(loseqo, "FINISH", loseqo.FINISH | {"epochs": 2, "patience": 2})
    results = workers.results
    monkeypatch.setattr(workers, "results", lambda function, calls, jobs, **more: results(function, calls, 1, **more))


def test_a_network_is_trained_on_all_sequences_but_those_it_is_tested_on(tmp_path, monkeypatch):
    data, seen = skeletons(subjects=3, repetitions=1), []
    train = training.train

    def watched(network, state, aligned, fit, *rest):
        seen.append(set(fit.tolist()))
        return train(network, state, aligned, fit, *rest)

    for place in (training, stepwise):
        monkeypatch.setattr(place, "train", watched)
    loseqo.measure(data, SOURCE, SETTINGS, tmp_path)
    everything = set(range(len(data)))
    assert seen[:3] == [everything - set(np.flatnonzero(data.subject == subject)) for subject in (1, 2, 3)]
    assert seen[3:] == [everything - {n} for n in range(len(data))]


def test_a_sequence_leaves_no_trace_in_the_network_that_is_tested_on_it(tmp_path, monkeypatch):
    data, weights = skeletons(subjects=3, repetitions=1), []
    outcome = runs.outcome

    def watched(split, network, state, *rest):
        weights.append(state.params)
        return outcome(split, network, state, *rest)

    for place in (runs, testing):  # of networks of subjects, and of those that are finished
        monkeypatch.setattr(place, "outcome", watched)
    loseqo.measure(data, SOURCE, SETTINGS, tmp_path / "a")
    changed = skeletons(subjects=3, repetitions=1)
    changed.joints[changed.offsets[4] : changed.offsets[5]] *= np.float32(1.7)
    loseqo.measure(changed, SOURCE, SETTINGS, tmp_path / "b")
    first, second = weights[: len(weights) // 2], weights[len(weights) // 2 :]
    same = [all(np.array_equal(a[name], b[name]) for name in a) for a, b in zip(first, second, strict=True)]
    assert len(same) == 2 * 3 + 9  # networks of subjects are tested twice, by runs.run and for their probabilities
    without = {2, 3, 6 + 4}  # the network without subject 2, and the one that is finished without sequence 4
    assert {k for k in range(len(same)) if same[k]} == without


def test_finishing_goes_on_from_the_network_of_the_subject_and_changes_it(tmp_path):
    data = skeletons(subjects=3, repetitions=1)
    before, after = loseqo.measure(data, SOURCE, SETTINGS, tmp_path)
    assert before.shape == after.shape == (1, 9, 3)
    np.testing.assert_allclose(before.sum(axis=2), 1, atol=1e-5)
    np.testing.assert_allclose(after.sum(axis=2), 1, atol=1e-5)
    assert (before != after).any(axis=2).all()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loseqo, "FINISH", loseqo.FINISH | {"epochs": 1, "patience": 1, "learning_rate": 1e-12})
        _, still = loseqo.measure(data, SOURCE, SETTINGS, _copied_without_sequences(tmp_path))
    np.testing.assert_allclose(still, before, atol=1e-5)


@pytest.mark.parametrize("average", [0, 2])
def test_weights_are_averaged_in_finishing_as_they_are_in_training(average, tmp_path, monkeypatch):
    data, asked, begun = skeletons(subjects=2, repetitions=1), [], []
    train = training.train

    def watched(network, state, aligned, fit, validate, settings, *rest):
        asked.append(settings.average)
        begun.append({name: value.copy() for name, value in state.params.items()})
        return train(network, state, aligned, fit, validate, settings, *rest)

    for place in (training, stepwise):
        monkeypatch.setattr(place, "train", watched)
    loseqo.measure(data, SOURCE, replace(SETTINGS, average=average), tmp_path)
    assert asked == [average] * (2 + len(data))
    for n, start in enumerate(begun[2:]):
        of_subject, *_ = checkpoint.load(tmp_path / "seed-0" / f"subject-0{data.subject[n]}")
        weights = training.best_weights(of_subject)
        assert all(np.array_equal(start[name], weights[name]) for name in weights)


def _copied_without_sequences(folder):
    for file in folder.glob("**/sequence-*.json"):
        file.unlink()
    return folder


def test_what_is_done_is_kept_and_what_is_damaged_is_done_again_to_the_same_numbers(tmp_path):
    data = skeletons(subjects=3, repetitions=1)
    _, after = loseqo.measure(data, SOURCE, SETTINGS, tmp_path, seeds=2)
    files = sorted(tmp_path.glob("seed-*/subject-*/sequence-*.json"))
    assert len(files) == 18 and not np.array_equal(after[0], after[1])
    texts = [file.read_bytes() for file in files]
    files[0].unlink()
    files[1].write_text("half a fi")
    files[2].write_text(json.dumps(json.loads(texts[2]) | {"p": [2, -1, 0]}))
    kept = [file.stat().st_mtime_ns for file in files[3:]]
    _, again = loseqo.measure(data, SOURCE, SETTINGS, tmp_path, seeds=2)
    np.testing.assert_array_equal(again, after)
    assert [file.read_bytes() for file in files] == texts
    assert [file.stat().st_mtime_ns for file in files[3:]] == kept


def test_two_jobs_give_the_numbers_of_one(tmp_path, monkeypatch):
    monkeypatch.undo()
    data = skeletons(subjects=2, repetitions=1)
    one = loseqo.measure(data, SOURCE, SETTINGS, tmp_path / "one", jobs=1)
    two = loseqo.measure(data, SOURCE, SETTINGS, tmp_path / "two", jobs=2)
    np.testing.assert_array_equal(one, two)


def test_results_of_other_data_or_settings_are_refused(tmp_path):
    data = skeletons(subjects=3, repetitions=1)
    loseqo.measure(data, SOURCE, SETTINGS, tmp_path)
    with pytest.raises(InputError, match="belongs to another run"):
        loseqo.measure(data, SOURCE, replace(SETTINGS, dropout=0.1), tmp_path)
    with pytest.raises(InputError, match="belongs to another state of the data"):
        loseqo.measure(skeletons(subjects=3, repetitions=1, seed=1), SOURCE, SETTINGS, tmp_path)
    file = tmp_path / "seed-0" / "subject-01" / "sequence-001.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"data": "of somebody else"}))
    with pytest.raises(InputError, match=r"sequence-001.json belongs to other data or settings"):
        loseqo.measure(data, SOURCE, SETTINGS, tmp_path)


def test_the_report_counts_each_seed_and_all_of_them_together():
    data = skeletons(subjects=1, repetitions=1)
    truth = np.eye(3)[data.label]
    wrong = np.eye(3)[[1, 1, 2]]  # the first one is taken for the second class
    unsure = 0.4 * truth + 0.2  # right, and less sure of it
    text = loseqo.report(data, np.stack([truth, truth]), np.stack([wrong, unsure]), SETTINGS)
    assert "| seed 0 | 100.0% (3 of 3) | 66.7% (2 of 3) |" in text
    assert "| seed 1 | 100.0% (3 of 3) | 100.0% (3 of 3) |" in text
    assert "| the mean of their probabilities | 100.0% (3 of 3) | 66.7% (2 of 3) |" in text
    frames = data.offsets[1]
    assert f"| {data.name[0]} | {frames} | {CLASSES[1]} | 0.60 | 1 of 2 |" in text
    assert "mean" not in loseqo.report(data, truth[None], wrong[None], SETTINGS)


def test_every_setting_can_be_given(tmp_path, monkeypatch, capsys):
    data, asked = skeletons(subjects=2, repetitions=1), []

    def measure(data, source, settings, *rest):
        asked.append(settings)
        return np.stack([np.eye(3)[data.label][None]] * 2)

    monkeypatch.setattr(runs, "load_data", lambda source: data)
    monkeypatch.setattr(loseqo, "measure", measure)
    assert loseqo.main(["--motion", "3", "--no-mirror", "--seed", "5", "--out", str(tmp_path)]) == 0
    assert asked == [replace(PRESETS["small"], motion=3.0, mirror=False, seed=5)]
    assert "| seed 5 |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seeds", "0"], "--seeds 0 cannot be used: it must be 1 or more"),
        (["--jobs", "-1"], "--jobs -1 cannot be used: it must be 1 or more"),
        (["--dataset", "npz"], "say where with --data"),
        (["--data", "nowhere.npz"], "nowhere.npz"),
        (["--preset", "huge"], "unknown preset 'huge'"),
        (
            ["--colour", "red"],
            "unrecognized arguments: --colour red; see python -m gca_scratch.experiments.loseqo --help",
        ),
        (["--motion", "-1"], "motion = -1.0 cannot be used"),
    ],
)
def test_options_that_cannot_be_end_in_a_sentence(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert loseqo.main(arguments) == 2
    assert said in capsys.readouterr().err and not list(tmp_path.iterdir())
