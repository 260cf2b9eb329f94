"""The synthetic human: its body, its movements, the truth about them, and that the same seed gives the same bytes."""

import numpy as np
import pytest

from gca_scratch.data import neutral
from gca_scratch.data.skeleton import KINECT_V2
from gca_scratch.data.synthetic.actions import ACTIONS, FIDGETS, held, mirror, through
from gca_scratch.data.synthetic.kinematics import JOINTS, LIMBS, PARTS, SIDES, Body, bones, pose, stand
from gca_scratch.data.synthetic.people import generate, perform, person, place, sense, sway
from gca_scratch.support.errors import InputError

PHASE = np.linspace(0, 1, 90)
ARM, LEG = ("shoulder", "elbow", "wrist", "hand", "hand tip", "thumb"), ("hip", "knee", "ankle", "foot")
ONE_LIMB = {name: (ARM if "kick" not in name else LEG) for name in ACTIONS if "right" in name or "left" in name}
MIRROR_IMAGE = [JOINTS[name.replace("left", "*").replace("right", "left").replace("*", "right")] for name in JOINTS]


def rng(*key):
    return np.random.default_rng(key)


def someone(key):
    return person(rng(key))


def symmetric():
    bend = {f"{side} {joint} flex": degrees for side in SIDES for joint, degrees in (("knee", 5), ("hip", 2.5))}
    return Body(bones(1.7, dict.fromkeys(PARTS, 1.0)), pose(bend, 1)[0])


def act(body, action, beats=2, size=1.0):
    """Nothing but the action: no sway, no fidget."""
    return stand(body, body.resting + pose(action(PHASE, beats, size), len(PHASE)))


def joint(joints, name):
    return joints[:, JOINTS[name]]


@pytest.fixture(scope="module")
def data():
    return generate(seed=3, subjects=4)


@pytest.fixture(scope="module")
def performances():
    return {name: [perform(name, someone(key), rng(key, 1)) for key in range(8)] for name in ACTIONS}


def same(a, b):
    a, b = neutral.arrays_of(a), neutral.arrays_of(b)
    return a.keys() == b.keys() and all(a[key].tobytes() == b[key].tobytes() for key in a)


def test_is_valid_neutral_data(data):
    neutral.check(data, "synthetic")
    frames = data.offsets[-1]
    assert data.joints.shape == (frames, 1, 25, 3) and data.joints.dtype == np.float32
    assert data.truth.shape == (frames, 25) and data.truth.dtype == bool
    assert len(data) == 4 * len(ACTIONS) * 2 and data.class_names == tuple(ACTIONS)
    assert data.joint_names == KINECT_V2.joint_names and len(data.edges) == 24
    assert data.lengths.min() >= 60 and data.lengths.max() <= 120 and len(set(data.lengths)) > 20
    assert set(data.subject) == {1, 2, 3, 4} and set(data.repetition) == {1, 2}
    assert len(set(data.name)) == len(data)


def test_is_saved_and_loaded_as_it_is(tmp_path):
    made = generate(subjects=1, repetitions=1, classes=["bow"])
    neutral.save(tmp_path / "made.npz", made)
    assert same(made, neutral.load(tmp_path / "made.npz"))


def test_same_seed_same_bytes_other_seed_others(data):
    assert same(data, generate(seed=3, subjects=4))
    assert not np.array_equal(data.joints[:60], generate(seed=4, subjects=1).joints[:60])


def test_more_subjects_classes_or_repetitions_leave_the_others_alone(data):
    fewer = generate(seed=3, subjects=2)
    end = fewer.offsets[-1]
    assert np.array_equal(fewer.joints, data.joints[:end]) and np.array_equal(fewer.truth, data.truth[:end])
    other = generate(seed=3, subjects=2, repetitions=3, classes=["squat", "punch left"])
    for n, name in enumerate(data.name):
        matches = np.flatnonzero(other.name == name)
        if len(matches):
            assert np.array_equal(data.sequence(n), other.sequence(matches[0]))
    assert len(set(data.name) & set(other.name)) == 8


def test_every_sequence_is_drawn_afresh(data):
    assert len({data.sequence(n)[:60].tobytes() for n in range(len(data))}) == len(data)
    distances = {data.sequence(n)[:, 0, 0, 2].mean().round(2) for n in range(len(data))}
    assert len(distances) > 0.4 * len(data)  # of 200 centimetres: each sequence has a viewpoint of its own


@pytest.mark.parametrize(
    "arguments",
    [
        {"classes": ["bow", "moonwalk"]},
        {"classes": []},
        {"classes": ["bow", "bow"]},
        {"subjects": 0},
        {"subjects": 40000},
        {"repetitions": 0},
        {"seed": -1},
    ],
)
def test_bad_arguments_are_one_clear_sentence(arguments):
    with pytest.raises(InputError, match=r"moonwalk.*bow|choose among|give 1 to"):
        generate(**arguments)


