"""One training run: its data and split, its network, and the files that it leaves in its folder.

checkpoint.npz   everything needed to go on (checkpoint.py)
history.csv      a row per epoch (training.HISTORY_COLUMNS)
config.toml      everything needed to repeat the run: `train --config FILE`
result.json      how the weights did on the test set
"""

import csv
import os
import re
import sys
import time
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from tqdm import tqdm

from .. import training
from ..data import alignment, neutral, protocols, sampling, synthetic
from ..data.joint_names import body_parts, spaced
from ..data.readers import READERS
from ..data.readers.recording import read_all
from ..network.arrays import ArrayModule, module_for
from ..network.gca_lstm import Network
from ..settings import Settings
from ..support.errors import InputError, shown
from ..support.processes import alone
from ..support.reading import from_plain, read_bytes, read_toml, reason
from ..support.writing import replacing, write_json
from ..training.parallel import Engine
from ..variants.build import build
from . import checkpoint

DATASETS = {
    "synthetic": lambda root: synthetic.generate(subjects=80, repetitions=1),
    "npz": neutral.load,
    **{name: partial(read_all, import_module(f"gca_scratch.data.readers.{name}")) for name in READERS},
}
USUAL_PROTOCOL = {"ntu": "cross-subject", "sysu": "sysu", "sbu": "sbu", "mhad": "mhad"}
SECONDS_BETWEEN_SAVES = 10


@dataclass(frozen=True)
class Source:
    """What a network is trained and tested on: a data set, where it lies, and how it is split.

    root: folder or file of the data (unused for synthetic).  fold: 1-based.  hip: the joint that is the hip, where its
    name does not tell.
    """

    dataset: str
    root: str = ""
    protocol: str = "half"
    fold: int = 1
    hip: str = ""

    def __post_init__(self):
        for name, value in asdict(self).items():
            if isinstance(value, str) and re.search("[\0\ud800-\udfff]", value):
                raise InputError(f"{name} = {shown(value)} holds what no text file can keep; give it another name")


def load_data(source: Source) -> neutral.Skeletons:
    """The data of a source as data.neutral.Skeletons; InputError when it cannot be read."""
    if source.dataset not in DATASETS:
        raise InputError(f"unknown data set {shown(source.dataset)}: choose one of {', '.join(DATASETS)}")
    if source.dataset == "synthetic" and source.root:
        raise InputError(f"--root {source.root} needs --dataset npz or another one, for synthetic data lies nowhere")
    if source.dataset != "synthetic" and not source.root:
        raise InputError(f"the data set {source.dataset} lies on your disk: say where with --root PATH")
    return DATASETS[source.dataset](source.root)


@dataclass
class Problem:
    """A source made ready for a network: aligned sequences, and which of them fit, validate and test (indices)."""

    data: neutral.Skeletons
    aligned: sampling.Aligned
    fit: np.ndarray
    validate: np.ndarray
    test: np.ndarray

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


def problem(data: neutral.Skeletons, source: Source, settings: Settings) -> Problem:
    """Split and align the data; the subjects held out for validation depend on the seed alone."""
    train, test = protocols.split(data, source.protocol, source.fold)
    fit, validate = train, train[:0]
    if settings.validation:
        rng = np.random.default_rng([settings.seed, 2])
        fit, validate = protocols.hold_out(data, train, settings.validation, rng)
    aligned = alignment.align(
        data,
        settings.face_camera,
        settings.torso_scale,
        source.hip or None,
        settings.traversal == "tree",
        settings.pair,
        motion=settings.motion,
    )
    if settings.mirror and aligned.mirrored is None:
        raise InputError(
            f"mirror needs joints whose names tell left from right, not {', '.join(data.joint_names)}; "
            "switch it off with --no-mirror"
        )
    sided = [name for name in data.class_names if re.search(r"\b(left|right)\b", spaced(name))]
    if settings.mirror and sided:
        raise InputError(f"mirror would make another class of {shown(sided[0])}; switch it off with --no-mirror")
    return Problem(data, aligned, fit, validate, test)


