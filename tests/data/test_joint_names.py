"""Tests of what the names of joints tell: roles, body parts, mirror images, and the sentences about them."""

import pytest

from gca_scratch.data.joint_names import Roles, body_parts, describe_roles, find_roles, mirror_order, untold
from gca_scratch.data.skeleton import KINECT_V1, KINECT_V2, OPENNI, chain
from gca_scratch.support.errors import InputError

SENSORS = (KINECT_V1, KINECT_V2, OPENNI)

# --- roles ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layout, roles",
    [
        (KINECT_V1, Roles(hip=0, left=12, right=16, top=2)),
        (KINECT_V2, Roles(hip=0, left=12, right=16, top=2)),
        (OPENNI, Roles(hip=2, left=9, right=12, top=1)),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_roles_of_the_known_layouts(layout, roles):
    assert find_roles(layout.joint_names, layout.edges) == roles


@pytest.mark.parametrize(
    "names",
    [
        "head neck Hips lfemur rfemur",
        "head neck root lhip rhip",
        "LFHD neck pelvis LASI RASI",
        "頭 首 センター 左足 右足",
        "Head Neck J_Bip_C_Hips J_Bip_L_UpperLeg J_Bip_R_UpperLeg",
        "Head Neck Hips LHipJoint RHipJoint",
        "Head Neck Hips hip.L hip.R",
        "Head Neck joint_Root UpperLeg_L UpperLeg_R",
        "Head Neck HipCenter LeftHip RightHip",
        "head neck spine_base hip_left hip_right",
        "HEAD NECK SPINE_BASE HIP_LEFT HIP_RIGHT",
        "head SpineShoulder SpineBase HipLeft HipRight",
        "Head Neck Pelvis L_Hip R_Hip",
        "Nose Neck MidHip LHip RHip",
        "head neck hip lhip rhip",
        "Head Neck Hips LeftUpLeg RightUpLeg",
        "mixamorig:Head mixamorig:Neck mixamorig:Hips mixamorig:LeftUpLeg mixamorig:RightUpLeg",
        "Head Thorax Hip LHip RHip",
        "head neck pelvis thigh_l thigh_r",
        "head shoulder_center hip_center shoulder_l shoulder_r",
        "head neck torso lshoulder rshoulder",
        "Head Neck hip.centre Shoulder.Left Shoulder.Right",
        "XN_SKEL_HEAD XN_SKEL_NECK XN_SKEL_TORSO XN_SKEL_LEFT_HIP XN_SKEL_RIGHT_HIP",
    ],
)
def test_roles_in_common_spellings(names):
    assert find_roles(names.split(), []) == Roles(hip=2, left=3, right=4, top=1)


def test_spellings_with_blanks():
    names = ["4-head", "neck", "base of the spine", "left hip", "Right Hip"]
    assert find_roles(names, []) == Roles(hip=2, left=3, right=4, top=1)


def test_hips_are_preferred_to_shoulders_and_upper_legs_to_hip_joints_that_coincide():
    names = ["hips", "LeftShoulder", "RightShoulder", "LHipJoint", "RHipJoint", "LeftUpLeg", "RightUpLeg"]
    assert find_roles(names, []) == Roles(hip=0, left=5, right=6, top=None)


def test_one_side_alone_is_no_line_across_the_body():
    assert find_roles(["hips", "left hip", "head"], []) == Roles(hip=0, left=None, right=None, top=2)


def test_hip_is_found_between_the_legs_when_it_has_a_strange_name():
    names = ["neck", "j7", "left hip", "right hip"]
    assert find_roles(names, [(2, 1), (1, 3), (0, 1)]).hip == 1


@pytest.mark.parametrize(
    "names, edges",
    [
        (["a", "b", "c"], [(0, 1), (1, 2)]),
        (["nose", "neck", "left hip", "right hip"], [(0, 1), (1, 2), (1, 3)]),  # the legs hang from the neck
        (["nose", "left hip", "right hip"], [(0, 1), (1, 2)]),
        (["a", "b", "left hip", "right hip"], [(0, 2), (0, 3), (1, 2), (1, 3)]),
    ],
)
def test_a_hip_that_cannot_be_found_is_asked_for(names, edges):
    with pytest.raises(InputError) as caught:
        find_roles(names, edges)
    assert str(caught.value).startswith("which of these joints is the hip") and "--hip NAME" in str(caught.value)
    assert all(f"'{name}'" in str(caught.value) for name in names)


def test_the_user_names_the_hip():
    names = ["nose", "neck", "Left Hip", "right hip"]
    assert find_roles(names, [], hip="neck") == Roles(hip=1, left=2, right=3, top=0)
    assert find_roles(names, [], hip="left_hip").hip == 2
    with pytest.raises(InputError, match="'pelvis' names none of the joints, which are 'nose', 'neck'"):
        find_roles(names, [], hip="pelvis")


def test_names_with_blanks_of_a_biped():
    names = ["Bip01", "Bip01 Pelvis", "Bip01 Spine", "Bip01 Neck", "Bip01 L Thigh", "Bip01 R Thigh"]
    assert find_roles(names, []) == Roles(hip=1, left=4, right=5, top=3)


def test_of_two_roots_the_pelvis_is_the_hip():
    assert find_roles(["joint_Root", "Hips", "Spine"], []).hip == 1


def test_the_question_for_the_hip_has_an_answer_where_both_hips_are_there():
    names = ["nose", "left_hip", "right_hip", "left_knee", "right_knee"]
    with pytest.raises(InputError, match="or with --hip middle for the middle of 'left_hip' and 'right_hip'"):
        find_roles(names, [(1, 2), (0, 1), (1, 3), (2, 4)])
    with pytest.raises(InputError, match=r"answer with --hip NAME\."):
        find_roles(["a", "b"], [])


# --- sides ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", SENSORS, ids=lambda layout: layout.name)
def test_the_mirror_exchanges_left_and_right_and_twice_is_nothing(layout):
    order = chain(len(layout.joint_names), layout.edges, find_roles(layout.joint_names, layout.edges).hip)
    mirrored = mirror_order(layout.joint_names, order)
    assert mirrored[mirrored].tolist() == list(range(len(order)))
    for here, there in enumerate(mirrored):
        a, b = layout.joint_names[order[here]], layout.joint_names[order[there]]
        assert b == a.replace("left", "?").replace("right", "left").replace("?", "right")


@pytest.mark.parametrize(
    ("names", "other"),
    [
        (["Hips", "LHip", "RHip", "Neck"], [0, 2, 1, 3]),
        (["HandLeft", "HandRight", "ShoulderCenter"], [1, 0, 2]),
        (["hand_l", "pelvis", "hand_r"], [2, 1, 0]),
        (["hand.L", "hand.R"], [1, 0]),
        (["lefthand", "righthand", "torso"], [1, 0, 2]),
        (["left_foot_1", "right_foot_1", "left_foot_2", "right_foot_2"], [1, 0, 3, 2]),
        (["pelvis", "left hand", "neck"], None),  # no right hand
        (["a", "b", "c"], None),
        (["left hand", "left_hand", "right hand", "right_hand"], None),  # which is the other hand of which?
        (["лево", "право", "таз"], None),
        (["LSHO", "RSHO", "C7"], [1, 0, 2]),
        (["lfemur", "root", "rfemur"], [2, 1, 0]),
        (["左足", "右足", "首"], [1, 0, 2]),
        (["LABC", "RABC", "abc"], [1, 0, 2]),
    ],
)
def test_sides_are_told_from_names(names, other):
    found = mirror_order(names, range(len(names)))
    assert (found if found is None else found.tolist()) == other


# --- parts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        ("LSHO LELB LWRI LKNE RKNE C7 LFHD", (1, 1, 1, 3, 4, 0, 0)),
        ("lfemur rfemur lhumerus root", (3, 4, 1, 0)),
        ("lhip rhip rhand neck", (3, 4, 2, 0)),
        ("左腕 右ひざ 左足首 頭 左目", (1, 4, 3, 0, 0)),
        ("LeftForeArmRoll RightUpLegRoll LeftHandIndex1 RightToe_End", (1, 4, 1, 4)),
        ("left_foot_index right_pinky mouth_left left_eye_inner", (3, 2, 0, 0)),
    ],
)
def test_parts_in_other_spellings(names, parts):
    assert body_parts(names.split()) == parts
    assert untold(names.split()) == []


