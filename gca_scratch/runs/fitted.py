"""What a classifier (classifier.py) has fitted, and the one file that it is saved in: a checkpoint that says more."""

import os
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ..data.alignment import align
from ..data.from_arrays import hip_of, layout_from, seen_skeleton, sequences_from, skeletons_from
from ..data.joint_names import body_parts, find_roles
from ..data.labels import from_plain as labels_from_plain
from ..data.labels import to_plain as labels_to_plain
from ..data.neutral import Skeletons
from ..data.sampling import Aligned
from ..data.skeleton import Layout, chain
from ..network.arrays import ArrayModule, to_device, to_host
from ..network.gca_lstm import Network
from ..settings import Settings, settings_from
from ..support.errors import InputError, shown
from ..support.reading import from_plain
from ..training import Engine, State, best_weights, evaluate
from ..variants.build import build
from . import checkpoint
from .where import answers

_KEPT = str | int | float | None  # arguments that JSON keeps as they are
BATCH = 25  # sequences that are scored at once


class Fitted(NamedTuple):
    """All that predictions depend on.

    state: the training's, with its best weights.  layout, hip: the skeleton of the sequences, and what `hip_of` says of
    it; the network sees that of `seen`.  up: its vertical axis.  persons: the most that a sequence may have.  classes:
    the labels, in the order of the network's outputs.  unavailable: reasons by the names of settings that the skeleton
    does not allow.
    """

    state: State
    network: Network
    settings: Settings
    layout: Layout
    hip: str | None
    up: int
    persons: int
    classes: np.ndarray
    unavailable: dict[str, str]

    @property
    def seen(self) -> tuple[Layout, str | None]:
        """The skeleton that the network sees, and the joint to call its hip (from_arrays.seen_skeleton)."""
        return seen_skeleton(self.layout, self.hip)

    def read(self, X: Any) -> Aligned:
        """Sequences of one's own (`sequences_from`) as the network reads them, their labels all 0.

        Raises InputError where one cannot be read, has other joints, or more persons than `fit` has seen.
        """
        sequences = sequences_from(X)
        joints = len(self.layout.joint_names)
        if sequences[0].shape[2] != joints:
            raise InputError(
                f"X has {sequences[0].shape[2]} joints, but {joints} were fitted; give the same in one order"
            )
        for n, sequence in enumerate(sequences):
            if sequence.shape[1] > self.persons:
                raise InputError(
                    f"X[{n}] has {sequence.shape[1]} persons, but at most {self.persons} were fitted; leave some out"
                )
        label = np.zeros(len(sequences), np.int64)
        data = skeletons_from(sequences, self.layout, self.persons, label, len(self.classes), hip=self.hip)
        return aligned_for(data, self.settings, self.seen[1], self.up)

    def probabilities(self, data: Aligned, xp: ArrayModule) -> np.ndarray:
        """Probabilities of all sequences, (N, classes); InputError where they are not finite."""
        engine, weights = Engine(self.network, self.settings.parts), best_weights(self.state, xp)
        with np.errstate(all="ignore"):  # found below
            _, p = evaluate(engine, weights, data, np.arange(len(data.label)), self.settings, xp=xp)
        wrong = np.flatnonzero(~np.isfinite(p).all(axis=1))
        if len(wrong):
            raise InputError(f"X[{wrong[0]}] is beyond what the network can compute with; give it in metres")
        return p

    def scores(self, data: Aligned, xp: ArrayModule) -> np.ndarray:
        """Scores of Eq. 6 of all sequences, (iterations, N, T, J), joints of `seen`; InputError without any."""
        settings, count = self.settings, len(data.label)
        if not (settings.attentive and settings.iterations):
            raise InputError("this network has no attention; fit one with iterations=1 or more and network='gca'")
        weights, order = best_weights(self.state, xp), np.array(data.order)
        names, share = self.seen[0].joint_names, np.ones(len(order), np.float32)
        if settings.network == "coarse":  # each joint shows the score of its part
            part = np.array(body_parts(names))[order]
            share /= np.bincount(part)[part]
        found = np.zeros((settings.iterations, count, settings.frames, len(names)), np.float32)
        for first in range(0, count, BATCH):
            batch = slice(first, min(first + BATCH, count))
            x, _ = data.batch(np.arange(count)[batch], settings.frames)
            _, cache = self.network.forward(weights, to_device(x, xp))
            scores = to_host(self.network.scores(cache)) * share  # (iterations, batch, T, places of the chain)
            for place, joint in enumerate(order):  # a joint has several where the chain comes back to it
                found[:, batch, :, joint] += scores[..., place]
        return found

    def where(self, data: Aligned, xp: ArrayModule) -> dict[str, np.ndarray]:
        """All answers to where the network looks in all sequences, each (N, T, J), joints of `seen`."""
        weights, count = best_weights(self.state, xp), len(data.label)
        places = [np.flatnonzero(np.equal(data.order, joint)) for joint in range(len(self.seen[0].joint_names))]
        maps = answers(self.network, weights, data, np.arange(count), xp=xp)
        return {name: np.stack([found[:, :, at].mean(axis=2) for at in places], axis=2) for name, found in maps.items()}


