"""The drivers of the elementary operations, the cell and the grid; driver.py says what a driver is."""

import numpy as np

from .driver import asks, kept, named, score_of_a_cell, scores, scores_of_units

# --- the cell -------------------------------------------------------------------------------------------------------

STATES = {"h_S": "B H", "c_S": "B H", "h_T": "B H", "c_T": "B H"}
CELL = {"a": "B 5H", **STATES, "U": "2H 5H"}
CELL_BACK = CELL | {"dh": "B H", "dc": "B H"}
CELL_GRADIENTS = {
    "da": "the gradient of the gates before their nonlinearities, Eq. 1",
    "dh_S": "dh of the spatial predecessor, the joint before",
    "dc_S": "dc of the spatial predecessor, the carry of Eq. 2 through f_S",
    "dh_T": "dh of the temporal predecessor, the frame before",
    "dc_T": "dc of the temporal predecessor, the carry of Eq. 2 through f_T",
    "dU": "the gradient of the recurrent weights U",
}
CELL_AXES = {"da": "sequence gate", "dU": "neighbour gate"} | dict.fromkeys(
    ("h", "c", "dh_S", "dc_S", "dh_T", "dc_T"), "sequence unit"
)


@asks("network.ops.sigmoid_backward", "B H", {"dy": "B H", "z": "B H"},
      {"dz": "dz of the logistic function, from its output"},
      {"dz": "sequence unit"}, backward=True)  # fmt: skip
def sigmoid_backward(package, i):
    return {"dz": package("network.ops").sigmoid_backward(i["dy"], kept(1 / (1 + np.exp(-i["z"]))))}


@asks("network.ops.tanh_backward", "B H", {"dy": "B H", "z": "B H"},
      {"dz": "dz of the hyperbolic tangent, from its output"},
      {"dz": "sequence unit"}, backward=True)  # fmt: skip
def tanh_backward(package, i):
    return {"dz": package("network.ops").tanh_backward(i["dy"], kept(np.tanh(i["z"])))}


@asks("network.ops.affine_backward", "K B H C", {"x": "K B H", "W": "H C", "b": "C", "dy": "K B C"},
      {"dx": "the input's gradient", "dW": "the weights' gradient", "db": "the bias's gradient"},
      {"dx": "cell sequence unit", "dW": "unit unit", "db": "unit"}, backward=True)  # fmt: skip
def affine_backward(package, i):
    _, cache = package("network.ops").affine_forward(i["x"], i["W"], i["b"])
    return named("dx dW db", package("network.ops").affine_backward(i["dy"], cache))


@asks(
    "network.cell.step_forward", "B H", CELL, {"h": "the hidden state, Eq. 3", "c": "the cell state, Eq. 2"}, CELL_AXES
)
def cell_forward(package, i):
    return _forward_of(package, i, None)


@asks("network.cell.step_forward", "B H", CELL,
      {"h": "the hidden state, Eq. 3", "c": "the cell state under its score, Eq. 7"},
      CELL_AXES, more=score_of_a_cell, title="step_forward with a score")  # fmt: skip
def gated_cell(package, i):
    return _forward_of(package, i, i["r"])


def _forward_of(package, i, r):
    outputs = package("network.cell").step_forward(i["a"], i["h_S"], i["c_S"], i["h_T"], i["c_T"], i["U"], r)
    outputs = named("h c cache", outputs)
    return {"h": outputs["h"], "c": outputs["c"]}


@asks("network.cell.step_backward", "B H", CELL_BACK, CELL_GRADIENTS, CELL_AXES, backward=True)
def cell_backward(package, i):
    return _without_dr(_backward_of(package, i, None))


@asks("network.cell.step_backward", "B H", CELL_BACK, CELL_GRADIENTS | {"dr": "the score's gradient, Eq. 7"},
      CELL_AXES | {"dr": "sequence unit"}, more=scores_of_units, backward=True, weights={"dr": 3},
      title="step_backward with a score")  # fmt: skip
