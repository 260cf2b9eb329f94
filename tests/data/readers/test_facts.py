"""What readers know of their data sets, typed from what the authors publish: classes, joints, units, missing samples.

NTU RGB+D       github.com/shahroudy/NTURGB-D at ac2ebc8: README.md (actions), Matlab/NTU_RGBD*_missing_skeletons.txt
SBU             readme of the clean version: 1.28 - 2.56 x, 0.96 - 1.92 y, 10/7.8125 z; classes as the motion shows them
UT-Kinect       its page, Joint Order and Action Label: frames at 15 a second
SYSU            Joint.m of ProjectJOULE
Berkeley MHAD   its page: 11 actions, 12 subjects
NW-UCLA         github.com/Uason-Chen/CTR-GCN, README.md and feeders/feeder_ucla.py: there is no a07 and no a10
UTD-MHAD        its page: 27 actions; the space is Kinect's
MSR Action3D    its page: 20 actions; rows of joints as public loaders have them, row 0 the right shoulder
Florence 3D     readme: 9 actions, 15 joints from the head on
KARD            the docstring of a public loader: 18 actions, 15 joints, millimetres
"""

import hashlib
import importlib

import numpy as np
import pytest

from gca_scratch.data.meaning import METRES, Fact
from gca_scratch.data.readers import agcn, ctrgcn, ctrgcn_names, msraction3d, ntu, nwucla, sbu
from gca_scratch.data.readers.ntu_names import NTU_60, NTU_120
from gca_scratch.data.readers.ntu_sample import KINECT_SPACE, sample_of
from gca_scratch.data.readers.recording import Options

CLASSES = {
    "sysu": (
        "drinking; pouring; calling phone; playing phone; wearing backpacks; packing backpacks; sitting chair; "
        "moving chair; taking out wallet; taking from wallet; mopping; sweeping"
    ),
    "utkinect": "walk; sitDown; standUp; pickUp; carry; throw; push; pull; waveHands; clapHands",
    "sbu": "approaching; departing; kicking; pushing; shaking hands; hugging; exchanging objects; punching",
    "mhad": (
        "jumping in place; jumping jacks; bending; punching; waving two hands; waving one hand; clapping; "
        "throwing a ball; sit down then stand up; sit down; stand up"
    ),
    "nwucla": (
        "pick up with one hand; pick up with two hands; drop trash; walk around; sit down; stand up; donning; doffing; "
        "throw; carry"
    ),
    "utdmhad": (
        "right arm swipe to the left; right arm swipe to the right; right hand wave; two hand front clap; "
        "right arm throw; cross arms in the chest; basketball shoot; right hand draw x; "
        "right hand draw circle (clockwise); right hand draw circle (counter clockwise); draw triangle; "
        "bowling (right hand); front boxing; baseball swing from right; tennis right hand forehand swing; "
        "arm curl (two arms); tennis serve; two hand push; right hand knock on door; right hand catch an object; "
        "right hand pick up and throw; jogging in place; walking in place; sit to stand; stand to sit; "
        "forward lunge (left foot forward); squat (two arms stretch out)"
    ),
    "msraction3d": (
        "high arm wave; horizontal arm wave; hammer; hand catch; forward punch; high throw; draw x; draw tick; "
        "draw circle; hand clap; two hand wave; side boxing; bend; forward kick; side kick; jogging; tennis swing; "
        "tennis serve; golf swing; pick up and throw"
    ),
    "florence": "wave; drink from a bottle; answer phone; clap; tight lace; sit down; stand up; read watch; bow",
    "kard": (
        "horizontal arm wave; high arm wave; two hand wave; catch cap; high throw; draw x; draw tick; toss paper; "
        "forward kick; side kick; take umbrella; bend; hand clap; walk; phone call; drink; sit down; stand up"
    ),
}
# name<number of the joint that it hangs from; those of the other readers stand in test_facts_of_skeletons
JOINTS = {
    "mhad": (
        "Hips, spine<0, spine1<1, spine2<2, Neck<3, Head<4, RightShoulder<3, RightArm<6, RightArmRoll<7, "
        "RightForeArm<8, RightForeArmRoll<9, RightHand<10, LeftShoulder<3, LeftArm<12, LeftArmRoll<13, LeftForeArm<14, "
        "LeftForeArmRoll<15, LeftHand<16, RightUpLeg<0, RightUpLegRoll<18, RightLeg<19, RightLegRoll<20, RightFoot<21, "
        "RightToeBase<22, LeftUpLeg<0, LeftUpLegRoll<24, LeftLeg<25, LeftLegRoll<26, LeftFoot<27, LeftToeBase<28"
    ),
    "utdmhad": (
        "head<1, shoulder center<2, spine<3, hip center, left shoulder<1, left elbow<4, left wrist<5, left hand<6, "
        "right shoulder<1, right elbow<8, right wrist<9, right hand<10, left hip<3, left knee<12, left ankle<13, "
        "left foot<14, right hip<3, right knee<16, right ankle<17, right foot<18"
    ),
    "msraction3d": (
        "right shoulder<2, left shoulder<2, shoulder center<3, spine<6, right hip<6, left hip<6, hip center, "
        "right elbow<0, left elbow<1, right wrist<7, left wrist<8, right hand<9, left hand<10, right knee<4, "
        "left knee<5, right ankle<13, left ankle<14, right foot<15, left foot<16, head<2"
    ),
    "florence": (
        "head<1, neck<2, spine, left shoulder<1, left elbow<3, left wrist<4, right shoulder<1, right elbow<6, "
        "right wrist<7, left hip<2, left knee<9, left ankle<10, right hip<2, right knee<12, right ankle<13"
    ),
    "kard": (
        "head<1, neck<8, right shoulder<1, right elbow<2, right hand<3, left shoulder<1, left elbow<5, left hand<6, "
        "torso, right hip<8, right knee<9, right foot<10, left hip<8, left knee<12, left foot<13"
    ),
}
# layout, protocol, and what the numbers mean: vertical, unit, handedness, rate, zeros
FACTS = {
    "ntu": ("kinect v2", "cross-subject", "+y m right 30 absent"),
    "sysu": ("kinect v1", "sysu", "+y m right 30 absent"),
    "utkinect": ("kinect v1", "", "+y m right 15 absent"),
    "sbu": ("openni", "sbu", "+y m right 15 absent"),
    "mhad": ("mhad", "mhad", "+y m right 30 absent"),
    "nwucla": ("kinect v1", "nw-ucla", "+y m right - absent"),
    "utdmhad": ("utd-mhad", "utd-mhad", "+y m right 30 absent"),
    "kard": ("kard", "loso", "- mm - - absent"),
    "azure": ("azure kinect", "", "+y mm right - absent"),
    "mediapipe": ("mediapipe", "", "+y m right - positions"),
}


