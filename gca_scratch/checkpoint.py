"""Checkpoints without pickle: arrays in one `.npz`, everything else as JSON text inside it, written beside and renamed.

Loading believes nothing: sizes, names, shapes and types are compared with the network that the settings describe.
"""

import dataclasses
import json
import os
import zipfile
from pathlib import Path

import numpy as np

from .errors import InputError
from .networks import GCALSTM
from .settings import Settings
from .training import State, training_steps

VERSION = 1
_GROUPS = ("params", "velocity", "best")


def save(path, state, network, settings, run):
    """Write a checkpoint atomically: the old file stays whole until the new one is.

    state: training.State with its arrays on the host (`training.snapshot`).  run: a dict of plain values that says what
    the network was trained on; it is kept as it is.
    """
    arrays = {f"{group}/{name}": array for group in _GROUPS for name, array in (getattr(state, group) or {}).items()}
    plain = {
        "version": VERSION,
        "network": dataclasses.asdict(network),
        "settings": dataclasses.asdict(settings),
        "run": run,
        "rng": state.rng.bit_generator.state,
        "has_best": state.best is not None,
        **{name: getattr(state, name) for name in ("stage", "epoch", "best_score", "waited", "history", "finished")},
    }
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, about=np.array(json.dumps(plain)), **arrays)


class replacing:
    """`with replacing(path) as temporary`: write `temporary`, which becomes `path` when the block ends without error.

    A crash at any moment leaves the old file or the new one, never half of one. Raises InputError when the folder
    cannot be written.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")

    def __enter__(self):
        try:
            self.temporary.parent.mkdir(parents=True, exist_ok=True)
            self.temporary.touch()
        except OSError as error:
            raise InputError(f"{self.path} cannot be written ({error.strerror}); choose another folder") from error
        return self.temporary

    def __exit__(self, kind, error, _traceback):
        if kind is None:
            with open(self.temporary, "rb+") as file:
                os.fsync(file.fileno())
            os.replace(self.temporary, self.path)
        else:
            self.temporary.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise InputError(
                    f"{self.path} cannot be written ({error.strerror}); free some space or choose another folder"
                ) from error


def load(path):
    """Read a checkpoint: (state, network, settings, run).

    Raises InputError if the file is missing, cut off, edited, or does not fit the network that it names.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "checkpoint.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            arrays = {name: file[name] for name in file.files if name != "about"}
        return _restore(about, arrays, path)
    except FileNotFoundError:
        raise InputError(f"there is no checkpoint {path}; give the folder or file that train wrote") from None
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, EOFError, AttributeError, zipfile.BadZipFile, NotImplementedError,
            RuntimeError, OverflowError) as error:  # fmt: skip
        raise InputError(f"{path} is not a whole checkpoint ({error}); train again or use another one") from error


def _restore(about, arrays, path):
    if about["version"] != VERSION:
        raise InputError(f"{path} is a checkpoint of version {about['version']}, not {VERSION}; train again")
    network, settings = GCALSTM(**about["network"]), Settings(**about["settings"])
    groups = {group: {} for group in _GROUPS}
    for name, array in arrays.items():
        group, _, parameter = name.partition("/")
        groups[group][parameter] = array
    shapes = network.shapes()
    for group, members in groups.items():
        complete = group == "params" or (group == "best" and about["has_best"])
        for name in set(shapes) - set(members) if complete else ():
            raise InputError(f"{path} lacks {group} of {name}; the file has been edited: train again")
        for name, array in members.items():
            if name not in shapes or array.shape != shapes[name] or array.dtype != np.float32:
                raise InputError(
                    f"{path} holds {group} of {name} as {array.dtype} {array.shape}, where the network has "
                    f"float32 {shapes.get(name, 'no such parameter')}; the file has been edited: train again"
                )
            if not np.isfinite(array).all():
                raise InputError(f"{path} holds numbers in {name} that are not finite; train again")
    if not 0 <= about["stage"] <= len(training_steps(settings)):
        raise InputError(f"{path} names training step {about['stage']}, which its settings do not have; train again")
    rng = np.random.default_rng()
    rng.bit_generator.state = about["rng"]
    score = about["best_score"]
    state = State(
        params=groups["params"],
        rng=rng,
        velocity=groups["velocity"],
        best=groups["best"] if about["has_best"] else None,
        stage=int(about["stage"]),
        epoch=int(about["epoch"]),
        best_score=None if score is None else (float(score[0]), float(score[1])),
        waited=int(about["waited"]),
        history=list(about["history"]),
        finished=bool(about["finished"]),
    )
    return state, network, settings, about["run"]
