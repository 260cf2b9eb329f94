"""Tests of the reader of MediaPipe's world landmarks, on files written here in every form that it takes."""

import json

import numpy as np
import pytest

from gca_scratch.data import neutral
from gca_scratch.data.absent import filled
from gca_scratch.data.joint_names import find_roles
from gca_scratch.data.meaning import Fact
from gca_scratch.data.readers import mediapipe
from gca_scratch.data.readers.recording import NOTHING_SAID, Options, read_all
from gca_scratch.data.skeleton import chain
from gca_scratch.support.errors import InputError

NAMES = mediapipe.NAMES


def body(seed=0):
    """World landmarks (33, 3) of nobody in particular: hips about the origin, the nose above them (y is down)."""
    places = np.random.default_rng(seed).uniform(-0.5, 0.5, (33, 3)).round(4)
    places[24] = -places[23]
    places[0] = (0.0, -0.6, -0.2)
    return places


def tables(places, visibility=0.9):
    return [
        {"x": x, "y": y, "z": z, "visibility": visibility, "presence": 0.9, "name": None} for x, y, z in places.tolist()
    ]


def document(frames=3, people=1, **more):
    """As docs/webcam.md writes it."""
    return {
        "rate": 30,
        "frames": [
            {"timestamp_ms": 33 * n, "people": [tables(body(10 * n + person)) for person in range(people)]}
            for n in range(frames)
        ],
        **more,
    }


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def joints_of(path, options=NOTHING_SAID):
    found = mediapipe.open_collection(path, options)
    return mediapipe.read_item(found.items[0]).joints


def refused(path, *words, options=NOTHING_SAID):
    with pytest.raises(InputError) as caught:
        read_all(mediapipe, path, options)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 1000 and all(word in message for word in words), message


def test_the_layout_is_a_tree_with_pelvis_and_neck():
    names, edges = mediapipe.LAYOUT.joint_names, mediapipe.LAYOUT.edges
    assert len(names) == 35 and names[11:13] == ("left_shoulder", "right_shoulder") and names[23] == "left_hip"
    assert names[3] == "left_eye_outer" and names[5] == "right_eye" and names[31] == "left_foot_index"
    assert sorted(chain(35, edges, 33)) == list(range(35))
    roles = find_roles(names, edges)
    assert names[roles.hip] == "pelvis" and names[roles.top] == "neck" and names[roles.left] == "left_hip"


def test_reads_the_format(tmp_path):
    write(tmp_path / "wave/one.json", document(3, subject="s02"))
    write(tmp_path / "bow/two.json", document(2, subject="s07", label="deep bow"))
    data = read_all(mediapipe, tmp_path)
    assert data.class_names == ("deep bow", "wave") and data.label.tolist() == [0, 1]
    assert data.subject.tolist() == [7, 2] and data.name.tolist() == ["bow/two", "wave/one"]
    assert data.lengths.tolist() == [2, 3] and data.joints.shape == (5, 1, 35, 3) and data.joints.dtype == np.float32
    meaning = data.meaning
    assert (meaning.up, meaning.unit, meaning.hand) == tuple(Fact(v, "definition") for v in ("+y", "m", "right"))
    assert meaning.rate == Fact("30", "file") and not meaning.zeros_absent
    neutral.save(tmp_path / "data.npz", data)
    assert np.array_equal(neutral.load(tmp_path / "data.npz").joints, data.joints)


def test_axes_are_turned_about_x_and_two_joints_made_of_others(tmp_path):
    joints = joints_of(write(tmp_path / "a/1.json", document()))
    assert np.allclose(joints[1, 0, :33], body(10) * (1, -1, -1)) and joints[1, 0, 0, 1] == np.float32(0.6)
    assert np.allclose(joints[:, 0, 33], 0) and np.allclose(joints[1, 0, 34], joints[1, 0, 11:13].mean(axis=0))
    assert np.linalg.det(np.diag([1, -1, -1])) == 1


