"""The drivers of loss, dropout, the optimiser and stepwise training; driver.py says what a driver is."""

from types import SimpleNamespace

import numpy as np

from .driver import adds_up, asks, kept


def _labels(rng, inputs):
    inputs["y"] = rng.integers(0, inputs["C"], inputs["B"])


@asks("network.ops.nll_forward network.ops.nll_backward", "B C", {"logits": "B C"},
      {"loss": "the mean negative log-likelihood, Eq. 9", "dlogits": "its gradient"}, {"dlogits": "sequence class"},
      more=_labels, law=adds_up("dlogits", 0, "class"))  # fmt: skip
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
