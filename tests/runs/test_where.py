"""Answers to where the network looks: their gradients, what they add up to, and that each network has them."""

from dataclasses import replace

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.data.alignment import align
from gca_scratch.network.gca_lstm import GCALSTM
from gca_scratch.runs import where
from tests.helpers.derivatives import check_gradients
from tests.helpers.tiny import TINY, skeletons

DATA = skeletons()
OWN = "gradient", "gradient x distance", "on the way", "joint x moment", "left out"


def drawn(data=DATA, **changes):
    """A network with random weights for the data, its weights in float64, and the aligned data."""
    settings = replace(TINY, validation=0, **changes)
    split = runs.make_split(data, runs.Source("npz", "x"), settings)
    network = split.network(settings)
    rng = np.random.default_rng(1)
    weights = {name: 2 * value + 0.1 for name, value in network.init(rng, np.float64).items()}
    return network, weights, split.aligned


@pytest.mark.parametrize("shape", [(4, 5), (3, 4, 5)])
def test_how_far_an_answer_stands_out(shape):
    rng = np.random.default_rng(0)
    logits, label, weight = rng.standard_normal(shape), rng.integers(0, 5, 4), rng.standard_normal(4)
    found = where.stands_out(logits, label)
    flat = logits.reshape(-1, 4, 5)
    expected = [np.mean([one[b, label[b]] - one[b].mean() for one in flat]) for b in range(4)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    d = where.stands_out_backward(logits, label) * weight[:, None]
    check_gradients(lambda logits: (where.stands_out(logits, label),), {"logits": logits}, {"logits": d}, (weight,))


def test_on_the_way_adds_up():
    """Of a quadratic function the middles are exact; what a cell adds knows its sign."""
    rng = np.random.default_rng(0)
    A, b = rng.standard_normal((12, 12)), rng.standard_normal(12)
    start, end = rng.standard_normal((2, 2, 2, 2, 3))

    def value(x):
        flat = x.reshape(2, 12)
        return ((flat @ A) * flat).sum(axis=1) + flat @ b

    def gradient(x):
        return (x.reshape(2, 12) @ (A + A.T) + b).reshape(x.shape)

    added = where.on_the_way(gradient, start, end, steps=3)
    assert added.shape == (2, 2, 2) and (added < 0).any() and (added > 0).any()
    np.testing.assert_allclose(added.sum(axis=(1, 2)), value(end) - value(start), rtol=1e-12)
    end[:, 1, 0] = start[:, 1, 0]
    assert (where.on_the_way(gradient, start, end)[:, 1, 0] == 0).all(), "who stays adds nothing"


def test_the_answers_of_a_network_are_what_they_say():
    """Each of them once more, by the definition: the gradient by central differences, the changes one by one."""
    network, weights, aligned = drawn()
    sequences = np.arange(3, 8)
    x, _ = aligned.batch(sequences, network.frames)
    x = x.astype(float)
    logits, cache = network.forward(weights, x)
    label = logits.argmax(axis=1)

    def answer(x):
        return where.stands_out(network.forward(weights, x)[0], label)

    maps = where.answers(network, weights, aligned, sequences)
    for n, t, j in ((0, 1, 2), (2, 3, 0), (4, 0, 5)):
        slope = []
        for c in range(3):
            step = np.zeros_like(x)
            step[n, t, j, c] = 1e-5
            slope.append((answer(x + step) - answer(x - step))[n] / 2e-5)
        assert maps["gradient"][n, t, j] == pytest.approx(np.linalg.norm(slope), rel=1e-4)
    rest = np.broadcast_to(x.mean(axis=1, keepdims=True), x.shape)
    far = np.linalg.norm(x - rest, axis=-1)
    np.testing.assert_allclose(maps["distance from mean"], far, atol=1e-6)
    np.testing.assert_allclose(maps["gradient x distance"], maps["gradient"] * far, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(np.stack(network.scores(cache)), [maps["iteration 1"], maps["iteration 2"]], rtol=1e-4)
    by_joint, by_moment = np.zeros((5, 6)), np.zeros((5, 4))
    for j in range(6):
        still = x.copy()
        still[:, :, j] = rest[:, :, j]
        by_joint[:, j] = abs(answer(x) - answer(still))
    for t in range(4):
        still = x.copy()
        still[:, t] = rest[:, t]
        by_moment[:, t] = abs(answer(x) - answer(still))
    expected = by_joint[:, None] * by_moment[:, :, None]
    np.testing.assert_allclose(maps["left out"], expected, rtol=1e-3, atol=1e-9)
    added = maps["on the way"]
    expected = added.sum(axis=1, keepdims=True) * added.sum(axis=2, keepdims=True) * far
    np.testing.assert_allclose(maps["joint x moment"], expected, rtol=1e-4, atol=1e-12)


def test_on_the_way_adds_up_to_the_change_of_a_networks_answer():
    network, weights, aligned = drawn()
    x, _ = aligned.batch(np.arange(12), network.frames)
    start, end = np.broadcast_to(x.mean(axis=1, keepdims=True), x.shape).astype(float), x.astype(float)
    label = network.forward(weights, end)[0].argmax(axis=1)

    def gradient(x):
        logits, cache = network.forward(weights, x)
        return network.backward(where.stands_out_backward(logits, label), cache, with_input=True)["input"]

    whole = [where.stands_out(network.forward(weights, at)[0], label) for at in (start, end)]
    added = where.on_the_way(gradient, start, end, steps=64).sum(axis=(1, 2))
    np.testing.assert_allclose(added, whole[1] - whole[0], atol=1e-6)
    assert np.abs(added).max() > 1e-3


def test_what_is_left_out_of_a_sum():
    """The answer is a weighted sum of all coordinates: a joint at two places is left out at both."""
    rng = np.random.default_rng(0)
    joints, weight, order = rng.standard_normal((2, 3, 4, 1, 3)), rng.standard_normal((3, 4, 1, 3)), (2, 0, 2, 1)
    rest = np.broadcast_to(joints.mean(axis=1, keepdims=True), joints.shape)

    def change(changed):
        return ((joints - changed) * weight).sum(axis=(1, 2, 3, 4))

    by_joint, by_moment = where.left_out(joints, rest, order, change)
    lost = ((joints - rest) * weight).sum(axis=(3, 4))  # (B, T, K)
    np.testing.assert_allclose(by_moment, lost.sum(axis=2))
    np.testing.assert_allclose(by_joint[:, [1, 3]], lost.sum(axis=1)[:, [1, 3]])
    np.testing.assert_allclose(by_joint[:, 0], lost[:, :, [0, 2]].sum(axis=(1, 2)))
    np.testing.assert_array_equal(by_joint[:, 0], by_joint[:, 2])


def test_mean_posture_of_somebody_who_is_not_always_there():
    joints = np.zeros((1, 3, 2, 2, 3), np.float32)
    joints[0, :, :, 0, 0] = [[1, 2], [3, 2], [5, 2]]
    joints[0, 1:, :, 1, 1] = [[10, 20], [30, 20]]
    rest = where.mean_posture(joints)
    assert rest.dtype == np.float32 and rest.shape == joints.shape
    np.testing.assert_array_equal(rest[0, :, :, 0, 0], [[3, 2]] * 3)
    np.testing.assert_array_equal(rest[0, :, :, 1, 1], [[0, 0], [20, 20], [20, 20]])
    np.testing.assert_array_equal(where.away(joints)[0], [[2, 0], [10, 0], [10, 0]])


@pytest.mark.parametrize(
    "changes",
    [
        {"iterations": 0},
        {"attention": "soft"},
        {"network": "coarse"},
        {"network": "two-stream"},
        {"network": "st-lstm"},
        {"traversal": "tree"},
        {"motion": 3.0},
    ],
    ids=str,
)
def test_every_network_has_them(changes, monkeypatch):
    network, weights, aligned = drawn(**changes)
    sequences = np.arange(7)
    maps = where.answers(network, weights, aligned, sequences)
    attentive = changes.get("iterations", 2) and changes.get("network") != "st-lstm"
    assert list(maps) == ["iteration 1", "iteration 2"] * bool(attentive) + [*OWN, *where.GUESSES]
    for name, found in maps.items():
        assert found.shape == (7, 4, len(aligned.order)), name
        assert np.isfinite(found).all() and (found >= 0).all() and (found > 0).any(), name
    monkeypatch.setattr(where, "BATCH", 3)
    for name, found in where.answers(network, weights, aligned, sequences).items():
        np.testing.assert_allclose(found, maps[name], rtol=1e-4, atol=1e-7, err_msg=name)


def test_fewer_iterations_have_fewer_scores():
    network, weights, aligned = drawn()
    assert "iteration 2" not in where.answers(network, weights, aligned, [0], iterations=1)


def test_two_persons_one_of_whom_comes_late():
    data = skeletons(persons=2)
    data.joints[data.offsets[:-1], 1] = 0
    network, weights, aligned = drawn(data)
    for name, found in where.answers(network, weights, aligned, np.arange(5)).items():
        assert np.isfinite(found).all() and (found >= 0).all(), name


def test_who_stands_still_adds_nothing():
    data = skeletons()
    data.joints[:] = np.repeat(data.joints[data.offsets[:-1]], data.lengths, axis=0)
    network, weights, aligned = drawn(data)
    maps = where.answers(network, weights, aligned, np.arange(4))
    for name in ("gradient x distance", "on the way", "joint x moment", "left out", *where.GUESSES):
        assert np.abs(maps[name]).max() < 1e-5, name
    assert maps["gradient"].max() > 1e-3


def test_speed_and_distance_are_in_units_of_the_input():
    data = skeletons()
    aligned = align(data)
    assert isinstance(drawn()[0], GCALSTM)
    moving = 5 - data.label[0]
    place = list(aligned.order).index(moving)
    fast, far = (guess(aligned, [0], 4)[0] for guess in (where.joint_speed, where.distance))
    assert fast[:, place].min() > 0.02 and far.max(axis=0).argmax() == place
