"""Informativeness scores (Eqs. 5-6)."""

import numpy as np
import pytest

from gca_scratch.network import GCALSTM, attention, gradcheck
from gca_scratch.network.attention import informativeness_backward, informativeness_forward
from tests.helpers.derivatives import check_gradients

K, B, H, M, A = 6, 2, 3, 4, 5
RNG = np.random.default_rng(3)
ARGUMENTS = {
    "h": RNG.standard_normal((K, B, H)),
    "IF": RNG.standard_normal((B, M)),
    "We1": RNG.standard_normal(A),
    "We2": RNG.standard_normal((H + M, A)),
}


def test_the_equations():
    r, _ = informativeness_forward(**ARGUMENTS)
    h, IF, We1, We2 = ARGUMENTS.values()
    for b in range(B):
        e = [We1 @ np.tanh(np.concatenate([h[k, b], IF[b]]) @ We2) for k in range(K)]
        np.testing.assert_allclose(r[:, b], np.exp(e) / np.exp(e).sum(), rtol=1e-13)


def test_every_gradient():
    dr = RNG.standard_normal((K, B))
    _, cache = informativeness_forward(**ARGUMENTS)
    gradients = dict(zip(ARGUMENTS, informativeness_backward(dr, cache), strict=True))
    check_gradients(lambda **a: informativeness_forward(**a)[:1], ARGUMENTS, gradients, [dr])


def test_scores_do_not_depend_on_other_sequences_of_the_batch():
    r, _ = informativeness_forward(**ARGUMENTS)
    alone = ARGUMENTS | {"h": ARGUMENTS["h"][:, :1], "IF": ARGUMENTS["IF"][:1]}
    np.testing.assert_allclose(informativeness_forward(**alone)[0], r[:, :1], rtol=1e-13)


@pytest.mark.parametrize("schedule", ["wavefront", "raster"])
def test_another_reading_of_the_gate_is_two_functions(monkeypatch, schedule):
    """Whatever g(r) is, sweeps take g and give dg: every gradient of the network is right without another line."""
    K = 7

    def odds(r):
        return K * r / (1 + K * r), r

    def odds_backward(dg, r):
        return dg * K / (1 + K * r) ** 2

    monkeypatch.setattr(attention, "opening_forward", odds)
    network = GCALSTM(3, 2, 2, 3, hidden=3, iterations=2, initial="average", schedule=schedule)
    assert any(not row.passed for row in gradcheck.check_network(network))
    monkeypatch.setattr(attention, "opening_backward", odds_backward)
    assert all(row.passed for row in gradcheck.check_network(network))
