"""Numbers that figures rest on, written down once more: sizes, colours, how much is shown."""

import pytest

from gca_scratch.figures import answers, bodies, canvas, charts, dial, fonts, labels, missed, of_run, recording
from tests.runs.test_limits_of_runs import assigned

NUMBERS = {
    answers: {"NONE": "none of these", "USUAL": 8, "MOST": 30, "LONGEST_NAME": 34, "LONGEST": 60, "SLOWEST": 400,
              "FASTEST": 20},
    bodies: {"BONES": ("#b0b0b0", "#85c0ea")},
    canvas: {"BLUE": "#0072B2", "ORANGE": "#D55E00", "GREY": "#777777", "SCORES": "cividis", "LONGEST_NAME": 60,
             "LONGEST_TITLE": 200, "DPI": 150, "MOST_PIXELS": 1e8, "LONGEST_SIDE": 60_000},
    charts: {
        "LOWEST": 1 / 32, "JOINT_SIZE": 6,
        "TICKS": (
            (0.03125, 0.125, 0.5, 1, 2, 8, 32, 128), (0.0625, 0.125, 0.25, 0.5, 1, 2, 4, 8), (0.5, 0.7, 1, 1.5, 2, 3),
            (0.6, 0.8, 1, 1.2, 1.5), (0.8, 0.9, 1, 1.1, 1.2), (0.9, 0.95, 1, 1.05, 1.1),
        ),
        "GATES": ("input gate $i$", "forget gate $f_S$ (joint before)", "forget gate $f_T$ (frame before)",
                  "output gate $o$"),
    },
    labels: {"RADII": (0.095, 0.125, 0.165, 0.21, 0.27, 0.34, 0.42, 0.52, 0.64, 0.8)},
    missed: {"MOST": 12, "FRAMES": 8, "NAME": 38, "WIDE": 9.0, "TALL": 1.0, "MARGIN": 0.2, "LINE": 0.17, "GAP": 0.14,
             "PERSONS": ("#444444", "#D55E00")},
    of_run: {"LONGEST": 60, "OF_ALL_FOLDS": ("body", "confusion", "missed")},
    recording: {"WIDTH": 6.0, "TALLEST": 5.0, "BETWEEN": 0.3, "LEFT": 1.15, "LINE": 0.16, "NUMBER": 7.0, "NAME": 8.0},
}  # fmt: skip


@pytest.mark.parametrize("module", NUMBERS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_numbers_are_as_they_are_written_down(module):
    assert assigned(module) == NUMBERS[module]


def test_jumps_and_dots():
    assert recording.JUMP == {
        "arrowstyle": "-|>,head_width=0.12,head_length=0.25", "color": "#cc79a7", "linestyle": (0, (4, 2)),
        "linewidth": 0.7, "shrinkA": 3, "shrinkB": 3,
    }  # fmt: skip
    assert bodies.DOTS == {"cmap": "cividis", "zorder": 2, "edgecolors": "#444444", "linewidths": 0.3}
    assert recording.SIDES == {"left": "#0072B2", "right": "#D55E00", "": "#777777"}
    assert (dial.WIDE, fonts.MOST_SHOWN) == (560, 6)
