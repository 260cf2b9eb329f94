"""Figures that follow the theme of the page: SVG stands in the page itself, PNG has a second version for dark pages.

Black becomes the colour of the page's text, white that of its ground, and the greys what lies between; colours stay.
"""

import base64
import io
import json
import re
from html import escape
from itertools import count
from pathlib import Path

import numpy as np
from docutils import nodes
from matplotlib.colors import to_rgb
from matplotlib.image import imread, imsave

from gca_scratch.figures.canvas import BLUE

HERE = Path(__file__).parent
GREY = re.compile(r"#([0-9a-f]{2})\1\1\b")
WHITE_TEXT = '<g style="fill: #ffffff"'
EMBEDDED = re.compile(r'<image [^>]*?xlink:href="data:image/png;base64,([^"]+)"', re.DOTALL)
_numbers = count(1)


def themed_svg(svg):
    """An SVG of matplotlib as a part of a page: colours of the theme, names of its own, words for who cannot see it."""
    svg = svg[svg.index("<svg") :]
    width = float(re.search(r'width="([\d.]+)pt"', svg)[1]) * 96 / 72
    words = [word for word in re.findall(r"<!-- (.*?) -->", svg) if re.search("[A-Za-z]{2}", word)]
    svg = re.sub(r"<metadata>.*?</metadata>|<style .*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\n?", "", svg, flags=re.DOTALL)
    svg = EMBEDDED.sub(lambda image: _on_any_ground(image[0], image[1]), svg)
    mine = f"f{next(_numbers)}-"  # several figures are in one page
    svg = re.sub(r'(\bid="|xlink:href="#|url\(#)', rf"\g<1>{mine}", svg)
    svg = "".join(
        part if part == WHITE_TEXT else GREY.sub(_of_theme, part) for part in re.split(f"({WHITE_TEXT})", svg)
    )
    svg = re.sub("(<path [^>]*?)(?=style|/>)", r"\1", svg)
    # what matplotlib leaves to the default is black
    label = escape("; ".join(dict.fromkeys(words))[:300] or "a figure", quote=True)
    head = (  # what matplotlib leaves to the default is black
        f'<svg class="figure" role="img" aria-label="{label}" fill="currentColor" '
        f'style="stroke-linejoin: round; stroke-linecap: butt; width: 100%; max-width: {width:.0f}px; height: auto" '
    )
    return re.sub(r'<svg |(?<=" )(?:width|height)="[\d.]+pt" ', lambda m: head if m[0] == "<svg " else "", svg, count=3)


def _of_theme(grey):
    share = round(100 * (1 - int(grey[1], 16) / 255))
    return f"color-mix(in srgb, currentColor {share}%, var(--color-background-primary, white))"


def _on_any_ground(element, data):
    """An image within an SVG: where white is in it, it becomes transparent; an image in greys gets a class."""
    pixels = imread(io.BytesIO(base64.b64decode(data)))
    if not (pixels[..., :3].min(axis=2) > 0.97).any():
        return element
    grey = np.ptp(pixels[..., :3], axis=2).max() < 0.02
    buffer = io.BytesIO()
    imsave(buffer, without_white(pixels))
    element = element.replace(data, base64.b64encode(buffer.getvalue()).decode())
    return element.replace("<image ", '<image class="grey" ') if grey else element


def without_white(pixels):
    """RGBA (h, w, 4) in 0..1 that gives the same picture on white, with as little white of its own as can be."""
    rgb = pixels[..., :3] * pixels[..., 3:] + 1 - pixels[..., 3:] if pixels.shape[2] == 4 else pixels
    alpha = 1 - rgb.min(axis=2, keepdims=True)
    ink = np.where(alpha > 0, (rgb - (1 - alpha)) / np.maximum(alpha, 1e-9), 0)
    return np.concatenate([ink, alpha], axis=2).clip(0, 1)


def on_dark(pixels):
    """The picture for a dark page: without white, and black lines and letters are white; blocks of colour stay."""
    clear = without_white(pixels)
    ink = clear[..., :3]
    faded = np.abs(ink - to_rgb(BLUE)).max(axis=2) < 0.05  # from white to blue: here from dark to blue
    light = np.pad(pixels[..., :3].min(axis=2) > 0.9, 2, mode="edge")
    height, width = pixels.shape[:2]
    beside_white = np.any([light[y : y + height, x : x + width] for y in range(5) for x in range(5)], axis=0)
    block = ~beside_white & ~faded
    black = (1 - ink.max(axis=2, keepdims=True) / 0.15).clip(0, 1)
    clear[..., :3] = ink + (1 - ink) * black
    clear[block] = np.concatenate([pixels[block][:, :3], np.ones((block.sum(), 1))], axis=1)
    return clear


def write_dark_images(app):
    """docs/_static/dark/: the pictures of images/ for dark pages."""
    for path in (HERE / "images").glob("*.png"):
        dark = HERE / "_static" / "dark" / path.name
        if not dark.exists() or dark.stat().st_mtime < path.stat().st_mtime:
            dark.parent.mkdir(exist_ok=True)
            imsave(dark, on_dark(imread(path)))


def both_images(app, tree, name):
    """Beside each PNG of images/ the one for dark pages."""
    for image in list(tree.findall(nodes.image)):
        file = Path(image["uri"])
        if file.parent.name == "images" and file.suffix == ".png":
            image["classes"].append("only-light")
            up = "../" * name.count("/")
            alt = escape(image.get("alt", ""), quote=True)
            html = f'<img class="only-dark" src="{up}_static/dark/{file.name}" alt="{alt}">'
            image.parent.insert(image.parent.index(image) + 1, nodes.raw("", html, format="html"))


def themed_notebook(text):
    """The text of a notebook, its figures as SVG in the colours of the theme."""
    book = json.loads(text)
    for cell in book["cells"]:
        for output in cell.get("outputs", []):
            svg = output.get("data", {}).pop("image/svg+xml", None)
            if svg:
                output["data"] = {"text/html": themed_svg("".join(svg))}
    return json.dumps(book)
