"""Figures of bodies: skeletons over frames with their scores (Fig. 7), mean scores on a body (Fig. 8), an animation.

Positions are (T, J, 3), or (T, J, P, 3) of P persons, as `sampling.Aligned` holds them: the vertical axis is `up`, and
the right side of somebody who faces the camera lies where the horizontal axis grows, on the left of the picture. An
absent person is all zeros and is not drawn. Bones are pairs of joints. All persons of a sequence share one score per
joint and frame, for they share the network's cells; scores are shown as multiples of a uniform guess.
"""

import os
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from matplotlib.animation import FuncAnimation
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from ..support.writing import replacing
from .canvas import GREY, SCORES, drawn, grid_of_axes, inches, missing_letters, plain, wrapped
from .charts import iteration_names, log_scale, score_bar

Bones: TypeAlias = Sequence[tuple[int, int]] | np.ndarray

BONES = ("#b0b0b0", "#85c0ea")  # of the first person and of the second
DOTS = {"cmap": SCORES, "zorder": 2, "edgecolors": "#444444", "linewidths": 0.3}


@drawn
def skeleton_strip(
    title: str,
    positions: np.ndarray,
    bones: Bones,
    scores: np.ndarray,
    up: int = 1,
    frames: int = 8,
    names: Sequence[str] | None = None,
) -> Figure:
    """Fig. 7: skeletons at `frames` of the T frames, joints coloured and sized by score, a row for each iteration.

    scores (iterations, T, J), 1/(J T) being a uniform guess; `names` of the rows, where they are not just iterations.
    The bodies stand side by side, each in the middle of its place, however far they have walked; below each stands the
    share of its frame in all scores.
    """
    iterations, T, J = scores.shape
    names = names or iteration_names(iterations)
    chosen, places, width, height = in_a_row(positions, up, frames)
    tall = np.clip(12 * height / width.sum(), 1.2, 2.2)  # inches of a body
    drawing, axes = grid_of_axes(
        max(5.5, tall * width.sum() / height + 1.5), (tall + 0.45) * iterations + 0.9, iterations
    )
    relative = scores * J * T
    norm = log_scale(relative)
    for k, ax in enumerate(axes[:, 0]):
        lines, dots = _bodies(ax, places, bones, relative[k, chosen], norm, 12.5 * tall**2)
        ax.set(xlim=(0, width.sum()))
        for edge in np.cumsum(width)[:-1] if len(lines) > 1 else ():  # so that it is plain who belongs together
            ax.axvline(edge, color="#dddddd", linewidth=0.8)
        ax.text(0, 0.5, names[k], rotation=90, va="center", ha="right", transform=ax.transAxes)
        for x, t in zip(np.cumsum(width) - width / 2, chosen, strict=True):
            for y, va, text, colour in (
                (1, "bottom", f"frame {t + 1}" if k == 0 else "", "black"),
                (0, "top", f"{scores[k, t].sum() / scores[k].sum():.0%}", GREY),
            ):
                ax.text(x, y, text, transform=ax.get_xaxis_transform(), ha="center", va=va, fontsize=8, color=colour)
    caption = f"\n\nsampled frames, of {T}; below each, its share of all scores"
    ax.text(0.5, 0, caption, transform=ax.transAxes, ha="center", va="top", fontsize=9)
    score_bar(drawing, dots[0], axes.ravel().tolist(), shrink=0.9, pad=0.01)
    drawing.suptitle(wrapped(title, drawing.get_figwidth()), fontsize=10)
    _name_persons(drawing, lines)
    return drawing


@drawn
def body_map(
    title: str,
    pose: np.ndarray,
    bones: Bones,
    scores: np.ndarray,
    joint_names: Sequence[str],
    up: int = 1,
    named: int = 6,
    names: Sequence[str] | None = None,
) -> Figure:
    """Fig. 8: the mean score of every joint over sequences as circles on a body, a body for each iteration.

    pose (J, 3): where to draw the joints, the root first; short bones are drawn longer, so that circles stay apart.
    scores (iterations, J), 1/J being a uniform guess: sums over the frames of a sequence, means over sequences. The
    `named` joints of the highest scores are labelled.
    """
    iterations, J = scores.shape
    names = names or iteration_names(iterations)
    places = _spread(_seen(pose[None], up)[0, :, 0], bones)
    (left, bottom), (right, top) = places.min(axis=0), places.max(axis=0)
    inch = max((top - bottom) / 3.4, (right - left) / 1.2, 1e-6)  # in the units of the pose
    joint_names = [plain(name) for name in joint_names]
    wide = 3.7 + 2 * max(0, inches(joint_names, 8) - 1.1)
    drawing, axes = grid_of_axes(wide * iterations + 1.1, 4.6, 1, iterations)
    relative = scores * J
    norm = Normalize(min(relative.min(), 0.9), max(relative.max(), 1.1))
    for k, ax in enumerate(axes[0]):
        _, dots = _bodies(ax, places[None, :, None], bones, relative[k : k + 1], norm, 420)
        dots[0].set_clip_on(False)
        highest = np.argsort(-relative[k], kind="stable")[:named]
        ax.set_ylim((bottom + top) / 2 - 1.9 * inch, (bottom + top) / 2 + 1.9 * inch)
        for on_the_right, edge, align in ((False, left - 0.4 * inch, "right"), (True, right + 0.4 * inch, "left")):
            here = highest[(places[highest, 0] > (left + right) / 2) == on_the_right]
            here = here[np.argsort(-places[here, 1])]
            for joint, y in zip(here, _apart(places[here, 1], 0.32 * inch, *ax.get_ylim()), strict=True):
                ax.annotate(f"{joint_names[joint]}\n{relative[k, joint]:.2f}", places[joint],
                            (edge, y), ha=align, va="center", fontsize=8,
                            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.6, "shrinkB": 0})  # fmt: skip
        ax.set_title(names[k], fontsize=9)
    bar = drawing.colorbar(dots[0], ax=axes.ravel().tolist(), shrink=0.8, pad=0.04 / iterations)
    bar.set_label("mean score of the joint / uniform guess")
    drawing.suptitle(wrapped(title, drawing.get_figwidth()), fontsize=10)
    return drawing


