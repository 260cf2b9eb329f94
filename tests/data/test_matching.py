"""Tests of joints found by what their names mean, and of those that are missing."""

import numpy as np
import pytest

from gca_scratch.data.joint_words import readings
from gca_scratch.data.layouts import (
    AZURE_KINECT,
    BODY_25,
    CMU,
    COCO,
    KINECT_V1,
    KINECT_V2,
    LAYOUTS,
    MEDIAPIPE,
    MIXAMO,
    OPENNI,
    PLUG_IN_GAIT,
    SMPL,
)
from gca_scratch.data.made_joints import with_middle
from gca_scratch.data.matching import filled_in, match, unmatched
from gca_scratch.support.errors import InputError


def skeleton(layout):
    """Names and bones, with what has to be made."""
    made = with_middle(layout.joint_names, layout.edges)
    return made.names, made.edges


def named(wanted, other):
    """The name of the other skeleton's joint for each wanted name."""
    (wanted_names, wanted_edges), (names, edges) = skeleton(wanted), skeleton(other)
    found = match(wanted_names, wanted_edges, names, edges)
    return {name: None if n is None else names[n] for name, n in zip(wanted_names, found, strict=True)}


@pytest.mark.parametrize("wanted", LAYOUTS, ids=lambda layout: layout.name)
@pytest.mark.parametrize("other", LAYOUTS, ids=lambda layout: layout.name)
def test_left_goes_to_left_and_each_joint_is_used_once(wanted, other):
    (wanted_names, wanted_edges), (names, edges) = skeleton(wanted), skeleton(other)
    found = match(wanted_names, wanted_edges, names, edges)
    used = [n for n in found if n is not None]
    assert len(set(used)) == len(used) >= 9
    if wanted is other:
        assert found == tuple(range(len(names)))
    mine, theirs = readings(wanted_names), readings(names)
    for it, n in zip(mine, found, strict=True):
        assert n is None or (it.side == theirs[n].side and (it.limb == theirs[n].limb))
    for part in ("shoulder", "elbow", "hip", "knee"):
        for n, it in enumerate(mine):
            if it.part == part and it.rank == min(e.rank for e in mine if e[:2] == it[:2]):
                assert theirs[found[n]].part == part


