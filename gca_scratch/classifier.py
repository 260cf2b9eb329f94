"""GCALSTMClassifier: sequences of skeletons in, classes out, with the methods of a scikit-learn classifier.

What it fits and how is what the command line does: body coordinates and sampling (data), the network (network,
variants), Algorithm 1 (training), checkpoints (runs). Of scikit-learn it imports only what scikit-learn asks it for.
"""

import inspect
import os
import sys
from dataclasses import fields
from typing import Any, Self

import numpy as np

from . import training
from .data.from_arrays import (
    Skeleton,
    hip_of,
    layout_from,
    people_from,
    seen_skeleton,
    sequences_from,
    skeletons_from,
    unavailable_for,
)
from .data.labels import classes_of, codes_of, labels_from, weights_from
from .data.neutral import MOST_CLASSES
from .data.protocols import hold_out
from .network.arrays import module_for
from .runs import fitted as fitting
from .runs.fitted import Fitted, aligned_for, network_for
from .settings import Settings
from .support.errors import InputError, shown
from .support.progress import progress


class GCALSTMClassifier:
    """A GCA-LSTM that learns which action a sequence of skeletons shows.

    Sequences X are a list (or an object array of one axis) of numbers (frames, joints, 3) or (frames, persons, joints,
    3), of any lengths; or an array with one axis more. A joint that was not found is NaN or masked, an absent person
    all zeros; sequences of fewer persons are filled up with absent ones. Labels y are of any type.

    preset: "small" (for hundreds of sequences), "paper" or "demo" (settings.PRESETS): the settings that are left None.
    skeleton: "kinect_v2" or another name (data.layouts), a data.skeleton.Layout, or (names of joints, pairs of joints).
    Without one the chain follows the order of the joints in X, the first is the origin, y is taken for the vertical,
    and what needs names (mirror, face_camera, torso_scale, attention over body parts) is off.
    iterations: of attention; 0 leaves attention out.
    seed: decides the weights, the order of the sequences, everything random in training, and who is held out.
    device: "cpu" or "cuda".  verbose: 1 shows a progress bar on a terminal, and prints what is off.
    hip: the joint that is origin and root of the chain, where its name does not tell; "middle" makes one of both hips.
    Every other argument is a setting, and None means: as the preset says. docs/python.md lists them.
    The constructor keeps its arguments as they are; `fit` looks at them.

    After `fit` there are: classes_ (K,), the labels in ascending order; history_, a dict of training.HISTORY_COLUMNS
    for each epoch; unavailable_, settings of the preset that are off, each with the reason.

    Every method raises InputError, which is a ValueError of one sentence, for what it cannot use.
    """

    _estimator_type = "classifier"  # for scikit-learn before 1.6
    preset: str
    skeleton: Skeleton
    device: str
    verbose: int
    hip: str | None

    def __init__(
        self,
        preset: str = "small",
        skeleton: Skeleton = None,
        iterations: int | None = 2,
        seed: int | None = 0,
        device: str = "cpu",
        verbose: int = 0,
        *,
        hip: str | None = None,
        frames: int | None = None,
        hidden: int | None = None,
        initial: str | None = None,
        dropout: float | None = None,
        mode: str | None = None,
        batch_size: int | None = None,
        epochs: int | None = None,
        patience: int | None = None,
        validation: int | None = None,
        learning_rate: float | None = None,
        momentum: float | None = None,
        decay: float | None = None,
        decay_every: int | None = None,
        restart_every: int | None = None,
        restart: float | None = None,
        clip: float | None = None,
        average: int | None = None,
        balance: str | None = None,
        network: str | None = None,
        attention: str | None = None,
        sharing: str | None = None,
        trust_gate: bool | None = None,
        traversal: str | None = None,
        parts: int | None = None,
        recompute: bool | None = None,
        face_camera: bool | None = None,
        pair: bool | None = None,
        torso_scale: bool | None = None,
        motion: float | None = None,
        mirror: bool | None = None,
        exchange: bool | None = None,
        turn: float | None = None,
        stretch: float | None = None,
        jitter: float | None = None,
        crop: float | None = None,
        drop_joints: float | None = None,
        samplings: int | None = None,
    ) -> None:
        vars(self).update({name: value for name, value in locals().items() if name != "self"})

    # --- what scikit-learn asks for -----------------------------------------------------------------------------------

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments of the constructor by name; `deep` changes nothing."""
        return {name: getattr(self, name) for name in _defaults(type(self))}

    def set_params(self, **params: Any) -> Self:
        """Change arguments of the constructor; what has been fitted stays until the next `fit`."""
        for name in params:
            if name not in _defaults(type(self)):
                raise InputError(f"{type(self).__name__} has no parameter {shown(name)}; get_params() lists them")
        vars(self).update(params)
        return self

    def __repr__(self) -> str:
        defaults = _defaults(type(self))
        texts = {name: shown(value) for name, value in self.get_params().items()}
        changed = [f"{name}={text}" for name, text in texts.items() if text != shown(defaults[name])]
        return f"{type(self).__name__}({', '.join(changed)})"

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        inputs = InputTags(two_d_array=False, three_d_array=True)
        return Tags("classifier", TargetTags(required=True), classifier_tags=ClassifierTags(), input_tags=inputs)

    def __sklearn_is_fitted__(self) -> bool:
        return "_fitted" in vars(self)

    def get_metadata_routing(self) -> Any:
        """Where scikit-learn routes metadata, `fit` takes `groups`."""
        from sklearn.utils.metadata_routing import MetadataRequest

        request = MetadataRequest(owner=self)
        request.fit.add_request(param="groups", alias=True)
        return request

    # --- learn and predict --------------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Train by Algorithm 1 on sequences X and their labels y; returns self.

        groups: who performs each sequence, values of any type. They are needed where `validation` is not 0: so many
        people, chosen by the seed, are held out to measure the validation error: sequences of people whom training has
        seen say little about others. With `validation` 0, as in the preset "small", groups change nothing.
        """
        sequences = sequences_from(X)
        target = labels_from(y, len(sequences))
        classes = classes_of(target)
        if not 2 <= len(classes) <= MOST_CLASSES:
            found = f"the class {shown(classes.tolist()[0])} alone" if len(classes) == 1 else f"{len(classes)} classes"
            raise InputError(f"y holds {found}; give sequences of 2 to {MOST_CLASSES} classes")
        layout = layout_from(self.skeleton, sequences[0].shape[2])
        hip = hip_of(layout, self.hip, known=self.skeleton is not None)
        seen = seen_skeleton(layout, hip)
        own = {setting.name: getattr(self, setting.name) for setting in fields(Settings)}
        settings, unavailable = fitting.settings_of(own, str(self.preset), unavailable_for(*seen, classes))
        people = people_from(groups, len(sequences), settings.validation)
        xp = module_for(self.device)
        persons = max(sequence.shape[1] for sequence in sequences)
        network = network_for(settings, *seen, persons, len(classes))
        state = training.start(network, settings)
        data = skeletons_from(sequences, layout, persons, codes_of(target, classes), len(classes), people, hip)
        aligned = aligned_for(data, settings, seen[1])
        train, held_out = np.arange(len(data)), np.arange(0)
        if settings.validation:
            rng = np.random.default_rng([settings.seed, 2])  # as for the command line
            train, held_out = hold_out(data, train, settings.validation, rng)
        if self.verbose and unavailable:
            print("off:", "; ".join(f"{name}, for {why}" for name, why in unavailable.items()), file=sys.stderr)
        bar = progress(total=settings.epochs, what="training", unit="epoch", show=bool(self.verbose))

        def on_start(n: int, epochs_done: int) -> None:
            bar.reset()
            bar.set_description(f"training step {n}")

        def on_epoch(state: training.State, done: bool) -> None:
            bar.update()
            bar.set_postfix({"loss": f"{state.history[-1]['train_loss']:.3f}"}, refresh=False)

        try:
            with bar, np.errstate(all="ignore"):  # what overflows is found below
                training.train(network, state, aligned, train, held_out, settings, xp, on_epoch, on_start)
        except InputError as error:
            raise InputError(str(error).removesuffix(", and start anew in another folder")) from None
        state = training.snapshot(state)
        if not all(np.isfinite(weights).all() for weights in state.params.values()):
            raise InputError(
                f"the weights are not finite; lower learning_rate ({settings.learning_rate:g}) or set clip"
            )
        return self._know(Fitted(state, network, settings, layout, hip, aligned.up, persons, classes, unavailable))

    def predict(self, X: Any) -> np.ndarray:
        """The most probable label of each sequence, (N,) of the type of `classes_`."""
        return self._known().classes[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities float32 (N, K), a column for each of `classes_`; means over `samplings` looks at a sequence."""
        fitted = self._known()
        return fitted.probabilities(fitted.read(X), module_for(self.device))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The part of sequences X that `predict` gives their label y; one that was never fitted counts as missed.

        Raises InputError where not one of y is among `classes_`, as where numbers have become text, and for weights
        that are not a number, 0 or more, for each sequence.
        """
        predicted = self.predict_proba(X).argmax(axis=1)
        codes = codes_of(labels_from(y, len(predicted)), self.classes_)
        if (codes < 0).all():
            raise InputError(
                f"y holds no label that was fitted, such as {shown(self.classes_.tolist()[0])}; give labels as in fit"
            )
        return float(np.average(predicted == codes, weights=weights_from(sample_weight, len(codes))))

    def attention_scores(self, X: Any) -> np.ndarray:
        """Informativeness of every joint in every frame (Eq. 6), float32 (iterations, N, T, J).

        Those of each iteration and sequence sum to 1. Frames are the T that `attention_frames` names, joints are in the
        order of X, then the pelvis and neck that were made. In the network "coarse" the joints of a body part share its
        score evenly; of the two streams of "two-stream" it is the one over joints.
        """
        fitted = self._known()
        return fitted.scores(fitted.read(X), module_for(self.device))

    def attention_frames(self, X: Any) -> np.ndarray:
        """Which frames of each sequence `attention_scores` is about, int64 (N, T), counted from 0."""
        fitted = self._known()
        aligned = fitted.read(X)
        return aligned.frame_index(np.arange(len(aligned.label)), fitted.settings.frames) - aligned.offsets[:-1, None]

    def where_it_looks(self, X: Any) -> dict[str, np.ndarray]:
        """Answers to where the network looks, each (N, T, J), by the names that `runs.where.answers` explains.

        Frames and joints are those of `attention_scores`. Within a sequence the order of its cells tells which matter
        more; the numbers of two answers cannot be compared.
        """
        fitted = self._known()
        return fitted.where(fitted.read(X), module_for(self.device))

    # --- keep and bring back ------------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what was fitted, and the arguments of the constructor, to the file `path`, whole or not at all.

        Labels come back as they were if they are numbers, text or booleans, of Python or NumPy; InputError for others.
        """
        fitting.save(path, self._known(), self.get_params())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """The classifier that `save` has written; nothing is unpickled. A skeleton given as a tuple is a Layout then.

        Raises InputError if the file is missing, damaged or edited. One fitted on a GPU goes on without it after
        set_params(device="cpu").
        """
        fitted, params = fitting.load(path, _defaults(cls))
        return cls().set_params(**params)._know(fitted)

    # --- within -------------------------------------------------------------------------------------------------------

    def _know(self, fitted: Fitted) -> Self:
        self._fitted = fitted
        self.classes_, self.history_ = fitted.classes, fitted.state.history
        self.unavailable_ = fitted.unavailable
        return self

    def _known(self) -> Fitted:
        if not self.__sklearn_is_fitted__():
            raise InputError(f"this {type(self).__name__} is not fitted; call fit(X, y) first, or load a fitted one")
        return self._fitted


def _defaults(cls: type) -> dict[str, Any]:
    """The arguments of the constructor with their defaults."""
    parameters = inspect.signature(cls).parameters.values()
    return {parameter.name: parameter.default for parameter in parameters}
