"""Pictures that can be turned, in a page without a kernel: one SVG for each position of a slider.

Nothing is loaded and no library is needed. The colours follow the theme of the page, and nothing moves by itself.
"""

from collections.abc import Iterable, Sequence
from html import escape

WIDE = 560  # pictures whose letters a page makes larger on a phone, by --type (docs/_static/site.css)
PICTURE = '<div class="picture"{hidden}>{svg}</div>'
PAGE = """<div class="dial" style="max-width: 46em">
{pictures}
<div style="display: flex; gap: 0.8em; align-items: center; margin: 0.3em 0">{play}
<label style="white-space: nowrap">{name}</label>
<input type="range" min="0" max="{last}" value="{at}" style="flex: 1; min-width: 6em" aria-label="{name}"
 aria-valuetext="{label}" data-labels="{labels}" oninput="{turned}">
<output style="min-width: 5em; font-variant-numeric: tabular-nums">{label}</output></div></div>"""
TURNED = """const dial = this.closest('.dial'), label = this.dataset.labels.split('|')[this.value];
dial.querySelectorAll('.picture').forEach((picture, k) => picture.hidden = k != this.value);
dial.querySelector('output').textContent = label; this.setAttribute('aria-valuetext', label)"""
PLAYED = """const dial = this.closest('.dial'), slider = dial.querySelector('input');
if (dial.timer) {{ clearInterval(dial.timer); dial.timer = null; this.textContent = '▶' }}
else {{ this.textContent = '❚❚'; dial.timer = setInterval(() => {{ slider.value = (+slider.value + 1) % {count};
slider.dispatchEvent(new Event('input')) }}, {every}) }}"""
PLAY = '<button type="button" aria-label="play or stop" style="min-width: 2.6em" onclick="{played}">▶</button>'


class Dial:
    """A slider under a picture, which is another one at each of its positions.

    pictures: texts of SVG, or `Sketch`es.  labels: what stands beside the slider, one for each picture.
    name: what is turned.  at: the position that is shown first.  every: milliseconds a picture where it can be played.
    """

    def __init__(
        self, pictures: Sequence[object], labels: Sequence[object], name: str, at: int = 0, every: int | None = None
    ) -> None:
        if not len(pictures) == len(labels) > 0:
            raise ValueError(f"{len(pictures)} pictures and {len(labels)} labels")
        self.pictures, self.labels = [str(picture) for picture in pictures], [str(label) for label in labels]
        self.name, self.at, self.every = name, at, every

    def _repr_html_(self) -> str:
        pictures = "\n".join(
            PICTURE.format(hidden="" if k == self.at else " hidden", svg=svg) for k, svg in enumerate(self.pictures)
        )
        played = PLAYED.format(count=len(self.pictures), every=self.every)
        return PAGE.format(
            pictures=pictures,
            play=PLAY.format(played=escape(played)) if self.every else "",
            name=escape(self.name),
            last=len(self.pictures) - 1,
            at=self.at,
            label=escape(self.labels[self.at]),
            labels=escape("|".join(self.labels)),
            turned=escape(TURNED),
        )

    def __repr__(self) -> str:
        return f"<{len(self.pictures)} pictures: {self.name}, {self.labels[0]} to {self.labels[-1]}>"


class Sketch:
    """A small SVG, drawn by hand; y grows downwards. `currentColor` is that of the page's text."""

    def __init__(self, width: float, height: float, title: str) -> None:
        self.size, self.title = (width, height), title
        self.parts: list[str] = []

    def line(
        self, x: float, y: float, to_x: float, to_y: float, colour: str = "currentColor", width: float = 1.5
    ) -> None:
        """A straight line."""
        place = f'x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"'
        self.parts.append(f'<line {place} stroke="{colour}" stroke-width="{width:.3g}" stroke-linecap="round"/>')

    def lines(self, ends: Iterable[tuple], colour: str = "currentColor", width: float = 1.5) -> None:
        """Many straight lines of one colour: rows (x, y, to x, to y)."""
        path = "".join(f"M{x:.0f} {y:.0f}L{to_x:.0f} {to_y:.0f}" for x, y, to_x, to_y in ends)
        style = f'stroke="{colour}" stroke-width="{width:.3g}" stroke-linecap="round" fill="none"'
        self.parts.append(f'<path d="{path}" {style}/>')

    def dot(self, x: float, y: float, radius: float, colour: str = "currentColor") -> None:
        """A filled circle."""
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}"/>')

    def box(
        self, x: float, y: float, width: float, height: float, colour: str, fill: str = "none", round: float = 0
    ) -> None:
        """A rectangle, by its upper left corner."""
        place = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" rx="{round}"'
        self.parts.append(f'<rect {place} stroke="{colour}" fill="{fill}"/>')

    def text(
        self, x: float, y: float, text: object, colour: str = "currentColor", size: float = 12, anchor: str = "middle"
    ) -> None:
        """A line of text; anchor: start, middle or end."""
        style = f'fill="{colour}" font-size="{size}" text-anchor="{anchor}" font-family="sans-serif"'
        if self.size[0] > WIDE:
            style += f' style="font-size: calc({size}px * var(--type, 1))"'
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(str(text))}</text>')

    def __str__(self) -> str:
        width, height = self.size
        begin = f'<svg viewBox="0 0 {width} {height}" width="100%" role="img" xmlns="http://www.w3.org/2000/svg">'
        return f"{begin}<title>{escape(self.title)}</title>{''.join(self.parts)}</svg>"

    _repr_html_ = __str__
