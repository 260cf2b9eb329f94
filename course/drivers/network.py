"""The drivers of attention, memory, body parts, training and whole networks; driver.py says what a driver is."""

from types import SimpleNamespace

import numpy as np

from .driver import asks, kept, named

# --- attention and memory -------------------------------------------------------------------------------------------

ATTENTION = {"h": "K B H", "IF": "B M", "We1": "A", "We2": "H+M A"}


@asks("network.ops.softmax_forward", "K B", {"e": "K B"}, {"y": "the softmax over axis 0"}, {"y": "cell sequence"})
def softmax_forward(package, i):
    return {"y": named("y cache", package("network.ops").softmax_forward(i["e"].copy()))["y"]}


def _sums(name, right, each):
    """The law that an output adds up, over one axis, to a known number in every sequence."""

    def law(outputs):
        off = np.ravel(outputs[name].sum(axis={"cell": 0, "class": -1}[each]) - right)
        worst = off[np.argmax(np.abs(off))]
        if not np.abs(worst) > 1e-9:  # nan breaks other laws
            return {}
        places = {"cell": "cells", "class": "classes"}[each]
        return {name: f"over the {places} of a sequence it adds up to {right}, yours to {right + worst:.4g} in one"}

    return law


@asks("network.ops.softmax_backward", "K B", {"e": "K B", "dy": "K B"},
      {"de": "de of the softmax over axis 0", "de_alone": "the same for one sequence alone, K numbers"},
      {"de": "cell sequence", "de_alone": "cell"}, backward=True, law=_sums("de", 0, "cell"))  # fmt: skip
def softmax_backward(package, i):
    y = np.exp(i["e"])
    y, backward = kept(y / y.sum(axis=0)), package("network.ops").softmax_backward
    return {"de": backward(i["dy"], y), "de_alone": backward(i["dy"][:, 0], y[:, 0])}


@asks("network.attention.informativeness_forward", "J T B H M A", ATTENTION, {"r": "the scores of all cells, Eqs. 5-6"},
      {"r": "cell sequence"}, law=_sums("r", 1, "cell"))  # fmt: skip
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


# --- training -------------------------------------------------------------------------------------------------------


def _labels(rng, inputs):
    inputs["y"] = rng.integers(0, inputs["C"], inputs["B"])


@asks("network.ops.nll_forward network.ops.nll_backward", "B C", {"logits": "B C"},
      {"loss": "the mean negative log-likelihood, Eq. 9", "dlogits": "its gradient"}, {"dlogits": "sequence class"},
      more=_labels, law=_sums("dlogits", 0, "class"))  # fmt: skip
def nll(package, i):
    loss, cache = package("network.ops").nll_forward(i["logits"], i["y"])
    return {"loss": loss, "dlogits": package("network.ops").nll_backward(cache)}


@asks("network.ops.relu_backward", "B H", {"z": "B H", "dy": "B H"}, {"dz": "dz of the ReLU, from its input"},
      {"dz": "sequence unit"}, backward=True)  # fmt: skip
def relu_backward(package, i):
    return {"dz": package("network.ops").relu_backward(i["dy"], i["z"])}


@asks("network.ops.dropout_forward network.ops.dropout_backward", "K B H", {"x": "K B H", "dy": "K B H"},
      {"y": "the input under its mask", "dx": "the gradient under the same mask", "y_tested": "the input in testing",
       "dx_tested": "the gradient without a mask"},
      dict.fromkeys(("y", "dx", "y_tested", "dx_tested"), "cell sequence unit"),
      more=lambda rng, inputs: inputs.update(mask=2.0 * (rng.random(inputs["x"].shape) < 0.5)))  # fmt: skip
def dropout(package, i):
    ops, outputs = package("network.ops"), {}
    for ending, mask in (("", i["mask"]), ("_tested", None)):
        outputs["y" + ending], cache = ops.dropout_forward(i["x"], mask)
        outputs["dx" + ending] = ops.dropout_backward(i["dy"], cache)
    return outputs


def _seed(rng, inputs):
    inputs["p"], inputs["seed"] = float(rng.choice([0.2, 0.25, 0.4])), int(rng.integers(1 << 30))


@asks("network.ops.dropout_mask", "B H", {},
      {"values": "the values that occur in a mask", "shape": "its shape",
       "share_is_right": "1 where the share of zeros is p, up to chance",
       "mean_is_one": "1 where the mean is 1, up to chance"},
      more=_seed)  # fmt: skip
def dropout_mask(package, i):
    shape, p = (50 * i["B"], 50 * i["H"]), i["p"]
    mask = np.asarray(package("network.ops").dropout_mask(np.random.default_rng(i["seed"]), shape, p, np.float64))
    wobble = 6 * np.sqrt(p / (1 - p) / mask.size)  # six standard deviations of the mean
    return {
        "values": np.unique(mask)[:5],
        "shape": np.array(mask.shape),
        "share_is_right": float(abs((mask == 0).mean() - p) < wobble),
        "mean_is_one": float(abs(mask.mean() - 1) < wobble),
    }


