"""The drivers of other readings of the gate, and of scores that see movement; driver.py says what a driver is.

No assignment asks for them: they are for whoever changes these formulas, and `python -m course diagnosis` names their
planted bugs.
"""

import numpy as np

from .driver import adds_up, asks, named, scores


def _bounded(outputs):
    """The law that a gate lies between 0 and 1."""
    g = outputs["g"]
    worst = g.flat[np.argmax(np.abs(g - 0.5))]
    return {"g": f"a gate lies between 0 and 1, yours at {worst:.4g} in one cell"} if not 0 <= worst <= 1 else {}


def _gate(name, what):
    """The driver of a gate of variants/readings.py."""

    def run(package, i):
        readings = package("variants.readings")
        g, cache = named("g cache", getattr(readings, f"{name}_forward")(i["r"])).values()
        return {"g": g, "dr": getattr(readings, f"{name}_backward")(i["dg"], cache)}

    run.__name__ = f"{name}_gate"
    functions = f"variants.readings.{name}_forward variants.readings.{name}_backward"
    asks(functions, "J T B", {"dg": "K B"}, {"g": f"the gates, {what}", "dr": "the gradient of the scores"},
         {"g": "cell sequence", "dr": "cell sequence"}, more=scores, law=_bounded)(run)  # fmt: skip


_gate("draws", "how likely a cell is drawn at least once in K draws")
_gate("odds", "K r beside 1")
_gate("largest", "shares of the highest score")
_gate("range", "from the lowest score to the highest")


@asks("variants.readings.news_forward variants.readings.news_backward", "J T B H", {"h": "K B H", "dnew": "K B H"},
      {"new": "what each cell adds to what it has heard", "dh": "the gradient of layer 1's outputs"},
      {"new": "cell sequence unit", "dh": "cell sequence unit"})  # fmt: skip
def news(package, i):
    readings, sizes = package("variants.readings"), (i["J"], i["T"])
    return {"new": readings.news_forward(i["h"], *sizes), "dh": readings.news_backward(i["dnew"], *sizes)}


@asks("variants.sight.sight_forward variants.sight.sight_backward", "J T B C",
      {"x": "B T J C", "dsight": "B T J 3C+2"},
      {"sight": "what each cell sees of itself", "dx": "the gradient of the input"},
      {"sight": "sequence frame joint number", "dx": "sequence frame joint number"})  # fmt: skip
def sight(package, i):
    module = package("variants.sight")
    sight = module.sight_forward(i["x"])
    return {"sight": sight, "dx": module.sight_backward(i["dsight"], sight)}


@asks("variants.sight.company_forward variants.sight.company_backward", "J T B A", {"s": "K B A", "dz": "K B 3A"},
      {"z": "a cell, its joint and its frame", "ds": "the gradient of the cells"},
      {"z": "cell sequence unit", "ds": "cell sequence unit"})  # fmt: skip
def company(package, i):
    module, sizes = package("variants.sight"), (i["J"], i["T"])
    return {"z": module.company_forward(i["s"], *sizes), "ds": module.company_backward(i["dz"], *sizes)}


def _positive(rng, inputs):
    """Squares and weights are no Gaussian numbers."""
    for name in {"squares", "w"} & inputs.keys():
        inputs[name] = inputs[name] ** 2


@asks("variants.sight.reach_forward variants.sight.reach_backward", "J T B", {"squares": "K B", "dw": "K B"},
      {"w": "how far a cell's joint moves, and its frame", "dsquares": "the gradient of the squares"},
      {"w": "cell sequence", "dsquares": "cell sequence"}, more=_positive)  # fmt: skip
def reach(package, i):
    module, sizes = package("variants.sight"), (i["J"], i["T"])
    w, cache = named("w cache", module.reach_forward(i["squares"], *sizes)).values()
    return {"w": w, "dsquares": module.reach_backward(i["dw"], cache, *sizes)}


def _weighed(rng, inputs):
    scores(rng, inputs)
    _positive(rng, inputs)


@asks("variants.sight.weighed_forward variants.sight.weighed_backward", "J T B", {"w": "K B", "dq": "K B"},
      {"q": "the weighed scores", "dr": "the gradient of the softmax", "dw": "the gradient of the weights"},
      {"q": "cell sequence", "dr": "cell sequence", "dw": "cell sequence"}, more=_weighed,
      law=adds_up("q", 1, "cell"))  # fmt: skip
def weighed(package, i):
    q, cache = named("q cache", package("variants.sight").weighed_forward(i["r"], i["w"])).values()
    return {"q": q} | named("dr dw", package("variants.sight").weighed_backward(i["dq"], cache))


@asks("variants.sight.value_forward variants.sight.value_backward", "J T B C H",
      {"m": "K B 2C", "W": "2C H", "du": "K B H"},
      {"u": "what each cell says", "dm": "the gradient of the movement", "dW": "the gradient of W_v"},
      {"u": "cell sequence unit", "dm": "cell sequence unit", "dW": "unit unit"})  # fmt: skip
def value(package, i):
    u, cache = named("u cache", package("variants.sight").value_forward(i["m"], i["W"])).values()
    return {"u": u} | named("dm dW", package("variants.sight").value_backward(i["du"], cache))
