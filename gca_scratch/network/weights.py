"""Fresh weights: zero-mean Gaussian (Algorithm 1) of deviation 1/sqrt(fan-in), and zero biases."""

import numpy as np


def fresh_weights(shapes, H, rng, dtype):
    """The parameters of these shapes, by name.

    shapes: the shape of every parameter, by name; a last part that begins with b is that of a bias.
    H: hidden units.
    rng: a NumPy generator; it is asked in the order of the names.
    dtype: of the arrays.

    In the ST-LSTM layers the input's rows of W and the recurrent rows have each their own fan-in: the few numbers of
    the input would hardly be heard among 2H states if they shared one.
    """
    params = {}
    for name, shape in shapes.items():
        if name.rpartition(".")[2].startswith("b"):
            params[name] = np.zeros(shape, dtype)
            continue
        fan_in = shape[-1] if name.endswith(("We1", "We3")) else shape[-2]
        if name.endswith(("layer1.W", "layer2.W")):
            fan_in = np.repeat([shape[0] - 2 * H, 2 * H], [shape[0] - 2 * H, 2 * H])[:, None]
        params[name] = (rng.standard_normal(shape) / np.sqrt(fan_in)).astype(dtype)
    return params