def test_joints_of_a_side_that_nobody_knows_are_told():
    names = ["Hips", "LABC", "RABC", "left wing", "left hand", "left eye"]
    assert body_parts(names) == (0, 0, 0, 0, 1, 0)
    assert untold(names) == [
        "'LABC', 'RABC', 'left wing' are counted to the torso: their names tell a side, but no arm or leg that is known"
    ]
    assert untold(["left pelvis", "left hand"]) == [
        "'left pelvis' is counted to the torso: its name tells a side, but no arm or leg that is known"
    ]


# --- what is told -----------------------------------------------------------------------------------------------------


def test_what_is_taken_for_what_is_told():
    names = ["hips", "neck", "LHip", "RHip", "left hand", "right hand"]
    assert describe_roles(names, []) == [
        "the hip is 'hips'",
        "left and right are told by 'LHip' and 'RHip'",
        "the torso ends at 'neck'",
        "body parts: torso hips, neck; left arm left hand; right arm right hand; left leg LHip; right leg RHip",
        "mirror images exchange 'LHip' and 'RHip', 'left hand' and 'right hand'",
    ]


def test_a_hip_that_is_no_pelvis_is_told():
    told = describe_roles(OPENNI.joint_names, OPENNI.edges)
    assert told[0] == (
        "the hip is 'torso', which no name calls the pelvis: the torso is taken in its place; for the middle of "
        "'left hip' and 'right hip' say --hip middle"
    )
    florence = ["head", "neck", "spine", "left hip", "right hip"]
    told = describe_roles(florence, [(2, 1), (1, 0), (2, 3), (2, 4)])
    assert told[0].startswith("the hip is 'spine', which no name calls the pelvis: the spine is taken")
    assert describe_roles(["a", "b"], [], hip="b")[0].endswith("'b', which no name calls the pelvis: you say so")


def test_what_names_do_not_tell_is_told():
    assert describe_roles(["hips", "a"], [])[1:] == [
        "no names tell the left and the right hip or shoulder, so no body can be turned to face the camera",
        "no name tells the neck or the head, so no body can be measured by its torso",
        "no names tell arms and legs, so there are no body parts",
        "there are no mirror images: no names tell sides",
    ]
    told = describe_roles(["hips", "left hand", "right wing"], [])
    assert told[-2:] == [
        "there are no mirror images: 'left hand', 'right wing' have no other side",
        "'right wing' is counted to the torso: its name tells a side, but no arm or leg that is known",
    ]
    alike = describe_roles(["hips", "left hand", "left_hand", "right hand"], [])
    assert alike[-1] == "there are no mirror images: names of one side are alike"
