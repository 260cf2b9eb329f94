"""A trained network brought back from its folder, and what it makes of sequences: probabilities and scores."""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from .. import training
from ..data import neutral, protocols
from ..data.neutral import Skeletons
from ..data.ready import ready
from ..data.sampling import Aligned
from ..network.arrays import Array, ArrayModule, module_for, to_device, to_host
from ..network.gca_lstm import Network
from ..settings import Settings
from ..support.errors import InputError
from ..support.reading import from_plain
from ..training.parallel import Engine
from . import checkpoint
from .adapt import adapted, with_classes
from .known import from_saved, in_spans
from .split import EVERYTHING, Source, Split, load_data, make_split

BATCH = 100  # sequences that are run at once


class Body(NamedTuple):
    """How cells of the network become joints of a picture.

    places (J,): the first cell of each joint, in the order of the chain.  bones: pairs of indices into it.
    shares (J, K): what each of the K cells adds to the score of a joint that has several.
    """

    places: list[int]
    bones: list[tuple[int, int]]
    shares: np.ndarray


def body(data: Skeletons, aligned: Aligned) -> Body:
    """The Body of skeletons (data.neutral) that have been aligned (data.alignment)."""
    order = list(aligned.order)
    joints = list(dict.fromkeys(order))  # each once, also where the chain comes back to it
    bones = [(joints.index(a), joints.index(b)) for a, b in data.edges]
    cells = np.array(joints)[:, None] == order
    shares = cells / cells.sum(axis=1, keepdims=True) * (len(order) / len(joints))
    return Body([order.index(joint) for joint in joints], bones, shares)


class Run(NamedTuple):
    """A trained network with its settings and data; iterations are those it was last trained for."""

    network: Network
    weights: dict[str, Array]
    settings: Settings
    iterations: int
    split: Split
    source: Source
    body: Body
    xp: ArrayModule


def reload(
    path: str | os.PathLike[str], data: str | os.PathLike[str] | Skeletons | None = None, **other: str | int
) -> tuple[training.State, Network, Settings, Source, Split]:
    """A checkpoint (file or folder) and what it was trained on: state, network, settings, source and Split.

    data: where the data lies now, if it has moved, or the data itself.  other: fields of Source that are to be others.

    Data that are not those of training are made to fit: classes and joints go by their names, the vertical is turned
    (`adapt`). What was done, and that sequences or people of training are tested, is in `Split.said`.

    Raises InputError if anything cannot be read, or the data does not fit the network.
    """
    state, network, settings, run = checkpoint.load(path)
    saved = {name: value for name, value in run.items() if name not in ("fingerprint", "known")}
    given = isinstance(data, Skeletons)
    moved = {} if given or not data else {"data": str(data)}
    source = from_plain(Source, saved | moved | other, f"what {path} was trained on")
    if not given and not moved and source.data and not os.path.exists(source.data):
        raise InputError(
            f"{path} was trained on {source.data}, which is not there; go to the folder in which train was called, or "
            "say with --data where the data lies now (compare takes two tables of --predictions in place of runs)"
        )
    found = ready(data if given else load_data(source), source.hip).data
    if neutral.fingerprint(found) == run.get("fingerprint"):
        split = make_split(found, source, settings)
        if (source.protocol, source.fold) != (saved.get("protocol"), saved.get("fold")):
            split = _tested_alone(split, from_saved(run, str(path), network.classes), [])
    else:
        split = _of_others(found, source, settings, from_saved(run, str(path), network.classes))
    if split.network(settings) != network:
        raise InputError(f"{path} was trained on data of another shape than {source.data or source.dataset} holds")
    return state, network, settings, source, split


def _of_others(data, source, settings, known):
    """Data that are not those of training, as the network knows them, and divided; the Split says what differs."""
    where = source.data or source.dataset
    labelled, said = with_classes(protocols.restricted(data, source.protocol), known, where)
    count = 1 if source.protocol == EVERYTHING else protocols.folds(labelled, source.protocol)
    if source.fold > count and source.protocol != EVERYTHING:
        raise InputError(
            f"{where} is not the data that the network was trained on, and {source.protocol} has no fold {source.fold} "
            f"there; test all of it with --protocol all, or choose with --fold from 1 to {count}"
        )
    fitted, more = adapted(labelled, known, settings, where)
    source, settings = replace(source, hip=known.hip, up=""), replace(settings, validation=0)
    said = [f"{where} is not the data that the network was trained on", *said, *more]
    return _tested_alone(make_split(fitted, source, settings), known, said)


def _tested_alone(split, known, said):
    """The Split without what its protocol would train on, for that trained nothing; it says what was trained on."""
    nobody = split.test[:0]
    seen = int(known.seen(split.data, split.test).sum())
    if seen:
        said.append(f"{seen} of the {len(split.test)} test sequences were trained on, so this is no test of them")
    people = sorted({*known.train_subjects, *known.validation_subjects} & set(split.data.subject[split.test].tolist()))
    if people and not seen:
        said.append(
            f"people of the test have the numbers of people who were trained on ({in_spans(people)}); if they are the "
            "same, this is no test of new people"
        )
    return replace(split, fit=nobody, validate=nobody, said=tuple(said))


def load(
    path: str | os.PathLike[str], data: str | os.PathLike[str] | Skeletons | None = None, device: str = "cpu"
) -> Run:
    """The Run in a folder that `train` has written; InputError where there is none or its data is missing.

    data: where the data lies now, if it has moved, or the data itself, if it is there already.
    """
    state, network, settings, source, split = reload(path, data)
    if not state.history:
        raise InputError(f"{path} holds a network that was never trained; train it with --resume")
    xp = module_for(device)
    weights, iterations = training.best_weights(state, xp), state.history[-1]["step"]
    return Run(network, weights, settings, iterations, split, source, body(split.data, split.aligned), xp)


def classify(run: Run, sequences: Sequence[int] | np.ndarray) -> tuple[np.ndarray, np.ndarray | None, list[str]]:
    """Probabilities (n, classes) of sequences, scores (rows, n, T, K) or None, and the names of their rows.

    The probabilities are those of the test, the mean over all its looks; the scores are of one look, at the middles.
    A row of scores is an attention iteration, of one stream after the other where there are two. All are scaled so that
    1/(K T) is a uniform guess, also those of body parts.
    """
    found, row_names = [], []
    for first in range(0, len(sequences), BATCH):
        x, _ = run.split.aligned.batch(sequences[first : first + BATCH], run.network.frames)
        _, cache = run.network.forward(run.weights, to_device(x, run.xp), iterations=run.iterations, remember=False)
        rows, row_names = [], []
        for number, (prefix, stream) in enumerate(run.network.streams().items()):
            r = run.network.scores(cache, number)
            if r is None:
                continue
            parts = getattr(stream, "parts", None)
            guesses = run.network.joints if parts is None else len(set(parts))
            rows.append(to_host(r) * (guesses / run.network.joints))
            stream_name = prefix.replace(".", ", ")
            row_names += [f"{stream_name}iteration {n}" for n in range(1, len(r) + 1)]
        found.append(np.concatenate(rows) if rows else None)
    chances = probabilities_of(run, sequences)
    return chances, None if found[0] is None else np.concatenate(found, axis=1), row_names


def probabilities_of(run: Run, sequences: Sequence[int] | np.ndarray) -> np.ndarray:
    """Probabilities (n, classes) of sequences as the test has them."""
    engine, aligned = Engine(run.network, run.settings.parts), run.split.aligned
    sequences = np.asarray(sequences)
    return training.evaluate(engine, run.weights, aligned, sequences, run.settings, run.iterations, run.xp)[1]
