"""What is measured on a CPU, in order: agreement, steps, forward passes, an epoch, the floor, memory, scaling."""

import sys
import time
from dataclasses import replace
from functools import partial

import numpy as np

from gca_scratch import training
from gca_scratch.network.gca_lstm import loss_and_gradients
from gca_scratch.settings import Settings
from gca_scratch.support.errors import InputError
from gca_scratch.training.parallel import Engine

from . import gauge, machine, memory, scaling
from .cases import HEADLINE, SIZES
from .engines import CPU, INSTEAD, LARGE, PEERS, QUICK, Wavefront, check, check_answers, find
from .floor import Floor
from .report import comparison_table, say, table
from .timing import compare, interleave

OURS, FLOOR = Wavefront.name, "its matrix products alone"
QUICK_SECONDS = 36  # since the start: then no round of the quick run begins any more


def quick(results, began):
    """The training step at the first size."""
    watch = machine.Watch()
    found, absent = find(QUICK)
    if len(found) == 1:
        found, absent = find(INSTEAD)
    say(*absent, "The other engines take too long to compile for a quick run.")
    ready = Ready(HEADLINE, {c.name: c for c in found.values()})
    results["sizes"] = {str(HEADLINE): one_size(ready, rounds=9, deadline=began + QUICK_SECONDS, forward=False)}
    conclude(results, watch)


def full(results):
    """Everything."""
    watch = machine.Watch()
    found, absent = find(CPU)
    if absent:
        say(*absent)
    results["sizes"] = {}
    for case in SIZES:
        makers = {c.name: c for key, c in found.items() if case.batch < 100 or key in LARGE}
        chosen = len(Engine(case.network()).cut(case.batch))
        modes = {f"wavefront in {n} part{'s' * (n > 1)}": partial(Wavefront, parts=n) for n in (1, 2) if n != chosen}
        ready = Ready(case, dict([*makers.items()][:1]) | modes | dict([*makers.items()][1:]))
        results["sizes"][str(case)] = one_size(ready, rounds=3)
        if case == HEADLINE:
            results["epoch"] = epoch(ready, results["sizes"][str(case)]["step"])
        del ready  # and its memory
    working = [key for key, c in found.items() if c.name in results["sizes"][str(HEADLINE)]["step"]]
    results["memory"] = memory.of_engines(working, (SIZES[0], SIZES[2]))
    results["attention"] = memory.of_attention()
    say(memory.describe(results["memory"], results["attention"]))
    results["scaling"] = scaling.measure()
    say(scaling.describe(results["scaling"]))
    conclude(results, watch)


class Ready:
    """Engines that have been checked at a size and have trained once.

    makers: {name: function of (network, params, device)}. One that fails is left out with a sentence.
    """

    def __init__(self, case, makers, device="cpu"):
        self.case, self.network = case, case.network()
        self.params, self.problem = case.problem()
        self.engines, self.start_up, self.errors = {}, {}, {}
        if "torch" in sys.modules:
            sys.modules["torch"].compiler.reset()  # compiled for this size, not for one that came before
        definition = replace(self.network, schedule="raster")
        expected = loss_and_gradients(definition, self.params, *self.problem)
        answers = definition.forward(self.params, self.problem[0])[0]
        for name, make in makers.items():
            start = time.perf_counter()
            try:
                engine = make(self.network, self.params, device=device)
                outcome, logits = outcomes(engine, self.problem, answers=device == "cpu")
            except InputError:
                raise
            except Exception as error:  # a compiler that is missing, say
                say(f"{name} is left out: {' '.join(str(error).split())[:200] or type(error).__name__}")
                continue
            self.start_up[name] = time.perf_counter() - start
            self.errors[name] = check(name, outcome, expected) if outcome else {}
            if logits is not None:
                self.errors[name]["logits"] = check_answers(name, logits, answers)
            self.engines[name] = engine

    def tasks(self, method, sequences=None):
        """Functions that time a method, "step" or "forward", on the first `sequences` of the batch."""
        x, y, masks = self.problem
        batch = (x, y, masks) if method == "step" else (x[:sequences], y[:sequences], {})

        def task(engine):
            prepared = engine.put(*batch)

            def call():
                getattr(engine, method)(prepared)
                engine.wait()

            return call

        return {name: task(engine) for name, engine in self.engines.items() if hasattr(engine, method)}


def outcomes(engine, problem, answers=True):
    """What is checked, loss and gradients, and logits without dropout; None for what is not there or not asked for.

    The logits come first, for an engine that trains takes a step, too.
    """
    logits = None
    if answers:
        logits = np.array(engine.forward(engine.put(*problem[:2], {})))
    if not hasattr(engine, "step"):
        return None, logits
    batch = engine.put(*problem)
    outcome = engine.gradients(batch)
    engine.step(batch)
    engine.wait()
    return outcome, logits


