"""At which number a body is no person's, a side or a vertical is doubted, a hand counts: a bit less, a bit more."""

import dataclasses

import numpy as np
import pytest

from gca_scratch.data.centred import with_places
from gca_scratch.data.meaning import Fact, Meaning, known
from gca_scratch.data.mirror import one_handed
from gca_scratch.data.noise import noisy
from gca_scratch.data.parts import cut
from gca_scratch.data.proportions import complaints
from gca_scratch.data.stance import doubts
from gca_scratch.data.upright import with_vertical
from gca_scratch.support.errors import InputError
from tests.data.test_stance import SAYS_Y, changed
from tests.data.test_upright import TURNS, turned
from tests.helpers.people import PERSON, people, with_joints
from tests.helpers.tiny import skeletons

KINECT = people(subjects=2, repetitions=1)
NAMES = list(PERSON)


def person(torso=0.5, legs=(0.8, 0.8), arms=(0.5, 0.5), shoulders=0.35, depth=0.12):
    """Joints (20, 3) of somebody upright, in metres; legs and arms: left and right, in two equal bones."""
    top = 0.9 + torso
    places = {"hip center": (0, 0.9, 0), "spine": (0, 0.9 + torso / 5, 0), "shoulder center": (0, top, 0),
              "head": (0, top + 0.2, 0)}  # fmt: skip
    for side, sign, leg, arm in zip(("left", "right"), (1, -1), legs, arms, strict=True):
        x, hip = sign * shoulders / 2, sign * 0.1
        places |= {f"{side} shoulder": (x, top, 0), f"{side} elbow": (x, top - arm / 2, 0)}
        places |= {f"{side} wrist": (x, top - arm, 0), f"{side} hand": (x, top - arm - 0.08, 0)}
        places |= {f"{side} hip": (hip, 0.9, 0), f"{side} knee": (hip, 0.9 - leg / 2, 0)}
        places |= {f"{side} ankle": (hip, 0.9 - leg, 0), f"{side} foot": (hip, 0.9 - leg, depth)}
    return np.array([places[name] for name in NAMES])


def said_of(body, **more):
    """Complaints on a data set in which everybody is like that in all frames."""
    return complaints(with_joints(KINECT, np.tile(body, (len(KINECT.joints), 1, 1, 1)), **more), "x")


def one_sequence(joints, meaning=Meaning()):  # noqa: B008  of a frozen class
    """A data set of a single sequence, joints (frames, 20, 3)."""
    one = {"label": KINECT.label[:1], "subject": KINECT.subject[:1], "name": KINECT.name[:1], "repetition": None}
    offsets = np.array([0, len(joints)], np.int64)
    return with_joints(KINECT, np.asarray(joints)[:, None], offsets=offsets, meaning=meaning, **one)


def test_somebody_like_that_is_a_person():
    assert said_of(person()) == []


@pytest.mark.parametrize(("what", "low", "high"), [("legs", 0.4, 1.35), ("arms", 0.25, 1.0), ("shoulders", 0.1, 1.0)])
def test_limbs_and_shoulders_by_a_torso_of_half_a_metre(what, low, high):
    for length, told in ((low - 0.005, True), (low + 0.005, False), (high - 0.005, False), (high + 0.005, True)):
        found = said_of(person(**{what: length if what == "shoulders" else (length, length)}))
        assert bool(found) == told and all(f"the {what} are" in said for said in found), (length, found)


@pytest.mark.parametrize(("torso", "told"), [(0.215, True), (0.225, False), (0.795, False), (0.805, True)])
def test_how_long_a_torso_is_in_metres(torso, told):
    factor = torso / 0.5
    found = said_of(factor * person())
    assert bool(found) == told and all("the torso would be" in said for said in found)
    assert said_of(factor * person(), meaning=Meaning()) == []


@pytest.mark.parametrize(("times", "told"), [(1.48, False), (1.52, True)])
def test_how_much_longer_one_side_may_be(times, told):
    for arms in ((0.5, 0.5 * times), (0.5 * times, 0.5)):
        found = said_of(person(arms=arms))
        assert bool(found) == told and all("the limbs of one side are longer" in said for said in found)
    forearm = person()
    forearm[[NAMES.index("left wrist"), NAMES.index("left hand")], 1] -= 0.5
    assert not any("of one side" in said for said in said_of(forearm))  # one bone of eight is no side


@pytest.mark.parametrize(("depth", "told"), [(0.029, True), (0.031, False)])
def test_how_thin_a_body_is_flat(depth, told):
    """A fiftieth of a metre and a half."""
    found = said_of(person(depth=depth))
    assert bool(found) == told and all("the same z" in said for said in found)


@pytest.mark.parametrize("frames", [9, 11])
def test_a_body_is_flat_if_it_is_in_most_frames(frames):
    """However far a joint strays in the others."""
    joints = np.tile(person(depth=0.0), (20, 1, 1))
    joints[frames:, NAMES.index("left hand"), 2] = 5
    assert any("the same z" in said for said in complaints(one_sequence(joints), "x")) == (frames > 10)


