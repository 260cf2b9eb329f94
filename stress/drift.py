"""How far do results drift from processor to processor? `python stress/drift.py --write docs/tables/drift.md`, an hour.

Another kernel of the matrix library, other loops of NumPy, code compiled for an older processor: sums in another order,
with or without fused multiply-adds. Each such way to round is a process of its own, with one thread, and is asked

- `checks`: every gradient check: the largest error by complex step and by central differences;
- `steps`: ten training steps of the one-stream and the two-stream network, in float32 and float64, on synthetic data:
  how far loss, first gradient and parameters are from those of the first way;
- `brief`: the demonstration with three epochs a training step: accuracies and areas under the ROC curve;
- `demo`: the whole demonstration, for the ways of WHOLE; minutes each.

`brief` also runs with other seeds: the yardstick. Answers are kept in a folder (--folder) by a mark of the code that
gave them, and those that are there are not asked for again. Exit code 1 where a gradient check fails in any way.
"""

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from two_kernels import KERNELS, asked

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = ("checks", "steps", "brief", "demo")
STEPS, EPOCHS, SEEDS = 10, 3, (1, 2)
OURS = ("OPENBLAS_", "NPY_", "GCA_SCRATCH_")  # of the environment, what decides on rounding
OWN, OLDEST = "as this processor has it", "the oldest of all three"
WHOLE = (OWN, OLDEST)


# --- the ways to round ------------------------------------------------------------------------------------------------


def ways(folder):
    """What the environment says in each way, by name; the first, which is this processor's own, says nothing.

    folder: where to put compilers that know older processors alone.
    """
    features = asked(OPENBLAS_CORETYPE="")[0]
    wide = [name for name in features if "AVX512" in name or name == "X86_V4"]
    chosen, *_ = asked(OPENBLAS_CORETYPE="")[1] or [""]
    found = {OWN: {}}
    kernels = [name for name in (*KERNELS, "Nehalem") if name != chosen and name in asked(OPENBLAS_CORETYPE=name)[1]]
    for name in kernels:
        found[f"OpenBLAS with the kernel {name}"] = {"OPENBLAS_CORETYPE": name}
    if wide and wide != features:
        found["NumPy without AVX-512"] = {"NPY_DISABLE_CPU_FEATURES": " ".join(wide)}
    found["NumPy at its baseline"] = oldest = {"NPY_DISABLE_CPU_FEATURES": " ".join(features)}
    assert not asked(**oldest)[0], "NumPy does not know the names of its own features"
    if platform.machine() in ("x86_64", "AMD64"):
        for level, meaning in (("v3", "AVX2"), ("v2", "SSE4")):
            found[f"compiled for {meaning}"] = {"CC": compiler(level, folder)}
    found["nothing compiled"] = {"GCA_SCRATCH_COMPILED": "off"}
    if kernels:
        found[OLDEST] = oldest | {"OPENBLAS_CORETYPE": kernels[-1], "GCA_SCRATCH_COMPILED": "off"}
    return found


def compiler(level, folder):
    """The path of a C compiler for processors of a level of x86-64, whatever it is asked for."""
    path = folder / f"cc-for-x86-64-{level}"
    path.write_text(f'#!/bin/sh\nexec {os.environ.get("CC", "cc")} "$@" -march=x86-64-{level}\n')
    path.chmod(0o755)
    return str(path)


# --- what each is asked -----------------------------------------------------------------------------------------------


def checks(seed, folder):
    """The largest errors of all gradient checks, and how many there are and fail."""
    from gca_scratch.network import gradcheck
    from gca_scratch.variants.gradcheck import everything

    rows = gradcheck.prove(everything(), seed)
    return {
        "rows": len(rows),
        "failed": sum(not row.passed for row in rows),
        "complex": max(row.complex_error for row in rows),
        "central": max(row.central_error for row in rows),
    }


