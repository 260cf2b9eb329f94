"""Arrays of one's own: what they may look like, and the one sentence for whatever they may not."""

import numpy as np
import pytest

from gca_scratch.data.from_arrays import (
    hip_of,
    layout_from,
    people_from,
    seen_skeleton,
    sequences_from,
    skeletons_from,
    unavailable_for,
)
from gca_scratch.data.layouts import layout_named
from gca_scratch.data.skeleton import KINECT_V1, KINECT_V2, OPENNI, Layout
from gca_scratch.support.errors import InputError

ONE = np.arange(60.0).reshape(4, 5, 3)
NONE = np.array([])


@pytest.mark.parametrize(
    "X",
    [
        [ONE, ONE[:2]],
        (ONE, ONE[:2]),
        [ONE.tolist(), ONE[:2].tolist()],
        [ONE[:, None], ONE[:2]],
        [ONE.astype(int), ONE[:2].astype(np.float16)],
        np.fromiter([ONE, ONE[:2]], object, 2),
        iter([ONE, ONE[:2]]),
    ],
    ids=["list", "tuple", "lists", "persons", "types", "objects", "iterator"],
)
def test_sequences_come_in_many_forms(X):
    first, second = sequences_from(X)
    assert first.dtype == second.dtype == np.float32
    assert (first == ONE[:, None]).all() and (second == ONE[:2, None]).all()


def test_sequences_of_one_length_may_be_an_array():
    assert [each.shape for each in sequences_from(np.zeros((2, 4, 5, 3)))] == [(4, 1, 5, 3)] * 2
    assert [each.shape for each in sequences_from(np.zeros((2, 4, 2, 5, 3)))] == [(4, 2, 5, 3)] * 2


def test_objects_that_are_numbers_are_taken():
    X = np.array([ONE, ONE], dtype=object)
    assert X.shape == (2, 4, 5, 3) and (sequences_from(X)[1] == ONE[:, None]).all()


@pytest.mark.parametrize("form", ["array", "frames", "whole numbers", "persons", "all of X", "nothing masked"])
def test_what_is_masked_is_absent(form):
    mask = np.zeros(ONE.shape, bool)
    mask[2, 3, 1] = form != "nothing masked"
    numbers = np.ma.array(ONE.astype(int) if form == "whole numbers" else ONE, mask=mask)
    if form == "frames":
        numbers = list(numbers)
    if form == "persons":
        numbers = numbers[:, None]
    [found] = sequences_from(numbers[None] if form == "all of X" else [numbers])
    assert (np.isnan(found[:, 0]) == mask).all() and (found[:, 0][~mask] == ONE[~mask]).all()


def test_the_nan_of_another_program_is_absent():
    numbers = ONE.astype(float)
    numbers.view(np.uint64)[2, 3] = 0x7FF00000000007A2  # R's NA, which makes a processor complain
    [found] = sequences_from([numbers])
    assert np.isnan(found[2, 0, 3]).all() and np.isnan(found).sum() == 3


def changed(place, value):
    sequence = ONE.copy()
    sequence[place] = value
    return sequence


