"""Other readings of the gate: known values, gradients by complex step, central differences and the oracle.

tests/course/test_checks.py puts planted bugs to these checks.
"""

import numpy as np
import pytest

from gca_scratch.network import grid
from gca_scratch.network.gca_lstm import GCALSTM, SCHEDULES
from gca_scratch.network.two_stream import Coarse
from gca_scratch.support.errors import InputError
from gca_scratch.variants import readings
from gca_scratch.variants.readings import GATES, Reading
from tests.helpers.derivatives import check_gradients
from tests.network.test_oracle import agrees

R = np.array([[0.5, 0.1], [0.2, 0.2], [0.3, 0.7]])


def some(seed=0, K=7, B=3):
    r = np.exp(np.random.default_rng(seed).standard_normal((K, B)))
    return r / r.sum(axis=0)


KNOWN = {
    "as written": R,
    "draws": [[0.875, 0.271], [0.488, 0.488], [0.657, 0.973]],
    "odds": [[0.6, 3 / 13], [0.375, 0.375], [9 / 19, 21 / 31]],
    "range": [[1, 0], [0, 1 / 6], [1 / 3, 1]],
    "largest": [[1, 1 / 7], [0.4, 2 / 7], [0.6, 1]],
}


def check_known(gate, forward):
    np.testing.assert_allclose(forward(R)[0], KNOWN[gate], atol=1e-8)


@pytest.mark.parametrize("gate", GATES)
def test_known_gates(gate):
    check_known(gate, GATES[gate][0])


def check(forward, backward):
    """The pair is proved: every gate is between 0 and 1, keeps the order of the scores, and has the right gradient."""
    for seed in range(3):
        r = some(seed)
        weight = np.random.default_rng(9).standard_normal(r.shape)
        g, cache = forward(r)
        assert g.shape == r.shape and (g >= 0).all() and (g <= 1).all()
        assert (g.argsort(axis=0) == r.argsort(axis=0)).all()
        check_gradients(lambda r: (forward(r)[0],), {"r": r}, {"r": backward(weight, cache)}, (weight,))


@pytest.mark.parametrize("gate", GATES)
def test_gradients(gate):
    check(*GATES[gate])


@pytest.mark.parametrize("gate", ["draws", "odds"])
def test_an_even_score_opens_the_gate_by_half_or_more(gate):
    even = np.full((250, 1), 1 / 250)
    assert 0.5 <= GATES[gate][0](even)[0][0, 0] < 0.64
    assert GATES["as written"][0](even)[0][0, 0] == 1 / 250


def check_news(forward, backward):
    J, T = 3, 4
    h, weight = np.random.default_rng(0).standard_normal((2, J * T, 2, 5))
    check_gradients(lambda h: (forward(h, J, T),), {"h": h}, {"h": backward(weight, J, T)}, (weight,))
    x, new = grid.unpack(h, J, T), grid.unpack(forward(h, J, T), J, T)
    np.testing.assert_allclose(new[:, 0, 0], x[:, 0, 0])
    np.testing.assert_allclose(new[:, 2, 1], x[:, 2, 1] - (x[:, 1, 1] + x[:, 2, 0]) / 2)


def test_news():
    check_news(readings.news_forward, readings.news_backward)


@pytest.mark.filterwarnings("ignore")  # what autograd itself warns of
@pytest.mark.parametrize("reading", [*(Reading(gate) for gate in GATES), Reading("odds", "news")], ids=str)
def test_whole_networks_agree_with_the_oracle(reading):
    agrees(GCALSTM(3, 4, 3, 4, hidden=5, iterations=2, initial="average", ablation=reading))


def test_scores_are_scores_and_not_gates():
    network = GCALSTM(3, 4, 3, 4, hidden=5, iterations=2, initial="average", ablation=Reading("odds"), dropout=0)
    assert network.schedule in SCHEDULES
    rng = np.random.default_rng(0)
    _, cache = network.forward(network.init(rng), rng.standard_normal((2, 4, 3, 3)).astype(np.float32))
    np.testing.assert_allclose(network.scores(cache).sum(axis=(2, 3)), 1, rtol=1e-5)


def test_as_written_is_the_plain_network():
    rng = np.random.default_rng(0)
    plain, read = (GCALSTM(3, 4, 3, 4, hidden=5, ablation=ablation) for ablation in (None, Reading()))
    params, x = plain.init(rng), rng.standard_normal((2, 4, 3, 3)).astype(np.float32)
    np.testing.assert_array_equal(plain.forward(params, x)[0], read.forward(params, x)[0])


@pytest.mark.parametrize("wrong", [{"gate": "wide"}, {"seen": "all"}])
def test_others_are_refused(wrong):
    with pytest.raises(InputError, match="choose one of"):
        Reading(**wrong)
    with pytest.raises(InputError, match="stream to be read"):
        Coarse(3, 4, 3, 4, hidden=5, parts=(0, 1, 2), ablation=Reading()).streams()
