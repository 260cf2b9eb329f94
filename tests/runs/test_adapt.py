"""Other people's recordings before a network: its joints, axes, unit and persons, and a sentence for each change."""

import dataclasses

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.data.meaning import Meaning, known
from gca_scratch.data.skeleton import KINECT_V2
from gca_scratch.runs.adapt import adapted, with_classes
from gca_scratch.runs.known import known_of
from gca_scratch.support.errors import InputError
from tests.helpers.people import FACING, MEANING, PERSON, people, with_joints
from tests.helpers.tiny import of_layout

DATA = people(subjects=2, repetitions=1)
NAMES = list(PERSON)
NO_VALIDATION = dataclasses.replace(FACING, validation=0)


def network_of(data, settings=NO_VALIDATION):
    """What a network knows that was trained on these data."""
    return known_of(runs.make_split(data, runs.Source("npz", "x.npz"), settings), "")


KNOWN = network_of(DATA)
LYING = with_joints(DATA, DATA.joints[..., [1, 2, 0]])  # along x, which nobody calls the vertical


def fit(data, known=KNOWN, settings=NO_VALIDATION):
    return adapted(data, known, settings, "new.npz")


def refused(data, *words, known=KNOWN):
    with pytest.raises(InputError) as caught:
        fit(data, known)
    message = str(caught.value)
    assert "\n" not in message and "new.npz" in message and all(word in message for word in words), message


def renamed(data, **names):
    """The data with other names: old="new", blanks for underscores."""
    old = {key.replace("_", " "): value for key, value in names.items()}
    return dataclasses.replace(data, joint_names=tuple(old.get(name, name) for name in data.joint_names))


def without(data, *names):
    """The data without joints; what hung from one hangs from the next one towards the hip, or else from the first."""
    kept = [n for n, name in enumerate(data.joint_names) if name not in names]
    parents = dict(data.edges[:, ::-1].tolist())
    edges = []
    for n in kept:
        parent = parents.get(n)
        while parent is not None and parent not in kept:
            parent = parents.get(parent)
        if n != kept[0]:
            edges.append((kept.index(kept[0] if parent is None else parent), kept.index(n)))
    joint_names = tuple(data.joint_names[n] for n in kept)
    return with_joints(data, data.joints[:, :, kept], joint_names=joint_names, edges=np.array(edges, np.int16))


def test_what_fits_is_left_alone():
    found = fit(DATA)
    assert found.said == [] and found.data.joints is DATA.joints
    assert found.data.class_names == DATA.class_names and found.data.label is DATA.label
    assert found.data.meaning == DATA.meaning


# --- joints -----------------------------------------------------------------------------------------------------------


def test_joints_in_another_order():
    order = [19 - n for n in range(20)]
    edges = (19 - DATA.edges).astype(np.int16)
    other = with_joints(DATA, DATA.joints[:, :, order], joint_names=tuple(NAMES[n] for n in order), edges=edges)
    found = fit(other)
    np.testing.assert_array_equal(found.data.joints, DATA.joints)
    assert found.data.joint_names == tuple(NAMES) and found.data.edges.tolist() == DATA.edges.tolist()
    assert len(found.said) == 1 and found.said[0].startswith("new.npz: the joints have other names, another order")


def test_joints_of_other_names_in_the_same_order_need_no_word():
    other = renamed(DATA, hip_center="HipCenter", left_hand="HandLeft", right_knee="KneeRight", head="Head")
    found = fit(other)
    assert found.said == [] and found.data.joints is DATA.joints and found.data.joint_names == tuple(NAMES)


def test_a_kinect_of_the_second_kind_before_a_network_of_the_first():
    """25 joints before 20: each takes the place of its name, and the five that are more are left out."""
    data = people(body=of_layout(KINECT_V2), subjects=2, repetitions=1)
    found = fit(data)
    place = list(data.joint_names).index
    for joint, name in enumerate(NAMES):
        other = {"hip center": "spine base", "spine": "spine mid", "shoulder center": "spine shoulder"}.get(name, name)
        np.testing.assert_array_equal(found.data.joints[:, :, joint], data.joints[:, :, place(other)], name)
    assert found.said == [
        "new.npz: the joints have other names, another order, or are more; names match them"
    ]  # fmt: skip


