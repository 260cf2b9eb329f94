"""One skeleton of a recording from front and side: its joints by number and name, its chain, its vertical."""

import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from ..data.absent import filled, unseen
from ..data.joint_names import Roles, find_roles
from ..data.joint_words import readings
from ..data.neutral import Skeletons
from ..data.skeleton import Edges, chain
from ..support.errors import InputError
from . import canvas
from .canvas import BLUE, GREY, ORANGE, drawn, inches, plain, wrapped
from .labels import placed

WIDTH, TALLEST = 6.0, 5.0  # inches: of the figure, and of a body at most
pad, BETWEEN, LEFT, LINE = (
    0.28,
    0.3,
    1.15,
    0.16,
)  # inches: around a body, between views, for the arrow, of a list's line
NUMBER, NAME = 7.0, 8.0  # points
SIDES = {"left": BLUE, "right": ORANGE, "": GREY}


def draw_one(data: Skeletons, path: str | os.PathLike[str], hip: str | None = None, sequence: int = 0) -> Path:
    """Draw one frame of a sequence of a data set, with what is known of its vertical and its unit; returns the path.

    hip: the joint that is the hip, where its name does not tell. Raises InputError where no hip is found, and where
    the file cannot be written or is no .png.
    """
    edges = [(int(a), int(b)) for a, b in data.edges]
    roles = find_roles(data.joint_names, edges, hip)
    order, meaning, name = chain(len(data.joint_names), edges, roles.hip), data.meaning, str(data.name[sequence])
    return draw_skeleton(
        data.sequence(sequence), data.joint_names, edges, order, roles, meaning.up.value, name, path,
        unit=meaning.unit.value, zeros_absent=meaning.zeros_absent, guessed=meaning.up.source == "guess",
    )  # fmt: skip


