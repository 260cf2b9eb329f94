"""The study of lost joints: as many are lost as is said, and its table says what was measured."""

import numpy as np
import pytest

from gca_scratch.data import synthetic
from gca_scratch.data.joint_names import find_roles
from gca_scratch.data.readers.recording import read_all, reader_named
from gca_scratch.data.synthetic import generate
from gca_scratch.experiments import lost_joints
from gca_scratch.experiments.lost_joints import displaced_by, table, with_lost_joints, without_first_hips
from gca_scratch.runs.compare import Difference
from tests.helpers.people import people, with_joints

DATA = generate(subjects=4, repetitions=1)


def test_joints_are_lost_one_by_one_at_random():
    found = with_lost_joints(DATA, 0.05, 3)
    gone = (found.joints == 0).all(axis=-1)
    assert gone.mean() == pytest.approx(0.05, abs=0.002) and not (DATA.joints == 0).all(axis=-1).any()
    np.testing.assert_array_equal(found.joints[~gone], DATA.joints[~gone])
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
    """A hip that is filled in with that of the next frame takes the body with it by as much as the hip has moved."""
    data = people(subjects=1, repetitions=1)
    joints = data.joints.copy()
    for n in range(3):
        body = joints[data.offsets[n] : data.offsets[n + 1]]
        body[:] = body[:1]
        body[1:, 0, 0] += np.float32([0.02, 0, 0])  # the hip alone
    still = with_joints(data, joints)
    far = displaced_by(still, without_first_hips(still))
    assert far == (pytest.approx(0.02, abs=5e-3), pytest.approx(0.02, abs=5e-3))  # it turns the line of the hips, too
    assert displaced_by(still, still) == (0, 0)


def test_first_hips_displace_people_without_noise_by_less_than_a_centimetre(monkeypatch):
    monkeypatch.setattr(synthetic.people, "NOISE", 0.0)
    data = generate(subjects=4, repetitions=1)
    median, largest = displaced_by(data, without_first_hips(data))
    assert 0 < median < 0.005 and largest < 0.01


@pytest.mark.parametrize("dataset", ["utkinect", "utdmhad"])
def test_first_hips_displace_real_people_by_less_than_a_centimetre(real_data, dataset):
    if not (real_data / dataset).is_dir():
        pytest.skip(f"no {dataset} in {real_data}")
    data = read_all(reader_named(dataset), real_data / dataset)
    hip = find_roles(data.joint_names, data.edges).hip
    joints = data.joints.copy()
    joints[data.offsets[:-1], :, hip] = 0
    median, largest = displaced_by(data, with_joints(data, joints))
    assert median < 0.002 and largest < 0.02


def test_the_table():
    rows = [
        (0, Difference(560, 0.9, 0.91, 0.01, -0.005, 0.025, 3, 9), 0.85),
        (1, Difference(560, 0.8, 0.79, -0.01, -0.03, 0.01, 9, 3), 0.75),
    ]
    text = table(rows, (0.001, 0.0056), 0.05)
    assert "# Synthetic actions with 5% of the joints lost" in text and "560 test sequences" in text
    assert "| 0 | 90.0 | 91.0 | +1.0 (-0.5 to +2.5) | 85.0 |" in text
    assert "| 1 | 80.0 | 79.0 | -1.0 (-3.0 to +1.0) | 75.0 |" in text
    assert "| mean | 85.0 ± 5.0 | 85.0 ± 6.0 | +0.0 ± 1.0 | 80.0 ± 5.0 |" in text
    assert "within 5.6 mm (median 1.0 mm)" in text


def test_the_whole_study_of_few_people(tmp_path, monkeypatch):
    monkeypatch.setattr(lost_joints, "SUBJECTS", 12)
    monkeypatch.setattr(lost_joints, "settings_from", few(lost_joints.settings_from))
    rows, displaced = lost_joints.measure(tmp_path, range(1), 0.05, 1, 1)
    [(seed, difference, never)] = rows
    assert seed == 0 and difference.n == 84 and 0 <= never <= 1 and 0 < displaced[0] < displaced[1]
    again, _ = lost_joints.measure(tmp_path, range(1), 0.05, 1, 1)  # trained already
    assert again == rows


def few(settings_from):
    """Settings that train in a second."""
    return lambda preset, **more: settings_from(preset, **more | {"frames": 4, "hidden": 4, "iterations": 1})