def test_a_missing_joint_lies_between_its_neighbours_and_is_named():
    found = fit(without(DATA, "spine", "left foot", "right wrist"))
    said = "new.npz: 'spine', 'right wrist', 'left foot' are missing and are filled in from the neighbours"
    assert found.said == [said]
    place = NAMES.index

    def joint(name):
        return DATA.joints[:, :, place(name)]

    middle = (joint("hip center") + joint("shoulder center")) / 2
    np.testing.assert_allclose(found.data.joints[:, :, place("spine")], middle, atol=1e-6)
    np.testing.assert_allclose(
        found.data.joints[:, :, place("right wrist")], (joint("right elbow") + joint("right hand")) / 2, atol=1e-6
    )
    np.testing.assert_array_equal(found.data.joints[:, :, place("left foot")], joint("left ankle"))
    assert fit(without(DATA, "head")).said == ["new.npz: 'head' is missing and is filled in from the neighbours"]


def test_up_to_a_quarter_may_be_missing():
    arm = ["elbow", "wrist", "hand"]
    five = [*(f"left {part}" for part in arm), "right foot", "left foot"]
    assert "are missing and are filled in" in fit(without(DATA, *five)).said[0]
    refused(without(DATA, *five, "right hand"), "6 of the 20 joints are missing, more than a quarter", "'right foot'")


def test_without_a_hip_nothing_is_said_of_a_body():
    odd = renamed(DATA, hip_center="aaa", left_hip="bbb", right_hip="ccc")
    refused(odd, "the hip 'hip center' is not among the joints")


def test_a_hip_is_made_of_both_hips():
    found = fit(without(DATA, "hip center"))
    left, right = (DATA.joints[:, :, NAMES.index(name)] for name in ("left hip", "right hip"))
    np.testing.assert_allclose(found.data.joints[:, :, 0], (left + right) / 2, atol=1e-6)
    assert any("the middle of 'left hip' and 'right hip'" in said for said in found.said)


def test_absent_joints_stay_absent_and_persons_who_are_away_stay_away():
    joints = DATA.joints.copy()
    joints[1, 0, 5] = np.nan
    joints[2, 0, 6] = 0
    joints[3] = 0
    order = [*range(1, 20), 0]
    place = np.argsort(order)
    edges = place[DATA.edges].astype(np.int16)
    other = with_joints(DATA, joints[:, :, order], joint_names=tuple(NAMES[n] for n in order), edges=edges)
    found = fit(other).data.joints
    assert np.isnan(found[1, 0, 5]).all() and (found[2, 0, 6] == 0).all() and (found[3] == 0).all()
    assert np.isnan(found).sum() == 3


# --- axes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("up", "of_y_up"),  # the rows: x, y and z of the file as multiples of x, y and z of axes with y up
    [
        ("-y", [[-1, 0, 0], [0, -1, 0], [0, 0, 1]]),
        ("+z", [[1, 0, 0], [0, 0, -1], [0, 1, 0]]),
        ("-z", [[1, 0, 0], [0, 0, 1], [0, -1, 0]]),
        ("+x", [[0, 1, 0], [-1, 0, 0], [0, 0, 1]]),
        ("-x", [[0, -1, 0], [1, 0, 0], [0, 0, 1]]),
    ],
)
def test_every_vertical_becomes_that_of_the_network(up, of_y_up):
    """The matrices have the determinant 1, so they turn and do not reflect; about the vertical all turns are alike."""
    assert np.linalg.det(of_y_up) == pytest.approx(1)
    other = with_joints(DATA, DATA.joints @ np.array(of_y_up, np.float32).T)
    found = fit(dataclasses.replace(other, meaning=known(up=up, unit="m", hand="right", rate="25")))
    assert found.said == [f"new.npz is turned: {up} points up there, +y before the network"]
    assert_turned_about_y(found.data.joints)


def assert_turned_about_y(joints):
    """The joints are DATA's, turned about the vertical: heights are the same, and one turn of x and z leads there."""
    np.testing.assert_allclose(joints[..., 1], DATA.joints[..., 1], atol=1e-6)
    plane = [np.array(each[..., 0] + 1j * each[..., 2]).ravel() for each in (joints, DATA.joints)]
    turn = (plane[0] * plane[1].conj()).sum() / (abs(plane[1]) ** 2).sum()
    assert abs(turn) == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(plane[0], turn * plane[1], atol=1e-5)


