"""The drivers of the elementary operations, the cell and the grid; driver.py says what a driver is."""

import warnings

import numpy as np

from .driver import Asked, asks, kept, named, score_of_a_cell, scores, scores_of_units, told

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
    return _slope(package("network.ops").sigmoid_backward, i["dy"], kept(1 / (1 + np.exp(-i["z"]))))


@asks("network.ops.tanh_backward", "B H", {"dy": "B H", "z": "B H"},
      {"dz": "dz of the hyperbolic tangent, from its output"},
      {"dz": "sequence unit"}, backward=True)  # fmt: skip
def tanh_backward(package, i):
    return _slope(package("network.ops").tanh_backward, i["dy"], kept(np.tanh(i["z"])))


def _slope(backward, dy, y):
    """dz; a row alone and an axis more must give arrays of their shapes, too."""
    dz = backward(dy, y)
    for rows in (dy[0], y[0]), (dy[:, None], y[:, None]):
        what = f"{backward.__name__} is asked for arrays of any shape, also for {rows[0].shape}"
        with told(f"{what}: it stops"):
            other = np.asarray(backward(*rows))
        if np.shape(dz) == dy.shape and other.shape != rows[0].shape:
            raise Asked(f"{what}: it returns the shape {other.shape}")
    return {"dz": dz}


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


@asks("network.cell.step_backward", "B H", CELL_BACK,
      CELL_GRADIENTS | {"dr": "the score's gradient, Eq. 7",
                        "dr_one": "each unit's share in the gradient of a score (B, 1) that all units have in common"},
      CELL_AXES | {"dr": "sequence unit", "dr_one": "sequence unit"}, more=scores_of_units, backward=True,
      weights={"dr": 3}, title="step_backward with a score")  # fmt: skip
def gated_cell_backward(package, i):
    return _backward_of(package, i, i["r"]) | {"dr_one": _backward_of(package, i, kept(i["r"][:, :1]))["dr"]}


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
      {"joint": "cell", "frame": "cell"},
      flags={"type": "cell_order gives numbers with decimals; only whole numbers can be indices"})  # fmt: skip
def grid_order(package, i):
    order = named("joint frame", package("network.grid").cell_order(i["J"], i["T"]))
    whole = all(np.asarray(array).dtype.kind in "iu" for array in order.values())
    return order | {"type": float(whole)}


OTHER_TYPE = "gives numbers of another type than it was handed: float32 stays float32, and complex numbers complex"


@asks("network.grid.pack network.grid.unpack", "J T B C", {"x": "B T J C", "plain": "K B", "deep": "K B C 3"},
      {"cells": "the sequences as cells, diagonal by diagonal", "back": "the cells as sequences again",
       "plain": "cells (K, B), without a further axis, as sequences",
       "deep": "cells with two further axes as sequences",
       "packed": "1 where pack keeps the type of its numbers, 0 where not",
       "unpacked": "1 where unpack keeps the type of its numbers, 0 where not"},
      {"cells": "cell sequence unit", "back": "sequence frame joint unit", "plain": "sequence frame joint",
       "deep": "sequence frame joint unit unit"}, weights={"cells": 3, "back": 3},
      flags={"packed": f"pack {OTHER_TYPE}", "unpacked": f"unpack {OTHER_TYPE}"})  # fmt: skip
def grid_pack(package, i):
    grid, J, T = package("network.grid"), i["J"], i["T"]
    cells = grid.pack(i["x"])
    found = {"cells": cells, "back": grid.unpack(cells, J, T)}
    for name, axes in (("plain", "cells (K, B), which have no further axis"), ("deep", "cells with two further axes")):
        with told(f"unpack stops for {axes}"):
            found[name] = grid.unpack(i[name], J, T)
    unpack = lambda cells: grid.unpack(cells, J, T)  # noqa: E731
    return found | {"packed": _keeps_type(grid.pack, i["x"]), "unpacked": _keeps_type(unpack, found["cells"])}


def _keeps_type(function, array):
    """1 where a function of one array keeps the type of its numbers, 0 where not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of imaginary parts that are lost the flag speaks
        kinds = (np.float32, np.complex128)
        return float(all(np.asarray(function(kept(np.array(array, kind)))).dtype == kind for kind in kinds))


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
