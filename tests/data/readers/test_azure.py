"""Tests of the reader of Azure Kinect's JSON, on files written here as the offline processor of its samples does."""

import json

import numpy as np
import pytest

from gca_scratch.data import neutral
from gca_scratch.data.absent import filled
from gca_scratch.data.joint_names import find_roles
from gca_scratch.data.meaning import Fact
from gca_scratch.data.readers import azure, mediapipe
from gca_scratch.data.readers.recording import NOTHING_SAID, Options, read_all, read_and_remark
from gca_scratch.data.skeleton import chain
from gca_scratch.support.errors import InputError

NAMES = [
    *("PELVIS", "SPINE_NAVEL", "SPINE_CHEST", "NECK"),
    *("CLAVICLE_LEFT", "SHOULDER_LEFT", "ELBOW_LEFT", "WRIST_LEFT", "HAND_LEFT", "HANDTIP_LEFT", "THUMB_LEFT"),
    *("CLAVICLE_RIGHT", "SHOULDER_RIGHT", "ELBOW_RIGHT", "WRIST_RIGHT", "HAND_RIGHT", "HANDTIP_RIGHT", "THUMB_RIGHT"),
    *("HIP_LEFT", "KNEE_LEFT", "ANKLE_LEFT", "FOOT_LEFT", "HIP_RIGHT", "KNEE_RIGHT", "ANKLE_RIGHT", "FOOT_RIGHT"),
    *("HEAD", "NOSE", "EYE_LEFT", "EAR_LEFT", "EYE_RIGHT", "EAR_RIGHT"),
]
STEP = 33333  # microseconds


def places(frame, body=1):
    """Millimetres (32, 3) in the camera's space, a little different in every frame and body."""
    return (np.random.default_rng(body).uniform(-500, 500, (32, 3)) + (0, 0, 2000) + 10 * frame).round(3)


def a_body(frame, body=1, **more):
    return {
        "body_id": body,
        "joint_positions": places(frame, body).tolist(),
        "joint_orientations": [[1.0, 0.0, 0.0, 0.0]] * 32,
        **more,
    }


def document(bodies=((1,), (1,), (1,)), captures=None, **more):
    """bodies: the numbers of those in each frame.  captures: which capture each frame is."""
    captures = captures or range(len(bodies))
    frames = [
        {
            "bodies": [a_body(capture, body) for body in there],
            "frame_id": capture,
            "num_bodies": len(there),
            "timestamp_usec": 1000 + STEP * capture,
        }
        for capture, there in zip(captures, bodies, strict=True)
    ]
    bones = [["SPINE_CHEST", "SPINE_NAVEL"], ["SPINE_NAVEL", "PELVIS"]]
    return {"bone_list": bones, "frames": frames, "joint_names": NAMES, "k4abt_sdk_version": "1.1.2", **more}


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=4))
    return path


def joints_of(path, options=NOTHING_SAID):
    return azure.read_item(azure.open_collection(path, options).items[0]).joints


def in_metres(frame, body=1):
    return places(frame, body) * (0.001, -0.001, -0.001)


def refused(path, *words):
    with pytest.raises(InputError) as caught:
        read_all(azure, path)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 1000 and all(word in message for word in words), message


def test_the_layout_is_a_tree_in_the_order_of_the_sdk():
    names, edges = azure.LAYOUT.joint_names, azure.LAYOUT.edges
    assert list(names) == [name.replace("NAVEL", "NAVAL") for name in NAMES]
    assert sorted(chain(32, edges, 0)) == list(range(32))
    roles = find_roles(names, edges)
    assert names[roles.hip] == "PELVIS" and names[roles.left] == "HIP_LEFT" and names[roles.top] == "NECK"


