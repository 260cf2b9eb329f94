"""The drivers of the unit over a body that is a tree; driver.py says what a driver is."""

import numpy as np

from .driver import asks, named

GRADIENTS = {
    "da": "the gradient of every cell's gates before their nonlinearities",
    "dW": "the gradient of W",
    "db": "the gradient of the bias",
}
AXES = {"h": "cell sequence unit", "da": "cell sequence gate", "dW": "source gate", "db": "gate"}


def _body(rng, inputs):
    """A tree of at least four joints: a joint with two children, a parent that is numbered behind its child."""
    J, T, B, C, H = (inputs[letter] for letter in "JTBCH")
    inputs["J"] = J = max(4, J)
    inputs["K"] = K = J * T
    parents = np.array([-1, 0, 0, *(rng.integers(1, j) for j in range(3, J))])  # by the place in `joint`
    joint = rng.permutation(np.arange(1, J))
    joint = np.array([joint[0], 0, *joint[1:]])  # the root is not joint 0, its first child is
    inputs["parents"] = np.empty(J, dtype=int)
    inputs["parents"][joint] = np.where(parents < 0, -1, joint[parents])
    inputs["x"], inputs["dh"] = rng.standard_normal((K, B, C)), rng.standard_normal((K, B, H))


def _run(package, i):
    parents = tuple(map(int, i["parents"]))
    return named("h cache", package("variants.tree").forward(i["x"], i["W"], i["b"], parents, i["T"]))


@asks("variants.tree.forward", "J T B C H", {"W": "C+2H 5H", "b": "5H"},
      {"h": "the hidden states of all cells, Eqs. 1-3"}, AXES, more=_body)  # fmt: skip
def tree_forward(package, i):
    return {"h": _run(package, i)["h"]}


@asks("variants.tree.backward", "J T B C H", {"W": "C+2H 5H", "b": "5H"}, GRADIENTS, AXES, more=_body, backward=True)
def tree_backward(package, i):
    return named("da dW db", package("variants.tree").backward(i["dh"], _run(package, i)["cache"]))
