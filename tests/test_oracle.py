"""The whole network against automatic differentiation: loss and every gradient to 1e-10."""

import numpy as np
import oracle
import pytest

from gca_scratch import grid
from gca_scratch.gradcheck import problem
from gca_scratch.networks import GCALSTM, SCHEDULES, loss_and_gradients


@pytest.mark.filterwarnings("ignore")  # what autograd itself warns of is not ours
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("initial", ["average", "feedforward"])
@pytest.mark.parametrize("iterations", [0, 1, 2, 3])
def test_loss_and_every_gradient(iterations, initial, schedule):
    J, T = 3, 4
    network = GCALSTM(J, T, 3, 4, hidden=5, iterations=iterations, initial=initial, schedule=schedule)
    params, x, y, masks = problem(network, seed=iterations, batch=3)
    order = list(zip(*(axis.tolist() for axis in grid.cell_order(J, T)), strict=True))
    loss, gradients, _ = loss_and_gradients(network, params, x, y, masks)
    expected, theirs = oracle.loss_and_gradients(params, x, y, iterations, initial, order, masks)
    assert loss == pytest.approx(expected, rel=1e-12)
    assert gradients.keys() == theirs.keys() == params.keys()
    for name, gradient in gradients.items():
        scale = np.abs(theirs[name]).max()
        assert scale > 0, f"{name} does not matter, so nothing is proved"
        assert np.abs(gradient - theirs[name]).max() < 1e-10 * scale, name