STEPS = {f"{name}_{n}": shape for n in range(3) for name, shape in (("gW", "H M"), ("gb", "M"), ("gV", "B M"))}
SGD_WHAT = {
    "W": "weights after three steps", "b": "a bias after three steps",
    "V": "weights whose first gradient comes in the second step",
    "vW": "the velocity of W", "first": "weights after the first step",
}  # fmt: skip


@asks("training.optim.SGD.step", "B H M", {"W": "H M", "b": "M", "V": "B M", **STEPS}, SGD_WHAT,
      {"W": "unit unit", "b": "unit", "V": "unit unit", "vW": "unit unit", "first": "unit unit"})  # fmt: skip
def sgd_step(package, i):
    return _descend(package, i, None)


@asks("training.optim.SGD.step", "B H M", {"W": "H M", "b": "M", "V": "B M", **STEPS}, SGD_WHAT,
      {"W": "unit unit", "b": "unit", "V": "unit unit", "vW": "unit unit", "first": "unit unit"})  # fmt: skip
def sgd_clip(package, i):
    """The second gradient is small enough to be left as it is."""
    shrunk = {name: value * 1e-3 if name.endswith("_1") else value for name, value in i.items()}
    return _descend(package, shrunk, 0.7)


def _descend(package, i, clip):
    optimiser = package("training.optim").SGD(0.3, 0.8, clip)
    params, first = {name: i[name].copy() for name in "WbV"}, None
    for n in range(3):
        optimiser.step(params, {name: kept(i[f"g{name}_{n}"]) for name in ("WbV" if n else "Wb")})
        first = params["W"].copy() if first is None else first
    return params | {"vW": optimiser.velocity["W"], "first": first}


@asks("training.optim.decayed", "H", {}, {"rate": "the learning rate of epochs 0, 1, 2, ..."}, {"rate": "epoch"})
def learning_rate(package, i):
    return {
        "rate": np.array([package("training.optim").decayed(0.3, 0.9, i["H"], epoch) for epoch in range(3 * i["H"])])
    }


@asks("training.stepwise.training_steps", "H", {},
      {"stepwise": "the iterations that stepwise training supervises, in order", "direct": "those of direct training",
       "plain": "those of a network without attention"})  # fmt: skip
def training_steps(package, i):
    def steps(mode, attentive):
        settings = SimpleNamespace(iterations=i["H"], mode=mode, attentive=attentive)
        return np.array(list(package("training.stepwise").training_steps(settings)))

    return {"stepwise": steps("stepwise", True), "direct": steps("direct", True), "plain": steps("stepwise", False)}


class _Few:
    """A handful of sequences, as training asks for them."""

    def __init__(self, x, label):
        self.x, self.label = x, label

    def batch(self, sequences, frames, settings=None, rng=None, position=0.5):
        return self.x[sequences], self.label[sequences]


def _few(rng, inputs):
    inputs["label"] = np.arange(10) % 2
    inputs["x"] = rng.standard_normal((10, 2, 2, 3)) + 0.5 * (2 * inputs["label"] - 1)[:, None, None, None]
    inputs["seed"] = int(rng.integers(1000))


@asks("training.stepwise.train training.stepwise._next_step training.stepwise.run_epoch", "H", {},
      {"supervised": "the training step of every epoch", "epoch": "the epoch within its training step",
       "learning_rate": "the learning rate of every epoch", "train_loss": "the training loss of every epoch",
       "validation_loss": "the validation loss of every epoch",
       "weights": "the sum of squares of every final parameter"},
      dict.fromkeys(("supervised", "epoch", "learning_rate", "train_loss", "validation_loss"), "epoch"),
      more=_few)  # fmt: skip
def stepwise_schedule(package, i):
    settings = package("settings").Settings(
        frames=2, hidden=i["H"], iterations=2, initial="average", dropout=0.0, batch_size=4, epochs=4, patience=2,
        learning_rate=0.4, decay=0.9, clip=2.0, seed=i["seed"],
    )  # fmt: skip
    network = package("network.gca_lstm").GCALSTM(
        2, 2, 3, 2, hidden=settings.hidden, iterations=2, initial="average", dropout=0.0, schedule="raster"
    )
    training, seed = package("training.stepwise"), i["seed"]
    state = training.State(network.init(np.random.default_rng(seed), np.float64), np.random.default_rng(seed))
    state = training.train(network, state, _Few(i["x"], i["label"]), np.arange(7), np.arange(7, 10), settings)
    rows = {name: np.array([row[name] for row in state.history]) for name in ("step", *_HISTORY)}
    rows["supervised"] = rows.pop("step")
    return rows | {"weights": np.array([(state.params[name] ** 2).sum() for name in sorted(state.params)])}


