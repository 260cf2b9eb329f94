"""Tests of the skeletons by name: against literals typed from the formats' own descriptions."""

import pytest

from gca_scratch.data.joint_names import body_parts, find_roles, mirror_places
from gca_scratch.data.joint_words import readings
from gca_scratch.data.layouts import (
    AZURE_KINECT,
    BODY_25,
    CMU,
    COCO,
    HALPE,
    LAYOUTS,
    MEDIAPIPE,
    MIXAMO,
    PLUG_IN_GAIT,
    SMPL,
    layout_named,
)
from gca_scratch.data.made_joints import with_middle
from gca_scratch.data.skeleton import KINECT_V1, KINECT_V2, OPENNI, Layout, chain
from gca_scratch.support.errors import InputError

by_name = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)


def whole(layout):
    """The layout with the joints that are made."""
    made = with_middle(layout.joint_names, layout.edges)
    return Layout(layout.name, made.names, made.edges)


@by_name
def test_every_layout_is_a_tree_with_or_without_the_joints_that_are_made(layout):
    for each in (layout, whole(layout)):
        count = len(each.joint_names)
        assert len(set(each.joint_names)) == count and len(each.edges) == count - 1
        assert len(chain(count, each.edges, 0)) == count


@by_name
def test_bones_lead_outwards_from_the_hip(layout):
    layout = whole(layout)
    root = find_roles(layout.joint_names, layout.edges).hip
    place = {joint: n for n, joint in enumerate(chain(len(layout.joint_names), layout.edges, root))}
    assert all(place[parent] < place[child] for parent, child in layout.edges)


@by_name
def test_every_layout_has_a_hip_two_sides_a_top_and_five_parts(layout):
    layout = whole(layout)
    names, read = layout.joint_names, readings(layout.joint_names)
    roles = find_roles(names, layout.edges)
    assert read[roles.hip].part == ("torso" if layout.name == OPENNI.name else "pelvis")
    assert read[roles.left][:2] == ("left", "hip") and read[roles.right][:2] == ("right", "hip")
    assert read[roles.top].part in ("neck", "neck base")
    parts = body_parts(names)
    assert set(parts) == set(range(5))
    assert parts.count(1) == parts.count(2) and parts.count(3) == parts.count(4)


@by_name
def test_every_joint_can_be_read_and_has_its_mirror_image(layout):
    read = readings(layout.joint_names)
    unread = [name for name, it in zip(layout.joint_names, read, strict=True) if not it.part]
    assert unread == ["mixamorig:RightToe_End", "mixamorig:LeftToe_End"] * (layout is MIXAMO)
    other = mirror_places(layout.joint_names)
    assert [other[there] for there in other] == list(range(len(other)))
    for here, there in enumerate(other):
        assert (read[here].side, read[there].side) in (("left", "right"), ("right", "left"), ("", ""))
        assert read[here].part == read[there].part and (here == there) == (not read[here].side)


@by_name
def test_bones_join_the_same_on_both_sides(layout):
    layout = whole(layout)
    other = mirror_places(layout.joint_names)
    bones = {frozenset(bone) for bone in layout.edges}
    assert {frozenset((other[a], other[b])) for a, b in layout.edges} == bones


def places(layout, **joints):
    for name, place in joints.items():
        assert layout.joint_names[place] == name


def bones(layout, *pairs):
    found = {(layout.joint_names[a], layout.joint_names[b]) for a, b in layout.edges}
    assert {tuple(pair.split()) for pair in pairs} <= found


