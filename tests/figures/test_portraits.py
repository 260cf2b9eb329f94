"""What every kind of figure is made of, down to widths, sizes and colours: written down in portraits/, and compared.

Who changes a figure on purpose looks at it, and writes its portrait anew: `python -m tests.figures.test_portraits`.
Only what the package decides is written down, nothing that Matplotlib finds by itself, such as the places of labels.
"""

import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.colors import to_hex
from matplotlib.ticker import FixedLocator

from gca_scratch.data.joint_names import find_roles
from gca_scratch.data.skeleton import chain
from gca_scratch.figures import answers, bodies, charts, missed, recording

FOLDER = Path(__file__).parent / "portraits"
NUMBER = r"(?<![#\w.])-?\d+(?:\.\d+)?(?:e[-+]\d+)?(?![\w])"
BONES = [(0, 1), (1, 2), (1, 3)]
BODY = np.array([[0, 1, 0], [0, 1.5, 0.1], [-0.3, 1.3, 0.2], [0.3, 1.3, 0]])
NAMES = ["hip", "neck", "left hand", "right hand"]


def scores(rows, T):
    values = 1.0 + np.arange(rows * T * 4).reshape(rows, T, 4) ** 1.5
    return values / values.sum(axis=(1, 2), keepdims=True)


def history(epochs_of_steps, first=1.0):
    rows = []
    for step, epochs in enumerate(epochs_of_steps):
        for epoch in range(epochs):
            loss = first / (1 + epoch + step)
            rows.append({"step": step, "train_loss": loss, "train_error": loss / 2, "validation_loss": 1.25 * loss,
                         "validation_error": 0.75 * loss})  # fmt: skip
    return rows


def walking(frames, persons):
    one = BODY + 0.1 * np.arange(frames)[:, None, None]
    return np.stack([one + (0.8 * k, 0, 0) for k in range(persons)], axis=2)


def drawn():
    """Each kind of figure by its name."""
    counts = np.array([[12, 3, 0], [0, 0, 0], [1, 0, 250]])
    p = np.array([[0.9, 0.1, 0], [0.3, 0.4, 0.3], [0.1, 0.2, 0.7]])
    times = np.array([[0, 4.0], [2, 6], [4, 8]])
    moving = bodies.animation("Kick", walking(4, 2), BONES, scores(2, 2), frames=3, interval=70)
    moving._draw_was_started = True  # it need not be played
    moving._func(1)
    edges = [(0, 1), (0, 2), (0, 3)]
    roles = find_roles(("pelvis", "neck", "left hip", "right hip"), edges)
    body = np.array([[0, 1, 0], [0, 1.6, 0], [0.1, 0.9, 0], [np.nan] * 3])
    order = chain(4, edges, roles.hip)
    one = (["pelvis", "neck", "left hip", "right hip"], edges, order, roles)
    gates = [("layer 1", scores(4, 2) * 4), ("layer 2, iteration 1", scores(4, 2)[::-1] * 3)]
    return {
        "convergence": charts.convergence(history((1, 3))),
        "methods": charts.convergence_of_methods(history((2, 9)), history((4,), 2.0)),
        "confusion": charts.confusion_matrix(counts, ["wave", "kick", "use a fan"], title="Of all"),
        "counts": charts.confusion_matrix(counts[:1, :1], ["wave"], percent=False),
        "scores": charts.score_maps(["Wave"], scores(1, 2) > 0.1, scores(2, 2)[:, None], NAMES),
        "gates": charts.gate_maps("Wave", gates, scores(1, 2), NAMES),
        "strip": bodies.skeleton_strip("Kick", walking(3, 2), BONES, scores(2, 3)),
        "body": bodies.body_map("Mean", BODY, BONES, scores(1, 1)[:, 0], NAMES, named=3),
        "animation": moving._fig,
        "missed": missed.bodies_in_rows("Two", ["Kick: wave", "Bow: kick"], [walking(3, 2), walking(9, 2)], BONES),
        "time": answers.over_time(times, p, ["wave", "kick", "bow"], 0.5, [0, -1, 1], "s", "long.json"),
        "recording": recording.skeleton(np.stack([BODY_SIDE, body]), *one, "+y", "walk 1", unit="m", frame=1),
        "unknown": recording.skeleton(BODY_SIDE, ["a", *one[0][1:]], *one[1:]),
    }


BODY_SIDE = np.array([[0, 1, 0], [0, 1.6, 0], [0.1, 0.9, 0], [-0.1, 0.9, 0]])


# --- a portrait -------------------------------------------------------------------------------------------------------


def number(value):
    return f"{round(float(value), 3) + 0.0:.4g}"


def numbers(values):
    return " ".join(map(number, np.ravel(np.ma.filled(np.ma.asarray(values, float), np.nan))))


def colours(values):
    return " ".join(dict.fromkeys(to_hex(value, keep_alpha=True) for value in values))


def portrait(figure):
    """The lines that say what a figure is made of."""
    lines = [f"figure {numbers(figure.get_size_inches())}"]
    lines += [f"  {words(text)}" for part in (figure, *getattr(figure, "subfigs", ())) for text in part.texts]
    for legend in figure.legends:
        frame, columns = legend.get_frame_on(), legend._ncols
        lines.append(
            f"  legend, {columns} columns, frame {frame}: " + ", ".join(t.get_text() for t in legend.get_texts())
        )
        lines.append(f"    size {number(legend.get_texts()[0].get_fontsize())}")
    for ax in figure.axes:
        lines += ["axes", *(f"  {line}" for line in of_axes(ax))]
    return "\n".join(lines) + "\n"


