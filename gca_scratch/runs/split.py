"""What a network is trained and tested on: the data, and its sequences divided by a protocol."""

import os
import re
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib import import_module

import numpy as np

from ..data import alignment, neutral, protocols, sampling, synthetic
from ..data.joint_names import body_parts
from ..data.mirror import mirror_conflict
from ..data.readers import READERS
from ..data.readers.foreign import refuse_others, refuse_others_for, unread
from ..data.readers.recording import read_all, read_and_remark, reader_of
from ..data.ready import answered, ready
from ..network.gca_lstm import Network
from ..settings import Settings
from ..support.errors import InputError, shown
from ..variants.build import build

_MODULES = {name: import_module(f"gca_scratch.data.readers.{module}") for name, module in READERS.items()}
DATASETS = {
    "synthetic": lambda path: synthetic.generate(subjects=80, repetitions=1),
    "synthetic-restless": lambda path: synthetic.generate(subjects=80, repetitions=2, restless=True),
    "npz": neutral.load,
    **{name: partial(read_all, module) for name, module in _MODULES.items()},
}
GENERATED = "synthetic", "synthetic-restless"  # those that lie nowhere
LARGE = 1 << 31  # bytes of a file of original data that is read whole
EVERYTHING = "all"  # the protocol of a test of every sequence, by a network that was trained on others


@dataclass(frozen=True)
class Source:
    """Where sequences come from and how they are divided.

    dataset: one of DATASETS.  data: its file or folder (none for those GENERATED).  protocol: one of data.protocols.
    fold: counted from 1; 0 stands for all.  hip: the joint that is the hip, where its name does not tell.  up: the
    vertical axis, such as +z, where the data do not tell, or tell wrongly.
    """

    dataset: str
    data: str = ""
    protocol: str = "half"
    fold: int = 1
    hip: str = ""
    up: str = ""

    def __post_init__(self):
        for name, value in asdict(self).items():
            if isinstance(value, str) and re.search("[\0\ud800-\udfff]", value):
                raise InputError(f"{name} = {shown(value)} holds what no text file can keep; give it another name")


def dataset_of(data: str | None) -> str:
    """The data set that is meant where none is named: what a file or folder looks like, "synthetic" without a path.

    Raises InputError, saying what it is, for what neither a reader takes nor the neutral format is.
    """
    if data is None:
        return "synthetic"
    if not data:
        raise InputError("--data is empty; give a path, or leave it out for the synthetic actions")
    recognised = reader_of(data)
    if recognised:
        return recognised
    if os.path.isdir(data):
        raise unread(data)
    return "npz"


def load_data(source: Source, remarks: list[str] | None = None) -> neutral.Skeletons:
    """The data of a source as data.neutral.Skeletons; InputError when it cannot be read.

    remarks: a list that is given what the reader of original files says of them.
    """
    if source.dataset not in DATASETS:
        raise InputError(f"unknown data set {shown(source.dataset)}: choose one of {', '.join(DATASETS)}")
    if source.dataset in GENERATED and source.data:
        raise InputError(f"synthetic data lies nowhere; leave --data {source.data} out, or name another --dataset")
    if source.dataset not in GENERATED and not source.data:
        raise InputError(f"the data set {source.dataset} lies on your disk: say where with --data PATH")
    if source.dataset == "npz":
        refuse_others(source.data)
    if source.dataset in _MODULES:
        refuse_others_for(source.dataset, source.data)
        _refuse_large(source)
        data, said = read_and_remark(_MODULES[source.dataset], source.data)
        if remarks is not None:
            remarks += said
    else:
        data = DATASETS[source.dataset](source.data)
    return replace(data, meaning=data.meaning.saying(source.up)) if source.up else data


def _refuse_large(source):
    size = os.path.getsize(source.data) if os.path.isfile(source.data) else 0
    if size > LARGE:
        raise InputError(
            f"{source.data} has {size / 1e9:.1f} GB, too much to be read whole each time; convert it once, and train "
            "on what that writes, which is read in place: python -m gca_scratch convert --dataset "
            f"{source.dataset} --data {source.data} --out {source.dataset}.npz"
        )


def usual_protocol(data: neutral.Skeletons) -> tuple[str, str]:
    """The protocol where nobody names one, and why it is that one: the data's own split, else that of their authors."""
    if data.test is not None:
        return "file", "the split that the data come with"
    if data.meaning.protocol.value:
        return data.meaning.protocol.value, "that of the data's authors"
    return "half", "subjects with odd numbers train"


@dataclass
class Split:
    """Sequences in the coordinates of the body, and which of them fit, validate and test (indices)."""

    data: neutral.Skeletons
    aligned: sampling.Aligned
    fit: np.ndarray
    validate: np.ndarray
    test: np.ndarray
    said: tuple[str, ...] = ()  # sentences on what is not as in training, of data that are not those of training

    def warnings(self) -> list[str]:
        """Sentences on what is not as in training, and on classes that nobody trains or tests (`protocols.lacking`)."""
        if not len(self.fit):
            return list(self.said)
        return [*self.said, *protocols.lacking(self.data, self.fit, self.validate, self.test)]

    def network(self, settings: Settings) -> Network:
        """The network that the settings describe, for this data."""
        parts = body_parts(self.data.joint_names) if settings.network in ("coarse", "two-stream") else None
        return build(
            settings,
            joints=len(self.aligned.order),
            channels=self.aligned.channels,
            classes=len(self.data.class_names),
            parts=[parts[joint] for joint in self.aligned.order] if parts else (),
        )


def divide(
    data: neutral.Skeletons, source: Source, settings: Settings
) -> tuple[neutral.Skeletons, np.ndarray, np.ndarray, np.ndarray]:
    """The data that the protocol is about, and its sequences to fit, validate and test; errors as `make_split`."""
    if source.protocol == EVERYTHING:
        return data, np.arange(0), np.arange(0), np.arange(len(data))
    data = protocols.restricted(data, source.protocol)
    train, test = protocols.split(data, source.protocol, source.fold)
    fit, validate = train, train[:0]
    if settings.validation:
        rng = np.random.default_rng([settings.seed, 2])
        fit, validate = protocols.hold_out(data, train, settings.validation, rng)
    return data, fit, validate, test


def make_split(data: neutral.Skeletons, source: Source, settings: Settings) -> Split:
    """Divide the data as the source says, and align it; who is held out for validation depends on the seed alone.

    The data of the Split are those that the protocol is about (`protocols.restricted`), made ready (`ready.ready`).

    Raises InputError where protocol, joints or classes do not allow what is asked for.
    """
    data = ready(protocols.restricted(data, source.protocol), source.hip).data
    data, fit, validate, test = divide(data, source, settings)
    aligned = alignment.align(
        data,
        settings.face_camera,
        settings.torso_scale,
        answered(source.hip, data),
        settings.traversal == "tree",
        settings.pair,
        motion=settings.motion,
    )
    if settings.mirror and aligned.mirrored is None:
        raise InputError(
            f"mirror needs joints whose names tell left from right, not {', '.join(data.joint_names)}; "
            "switch it off with --no-mirror"
        )
    conflict = mirror_conflict(data.class_names) if settings.mirror else None
    if conflict:
        raise InputError(f"mirror cannot be, for {conflict}; switch it off with --no-mirror")
    return Split(data, aligned, fit, validate, test)