def test_left_handed_axes_are_reflected():
    other = with_joints(DATA, DATA.joints * np.float32([-1, 1, 1]))
    found = fit(dataclasses.replace(other, meaning=known(up="+y", unit="m", hand="left", rate="25")))
    assert_turned_about_y(found.data.joints)
    assert found.said == ["new.npz has left-handed axes and is reflected to the right-handed ones of the network"]
    swapped = with_joints(DATA, DATA.joints[..., [0, 2, 1]])  # z up by exchanging two axes
    found = fit(dataclasses.replace(swapped, meaning=known(up="+z", unit="m", hand="left", rate="25")))
    assert_turned_about_y(found.data.joints)
    assert found.data.meaning.hand.value == "right" and found.data.meaning.up.value == "+y"


def test_a_vertical_that_nobody_tells_is_that_of_the_network():
    found = fit(dataclasses.replace(LYING, meaning=known(unit="m", hand="right")))
    assert found.said == [
        "nothing tells which axis of new.npz points up; +y, the network's, is assumed (--up)"
    ]  # fmt: skip
    assert found.data.joints is LYING.joints and found.data.meaning.up == ("+y", "guess")
    left = fit(dataclasses.replace(LYING, meaning=known(unit="m", hand="left"))).data.joints
    np.testing.assert_allclose(left[..., 1], LYING.joints[..., 1], atol=1e-6)  # as high, and a mirror image
    shapes = [each[0, 0] - each[0, 0, :1] for each in (left, LYING.joints)]
    volumes = [np.linalg.det(shape[[4, 12, 2]].astype(float)) for shape in shapes]
    assert volumes[0] == pytest.approx(-volumes[1], abs=1e-6) and abs(volumes[0]) > 1e-4


def test_a_network_that_was_not_told_its_vertical_turns_what_tells_its_own():
    untold = network_of(dataclasses.replace(DATA, meaning=Meaning()))
    assert untold.up == "+y"
    other = with_joints(DATA, DATA.joints[..., [2, 0, 1]], meaning=known(up="+z", source="user"))
    assert_turned_about_y(fit(other, untold).data.joints)


def test_what_is_absent_is_not_turned_into_a_place():
    joints = DATA.joints[..., [2, 0, 1]].copy()
    joints[0, 0, 3] = 0
    joints[1, 0, 4, 0] = np.nan
    found = fit(with_joints(DATA, joints, meaning=known(up="+z", unit="m", hand="right"))).data.joints
    assert (found[0, 0, 3] == 0).all() and not np.signbit(found[0, 0, 3]).any() and np.isnan(found[1, 0, 4]).any()


def test_a_joint_anywhere_else_than_at_the_origin_is_turned():
    joints = DATA.joints * np.float32([1, -1, -1])
    joints[0, 0, 3] = -1
    found = fit(with_joints(DATA, joints, meaning=known(up="-y", unit="m", hand="right"))).data.joints
    assert found[0, 0, 3, 1] == 1 and np.abs(found[0, 0, 3]).tolist() == [1, 1, 1]


# --- unit -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("unit", "metres"), [("cm", 0.01), ("mm", 0.001), ("in", 0.0254)])
def test_another_unit_becomes_that_of_the_network(unit, metres):
    other = with_joints(DATA, DATA.joints / metres, meaning=known(up="+y", unit=unit, hand="right", rate="25"))
    found = fit(other)
    np.testing.assert_allclose(found.data.joints, DATA.joints, atol=1e-5)
    assert found.said == [f"new.npz is brought from {unit} to m"] and found.data.meaning.unit.value == "m"
    torso = dataclasses.replace(NO_VALIDATION, torso_scale=True)
    assert fit(other, settings=torso).said == [] and fit(other, settings=torso).data.joints is other.joints


