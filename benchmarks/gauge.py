"""A gauge of the machine: a product of fixed size in every round tells slow rounds apart."""

import numpy as np

from .timing import compare, summary

NAME = "gauge"  # of its task among those that take turns
SIDE = 1024
FLOP = 2 * SIDE**3
SLOW = 0.88  # a round is slow when the product ran at less than this part of the best rate


class Gauge:
    """A product of two square matrices, float32, on as many threads as the matrix library takes."""

    def __init__(self):
        self.a, self.b = np.random.default_rng(0).standard_normal((2, SIDE, SIDE), dtype=np.float32)
        self.out = np.empty_like(self.a)

    def __call__(self):
        np.matmul(self.a, self.b, out=self.out)


def rates(seconds):
    """GFLOP/s of the gauge from its seconds, round by round."""
    return [FLOP / 1e9 / s for s in seconds]


def fast(rates, best=None):
    """Which rounds were not slow, as a list of bool; best: the best rate, where more rounds were seen than these."""
    best = max(rates) if best is None else best
    return [rate >= SLOW * best for rate in rates]


def compare_gauged(seconds, ours, best=None):
    """`timing.compare` of tasks among which the gauge was, and what the gauge says.

    Every entry but the gauge's gets `fast`, the summary of its ratio over the rounds that were not slow.
    Returns entries by name, and {"gflops": rate of each round, "fast": which were not slow}.
    """
    found = rates(seconds[NAME])
    chosen = fast(found, best)
    compared = compare({name: values for name, values in seconds.items() if name != NAME}, ours)
    for entry in compared.values():
        entry["fast"] = summary(np.compress(chosen, entry["ratio"]["rounds"])) if any(chosen) else None
    return compared, {"gflops": found, "fast": chosen}


def describe(gauge):
    """One sentence on the state of the machine."""
    rates, slow = gauge["gflops"], gauge["fast"].count(False)
    return (
        f"The gauge, a product of {SIDE} x {SIDE} matrices, ran at {np.median(rates):.0f} GFLOP/s "
        f"({min(rates):.0f} to {max(rates):.0f}); slow rounds: {slow} of {len(rates)}."
    )
