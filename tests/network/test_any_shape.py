"""Operations entry by entry, and over axis 0, take arrays of any number of axes."""

import numpy as np
import pytest

from gca_scratch.network import ops


@pytest.mark.parametrize("shape", [(5,), (4, 3), (4, 3, 2)])
@pytest.mark.parametrize("name", ["sigmoid_backward", "tanh_backward", "softmax_backward"])
def test_a_slope_is_the_same_in_an_array_of_any_shape(name, shape):
    dy, y = np.random.default_rng(3).uniform(size=(2, *shape))
    columns = shape[0], -1
    flat = getattr(ops, name)(dy.reshape(columns), y.reshape(columns))
    np.testing.assert_allclose(getattr(ops, name)(dy, y), flat.reshape(shape), rtol=1e-13)