def test_new_action_takes_a_few_lines(monkeypatch):
    def salute(phase, beats, size):
        up = held(phase)
        return {"right shoulder flex": 80 * size * up, "right shoulder rotate": 20 * up, "right elbow flex": 125 * up}

    monkeypatch.setitem(ACTIONS, "salute", (salute, 2.0))
    made = generate(subjects=2, classes=["salute"])
    carrying = {made.joint_names[j] for j in np.flatnonzero(made.truth.any(axis=0))}
    assert carrying == {f"right {part}" for part in ARM[1:]}


def test_bones_keep_their_length(performances):
    for name, takes in performances.items():
        for key, (joints, _) in enumerate(takes):
            lengths = np.linalg.norm(bones_of(joints), axis=-1)
            ours = np.linalg.norm(someone(key).body.bones, axis=-1)[[child for _, child in KINECT_V2.edges]]
            assert np.allclose(lengths, ours, rtol=0, atol=1e-12), name


def bones_of(joints):
    parents, children = np.array(KINECT_V2.edges).T
    return joints[:, children] - joints[:, parents]


@pytest.mark.parametrize("name", [name for name in ONE_LIMB if "right" in name])
def test_left_and_right_are_mirror_images(name):
    body = symmetric()
    right, left = (act(body, ACTIONS[which][0]) for which in (name, name.replace("right", "left")))
    assert np.allclose(right, left[:, MIRROR_IMAGE] * (-1, 1, 1), rtol=0, atol=1e-12)
    assert not np.allclose(right, left, atol=0.1)
    twice = mirror(mirror(ACTIONS[name][0]))
    assert np.array_equal(act(body, twice), right)


@pytest.mark.parametrize("name", ["clap", "bow", "squat", "nod"])
def test_two_sided_actions_are_their_own_mirror_image(name):
    joints = act(symmetric(), ACTIONS[name][0])
    assert np.allclose(joints, joints[:, MIRROR_IMAGE] * (-1, 1, 1), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ACTIONS)
def test_actions_and_fidgets_start_and_end_at_rest(name):
    for movement in (ACTIONS[name][0], *FIDGETS):
        for beats in (2, 3, 4):
            for angle in movement(np.array([0.0, 1.0]), beats, 1.1).values():
                assert np.abs(angle).max() < 1e-9


@pytest.mark.parametrize("name", ACTIONS)
def test_truth_lies_within_the_action(name, performances):
    for joints, truth in performances[name]:
        assert truth.shape == joints.shape[:2] and truth.any()
        assert not truth[:5].any() and not truth[-3:].any()
        carrying = {list(JOINTS)[j] for j in np.flatnonzero(truth.any(axis=0))}
        if name in ONE_LIMB:
            side = "left" if "left" in name else "right"
            assert carrying <= {f"{side} {part}" for part in ONE_LIMB[name]}
            assert f"{side} {'foot' if 'kick' in name else 'hand'}" in carrying
        elif name == "nod":
            assert carrying == {"head"}
        elif name == "clap":
            assert carrying <= {f"{side} {part}" for side in SIDES for part in ARM}
        else:
            assert {"head", "neck", "left shoulder", "right hand"} <= carrying
            assert not carrying & {"left foot", "right foot", "left ankle", "right ankle"}


def test_truth_names_the_frames_in_which_the_hand_is_up(performances):
    for joints, truth in performances["raise right arm"]:
        overhead = joint(joints, "right hand")[:, 1] > joint(joints, "head")[:, 1]
        assert overhead.any() and joint(truth, "right hand")[overhead].all()


def test_others_move_too_than_those_who_carry_the_action(performances):
    """A fidgeting limb travels further than the nodding head in some sequences, so that motion is no proof."""
    travels = [np.linalg.norm(np.ptp(joints, axis=0), axis=-1) for joints, _ in performances["nod"]]
    assert any(travel.max() > 1.5 * travel[JOINTS["head"]] for travel in travels)


@pytest.mark.parametrize("key", range(5))
def test_every_joint_sways_a_little_in_idle(key):
    body = someone(key).body
    spread = stand(body, body.resting + sway(90, rng(key))).std(axis=0)
    spread = np.linalg.norm(spread, axis=-1)
    assert spread.min() > 0.001 and spread.max() < 0.08


def soles(joints, stature_bones):
    """Heights of ankles and toes above where they are when the foot stands flat, (frames, 4)."""
    heights = []
    for side in SIDES:
        ankle = -stature_bones[JOINTS[f"{side} ankle"], 1] * 0.039 / -LIMBS["ankle"][1][1]
        toes = ankle + stature_bones[JOINTS[f"{side} foot"], 1]
        heights += [joint(joints, f"{side} ankle")[:, 1] - ankle, joint(joints, f"{side} foot")[:, 1] - toes]
    return np.stack(heights, axis=1)


