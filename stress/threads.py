"""What does Python's lock cost the threads of a training step? `python stress/threads.py`, where two cores are idle.

A step of two parts is taken on two threads of one process, which meet at the lock wherever they run Python, and by two
processes that take a part each and share nothing. Both do the same arithmetic on two cores, so their ratio is what the
lock costs at most; a Python without it (3.14t) has nothing to gain beyond that. The ways take turns, and the best of
several rounds counts, so that whatever else the machine does touches all alike.
"""

import argparse
import multiprocessing
import os
import platform
import sys
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

from gca_scratch.network.gca_lstm import GCALSTM
from gca_scratch.training.optim import SGD
from gca_scratch.training.parallel import Engine

SIZES = {  # sequences, frames, joints, units
    "the demonstration": (32, 10, 25, 64),
    "small, many calls": (16, 5, 15, 16),
    "the paper's": (64, 20, 25, 128),
}


def stepper(size, parts, threads):
    """A function that takes so many training steps, in float32, and says how many seconds one took."""
    batch, frames, joints, hidden = size
    network = GCALSTM(joints, frames, 3, 14, hidden=hidden, iterations=2)
    rng = np.random.default_rng(0)
    params, engine, descent = network.init(rng), Engine(network, parts, threads), SGD(1e-3, 0.9, 5.0)
    x, y = rng.standard_normal((batch, frames, joints, 3)).astype(np.float32), rng.integers(0, 14, batch)

    def steps(n):
        began = time.perf_counter()
        for _ in range(n):
            _, gradients, _ = engine.loss_and_gradients(params, x, y)
            descent.step(params, gradients)
        return (time.perf_counter() - began) / n

    return steps


def half(size, orders, answers, together):
    """A process that takes the steps of one part whenever it is told how many, and goes with them."""
    steps = stepper((size[0] // 2, *size[1:]), 1, 1)
    steps(2)
    answers.put(0.0)
    while n := orders.get():
        together.wait()
        answers.put(steps(n))


def best_of(size, rounds):
    """Seconds a step takes on one thread, on two, and in two processes: the best of so many rounds."""
    context = multiprocessing.get_context("spawn")
    answers, together = context.Queue(), context.Barrier(2)
    orders = [context.Queue() for _ in range(2)]
    processes = [context.Process(target=half, args=(size, queue, answers, together), daemon=True) for queue in orders]
    for process in processes:
        process.start()
    one, two = stepper(size, 2, 1), stepper(size, 2, 2)
    n = max(1, round(0.5 / max(one(2), two(2))))
    for _ in processes:
        answers.get()
    found = []
    for _ in range(rounds):
        alone, threads = one(n), two(n)
        for queue in orders:
            queue.put(n)
        found.append((alone, threads, max(answers.get() for _ in processes)))
    for queue in orders:
        queue.put(0)
    return np.min(found, axis=0)


def main():
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    wish = parser.parse_args()
    locked = getattr(sys, "_is_gil_enabled", lambda: True)()
    print(f"Python {platform.python_version()} {'with' if locked else 'without'} the lock, NumPy {np.__version__}")
    print(f"{'size':20} {'one thread':>12} {'two threads':>12} {'two processes':>14}   threads / processes")
    for name, size in SIZES.items():
        alone, threads, processes = (1e3 * seconds for seconds in best_of(size, wish.rounds))
        print(
            f"{name:20} {alone:9.2f} ms {threads:9.2f} ms {processes:11.2f} ms   {threads / processes:.2f}", flush=True
        )


if __name__ == "__main__":
    main()
