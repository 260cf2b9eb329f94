"""Answers about recordings: classes over time as they were given, scores on the body, for any shape of either."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from PIL import Image

from gca_scratch import runs
from gca_scratch.data import meaning, neutral
from gca_scratch.figures import answers, bodies, canvas, of_answers
from gca_scratch.runs import predict, trained
from gca_scratch.support.errors import InputError
from tests.helpers.reading import laid_out, saved, texts
from tests.helpers.tiny import CLASSES, TINY, skeletons

RNG = np.random.default_rng(0)
BODY = np.array([[0, 0, 0], [0, 0.5, 0], [-0.3, 0.3, 0], [0.3, 0.3, 0]])
BONES = [(0, 1), (1, 2), (1, 3)]
P = np.array([[0.9, 0.1, 0], [0.8, 0.1, 0.1], [0.4, 0.3, 0.3], [0.1, 0.2, 0.7], [0.1, 0.2, 0.7]])


def shown(figure):
    """The rows of a figure: name, and from where to where each is marked, of the answers and of the truth."""
    ax = figure.axes[0]
    names = [label.get_text() for label in ax.get_yticklabels()]
    marked = {"the answer": set(), "the truth": set()}
    for line in ax.get_lines():
        (start, end), (y, _) = line.get_data()
        of = "the truth" if line.get_color() == "black" else "the answer"
        marked[of].add((names[round(y)], float(start), float(end)))
    return names, marked


def test_classes_over_time(tmp_path):
    times = np.stack([np.arange(5) * 2.0, np.arange(5) * 2.0 + 4], axis=1)
    truth = [0, -1, -1, 2, 1]
    figure = answers.over_time(times, P, ["wave", "kick", "bow"], 0.5, truth, "s", "long.json")
    names, marked = shown(figure)
    assert names == ["wave", "bow", "kick", "none of these"]  # by the time that they are first answered or true
    assert marked["the answer"] == {("wave", 0, 5), ("none of these", 5, 7), ("bow", 7, 12)}
    assert marked["the truth"] == {("wave", 0, 3), ("none of these", 3, 7), ("bow", 7, 9), ("kick", 9, 12)}
    assert figure.axes[0].get_xlim() == figure.axes[1].get_xlim() == (0, 12) and figure.axes[0].get_ylim() == (
        3.5,
        -0.5,
    )
    values = figure.axes[0].collections[0].get_array()
    np.testing.assert_allclose(values.reshape(3, 5), P[:, [0, 2, 1]].T)
    below = figure.axes[1]
    np.testing.assert_allclose(below.patches[0].get_data().values, P.max(axis=1))
    assert set(below.get_lines()[0].get_ydata()) == {0.5} and below.get_xlabel() == "time (seconds)"
    assert {"long.json", "threshold 0.5: below it none of these", "probability"} <= texts(figure)
    figure = answers.over_time(times, P, ["wave", "kick", "bow"], 0.9996)
    assert "threshold 0.9996: below it none of these" in texts(figure)  # and not 1
    saved(figure, tmp_path / "answers.png")


@pytest.mark.parametrize("times", [np.array([7.0]), np.array([[5, 9.0]]), np.array([3.0, 4, 9])])
def test_without_threshold_truth_and_rate(times):
    figure = answers.over_time(times, P[: len(times)], ["a", "b", "c"], 0)
    names, marked = shown(figure)
    assert names[-1] == "none of these" and marked["the truth"] == set()
    assert not any("threshold" in text for text in texts(figure)) and figure.axes[1].get_xlabel() == "frame"
    laid_out(figure)


def test_of_many_classes_those_that_matter_are_shown():
    W, K = 300, 120
    p = np.full((W, K), 0.2 / (K - 1))
    order = RNG.permutation(K)[:40]
    for w in range(W):
        p[w, order[min(w // 7, 39)]] = 0.8
    p[:, order[0]] += 0.001
    names = [f"use a fan (with hand or paper)/feeling warm {k}" for k in range(K)]
    figure = answers.over_time(np.arange(W), p, names, 0.5, title="walk " * 40)
    rows, marked = shown(figure)
    assert len(rows) == 31 and rows[0] == canvas.plain(names[order[0]], 34)
    assert any(text.endswith("\nand 90 other classes, at most 80%") for text in texts(figure))
    assert ("none of these", 0, 0) not in marked["the answer"]
    laid_out(figure)
    few = answers.over_time(np.arange(W), p[:, :20] / p[:, :20].sum(axis=1, keepdims=True), names[:20], 0.9)
    assert len(shown(few)[0]) >= 9
    laid_out(few)


@pytest.mark.parametrize("persons", [0, 2])
@pytest.mark.parametrize("rows", [None, ["fine, iteration 1", "coarse, iteration 1"]])
def test_scores_on_the_body(tmp_path, coarse, monkeypatch, persons, rows):
    poses = BODY + 0.01 * RNG.standard_normal((90, 4, 3))
    poses = np.stack([poses + (k, 0, 0) for k in range(persons)], axis=2) if persons else poses
    r = RNG.random((2, 5, 4))
    r /= r.sum(axis=(1, 2), keepdims=True)
    drawn = {}
    strip, moving = bodies.skeleton_strip, bodies.animation
    monkeypatch.setattr(bodies, "skeleton_strip", lambda *a, **k: drawn.setdefault("strip", strip(*a, **k)))
    monkeypatch.setattr(bodies, "animation", lambda *a, **k: drawn.setdefault("moving", moving(*a, **k)))
    path = answers.animate(poses, BONES, r, "wave", 0.873, tmp_path / "a.gif", "wave.json", rate=30, rows=rows)
    with Image.open(path) as image:
        assert (image.n_frames, image.info["duration"]) == (60, 50)  # 3 seconds, as the recording
    assert any(text.startswith("wave 87% (wave.json)\nframe") for text in texts(drawn["moving"]._fig))
    answers.animate(poses, BONES, r, None, 0.314, tmp_path / "a.png", rows=rows)
    assert "none of these, best class 31%" in texts(drawn["strip"])
    assert set(rows or ["iteration 1", "iteration 2"]) <= texts(drawn["strip"])
    spots = drawn["strip"].axes[0].collections[0].get_offsets().reshape(5, 4, 2)
    seen = poses[[9, 27, 45, 63, 81]]
    seen = seen[:, :, 0] if persons else seen
    np.testing.assert_allclose(spots - spots[:, :1], (seen - seen[:, :1])[..., :2] * (-1, 1), atol=1e-12)
    assert imread(tmp_path / "a.png").ndim == 3


@pytest.mark.parametrize("frames", [1, 3, 30])
@pytest.mark.parametrize("suffix", [".gif", ".PNG"])
def test_a_network_without_attention(tmp_path, coarse, frames, suffix):
    path = answers.animate(np.tile(BODY, (frames, 1, 1)), BONES, None, "bow", 1, tmp_path / f"a{suffix}")
    assert path.stat().st_size > 500


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"a.pdf is no name for this figure; end it with .gif or .png"):
        answers.animate(BODY[None], BONES, None, "bow", 1, tmp_path / "a.pdf")
    with pytest.raises(InputError, match=r"a.gif is no name for this figure; end it with .png"):
        answers.draw_answers(np.arange(5), P, list("abc"), 0, tmp_path / "a.gif")


# --- of a network that was asked --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A folder with a run, its data, and one long recording of them all, 25 frames a second."""
    folder = tmp_path_factory.mktemp("asked")
    data = skeletons(persons=2)
    data.joints[data.offsets[2] : data.offsets[3], 1] = 0
    neutral.save(folder / "data.npz", data)
    runs.run(data, runs.Source("npz", str(folder / "data.npz")), TINY, folder / "run", show=False)
    whole = np.array([0, len(data.joints)])
    one = {key: getattr(data, key)[:1] for key in ("label", "subject", "name")} | {"repetition": None, "truth": None}
    long = dataclasses.replace(data, offsets=whole, meaning=meaning.known(up="+y", rate="25"), **one)
    neutral.save(folder / "long.npz", long)
    return folder


