"""Sequences are looked at so many at a time, and how many makes no difference; constants that answers rest on."""

import dataclasses

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.runs import fitted, movement, predict, predictions, trained, where
from gca_scratch.training import start
from tests.helpers.tiny import TINY, skeletons

DATA = skeletons()


def a_run(settings):
    split = runs.make_split(DATA, runs.Source("npz"), settings)
    network = split.network(settings)
    weights = start(network, settings).params
    rng = np.random.default_rng(0)
    weights = {name: rng.normal(0, 1, value.shape).astype(np.float32) for name, value in weights.items()}
    place = trained.body(split.data, split.aligned)
    return trained.Run(network, weights, settings, settings.iterations, split, runs.Source("npz"), place, np)


@pytest.mark.parametrize("kind", ["gca", "coarse", "two-stream"])
def test_scores_and_probabilities_of_many(kind, monkeypatch):
    run = a_run(dataclasses.replace(TINY, network=kind, validation=0))
    sequences = np.array([3, 0, 17, 5, 22, 9, 1])
    p, scores, names = trained.classify(run, sequences)
    assert scores.shape == (len(names), 7, 4, 6) and p.shape == (7, 3)
    monkeypatch.setattr(trained, "BATCH", 3)
    again = trained.classify(run, sequences)
    np.testing.assert_allclose(again[1], scores, rtol=1e-4)
    np.testing.assert_allclose(again[0], p, rtol=1e-4)
    assert again[2] == names
    for at, n in enumerate(sequences):
        alone = trained.classify(run, [n])
        np.testing.assert_allclose(alone[1][:, 0], scores[:, at], rtol=1e-4)
        np.testing.assert_allclose(alone[0][0], p[at], rtol=1e-4)


def test_distances_of_many_and_of_networks_that_look_once():
    aligned = runs.make_split(DATA, runs.Source("npz"), TINY).aligned
    found = movement.distances(aligned, 4)
    for batch in (1, 5, 24, 100):
        np.testing.assert_array_equal(movement.distances(aligned, 4, batch), found)
    np.testing.assert_array_equal(movement.distances(aligned, 1), movement.distances(aligned, 2))  # one has no step
    x, _ = aligned.batch(np.arange(24), 4)
    steps = np.linalg.norm(np.diff(x.reshape(24, 4, 6, 3).astype(float), axis=1), axis=-1)
    np.testing.assert_allclose(found, steps.mean(axis=1))


@pytest.mark.parametrize(("most", "chosen"), [(3, [0, 8, 17]), (2, [0, 17]), (17, 17), (18, 18), (1000, 18)])
def test_of_very_many_sequences_some_are_learned_from_evenly_spread(most, chosen, monkeypatch):
    split = runs.make_split(skeletons(subjects=6), runs.Source("npz"), dataclasses.replace(TINY, validation=0))
    seen, real = [], movement.pieces
    monkeypatch.setattr(movement, "MOST", most)
    monkeypatch.setattr(movement, "pieces", lambda data, spans: seen.extend(spans) or real(data, spans))
    movement.learned(split, TINY, None)
    found = list(dict.fromkeys(n for n, _, _ in seen))
    wanted = split.fit[chosen].tolist() if isinstance(chosen, list) else None
    assert len(split.fit) == 18 and len(found) == (len(chosen) if wanted else chosen)
    assert wanted is None or found == wanted
    assert {found[0], found[-1]} == {split.fit[0], split.fit[-1]}


def test_what_answers_rest_on():
    assert (where.STEPS, where.BATCH, trained.BATCH, fitted.BATCH) == (8, 50, 100, 25)
    assert where.GUESSES == ("joint speed", "distance from mean")
    assert predict.LONG == 3 and predict.NONE == "none of these"
    assert predictions.LARGEST == 256 * 1024**2 and predictions.ENDINGS == (".csv", ".json")


def test_eight_steps_lead_from_the_mean_posture_to_the_sequence():
    run = a_run(dataclasses.replace(TINY, validation=0))
    aligned, sequences = run.split.aligned, np.arange(2, 6)
    joints = aligned.x[aligned.frame_index(sequences, 4)]
    end, rest = aligned.channels_of(joints), aligned.channels_of(where.mean_posture(joints))
    label = run.network.forward(run.weights, end)[0].argmax(axis=1)
    slopes = []
    for k in range(8):
        logits, cache = run.network.forward(run.weights, rest + np.float32((k + 0.5) / 8) * (end - rest))
        d = where.stands_out_backward(logits, label)
        slopes.append(run.network.backward(d, cache, with_input=True)["input"])
    wanted = np.abs((np.mean(slopes, axis=0) * (end - rest)).sum(axis=-1))
    found = where.answers(run.network, run.weights, aligned, sequences)["on the way"]
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-5)


def test_fewer_iterations_are_asked_about_throughout():
    """A network that was stopped behind training step 1 is asked as it was trained then, in every answer."""
    run = a_run(dataclasses.replace(TINY, validation=0))
    one = dataclasses.replace(run.network, iterations=1)
    weights = {name: value for name, value in run.weights.items() if name in one.shapes()}
    whole = where.answers(run.network, run.weights, run.split.aligned, [0, 5])
    found = where.answers(run.network, run.weights, run.split.aligned, [0, 5], iterations=1)
    try:
        wanted = where.answers(one, weights, run.split.aligned, [0, 5])
    except (KeyError, ValueError):
        pytest.skip("its classifier stands upon the last iteration")
    assert list(found) == list(wanted)
    for name, values in wanted.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-6, err_msg=name)
    assert all(np.abs(found[name] - whole[name]).max() > 1e-4 for name in ("gradient", "on the way", "left out"))
