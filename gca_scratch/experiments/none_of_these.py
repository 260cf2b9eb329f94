"""How often a window that holds no known action is given one: recordings made of known and unknown actions.

A network learns ten of the fourteen synthetic actions. Of people whom it has never seen, recordings are put together of
all fourteen, in any order, with a second of standing still between them. A window is known where at least two thirds of
it are of one known action, and unknown where nothing of it is; others lie across a border and are not counted. What
is none of these is told by the limits that training sets on validation people; the table shows what others would do.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from .. import runs
from ..data.neutral import Skeletons
from ..data.parts import cut, windows
from ..data.synthetic import generate
from ..data.synthetic.actions import ACTIONS
from ..runs import predict
from ..runs.predictions import threshold_from
from ..settings import settings_from
from ..support import workers
from ..support.exit_code import exit_code
from .choices import options_of_seeds, publish

UNKNOWN = ("punch left", "kick right", "bow", "clap")
KNOWN = tuple(name for name in ACTIONS if name not in UNKNOWN)
PAUSE = 30  # frames of standing still between two actions
WINDOW, STRIDE = 60, 15  # frames: an action takes 60 to 120
MOSTLY = 2 / 3  # of a window that shows a known action
TESTED = 20  # people
KEPT = (0.99, 0.95, 0.9, 0.8)


def recordings(seed: int) -> tuple[Skeletons, np.ndarray]:
    """One recording of every test person, all actions in a random order; for each frame its class in KNOWN, else -1."""
    data = generate(seed=seed + 1000, subjects=TESTED, repetitions=1)
    rng = np.random.default_rng([seed, 23])
    pieces, truth, lengths = [], [], []
    for subject in np.unique(data.subject):
        own = rng.permutation(np.flatnonzero(data.subject == subject))
        length, at = 0, None
        for n in own:
            sequence = data.sequence(n).astype(np.float64)
            if at is not None:  # the next action begins where the one before has ended
                sequence = sequence + (at[:, 0] - sequence[0, :, 0])[None, :, None]
                share = np.linspace(0, 1, PAUSE)[:, None, None, None]
                pieces.append(((1 - share) * at + share * sequence[0]).astype(np.float32))
                truth.append(np.full(PAUSE, -1))
                length += PAUSE
            name = data.class_names[data.label[n]]
            pieces.append(sequence.astype(np.float32))
            truth.append(np.full(len(sequence), KNOWN.index(name) if name in KNOWN else -1))
            length, at = length + len(sequence), sequence[-1]
        lengths.append(length)
    count = len(lengths)
    made = Skeletons(
        joints=np.concatenate(pieces),
        offsets=np.cumsum([0, *lengths], dtype=np.int64),
        label=np.zeros(count, np.int16),
        subject=np.arange(1, count + 1, dtype=np.int16),
        name=np.array([f"recording {n + 1}" for n in range(count)]),
        class_names=("unknown",),
        joint_names=data.joint_names,
        edges=data.edges,
        meaning=data.meaning,
    )
    return made, np.concatenate(truth)


def truth_of_windows(spans, offsets: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The class of each window (sequence, start, stop); -1 where it holds nothing known, -2 where it is neither."""
    found = []
    for n, start, stop in spans:
        frames = truth[offsets[n] + start : offsets[n] + stop]
        counts = np.bincount(frames[frames >= 0], minlength=len(KNOWN))
        known = counts.max() >= MOSTLY * len(frames)
        found.append(counts.argmax() if known else -1 if not counts.any() else -2)
    return np.array(found)


def counted(label: np.ndarray, truth: np.ndarray) -> dict[str, int]:
    """How many windows are named as they should be; label (n,): the answers, -1 for none of these."""
    unknown, known, named = truth == -1, truth >= 0, label >= 0
    right = named & (label == truth)
    return {
        "unknown": int(unknown.sum()),
        "named wrongly": int((named & unknown).sum()),
        "known": int(known.sum()),
        "right": int((right & known).sum()),
        "wrong": int((named & known & ~right).sum()),
        "none": int((~named & known).sum()),
    }