_HISTORY = ("epoch", "learning_rate", "train_loss", "validation_loss")


# --- body parts and whole networks ----------------------------------------------------------------------------------


def _parts(rng, inputs):
    """Joints of three parts of unequal sizes (as far as there are joints), in any order."""
    inputs["J"] = max(4, inputs["J"])
    inputs["K"] = inputs["J"] * inputs["T"]
    inputs["parts"] = rng.permutation(np.resize([0, 1, 1, 4], inputs["J"]))
    inputs["P"] = 3
    rows, K, B, H = 3 * inputs["T"], inputs["K"], inputs["B"], inputs.get("H")
    if H:
        inputs["h"], inputs["dmean"] = rng.standard_normal((K, B, H)), rng.standard_normal((rows, B, H))
    else:
        inputs["r_P"], inputs["dr"] = rng.random((rows, B)) / rows, rng.standard_normal((K, B))


@asks("network.body_parts.mean_forward network.body_parts.mean_backward", "J T B H", {},
      {"mean": "the means over each part's joints, Eq. 12", "dh": "the gradient of layer 1's outputs"},
      {"mean": "part sequence unit", "dh": "cell sequence unit"}, more=_parts)  # fmt: skip
def body_parts_mean(package, i):
    mean, cache = package("network.body_parts").mean_forward(i["h"], tuple(map(int, i["parts"])), i["T"])
    return {"mean": mean, "dh": package("network.body_parts").mean_backward(i["dmean"], cache)}


@asks("network.body_parts.share_forward network.body_parts.share_backward", "J T B", {},
      {"r": "the score of every cell, that of its part, Eq. 13", "dr_P": "the gradient of the parts' scores"},
      {"r": "cell sequence", "dr_P": "part sequence"}, more=_parts)  # fmt: skip
def body_parts_share(package, i):
    r, cache = package("network.body_parts").share_forward(i["r_P"], tuple(map(int, i["parts"])), i["T"])
    return {"r": r, "dr_P": package("network.body_parts").share_backward(i["dr"], cache)}


def _problem(rng, inputs):
    J, T, B = max(4, inputs["J"]), inputs["T"], inputs["B"]
    inputs["J"], inputs["seed"] = J, int(rng.integers(1 << 30))
    inputs["parts"] = rng.permutation(np.resize([0, 1, 1, 4], J))
    inputs["x"], inputs["y"] = rng.standard_normal((B, T, J, 3)), rng.integers(0, 3, B)
    inputs["N"] = 2


GRADIENTS = {
    "logits": "the logits", "loss": "the loss", "layer1": "the gradients of layer 1, W and b",
    "layer2": "the gradients of layer 2", "attention": "the gradients of W_e1 and W_e2, Eqs. 5-6, 10-11",
    "memory": "the gradients of the memories", "classifier": "the gradients of the classifier", "input": "dx",
}  # fmt: skip


def _network(package, i, **changes):
    """Logits and all gradients of a network, those of the same part of it side by side."""
    networks, ops = package("network.gca_lstm"), package("network.ops")
    kind = package("network.two_stream").TwoStream if "parts" in changes else networks.GCALSTM
    network = kind(
        i["J"],
        i["T"],
        3,
        3,
        hidden=i["H"],
        iterations=i["N"],
        initial="average",
        dropout=0.4,
        schedule="raster",
        **changes,
    )
    rng = np.random.default_rng(i["seed"])
    params = {
        name: 1.5 * value + 0.3 * rng.standard_normal(value.shape)
        for name, value in network.init(rng, np.float64).items()
    }
    masks = network.masks(rng, i["B"], np.float64)
    logits, cache = network.forward(params, i["x"], masks)
    loss, nll_cache = ops.nll_forward(logits, i["y"])
    gradients = network.backward(ops.nll_backward(nll_cache), cache, with_input=True)
    gradients = networks.multiplied_out(gradients)
    kinds = ("layer1", "layer2", "attention", "memory", "classifier", "input")
    found = {
        kind: [np.ravel(gradients[name]) for name in sorted(gradients) if kind in name.split(".")] for kind in kinds
    }
    return {"logits": logits, "loss": loss} | {kind: np.concatenate(arrays) for kind, arrays in found.items()}


@asks("network.gca_lstm.Network.backward network.stream.AttentionStream.backward", "J T B H", {}, GRADIENTS,
      more=_problem, backward=True)  # fmt: skip
def two_streams_backward(package, i):
    return _network(package, i, parts=tuple(map(int, i["parts"])))


@asks("network.gca_lstm.Network.forward network.gca_lstm.Network.backward network.stream.AttentionStream.forward "
      "network.stream.AttentionStream.backward", "J T B H", {}, GRADIENTS, more=_problem)  # fmt: skip
def whole_network(package, i):
    return _network(package, i)