WRAPPED = {
    "the page's": lambda frames: {"rate": 30, "frames": [{"timestamp_ms": 0, "people": [tables(f)]} for f in frames]},
    "bare frames of people": lambda frames: [[tables(f)] for f in frames],
    "bare frames of joints": lambda frames: [tables(f) for f in frames],
    "lists of numbers": lambda frames: [[[*place, 0.9] for place in f.tolist()] for f in frames],
    "lists of numbers and people": lambda frames: {"frames": [[[[*p, 0.9, 0.8] for p in f.tolist()]] for f in frames]},
    "three numbers": lambda frames: {"frames": [{"people": [f.tolist()]} for f in frames]},
    "PoseLandmarker": lambda frames: [
        {"pose_landmarks": [tables(f)], "pose_world_landmarks": [tables(f)], "segmentation_masks": None} for f in frames
    ],
    "HolisticLandmarker": lambda frames: [
        {"face_landmarks": [], "pose_landmarks": tables(f), "pose_world_landmarks": tables(f)} for f in frames
    ],
    "JavaScript": lambda frames: {"frames": [{"poseWorldLandmarks": [tables(f)]} for f in frames]},
    "world_landmarks": lambda frames: [{"frame": 1, "world_landmarks": tables(f)} for f in frames],
    "protobuf": lambda frames: [{"poseWorldLandmarks": {"landmark": tables(f)}} for f in frames],
    "by name": lambda frames: [
        {"people": [dict(zip([n.upper() for n in NAMES], tables(f), strict=True))]} for f in frames
    ],
    "a person as a table": lambda frames: [{"people": [{"id": 0, "landmarks": tables(f)}]} for f in frames],
    "landmarks": lambda frames: [{"frame": n, "landmarks": tables(f)} for n, f in enumerate(frames)],
    "landmarks by name": lambda frames: [{"landmarks": by_name(f, str.upper)} for f in frames],
    "one message of protobuf a frame": lambda frames: [{"landmark": tables(f)} for f in frames],
    "beside those of the picture": lambda frames: {
        "metadata": {"fps": 30.0},
        "frames": [{"landmarks_2d": tables(f + 0.5), "landmarks_3d": tables(f)} for f in frames],
    },
    "TensorFlow.js": lambda frames: [
        [{"score": 0.9, "keypoints": tables(100 * f), "keypoints3D": tables(f)}] for f in frames
    ],
    "a table of frames by number": lambda frames: {
        str(n): {"pose_landmarks": by_name(f + 0.5), "world_landmarks": by_name(f)} for n, f in enumerate(frames)
    },
    "names alone": lambda frames: {"fps": 30, "frames": [by_name(f, camel) for f in frames]},
    "numbered": lambda frames: [{f"landmark_{n}": joint for n, joint in enumerate(tables(f))} for f in frames],
    "one row of numbers": lambda frames: [f.reshape(-1).tolist() for f in frames],
    "one row of numbers and visibility": lambda frames: [np.insert(f, 3, 0.9, axis=1).ravel().tolist() for f in frames],
    "the frames of each joint": lambda frames: {
        "frames": len(frames),
        "landmarks": {name: [tables(f)[n] for f in frames] for n, name in enumerate(NAMES)},
    },
    "poses that count": lambda frames: {"frames": len(frames), "poses": [{"t": 3, "pose": f.tolist()} for f in frames]},
}


def by_name(places, spelt=str):
    return dict(zip(map(spelt, NAMES), tables(places), strict=True))


def camel(name):
    first, *others = name.split("_")
    return first + "".join(map(str.title, others))


@pytest.mark.parametrize("form", WRAPPED)
def test_what_people_write(tmp_path, form):
    frames = [body(n) for n in range(2)]
    joints = joints_of(write(tmp_path / "wave/1.json", WRAPPED[form](frames)))
    assert joints.shape == (2, 1, 35, 3) and np.allclose(joints[:, 0, :33], np.array(frames) * (1, -1, -1))