def varying(share, names=NAMES, body=person()):  # noqa: B008
    """60 frames, in a third of which those joints are nearer to the joint before them by that share, or farther."""
    parents = {name: parent for name, (parent, _) in PERSON.items()}
    joints = np.tile(body, (60, 1, 1))
    for frames, factor in ((slice(20), 1 - share), (slice(40, 60), 1 + share)):
        for name in NAMES:  # parents come first
            if parents[name]:
                a, b = NAMES.index(parents[name]), NAMES.index(name)
                joints[frames, b] = joints[frames, a] + (factor if name in names else 1) * (body[b] - body[a])
    return one_sequence(joints)


@pytest.mark.parametrize(("share", "told"), [(0.24, False), (0.26, True)])
def test_how_much_a_bone_may_vary(share, told):
    assert any("bones change" in said for said in complaints(varying(share), "x")) == told


def test_how_many_bones_may_vary():
    """A quarter of the nineteen."""
    ends = ["left hand", "right hand", "left foot", "right foot", "head"]
    assert any("bones change" in said for said in complaints(varying(0.5, ends), "x"))
    assert not any("bones change" in said for said in complaints(varying(0.5, ends[:4]), "x"))


@pytest.mark.parametrize(("factor", "told"), [(2.95, False), (3.05, True), (1 / 2.95, False), (1 / 3.05, True)])
def test_how_much_larger_than_most_somebody_may_be(factor, told):
    joints = np.tile(person(), (len(KINECT.joints), 1, 1, 1))
    joints[KINECT.offsets[3] : KINECT.offsets[4]] *= factor
    found = complaints(with_joints(KINECT, joints), "x")
    assert bool(found) == told and all("1 of 6 sequences show people of another size" in said for said in found)


@pytest.mark.parametrize(("legs", "told"), [(1.61, False), (1.63, True)])
def test_a_low_neck_of_two_joints_allows_a_fifth_more(legs, told):
    """2.7 times 1.2 is 3.24, of a torso of half a metre up to the second joint of the neck."""
    body = np.concatenate([person(legs=(legs, legs)), [[0, 1.4, 0]]])
    body[NAMES.index("shoulder center"), 1] = 1.2
    names = (*("Neck" if name == "shoulder center" else name for name in NAMES), "Neck1")
    edges = np.concatenate([KINECT.edges, np.array([[NAMES.index("shoulder center"), 20]], np.int16)])
    found = said_of(body, joint_names=names, edges=edges)
    assert any("the legs are" in said for said in found) == told


# --- verticals and sides ----------------------------------------------------------------------------------------------

MANY = people(SAYS_Y, subjects=10)  # 60 sequences


@pytest.mark.parametrize(("count", "told"), [(2, False), (3, True)])
def test_a_twentieth_of_the_sequences_is_worth_a_word(count, told):
    mirrored = MANY.joints * np.float32([-1, 1, 1])
    for other, word in ((turned(MANY, "+z").joints, "another axis"), (mirrored, "the left of people")):
        found = doubts(changed(MANY, range(count), other), "x")
        assert bool(found) == told and all(f"{count} of 60 sequences" in said and word in said for said in found)


def standing(**frames):
    """Joints (20, 20, 3) of somebody in so many frames along each of those axes."""
    body = np.array([place for _, place in PERSON.values()])
    turns = [TURNS[{"y": "+y", "z": "+z", "x": "+x"}[axis]] for axis, count in frames.items() for _ in range(count)]
    return np.stack([body @ np.array(turn).T for turn in turns])


@pytest.mark.parametrize(
    ("frames", "told"),
    [({"z": 18, "x": 2}, True), ({"z": 17, "x": 3}, False), ({"z": 19, "y": 1}, True), ({"z": 18, "y": 2}, False)],
)
def test_who_is_along_another_axis_is_so_in_nine_of_ten_frames_and_hardly_ever_upright(frames, told):
    others = [standing(y=20)] * 4
    found = doubts(several([standing(**frames)] * 2 + others), "x")
    assert bool(found) == told and all("2 of 6 sequences" in said for said in found)


def several(sequences):
    """A data set of those sequences (20, 20, 3), each by a subject of its own."""
    n = len(sequences)
    numbers = {"label": np.zeros(n, np.int16), "subject": np.arange(1, n + 1, dtype=np.int16)}
    return with_joints(
        KINECT, np.concatenate(sequences)[:, None], offsets=20 * np.arange(n + 1, dtype=np.int64),
        name=np.array([f"s{k}" for k in range(n)]), repetition=None, meaning=SAYS_Y, **numbers,
    )  # fmt: skip


def test_a_vertical_is_doubted_where_six_of_ten_agree_on_another_and_hardly_any_on_this():
    y, z, x = (standing(**{axis: 20}) for axis in "yzx")
    whole = "heads are above the feet along +z, but +y points up"
    assert whole in doubts(several(19 * [z] + [y]), "x")[0] and whole not in doubts(several(18 * [z] + 2 * [y]), "x")[0]
    assert whole in doubts(several(12 * [z] + 8 * [x]), "x")[0]
    assert whole not in doubts(several(11 * [z] + 9 * [x]), "x")[0]