def reader(name):
    return importlib.import_module(f"gca_scratch.data.readers.{name}")


def words(meaning):
    facts = (meaning.up, meaning.unit, meaning.hand, meaning.rate, meaning.zeros)
    return " ".join(fact.value or "-" for fact in facts)


@pytest.mark.parametrize("name", CLASSES)
def test_classes_in_the_order_of_their_numbers(name):
    assert list(reader(name).CLASS_NAMES) == CLASSES[name].split("; ")


@pytest.mark.parametrize("name", JOINTS)
def test_joints_and_bones(name):
    layout = reader(name).LAYOUT
    entries = [entry.partition("<") for entry in JOINTS[name].split(", ")]
    assert layout.joint_names == tuple(joint for joint, _, _ in entries)
    assert set(layout.edges) == {(int(parent), joint) for joint, (_, _, parent) in enumerate(entries) if parent}
    assert len(layout.edges) == len(entries) - 1


@pytest.mark.parametrize("name", FACTS)
def test_what_the_numbers_mean(name):
    found = reader(name)
    layout, protocol, meaning = FACTS[name]
    assert (found.LAYOUT.name, found.PROTOCOL) == (layout, protocol)
    assert words(found.MEANING) == meaning
    assert {f.source for f in (found.MEANING.up, found.MEANING.unit, found.MEANING.hand)} <= {"definition", ""}