@drawn
def animation(
    title: str,
    positions: np.ndarray,
    bones: Bones,
    scores: np.ndarray,
    up: int = 1,
    frames: int | None = None,
    interval: int = 100,
    names: Sequence[str] | None = None,
) -> FuncAnimation:
    """A sequence in motion, its joints coloured and sized by score, iterations side by side: a FuncAnimation.

    positions (F, J, 3) or (F, J, P, 3): all frames of the recording, of which at most `frames` are shown, evenly spread
    (all, where it is None), one every `interval` milliseconds. scores (iterations, T, J) as of `skeleton_strip`: each
    of the T sampled frames stands for an equal part of the recording, all frames of which have its scores.
    """
    iterations, T, J = scores.shape
    names = names or iteration_names(iterations)
    places = _seen(positions, up)
    F = len(places)
    shown = np.linspace(0, F - 1, min(F, frames or F)).round().astype(int)
    wide, tall = (np.nanmax(places[..., axis]) - np.nanmin(places[..., axis]) for axis in (0, 1))
    width = 3.4 * np.clip(wide / max(tall, 1e-6), 0.7, 1.6)
    drawing, axes = grid_of_axes(width * iterations + 1.2, 4.4, 1, iterations)
    relative = scores * J * T
    norm = log_scale(relative)
    parts = []
    for k, ax in enumerate(axes[0]):
        parts.append(_bodies(ax, places[:1], bones, relative[k, :1], norm, 90, limits=places))
        ax.set_title(names[k], fontsize=9)
    score_bar(drawing, parts[0][1][0], axes.ravel().tolist(), shrink=0.8, pad=0.01)
    title = wrapped(title, drawing.get_figwidth())
    heading = drawing.suptitle(f"{title}\nframe {F} of {F}", fontsize=10)
    _name_persons(drawing, parts[0][0])
    with missing_letters():
        drawing.draw_without_rendering()
    drawing.set_layout_engine("none")  # nothing moves but the bodies

    def draw(step):
        frame = shown[step]
        t = frame * T // F
        for k, (lines, dots) in enumerate(parts):
            for person, (line, spots) in enumerate(zip(lines, dots, strict=True)):
                line.set_data(*bone_lines(places[frame, :, person], bones))
                spots.set_offsets(places[frame, :, person])
                spots.set_array(relative[k, t])
                spots.set_sizes(_areas(norm, relative[k, t], 90))
        heading.set_text(f"{title}\nframe {frame + 1} of {F}")
        return [heading, *(artist for lines, dots in parts for artist in (*lines, *dots))]

    return FuncAnimation(drawing, draw, frames=len(shown), interval=interval)


def save_animation(moving: FuncAnimation, path: str | os.PathLike[str]) -> None:
    """Write an animation to a GIF file, whole or not at all; InputError when it cannot be written."""
    with replacing(path) as temporary, missing_letters():
        drawn = temporary.with_name(f"{temporary.name}.gif")  # Pillow goes by the name
        try:
            moving.save(drawn, writer="pillow", dpi=100)
            os.replace(drawn, temporary)
        finally:
            drawn.unlink(missing_ok=True)


def player(moving: FuncAnimation) -> Any:
    """An animation as a player for notebooks: an HTML object of IPython, or the plain HTML where IPython is missing."""
    with missing_letters():
        html = moving.to_jshtml(default_mode="loop")
    try:
        from IPython.display import HTML
    except ImportError:
        return html
    return HTML(html)


# --- how bodies are drawn ---------------------------------------------------------------------------------------------


