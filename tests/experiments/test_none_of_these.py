"""The study of none of these: what its recordings are made of, which windows are known, and what is counted."""

import numpy as np

from gca_scratch.data.synthetic import generate
from gca_scratch.experiments import none_of_these
from gca_scratch.experiments.none_of_these import (
    KNOWN,
    PAUSE,
    UNKNOWN,
    counted,
    recordings,
    table,
    truth_of_windows,
)
from tests.experiments.test_lost_joints import few


def test_ten_actions_are_known_and_four_are_not():
    assert len(KNOWN) == 10 and len(UNKNOWN) == 4 and not set(KNOWN) & set(UNKNOWN)
    assert set(generate(subjects=1, repetitions=1).class_names) == {*KNOWN, *UNKNOWN}


def test_recordings_hold_every_action_and_stand_still_between(monkeypatch):
    monkeypatch.setattr(none_of_these, "TESTED", 3)
    data, truth = recordings(5)
    assert len(data) == 3 and len(truth) == len(data.joints) and data.class_names == ("unknown",)
    people = generate(seed=1005, subjects=3, repetitions=1)
    lengths = [people.lengths[people.subject == subject].sum() + 13 * PAUSE for subject in np.unique(people.subject)]
    assert data.lengths.tolist() == lengths
    for n in range(3):
        own = truth[data.offsets[n] : data.offsets[n + 1]]
        spans = np.flatnonzero(np.diff(own)) + 1
        parts = [(part[0], len(part)) for part in np.split(own, spans)]
        assert {label for label, _ in parts} == {-1, *range(10)}
        subject = np.unique(people.subject)[n]
        for label, length in parts:
            if label >= 0:
                known = people.class_names.index(KNOWN[label])
                [at] = np.flatnonzero((people.subject == subject) & (people.label == known))
                assert length == people.lengths[at]
    steps = np.linalg.norm(np.diff(data.sequence(0), axis=0), axis=-1)
    assert steps.max() < 0.4  # metres from frame to frame: no body jumps where two actions meet


def test_what_a_window_shows():
    truth = np.array([0] * 6 + [-1] * 3 + [1] * 6 + [-1] * 6)
    offsets = np.array([0, 15, 21])
    spans = [(0, 0, 6), (0, 0, 9), (0, 2, 9), (0, 0, 15), (0, 6, 9), (0, 9, 15), (1, 0, 6), (0, 4, 10), (0, 5, 9)]
    assert truth_of_windows(spans, offsets, truth).tolist() == [0, 0, -2, -2, -1, 1, -1, -2, -2]


def test_what_is_counted():
    truth = np.array([0, 0, 0, 1, -1, -2, -1])
    assert counted(np.array([0, 0, 1, 0, 0, 0, 1]), truth) == {
        "unknown": 2, "named wrongly": 2, "known": 4, "right": 2, "wrong": 2, "none": 0,
    }  # fmt: skip
    assert counted(np.array([0, -1, 1, -1, 0, 0, -1]), truth) == {
        "unknown": 2, "named wrongly": 1, "known": 4, "right": 1, "wrong": 1, "none": 2,
    }  # fmt: skip


def test_the_table():
    truth = np.array([0, 1, -1, -1])
    one, other = np.array([0, -1, 0, 1]), np.array([0, -1, 0, -1])
    text = table([(0, truth, {"rule (from 0.7)": one}), (1, truth, {"rule (from 0.8)": other})])
    assert "| 0 | rule (from 0.7) | 2 | 2 (100%) | 2 | 50% | 0% | 50% |" in text
    assert "| 1 | rule (from 0.8) | 2 | 1 (50%) | 2 | 50% | 0% | 50% |" in text
    assert "| mean | rule | | 75 ± 25 % | | 50 ± 0 % | 0 ± 0 % | 50 ± 0 % |" in text


def test_the_whole_study_of_few_people(tmp_path, monkeypatch):
    monkeypatch.setattr(none_of_these, "TESTED", 2)
    monkeypatch.setattr(none_of_these, "settings_from", few(none_of_these.settings_from))
    monkeypatch.setattr(none_of_these, "generate", lambda **more: generate(**more | {"subjects": 10, "repetitions": 1}
                                                                           if "classes" in more else more))  # fmt: skip
    [(seed, truth, labels)] = none_of_these.measure(tmp_path, range(1), 1, 1)
    assert seed == 0 and {-2, -1} < set(truth.tolist()) and len(labels) == 7
    assert all(label.shape == truth.shape and set(label) <= set(range(-1, 10)) for label in labels.values())
    named = {rule.partition(" (")[0]: (label >= 0).sum() for rule, label in labels.items()}
    assert named["no rule"] == len(truth) and named["as training sets it"] <= named["movement alone"]
    shares = [named[f"probability alone, {kept}% kept"] for kept in (99, 95, 90, 80)]
    assert shares == sorted(shares, reverse=True)
    assert "| 0 | no rule |" in table([(seed, truth, labels)])
