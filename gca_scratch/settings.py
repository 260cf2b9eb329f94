"""Every number that a training run depends on, the named presets that set them together, and their options."""

import argparse
from dataclasses import dataclass, field, fields, replace
from typing import Any

from .support.errors import InputError, shown

NETWORKS = ("gca", "coarse", "two-stream", "st-lstm", "global-1", "global-2")

LARGEST = 1_000_000  # of any setting that has no limit of its own


def _setting(default, meaning, must_be="", holds=lambda value: True) -> Any:
    return field(default=default, metadata={"help": meaning, "must_be": must_be, "holds": holds})


def _count(default, meaning, least=1, most=LARGEST) -> Any:
    return _setting(default, meaning, f"from {least} to {most}", lambda value: least <= value <= most)


def _number(default, meaning) -> Any:
    return _setting(default, meaning, f"from 0 to {LARGEST}", lambda value: 0 <= value <= LARGEST)


def _choice(default, meaning, *choices) -> Any:
    return _setting(default, f"{meaning}: {', '.join(choices)}", f"one of {', '.join(choices)}", lambda v: v in choices)


def _fraction(default, meaning, below=1.0) -> Any:
    return _setting(default, meaning, f"from 0 to below {below:g}", lambda value: 0 <= value < below)


@dataclass(frozen=True)
class Settings:
    """What to train and how. The defaults are the paper's values where it gives one; metadata says what each means.

    Raises InputError for a value that cannot be used.
    """

    # the network
    frames: int = _count(20, "frames T taken from each sequence", most=10_000)
    hidden: int = _count(128, "width of hidden states and of the memory", most=10_000)
    iterations: int = _count(2, "attention iterations N; 0 leaves attention out", least=0, most=100)
    initial: str = _choice("feedforward", "initial memory, the average of Eq. 4 or a layer", "average", "feedforward")
    dropout: float = _fraction(
        0.5, "dropout probability on the outputs of layer 1 and on the memory before the classifier"
    )
    # training
    mode: str = _choice("stepwise", "training by Algorithm 1 or of the whole network at once", "stepwise", "direct")
    batch_size: int = _count(100, "sequences in a batch")
    epochs: int = _count(100, "most epochs of one training step")
    patience: int = _count(5, "epochs without a better validation error after which a training step ends")
    validation: int = _count(
        1,
        "training subjects held out to measure the validation error; with 0 every training step takes all its epochs",
        least=0,
    )
    learning_rate: float = _setting(
        1.5e-3, "learning rate", "a finite number above 0", lambda value: 0 < value < float("inf")
    )
    momentum: float = _fraction(0.9, "momentum")
    decay: float = _setting(
        0.95, "factor of the learning rate after every DECAY_EVERY epochs", "above 0, at most 1", lambda v: 0 < v <= 1
    )
    decay_every: int = _count(1, "epochs between two decays of the learning rate")
    restart_every: int = _count(
        0, "epochs after which, as at each further training step, the rate is raised again; 0 for never", least=0
    )
    restart: float = _setting(
        0.3, "with RESTART_EVERY, the part of its start to which it rises", "above 0, at most 1", lambda v: 0 < v <= 1
    )
    clip: float = _number(0.0, "largest norm of the gradient; 0 for no limit")
    average: int = _count(
        0, "epochs whose mean weights are tested, and begin the next training step; 0 for the last weights", least=0
    )
    balance: str = _choice(
        "none", "rare classes weigh as much as others, in the loss or in what is drawn", "none", "weights", "sampling"
    )
    # other networks: the paper's ablations and baselines
    network: str = _choice(
        "gca",
        "GCA-LSTM with attention over joints (gca), over body parts (coarse) or both, or a network without attention",
        *NETWORKS,
    )
    attention: str = _choice("gate", "scores as a gate of layer 2 (Eq. 7) or as weights of a mean", "gate", "soft")
    sharing: str = _choice("d", "column of Table VIII, what W_e1 and W_e2 share", "a", "b", "c", "d")
    trust_gate: bool = _setting(False, "the trust gate of the ST-LSTM paper in layer 1")
    traversal: str = _choice("chain", "every joint once, or again on the way back (ST-LSTM paper)", "chain", "tree")
    # the machine
    parts: int = _count(0, "parts of a batch that run side by side on the CPU; 0: what its size suggests", least=0)
    recompute: bool = _setting(False, "save memory: run attention iterations again for the backward pass")
    # the input
    face_camera: bool = _setting(False, "turn every body to face the camera in its first frame")
    pair: bool = _setting(False, "of two persons, put the middle at the origin and turn the line between them")
    torso_scale: bool = _setting(False, "divide coordinates by the length of the torso")
    motion: float = _number(
        0.0, "give each cell, beside its coordinates, MOTION times their change since the frame before"
    )
    mirror: bool = _setting(False, "in training, exchange left and right in half of the sequences")
    exchange: bool = _setting(False, "with PAIR, in training, exchange the two persons in half of the sequences")
    turn: float = _number(0.0, "in training, turn bodies about the vertical by up to so many degrees")
    stretch: float = _fraction(0.0, "in training, make bodies larger or smaller by up to this part")
    jitter: float = _number(0.0, "in training, add Gaussian noise of this deviation (in units of the input)")
    crop: float = _fraction(0.0, "in training, cut up to this part off each end of a sequence", below=0.5)
    drop_joints: float = _fraction(
        0.0, "in training, lose each joint of a frame with this probability, and fill it in from the frames around"
    )
    samplings: int = _count(1, "in testing, looks at each sequence whose probabilities are averaged")
    seed: int = _count(0, "seed of weights, order, dropout and the subjects held out", least=0)

    @property
    def attentive(self) -> bool:
        """Does the network have attention iterations?"""
        return self.network in ("gca", "coarse", "two-stream")

    def __post_init__(self):
        for setting in fields(self):
            value = getattr(self, setting.name)
            if not setting.metadata["holds"](value):
                raise InputError(
                    f"{setting.name} = {shown(value)} cannot be used: it must be {setting.metadata['must_be']}"
                )


