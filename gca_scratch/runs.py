"""One training run: its data and split, its network, and the files that it leaves in its folder.

checkpoint.npz   everything needed to go on (checkpoint.py)
history.csv      a row per epoch (training.HISTORY_COLUMNS)
config.toml      everything needed to repeat the run: `train --config FILE`
result.json      how the weights did on the test set
"""

import csv
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import tomli_w
from tqdm import tqdm

from . import checkpoint, training
from .backend import module_for
from .datasets import neutral, protocols, sampling, synthetic, utkinect
from .errors import InputError
from .networks import GCALSTM
from .settings import Settings

DATASETS = {
    "synthetic": lambda root: synthetic.generate(),
    "utkinect": utkinect.read,
    "npz": neutral.load,
}
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


def load_data(source):
    """The data of a source as datasets.neutral.Skeletons; InputError when it cannot be read."""
    if source.dataset not in DATASETS:
        raise InputError(f"unknown data set {source.dataset!r}: choose one of {', '.join(DATASETS)}")
    if source.dataset != "synthetic" and not source.root:
        raise InputError(f"the data set {source.dataset} lies on your disk: say where with --root PATH")
    return DATASETS[source.dataset](source.root)


@dataclass
class Problem:
    """A source made ready for a network: prepared sequences, and which of them fit, validate and test (indices)."""

    data: neutral.Skeletons
    prepared: sampling.Prepared
    fit: np.ndarray
    validate: np.ndarray
    test: np.ndarray

    def network(self, settings):
        """The network that the settings describe, for this data."""
        return GCALSTM(
            joints=self.prepared.x.shape[1],
            frames=settings.frames,
            channels=self.prepared.channels,
            classes=len(self.data.class_names),
            hidden=settings.hidden,
            iterations=settings.iterations,
            initial=settings.initial,
            dropout=settings.dropout,
        )


def problem(data, source, settings):
    """Split and prepare the data; the subjects held out for validation depend on the seed alone."""
    train, test = protocols.split(data, source.protocol, source.fold)
    fit, validate = train, train[:0]
    if settings.validation:
        rng = np.random.default_rng([settings.seed, 2])
        fit, validate = protocols.hold_out(data, train, settings.validation, rng)
    prepared = sampling.prepare(data, settings.face_camera, settings.torso_scale, source.hip or None)
    return Problem(data, prepared, fit, validate, test)


def run(data, source, settings, out, resume=False, device="cpu", show=True):
    """Train on one fold and test; writes the files of this module into the folder `out` and returns the result.

    With `resume` the run in `out` goes on where its checkpoint stands (from the beginning where there is none), to the
    same bits on the CPU. Ctrl-C ends training early: the best weights so far are tested, and the checkpoint is that of
    the last whole epoch. Raises InputError when `out` already holds a run and `resume` is not set.
    """
    out = Path(out)
    xp = module_for(device)
    task = problem(data, source, settings)
    network = task.network(settings)
    file = out / "checkpoint.npz"
    if resume and file.exists():
        state, saved_network, saved_settings, saved_run = checkpoint.load(file)
        now = asdict(source) | {"root": saved_run.get("root")}  # the data may have moved
        if (saved_network, saved_settings, saved_run) != (network, settings, now):
            raise InputError(f"{file} belongs to another run than the one asked for; choose another --out folder")
    elif file.exists():
        raise InputError(f"{out} already holds a run; go on with it by --resume, or choose another --out folder")
    else:
        state = training.start(network, settings)
        write_config(out / "config.toml", source, settings)

    recorder = _Recorder(file, network, settings, source, state, show)
    interrupted = False
    try:
        training.train(
            network, state, task.prepared, task.fit, task.validate, settings, xp, recorder.on_epoch, recorder.on_start
        )
    except KeyboardInterrupt:
        interrupted = True
    finally:
        recorder.close()
    state = recorder.last
    if not state.history:
        raise InputError("training was stopped before its first epoch ended, so there is nothing to keep")
    result = test(task, network, state, settings, xp) | asdict(source)
    result |= {"seconds": sum(row["seconds"] for row in state.history), "stopped_early": interrupted}
    write_json(out / "result.json", result)
    return result


