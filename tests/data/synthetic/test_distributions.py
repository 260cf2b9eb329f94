"""What is drawn for synthetic people, by distribution: sensors, cameras, builds and fidgets, each of its own."""

import numpy as np
import pytest

from gca_scratch.data.synthetic.actions import ACTIONS
from gca_scratch.data.synthetic.kinematics import JOINTS, PARTS, SIDES
from gca_scratch.data.synthetic.people import (
    LENGTHS,
    fidgets,
    generate,
    perform,
    person,
    place,
    sense,
    sway,
    window,
)

STILL = np.zeros((30, 25, 3)) + np.linspace(0, 1, 25)[None, :, None]


def rng(*key):
    return np.random.default_rng(key)


def uncorrelated(a, b):
    return abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 4.5 / np.sqrt(a.size)


def uniform(values, low, high):
    """Whether the values fill that interval evenly."""
    values, width = np.asarray(values), high - low
    assert low <= values.min() < low + 0.06 * width and high - 0.06 * width < values.max() <= high
    assert abs(values.mean() - (low + high) / 2) < 4.5 * width / np.sqrt(12 * len(values))
    assert values.std() == pytest.approx(width / np.sqrt(12), rel=0.2)


def test_a_sensor_errs_by_a_centimetre_in_every_frame_joint_and_axis_by_itself():
    error = sense(np.zeros((3000, 25, 3)), rng(1))
    quiet = error[:, [JOINTS[name] for name in ("spine mid", "neck", "left knee", "right hip")]]
    quiet = np.where(np.abs(quiet) < 0.04, quiet, 0)  # without glitches
    np.testing.assert_allclose(quiet.std(axis=0), 0.01, rtol=0.06)
    assert (np.abs(quiet.mean(axis=0)) < 4.5 * 0.01 / np.sqrt(3000)).all()
    for axis in range(3):
        a, b = (np.take(quiet, range(s, quiet.shape[axis] - 1 + s), axis) for s in (0, 1))
        assert uncorrelated(a, b)
    assert uncorrelated(quiet, np.clip(sense(np.zeros((3000, 25, 3)), rng(2)), -0.04, 0.04)[:, :4])


def test_glitches_are_five_centimetres_for_three_frames_and_mostly_at_hands_and_feet():
    frames = 20_000
    error = sense(np.zeros((frames, 25, 3)), rng(3))
    for name, rate in (("left hand", 0.01), ("right thumb", 0.01), ("left foot", 0.01), ("head", 0.001)):
        far = error[:, JOINTS[name]]
        # variance: of the noise, and of three glitches that may have begun, each of 5 cm
        wanted = 0.01**2 + 3 * rate * 0.05**2
        assert far.var() == pytest.approx(wanted, rel=0.2), name
        once = (far[:-1] * far[1:]).mean()
        assert once == pytest.approx(2 * rate * 0.05**2, rel=0.35, abs=3e-6), name  # the next frame has it, too
        assert abs((far[:-3] * far[3:]).mean()) < 4e-6, name  # three frames later it has gone
    assert uncorrelated(error[:, JOINTS["left hand"]], error[:, JOINTS["right hand"]])


def test_a_camera_stands_two_to_four_metres_away_and_people_turn_to_both_sides():
    turns, distances, asides, heights = [], [], [], []
    across = np.zeros((1, 25, 3))
    across[0, 1] = (1, 0, 0)
    for key in range(400):
        seen = place(across, rng(key))
        line = seen[0, 1] - seen[0, 0]
        turns.append(np.degrees(np.arctan2(line[2], line[0])))
        distances.append(seen[0, 0, 2])
        asides.append(seen[0, 0, 0] / seen[0, 0, 2])
        heights.append(-seen[0, 0, 1])
    uniform(turns, -45, 45)
    uniform(distances, 2, 4)
    uniform(asides, -0.15, 0.15)
    uniform(heights, 0.8, 1.3)
    for one, other in ((turns, distances), (turns, asides), (distances, heights)):
        assert uncorrelated(np.array(one), np.array(other))


