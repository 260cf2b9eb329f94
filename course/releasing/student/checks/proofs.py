"""A second witness: derivatives by complex step of your own forward function, beside your backward function.

f(p + ie) = f(p) + ie f'(p) + ..., so f'(p) = Im f(p + ie) / e, exact to rounding for e = 1e-30. Your forward function
must let complex numbers through: arrays that it makes take their type from its inputs, and nothing takes `.real` or
`abs`. No points depend on it; only the witness is lost.
"""

import warnings
from typing import NamedTuple

import numpy as np

from .drivers.driver import kept

STEP = 1e-30
TOLERANCE = 1e-9
FLOOR = 1e-4  # of the largest gradient: one that is nothing but rounding beside the others is not judged by itself


class Witness(NamedTuple):
    """What the complex step says: the forward function's name, gradients that it refutes and confirms, or why not."""

    function: str
    refuted: tuple = ()
    confirmed: tuple = ()
    why_not: str | Exception = ""


def _states(package, i):
    h, c, _ = package("network.cell").step_forward(i["a"], i["h_S"], i["c_S"], i["h_T"], i["c_T"], i["U"], i.get("r"))
    return {"dh": h, "dc": c}


def _tree(package, i):
    parents = tuple(map(int, i["parents"]))
    return {"dh": package("variants.tree").forward(i["x"], i["W"], i["b"], parents, i["T"])[0]}


def _scores(package, i):
    return {"dr": package("network.attention").informativeness_forward(i["h"], i["IF"], i["We1"], i["We2"])[0]}


def _parts(i):
    return tuple(map(int, i["parts"]))


# by driver: the forward function and its name, outputs under the names of their gradients; and which input each
# gradient is of
STATES = {"da": "a", "dh_S": "h_S", "dc_S": "c_S", "dh_T": "h_T", "dc_T": "c_T", "dU": "U"}
FORWARDS = {
    "sigmoid_backward": (
        "network.ops.sigmoid_forward",
        lambda package, i: {"dy": package("network.ops").sigmoid_forward(i["z"])[0]}, {"dz": "z"}
    ),
    "tanh_backward": (
        "network.ops.tanh_forward",
        lambda package, i: {"dy": package("network.ops").tanh_forward(i["z"])[0]}, {"dz": "z"}
    ),
    "cell_backward": ("network.cell.step_forward", _states, STATES),
    "gated_cell_backward": ("network.cell.step_forward", _states, STATES | {"dr": "r"}),
    "tree_backward": ("variants.tree.forward", _tree, {"dW": "W", "db": "b"}),
    "softmax_backward": (
        "network.ops.softmax_forward",
        lambda package, i: {"dy": package("network.ops").softmax_forward(i["e"])[0]}, {"de": "e"}
    ),
    "informativeness_backward": (
        "network.attention.informativeness_forward", _scores, {"dh": "h", "dIF": "IF", "dWe1": "We1", "dWe2": "We2"}
    ),
    "average_memory": (
        "network.memory.average_forward",
        lambda package, i: {"dIF": package("network.memory").average_forward(i["h"])[0]}, {"dh": "h"}
    ),
    "refine_memory": (
        "network.memory.refine_forward",
        lambda package, i: {"dIF_new": package("network.memory").refine_forward(i["F"], i["IF"], i["W"], i["b"])[0]},
        {"dF": "F", "dIF": "IF", "dW": "W", "db": "b"},
    ),
    "nll": (
        "network.ops.nll_forward", lambda package, i: {"": package("network.ops").nll_forward(i["logits"], i["y"])[0]},
        {"dlogits": "logits"},
    ),
    "dropout": (
        "network.ops.dropout_forward",
        lambda package, i: {"dy": package("network.ops").dropout_forward(i["x"], i["mask"])[0]}, {"dx": "x"}
    ),
    "body_parts_mean": (
        "network.body_parts.mean_forward",
        lambda package, i: {"dmean": package("network.body_parts").mean_forward(i["h"], _parts(i), i["T"])[0]},
        {"dh": "h"},
    ),
    "body_parts_share": (
        "network.body_parts.share_forward",
        lambda package, i: {"dr": package("network.body_parts").share_forward(i["r_P"], _parts(i), i["T"])[0]},
        {"dr_P": "r_P"},
    ),
}  # fmt: skip
ALONE = {  # drivers of a forward function alone, and the backward driver whose witness it will be
    "cell_forward": "cell_backward",
    "gated_cell": "gated_cell_backward",
    "tree_forward": "tree_backward",
    "informativeness_forward": "informativeness_backward",
}


