"""The skeletons by name, whole: joints, bones, body parts and roles, typed from what their makers publish.

kinect v1     Microsoft, Kinect SDK 1.8, NUI_SKELETON_POSITION_INDEX: hip center 0 to right foot 19
kinect v2     Microsoft, Kinect SDK 2.0, JointType: spine base 0 to right thumb 24 (hand tip left 21, thumb left 22)
openni        SBU Kinect Interaction, readme of its clean version: the 15 joints of NiTE
azure kinect  MicrosoftDocs/azure-docs, articles/kinect-dk/body-joints.md: names and parents
mediapipe     google-ai-edge/mediapipe, PoseLandmark
coco 17       cocodataset.org, keypoints of a person
halpe 26      open-mmlab/mmpose, configs/_base_/datasets/halpe26.py
body 25       CMU-Perceptual-Computing-Lab/openpose, doc/02_output.md
smpl          vchoutas/smplx, joint_names.py, the first 22
cmu           cgspeed's BVH conversion of mocap.cs.cmu.edu, its HIERARCHY
mixamo        Mixamo's FBX as Blender writes it to BVH; "mixamorig:" stands before each name
plug-in gait  Vicon, Plug-in Gait Reference Guide, full body
"""

import pytest

from gca_scratch.data.joint_names import PARTS, Roles, body_parts, find_roles, mirror_places
from gca_scratch.data.layouts import LAYOUTS
from gca_scratch.data.made_joints import with_middle
from gca_scratch.network import body_parts as of_network

