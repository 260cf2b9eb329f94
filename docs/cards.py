"""The cards of the tutorials: a small picture of each, in the colours of the theme, and how long its text takes."""

import math
import re
import sys
from pathlib import Path

import numpy as np

from gca_scratch.figures.canvas import BLUE, ORANGE
from gca_scratch.figures.dial import Sketch

HERE = Path(__file__).parent
TUTORIALS = HERE.parent / "tutorials"
WIDTH, HEIGHT = 200, 120
STATED = re.compile(r"(\d+)\s+minutes\s+of\s+reading")
WORDS, LINES = 60, 12  # that are read in a minute: of text with formulas, and of code
PLACE = re.compile(r"%(picture|minutes) (\d)%")


def filled(text):
    """The text of tutorials.md with its pictures and minutes."""
    return PLACE.sub(lambda place: {"picture": picture, "minutes": minutes}[place[1]](int(place[2])), text)


def minutes(number):
    """What the tutorial says of itself; else an estimate from its words and lines, to five minutes."""
    text = next(TUTORIALS.glob(f"{number:02d}_*.py")).read_text("utf-8")
    said = STATED.search(re.sub(r"\n# ?", " ", text))
    if said:
        return said[1]
    sys.path.insert(0, str(TUTORIALS))
    from measure import measures

    found = measures(text)
    return str(5 * math.ceil((found["of them core"] / WORDS + found["code lines"] / LINES) / 5))


def picture(number):
    """The SVG of a tutorial's card; its title stands beside it, so that it needs no other words."""
    sketch = Sketch(WIDTH, HEIGHT, "")
    PICTURES[number](sketch)
    return str(sketch).replace("<svg ", '<svg class="card" aria-hidden="true" ').replace("<title></title>", "")


def body(sketch, x=100.0, colour=lambda joint: "currentColor", shaken=0.0):
    """A skeleton that raises an arm; colour(name of a joint); shaken: by how many dots of the picture."""
    rng = np.random.default_rng(2)
    places = {name: np.array(place) + rng.normal(0, shaken, 2) for name, place in JOINTS.items()}
    for one, other in BONES:
        a, b = places[one], places[other]
        sketch.line(x + a[0], a[1], x + b[0], b[1])
    for name, (dx, y) in places.items():
        sketch.dot(x + dx, y, 4, colour(name))


JOINTS = {
    "head": (0, 12), "neck": (0, 28), "hip": (0, 66), "shoulder": (-16, 31), "elbow": (-28, 46), "hand": (-32, 64),
    "other shoulder": (16, 31), "other elbow": (32, 24), "other hand": (44, 8), "knee": (-10, 90), "foot": (-14, 112),
    "other knee": (10, 90), "other foot": (14, 112),
}  # fmt: skip
BONES = [
    ("head", "neck"), ("neck", "hip"), ("neck", "shoulder"), ("shoulder", "elbow"), ("elbow", "hand"),
    ("neck", "other shoulder"), ("other shoulder", "other elbow"), ("other elbow", "other hand"), ("hip", "knee"),
    ("knee", "foot"), ("hip", "other knee"), ("other knee", "other foot"),
]  # fmt: skip


def one_cell(sketch):
    """One cell with what it hears and what it says."""
    sketch.box(70, 35, 60, 50, BLUE, round=8)
    for x, y, to_x, to_y in ((20, 60, 70, 60), (100, 5, 100, 35), (45, 110, 78, 85), (130, 60, 180, 60)):
        sketch.line(x, y, to_x, to_y)
        sketch.dot(to_x, to_y, 3)
    sketch.text(100, 65, "h, c", size=16)
    for x, y, name in ((24, 52, "T"), (110, 16, "S"), (40, 104, "x")):
        sketch.text(x, y, name, size=13)


def grid(sketch):
    """The grid, and one of its diagonals."""
    for j in range(5):
        for t in range(8):
            colour, fill = (ORANGE, ORANGE) if j + t == 5 else ("currentColor", "none")
            sketch.box(20 + 20 * t, 10 + 20 * j, 16, 16, colour, fill)


def scores(sketch):
    """The grid, and how far the gate of each cell opens."""
    for j in range(5):
        for t in range(8):
            open_ = math.exp(-((j - 3) ** 2) / 2 - (t - 4) ** 2 / 4)
            sketch.box(20 + 20 * t, 10 + 20 * j, 16, 16, "currentColor")
            sketch.box(20 + 20 * t, 26 + 20 * j - 16 * open_, 16, 16 * open_, "none", ORANGE)


def rounds(sketch):
    """The memory, refined twice."""
    for n in range(3):
        sketch.box(15 + 65 * n, 42, 40, 36, BLUE, round=6)
        sketch.text(35 + 65 * n, 65, f"IF {n}", size=13)
    for n in range(2):
        sketch.line(55 + 65 * n, 60, 80 + 65 * n, 60)
        sketch.dot(80 + 65 * n, 60, 3)


def losses(sketch):
    """Two losses that fall: at once, and in three steps."""
    sketch.line(20, 8, 20, 108)
    sketch.line(20, 108, 188, 108)
    for colour, curve in ((BLUE, direct), (ORANGE, stepwise)):
        for x in range(0, 160, 4):
            sketch.line(22 + x, curve(x), 26 + x, curve(x + 4), colour, 2.5)


def direct(x):
    """Height of a curve that falls."""
    return 96 - 70 * math.exp(-x / 70)


def stepwise(x):
    """Height of a curve that falls and jumps, and falls again."""
    return 102 - 80 * math.exp(-x / 40) - 18 * math.exp(-(x % 54) / 12)


def lanes(sketch):
    """One after the other, and side by side."""
    for k in range(6):
        sketch.box(12 + 30 * k, 14, 26, 14, "currentColor")
    for k in range(6):
        sketch.box(12, 42 + 12 * k, 26, 9, ORANGE, ORANGE)


def acting(name):
    """The colour of a joint of the arm that acts, and of the others."""
    return ORANGE if name in ("other hand", "other elbow") else "currentColor"


def parts(name):
    """The colour of a joint's part."""
    upper = {"shoulder", "elbow", "hand"} & set(name.split())
    return "currentColor" if name in ("head", "neck", "hip") else ORANGE if upper else BLUE


PICTURES = [
    body,
    one_cell,
    grid,
    scores,
    rounds,
    losses,
    lambda sketch: body(sketch, colour=parts),
    lambda sketch: body(
        sketch, colour=lambda name: ORANGE if name in ("other hand", "other elbow") else "currentColor"
    ),
    lanes,
    lambda sketch: (body(sketch, 60), body(sketch, 145, shaken=4.0)),
]
