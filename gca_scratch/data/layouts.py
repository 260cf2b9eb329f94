"""Skeletons by name: what sensors, pose estimators, body models and motion capture call their joints, and their bones.

The joints come in the format's own order, under its own names. Where a format has no pelvis or no neck its bones join
shoulders and hips directly, so that they are a tree all the same; made_joints gives it the two.
"""

import re
from itertools import pairwise

from ..support.errors import InputError, shown
from .skeleton import KINECT_V1, KINECT_V2, OPENNI, Layout


def _layout(name: str, joint_names: str, *lines: str) -> Layout:
    """The layout of those names; each line joins joints, each to the next. A "*" in a line stands for both sides."""
    names = tuple(joint_names.split())
    sided = [line.replace("*", side) for line in lines for side in (_SIDES[name] if "*" in line else ("",))]
    edges = [(names.index(a), names.index(b)) for line in sided for a, b in pairwise(line.split())]
    return Layout(name, names, tuple(edges))


_SIDES = {
    "azure kinect": ("LEFT", "RIGHT"),
    "mediapipe": ("left", "right"),
    "coco 17": ("left", "right"),
    "halpe 26": ("left", "right"),
    "body 25": ("L", "R"),
    "smpl": ("left", "right"),
    "cmu": ("Left", "Right"),
    "mixamo": ("Left", "Right"),
    "plug-in gait": ("L", "R"),
}

AZURE_KINECT = _layout(  # MicrosoftDocs/azure-docs, articles/kinect-dk/body-joints.md, names and parents
    "azure kinect",
    "PELVIS SPINE_NAVAL SPINE_CHEST NECK CLAVICLE_LEFT SHOULDER_LEFT ELBOW_LEFT WRIST_LEFT HAND_LEFT HANDTIP_LEFT "
    "THUMB_LEFT CLAVICLE_RIGHT SHOULDER_RIGHT ELBOW_RIGHT WRIST_RIGHT HAND_RIGHT HANDTIP_RIGHT THUMB_RIGHT HIP_LEFT "
    "KNEE_LEFT ANKLE_LEFT FOOT_LEFT HIP_RIGHT KNEE_RIGHT ANKLE_RIGHT FOOT_RIGHT HEAD NOSE EYE_LEFT EAR_LEFT EYE_RIGHT "
    "EAR_RIGHT",
    "PELVIS SPINE_NAVAL SPINE_CHEST NECK HEAD NOSE",
    "SPINE_CHEST CLAVICLE_* SHOULDER_* ELBOW_* WRIST_* HAND_* HANDTIP_*",
    "WRIST_* THUMB_*",
    "PELVIS HIP_* KNEE_* ANKLE_* FOOT_*",
    "HEAD EYE_*",
    "HEAD EAR_*",
)

MEDIAPIPE = _layout(  # google-ai-edge/mediapipe, PoseLandmark and its connections; version 1.2.2
    "mediapipe",
    "nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye right_eye_outer left_ear right_ear "
    "mouth_left mouth_right left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist left_pinky "
    "right_pinky left_index right_index left_thumb right_thumb left_hip right_hip left_knee right_knee left_ankle "
    "right_ankle left_heel right_heel left_foot_index right_foot_index",
    "left_shoulder right_shoulder",
    "left_shoulder nose",
    "nose *_eye_inner *_eye *_eye_outer *_ear",
    "nose mouth_*",
    "*_shoulder *_elbow *_wrist *_index",
    "*_wrist *_pinky",
    "*_wrist *_thumb",
    "*_shoulder *_hip *_knee *_ankle *_heel",
    "*_ankle *_foot_index",
)

COCO = _layout(  # cocodataset.org, keypoints of a person; open-mmlab/mmpose, coco.py
    "coco 17",
    "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow left_wrist "
    "right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle",
    "left_shoulder right_shoulder",
    "left_shoulder nose",
    "nose *_eye *_ear",
    "*_shoulder *_elbow *_wrist",
    "*_shoulder *_hip *_knee *_ankle",
)

HALPE = _layout(  # open-mmlab/mmpose, configs/_base_/datasets/halpe26.py
    "halpe 26",
    "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow left_wrist "
    "right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle head neck hip left_big_toe "
    "right_big_toe left_small_toe right_small_toe left_heel right_heel",
    "hip neck head",
    "neck nose",
    "nose *_eye *_ear",
    "neck *_shoulder *_elbow *_wrist",
    "hip *_hip *_knee *_ankle *_big_toe",
    "*_ankle *_small_toe",
    "*_ankle *_heel",
)

BODY_25 = _layout(  # CMU-Perceptual-Computing-Lab/openpose, doc/02_output.md and POSE_BODY_25_PAIRS_RENDER_GPU
    "body 25",
    "Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist MidHip RHip RKnee RAnkle LHip LKnee LAnkle REye LEye "
    "REar LEar LBigToe LSmallToe LHeel RBigToe RSmallToe RHeel",
    "MidHip Neck Nose",
    "Neck *Shoulder *Elbow *Wrist",
    "MidHip *Hip *Knee *Ankle *BigToe *SmallToe",
    "*Ankle *Heel",
    "Nose *Eye *Ear",
)

