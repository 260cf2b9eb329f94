"""The two witnesses on functions whose derivative is known, and the report."""

import numpy as np
import pytest

from gca_scratch.network import gradcheck
from gca_scratch.network.gca_lstm import GCALSTM

POINT = np.array([[0.3, -1.2], [2.0, 0.7]])


@pytest.mark.parametrize(
    ("f", "derivative"),
    [(lambda z: (z**3).sum(), 3 * POINT**2), (lambda z: np.exp(z).sum(), np.exp(POINT)),
     (lambda z: np.tanh(z).prod(), np.tanh(POINT).prod() / np.tanh(POINT) * (1 - np.tanh(POINT) ** 2))],
    ids=["cube", "exp", "product of tanh"],
)  # fmt: skip
def test_both_witnesses_know_simple_derivatives(f, derivative):
    assert gradcheck.relative_error(gradcheck.complex_step(f, POINT), derivative) < 1e-15
    assert gradcheck.relative_error(gradcheck.central_difference(f, POINT), derivative) < 1e-10


def test_witnesses_leave_the_point_alone():
    point = POINT.copy()
    gradcheck.complex_step(lambda z: (z * z).sum(), point)
    gradcheck.central_difference(lambda z: (z * z).sum(), point)
    np.testing.assert_array_equal(point, POINT)


def test_errors_are_relative_and_nothing_is_proved_by_zeros():
    assert gradcheck.relative_error(np.array([2.0, 1.0]), np.array([2.0, 1.1])) == pytest.approx(0.05)
    assert gradcheck.relative_error(np.zeros(2), np.zeros(2)) == float("inf")
    assert gradcheck.relative_error(np.array([np.nan]), np.ones(1)) == float("inf")


def test_problems_keep_away_from_the_kinks():
    network = GCALSTM(3, 3, 3, 3, hidden=4)
    for seed in range(3):
        params, x, _, masks = gradcheck.problem(network, seed)
        _, cache = network.forward(params, x, masks)
        inputs = network.relu_inputs(cache)
        assert len(inputs) == 3 and min(np.abs(z).min() for z in inputs) >= 0.02


def test_the_report_names_what_is_wrong():
    rows = [
        gradcheck.Row("a network", "layer1.W", (2, 3), 1e-15, 1e-9),
        gradcheck.Row("a network", "b", (3,), 1e-3, 0.1),
    ]
    assert rows[0].passed and not rows[1].passed
    table = gradcheck.table(rows)
    assert "layer1.W" in table and "2x3" in table and table.count("WRONG") == 1
    assert "2 gradients, 1 wrong" in gradcheck.verdict(rows) and "1.0e-03" in gradcheck.verdict(rows)