def gated_cell_backward(package, i):
    return _backward_of(package, i, i["r"])


def _backward_of(package, i, r):
    cell = package("network.cell")
    _, _, cache = cell.step_forward(i["a"], i["h_S"], i["c_S"], i["h_T"], i["c_T"], i["U"], r)
    return named("da dh_S dc_S dh_T dc_T dU dr", cell.step_backward(i["dh"], i["dc"], cache))


def _without_dr(gradients):
    """The gradients where no score came in, whose own is None."""
    if gradients.pop("dr") is not None:
        raise TypeError("dr should be None where there was no score (r=None)")
    return gradients


# --- the grid -------------------------------------------------------------------------------------------------------

GRID = {"x": "K B C", "W": "C+2H 5H", "b": "5H"}
GRID_GRADIENTS = {
    "da": "the gradient of every cell's gates before their nonlinearities",
    "dW": "the gradient of W",
    "db": "the gradient of the bias",
}
GRID_AXES = {
    "h": "cell sequence unit",
    "da": "cell sequence gate",
    "dW": "source gate",
    "db": "gate",
    "dr": "cell sequence",
}


@asks("network.grid.cell_order", "J T", {}, {"joint": "the joint of each cell", "frame": "the frame of each cell",
      "type": "1 where both are whole numbers, which alone can be indices, 0 where not"},
      {"joint": "cell", "frame": "cell"})  # fmt: skip
def grid_order(package, i):
    order = named("joint frame", package("network.grid").cell_order(i["J"], i["T"]))
    whole = all(np.asarray(array).dtype.kind in "iu" for array in order.values())
    return order | {"type": float(whole)}


@asks("network.grid.pack network.grid.unpack", "J T B C", {"x": "B T J C"},
      {"cells": "the sequences as cells, diagonal by diagonal", "back": "the cells as sequences again"},
      {"cells": "cell sequence unit", "back": "sequence frame joint unit"})  # fmt: skip
def grid_pack(package, i):
    cells = package("network.grid").pack(i["x"])
    return {"cells": cells, "back": package("network.grid").unpack(cells, i["J"], i["T"])}


@asks("network.sweep.raster.forward", "J T B C H", GRID, {"h": "the hidden states of all cells, Eqs. 1-3"}, GRID_AXES)
def raster_forward(package, i):
    return {"h": _sweep(package, i)[0]}


@asks("network.sweep.raster.forward", "J T B C H", GRID | {"a": "K B 5H"},
      {"h": "the hidden states of all cells under their scores, Eq. 7"}, GRID_AXES, more=scores,
      title="forward with other inputs and scores")  # fmt: skip
def gated_raster(package, i):
    return {"h": _sweep(package, i)[0]}


@asks("network.sweep.raster.backward", "J T B C H", GRID | {"dh": "K B H"}, GRID_GRADIENTS, GRID_AXES, backward=True)
def raster_backward(package, i):
    return _without_dr(named("da dW db dr", package("network.sweep.raster").backward(i["dh"], _sweep(package, i)[1])))


@asks("network.sweep.raster.backward", "J T B C H", GRID | {"a": "K B 5H", "dh": "K B H"},
      GRID_GRADIENTS | {"dr": "the gradient of every cell's score, Eq. 7"}, GRID_AXES, more=scores,
      backward=True, title="backward with other inputs and scores")  # fmt: skip
def gated_raster_backward(package, i):
    return named("da dW db dr", package("network.sweep.raster").backward(i["dh"], _sweep(package, i)[1]))


def _sweep(package, i):
    h_and_cache = package("network.sweep.raster").forward(
        i["x"], i["W"], i["b"], i["J"], i["T"], i.get("a"), i.get("r")
    )
    outputs = named("h cache", h_and_cache)
    return outputs["h"], outputs["cache"]
