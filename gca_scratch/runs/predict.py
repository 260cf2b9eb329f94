"""A trained network asked about recordings that have no label: which class, how sure, or none of these.

A recording is looked at whole, or in windows, each as a sequence of its own. An answer whose probability is below the
threshold is none of the classes: a network has no class for what it has never seen, and a softmax always names one.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import training
from ..data import neutral
from ..data.alignment import align
from ..data.centred import with_places
from ..data.parts import cut, windows
from ..data.proportions import complaints
from ..data.readers.foreign import refuse_others, refuse_others_for, unread
from ..data.readers.recording import Options, read_and_remark, reader_named, reader_of
from ..data.ready import somebody, without_gaps
from ..data.sampling import Aligned
from ..data.stance import doubts
from ..network.arrays import Array, ArrayModule, module_for
from ..network.gca_lstm import Network
from ..settings import Settings
from ..support.errors import InputError
from ..training.parallel import Engine
from . import checkpoint
from .adapt import adapted
from .known import Known, from_saved
from .movement import distances

NONE = "none of these"
UNLABELLED = Options(labelled=False)
LONG = 3  # times the longest sequence of training: from there on windows are advised


class Trained(NamedTuple):
    """A network that can be asked, with what it knows of its training data."""

    network: Network
    weights: dict[str, Array]
    settings: Settings
    iterations: int
    known: Known
    xp: ArrayModule


class Answer(NamedTuple):
    """What the network makes of frames `start` to `stop` - 1 of a recording.

    sequence: its number in the file, from 0.  name: its name there.  seconds: (start, stop), None where the frame rate
    is unknown.  label: the class, or None for none of these.  probabilities: float32 (classes,).
    """

    file: str
    sequence: int
    name: str
    start: int
    stop: int
    seconds: tuple[float, float] | None
    label: int | None
    probabilities: np.ndarray


class Asked(NamedTuple):
    """The answers about one file, what was said on the way, and what the network saw: its skeletons, aligned.

    Sequence n of `data` and of `aligned` is what answer n is about.
    """

    answers: list[Answer]
    said: list[str]
    data: neutral.Skeletons
    aligned: Aligned


def load(path: str | os.PathLike[str], device: str = "cpu") -> Trained:
    """The network in a folder that `train` has written, or in its checkpoint, without its data.

    Raises InputError if there is none, or none that was trained.
    """
    state, network, settings, run = checkpoint.load(path)
    if not state.history:
        raise InputError(f"{path} holds a network that was never trained; train it with --resume")
    xp = module_for(device)
    weights = training.best_weights(state, xp)
    known = from_saved(run, str(path), network.classes)
    return Trained(network, weights, settings, state.history[-1]["step"], known, xp)


def predict(
    trained: Trained,
    file: str | os.PathLike[str],
    window: int = 0,
    stride: int = 0,
    threshold: float | None = None,
    options: Options = UNLABELLED,
    dataset: str = "",
) -> Asked:
    """Ask the network about a file of any format that is read; labels are not needed.

    window: frames of a window; 0 looks at every sequence whole.  stride: frames from one window to the next (0: half a
    window).  threshold: the probability below which an answer is none of the classes; None takes the one that was set
    on validation people, if any.  options, dataset: what the user says about the file.

    Raises InputError if the file cannot be read, shows nobody, or lacks joints that the network cannot do without.
    """
    if window < 0 or stride < 0:
        raise InputError(f"--window {window} and --stride {stride} cannot be used: give numbers of frames from 1")
    if threshold is not None and not 0 <= threshold <= 1:
        raise InputError(f"--threshold {threshold:g} cannot be used: a probability lies from 0 to 1")
    data, remarks = read(file, options, dataset)
    data, centred = with_places(data)
    fitted, changed = adapted(data, trained.known, trained.settings, str(file))
    doubted = doubts(fitted, str(file), trained.known.hip or None)
    said = [*remarks, *centred, *changed, *doubted, *complaints(fitted, str(file))]
    longest = int(fitted.lengths.max())
    if not window and longest > LONG * trained.known.lengths[2]:
        said.append(
            f"{file} has {longest} frames, and the network learned from at most {trained.known.lengths[2]}; ask with "
            f"--window {trained.known.lengths[1]} if it shows several actions"
        )
    whole, spans = fitted, [(n, 0, int(length)) for n, length in enumerate(fitted.lengths)]
    if window:
        whole, spans = windows(fitted, window, stride)
    there = np.ones(len(whole), bool) if isinstance(whole.joints, np.memmap) else somebody(whole)
    if window:  # what a window lacks is filled in from the frames around it
        whole, _ = windows(without_gaps(fitted, trained.known.hip or None), window, stride)
    whole, spans = _with_somebody(whole, spans, there, "windows" if window else "sequences", file, said)
    aligned = aligned_for(trained, whole)
    p = probabilities(trained, aligned, str(file))
    labels = named(trained, aligned, p, threshold)
    rate = data.meaning.frames_per_second
    answers = []
    for (n, start, stop), label, chances in zip(spans, labels, p, strict=True):
        seconds = None if rate is None else (start / rate, stop / rate)
        answers.append(Answer(str(file), n, str(data.name[n]), start, stop, seconds, label, chances))
    return Asked(answers, said, whole, aligned)


def named(trained: Trained, aligned: Aligned, p: np.ndarray, threshold: float | None = None) -> list[int | None]:
    """The class of each sequence, or None for none of these, given the probabilities (N, classes).

    It is None below the threshold. Without one it is None below that which training has set, and where joints move as
    they never did in the class (`movement`).
    """
    limit, moves = trained.known.threshold if threshold is None else threshold, trained.known.moves
    label = p.argmax(axis=1)
    sure = p.max(axis=1) >= limit
    if moves is not None and threshold is None:
        sure &= moves.strangeness(distances(aligned, trained.settings.frames), label) <= moves.limit
    return [int(k) if yes else None for k, yes in zip(label, sure, strict=True)]


def _with_somebody(data, spans, there, what, file, said):
    """Those of the sequences or windows, and where they lie, that show anybody, as bool (N,) says."""
    if there.all():
        return data, spans
    if not there.any():
        raise InputError(f"{file} shows nobody, for every joint is zero or NaN; give a recording of a person")
    said.append(f"{(~there).sum()} of {len(data)} {what} of {file} show nobody and are left out")
    kept = np.flatnonzero(there)
    return cut(data, kept), [spans[n] for n in kept]


def read(file: str | os.PathLike[str], options: Options, dataset: str = "") -> tuple[neutral.Skeletons, list[str]]:
    """The sequences of a file, of the neutral format or of any that is recognised, and what its reader says of them.

    Raises InputError for one that is of none.
    """
    if not os.path.exists(file):
        raise InputError(f"there is no file {file}; give a recording")
    if not dataset and is_neutral(file):
        refuse_others(file)
        data = neutral.load(file)
    else:
        name = dataset or reader_of(file)
        if name is None:
            raise unread(file)
        refuse_others_for(name, file)
        return read_and_remark(reader_named(name), file, options)
    return replace(data, meaning=data.meaning.saying(options.up, options.unit, options.rate)), []


def is_neutral(file: str | os.PathLike[str]) -> bool:
    """Is it a file of the neutral format, or one that is meant to be: an .npz that no reader takes for its own?"""
    return Path(file).suffix.lower() == ".npz" and not os.path.isdir(file) and reader_of(file) is None


def aligned_for(trained: Trained, data: neutral.Skeletons) -> Aligned:
    """Skeletons that are as the network knows them (`adapt.adapted`), in coordinates of the body, without labels."""
    s, known = trained.settings, trained.known
    data = replace(data, label=np.zeros_like(data.label))  # those of the file need not be among the network's
    tree = s.traversal == "tree"
    up = "xyz".index(known.up[1]) if known.up else None
    aligned = align(data, s.face_camera, s.torso_scale, known.hip or None, tree, s.pair, s.motion, up)
    if (len(aligned.order), aligned.channels) != (trained.network.joints, trained.network.channels):
        raise InputError("the checkpoint contradicts itself on the skeleton that it knows; train again")
    return aligned


def probabilities(trained: Trained, aligned: Aligned, where: str = "the data") -> np.ndarray:
    """Probabilities of all sequences (N, classes), the mean over all looks, as in a test.

    where: what to call the data where the network cannot compute with them, which raises InputError.
    """
    engine = Engine(trained.network, trained.settings.parts)
    everything = np.arange(len(aligned.label))
    with np.errstate(all="ignore"):  # found below
        _, p = training.evaluate(
            engine, trained.weights, aligned, everything, trained.settings, trained.iterations, trained.xp
        )
    wrong = np.flatnonzero(~np.isfinite(p).all(axis=1))
    if len(wrong):
        raise InputError(
            f"{where}: sequence {wrong[0]} is beyond what the network can compute with; give it in metres (--unit)"
        )
    return p


def segments(answers: Sequence[Answer]) -> list[tuple[int, int, int | None, float]]:
    """Windows of one recording with one answer that touch, together: (first, last, label, mean probability)."""
    found: list[tuple[int, int, int | None, float]] = []
    for k, answer in enumerate(answers):
        sure = float(answer.probabilities.max())
        before = answers[k - 1]
        near = found and before.sequence == answer.sequence and answer.start <= before.stop
        if near and before.label == answer.label:
            first, last, label, mean = found[-1]
            count = last - first + 1
            found[-1] = (first, k, label, (mean * count + sure) / (count + 1))
        else:
            found.append((k, k, answer.label, sure))
    return found


def described(label: int | None, names: Sequence[str]) -> str:
    """An answer in words."""
    return NONE if label is None else names[label]