class _Recorder:
    """Follows training: a progress bar per training step, and a checkpoint every few seconds and at its end."""

    def __init__(self, file, network, settings, source, state, show):
        self.file, self.network, self.settings, self.source, self.show = file, network, settings, source, show
        self.last = training.snapshot(state)
        self.saved = time.monotonic()
        self.bar = None

    def on_start(self, n, epochs_done):
        self.close()
        self.bar = tqdm(
            total=self.settings.epochs, initial=epochs_done, desc=f"training step {n}", unit="epoch",
            disable=not self.show, leave=True, mininterval=0.5, dynamic_ncols=True,
        )  # fmt: skip

    def on_epoch(self, state, done):
        row = state.history[-1]
        figures = {"loss": f"{row['train_loss']:.3f}"}
        if "validation_error" in row:
            figures["validation error"] = f"{row['validation_error']:.1%}"
        self.bar.update()
        self.bar.set_postfix(figures, refresh=False)
        self.last = training.snapshot(state)
        if done or time.monotonic() - self.saved > SECONDS_BETWEEN_SAVES:
            self.save()

    def save(self):
        checkpoint.save(self.file, self.last, self.network, self.settings, asdict(self.source))
        write_history(self.file.with_name("history.csv"), self.last.history)
        self.saved = time.monotonic()

    def close(self):
        if self.bar is not None:
            self.bar.close()
            self.save()
            self.bar = None


def test(task, network, state, settings, xp=np):
    """How the best weights do on the test set, as plain values."""
    iterations = training.training_steps(settings)[min(state.stage, len(training.training_steps(settings)) - 1)]
    weights = training.best_weights(state, xp)
    loss, p = training.evaluate(network, weights, task.prepared, task.test, settings, iterations, xp)
    truth, predicted = task.prepared.label[task.test], p.argmax(axis=1)
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


def retest(path, root=None, device="cpu"):
    """Test the weights of a checkpoint (file or folder) again, on the data it was trained for; returns the result."""
    state, network, settings, saved = checkpoint.load(path)
    try:
        source = Source(**saved | ({"root": str(root)} if root else {}))
    except TypeError:
        raise InputError(f"{path} does not say what it was trained on; the file has been edited: train again") from None
    task = problem(load_data(source), source, settings)
    if task.network(settings) != network:
        raise InputError(f"{path} was trained on data of another shape than {source.root or source.dataset} holds")
    result = test(task, network, state, settings, module_for(device)) | asdict(source)
    return result | {"seconds": sum(row["seconds"] for row in state.history)}


def write_history(path, history):
    """The history as CSV, a row per epoch; written beside and renamed."""
    with checkpoint.replacing(path) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.DictWriter(file, training.HISTORY_COLUMNS)
        writer.writeheader()
        writer.writerows(history)


def write_json(path, value):
    """A value as JSON, written beside and renamed."""
    with checkpoint.replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2) + "\n")


def write_config(path, source, settings):
    """config.toml: the source and every setting."""
    with checkpoint.replacing(path) as temporary:
        temporary.write_text(tomli_w.dumps({"data": asdict(source), "settings": asdict(settings)}))


def read_config(path):
    """Source and settings of a config.toml; InputError naming what is wrong in it."""
    import tomllib

    try:
        text = tomllib.loads(Path(path).read_text())
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); give the config.toml of a run") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not TOML ({error}); correct it") from None
    return _from_table(path, text, "data", Source), _from_table(path, text, "settings", Settings)


def _from_table(path, text, table, kind):
    values = text.get(table, {})
    kinds = {name: type(value) for name, value in asdict(kind(**({"dataset": ""} if kind is Source else {}))).items()}
    for name, value in values.items():
        if name not in kinds:
            raise InputError(f"{path}: [{table}] has no entry {name!r}; it may hold {', '.join(kinds)}")
        if not isinstance(value, kinds[name]) and not (kinds[name] is float and type(value) is int):
            raise InputError(f"{path}: {name} in [{table}] must be a {kinds[name].__name__}, not {value!r}")
    try:
        return kind(**values)
    except TypeError as error:
        raise InputError(f"{path}: [{table}] is incomplete ({error}); add what is missing") from None
