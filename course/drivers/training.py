"""The drivers of loss, dropout, the optimiser and stepwise training; driver.py says what a driver is."""

from types import SimpleNamespace

import numpy as np

from .driver import adds_up, asks, kept, named, told


def _labels(rng, inputs):
    inputs["y"] = rng.integers(0, inputs["C"], inputs["B"])


LOSS = {"loss": "the mean negative log-likelihood, Eq. 9", "dlogits": "its gradient"}


@asks("network.ops.nll_forward network.ops.nll_backward", "B C", {"logits": "B C"}, LOSS,
      {"dlogits": "sequence class"}, more=_labels, law=adds_up("dlogits", 0, "class"))  # fmt: skip
def nll(package, i):
    return _loss(package, i["logits"], i["y"])


@asks("network.ops.nll_forward network.ops.nll_backward", "B C", {"logits": "B C"}, LOSS,
      {"dlogits": "sequence class"}, more=_labels, title="nll_forward and nll_backward for large logits")  # fmt: skip
def nll_large(package, i):
    """Logits of which one alone has a part in the sum, in one sequence the true class, in the others another one."""
    large = i["logits"].copy()
    rows, first = np.arange(len(large)), np.arange(len(large)) == 0
    large[rows, np.where(first, i["y"], (i["y"] + 1) % large.shape[1])] += 900
    with np.errstate(all="ignore"):  # a warning is no mistake
        return _loss(package, large, i["y"])


@asks("network.ops.nll_forward network.ops.nll_backward", "B C", {"logits": "2 B C"}, LOSS,
      {"dlogits": "stream sequence class"}, more=_labels,
      title="nll_forward and nll_backward for two streams")  # fmt: skip
def nll_streams(package, i):
    return _loss(package, i["logits"], i["y"])


def _loss(package, logits, y):
    loss, cache = named("loss cache", package("network.ops").nll_forward(kept(logits), y)).values()
    return {"loss": loss, "dlogits": package("network.ops").nll_backward(cache)}


@asks("network.ops.relu_backward", "B H", {"z": "B H", "dy": "B H"}, {"dz": "dz of the ReLU, from its input"},
      {"dz": "sequence unit"}, backward=True)  # fmt: skip
def relu_backward(package, i):
    return {"dz": package("network.ops").relu_backward(i["dy"], i["z"])}


@asks("network.ops.dropout_forward network.ops.dropout_backward", "K B H", {"x": "K B H", "dy": "K B H"},
      {"y": "the input under its mask", "dx": "the gradient under the same mask", "y_tested": "the input in testing",
       "dx_tested": "the gradient without a mask", "y_out": "the input under its mask, where `out` is the input itself",
       "dx_out": "the gradient, where `out` is another array"},
      dict.fromkeys(("y", "dx", "y_tested", "dx_tested", "y_out", "dx_out"), "cell sequence unit"),
      weights={"y": 2, "dx": 2},
      more=lambda rng, inputs: inputs.update(mask=2.0 * (rng.random(inputs["x"].shape) < 0.5)))  # fmt: skip
def dropout(package, i):
    ops, outputs = package("network.ops"), {}
    for ending, mask in (("", i["mask"]), ("_tested", None)):
        outputs["y" + ending], cache = ops.dropout_forward(i["x"], mask)
        outputs["dx" + ending] = ops.dropout_backward(i["dy"], cache)
    x = i["x"].copy()
    with told("dropout_forward or dropout_backward stops where `out` is given"):
        outputs["y_out"], cache = ops.dropout_forward(x, i["mask"], out=x)
        outputs["dx_out"] = ops.dropout_backward(i["dy"], cache, out=np.full(x.shape, np.nan))
    return outputs


def _seed(rng, inputs):
    inputs["p"], inputs["seed"] = float(rng.choice([0.2, 0.25, 0.4])), int(rng.integers(1 << 30))


