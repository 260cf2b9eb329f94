"""How every figure is drawn: colours, names as they are and with room for them, files.

Texts are drawn as they are, for names are not formulas; one that is too long loses its middle.
"""

import os
import textwrap
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

import matplotlib
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from ..support.writing import replacing
from .fonts import families

# Okabe and Ito's colours, told apart with any colour vision
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#777777"
SCORES = "cividis"
COUNTS = LinearSegmentedColormap.from_list("white to blue", ["white", BLUE])
STYLE = {"axes.spines.top": False, "axes.spines.right": False, "font.size": 9}
AS_IT_IS = STYLE | {"text.parse_math": False, "text.usetex": False}  # how every figure here is `drawn`
LONGEST_NAME, LONGEST_TITLE = 60, 200  # characters; as long as the longest class of NTU RGB+D
DPI, MOST_PIXELS, LONGEST_SIDE = 150, 1e8, 60_000
Draw = TypeVar("Draw", bound=Callable[..., Any])


def drawn(draw: Draw) -> Draw:
    """A function that draws, in the style of all figures and in fonts that have the letters of its arguments."""

    @wraps(draw)
    def styled(*arguments: Any, **named: Any) -> Any:
        fonts = families(_texts([arguments, *named.values()]))
        with matplotlib.rc_context(AS_IT_IS | {"font.family": fonts}):
            return draw(*arguments, **named)

    return styled  # type: ignore[return-value]


def _texts(value: object) -> Iterator[str]:
    """All texts in an argument: it, or what is in its lists."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure to a PNG file, whole or not at all; InputError when it cannot be written.

    The dots are fewer to the inch where there would be too many. Letters that no font has are boxes.
    """
    width, height = figure.get_size_inches()
    dpi = min(DPI, LONGEST_SIDE / max(width, height), (MOST_PIXELS / (width * height)) ** 0.5)
    with replacing(path) as temporary, missing_letters():
        figure.savefig(temporary, format="png", dpi=dpi)


@contextmanager
def missing_letters() -> Iterator[None]:
    """Matplotlib says nothing of letters that no font has: `fonts.families` has said it in one line."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing|Matplotlib currently does not support", UserWarning)
        yield


def plain(name: str, longest: int = LONGEST_NAME) -> str:
    """A name as it is drawn: in one line, without its middle if it is long; what cannot be printed is a "�"."""
    head = 2 * longest // 3
    if len(name) > longest:
        name = f"{name[:head]}…{name[head + 1 - longest :]}"
    joiners = "\u200c\u200d"  # of the letters of some scripts; they show nothing themselves
    return "".join(" " if c.isspace() else c if c.isprintable() or c in joiners else "�" for c in name)


def wrapped(title: str, room: float) -> str:
    """A title of 10 points as it is drawn, in lines that fit into so many inches."""
    title, letters = plain(title, LONGEST_TITLE), int(12 * room)
    while letters > 1 and inches(textwrap.wrap(title, letters), 10) > room:
        letters = 9 * letters // 10
    return textwrap.fill(title, letters)


def inches(names: Sequence[str], size: float) -> float:
    """How wide the widest of the names is in letters of so many points."""
    font = FontProperties(size=size)
    with missing_letters():
        widths = [text_to_path.get_text_width_height_descent(name, font, ismath=False)[0] for name in names]
    return max(widths, default=0) / 72


def grid_of_axes(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, np.ndarray]:
    """A figure of so many inches and its axes, an array (rows, columns)."""
    drawing = Figure(figsize=(width, height), layout="constrained")
    return drawing, drawing.subplots(rows, columns, squeeze=False)
