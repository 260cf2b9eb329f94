"""A page of one file to step through a small network, cell by cell, forward and backward.

In a notebook, with a network of one's own:

    from IPython.display import HTML
    from gca_scratch.stepper.page import embedded, page

    HTML(embedded(page(network, params, x, y)))
"""

import base64
import html
import json
import re
from pathlib import Path

import numpy as np

from ..network.grid import cell_order
from ..support.errors import InputError, shown
from .record import record

FILES = Path(__file__).parent / "web"
SCRIPTS = ("numbers.js", "equations.js", "drawing.js", "theme.js", "page.js")  # one after the other, in one scope
LARGEST = 3_000_000  # bytes of a page


def page(network, params, x, y, joint_names=None, bones=(), class_names=None):
    """The page, HTML: sequences x (B, T, J, C) of labels y (B,) through a GCALSTM, every number float32 and exact.

    joint_names (J,), class_names (classes,): numbers where they are not given.  bones: pairs of joints; with them the
    body is drawn, the first of the C numbers across and the second upwards.  Raises InputError for a network that the
    stepper does not show, or one too large for a page.
    """
    J, T = network.joints, network.frames
    joint, frame = cell_order(J, T)
    if len(x) != len(y) or not len(y):
        raise InputError(f"{len(x)} sequences and {len(y)} labels: give a label for each, and at least one sequence")
    params = {name: np.asarray(value, np.float32) for name, value in params.items()}
    recorded = [record(network, params, one, int(label)) for one, label in zip(np.float32(x), y, strict=True)]
    data = {
        "J": J,
        "T": T,
        "H": network.hidden,
        "joint": joint.tolist(),
        "frame": frame.tolist(),
        "joints": list(joint_names or (f"joint {j}" for j in range(J))),
        "bones": [list(map(int, bone)) for bone in bones],
        "classes": list(class_names or (f"class {k}" for k in range(network.classes))),
        "sequences": [{"label": int(label), **one} for label, one in zip(y, recorded, strict=True)],
    }
    if len(data["joints"]) != J or len(data["classes"]) != network.classes:
        raise InputError(f"give a name for each of the {J} joints and of the {network.classes} classes")
    text = assembled(data)
    if len(text.encode()) > LARGEST:
        raise InputError(
            f"the page would hold {len(text) / 1e6:.1f} MB, more than {LARGEST / 1e6:.0f}; "
            "give it fewer sequences, or a network of fewer joints, frames or hidden units"
        )
    return text


def assembled(data):
    """The page around its data, from the files in web/."""
    parts = {
        "style": (FILES / "page.css").read_text("utf-8"),
        "data": json.dumps(data, default=packed, separators=(",", ":")).replace("<", "\\u003c"),
        "script": "\n".join((FILES / name).read_text("utf-8") for name in SCRIPTS),
    }
    template = (FILES / "page.html").read_text("utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], template)


def packed(array):
    """An array as its shape and the bytes of its numbers, float32 with the lowest byte first, in base 64."""
    return {"shape": array.shape, "float32": base64.b64encode(array.astype("<f4").tobytes()).decode("ascii")}


def embedded(text, height=900, theme=None):
    """A page as an element of another page or a notebook: an iframe that holds it whole, `height` pixels high.

    theme: "dark" or "light"; otherwise the page is as dark or light as what it stands on.
    """
    if theme not in (None, "dark", "light"):
        raise InputError(f"unknown theme {shown(theme)}: choose one of dark, light")
    if theme:
        text = text.replace("<html ", f'<html data-theme="{theme}" ', 1)
    return (
        f'<div><iframe title="GCA-LSTM, step by step" srcdoc="{html.escape(text)}" '
        f'style="width: 100%; height: {height}px; border: 0"></iframe></div>'
    )