def test_the_figures_of_predict(asked, tmp_path, coarse, monkeypatch):
    network = predict.load(asked / "run")
    found = predict.predict(network, asked / "data.npz")
    caught = {}
    write = bodies.save_animation
    monkeypatch.setattr(bodies, "save_animation", lambda moving, path: write(caught.setdefault("moving", moving), path))
    monkeypatch.setattr(canvas, "save", lambda figure, path: caught.__setitem__(Path(path).name, figure))
    of_answers.draw(network, found, tmp_path / "a.gif", False)
    of_answers.draw(network, found, tmp_path / "a.png", False)
    answer = found.answers[0]
    name = "none of these, best class" if answer.label is None else CLASSES[answer.label]
    title = f"{name} {answer.probabilities.max():.0%} ({answer.name})"
    assert title in texts(caught["a.png"])
    assert any(text.startswith(title) for text in texts(caught["moving"]._fig))
    run = trained.load(asked / "run")  # the same scores as of the data that it was trained on
    _, scores, _ = trained.classify(run, [0])
    values = caught["a.png"].axes[0].collections[0].get_array().reshape(4, -1)
    np.testing.assert_allclose(values, (scores[0, 0] @ run.body.shares.T) * 24, rtol=1e-4)

    found = predict.predict(network, asked / "long.npz", window=20, stride=10)
    of_answers.draw(network, found, tmp_path / "w.png", True, 0.4)
    figure = caught["w.png"]
    assert figure.axes[1].get_xlabel() == "time (seconds)" and "threshold 0.4: below it none of these" in texts(figure)
    assert figure.axes[0].get_xlim() == (0, pytest.approx(found.answers[-1].stop / 25))
    laid_out(figure)
