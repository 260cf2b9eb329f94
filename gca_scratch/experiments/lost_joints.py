"""What lost joints cost: the synthetic actions whole, and with joints lost at random, trained and tested the same way.

Each seed trains one network on the whole data and one on data in which a share of the joints was set to zero, as a
tracker does that has not found them; both are tested on the same sequences, the second on sequences that lack as many.
A third column gives the first network the sequences with lost joints, which it has never met.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from .. import runs
from ..data.alignment import align
from ..data.neutral import Skeletons
from ..data.synthetic import generate
from ..runs.compare import difference
from ..runs.predictions import read
from ..settings import settings_from
from ..support import workers
from ..support.exit_code import Parser, exit_code
from .choices import publish

SUBJECTS = 80  # 40 of them test, in 560 sequences


def with_lost_joints(data: Skeletons, share: float, seed: int) -> Skeletons:
    """The data with this share of all joints, each in each frame for itself, set to zero."""
    lost = np.random.default_rng([seed, 17]).random(data.joints.shape[:3]) < share
    return replace(data, joints=np.where(lost[..., None], np.float32(0), data.joints))


def without_first_hips(data: Skeletons) -> Skeletons:
    """The data with the hip of every sequence's first frame set to zero."""
    joints = data.joints.copy()
    joints[data.offsets[:-1], :, 0] = 0
    return replace(data, joints=joints)


def displaced_by(data: Skeletons, changed: Skeletons) -> tuple[float, float]:
    """How far joints lie from where they are in whole data, metres in body coordinates: (median, largest)."""
    far = np.linalg.norm(align(data, face_camera=True).x - align(changed, face_camera=True).x, axis=-1)
    return float(np.median(far)), float(far.max())


def measure(out, seeds, share, jobs, epochs):
    """Rows (seed, whole, lost, difference, whole network on lost), and how far lost hips displace bodies."""
    out = Path(out)
    data = generate(subjects=SUBJECTS, repetitions=1)
    source, calls, places = runs.Source("synthetic"), [], []
    for seed in seeds:
        settings = settings_from("demo", seed=seed, **({"epochs": epochs, "patience": epochs} if epochs else {}))
        for name, found in (("whole", data), ("lost", with_lost_joints(data, share, seed))):
            place = out / f"{name}-{seed}"
            places.append(place)
            calls.append((found, source, settings, place, True, "cpu", False, (), place / "predictions.csv"))
    list(workers.results(runs.run, calls, jobs))
    rows = []
    for seed, whole, lost in zip(seeds, places[::2], places[1::2], strict=True):
        a, b = (read(place / "predictions.csv") for place in (whole, lost))
        right = [each.probabilities.argmax(axis=1) == each.truth for each in (a, b)]
        never = runs.retest(whole, with_lost_joints(data, share, seed), protocol="half")["accuracy"]
        rows.append((seed, difference(*right), never))
    return rows, displaced_by(data, without_first_hips(data))


def table(rows, displaced, share):
    """The rows as Markdown."""
    lines = [
        f"# Synthetic actions with {share:.0%} of the joints lost",
        "",
        f"{rows[0][1].n} test sequences; `whole`: nothing lost; `lost`: trained and tested with {share:.0%} of the "
        "joints set to zero; `never met`: trained whole, tested with lost joints.",
        "",
        "| seed | whole | lost | difference (95 %) | never met |",
        "| --- | --- | --- | --- | --- |",
    ]
    for seed, d, never in rows:
        lines.append(
            f"| {seed} | {100 * d.a:.1f} | {100 * d.b:.1f} | {100 * d.difference:+.1f} "
            f"({100 * d.low:+.1f} to {100 * d.high:+.1f}) | {100 * never:.1f} |"
        )
    columns = np.array([(d.a, d.b, d.difference, never) for _, d, never in rows]) * 100
    mean, spread = columns.mean(axis=0), columns.std(axis=0)
    cells = [f"{m:+.1f} ± {s:.1f}" if k == 2 else f"{m:.1f} ± {s:.1f}" for k, (m, s) in enumerate(zip(mean, spread))]  # noqa: B905
    lines += [f"| mean | {' | '.join(cells)} |", ""]
    lines += [
        "The hip of every first frame lost: joints lie within "
        f"{1000 * displaced[1]:.1f} mm (median {1000 * displaced[0]:.1f} mm) of where they are in whole data.",
        "",
    ]
    return "\n".join(lines)


def main(arguments=None):
    """Parse the options, measure, print the table; returns the exit code."""
    parser = Parser(prog="python -m gca_scratch.experiments.lost_joints", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="seeds, from 0 (default: 3)")
    parser.add_argument("--share", type=float, default=0.05, metavar="P", help="of the joints (default: 0.05)")
    parser.add_argument("--epochs", type=int, default=0, metavar="N", help="of a training step (default: as the demo)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes at a time (default: 2)")
    parser.add_argument("--out", default="lost-joints", metavar="DIR", help="folder (default: lost-joints)")

    def run():
        options = parser.parse_args(arguments)
        workers.at_least_one(jobs=options.jobs, seeds=options.seeds)
        seeds = range(options.seeds)
        publish(
            options.out,
            lambda: table(*measure(options.out, seeds, options.share, options.jobs, options.epochs), options.share),
        )

    return exit_code(run)


if __name__ == "__main__":
    sys.exit(main())
