"""The demonstration: GCA-LSTM learns the synthetic actions stepwise, beside the same network without attention."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from .. import runs, training
from ..figures import bodies, canvas, charts, localisation
from ..network.arrays import module_for
from ..runs import checkpoint, trained
from ..settings import PRESETS
from ..support import workers, writing
from ..support.errors import InputError

SHOWN = ("wave left hand", "kick right")  # the two actions of the figures


def demo(out, seed=0, device="cpu", show=True):
    """Train, print how well people never seen are recognised and how well the scores find the action; save figures.

    Writes the runs `out/gca-lstm` and `out/without-attention`, three kinds of figures and `out/demo.json`, and returns
    what the latter holds.
    """
    out = Path(out)
    source = runs.Source("synthetic", protocol="half")
    settings = replace(PRESETS["demo"], seed=seed)
    module_for(device)
    if os.path.exists(out) and not os.path.isdir(out):
        raise InputError(f"{out} cannot be written, for it is a file; choose another --out folder")
    if any(out.glob("*/checkpoint.npz")):
        raise InputError(f"{out} already holds a demonstration; remove it, or choose another --out folder")
    data = runs.load_data(source)
    test_subjects = len(np.unique(data.subject[data.subject % 2 == 0]))
    print(f"{len(data)} synthetic sequences, {len(data.class_names)} actions, {len(data.joint_names)} joints;")
    print(f"half of the people train the network, the other {test_subjects} are never seen before the test.\n")
    print(f"GCA-LSTM with {settings.iterations} attention iterations is trained stepwise; beside it the same network")
    print("without attention (N = 0), for at most as many epochs as the training steps have together.\n", flush=True)
    without = replace(settings, iterations=0, epochs=settings.epochs * (settings.iterations + 1))
    trainings = (
        (source, settings, out / "gca-lstm", False, device, show),
        (source, without, out / "without-attention", False, device, False),
    )
    result, baseline = workers.results(runs.run, trainings, jobs=2, data=data)  # one core each

    state, network, _, _ = checkpoint.load(out / "gca-lstm")
    split = runs.make_split(data, source, settings)
    weights = training.best_weights(state)
    areas = localisation.localise(network, weights, data, split.aligned, split.test)
    figures = draw(out, network, weights, state.history, split)
    summary = {
        "accuracy": {"GCA-LSTM": result["accuracy"], "without attention": baseline["accuracy"]},
        "area_under_roc": areas,
        "seconds": max(result["seconds"], baseline["seconds"]),
        "figures": [str(path) for path in figures],
    }
    writing.write_json(out / "demo.json", summary)
    print(report(summary))
    return summary


def draw(out, network, weights, history, split):
    """Convergence, score maps of two actions, and a skeleton strip of each; returns the paths."""
    canvas.save(charts.convergence(history), out / "convergence.png")
    data, aligned = split.data, split.aligned
    shown = [next(n for n in split.test if data.class_names[data.label[n]] == name) for name in SHOWN]
    _, cache = network.forward(weights, aligned.batch(shown, network.frames)[0])
    scores = network.scores(cache)  # (iterations, 2, T, J)
    truth = localisation.truth_at(data, aligned, shown, network.frames)
    names = [data.joint_names[joint] for joint in aligned.order]
    canvas.save(charts.score_maps(SHOWN, truth, scores, names), out / "scores.png")
    paths = [out / "convergence.png", out / "scores.png"]
    body = trained.body(data, aligned)
    for k, name in enumerate(SHOWN):
        positions = aligned.x[aligned.frame_index(shown[k : k + 1], network.frames)[0]][:, body.places]
        path = out / f"strip-{name.replace(' ', '-')}.png"
        title = f"Informativeness of joints: {name}"
        canvas.save(bodies.skeleton_strip(title, positions, body.bones, scores[:, k], aligned.up), path)
        paths.append(path)
    return paths


def report(summary):
    """The summary as text."""
    accuracy, areas = summary["accuracy"], summary["area_under_roc"]
    lines = ["", "Accuracy on people never seen:"]
    lines += [f"  {name:20} {value:6.1%}" for name, value in accuracy.items()]
    lines += ["", "How well do the scores find the joints and frames that carry the action? Area under the ROC curve:"]
    lines += ["- within: in a sequence, do cells of the action score above the others?"]
    lines += ["- action: at a cell, do sequences whose action is there score above the others?"]
    lines += ["- reached: at a cell, do those score higher whose action is there or before, in the chain and in time?"]
    lines += [f"  {'':20} {'within':>8} {'action':>8} {'reached':>8}"]
    lines += [f"  {name:20}" + "".join(f" {value:8.3f}" for value in area.values()) for name, area in areas.items()]
    lines += ["", f"Trained in {summary['seconds']:.0f} s. Figures:"]
    return "\n".join(lines + [f"  {path}" for path in summary["figures"]])
