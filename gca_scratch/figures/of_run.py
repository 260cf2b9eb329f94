"""Each figure of a run, from the files in its folder: `trained` brings back the network, `plots` and `plots_body` draw.

A folder of `train --fold all` has a confusion matrix and a body map of all folds together.
"""

from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np

from .. import runs
from ..data.neutral import MOST_CLASSES
from ..network.arrays import to_device, to_host
from ..runs.trained import classify, load
from ..support.errors import InputError
from ..support.reading import read_csv, read_json, reason
from ..training.stepwise import HISTORY_COLUMNS
from . import bodies, canvas, charts, localisation
from .look import look, poses

LONGEST = 60  # frames of an animation


class NotInRun(InputError):
    """A run has nothing that this figure could show."""


class Request:
    """The folder of a run, or of all folds, and what is wanted of it; loaded when a figure needs it.

    second: the folder of a run to compare it with; root, sequence, device: as `trained.load` and `look` take them.
    """

    def __init__(self, folder, second=None, root=None, sequence=None, device="cpu"):
        folder, second = Path(folder), second and Path(second)
        self.folder, self.second, self.root, self.sequence, self.device = folder, second, root, sequence, device
        self.folds = sorted(path.parent for path in folder.glob("fold-*/checkpoint.npz"))

    @cached_property
    def run(self):
        """The trained.Run."""
        return load(self.folder, self.root, self.device)

    @cached_property
    def look(self):
        """The trained.Look at its sequence."""
        return look(self.run, self.sequence)

    def attended(self):
        """The run and the look at its sequence, which must have scores."""
        _must_attend(self.folder, self.look.scores, self.run)
        return self.run, self.look


def _must_attend(folder, scores, run):
    if scores is None and run.network.iterations:
        raise NotInRun(f"the network in {folder} was not trained with attention yet; go on with it by --resume")
    if scores is None:
        raise NotInRun(f"the network in {folder} has no attention; train one with --network gca --iterations 2")


def _convergence(asked):
    """Fig. 6 of two runs, the losses and errors of one."""
    if not asked.second:
        return charts.convergence(read_history(asked.folder))
    folders = [asked.folder, asked.second]
    modes = [runs.read_config(folder / "config.toml")[1].mode for folder in folders]
    if modes == ["direct", "stepwise"]:
        folders, modes = folders[::-1], modes[::-1]
    names = modes if modes[0] != modes[1] else [f"{folder.name} ({modes[0]})" for folder in folders]
    return charts.convergence_of_methods(*map(read_history, folders), names)


def read_history(folder):
    """The rows of a run's history.csv, dicts of numbers; InputError where there is none, or none that can be used."""
    path = Path(folder) / "history.csv"
    try:
        history = [_epoch(row) for row in read_csv(path)]
        if any(later["step"] < row["step"] for row, later in pairwise(history)):
            raise ValueError("its steps go back")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); give the folder of a run") from None
    except ValueError as error:
        raise InputError(f"{path} is no history of training ({reason(error)}); train again") from None
    if not history:
        raise InputError(f"{path} holds no epoch; go on with the run by --resume")
    return history


def _epoch(row):
    """A row of history.csv, a dict of texts, as numbers; without those that are empty, of a run without validation."""
    if tuple(row) != HISTORY_COLUMNS:
        raise ValueError("its columns are others")
    numbers = {name: float(text) for name, text in row.items() if text}
    needed = [name for name in HISTORY_COLUMNS if not name.startswith("validation")]
    if not all(name in numbers for name in needed) or not all(abs(number) < 1e300 for number in numbers.values()):
        raise ValueError("a number is missing or not finite")
    if numbers["step"] not in range(101):
        raise ValueError("a step is no number of attention iterations")
    if not all(_is_share(numbers.get(f"{part}_error", 0.0)) for part in ("train", "validation")):
        raise ValueError("an error is no share of the sequences")
    return numbers | {"step": int(numbers["step"])}


def _confusion(asked):
    """Which class was taken for which in the test, of one run or of all folds together."""
    result = read_result(asked.folder)
    counts = result["confusion"]
    names = [f"class {k + 1}, not tested" for k in range(len(counts))]
    for folder in asked.folds or [asked.folder]:
        part = read_result(folder)
        if len(part["confusion"]) != len(counts):
            raise InputError(
                f"{folder / 'result.json'} has other classes than {asked.folder / 'result.json'}; train again"
            )
        tested = np.flatnonzero(part["confusion"].any(axis=1))
        for k, name in zip(tested, part["per_class"], strict=True):
            names[k] = name
    fold = f"fold {result['fold']}" if result["fold"] else "all folds"
    dataset, protocol = (canvas.plain(result[name]) for name in ("dataset", "protocol"))
    title = f"{dataset}, protocol {protocol}, {fold}: {result['accuracy']:.1%} recognised"
    return charts.confusion_matrix(counts, names, title=title)


