"""Tests of how single names are read: every spelling in the wild goes by one table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gca_scratch.data.joint_words import MIDDLE, SIDED, readings


def read(names):
    """(side's first letter, part) of each name, such as "l hip"."""
    return [f"{it.side[:1]} {it.part}".strip() for it in readings(names)]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("LSHO LELB LWRI LKNE RANK", "l shoulder, l elbow, l wrist, l knee, r ankle"),
        ("lfemur rfemur ltibia lhip rhip", "l hip, r hip, l knee, l hip, r hip"),
        ("l_shoulder shoulder.L hip_left L_Hip LHipJoint", "l shoulder, l shoulder, l hip, l hip, l hip"),
        ("Hips pelvis SpineBase MidHip root", "pelvis, pelvis, pelvis, pelvis, root"),
        ("spine1 spine2 left_collar neck thorax", "spine, spine, l collar, neck, neck base"),
        ("PELVIS SPINE_NAVAL SPINE_CHEST CLAVICLE_LEFT HANDTIP_LEFT", "pelvis, spine, chest, l collar, l hand tip"),
        ("joint_Root joint_Hips", "root, pelvis"),
        ("J_Bip_C_Hips J_Bip_L_UpperLeg J_Bip_L_LowerLeg J_Bip_L_Foot", "pelvis, l hip, l knee, l ankle"),
        ("センター 上半身 首 頭 左腕 左ひじ 左手首", "pelvis, spine, neck, head, l shoulder, l elbow, l wrist"),
        ("下半身 左足 右ひざ 右足首 右つま先 左親指１", "pelvis, l hip, r knee, r ankle, r toe, l thumb"),
        ("LFHD LWRA LASI RPSI C7", "l front of the head, l wrist, l hip, r back of the hip, back"),
        ("rShldr rForeArm rThigh rShin rFoot", "r shoulder, r elbow, r hip, r knee, r ankle"),
        ("thigh_l calf_l foot_l ball_l upperarm_r lowerarm_r", "l hip, l knee, l ankle, l toe, r shoulder, r elbow"),
        ("DEF-thigh.L.001 Armature|Hips mixamorig1:LeftUpLeg", "l hip, pelvis, l hip"),
        ("heel collar ball REar LEar rear", "heel, collar, toe, r ear, l ear, r ear"),
        ("mouth_left left_foot_index right_pinky", "l mouth, l toe, r pinky"),
        ("L5 T8 jL5S1 jLeftHip", "spine, spine, spine, l hip"),
        ("Hip Ab LShoulder LUArm LFArm LHand", "pelvis, spine, l collar, l shoulder, l elbow, l wrist"),
        ("handl kneer lefthand handright", "l hand, r knee, l hand, r hand"),
    ],
)
def test_names_in_the_wild(names, expected):
    assert read(names.split()) == expected.split(", ")


def test_names_with_blanks():
    names = ["Bip01 L Thigh", "Bip01 L Calf", "Bip01 L Foot", "Bip01 L UpperArm", "Bip01 L Forearm", "Bip01 L Hand"]
    assert read(names) == ["l hip", "l knee", "l ankle", "l shoulder", "l elbow", "l wrist"]
    assert read(["Bip01", "hip center", "base of the spine", "4-head"]) == ["", "pelvis", "pelvis", "head"]


def test_a_leg_is_a_knee_and_a_shoulder_a_collar_where_bones_are_named():
    names = "LeftUpLeg LeftLeg LeftFoot LeftToeBase LeftShoulder LeftArm LeftForeArm LeftHand"
    expected = ["l hip", "l knee", "l ankle", "l toe", "l collar", "l shoulder", "l elbow", "l wrist"]
    assert read(names.split()) == expected
    assert read([f"mixamorig:{name}" for name in names.split()]) == expected


def test_where_joints_are_named_a_shoulder_a_hand_and_a_foot_are_what_they_say():
    assert read(["LeftShoulder", "LeftElbow", "LeftHand", "LeftHip", "LeftKnee", "LeftFoot"]) == [
        "l shoulder", "l elbow", "l hand", "l hip", "l knee", "l foot",
    ]  # fmt: skip
    assert read(["leg_L", "knee_L", "ankle_L", "shoulder_L", "arm_L"]) == [
        "l hip", "l knee", "l ankle", "l collar", "l shoulder",
    ]  # fmt: skip


def test_of_one_part_the_better_spelling_comes_first():
    upper, joint = readings(["LeftUpLeg", "LHipJoint"])
    assert (upper.side, upper.part) == (joint.side, joint.part) == ("left", "hip") and upper.rank < joint.rank


def test_a_prefix_that_all_share_tells_nothing_but_a_side_or_a_part_does():
    assert read(["Kathy_Hips", "Kathy_Head"]) == ["pelvis", "head"]
    assert read(["hip_left", "hip_right"]) == ["l hip", "r hip"]
    assert read(["left_hand", "left_foot"]) == ["l hand", "l foot"]


def test_names_in_pairs_have_sides_though_nobody_knows_the_part():
    assert read(["LXYZ", "RXYZ", "LQRS", "mark", "LS", "RS"]) == ["l", "r", "", "", "l", "r"]


@pytest.mark.parametrize("name", ["", "joint 7", "\0", "L to R", "left or right", "٣", "🦴", "лево"])
def test_what_cannot_be_read_is_harmless(name):
    assert read([name]) == [""]


@given(st.lists(st.text(max_size=30), max_size=8))
def test_any_text_is_a_name(names):
    for it in readings(names):
        assert it.side in ("", "left", "right") and it.limb in ("", "arm", "leg")
        assert it.part in ("", *MIDDLE, *SIDED)


@pytest.mark.parametrize("piece", ["A", "a", "_", "left", "Aa", "1", "l", "左"])
def test_a_very_long_name_is_read_once_through(piece):
    assert len(readings([piece * 20000, piece * 20000 + "x:"])) == 2


def test_no_spelling_stands_for_two_parts():
    for table in (MIDDLE, SIDED):
        words = [word for spelled in table.values() for word in spelled.split()]
        assert len(words) == len(set(words))
