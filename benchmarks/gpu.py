"""What is measured on a GPU: agreement with the CPU, training steps, memory, an epoch, and the limits beside them."""

import json
import os
import subprocess
import sys
import time
from dataclasses import astuple

import numpy as np

from gca_scratch import training
from gca_scratch.network.arrays import module_for
from gca_scratch.network.gca_lstm import loss_and_gradients
from gca_scratch.settings import Settings

from .cases import SIZES, Case
from .cpu import OURS, Ready, best_peer
from .engines import CUDA, Wavefront, find, relative_errors
from .floor import Floor
from .report import comparison_table, say, table
from .timing import compare, interleave, summary

LARGE = Case(25, 20, 100)
NTU = 40_091  # sequences that NTU RGB+D trains on, cross-subject
KNOWN = {"H200": (67, 4.8), "H100 PCIe": (51, 2.0), "H100": (67, 3.35), "A100": (19.5, 2.0), "V100": (15.7, 0.9)}
# float32 TFLOP/s without tensor cores, and TB/s of memory


def measure(results, quick=False):
    """All of it; a quick run measures the steps at one size. Raises InputError where there is no GPU or no CuPy."""
    cupy = module_for("cuda")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # JAX would leave the others no memory
    found, absent = find(CUDA)
    results["gpu"] = device_facts(cupy)
    say(", ".join(f"{name} {value}" for name, value in results["gpu"].items()), *absent)
    results["sizes"] = {str(case): steps(case, found) for case in (SIZES[:1] if quick else SIZES)}
    if not quick:
        results["pool_mib"] = pool_peak(cupy, LARGE)
        say(f"memory that the package takes for training steps at {LARGE}: {results['pool_mib']:.0f} MiB")
        results["limits"] = limits(cupy, LARGE, results["gpu"]["name"])
        milliseconds = 1000 * results["sizes"][str(LARGE)]["step"][OURS]["seconds"]["median"]
        rows = [[name, f"{value:.2f}"] for name, value in results["limits"].items() if value]
        say(table([f"limits at {LARGE}", "ms"], [*rows, ["measured", f"{milliseconds:.2f}"]]))
        results["tf32"] = tf32(LARGE)
        seconds, error = results["tf32"]["seconds"]["median"], max(results["tf32"]["errors"].values())
        say(
            f"with tf32 products: {1000 * seconds:.2f} ms, largest error of a gradient {error:.0e} of its largest entry"
        )
        results["epoch_seconds"] = epoch(cupy, LARGE)
        say(f"epoch of {NTU} sequences in batches of {LARGE.batch}: {results['epoch_seconds']:.2f} s")
    for case, found in results["sizes"].items():
        if name := best_peer(found["step"]):
            r = found["step"][name]["ratio"]
            low, high = r["quartiles"]
            print(f"wavefront against the best peer ({name}) at {case}: "
                  f"{r['median']:.2f} x faster (quartiles {low:.2f} to {high:.2f})")  # fmt: skip


def device_facts(cupy):
    """Name, memory and driver."""
    properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)
    return {
        "name": properties["name"].decode(),
        "GiB": round(properties["totalGlobalMem"] / 2**30),
        "driver for CUDA": cupy.cuda.runtime.driverGetVersion(),
        "CUDA": cupy.cuda.runtime.runtimeGetVersion(),
    }


def steps(case, found, rounds=15):
    """Agreement with the CPU, then the training step of every engine; each is waited for before the clock stops."""
    ready = Ready(case, {c.name: c for c in found.values()}, device="cuda")
    names = list(ready.engines)
    rows = [[what, *(f"{ready.errors[name][what]:.1e}" for name in names)] for what in ready.errors[OURS]]
    say(table([f"errors against the CPU, {case}", *names], rows))
    step = compare(interleave(ready.tasks("step"), rounds, least=0.2, pause=0), OURS)
    say(comparison_table(step, f"training step, {case}"))
    return {"step": step, "errors": ready.errors, "start_up": ready.start_up}


