"""A page of one file to step through a small network, cell by cell, forward and backward.

In a notebook, with a network of one's own:

    from IPython.display import HTML
    from gca_scratch.stepper.page import embedded, page

    HTML(embedded(page(network, params, x, y)))
"""

import ast
import base64
import html
import inspect
import json
import re
from pathlib import Path

import numpy as np

from ..network import attention, cell, memory, ops
from ..network.first_layer import FirstLayer
from ..network.gca_lstm import GCALSTM, loss_and_gradients
from ..network.grid import cell_order
from ..support.errors import InputError, shown

FILES = Path(__file__).parent / "web"
SCRIPTS = (  # one after the other, in one scope
    "numbers.js", "network.js", "where.js", "laboratory.js", "timeline.js", "equations.js", "stations.js",
    "captions.js", "drawing.js", "body.js", "panels.js", "code.js", "theme.js", "page.js", "controls.js",
)  # fmt: skip
FUNCTIONS = (  # the page shows their lines beside its equations
    cell.step_forward, cell.step_backward,
    attention.informativeness_forward, attention.informativeness_backward,
    memory.average_forward, memory.average_backward, memory.feedforward_forward, memory.feedforward_backward,
    memory.refine_forward, memory.refine_backward,
    ops.affine_forward, ops.affine_backward, ops.softmax_backward, ops.nll_forward, ops.nll_backward,
)  # fmt: skip
LARGEST = 3_000_000  # bytes of a page
MOST = 6_000_000  # products of a pass: the page computes it anew after every change


def page(network, params, x, y, joint_names=None, bones=(), class_names=None):
    """The page, HTML, which computes all that sequences x (B, T, J, C) of labels y (B,) make a GCALSTM do.

    It holds parameters and sequences in float32, exactly, and computes in double precision (web/network.js).
    joint_names (J,), class_names (classes,): numbers where they are not given.  bones: pairs of joints; with them the
    body is drawn, the first of the C numbers across and the second upwards.  Raises InputError for a network that the
    stepper does not show, or one too large for a page.
    """
    x, y = np.asarray(x, np.float32), np.asarray(y)
    params = {name: np.asarray(value, np.float32) for name, value in params.items()}
    checked(network, params, x, y)
    joint, frame = cell_order(network.joints, network.frames)
    data = {
        "H": network.hidden,
        "N": network.iterations,
        "joint": joint.tolist(),
        "frame": frame.tolist(),
        "joints": list(joint_names or (f"joint {j}" for j in range(network.joints))),
        "bones": [list(map(int, bone)) for bone in bones],
        "classes": list(class_names or (f"class {k}" for k in range(network.classes))),
        "params": {name: params[name] for name in network.shapes()},
        "sequences": [{"label": int(label), "x": one} for label, one in zip(y, x, strict=True)],
        "code": [lines_of(function) for function in FUNCTIONS],
    }
    if len(data["joints"]) != network.joints or len(data["classes"]) != network.classes:
        raise InputError(f"give a name for each of the {network.joints} joints and of the {network.classes} classes")
    text = assembled(data)
    if len(text.encode()) > LARGEST:
        raise InputError(
            f"the page would hold {len(text) / 1e6:.1f} MB, more than {LARGEST / 1e6:.0f}; "
            "give it fewer sequences, or a network of fewer joints, frames or hidden units"
        )
    return text


def checked(network, params, x, y):
    """Raise InputError unless the page can show this network, with these sequences and labels."""
    if type(network) is not GCALSTM:
        raise InputError("the stepper shows GCA-LSTM with one stream of attention over joints; choose such a network")
    if network.layer1 != FirstLayer() or network.ablation is not None:
        raise InputError("the stepper shows neither the trust gate nor an ablation; choose a network without")
    products = network.joints * network.frames * (network.iterations + 1) * 15 * network.hidden**2
    if products > MOST:
        raise InputError(
            f"the page would compute {products / 1e6:.0f} million products after every change, more than "
            f"{MOST / 1e6:.0f}; give it a network of fewer joints, frames or hidden units"
        )
    if len(x) != len(y) or not len(y):
        raise InputError(f"{len(x)} sequences and {len(y)} labels: give a label for each, and at least one sequence")
    for label in y.tolist():
        if not 0 <= label < network.classes:
            raise InputError(f"the label {label} is not one of the network's {network.classes} classes; correct it")
    loss, _, _ = loss_and_gradients(network, params, x, y)
    if not np.isfinite(loss):
        raise InputError(f"the loss of the sequences is {loss}; give finite coordinates and smaller weights")


def lines_of(function):
    """A function's source, for the page: its name, its file, and its lines without the docstring, by their numbers."""
    lines, first = inspect.getsourcelines(function)
    body = ast.parse("".join(lines)).body[0].body
    begin = body[1].lineno if ast.get_docstring(ast.parse("".join(lines)).body[0]) else body[0].lineno
    head = next(n for n, line in enumerate(lines, start=1) if line.rstrip().endswith(":"))
    shown_lines = [(first + n - 1, lines[n - 1].rstrip()) for n in [*range(1, head + 1), *range(begin, len(lines) + 1)]]
    return {"name": function.__name__, "file": Path(inspect.getsourcefile(function)).name, "lines": shown_lines}


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
