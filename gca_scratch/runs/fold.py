"""One training run: a network trained and tested on one fold, and the files of folder.py in a folder of its own."""

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from .. import training
from ..data import neutral
from ..data.parts import cut
from ..data.ready import answered, ready
from ..network.arrays import module_for
from ..settings import Settings
from ..support.errors import InputError
from ..support.processes import alone
from ..support.writing import write_json
from . import checkpoint
from .fitted import aligned_for
from .folder import Recorder, refuse_used, write_config
from .known import known_of
from .movement import distances, learned, with_limit
from .predictions import probabilities_on, threshold_from
from .split import EVERYTHING, Source, make_split
from .testing import test

MOST_SURE = 0.999  # that a threshold asks for: beyond it probabilities of 32 bits differ by rounding


def run(
    data: neutral.Skeletons,
    source: Source,
    settings: Settings,
    out: str | os.PathLike[str],
    resume: bool = False,
    device: str = "cpu",
    show: bool = True,
    remarks: Sequence[str] = (),
    predictions: str | os.PathLike[str] | None = None,
) -> dict[str, Any]:
    """Train on one fold and test; writes the files of a run into the folder `out` and returns the result.

    resume: go on where the checkpoint in `out` stands (from the beginning where there is none), to the same bits on
    the CPU.  show: a progress bar.  remarks: sentences to print once nothing stands in the way of training.
    predictions: a file for the table of all answers on the test set.

    Ctrl-C ends training early: the best weights so far are tested, and the checkpoint is that of the last whole epoch.

    Raises InputError when `out` already holds a run and `resume` is not set, when another process is at work in `out`,
    and when training leads to weights that are not finite; the checkpoint is then that of the last epoch before.
    """
    if source.protocol == EVERYTHING:
        raise InputError(
            f"the protocol {EVERYTHING} leaves nothing to train; it is for evaluate, so choose another one"
        )
    out = Path(out)
    xp = module_for(device)
    split = make_split(data, source, settings)
    network = split.network(settings)
    with alone(out):
        known = known_of(split, answered(source.hip, split.data) or "")
        mark = neutral.fingerprint(ready(data, source.hip).data)
        about = asdict(source) | {"fingerprint": mark, "known": asdict(known)}
        state = _where_it_stands(out, network, source, settings, about, resume)
        recorder = Recorder(out, network, settings, about, state, show)
        interrupted = False
        for sentence in remarks:
            print(sentence, flush=True)
        try:
            with np.errstate(all="ignore"):  # the recorder says in one sentence what has overflowed
                training.train(
                    network, state, split.aligned, split.fit, split.validate, settings, xp, recorder.on_epoch,
                    recorder.on_start,
                )  # fmt: skip
        except KeyboardInterrupt:
            interrupted = True
        finally:
            recorder.close()
        state = recorder.last
        if not state.history:
            raise KeyboardInterrupt("training was stopped before its first epoch ended; go on with it by --resume")
        result = test(split, network, state, settings, xp, predictions) | asdict(source)
        result |= {"seconds": sum(row["seconds"] for row in state.history), "stopped_early": interrupted}
        if len(split.validate):
            p = probabilities_on(split, split.validate, network, state, settings, xp)
            truth, hip = split.aligned.label[split.validate], known.hip or None
            held_out = aligned_for(cut(split.data, split.validate), settings, hip, split.aligned.up)
            moved = distances(held_out, settings.frames)
            known.threshold = min(MOST_SURE, threshold_from(p, truth))
            known.movement = asdict(with_limit(learned(split, settings, hip), moved, p, truth))
            recorder.about = about | {"known": asdict(known)}
        recorder.save()  # a run that was killed behind its last epoch may lack the history
        write_json(out / "result.json", result)
    return result


def _where_it_stands(out, network, source, settings, about, resume):
    """The state of the run in `out` that is to go on, or of a new one, whose config.toml is then there."""
    file = out / "checkpoint.npz"
    if resume and os.path.exists(file):
        state, *saved, trained_on = checkpoint.load(file)
        wanted = about | {name: trained_on.get(name) for name in ("data", "known")}  # the data may have moved
        if [*saved, trained_on] != [network, settings, wanted]:
            same_data = trained_on.get("fingerprint") == wanted["fingerprint"]
            other = "run than the one asked for" if same_data else "state of the data"
            raise InputError(f"{file} belongs to another {other}; choose another --out folder")
        return state
    refuse_used(out)
    state = training.start(network, settings)
    write_config(out / "config.toml", source, settings)
    return state
