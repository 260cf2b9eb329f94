"""Each figure of a run, from the files in its folder: runs.trained brings back the network, charts and bodies draw.

A folder of `train --fold all` has a confusion matrix, a body map and what is missed of all folds together.
"""

from functools import cached_property
from pathlib import Path

import numpy as np

from .. import runs
from ..network.arrays import to_device, to_host
from ..runs.trained import classify, load
from ..runs.where import answers
from ..support.errors import InputError
from . import bodies, canvas, charts, localisation, missed
from .look import look, poses

LONGEST = 60  # frames of an animation


class NotInRun(InputError):
    """A run has nothing that this figure could show."""


class Request:
    """The folder of a run, or of all folds, and what is wanted of it; loaded when a figure needs it.

    second: the folder of a run to compare it with, whose scores to show beside its own, or that must miss a sequence,
    too; data, sequence, device: as `trained.load` and `look` take them.
    """

    def __init__(self, folder, second=None, data=None, sequence=None, device="cpu"):
        folder, second = Path(folder), second and Path(second)
        self.folder, self.second, self.data, self.sequence, self.device = folder, second, data, sequence, device
        self.folds = sorted(path.parent for path in folder.glob("fold-*/checkpoint.npz"))

    @cached_property
    def run(self):
        """The network, brought back."""
        return load(self.folder, self.data, self.device)

    def each_run(self):
        """It alone, or those of all folds one after the other; the data are read once."""
        data = self.data
        for folder in self.folds:
            run = load(folder, data, self.device)
            data = run.split.data
            yield run
        if not self.folds:
            yield self.run

    @cached_property
    def look(self):
        """What it sees in the sequence."""
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


def _convergence(request):
    """Fig. 6 of two runs, the losses and errors of one."""
    if not request.second:
        return charts.convergence(runs.read_history(request.folder))
    folders = [request.folder, request.second]
    modes = [runs.read_config(folder / "config.toml")[1].mode for folder in folders]
    if modes == ["direct", "stepwise"]:
        folders, modes = folders[::-1], modes[::-1]
    names = modes if modes[0] != modes[1] else [f"{folder.name} ({modes[0]})" for folder in folders]
    return charts.convergence_of_methods(*map(runs.read_history, folders), names)


def _confusion(request):
    """Which class was taken for which in the test, of one run or of all folds together."""
    result = _result(request.folder, request.folds)
    counts = result["confusion"]
    names = [f"class {k + 1}, not tested" for k in range(len(counts))]
    for folder in request.folds or [request.folder]:
        part = _result(folder)
        if len(part["confusion"]) != len(counts):
            raise InputError(
                f"{folder / 'result.json'} has other classes than {request.folder / 'result.json'}; train again"
            )
        tested = np.flatnonzero(part["confusion"].any(axis=1))
        for k, name in zip(tested, part["per_class"], strict=True):
            names[k] = name
    fold = f"fold {result['fold']}" if result["fold"] else "all folds"
    dataset, protocol = (canvas.plain(result[name]) for name in ("dataset", "protocol"))
    title = f"{dataset}, protocol {protocol}, {fold}: {result['accuracy']:.1%} recognised"
    return charts.confusion_matrix(counts, names, title=title)


def _result(folder, folds=()):
    """What result.json holds; NotInRun where the run was stopped before its test."""
    begun = folds or (folder / "checkpoint.npz").exists()
    if begun and not (folder / "result.json").exists():
        raise NotInRun(
            f"it needs a finished run, and {folder} has no result.json yet; "
            f"go on with it by train --resume --out {folder}"
        )
    return runs.read_result(folder)


def _strip(request):
    """Fig. 7."""
    run, seen = request.attended()
    aligned = run.split.aligned
    frames = aligned.frame_index([seen.n], run.network.frames)[0] - aligned.offsets[seen.n]
    positions = poses(run, seen.n)[frames]
    return bodies.skeleton_strip(seen.title, positions, run.body.bones, seen.of_joints, aligned.up, names=seen.names)


