"""Check the gradients of a function of several arrays, for every argument and every output at once."""

import numpy as np

from gca_scratch.network.gradcheck import (
    CENTRAL_TOLERANCE,
    COMPLEX_TOLERANCE,
    central_difference,
    complex_step,
    relative_error,
)


def check_gradients(forward, arguments, gradients, weights):
    """Compare hand-written gradients with complex step and central differences.

    forward(**arguments) returns a tuple of arrays; the loss is the sum of each output times its array in `weights`
    (random output gradients). gradients: dict name -> derived gradient, for every argument that is differentiated.
    """
    for name, derived in gradients.items():

        def loss(value, name=name):
            outputs = forward(**{**arguments, name: value})
            return sum((weight * output).sum() for weight, output in zip(weights, outputs, strict=True))

        assert derived.shape == arguments[name].shape, f"the gradient of {name} has another shape"
        assert np.abs(derived).max() > 0, f"{name} does not matter, so nothing is proved"
        exact = relative_error(derived, complex_step(loss, arguments[name]))
        assert exact < COMPLEX_TOLERANCE, f"gradient of {name} is off by {exact:.1e} (complex step)"
        central = relative_error(derived, central_difference(loss, arguments[name]))
        assert central < CENTRAL_TOLERANCE, f"gradient of {name} is off by {central:.1e} (central differences)"