@asks("network.ops.dropout_mask", "B H", {},
      {"values": "the values that occur in a mask", "shape": "its shape", "zeros": "the share of zeros, up to chance",
       "mean": "the mean of a mask, up to chance", "type": "bytes of a number in a mask of type float32",
       "repeated": "1 where a generator in the same state gives the same mask again, 0 where not",
       "new": "1 where the next mask of a generator is another one, 0 where not"},
      more=_seed, weights={"values": 2, "zeros": 2},
      flags={"repeated": "a generator in the same state must give the same mask again: is `rng` what draws?",
             "new": "the next mask of the same generator is the same once more; each call must draw anew"})  # fmt: skip
def dropout_mask(package, i):
    shape, p = (50 * i["B"], 10 * i["H"], 5), i["p"]
    draw, rng = package("network.ops").dropout_mask, np.random.default_rng(i["seed"])
    mask, after = (np.asarray(draw(rng, shape, p, np.float64)) for _ in range(2))
    again = np.asarray(draw(np.random.default_rng(i["seed"]), shape, p, np.float32))
    wobble = 6 * np.sqrt(p / (1 - p) / mask.size)  # six standard deviations of the mean
    zeros, mean = (mask == 0).mean(), mask.mean()
    return {
        "values": np.unique(mask)[:5],
        "shape": np.array(mask.shape),
        "zeros": p if abs(zeros - p) < wobble else round(zeros, 1),
        "mean": 1.0 if abs(mean - 1) < wobble else round(mean, 1),
        "type": float(again.dtype.itemsize),
        "repeated": float(mask.shape == again.shape and ((mask == 0) == (again == 0)).all()),
        "new": float(mask.shape == after.shape and (mask != after).any()),
    }


STEPS = {f"{name}_{n}": shape for n in range(3) for name, shape in (("gW", "H M"), ("gb", "M"), ("gV", "B M"))}
SGD_WHAT = {
    "W": "weights after four steps", "b": "a bias after four steps",
    "V": "weights whose gradients come in the second and third step alone",
    "vW": "the velocity of W", "vV": "the velocity of V", "first": "weights after the first step",
    "held": "1 where whoever holds the arrays of the parameters sees them changed, 0 where not",
}  # fmt: skip
SGD_AXES = dict.fromkeys(("W", "V", "vW", "vV", "first"), "unit unit") | {"b": "unit"}
HELD = {"held": "`params` are not changed in place: whoever holds these arrays, as the network does, sees no change"}
PARAMS = {"W": "H M", "b": "M", "V": "B M", **STEPS}


@asks("training.optim.SGD.step", "B H M", PARAMS, SGD_WHAT, SGD_AXES, weights={"held": 2}, flags=HELD)
def sgd_step(package, i):
    return _descend(package, i, None)


@asks("training.optim.SGD.step", "B H M", PARAMS,
      SGD_WHAT | {"still": "weights after a step with clipping in which all gradients are 0"},
      SGD_AXES | {"still": "unit unit"}, weights={"held": 2}, flags=HELD, title="step with clipping")  # fmt: skip
def sgd_clip(package, i):
    """The second gradient is small enough to be left as it is."""
    shrunk = {name: value * 1e-3 if name.endswith("_1") else value for name, value in i.items()}
    still = {"W": i["W"].copy()}
    with np.errstate(all="ignore"), told("step stops where all gradients are 0 and `clip` is given"):
        package("training.optim").SGD(0.3, 0.8, 0.7).step(still, {"W": kept(0 * i["W"])})
    return _descend(package, shrunk, 0.7) | {"still": still["W"]}


@asks("training.optim.SGD.step", "B H M", {"W": "H M", "b": "M", "x": "B H", "dy": "B M", "gb": "M"},
      {"W": "weights whose gradient is a Product, after a step", "b": "a bias beside it",
       "clipped": "the same weights where the gradients are clipped"},
      {"W": "unit unit", "b": "unit", "clipped": "unit unit"}, title="step with a Product")  # fmt: skip