def test_one_result_alone_is_one_frame(tmp_path):
    for n, content in enumerate(({"pose_world_landmarks": [tables(body())]}, tables(body()))):
        assert joints_of(write(tmp_path / f"{n}.json", content)).shape == (1, 1, 35, 3)


def test_frames_by_number_come_in_their_order_and_those_that_lack_show_nobody(tmp_path):
    content = {str(n): {"world_landmarks": tables(body(n))} for n in (12, 3, 2, 9)}
    joints = joints_of(write(tmp_path / "1.json", content))
    there = np.flatnonzero((joints != 0).any(axis=(1, 2, 3)))
    assert len(joints) == 11 and there.tolist() == [0, 1, 7, 10]
    assert np.allclose(joints[7, 0, :33], body(9) * (1, -1, -1))


def test_confidence_is_told_in_other_words(tmp_path):
    for key in ("vis", "score", "confidence"):
        joints = [{"x": x, "y": y, "z": z, key: 0.2 if n == 15 else 0.9} for n, (x, y, z) in enumerate(body().tolist())]
        found = joints_of(write(tmp_path / f"{key}.json", {"frames": [{"people": [joints]}]}))
        assert np.argwhere(np.isnan(found[0, 0]).all(axis=-1)).tolist() == [[15]]


def test_landmarks_that_nothing_calls_world_landmarks_are_told_by_the_hips(tmp_path):
    path = write(tmp_path / "a/1.json", [{"landmarks": tables(body())}] * 3)
    assert any("at the origin" in note for note in mediapipe.open_collection(path).notes)
    refused(write(tmp_path / "b/1.json", [{"landmarks": tables(0.5 + 0.3 * body())}] * 3), "hips", "world landmarks")
    hidden = tables(0.5 + 0.3 * body())
    for joint in (23, 24):
        hidden[joint]["visibility"] = 0.1
    refused(write(tmp_path / "c/1.json", [{"landmarks": hidden}] * 3), "no hip", "world landmarks")


def test_files_of_one_frame_are_noticed(tmp_path):
    for n in range(3):
        write(tmp_path / f"wave/frame_{n:03}.json", tables(body(n)))
    assert any("one frame" in note and "3 of 3" in note for note in mediapipe.open_collection(tmp_path).notes)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_and_a_frame_in_each_line(tmp_path, encoding):
    path = tmp_path / "wave/1.jsonl"
    path.parent.mkdir()
    lines = [json.dumps({"timestamp_ms": 40 * n, "people": [tables(body(n))]}) for n in range(3)]
    path.write_bytes("\r\n".join(lines).encode(encoding))
    assert mediapipe.recognises(path) and mediapipe.recognises(tmp_path)
    assert joints_of(path).shape == (3, 1, 35, 3)
    assert mediapipe.open_collection(path).meaning.rate == Fact("25", "file")


def test_a_landmark_of_visibility_below_one_half_is_absent(tmp_path):
    content = document(3)
    content["frames"][1]["people"][0][15]["visibility"] = 0.49
    content["frames"][1]["people"][0][16]["visibility"] = 0.5
    content["frames"][2]["people"][0][16].pop("visibility")
    content["frames"][2]["people"][0][14]["x"] = None
    joints = joints_of(write(tmp_path / "1.json", content))
    assert [tuple(place) for place in np.argwhere(np.isnan(joints[:, 0]).all(axis=-1))] == [(1, 15), (2, 14)]
    assert np.isnan(joints).sum() == 6
    whole = filled(joints, mediapipe.LAYOUT.edges, 33, zeros_absent=False)
    assert np.allclose(whole[1, 0, 15], (joints[0, 0, 15] + joints[2, 0, 15]) / 2)


def test_nan_as_python_writes_it_is_absent(tmp_path):
    content = document(2)
    content["frames"][0]["people"][0][20]["y"] = float("nan")
    assert np.isnan(joints_of(write(tmp_path / "1.json", content))[0, 0, 20]).all()


