"""What the figures of `predict` are given: windows of the first recording by seconds or frames, and poses."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from gca_scratch.figures import answers, bodies, canvas, look, of_answers
from gca_scratch.runs import predict
from gca_scratch.runs import trained as bringing
from gca_scratch.runs.predict import Answer, Asked
from tests.helpers.reading import texts

BODY = np.array([[0, 0, 0], [0, 0.5, 0], [-0.3, 0.3, 0], [0.3, 0.3, 0]])
BONES = [(0, 1), (1, 2), (1, 3)]
NAMES = ["wave", "kick", "bow"]


def answer(name, start, stop, label, p, rate=None):
    seconds = None if rate is None else (start / rate, stop / rate)
    return Answer("file.npz", 0, name, start, stop, seconds, label, np.array(p, np.float32))


WINDOWS = [
    answer("first", 0, 20, 0, [0.9, 0.1, 0]),
    answer("first", 10, 30, None, [0.3, 0.4, 0.3]),
    answer("first", 20, 40, 2, [0.1, 0, 0.9]),
    answer("second", 0, 20, 1, [0, 1, 0]),
]


@pytest.fixture
def drawn(monkeypatch):
    """What `answers.draw_answers` is called with."""
    seen = {}

    def draw(times, probabilities, names, threshold, path, truth=None, unit="frame", title="", answers=None):
        seen.update(times=times.tolist(), p=probabilities, names=names, threshold=threshold, path=path, truth=truth,
                    unit=unit, title=title, answers=answers)  # fmt: skip
        return path

    monkeypatch.setattr(answers, "draw_answers", draw)
    return seen


TRAINED = SimpleNamespace(known=SimpleNamespace(class_names=NAMES, threshold=0.7))


def test_windows_of_the_first_recording_alone_by_frames_counted_from_1(drawn, tmp_path):
    asked = Asked(WINDOWS, [], None, None)
    assert of_answers.draw(TRAINED, asked, tmp_path / "w.png", True) == tmp_path / "w.png"
    assert drawn["times"] == [[1, 20], [11, 30], [21, 40]] and drawn["unit"] == "frame"
    np.testing.assert_array_equal(drawn["p"], np.float32([[0.9, 0.1, 0], [0.3, 0.4, 0.3], [0.1, 0, 0.9]]))
    assert (drawn["names"], drawn["title"], drawn["answers"]) == (NAMES, "first", [0, -1, 2])
    assert drawn["threshold"] == 0.7 and drawn["truth"] is None
    of_answers.draw(TRAINED, asked, tmp_path / "w.png", True, 0.0)
    assert drawn["threshold"] == 0.0


def test_windows_by_seconds_where_the_rate_is_known(drawn, tmp_path):
    asked = Asked([answer("first", 5 * n, 5 * n + 10, 1, [0, 1, 0], 25) for n in range(3)], [], None, None)
    of_answers.draw(TRAINED, asked, tmp_path / "w.png", True)
    np.testing.assert_allclose(drawn["times"], [[0, 0.4], [0.2, 0.6], [0.4, 0.8]])
    assert drawn["unit"] == "s"


def test_the_body_of_the_first_recording_is_drawn_with_what_the_network_saw(trained, opinions, tmp_path, monkeypatch):
    seen = {}
    monkeypatch.setattr(answers, "animate", lambda *arguments: seen.update(arguments=arguments))
    asked = predict.predict(trained, opinions / "data.npz")
    first = asked.answers[0]
    of_answers.draw(trained, asked, tmp_path / "a.gif", False)
    poses, bones, scores, label, probability, path, name, up, rate, sampled, rows = seen["arguments"]
    assert len(poses) == asked.data.lengths[0] and poses.shape[1:] == (20, 1, 3)
    assert label == (None if first.label is None else asked_name(trained, first.label))
    assert probability == pytest.approx(first.probabilities.max()) and path == tmp_path / "a.gif"
    assert (name, up, rate) == (str(asked.data.name[0]), 1, 25.0) and rows == ["iteration 1", "iteration 2"]
    assert scores.shape == (2, 4, 20) and len(bones) == 19
    np.testing.assert_allclose(scores.sum(axis=(1, 2)), 1, rtol=1e-5)
    T, F = 4, len(poses)
    assert sampled.tolist() == [int((2 * t + 1) * F / (2 * T)) for t in range(T)]


def asked_name(trained, label):
    return trained.known.class_names[label]


def test_a_network_without_attention_has_a_body_without_scores(trained, opinions, tmp_path, monkeypatch):
    seen = {}
    monkeypatch.setattr(answers, "animate", lambda *arguments: seen.update(arguments=arguments))
    monkeypatch.setattr(of_answers, "classify", lambda run, sequences: (None, None, []))
    of_answers.draw(trained, predict.predict(trained, opinions / "data.npz"), tmp_path / "a.gif", False)
    assert seen["arguments"][2] is None and seen["arguments"][9:] == (None, None)


# --- how fast, and which frames ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frames", "rate", "shown", "milliseconds"),
    [
        (30, 30, 30, 33),
        (60, 10, 60, 100),
        (600, 30, 60, 333),
        (600, 20, 60, 400),  # never slower
        (60, 100, 60, 20),  # nor faster
        (10, None, 10, 100),
    ],
)
def test_an_animation_lasts_as_long_as_the_recording(frames, rate, shown, milliseconds, monkeypatch, tmp_path):
    seen = {}

    def animation(title, positions, bones, scores, up, most, interval, names):
        seen.update(title=title, up=up, most=most, interval=interval, names=names, frames=len(positions))

    monkeypatch.setattr(bodies, "animation", animation)
    monkeypatch.setattr(bodies, "save_animation", lambda moving, path: None)
    r = np.full((1, 5, 4), 1 / 20)
    answers.animate(np.tile(BODY, (frames, 1, 1)), BONES, r, None, 0.456, tmp_path / "a.gif", "x", 2, rate, rows=["r"])
    assert seen == {"title": "none of these, best class 46% (x)", "up": 2, "most": 60, "interval": milliseconds,
                    "names": ["r"], "frames": frames}  # fmt: skip
    assert min(frames, 60) == shown


def test_a_gif_has_a_frame_for_each_that_is_shown(tmp_path, coarse):
    path = answers.animate(np.tile(BODY, (70, 1, 1)), BONES, None, "bow", 1, str(tmp_path / "a.gif"), rate=10)
    assert path == tmp_path / "a.gif"
    with Image.open(path) as image:
        assert (image.n_frames, image.info["duration"]) == (60, 110)  # GIF knows hundredths: 7 s / 60 is 116 ms


def test_a_strip_is_of_the_frames_that_the_network_saw(monkeypatch, tmp_path):
    seen = {}

    def strip(title, positions, bones, scores, up, names):
        seen.update(positions=positions, scores=scores, names=names, up=up)

    monkeypatch.setattr(bodies, "skeleton_strip", strip)
    monkeypatch.setattr(canvas, "save", lambda figure, path: None)
    poses = BODY + np.arange(50)[:, None, None]
    r = np.full((2, 5, 4), 1 / 20)
    answers.animate(
        poses, BONES, r, "bow", 1, tmp_path / "a.png", up=2, sampled=np.array([1, 2, 3, 5, 40]), rows=["a", "b"]
    )
    np.testing.assert_array_equal(seen["positions"], poses[[1, 2, 3, 5, 40]])
    assert (seen["names"], seen["up"]) == (["a", "b"], 2)
    answers.animate(poses, BONES, r, "bow", 1, tmp_path / "a.png")
    np.testing.assert_array_equal(seen["positions"], poses[[5, 15, 25, 35, 45]])  # middles of equal parts
    assert seen["names"] is None
    answers.animate(poses, BONES, None, "bow", 1, tmp_path / "a.png")
    np.testing.assert_array_equal(seen["positions"], poses[[3, 9, 15, 21, 28, 34, 40, 46]])
    np.testing.assert_array_equal(seen["scores"], np.full((1, 8, 4), 1 / 32))
    assert seen["names"] == ["no attention: all joints alike"]
    answers.animate(poses[:3], BONES, None, "bow", 1, tmp_path / "a.png")
    np.testing.assert_array_equal(seen["positions"], poses[:3])


# --- classes over time ------------------------------------------------------------------------------------------------


def rows(figure):
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_answers_that_are_given_go_before_the_best_class():
    p = np.array([[0.9, 0.1, 0], [0.2, 0.8, 0]])
    figure = answers.over_time(np.arange(2), p, NAMES, 0.5, answers=[-1, 0])
    marks = [(line.get_ydata()[0], *line.get_xdata()) for line in figure.axes[0].get_lines()]
    assert rows(figure) == ["wave", "kick", "bow", "none of these"]
    assert marks == [(pytest.approx(3.3), -0.5, 0.5), (pytest.approx(0.3), 0.5, 1.5)]
    figure = answers.over_time(np.arange(2), p, NAMES, 0.8)  # at the threshold it is the class
    assert len(figure.axes[0].get_lines()) == 2 and rows(figure)[:2] == ["wave", "kick"]


def test_the_thirty_most_frequent_classes_and_at_least_eight():
    windows = np.repeat(np.arange(40), np.where(np.arange(40) < 10, 1, 2))  # the first ten are answered once
    p = np.eye(50)[windows]
    figure = answers.over_time(np.arange(len(windows)), p, [f"c{k}" for k in range(50)], 0)
    assert rows(figure) == [f"c{k}" for k in range(10, 40)] + ["none of these"]
    assert "and 20 other classes, at most 100%" in texts(figure)
    p = np.tile(np.linspace(0.5, 0.01, 20), (3, 1))
    figure = answers.over_time(np.arange(3), p, [f"c{k}" for k in range(20)], 0)
    assert rows(figure) == [f"c{k}" for k in range(8)] + ["none of these"]
    assert f"and 12 other classes, at most {p[0, 8]:.0%}" in texts(figure)


def test_windows_meet_halfway_between_their_middles():
    assert answers._edges(np.array([1.0, 2, 4])).tolist() == [0.25, 1.5, 3, 4.75]
    assert answers._edges(np.array([7.0])).tolist() == [6.5, 7.5]
    assert answers._edges(np.array([[0, 4.0], [2, 6], [4, 8]])).tolist() == [0, 3, 5, 8]


@pytest.mark.parametrize(
    ("threshold", "told"), [(0.98765, "0.99"), (0.5, "0.5"), (0.99, "0.99"), (0.998877, "0.998877")]
)
def test_a_threshold_near_one_is_told_with_its_digits(threshold, told):
    figure = answers.over_time(np.arange(2), np.full((2, 3), 1 / 3), NAMES, threshold, unit="s")
    assert f"threshold {told}: below it none of these" in texts(figure)
    assert figure.axes[1].get_ylim() == (0, 1.02) and figure.axes[1].get_xlabel() == "time (seconds)"
    assert figure.axes[0].collections[0].get_clim() == (0, 1)


# --- a look -----------------------------------------------------------------------------------------------------------


def test_the_first_that_is_recognised_is_looked_at(trained, opinions, monkeypatch):
    run = bringing.load(opinions / "run")
    test, label = run.split.test, run.split.data.label
    wrong = (label[test] + 1) % 3
    for right in (0, 4, len(test) - 1):
        answered = wrong.copy()
        answered[right:] = label[test][right:]
        monkeypatch.setattr(look, "probabilities_of", lambda run, sequences, a=answered: np.eye(3)[a])
        monkeypatch.setattr(
            look, "classify", lambda run, n, a=answered: (np.eye(3)[a[[list(test).index(n[0])]]], None, [])
        )
        seen = look.look(run)
        assert seen.n == test[right] and seen.title.endswith("recognised") and seen.scores is None is seen.of_joints
    monkeypatch.setattr(look, "probabilities_of", lambda run, sequences: np.eye(3)[wrong])
    monkeypatch.setattr(look, "classify", lambda run, n: (np.eye(3)[wrong[[list(test).index(n[0])]]], None, []))
    seen = look.look(run)
    classes = run.split.data.class_names
    assert seen.n == test[0]
    assert seen.title == f"{classes[label[test[0]]]} ({run.split.data.name[test[0]]}), taken for {classes[wrong[0]]}"


def test_a_name_goes_before_a_number(opinions):
    run = bringing.load(opinions / "run")
    names = run.split.data.name.copy()
    names[7] = "3"
    run = run._replace(split=dataclasses.replace(run.split, data=dataclasses.replace(run.split.data, name=names)))
    assert look.look(run, "3").n == 7 == look.look(run, 3).n and look.look(run, "4").n == 4
    assert look.look(run, 23).n == 23 and look.look(run, 0).n == 0
    for wrong in ("24", "-1", "1.0", "", "three"):
        with pytest.raises(look.InputError, match="is none of the 24 sequences; give a number from 0 to 23"):
            look.look(run, wrong)
