"""What the small sizes must show, judged from what was measured, and the line with all ratios."""

import numpy as np

from . import gauge
from .engines import PEERS, Wavefront

OURS = Wavefront.name
FLOOR = "products replayed"
FEWEST = 3  # rounds in the fast state; with fewer all rounds count
WHOLE = "PyTorch loss compiled as a whole"  # without it the best peer was not measured
STEPS = {  # at most so many times the products replayed, and at least so many times as fast as the best peer
    "20 x 10 x 8, hidden 64": (1.4, 2.6),
    "25 x 10 x 16, hidden 64": (1.4, 1.7),
    "25 x 20 x 1, hidden 128": (1.4, 1.9),
    "25 x 20 x 32, hidden 128, feed-forward memory": (1.15, 1.3),
}
FORWARD = ("20 x 10 x 8, hidden 64", "25 x 10 x 16, hidden 64")  # faster than every peer
ONE, ONE_FASTER = "25 x 20 x 1, hidden 128", 1.6  # than the revision, in forward passes
FOLDS_FASTER = 1.6
PEAK = 1.02  # two runs of the same code differ by less


class Ratios:
    """Ratios of the times of a method at a size, round by round; of rounds that were not slow, if there are enough.

    found: as `small.one` has it.  best: the best rate of the gauge in the whole run.
    """

    def __init__(self, found, best):
        self.seconds = found["seconds"]
        chosen = gauge.fast(found["gflops"], best)
        self.all_rounds = sum(chosen) < FEWEST
        self.chosen = np.ones(len(chosen), bool) if self.all_rounds else np.array(chosen)

    def of(self, name, to):
        """Quartiles and median of the time of one divided by that of another, as (low, median, high)."""
        ratio = np.divide(self.seconds[name], self.seconds[to])[self.chosen]
        low, median, high = np.percentile(ratio, (25, 50, 75))
        return float(low), float(median), float(high)

    def best_peer(self):
        """The name of the fastest engine of another library, or None."""
        peers = [name for name in self.seconds if name.startswith(PEERS)]
        return min(peers, key=lambda name: self.of(name, OURS)[1], default=None)


def best_rate(results):
    """The best rate of the gauge in the whole run."""
    return max(rate for found in results["small"].values() for task in found.values() for rate in task["gflops"])


def judge(results):
    """A list of {"what", "value", "wanted", "holds"}; holds is None where something was not measured."""
    judged = []

    def say(what, value, wanted, holds):
        judged.append({"what": what, "value": value, "wanted": wanted, "holds": holds})

    def at_least(what, value, limit):
        say(what, value, f"at least {limit}", None if value is None else value >= limit)

    def at_most(what, value, limit):
        say(what, value, f"at most {limit}", None if value is None else value <= limit)

    against = results["against"]
    best = best_rate(results) if results["small"] else None
    for size, (floor, faster) in STEPS.items():
        step = size in results["small"] and Ratios(results["small"][size]["step"], best)
        peer = step and WHOLE in step.seconds and step.best_peer()
        at_most(f"step at {size}, times the products of {against} replayed", _of(step, OURS, FLOOR), floor)
        at_least(f"step at {size}, x faster than the best peer", _of(peer and step, peer, OURS), faster)
    for size in FORWARD:
        forward = size in results["small"] and Ratios(results["small"][size]["forward"], best)
        peer = forward and "OpenVINO" in forward.seconds and forward.best_peer()
        at_least(f"forward at {size}, x faster than the best peer", _of(peer and forward, peer, OURS), 1)
    forward = ONE in results["small"] and Ratios(results["small"][ONE]["forward"], best)
    at_least(f"forward at {ONE}, x faster than {against}", _of(forward, against, OURS), ONE_FASTER)
    peaks = results.get("peak")
    ratio = peaks and peaks[OURS]["peak"] / peaks[against]["peak"]
    at_most(f"peak memory at {list(STEPS)[-1]}, times that of {against}", ratio, PEAK)
    _judge_folds(results.get("folds"), against, at_least, say)
    return judged


def _of(ratios, name, to):
    return ratios.of(name, to)[1] if ratios else None


def _judge_folds(found, against, at_least, say):
    """The cross-validation; one with fewer epochs is a trial and is not judged, and one seed has no deviation."""
    whole = found and not found["epochs"]
    ours, theirs = (found["runs"][name] for name in (OURS, against)) if whole else (None, None)
    faster = whole and sum(theirs["seconds"]) / sum(ours["seconds"])
    at_least(f"cross-validation, x faster than {against}", faster or None, FOLDS_FASTER)
    difference = deviation = None
    if whole and len(ours["accuracies"]) > 1:
        difference = abs(float(np.mean(ours["accuracies"]) - np.mean(theirs["accuracies"])))
        deviation = max(float(np.std(runs["accuracies"], ddof=1)) for runs in (ours, theirs))
    say(
        f"cross-validation, difference of the mean accuracy from that of {against}, in points",
        difference,
        "at most one deviation" if deviation is None else f"at most one deviation, {deviation:.2f}",
        None if deviation is None else difference <= deviation + 1e-9,
    )


def conclude(results):
    """Print which targets are missed and which were not measured, and last all ratios; returns the exit code."""
    judged = results["targets"]
    for target in judged:
        if target["holds"] is None:
            print(f"Not measured: {target['what']} (wanted: {target['wanted']}).")
    for target in judged:
        if target["holds"] is False:
            print(f"Missed: {target['what']}: {target['value']:.2f}, wanted {target['wanted']}.")
    missed = sum(target["holds"] is False for target in judged)
    held = sum(target["holds"] is True for target in judged)
    print(f"{held} of {held + missed} targets that were measured hold.")
    results["line"] = line(results)
    print(results["line"], flush=True)
    return int(missed > 0)


def line(results):
    """All ratios in one line: times of others as multiples of ours, median and quartiles."""
    parts = []
    for size, found in results["small"].items():
        for method, timed in found.items():
            ratios = Ratios(timed, best_rate(results))
            several = [_text(ratios, OURS, FLOOR, "ours / " + FLOOR)] if FLOOR in ratios.seconds else []
            several += [_text(ratios, name, OURS, name) for name in ratios.seconds if name not in (OURS, FLOOR)]
            state = "all rounds" if ratios.all_rounds else f"{sum(ratios.chosen)} fast rounds"
            parts.append(f"{method} {size} ({state}): {', '.join(several)}")
    if peaks := results.get("peak"):
        parts.append(f"peak memory: {peaks[OURS]['peak'] / peaks[results['against']]['peak']:.2f}")
    if found := results.get("folds"):
        seconds = [sum(found["runs"][name]["seconds"]) for name in (results["against"], OURS)]
        parts.append(f"cross-validation: {results['against']} {seconds[0] / seconds[1]:.2f}")
    return "Ratios (times / ours): " + "; ".join(parts)


def _text(ratios, name, to, label):
    low, median, high = ratios.of(name, to)
    return f"{label} {median:.2f} ({low:.2f} to {high:.2f})"