def test_hips_out_of_the_picture_leave_the_pelvis_where_it_is_by_definition(tmp_path):
    content = document(2)
    for frame in content["frames"]:
        for joint in range(23, 33):
            frame["people"][0][joint]["visibility"] = 0.01
    joints = joints_of(write(tmp_path / "1.json", content))
    assert np.isnan(joints[:, 0, 23:33]).all() and (joints[:, 0, 33] == 0).all()


def test_nobody_in_a_frame_is_somebody_away(tmp_path):
    content = document(5)
    content["frames"][0]["people"] = []
    content["frames"][2] = {"timestamp_ms": 66, "people": None}
    for joint in content["frames"][4]["people"][0]:
        joint["visibility"] = 0.1
    joints = joints_of(write(tmp_path / "1.json", content))
    assert joints.shape == (5, 1, 35, 3) and (joints[[0, 2, 4]] == 0).all() and (joints[1, 0, :33] != 0).any()


def test_of_several_people_the_first_two_are_kept_and_a_note_says_how(tmp_path):
    content = document(3, people=3)
    content["frames"][1]["people"] = content["frames"][1]["people"][:1]
    found = mediapipe.open_collection(write(tmp_path / "1.json", content))
    joints = mediapipe.read_item(found.items[0]).joints
    assert joints.shape == (3, 2, 35, 3) and (joints[1, 1] == 0).all()
    assert np.allclose(joints[0, 1, :33], body(1) * (1, -1, -1))
    assert any("order" in note and "1 of 1 files" in note for note in found.notes)


def test_label_and_subject_come_from_the_file_the_pattern_or_the_folder(tmp_path):
    write(tmp_path / "bow/anna_1.json", document(1))
    write(tmp_path / "wave/ben_1.json", document(1, label=7, subject="Zoe"))
    pattern = r"(?P<label>[a-z]+)/(?P<subject>[a-z]+)_\d+\.json$"
    data = read_all(mediapipe, tmp_path, Options(label=pattern))
    assert data.class_names == ("7", "bow") and data.label.tolist() == [1, 0] and data.subject.tolist() == [2, 1]
    found = mediapipe.open_collection(tmp_path, Options(label=pattern))
    assert any("'Zoe' is 1, 'anna' is 2" in note for note in found.notes)
    plain = mediapipe.open_collection(tmp_path / "bow")
    assert plain.class_names == ("bow",) and any("subject 1" in note for note in plain.notes)


def test_labels_are_not_needed_to_predict(tmp_path):
    write(tmp_path / "bow/1.json", document(1))
    found = mediapipe.open_collection(tmp_path / "bow/1.json", Options(labelled=False))
    assert found.class_names == () and mediapipe.read_item(found.items[0]).label is None
    assert found.items[0].name == "1"
    write(tmp_path / "bow/2.json", document(1, subject="anna"))
    for name in "12":  # who acts is of no use then, and so not said
        found = mediapipe.open_collection(tmp_path / f"bow/{name}.json", Options(labelled=False))
        assert not any("subject" in note or "anna" in note for note in found.notes)


@pytest.mark.parametrize(
    "pattern, words", [("(", "no regular expression"), ("x", "no group"), ("(?P<label>zz+)", "no label")]
)
def test_patterns_that_do_not_serve(tmp_path, pattern, words):
    write(tmp_path / "bow/1.json", document(1))
    refused(tmp_path, "--label", words, options=Options(label=pattern))


def test_what_a_user_says_of_axes_unit_and_rate(tmp_path):
    path = write(tmp_path / "a/1.json", document(2))
    found = mediapipe.open_collection(path, Options(up="-y", unit="cm", rate="12"))
    assert found.meaning.up == Fact("+y", "user") and found.meaning.rate == Fact("12", "user")
    assert np.allclose(mediapipe.read_item(found.items[0]).joints[0, 0, :33], 0.01 * body() * (1, -1, -1))
    assert mediapipe.open_collection(path, Options(up="+z")).meaning.up == Fact("-z", "user")
    assert mediapipe.open_collection(path, Options(up="-x")).meaning.up == Fact("-x", "user")