@pytest.mark.parametrize(
    ("X", "sentence"),
    [
        ([], "X is empty; give at least one sequence"),
        (None, "X is None, where a list of sequences belongs; give each sequence the shape"),
        (ONE, r"X has the shape \(4, 5, 3\), where .*; put this one sequence into a list, \[X\]"),
        (np.zeros((10, 75)), r"X has the shape \(10, 75\), where .*; give each sequence the shape"),
        ({"a": ONE}, r"X\[0\] holds 'a', which are no numbers"),
        ([ONE, ONE[:, :, :2]], r"X\[1\] has the shape \(4, 5, 2\); give each sequence the shape \(frames, joints, 3\)"),
        ([ONE, ONE[0]], r"X\[1\] has the shape \(5, 3\)"),
        ([ONE, ONE[:0]], r"X\[1\] has the shape \(0, 5, 3\)"),
        ([ONE, NONE], r"X\[1\] has the shape \(0,\)"),
        ([ONE, [ONE[0].tolist(), ONE[0, :3].tolist()]], r"X\[1\] has frames of different shapes"),
        ([ONE, ONE + 1j], r"X\[1\] holds .* which are no numbers"),
        ([ONE, [[{}]]], r"X\[1\] holds \[\[{}\]\], which are no numbers"),
        ([ONE, ONE > 3], r"X\[1\] holds .* which are no numbers"),
        ([ONE, ONE[:, :4]], r"X\[1\] has 4 joints, but X\[0\] has 5; give all the same joints in one order"),
        ([ONE, changed((2, 3, 1), np.inf)], r"X\[1\] has the coordinate inf at frame 2, joint 3 .*; write NaN where"),
        ([ONE, changed((2, 3, 1), 1e39)], r"X\[1\] has the coordinate 1e\+39 at .* joint 3 .* in metres"),
        ([changed((0, 0, 0), -np.inf)[:, None]], r"X\[0\] has the coordinate -inf at frame 0, person 0, joint 0 "),
    ],
)  # fmt: skip
def test_what_are_no_sequences_is_told_with_its_place(X, sentence):
    with pytest.raises(InputError, match=sentence):
        sequences_from(X)


def test_a_skeleton_is_a_name_a_layout_or_names_and_bones_and_else_a_chain():
    assert layout_from("kinect_v1", 20) == layout_from(KINECT_V1, 20) == KINECT_V1
    assert layout_from((["a", "b"], np.array([[0, 1]])), 2) == Layout("your own", ("a", "b"), ((0, 1),))
    assert layout_from(None, 3) == Layout("chain", ("joint 0", "joint 1", "joint 2"), ((0, 1), (1, 2)))
    assert layout_from(None, 1).edges == ()


