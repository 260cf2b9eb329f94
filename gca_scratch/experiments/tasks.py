"""Tasks of a table: one training on one fold with one seed each, run once, side by side, here or on a cluster.

A task returns its result as a plain dict; the process that asked for it writes it into a file of its own.
"""

import contextlib
import hashlib
import json
import shutil
import tempfile
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from .. import runs
from ..data.neutral import fingerprint, refuse_other
from ..data.noise import noisy
from ..network.arrays import module_for
from ..runs import checkpoint
from ..settings import Settings
from ..support import workers, writing
from ..support.errors import InputError, shown
from ..support.processes import alone
from ..support.progress import progress
from ..support.reading import is_number, read_json


@dataclass(frozen=True)
class Task:
    """One training and its test.

    name: of the training, the same for all its folds and seeds.  noise: deviation in metres of the noise on all
    sequences.  tests: deviations of the noise on the test sequences of a network trained on clean ones.
    """

    name: str
    source: runs.Source
    settings: Settings
    noise: float = 0.0
    tests: tuple = ()

    def file(self, out):
        """Where its result lies in the folder `out`."""
        folder = Path(out) / self.name / self.source.protocol / f"seed-{self.settings.seed}"
        return folder / f"fold-{self.source.fold:02}.json"

    def identity(self, data):
        """All that its result depends on, as plain values. data: the fingerprint of the data."""
        source = {name: getattr(self.source, name) for name in ("protocol", "fold", "hip")}
        noise = {"noise": self.noise, "tests": list(self.tests)}
        return {"data": data, **source, **noise, "settings": asdict(self.settings)}


def finished(task, out, data):
    """The result of the task that lies in `out`; None if there is none, or a damaged one. data: the fingerprint.

    Raises InputError if the result was made with other data or settings.
    """
    path, wanted = task.file(out), task.identity(data)
    try:
        plain = read_json(path)
        found, result = dict(plain["task"]), dict(plain["result"])
        used, noise = dict(found["settings"]), dict(result.get("noise", {}))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # not there, or damaged: to be measured
    other = [name for name in wanted if name != "settings" and found.get(name) != wanted[name]]
    other += [name for name, value in wanted["settings"].items() if used.get(name) != value]
    other += [shown(name) for name in used if name not in wanted["settings"]][:3]
    if other:
        raise InputError(f"{path} was measured with another value of {', '.join(other)}; choose another --out folder")
    accuracies = [result.get("accuracy"), *(noise.get(f"{sigma:g}") for sigma in task.tests)]
    good = [is_number(accuracy, 0, 1) for accuracy in accuracies]
    good += [is_number(result.get(name)) for name in ("n_test", "seconds")]
    return result if all(good) else None


def run(data, task, folder=None, device="cpu"):
    """Train and test: the result of runs.run, and with `tests` the accuracy by noise under "noise".

    In `folder` a run that was interrupted goes on where it stood; without one it leaves nothing behind.
    """
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="gca_scratch-") as temporary:
            return run(data, task, temporary, device)
    seed = task.settings.seed
    result = runs.run(noisy(data, task.noise, seed), task.source, task.settings, folder, True, device, show=False)
    if result["stopped_early"]:
        raise KeyboardInterrupt
    if task.tests:
        state, network, settings, _ = checkpoint.load(folder)
        result["noise"] = {}
        for sigma in task.tests:
            split = runs.make_split(noisy(data, sigma, seed), task.source, settings)
            tested = runs.test(split, network, state, settings, module_for(device))
            result["noise"][f"{sigma:g}"] = tested["accuracy"]
    return result


def run_all(data, tasks, out, chosen, device="cpu", jobs=2, cluster=None, keep=False, show=True):
    """The results of the tasks, in their order: read from `out` where they lie there, and None for those not chosen.

    The tasks `chosen` that are not finished are run, and each result is written as it comes. On this machine `jobs`
    of them run at a time, one thread each, and one that was interrupted goes on where it stood; with `keep` their
    checkpoints and histories stay beside the results. With `cluster`, the address of a Dask scheduler, they run there.
    """
    mark = fingerprint(data)
    results = {task: finished(task, out, mark) for task in tasks}
    missing = [task for task in tasks if task in chosen and results[task] is None]
    if not missing:
        return [results[task] for task in tasks]
    _check(data, missing)
    if not cluster:
        module_for(device)

    def folder(task):
        """Where a training on this machine keeps its checkpoint; not the same for other settings or data."""
        text = json.dumps(task.identity(mark), sort_keys=True)
        file = task.file(Path(out).absolute())  # a process may have been started in another folder
        return file.with_name(f"{file.stem}-{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}")

    calls = ((n, task, None if cluster else str(folder(task)), device) for n, task in enumerate(missing))
    # one job at a time runs in a process of its own, too: Ctrl-C then means the same whatever the number
    jobs, unchanged = max(2, min(jobs, len(missing))), partial(refuse_other, mark=mark)
    done = len(chosen) - len(missing)
    with (
        alone(out),
        _backend(cluster, data) as backend,
        progress(total=len(chosen), what="folds", unit="fold", done=done, show=show) as bar,
    ):
        coming = workers.results(_numbered, calls, jobs, data=data, check=unchanged, ordered=False, backend=backend)
        with contextlib.closing(coming):
            for number, result in coming:
                task = missing[number]
                writing.write_json(task.file(out), {"task": task.identity(mark), "result": result})
                if not cluster and not keep:
                    shutil.rmtree(folder(task), ignore_errors=True)
                results[task] = result
                bar.update()
    return [results[task] for task in tasks]


def _check(data, missing):
    """What ails a training is said before anything is run."""
    split = runs.make_split(data, missing[0].source, missing[0].settings)
    for settings in {task.name: task.settings for task in missing}.values():
        split.network(settings)


def _numbered(data, number, task, folder, device):
    try:
        return number, run(data, task, folder, device)
    except InputError as error:
        where = f"{task.name}, {task.source.protocol}, seed {task.settings.seed}, fold {task.source.fold}"
        raise InputError(f"{where}: {error}") from None


def _backend(cluster, data):
    """`with _backend(cluster, data) as backend`: joblib's on a Dask cluster; None where there is no cluster."""
    if not cluster:
        return contextlib.nullcontext()
    try:
        from .cluster import connected
    except ImportError:
        raise InputError(
            "--cluster needs the package distributed; install it with: pip install 'gca_scratch[cluster]'"
        ) from None
    return connected(cluster, data)