def _body(request):
    """Fig. 8: over the test sequences of a run, or of all folds."""
    totals, count, pose = 0, 0, []
    for folder, run in zip(request.folds or [request.folder], request.each_run(), strict=True):
        test = run.split.test
        _, scores, names = classify(run, test)
        _must_attend(folder, scores, run)
        totals, count = totals + scores.sum(axis=(1, 2)) @ run.body.shares.T, count + len(test)
        pose += [_first_pose(poses(run, n, persons=1)) for n in test[:: max(1, len(test) // 100)]]
    joint_names = [run.split.data.joint_names[run.split.aligned.order[place]] for place in run.body.places]
    return bodies.body_map(
        f"Mean score of every joint over {count} test sequences",
        np.median(pose, axis=0), run.body.bones, totals / count, joint_names, run.split.aligned.up, names=names,
    )  # fmt: skip


def _first_pose(positions):
    """The first frame (J, 3) of the first person that shows one, relative to its hip."""
    there = (positions[:, :, 0] != 0).any(axis=(1, 2))
    pose = positions[there.argmax(), :, 0]
    return pose - pose[0]


def _missed(request):
    """The test sequences that are answered wrongly by a run or by all folds, or by two of these."""
    folder, second = request.folder, request.second
    tests = [missed.tested(request.each_run())]
    if second:
        tests.append(missed.tested(Request(second, data=request.data, device=request.device).each_run()))
        if not np.array_equal(*(test.run.split.data.name for test in tests)):
            raise InputError(f"{second} has other sequences than {folder}; leave it out")
    count, found = len(missed.tested_by_all(tests)), missed.misses(tests)
    if not count:
        raise NotInRun(f"no sequence is tested by both {folder} and {second}; give two runs of one protocol and fold")
    if not found and second:
        raise NotInRun(f"of {count} sequences that {folder} and {second} test, both miss none; draw it of one of them")
    if not found:
        raise NotInRun(f"{folder} misses none of its {count} test sequences")
    return missed.draw_missed(tests, found)


def _gates(request):
    run, seen = request.run, request.look
    x, _ = run.split.aligned.batch([seen.n], run.network.frames)
    gates = run.network.gates(run.weights, to_device(x, run.xp), run.iterations)
    gates = [(title, to_host(values)[:, 0]) for title, values in gates]
    # soft attention has scores, but no gates of a second layer
    scores = seen.scores if seen.scores is not None and len(gates) == 1 + len(seen.scores) else None
    return charts.gate_maps(f"Gates: {seen.title}", gates, scores, _cell_names(run))


def _scores(request):
    run, seen = request.attended()
    truth = None
    if run.split.data.truth is not None:
        truth = localisation.truth_at(run.split.data, run.split.aligned, [seen.n], run.network.frames)
    return charts.score_maps([seen.title], truth, seen.scores[:, None], _cell_names(run), seen.names)


def _where(request):
    """All answers to where the network looks, a row of skeletons each, under the truth where the data know it."""
    run, seen = request.run, request.look
    maps = where_it_looks(run, seen.n)
    if request.second:  # another network's scores of the same sequence, such as those of soft attention
        other = load(request.second, request.data, request.device)
        if not np.array_equal(other.split.data.name, run.split.data.name) or other.network.frames != run.network.frames:
            raise InputError(f"{request.second} has other sequences or frames than {request.folder}; leave it out")
        beside = look(other, seen.n)
        scores = [] if beside.of_joints is None else beside.of_joints
        maps |= {f"run 2, {name}": r for name, r in zip(beside.names, scores, strict=True)}
    aligned = run.split.aligned
    frames = aligned.frame_index([seen.n], run.network.frames)[0] - aligned.offsets[seen.n]
    shares = np.stack([localisation.shares(each) for each in maps.values()])
    drawing = bodies.skeleton_strip(
        seen.title, poses(run, seen.n)[frames], run.body.bones, shares, aligned.up, names=list(maps)
    )
    drawing.draw_without_rendering()  # so many rows find their places in two attempts, of which this is one
    return drawing


def where_it_looks(run, n):
    """The truth, if it is known, and the answers about sequence n of a run: name -> (T, J), joints as drawn."""
    aligned, frames = run.split.aligned, run.network.frames
    maps = answers(run.network, run.weights, aligned, [n], run.iterations, run.xp)
    if run.split.data.truth is not None:
        maps = {"truth": localisation.truth_at(run.split.data, aligned, [n], frames).astype(float)} | maps
    return {name: found[0] @ run.body.shares.T for name, found in maps.items()}


def _cell_names(run):
    return [run.split.data.joint_names[joint] for joint in run.split.aligned.order]


def _animation(request):
    run, seen = request.attended()
    return bodies.animation(
        seen.title, poses(run, seen.n), run.body.bones, seen.of_joints, run.split.aligned.up, LONGEST, names=seen.names
    )


FIGURES = {
    "convergence": _convergence,
    "strip": _strip,
    "body": _body,
    "confusion": _confusion,
    "gates": _gates,
    "scores": _scores,
    "animation": _animation,
    "where": _where,
    "missed": _missed,
}
OF_ALL_FOLDS = ("body", "confusion", "missed")


def draw(figure, request, path):
    """Draw one of FIGURES for a Request and save it; returns the path.

    Raises NotInRun where the run has nothing to show there, InputError for all else that cannot be drawn or written.
    """
    save, suffix = (bodies.save_animation, ".gif") if figure == "animation" else (canvas.save, ".png")
    if path.suffix.lower() != suffix:
        raise InputError(f"--out {path} is no name for this figure; end it with {suffix}")
    if request.folds and figure not in OF_ALL_FOLDS:
        raise NotInRun(
            f"{request.folder} holds all folds, and {figure} shows one run; give one, such as {request.folds[0]}"
        )
    save(FIGURES[figure](request), path)
    return path