def test_the_rate_of_whole_milliseconds_with_and_without_a_pause(tmp_path):
    frames = [{"timestamp_ms": round(1000 * n / 30), "people": [tables(body())]} for n in range(31)]
    assert mediapipe.open_collection(write(tmp_path / "1.json", frames)).meaning.rate == Fact("30", "file")
    frames[-1]["timestamp_ms"] += 5000
    assert mediapipe.open_collection(write(tmp_path / "1.json", frames)).meaning.rate == Fact("30.3", "file")


@pytest.mark.parametrize("said", [{"frameRate": 24}, {"frame_rate": 24}, {"metadata": {"fps": 24.0}}])
def test_the_rate_as_others_say_it(tmp_path, said):
    content = {"frames": document(2)["frames"], **said}
    assert mediapipe.open_collection(write(tmp_path / "1.json", content)).meaning.rate == Fact("24", "file")


def test_rates_that_differ_are_told(tmp_path):
    for n, rate in enumerate((30, 30, 15)):
        write(tmp_path / f"a/{n}.json", document(1, rate=rate))
    found = mediapipe.open_collection(tmp_path)
    assert found.meaning.rate == Fact("30", "file") and any("15 to 30 frames a second" in note for note in found.notes)
    assert not any("15 to 30" in note for note in mediapipe.open_collection(tmp_path, Options(rate="20")).notes)


@pytest.mark.parametrize("key", ["pose_landmarks", "poseLandmarks"])
def test_landmarks_of_the_picture_are_refused(tmp_path, key):
    path = write(tmp_path / "a/1.json", [{key: [tables(np.random.default_rng(0).random((33, 3)))]}])
    refused(path, "frame 1 of 1", key, "world landmarks")


def test_landmarks_of_the_picture_in_disguise_are_refused(tmp_path):
    picture = 0.5 + 0.3 * body()
    refused(write(tmp_path / "a/1.json", [{"people": [tables(picture)]}] * 3), "hips", "world landmarks")


def deep(levels):
    return "[" * levels + "]" * levels


def changed(edit):
    content = document(2)
    edit(content["frames"][1]["people"][0])
    return content


@pytest.mark.parametrize(
    "content, words",
    [
        ("", ["no JSON"]),
        ("{", ["no JSON"]),
        ("words", ["no JSON"]),
        (json.dumps(document(3))[:-20], ["no JSON"]),
        ("\x00" * 50, ["no JSON"]),
        (deep(100_000), ["nested too deeply"]),
        (deep(900), ["frame 1 of 1"]),
        ('{"a":' * 50_000, ["write or copy the file again"]),  # too deep or no JSON: the stack decides on 3.14
        ("3", ["3 is no list of frames"]),
        ("null", ["no list of frames"]),
        ("[]", ["holds no frames"]),
        ("{}", ["no list of frames"]),
        ({"frames": {}}, ["no list of frames"]),
        ({"frames": []}, ["no frames"]),
        ({"frames": [5]}, ["frame 1 of 1", "5 is no list of people"]),
        ({"frames": [{"other": 1}]}, ["frame 1 of 1", "no landmarks"]),
        ({"frames": [{"people": []}, {"people": [[]]}]}, ["frame 2 of 2", "0 joints"]),
        ({"frames": [{"people": []}]}, ["nobody is seen"]),
        ({"frames": [{"people": [tables(body(), visibility=0.2)]}]}, ["no landmark has a visibility"]),
        ({"frames": [{"people": [tables(body())[:32]]}]}, ["32 joints where MediaPipe Pose has 33"]),
        ({"frames": [{"people": [tables(body()) * 2]}]}, ["66 joints"]),
        ({"frames": [{"people": [{"NOSE": [0, 0, 0], "left_hip": [0, 0, 0]}]}]}, ["2 of the 33 joints"]),
        ({"fps": 30, "frames": 2, "landmarks": {"NOSE": tables(body())}}, ["1 of the 33 joints"]),
        ({"frames": [{"people": ["text"]}]}, ["'text' is no list of joints"]),
        (changed(lambda p: p[3].pop("z")), ["frame 2 of 2", "no joint"]),
        (changed(lambda p: p[3].update(x="1")), ["frame 2 of 2", "'1'"]),
        (changed(lambda p: p[3].update(x=True)), ["True"]),
        (changed(lambda p: p[3].update(x=[1])), ["[1]"]),
        (changed(lambda p: p[3].update(x=1e30)), ["1e+30"]),
        (changed(lambda p: p[3].update(x=float("inf"))), ["inf"]),
        (changed(lambda p: p[3].update(visibility="high")), ["'high'"]),
        (changed(lambda p: p.__setitem__(3, "joint")), ["'joint' is no joint"]),
        (changed(lambda p: p.__setitem__(3, [1, 2])), ["[1, 2] is no joint"]),
        (json.dumps(changed(lambda p: p[3].update(x=7.25))).replace("7.25", "9" * 4000), ["frame 2"]),
        (json.dumps(changed(lambda p: p[3].update(x=7.25))).replace("7.25", "9" * 6000), ["no JSON"]),
    ],
)
def test_damaged_files(tmp_path, content, words):
    refused(write(tmp_path / "wave/1.json", content), "1.json", *words)