@pytest.mark.parametrize(("count", "told"), [(16, False), (17, True)])
def test_sides_are_exchanged_in_more_than_four_of_five_frames(count, told):
    joints = standing(y=20)
    joints[:count, :, 0] *= -1
    found = doubts(one_sequence(joints, SAYS_Y), "x")
    assert bool(found) == told and all("by their feet, the left of people is on their right" in said for said in found)


@pytest.mark.parametrize(("count", "found"), [(9, Fact()), (10, Fact("+z", "guess"))])
def test_ten_people_far_from_the_floor_cannot_all_lie(count, found):
    data = people(Meaning())
    away = with_joints(data, turned(data, "+z").joints + np.float32([3, 5, -2]))
    assert with_vertical(cut(away, range(count))).meaning.up == found


@pytest.mark.parametrize(("count", "found"), [(12, Fact("+z", "guess")), (11, Fact())])
def test_six_of_ten_of_them_have_to_agree(count, found):
    z, x = (standing(**{axis: 20}) + (3, 5, -2) for axis in "zx")
    data = dataclasses.replace(several(count * [z] + (20 - count) * [x]), meaning=Meaning())
    assert with_vertical(data).meaning.up == found


# --- hands, hips, metres ----------------------------------------------------------------------------------------------


def waving(right, left=1.0):
    """Sequences of tiny.BODY in which the hands go up by so much, sequence by sequence of `right`."""
    data = skeletons(subjects=len(right), repetitions=1)
    data = dataclasses.replace(data, joints=np.zeros_like(data.joints))
    for n in range(len(data)):
        sequence = data.sequence(n)
        sequence[:] = np.arange(1, 7)[:, None]
        for joint, size in ((2, left), (3, right[n // 3])):
            sequence[:, 0, joint, 1] += size * np.linspace(0, 1, len(sequence))
    return data


@pytest.mark.parametrize(("right", "share"), [(1.29, 0.5), (1.33, 1.0)])
def test_a_hand_counts_that_moves_half_as_much_again_as_the_other(right, share):
    """Beside the middle of the six joints: (5 r - 1) / (5 - r) is 1.5 where r is 1.31."""
    assert one_handed(waving([right] * 4), np.arange(12)) == share


@pytest.mark.parametrize(("clear", "of", "share"), [(5, 20, 1.0), (4, 17, 0.5)])
def test_a_quarter_of_the_sequences_is_enough(clear, of, share):
    assert one_handed(waving([5.0] * clear + [1.0] * (of - clear)), np.arange(3 * of)) == share


@pytest.mark.parametrize(("near", "found"), [(0.25, True), (0.26, False)])
def test_a_hip_is_at_the_origin_if_the_joints_beside_it_are_nearer_than_a_quarter_of_the_body(near, found):
    """Of the diagonal of a body of 0.2 by 1: 0.255."""
    data = skeletons(truth=False)
    body = [(0, 0, 0), (0, 3 * near, 0), (0, 1, 0), (0, 1, 0), (-0.1, 0, 0), (0.1, 0, 0)]
    made, said = with_places(with_joints(data, np.tile(body, (len(data.joints), 1, 1, 1))))
    assert (made.meaning.zeros.value == "positions") == bool(said) == found


@pytest.mark.parametrize(("extent", "metres"), [(0.29, False), (0.31, True), (3.99, True), (4.01, False)])
def test_a_person_measures_thirty_centimetres_to_four_metres(extent, metres):
    data = skeletons(truth=False)
    joints = np.zeros_like(data.joints)
    joints[:, :, 1] = (0, 0.6 * extent, 0.8 * extent)
    data = with_joints(data, joints, meaning=known(up="+y", unit="m"))
    if metres:
        assert noisy(data, 0.01).joints.std() > 0
    else:
        with pytest.raises(InputError, match="from end to end"):
            noisy(data, 0.01)


def test_a_hand_moves_in_all_directions_at_once():
    """Right 1.1 to the side and up, left 1 up: 1.75 times as far beside the middle of the body, along one axis 1.4."""
    data = waving([1.1] * 4)
    for n in range(len(data)):
        data.sequence(n)[:, 0, 3, 0] += 1.1 * np.linspace(0, 1, data.lengths[n])
    assert one_handed(data, np.arange(12)) == 1.0


def test_of_an_arm_the_joint_counts_that_moves_most():
    """A right hand that goes far, beside a whole left arm that trembles, is a right hand."""
    data = people(subjects=4, repetitions=1)
    data.joints[:] = np.array([place for _, place in PERSON.values()], np.float32)
    left = [
        n
        for n, name in enumerate(PERSON)
        if name.startswith("left") and name.split()[1] not in ("hip", "knee", "ankle", "foot")
    ]
    for n in range(len(data)):
        up = np.linspace(0, 1, data.lengths[n])
        data.sequence(n)[:, 0, NAMES.index("right hand"), 1] += up
        if n % 2:
            data.sequence(n)[:, 0, left, 1] += 0.8 * up[:, None]
    assert one_handed(data, np.arange(len(data))) == 1.0