# name<number of the joint that it hangs from
JOINTS = {
    "kinect v1": (
        "hip center, spine<0, shoulder center<1, head<2, left shoulder<2, left elbow<4, left wrist<5, left hand<6, "
        "right shoulder<2, right elbow<8, right wrist<9, right hand<10, left hip<0, left knee<12, left ankle<13, "
        "left foot<14, right hip<0, right knee<16, right ankle<17, right foot<18"
    ),
    "kinect v2": (
        "spine base, spine mid<0, neck<20, head<2, left shoulder<20, left elbow<4, left wrist<5, left hand<6, "
        "right shoulder<20, right elbow<8, right wrist<9, right hand<10, left hip<0, left knee<12, left ankle<13, "
        "left foot<14, right hip<0, right knee<16, right ankle<17, right foot<18, spine shoulder<1, "
        "left hand tip<7, left thumb<7, right hand tip<11, right thumb<11"
    ),
    "openni": (
        "head<1, neck<2, torso, left shoulder<1, left elbow<3, left hand<4, right shoulder<1, right elbow<6, "
        "right hand<7, left hip<2, left knee<9, left foot<10, right hip<2, right knee<12, right foot<13"
    ),
    "azure kinect": (
        "PELVIS, SPINE_NAVAL<0, SPINE_CHEST<1, NECK<2, CLAVICLE_LEFT<2, SHOULDER_LEFT<4, ELBOW_LEFT<5, "
        "WRIST_LEFT<6, HAND_LEFT<7, HANDTIP_LEFT<8, THUMB_LEFT<7, CLAVICLE_RIGHT<2, SHOULDER_RIGHT<11, "
        "ELBOW_RIGHT<12, WRIST_RIGHT<13, HAND_RIGHT<14, HANDTIP_RIGHT<15, THUMB_RIGHT<14, HIP_LEFT<0, KNEE_LEFT<18, "
        "ANKLE_LEFT<19, FOOT_LEFT<20, HIP_RIGHT<0, KNEE_RIGHT<22, ANKLE_RIGHT<23, FOOT_RIGHT<24, HEAD<3, NOSE<26, "
        "EYE_LEFT<26, EAR_LEFT<26, EYE_RIGHT<26, EAR_RIGHT<26"
    ),
    "mediapipe": (
        "nose<11, left_eye_inner<0, left_eye<1, left_eye_outer<2, right_eye_inner<0, right_eye<4, "
        "right_eye_outer<5, left_ear<3, right_ear<6, mouth_left<0, mouth_right<0, left_shoulder, right_shoulder<11, "
        "left_elbow<11, right_elbow<12, left_wrist<13, right_wrist<14, left_pinky<15, right_pinky<16, "
        "left_index<15, right_index<16, left_thumb<15, right_thumb<16, left_hip<11, right_hip<12, left_knee<23, "
        "right_knee<24, left_ankle<25, right_ankle<26, left_heel<27, right_heel<28, left_foot_index<27, "
        "right_foot_index<28"
    ),
    "coco 17": (
        "nose<5, left_eye<0, right_eye<0, left_ear<1, right_ear<2, left_shoulder, right_shoulder<5, left_elbow<5, "
        "right_elbow<6, left_wrist<7, right_wrist<8, left_hip<5, right_hip<6, left_knee<11, right_knee<12, "
        "left_ankle<13, right_ankle<14"
    ),
    "halpe 26": (
        "nose<18, left_eye<0, right_eye<0, left_ear<1, right_ear<2, left_shoulder<18, right_shoulder<18, "
        "left_elbow<5, right_elbow<6, left_wrist<7, right_wrist<8, left_hip<19, right_hip<19, left_knee<11, "
        "right_knee<12, left_ankle<13, right_ankle<14, head<18, neck<19, hip, left_big_toe<15, right_big_toe<16, "
        "left_small_toe<15, right_small_toe<16, left_heel<15, right_heel<16"
    ),
    "body 25": (
        "Nose<1, Neck<8, RShoulder<1, RElbow<2, RWrist<3, LShoulder<1, LElbow<5, LWrist<6, MidHip, RHip<8, RKnee<9, "
        "RAnkle<10, LHip<8, LKnee<12, LAnkle<13, REye<0, LEye<0, REar<15, LEar<16, LBigToe<14, LSmallToe<19, "
        "LHeel<14, RBigToe<11, RSmallToe<22, RHeel<11"
    ),
    "smpl": (
        "pelvis, left_hip<0, right_hip<0, spine1<0, left_knee<1, right_knee<2, spine2<3, left_ankle<4, "
        "right_ankle<5, spine3<6, left_foot<7, right_foot<8, neck<9, left_collar<9, right_collar<9, head<12, "
        "left_shoulder<13, right_shoulder<14, left_elbow<16, right_elbow<17, left_wrist<18, right_wrist<19"
    ),
    "cmu": (
        "Hips, LHipJoint<0, LeftUpLeg<1, LeftLeg<2, LeftFoot<3, LeftToeBase<4, RHipJoint<0, RightUpLeg<6, "
        "RightLeg<7, RightFoot<8, RightToeBase<9, LowerBack<0, Spine<11, Spine1<12, Neck<13, Neck1<14, Head<15, "
        "LeftShoulder<13, LeftArm<17, LeftForeArm<18, LeftHand<19, LeftFingerBase<20, LeftHandIndex1<21, LThumb<20, "
        "RightShoulder<13, RightArm<24, RightForeArm<25, RightHand<26, RightFingerBase<27, RightHandIndex1<28, "
        "RThumb<27"
    ),
    "mixamo": (
        "Hips, Spine<0, Spine1<1, Spine2<2, Neck<3, Head<4, HeadTop_End<5, RightShoulder<3, RightArm<7, "
        "RightForeArm<8, RightHand<9, RightHandThumb1<10, RightHandThumb2<11, RightHandThumb3<12, "
        "RightHandThumb4<13, RightHandIndex1<10, RightHandIndex2<15, RightHandIndex3<16, RightHandIndex4<17, "
        "RightHandMiddle1<10, RightHandMiddle2<19, RightHandMiddle3<20, RightHandMiddle4<21, RightHandRing1<10, "
        "RightHandRing2<23, RightHandRing3<24, RightHandRing4<25, RightHandPinky1<10, RightHandPinky2<27, "
        "RightHandPinky3<28, RightHandPinky4<29, LeftShoulder<3, LeftArm<31, LeftForeArm<32, LeftHand<33, "
        "LeftHandThumb1<34, LeftHandThumb2<35, LeftHandThumb3<36, LeftHandThumb4<37, LeftHandIndex1<34, "
        "LeftHandIndex2<39, LeftHandIndex3<40, LeftHandIndex4<41, LeftHandMiddle1<34, LeftHandMiddle2<43, "
        "LeftHandMiddle3<44, LeftHandMiddle4<45, LeftHandRing1<34, LeftHandRing2<47, LeftHandRing3<48, "
        "LeftHandRing4<49, LeftHandPinky1<34, LeftHandPinky2<51, LeftHandPinky3<52, LeftHandPinky4<53, "
        "RightUpLeg<0, RightLeg<55, RightFoot<56, RightToeBase<57, RightToe_End<58, LeftUpLeg<0, LeftLeg<60, "
        "LeftFoot<61, LeftToeBase<62, LeftToe_End<63"
    ),
    "plug-in gait": (
        "LFHD<2, RFHD<3, LBHD<4, RBHD<4, C7<5, T10, CLAV<4, STRN<6, RBAK<5, LSHO<4, LUPA<9, LELB<10, LFRM<11, "
        "LWRA<12, LWRB<12, LFIN<13, RSHO<4, RUPA<16, RELB<17, RFRM<18, RWRA<19, RWRB<19, RFIN<20, LASI<25, RASI<26, "
        "LPSI<5, RPSI<5, LTHI<23, LKNE<27, LTIB<28, LANK<29, LHEE<30, LTOE<30, RTHI<24, RKNE<33, RTIB<34, RANK<35, "
        "RHEE<36, RTOE<36"
    ),
}
# 0 torso, 1 left arm, 2 right arm, 3 left leg, 4 right leg
BODY_PARTS = {
    "kinect v1": "00001111222233334444",
    "kinect v2": "0000111122223333444401122",
    "openni": "000111222333444",
    "azure kinect": "00001111111222222233334444000000",
    "mediapipe": "000000000001212121212123434343434",
    "coco 17": "00000121212343434",
    "halpe 26": "00000121212343434000343434",
    "body 25": "0022211104443330000333444",
    "smpl": "0340340340340120121212",
    "cmu": "0333334444400000011111112222222",
    "mixamo": "00000002222222222222222222222221111111111111111111111114444433333",
    "plug-in gait": "000000000111111122222223434333333444444",
}
# hip, left and right hip, top; pelvis and neck that are made come behind the others
ROLES = {
    "kinect v1": (0, 12, 16, 2),
    "kinect v2": (0, 12, 16, 2),
    "openni": (2, 9, 12, 1),
    "azure kinect": (0, 18, 22, 3),
    "mediapipe": (33, 23, 24, 34),
    "coco 17": (17, 11, 12, 18),
    "halpe 26": (19, 11, 12, 18),
    "body 25": (8, 12, 9, 1),
    "smpl": (0, 1, 2, 12),
    "cmu": (0, 2, 7, 14),
    "mixamo": (0, 60, 55, 4),
    "plug-in gait": (39, 23, 24, 40),
}
LEFT_TO_RIGHT = (("LEFT", "RIGHT"), ("Left", "Right"), ("left", "right"), ("L", "R"))
by_name = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)