def read_result(folder):
    """A run's result.json, its confusion an array; InputError where there is none, or none that can be used."""
    path = Path(folder) / "result.json"
    try:
        result = read_json(path)
        counts, names = _counts(result["confusion"]), result["per_class"]
        if not isinstance(names, dict) or len(names) != counts.any(axis=1).sum():
            raise ValueError("per_class does not name the classes that were tested")
        if not all(isinstance(result[name], str) for name in ("dataset", "protocol")):
            raise ValueError("dataset or protocol is no name")
        if type(result["fold"]) is not int or not 0 <= result["fold"] < 2**31:
            raise ValueError("fold is no number of a fold")
        if not _is_share(result["accuracy"]):
            raise ValueError("accuracy is no share of the sequences")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); give the folder of a run that has ended") from None
    except KeyError as error:
        raise InputError(f"{path} is no result of a run (it lacks {error}); train again") from None
    except (ValueError, TypeError) as error:
        raise InputError(f"{path} is no result of a run ({reason(error)}); train again") from None
    return result | {"confusion": counts}


def _counts(rows):
    """The confusion of a result as an array (classes, classes); ValueError, naming the place, if it is none."""
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_CLASSES:
        raise ValueError(f"confusion is no list of 1 to {MOST_CLASSES} rows")
    for k, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(rows):
            raise ValueError(f"confusion[{k}] is no list of {len(rows)} counts")
        for other, count in enumerate(row):
            if type(count) is not int or not 0 <= count < 2**31:
                raise ValueError(f"confusion[{k}][{other}] is no count of sequences")
    return np.array(rows)


def _is_share(value):
    return type(value) in (int, float) and 0 <= value <= 1


def _strip(asked):
    """Fig. 7."""
    run, seen = asked.attended()
    aligned = run.task.aligned
    frames = aligned.frame_index([seen.n], run.network.frames)[0] - aligned.offsets[seen.n]
    positions = poses(run, seen.n)[frames]
    return bodies.skeleton_strip(seen.title, positions, run.body.bones, seen.of_joints, aligned.up, names=seen.names)


def _body(asked):
    """Fig. 8: over the test sequences of a run, or of all folds."""
    totals, count, run, pose = 0, 0, None, []
    for folder in asked.folds or [asked.folder]:
        data = run.task.data if run else None
        run = asked.run if not asked.folds else load(folder, asked.root, asked.device, data)
        test = run.task.test
        _, scores, names = classify(run, test)
        _must_attend(folder, scores, run)
        totals, count = totals + scores.sum(axis=(1, 2)) @ run.body.shares.T, count + len(test)
        pose += [_first_pose(poses(run, n, persons=1)) for n in test[:: max(1, len(test) // 100)]]
    joint_names = [run.task.data.joint_names[run.task.aligned.order[place]] for place in run.body.places]
    return bodies.body_map(
        f"Mean score of every joint over {count} test sequences",
        np.median(pose, axis=0), run.body.bones, totals / count, joint_names, run.task.aligned.up, names=names,
    )  # fmt: skip


def _first_pose(positions):
    """The first frame (J, 3) of the first person that shows one, relative to its hip."""
    there = (positions[:, :, 0] != 0).any(axis=(1, 2))
    pose = positions[there.argmax(), :, 0]
    return pose - pose[0]


def _gates(asked):
    run, seen = asked.run, asked.look
    x, _ = run.task.aligned.batch([seen.n], run.network.frames)
    gates = run.network.gates(run.weights, to_device(x, run.xp), run.iterations)
    gates = [(title, to_host(values)[:, 0]) for title, values in gates]
    # soft attention has scores, but no gates of a second layer
    scores = seen.scores if seen.scores is not None and len(gates) == 1 + len(seen.scores) else None
    return charts.gate_maps(f"Gates: {seen.title}", gates, scores, _cell_names(run))


def _scores(asked):
    run, seen = asked.attended()
    truth = None
    if run.task.data.truth is not None:
        truth = localisation.truth_at(run.task.data, run.task.aligned, [seen.n], run.network.frames)
    return charts.score_maps([seen.title], truth, seen.scores[:, None], _cell_names(run), seen.names)


def _cell_names(run):
    return [run.task.data.joint_names[joint] for joint in run.task.aligned.order]


def _animation(asked):
    run, seen = asked.attended()
    return bodies.animation(
        seen.title, poses(run, seen.n), run.body.bones, seen.of_joints, run.task.aligned.up, LONGEST, names=seen.names
    )


FIGURES = {
    "convergence": _convergence,
    "strip": _strip,
    "body": _body,
    "confusion": _confusion,
    "gates": _gates,
    "scores": _scores,
    "animation": _animation,
}
OF_ALL_FOLDS = ("body", "confusion")


def draw(figure, asked, path):
    """Draw one of FIGURES for a Request and save it; returns the path.

    Raises NotInRun where the run has nothing to show there, InputError for all else that cannot be drawn or written.
    """
    save, suffix = (bodies.save_animation, ".gif") if figure == "animation" else (canvas.save, ".png")
    if path.suffix.lower() != suffix:
        raise InputError(f"--out {path} is no name for this figure; end it with {suffix}")
    if asked.folds and figure not in OF_ALL_FOLDS:
        raise NotInRun(
            f"{asked.folder} holds all folds, and {figure} shows one run; give one, such as {asked.folds[0]}"
        )
    save(FIGURES[figure](asked), path)
    return path