PRESETS = {
    "paper": Settings(),
    # for small data sets, chosen on validation subjects of UT-Kinect: docs/tables/real-skeletons.md says how; the
    # averages and the rate that is raised again were chosen on UTD-MHAD
    "small": Settings(
        frames=10,
        hidden=64,
        initial="average",
        batch_size=8,
        epochs=80,
        patience=80,
        validation=0,
        learning_rate=0.1,
        decay=0.975,
        restart_every=80,
        average=8,
        clip=5.0,
        face_camera=True,
        torso_scale=True,
        pair=True,
        mirror=True,
        exchange=True,
        turn=45.0,
        stretch=0.2,
        jitter=0.04,
        crop=0.15,
        samplings=5,
    ),
    # the synthetic actions, where no mirror image is allowed, in a few minutes
    "demo": Settings(
        frames=10,
        hidden=64,
        initial="average",
        dropout=0.2,
        batch_size=16,
        epochs=26,
        patience=26,
        validation=4,
        learning_rate=0.1,
        decay=0.96,
        clip=5.0,
        face_camera=True,
        torso_scale=True,
        crop=0.05,
    ),
}


def settings_from(preset: str, **changes: Any) -> Settings:
    """A preset with some values changed; InputError for a name that is no preset."""
    if preset not in PRESETS:
        raise InputError(f"unknown preset {shown(preset)}: choose one of {', '.join(PRESETS)}")
    return replace(PRESETS[preset], **changes)


# --- on the command line ----------------------------------------------------------------------------------------------


def add_options(parser: argparse.ArgumentParser) -> None:
    """An option for every setting; None where it is not given."""
    group = parser.add_argument_group("settings", "each changes one value of the preset")
    for setting in fields(Settings):
        flag, meaning = "--" + setting.name.replace("_", "-"), setting.metadata["help"]
        if isinstance(setting.default, bool):
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=meaning)
        else:
            group.add_argument(flag, type=type(setting.default), metavar=setting.name.upper(), help=meaning)


def given(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that were given, by name."""
    values = {setting.name: getattr(options, setting.name) for setting in fields(Settings)}
    return {name: value for name, value in values.items() if value is not None}
