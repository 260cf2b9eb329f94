"""What attention gains, drawn: a line for each N of each folder that `table attention` has written.

    python -m gca_scratch.experiments.gains "UTD-MHAD=utd" "UT-Kinect, leave one subject out=utkinect" --out gains.png

A folder is read as it is, also while its table is still being trained: N = 0 is compared with each other N over the
seeds that both have.
"""

import sys
from pathlib import Path

from matplotlib.figure import Figure

from ..figures.canvas import BLUE, GREY, ORANGE, drawn, grid_of_axes, plain, save
from ..support.errors import InputError, shown
from ..support.exit_code import Parser, exit_code
from .attention import Gain, finished, gain, joined

COLOURS = {1: ORANGE, 2: BLUE}


def gains(folder: str | Path) -> dict[int, tuple[Gain, int]]:
    """By the number of attention iterations: the Gain over N = 0, and how many seeds are compared.

    folder: where `table attention` keeps its trainings.  Raises InputError where N = 0 is missing, or all others, and
    where trainings were tested on different sequences.
    """
    found = {int(path.name[2:]): _seeds(path) for path in Path(folder).glob("N-*") if path.name[2:].isdecimal()}
    without, compared = found.pop(0, {}), {}
    folds = max((results.keys() for results in without.values()), key=len, default=())
    for n, seeds in sorted(found.items()):
        both = [seed for seed in without if seeds.get(seed, {}).keys() == without[seed].keys() == folds]
        if both:
            pair = [[list(of[seed].values()) for seed in both] for of in (without, seeds)]
            if any(_people(results) != _people(pair[0][0]) for results in pair[0] + pair[1]):
                raise InputError(
                    f"{folder} holds tests of different data; have table attention write to another folder"
                )
            compared[n] = gain(*map(joined, pair)), len(both)
    if not compared:
        raise InputError(
            f"{folder} holds no N = 0 beside another N of the same seeds and folds; give a folder that table attention "
            "has written"
        )
    return compared


def _seeds(path):
    """{seed: {fold: result}} of the folder of one N, as far as they are finished."""
    found = {}
    for file in sorted(path.glob("seed-*/fold-*.json")):
        result = finished(file, {})
        if result:
            found.setdefault(file.parent.name, {})[file.name] = result
    return found


def _people(results):
    """Whose sequences these folds were tested on, in their order."""
    return [result["person"] for result in results]


@drawn
def forest(rows: list[tuple[str, int, Gain]]) -> Figure:
    """Gains in points, a line for each row (label, N, Gain): the mean, and both intervals of 95 % about it.

    The thick bar is the interval where people are drawn, the thin one that where seeds are drawn, too.
    """
    drawing, axes = grid_of_axes(7.2, 1.3 + 0.34 * len(rows))
    ax = axes[0, 0]
    for place, (_, n, each) in enumerate(rows):
        colour = COLOURS.get(n, GREY)
        for ends, width in ((each.people_and_seeds, 1.2), (each.people, 4.5)):
            ax.plot([100 * end for end in ends], [place, place], color=colour, linewidth=width, solid_capstyle="butt")
        ax.plot(100 * each.difference, place, "o", color=colour, markersize=7, markeredgecolor="white")
        ax.text(
            100 * each.difference,
            place - 0.22,
            f"{100 * each.difference:+.1f}".replace("-", "\N{MINUS SIGN}"),
            ha="center",
            va="bottom",
            fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )
    ax.axvline(0, color=GREY, linewidth=0.8, linestyle=":")
    ax.set_yticks(range(len(rows)), [plain(label, 80) for label, *_ in rows])
    measure = "accuracy with attention less that without (N = 0), in points"
    ax.set(ylim=(len(rows) - 0.5, -0.75), xlabel=f"{measure}\n95 %: thick, people drawn; thin, people and seeds")
    return drawing


def main(arguments=None):
    """Read the folders, draw, say where the picture is; returns the exit code."""
    parser = Parser(prog="python -m gca_scratch.experiments.gains", description=__doc__.splitlines()[0])
    parser.add_argument(
        "folders", nargs="+", metavar="FOLDER", help="NAME=FOLDER: a name, and what table attention has written"
    )
    parser.add_argument("--out", default="gains.png", metavar="FILE", help="PNG file to write (default: gains.png)")

    def run():
        options, rows = parser.parse_args(arguments), []
        for text in options.folders:
            name, equals, folder = text.partition("=")
            if not (name and equals and folder):
                raise InputError(f"{shown(text)} is not NAME=FOLDER")
            for n, (each, seeds) in gains(folder).items():
                rows.append((f"{name}, N = {n} ({seeds} seed{'s' * (seeds > 1)})", n, each))
        save(forest(rows), options.out)
        print("written to", options.out)

    return exit_code(run)


if __name__ == "__main__":
    sys.exit(main())
