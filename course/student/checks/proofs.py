"""A second witness: derivatives by complex step of your own forward function, beside your backward function.

f(p + ih) = f(p) + ih f'(p) + ..., so f'(p) = Im f(p + ih) / h, exact to rounding for h = 1e-30. Your forward function
must let complex numbers through: arrays that it makes take their type from its inputs, and nothing takes `.real` or
`abs`.
"""

import warnings

import numpy as np

STEP = 1e-30
TOLERANCE = 1e-9


def _states(package, i):
    h, c, _ = package("cell").step_forward(i["a"], i["h_S"], i["c_S"], i["h_T"], i["c_T"], i["U"], i.get("r"))
    return {"dh": h, "dc": c}


def _grid(package, i):
    return {"dh": package("raster").forward(i["x"], i["W"], i["b"], i["J"], i["T"], a=i.get("a"), r=i.get("r"))[0]}


def _parts(i):
    return tuple(map(int, i["parts"]))


# by driver: the forward function, outputs under the names of their gradients; and which input each gradient is of
STATES = {"da": "a", "dh_S": "h_S", "dc_S": "c_S", "dh_T": "h_T", "dc_T": "c_T", "dU": "U"}
FORWARDS = {
    "sigmoid_backward": (lambda package, i: {"dy": package("ops").sigmoid_forward(i["z"])[0]}, {"dz": "z"}),
    "tanh_backward": (lambda package, i: {"dy": package("ops").tanh_forward(i["z"])[0]}, {"dz": "z"}),
    "cell_backward": (_states, STATES),
    "gated_cell_backward": (_states, STATES | {"dr": "r"}),
    "raster_backward": (_grid, {"dW": "W", "db": "b"}),
    "gated_raster_backward": (_grid, {"da": "a", "dW": "W", "db": "b", "dr": "r"}),
    "softmax_backward": (lambda package, i: {"dy": package("ops").softmax_forward(i["e"])[0]}, {"de": "e"}),
    "informativeness_backward": (
        lambda package, i: {
            "dr": package("attention").informativeness_forward(i["h"], i["IF"], i["We1"], i["We2"])[0]
        },
        {"dh": "h", "dIF": "IF", "dWe1": "We1", "dWe2": "We2"},
    ),
    "average_memory": (lambda package, i: {"dIF": package("memory").average_forward(i["h"])[0]}, {"dh": "h"}),
    "refine_memory": (
        lambda package, i: {"dIF_new": package("memory").refine_forward(i["F"], i["IF"], i["W"], i["b"])[0]},
        {"dF": "F", "dIF": "IF", "dW": "W", "db": "b"},
    ),
    "nll": (lambda package, i: {"": package("ops").nll_forward(i["logits"], i["y"])[0]}, {"dlogits": "logits"}),
    "body_parts_mean": (
        lambda package, i: {"dmean": package("body_parts").mean_forward(i["h"], _parts(i), i["T"])[0]}, {"dh": "h"}
    ),
    "body_parts_share": (
        lambda package, i: {"dr": package("body_parts").share_forward(i["r_P"], _parts(i), i["T"])[0]}, {"dr_P": "r_P"}
    ),
}  # fmt: skip


def by_complex_step(name, package, inputs, outputs):
    """Sentences about the gradients in `outputs` that are not the derivatives of the forward function."""
    forward, gradients = FORWARDS[name]
    lines = []
    for gradient, variable in gradients.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                measured = complex_step(
                    lambda value, v=variable: _loss(forward, package, inputs | {v: value}), inputs[variable]
                )
        except NotImplementedError:
            return lines
        except Exception as error:
            return [f"your forward function does not let complex numbers through ({error}); see checks/proofs.py"]
        yours = np.asarray(outputs[gradient])
        scale = max(np.abs(measured).max(initial=0.0), 1e-300)
        if yours.shape != measured.shape or not np.abs(yours - measured).max(initial=0.0) < TOLERANCE * scale:
            lines.append(f"{gradient} is not the derivative of your forward function by {variable} (complex step)")
    return lines


def _loss(forward, package, inputs):
    """The scalar whose derivatives are asked for: outputs times their gradients; a loss is its own."""
    return sum((inputs[name] * output).sum() if name else output for name, output in forward(package, inputs).items())


def complex_step(f, array):
    """Gradient of the scalar function f at a float64 array, one entry at a time."""
    gradient, probe = np.empty(array.shape), array.astype(complex)
    for entry in np.ndindex(array.shape):
        probe[entry] += 1j * STEP
        gradient[entry] = np.imag(f(probe)) / STEP
        probe[entry] = array[entry]
    return gradient
