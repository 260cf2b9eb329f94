"""Figures of training and maps are drawn and saved without a screen; the demonstration draws what it promises."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.image import imread

from gca_scratch import runs
from gca_scratch.experiments import demo
from gca_scratch.figures import canvas, charts, localisation
from gca_scratch.runs import checkpoint
from gca_scratch.support.errors import InputError
from tests.helpers.reading import laid_out, saved, texts
from tests.helpers.tiny import CLASSES, TINY, skeletons

RNG = np.random.default_rng(0)
LONG = "use a fan (with hand or paper)/feeling warm"


def history(epochs_of_steps, validation=True):
    rows = []
    for step, epochs in enumerate(epochs_of_steps):
        for epoch in range(1, epochs + 1):
            row = {"step": step, "epoch": epoch, "train_loss": 2 / epoch, "train_error": 1 / epoch, "seconds": 1.0}
            rows.append(row | ({"validation_loss": 2.1 / epoch, "validation_error": 0.9 / epoch} if validation else {}))
    return rows


def scores(iterations, n, T=5, J=4):
    values = RNG.random((iterations, n, T, J)) ** 3
    return values / values.sum(axis=(2, 3), keepdims=True)


@pytest.mark.parametrize(("steps", "validation"), [((5,), True), ((1, 1, 1), True), ((7, 3, 5), False)])
def test_convergence(tmp_path, steps, validation):
    figure = charts.convergence(history(steps, validation))
    for ax, unit in zip(figure.axes, ("loss (mean negative log-likelihood)", "error"), strict=True):
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", unit) and ax.get_ylim()[0] == 0
        curves = [line for line in ax.get_lines() if line.get_linestyle() != ":"]
        assert [len(line.get_xdata()) for line in curves] == list(steps) * (1 + validation)
        assert np.concatenate([line.get_xdata() for line in curves[: len(steps)]]).tolist() == [
            *range(1, sum(steps) + 1)
        ]
        for line in curves:  # what is one point long must be seen, too
            assert line.get_marker() == ("." if len(line.get_xdata()) == 1 else "")
            assert line.get_ydata().max() <= ax.get_ylim()[1]
    said = texts(figure)
    assert {f" step {n}" for n in range(len(steps))} <= said and "training" in said
    assert ("validation" in said) == validation
    saved(figure, tmp_path / "convergence.png")


def test_convergence_of_methods(tmp_path):
    stepwise, direct = history((7, 1, 5)), history((16,), validation=False)
    figure = charts.convergence_of_methods(stepwise, direct)
    (ax,) = figure.axes
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss (mean negative log-likelihood)")
    curves = [line for line in ax.get_lines() if line.get_linestyle() != ":"]
    orange, blue = ([line for line in curves if line.get_color() == colour] for colour in (canvas.ORANGE, canvas.BLUE))
    assert len(orange) == 6 and len(blue) == 1
    for part, style in (("train", "-"), ("validation", "--")):
        drawn = np.concatenate([line.get_xydata() for line in orange if line.get_linestyle() == style])
        np.testing.assert_array_equal(drawn[:, 0], range(1, 14))
        np.testing.assert_array_equal(drawn[:, 1], [row[f"{part}_loss"] for row in stepwise])
    np.testing.assert_array_equal(blue[0].get_ydata(), [row["train_loss"] for row in direct])
    marks = [line for line in ax.get_lines() if line.get_linestyle() == ":"]
    assert [line.get_xdata()[0] for line in marks] == [0.5, 7.5, 8.5]  # of stepwise training only
    assert {" step 0", " 1", " step 2"} <= texts(figure)  # the word would not fit into one epoch
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "stepwise: training",
        "stepwise: validation",
        "direct: training",
    ]
    saved(figure, tmp_path / "methods.png")


@pytest.mark.parametrize(("iterations", "known", "n"), [(1, False, 1), (3, True, 1), (1, True, 2), (2, False, 2)])
def test_score_maps(iterations, known, n):
    names, titles = ["hip", "neck", "left hand", "right hand"], ["wave", LONG][:n]
    r, truth = scores(iterations, n), RNG.random((n, 5, 4)) < 0.5
    figure = charts.score_maps(titles, truth if known else None, r, names)
    images = [image for ax in figure.axes for image in ax.get_images()]
    assert len(images) == n * (iterations + known)
    np.testing.assert_allclose(images[known].get_array(), r[0, 0].T * 20)  # 1 is a uniform guess
    if known:
        np.testing.assert_array_equal(images[0].get_array(), truth[0].T)
    assert images[0].get_extent() == [0.5, 5.5, 3.5, -0.5]  # frames count from 1, the first joint is on top
    said = texts(figure)
    assert {
        "hip",
        "right hand",
        "joint, in the order of the chain",
        "sampled frame, of 5",
        "score / uniform guess (logarithmic)",
    } <= said
    assert {f"score r, iteration {k}" for k in range(1, iterations + 1)} <= said
    assert {title.replace(" ", "") for title in titles} <= {"".join(text.split()) for text in said}
    assert any("truth" in text for text in said) == known
    laid_out(figure)


@pytest.mark.parametrize("n", [1, 2])
def test_maps_under_one_colour_bar_have_one_scale(n):
    """The scale is that of all maps of the row, and it is the bar's; another row has another."""
    r = scores(3, n)
    r[1] = r[1] ** 0.2  # far more alike than the others
    r /= r.sum(axis=(2, 3), keepdims=True)
    figure = charts.score_maps(["wave", "bow"][:n], None, r, list("abcd"))
    for row, part in enumerate(figure.subfigs):
        wanted = (max((20 * r[:, row]).min(), 1 / 32), (20 * r[:, row]).max())
        maps = [image for ax in part.axes for image in ax.get_images()]
        assert len(maps) == 3 and all(image.get_clim() == pytest.approx(wanted) for image in maps)
        assert part.axes[-1].get_ylim() == pytest.approx(wanted)  # the bar
    gates = [(name, RNG.random((4, 6, 5))) for name in ("layer 1", "iteration 1", "iteration 2")]
    r = scores(2, 1, 6, 5)[:, 0]
    r[1] = r[1] ** 0.2 / (r[1] ** 0.2).sum()
    figure = charts.gate_maps("any", gates, r, list("abcde"))
    limits = [figure.axes[5 * row + 4].get_images()[0].get_clim() for row in (1, 2)]
    assert limits[0] == limits[1] == pytest.approx((max((30 * r).min(), 1 / 32), (30 * r).max()))


