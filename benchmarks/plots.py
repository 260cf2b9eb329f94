"""Figures of what was measured: ratios as bars, scaling as curves."""

from pathlib import Path

import gca_scratch.figures  # noqa: F401  before Matplotlib, which MPLBACKEND may stop

# isort: split
import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from gca_scratch.figures.canvas import BLUE, GREY, ORANGE, STYLE, save

from .engines import PEERS

COLOURS = (BLUE, ORANGE, "#009E73")  # the third of the same palette
LABELS = {"frames": "more frames", "joints": "more joints", "batch": "larger batch"}
WHAT = {"step": "training step", "forward": "forward only", "forward_1": "forward only"}


def draw(results, folder):
    """Every figure that the results allow, as PNG files in `folder`."""
    figures = {"ratios.png": bars(results)}
    if "scaling" in results:
        figures["scaling.png"] = curves(results["scaling"])
    for name, figure in figures.items():
        save(figure, Path(folder) / name)
        print(f"drawn: {Path(folder) / name}")


@matplotlib.rc_context(STYLE)
def bars(results):
    """Times as multiples of the wavefront's, with quartiles: a panel for each size and task."""
    panels = []
    for case, found in results["sizes"].items():
        for task, text in WHAT.items():
            if task in found:
                size = case.rpartition(" ")[0] + " 1" if task == "forward_1" else case
                panels.append((f"{text}, {size}", found[task]))
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    most = max(len(compared) for _, compared in panels)
    figure = Figure(figsize=(4.7 * columns + 0.6, (0.27 * most + 0.9) * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, (title, compared) in zip(axes, panels, strict=False):
        panel(ax, title, compared)
    for ax in axes[len(panels) :]:
        ax.axis("off")
    package, others = (Patch(color=colour, label=text) for colour, text in ((BLUE, "this package"), (ORANGE, "others")))
    figure.legend(handles=[package, others], loc="outside lower center", ncols=2, frameon=False)
    return figure


def panel(ax, title, compared):
    """A bar for each engine, the time in milliseconds beside it."""
    names = list(compared)
    ratios = [compared[name]["ratio"] for name in names]
    peers = [name.startswith(PEERS) for name in names]
    middle = [r["median"] for r in ratios]
    whiskers = [[r["median"] - r["quartiles"][0] for r in ratios], [r["quartiles"][1] - r["median"] for r in ratios]]
    ax.barh(names, middle, xerr=whiskers, color=[ORANGE if peer else BLUE for peer in peers], ecolor="black", capsize=2)
    ends = [r["quartiles"][1] for r in ratios]
    for k, (name, end) in enumerate(zip(names, ends, strict=True)):
        milliseconds = 1000 * compared[name]["seconds"]["median"]
        text = f"{milliseconds:,.0f} ms" if milliseconds >= 100 else f"{milliseconds:.3g} ms"
        ax.annotate(text, (end, k), (4, 0), textcoords="offset points", va="center", color="#333333", fontsize=7)
    ax.axvline(1, color=GREY, linewidth=0.8, linestyle=":")
    if max(ends) > 12:
        ax.set_xscale("log")
        ax.set_xlim(min(0.5, 0.8 * min(middle)), 2 * max(ends))
    else:
        ax.set_xlim(0, 1.2 * max(ends))
    ax.invert_yaxis()
    ax.set_title(title, fontsize=9, loc="left")
    ax.set_xlabel("time / time of the wavefront", fontsize=8)
    ax.tick_params(labelsize=8)


@matplotlib.rc_context(STYLE)
def curves(scaling):
    """Time against the number of cells, and time per cell, which a straight line keeps level."""
    figure = Figure(figsize=(9.5, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    for (name, points), colour, marker in zip(scaling.items(), COLOURS, "os^", strict=True):
        points = list(points.values())
        cells = [point["cells"] for point in points]
        for ax, scale in ((left, lambda point: 1), (right, lambda point: 1e6 / point["cells"])):
            middle = np.array([point["seconds"]["median"] * scale(point) for point in points])
            low, high = np.array([point["seconds"]["quartiles"] for point in points]).T * list(map(scale, points))
            spread = [middle - low, high - middle]
            ax.errorbar(cells, middle, spread, color=colour, marker=marker, capsize=2, label=LABELS[name])
    left.set(xscale="log", yscale="log", ylabel="training step (s)")
    seconds = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20]
    low, high = left.get_ylim()
    left.set_yticks([s for s in seconds if low <= s <= high], [f"{s:g}" for s in seconds if low <= s <= high])
    left.yaxis.set_minor_locator(NullLocator())
    right.set(xscale="log", ylabel="training step per cell (microseconds)")
    right.set_ylim(0, 1.25 * right.get_ylim()[1])
    ticks = sorted({point["cells"] for points in scaling.values() for point in points.values()})
    ticks = [tick for tick, before in zip(ticks, [0, *ticks], strict=False) if tick > 1.4 * before]
    for ax in (left, right):
        ax.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
        ax.xaxis.set_minor_locator(NullLocator())
        ax.set_xlabel("cells: joints x frames x batch")
    left.legend(frameon=False)
    return figure
