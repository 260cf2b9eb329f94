"""What lost joints cost: the synthetic actions whole, and with joints lost at random, trained and tested the same way.

Each seed trains one network on the whole data and one on data in which a share of the joints was set to zero, as a
tracker does that has not found them. Both are tested on sequences that lack as many, the first also on whole ones.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from .. import runs
from ..data import neutral
from ..data.alignment import align
from ..data.joint_names import find_roles
from ..data.neutral import Skeletons
from ..data.synthetic import generate
from ..runs.compare import difference
from ..runs.predictions import read
from ..settings import settings_from
from ..support import workers
from ..support.exit_code import exit_code
from .choices import options_of_seeds, publish

SUBJECTS = 80  # 40 of them test, in 560 sequences


def with_lost_joints(data: Skeletons, share: float, seed: int) -> Skeletons:
    """The data with this share of all joints, each in each frame for itself, set to zero."""
    lost = np.random.default_rng([seed, 17]).random(data.joints.shape[:3]) < share
    return replace(data, joints=np.where(lost[..., None], np.float32(0), data.joints))


def without_first_hips(data: Skeletons) -> Skeletons:
    """The data with the hip of every sequence's first frame set to zero."""
    joints = data.joints.copy()
    joints[data.offsets[:-1], :, find_roles(data.joint_names, data.edges).hip] = 0
    return replace(data, joints=joints)


def displaced(data: Skeletons) -> np.ndarray:
    """How far the farthest joint of each sequence is off where its first frame has lost its hip: millimetres (n,).

    Sequences of one frame have nothing to fill in from, and are left out.
    """
    whole, lost = (align(each, face_camera=True).x for each in (data, without_first_hips(data)))
    far = 1000 * np.linalg.norm(whole - lost, axis=-1).max(axis=(1, 2))  # (frames,)
    return np.maximum.reduceat(far, data.offsets[:-1])[data.lengths > 1]


def measure(out, seeds, share, jobs, epochs):
    """Rows (seed, whole against lost in the test, whole against lost in both), each a compare.Difference."""
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
        runs.retest(whole, with_lost_joints(data, share, seed), predictions=out / f"never-met-{seed}.csv")
        met = read(out / f"never-met-{seed}.csv")
        right.append(met.probabilities.argmax(axis=1) == met.truth)
        rows.append((seed, difference(right[0], right[2]), difference(right[0], right[1])))
    return rows


def table(rows, hips, share):
    """What was measured as Markdown; hips: (name of data, millimetres (sequences,)) for each data set."""
    lines = [
        f"# Synthetic actions with {share:.0%} of the joints lost",
        "",
        f"{rows[0][1].n} test sequences. `whole`: nothing lost. `lost in the test`: the same network, tested with "
        f"{share:.0%} of the joints set to zero. `lost in both`: another network, trained on such data, too. "
        "Differences are those to `whole`, with their interval of 95 %.",
        "",
        "| seed | whole | lost in the test | difference | lost in both | difference |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for seed, test, both in rows:
        cells = [f"{100 * test.a:.1f}"]
        for d in (test, both):
            cells += [f"{100 * d.b:.1f}", f"{100 * d.difference:+.1f} ({100 * d.low:+.1f} to {100 * d.high:+.1f})"]
        lines.append(f"| {seed} | {' | '.join(cells)} |")
    columns = 100 * np.array([(t.a, t.b, t.difference, l.b, l.difference) for _, t, l in rows])  # noqa: E741
    mean, spread = columns.mean(axis=0), columns.std(axis=0)
    cells = [f"{m:{'+' * (k in (2, 4))}.1f} ± {s:.1f}" for k, (m, s) in enumerate(zip(mean, spread, strict=True))]
    lines += [f"| mean | {' | '.join(cells)} |", ""]
    if hips:
        lines += [
            "The hip of every first frame lost: how far the joint that lies farthest off is from where it is in whole "
            "data, in body coordinates.",
            "",
            "| data | sequences | median, mm | 95 % are below | largest | within 1 cm |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        for name, far in hips:
            lines.append(
                f"| {name} | {len(far)} | {np.median(far):.1f} | {np.percentile(far, 95):.1f} | {far.max():.1f} | "
                f"{(far < 10).mean():.1%} |"
            )
    return "\n".join([*lines, ""])


def main(arguments=None):
    """Parse the options, measure, print the table; returns the exit code."""
    parser = options_of_seeds("lost_joints", __doc__)
    parser.add_argument("--share", type=float, default=0.05, metavar="P", help="of the joints (default: 0.05)")
    parser.add_argument(
        "--hips", nargs="*", default=[], metavar="FILE", help="data that lose the hips of their first frames (.npz)"
    )

    def run():
        options = parser.parse_args(arguments)
        workers.at_least_one(jobs=options.jobs, seeds=options.seeds)
        seeds = range(options.first, options.first + options.seeds)
        publish(
            options.out,
            lambda: table(
                measure(options.out, seeds, options.share, options.jobs, options.epochs),
                [(Path(path).stem, displaced(neutral.load(path))) for path in options.hips],
                options.share,
            ),
        )

    return exit_code(run)


if __name__ == "__main__":
    sys.exit(main())