@pytest.mark.parametrize("spread", [0.01, 0.3, 1, 3])
def test_a_colour_bar_has_enough_ticks(spread):
    """Whether the scores are all but equal or far apart."""
    r = np.exp(spread * RNG.standard_normal((1, 1, 20, 25)))
    figure = charts.score_maps(["any"], None, r / r.sum(), [str(k) for k in range(25)])
    low, high = figure.axes[-1].get_ylim()
    ticks = figure.axes[-1].get_yticks()
    assert 3 <= len(ticks) <= 9 and 1 in ticks and low <= min(ticks) and max(ticks) <= high
    assert all(label.get_text() for label in figure.axes[-1].get_yticklabels())


@pytest.mark.parametrize(("rows", "iterations"), [(3, 2), pytest.param(2, 0, marks=pytest.mark.long)])
def test_gate_maps(rows, iterations):
    T, J = 6, 25
    names = ["layer 1", "layer 2, iteration 1", "layer 2, iteration 2"][:rows]
    gates = [(name, RNG.random((4, T, J))) for name in names]
    r = scores(iterations, 1, T, J)[:, 0] if iterations else None
    figure = charts.gate_maps(f"Gates: {LONG}", gates, r, [f"joint {j}" for j in range(J)])
    images = [ax.get_images()[0] for ax in figure.axes if ax.get_images()]
    assert len(images) == 4 * rows + iterations
    columns = 4 + bool(iterations)
    for row in range(rows):
        for gate in range(4):
            shown = figure.axes[columns * row + gate].get_images()[0]
            np.testing.assert_array_equal(shown.get_array(), gates[row][1][gate].T)
            assert shown.get_clim() == (
                min(g[gate].min() for _, g in gates),
                max(g[gate].max() for _, g in gates),
            )
    for n in range(iterations):
        shown = figure.axes[columns * (rows - iterations + n) + 4].get_images()[0]
        np.testing.assert_allclose(shown.get_array(), r[n].T * J * T)
    said = texts(figure)
    assert {*charts.GATES, *names, "joint 24", f"sampled frame, of {T}", "mean over hidden units"} <= said
    assert ("score $r$" in said) == bool(iterations)
    if iterations:
        laid_out(figure)


