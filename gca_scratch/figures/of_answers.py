"""The figures of `predict`: a recording's classes over time, or the scores on its moving body."""

from pathlib import Path

import numpy as np

from ..runs import predict
from ..runs.split import Source, Split
from ..runs.trained import Run, body, classify
from . import answers
from .look import poses


def draw(
    trained: predict.Trained, asked: predict.Asked, path: Path, in_windows: bool, threshold: float | None = None
) -> Path:
    """Draw the first recording of a file that was asked about; returns the path.

    in_windows: its classes over time (.png), in seconds where the frame rate is known; else the scores on its body,
    moving (.gif) or as a strip (.png).  threshold: the one that was asked with; None is the network's own.

    Raises InputError where the path ends otherwise or cannot be written.
    """
    first = asked.answers[0]
    if not in_windows:
        return _on_the_body(trained, asked, path)
    own = [answer for answer in asked.answers if answer.name == first.name]
    known = first.seconds is not None
    times = np.array([answer.seconds if known else (answer.start + 1, answer.stop) for answer in own], float)
    return answers.draw_answers(
        times, np.stack([answer.probabilities for answer in own]), trained.known.class_names,
        trained.known.threshold if threshold is None else threshold, path, unit="s" if known else "frame",
        title=first.name, answers=[-1 if answer.label is None else answer.label for answer in own],
    )  # fmt: skip


def _on_the_body(trained, asked, path):
    """The scores that the network gives the joints of the first sequence."""
    answer, data, aligned = asked.answers[0], asked.data, asked.aligned
    nobody = np.zeros(0, np.int64)
    split, source = Split(data, aligned, nobody, nobody, np.arange(len(data))), Source("npz", hip=trained.known.hip)
    run = Run(
        trained.network, trained.weights, trained.settings, trained.iterations, split, source, body(data, aligned),
        trained.xp,
    )  # fmt: skip
    _, scores, rows = classify(run, [0])
    label = None if answer.label is None else trained.known.class_names[answer.label]
    sampled = aligned.frame_index([0], trained.network.frames)[0] - aligned.offsets[0]
    return answers.animate(
        poses(run, 0), run.body.bones, None if scores is None else scores[:, 0] @ run.body.shares.T, label,
        float(answer.probabilities.max()), path, answer.name, aligned.up, data.meaning.frames_per_second,
        None if scores is None else sampled, rows or None,
    )  # fmt: skip
