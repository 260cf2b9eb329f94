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
        ("leftThumbMetacarpal leftIndexDistal Left_Little_Proximal", "l thumb, l index, l pinky"),  # VRM, Unity
        ("femur_r tibia_r talus_r calcn_r toes_r", "r hip, r knee, r ankle, r heel, r toe"),  # OpenSim
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


# --- the table, typed once more ---------------------------------------------------------------------------------------

IN_THE_MIDDLE = {
    "pelvis": "hip center, hip centre, center hip, centre hip, mid hip, hip mid, middle hip, hip middle, spine base, "
    "base spine, base of spine, base of the spine, pelvis, hips, hip, waist, lower body, 下半身, 腰, center, centre, "
    "センター",
    "root": "root, 全ての親",
    "torso": "torso, trunk",
    "spine": "spine, spine mid, mid spine, spine naval, spine navel, navel, abdomen, ab, belly, lower back, upper "
    "back, upper body, 上半身, l5, l3, t12, t8, jL5S1, jL4L3, jL1T12, jT9T8, t10",
    "chest": "upper chest, chest, spine chest, rib cage, sternum, strn, 胸",
    "neck base": "shoulder center, shoulder centre, center shoulder, centre shoulder, mid shoulder, shoulder mid, "
    "spine shoulder, neck base, base of neck, jT1C7, thorax",
    "neck": "neck, 首, lower neck, upper neck",
    "head": "head, 頭, head center, jC1Head",
    "head top": "head top, top of head, head top end, head end",
    "nose": "nose, 鼻",
    "jaw": "jaw, chin, あご",
    "back": "c7, clav, rbak, back",
}
OF_A_SIDE = {
    "collar": "collar, clavicle, collar bone, clav, scapula",
    "shoulder": "shoulder, shoulder joint, shldr, sjc, sho, acromion, 肩, up arm, upper arm, uarm, humerus, arm, 腕",
    "upper arm": "upa",
    "elbow": "elbow, elb, ejc, ひじ, 肘, forearm, lower arm, low arm, farm, radius, ulna",
    "forearm": "frm",
    "wrist": "wrist, wri, wjc, 手首, wra, wrb",
    "hand": "hand, palm, 手, fin",
    "hand tip": "hand tip, finger tip, fingers",
    "finger base": "finger base",
    "finger": "finger",
    "thumb": "thumb, hand thumb, 親指",
    "index": "index, hand index, index finger, finger index, 人指, 人差指",
    "middle": "middle, hand middle, middle finger, finger middle, 中指",
    "ring": "ring, hand ring, ring finger, finger ring, 薬指",
    "pinky": "pinky, hand pinky, pinkie, little, hand little, little finger, small finger, 小指",
    "hip": "hip, hips, up leg, upper leg, thigh, femur, hjc, asi, asis, 足, hip joint",
    "back of the hip": "psi, psis",
    "thigh": "thi",
    "knee": "knee, kne, kjc, ひざ, 膝, leg, lower leg, low leg, shin, calf, tibia, shank",
    "shin": "tib",
    "ankle": "ankle, ank, ajc, 足首, talus",
    "foot": "foot",
    "heel": "heel, hee, かかと, calcn, calcaneus",
    "toe": "toe, toe base, toes, big toe, foot index, ball, hallux, hlx, つま先, 足先ex, metatarsals",
    "small toe": "small toe, little toe",
    "eye": "eye, 目",
    "inner eye": "eye inner, inner eye",
    "outer eye": "eye outer, outer eye",
    "ear": "ear, 耳",
    "mouth": "mouth",
    "front of the head": "fhd",
    "back of the head": "bhd",
}
LIMBS = {
    "arm": "collar, shoulder, upper arm, elbow, forearm, wrist, hand, hand tip, finger base, finger, thumb, index, "
    "middle, ring, pinky",
    "leg": "hip, back of the hip, thigh, knee, shin, ankle, foot, heel, toe, small toe",
}


@pytest.mark.parametrize("part", IN_THE_MIDDLE)
def test_every_spelling_of_the_middle_of_the_body(part):
    """The better ones first: so they are chosen where there are several."""
    found = [readings([name])[0] for name in IN_THE_MIDDLE[part].split(", ")]
    assert [(it.side, it.part, it.limb, it.rank) for it in found] == [("", part, "", n) for n in range(len(found))]
    assert list(MIDDLE) == list(IN_THE_MIDDLE)