@pytest.mark.parametrize(
    ("wanted", "other", "pairs"),
    [
        (KINECT_V1, KINECT_V2, {"hip center": "spine base", "spine": "spine mid", "shoulder center": "spine shoulder"}),
        (KINECT_V2, KINECT_V1, {"spine shoulder": "shoulder center", "neck": None, "left hand tip": None}),
        (KINECT_V1, MEDIAPIPE, {"hip center": "pelvis", "shoulder center": "neck", "left foot": "left_foot_index",
                                "left hand": "left_index", "left ankle": "left_ankle", "spine": None}),
        (KINECT_V1, COCO, {"left foot": None, "left ankle": "left_ankle", "left hand": None, "left wrist": "left_wrist",
                           "head": "nose"}),
        (KINECT_V1, SMPL, {"spine": "spine2", "shoulder center": "neck", "left foot": "left_foot", "left hand": None}),
        (KINECT_V1, MIXAMO, {"left shoulder": "mixamorig:LeftArm", "left knee": "mixamorig:LeftLeg",
                             "left ankle": "mixamorig:LeftFoot", "left foot": "mixamorig:LeftToeBase",
                             "left wrist": "mixamorig:LeftHand", "spine": "mixamorig:Spine1"}),
        (SMPL, CMU, {"spine1": "LowerBack", "spine2": "Spine", "spine3": "Spine1", "left_collar": "LeftShoulder",
                     "left_hip": "LeftUpLeg", "neck": "Neck"}),
        (CMU, SMPL, {"LHipJoint": None, "LeftUpLeg": "left_hip", "Neck1": None, "LThumb": None}),
        (OPENNI, KINECT_V1, {"torso": "spine", "left hand": "left hand", "left foot": "left foot"}),
        (OPENNI, COCO, {"left hand": "left_wrist", "left foot": "left_ankle"}),
        (KINECT_V1, OPENNI, {"left ankle": None, "left foot": "left foot", "left wrist": None, "hip center": None}),
        (AZURE_KINECT, KINECT_V2, {"PELVIS": "spine base", "SPINE_NAVAL": "spine mid", "SPINE_CHEST": None,
                                   "HANDTIP_LEFT": "left hand tip", "THUMB_RIGHT": "right thumb"}),
        (KINECT_V2, CMU, {"neck": "Neck", "spine shoulder": None, "left thumb": "LThumb"}),
        (KINECT_V1, PLUG_IN_GAIT, {"left wrist": "LWRA", "left hand": "LFIN", "left hip": "LASI", "spine": "T10"}),
        (BODY_25, AZURE_KINECT, {"MidHip": "PELVIS", "LBigToe": "FOOT_LEFT", "LHeel": None, "LEye": "EYE_LEFT"}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)  # fmt: skip
def test_what_is_the_same_by_meaning(wanted, other, pairs):
    found = named(wanted, other)
    assert {name: found[name] for name in pairs} == pairs


MAKERS = {  # pelvis, neck, head, and of the left shoulder, elbow, wrist, hip, knee, ankle, toe
    "LAFAN1": "Hips Neck Head LeftArm LeftForeArm LeftHand LeftUpLeg LeftLeg LeftFoot LeftToe + LeftShoulder Spine2",
    "Bandai Namco": "Hips Neck Head UpperArm_L LowerArm_L Hand_L UpperLeg_L LowerLeg_L Foot_L Toes_L + Chest",
    "Xsens": "Hips Neck Head LeftShoulder LeftElbow LeftWrist LeftHip LeftKnee LeftAnkle LeftToe + LeftCollar Chest2",
    "MVN": "Pelvis Neck Head LeftUpperArm LeftForeArm LeftHand LeftUpperLeg LeftLowerLeg LeftFoot LeftToe + L5 T8",
    "Daz": "hip neck head lShldr lForeArm lHand lThigh lShin lFoot lToe + lCollar lButtock lThumb1 abdomen",
    "ASF": "root lowerneck head lhumerus lradius lwrist lfemur ltibia lfoot ltoes + lclavicle lhipjoint lowerback",
    "Unreal": "pelvis neck_01 head upperarm_l lowerarm_l hand_l thigh_l calf_l foot_l ball_l + root clavicle_l",
    "OptiTrack": "Hip Neck Head LUArm LFArm LHand LThigh LShin LFoot LToe + Ab Chest LShoulder",
    "VRM": "J_Bip_C_Hips J_Bip_C_Neck J_Bip_C_Head J_Bip_L_UpperArm J_Bip_L_LowerArm J_Bip_L_Hand J_Bip_L_UpperLeg "
    "J_Bip_L_LowerLeg J_Bip_L_Foot J_Bip_L_ToeBase + J_Bip_L_Shoulder J_Bip_C_UpperChest",
    "MMD": "下半身 首 頭 左腕 左ひじ 左手首 左足 左ひざ 左足首 左つま先 + センター 上半身 左肩 左足ＩＫ 左腕捩",
    "MakeHuman": "root neck01 head upperarm01.L lowerarm01.L wrist.L upperleg01.L lowerleg01.L foot.L toe1-1.L + "
    "upperarm02.L lowerarm02.L upperleg02.L lowerleg02.L shoulder01.L clavicle.L spine03 pelvis.L",
}
SAME = ("pelvis", "neck", "head", "left_shoulder", "left_elbow", "left_wrist", "left_hip", "left_knee", "left_ankle")


@pytest.mark.parametrize("maker", MAKERS)
def test_skeletons_of_many_makers(maker):
    same, _, more = MAKERS[maker].partition(" + ")
    names = [*same.split(), *more.split()][::-1]
    found = match(SMPL.joint_names, SMPL.edges, names, [])
    matched = dict(zip(SMPL.joint_names, found, strict=True))
    assert [names[matched[name]] for name in (*SAME, "left_foot")] == same.split()


def test_a_name_that_nobody_can_read_is_matched_with_itself_alone():
    assert match(["hips", "Tail", "x"], [(0, 1), (1, 2)], ["tail", "x", "Hips"], [(2, 1), (1, 0)]) == (2, None, 1)


def test_the_same_name_of_another_meaning_is_no_match():
    """A shoulder is no collar: what is called LeftShoulder is one where there is no LeftArm."""
    plain = ["Hips", "LeftShoulder", "LeftElbow"]
    bones = ["Hips", "LeftShoulder", "LeftArm", "LeftForeArm"]
    assert match(plain, [(0, 1), (1, 2)], bones, [(0, 1), (1, 2), (2, 3)]) == (0, 2, 3)


def test_which_joints_are_missing_is_told():
    wanted, coco = skeleton(KINECT_V1), skeleton(COCO)
    found = match(*wanted, *coco)
    missing = "'spine', 'left hand', 'right hand', 'left foot', 'right foot'"
    assert unmatched(*wanted, found, coco[0]) == f"{missing} are missing and are filled in from the neighbours"
    mediapipe = skeleton(MEDIAPIPE)
    found = match(*wanted, *mediapipe)
    assert unmatched(*wanted, found, mediapipe[0]) == "'spine' is missing and is filled in from the neighbours"
    assert unmatched(*wanted, range(20), wanted[0]) == ""


def test_more_than_a_quarter_and_the_hip_are_refused():
    wanted = skeleton(KINECT_V1)
    with pytest.raises(InputError, match=r"6 of the 20 joints are missing, more than a quarter: 'head', .* rename"):
        unmatched(*wanted, [0, 1, 2, *[None] * 6, *range(9, 20)], wanted[0])
    with pytest.raises(InputError, match=r"hip 'hip center' is not among the joints; .*'torso'.*--hip middle"):
        unmatched(*wanted, match(*wanted, *skeleton(OPENNI)), OPENNI.joint_names)
    with pytest.raises(InputError, match=r"hip 'hip center' is not .* 'a'; name the pelvis so"):
        unmatched(*wanted, [None, *range(1, 20)], ["a"])
    assert unmatched(*wanted, [None, *range(1, 20)], ["a"], hip="spine").startswith("'hip center' is missing")


# --- filling in -------------------------------------------------------------------------------------------------------

LINE = [(0, 1), (1, 2), (2, 3), (3, 4)]


def places(joints, frames=3, persons=2):
    return np.random.default_rng(1).normal(size=(frames, persons, joints, 3)).astype(np.float32)


def test_joints_come_in_the_wanted_order():
    joints = places(4)
    filled = filled_in(joints, (2, 0, 1), [(0, 1), (1, 2)])
    assert filled.dtype == np.float32 and (filled == joints[:, :, [2, 0, 1]]).all()


def test_a_missing_joint_lies_between_its_neighbours_and_an_end_on_the_last_one():
    joints = places(3)
    filled = filled_in(joints, (0, None, 1, None, None), LINE)
    assert np.allclose(filled[:, :, 1], (joints[:, :, 0] + joints[:, :, 1]) / 2, rtol=0, atol=1e-6)
    assert (filled[:, :, 3] == joints[:, :, 1]).all() and (filled[:, :, 4] == joints[:, :, 1]).all()
    assert (filled_in(joints, (1, None), [])[:, :, 1] == joints[:, :, 1]).all()  # no bones at all


def test_what_is_absent_stays_absent_and_makes_nothing():
    joints = places(2)
    joints[0, 0, 0], joints[1, 0, 1], joints[2, 1] = np.nan, 0, 0
    filled = filled_in(joints, (0, None, 1, None), [(0, 1), (1, 2), (2, 3)])
    assert np.isnan(filled[0, 0, [0, 1]]).all() and np.isfinite(filled[0, 0, [2, 3]]).all()
    assert np.isnan(filled[1, 0, [1, 3]]).all() and (filled[1, 0, 2] == 0).all()
    assert (filled[2, 1] == 0).all() and np.isfinite(filled[:2, 1]).all()
    positions = filled_in(joints, (0, None, 1, None), [(0, 1), (1, 2), (2, 3)], zeros_absent=False)
    assert (positions[1, 0, 3] == 0).all() and np.allclose(positions[1, 0, 1], joints[1, 0, 0] / 2)


def test_nothing_found_is_refused():
    with pytest.raises(InputError, match="none of the joints"):
        filled_in(places(2), (None, None), [(0, 1)])


def test_a_body_of_another_sensor_is_a_body():
    """Kinect v2 as Kinect v1: every joint of a walking person is there."""
    joints = places(25)
    wanted, other = skeleton(KINECT_V1), skeleton(KINECT_V2)
    filled = filled_in(joints, match(*wanted, *other), wanted[1])
    for v1, v2 in ((0, 0), (2, 20), (3, 3), (4, 4), (7, 7), (16, 16), (19, 19)):
        assert (filled[:, :, v1] == joints[:, :, v2]).all()


# --- what comes near --------------------------------------------------------------------------------------------------

NEAR = [  # the nearest first
    ("shoulder center", "neck, chest"),
    ("neck", "shoulder center, chest"),
    ("head", "nose, head top"),
    ("nose", "head"),
    ("left wrist", "left hand"),
    ("left hand", "left wrist, left index, left middle, left finger base"),
    ("left hand tip", "left middle, left index"),
]


def of_star(names):
    return names, [(0, n) for n in range(1, len(names))]


@pytest.mark.parametrize(("wanted", "near"), NEAR)
def test_what_is_taken_where_a_joint_is_missing(wanted, near):
    """The nearest that is there, whatever the order of the joints, and nothing where none is."""
    near = near.split(", ")
    for first in range(len(near)):
        there = near[first:]
        for other in (there, there[::-1]):
            found = match(*of_star(["hip", wanted]), *of_star(["hip", *other]))
            assert found == (0, 1 + other.index(near[first])), other
    assert match(*of_star(["hip", wanted]), *of_star(["hip", "right knee"])) == (0, None)


def test_a_leg_ends_in_a_foot_or_goes_on_to_the_toes():
    hip, ankle, foot, toe = "hip", "left ankle", "left foot", "left toe"
    assert match(*of_star([hip, foot]), *of_star([hip, ankle, toe])) == (0, 1)
    assert match(*of_star([hip, ankle]), *of_star([hip, foot])) == (0, 1)
    assert match(*of_star([hip, ankle, foot]), *of_star([hip, ankle, toe])) == (0, 1, 2)
    assert match(*of_star([hip, ankle, toe]), *of_star([hip, ankle, foot])) == (0, 1, 2)
    assert match(*of_star([hip, ankle, foot]), *of_star([hip, foot])) == (0, None, 1)
    assert match(*of_star([hip, ankle]), *of_star([hip, toe])) == (0, None)


def test_roots_and_pelves_stand_for_each_other():
    assert match(*of_star(["pelvis", "neck"]), *of_star(["root", "neck"])) == (0, 1)
    assert match(*of_star(["root", "neck"]), *of_star(["pelvis", "neck"])) == (0, 1)
    assert match(*of_star(["torso", "neck"]), *of_star(["pelvis", "neck"])) == (0, 1)
    assert match(*of_star(["spine", "neck"]), *of_star(["pelvis", "neck"])) == (0, 1)


def test_joints_of_the_trunk_go_by_their_names_where_all_are_there():
    """And by their order, whatever they are called, where one lacks."""
    wanted, edges = ["hip", "chest", "spine"], [(0, 1), (1, 2)]
    assert match(wanted, edges, ["hip", "spine", "chest"], edges) == (0, 2, 1)
    assert match(wanted, edges, ["hip", "spine", "torso"], edges) == (0, 1, 2)