def test_reads_the_format(tmp_path):
    write(tmp_path / "wave/a.json", document())
    write(tmp_path / "bow/b.json", document([(4,)] * 2, label="bow deeply", subject=12))
    data = read_all(azure, tmp_path)
    assert data.class_names == ("bow deeply", "wave") and data.label.tolist() == [0, 1]
    assert data.name.tolist() == ["bow/b", "wave/a"] and data.lengths.tolist() == [2, 3]
    assert data.joints.shape == (5, 1, 32, 3) and data.joints.dtype == np.float32
    assert np.allclose(data.sequence(1)[:, 0], [in_metres(n) for n in range(3)], atol=1e-6)
    meaning = data.meaning
    assert (meaning.up, meaning.unit, meaning.hand) == tuple(Fact(v, "definition") for v in ("+y", "m", "right"))
    assert meaning.rate == Fact("30", "file") and meaning.zeros_absent
    neutral.save(tmp_path / "data.npz", data)
    assert np.array_equal(neutral.load(tmp_path / "data.npz").joints, data.joints)


def test_captures_that_were_skipped_get_frames_that_are_filled_in_later(tmp_path):
    path = write(tmp_path / "1.json", document([(1,)] * 4, captures=[0, 1, 4, 5]))
    joints = joints_of(path)
    assert joints.shape == (6, 1, 32, 3) and (joints[[2, 3]] == 0).all()
    whole = filled(joints, azure.LAYOUT.edges, 0)
    assert np.allclose(whole[:, 0], [in_metres(n) for n in range(6)], atol=1e-5)


def test_gaps_of_more_than_a_second_are_left_as_they_are(tmp_path):
    assert len(joints_of(write(tmp_path / "1.json", document([(1,)] * 4, captures=[0, 1, 40, 41])))) == 4
    fine = document([(1,)] * 4)
    for frame, time in zip(fine["frames"], (0, 1, 2, 999_999), strict=True):
        frame["timestamp_usec"] = time
    assert len(joints_of(write(tmp_path / "2.json", fine))) == 4


@pytest.mark.parametrize("times", [None, [5, 5, 5], [9, 3, 1], ["a", "b", "c"], [1, 2, None]])
def test_without_times_that_grow_frames_follow_each_other_and_the_rate_is_unknown(tmp_path, times):
    content = document()
    for n, frame in enumerate(content["frames"]):
        del frame["timestamp_usec"]
        if times:
            frame["timestamp_usec"] = times[n]
    path = write(tmp_path / "1.json", content)
    assert len(joints_of(path)) == 3 and azure.open_collection(path).meaning.rate == Fact()


def test_bodies_are_told_apart_by_their_numbers(tmp_path):
    content = document([(7,), (7, 3), (3, 7), (7,)])
    joints = joints_of(write(tmp_path / "1.json", content))
    assert joints.shape == (4, 2, 32, 3)
    assert np.allclose(joints[:, 0], [in_metres(n, 7) for n in range(4)], atol=1e-5)
    assert (joints[[0, 3], 1] == 0).all() and np.allclose(joints[2, 1], in_metres(2, 3), atol=1e-5)


def test_somebody_who_comes_back_under_a_new_number_stays_who_he_was(tmp_path):
    joints = joints_of(write(tmp_path / "1.json", document([(1,), (1,), (), (2,), (2,), (2,)])))
    assert joints.shape == (6, 1, 32, 3)
    assert np.allclose(joints[1, 0], in_metres(1, 1), atol=1e-5) and np.allclose(
        joints[4, 0], in_metres(4, 2), atol=1e-5
    )


def test_a_second_person_in_few_frames_and_a_third_one_are_left_out(tmp_path):
    assert joints_of(write(tmp_path / "1.json", document([(1, 2)] + [(1,)] * 19))).shape[1] == 1
    assert joints_of(write(tmp_path / "2.json", document([(1, 2, 3)] * 3 + [(1, 2)] * 2))).shape[1] == 2
    write(tmp_path / "3.json", document())
    said = [read_and_remark(azure, tmp_path / f"{n}.json", Options(labelled=False))[1] for n in (1, 2, 3)]
    left_out = [[one for one in sentences if "left out" in one] for sentences in said]
    assert left_out == [["1: left out of the bodies: 2 (1 frames)"], ["2: left out of the bodies: 3 (3 frames)"], []]


@pytest.mark.parametrize("key", ["joint_confidence_levels", "confidence_levels", "confidence"])
def test_a_joint_without_confidence_or_place_is_absent(tmp_path, key):
    content = document([(1,)] * 2)
    content["frames"][0]["bodies"][0][key] = [0 if joint == 8 else 2 for joint in range(32)]
    content["frames"][1]["bodies"][0]["joint_positions"][9] = [None, None, None]
    joints = joints_of(write(tmp_path / "1.json", content))
    assert [tuple(place) for place in np.argwhere(np.isnan(joints[:, 0]).all(axis=-1))] == [(0, 8), (1, 9)]