def run(
    data: neutral.Skeletons,
    source: Source,
    settings: Settings,
    out: str | os.PathLike[str],
    resume: bool = False,
    device: str = "cpu",
    show: bool = True,
) -> dict[str, Any]:
    """Train on one fold and test; writes the files of this module into the folder `out` and returns the result.

    With `resume` the run in `out` goes on where its checkpoint stands (from the beginning where there is none), to the
    same bits on the CPU. Ctrl-C ends training early: the best weights so far are tested, and the checkpoint is that of
    the last whole epoch. Raises InputError when `out` already holds a run and `resume` is not set, and when training
    leads to weights that are not finite; the checkpoint is then that of the last epoch before. Raises it, too, when
    another process is at work in `out`.
    """
    out = Path(out)
    xp = module_for(device)
    task = problem(data, source, settings)
    network = task.network(settings)
    with alone(out):
        about = asdict(source) | {"data": neutral.fingerprint(data)}
        state = _where_it_stands(out, network, source, settings, about, resume)
        recorder = _Recorder(out / "checkpoint.npz", network, settings, about, state, show)
        interrupted = False
        try:
            with np.errstate(all="ignore"):  # what overflows is told in one sentence after the epoch
                training.train(
                    network, state, task.aligned, task.fit, task.validate, settings, xp, recorder.on_epoch,
                    recorder.on_start,
                )  # fmt: skip
        except KeyboardInterrupt:
            interrupted = True
        finally:
            recorder.close()
        state = recorder.last
        if not state.history:
            raise InputError("training was stopped before its first epoch ended; go on with it by --resume")
        result = test(task, network, state, settings, xp) | asdict(source)
        result |= {"seconds": sum(row["seconds"] for row in state.history), "stopped_early": interrupted}
        recorder.save()  # one that was killed behind its last epoch may lack the history
        write_json(out / "result.json", result)
    return result


def _where_it_stands(out, network, source, settings, about, resume):
    """The state of the run in `out` that is to go on, or of a new one, whose config.toml is then there."""
    file = out / "checkpoint.npz"
    if resume and os.path.exists(file):
        state, *saved, was = checkpoint.load(file)
        now = about | {"root": was.get("root")}  # the data may have moved
        if [*saved, was] != [network, settings, now]:
            other = "run than the one asked for" if was.get("data") == now["data"] else "state of the data"
            raise InputError(f"{file} belongs to another {other}; choose another --out folder")
        return state
    refuse_used(out)
    state = training.start(network, settings)
    write_config(out / "config.toml", source, settings)
    return state


def refuse_used(out: str | os.PathLike[str]) -> None:
    """InputError if the folder holds files of a run, or of the folds of one, which a new run would overwrite."""
    files = ("checkpoint.npz", "history.csv", "result.json")
    if any(os.path.lexists(Path(out) / file) for file in files) or any(Path(out).glob("fold-*/checkpoint.npz")):
        raise InputError(f"{out} already holds a run; go on with it by --resume, or choose another --out folder")


class _Recorder:
    """Follows training: a progress bar per training step, and a checkpoint every few seconds and at its end."""

    def __init__(self, file, network, settings, about, state, show):
        self.file, self.network, self.settings, self.about, self.show = file, network, settings, about, show
        self.last = training.snapshot(state)
        self.saved = time.monotonic()
        self.bar = None

    def on_start(self, n, epochs_done):
        self.close()
        self.bar = tqdm(
            total=self.settings.epochs, initial=epochs_done, desc=f"training step {n}", unit="epoch",
            disable=not self.show, mininterval=0.5 if sys.stderr.isatty() else 10, dynamic_ncols=True,
        )  # fmt: skip

    def on_epoch(self, state, done):
        row, last = state.history[-1], training.snapshot(state)
        arrays = [*last.params.values(), *(last.best or {}).values(), *last.velocity.values()]
        if not all(np.isfinite(values).all() for values in [*arrays, list(row.values())]):
            raise InputError(
                f"weights or losses are not finite after epoch {row['epoch']} of training step {row['step']}; "
                f"lower learning_rate ({self.settings.learning_rate:g}) or set clip, and start anew in another folder"
            )
        self.last = last
        figures = {"loss": f"{row['train_loss']:.3f}"}
        if "validation_error" in row:
            figures["validation error"] = f"{row['validation_error']:.1%}"
        self.bar.update()
        self.bar.set_postfix(figures, refresh=False)
        if time.monotonic() - self.saved > SECONDS_BETWEEN_SAVES:
            self.save()

    def save(self):
        checkpoint.save(self.file, self.last, self.network, self.settings, self.about)
        write_history(self.file.with_name("history.csv"), self.last.history)
        self.saved = time.monotonic()

    def close(self):
        if self.bar is not None:
            try:
                self.bar.close()
            finally:  # also when nothing can be printed
                self.save()
            self.bar = None