def steps(seed, folder):
    """Losses of ten steps by network and dtype; beside, in a file, first gradients and how parameters moved."""
    from gca_scratch.data import alignment, synthetic
    from gca_scratch.network import gca_lstm
    from gca_scratch.settings import PRESETS
    from gca_scratch.training import optim, parallel
    from gca_scratch.variants.build import build

    chosen = PRESETS["demo"]
    data = synthetic.generate(subjects=2, repetitions=1)
    aligned = alignment.align(data, face_camera=True, torso_scale=True)
    x, y = aligned.batch(np.arange(chosen.batch_size), chosen.frames)
    parts = [joint % 5 for joint in range(x.shape[2])]
    losses, arrays = {}, {}
    for name, title in (("gca", "one stream"), ("two-stream", "two streams")):
        for dtype in (np.float32, np.float64):
            which = f"{title}, {np.dtype(dtype)}"
            network = build(replace(chosen, network=name), *x.shape[2:], len(data.class_names), parts)
            rng = np.random.default_rng(seed)
            params, masks = network.init(rng, dtype), network.masks(rng, len(x), dtype)
            began = {key: value.copy() for key, value in params.items()}
            engine, descent = parallel.Engine(network, threads=1), optim.SGD(chosen.learning_rate, 0.9, chosen.clip)
            losses[which] = []
            for step in range(STEPS):
                loss, gradients, _ = engine.loss_and_gradients(params, x.astype(dtype), y, masks)
                losses[which].append(float(loss))
                if not step:
                    first = gca_lstm.multiplied_out(gradients)
                    arrays |= {f"{which}: gradient {key}": value.copy() for key, value in first.items()}
                descent.step(params, gradients)
            moved = [(params[key] - value).ravel() for key, value in began.items()]
            arrays[f"{which}: moved"] = np.concatenate(moved)
    np.savez(folder / "arrays.npz", **arrays)
    return losses


def brief(seed, folder):
    """The demonstration, shortened: {"GCA-LSTM": accuracy, ...} and the last iteration's area under the ROC curve."""
    return demonstration(seed, folder, epochs=EPOCHS, patience=EPOCHS, hidden=32)


def demo(seed, folder):
    """The whole demonstration."""
    return demonstration(seed, folder)


def demonstration(seed, folder, **changes):
    """As gca_scratch.experiments.demo, without figures, with some of its settings changed."""
    from gca_scratch.experiments import demo

    demo.SETTINGS = replace(demo.SETTINGS, **changes)
    demo.draw = lambda *anything: []
    with tempfile.TemporaryDirectory() as place:
        found = demo.demo(Path(place, "run"), seed, show=False, seeds=1)
    area = found["area_under_roc"]
    last = [name for name in area if name.startswith("iteration")][-1]
    return {name: of["mean"] for name, of in found["accuracy"].items()} | {"area": area[last]["within"]}