@pytest.mark.parametrize("part", OF_A_SIDE)
def test_every_spelling_of_the_parts_that_come_twice(part):
    limb = next((limb for limb, parts in LIMBS.items() if part in parts.split(", ")), "")
    for side in ("left", "right"):
        found = [readings([f"{side} {name}"])[0] for name in OF_A_SIDE[part].split(", ")]
        wanted = [(side, part, limb, n) for n in range(len(found))]
        assert [(it.side, it.part, it.limb, it.rank) for it in found] == wanted
    assert list(SIDED) == list(OF_A_SIDE)


@pytest.mark.parametrize(
    ("word", "side"),
    [("left", "left"), ("right", "right"), ("L", "left"), ("R", "right"), ("lt", "left"), ("rt", "right"),
     ("左", "left"), ("右", "right")],
)  # fmt: skip
def test_words_for_the_sides(word, side):
    assert readings([f"{word}_knee"])[0][:2] == readings([f"knee_{word}"])[0][:2] == (side, "knee")


@pytest.mark.parametrize(
    ("name", "limb"),
    [("lShldrBend", "arm"), ("lForearmTwist", "arm"), ("LeftForeArmRoll", "arm"), ("lMetatarsalEnd", "leg"),
     ("L.Shank.Front", "leg"), ("L_ShankDistal", "leg"), ("L.Acromium", "arm"), ("l_calcaneal", "leg")],
)  # fmt: skip
def test_the_limb_of_what_lies_along_it(name, limb):
    assert readings([name])[0][:3] == ("left", "", limb)


@pytest.mark.parametrize("words", ["shoulder, shldr, 肩"])
def test_a_shoulder_beside_an_upper_arm_is_the_collar(words):
    for name in words.split(", "):
        for arm in ("up arm", "upper arm", "uarm", "humerus", "arm", "腕"):
            assert read([f"left {name}", f"left {arm}"]) == ["l collar", "l shoulder"]
            assert read([f"left {name}", f"right {arm}"]) == ["l shoulder", "r shoulder"]
        for other in ("elbow", "forearm", "hand"):
            assert read([f"left {name}", f"left {other}"])[0] == "l shoulder"


def test_a_hand_is_the_wrist_and_a_foot_the_ankle_where_bones_are_named():
    for bone in ("forearm", "lower arm", "low arm", "farm", "radius", "ulna", "finger base", "finger", "thumb", "index",
                 "middle", "ring", "pinky"):  # fmt: skip
        assert read(["right hand", f"right {bone}"])[0] == "r wrist"
        assert read(["right hand", f"right {bone}", "right wrist"])[0] == "r hand"
        assert read(["right hand", f"left {bone}"])[0] == "r hand"
    for bone in ("leg", "lower leg", "low leg", "shin", "calf", "tibia", "toe"):
        assert read(["right foot", f"right {bone}"])[0] == "r ankle"
        assert read(["right foot", f"right {bone}", "right ankle"])[0] == "r foot"
    for other in ("elbow", "knee", "heel"):
        assert read(["right hand", "right foot", f"right {other}"])[:2] == ["r hand", "r foot"]


@pytest.mark.parametrize(
    "words",
    ["j jt jnt joint jointtype bone bip biped valvebiped mixamorig", "def org rig xn skel avg c m f sec adj"],
)
def test_words_that_tell_nothing(words):
    for word in words.split():
        assert read([f"{word} left knee", f"{word}01 spine"]) == ["l knee", "spine"]
        assert read([f"{word}_head", "neck"]) == ["head", "neck"]


@pytest.mark.parametrize(
    ("words", "limb"),
    [("shoulder shldr arm elbow wrist hand palm thumb finger collar clavicle humerus acromi 腕 手 肩 ひじ 指", "arm"),
     ("hip buttock leg thigh knee shin shank calf ankle foot heel toe femur tibia calcan metatars", "leg"),
     ("足 ひざ つま先", "leg"),
     ("head belly", "")],
)  # fmt: skip
def test_words_that_tell_a_limb_though_not_the_part(words, limb):
    for word in words.split():
        it = readings([f"left {word} roll"])[0]
        assert (it.side, it.part, it.limb) == ("left", "", limb)
