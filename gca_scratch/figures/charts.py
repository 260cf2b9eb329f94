"""Figures of training and of what a network computes: convergence (Fig. 6), confusions, maps of scores and gates.

Each function returns a figure of Matplotlib, drawn without a screen; `canvas.save` writes it to a file. Skeletons are
in `bodies`.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from .canvas import BLUE, COUNTS, GREY, ORANGE, SCORES, drawn, grid_of_axes, inches, missing_letters, plain, wrapped

# --- training ---------------------------------------------------------------------------------------------------------


@drawn
def convergence(history: Sequence[dict[str, Any]]) -> Figure:
    """Losses and errors of one run over the epochs of all training steps, a curve for each step (they start anew)."""
    drawing, axes = grid_of_axes(9, 3.9, columns=2)
    for ax, measure, unit in (
        (axes[0, 0], "loss", "loss (mean negative log-likelihood)"),
        (axes[0, 1], "error", "error"),
    ):
        _curves(ax, history, f"train_{measure}", "training", color=BLUE)
        _curves(ax, history, f"validation_{measure}", "validation", color=ORANGE, linestyle="--")
        _mark_steps(ax, history, GREY)
        ax.set(xlabel="epoch", ylabel=unit, xlim=(0.5, len(history) + 0.5), ylim=(0, 1.04 * ax.get_ylim()[1]))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        if measure == "error":
            ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    drawing.legend(*axes[0, 0].get_legend_handles_labels(), frameon=False, loc="outside lower center", ncols=2)
    return drawing


@drawn
def convergence_of_methods(
    stepwise: Sequence[dict[str, Any]],
    direct: Sequence[dict[str, Any]],
    names: tuple[str, str] = ("stepwise", "direct"),
) -> Figure:
    """Fig. 6: losses of both training methods over the epochs of all training steps, their beginnings marked.

    stepwise, direct: histories of two runs, lists of rows (training.HISTORY_COLUMNS); the first is drawn in orange, the
    second in blue, the training loss as a line and the validation loss dashed. `names` go into the legend.
    """
    drawing, axes = grid_of_axes(7.5, 4.4)
    ax = axes[0, 0]
    # with a blank before "_", for a legend leaves out what begins with it
    labels = [" " * name.startswith("_") + plain(name, 40) for name in names]
    for row, (history, name, colour) in enumerate(zip((stepwise, direct), labels, (ORANGE, BLUE), strict=True)):
        _curves(ax, history, "train_loss", f"{name}: training", color=colour)
        _curves(ax, history, "validation_loss", f"{name}: validation", color=colour, linestyle="--")
        if len({entry["step"] for entry in history}) > 1:  # direct training is a single step
            _mark_steps(ax, history, colour, row)
    ax.set(xlabel="epoch", ylabel="loss (mean negative log-likelihood)", ylim=(0, 1.04 * ax.get_ylim()[1]))
    ax.set_xlim(0.5, max(len(stepwise), len(direct)) + 0.5)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    drawing.legend(frameon=False, loc="outside lower center", ncols=2 if max(map(len, labels)) < 25 else 1)
    return drawing


def _first_rows(history):
    """Where in the history each training step begins."""
    return [k for k, row in enumerate(history) if k == 0 or row["step"] != history[k - 1]["step"]]


def _curves(ax, history, column, label, **style):
    """A column of the history over the epochs, a curve for each training step; nothing where it is not known."""
    epochs = np.arange(1, len(history) + 1)
    values = np.array([row.get(column, np.nan) for row in history])
    for start, end in pairwise([*_first_rows(history), len(history)]) if not np.isnan(values).all() else ():
        marker = "." if end - start == 1 else ""
        ax.plot(epochs[start:end], values[start:end], marker=marker, label=label, **style)
        label = None  # once in the legend


def _mark_steps(ax, history, colour, row=0):
    """A dotted line where each training step begins, its number above the axes in the given row of text."""
    for start, end in pairwise([*_first_rows(history), len(history)]):
        ax.axvline(start + 0.5, color=colour, linewidth=0.8, linestyle=":")
        text = f" {history[start]['step']}" if end - start < 0.13 * len(history) else f" step {history[start]['step']}"
        ax.text(start + 0.5, 1.01 + 0.05 * row, text, color=colour, transform=ax.get_xaxis_transform())


# --- testing ----------------------------------------------------------------------------------------------------------


@drawn
def confusion_matrix(
    counts: np.ndarray | Sequence[Sequence[int]], class_names: Sequence[str], percent: bool = True, title: str = ""
) -> Figure:
    """Which class is taken for which: counts (classes, classes), true classes down, recognised ones across.

    Shown as percent of each true class, or as counts; what rounds to 0 is left blank. The figure grows with the number
    of classes, so that every number can be read, and its colours tell small numbers better apart than large ones.
    """
    counts = np.asarray(counts)
    of_class = counts.sum(axis=1)
    values = 100 * counts / np.maximum(of_class, 1)[:, None] if percent else counts
    K = len(counts)
    side = np.clip(7 / K, 0.23, 0.55)  # of a cell, in inches
    digits = 3 if percent else len(str(counts.max()))
    names_size, numbers_size = min(9, 34 * side), min(9, 30 * side, 100 * side / digits)
    columns = [plain(name) for name in class_names]
    rows = [f"{name} ({n})" for name, n in zip(columns, of_class, strict=True)]
    margin = 1.1 * inches(rows, names_size)
    bar = 0.9
    width = max(K * side + margin + bar + 0.5, 4)
    lines = wrapped(title, width)
    heading = 0.15 + 0.15 * len(lines.splitlines()) if title else 0
    drawing, axes = grid_of_axes(width, max(K * side + margin + 0.6 + heading, 3))
    ax = axes[0, 0]
    image = ax.imshow(values, cmap=COUNTS, norm=PowerNorm(0.6, 0, 100 if percent else max(1, values.max())))
    for row, column in zip(*np.nonzero(values >= 0.5), strict=True):
        colour = "white" if image.norm(values[row, column]) > 0.7 else "black"
        ax.text(column, row, f"{values[row, column]:.0f}", color=colour, fontsize=numbers_size, ha="center",
                va="center_baseline", in_layout=False)  # fmt: skip
    ax.set_xticks(range(K), columns, fontsize=names_size, rotation=90)
    ax.set_yticks(range(K), rows, fontsize=names_size)
    ax.set_xticks(np.arange(K + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(K + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="#dddddd", linewidth=0.4)
    ax.tick_params(which="both", length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="recognised as", ylabel="true class (sequences)")
    label = "% of the true class" if percent else "sequences"
    drawing.colorbar(image, ax=ax, shrink=min(1, 3 / (K * side)), pad=0.02, label=label)
    if title:
        drawing.suptitle(lines, fontsize=10)
    with missing_letters():
        drawing.get_layout_engine().execute(drawing)  # a second layout follows at the drawing: one leaves no margin
    return drawing


# --- maps over joints and frames --------------------------------------------------------------------------------------


LOWEST = 1 / 32  # as a multiple of a uniform guess; all below has one colour
TICKS = (
    (1 / 32, 1 / 8, 1 / 2, 1, 2, 8, 32, 128),
    (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8),
    (1 / 2, 0.7, 1, 1.5, 2, 3),
    (0.6, 0.8, 1, 1.2, 1.5),
    (0.8, 0.9, 1, 1.1, 1.2),
    (0.9, 0.95, 1, 1.05, 1.1),
)


def iteration_names(iterations: int) -> list[str]:
    """What to call the attention iterations."""
    return [f"iteration {n}" for n in range(1, iterations + 1)]


def log_scale(relative: np.ndarray) -> LogNorm:
    """Colours for scores as multiples of a uniform guess: each doubling is one step, 1 lies within."""
    return LogNorm(min(max(relative.min(), LOWEST), 0.9), max(relative.max(), 1.1))


def score_bar(drawing: Any, image: ScalarMappable, axes: Sequence[Any], **options: Any) -> None:
    """The colour bar of scores on a `log_scale`, with as many ticks as its range needs."""
    low, high = image.norm.vmin, image.norm.vmax
    bar = drawing.colorbar(image, ax=axes, extend="min" if low == LOWEST else "neither", **options)
    bar.set_label("score / uniform guess (logarithmic)")
    there = [[tick for tick in ticks if low <= tick <= high] for ticks in TICKS]
    ticks = next((ticks for ticks in there if len(ticks) > 3), there[-1])
    bar.set_ticks(ticks, labels=[f"{tick:g}" if tick > 0.4 else f"1/{1 / tick:g}" for tick in ticks])
    bar.minorticks_off()


JOINT_SIZE = 6  # points of joints' names beside maps


def _beyond_usual(joint_names):
    """Inches that names of joints take beyond those that maps leave for them."""
    return max(0, inches(joint_names, JOINT_SIZE) - 0.8)


def _map(ax, values, **options):
    """An image of values (T, J): joints down, frames across and counted from 1."""
    T, J = values.shape
    place = {"extent": (0.5, T + 0.5, J - 0.5, -0.5), "aspect": "auto", "interpolation": "nearest"}
    return ax.imshow(values.T, **place, **options)


def _label_maps(axes, joint_names, frames):
    """Names of the joints on the left of all maps, frames below them."""
    for ax in axes[:, 0]:
        ax.set_yticks(range(len(joint_names)), joint_names, fontsize=JOINT_SIZE)
    for ax in axes[:, 1:].ravel():
        ax.set_yticks([])
    for ax in axes[:-1].ravel():
        ax.set_xticks([])
    for ax in axes[-1]:
        ax.set_xlabel(f"sampled frame, of {frames}")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))


@drawn
def score_maps(
    titles: Sequence[str],
    truth: np.ndarray | None,
    scores: np.ndarray,
    joint_names: Sequence[str],
    names: Sequence[str] | None = None,
) -> Figure:
    """Truth beside the scores of every iteration, a row of maps (joints x frames) per sequence.

    truth bool (n, T, J) or None; scores (iterations, n, T, J), each summing to 1 over a sequence, are shown as
    multiples of a uniform guess, 1/(J T). joint_names (J,) in the order of the cells; `names` of the maps of scores,
    where they are not just iterations.
    """
    iterations, n, T, J = scores.shape
    names = names or iteration_names(iterations)
    joint_names = [plain(name) for name in joint_names]
    columns = iterations + (truth is not None)
    width = 3.1 * columns + 1.6 + _beyond_usual(joint_names)
    drawing = Figure(figsize=(width, 0.6 + max(3.6, 0.11 * J) * n), layout="constrained")
    relative = scores * J * T
    for row, part in enumerate(drawing.subfigures(n, 1, squeeze=False)[:, 0]):
        axes = part.subplots(1, columns, squeeze=False)
        maps = axes[0]
        if truth is not None:
            _map(maps[0], truth[row], cmap="Greys", vmin=0, vmax=1)
            maps[0].set_title("truth (black: the action)", fontsize=9)
            maps = maps[1:]
        norm = log_scale(relative[:, row])
        for ax, values, name in zip(maps, relative[:, row], names, strict=True):
            image = _map(ax, values, cmap=SCORES, norm=norm)
            ax.set_title(f"score r, {name}", fontsize=9)
        score_bar(part, image, axes.ravel().tolist(), shrink=0.9, pad=0.01)
        axes[0, 0].set_ylabel("joint, in the order of the chain")
        _label_maps(axes, joint_names, T)
        part.suptitle(wrapped(titles[row], 3 * columns), fontsize=10)
    return drawing


GATES = ("input gate $i$", "forget gate $f_S$ (joint before)", "forget gate $f_T$ (frame before)", "output gate $o$")


@drawn
def gate_maps(
    title: str,
    gates: Sequence[tuple[str, np.ndarray]],
    scores: np.ndarray | None,
    joint_names: Sequence[str],
) -> Figure:
    """The gates of Eq. 1 and the score r over joints and frames, for one sequence: a row of maps per pass of a layer.

    gates: pairs (title of the row, values (4, T, J) of i, f_S, f_T and o, means over the hidden units), as
    `network.gates` gives them, first layer 1. scores (iterations, T, J) or None belong to the last rows, and are shown
    as multiples of a uniform guess. Each gate has one scale for all rows.
    """
    scores = () if scores is None else scores
    T, J = gates[0][1].shape[1:]
    rows, columns = len(gates), 4 + bool(len(scores))
    height = max(1.9, 0.1 * J)
    joint_names = [plain(name) for name in joint_names]
    width = 2.45 * columns + 1.2 + _beyond_usual(joint_names)
    drawing, axes = grid_of_axes(width, height * rows + 1.2, rows, columns)
    for gate, name in enumerate(GATES):
        all_values = np.stack([values[gate] for _, values in gates])
        for ax, values in zip(axes[:, gate], all_values, strict=True):
            image = _map(ax, values, cmap=SCORES, vmin=all_values.min(), vmax=all_values.max())
        axes[0, gate].set_title(name, fontsize=9, parse_math=True)
        drawing.colorbar(image, ax=axes[:, gate].tolist(), location="bottom", pad=0.02, label="mean over hidden units")
    for ax, (name, _) in zip(axes[:, 0], gates, strict=True):
        ax.set_ylabel(name)
    if len(scores):
        relative = np.asarray(scores) * J * T
        for ax in axes[: rows - len(scores), 4]:
            ax.axis("off")
        for ax, values in zip(axes[rows - len(scores) :, 4], relative, strict=True):
            image = _map(ax, values, cmap=SCORES, norm=log_scale(relative))
        axes[rows - len(scores), 4].set_title("score $r$", fontsize=9, parse_math=True)
        score_bar(drawing, image, axes[:, 4].tolist(), location="bottom", pad=0.02)
    _label_maps(axes, joint_names, T)
    drawing.suptitle(wrapped(title, width), fontsize=10)
    return drawing
