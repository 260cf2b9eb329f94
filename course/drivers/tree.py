"""The drivers of the unit over a body that is a tree; driver.py says what a driver is."""

import contextlib

import numpy as np

from .driver import asks, named

GRADIENTS = {
    "da": "the gradient of every cell's gates before their nonlinearities",
    "dW": "the gradient of W",
    "db": "the gradient of the bias",
}
AXES = {"h": "cell sequence unit", "da": "cell sequence gate", "dW": "source gate", "db": "gate"}


def _body(rng, inputs, T=None):
    """A tree of at least four joints: a joint with two children, a parent that is numbered behind its child."""
    inputs["J"], inputs["T"] = max(4, inputs["J"]), T or inputs["T"]
    J, T, B, C, H = (inputs[letter] for letter in "JTBCH")
    inputs["K"] = K = J * T
    parents = np.array([-1, 0, 0, *(rng.integers(1, j) for j in range(3, J))])  # by the place in `joint`
    joint = rng.permutation(np.arange(1, J))
    joint = np.array([joint[0], 0, *joint[1:]])  # the root is not joint 0, its first child is
    inputs["parents"] = np.empty(J, dtype=int)
    inputs["parents"][joint] = np.where(parents < 0, -1, joint[parents])
    inputs["x"], inputs["dh"] = rng.standard_normal((K, B, C)), rng.standard_normal((K, B, H))


STATES = {
    "h": "the hidden states of all cells, Eqs. 1-3",
    "heard": "1 where the cell states that each cell has heard stay as they were, 0 where not",
}
FLAGS = {
    "heard": "c of a neighbour has changed after a cell has heard it, and with it the cache of that cell, which looks "
    "at the same memory: is it a row that a negative index finds, at the border, where h = c = 0 belongs, or an array "
    "that the loop writes into again?"
}
WEIGHTS = {"W": "C+2H 5H", "b": "5H"}


def _run(package, i):
    parents = tuple(map(int, i["parents"]))
    return named("h cache", package("variants.tree").forward(i["x"], i["W"], i["b"], parents, i["T"]))


def _watched_run(package, i):
    """h, and whether all cell states that a cell was handed still are what they were when all is done."""
    cell, heard = package("network.cell"), []
    with _recorded(getattr(cell, "_module", cell), heard):
        h = _run(package, i)["h"]
    return {"h": h, "heard": float(all(np.array_equal(state, before) for state, before in heard))}


@contextlib.contextmanager
def _recorded(cell, heard):
    """Within it, c_S and c_T that step_forward is handed go into `heard`, each with a copy."""
    step = cell.step_forward

    def recorded(*arguments, **more):
        states = [*arguments[2:5:2], *(more[name] for name in ("c_S", "c_T") if name in more)]
        heard.extend((state, np.array(state)) for state in states)
        return step(*arguments, **more)

    cell.step_forward = recorded
    try:
        yield
    finally:
        cell.step_forward = step


@asks("variants.tree.forward", "J T B C H", WEIGHTS, STATES, AXES, more=_body, flags=FLAGS, weights={"h": 3})
def tree_forward(package, i):
    return _watched_run(package, i)


@asks("variants.tree.backward", "J T B C H", WEIGHTS, GRADIENTS, AXES, more=_body, backward=True)
def tree_backward(package, i):
    return named("da dW db", package("variants.tree").backward(i["dh"], _run(package, i)["cache"]))


# --- one frame, and one joint: what a cell hears in its own frame alone, and in time alone ----------------------------


def _one_frame(rng, inputs):
    _body(rng, inputs, T=1)


def _one_joint(rng, inputs):
    inputs["J"], inputs["K"], inputs["parents"] = 1, inputs["T"], np.array([-1])
    for name, letter in (("x", "C"), ("dh", "H")):
        inputs[name] = rng.standard_normal((inputs["T"], inputs["B"], inputs[letter]))


@asks("variants.tree.forward", "J B C H", WEIGHTS, STATES, AXES, more=_one_frame, title="forward in a single frame",
      flags=FLAGS, weights={"h": 3})  # fmt: skip
def tree_forward_still(package, i):
    return _watched_run(package, i)


@asks("variants.tree.forward", "T B C H", WEIGHTS, STATES, AXES, more=_one_joint, title="forward of a single joint",
      flags=FLAGS, weights={"h": 3})  # fmt: skip
def tree_forward_joint(package, i):
    return _watched_run(package, i)


@asks("variants.tree.backward", "J B C H", WEIGHTS, GRADIENTS, AXES, more=_one_frame, backward=True,
      title="backward in a single frame")  # fmt: skip
def tree_backward_still(package, i):
    return named("da dW db", package("variants.tree").backward(i["dh"], _run(package, i)["cache"]))


@asks("variants.tree.backward", "T B C H", WEIGHTS, GRADIENTS, AXES, more=_one_joint, backward=True,
      title="backward of a single joint")  # fmt: skip
def tree_backward_joint(package, i):
    return named("da dW db", package("variants.tree").backward(i["dh"], _run(package, i)["cache"]))