def test_a_unit_that_nobody_tells_is_told():
    nobody_tells = dataclasses.replace(DATA, meaning=known(up="+y", hand="right"))
    found = fit(nobody_tells)
    assert found.said == ["the unit of new.npz is unknown, that of the network m (--unit)"]
    assert found.data.joints is DATA.joints
    assert fit(DATA, network_of(nobody_tells)).said == [
        "the unit of new.npz is m, that of the network unknown (--unit)"
    ]  # fmt: skip
    assert fit(nobody_tells, network_of(nobody_tells)).said == []


def test_axes_unit_and_joints_at_once():
    joints = DATA.joints[:, :, ::-1][..., [2, 0, 1]] * 100
    edges = (19 - DATA.edges).astype(np.int16)
    other = with_joints(DATA, joints, joint_names=tuple(NAMES[::-1]), edges=edges, meaning=known(up="+z", unit="cm"))
    found = fit(other)
    assert_turned_about_y(found.data.joints)
    assert len(found.said) == 3


# --- persons ----------------------------------------------------------------------------------------------------------


def two(first, second):
    return with_joints(DATA, np.stack([first[:, 0], second[:, 0]], axis=1))


def test_a_second_person_who_is_never_there_is_no_person():
    found = fit(two(DATA.joints, np.zeros_like(DATA.joints)))
    assert found.said == []
    np.testing.assert_array_equal(found.data.joints, DATA.joints)
    found = fit(two(np.full_like(DATA.joints, np.nan), DATA.joints))
    assert found.said == []
    np.testing.assert_array_equal(found.data.joints, DATA.joints)


def test_of_two_persons_the_one_who_stays_is_taken():
    passing = DATA.joints.copy() + 1
    passing[1::2] = 0
    for joints in (two(DATA.joints, passing), two(passing, DATA.joints)):
        found = fit(joints)
        assert found.said == ["new.npz shows 2 persons and the network knows 1 person; who stays is taken"]
        np.testing.assert_array_equal(found.data.joints, DATA.joints)


def test_who_stays_is_found_in_each_sequence_for_itself():
    """In some sequences the person is in the first place, in others in the second, as trackers have it."""
    first, second = DATA.joints.copy(), DATA.joints.copy()
    for n in range(len(DATA)):
        (first if n % 3 else second)[DATA.offsets[n] : DATA.offsets[n + 1]] = 0
    found = fit(two(first, second))
    np.testing.assert_array_equal(found.data.joints, DATA.joints)
    assert found.said == []  # nobody is left out


@pytest.mark.parametrize("often", [(3, 1, 2), (1, 2, 3), (2, 3, 1), (2, 2, 2)])
def test_those_who_stay_keep_their_order(often):
    """Of three persons the two who are there most, in the places in which the recording has them."""
    bodies = []
    for person, times in enumerate(often):
        body = DATA.joints + person
        body[np.arange(len(body)) % 3 >= times] = 0
        bodies.append(body)
    found = fit(with_joints(DATA, np.concatenate(bodies, axis=1)), network_of(two(DATA.joints, DATA.joints + 1)))
    kept = sorted(sorted(range(3), key=lambda person: -often[person])[:2])
    np.testing.assert_array_equal(found.data.joints, np.concatenate([bodies[person] for person in kept], axis=1))
    assert found.said == ["new.npz shows 3 persons and the network knows 2 persons; who stays is taken"]


def test_persons_who_are_missing_are_absent():
    pair = network_of(two(DATA.joints, DATA.joints + 1))
    found = fit(DATA, pair)
    assert found.said == [] and found.data.joints.shape[1] == 2
    np.testing.assert_array_equal(found.data.joints[:, :1], DATA.joints)
    assert (found.data.joints[:, 1] == 0).all()


def test_the_network_keeps_its_meaning():
    assert KNOWN.means == MEANING and KNOWN.persons == 1


@pytest.mark.parametrize("more", [5, 6])
def test_classes_without_a_sequence_are_named_up_to_five(more):
    names = [f"class {letter}" for letter in "abcdefg"[:more]]
    known = dataclasses.replace(KNOWN, class_names=[*names, *reversed(DATA.class_names)])
    found = with_classes(DATA, known, "new.npz")
    listed = "class a, class b, class c, class d, class e" + " ..." * (more > 5)
    assert found.said == [f"new.npz has no sequence of {listed}; classes go by name"]
    assert [known.class_names[k] for k in found.data.label] == [DATA.class_names[k] for k in DATA.label]
