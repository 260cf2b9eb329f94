"""What is said of bodies that no person has, and that nothing is said of those that a person has."""

import dataclasses

import numpy as np
import pytest

from gca_scratch.data.meaning import Fact, Meaning, known
from gca_scratch.data.proportions import complaints
from gca_scratch.data.readers.recording import NOTHING_SAID, assemble, reader_named
from gca_scratch.data.ready import ready
from gca_scratch.data.skeleton import OPENNI
from gca_scratch.data.synthetic import generate
from gca_scratch.data.upright import with_vertical
from gca_scratch.support.errors import InputError
from tests.helpers.people import people, with_joints

DATA = generate(subjects=1, repetitions=1)


def moved(joints, **changed):
    return dataclasses.replace(DATA, joints=joints, **changed)


def test_nothing_is_said_of_people():
    assert complaints(DATA, "x") == []


def test_the_person_who_is_there_is_looked_at_whichever_place_they_have():
    nobody = np.zeros_like(DATA.joints)
    assert complaints(moved(np.concatenate([nobody, DATA.joints], axis=1)), "x") == []
    [said] = complaints(moved(np.concatenate([nobody, 10 * DATA.joints], axis=1)), "x")
    assert "the torso would be" in said and "--unit" in said


@pytest.mark.parametrize("mark", [0, np.nan])
def test_of_nobody_nothing_can_be_said(mark):
    joints = DATA.joints.copy()
    joints[: DATA.offsets[1]] = mark
    assert complaints(moved(joints), "x") == []
    assert complaints(moved(np.full_like(joints, mark)), "x") == []
    with pytest.raises(InputError, match="all sequences show nobody"):
        ready(moved(np.full_like(joints, mark)))


def test_a_body_that_is_scaled_twice_in_its_limbs_or_on_one_side_is_told():
    hip = DATA.joint_names.index("spine base")
    about = DATA.joints[:, :, [hip]]
    legs = [k for k, name in enumerate(DATA.joint_names) if name.split()[-1] in ("knee", "ankle", "foot")]
    joints = DATA.joints.copy()
    joints[:, :, legs] = about + 5 * (joints[:, :, legs] - about)
    assert any("the legs are" in said for said in complaints(moved(joints), "x"))
    left = [k for k, name in enumerate(DATA.joint_names) if name.startswith("left")]
    joints = DATA.joints.copy()
    joints[:, :, left] = about + 3 * (joints[:, :, left] - about)
    assert any("the limbs of one side" in said for said in complaints(moved(joints), "x"))


def test_millimetres_called_metres_are_told():
    assert any("the torso would be" in said for said in complaints(moved(1000 * DATA.joints), "x"))
    assert complaints(moved(1000 * DATA.joints, meaning=known(up="+y", unit="mm")), "x") == []


def test_a_body_twice_as_large_or_half_as_large_is_told():
    assert any("the torso would be" in said for said in complaints(moved(2 * DATA.joints), "x"))
    assert any("the torso would be" in said for said in complaints(moved(0.4 * DATA.joints), "x"))
    assert complaints(moved(0.6 * DATA.joints), "x") == []  # a child


@pytest.mark.parametrize("factor", [100, 0.001])
@pytest.mark.parametrize("meaning", [DATA.meaning, Meaning()])
def test_sequences_in_another_unit_than_the_others_are_told(factor, meaning):
    joints = DATA.joints.copy()
    for n in (1, 4):
        joints[DATA.offsets[n] : DATA.offsets[n + 1]] *= np.float32(factor)
    [said] = complaints(moved(joints, meaning=meaning), "x")
    assert f"2 of {len(DATA)} sequences" in said and DATA.name[1] in said and "unit" in said


def test_children_beside_adults_are_of_one_unit():
    joints = DATA.joints.copy()
    joints[: DATA.offsets[3]] *= np.float32(0.45)
    assert complaints(moved(joints), "x") == []


@pytest.mark.parametrize("third", [0.0, 0.9])
def test_places_in_a_picture_that_look_like_three_dimensions_are_told(third):
    joints = 300 * DATA.joints + 500
    joints[..., 2] = third
    assert any("flat" in said and "z" in said for said in complaints(moved(joints, meaning=Meaning()), "x"))