def one_size(ready, rounds, deadline=None, forward=True):
    """Training step, with the floor under it, and forward passes."""
    case = ready.case
    rows = [[name, f"{max(ready.errors[name].values()):.0e}", f"{ready.start_up[name]:.1f}"] for name in ready.engines]
    say(table([f"agreement at {case}", "largest error", "s to start and compile"], rows))
    measuring = {gauge.NAME: gauge.Gauge()}

    floor = Floor(ready.network, ready.params, *ready.problem)
    tasks = ready.tasks("step") | {FLOOR: floor.replay} | measuring
    seconds = interleave(tasks, rounds, deadline=deadline, warm=True)
    against_floor = compare({OURS: seconds[OURS], FLOOR: seconds.pop(FLOOR)}, FLOOR)
    step, step_gauge = gauge.compare_gauged(seconds, OURS)
    results = {
        "step": step,
        "step_gauge": step_gauge,
        "floor": against_floor[FLOOR]["seconds"] | {"gflop": floor.flops() / 1e9},
        "step_to_floor": against_floor[OURS]["ratio"],
        "start_up": ready.start_up,
        "errors": ready.errors,
    }
    say(comparison_table(step, f"training step, {case}"), "", floor_sentence(results), gauge.describe(step_gauge))
    if forward:
        answering = {"forward": (None, case)}
        if case.batch < 100:  # else that of another size
            answering["forward_1"] = 1, f"{case.joints} x {case.frames} x 1"
        for task, (sequences, size) in answering.items():
            seconds = interleave(ready.tasks("forward", sequences) | measuring, rounds)
            results[task], results[f"{task}_gauge"] = gauge.compare_gauged(seconds, OURS)
            say(comparison_table(results[task], f"forward only, {size}"), gauge.describe(results[f"{task}_gauge"]))
    return results


def floor_sentence(found):
    """What the floor says about a training step."""
    ratio, floor = found["step_to_floor"], found["floor"]
    low, high = ratio["quartiles"]
    return (
        f"Its matrix products alone, {floor['gflop']:.1f} GFLOP, take {1000 * floor['median']:.1f} ms "
        f"({floor['gflop'] / floor['median']:.0f} GFLOP/s): "
        f"the step takes {ratio['median']:.2f} x that (quartiles {low:.2f} to {high:.2f})."
    )


def epoch(ready, step, batches=10, rounds=1):
    """An epoch of the package, with the making of its batches, beside the same steps of peers on batches made before.

    Peers: of each library the one that was fastest in `step`.
    """
    case, rng = ready.case, np.random.default_rng(0)
    data, everything = case.data(batches * case.batch), np.arange(batches * case.batch)
    settings = Settings(frames=case.frames, batch_size=case.batch)
    ours = ready.engines[OURS]
    state = training.State(ours.params, rng)
    fit = (ours.engine, state, data, everything, settings, ours.optimiser, case.iterations, np)
    tasks = {OURS: lambda: training.run_epoch(*fit)}

    def task(engine):
        made = []
        for part in np.split(everything, batches):
            x, y = data.batch(part, case.frames, settings, rng)
            made.append(engine.put(x, y, ready.network.masks(rng, case.batch)))

        def call():
            for batch in made:
                engine.step(batch)
            engine.wait()

        return call

    for library in ("peer_torch", "peer_jax"):
        names = [name for name in step if type(ready.engines[name]).__module__.endswith(library)]
        if names:
            best = min(names, key=lambda name: step[name]["seconds"]["median"])
            tasks[best] = task(ready.engines[best])
    found = compare(interleave(tasks, rounds), OURS)
    say(comparison_table(found, f"epoch of {batches} batches, {case}"))
    return found


def best_peer(step):
    """The fastest engine of another library among those compared, or None."""
    peers = [name for name in step if name.startswith(PEERS)]
    return min(peers, key=lambda name: step[name]["seconds"]["median"], default=None)


def conclude(results, watch):
    """The one ratio that matters, printed last."""
    results["others"] = others = watch.others()
    if others and others > 0.1:
        print(f"WARNING: Other programs kept {others:.1f} cores busy meanwhile. Quote none of this:")
        print("programs whose threads wait for each other suffer most.")
    found = results["sizes"][str(HEADLINE)]
    name = best_peer(found["step"])
    print(floor_sentence(found))
    if name is None:
        print("There is no peer to compare with: pip install -r benchmarks/requirements.txt")
        return
    ratio = found["step"][name]["ratio"]
    low, high = ratio["quartiles"]
    results["best_peer"] = {"name": name, "ratio": ratio}
    print(
        f"wavefront against the best peer ({name}) at {HEADLINE}: "
        f"{ratio['median']:.2f} x faster (quartiles {low:.2f} to {high:.2f})",
        flush=True,
    )
