"""A process that measures one revision or one library: questions come as lines of JSON, and so do the answers.

It runs as a script, with the folder of a revision first in PYTHONPATH: the engines, the networks and the recorder of
products are those of that revision. It uses no more of them than every revision with a folder benchmarks/ has.
"""

import gc
import importlib
import json
import os
import sys
import time
from pathlib import Path

import numpy as np


def turn(task, least=0.3, again=True, clock=time.perf_counter):
    """Median seconds of as many calls as fit in `least` seconds, one at least.

    again: call it once before, uncounted, for the memory and caches that others have used meanwhile.
    """
    if again:
        task()
    seconds, end = [], clock() + least
    while not seconds or clock() < end:
        start = clock()
        task()
        seconds.append(clock() - start)
    return float(np.median(seconds))


class Answers:
    """What can be asked: every public method, with its arguments by name; all return what JSON can hold."""

    def __init__(self):
        self.tasks, self.replayed = {}, None

    def where(self):
        """The folder that the package was imported from."""
        return str(Path(importlib.import_module("gca_scratch").__file__).parents[1])

    def open(self, engines, sizes, problem, outcomes):
        """Make engines {name: "file.Class"} ready; returns {name: None, or a sentence on why it is left out}.

        sizes: arguments of the network.  problem: a file of parameters and a batch, as `workers.save` writes it.
        outcomes: a folder for what each engine computed, NAME.npz with `logits` and, where it trains, `loss` and the
        gradients as `d.NAME`.
        """
        network, params, (x, y, masks) = loaded(sizes, problem)
        said = {}
        for name, key in engines.items():
            try:
                engine = engine_class(key)(network, params)
                dry = engine.put(x, y, {})
                found = {"logits": np.array(engine.forward(dry))}
                self.tasks[name, "forward"] = waiting(engine, "forward", dry)
                if hasattr(engine, "step"):
                    batch = engine.put(x, y, masks)
                    found["loss"], gradients = engine.gradients(batch)
                    found |= {f"d.{parameter}": g for parameter, g in gradients.items()}
                    self.tasks[name, "step"] = waiting(engine, "step", batch)
                    self.tasks[name, "step"]()
                np.savez(Path(outcomes) / f"{name}.npz", **found)
                said[name] = None
            except ModuleNotFoundError as error:
                said[name] = f"it is not installed (no module {error.name})"
            except Exception as error:  # a compiler that is missing, say
                said[name] = " ".join(str(error).split())[:200] or type(error).__name__
        return said

    def floor(self, sizes, problem):
        """Record the matrix products of a training step for `time` to replay; returns their GFLOP."""
        network, params, batch = loaded(sizes, problem)
        self.replayed = importlib.import_module("benchmarks.floor").Floor(network, params, *batch)
        self.tasks["products", "replay"] = self.replayed.replay
        return self.replayed.flops() / 1e9

    def time(self, name, task, least, again):
        """Seconds of a `turn`."""
        gc.collect()
        return turn(self.tasks[name, task], least, again)

    def memory(self, sizes, problem, steps=3):
        """MiB that the process holds before any training step, and at most during some of them."""
        resident = importlib.import_module("benchmarks.memory")._resident
        network, params, batch = loaded(sizes, problem)
        engine = engine_class("engines.Wavefront")(network, params)
        before, _ = resident()
        batch = engine.put(*batch)
        for _ in range(steps):
            engine.step(batch)
        return {"before": before, "peak": resident()[1]}


def engine_class(key):
    """The engine "file.Class" of the revision."""
    file, _, name = key.partition(".")
    return getattr(importlib.import_module(f"benchmarks.{file}"), name)


def waiting(engine, method, batch):
    """A function that calls a method and returns when its work is done."""

    def call():
        getattr(engine, method)(batch)
        engine.wait()

    return call


def loaded(sizes, problem):
    """The network of these sizes, and parameters and batch from a file."""
    network = importlib.import_module("benchmarks.cases").GCALSTM(*sizes)
    with np.load(problem) as arrays:
        params, masks = (
            {name.removeprefix(start): arrays[name] for name in arrays if name.startswith(start)}
            for start in ("p.", "m.")
        )
        return network, params, (arrays["x"], arrays["y"], masks)


def main():
    """Answer until the input ends; what libraries print goes to standard error."""
    reply = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    answers = Answers()
    for line in sys.stdin:
        question = json.loads(line)
        try:
            said = {"answer": getattr(answers, question.pop("ask"))(**question)}
        except Exception as error:
            said = {"error": " ".join(f"{type(error).__name__}: {error}".split())[:400]}
        print(json.dumps(said), file=reply, flush=True)


if __name__ == "__main__":
    main()