def test_people_have_builds_and_sides_of_their_own():
    people = [person(rng(key)) for key in range(400)]
    quick = np.array([who.pace["right"] > who.pace["left"] for who in people])
    assert 0.7 < quick.mean() < 0.86  # 85 % are right-handed, and chance blurs it
    sizes = np.array([who.size for who in people])
    assert sizes.mean() == pytest.approx(1, abs=0.02) and sizes.std() == pytest.approx(0.075, abs=0.012)
    assert 0.85 <= sizes.min() < sizes.max() <= 1.15
    means = np.array([[who.pace[side] for side in SIDES] for who in people])
    assert means.mean() == pytest.approx(1, abs=0.03) and 0.1 < means.std() < 0.16
    legs = np.array([np.linalg.norm(who.body.bones[JOINTS["right ankle"]]) for who in people])
    arms = np.array([np.linalg.norm(who.body.bones[JOINTS["right wrist"]]) for who in people])
    assert legs.std() / legs.mean() > 0.05 and 0.3 < np.corrcoef(legs, arms)[0, 1] < 0.97
    assert set(PARTS) and uncorrelated(sizes, legs)


def test_two_of_three_sequences_have_a_fidget_and_any_of_them():
    frames, found = 90, []
    for key in range(300):
        turned = np.abs(fidgets(frames, {}, rng(key))).max(axis=(0, 2)) > 1e-6
        found.append(tuple(np.flatnonzero(turned)))
    moved = np.array([bool(each) for each in found])
    assert abs(moved.mean() - 2 / 3) < 4.5 * np.sqrt(2 / 9 / 300)
    assert len(set(found) - {()}) >= 6 and uncorrelated(moved[1:].astype(float), moved[:-1].astype(float))
    sides = np.array([[joint in each for each in found] for joint in (JOINTS["left elbow"], JOINTS["right elbow"])])
    assert (sides.mean(axis=1) > 0.04).all()


def test_idle_people_sway_otherwise_each_time():
    one, other, again = sway(120, rng(1)), sway(120, rng(2)), sway(120, rng(1))
    assert (one == again).all() and np.abs(one - other).max() > 0.01
    moving = np.flatnonzero(one.std(axis=0).ravel() > 1e-6)
    curves = one.reshape(120, -1)[:, moving]
    together = np.abs(np.corrcoef(curves.T))[np.triu_indices(len(moving), 1)]
    assert np.median(together) < 0.4  # every joint has waves of its own


def test_a_phase_goes_from_nought_to_one_between_its_frames():
    for bend in (-0.3, 0.0, 0.3):
        phase = window(50, 10, 30, bend)
        assert (phase[:11] == 0).all() and (phase[30:] >= 1 - 1e-12).all() and (np.diff(phase[10:31]) > 0).all()
        assert phase[20] == pytest.approx(0.5)
        assert phase[15] == pytest.approx(0.25 + bend / (2 * np.pi))
    assert len(window(50, 10, 30, 0.1)) == 50


def test_performances_have_lengths_and_starts_of_their_own():
    lengths, starts = [], []
    for key in range(60):
        joints, truth = perform("wave right hand", person(rng(key)), rng(key, 1))
        lengths.append(len(joints))
        starts.append(int(truth.any(axis=1).argmax()))
        assert LENGTHS[0] <= len(joints) <= LENGTHS[1] == 120
    assert len(set(lengths)) > 20 and len(set(starts)) > 20 and LENGTHS[0] == 60
    assert uncorrelated(np.array(lengths[1:], float), np.array(lengths[:-1], float))


def test_every_sequence_has_a_sensor_a_camera_and_a_manner_of_its_own():
    data = generate(seed=1, subjects=3, repetitions=3, classes=("bow", "clap"))
    starts = data.joints[data.offsets[:-1], 0]  # (18, J, 3)
    places = starts[:, 0]
    assert len(np.unique(places.round(4), axis=0)) == 18 and len(set(data.lengths.tolist())) > 9
    # the bones of a person are those of all their sequences, but for a centimetre
    shins = np.array(
        [np.median(np.linalg.norm(data.sequence(n)[:, 0, 14] - data.sequence(n)[:, 0, 13], axis=-1)) for n in range(18)]
    )
    of_people = np.array([shins[data.subject == who].mean() for who in (1, 2, 3)])
    spread = max(np.ptp(shins[data.subject == who]) for who in (1, 2, 3))
    assert spread < 0.01 and min(abs(np.diff(np.sort(of_people)))) > 0.002
    other = generate(seed=2, subjects=3, repetitions=3, classes=("bow", "clap"))
    assert len(other.joints) != len(data.joints) or (other.joints != data.joints).any()
    assert len(ACTIONS) == 14
