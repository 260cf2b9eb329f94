"""What a test counts, from answers that are known: which way a confusion lies, whose weights, which iterations."""

import dataclasses

import numpy as np
import pytest

from gca_scratch import runs, training
from gca_scratch.runs import fold, folder, movement, predictions, testing
from gca_scratch.support.errors import InputError
from tests.helpers.tiny import CLASSES, TINY, skeletons

SOURCE = runs.Source("npz", "data.npz")


@pytest.fixture(scope="module")
def split():
    return runs.make_split(skeletons(), SOURCE, TINY)


def state_of(split, steps=(0, 0, 1)):
    state = training.start(split.network(TINY), TINY)
    state.history = [{"step": step, "seconds": 1.0} for step in steps]
    return state


def test_true_classes_stand_down_and_answers_across(split, monkeypatch):
    truth = split.aligned.label[split.test]
    predicted = np.where(truth == 0, 2, truth)
    p = np.full((len(truth), 3), 0.1)
    p[np.arange(len(truth)), predicted] = 0.8
    monkeypatch.setattr(testing, "outcome", lambda *arguments: (1, 0.25, p))
    found = testing.test(split, split.network(TINY), state_of(split), TINY)
    assert found["confusion"] == [[0, 0, 4], [0, 4, 0], [0, 0, 4]]
    assert found["per_class"] == dict(zip(CLASSES, (0.0, 1.0, 1.0), strict=True))
    assert found["accuracy"] == pytest.approx(8 / 12) and found["macro_accuracy"] == pytest.approx(2 / 3)
    assert found["classes"][CLASSES[2]] == {"tested": 4, "precision": 0.5, "recall": 1.0, "f1": pytest.approx(2 / 3)}
    assert (found["n_train"], found["n_validation"], found["n_test"]) == (12, 6, 12)
    assert (found["loss"], found["iterations"], found["epochs"]) == (0.25, 1, 3)
    table = predictions.of_test(split, p)
    assert table.truth.tolist() == truth.tolist() and table.class_names == list(CLASSES)
    assert table.name == [str(split.data.name[n]) for n in split.test]


@pytest.mark.parametrize(("steps", "iterations"), [((0, 0, 1), 1), ((0, 1, 2, 2), 2), ((0,), 0), ((), 0)])
def test_the_best_weights_are_tested_as_they_were_last_trained(split, monkeypatch, steps, iterations):
    asked = []

    def evaluated(engine, weights, aligned, sequences, settings, n, xp):
        asked.append((weights, sequences, settings, n))
        return 0.5, np.eye(3)[aligned.label[sequences]]

    monkeypatch.setattr(testing.training, "evaluate", evaluated)
    state = state_of(split, steps)
    state.best = {name: value + 1 for name, value in state.params.items()}
    assert testing.outcome(split, split.network(TINY), state, TINY)[:2] == (iterations, 0.5)
    weights, sequences, settings, n = asked[0]
    assert sequences is split.test and settings is TINY and n == iterations
    assert all((weights[name] == value).all() for name, value in state.best.items())
    p = predictions.probabilities_on(split, split.validate, split.network(TINY), state, TINY)
    assert asked[1][1] is split.validate and asked[1][3] == iterations and p.shape == (len(split.validate), 3)
    assert all((asked[1][0][name] == value).all() for name, value in state.best.items())


def test_a_loss_that_is_not_finite_is_no_result(split, monkeypatch):
    monkeypatch.setattr(testing.training, "evaluate", lambda *arguments: (np.inf, np.zeros((12, 3))))
    with pytest.raises(InputError, match=r"the test loss is inf: .* lower learning_rate"):
        testing.outcome(split, split.network(TINY), state_of(split), TINY)


def test_limits_that_results_rest_on():
    """What is asked of a threshold and a movement; another number is another answer to the same recording."""
    assert fold.MOST_SURE == 0.999 and folder.SECONDS_BETWEEN_SAVES == 10
    assert (movement.MOST, movement.SHARE, movement.STILL, movement.LEAST) == (1000, 2 / 3, 0.2, 0.05)


def test_a_movement_counts_from_a_fifth_of_the_usual_one_and_deviations_from_a_twentieth(split):
    found = movement.learned(split, TINY, None)
    again = dataclasses.replace(found, limit=1.0)
    assert again.limit == 1.0 and found.limit == 0.0
    assert min(min(row) for row in found.deviation) >= 0.05
    # what does not move at all has the logarithm of rest, and no number lies below it
    assert min(min(row) for row in found.mean) >= np.log(found.still) - 1e-4
    data = split.data
    spans = [(n, start, stop) for n in split.fit.tolist() for start, stop in thirds(int(data.lengths[n]))]
    moved = movement.distances(movement.aligned_for(movement.pieces(data, spans), TINY, None, split.aligned.up), 4)
    assert found.still == pytest.approx(0.2 * np.median(moved))
    label = data.label[[n for n, _, _ in spans]]
    for k in range(3):
        logarithms = np.log(found.still + moved[label == k])
        np.testing.assert_allclose(found.mean[k], logarithms.mean(axis=0), atol=1e-4)
        np.testing.assert_allclose(found.deviation[k], np.maximum(logarithms.std(axis=0), 0.05), atol=1e-4)


def thirds(length):
    """The whole, and two thirds of it from its beginning, its middle and its end."""
    part = max(1, round(2 * length / 3))
    return [(0, length), *((start, start + part) for start in (0, (length - part) // 2, length - part))]