@pytest.mark.parametrize(
    ("classes", "percent"), [(1, True), (3, False), (8, True), pytest.param(60, True, marks=pytest.mark.long)]
)
def test_confusion_matrix(classes, percent):
    often = RNG.integers(0, 300, (classes, classes)) * (RNG.random((classes, classes)) < 3 / classes)
    counts = often + np.eye(classes, dtype=int)
    if classes > 1:
        counts[1] = 0  # a class that was not tested
    names = [f"{k} {LONG}"[: 44 if k % 7 == 2 else 12] for k in range(classes)]
    figure = charts.confusion_matrix(counts, names, percent, "UT-Kinect")
    ax = figure.axes[0]
    sums = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    values = 100 * counts / sums if percent else counts
    np.testing.assert_allclose(ax.get_images()[0].get_array(), values)
    cells = {(int(t.get_position()[1]), int(t.get_position()[0])): t for t in ax.texts}
    assert {place: t.get_text() for place, t in cells.items()} == {
        (row, column): f"{values[row, column]:.0f}" for row, column in zip(*np.nonzero(values >= 0.5), strict=True)
    }
    assert [label.get_text() for label in ax.get_xticklabels()] == names
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        f"{name} ({n})" for name, n in zip(names, counts.sum(axis=1), strict=True)
    ]
    said = texts(figure)
    assert {"recognised as", "true class (sequences)", "UT-Kinect"} <= said
    assert ("% of the true class" in said) == percent
    laid_out(figure)
    side = ax.get_window_extent().width / classes  # of a cell
    for text in cells.values():  # numbers fit into their cells, and can be read
        assert text.get_window_extent().width < side and text.get_fontsize() >= 6
    assert all(label.get_fontsize() >= 7 for label in ax.get_yticklabels())


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        (r"a $\frac$", r"a $\frac$"),
        ("two\nlines\x1b", "two lines�"),
        ("می\u200cرود \ud800", "می\u200cرود �"),
        ("x" * 60, "x" * 60),
        ("x" * 500 + "0123456789abcdefghi", "x" * 40 + "…0123456789abcdefghi"),
    ],
)
def test_a_name_is_drawn_in_one_line_that_is_not_long(name, drawn):
    assert canvas.plain(name) == drawn and len(drawn) <= canvas.LONGEST_NAME


def test_a_title_fits_however_wide_its_letters_are():
    for title in ("", "W" * 1000, "i" * 100 + "W" * 100, LONG):
        lines = canvas.wrapped(title, 4).splitlines()
        assert canvas.inches(lines, 10) <= 4 and len("".join(lines)) <= canvas.LONGEST_TITLE
    assert canvas.wrapped(LONG, 4) == LONG


def test_a_figure_too_large_for_a_picture_has_fewer_dots(tmp_path):
    """Of 5000 joints, say: Matplotlib refuses pictures of more than 65,536 dots to a side."""
    figure, _ = canvas.grid_of_axes(1, 550)
    canvas.save(figure, tmp_path / "long.png")
    height, width, _ = imread(tmp_path / "long.png").shape
    assert 50_000 < height < 65_536 and width < 150


def test_drawing_changes_no_global_style():
    before = dict(matplotlib.rcParams)
    charts.convergence(history((2,)))
    assert dict(matplotlib.rcParams) == before


def test_a_figure_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file/figure\.png cannot be written"):
        canvas.save(charts.convergence(history((2,))), tmp_path / "file" / "figure.png")


def test_no_screen_is_asked_for(tmp_path):
    """Even where the environment chooses a backend of Matplotlib that needs one."""
    script = (
        "from gca_scratch.figures import canvas, charts\n"
        "canvas.save(charts.convergence([dict(step=0, train_loss=1.0, train_error=0.5)]), 'figure.png')"
    )
    environment = os.environ | {"MPLBACKEND": "TkAgg", "DISPLAY": ""}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment, cwd=tmp_path)
    assert (tmp_path / "figure.png").stat().st_size > 5000


# --- what the figures show --------------------------------------------------------------------------------------------


def test_the_truth_is_sampled_like_the_input():
    data = skeletons()
    aligned = runs.make_split(data, runs.Source("npz"), TINY).aligned
    truth = localisation.truth_at(data, aligned, np.arange(len(data)), 4)
    assert truth.shape == (24, 4, 6) and truth.dtype == bool
    for n in range(len(data)):
        carrier = data.truth[data.offsets[n]].argmax()
        assert (truth[n] == (np.array(aligned.order) == carrier)).all()


