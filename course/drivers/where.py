"""The drivers of answers to "where does it look?"; driver.py says what a driver is. No assignment asks for them.

The fence of the grader lets no more of the package in than students get, so they serve `python -m course diagnosis`.
"""

import numpy as np

from .driver import asks, named


def _labels(rng, inputs):
    inputs["label"] = rng.integers(0, inputs["C"], inputs["B"])


@asks("runs.where.stands_out runs.where.stands_out_backward", "B C S", {"logits": "B C", "several": "S B C"},
      {"above": "how far the answer stands out", "d": "the gradient of the logits",
       "above_of_several": "the same of logits with three axes", "d_of_several": "their gradient"},
      {"above": "sequence", "d": "sequence class", "above_of_several": "sequence",
       "d_of_several": "iteration sequence class"}, more=_labels)  # fmt: skip
def stands_out(package, i):
    where, label = package("runs.where"), i["label"]
    found = {}
    for name, logits in (("", i["logits"]), ("_of_several", i["several"])):
        found[f"above{name}"] = where.stands_out(logits, label)
        found[f"d{name}"] = where.stands_out_backward(logits, label)
    return found


@asks("runs.where.on_the_way", "B T J C", {"start": "B T J C", "end": "B T J C", "W": "B T J C"},
      {"added": "what each cell adds on the way"}, {"added": "sequence frame joint"})  # fmt: skip
def on_the_way(package, i):
    """The answer is a sum of cubes, so the steps' middles tell from their ends."""
    return {"added": package("runs.where").on_the_way(lambda x: i["W"] * x * x, i["start"], i["end"], 4)}


def _recordings(rng, inputs):
    """Two persons; the second is away from the first two frames of every sequence. One joint has two places."""
    joints = rng.standard_normal((inputs["B"], inputs["T"], inputs["J"], 2, 3))
    joints[:, :2, :, 1] = 0
    inputs["joints"], inputs["rest"] = joints, rng.standard_normal(joints.shape)
    inputs["weight"] = rng.standard_normal(joints.shape[1:])
    inputs["order"] = np.append(rng.permutation(inputs["J"] - 1), 0)


@asks("runs.where.left_out", "B T J", {},
      {"by_joint": "what changes by a joint", "by_moment": "what changes by a moment"},
      {"by_joint": "sequence joint", "by_moment": "sequence frame"}, more=_recordings)  # fmt: skip
def left_out(package, i):
    def change(joints):
        return ((i["joints"] - joints) * i["weight"]).sum(axis=(1, 2, 3, 4))

    order = tuple(map(int, i["order"]))
    return named("by_joint by_moment", package("runs.where").left_out(i["joints"], i["rest"], order, change))


@asks("runs.where.mean_posture runs.where.away", "B T J", {},
      {"rest": "the mean posture", "far": "how far each joint is from it"},
      {"rest": "sequence frame joint person number", "far": "sequence frame joint"}, more=_recordings)  # fmt: skip
def away(package, i):
    where = package("runs.where")
    return {"rest": where.mean_posture(i["joints"]), "far": where.away(i["joints"])}
