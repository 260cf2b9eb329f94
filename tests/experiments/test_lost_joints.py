"""The study of lost joints: as many are lost as is said, and its table says what was measured."""

import numpy as np
import pytest

from gca_scratch.data import synthetic
from gca_scratch.data.readers.recording import read_all, reader_named
from gca_scratch.data.synthetic import generate
from gca_scratch.experiments import lost_joints
from gca_scratch.experiments.lost_joints import displaced, table, with_lost_joints, without_first_hips
from gca_scratch.runs.compare import Difference
from tests.helpers.people import people, with_joints

DATA = generate(subjects=4, repetitions=1)


def test_joints_are_lost_one_by_one_at_random():
    found = with_lost_joints(DATA, 0.05, 3)
    gone = (found.joints == 0).all(axis=-1)
    assert gone.mean() == pytest.approx(0.05, abs=0.002) and not (DATA.joints == 0).all(axis=-1).any()
    np.testing.assert_array_equal(found.joints[~gone], DATA.joints[~gone])
    assert gone.any(axis=(1, 2)).mean() == pytest.approx(1 - 0.95**25, abs=0.02)  # of 25 joints, each for itself
    by_joint = gone.mean(axis=(0, 1))
    assert by_joint.min() > 0.03 and by_joint.max() < 0.07  # no joint is spared
    assert found.label is DATA.label and (DATA.joints != 0).any()
    np.testing.assert_array_equal(with_lost_joints(DATA, 0.05, 3).joints, found.joints)
    assert (with_lost_joints(DATA, 0.05, 4).joints != found.joints).any()
    np.testing.assert_array_equal(with_lost_joints(DATA, 0, 3).joints, DATA.joints)


def test_the_hip_of_every_first_frame_alone_is_lost():
    found = without_first_hips(DATA)
    gone = np.argwhere((found.joints == 0).all(axis=-1))
    assert gone.tolist() == [[int(start), 0, 0] for start in DATA.offsets[:-1]]
    assert DATA.joint_names[0] == "spine base" and (DATA.joints[DATA.offsets[:-1], 0, 0] != 0).any()


def test_how_far_bodies_are_displaced():
    """A hip that has moved alone is filled in with that of the next frame, and takes the body with it."""
    data = people(subjects=1, repetitions=1)
    joints = data.joints.copy()
    for n in range(3):
        body = joints[data.offsets[n] : data.offsets[n + 1]]
        body[:] = body[:1]
        body[1:, 0, 0] += np.float32([0.02, 0, 0])  # the hip alone
    still = with_joints(data, joints)
    np.testing.assert_allclose(displaced(still)[:3], 20, atol=5)  # it turns the line of the hips, too
    moving = with_joints(data, data.joints + np.arange(len(data.joints), dtype=np.float32)[:, None, None, None] * 0.01)
    shaken = displaced(data)
    np.testing.assert_allclose(displaced(moving), shaken, atol=0.1)  # a hip that moves with its body is found


def test_first_hips_displace_people_without_noise_by_less_than_a_centimetre(monkeypatch):
    monkeypatch.setattr(synthetic.people, "NOISE", 0.0)
    far = displaced(generate(subjects=4, repetitions=1))
    assert len(far) == 56 and 0 < np.median(far) < 5 and far.max() < 10


@pytest.mark.parametrize(
    "dataset, median, within", [("utkinect", 2, 0.98), ("utdmhad", 0.1, 1.0), ("nwucla", 3, 0.94), ("ntu", 0.5, 1.0)]
)
def test_first_hips_displace_real_people_by_less_than_a_centimetre(real_data, dataset, median, within):
    if not (real_data / dataset).is_dir():
        pytest.skip(f"no {dataset} in {real_data}")
    far = displaced(read_all(reader_named(dataset), real_data / dataset))
    assert np.median(far) < median and (far < 10).mean() >= within


def test_the_table():
    rows = [
        (0, Difference(560, 0.9, 0.89, -0.01, -0.02, 0.0, 9, 3), Difference(560, 0.9, 0.91, 0.01, -0.005, 0.025, 3, 9)),
        (1, Difference(560, 0.8, 0.81, 0.01, 0.0, 0.02, 3, 9), Difference(560, 0.8, 0.79, -0.01, -0.03, 0.01, 9, 3)),
    ]
    text = table(rows, [("somebody", np.array([1.0, 2.0, 12.0]))], 0.05)
    assert "# Synthetic actions with 5% of the joints lost" in text and "560 test sequences" in text
    assert "| 0 | 90.0 | 89.0 | -1.0 (-2.0 to +0.0) | 91.0 | +1.0 (-0.5 to +2.5) |" in text
    assert "| mean | 85.0 ± 5.0 | 85.0 ± 4.0 | +0.0 ± 1.0 | 85.0 ± 6.0 | +0.0 ± 1.0 |" in text
    assert "| somebody | 3 | 2.0 | 11.0 | 12.0 | 66.7% |" in text


def test_the_whole_study_of_few_people(tmp_path, monkeypatch):
    monkeypatch.setattr(lost_joints, "SUBJECTS", 4)
    monkeypatch.setattr(lost_joints, "settings_from", few(lost_joints.settings_from))
    rows = lost_joints.measure(tmp_path, range(1), 0.05, 1, 1)
    [(seed, test, both)] = rows
    assert seed == 0 and test.n == both.n == 28 and test.a == both.a
    assert lost_joints.measure(tmp_path, range(1), 0.05, 1, 1) == rows  # trained already


def few(settings_from):
    """Settings that train in a second."""
    return lambda preset, **more: settings_from(
        preset, **more | {"frames": 4, "hidden": 4, "validation": 1, "samplings": 1}
    )