def test_the_speed_of_joints_finds_the_joint_that_moves():
    data = skeletons()
    aligned = runs.make_split(data, runs.Source("npz"), TINY).aligned
    everybody = np.arange(len(data))
    speed = localisation.joint_speed(aligned, everybody, 4)
    assert speed.shape == (24, 4, 6)
    truth = localisation.truth_at(data, aligned, everybody, 4)
    assert localisation.mean_auc(speed, truth) > 0.9
    n, length = 0, data.lengths[0]
    x = aligned.x[:length, :, 0].astype(float)
    for t, frame in enumerate(aligned.frame_index([n], 4)[0]):
        a, b = max(frame - 1, 0), min(frame + 1, length - 1)
        np.testing.assert_allclose(speed[n, t], np.linalg.norm(x[b] - x[a], axis=1) / (b - a), rtol=1e-5)


def test_one_frame_has_no_speed():
    data = skeletons(subjects=2, repetitions=1)
    one = dataclasses.replace(
        data,
        joints=data.joints[data.offsets[:-1]],
        offsets=np.arange(len(data) + 1),
        truth=data.truth[data.offsets[:-1]],
    )
    aligned = runs.make_split(one, runs.Source("npz"), dataclasses.replace(TINY, validation=0)).aligned
    assert (localisation.joint_speed(aligned, np.arange(len(one)), 4) == 0).all()


def test_the_demonstration(tmp_path, monkeypatch, capsys, coarse):
    """All of it, with small data and settings in place of its own."""
    monkeypatch.setitem(runs.DATASETS, "synthetic", lambda root: skeletons(subjects=40, repetitions=1))
    monkeypatch.setattr(demo, "SETTINGS", TINY)
    monkeypatch.setattr(demo, "SHOWN", CLASSES[:2])
    out = tmp_path / "run"
    summary = demo.demo(out, seed=4, show=False, seeds=2)
    figures = ["convergence.png", "scores.png", "strip-raise-left.png", "strip-raise-right.png"]
    assert sorted(os.listdir(out)) == sorted(["demo.json", "gca-lstm", "without-attention", "seed-5", *figures])
    assert summary["figures"] == [str(out / name) for name in figures]
    assert json.loads(Path(out, "demo.json").read_text()) == summary
    for name in figures:
        assert imread(out / name).shape[0] > 2 * coarse
    areas = summary["area_under_roc"]
    assert areas.keys() >= {"iteration 1", "iteration 2", "uniform guess", "joint speed"}
    assert areas["uniform guess"] == {"within": 0.5, "action": 0.5, "reached": 0.5}
    assert areas["joint speed"]["within"] > 0.9
    said = capsys.readouterr().out
    for name, run in (("GCA-LSTM", "gca-lstm"), ("without attention", "without-attention")):
        folders = [out / run, out / "seed-5" / run]
        seeds = [json.loads((folder / "result.json").read_text())["accuracy"] for folder in folders]
        assert seeds == [runs.retest(folder)["accuracy"] for folder in folders]
        assert [checkpoint.load(folder)[2].seed for folder in folders] == [4, 5]
        assert summary["accuracy"][name] == {"mean": np.mean(seeds), "deviation": np.std(seeds, ddof=1), "seeds": seeds}
        assert f"{name:20} {100 * np.mean(seeds):5.1f} ± {100 * np.std(seeds, ddof=1):.1f} %" in said
        assert " ".join(f"{value:.1%}" for value in seeds) in said
    assert all(str(out / name) in said for name in figures)


def test_a_demonstration_of_one_seed_has_no_spread(tmp_path, monkeypatch, capsys, coarse):
    monkeypatch.setitem(runs.DATASETS, "synthetic", lambda root: skeletons(subjects=40, repetitions=1))
    monkeypatch.setattr(demo, "SETTINGS", dataclasses.replace(TINY, epochs=1))
    monkeypatch.setattr(demo, "SHOWN", CLASSES[:2])
    found = demo.demo(tmp_path / "run", show=False, seeds=1)["accuracy"]["GCA-LSTM"]
    assert found["seeds"] == [found["mean"]] and found["deviation"] == 0
    said = capsys.readouterr().out
    assert "from 1 seed," in said and "±" not in said and f"{'GCA-LSTM':20} {found['mean']:6.1%}\n" in said
