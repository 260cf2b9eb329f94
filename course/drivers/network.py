"""The drivers of body parts and of whole networks; driver.py says what a driver is."""

import numpy as np

from .driver import Asked, asks, told


def _body(rng, inputs):
    """At least four joints, in two to four parts of different sizes, with numbers that leave one out.

    The first joint belongs to the part with the largest number.
    """
    inputs["J"] = J = max(4, inputs["J"])
    inputs["K"] = J * inputs["T"]
    P = int(rng.integers(2, min(4, J - 1) + 1))
    numbers = np.sort(rng.permutation(5)[:P])
    numbers[-1] = max(numbers[-1], P)  # so a number before it is missing
    parts = rng.permutation(np.append(numbers, np.full(J - P, rng.choice(numbers))))
    last = np.argmax(parts)
    parts[0], parts[last] = parts[last], parts[0]
    inputs["parts"], inputs["P"] = parts, P


def _parts(rng, inputs):
    _body(rng, inputs)
    rows, K, B, H = inputs["P"] * inputs["T"], inputs["K"], inputs["B"], inputs.get("H")
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
    _body(rng, inputs)
    J, T, B = inputs["J"], inputs["T"], inputs["B"]
    inputs["seed"] = int(rng.integers(1 << 30))
    inputs["x"], inputs["y"] = rng.standard_normal((B, T, J, 3)), rng.integers(0, 3, B)
    inputs["N"] = 2


GRADIENTS = {
    "logits": "the logits", "loss": "the loss", "layer1": "the gradients of layer 1, W and b",
    "layer2": "the gradients of layer 2", "attention": "the gradients of W_e1 and W_e2, Eqs. 5-6, 10-11",
    "memory": "the gradients of the memories", "classifier": "the gradients of the classifier", "input": "dx",
    "plain": "1 where the same comes without `with_input`, but for dx, 0 where not",
}  # fmt: skip
FLAGS = {
    "plain": "without `with_input=True`, as in training, backward gives an input gradient that nobody asked for, or "
    "other gradients than with it"
}


def _network(package, i, **changes):
    """Logits and all gradients of a network, those of the same part of it side by side."""
    gca_lstm, ops = package("network.gca_lstm"), package("network.ops")
    kind = package("network.two_stream").TwoStream if "parts" in changes else gca_lstm.GCALSTM
    network = kind(
        i["J"], i["T"], 3, 3, hidden=i["H"], iterations=i["N"], initial="average", dropout=0.4, schedule="raster",
        **changes,
    )  # fmt: skip
    rng = np.random.default_rng(i["seed"])
    params = {
        name: 1.5 * value + 0.3 * rng.standard_normal(value.shape)
        for name, value in network.init(rng, np.float64).items()
    }
    masks = network.masks(rng, i["B"], np.float64)
    logits, cache = network.forward(params, i["x"], masks)
    loss, nll_cache = ops.nll_forward(logits, i["y"])
    dlogits = ops.nll_backward(nll_cache)
    gradients = _all_there(network.backward(dlogits, cache, with_input=True), [*params, "input"])
    gradients = gca_lstm.multiplied_out(gradients)
    cache = network.forward(params, i["x"], masks)[1]
    with told("backward stops where `with_input` is False, as in training, where layer 1 gives no dx"):
        plain = gca_lstm.multiplied_out(_all_there(network.backward(dlogits, cache), params))
    kinds = ("layer1", "layer2", "attention", "memory", "classifier", "input")
    found = {
        kind: [np.ravel(gradients[name]) for name in sorted(gradients) if kind in name.split(".")] for kind in kinds
    }
    same = plain.keys() == gradients.keys() - {"input"} and all(
        np.allclose(value, gradients[name], rtol=1e-9) for name, value in plain.items()
    )
    found = {kind: np.concatenate(arrays) for kind, arrays in found.items()}
    return {"logits": logits, "loss": loss} | found | {"plain": float(same)}


def _all_there(gradients, names):
    """The gradients, if they are a dict that has all these names."""
    if not isinstance(gradients, dict):
        raise Asked(f"backward returned one {type(gradients).__name__}; a dict of gradients by name is asked for")
    missing = [name for name in names if name not in gradients]
    if missing:
        others = ", ".join(map(str, sorted(gradients.keys() - {*names}, key=str)[:4]))
        given = f"; it has {others}, which is no name of a parameter" if others else ""
        raise Asked(f"the dict that backward returns has no {', '.join(missing[:4])}{given}")
    return gradients


@asks("network.gca_lstm.Network.backward network.stream.AttentionStream.backward", "J T B H", {}, GRADIENTS,
      more=_problem, backward=True, flags=FLAGS, title="backward with two streams")  # fmt: skip
def two_streams_backward(package, i):
    return _network(package, i, parts=tuple(map(int, i["parts"])))


@asks("network.gca_lstm.Network.forward network.gca_lstm.Network.backward "
      "network.stream.AttentionStream.forward network.stream.AttentionStream.backward "
      "network.stream.AttentionStream.attend network.stream.AttentionStream.attend_backward",
      "J T B H", {}, GRADIENTS, more=_problem, flags=FLAGS, title="backward with one stream")  # fmt: skip
def whole_network(package, i):
    return _network(package, i)
