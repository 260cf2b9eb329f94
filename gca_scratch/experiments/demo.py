"""The demonstration: GCA-LSTM learns the synthetic actions stepwise, beside the same network without attention."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from .. import runs, training
from ..figures import bodies, canvas, charts, localisation
from ..network.arrays import module_for
from ..runs import checkpoint, trained
from ..runs.where import answers
from ..settings import settings_from
from ..support import workers, writing
from ..support.errors import InputError

SEEDS = 5  # each trains both networks
# Beside the preset, whose rate dies out before a network can tell a nod from a kick: a high rate finds the difference,
# an average of the weights holds it, and displacement makes it large (docs/tables/demonstration.md).
SETTINGS = settings_from("demo", motion=3.0, dropout=0.0, decay=0.99, average=8)
SHOWN = ("wave left hand", "kick right")  # the two actions of the figures
RIGHT = "joint x moment"  # the answer to where a network looks that finds an action best


def demo(out, seed=0, device="cpu", show=True, seeds=SEEDS):
    """Train, print how well people never seen are recognised and how well the scores find the action; save figures.

    seeds: so many, from `seed` on, train both networks each; figures, and areas under the ROC curve, are of the first.

    Writes the runs `out/gca-lstm` and `out/without-attention` of the first seed, and of every other seed S a folder
    `out/seed-S` with the two; three kinds of figures; and `out/demo.json`, and returns what the latter holds.
    """
    out = Path(out)
    source = runs.Source("synthetic", protocol="half")
    settings = replace(SETTINGS, seed=seed)
    replace(settings, seed=seed + seeds - 1)  # refused, if it is, before anything is trained
    module_for(device)
    if os.path.exists(out) and not os.path.isdir(out):
        raise InputError(f"{out} cannot be written, for it is a file; choose another --out folder")
    if any(out.glob("**/checkpoint.npz")):
        raise InputError(f"{out} already holds a demonstration; remove it, or choose another --out folder")
    data = runs.load_data(source)
    test_subjects = len(np.unique(data.subject[data.subject % 2 == 0]))
    print(f"{len(data)} synthetic sequences, {len(data.class_names)} actions, {len(data.joint_names)} joints;")
    print(f"half of the people train the network, the other {test_subjects} are never seen before the test.\n")
    print(f"GCA-LSTM with {settings.iterations} attention iterations is trained stepwise; beside it the same network")
    print("without attention (N = 0), for at most as many epochs as the training steps have together;")
    print(f"each from {seeds} seed{'s' if seeds > 1 else ''}, on two cores.\n", flush=True)
    folders = [out, *(out / f"seed-{seed + k}" for k in range(1, seeds))]
    longer = settings.epochs * (settings.iterations + 1)
    trainings = [
        (source, replace(chosen, seed=seed + k), folder / name, False, device, show and k == 0 and name == "gca-lstm")
        for name, chosen in (
            ("gca-lstm", settings),
            ("without-attention", replace(settings, iterations=0, epochs=longer)),
        )
        for k, folder in enumerate(folders)
    ]  # the longest first
    results = list(workers.results(runs.run, trainings, jobs=2, data=data))  # one core each
    split = runs.make_split(data, source, settings)
    state, network, *_ = checkpoint.load(out / "gca-lstm")
    weights = training.best_weights(state)
    of_networks = {"GCA-LSTM": results[:seeds], "without attention": results[seeds:]}
    summary = {
        "accuracy": {name: spread([each["accuracy"] for each in found]) for name, found in of_networks.items()},
        "confused": {name: most_confused(found, data.class_names) for name, found in of_networks.items()},
        "area_under_roc": localisation.localise(network, weights, data, split.aligned, split.test),
        "seconds": sum(result["seconds"] for result in results),
        "figures": [str(path) for path in draw(out, network, weights, state.history, split)],
    }
    writing.write_json(out / "demo.json", summary)
    print(report(summary))
    return summary


def spread(values):
    """Mean, standard deviation (0 of a single value) and the values of all seeds."""
    return {
        "mean": float(np.mean(values)),
        "deviation": float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
        "seeds": [float(value) for value in values],
    }


def most_confused(results, names):
    """Which two classes are most often taken for each other, how often, and how many errors all seeds make."""
    errors = np.sum([result["confusion"] for result in results], axis=0)
    np.fill_diagonal(errors, 0)
    pairs = np.triu(errors + errors.T)
    one, other = np.unravel_index(pairs.argmax(), pairs.shape)
    return {"classes": [names[one], names[other]], "times": int(pairs.max()), "errors": int(errors.sum())}


def draw(out, network, weights, history, split):
    """Convergence, score maps of two actions, and of each a strip of where the network looks; returns the paths."""
    canvas.save(charts.convergence(history), out / "convergence.png")
    data, aligned = split.data, split.aligned
    shown = [next(n for n in split.test if data.class_names[data.label[n]] == name) for name in SHOWN]
    maps = answers(network, weights, aligned, shown)
    scores = np.stack([found for name, found in maps.items() if name.startswith("iteration")])  # (iterations, 2, T, J)
    truth = localisation.truth_at(data, aligned, shown, network.frames)
    names = [data.joint_names[joint] for joint in aligned.order]
    canvas.save(charts.score_maps(SHOWN, truth, scores, names), out / "scores.png")
    paths = [out / "convergence.png", out / "scores.png"]
    body = trained.body(data, aligned)
    rows = [RIGHT, *charts.iteration_names(len(scores))]
    shares = np.stack([localisation.shares(maps[name]) for name in rows])
    for k, name in enumerate(SHOWN):
        positions = aligned.x[aligned.frame_index(shown[k : k + 1], network.frames)[0]][:, body.places]
        path = out / f"strip-{name.replace(' ', '-')}.png"
        title = f"Where the network looks: {name}"
        canvas.save(
            bodies.skeleton_strip(title, positions, body.bones, shares[:, k] @ body.shares.T, aligned.up, names=rows),
            path,
        )
        paths.append(path)
    return paths


def report(summary):
    """The summary as text."""
    accuracy, areas = summary["accuracy"], summary["area_under_roc"]
    seeds = len(accuracy["GCA-LSTM"]["seeds"])
    over = f"mean ± standard deviation over {seeds} seeds" if seeds > 1 else "one seed"
    lines = ["", f"Accuracy on people never seen, {over}:"]
    for name, found in accuracy.items():
        of_seeds = "   " + " ".join(f"{value:.1%}" for value in found["seeds"]) if seeds > 1 else ""
        lines.append(f"  {name:20} {_percent(found)}{of_seeds}")
    lines += [""]
    for name, found in summary["confused"].items():
        lines.append(f"  {name:20} {_errors(found, 'all seeds' if seeds > 1 else 'all')}")
    lines += ["", "How well does the first network find the joints and frames that carry the action?"]
    lines += ["Area under the ROC curve of its scores, and of other answers to where it looks:"]
    lines += ["- within: in a sequence, do cells of the action score above the others?"]
    lines += ["- action: at a cell, do sequences whose action is there score above the others?"]
    lines += ["- reached: at a cell, do those score higher whose action is there or before, in the chain and in time?"]
    lines += [f"  {'':20} {'within':>8} {'action':>8} {'reached':>8}"]
    lines += [f"  {name:20}" + "".join(f" {value:8.3f}" for value in area.values()) for name, area in areas.items()]
    lines += ["", f"Trained in {summary['seconds']:.0f} s of a core. Figures, of the first network:"]
    return "\n".join(lines + [f"  {path}" for path in summary["figures"]])


def _errors(found, whose):
    """A sentence on the errors of a network, and on the pair of classes that has most of them."""
    one, other = found["classes"]
    pair = f", of these {found['times']} between {one} and {other}" if found["errors"] else ""
    return f"{found['errors']} errors in {whose}{pair}"


def _percent(found):
    several = len(found["seeds"]) > 1
    return f"{100 * found['mean']:5.1f} ± {100 * found['deviation']:.1f} %" if several else f"{found['mean']:6.1%}"