def settings_of(given: Mapping[str, Any], preset: str, reasons: Mapping[str, str]) -> tuple[Settings, dict[str, str]]:
    """The settings of a classifier, and what the preset wants that cannot be, with the reasons.

    given: its arguments that are settings, None where the preset says.  reasons: those of `unavailable_for`. Raises
    InputError where a person asks for what cannot be.
    """
    own = {name: plain(value) for name, value in given.items() if value is not None}
    settings = from_plain(Settings, asdict(settings_from(preset)) | own, "GCALSTMClassifier")
    wanted = {name: getattr(settings, name) for name in reasons}
    if settings.network not in ("coarse", "two-stream"):
        wanted.pop("network", None)
    off = {name: reason for name, reason in reasons.items() if wanted.get(name)}
    for name, reason in off.items():
        if name in own:
            raise InputError(f"{name} = {own[name]!r} cannot be, for {reason}; leave it out")
    return replace(settings, **dict.fromkeys(off, False)), off


def aligned_for(data: Skeletons, settings: Settings, hip: str | None, up: int | None = None) -> Aligned:
    """Skeletons as the network of the settings reads them; up: the vertical axis, None where it is to be found."""
    s, tree = settings, settings.traversal == "tree"
    return align(data, s.face_camera, s.torso_scale, hip, tree, s.pair, s.motion, up)


def network_for(settings: Settings, layout: Layout, hip: str | None, persons: int, classes: int) -> Network:
    """The network that the settings describe, for so many persons of that layout and so many classes."""
    joints = len(layout.joint_names)
    root = find_roles(layout.joint_names, layout.edges, hip).hip
    order = chain(joints, layout.edges, root, revisit=settings.traversal == "tree")
    parts = body_parts(layout.joint_names) if settings.network in ("coarse", "two-stream") else None
    channels = 3 * persons * (2 if settings.motion else 1)
    return build(settings, len(order), channels, classes, [parts[joint] for joint in order] if parts else ())


def plain(value: Any) -> Any:
    """A scalar of NumPy as Python's; anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


@dataclass
class _Saved:
    """What the file holds beside a checkpoint, as JSON: the fields of `Fitted`, and the arguments of the constructor.

    own_skeleton: was the skeleton described, and not named?  hip: "" for None.
    """

    params: dict
    own_skeleton: bool
    layout: str
    joint_names: list
    edges: list
    hip: str
    up: int
    persons: int
    classes: dict
    unavailable: dict


def save(path: str | os.PathLike[str], fitted: Fitted, params: Mapping[str, Any]) -> None:
    """Write what was fitted, and the arguments of the constructor, whole or not at all; nothing is pickled.

    Raises InputError where the file cannot be written, or would not keep a label or an argument as it is.
    """
    layout = fitted.layout
    own = not isinstance(params["skeleton"], str | None)
    kept = {name: plain(value) for name, value in params.items()} | ({"skeleton": None} if own else {})
    for name, value in kept.items():
        if not isinstance(value, _KEPT):
            raise InputError(f"{name} = {shown(value)} cannot be saved; set_params can change it")
    saved = _Saved(
        kept, own, layout.name, list(layout.joint_names), list(map(list, layout.edges)), fitted.hip or "",
        fitted.up, fitted.persons, labels_to_plain(fitted.classes), fitted.unavailable,
    )  # fmt: skip
    checkpoint.save(path, fitted.state, fitted.network, fitted.settings, {"classifier": asdict(saved)})


def load(path: str | os.PathLike[str], arguments: Collection[str]) -> tuple[Fitted, dict[str, Any]]:
    """What `save` has written, and arguments of the constructor, which knows those names.

    A skeleton that was described is a Layout then.

    Raises InputError if the file is missing, damaged or edited, or a checkpoint of something else.
    """
    state, network, settings, run = checkpoint.load(path)
    if "classifier" not in run:
        raise InputError(f"{path} holds a run and no classifier; gca_scratch.runs.trained.load brings it back")
    saved = from_plain(_Saved, run["classifier"], f"{path}, classifier")
    try:
        layout = layout_from(Layout(saved.layout, tuple(saved.joint_names), tuple(saved.edges)), len(saved.joint_names))
        classes = labels_from_plain(saved.classes)
        hip = hip_of(layout, saved.hip or None, known=True)
        seen = seen_skeleton(layout, hip)
        whole = network == network_for(settings, *seen, saved.persons, len(classes)) and state.finished
    except InputError as error:
        raise InputError(f"{path}: {error}; the file has been edited: save it again") from None
    kept = all(name in arguments and isinstance(value, _KEPT) for name, value in saved.params.items())
    told = all(isinstance(reason, str) for reason in saved.unavailable.values())
    if not (whole and kept and told) or saved.up not in (0, 1, 2):
        raise InputError(f"{path} contradicts itself on what was fitted; it has been edited: save it again")
    params = saved.params | ({"skeleton": layout} if saved.own_skeleton else {})
    return Fitted(state, network, settings, layout, hip, saved.up, saved.persons, classes, saved.unavailable), params
