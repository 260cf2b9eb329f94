"""Tests of the joints that are made of others: where they lie, what they hang from, and when they are made."""

import dataclasses

import numpy as np
import pytest

from gca_scratch.data import neutral
from gca_scratch.data.alignment import align
from gca_scratch.data.joint_names import find_roles
from gca_scratch.data.layouts import COCO, MEDIAPIPE, PLUG_IN_GAIT
from gca_scratch.data.made_joints import completed, make, with_middle
from gca_scratch.data.meaning import known
from gca_scratch.data.skeleton import KINECT_V1, OPENNI, Layout
from gca_scratch.support.errors import InputError
from tests.helpers.tiny import of_layout, skeletons


def bones(made):
    return {(made.names[a], made.names[b]) for a, b in made.edges}


def places(layout, seed=0, frames=4, persons=2):
    shape = (frames, persons, len(layout.joint_names), 3)
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_the_pelvis_and_the_neck_lie_in_the_middle():
    joints = places(COCO)
    grown, layout, sentences = make(joints, COCO)
    assert grown.shape == (4, 2, 19, 3) and grown.dtype == np.float32 and (grown[:, :, :17] == joints).all()
    assert layout.joint_names[17:] == ("pelvis", "neck") and layout.name == "coco 17"
    assert np.allclose(grown[:, :, 17], (joints[:, :, 11] + joints[:, :, 12]) / 2, rtol=0, atol=1e-6)
    assert np.allclose(grown[:, :, 18], (joints[:, :, 5] + joints[:, :, 6]) / 2, rtol=0, atol=1e-6)
    assert sentences == [
        "there is no pelvis: 'pelvis' is made, the middle of 'left_hip' and 'right_hip'",
        "there is no neck: 'neck' is made, the middle of 'left_shoulder' and 'right_shoulder'",
    ]


def test_markers_have_the_pelvis_between_all_four():
    joints = places(PLUG_IN_GAIT)
    grown, layout, sentences = make(joints, PLUG_IN_GAIT)
    assert layout.joint_names[39:] == ("pelvis", "neck")
    assert np.allclose(grown[:, :, 39], joints[:, :, 23:27].mean(axis=2), rtol=0, atol=1e-6)
    assert sentences[0].endswith("the middle of 'LASI', 'RASI', 'LPSI' and 'RPSI'")


