"""Test sequences that are answered wrongly, as rows of bodies: are they cut wrongly, or labelled wrongly?

`tested` asks a run, or all folds of one, `misses` finds what one run or two get wrong, and `bodies_in_rows` draws it.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from ..runs.trained import Run, probabilities_of
from .bodies import Bones, bone_lines, in_a_row
from .canvas import GREY, ORANGE, drawn, inches, plain, wrapped
from .look import poses

MOST, FRAMES = 12, 8  # rows, and bodies in each
NAME = 38  # characters of a name: four of them and what stands between are no longer than a title may be
WIDE, TALL = 9.0, 1.0  # inches: of a row at most, of a usual body
MARGIN, LINE, GAP = 0.2, 0.17, 0.14  # inches: around all, of a line of letters, between rows
PERSONS = ("#444444", ORANGE)  # bones of the first person and of the second


class Tested(NamedTuple):
    """What a run answered in its test, or all folds of one in theirs: {sequence: probabilities (classes,)}.

    run: one of these, which has the data of all.
    """

    run: Run
    chances: dict[int, np.ndarray]


class Miss(NamedTuple):
    """A sequence that is answered wrongly: its number, and what each run took it for, with its probability."""

    n: int
    answers: list[tuple[str, float]]


def tested(runs: Iterable[Run]) -> Tested:
    """What the runs, folds of one data set, answer in their tests; where several test a sequence, the last one's."""
    chances: dict[int, np.ndarray] = {}
    for run in runs:
        test = run.split.test
        chances |= zip(test.tolist(), probabilities_of(run, test), strict=True)
    return Tested(run, chances)


def tested_by_all(tests: Sequence[Tested]) -> list[int]:
    """The numbers of the sequences that are in every test, ascending."""
    return sorted(set.intersection(*(set(test.chances) for test in tests)))


def misses(tests: Sequence[Tested]) -> list[Miss]:
    """What all of these answer wrongly, of what all of them test; the surest first, of several in the mean."""
    found = []
    for n in tested_by_all(tests):
        answers = []
        for run, chances in tests:
            data, taken_for = run.split.data, chances[n].argmax()
            if taken_for != data.label[n]:
                answers.append((data.class_names[taken_for], float(chances[n][taken_for])))
        if len(answers) == len(tests):
            found.append(Miss(n, answers))
    return sorted(found, key=lambda miss: -sum(chance for _, chance in miss.answers))


def draw_missed(tests: Sequence[Tested], found: Sequence[Miss]) -> Figure:
    """The figure of what `misses` found in these tests, a row for each of the surest."""
    run, count = tests[0].run, len(tested_by_all(tests))
    title = f"missed{' by both runs' * (len(tests) > 1)}: {len(found)} of {count} test sequence{'s' * (count > 1)}"
    if len(found) > MOST:
        title += f", the {MOST} surest"
    shown = found[:MOST]
    headings = [_heading(run.split.data, miss) for miss in shown]
    recordings = [poses(run, miss.n) for miss in shown]
    return bodies_in_rows(title, headings, recordings, run.body.bones, run.split.aligned.up)


def _heading(data, miss):
    """A sequence and what it was taken for, in a line."""
    (first, sure), *others = [(plain(name, NAME), f"{chance:.2f}") for name, chance in miss.answers]
    verdict = f"{first}, {sure}"
    for name, chance in others:
        verdict += f" and {chance}" if name == first else f", and {name}, {chance}"
    length = int(data.lengths[miss.n])
    name, label = plain(str(data.name[miss.n]), NAME), plain(data.class_names[data.label[miss.n]], NAME)
    return f"{name} ({label}), {length} frame{'s' * (length > 1)}: taken for {verdict}"


@drawn
def bodies_in_rows(
    title: str, headings: Sequence[str], recordings: Sequence[np.ndarray], bones: Bones, up: int = 1
) -> Figure:
    """A row of bodies for each recording (T, J, P, 3) under its heading: eight, evenly spread over all its frames.

    Below each body stands the number of its frame. All rows have the same scale: they are drawn in inches.
    """
    rows = [in_a_row(positions, up, FRAMES) for positions in recordings]
    tall, wide = np.array([row.height for row in rows]), max(row.width.sum() for row in rows)
    scale = min(TALL / np.median(tall), 2 * TALL / tall.max(), WIDE / wide)  # inches for a unit
    longest = max(len(text) for text in (title, *headings)) / 12 + 0.1  # inches for a line, as `wrapped` reckons
    width = min(max(scale * wide, longest, inches([title, *headings], 10)), WIDE) + 2 * MARGIN
    title, *headings = (wrapped(text, width - 2 * MARGIN) for text in (title, *headings))
    lines = np.array([heading.count("\n") + 1 for heading in headings])
    steps = LINE * (lines + 1) + scale * tall + GAP  # of a row
    above = MARGIN + LINE * (title.count("\n") + 1) + GAP
    persons = rows[0].places.shape[2]
    below = 2 * LINE * (persons > 1) + MARGIN / 2
    height = above + steps.sum() + below
    drawing = Figure(figsize=(width, height))
    drawing.suptitle(title, x=0.5, y=1 - MARGIN / height, va="top", fontsize=10)
    ax = drawing.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height))
    ax.axis("off")
    for row, heading, floor in zip(rows, headings, height - above - np.cumsum(steps) + GAP + LINE, strict=True):
        ceiling = floor + scale * row.height
        ax.text(MARGIN, ceiling + 0.4 * LINE, heading, va="bottom", fontsize=9)
        lowest = np.nanmin(row.places[..., 1])
        lines_of = _draw_bodies(ax, scale * (row.places - (0, lowest)) + (MARGIN, floor), bones)
        right = MARGIN + scale * np.cumsum(row.width)
        for frame, x in zip(row.frames, right - scale * row.width / 2, strict=True):
            ax.text(x, floor - 0.2 * LINE, str(frame + 1), ha="center", va="top", fontsize=7, color=GREY)
        if persons > 1:  # so that it is plain who belongs together
            ax.vlines(right[:-1], floor, ceiling, color="#dddddd", linewidth=0.8)
    if persons > 1:
        names = [f"bones of person {k + 1}" for k in range(persons)]
        drawing.legend(lines_of, names, loc="lower center", ncols=persons, frameon=False)
    return drawing


def _draw_bodies(ax, places, bones):
    """Bones at places (n, J, P, 2); a line for each person."""
    return [
        ax.plot(*bone_lines(places[:, :, k], bones), color=PERSONS[k % 2], linewidth=1.2, solid_capstyle="round")[0]
        for k in range(places.shape[2])
    ]