def sgd_product(package, i):
    product, found = package("network.ops").Product(i["x"], i["dy"]), {}
    for clip in (None, 0.7):
        params = {"W": i["W"].copy(), "b": i["b"].copy()}
        with told("step stops where a gradient is an ops.Product, two factors that are not multiplied out yet"):
            package("training.optim").SGD(0.3, 0.8, clip).step(params, {"W": product, "b": i["gb"]})
        found |= {"clipped": params["W"]} if clip else params
    return found


def _descend(package, i, clip):
    optimiser = package("training.optim").SGD(0.3, 0.8, clip)
    params, first = {name: i[name].copy() for name in "WbV"}, None
    held, numbers = dict(params), (0, 1, 2, 0)
    for turn, n in enumerate(numbers):
        names = "WbV" if turn in (1, 2) else "Wb"
        optimiser.step(params, {name: kept(i[f"g{name}_{n}"]) for name in names})
        first = params["W"].copy() if first is None else first
    seen = all(np.array_equal(held[name], params[name]) for name in held)
    velocity = {f"v{name}": optimiser.velocity.get(name) for name in "WV"}
    return params | velocity | {"first": first, "held": float(seen)}


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


@asks("training.stepwise._next_step", "H", {"W": "H H", "best": "H H"},
      {"weights": "the weights to go on from", "velocity": "what is left of the velocity",
       "epoch": "the count of epochs", "waited": "the count of epochs waited", "stage": "the place in the list",
       "searching": "1 where the next epoch is the best whatever its score, 0 where not",
       "averaged": "1 where no average of the weights is left, 0 where one is",
       "apart": "1 where the best weights are no longer those that are trained on, 0 where they are",
       "finished": "whether training is done, after a step that was not the last and after the last",
       "history": "how many epochs the history holds"},
      {"weights": "unit unit"},
      flags={"searching": "the search for the best does not begin anew: the first epoch of the next training step must "
             "be the best so far, whatever its score",
             "averaged": "state.average still holds the average of the weights of the step before",
             "apart": "state.best and state.params hold the same arrays: what training does to these is done to the "
             "best weights, too"})  # fmt: skip
def next_step(package, i):
    ended = []
    for last in (False, True):
        state = SimpleNamespace(
            params={"W": i["W"].copy()}, rng=None, velocity={"W": np.ones(3)}, best={"W": i["best"].copy()}, stage=1,
            average={"W": i["best"].copy()}, epoch=7, best_score=(0.25, 0.5), waited=2, history=[{}] * 9,
            finished=False,
        )  # fmt: skip
        package("training.stepwise")._next_step(state, last)
        ended.append(state)
    state, velocity = ended[0], ended[0].velocity or {}
    return {
        "weights": state.params["W"],
        "velocity": float(sum(np.abs(value).sum() for value in velocity.values())),
        "epoch": float(state.epoch),
        "waited": float(state.waited),
        "stage": float(state.stage),
        "searching": float(state.best_score is None or min(state.best_score) == np.inf),
        "averaged": float(state.average is None),
        "apart": float(not state.best or not np.shares_memory(state.best["W"], state.params["W"])),
        "finished": np.array([float(bool(state.finished)) for state in ended]),
        "history": float(len(state.history)),
    }


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
      more=_few, title="_next_step in training")  # fmt: skip
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


@asks("training.average.averaged", "T B H", {"W": "T+3 B H"},
      {"averages": "the averages of so many epochs, one after another",
       "own": "1 where the first average is an array of its own, 0 where not"},
      {"averages": "epoch unit unit"},
      flags={"own": "the first average is the array of the weights itself and moves with them; copy it"})  # fmt: skip
def averaged(package, i):
    average, found = None, []
    for epoch, W in enumerate(i["W"]):
        average = package("training.average").averaged(average, {"W": W}, epoch, 4)
        found.append(average["W"])
    return {"averages": np.array(found), "own": float(not np.shares_memory(found[0], i["W"]))}