def measure(out, seeds, jobs, epochs):
    """For each seed: the truth of all windows, and the answers, -1 for none of these, by the rule that gives them."""
    data = generate(subjects=40, repetitions=2, classes=KNOWN)
    more = {"epochs": epochs, "patience": epochs} if epochs else {}
    places = [Path(out) / f"run-{seed}" for seed in seeds]
    source = runs.Source("npz", "made here", "k-fold:10")  # a tenth of the people test whole sequences
    calls = [
        (data, source, settings_from("demo", seed=seed, crop=0.15, **more), place, True, "cpu", False)
        for seed, place in zip(seeds, places, strict=True)
    ]
    list(workers.results(runs.run, calls, jobs))
    return [(seed, *_answers(predict.load(place), data, seed)) for seed, place in zip(seeds, places, strict=True)]


def _answers(trained, data, seed):
    """The truth of the windows that one network is shown, and its answers by rule."""
    held_out = cut(data, np.flatnonzero(np.isin(data.subject, trained.known.validation_subjects)))
    p = predict.probabilities(trained, predict.aligned_for(trained, held_out))
    alone = {kept: threshold_from(p, held_out.label, kept) for kept in KEPT}
    made, truth = recordings(seed)
    shown, spans = windows(made, WINDOW, STRIDE)
    aligned = predict.aligned_for(trained, shown)
    p = predict.probabilities(trained, aligned)
    rules = {
        "as training sets it": predict.named(trained, aligned, p),
        "movement alone": predict.named(trained._replace(known=replace(trained.known, threshold=0.0)), aligned, p),
        "no rule": predict.named(trained, aligned, p, 0.0),
    }
    labels = {rule: np.array([-1 if label is None else label for label in found]) for rule, found in rules.items()}
    for kept, threshold in alone.items():
        rule = f"probability alone, {kept:.0%} kept (from {threshold:.4f})"
        labels[rule] = np.where(p.max(axis=1) >= threshold, p.argmax(axis=1), -1)
    return truth_of_windows(spans, made.offsets, truth), labels


def table(found):
    """What was measured as Markdown."""
    lines = [
        "# Windows with no known action",
        "",
        f"{len(KNOWN)} actions known, {len(UNKNOWN)} unknown ({', '.join(UNKNOWN)}) and standing still between them; "
        f"{TESTED} people never seen; windows of {WINDOW} frames, every {STRIDE}. Training sets two limits on "
        "validation people: 99 % of the right answers about them have the probability, and 90 % the movement. "
        "`kept`: of a rule that looks at the probability alone, the share of these answers that stay.",
        "",
        "| seed | none of these by | unknown windows | named wrongly | known windows | right | wrong class | none |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    rows: dict[str, list] = {}
    for seed, truth, labels in found:
        for rule, label in labels.items():
            c = counted(label, truth)
            shares = [
                c["named wrongly"] / c["unknown"], c["right"] / c["known"], c["wrong"] / c["known"],
                c["none"] / c["known"],
            ]  # fmt: skip
            rows.setdefault(rule.partition(" (")[0], []).append(shares)
            lines.append(
                f"| {seed} | {rule} | {c['unknown']} | {c['named wrongly']} ({shares[0]:.0%}) | {c['known']} | "
                f"{shares[1]:.0%} | {shares[2]:.0%} | {shares[3]:.0%} |"
            )
    for rule, shares in rows.items():
        mean, spread = 100 * np.mean(shares, axis=0), 100 * np.std(shares, axis=0)
        cells = [f"{m:.0f} ± {s:.0f} %" for m, s in zip(mean, spread, strict=True)]
        lines.append(f"| mean | {rule} | | {cells[0]} | | {cells[1]} | {cells[2]} | {cells[3]} |")
    return "\n".join([*lines, ""])


def main(arguments=None):
    """Parse the options, measure, print the table; returns the exit code."""
    parser = options_of_seeds("none_of_these", __doc__)

    def run():
        options = parser.parse_args(arguments)
        workers.at_least_one(jobs=options.jobs, seeds=options.seeds)
        seeds = range(options.first, options.first + options.seeds)
        publish(options.out, lambda: table(measure(options.out, seeds, options.jobs, options.epochs)))

    return exit_code(run)


if __name__ == "__main__":
    sys.exit(main())
