"""Timing in turns, so that a machine that grows slower or faster does so for everyone; medians, quartiles, ratios."""

import gc
import time

import numpy as np

from . import worker


def interleave(
    tasks,
    rounds,
    least=0.3,
    deadline=None,
    fewest=2,
    pause=0.05,
    warm=False,
    turn=worker.turn,
    clock=time.perf_counter,
    sleep=time.sleep,
):
    """Seconds per call of each task, a number for every round: {name: (rounds,)}.

    tasks: {name: function that returns when its work is done}. Each is called once to warm up, which does not count,
    unless all are `warm`.
    In every round each has its turn: a call that does not count, for the memory and caches that the others have used
    (unless calls take more than a second), and then calls until `least` seconds are over, of which the median counts.
    Each round begins with another task, and a pause before each turn lets the threads of the one before go to sleep.
    turn: `worker.turn`, or another function of (task, least, again, clock) that returns the seconds of a turn.
    After `deadline` (on the clock) no further round begins, once there are `fewest`.
    """
    for task in () if warm else tasks.values():
        task()
    seconds = {name: [] for name in tasks}
    names = list(tasks)
    for k in range(rounds):
        if deadline is not None and k >= fewest and clock() > deadline:
            break
        for name in names[k % len(names) :] + names[: k % len(names)]:
            gc.collect()
            sleep(pause)
            again = not seconds[name] or seconds[name][-1] <= 1
            seconds[name].append(turn(tasks[name], least, again, clock))
    return seconds


def summary(values):
    """Median and quartiles, and the values themselves."""
    low, median, high = (float(q) for q in np.percentile(values, (25, 50, 75)))
    return {"median": median, "quartiles": [low, high], "rounds": [float(value) for value in values]}


def compare(seconds, ours):
    """For every name the summary of its seconds, and of their ratio to those of `ours`, round by round."""
    return {
        name: {"seconds": summary(values), "ratio": summary(np.divide(values, seconds[ours]))}
        for name, values in seconds.items()
    }
