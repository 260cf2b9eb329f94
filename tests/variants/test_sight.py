"""Scores that see movement: known values, gradients by complex step, central differences and the oracle.

tests/course/test_checks.py puts planted bugs to these checks.
"""

from dataclasses import replace

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import value_and_grad

from gca_scratch.network import grid
from gca_scratch.network.gca_lstm import GCALSTM, SCHEDULES, loss_and_gradients
from gca_scratch.network.gradcheck import check_network
from gca_scratch.support.errors import InputError
from gca_scratch.variants import sight
from gca_scratch.variants.sight import UNIT, Sighted, sighted
from tests.helpers import oracle
from tests.helpers.derivatives import check_gradients
from tests.network.test_oracle import drawn

J, T = 3, 4
NETWORK = Sighted(J, T, 3, 4, hidden=5, iterations=2, initial="average")


def some(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


# --- known values -----------------------------------------------------------------------------------------------------


def test_what_a_cell_sees_of_itself():
    x = some(2, T, J, 3)
    p, d, v, sizes = np.split(sight.sight_forward(x), (3, 6, 9), axis=-1)
    np.testing.assert_allclose(p[1, 2, 0], x[1, 2, 0] - x[1, 2].mean(axis=0))
    np.testing.assert_allclose(d[1, 2, 0] * UNIT, p[1, 2, 0] - p[1, :, 0].mean(axis=0))
    np.testing.assert_allclose(v[1, 2, 0] * UNIT, (p[1, 3, 0] - p[1, 1, 0]) / 2)
    np.testing.assert_allclose(v[1, 0, 0] * UNIT, p[1, 1, 0] - p[1, 0, 0])
    np.testing.assert_allclose(v[1, 3, 0] * UNIT, p[1, 3, 0] - p[1, 2, 0])
    np.testing.assert_allclose(sizes[1, 2, 0], [(d[1, 2, 0] ** 2).sum(), (v[1, 2, 0] ** 2).sum()])


def test_a_walk_of_the_whole_body_is_no_movement():
    still, path = some(2, 1, J, 3) * np.ones((1, T, 1, 1)), some(2, T, 1, 3, seed=1)
    np.testing.assert_allclose(sight.sight_forward(still + path)[..., 3:], 0, atol=1e-14)


def test_a_single_frame_moves_nothing():
    np.testing.assert_array_equal(sight.sight_forward(some(2, 1, J, 3))[..., 3:], 0)


def test_a_cell_in_company():
    s = some(J * T, 2, 5)
    own, joint, frame = np.split(grid.unpack(sight.company_forward(s, J, T), J, T), 3, axis=-1)
    np.testing.assert_array_equal(grid.pack(own), s)
    np.testing.assert_allclose(joint[1, 0, 2], own[1, :, 2].mean(axis=0))
    np.testing.assert_allclose(frame[1, 3, 0], own[1, 3].mean(axis=0))


def test_scores_begin_where_something_moves():
    squares = grid.pack(np.array([[[0, 4, 0], [0, 0, 0]]], float)[..., None])[..., 0]  # (K, 1): the second joint, first
    w, _ = sight.reach_forward(squares, 3, 2)
    expected = np.sqrt([[0, 2 * 4 / 3, 0], [0, 0, 0]])
    np.testing.assert_allclose(grid.unpack(w, 3, 2)[0], expected, atol=2 * sight.TINY**0.5)
    q, _ = sight.weighed_forward(np.array([[0.5], [0.3], [0.2]]), np.array([[1.0], [2.0], [0.0]]))
    np.testing.assert_allclose(q[:, 0], [5 / 11, 6 / 11, 0])


def test_who_rests_brings_nothing_to_the_memory():
    params, x, y, _ = drawn(replace(NETWORK, dropout=0), 0)
    x = np.repeat(x[:, :1], T, axis=1)
    _, gradients, _ = loss_and_gradients(NETWORK, params, x, y)
    np.testing.assert_array_equal(gradients["value.W"], 0)
    np.testing.assert_array_equal(gradients["memory.1.WF"][:5], 0)  # of F
    assert np.abs(gradients["memory.1.WF"][5:]).max() > 0  # of the memory before


def test_scores_sum_to_one_and_are_the_same_by_either_schedule():
    params, x, *_ = drawn(NETWORK, 1)
    found = []
    for schedule in SCHEDULES:
        network = replace(NETWORK, schedule=schedule)
        _, cache = network.forward(params, x)
        found.append(network.scores(cache))
    assert found[0].shape == (2, 3, T, J)
    np.testing.assert_allclose(found[0].sum(axis=(2, 3)), 1)
    np.testing.assert_allclose(found[0], found[-1], rtol=1e-12)
    assert [title for title, _ in NETWORK.gates(params, x)] == ["layer 1"]


def test_of_a_plain_network_of_the_same_sizes():
    plain = GCALSTM(J, T, 3, 4, hidden=5, dropout=0.25, initial="average", recompute=True)
    seeing = sighted(plain)
    assert seeing == Sighted(J, T, 3, 4, hidden=5, dropout=0.25, initial="average", recompute=True)
    none = replace(seeing, iterations=0)
    rng = np.random.default_rng(0)
    params, x = none.init(rng, np.float64), some(2, T, J, 3)
    np.testing.assert_array_equal(none.forward(params, x)[0], replace(plain, iterations=0).forward(params, x)[0])
    with pytest.raises(InputError, match="the network takes sequences of shape"):
        none.forward(params, x[0])


# --- gradients --------------------------------------------------------------------------------------------------------


def check_sight(forward, backward):
    x, weight = some(2, T, J, 3), some(2, T, J, 11, seed=1)
    check_gradients(lambda x: (forward(x),), {"x": x}, {"x": backward(weight, forward(x))}, (weight,))


def check_company(forward, backward):
    s, weight = some(J * T, 2, 5), some(J * T, 2, 15, seed=1)
    check_gradients(lambda s: (forward(s, J, T),), {"s": s}, {"s": backward(weight, J, T)}, (weight,))


def check_value(forward, backward):
    arguments, weight = {"m": some(J * T, 2, 6), "W": some(6, 5, seed=1)}, some(J * T, 2, 5, seed=2)
    dm, dW = backward(weight, forward(**arguments)[1])
    check_gradients(lambda m, W: (forward(m, W)[0],), arguments, {"m": dm, "W": dW}, (weight,))


def check_reach(forward, backward):
    squares, weight = some(J * T, 2) ** 2, some(J * T, 2, seed=1)
    derived = backward(weight, forward(squares, J, T)[1], J, T)
    check_gradients(lambda s: (forward(s, J, T)[0],), {"s": squares}, {"s": derived}, (weight,))


def check_weighed(forward, backward):
    r, w, weight = some(J * T, 2) ** 2, some(J * T, 2, seed=1) ** 2, some(J * T, 2, seed=2)
    dr, dw = backward(weight, forward(r, w)[1])
    check_gradients(lambda r, w: (forward(r, w)[0],), {"r": r, "w": w}, {"r": dr, "w": dw}, (weight,))


CHECKS = {
    "reach": check_reach,
    "weighed": check_weighed,
    "sight": check_sight,
    "company": check_company,
    "value": check_value,
}


@pytest.mark.parametrize("name", CHECKS)
def test_gradients(name):
    CHECKS[name](getattr(sight, f"{name}_forward"), getattr(sight, f"{name}_backward"))


@pytest.mark.parametrize("changes", [{"iterations": 1}, {"iterations": 2, "recompute": True}], ids=str)
def test_gradients_of_whole_networks(changes):
    network = Sighted(4, 3, 3, 3, hidden=4, initial="average", **changes)
    rows = check_network(network, directions=3)
    assert {row.name for row in rows} == {*network.shapes(), "input"}
    assert all(row.passed for row in rows), [row for row in rows if not row.passed]


# --- the oracle -------------------------------------------------------------------------------------------------------


def seen_by(x):
    """[p, m, |d|^2, |v|^2] of every cell of one sequence x (T, J, C): a list of lists."""
    p = [[x[t][j] - sum(x[t]) / J for j in range(J)] for t in range(T)]
    found = []
    for t in range(T):
        found.append([])
        for j in range(J):
            d = (p[t][j] - sum(p[k][j] for k in range(T)) / T) / UNIT
            around = [k for k in (t - 1, t, t + 1) if 0 <= k < T]
            v = (p[around[-1]][j] - p[around[0]][j]) / (len(around) - 1) / UNIT
            found[-1].append((p[t][j], d, v, anp.array([anp.dot(d, d), anp.dot(v, v)])))
    return found


def reach(far, t, j):
    """w of a cell, far being |d|^2 of all."""
    return anp.sqrt(sum(far[k][j] for k in range(T)) / T * sum(far[t]) / J + sight.TINY)


def log_probabilities(p, x, mask, layer1_mask, order):
    """Of one sequence, straight from the equations of sight.py."""
    place = {pair: k for k, pair in enumerate(order)}
    h = oracle.layer(p["layer1.W"], p["layer1.b"], x)
    IF = sum(h[t][j] * layer1_mask[place[j, t]] for t in range(T) for j in range(J)) / (J * T)
    cells = seen_by(x)
    for n in (1, 2):
        W = {name: p[f"attention.{n}.{name}"] for name in ("Ws", "bs", "We1", "We2")}
        s = [[anp.tanh(anp.concatenate(cell) @ W["Ws"] + W["bs"]) for cell in frame] for frame in cells]
        e = []
        for t in range(T):
            e.append([])
            for j in range(J):
                z = [s[t][j], sum(s[k][j] for k in range(T)) / T, sum(s[t]) / J, IF]
                e[-1].append(W["We1"] @ anp.tanh(anp.concatenate(z) @ W["We2"]))
        far = [[cell[3][0] for cell in frame] for frame in cells]
        e = [[e[t][j] + anp.log(reach(far, t, j)) for j in range(J)] for t in range(T)]
        r = oracle.softmax_of(e)
        said = [[anp.tanh(anp.concatenate(cell[1:3]) @ p["value.W"]) for cell in frame] for frame in cells]
        F = sum(r[t][j] * said[t][j] for t in range(T) for j in range(J))
        IF = anp.maximum(anp.concatenate([F, IF]) @ p[f"memory.{n}.WF"] + p[f"memory.{n}.b"], 0)
    return oracle.log_softmax((IF * mask) @ p["classifier.W"] + p["classifier.b"])


@pytest.mark.filterwarnings("ignore")  # what autograd itself warns of
def test_whole_networks_agree_with_the_oracle():
    params, x, y, masks = drawn(NETWORK, 3)
    order = list(zip(*(axis.tolist() for axis in grid.cell_order(J, T)), strict=True))

    def mean_loss(p):
        total = 0
        for b in range(len(y)):
            found = log_probabilities(p, x[b], masks["classifier"][b], masks["layer1"][:, b], order)
            total = total - found[y[b]]
        return total / len(y)

    expected, theirs = value_and_grad(mean_loss)(params)
    loss, gradients, _ = loss_and_gradients(NETWORK, params, x, y, masks)
    assert loss == pytest.approx(expected, rel=1e-12)
    assert gradients.keys() == theirs.keys() == params.keys()
    for name, gradient in gradients.items():
        scale = np.abs(theirs[name]).max()
        assert scale > 0, f"{name} does not matter, so nothing is proved"
        assert np.abs(gradient - theirs[name]).max() < 1e-10 * scale, name
