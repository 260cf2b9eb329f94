"""Every picture is whole or not there."""

import numpy as np

from gca_scratch.figures import answers, bodies, canvas, charts, recording
from tests.helpers.tiny import skeletons
from tests.helpers.whole import written_whole

BODY = np.array([[0, 0, 0], [0, 0.5, 0], [-0.3, 0.3, 0], [0.3, 0.3, 0]])
BONES = [(0, 1), (1, 2), (1, 3)]
HISTORY = [{"step": 0, "train_loss": 1.0, "train_error": 0.5}]


def test_pictures(tmp_path, coarse):
    picture = written_whole(lambda path: canvas.save(charts.convergence(HISTORY), path), tmp_path / "a.png")
    assert picture.startswith(b"\x89PNG")
    written_whole(lambda path: recording.draw_one(skeletons(), path), tmp_path / "one.png")
    p = np.full((3, 2), 0.5)
    written_whole(lambda path: answers.draw_answers(np.arange(3), p, ["a", "b"], 0.5, path), tmp_path / "w.png")


def test_animations(tmp_path, coarse):
    scores = np.full((1, 2, 4), 1 / 8)
    moving = bodies.animation("walk", np.tile(BODY, (2, 1, 1)), BONES, scores)
    assert written_whole(lambda path: bodies.save_animation(moving, path), tmp_path / "a.gif").startswith(b"GIF8")
