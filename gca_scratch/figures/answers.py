"""What a network answered about a recording: classes over time, window by window, and its scores on the moving body."""

import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..support.errors import InputError
from . import bodies, canvas
from .bodies import Bones
from .canvas import BLUE, COUNTS, GREY, ORANGE, drawn, inches, plain, wrapped

NONE = "none of these"
USUAL, MOST, LONGEST_NAME = 8, 30, 34  # rows of classes, and characters of their names
LONGEST, SLOWEST, FASTEST = 60, 400, 20  # frames of an animation, and milliseconds for one


def draw_answers(
    times: np.ndarray,
    probabilities: np.ndarray,
    class_names: Sequence[str],
    threshold: float,
    path: str | os.PathLike[str],
    truth: np.ndarray | Sequence[int] | None = None,
    unit: str = "frame",
    title: str = "",
    answers: np.ndarray | Sequence[int] | None = None,
) -> Path:
    """Draw `over_time` with the same arguments into a PNG file; returns its path.

    Raises InputError where the path does not end in .png or cannot be written.
    """
    path = _with_suffix(path, ".png")
    canvas.save(over_time(times, probabilities, class_names, threshold, truth, unit, title, answers), path)
    return path


@drawn
def over_time(
    times: np.ndarray,
    probabilities: np.ndarray,
    class_names: Sequence[str],
    threshold: float,
    truth: np.ndarray | Sequence[int] | None = None,
    unit: str = "frame",
    title: str = "",
    answers: np.ndarray | Sequence[int] | None = None,
) -> Figure:
    """The classes of a long recording over time: a row for each class that matters and one for none of these.

    times: (W,) the middles of the windows, or (W, 2) where each begins and ends, ascending, in `unit`: "s" where the
    frame rate is known, else "frame".
    probabilities (W, K): of the classes.  threshold: below it the best class is none of these; 0 where there is none.
    truth (W,): the class that each window shows, -1 for none of these; None where nobody knows.  answers (W,): the same
    of what was answered; None: the best class from the threshold on.

    Rows are the classes that are answered or true, the thirty most frequent at most, in the order of their first time;
    where they are fewer than eight, then the most probable of the others. Below stands the probability of the best
    class, with the threshold.
    """
    times, p = np.asarray(times, float), np.asarray(probabilities, float)
    edges, best = _edges(times), p.max(axis=1)
    answers = np.where(best >= threshold, p.argmax(axis=1), -1) if answers is None else np.asarray(answers)
    truth = None if truth is None else np.asarray(truth)
    chosen = _chosen(p, answers, truth)
    names = [plain(class_names[k], LONGEST_NAME) for k in chosen] + [NONE]
    rows, width = len(names), 6.0 + max(0, inches(names, 8) - 1.4)
    drawing = Figure(figsize=(width, 0.26 * rows + 2.4 + 0.17 * bool(title)), layout="constrained")
    ax, below = drawing.subplots(2, 1, sharex=True, height_ratios=(0.26 * rows, 0.9))
    image = ax.pcolormesh(edges, np.arange(rows) - 0.5, p[:, chosen].T, cmap=COUNTS, vmin=0, vmax=1, rasterized=True)
    ax.axhspan(rows - 1.5, rows - 0.5, color="#eeeeee", zorder=0)
    place = {k: row for row, k in enumerate(chosen)} | {-1: rows - 1}
    marks = [("the answer", answers, 0.3, ORANGE), ("the truth", truth, -0.3, "black")]
    marks = [mark for mark in marks if mark[1] is not None]
    for _, classes, shift, colour in marks:
        for first, last in _runs(classes):
            row = place.get(int(classes[first]))
            if row is not None:
                ax.plot(edges[[first, last]], [row + shift] * 2, color=colour, linewidth=2.4, solid_capstyle="butt")
    ax.set_yticks(range(rows), names, fontsize=8)
    ax.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    ax.grid(axis="y", which="minor", color="#cccccc", linewidth=0.5)
    ax.tick_params(which="both", length=0)
    ax.set(ylim=(rows - 0.5, -0.5), xlim=edges[[0, -1]])
    ax.spines[:].set_visible(False)
    below.stairs(best, edges, color=BLUE, baseline=None)
    below.set(ylim=(0, 1.02), xlabel="time (seconds)" if unit == "s" else unit)
    below.set_ylabel("probability of\nthe best class", fontsize=8)
    if threshold > 0:
        below.axhline(threshold, color=GREY, linestyle="--", linewidth=1)
    drawing.colorbar(image, ax=[ax, below], pad=0.02, aspect=30, label="probability")
    handles = [Line2D([], [], color=colour, linewidth=2.4) for _, _, _, colour in marks]
    labels = [label for label, _, _, _ in marks]
    if threshold > 0:
        handles.append(Line2D([], [], color=GREY, linestyle="--", linewidth=1))
        labels.append(f"threshold {threshold:.{2 if threshold < 0.99 else 6}g}: below it {NONE}")
    drawing.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize=8)
    others = sorted(set(range(p.shape[1])) - set(chosen))
    left_out = f"and {len(others)} other classes, at most {p[:, others].max():.0%}" if others else ""
    heading = "\n".join(text for text in (wrapped(title, width - 0.5) if title else "", left_out) if text)
    if heading:
        drawing.suptitle(heading, fontsize=10)
    return drawing


