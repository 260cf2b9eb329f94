"""A standing person in metres, recordings of some, and a network with an opinion of every one of them."""

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.data import neutral
from gca_scratch.data.meaning import known
from gca_scratch.runs import checkpoint, predict
from gca_scratch.support.errors import InputError
from tests.helpers.tiny import TINY, skeletons

PERSON = {  # joint: parent, place in metres; y is up, and the person faces +z
    "hip center": (None, (0, 0.95, 0)),
    "spine": ("hip center", (0, 1.05, 0.01)),
    "shoulder center": ("spine", (0, 1.45, 0)),
    "head": ("shoulder center", (0, 1.65, 0.03)),
    "left shoulder": ("shoulder center", (0.18, 1.4, 0)),
    "left elbow": ("left shoulder", (0.24, 1.12, 0.02)),
    "left wrist": ("left elbow", (0.25, 0.87, 0.08)),
    "left hand": ("left wrist", (0.25, 0.79, 0.1)),
    "right shoulder": ("shoulder center", (-0.18, 1.4, 0)),
    "right elbow": ("right shoulder", (-0.24, 1.12, 0.02)),
    "right wrist": ("right elbow", (-0.25, 0.87, 0.08)),
    "right hand": ("right wrist", (-0.25, 0.79, 0.1)),
    "left hip": ("hip center", (0.1, 0.9, 0)),
    "left knee": ("left hip", (0.11, 0.5, 0.03)),
    "left ankle": ("left knee", (0.11, 0.1, 0)),
    "left foot": ("left ankle", (0.12, 0.04, 0.12)),
    "right hip": ("hip center", (-0.1, 0.9, 0)),
    "right knee": ("right hip", (-0.11, 0.5, 0.03)),
    "right ankle": ("right knee", (-0.11, 0.1, 0)),
    "right foot": ("right ankle", (-0.12, 0.04, 0.12)),
}
MEANING = known(up="+y", unit="m", hand="right", rate="25")
FACING = dataclasses.replace(TINY, face_camera=True)


def people(meaning=MEANING, body=PERSON, **more):
    """Sequences as tiny.skeletons makes them, of persons in metres, with what the coordinates mean."""
    return dataclasses.replace(skeletons(body, **{"truth": False} | more), meaning=meaning)


def with_joints(data, joints, **more):
    return dataclasses.replace(data, joints=np.ascontiguousarray(joints, np.float32), **more)


def with_opinions(folder, data, settings=FACING, protocol="half", threshold=0.0, seed=1, file="data.npz", **source):
    """A run in folder/run on the data in folder/data.npz; its weights are such that every recording looks different."""
    folder = Path(folder)
    neutral.save(folder / file, data)
    run = folder / "run"
    runs.run(data, runs.Source("npz", str(folder / file), protocol, **source), settings, run, show=False)
    state, network, settings, about = checkpoint.load(run)
    about["known"] |= {"threshold": threshold, "movement": {}}
    rng = np.random.default_rng(seed)
    for name, array in state.params.items():
        state.params[name] = rng.normal(0, 1, array.shape).astype(np.float32)
    state.best = dict(state.params) if state.best else None
    checkpoint.save(run / "checkpoint.npz", state, network, settings, about)
    answers = predict.predict(predict.load(run), folder / file).answers
    logits = np.log(np.stack([answer.probabilities for answer in answers]).astype(float))
    factor = 1 / (logits - logits.mean(axis=1, keepdims=True)).std(axis=0).mean()
    for weights in (state.params, state.best or {}):  # answers that differ little are made to differ much
        for name in [name for name in weights if "classifier" in name]:
            weights[name] = np.float32(factor) * weights[name]
            if name.endswith(".b"):
                weights[name] -= np.float32(factor) * logits.mean(axis=0).astype(np.float32)
    checkpoint.save(run / "checkpoint.npz", state, network, settings, about)
    return run


def edited(run, **known):
    """The checkpoint of a run with other values in what it knows."""
    state, network, settings, about = checkpoint.load(run)
    about["known"] |= known
    checkpoint.save(Path(run) / "checkpoint.npz", state, network, settings, about)


def asked(trained, data, **options):
    """What `predict` answers about new.npz, which holds these data."""
    neutral.save("new.npz", data)
    return predict.predict(trained, "new.npz", **options)


def refused(trained, data, *words, **options):
    """Asked about these data, predict refuses them in one sentence with those words."""
    with pytest.raises(InputError) as caught:
        asked(trained, data, **options)
    message = str(caught.value)
    assert "\n" not in message and all(word in message for word in words), message


def p_of(found):
    """The probabilities of all answers, (N, classes)."""
    return np.stack([answer.probabilities for answer in found.answers])


def rows(path):
    """The rows of a table."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