def test_joints_come_in_the_order_that_the_file_names(tmp_path):
    content = document([(1,)])
    order = np.random.default_rng(0).permutation(32)
    content["joint_names"] = [NAMES[joint].lower() for joint in order]
    content["frames"][0]["bodies"][0]["joint_positions"] = places(0)[order].tolist()
    assert np.allclose(joints_of(write(tmp_path / "1.json", content))[0, 0], in_metres(0), atol=1e-6)
    del content["joint_names"]
    content["frames"] = document([(1,)])["frames"]
    assert np.allclose(joints_of(write(tmp_path / "2.json", content))[0, 0], in_metres(0), atol=1e-6)


def test_what_a_user_says(tmp_path):
    path = write(tmp_path / "1.json", document())
    found = azure.open_collection(path, Options(up="+x", unit="m", rate="15", labelled=False))
    assert found.meaning.up == Fact("+x", "user") and found.meaning.rate == Fact("15", "user")
    assert np.allclose(azure.read_item(found.items[0]).joints[0, 0], 1000 * in_metres(0), atol=1e-3)
    assert azure.open_collection(path, Options(up="-y")).meaning.up == Fact("+y", "user")


def changed(edit):
    content = document()
    edit(content)
    return content


def body_of(content):
    return content["frames"][1]["bodies"][0]


@pytest.mark.parametrize(
    "content, words",
    [
        ("", ["no JSON"]),
        ("[" * 100_000, ["nested too deeply"]),
        ("[]", ["no list of frames"]),
        ({"frames": []}, ["no frames"]),
        ({"frames": [3]}, ["frame 1 of 1", "3 is no table"]),
        ({"frames": [{}]}, ["frame 1 of 1", "no list of bodies"]),
        (document([(), ()]), ["nobody is seen in its 2 frames"]),
        (changed(lambda c: c.update(joint_names=NAMES[:31])), ["31 names", "EAR_RIGHT"]),
        (changed(lambda c: c.update(joint_names=["HEAD"] * 32)), ["32 names", "PELVIS"]),
        (changed(lambda c: c.update(joint_names=5)), ["joint_names", "no list"]),
        (changed(lambda c: c["frames"][1].update(bodies=5)), ["frame 2 of 3", "5 is no list"]),
        (changed(lambda c: c["frames"][1].update(bodies=[5])), ["frame 2 of 3", "5 is no body"]),
        (changed(lambda c: body_of(c).pop("body_id")), ["frame 2 of 3", "body_id"]),
        (changed(lambda c: body_of(c).pop("joint_positions")), ["body 1: joint_positions", "no list"]),
        (changed(lambda c: body_of(c)["joint_positions"].pop()), ["body 1 has 31 joints", "32"]),
        (changed(lambda c: body_of(c).update(confidence=[1])), ["1 confidences"]),
        (changed(lambda c: body_of(c)["joint_positions"].__setitem__(0, [1, 2])), ["[1, 2] is no joint"]),
        (changed(lambda c: body_of(c)["joint_positions"][0].__setitem__(0, "1")), ["'1'"]),
        (changed(lambda c: body_of(c)["joint_positions"][0].__setitem__(0, 1e99)), ["1e+99"]),
        (changed(lambda c: body_of(c)["joint_positions"][0].__setitem__(0, 10**400)), ["frame 2"]),
    ],
)
def test_damaged_files(tmp_path, content, words):
    refused(write(tmp_path / "wave/1.json", content), "1.json", *words)


def test_it_is_recognised_and_not_taken_for_another_tracker(tmp_path):
    path = write(tmp_path / "wave/1.json", document())
    assert azure.recognises(path) and azure.recognises(tmp_path) and not mediapipe.recognises(tmp_path)
    assert not azure.recognises(tmp_path / "nothing")
    assert not azure.recognises(write(tmp_path / "other/1.json", {"frames": [{"people": []}]}))
