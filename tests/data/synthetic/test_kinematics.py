"""The jointed body: published proportions, and angles that turn the joint and the way that their names say."""

import numpy as np
import pytest

from gca_scratch.data.skeleton import KINECT_V2
from gca_scratch.data.synthetic.kinematics import JOINTS, MOTIONS, PARTS, SIDES, Body, bones, forward, pose, stand
from gca_scratch.support.errors import InputError

BONES = bones(1.8, dict.fromkeys(PARTS, 1.0))


def test_unknown_motion_is_named():
    with pytest.raises(InputError, match="rigth elbow flex"):
        pose({"rigth elbow flex": 10}, 5)


def test_body_has_the_published_proportions():
    joints = forward(BONES, pose({}, 1))[0]
    for side in SIDES:
        for above, below, share in (
            ("shoulder", "elbow", 0.186),
            ("elbow", "wrist", 0.146),
            ("wrist", "hand tip", 0.108),
            ("hip", "knee", 0.245),
            ("knee", "ankle", 0.246),
        ):
            length = np.linalg.norm(joints[JOINTS[f"{side} {above}"]] - joints[JOINTS[f"{side} {below}"]])
            assert length == pytest.approx(share * 1.8)
    heights = stand(Body(BONES, pose({}, 1)[0]), pose({}, 1))[0, :, 1] / 1.8
    for name, height in (("left hip", 0.530), ("head", 0.936), ("right ankle", 0.039), ("right shoulder", 0.80)):
        assert heights[JOINTS[name]] == pytest.approx(height, abs=0.005)


@pytest.mark.parametrize("name", MOTIONS)
def test_every_motion_turns_its_own_joint_alone(name):
    still, moved = (forward(BONES, pose({name: angle}, 1))[0] for angle in (0, 30))
    turning = MOTIONS[name][0]
    below = {JOINTS[turning]}
    for parent, child in KINECT_V2.edges:
        if parent in below:
            below.add(child)
    displaced = set(np.flatnonzero(np.linalg.norm(moved - still, axis=-1) > 1e-9))
    assert displaced <= below - {JOINTS[turning]}
    assert displaced or "turn" in name or "rotate" in name or "twist" in name


@pytest.mark.parametrize(
    "motion, seen, axis, sign",
    [
        ("right shoulder flex", "right hand", 2, -1),  # forwards, away from +z
        ("left shoulder flex", "left hand", 2, -1),
        ("right shoulder abduct", "right hand", 0, 1),
        ("left shoulder abduct", "left hand", 0, -1),
        ("left elbow flex", "left hand", 2, -1),
        ("right knee flex", "right ankle", 2, 1),  # the shank backwards
        ("left hip flex", "left knee", 2, -1),
        ("right ankle flex", "right foot", 1, 1),
        ("spine bend", "head", 2, -1),
        ("spine lean", "head", 0, -1),  # to the left
        ("chest turn", "right shoulder", 2, -1),  # to the left: the right shoulder comes forwards
        ("right wrist flex", "right hand tip", 0, -1),
    ],
)
def test_angles_mean_what_they_say(motion, seen, axis, sign):
    still, moved = (forward(BONES, pose({motion: angle}, 1))[0] for angle in (0, 20))
    assert sign * (moved - still)[JOINTS[seen], axis] > 0.01
