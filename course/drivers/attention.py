"""The drivers of attention and memory, Eqs. 4-6 and 8; driver.py says what a driver is."""

import numpy as np

from .driver import adds_up, asks, kept, named, told

ATTENTION = {"h": "K B H", "IF": "B M", "We1": "A", "We2": "H+M A"}


@asks("network.ops.softmax_forward", "K B", {"e": "K B"}, {"y": "the softmax over axis 0"}, {"y": "cell sequence"})
def softmax_forward(package, i):
    return {"y": named("y cache", package("network.ops").softmax_forward(i["e"].copy()))["y"]}


@asks("network.ops.softmax_backward", "K B", {"e": "K B", "dy": "K B"},
      {"de": "de of the softmax over axis 0", "de_alone": "the same for one sequence alone, K numbers",
       "de_more": "the same for arrays with three axes"},
      {"de": "cell sequence", "de_alone": "cell", "de_more": "cell sequence unit"}, backward=True,
      law=adds_up("de", 0, "cell"))  # fmt: skip
def softmax_backward(package, i):
    y = np.exp(i["e"])
    y, backward = kept(y / y.sum(axis=0)), package("network.ops").softmax_backward
    found = {"de": backward(i["dy"], y)}
    for name, dy, of in (("de_alone", i["dy"][:, 0], y[:, 0]), ("de_more", i["dy"][..., None], y[..., None])):
        with told(
            f"softmax_backward is asked for arrays (K, ...) of any number of axes, also for {dy.shape}: it stops"
        ):
            found[name] = backward(dy, of)
    return found


@asks("network.attention.informativeness_forward", "J T B H M A", ATTENTION, {"r": "the scores of all cells, Eqs. 5-6"},
      {"r": "cell sequence"}, law=adds_up("r", 1, "cell"))  # fmt: skip
def informativeness_forward(package, i):
    scores = package("network.attention").informativeness_forward(i["h"], i["IF"], i["We1"], i["We2"])
    return {"r": named("r cache", scores)["r"]}


@asks("network.attention.informativeness_backward", "J T B H M A", ATTENTION | {"dr": "K B"},
      {"dh": "the gradient of layer 1's outputs", "dIF": "the gradient of the memory", "dWe1": "the gradient of W_e1",
       "dWe2": "the gradient of W_e2"},
      {"dh": "cell sequence unit", "dIF": "sequence unit", "dWe1": "unit", "dWe2": "h_and_IF unit"},
      backward=True)  # fmt: skip
def informativeness_backward(package, i):
    attention = package("network.attention")
    _, cache = attention.informativeness_forward(i["h"], i["IF"], i["We1"], i["We2"])
    return named("dh dIF dWe1 dWe2", attention.informativeness_backward(i["dr"], cache))


@asks("network.memory.average_forward network.memory.average_backward", "J T B H", {"h": "K B H", "dIF": "B H"},
      {"IF": "the initial memory, the average, Eq. 4", "dh": "the gradient of layer 1's outputs"},
      {"IF": "sequence unit", "dh": "cell sequence unit"})  # fmt: skip
def average_memory(package, i):
    IF, cache = package("network.memory").average_forward(i["h"])
    return {"IF": IF, "dh": package("network.memory").average_backward(i["dIF"], cache)}


@asks("network.memory.feedforward_forward network.memory.feedforward_backward", "J T B H M",
      {"h": "K B H", "W": "K*H M", "b": "M", "dIF": "B M"},
      {"IF": "the initial memory, one layer on all outputs", "dh": "the gradient of layer 1's outputs",
       "dW": "the gradient of its weights", "db": "the gradient of its bias"},
      {"IF": "sequence unit", "dh": "cell sequence unit", "dW": "unit unit", "db": "unit"})  # fmt: skip
def feedforward_memory(package, i):
    memory = package("network.memory")
    IF, cache = memory.feedforward_forward(i["h"], i["W"], i["b"])
    gradients = named("dh dW db", memory.feedforward_backward(i["dIF"], cache))
    return {"IF": IF} | package("network.gca_lstm").multiplied_out(gradients)  # dW may be the two factors of a product


REFINE = {"F": "B H", "IF": "B M", "W": "H+M M", "b": "M"}


@asks("network.memory.refine_forward network.memory.refine_backward", "B H M", REFINE | {"dIF_new": "B M"},
      {"IF_new": "the refined memory, Eq. 8", "z": "what went into the ReLU, with which the cache ends",
       "dF": "the gradient of what attention saw",
       "dIF": "the gradient of the memory before", "dW": "the gradient of W_F", "db": "the gradient of its bias"},
      {"IF_new": "sequence unit", "z": "sequence unit", "dF": "sequence unit", "dIF": "sequence unit",
       "dW": "h_and_IF unit", "db": "unit"})  # fmt: skip
def refine_memory(package, i):
    IF_new, cache = package("network.memory").refine_forward(i["F"], i["IF"], i["W"], i["b"])
    ended = isinstance(cache, tuple | list) and len(cache) and isinstance(cache[-1], np.ndarray)
    last = {"z": cache[-1] if ended else np.zeros(0)}  # the gradient checks look there
    return (
        {"IF_new": IF_new}
        | last
        | named("dF dIF dW db", package("network.memory").refine_backward(i["dIF_new"], cache))
    )
