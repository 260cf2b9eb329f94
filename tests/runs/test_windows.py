"""Recordings in windows, and answers that are none of these."""

import dataclasses
import shutil

import numpy as np
import pytest

from gca_scratch.data.meaning import known
from gca_scratch.data.parts import starts, windows
from gca_scratch.data.readers.recording import Options
from gca_scratch.runs import predict
from gca_scratch.runs.predict import Answer, described, segments
from tests.helpers.people import (
    asked,
    edited,
    p_of,
    people,
    refused,
    with_joints,
)

DATA = people()
CLOSE = 1e-4  # of answers about the same numbers in another batch


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


# --- windows ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "window", "stride", "wanted"),
    [
        (10, 4, 2, [0, 2, 4, 6]), (11, 4, 2, [0, 2, 4, 6, 7]), (3, 4, 2, [0]), (4, 4, 1, [0]), (5, 4, 1, [0, 1]),
        (9, 4, 9, [0, 5]), (12, 4, 4, [0, 4, 8]), (13, 4, 8, [0, 8, 9]), (1, 1, 1, [0]), (3, 1, 1, [0, 1, 2]),
    ],
)  # fmt: skip
def test_where_windows_begin(length, window, stride, wanted):
    assert starts(length, window, stride) == wanted


def test_windows_are_the_frames_that_they_say():
    data = people(subjects=1, repetitions=1)  # 3 sequences
    lengths = [9, 3, 4]
    joints = np.arange(16, dtype=np.float32)[:, None, None, None] + np.zeros((16, 1, 20, 3), np.float32)
    data = with_joints(data, joints, offsets=np.array([0, 9, 12, 16], np.int64))
    assert data.lengths.tolist() == lengths
    cut, spans = windows(data, 4)
    assert spans == [(0, 0, 4), (0, 2, 6), (0, 4, 8), (0, 5, 9), (1, 0, 3), (2, 0, 4)]
    assert cut.offsets.tolist() == [0, 4, 8, 12, 16, 19, 23]
    frames = cut.joints[:, 0, 0, 0].astype(int).tolist()
    assert frames == [0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
    assert cut.name.tolist() == [data.name[n] for n in (0, 0, 0, 0, 1, 2)]
    assert cut.label.tolist() == [0, 0, 0, 0, 1, 2]
    assert windows(data, 4, 5)[1] == [(0, 0, 4), (0, 5, 9), (1, 0, 3), (2, 0, 4)]
    assert windows(data, 1)[1][:3] == [(0, 0, 1), (0, 1, 2), (0, 2, 3)]


def test_a_window_is_answered_as_a_recording_of_its_frames(trained):
    found = asked(trained, DATA, window=4, stride=3)
    long = next(n for n in range(24) if DATA.lengths[n] == 9)
    own = [answer for answer in found.answers if answer.sequence == long]
    assert [(answer.start, answer.stop) for answer in own] == [(0, 4), (3, 7), (5, 9)]
    assert [answer.seconds for answer in own] == [(0, 0.16), (0.12, 0.28), (0.2, 0.36)]  # at 25 frames a second
    for answer in own:
        first = DATA.offsets[long]
        alone = dataclasses.replace(
            people(subjects=1, repetitions=1),
            joints=DATA.joints[first + answer.start : first + answer.stop],
            offsets=np.array([0, 4], np.int64), label=np.array([0], np.int16), subject=np.array([1], np.int16),
            name=np.array(["alone"]), repetition=None,
        )  # fmt: skip
        np.testing.assert_allclose(asked(trained, alone).answers[0].probabilities, answer.probabilities, atol=CLOSE)


def test_what_a_window_lacks_is_filled_in_from_the_frames_around_it(trained):
    """A hand that is lost for a whole window is where it was before and is after, and at no other joint's place."""
    still = with_joints(DATA, np.repeat(DATA.joints[:1], len(DATA.joints), axis=0))
    lost = with_joints(still, still.joints.copy())
    n, hand = int(np.argmax(DATA.lengths)), DATA.joint_names.index("left hand")
    start = int(DATA.offsets[n])
    lost.joints[start + 1 : start + 4, 0, hand] = np.nan
    a, b = (asked(trained, data, window=3, stride=1) for data in (still, lost))
    np.testing.assert_allclose(p_of(b), p_of(a), atol=CLOSE)


def test_seconds_come_from_the_rate(trained):
    whole = asked(trained, DATA).answers[0]
    assert whole.seconds == (0, DATA.lengths[0] / 25)
    assert (
        asked(trained, DATA, options=Options(rate="50", labelled=False)).answers[0].seconds[1] == whole.seconds[1] / 2
    )
    unknown = dataclasses.replace(DATA, meaning=known(up="+y", unit="m", hand="right"))
    assert asked(trained, unknown).answers[0].seconds is None


def test_long_recordings_are_told_that_windows_are_there(trained):
    long = with_joints(DATA, np.tile(DATA.joints[:9], (20, 1, 1, 1)), offsets=np.array([0, 180], np.int64))
    long = dataclasses.replace(
        long, label=long.label[:1], subject=long.subject[:1], name=long.name[:1], repetition=None
    )  # fmt: skip
    sentence = "new.npz has 180 frames, and the network learned from at most 8; ask with --window 6 if it shows several"
    assert any(said.startswith(sentence) for said in asked(trained, long).said)
    assert not any("--window" in said for said in asked(trained, long, window=6).said)
    assert not any("--window" in said for said in asked(trained, DATA).said)
    for frames, told in ((24, False), (25, True)):  # three times the longest of training, and more
        some = dataclasses.replace(long, joints=long.joints[:frames], offsets=np.array([0, frames], np.int64))
        assert any(f"has {frames} frames" in said for said in asked(trained, some).said) == told


@pytest.mark.parametrize(
    "options", [{"window": -1}, {"window": 4, "stride": -2}, {"threshold": 1.5}, {"threshold": float("nan")}]
)
def test_numbers_that_cannot_be_are_refused(trained, options):
    refused(trained, DATA, "cannot be used", **options)


# --- none of these ----------------------------------------------------------------------------------------------------


def test_below_the_threshold_it_is_none_of_these(trained):
    sure = p_of(asked(trained, DATA)).max(axis=1)
    for threshold in (0.0, 0.5, float(np.float32(sure[3])), 0.9, 1.0):
        labels = [answer.label for answer in asked(trained, DATA, threshold=threshold).answers]
        wanted = p_of(asked(trained, DATA)).argmax(axis=1)
        assert labels == [int(k) if p >= threshold else None for k, p in zip(wanted, sure.tolist(), strict=True)]
    assert None not in [answer.label for answer in asked(trained, DATA, threshold=0.0).answers]
    assert {answer.label for answer in asked(trained, DATA, threshold=1.0).answers} == {None}


def test_the_threshold_of_training_is_taken_unless_another_is_given(opinions, tmp_path):
    shutil.copytree(opinions / "run", "run")
    edited("run", threshold=1.0)
    trained = predict.load("run")
    assert {answer.label for answer in asked(trained, DATA).answers} == {None}
    assert None not in {answer.label for answer in asked(trained, DATA, threshold=0.0).answers}


def answer(label, sure, start, sequence=0, stop=None):
    probabilities = np.full(3, (1 - sure) / 2, np.float32)
    probabilities[label or 0] = sure
    return Answer("f", sequence, f"s{sequence}", start, stop or start + 4, None, label, probabilities)


def test_neighbouring_windows_of_one_answer_are_told_together():
    answers = [
        answer(1, 0.6, 0), answer(1, 0.7, 2), answer(1, 0.95, 4), answer(None, 0.4, 6), answer(1, 0.9, 8),
        answer(1, 0.8, 0, sequence=1), answer(2, 0.8, 2, sequence=1),
    ]  # fmt: skip
    found = segments(answers)
    assert [each[:3] for each in found] == [(0, 2, 1), (3, 3, None), (4, 4, 1), (5, 5, 1), (6, 6, 2)]
    assert [each[3] for each in found] == pytest.approx([0.75, 0.4, 0.9, 0.8, 0.8])
    assert segments([]) == []


def test_windows_apart_are_not_told_together():
    """Between them lie frames that nobody has asked about, or that show nobody."""
    found = segments([answer(1, 0.6, 0), answer(1, 0.7, 4), answer(1, 0.7, 9)])
    assert [each[:2] for each in found] == [(0, 1), (2, 2)]


def test_an_answer_in_words():
    assert described(None, ("a", "b")) == "none of these" and described(1, ("a", "b")) == "b"