def _edges(times):
    """Where the windows' parts of the picture meet (W + 1,): halfway between their middles."""
    middles = times if times.ndim == 1 else times.mean(axis=1)
    inner = (middles[1:] + middles[:-1]) / 2
    if times.ndim == 2:
        return np.concatenate([times[:1, 0], inner, times[-1:, 1]])
    step = np.diff(middles).mean() / 2 if len(middles) > 1 else 0.5
    return np.concatenate([[middles[0] - step], inner, [middles[-1] + step]])


def _chosen(p, answers, truth):
    """The classes that are shown: answered or true ones by their first time, then the most probable of the others."""
    there = np.stack([answers, answers if truth is None else truth], axis=1).ravel()
    named = [k for k in dict.fromkeys(there.tolist()) if k >= 0]
    likely = np.argsort(-p.max(axis=0), kind="stable").tolist()
    frequent = sorted(named, key=lambda k: -(there == k).sum())[:MOST]
    shown = [k for k in named if k in frequent]
    return shown + [k for k in likely if k not in shown][: max(0, USUAL - len(shown))]


def _runs(classes):
    """Stretches of equal neighbours, as pairs of edges."""
    starts = [0, *(np.flatnonzero(np.diff(classes)) + 1), len(classes)]
    return pairwise(int(start) for start in starts)


def animate(
    poses: np.ndarray,
    bones: Bones,
    scores: np.ndarray | None,
    class_name: str | None,
    probability: float,
    path: str | os.PathLike[str],
    name: str = "",
    up: int = 1,
    rate: float | None = None,
    sampled: np.ndarray | None = None,
    rows: Sequence[str] | None = None,
) -> Path:
    """Draw the scores on the body of a recording that was predicted: moving (.gif), or as a strip (.png).

    poses: (F, J, 3) or (F, J, P, 3), all frames, upright along the axis `up`, as `look.poses` makes them.
    bones: pairs of joints.  scores (rows, T, J), 1/(J T) being a uniform guess; None where the network has no
    attention: all joints are then alike, and the title says so.
    class_name: the answer, None for none of these.  probability: of the best class.  name: of the recording.
    rate: frames a second; the animation then takes as long as the recording did.  sampled (T,): the frames that the
    network saw, middles of equal parts where it is None.  rows: names of the rows of scores.

    Raises InputError where the path ends otherwise or cannot be written. Returns the path.
    """
    path = _with_suffix(path, ".gif", ".png")
    poses = np.asarray(poses, float)
    F, J = poses.shape[:2]
    title = f"{NONE}, best class" if class_name is None else plain(class_name)
    title += f" {probability:.0%}" + f" ({name})" * bool(name)
    if scores is None:
        scores, rows = np.full((1, min(F, 8), J), 1 / (J * min(F, 8))), ["no attention: all joints alike"]
    T = scores.shape[1]
    if path.suffix.lower() == ".png":
        frames = ((2 * np.arange(T) + 1) * F) // (2 * T) if sampled is None else sampled
        canvas.save(bodies.skeleton_strip(title, poses[frames], bones, scores, up, names=rows), path)
        return path
    shown = min(F, LONGEST)
    interval = 100 if not rate else int(np.clip(1000 * F / (rate * shown), FASTEST, SLOWEST))
    bodies.save_animation(bodies.animation(title, poses, bones, scores, up, LONGEST, interval, rows), path)
    return path


def _with_suffix(path, *suffixes):
    path = Path(path)
    if path.suffix.lower() not in suffixes:
        raise InputError(f"{path} is no name for this figure; end it with {' or '.join(suffixes)}")
    return path