def answer(question, way, environment, seed, folder):
    """What a process of this way answers; kept in `folder`, and taken from there."""
    name = hashlib.sha256(f"{question}\n{way}\n{seed}\n{code()}".encode()).hexdigest()[:16]
    place = folder / name
    if not (place / "answer.json").exists():
        place.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-W", "ignore", __file__, "--ask", question, "--seed", str(seed), "--folder", place]
        everything = {key: value for key, value in os.environ.items() if not key.startswith(OURS)} | environment
        fixed = {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"}
        with tempfile.TemporaryDirectory() as cache, open(place / "log.txt", "w") as log:
            cached = {"XDG_CACHE_HOME": cache} if "CC" in environment else {}
            subprocess.run(command, env=everything | fixed | cached, check=True, stdout=log, stderr=log)
    return json.loads((place / "answer.json").read_text()) | {"place": place}


def code():
    """A mark of what decides on an answer: the package, this file, NumPy and Python."""
    files = [Path(__file__), *sorted(ROOT.glob("gca_scratch/**/*.py")), *sorted(ROOT.glob("gca_scratch/**/*.[ch]"))]
    told = b"".join(path.read_bytes() for path in files) + f"{np.__version__} {sys.version}".encode()
    return hashlib.sha256(told).hexdigest()


# --- the table --------------------------------------------------------------------------------------------------------


def apart(one, other):
    """The largest difference of two arrays or lists over the largest entry of both."""
    one, other = np.asarray(one, float), np.asarray(other, float)
    scale = max(np.abs(one).max(), np.abs(other).max())
    return float(np.abs(one - other).max() / scale) if scale else 0.0


def drifts(first, here):
    """Of `steps`, by network and dtype: how far gradient, losses and parameters are from those of the first way."""
    one, other = (np.load(found["place"] / "arrays.npz") for found in (first, here))
    for which in set(first) - {"place"}:
        gradient = max(apart(one[name], other[name]) for name in one.files if name.startswith(f"{which}: gradient"))
        moved, moved_here = one[f"{which}: moved"], other[f"{which}: moved"]
        parameters = np.linalg.norm(moved_here - moved) / np.linalg.norm(moved)
        yield (
            which,
            " / ".join(f"{x:.0e}" if x else "0" for x in (gradient, apart(first[which], here[which]), parameters)),
        )


def headed(*columns):
    """The first two lines of a table of Markdown, with a row for each way to round."""
    yield f"| way to round | {' | '.join(columns)} |"
    yield "| --- |" + " --- |" * len(columns)


def rows_of_checks(found):
    """Lines of Markdown on the gradient checks."""
    yield from headed("gradients", "wrong", "largest error, complex step", "largest error, central")
    for way, told in found.items():
        yield f"| {way} | {told['rows']} | {told['failed']} | {told['complex']:.1e} | {told['central']:.1e} |"


def rows_of_steps(found):
    """Lines of Markdown on ten training steps."""
    first = found[OWN]
    networks = [which for which in first if which != "place"]
    yield from headed(*networks)
    for way, told in found.items():
        if way != OWN:
            far = dict(drifts(first, told))
            yield f"| {way} | {' | '.join(far[which] for which in networks)} |"


def rows_of_demonstration(found):
    """Lines of Markdown on accuracies."""
    yield from headed("GCA-LSTM", "without attention", "area under ROC, last iteration")
    for way, told in found.items():
        yield f"| {way} | {told['GCA-LSTM']:.1%} | {told['without attention']:.1%} | {told['area']:.3f} |"


TITLES = {
    "checks": ("Gradient checks", rows_of_checks, "The limits are 1e-10 and 1e-6."),
    "steps": (
        "Ten training steps",
        rows_of_steps,
        "First gradient / losses of all steps / parameters at the end, each as far from the first way as it gets: "
        "gradients and losses in parts of the largest entry of their array, parameters in parts of the way that "
        "training has moved them.",
    ),
    "brief": ("The demonstration, shortened", rows_of_demonstration, f"{EPOCHS} epochs a training step, 32 units."),
    "demo": ("The whole demonstration", rows_of_demonstration, "As `make demo` runs it."),
}


def text(found):
    """The page: the tables of all questions that have answers."""
    features, blas = asked(OPENBLAS_CORETYPE="")
    head = (
        f"Written by `stress/drift.py`: Python {platform.python_version()}, NumPy {np.__version__}, "
        f"{platform.machine()}. This processor has OpenBLAS take the kernel {', '.join(blas)}, "
        f"and NumPy the loops {', '.join(features)}."
    )
    lines = ["# How far results drift from processor to processor", "", head, ""]
    for question, answers in found.items():
        title, rows, note = TITLES[question]
        lines += [f"## {title}", "", note, "", *rows(answers), ""]
    return "\n".join(lines).rstrip() + "\n"


def main():
    """Ask, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", nargs="*", help=f"some of {', '.join(QUESTIONS)}; all without")
    parser.add_argument("--write", metavar="FILE", help="write the tables to FILE (.md), after each answer")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "gca_scratch-drift"))
    parser.add_argument("--ask", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    wish = parser.parse_args()
    if wish.ask:
        told = globals()[wish.ask](wish.seed, wish.folder)
        (wish.folder / "answer.json").write_text(json.dumps(told))
        return 0
    wish.folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for question in wish.questions or QUESTIONS:
        runs = [
            (way, environment, 0)
            for way, environment in ways(wish.folder).items()
            if question != "demo" or way in WHOLE
        ]
        if question == "brief":
            runs += [(OWN, {}, seed) for seed in SEEDS]
        for way, environment, seed in runs:
            name = f"{way}, another seed ({seed})" if seed else way
            found.setdefault(question, {})[name] = told = answer(question, way, environment, seed, wish.folder)
            print(question, name, {key: value for key, value in told.items() if key != "place"}, flush=True)
            if wish.write:
                Path(wish.write).write_text(text(found), "utf-8")
    print(text(found))
    return int(any(told["failed"] for told in found.get("checks", {}).values()))


if __name__ == "__main__":
    sys.exit(main())