def draw_skeleton(
    joints: np.ndarray,
    joint_names: Sequence[str],
    edges: Edges,
    order: Sequence[int],
    roles: Roles,
    up: str,
    title: str,
    path: str | os.PathLike[str],
    **more: Any,
) -> Path:
    """Draw `skeleton` with the same arguments into a PNG file; returns its path.

    Raises InputError where the path does not end in .png or cannot be written, and where no frame shows anybody.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise InputError(f"{path} is no name for this figure; end it with .png")
    canvas.save(skeleton(joints, joint_names, edges, order, roles, up, title, **more), path)
    return path


@drawn
def skeleton(
    joints: np.ndarray,
    joint_names: Sequence[str],
    edges: Edges,
    order: Sequence[int],
    roles: Roles,
    up: str = "",
    title: str = "",
    unit: str = "",
    zeros_absent: bool = True,
    guessed: bool = False,
    frame: int | None = None,
) -> Figure:
    """One frame of a recording, seen from the front and from the side, each joint with its place in the chain.

    joints: (J, 3), (frames, J, 3) or (frames, P, J, 3), of which the first frame that shows the most joints is drawn,
    or `frame`, and the person with the most in it.  NaN, and three zeros where `zeros_absent`, are an absent joint: a
    hollow circle where `data.absent.filled` puts it.
    joint_names (J,), edges: pairs of joints.  order: the chain, joints by index; a joint's number is its first place.
    roles: as `find_roles` has them; where left and right are known the body is turned to face the reader.
    up: the axis that points up, such as "+y"; "" is unknown, which is said, and y is drawn upright.  guessed: is it a
    guess?  unit: of the coordinates; "" is unknown.

    Raises InputError where no frame shows anybody.
    """
    body, absent, n, frames = _chosen(np.asarray(joints, float), edges, roles.hip, zeros_absent, frame)
    order = list(dict.fromkeys(order))
    views, axes_named = _views(body, roles, up or "+y")
    low, high = views.min(axis=0), views.max(axis=0)
    spans = np.maximum(high - low, 0.25 * max((high - low)[2], 1e-6))  # across, depth, height
    pad = 0.28 if len(order) <= 40 else 0.45  # inches around a body: its numbers need them
    room = WIDTH - LEFT - BETWEEN - 0.15 - 4 * pad
    scale = min(room / (spans[0] + spans[1]), TALLEST / max(spans[2], 1e-6))  # inches for a unit
    middle, tall = (low + high) / 2, scale * spans[2] + 2 * pad

    heading = _heading(title, n, frames, up, guessed)
    names = [_listed(joint, k, joint_names, roles, absent) for k, joint in enumerate(order, 1)]
    columns = max(1, min(len(names), int((WIDTH - 0.2) / (inches(names, NAME) + 0.2))))
    rows = -(-len(names) // columns)
    handles = _handles(joint_names, absent)
    top, below = 0.5 + 0.17 * heading.count("\n"), 0.55  # of the titles, of the numbers and names of the axes
    legend, listing = 0.2 * -(-len(handles) // 3) + 0.15, LINE * rows + 0.12
    height = top + tall + below + legend + listing
    drawing = Figure(figsize=(WIDTH, height))
    drawing.suptitle(heading, fontsize=10, y=1 - 0.1 / height, va="top")
    left, floor = LEFT, height - top - tall
    spare = (room - scale * (spans[0] + spans[1])) / 2
    for k, (label, view) in enumerate(zip(axes_named, ("from the front", "from the side"), strict=True)):
        wide = scale * spans[k] + 2 * pad + spare
        ax = drawing.add_axes((left / WIDTH, floor / height, wide / WIDTH, tall / height))
        half = np.array([wide, tall]) / scale / 2
        ax.set(xlim=(middle[k] - half[0], middle[k] + half[0]), ylim=(middle[2] - half[1], middle[2] + half[1]))
        _body(ax, views[:, [k, 2]], edges, order, joint_names, roles, absent, scale)
        ax.set_xlabel(f"{label} ({unit or 'unit unknown'})", fontsize=8)
        ax.text(0.5, 1 + 0.06 / tall, view, transform=ax.transAxes, ha="center", fontsize=9)
        ax.tick_params(labelsize=7)
        ax.locator_params(axis="x", nbins=max(2, int(wide / 0.5)))
        if k == 0:
            _vertical(ax, up, unit, tall)
        else:
            ax.set_yticklabels([])
        left += wide + BETWEEN
    drawing.legend(*zip(*handles, strict=True), loc="upper center", ncols=3, frameon=False, fontsize=NAME,
                   bbox_to_anchor=(0.5, (floor - below) / height), borderaxespad=0, handlelength=1.6)  # fmt: skip
    for k, name in enumerate(names):
        x, y = 0.15 + (WIDTH - 0.2) / columns * (k // rows), listing - LINE * (k % rows)
        drawing.text(x / WIDTH, y / height, name, fontsize=NAME, va="top")
    return drawing


def _chosen(joints, edges, hip, zeros_absent, frame):
    """The body (J, 3) to draw, which of its joints are absent (J,), its frame from 0, and how many there are."""
    joints = joints[None, None] if joints.ndim == 2 else joints[:, None] if joints.ndim == 3 else joints
    there = ~unseen(joints, zeros_absent)  # (frames, P, J)
    if not there.any():
        raise InputError("the recording shows nobody, so no skeleton can be drawn; give another one")
    n = int(there.sum(axis=2).max(axis=1).argmax()) if frame is None else frame
    person = int(there[n].sum(axis=1).argmax())
    whole = filled(joints[:, [person]], edges, hip, zeros_absent)[n, 0]
    return np.nan_to_num(whole), ~there[n, person], n, len(joints)


def _views(body, roles, up):
    """What is seen of a body (J, 3), as (J, 3): to the right from the front, from the side, and upwards; and the names
    of the first two.

    The hip is at 0 but for its height. Who faces the reader has the left side on the right of the picture.
    """
    axis, sign = "xyz".index(up[1]), 1 if up[0] == "+" else -1
    height = sign * body[:, axis]
    upward = sign * np.eye(3)[axis]
    across = body[roles.left] - body[roles.right] if roles.left is not None else np.zeros(3)
    across = across - (across @ upward) * upward
    length = np.linalg.norm(across)
    names = ("to the left of the body", "depth")
    if not length > 1e-6 * max(np.abs(body).max(), 1e-12):
        first, second = (k for k in (0, 2, 1) if k != axis)
        across, length, names = np.eye(3)[first], 1, tuple("xyz"[k] for k in (first, second))
        depth = np.eye(3)[second]
    else:
        depth = np.cross(across / length, upward)
    relative = body - body[roles.hip]
    return np.stack([relative @ (across / length), relative @ depth, height], axis=1), names


def _heading(title, n, frames, up, guessed):
    """The title with the frame, and what is known of the vertical."""
    vertical = (
        f"{up} points up{' (a guess)' if guessed else ''}" if up else "vertical unknown, drawn as if +y pointed up"
    )
    which = f"frame {n + 1} of {frames}, " if frames > 1 else ""
    return f"{wrapped(title, WIDTH - 0.3)}\n{which}{vertical}" if title else which + vertical


def _body(ax, places, edges, order, joint_names, roles, absent, scale):
    """Bones, the jumps of the walk, joints in the colour of their side, and their numbers."""
    for a, b in edges:
        ax.plot(*places[[a, b]].T, color="#b0b0b0", linewidth=1.6, zorder=1, solid_capstyle="round")
    joined = {frozenset(map(int, edge)) for edge in edges}
    for a, b in pairwise(order):
        if frozenset((a, b)) not in joined:
            ax.annotate("", places[b], places[a], zorder=2, arrowprops=JUMP)
    colours = _colours(joint_names)
    size = 26 if len(order) <= 40 else 14
    for joint, (x, y) in enumerate(places):
        face, larger, order_of_drawing = ("white", 1.9, 2.5) if absent[joint] else (colours[joint], 1, 3)
        ax.scatter(x, y, s=size * larger, facecolor=face, edgecolor=colours[joint], linewidth=1.0,
                   marker="D" if joint == roles.hip else "o", zorder=order_of_drawing)  # fmt: skip
    points = places[order] * scale  # in inches
    low, high = np.transpose([ax.get_xlim(), ax.get_ylim()]) * scale
    for k, (joint, spot) in enumerate(zip(order, placed(points, NUMBER, low, high), strict=True), 1):
        far = np.linalg.norm(spot - points[k - 1]) > 0.16
        leader = {"arrowstyle": "-", "color": "#999999", "linewidth": 0.4, "shrinkA": 0, "shrinkB": 0} if far else None
        ax.annotate(str(k), places[joint], spot / scale, fontsize=NUMBER, ha="center", va="center_baseline", zorder=4,
                    arrowprops=leader, annotation_clip=False, path_effects=HALO)  # fmt: skip


HALO = [withStroke(linewidth=1.6, foreground="white")]
JUMP = {"arrowstyle": "-|>,head_width=0.12,head_length=0.25", "color": "#cc79a7", "linestyle": (0, (4, 2)),
        "linewidth": 0.7, "shrinkA": 3, "shrinkB": 3}  # fmt: skip


def _vertical(ax, up, unit, tall):
    """An arrow that points up, with the name of the axis; grey and with a question mark where it is unknown."""
    ax.set_ylabel(f"height, along {up or 'y'} ({unit or 'unit unknown'})", fontsize=8, labelpad=1)
    x = -(LEFT - 0.35) / (ax.get_position().width * WIDTH)
    colour, style = ("black", "solid") if up else (GREY, "dashed")
    arrow = {"arrowstyle": "-|>", "color": colour, "linestyle": style, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (x, 1 - 0.2 / tall), (x, max(0.0, 1 - 1.4 / tall)), xycoords="axes fraction", arrowprops=arrow,
                annotation_clip=False)  # fmt: skip
    ax.text(x, 1 - 0.15 / tall, f"{up} up" if up else "up: y?", transform=ax.transAxes, ha="center", va="bottom",
            fontsize=9, color=colour)  # fmt: skip


def _colours(joint_names):
    return [SIDES[it.side or ""] for it in readings(joint_names)]


def _listed(joint, number, joint_names, roles, absent):
    """What stands for a joint in the list: its number, its name, what it is taken for."""
    taken = {roles.left: "taken as left", roles.right: "taken as right", roles.top: "taken as top", roles.hip: "hip"}
    told = [text for text in (taken.get(joint), "absent" if absent[joint] else None) if text]
    return f"{number:\u2007>2}  {plain(joint_names[joint], 28)}" + f" ({', '.join(told)})" * bool(told)


def _handles(joint_names, absent):
    """What the marks mean, of those that are there: pairs of a mark and a text."""
    colours = _colours(joint_names)
    marks = [(f"{side} side" if side else "middle", {"color": SIDES[side]}) for side in SIDES if SIDES[side] in colours]
    marks.append(("hip, where the chain begins", {"color": GREY, "marker": "D"}))
    if absent.any():
        marks.append(("absent, filled in", {"color": GREY, "markerfacecolor": "white", "markersize": 6.5}))
    dots = [(Line2D([], [], **{"linestyle": "", "marker": "o", "markersize": 5} | mark), text) for text, mark in marks]
    jump = Line2D([], [], color=JUMP["color"], linestyle=JUMP["linestyle"], linewidth=0.9)
    return [*dots, (jump, "the chain jumps")]
