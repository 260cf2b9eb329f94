"""Restless people: neither a movement nor its size tells the action, the truth is of the action alone, and the easy set
is as it was."""

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.data import neutral, protocols, synthetic
from gca_scratch.data.alignment import align
from gca_scratch.data.synthetic import generate
from gca_scratch.data.synthetic.actions import ACTIONS
from gca_scratch.data.synthetic.kinematics import JOINTS, MOTIONS, SIDES, pose
from gca_scratch.data.synthetic.people import perform, person
from gca_scratch.data.synthetic.restless import CALM, CLASSES, REACHES, STEP, member, movements, restlessness, steps
from gca_scratch.figures import localisation
from gca_scratch.runs import where

FRAMES = 10  # that stand for a sequence, as in the demonstration


def rng(*key):
    return np.random.default_rng(key)


@pytest.fixture(scope="module")
def data():
    return generate(subjects=20, repetitions=1, restless=True)


def areas(data, guess):
    """The area within a sequence of a guess (aligned, sequences) -> (n, T, J), class by class."""
    aligned, every = align(data, face_camera=True, torso_scale=True), np.arange(len(data))
    truth, found = localisation.truth_at(data, aligned, every, FRAMES), guess(aligned, every)
    return np.array(
        [localisation.mean_auc(found[data.label == k], truth[data.label == k]) for k in range(len(data.class_names))]
    )


def test_neither_distance_nor_speed_finds_the_action(data):
    """Most that either may reach is 0.65; in the easy set they reach 0.9 and 0.8."""
    far = areas(data, lambda aligned, n: where.distance(aligned, n, FRAMES))
    fast = areas(data, lambda aligned, n: where.joint_speed(aligned, n, FRAMES))
    assert 0.6 < far.mean() < 0.65 and 0.6 < fast.mean() < 0.65
    easy = generate(subjects=20, repetitions=1)
    assert areas(easy, lambda aligned, n: where.distance(aligned, n, FRAMES)).mean() > 0.88
    assert areas(easy, lambda aligned, n: where.joint_speed(aligned, n, FRAMES)).mean() > 0.8


def test_it_is_a_data_set_like_the_easy_one(data):
    neutral.check(data, "synthetic-restless")
    assert data.class_names == CLASSES and len(data) == 20 * 11 and set(CLASSES) < set(ACTIONS)
    assert data.lengths.min() >= 90 and data.lengths.max() <= 150
    again = generate(subjects=3, repetitions=2, restless=True)
    for n in np.flatnonzero(data.subject <= 3):
        same = np.flatnonzero(again.name == data.name[n])[0]
        assert np.array_equal(again.sequence(same), data.sequence(n))
    assert not np.array_equal(generate(seed=1, subjects=1, repetitions=1, restless=True).joints[:90], data.joints[:90])


def test_the_easy_set_is_as_it_was():
    made = generate(seed=5, subjects=2, repetitions=1)
    assert len(made.joints) == 2735 and made.truth.sum() == 10251
    assert abs(made.joints.astype(float)).sum() == pytest.approx(245869.955, rel=1e-6)


def test_people_of_the_test_are_nobody_of_training(monkeypatch):
    made = generate(subjects=6, repetitions=1, restless=True)
    train, test = protocols.split(made, "half", 1)
    assert set(made.subject[train]) == {1, 3, 5} and set(made.subject[test]) == {2, 4, 6}
    few = {}
    monkeypatch.setattr(synthetic, "generate", lambda **arguments: few.update(arguments) or made)
    assert runs.load_data(runs.Source("synthetic-restless")) is made
    assert few == {"subjects": 80, "repetitions": 2, "restless": True}


