"""Figures: convergence of training (Fig. 6), scores over joints and frames, and a skeleton strip coloured by score.

Each function returns a figure of Matplotlib, drawn without a screen; `save` writes it to a file.
"""

from itertools import pairwise

import matplotlib
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from .files import replacing

# Okabe and Ito's colours, told apart with any colour vision
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#777777"
SCORES = "cividis"
STYLE = {"axes.spines.top": False, "axes.spines.right": False, "font.size": 9}


def save(figure, path):
    """Write a figure to a PNG file, whole or not at all; InputError when it cannot be written."""
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=150)


def _figure(width, height, rows=1, columns=1, **options):
    drawing = Figure(figsize=(width, height), layout="constrained")
    return drawing, drawing.subplots(rows, columns, squeeze=False, **options)


@matplotlib.rc_context(STYLE)
def convergence(history):
    """Fig. 6: losses and errors over the epochs of all training steps, a curve for each step (they start anew)."""
    epochs = np.arange(1, len(history) + 1)
    first = [k for k, row in enumerate(history) if k == 0 or row["step"] != history[k - 1]["step"]]
    drawing, axes = _figure(9, 3.9, columns=2)
    for ax, measure, unit in (
        (axes[0, 0], "loss", "loss (mean negative log-likelihood)"),
        (axes[0, 1], "error", "error"),
    ):
        for part, label, colour, style in (
            ("train", "training, with dropout", BLUE, "-"),
            ("validation", "validation, without", ORANGE, "--"),
        ):
            values = np.array([row.get(f"{part}_{measure}", np.nan) for row in history])
            for start, end in pairwise([*first, len(history)]) if not np.isnan(values).all() else ():
                marker = "." if end - start == 1 else ""
                ax.plot(epochs[start:end], values[start:end], style, color=colour, marker=marker, label=label)
                label = None  # once in the legend
        for k in first:
            ax.axvline(k + 0.5, color=GREY, linewidth=0.8, linestyle=":")
            ax.text(k + 0.5, 1.01, f" step {history[k]['step']}", transform=ax.get_xaxis_transform(), color=GREY)
        ax.set(xlabel="epoch", ylabel=unit, xlim=(0.5, len(history) + 0.5), ylim=(0, None))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        if measure == "error":
            ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    drawing.legend(*axes[0, 0].get_legend_handles_labels(), frameon=False, loc="outside lower center", ncols=2)
    return drawing


def _log_scale(relative):
    """Colours for scores as multiples of a uniform guess: each doubling is one step, 1 lies within."""
    return LogNorm(min(max(relative.min(), 1 / 32), 0.9), max(relative.max(), 1.1))


def _colorbar(drawing, image, axes, shrink):
    bar = drawing.colorbar(image, ax=axes, shrink=shrink, pad=0.01, extend="min")
    bar.set_label("score / uniform guess (logarithmic)")
    ticks = [tick for tick in (1 / 32, 1 / 8, 0.5, 1, 2, 8, 32, 128) if image.norm.vmin <= tick <= image.norm.vmax]
    bar.set_ticks(ticks, labels=[f"{tick:g}" if tick >= 0.5 else f"1/{1 / tick:g}" for tick in ticks])
    bar.minorticks_off()


@matplotlib.rc_context(STYLE)
def score_maps(titles, truth, scores, joint_names):
    """Truth beside the scores of every iteration, a row of maps (joints x frames) per sequence.

    truth bool (n, T, J) or None; scores (iterations, n, T, J), each summing to 1 over a sequence, are shown as
    multiples of a uniform guess, 1/(J T). joint_names (J,) in the order of the cells.
    """
    iterations, n, T, J = scores.shape
    columns = iterations + (truth is not None)
    drawing, axes = _figure(3.1 * columns + 1.6, 0.6 + 3.6 * n, n, columns, sharex=True, sharey=True)
    relative = scores * J * T
    place = {"extent": (0.5, T + 0.5, J - 0.5, -0.5), "aspect": "auto", "interpolation": "nearest"}  # frames from 1
    for row in range(n):
        cells = list(axes[row])
        if truth is not None:
            ax = cells.pop(0)
            ax.imshow(truth[row].T, cmap="Greys", vmin=0, vmax=1, **place)
            ax.set_title(f"{titles[row]}: truth (black: the action)", fontsize=9)
        norm = _log_scale(relative[:, row])
        for k, ax in enumerate(cells):
            image = ax.imshow(relative[k, row].T, cmap=SCORES, norm=norm, **place)
            ax.set_title(f"{titles[row]}: score r, iteration {k + 1}", fontsize=9)
        _colorbar(drawing, image, axes[row].tolist(), shrink=0.9)
        axes[row, 0].set_yticks(range(J), joint_names, fontsize=6)
        axes[row, 0].set_ylabel("joint, in the order of the chain")
    for ax in axes[-1]:
        ax.set_xlabel(f"sampled frame, of {T}")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return drawing


@matplotlib.rc_context(STYLE)
def skeleton_strip(title, positions, bones, scores, up=1, frames=8):
    """Fig. 7: skeletons at `frames` of the T frames, joints coloured and sized by score, seen by a camera they face.

    positions (T, J, 3) as `sampling.prepare` turns them to the camera: the person's right is where the horizontal axis
    grows, and so on the left of the picture. bones: pairs of joints; scores (iterations, T, J): a row of skeletons for
    each iteration.
    """
    iterations, T, J = scores.shape
    chosen = np.unique(np.linspace(0, T - 1, min(frames, T)).round().astype(int))
    drawing, axes = _figure(
        max(4, 1.25 * len(chosen) + 0.8), 0.5 + 2.3 * iterations, iterations, len(chosen), sharex=True, sharey=True
    )
    across = (up + 2) % 3
    relative = scores * J * T
    norm = _log_scale(relative)
    for k in range(iterations):
        for ax, t in zip(axes[k], chosen, strict=True):
            x, y = positions[t, :, across], positions[t, :, up]
            for a, b in bones:
                ax.plot(x[[a, b]], y[[a, b]], color="#bbbbbb", linewidth=1.2, zorder=1)
            size = 5 + 40 * np.clip(norm(relative[k, t]), 0, 1)
            dots = ax.scatter(x, y, c=relative[k, t], s=size, cmap=SCORES, norm=norm, zorder=2,
                              edgecolors="#444444", linewidths=0.3)  # fmt: skip
            ax.set_aspect("equal")
            ax.axis("off")
            if k == 0:
                ax.set_title(f"frame {t + 1} of {T}", fontsize=7)
        axes[k, 0].text(-0.05, 0.5, f"iteration {k + 1}", rotation=90, va="center", ha="right",
                        transform=axes[k, 0].transAxes)  # fmt: skip
    axes[0, 0].invert_xaxis()  # all share it
    _colorbar(drawing, dots, axes.ravel().tolist(), shrink=0.8)
    drawing.suptitle(title, fontsize=10)
    return drawing
