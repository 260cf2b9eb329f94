"""Do two commits compute the same bits? `python stress/same_bits.py REV [REV2]`; without REV2, this working tree.

Each tree is laid out in a folder of its own and asked, in a process of its own, for the same numbers: forward passes
(NumPy's wavefront and the plain loop), every gradient and ten training steps of SGD with momentum and clipping, for the
one-stream and the two-stream network with both initial memories, float32 and float64, and a short stepwise training of
the synthetic actions. What comes back are the bytes of every array. Exit code 1 where any differ.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

QUESTION = """
import dataclasses, hashlib, importlib, json, sys
from pathlib import Path
import numpy as np
import gca_scratch

def first(*names):
    # Only what lies in this tree: an editable installation of another one lends its modules where a name is missing.
    for name in names:
        place = Path(gca_scratch.__file__).parent.joinpath(*name.split("."))
        if place.is_dir() or place.with_suffix(".py").is_file():
            return importlib.import_module(f"gca_scratch.{name}")
    raise SystemExit(f"none of {names}")

networks = first("network.gca_lstm", "networks")
two_stream = first("network.two_stream", "network.gca_lstm", "networks")
optim, engine = first("training.optim", "optim"), first("training.parallel", "engine")
ops = first("network.ops", "ops")
found = {}

def keep(name, array):
    array = np.ascontiguousarray(array)
    found[name] = [str(array.dtype), list(array.shape), hashlib.sha256(array.tobytes()).hexdigest()]

def built(streams, **sizes):
    if streams == "one":
        return networks.GCALSTM(**sizes)
    parts = tuple(j % 5 for j in range(sizes["joints"]))
    if hasattr(two_stream, "TwoStream"):
        return two_stream.TwoStream(**sizes, parts=parts)
    return networks.GCALSTM(**sizes, streams_of="both", parts=parts)

for streams in ("one", "two"):
    for memory in ("average", "feedforward"):
        for dtype in (np.float32, np.float64):
            for schedule in ("wavefront", "raster"):
                label = f"{streams}-stream, {memory}, {np.dtype(dtype)}, {schedule}"
                network = built(streams, joints=7, frames=6, channels=3, classes=5, hidden=16, iterations=2,
                                initial=memory, dropout=0.5, schedule=schedule)
                rng = np.random.default_rng(1)
                params = network.init(rng, dtype)
                x = rng.standard_normal((9, 6, 7, 3)).astype(dtype)
                y = rng.integers(0, 5, 9)
                masks = network.masks(rng, 9, dtype)
                keep(f"{label}: forward", network.forward(params, x)[0])
                loss, gradients, logits = networks.loss_and_gradients(network, params, x, y, masks)
                keep(f"{label}: loss", loss), keep(f"{label}: logits", logits)
                for name in sorted(gradients):
                    keep(f"{label}: d {name}", gradients[name])
                steps = engine.Engine(network, parts=3, threads=1)
                descent = optim.SGD(0.05, 0.9, 1.0)
                for _ in range(10):
                    loss, gradients, _ = steps.loss_and_gradients(params, x, y, masks)
                    descent.step(params, gradients)
                for name in sorted(params):
                    keep(f"{label}: {name} after ten steps", params[name])

synthetic, sampling = first("data.synthetic", "datasets.synthetic"), first("data.sampling", "datasets.sampling")
training, models, settings = first("training", "training"), first("variants.build", "models"), first("settings")
for change in ({"network": "coarse"}, {"sharing": "a"}, {"sharing": "b"}, {"sharing": "c"}, {"attention": "soft"},
               {"trust_gate": True}, {"network": "st-lstm"}, {"network": "global-1"}, {"network": "global-2"},
               {"network": "st-lstm", "trust_gate": True}, {"network": "two-stream", "attention": "soft"},
               {"network": "coarse", "sharing": "a"}, {"recompute": True, "iterations": 3}):
    network = models.build(settings.Settings(frames=4, hidden=6, **change), 5, 3, 4, (0, 1, 1, 3, 4))
    rng = np.random.default_rng(2)
    params, x = network.init(rng), rng.standard_normal((3, 4, 5, 3)).astype(np.float32)
    _, gradients, _ = networks.loss_and_gradients(network, params, x, np.array([0, 3, 1]), network.masks(rng, 3))
    for name, value in gradients.items():
        keep(f"variant {change}: gradient of {name}", value)

data = synthetic.generate(subjects=6, repetitions=1)
chosen = dataclasses.replace(settings.PRESETS["demo"], epochs=2, patience=2, hidden=8, seed=3)
align = getattr(sampling, "prepare", None) or first("data.alignment").align
aligned = align(data, face_camera=True, torso_scale=True)
network = models.build(chosen, joints=len(aligned.order), channels=aligned.channels, classes=len(data.class_names))
state = training.start(network, chosen)
training.train(network, state, aligned, np.arange(40), np.arange(40, 50), chosen)
for name, value in sorted(training.best_weights(state).items()):
    keep(f"stepwise training: {name}", value)
json.dump(found, open(sys.argv[1], "w"))
"""


def laid_out(folder, revision):
    """The tree of a revision, or the working tree where it is None, in `folder`."""
    if revision:
        archive = subprocess.run(["git", "-C", ROOT, "archive", revision], capture_output=True, check=True).stdout
        with tarfile.open(fileobj=BytesIO(archive)) as tar:
            tar.extractall(folder, filter="data")
        return folder
    return ROOT


def asked(tree, file):
    """What a tree answers: dtype, shape and digest of every array, by name."""
    environment = os.environ | {"PYTHONPATH": str(tree), "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", QUESTION, str(file)], check=True, env=environment, cwd=file.parent)
    return json.loads(file.read_text())


def main():
    """Compare, print what was found, return the exit code."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("revision")
    options.add_argument("second", nargs="?")
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        answers = []
        for n, revision in enumerate((options.revision, options.second)):
            place = Path(folder) / str(n)
            place.mkdir()
            answers.append(asked(laid_out(place, revision), Path(folder) / f"{n}.json"))
    before, after = answers
    differ = [name for name in before if before[name] != after.get(name)] + sorted(after.keys() - before.keys())
    kinds = (": forward", ": loss", ": logits", ": d ", "ten steps", "variant", "stepwise training")
    for kind in kinds:
        names = [name for name in before if kind in name]
        print(f"{kind.strip(': '):20} {len(names):4} arrays, {sum(name in differ for name in names)} differ")
    digest = hashlib.sha256(json.dumps(before, sort_keys=True).encode()).hexdigest()
    print(f"{len(before)} arrays of {options.revision}, {len(differ)} differ; sha256 of all: {digest[:16]}")
    for name in differ[:20]:
        print(f"  {name}: {before.get(name)} against {after.get(name)}")
    return int(bool(differ))


if __name__ == "__main__":
    sys.exit(main())