@pytest.mark.parametrize("name", ACTIONS)
def test_truth_is_the_action_alone(name):
    """It lies within the action and its limb, however much else moves."""
    for key in range(6):
        joints, truth = perform(name, person(rng(key)), rng(key, 1), restless=True)
        assert truth.any() and not truth[:5].any() and not truth[-3:].any()
        carrying = {list(JOINTS)[joint] for joint in np.flatnonzero(truth.any(axis=0))}
        side = next((side for side in SIDES if side in name), "")
        if "kick" in name:
            assert carrying == {f"{side} {part}" for part in ("knee", "ankle", "foot")}
        elif side and "punch" not in name:  # a punch turns the trunk, which may carry the other arm along
            assert carrying == {f"{side} {part}" for part in ("elbow", "wrist", "hand", "hand tip", "thumb")}
        elif name == "nod":
            assert carrying == {"head"}
        moved = np.linalg.norm(np.ptp(joints, axis=0), axis=-1)
        others = [JOINTS[joint] for joint in ("left hand", "right hand", "left foot", "right foot", "head")]
        assert moved[others].min() > 0.15, "somebody stands still"


def test_in_each_class_all_move_alike():
    """How far hands, feet and head travel outside the action does not tell the class."""
    travelled = []
    for name in ACTIONS:
        of_class = []
        for key in range(12):
            joints, truth = perform(name, person(rng(key)), rng(key, 2), restless=True)
            still = ~truth.any(axis=1)
            step = np.linalg.norm(np.diff(joints, axis=0), axis=-1)[still[1:]]
            of_class.append(step[:, [JOINTS["left hand"], JOINTS["right hand"], JOINTS["head"]]].mean())
        travelled.append(np.mean(of_class))
    assert max(travelled) < 1.35 * min(travelled)


@pytest.mark.parametrize("who", REACHES)
def test_movements_stay_within_reach_and_come_to_it(who):
    low, high = 0.0, 0.0
    for key in range(30):
        angles = movements(who, 120, rng(key))
        for name, degrees in angles.items():
            assert name in MOTIONS and degrees.shape == (120,) and member(name) == who
            assert degrees[0] == 0, "nobody begins in the middle"
        if who == "legs":
            left, right = ([abs(angles[name]) for name in angles if name.startswith(side)] for side in SIDES)
            both = np.minimum(np.max(left, axis=0), np.max(right, axis=0))
            assert both.max() < 40, "at most they change, halfway to a knee of 75 degrees: one foot carries"
        some = "left knee flex" if who == "legs" else next(iter(REACHES[who]))
        low, high = min(low, angles[some].min()), max(high, angles[some].max())
    reach = REACHES[who][some.removeprefix("left ") if who == "legs" else some]
    assert reach[0] <= low and high <= reach[1] + 40 and high - low > 0.8 * (reach[1] - reach[0])


def test_who_acts_is_idle_meanwhile():
    action = {"right shoulder flex": np.ones(100), "neck bend": np.ones(100)}
    turns = restlessness(100, action, 40, 60, rng(3))
    arm, head, other = (JOINTS[name] for name in ("right elbow", "neck", "left elbow"))
    assert not turns[40:61, [arm, head]].any() and turns[40:61, other].any()
    assert turns[: 40 - CALM, arm].any() and turns[60 + CALM :, arm].any()
    assert np.abs(np.diff(turns, axis=0)).max() < np.radians(40), "nothing jumps"


def test_steps_are_on_the_floor():
    paths = np.stack([steps(150, rng(key)) for key in range(60)])
    assert not paths[:, 0].any() and not paths[..., 1].any()
    assert paths[:, 75:, [0, 2]].std() == pytest.approx(STEP, rel=0.15)
    assert np.linalg.norm(np.diff(paths, axis=1), axis=-1).max() < 0.2  # metres a frame


def test_every_motion_belongs_to_somebody():
    assert {member(motion) for motion in MOTIONS} == set(REACHES)
    assert pose(dict.fromkeys(REACHES["trunk"], 1.0), 1).any()


def test_the_set_is_fixed(data):
    """Whoever changes it makes other data, with which nothing measured here can be compared."""
    assert data.offsets[-1] == 26353
    assert abs(data.joints.astype(float)).sum() == pytest.approx(2468503.87, rel=1e-6)
    assert data.truth.sum() == pytest.approx(92909, rel=1e-3)