def _seen(positions, up):
    """What the camera sees of positions (T, J, 3) or (T, J, P, 3): (T, J, P, 2), NaN where a person is absent."""
    positions = np.asarray(positions, float)
    positions = positions if positions.ndim == 4 else positions[:, :, None]
    absent = (positions == 0).all(axis=(1, 3), keepdims=True)
    return np.where(absent & ~absent.all(), np.nan, positions[..., [(up + 2) % 3, up]] * (-1, 1))


def _bodies(ax, places, bones, relative, norm, largest, limits=None):
    """Draw places (n, J, P, 2) with relative scores (n, J); returns a line and a collection of dots for each person."""
    lines, dots = [], []
    areas = _areas(norm, relative.ravel(), largest)
    for person in range(places.shape[2]):
        x, y = bone_lines(places[:, :, person], bones)
        lines += ax.plot(x, y, color=BONES[person % 2], linewidth=1.3, zorder=1)
        x, y = places[:, :, person].reshape(-1, 2).T
        dots.append(ax.scatter(x, y, c=relative.ravel(), s=areas, norm=norm, **DOTS))
    limits = (places if limits is None else limits).reshape(-1, 2)
    low, high = np.nanmin(limits, axis=0), np.nanmax(limits, axis=0)
    margin = 0.08 * max(high[1] - low[1], 1e-6)
    ax.set(xlim=(low[0] - margin, high[0] + margin), ylim=(low[1] - margin, high[1] + margin), aspect="equal")
    ax.axis("off")
    return lines, dots


def _areas(norm, relative, largest):
    """Areas of dots that grow with the score as the colour does."""
    return largest * (0.1 + 0.9 * np.clip(norm(relative), 0, 1))


def bone_lines(places: np.ndarray, bones: Bones) -> np.ndarray:
    """The bones of one person, places (..., J, 2), as x and y of a single line with gaps."""
    ends = places[..., np.array(bones, int).reshape(-1, 2), :]  # (..., bones, 2, 2)
    return np.concatenate([ends, np.full_like(ends[..., :1, :], np.nan)], axis=-2).reshape(-1, 2).T


def _name_persons(drawing, lines):
    """A legend where there are several persons."""
    if len(lines) > 1:
        names = [f"bones of person {k + 1}" for k in range(len(lines))]
        drawing.legend(lines, names, loc="outside lower center", ncols=len(lines), frameon=False)


class Row(NamedTuple):
    """Bodies side by side, from 0 on: the numbers of their frames (n,), places (n, J, P, 2), NaN where a person is
    absent, the width of each (n,), and the height of all."""

    frames: np.ndarray
    places: np.ndarray
    width: np.ndarray
    height: float


def in_a_row(positions: np.ndarray, up: int = 1, frames: int = 8) -> Row:
    """The Row of so many of all frames of positions, evenly spread."""
    T = len(positions)
    chosen = np.unique(np.linspace(0, T - 1, min(frames, T)).round().astype(int))
    places = _seen(positions, up)[chosen]
    if np.isnan(places).all():  # people come, but between these frames
        places = np.zeros_like(places)
    return Row(chosen, *_side_by_side(places))


def _side_by_side(places):
    """Bodies (n, J, P, 2) moved into a row: their places there, the width of each (n,), and the height of all."""
    across = places[..., 0].reshape(len(places), -1)
    left, right = (np.nan_to_num(edge.reduce(across, axis=1)) for edge in (np.fmin, np.fmax))  # 0 where nobody is
    height = max(np.nanmax(places[..., 1]) - np.nanmin(places[..., 1]), 1e-6)
    width = np.maximum(right - left, 0.3 * height) + 0.2 * height
    moved = places.copy()
    moved[..., 0] += (np.cumsum(width) - width / 2 - (left + right) / 2)[:, None, None]
    return moved, width, height


def _spread(places, bones, least=0.75):
    """Places (J, 2) whose bones are at least so long, in lengths of the median bone; the others move along."""
    bones = [(int(a), int(b)) for a, b in bones]
    lengths = [np.linalg.norm(places[a] - places[b]) for a, b in bones]
    least = least * np.median(lengths) if bones else 0
    spread, todo = {0: places[0]}, [0]
    for joint in todo:
        for other in [b for a, b in bones if a == joint] + [a for a, b in bones if b == joint]:
            if other not in spread:
                bone = places[other] - places[joint]
                length = np.linalg.norm(bone)
                direction = bone / length if length > 0 else np.array([0, -1])
                spread[other] = spread[joint] + direction * max(length, least)
                todo.append(other)
    return np.array([spread.get(joint, places[joint]) for joint in range(len(places))])


def _apart(heights, least, bottom, top):
    """Descending heights (n,) of labels, moved to be at least so far apart, and half of that within bottom and top."""
    moved = np.array(heights, float)
    for k in range(1, len(moved)):
        moved[k] = min(moved[k], moved[k - 1] - least)
    if len(moved):
        moved += max(np.mean(heights - moved), bottom + least / 2 - moved[-1])
        moved -= max(0, moved[0] - top + least / 2)
    return moved
