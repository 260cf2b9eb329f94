"""The small network that the stepper shows where it is given none: trained in a second on three synthetic actions."""

from typing import NamedTuple

import numpy as np

from ..data import alignment, synthetic
from ..network.gca_lstm import GCALSTM, loss_and_gradients
from ..support.errors import InputError
from ..training.optim import SGD

JOINTS = (
    "spine base",
    "neck",
    "head",
    "left elbow",
    "left hand",
    "right elbow",
    "right hand",
    "left foot",
    "right foot",
)
PARENTS = (None, 0, 1, 1, 3, 1, 5, 0, 0)  # of each joint, as an index into them
CLASSES = ("wave left hand", "kick right", "bow")
FRAMES, HIDDEN, ITERATIONS = 6, 4, 2
STEPS, RATE = 100, 0.02  # of every training step: so few that not every gradient is next to nothing


class Example(NamedTuple):
    """A small trained network and sequences for it: x (B, T, J, C), y (B,); bones are pairs of places in the chain."""

    network: GCALSTM
    params: dict
    x: np.ndarray
    y: np.ndarray
    joint_names: tuple
    bones: tuple
    class_names: tuple


def example(seed=0):
    """Nine joints of the synthetic human in six frames, three actions; one sequence of each, of a person unseen."""
    if seed < 0:
        raise InputError(f"--seed {seed} cannot be used: a seed is 0 or more")
    data = synthetic.generate(seed, subjects=7, repetitions=2, classes=CLASSES)
    aligned = alignment.align(data, face_camera=True, torso_scale=True)
    names = [data.joint_names[joint] for joint in aligned.order]
    places = [place for place, name in enumerate(names) if name in JOINTS]  # in the order of the chain
    joint_names = tuple(names[place] for place in places)
    bones = tuple((joint_names.index(JOINTS[parent]), joint_names.index(name))
                  for name, parent in zip(JOINTS, PARENTS, strict=True) if parent is not None)  # fmt: skip

    def batch(sequences, *positions):
        pairs = [aligned.batch(sequences, FRAMES, position=position) for position in positions]
        x, y = (np.concatenate(arrays) for arrays in zip(*pairs, strict=True))
        return np.ascontiguousarray(x[:, :, places]), y

    unseen = data.subject == data.subject.max()
    network = GCALSTM(len(places), FRAMES, 3, len(CLASSES), HIDDEN, ITERATIONS, initial="average", dropout=0.0)
    params = train(network, *batch(np.flatnonzero(~unseen), 0.25, 0.75), seed)
    shown = np.flatnonzero(unseen & (data.repetition == 1))
    return Example(network, params, *batch(shown, 0.5), joint_names, bones, CLASSES)


def train(network, x, y, seed):
    """Parameters after stepwise training (Algorithm 1) on all sequences x (B, T, J, C), y (B,) at once.

    The biases of the memory begin above 0: otherwise its few units might all be where their ReLU lets no gradient by.
    """
    params = network.init(np.random.default_rng(seed))
    for n in range(1, network.iterations + 1):
        params[f"memory.{n}.b"] += 1
    for n in range(network.iterations + 1):
        optimiser = SGD(RATE, 0.9, clip=1.0)
        for _ in range(STEPS):
            _, gradients, _ = loss_and_gradients(network, params, x, y, iterations=n)
            optimiser.step(params, gradients)
    return params
