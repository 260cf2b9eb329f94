"""One ST-LSTM unit: the paper's equations written out, and every gradient (Eqs. 1-3, 7)."""

import numpy as np
import pytest

from gca_scratch.network import cell
from tests.helpers.derivatives import check_gradients

B, H = 3, 4
RNG = np.random.default_rng(2)
ARGUMENTS = {
    "a": RNG.standard_normal((B, 5 * H)),
    **{name: RNG.standard_normal((B, H)) for name in ("h_S", "c_S", "h_T", "c_T")},
    "U": RNG.standard_normal((2 * H, 5 * H)) / 2,
}
SCORES = {"of a cell": RNG.uniform(0.1, 0.9, (B, 1)), "of each unit": RNG.uniform(0.1, 0.9, (B, H)), "none": None}


@pytest.mark.parametrize("r", SCORES.values(), ids=SCORES)
def test_the_equations(r):
    """Scalar by scalar, with nothing shared with the implementation but the order of the gates."""
    h, c, _ = cell.step_forward(**ARGUMENTS, r=r)
    sigma = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    for b in range(B):
        z = ARGUMENTS["a"][b] + np.concatenate([ARGUMENTS["h_S"][b], ARGUMENTS["h_T"][b]]) @ ARGUMENTS["U"]
        i, f_S, f_T, o = (sigma(z[k * H : (k + 1) * H]) for k in range(4))
        u = np.tanh(z[4 * H :])
        new, past = i * u, f_S * ARGUMENTS["c_S"][b] + f_T * ARGUMENTS["c_T"][b]
        expected = new + past if r is None else r[b] * new + (1 - r[b]) * past
        np.testing.assert_allclose(c[b], expected, rtol=1e-13)
        np.testing.assert_allclose(h[b], o * np.tanh(expected), rtol=1e-13)


@pytest.mark.parametrize("r", SCORES.values(), ids=SCORES)
def test_every_gradient(r):
    arguments = ARGUMENTS | ({} if r is None else {"r": r})
    dh, dc = RNG.standard_normal((2, B, H))
    _, _, cache = cell.step_forward(**arguments)
    names = ("a", "h_S", "c_S", "h_T", "c_T", "U", "r")
    gradients = dict(zip(names, cell.step_backward(dh, dc, cache), strict=True))
    if r is None:
        assert gradients.pop("r") is None
    elif r.shape == (B, 1):
        assert gradients["r"].shape == (B, H)  # each unit's share
        gradients["r"] = gradients["r"].sum(axis=1, keepdims=True)  # one score served all units
    check_gradients(lambda **a: cell.step_forward(**a)[:2], arguments, gradients, [dh, dc])


def test_scores_of_one_and_zero_are_all_input_and_all_past():
    _, plain, _ = cell.step_forward(**ARGUMENTS | {"c_S": np.zeros((B, H)), "c_T": np.zeros((B, H))})
    _, all_input, _ = cell.step_forward(**ARGUMENTS, r=np.ones((B, 1)))
    np.testing.assert_allclose(all_input, plain)
    _, all_past, _ = cell.step_forward(**ARGUMENTS, r=np.zeros((B, 1)))
    _, both, _ = cell.step_forward(**ARGUMENTS)
    np.testing.assert_allclose(all_past + all_input, both)
