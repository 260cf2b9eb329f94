"""Figures are drawn and saved without a screen, with labels and units; the demonstration draws all of them."""

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
from tiny import CLASSES, TINY, skeletons

from gca_scratch import demo, localisation, plots, runs
from gca_scratch.errors import InputError

RNG = np.random.default_rng(0)
BONES = [(0, 1), (1, 2), (1, 3)]


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


def texts(figure):
    """All that can be read in a figure."""
    found = {text.get_text() for text in figure.findobj(matplotlib.text.Text)}
    return {text for text in found if text}


def saved(figure, path, inches):
    plots.save(figure, path)
    height, width, _ = imread(path).shape
    assert abs(width - inches[0] * 150) <= 1 and abs(height - inches[1] * 150) <= 1
    assert 5_000 < path.stat().st_size < 2_000_000 and os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("steps", [(5,), (1, 1, 1), (7, 3, 5)])
@pytest.mark.parametrize("validation", [True, False])
def test_convergence(tmp_path, steps, validation):
    figure = plots.convergence(history(steps, validation))
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
    assert {f" step {n}" for n in range(len(steps))} <= said and "training, with dropout" in said
    assert ("validation, without" in said) == validation
    saved(figure, tmp_path / "convergence.png", (9, 3.9))


@pytest.mark.parametrize("iterations", [1, 3])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("n", [1, 2])
def test_score_maps(tmp_path, iterations, known, n):
    names, titles = ["hip", "neck", "left hand", "right hand"], ["wave", "kick"][:n]
    r, truth = scores(iterations, n), RNG.random((n, 5, 4)) < 0.5
    figure = plots.score_maps(titles, truth if known else None, r, names)
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
    assert {f"{title}: score r, iteration {k}" for title in titles for k in range(1, iterations + 1)} <= said
    assert any("truth" in text for text in said) == known
    saved(figure, tmp_path / "scores.png", (3.1 * (iterations + known) + 1.6, 0.6 + 3.6 * n))


@pytest.mark.parametrize("iterations", [1, 3])
@pytest.mark.parametrize(("T", "shown"), [(5, 5), (20, 8), (1, 1)])
def test_skeleton_strip(tmp_path, iterations, T, shown):
    body = np.array([[0, 0, 0], [0, 0.5, 0], [-0.3, 0.3, 0], [0.3, 0.3, 0]])  # hip, neck, left hand, right hand
    positions = body + 0.01 * RNG.standard_normal((T, 4, 3))
    figure = plots.skeleton_strip("Kicks", positions, BONES, scores(iterations, 1, T)[:, 0])
    assert len(figure.axes) == iterations * shown + 1  # and the colour bar
    said = texts(figure)
    assert {"Kicks", "score / uniform guess (logarithmic)", f"frame 1 of {T}", f"frame {T} of {T}"} <= said
    assert {f"iteration {k}" for k in range(1, iterations + 1)} <= said
    for ax in figure.axes[:-1]:
        right, left = (ax.transData.transform(positions[0, joint, :2])[0] for joint in (3, 2))
        assert right < left  # who faces the camera has the right hand on the left of the picture
        assert ax.transData.transform((0, 0.5))[1] > ax.transData.transform((0, 0))[1]
        assert len(ax.collections) == 1 and len(ax.get_lines()) == len(BONES)
    saved(figure, tmp_path / "strip.png", (max(4, 1.25 * shown + 0.8), 0.5 + 2.3 * iterations))


def test_scores_without_any_preference_are_drawn(tmp_path):
    even = np.full((2, 1, 5, 4), 1 / 20)
    plots.save(plots.score_maps(["still"], None, even, list("abcd")), tmp_path / "maps.png")
    plots.save(plots.skeleton_strip("still", RNG.random((5, 4, 3)), BONES, even[:, 0]), tmp_path / "strip.png")


def test_a_z_up_body_stands_upright():
    body = np.array([[0, 0, 0], [0, 0, 0.5], [0, -0.3, 0.3], [0, 0.3, 0.3]])
    figure = plots.skeleton_strip("z", np.tile(body, (2, 1, 1)), BONES, scores(1, 1, 2)[:, 0], up=2)
    dots = figure.axes[0].collections[0].get_offsets()
    np.testing.assert_allclose(dots, body[:, [1, 2]])