SMPL = _layout(  # vchoutas/smplx, joint_names.py, the first 22; EricGuo5513/HumanML3D, t2m_kinematic_chain
    "smpl",
    "pelvis left_hip right_hip spine1 left_knee right_knee spine2 left_ankle right_ankle spine3 left_foot right_foot "
    "neck left_collar right_collar head left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist",
    "pelvis spine1 spine2 spine3 neck head",
    "pelvis *_hip *_knee *_ankle *_foot",
    "spine3 *_collar *_shoulder *_elbow *_wrist",
)

CMU = _layout(  # cgspeed's BVH conversion of mocap.cs.cmu.edu, its HIERARCHY
    "cmu",
    "Hips LHipJoint LeftUpLeg LeftLeg LeftFoot LeftToeBase RHipJoint RightUpLeg RightLeg RightFoot RightToeBase "
    "LowerBack Spine Spine1 Neck Neck1 Head LeftShoulder LeftArm LeftForeArm LeftHand LeftFingerBase LeftHandIndex1 "
    "LThumb RightShoulder RightArm RightForeArm RightHand RightFingerBase RightHandIndex1 RThumb",
    "Hips LHipJoint LeftUpLeg",
    "Hips RHipJoint RightUpLeg",
    "*UpLeg *Leg *Foot *ToeBase",
    "Hips LowerBack Spine Spine1 Neck Neck1 Head",
    "Spine1 *Shoulder *Arm *ForeArm *Hand *FingerBase *HandIndex1",
    "LeftHand LThumb",
    "RightHand RThumb",
)


def _mixamo() -> Layout:
    """With fingers, as Blender writes its FBX to BVH: the right side first."""
    trunk, arm = "Hips Spine Spine1 Spine2 Neck Head HeadTop_End", "*Shoulder *Arm *ForeArm *Hand"
    leg = "*UpLeg *Leg *Foot *ToeBase *Toe_End"
    fingers = [" ".join(f"*Hand{finger}{n}" for n in range(1, 5)) for finger in _FINGERS]
    limbs = [limb.replace("*", side) for limb in (" ".join([arm, *fingers]), leg) for side in ("Right", "Left")]
    lines = (trunk, f"Spine2 {arm}", f"Hips {leg}", *(f"*Hand {finger}" for finger in fingers))
    bare = _layout("mixamo", " ".join([trunk, *limbs]), *lines)
    return Layout(bare.name, tuple(f"mixamorig:{name}" for name in bare.joint_names), bare.edges)


_FINGERS = ("Thumb", "Index", "Middle", "Ring", "Pinky")
MIXAMO = _mixamo()

PLUG_IN_GAIT = _layout(  # Vicon, Plug-in Gait Reference Guide, full body: 39 markers on the skin
    "plug-in gait",
    "LFHD RFHD LBHD RBHD C7 T10 CLAV STRN RBAK LSHO LUPA LELB LFRM LWRA LWRB LFIN RSHO RUPA RELB RFRM RWRA RWRB RFIN "
    "LASI RASI LPSI RPSI LTHI LKNE LTIB LANK LHEE LTOE RTHI RKNE RTIB RANK RHEE RTOE",
    "T10 C7 CLAV STRN",
    "T10 RBAK",
    "C7 *BHD *FHD",
    "C7 *SHO *UPA *ELB *FRM *WRA *FIN",
    "*FRM *WRB",
    "T10 *PSI *ASI *THI *KNE *TIB *ANK *HEE",
    "*ANK *TOE",
)

LAYOUTS = (
    KINECT_V1,
    KINECT_V2,
    OPENNI,
    AZURE_KINECT,
    MEDIAPIPE,
    COCO,
    HALPE,
    BODY_25,
    SMPL,
    CMU,
    MIXAMO,
    PLUG_IN_GAIT,
)

_ALSO = {  # other names without separators and capitals
    "kinect v1": "kinect1 kinectv120 kinect20",
    "kinect v2": "kinect2 kinectv225 kinect25 kinectone ntu ntu25 nturgbd",
    "openni": "openni15 nite openni2",
    "azure kinect": "azure azurekinect32 kinectazure k4a k4abt kinectv4",
    "mediapipe": "mediapipe33 mediapipepose blazepose",
    "coco 17": "coco cocobody",
    "halpe 26": "halpe",
    "body 25": "openpose openposebody25 openpose25",
    "smpl": "smpl22 smplh smplx humanml3d humanml amass",
    "cmu": "cmubvh cmu31 cgspeed cmumocap",
    "mixamo": "mixamorig mixamo65",
    "plug-in gait": "pig vicon viconplugingait plugingaitfullbody",
}


def layout_named(name: str) -> Layout:
    """The layout of that name, "kinect_v2", "COCO-17" or "Plug-in Gait", in any usual spelling; else InputError."""
    wanted = _plain(name)
    for layout in LAYOUTS:
        if wanted == _plain(layout.name) or wanted in _ALSO[layout.name].split():
            return layout
    known = ", ".join(re.sub("[ -]", "_", layout.name) for layout in LAYOUTS)
    raise InputError(f"there is no skeleton {shown(name)}; choose one of {known}, or give joint names and bones")


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()