def words(text):
    place = "" if text.get_transform() is None else numbers(text.get_position())
    return (
        f"text {text.get_text()!r} at {place}, size {number(text.get_fontsize())}, {text.get_ha()} {text.get_va()}, "
        f"turned {number(text.get_rotation())}, {to_hex(text.get_color())}, level {number(text.get_zorder())}"
    )


def of_axes(ax):
    for name, label in (("title", ax.title), ("x", ax.xaxis.label), ("y", ax.yaxis.label)):
        if label.get_text():
            yield f"{name} {label.get_text()!r}, size {number(label.get_fontsize())}"
    shown = ", ".join(side for side, spine in ax.spines.items() if spine.get_visible())
    yield f"shown {ax.axison}, aspect {ax.get_aspect()}, sides {shown}"
    yield f"limits {numbers(ax.get_xlim())}, {numbers(ax.get_ylim())}"
    bar = getattr(ax, "_colorbar_info", None)
    if bar:
        yield ", ".join(f"{name} {bar[name]}" for name in ("location", "fraction", "shrink", "aspect", "pad"))
    for name, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
        for kind, locator in (("ticks", axis.get_major_locator()), ("small ticks", axis.get_minor_locator())):
            if isinstance(locator, FixedLocator):
                yield f"{name} {kind} {numbers(locator.locs)}"
        if isinstance(axis.get_major_locator(), FixedLocator) and len(axis.get_major_locator().locs):
            label = axis.get_major_ticks()[0].label1
            yield f"{name} labels {[each.get_text() for each in axis.get_ticklabels()]}, {number(label.get_fontsize())}"
            yield f"{name} labels turned {number(label.get_rotation())}"
            yield of_ticks(name, axis.get_major_ticks()[0])
        if isinstance(axis.get_minor_locator(), FixedLocator) and len(axis.get_minor_locator().locs):
            yield of_ticks(f"small {name}", axis.get_minor_ticks()[0])
    for line in ax.get_lines():
        yield (
            f"line {numbers(line.get_xydata())}, {to_hex(line.get_color())}, {line.get_linestyle()} "
            f"{number(line.get_linewidth())}, marker {line.get_marker()}, level {number(line.get_zorder())}"
        )
    for image in ax.get_images():
        norm = type(image.norm).__name__
        yield f"image {numbers(image.get_extent())}, {image.get_cmap().name}, {norm} {numbers(image.get_clim())}"
        yield f"  of {numbers(image.get_array())}, {image.get_interpolation()}"
    for made in ax.collections:
        if isinstance(made, PathCollection):
            yield f"dots at {numbers(made.get_offsets())}, sizes {numbers(made.get_sizes())}"
            if made.get_array() is not None:
                yield f"  of {numbers(made.get_array())}, {made.get_cmap().name}, {numbers(made.get_clim())}"
            yield (
                f"  {colours(made.get_facecolors())}, edges {colours(made.get_edgecolors())} "
                f"{numbers(made.get_linewidths())}, level {number(made.get_zorder())}"
            )
        elif isinstance(made, QuadMesh) and ax.get_label() != "<colorbar>":
            yield f"mesh of {numbers(made.get_array())}, {made.get_cmap().name}, {numbers(made.get_clim())}"
    for patch in ax.patches:
        yield f"patch {type(patch).__name__}, {to_hex(patch.get_facecolor())}, level {number(patch.get_zorder())}"
    for text in ax.texts:
        yield words(text)
        if getattr(text, "arrow_patch", None) is not None:
            arrow = text.arrow_patch
            yield (
                f"  points to {numbers(text.xy)}, {type(arrow.get_arrowstyle()).__name__}, "
                f"{to_hex(arrow.get_edgecolor())}, {number(arrow.get_linewidth())}, {arrow.get_linestyle()}"
            )


def of_ticks(name, tick):
    line = tick.gridline
    grid = f"{to_hex(line.get_color())} {number(line.get_linewidth())}" if line.get_visible() else "none"
    return f"{name} ticks of {number(tick.tick1line.get_markersize())}, grid {grid}"


@pytest.fixture(scope="module")
def figures():
    return drawn()


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.txt")))
def test_a_figure_is_made_of_what_its_portrait_shows(name, figures):
    found, wanted = portrait(figures[name]).splitlines(), (FOLDER / f"{name}.txt").read_text("utf-8").splitlines()
    for n, (one, other) in enumerate(zip(found, wanted, strict=False), 1):
        assert alike(one, other), f"{name}.txt, line {n}: {other!r}, and here {one!r}"
    assert len(found) == len(wanted)


def alike(one, other):
    """Are two lines the same, but for the last digits of their numbers?"""
    if one == other:
        return True
    pairs = [(re.findall(NUMBER, line), re.sub(NUMBER, "#", line)) for line in (one, other)]
    (first, text), (second, wanted) = pairs
    return text == wanted and np.allclose(list(map(float, first)), list(map(float, second)), rtol=3e-3, atol=2e-3)


def test_every_kind_of_figure_has_a_portrait(figures):
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(figures)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, figure in drawn().items():
        (FOLDER / f"{name}.txt").write_text(portrait(figure), "utf-8")