def outcome(
    task: Problem, network: Network, state: training.State, settings: Settings, xp: ArrayModule = np
) -> tuple[int, float, np.ndarray]:
    """The best weights on the test set: iterations they were last trained for, mean loss, probabilities (n, classes).

    Raises InputError when the loss is not finite.
    """
    iterations = state.history[-1]["step"] if state.history else training.training_steps(settings)[0]
    weights = training.best_weights(state, xp)
    engine = Engine(network, settings.parts)
    with np.errstate(all="ignore"):  # told in the next sentence
        loss, p = training.evaluate(engine, weights, task.aligned, task.test, settings, iterations, xp)
    if not np.isfinite(loss):
        raise InputError(
            f"the test loss is {loss}: weights have grown beyond what can be computed with; "
            f"lower learning_rate ({settings.learning_rate:g}) or set clip, and start anew in another folder"
        )
    return iterations, loss, p


def test(
    task: Problem, network: Network, state: training.State, settings: Settings, xp: ArrayModule = np
) -> dict[str, Any]:
    """How the best weights do on the test set, as plain values: `outcome`, and what can be counted in it."""
    iterations, loss, p = outcome(task, network, state, settings, xp)
    truth, predicted = task.aligned.label[task.test], p.argmax(axis=1)
    names = task.data.class_names
    confusion = np.zeros((len(names), len(names)), int)
    np.add.at(confusion, (truth, predicted), 1)
    return {
        "n_train": len(task.fit) + len(task.validate),
        "n_validation": len(task.validate),
        "n_test": len(task.test),
        "accuracy": float((truth == predicted).mean()),
        "loss": loss,
        "iterations": iterations,
        "epochs": len(state.history),
        "per_class": {
            name: float(confusion[k, k] / confusion[k].sum()) for k, name in enumerate(names) if confusion[k].sum()
        },
        "confusion": confusion.tolist(),
    }


def reload(
    path: str | os.PathLike[str], root: str | os.PathLike[str] | None = None, data: neutral.Skeletons | None = None
) -> tuple[training.State, Network, Settings, Source, Problem]:
    """A checkpoint (file or folder) and what it was trained on: state, network, settings, source and Problem.

    root: where the data lies now, if it has moved; data: the data itself, if it is there already. Raises InputError if
    either cannot be read, or the data does not fit the network.
    """
    state, network, settings, saved = checkpoint.load(path)
    saved = {name: value for name, value in saved.items() if name != "data"}
    source = from_plain(Source, saved | ({"root": str(root)} if root else {}), f"what {path} was trained on")
    task = problem(load_data(source) if data is None else data, source, settings)
    if task.network(settings) != network:
        raise InputError(f"{path} was trained on data of another shape than {source.root or source.dataset} holds")
    return state, network, settings, source, task


def retest(
    path: str | os.PathLike[str], root: str | os.PathLike[str] | None = None, device: str = "cpu"
) -> dict[str, Any]:
    """Test the weights of a checkpoint (file or folder) again, on the data it was trained for; returns the result."""
    state, network, settings, source, task = reload(path, root)
    result = test(task, network, state, settings, module_for(device)) | asdict(source)
    return result | {"seconds": sum(row["seconds"] for row in state.history)}


def write_history(path: str | os.PathLike[str], history: list[dict[str, Any]]) -> None:
    """The history as CSV, a row per epoch; written beside and renamed."""
    with replacing(path) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.DictWriter(file, training.HISTORY_COLUMNS)
        writer.writeheader()
        writer.writerows(history)


def write_config(path: str | os.PathLike[str], source: Source, settings: Settings) -> None:
    """config.toml: the source and every setting. One that says the same already, but for the root, is left alone.

    Raises InputError if it cannot be written, or would take the place of one that somebody wrote by hand.
    """
    if os.path.lexists(path):
        was, had = read_config(path)
        if (replace(was, root=source.root), had) == (source, settings):
            return
        if read_bytes(path) != _config(was, had):  # not what a run leaves that never began
            raise InputError(f"{path} says something else and was not written by this program; choose another --out")
    with replacing(path) as temporary:
        temporary.write_bytes(_config(source, settings))


def _config(source, settings):
    return tomli_w.dumps({"data": asdict(source), "settings": asdict(settings)}).encode()


def read_config(path: str | os.PathLike[str]) -> tuple[Source, Settings]:
    """Source and settings of a config.toml; InputError naming what is wrong in it."""
    try:
        tables = read_toml(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); give the config.toml of a run") from None
    except ValueError as error:
        raise InputError(f"{path} is not TOML ({reason(error)}); correct it") from None
    for name in tables.keys() - {"data", "settings"}:
        raise InputError(f"{path} has no table {shown(name)}; it may hold [data] and [settings]")
    data, settings = (tables.get(name, {}) for name in ("data", "settings"))
    return (
        from_plain(Source, data, f"{path}, [data]", complete=False),
        from_plain(Settings, settings, f"{path}, [settings]", complete=False),
    )