@by_name
def test_joints_and_bones(layout):
    entries = [entry.partition("<") for entry in JOINTS[layout.name].split(", ")]
    before = "mixamorig:" if layout.name == "mixamo" else ""
    assert layout.joint_names == tuple(before + name for name, _, _ in entries)
    bones = {(int(parent), joint) for joint, (_, _, parent) in enumerate(entries) if parent}
    assert set(layout.edges) == bones and len(layout.edges) == len(bones)


@by_name
def test_parts_of_the_body(layout):
    assert "".join(map(str, body_parts(layout.joint_names))) == BODY_PARTS[layout.name]


@by_name
def test_hip_sides_and_top(layout):
    made = with_middle(layout.joint_names, layout.edges)
    assert find_roles(made.names, made.edges) == Roles(*ROLES[layout.name])


@by_name
def test_mirror_images(layout):
    """The other side by the name alone."""
    names = layout.joint_names
    for name, there in zip(names, mirror_places(names), strict=True):
        others = [name.replace(a, b, 1) for pair in LEFT_TO_RIGHT for a, b in (pair, pair[::-1])]
        assert names[there] == name or names[there] in others


def test_the_five_parts_are_called_as_the_network_calls_them():
    assert PARTS == of_network.PARTS == ("torso", "left arm", "right arm", "left leg", "right leg")