def test_what_the_numbers_of_packings_mean():
    assert words(KINECT_SPACE) == "+y m right 30 absent"
    assert words(ctrgcn._SPACE) == "+y m right 30 positions"
    assert words(agcn.MEANING) == "+z m right 30 positions" and agcn.MEANING.up.source == "file"
    assert words(msraction3d.IN_THE_WORLD) == "+y m - - absent"
    assert words(msraction3d.IN_THE_PICTURE) == "- - - - absent"
    assert msraction3d.PROTOCOL == "msr-cross-subject" and reader("florence").PROTOCOL == "loso"
    assert METRES == {"m": 1, "dm": 0.1, "cm": 0.01, "mm": 0.001, "in": 0.0254, "ft": 0.3048}


def of_text(names):
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def test_the_missing_samples_of_ntu_are_those_that_its_authors_list():
    """The SHA-256 of the sorted names in each of the two lists of the authors."""
    assert len(ntu.MISSING) == 302 and len(ntu.MISSING_120) == 535
    assert of_text(sorted(ntu.MISSING)) == "3ff503429ae912d947682d1e93a50e5e7f6dc0b0cac61dbc7d306801f36e6317"
    assert of_text(sorted(ntu.MISSING_120)) == "58d30a6fdf262ab9fe1b51b74fb64f51a5b0107ab9eaa9fb3382d55c7b7d6884"


def test_the_actions_of_ntu_are_called_and_numbered_as_their_authors_do():
    """The SHA-256 of the names, a name a line: the README's, but for a shorter A25 and a slip of the pen in A67."""
    assert of_text(NTU_60) == "14d90bc78367419b6417456ed9783d59f099aedc92e9848a50b710a911a7db96"
    assert of_text(NTU_120) == "724770374ab4d54b8dfc8ef4ceb8f2db804c551b88cd97c7d366cafacd15613a"
    named = {
        1: "drink water",
        2: "eat meal/snack",
        23: "hand waving",
        43: "falling",
        50: "punching/slapping other person",
        60: "walking apart from each other",
        61: "put on headphone",
        100: "butt kicks (kick backward)",
        120: "finger-guessing game (playing rock-paper-scissors)",
    }
    assert {number: NTU_120[number - 1] for number in named} == named and NTU_120[:60] == NTU_60


def test_the_actions_of_northwestern_ucla_that_there_are():
    assert nwucla.ACTIONS == (1, 2, 3, 4, 5, 6, 8, 9, 11, 12)


def test_the_formula_of_sbu():
    """A corner of the picture and its middle, in metres."""
    assert np.allclose(sbu._ORIGIN + sbu._SCALE * [0, 0, 0], [1.28, 0.96, 0])
    assert np.allclose(sbu._ORIGIN + sbu._SCALE * [0.5, 0.5, 1], [0, 0, 1.28])
    assert np.allclose(sbu._ORIGIN + sbu._SCALE * [1, 1, 2], [-1.28, -0.96, 2.56])


@pytest.mark.parametrize("ending", ["", ".skeleton"])
def test_the_numbers_in_a_name_of_ntu(ending):
    """SsssCcccPpppRrrrAaaa: setup, camera, performer, replication, action."""
    found = sample_of("S012C003P045R002A067" + ending)
    assert (found.setup, found.view, found.subject, found.repetition, found.action) == (12, 3, 45, 2, 67)
    for other in ("S12C003P045R002A067", "s012C003P045R002A067", "S012C003P045R002A067.txt", "xS012C003P045R002A067"):
        assert sample_of(other) is None


def test_the_list_of_names_of_ctrgcn():
    assert ctrgcn_names.LIST == "skes_available_name.txt" and ctrgcn_names.PARTS == ("train", "test")


@pytest.mark.parametrize("name", ["ntu", "sysu", "utkinect", "sbu", "mhad", "nwucla", "utdmhad"])
def test_a_user_says_which_axis_is_up_which_unit_and_rate(tmp_path, monkeypatch, name):
    """Where the files themselves measure in something that is known, --unit changes nothing."""
    monkeypatch.setattr(reader(name), "items", lambda root: [])
    said = reader(name).open_collection(tmp_path, Options(up="-z", unit="cm", rate="12.5")).meaning
    unit = Fact("m", "definition") if name in ("sbu", "mhad") else Fact("cm", "user")
    assert (said.up, said.unit, said.rate) == (Fact("-z", "user"), unit, Fact("12.5", "user"))
    assert reader(name).open_collection(tmp_path, Options()).meaning == reader(name).MEANING