def test_empty_frames_at_the_end_are_told():
    joints = DATA.joints.copy()
    joints[DATA.offsets[1] - 20 : DATA.offsets[1]] = 0
    joints[DATA.offsets[3] - 5 : DATA.offsets[3]] = 0
    [said] = complaints(moved(joints), "x")
    assert f"1 of {len(DATA)} sequences" in said and "nobody" in said and DATA.name[0] in said


def test_equal_frames_at_the_end_are_told():
    joints = DATA.joints.copy()
    for stop in DATA.offsets[1:]:
        joints[stop - 20 : stop] = joints[stop - 20]
    assert any("end in equal frames" in said for said in complaints(moved(joints), "x"))


# --- other skeletons, and real ones -----------------------------------------------------------------------------------

KINECT = people(subjects=2, repetitions=1)


def openni():
    """The people of KINECT with the 15 joints of OpenNI, whose torso lies halfway up."""
    names = OPENNI.joint_names
    old = {"neck": "shoulder center", "torso": "spine"} | {f"{s} foot": f"{s} ankle" for s in ("left", "right")}
    place = [KINECT.joint_names.index(old.get(name, name)) for name in names]
    joints = KINECT.joints[:, :, place].copy()
    middle = (KINECT.joints[:, :, 0] + KINECT.joints[:, :, KINECT.joint_names.index("shoulder center")]) / 2
    joints[:, :, names.index("torso")] = middle
    return with_joints(KINECT, joints, joint_names=names, edges=np.array(OPENNI.edges, np.int16))


def scaled(data, joints, factor, about):
    """The joints so many times as far from another one, in every frame."""
    changed = data.joints.copy()
    place = [data.joint_names.index(name) for name in joints]
    centre = changed[:, :, [data.joint_names.index(about)]]
    changed[:, :, place] = centre + factor * (changed[:, :, place] - centre)
    return with_joints(data, changed)


def arm(data, side):
    return [
        name for name in data.joint_names if name.startswith(side) and name.split()[-1] in ("elbow", "wrist", "hand")
    ]


@pytest.mark.parametrize("data", [KINECT, openni()], ids=["kinect", "openni"])
def test_every_way_to_spoil_a_body_is_told(data):
    assert complaints(data, "x") == []
    assert_told(scaled(data, arm(data, "left"), 2, "left shoulder"), "the limbs of one side are longer", "left")
    both = scaled(scaled(data, arm(data, "left"), 2, "left shoulder"), arm(data, "right"), 2, "right shoulder")
    assert_told(both, "the arms are 2", "scaled twice")
    legs = [name for name in data.joint_names if name.split()[-1] in ("knee", "ankle", "foot")]
    twice = scaled(scaled(data, [n for n in legs if "left" in n], 2, "left hip"),
                   [n for n in legs if "right" in n], 2, "right hip")  # fmt: skip
    assert_told(twice, "the legs are", "scaled twice")
    for axis, unit in ((0, 1000), (1, 1000), (2, 1000), (2, 100)):
        half = data.joints * np.float32([unit if k == axis else 1 for k in range(3)])
        unknown = with_joints(data, half, meaning=Meaning())  # no unit gives it away
        assert complaints(unknown, "x"), (axis, unit)


def test_a_neck_of_two_joints_that_begins_low_is_that_of_cmu():
    """Hips, chest and first neck of the motions of CMU, in metres: shoulders 0.3 above the hip joints."""
    names = ("Hips", "LeftUpLeg", "LeftLeg", "LeftFoot", "RightUpLeg", "RightLeg", "RightFoot")
    names += ("Spine", "Spine1", "Neck", "Neck1", "Head")
    height = (0.9, 0.81, 0.45, 0.08, 0.81, 0.45, 0.08, 1.0, 1.11, 1.11, 1.21, 1.31)
    edges = ((0, 1), (1, 2), (2, 3), (0, 4), (4, 5), (5, 6), (0, 7), (7, 8), (8, 9), (9, 10), (10, 11))
    body = np.array([[0.1 * (1 <= n <= 3) - 0.1 * (4 <= n <= 6), y, 0.03 * n] for n, y in enumerate(height)])
    joints = np.tile(np.float32(body), (len(KINECT.joints), 1, 1, 1))
    data = with_joints(KINECT, joints, joint_names=names, edges=np.array(edges, np.int16))
    assert [said for said in complaints(data, "x") if "equal frames" not in said] == []