def test_joints_and_bones_are_those_of_the_formats():
    assert {layout.name: len(layout.joint_names) for layout in LAYOUTS} == {
        "kinect v1": 20, "kinect v2": 25, "openni": 15, "azure kinect": 32, "mediapipe": 33, "coco 17": 17,
        "halpe 26": 26, "body 25": 25, "smpl": 22, "cmu": 31, "mixamo": 65, "plug-in gait": 39,
    }  # fmt: skip
    places(AZURE_KINECT, PELVIS=0, NECK=3, THUMB_LEFT=10, CLAVICLE_RIGHT=11, HIP_LEFT=18, HEAD=26, EAR_RIGHT=31)
    bones(AZURE_KINECT, "SPINE_CHEST CLAVICLE_RIGHT", "WRIST_LEFT THUMB_LEFT", "HAND_LEFT HANDTIP_LEFT", "HEAD NOSE")
    places(MEDIAPIPE, nose=0, left_eye=2, mouth_right=10, left_shoulder=11, left_pinky=17, left_thumb=21, left_hip=23)
    places(MEDIAPIPE, right_heel=30, right_foot_index=32)
    places(COCO, nose=0, left_ear=3, left_shoulder=5, right_wrist=10, left_hip=11, right_ankle=16)
    places(HALPE, right_ankle=16, head=17, neck=18, hip=19, left_big_toe=20, right_small_toe=23, right_heel=25)
    bones(HALPE, "hip neck", "neck head", "left_ankle left_big_toe", "left_ankle left_small_toe", "hip right_hip")
    places(BODY_25, Nose=0, Neck=1, RShoulder=2, LShoulder=5, MidHip=8, RHip=9, LHip=12, REye=15, LEar=18, LBigToe=19)
    places(BODY_25, LHeel=21, RBigToe=22, RHeel=24)
    bones(BODY_25, "Neck Nose", "MidHip LHip", "LBigToe LSmallToe", "LAnkle LHeel", "Nose REye", "REye REar")
    places(SMPL, pelvis=0, left_hip=1, right_hip=2, spine1=3, spine3=9, left_foot=10, neck=12, left_collar=13, head=15)
    places(SMPL, right_wrist=21)
    bones(SMPL, "spine3 left_collar", "left_collar left_shoulder", "spine3 neck", "neck head", "left_ankle left_foot")
    places(CMU, Hips=0, LHipJoint=1, LeftUpLeg=2, RHipJoint=6, LowerBack=11, Head=16, LeftShoulder=17, LThumb=23)
    places(CMU, RightShoulder=24, RThumb=30)
    bones(CMU, "Hips LowerBack", "RHipJoint RightUpLeg", "Spine1 Neck", "Spine1 LeftShoulder", "RightHand RThumb")
    mixamo = {"Hips": 0, "HeadTop_End": 6, "RightArm": 8, "RightHandThumb1": 11, "LeftArm": 32, "RightUpLeg": 55}
    places(MIXAMO, **{f"mixamorig:{name}": place for name, place in mixamo.items()}, **{"mixamorig:LeftToe_End": 64})
    places(PLUG_IN_GAIT, LFHD=0, C7=4, RBAK=8, LSHO=9, LFIN=15, RSHO=16, LASI=23, RPSI=26, LTHI=27, RTHI=33, RTOE=38)


@pytest.mark.parametrize(
    ("spellings", "layout"),
    [
        ("kinect_v1 Kinect-V1 KinectV1", KINECT_V1),
        ("kinect_v2 kinect2 NTU", KINECT_V2),
        ("openni OpenNI_15", OPENNI),
        ("azure_kinect AzureKinect k4a azure-kinect-32", AZURE_KINECT),
        ("mediapipe MediaPipe_33 BlazePose", MEDIAPIPE),
        ("coco_17 COCO17 coco", COCO),
        ("halpe_26 Halpe26", HALPE),
        ("body_25 BODY25 openpose", BODY_25),
        ("smpl SMPL-22 HumanML3D AMASS", SMPL),
        ("cmu CMU-BVH", CMU),
        ("mixamo mixamorig", MIXAMO),
        ("plug_in_gait Plug-in-Gait PluginGait vicon", PLUG_IN_GAIT),
    ],
)
def test_layouts_have_names_in_any_spelling(spellings, layout):
    assert all(layout_named(name) is layout for name in spellings.split())


def test_a_layout_of_blanks_and_one_that_is_not_there():
    assert layout_named("Kinect v2") is KINECT_V2 and layout_named("Plug-in Gait") is PLUG_IN_GAIT
    with pytest.raises(InputError, match=r"no skeleton 'kinect'; choose one of kinect_v1, kinect_v2, openni, .* or gi"):
        layout_named("kinect")
