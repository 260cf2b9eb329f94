"""Peak memory of a training step, each engine in a process of its own; and what `recompute` saves."""

import json
import subprocess
import sys
from dataclasses import astuple, replace

from .cases import HEADLINE, Case
from .engines import LARGE, Wavefront, find
from .report import say, table
from .timing import compare, interleave


def peak(key, case, steps=3):
    """MiB that a process holds after imports and data, and at most during some steps, as two numbers."""
    command = [sys.executable, "-m", "benchmarks.memory", key, json.dumps(astuple(case)), str(steps)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"measuring the memory of {key} failed: {(done.stderr.splitlines() or ['?'])[-1]}")
    found = json.loads(done.stdout.splitlines()[-1])
    return {"before": found[0], "peak": found[1]}


def _resident():
    """MiB in memory now, and at most so far."""
    try:  # what getrusage calls the maximum would include the parent's, of whose memory a child begins as a copy
        with open("/proc/self/status") as file:
            status = dict(line.split(":", 1) for line in file)
        return [int(status[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")]
    except OSError:  # no Linux
        import resource

        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)
        return [largest, largest]


def _measure(key, case, steps):
    """In the process of its own."""
    found, _ = find([key])
    network, (params, problem) = case.network(), case.problem()
    engine = found[key](network, params)
    before, _ = _resident()
    batch = engine.put(*problem)
    for _ in range(steps):
        engine.step(batch)
        engine.wait()
    return [before, _resident()[1]]


def of_engines(keys, cases):
    """{case: {engine's name: MiB before and at the peak}}; one process at a time, or their threads would meet."""
    found, _ = find(keys)
    peaks = {str(case): {} for case in cases}
    for case in cases:
        for key, engine in found.items():
            if case.batch < 100 or key in LARGE:
                try:
                    peaks[str(case)][engine.name] = peak(key, case)
                except RuntimeError as error:
                    say(str(error))
    return peaks


def of_attention(case=HEADLINE, rounds=5):
    """Peak memory and time of N = 1, N = 8, and N = 8 with `recompute`."""
    variants = {
        "N = 1": replace(case, iterations=1),
        "N = 8": replace(case, iterations=8),
        "N = 8, recompute": replace(case, iterations=8, recompute=True),
    }
    peaks = {name: peak("engines.Wavefront", variant) for name, variant in variants.items()}
    tasks = {}
    for name, variant in variants.items():
        params, problem = variant.problem()
        engine = Wavefront(variant.network(), params)
        tasks[name] = lambda engine=engine, problem=problem: engine.step(problem)
    times = compare(interleave(tasks, rounds), ours="N = 8")
    return {name: peaks[name] | times[name] for name in variants}


def describe(of_engines, of_attention):
    """Both as tables."""
    parts = []
    for case, peaks in of_engines.items():
        rows = [[name, *(f"{p[key]:.0f}" for key in ("before", "peak"))] for name, p in peaks.items()]
        parts.append(table([f"memory at {case}", "MiB before", "MiB at the peak"], rows))
    base = of_attention["N = 1"]["peak"]
    rows = [
        [
            name,
            f"{found['peak']:.0f}",
            f"{found['peak'] / base:.2f}",
            f"{1000 * found['seconds']['median']:.0f}",
            f"{found['ratio']['median']:.2f}",
        ]
        for name, found in of_attention.items()
    ]
    header = [f"attention iterations at {HEADLINE}", "MiB at the peak", "x that of N = 1", "ms", "x that of N = 8"]
    return "\n\n".join([*parts, table(header, rows)])


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1], Case(*json.loads(sys.argv[2])), int(sys.argv[3]))))