def test_the_body_hangs_from_what_was_made():
    found = bones(with_middle(COCO.joint_names, COCO.edges))
    assert found == {
        ("pelvis", "neck"), ("neck", "nose"), ("neck", "left_shoulder"), ("neck", "right_shoulder"),
        ("pelvis", "left_hip"), ("pelvis", "right_hip"), ("nose", "left_eye"), ("nose", "right_eye"),
        *((f"{side}_{a}", f"{side}_{b}") for side in ("left", "right") for a, b in (
            ("eye", "ear"), ("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))),
    }  # fmt: skip
    face = bones(with_middle(MEDIAPIPE.joint_names, MEDIAPIPE.edges))
    assert {
        ("neck", "nose"),
        ("nose", "left_eye_inner"),
        ("nose", "mouth_right"),
        ("right_eye_outer", "right_ear"),
    } < face
    markers = bones(with_middle(PLUG_IN_GAIT.joint_names, PLUG_IN_GAIT.edges))
    assert {("pelvis", "T10"), ("T10", "C7"), ("C7", "neck"), ("neck", "LBHD"), ("neck", "RSHO")} < markers
    assert {("pelvis", "LPSI"), ("LPSI", "LASI"), ("LASI", "LTHI")} < markers


def test_a_torso_stays_between_pelvis_and_neck():
    assert with_middle(OPENNI.joint_names, OPENNI.edges).sources == ()
    made = with_middle(OPENNI.joint_names, OPENNI.edges, force=True)
    assert made.names[15:] == ("pelvis",) and made.sources == ((9, 12),)
    assert {("pelvis", "torso"), ("torso", "neck"), ("pelvis", "left hip"), ("pelvis", "right hip")} < bones(made)


def test_a_neck_goes_between_the_chest_and_what_hung_from_it():
    names = ["Hips", "Chest", "Head", "LeftCollar", "LeftShoulder", "RightCollar", "RightShoulder"]
    made = with_middle(names, [(0, 1), (1, 2), (1, 3), (3, 4), (1, 5), (5, 6)])
    assert bones(made) == {
        ("Hips", "Chest"), ("Chest", "neck"), ("neck", "Head"), ("neck", "LeftCollar"), ("neck", "RightCollar"),
        ("LeftCollar", "LeftShoulder"), ("RightCollar", "RightShoulder"),
    }  # fmt: skip


def test_what_has_all_or_lacks_the_sides_stays_as_it_is():
    joints = places(KINECT_V1)
    same, layout, sentences = make(joints, KINECT_V1, force=True)
    assert same is joints and layout == KINECT_V1 and sentences == []
    assert with_middle(["nose", "left hip"], [(0, 1)], force=True).names == ("nose", "left hip")


def test_of_an_absent_joint_no_middle_is_made():
    joints = places(COCO)
    joints[0, 0, 11], joints[1, 0, 12], joints[2, 0] = 0, np.nan, 0
    grown, *_ = make(joints, COCO)
    assert np.isnan(grown[:2, 0, 17]).all() and np.isfinite(grown[:2, 0, 18]).all()
    assert (grown[2, 0] == 0).all() and np.isfinite(grown[3, 0]).all() and np.isfinite(grown[:, 1]).all()
    positions, *_ = make(joints, COCO, zeros_absent=False)
    assert np.allclose(positions[0, 0, 17], joints[0, 0, 12] / 2) and (positions[2, 0] == 0).all()


# --- whole data sets --------------------------------------------------------------------------------------------------


def coco():
    """A small data set of COCO's joints, which has no hip."""
    data = skeletons(of_layout(KINECT_V1), persons=1, subjects=1)
    joints = data.joints[:, :, [3, 3, 3, 3, 3, 4, 8, 5, 9, 6, 10, 12, 16, 13, 17, 14, 18]].copy()
    edges = np.array(COCO.edges, np.int16)
    return dataclasses.replace(data, joints=joints, joint_names=COCO.joint_names, edges=edges, truth=None)


def test_data_without_a_hip_get_one():
    data = coco()
    with pytest.raises(InputError, match="--hip middle"):
        align(data)
    whole, sentences = completed(data)
    neutral.check(whole, "here")
    assert whole.joint_names[17:] == ("pelvis", "neck") and len(sentences) == 2
    assert find_roles(whole.joint_names, whole.edges).hip == 17
    assert align(whole, face_camera=True, torso_scale=True).order[0] == 17
    assert completed(whole) == (whole, []) and completed(whole, force=True) == (whole, [])


def test_a_torso_in_the_place_of_a_hip_stays_unless_the_middle_is_asked_for():
    data = skeletons(of_layout(OPENNI), persons=1, subjects=1)
    data.truth = np.zeros((len(data.joints), 15), bool)
    data.truth[0, 9] = True
    assert completed(data) == (data, [])
    whole, sentences = completed(data, force=True)
    neutral.check(whole, "here")
    assert sentences == ["there is no pelvis: 'pelvis' is made, the middle of 'left hip' and 'right hip'"]
    assert find_roles(whole.joint_names, whole.edges).hip == 15
    assert whole.truth[0].tolist() == data.truth[0].tolist() + [True] and not whole.truth[1:].any()


def test_zeros_that_are_positions_are_no_absent_joints():
    data = dataclasses.replace(coco(), meaning=known(zeros="positions"))
    data.joints[0, 0, 11] = 0
    assert np.allclose(completed(data)[0].joints[0, 0, 17], data.joints[0, 0, 12] / 2)
    assert np.isnan(completed(dataclasses.replace(data, meaning=known()))[0].joints[0, 0, 17]).all()


def test_the_middle_of_hips_that_are_not_there_is_refused():
    data = skeletons(subjects=1)
    data = dataclasses.replace(data, joint_names=tuple(f"j{n}" for n in range(len(data.joint_names))))
    assert completed(data) == (data, [])
    with pytest.raises(
        InputError, match=r"--hip middle needs a left and a right hip among the joints j0, .*--hip NAME"
    ):
        completed(data, force=True)


def test_data_on_the_disk_are_not_copied(tmp_path):
    data = coco()
    file = np.memmap(tmp_path / "joints", np.float32, "w+", shape=data.joints.shape)
    with pytest.raises(InputError, match=r"too large .* convert --hip middle"):
        completed(dataclasses.replace(data, joints=file))


def test_a_new_name_is_one_that_is_not_there():
    layout = Layout("odd", ("left neck", "neck_", "left hip", "right hip"), ((0, 1), (1, 2), (1, 3)))
    assert with_middle(layout.joint_names, layout.edges, force=True).names[4:] == ("pelvis",)


def test_a_pelvis_beside_a_torso_is_made_only_by_force():
    joints = np.random.default_rng(0).normal(size=(3, 1, 15, 3)).astype(np.float32)
    same, layout, said = make(joints, OPENNI)
    assert layout.joint_names == OPENNI.joint_names and said == [] and (same == joints).all()
    assert make(joints, OPENNI, True)[1].joint_names == (*OPENNI.joint_names, "pelvis")