def pool_peak(cupy, case):
    """MiB that CuPy's pool takes from the device for some steps; it gives nothing back by itself."""
    pool = cupy.get_default_memory_pool()
    pool.free_all_blocks()
    before = pool.total_bytes()
    params, problem = case.problem()
    engine = Wavefront(case.network(), params, "cuda")
    batch = engine.put(*problem)
    for _ in range(3):
        engine.step(batch)
    engine.wait()
    return (pool.total_bytes() - before) / 2**20


def limits(cupy, case, name):
    """Milliseconds below which a step cannot come: by arithmetic, by memory, by the launches of its sweeps.

    Arithmetic: the matrix products. Memory: every sweep writes and reads again what the backward pass needs, once each;
    every parameter, its velocity and its gradient are read and written. Launches: per diagonal one product and one
    kernel, forward and backward, each as long as an empty kernel takes to launch. None where the GPU is not known.
    """
    params, problem = case.problem()
    flops = Floor(case.network(), params, *problem, parts=1).flops()
    sweeps, H = 1 + case.iterations, case.network().hidden
    # forward: share of the gates in (5H), gates, c, tanh c, h, inputs of the next (5 + 5) out; backward: these and dh
    # (11) in, da (5) out
    numbers = sweeps * case.cells * H * (5 + 10 + 11 + 5) + 6 * sum(p.size for p in params.values())
    arithmetic, memory = next((peak for part, peak in KNOWN.items() if part in name), (None, None))
    return {
        "arithmetic": arithmetic and flops / arithmetic / 1e9,
        "memory": memory and 4 * numbers / memory / 1e9,
        "launches": 1000 * sweeps * (case.joints + case.frames - 1) * 4 * launch_seconds(cupy),
    }


def launch_seconds(cupy, times=2000):
    """Seconds to launch an empty kernel, one after another."""
    empty = cupy.RawKernel('extern "C" __global__ void empty() {}', "empty")

    def launch():
        for _ in range(times):
            empty((1,), (1,), ())
        cupy.cuda.Device().synchronize()

    launch()
    start = time.perf_counter()
    launch()
    return (time.perf_counter() - start) / times


def epoch(cupy, case, sequences=NTU):
    """Seconds of an epoch as the package trains it, batches and dropout masks included."""
    settings = Settings(frames=case.frames, batch_size=case.batch, iterations=case.iterations)
    data = case.data(sequences)
    params, _ = case.problem()
    engine = Wavefront(case.network(), params, "cuda")
    state = training.State(engine.params, np.random.default_rng(0))

    def run(fit):
        training.run_epoch(engine.engine, state, data, fit, settings, engine.optimiser, case.iterations, cupy)
        engine.wait()

    run(np.arange(min(sequences, 3 * case.batch)))
    run(np.arange(sequences % case.batch or case.batch))  # the last batch is smaller
    start = time.perf_counter()
    run(np.arange(sequences))
    return time.perf_counter() - start


def tf32(case):
    """Time and errors of a step whose products round their factors to tf32: CuPy decides that when it is loaded."""
    command = [sys.executable, "-m", "benchmarks.gpu", json.dumps(astuple(case))]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"CUPY_TF32": "1"})
    if done.returncode:
        raise RuntimeError(f"measuring tf32 failed: {(done.stderr.splitlines() or ['?'])[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def _tf32(case):
    """In the process of its own, in which CuPy was told."""
    network, (params, problem) = case.network(), case.problem()
    expected = loss_and_gradients(network, params, *problem)
    engine = Wavefront(network, params, "cuda")
    batch = engine.put(*problem)
    errors = relative_errors(engine.gradients(batch), expected)

    def task():
        engine.step(batch)
        engine.wait()

    return {"seconds": summary(interleave({OURS: task}, 15, least=0.2, pause=0)[OURS]), "errors": errors}


if __name__ == "__main__":
    print(json.dumps(_tf32(Case(*json.loads(sys.argv[1])))))
