"""Recordings as they are: other joints, axes, units, persons, gaps; the network answers as if they were its own."""

import dataclasses

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.data.meaning import known
from gca_scratch.data.readers.recording import Options
from gca_scratch.runs import predict
from tests.helpers.people import (
    PERSON,
    asked,
    p_of,
    people,
    refused,
    rows,
    with_joints,
    with_opinions,
)

DATA = people()
CLOSE = 1e-4  # of answers about the same numbers in another batch


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_joints_by_name_and_axes_and_unit_are_no_other_recording(trained):
    wanted = p_of(asked(trained, DATA))
    x, y, z = np.moveaxis(DATA.joints[:, :, ::-1], -1, 0)
    names, edges = tuple(list(PERSON)[::-1]), (19 - DATA.edges).astype(np.int16)
    for joints, meaning, words in (
        (np.stack([x, y, z], -1), DATA.meaning, "another order"),
        (np.stack([x, -z, y], -1), known(up="+z", unit="m", hand="right"), "is turned"),
        (np.stack([-x, y, z], -1), known(up="+y", unit="m", hand="left"), "left-handed"),
        (np.stack([100 * z, 100 * x, 100 * y], -1), known(up="+z", unit="cm", hand="right"), "from cm to m"),
    ):
        found = asked(trained, with_joints(DATA, joints, joint_names=names, edges=edges, meaning=meaning))
        np.testing.assert_allclose(p_of(found), wanted, atol=10 * CLOSE)
        assert any(words in said for said in found.said)


def test_what_the_user_says_counts_more_than_what_the_file_says(trained):
    x, y, z = np.moveaxis(DATA.joints, -1, 0)
    lying = with_joints(DATA, np.stack([x, -z, y], -1) * 1000)
    wanted = p_of(asked(trained, DATA))
    found = asked(trained, lying, options=Options(up="z", unit="mm", labelled=False))
    np.testing.assert_allclose(p_of(found), wanted, atol=10 * CLOSE)
    assert np.abs(p_of(asked(trained, lying)) - wanted).max() > 0.1


def test_the_vertical_of_people_who_stand_is_found_where_nothing_tells(trained):
    x, y, z = np.moveaxis(DATA.joints, -1, 0)
    unsaid = with_joints(DATA, np.stack([x, -z, y], -1), meaning=known(unit="m", hand="right"))
    found = asked(trained, unsaid)
    np.testing.assert_allclose(p_of(found), p_of(asked(trained, DATA)), atol=10 * CLOSE)
    assert any("+z" in said and "--up" in said for said in found.said)


def test_a_vertical_that_nobody_tells_is_assumed_and_said(trained):
    lying = with_joints(DATA, DATA.joints[..., [1, 2, 0]], meaning=known(unit="m", hand="right"))
    few = dataclasses.replace(
        lying, joints=lying.joints[: lying.offsets[1]], offsets=lying.offsets[:2], label=lying.label[:1],
        subject=lying.subject[:1], name=lying.name[:1], repetition=None,
    )  # fmt: skip
    found = asked(trained, few)
    assert "nothing tells which axis of new.npz points up; +y, the network's, is assumed (--up)" in found.said


def test_missing_joints_are_named_and_too_many_refused(trained):
    def without(*names):
        kept = [n for n, name in enumerate(PERSON) if name not in names]
        parents = dict(DATA.edges[:, ::-1].tolist())
        edges = np.array([(kept.index(parents[n]), kept.index(n)) for n in kept[1:]], np.int16)
        joint_names = tuple(list(PERSON)[n] for n in kept)
        return with_joints(DATA, DATA.joints[:, :, kept], joint_names=joint_names, edges=edges)

    hands = ("left hand", "right hand")
    found = asked(trained, without(*hands))
    assert found.said == ["new.npz: 'left hand', 'right hand' are missing and are filled in from the neighbours"]
    arms = [f"{side} {part}" for side in ("left", "right") for part in ("elbow", "wrist", "hand")]
    refused(trained, without(*arms), "6 of the 20 joints are missing", "'left elbow'")


def test_absent_joints_are_filled_in_as_in_a_test(opinions, trained):
    joints = DATA.joints.copy()
    rng = np.random.default_rng(2)
    lost = rng.random(joints.shape[:3]) < 0.1
    joints[lost] = 0
    zeros = with_joints(DATA, joints)
    joints = joints.copy()
    joints[lost] = np.nan
    nans = with_joints(DATA, joints)
    np.testing.assert_array_equal(p_of(asked(trained, zeros)), p_of(asked(trained, nans)))
    runs.retest(opinions / "run", "new.npz", predictions="lost.csv", protocol="all")
    for answer, row in zip(asked(trained, nans).answers, rows("lost.csv"), strict=True):
        assert answer.name == row["name"]
        assert answer.probabilities.max() == pytest.approx(float(row["probability"]), abs=CLOSE)


def test_a_recording_that_shows_nobody_is_refused(trained):
    for mark in (0, np.nan):
        refused(trained, with_joints(DATA, np.full_like(DATA.joints, mark)), "new.npz", "nobody")


def test_recordings_that_show_nobody_are_left_out_of_many(trained):
    wanted = asked(trained, DATA)
    joints = DATA.joints.copy()
    joints[: DATA.offsets[1]] = np.nan
    joints[DATA.offsets[5] : DATA.offsets[6]] = 0
    found = asked(trained, with_joints(DATA, joints))
    left = [n for n in range(24) if n not in (0, 5)]
    assert [answer.sequence for answer in found.answers] == left
    assert [answer.name for answer in found.answers] == [str(DATA.name[n]) for n in left]
    np.testing.assert_allclose(p_of(found), p_of(wanted)[left], atol=CLOSE)
    assert "2 of 24 sequences of new.npz show nobody and are left out" in found.said
    assert len(found.data) == len(found.aligned.label) == 22


def test_windows_that_show_nobody_are_left_out(trained):
    """Somebody walks through the picture, and comes back."""
    joints = np.concatenate([DATA.joints[:9], np.zeros((12, 1, 20, 3), np.float32), DATA.joints[:9]])
    data = dataclasses.replace(
        people(subjects=1, repetitions=1), joints=joints, offsets=np.array([0, 30], np.int64),
        label=np.array([0], np.int16), subject=np.array([1], np.int16), name=np.array(["walk"]), repetition=None,
    )  # fmt: skip
    found = asked(trained, data, window=6, stride=3)
    assert [(answer.start, answer.stop) for answer in found.answers] == [
        (0, 6), (3, 9), (6, 12), (18, 24), (21, 27), (24, 30),
    ]  # fmt: skip
    assert "3 of 9 windows of new.npz show nobody and are left out" in found.said
    assert len(found.data) == len(found.aligned.label) == 6


def test_more_persons_and_fewer(trained, tmp_path):
    two = with_joints(DATA, np.concatenate([np.zeros_like(DATA.joints), DATA.joints], axis=1))
    np.testing.assert_allclose(p_of(asked(trained, two)), p_of(asked(trained, DATA)), atol=CLOSE)
    (tmp_path / "pairs").mkdir()
    pairs = with_joints(DATA, np.concatenate([DATA.joints, DATA.joints + 1], axis=1))
    knows_two = predict.load(with_opinions(tmp_path / "pairs", pairs))
    alone = with_joints(DATA, np.concatenate([DATA.joints, np.zeros_like(DATA.joints)], axis=1))
    np.testing.assert_array_equal(p_of(asked(knows_two, DATA)), p_of(asked(knows_two, alone)))