def witness(name, package, inputs, outputs):
    """What the complex step says of a driver's outputs; None where it has nothing to say."""
    try:
        if name in ALONE:
            return _passes(*FORWARDS[ALONE[name]], package, inputs)
        return _judged(*FORWARDS[name], package, inputs, outputs) if name in FORWARDS else None
    except NotImplementedError:
        return None


def function_of(name):
    """The forward function that a driver's witness runs."""
    return FORWARDS[ALONE.get(name, name)][0]


def _passes(function, forward, gradients, package, inputs):
    """Do complex numbers go through a forward function?"""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            for variable in gradients.values():
                outputs = forward(package, inputs | {variable: kept(inputs[variable] + 1j * STEP)})
                if not any(np.iscomplexobj(output) for output in outputs.values()):
                    return Witness(function, why_not=f"from a complex {variable} it makes real results")
    except NotImplementedError:
        raise
    except Exception as error:
        return Witness(function, why_not=error)
    return None


def _judged(function, forward, gradients, package, inputs, outputs):
    """Which gradients are derivatives of the forward function?"""
    measured = {}
    for gradient, variable in gradients.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                measured[gradient] = complex_step(
                    lambda value, v=variable: _loss(forward, package, inputs | {v: kept(value)}), inputs[variable]
                )
        except NotImplementedError:
            raise
        except Exception as error:
            return Witness(function, why_not=error)
    largest = max(np.abs(derivative).max(initial=0.0) for derivative in measured.values())
    refuted = tuple(name for name, right in measured.items() if not _agrees(outputs.get(name), right, largest))
    return Witness(function, refuted, tuple(name for name in measured if name not in refuted))


def seen_by_differences(name, package, inputs, outputs):
    """Gradients of a driver's outputs that differences of real numbers find right, which abs and .real do not harm."""
    _, forward, gradients = FORWARDS[name]
    found = []
    for gradient, variable in gradients.items():
        measured = central_difference(
            lambda value, v=variable: _loss(forward, package, inputs | {v: kept(value)}), inputs[variable]
        )
        if _agrees(outputs.get(gradient), measured, np.abs(measured).max(initial=0.0), 1e-5):
            found.append(gradient)
    return found


def _agrees(yours, measured, largest, tolerance=TOLERANCE):
    yours = np.asarray(yours)
    if yours.shape != measured.shape or yours.dtype.kind not in "biuf":
        return False
    scale = max(np.abs(measured).max(initial=0.0), FLOOR * largest, 1e-300)
    return bool(np.abs(yours - measured).max(initial=0.0) < tolerance * scale)


def _loss(forward, package, inputs):
    """The scalar whose derivatives are asked for: outputs times their gradients; a loss is its own."""
    return sum((inputs[name] * output).sum() if name else output for name, output in forward(package, inputs).items())


def central_difference(f, array, step=1e-5):
    """The same by steps of real numbers in both directions, right to about ten digits."""
    gradient, probe = np.empty(array.shape), array.astype(float)
    for entry in np.ndindex(array.shape):
        probe[entry] = array[entry] + step
        above = f(probe)
        probe[entry] = array[entry] - step
        gradient[entry] = (above - f(probe)) / (2 * step)
        probe[entry] = array[entry]
    return gradient


def complex_step(f, array):
    """Gradient of the scalar function f at a float64 array, one entry at a time."""
    gradient, probe = np.empty(array.shape), array.astype(complex)
    for entry in np.ndindex(array.shape):
        probe[entry] += 1j * STEP
        gradient[entry] = np.imag(f(probe)) / STEP
        probe[entry] = array[entry]
    return gradient
