"""What the numbers were measured on, and whether something keeps it from doing its best."""

import os
import platform
import time
from importlib import metadata
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

PINS = ("OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
LIBRARIES = ("numpy", "torch", "jax", "onnxruntime", "openvino", "cupy")
# the kernels of OpenBLAS that use each instruction set, the best set first
KERNELS = {
    "avx512f": {"skylakex", "cooperlake", "sapphirerapids"},
    "avx2": {"haswell", "zen", "skylakex", "cooperlake", "sapphirerapids"},
}


def facts():
    """Processor, libraries and settings, as a dict. To be called before other libraries bring their own BLAS."""
    model, flags = _processor()
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": model or platform.processor() or "unknown",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "vector_instructions": [name for name in KERNELS if name in flags],
        "python": platform.python_version(),
        "versions": {name: version for name in LIBRARIES if (version := _version(name))},
        "blas": [
            {key: library.get(key) for key in ("internal_api", "version", "architecture", "num_threads")}
            for library in threadpool_info()
            if library["user_api"] == "blas"
        ],
        "pinned": {name: os.environ[name] for name in PINS if name in os.environ},
    }


def _processor():
    """Name and instruction sets of the processor, where Linux tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return None, set()
    pairs = dict(line.partition(":")[::2] for line in reversed(lines))  # of the first core
    pairs = {key.strip(): value.strip() for key, value in pairs.items()}
    return pairs.get("model name"), set(pairs.get("flags", "").split())


def _version(name):
    try:
        return np.__version__ if name == "numpy" else metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def warnings(facts):
    """Sentences on what keeps the matrix products from being the machine's best."""
    sentences = []
    best = next(iter(facts["vector_instructions"]), None)
    for blas in facts["blas"]:
        kernels = blas["architecture"]
        if best and kernels and blas["internal_api"] == "openblas" and kernels.lower() not in KERNELS[best]:
            sentences.append(f"The processor has {best}, but OpenBLAS uses its {kernels} kernels, which do without it.")
        if blas["num_threads"] < facts["cores"]:
            sentences.append(f"The matrix library may use {blas['num_threads']} of {facts['cores']} cores only.")
    if facts["pinned"]:
        pins = ", ".join(f"{name}={value}" for name, value in facts["pinned"].items())
        sentences.append(f"The environment pins what the libraries would choose themselves: {pins}.")
    return sentences


def describe(facts):
    """The facts in a few lines."""
    lines = [f"{facts['processor']}, {facts['cores']} cores, {facts['system']}, Python {facts['python']}"]
    lines.append(", ".join(f"{name} {version}" for name, version in facts["versions"].items()))
    for blas in facts["blas"]:
        kernels = f", {blas['architecture']} kernels" if blas["architecture"] else ""
        lines.append(f"NumPy's BLAS: {blas['internal_api']} {blas['version']}{kernels}, threads: {blas['num_threads']}")
    return "\n".join(lines + [f"WARNING: {sentence}" for sentence in warnings(facts)])


class Watch:
    """How many cores other programs have kept busy since this was made."""

    def __init__(self):
        self.start = self._now()

    def _now(self):
        """Seconds: the clock, all cores busy, these of our own processes."""
        try:
            cpu = [int(number) for number in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        except OSError:  # no Linux
            return None
        busy = (sum(cpu) - cpu[3] - cpu[4]) / os.sysconf("SC_CLK_TCK")  # without idling and waiting for disks
        return time.perf_counter(), busy, sum(os.times()[:4])

    def others(self):
        """That number of cores, or None where it is not known; hypervisors count as others."""
        if self.start is None:
            return None
        clock, busy, own = (now - before for now, before in zip(self._now(), self.start, strict=True))
        return max(0.0, (busy - own) / clock)