def test_drawing_changes_no_global_style():
    before = dict(matplotlib.rcParams)
    plots.convergence(history((2,)))
    assert dict(matplotlib.rcParams) == before


def test_a_figure_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file/figure\.png cannot be written"):
        plots.save(plots.convergence(history((2,))), tmp_path / "file" / "figure.png")


def test_no_screen_is_asked_for(tmp_path):
    """Even where the environment chooses a backend of Matplotlib that needs one."""
    script = (
        "from gca_scratch import plots\n"
        "plots.save(plots.convergence([dict(step=0, train_loss=1.0, train_error=0.5)]), 'figure.png')"
    )
    environment = os.environ | {"MPLBACKEND": "TkAgg", "DISPLAY": ""}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment, cwd=tmp_path)
    assert (tmp_path / "figure.png").stat().st_size > 5000


# --- what the figures show --------------------------------------------------------------------------------------------


def test_the_truth_is_sampled_like_the_input():
    data = skeletons()
    prepared = runs.problem(data, runs.Source("npz"), TINY).prepared
    truth = localisation.truth_at(data, prepared, np.arange(len(data)), 4)
    assert truth.shape == (24, 4, 6) and truth.dtype == bool
    for n in range(len(data)):
        carrier = data.truth[data.offsets[n]].argmax()
        assert (truth[n] == (np.array(prepared.order) == carrier)).all()


def test_the_speed_of_joints_finds_the_joint_that_moves():
    data = skeletons()
    prepared = runs.problem(data, runs.Source("npz"), TINY).prepared
    everybody = np.arange(len(data))
    speed = localisation.joint_speed(prepared, everybody, 4)
    assert speed.shape == (24, 4, 6)
    truth = localisation.truth_at(data, prepared, everybody, 4)
    assert localisation.mean_auc(speed, truth) > 0.9
    n, length = 0, data.lengths[0]
    x = prepared.x[:length, :, 0].astype(float)
    for t, frame in enumerate(prepared.frame_index([n], 4)[0]):
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
    prepared = runs.problem(one, runs.Source("npz"), dataclasses.replace(TINY, validation=0)).prepared
    assert (localisation.joint_speed(prepared, np.arange(len(one)), 4) == 0).all()


def test_the_demonstration(tmp_path, monkeypatch, capsys):
    """All of it, with small data and settings in place of its own."""
    monkeypatch.setitem(runs.DATASETS, "synthetic", lambda root: skeletons(subjects=40, repetitions=1))
    monkeypatch.setitem(demo.PRESETS, "demo", TINY)
    monkeypatch.setattr(demo, "SHOWN", CLASSES[:2])
    out = tmp_path / "run"
    summary = demo.demo(out, seed=4, show=False)
    figures = ["convergence.png", "scores.png", "strip-raise-left.png", "strip-raise-right.png"]
    assert sorted(os.listdir(out)) == sorted(["demo.json", "gca-lstm", "without-attention", *figures])
    assert summary["figures"] == [str(out / name) for name in figures]
    assert json.loads(Path(out, "demo.json").read_text()) == summary
    for name in figures:
        assert imread(out / name).shape[0] > 300
    areas = summary["area_under_roc"]
    assert list(areas) == ["iteration 1", "iteration 2", "uniform guess", "joint speed"]
    assert (
        areas["uniform guess"] == {"within": 0.5, "action": 0.5, "reached": 0.5}
        and areas["joint speed"]["within"] > 0.9
    )
    said = capsys.readouterr().out
    for name, run in (("GCA-LSTM", "gca-lstm"), ("without attention", "without-attention")):
        accuracy = json.loads(Path(out, run, "result.json").read_text())["accuracy"]
        assert summary["accuracy"][name] == accuracy == runs.retest(out / run)["accuracy"]
        assert f"{name:20} {accuracy:6.1%}" in said
    assert all(str(out / name) in said for name in figures)
