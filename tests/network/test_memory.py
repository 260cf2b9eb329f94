"""The global context memory: both initialisations (Eq. 4) and the refinement (Eq. 8)."""

import numpy as np

from gca_scratch.network import memory
from gca_scratch.network.gca_lstm import multiplied_out
from tests.helpers.derivatives import check_gradients

K, B, H, M = 5, 2, 3, 4
RNG = np.random.default_rng(4)


def test_average():
    h, dIF = RNG.standard_normal((K, B, H)), RNG.standard_normal((B, H))
    IF, cache = memory.average_forward(h)
    np.testing.assert_allclose(IF, sum(h) / K)
    check_gradients(
        lambda h: memory.average_forward(h)[:1], {"h": h}, {"h": memory.average_backward(dIF, cache)}, [dIF]
    )


def test_feedforward():
    arguments = {"h": RNG.standard_normal((K, B, H)), "W": RNG.standard_normal((K * H, M)), "b": RNG.standard_normal(M)}
    dIF = RNG.standard_normal((B, M))
    IF, cache = memory.feedforward_forward(**arguments)
    expected = [np.concatenate([arguments["h"][k, b] for k in range(K)]) @ arguments["W"] for b in range(B)]
    np.testing.assert_allclose(IF, np.maximum(expected + arguments["b"], 0), rtol=1e-13)
    assert 0 < (IF > 0).mean() < 1  # both sides of the kink are tried
    gradients = multiplied_out(dict(zip(arguments, memory.feedforward_backward(dIF, cache), strict=True)))
    check_gradients(lambda **a: memory.feedforward_forward(**a)[:1], arguments, gradients, [dIF])


def test_refinement():
    arguments = {
        "F": RNG.standard_normal((B, H)),
        "IF": RNG.standard_normal((B, M)),
        "W": RNG.standard_normal((H + M, M)),
        "b": RNG.standard_normal(M),
    }
    dIF = RNG.standard_normal((B, M))
    refined, cache = memory.refine_forward(**arguments)
    both = np.concatenate([arguments["F"], arguments["IF"]], axis=1)
    np.testing.assert_allclose(refined, np.maximum(both @ arguments["W"] + arguments["b"], 0), rtol=1e-13)
    assert 0 < (refined > 0).mean() < 1
    gradients = dict(zip(arguments, memory.refine_backward(dIF, cache), strict=True))
    check_gradients(lambda **a: memory.refine_forward(**a)[:1], arguments, gradients, [dIF])