def assert_told(data, *words):
    found = complaints(data, "x")
    assert any(all(word in said for word in words) for said in found), found
    assert all(said.startswith("x: ") and "\n" not in said for said in found)


@pytest.mark.parametrize(
    ("unit", "factor", "told"),
    [("m", 1, False), ("m", 100, True), ("m", 1000, True), ("m", 39.37, True), ("m", 0.01, True), ("cm", 100, False),
     ("cm", 1, True), ("cm", 1000, True), ("mm", 1000, False), ("mm", 100, True), ("in", 39.37, False),
     ("", 777, False)],
)  # fmt: skip
def test_a_unit_that_cannot_be_is_told(unit, factor, told):
    found = complaints(with_joints(KINECT, KINECT.joints * factor, meaning=known(up="+y", unit=unit)), "x")
    assert bool(found) == told and all("--unit" in said and unit in said for said in found)
    if (unit, factor) == ("m", 100):
        assert "the torso would be 50" in found[0]


def test_joints_that_change_places_are_told():
    joints = KINECT.joints.copy()
    order = np.random.default_rng(0).permuted(np.tile(np.arange(20), (len(joints), 1)), axis=1)
    mixed = np.take_along_axis(joints, order[:, None, :, None], axis=2)
    assert_told(with_joints(KINECT, mixed), "bones change their length from frame to frame")


def still(frames, last, absent=None):
    """One sequence of a body that moves, and then stands still for the last frames."""
    rng = np.random.default_rng(0)
    body = np.tile(KINECT.joints[:1], (frames, 1, 1, 1)) + rng.normal(0, 0.01, (frames, 1, 20, 3)).astype(np.float32)
    if last:
        body[frames - last :] = body[frames - last]
    if absent is not None:
        body[:, :, 3] = absent
    one = {"label": KINECT.label[:1], "subject": KINECT.subject[:1], "name": KINECT.name[:1], "repetition": None}
    return with_joints(KINECT, body, offsets=np.array([0, frames], np.int64), **one)


@pytest.mark.parametrize(
    ("frames", "last", "told"),
    [
        (60, 10, True),
        (60, 9, False),
        (60, 0, False),
        (60, 60, False),
        (60, 59, True),
        (300, 29, False),
        (300, 30, True),
    ],
)
def test_how_many_equal_frames_are_worth_a_word(frames, last, told):
    for absent in (None, np.nan, 0):
        found = complaints(still(frames, last, absent), "x")
        said = "x: 1 of 1 sequences end in equal frames (s1 raise left 1, for one); cut them off"
        assert found == [said + ", if the tool that wrote them filled them up"] * told


def test_frames_without_anybody_at_the_end_are_no_equal_frames():
    data = still(60, 0)
    data.joints[30:] = 0
    assert not any("equal frames" in said for said in complaints(data, "x"))


def test_bodies_without_names_or_bones_have_no_proportions():
    odd = dataclasses.replace(KINECT, joint_names=tuple(f"joint {n}" for n in range(20)))
    assert complaints(odd, "x") == []
    one = with_joints(KINECT, KINECT.joints[:, :, :1], joint_names=("hip",), edges=np.zeros((0, 2), np.int16))
    assert complaints(one, "x") == []


@pytest.mark.parametrize("dataset", ["utkinect", "sbu", "utdmhad", "nwucla", "ntu"])
def test_nothing_is_said_of_real_people(real_data, dataset):
    if not (real_data / dataset).is_dir():
        pytest.skip(f"no {dataset} in {real_data}")
    reader = reader_named(dataset)
    found = reader.open_collection(real_data / dataset, NOTHING_SAID)
    recordings = []
    for item in found.items[:: max(1, len(found.items) // 40)]:
        try:
            recordings.append(reader.read_item(item))
        except InputError:  # a few are damaged as they were published
            continue
    data = ready(assemble(recordings, found.class_names, found.layout, "x", found.meaning)).data
    assert [said for said in complaints(data, "x") if "equal frames" not in said] == []
    assert (data.meaning.up.value, len(recordings) > 2) == ("+y", True)
    untold = dataclasses.replace(data, meaning=Meaning())
    assert with_vertical(untold).meaning.up == Fact("+y", "guess")