def test_a_damaged_file_among_others_is_an_item_that_says_why(tmp_path):
    write(tmp_path / "wave/1.json", document(1))
    write(tmp_path / "wave/2.json", "{")
    found = mediapipe.open_collection(tmp_path)
    assert len(found.items) == 2 and found.class_names == ("wave",)
    with pytest.raises(InputError, match=r"2\.json is no JSON"):
        mediapipe.read_item(found.items[1])


def test_what_is_of_another_kind_is_not_recognised(tmp_path):
    write(tmp_path / "openpose.json", {"version": 1.3, "people": [{"person_id": [-1], "pose_keypoints_2d": [0] * 75}]})
    write(tmp_path / "other.json", {"frames": [{"bodies": [{"joint_positions": []}]}]})
    write(tmp_path / "text.txt", '"visibility"')
    for path in (*tmp_path.iterdir(), tmp_path, tmp_path / "nothing"):
        assert not mediapipe.recognises(path)
    refused(tmp_path / "nothing", "no folder or file")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "no .json file")


def test_the_form_of_the_page_is_recognised_even_where_nobody_is_seen_at_first(tmp_path):
    content = {"label": "wave", "subject": "anna", "rate": 30, "frames": [{"timestamp_ms": 0, "people": []}] * 3}
    assert mediapipe.recognises(write(tmp_path / "1.json", content)) and mediapipe.recognises(tmp_path)


WORLD = "people, pose_world_landmarks, worldLandmarks, landmarks_world, poseWorld, world, keypoints3D"
EITHER = "landmarks_3d, joints3D, landmarks, landmark, pose, poses, keypoints, joints"


@pytest.mark.parametrize("word", f"{WORLD}, {EITHER}".split(", "))
def test_every_word_for_landmarks(tmp_path, word):
    """Some call them world landmarks; of others the hips tell, and a note says so."""
    path = write(tmp_path / "a/1.json", [{word: [tables(body(n))]} for n in range(2)])
    assert np.allclose(joints_of(path)[:, 0, :33], [body(n) * (1, -1, -1) for n in range(2)])
    taken = any("nothing calls these landmarks" in note for note in mediapipe.open_collection(path).notes)
    assert taken == (word in EITHER.split(", "))


@pytest.mark.parametrize("word", ["frames", "results", "data", "poses"])
def test_every_word_for_frames(tmp_path, word):
    path = write(tmp_path / "a/1.json", {word: [{"people": [tables(body(n))]} for n in range(3)]})
    assert joints_of(path).shape == (3, 1, 35, 3)