@pytest.mark.parametrize("name", ACTIONS)
def test_feet_stay_on_the_floor(name, performances):
    for key, (joints, _) in enumerate(performances[name]):
        assert np.abs(soles(joints, someone(key).body.bones).min(axis=1)).max() < 1e-9
        assert joints[..., 1].min() > 0


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("key", range(3))
def test_feet_that_carry_do_not_slide_or_lift(name, key):
    who = someone(key)
    joints = act(who.body, ACTIONS[name][0], size=who.size)
    lifted = {"kick right": ("right",), "kick left": ("left",)}.get(name, ())
    for side in SIDES:
        if side not in lifted:
            foot = joints[:, [JOINTS[f"{side} ankle"], JOINTS[f"{side} foot"]]]
            assert np.linalg.norm(foot - foot[0], axis=-1).max() < 0.03


def test_squat_goes_down_and_bow_bends():
    squatting, bowing = (act(symmetric(), ACTIONS[name][0]) for name in ("squat", "bow"))
    assert np.ptp(joint(squatting, "spine base")[:, 1]) > 0.25
    assert np.ptp(joint(bowing, "spine base")[:, 1]) < 0.05
    assert (joint(bowing, "head") - joint(bowing, "spine base"))[45, 2] < -0.4


@pytest.mark.parametrize("name", ACTIONS)
def test_knees_and_elbows_bend_the_human_way(name, performances):
    for joints, _ in performances[name]:
        for side in SIDES:
            thigh = joint(joints, f"{side} knee") - joint(joints, f"{side} hip")
            shank = joint(joints, f"{side} ankle") - joint(joints, f"{side} knee")
            assert (np.arctan2(shank[:, 2], -shank[:, 1]) > np.arctan2(thigh[:, 2], -thigh[:, 1])).all()


@pytest.mark.parametrize("side", SIDES)
def test_drinking_hand_comes_to_the_mouth(side, performances):
    for joints, _ in performances[f"drink {side} hand"]:
        mouth = joint(joints, "head") + (0, -0.05, -0.12)
        distance = np.linalg.norm(joint(joints, f"{side} hand") - mouth, axis=-1)
        assert distance.min() < 0.15 and distance[0] > 0.4


def test_clapping_hands_come_together(performances):
    for joints, _ in performances["clap"]:
        apart = np.linalg.norm(joint(joints, "left hand") - joint(joints, "right hand"), axis=-1)
        assert apart.min() < 0.16 and apart[0] > 0.3


def test_subjects_are_different_people():
    statures = [
        np.linalg.norm(person(rng(key)).body.bones[[JOINTS["right knee"], JOINTS["right ankle"]]], axis=-1).sum()
        / 0.491
        for key in range(200)
    ]
    assert 1.35 < min(statures) < 1.6 and 1.85 < max(statures) < 2.1
    paces = np.array([[someone(key).pace[side] for side in SIDES] for key in range(200)])
    assert paces.min() > 0.5 and (paces[:, 1] > paces[:, 0]).mean() == pytest.approx(0.77, abs=0.1)


def test_camera_sees_the_person_turned_and_at_a_distance():
    joints = act(symmetric(), ACTIONS["bow"][0])
    roots, facing = [], []
    for key in range(200):
        seen = place(joints, rng(key))
        assert np.allclose(np.linalg.norm(bones_of(seen), axis=-1), np.linalg.norm(bones_of(joints), axis=-1))
        assert np.allclose(np.diff(seen[:, :, 1], axis=0), np.diff(joints[:, :, 1], axis=0))
        across = seen[0, JOINTS["right hip"]] - seen[0, JOINTS["left hip"]]
        facing.append(np.degrees(np.arctan2(across[2], across[0])))
        roots.append(seen[0, 0])
    roots, facing = np.array(roots), np.array(facing)
    assert 1.9 < roots[:, 2].min() < 2.2 and 3.8 < roots[:, 2].max() < 4.1
    assert -45 <= facing.min() < -40 and 40 < facing.max() <= 45


def test_sensor_adds_a_centimetre_and_glitches_at_the_hands():
    error = sense(np.zeros((4000, 25, 3)), rng(1))
    middle = np.median(np.abs(error), axis=(0, 2)) / 0.6745
    assert np.allclose(middle, 0.01, atol=0.001)
    far = (np.abs(error) > 0.06).mean(axis=(0, 2))
    assert far[JOINTS["left hand"]] > 4 * far[JOINTS["spine mid"]] and 0 < far[JOINTS["right foot"]] < 0.03


def test_curves_pass_their_keys_and_rest_there():
    keys = (0, 0), (0.3, -20), (0.55, 60), (1, 0)
    times, values = np.array(keys).T
    assert np.allclose(through(times, *keys), values)
    assert np.allclose(through(times[1:-1] + 1e-4, *keys), values[1:-1], atol=1e-3)
    assert np.array_equal(through(np.array([-1.0, 2.0]), *keys), [0, 0])