@pytest.mark.parametrize(
    ("skeleton", "sentence"),
    [
        (3, "skeleton = 3 cannot be used; give the name of a layout, a Layout, or names of joints and bones"),
        ((["a", "b", "c"],), r"skeleton = \(\['a', 'b', 'c'\],\) cannot be used"),
        ("kinect_v2", r"X\[0\] has 3 joints, but the skeleton kinect v2 has 25; give the skeleton that"),
        ((["a", "b", "c"], [(0, "b"), (1, 2)]), "the skeleton cannot be used; give the names of its joints, and bones"),
        ((["a", "b", "c"], [(0, 1, 2)]), "the skeleton cannot be used"),
        ((["a", "b", 3], [(0, 1), (1, 2)]), "the skeleton has a joint 3; give the name of every joint as text"),
        ((["a", "b", "c"], [(0, 1), (1, 3)]), "bone 1 of the skeleton joins joints 1 and 3, but the joints"),
        ((["a", "b", "c"], [(0, 1)]), "do not lead from joint 0 to joint 2"),
        ((["a", "b", "c"], [(0, 1), (1, 2), (2, 0)]), "closes a loop"),
        (Layout("mine", ("a", "b", "c"), ((0, 1), (0, 99999))), "joins joints 0 and 99999"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_skeleton_is_told(skeleton, sentence):
    with pytest.raises(InputError, match=sentence):
        layout_from(skeleton, 3)


def test_two_joints_of_one_name_are_told():
    layout = layout_from((["a", "a"], [(0, 1)]), 2)
    with pytest.raises(InputError, match="X and its skeleton: joint_names holds 'a' twice"):
        skeletons_from([np.zeros((1, 1, 2, 3), np.float32)], layout, 1, np.zeros(1, int), 2)


def test_absent_persons_are_zeros():
    sequences = sequences_from([np.ones((2, 5, 3)), np.ones((3, 2, 5, 3))])
    data = skeletons_from(sequences, layout_from(None, 5), 2, np.array([1, 0]), 2)
    assert data.joints.shape == (5, 2, 5, 3) and data.offsets.tolist() == [0, 2, 5] and data.label.tolist() == [1, 0]
    assert (data.sequence(0)[:, 0] == 1).all() and not data.sequence(0)[:, 1].any() and data.sequence(1).all()


def test_a_pelvis_is_made_where_nothing_tells_the_hip_or_on_request():
    coco = layout_named("coco_17")
    assert hip_of(coco, None, known=True) is None
    seen, root = seen_skeleton(coco, None)
    assert seen.joint_names == (*coco.joint_names, "pelvis", "neck") and root is None
    assert seen_skeleton(coco, "nose") == (coco, "nose") and seen_skeleton(KINECT_V2, None) == (KINECT_V2, None)
    assert hip_of(OPENNI, "middle", known=True) == "middle"
    assert "pelvis" in seen_skeleton(OPENNI, "middle")[0].joint_names
    sequences = [np.random.default_rng(0).normal(size=(4, 1, 17, 3)).astype(np.float32)]
    data = skeletons_from(sequences, coco, 1, np.zeros(1, int), 1)
    left, right = (coco.joint_names.index(name) for name in coco.joint_names if name.endswith("hip"))
    assert data.joint_names == seen.joint_names and data.edges.tolist() == [list(edge) for edge in seen.edges]
    np.testing.assert_allclose(data.joints[:, :, 17], sequences[0][:, :, [left, right]].mean(axis=2), rtol=1e-6)
    assert skeletons_from(sequences, coco, 1, np.zeros(1, int), 1, hip="nose").joint_names == coco.joint_names
    with pytest.raises(InputError, match="no joint is 'middle'; give hip as one of joint 0, joint 1"):
        hip_of(layout_from(None, 2), "middle", known=True)


def test_the_hip_is_the_first_joint_where_nothing_is_known_and_else_told_by_a_name():
    assert hip_of(layout_from(None, 5), None, known=False) == "joint 0"
    assert hip_of(KINECT_V2, None, known=True) is None
    assert hip_of(KINECT_V2, "Spine Mid", known=True) == "Spine Mid"
    plain = layout_from((["a", "b"], [(0, 1)]), 2)
    assert hip_of(plain, "b", known=True) == "b"
    with pytest.raises(InputError, match=r"no joint's name tells the hip .*; give hip as one of a, b"):
        hip_of(plain, None, known=True)
    with pytest.raises(InputError, match="no joint is 'c'; give hip as one of a, b"):
        hip_of(plain, "c", known=True)


def test_what_a_skeleton_and_its_classes_do_not_allow():
    classes = np.array(["bow", "nod"])
    assert unavailable_for(KINECT_V2, None, classes) == {}
    assert unavailable_for(layout_from(None, 3), "joint 0", classes).keys() == {
        "face_camera", "torso_scale", "mirror", "network",
    }  # fmt: skip
    for right, left in (("kick right", "kick left"), ("RightKick", "left_kick")):
        allowed = unavailable_for(KINECT_V2, None, np.array(["bow", right, left]))
        assert allowed == {"mirror": f"it would make another class of {right!r}: {left!r}"}
        assert unavailable_for(KINECT_V2, None, np.array(["bow", right])) == {}
    assert unavailable_for(KINECT_V2, None, np.array(["bright", "blight"])) == {}


def test_people_are_needed_only_where_some_are_held_out():
    assert people_from(None, 3, 0) is None
    assert people_from(["x", "y", "x"], 3, 1).tolist() == [0, 1, 0]
    for groups, sentence in (
        (None, r"validation = 1 holds people out, .*; call fit\(X, y, groups\) .*, or set validation=0"),
        (["x"] * 3, "groups names 1 people; give more than the 1 that validation holds out"),
        (["x", "y"], "X holds 3 sequences, but groups 2 labels"),
    ):
        with pytest.raises(InputError, match=sentence):
            people_from(groups, 3, 1)
