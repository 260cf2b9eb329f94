"""Tests of the reader of BVH of any skeleton, on files written here."""

import numpy as np
import pytest

from gca_scratch.data import neutral
from gca_scratch.data.readers import bvh, recording
from gca_scratch.data.readers.bvh_motion import Motion, added_pose
from gca_scratch.data.readers.recording import Options
from gca_scratch.data.skeleton import chain
from gca_scratch.support.errors import InputError
from tests.helpers.bvh_file import CHANNELS, HIP, ROTATIONS, moving, person, places, written

UNLABELLED = Options(labelled=False)


def put(path, nodes, values, frame_time=1 / 30):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(written(nodes, values, frame_time), encoding="utf-8")
    return path


def opened(path, options=UNLABELLED):
    """The collection of a path and its recordings."""
    found = bvh.open_collection(path, options)
    return found, [bvh.read_item(item) for item in found.items]


def said(found, *words):
    return any(all(word in note for word in words) for note in found.notes)


def refused(path, options, *words):
    with pytest.raises(InputError) as caught:
        opened(path, options)
    message = str(caught.value)
    assert "\n" not in message and all(word in message for word in words), message


@pytest.fixture
def one(tmp_path):
    return put(tmp_path / "a.bvh", person(), moving(person(), 20))


def test_one_file(one):
    found, [read] = opened(one)
    nodes, values = person(), moving(person(), 20)
    expected = np.array([places(nodes, frame) for frame in values]) / 100
    assert read.joints.dtype == np.float32 and np.allclose(read.joints[:, 0], expected, rtol=0, atol=1e-5)
    assert found.layout.joint_names == tuple(name for name, *_ in nodes)
    assert found.layout.edges == tuple((parent, n) for n, (_, parent, *_) in enumerate(nodes) if parent >= 0)
    assert (read.label, read.subject, read.name) == (None, 1, "a") and found.class_names == ()
    meaning = found.meaning
    assert meaning.up == ("+y", "guess") and meaning.unit == ("m", "guess") and meaning.hand == ("right", "definition")
    assert meaning.rate == ("30", "file") and not meaning.zeros_absent
    assert said(found, str(one), "unit guessed: cm") and said(found, "vertical guessed: +y") and len(found.notes) == 2
    assert len(recording.read_all(bvh, one, UNLABELLED)) == 1


def test_what_is_recognised(one, tmp_path):
    assert bvh.recognises(one) and bvh.recognises(tmp_path) and bvh.recognises(one.rename(tmp_path / "b.BVH"))
    assert bvh.recognises((tmp_path / "b.BVH").rename(tmp_path / "b.txt"))
    (tmp_path / "b.txt").write_text("HIERARCHYS")
    assert not any(map(bvh.recognises, (tmp_path, tmp_path / "b.txt", tmp_path / "none", tmp_path / "b.txt" / "x")))


def test_folders_without_files(tmp_path):
    refused(tmp_path, UNLABELLED, str(tmp_path), "no .bvh file")
    refused(tmp_path / "none", UNLABELLED, "no folder or file")


@pytest.mark.parametrize(
    "rate, frames", [(24, 25), (25, 26), (30, 31), (29.97, 31), (48, 60), (60, 31), (100, 99), (120, 61)]
)
def test_the_speed_stays(tmp_path, rate, frames):
    """Somebody who goes 1 m/s does so after resampling, and the last frame is no later than the recording's."""
    values = moving(person(), frames, speed=(100 / rate, 0.0, 0.0), seed=1)
    values = [(frame[0], *values[0][1:]) for frame in values]
    found, [read] = opened(put(tmp_path / "a.bvh", person(), values, 1 / rate))
    speed = np.diff(read.joints[:, 0, :, 0], axis=0) * 30
    assert np.allclose(speed, 1, atol=0.015)
    assert len(read.joints) == int((frames - 1) * 30 / rate + 0.02) + 1
    assert float(found.meaning.rate.value) == pytest.approx(30, rel=0.01) and found.meaning.rate.source == "file"


def test_a_user_corrects_the_rate(tmp_path):
    path = put(tmp_path / "a.bvh", person(), moving(person(), 25), 0.0416667)
    found, [read] = opened(path)
    assert said(found, "24 frames a second, Blender's default", "--rate") and len(read.joints) == 31
    found, [read] = opened(path, UNLABELLED._replace(rate="120"))
    assert not said(found, "Blender") and len(read.joints) == 7 and found.meaning.rate == ("30", "user")


@pytest.mark.parametrize(
    ("rates", "told"), [((29.8, 30.25), 30.02), ((30, 60.5), 30.12), ((30, 10), 0), ((14, 14.4), 0)]
)
def test_files_have_a_rate_where_they_agree_to_two_hundredths(tmp_path, rates, told):
    for name, rate in zip("ab", rates, strict=True):
        put(tmp_path / f"{name}.bvh", person(), moving(person(), 20), round(1 / rate, 7))
    found, _ = opened(tmp_path)
    assert (found.meaning.rate.source, found.meaning.rate.value != "") == (("file", True) if told else ("", False))
    assert not told or float(found.meaning.rate.value) == pytest.approx(told, abs=0.02)


def test_slow_files_are_not_filled_up(tmp_path):
    found, [read] = opened(put(tmp_path / "a.bvh", person(), moving(person(), 20), 33.333))
    assert len(read.joints) == 20 and said(found, "fewer than 15 frames a second", "--rate")
    assert float(found.meaning.rate.value) == pytest.approx(0.03)


@pytest.mark.parametrize(
    "unit, scale", [("m", 0.01), ("dm", 0.1), ("mm", 10.0), ("in", 1 / 2.54), ("1/0.45 in", 0.45 / 2.54)]
)
def test_units(one, unit, scale):
    expected = opened(one)[1][0].joints
    values = [((*(scale * v for v in frame[0][:3]), *frame[0][3:]), *frame[1:]) for frame in moving(person(), 20)]
    found, [read] = opened(put(one, person(scale), values))
    assert np.allclose(read.joints, expected, rtol=0, atol=1e-5) and said(found, f"unit guessed: {unit} ")


def test_an_unknown_unit(one):
    """Coordinates stay as they are, and the user can say what they are."""
    nodes = person(0.04)
    values = moving(nodes, 20, place=(0.0, 3.6, 0.0))
    found, [read] = opened(put(one, nodes, values))
    expected = np.array([places(nodes, frame) for frame in values])
    assert np.allclose(read.joints[:, 0], expected, atol=1e-5) and found.meaning.unit == ("", "")
    assert said(found, "unit is unknown", "--unit")
    found, [read] = opened(one, UNLABELLED._replace(unit="cm"))
    assert np.allclose(read.joints[:, 0], expected / 100, atol=1e-6) and found.meaning.unit == ("m", "user")
    assert said(found, "not as large as people in 1 of 1 files (a.bvh")
    refused(one, UNLABELLED._replace(unit="league"), "--unit 'league'")


def test_a_folder_has_one_unit(tmp_path):
    for name in "ab":
        put(tmp_path / f"{name}.bvh", person(), moving(person(), 5))
    put(tmp_path / "c.bvh", person(0.01), moving(person(0.01), 5, place=(0.0, 0.9, 0.0)))
    found, read = opened(tmp_path)
    assert np.ptp(read[2].joints) < 0.05 < np.ptp(read[0].joints)
    assert said(found, "unit guessed: cm") and said(found, "not as large as people in 1 of 3 files (c.bvh, for one)")


def test_the_vertical(tmp_path):
    put(tmp_path / "z.bvh", person(up="z"), moving(person(up="z"), 20, place=(0.0, 0.0, HIP)))
    found, _ = opened(tmp_path)
    assert found.meaning.up == ("+z", "guess") and said(found, "vertical guessed: +z")
    found, _ = opened(tmp_path, UNLABELLED._replace(up="-z"))
    assert found.meaning.up == ("-z", "user") and not said(found, "vertical guessed")


@pytest.mark.parametrize("turn", [(0, 90, 0), (0, -90, 0), (90, 0, 0), (0, 90, 40)])
def test_a_body_that_lies_alone_tells_no_vertical(tmp_path, turn):
    lying = moving(person(), 20, place=(130.0, 15.0, 40.0), turn=turn)
    found, _ = opened(put(tmp_path / "a.bvh", person(), lying))
    assert found.meaning.up == ("", "") and said(found, "vertical is unknown", "--up")
    for name in "bc":
        put(tmp_path / f"{name}.bvh", person(), moving(person(), 20))
    assert opened(tmp_path)[0].meaning.up == ("+y", "guess")


def test_a_body_that_crouches_alone_tells_no_vertical(tmp_path):
    bent = {"LeftUpLeg": -120.0, "RightUpLeg": -120.0, "LeftLeg": 130.0, "RightLeg": 130.0, "Spine": 60.0}
    turns = [(0.0, bent.get(name, 0.0), 0.0) for name, *_ in person()[1:]]
    values = [(frame[0], *turns) for frame in moving(person(), 10)]
    assert opened(put(tmp_path / "a.bvh", person(), values))[0].meaning.up == ("", "")


def test_an_added_pose_is_dropped(tmp_path):
    still = tuple((0.0, HIP, 0.0, 0.0, 0.0, 0.0) if n == 0 else (0.0, 0.0, 0.0) for n in range(16))
    arms = tuple((90.0, 0.0, 0.0) if n in (4, 7) else own for n, own in enumerate(still))
    small = moving(person(), 30, noise=1)
    put(tmp_path / "a.bvh", person(), [still, *small])
    put(tmp_path / "b.bvh", person(), [arms, *small])
    put(tmp_path / "c.bvh", person(), small)
    found, read = opened(tmp_path)
    for each in read:
        assert np.array_equal(each.joints, read[2].joints)
    assert said(found, "2 of 3 files", "first frame", "T-pose", "dropped")


def test_equal_frames_at_the_end_are_noticed(tmp_path):
    values = moving(person(), 30)
    found, [read] = opened(put(tmp_path / "a.bvh", person(), values + 20 * values[-1:]))
    assert said(found, "1 of 1 files", "equal frames") and len(read.joints) == 50


@pytest.mark.parametrize(("count", "noticed"), [(9, False), (10, True)])
def test_ten_equal_frames_at_the_end_are_worth_a_note(tmp_path, count, noticed):
    values = moving(person(), 30)
    assert said(opened(put(tmp_path / "a.bvh", person(), values + count * values[-1:]))[0], "equal frames") == noticed


@pytest.mark.parametrize(
    ("jump", "step", "added"),
    [(13, 4, True), (11, 4, False), (-13, 4, True), (6.5, 0.1, True), (5, 0.1, False)],
)
def test_a_first_frame_is_an_added_pose_if_it_is_far_from_the_second(jump, step, added):
    """By more than three times a later step, and by a tenth of the body: 5.7 degrees of a bone as long as it."""
    angles = 90 + np.concatenate([[0], jump + step * np.arange(20)])
    offsets = np.array([[0, 0, 0], [0, 10.0, 0]])
    channels = (("Zrotation",), ())
    assert added_pose(Motion(("a", "b"), (-1, 0), offsets, channels, angles[:, None], 1 / 30)) == added


def test_files_that_declare_other_frames_are_said(tmp_path):
    one = put(tmp_path / "a.bvh", person(), moving(person(), 20))
    one.write_text(one.read_text().replace("Frames: 20", "Frames: 1"))
    found, [read] = opened(one)
    assert len(read.joints) == 20 and said(found, "1 of 1 files", "declares another number of frames")


def test_damaged_files_are_items_that_say_why(tmp_path):
    put(tmp_path / "b.bvh", person(), moving(person(), 5))
    (tmp_path / "a.bvh").write_text("HIERARCHY\n")
    found = bvh.open_collection(tmp_path, UNLABELLED)
    assert len(found.items) == 2 and bvh.read_item(found.items[1]).name == "b"
    with pytest.raises(InputError, match=r"a\.bvh, line 1: the file ends without its part MOTION"):
        bvh.read_item(found.items[0])
    (tmp_path / "a.bvh").write_bytes((tmp_path / "b.bvh").read_bytes())
    with pytest.raises(InputError, match="has changed"):
        bvh.read_item(found.items[0])
    (tmp_path / "b.bvh").write_text("HIERARCHY\n")
    (tmp_path / "a.bvh").write_text("HIERARCHY\n")
    refused(tmp_path, UNLABELLED, "a.bvh", "MOTION")


def test_positions_that_are_all_zero_are_differences(tmp_path):
    """As MakeHuman writes them: inner joints have positions, all of them zero, beside their OFFSET."""
    expected = opened(put(tmp_path / "a.bvh", person(), moving(person(), 5)))[1][0].joints
    nodes = [(name, parent, offset, CHANNELS) for name, parent, offset, _ in person()]
    values = [(frame[0], *((0.0, 0.0, 0.0, *own) for own in frame[1:])) for frame in moving(person(), 5)]
    found, [read] = opened(put(tmp_path / "a.bvh", nodes, values))
    assert np.array_equal(read.joints, expected) and said(found, "positions of inner joints are all zero")


def rooted(name, channels, values):
    """The person below another root."""
    nodes = [(name, -1, (0.0, 0.0, 0.0), channels)] + [(own, parent + 1, *rest) for own, parent, *rest in person()]
    return nodes, [((0.0,) * len(channels), *frame) for frame in values]


@pytest.mark.parametrize("channels", [(), CHANNELS])
def test_a_root_that_no_bone_joins_to_the_body_is_left_out(tmp_path, channels):
    """As Blender and Bandai Namco's files have one."""
    values = moving(person(), 20, speed=(5.0, 0.0, 0.0))
    expected = opened(put(tmp_path / "a.bvh", person(), values))[1][0].joints
    found, [read] = opened(put(tmp_path / "a.bvh", *rooted("Armature", channels, values)))
    assert np.array_equal(read.joints, expected) and found.layout.joint_names[0] == "Hips"
    assert said(found, "root 'Armature'", "left out")
    put(tmp_path / "still.bvh", *rooted("Armature", channels, values[:1]))
    assert opened(tmp_path)[0].layout == found.layout


def test_a_root_with_bones_is_kept(tmp_path):
    nodes = [(name, parent, offset, ROTATIONS) for name, parent, offset, _ in person()]
    values = [(frame[0][3:], *frame[1:]) for frame in moving(person(), 20)]
    found, [read] = opened(put(tmp_path / "a.bvh", nodes, values))
    assert read.joints.shape == (20, 1, 16, 3) and not said(found, "left out")
    nodes = [(f"bone {n}", *rest) for n, (_, *rest) in enumerate(nodes)]
    assert opened(put(tmp_path / "a.bvh", nodes, values))[1][0].joints.shape == (20, 1, 16, 3)
    stretched = [(name, p, offset, CHANNELS if p == 0 else own) for name, p, offset, own in person()]
    moves = [
        tuple((5.0 * k, 0.0, 0.0, *own) if n in (1, 10, 13) else own for n, own in enumerate(frame))
        for k, frame in enumerate(moving(person(), 20))
    ]
    found, [read] = opened(put(tmp_path / "a.bvh", stretched, moves))
    assert read.joints.shape == (20, 1, 16, 3) and not said(found, "left out")  # for it is called Hips


def test_several_roots_are_several_persons(tmp_path):
    ann, bob = person(prefix="Ann:"), [(n, p + 16 if p >= 0 else p, *rest) for n, p, *rest in person(prefix="Bob:")]
    values = [
        (*a, *b) for a, b in zip(moving(ann, 10), moving(person(), 10, place=(100.0, HIP, 0.0), seed=1), strict=True)
    ]
    put(tmp_path / "b.bvh", ann + bob, values)
    put(tmp_path / "a.bvh", person(), moving(person(), 10))
    found, read = opened(tmp_path)
    assert [each.joints.shape for each in read] == [(10, 1, 16, 3), (10, 2, 16, 3)]
    assert found.layout.joint_names[0] == "Hips" and np.allclose(read[1].joints[:, 1, 0, 0], 1)
    assert np.allclose(read[1].joints[:, 0], read[0].joints[:, 0])
    data = recording.read_all(bvh, tmp_path, UNLABELLED)
    assert data.joints.shape == (20, 2, 16, 3) and (data.joints[:10, 1] == 0).all()
    neutral.save(tmp_path / "data.npz", data)


def test_a_prop_is_no_person(tmp_path):
    sword = [("Sword", -1, (0.0, 0.0, 0.0), CHANNELS), ("Tip", 16, (0.0, 80.0, 0.0), ROTATIONS)]
    values = [(*frame, (5.0,) * 6, (0.0,) * 3) for frame in moving(person(), 10)]
    found, [read] = opened(put(tmp_path / "a.bvh", person() + sword, values))
    assert read.joints.shape == (10, 1, 16, 3) and said(found, "1 of 1 files", "no person", "left out")


def test_skeletons_that_differ_give_the_joints_that_all_have(tmp_path):
    """By name, whatever the order, the prefix and the maker's words; bones go over what is left out."""
    put(tmp_path / "a.bvh", person(prefix="mixamorig:"), moving(person(), 5))
    renamed = {
        "LeftArm": "LeftShoulder",
        "LeftForeArm": "LeftElbow",
        "LeftHand": "LeftWrist",
        "RightArm": "RightShoulder",
    }
    renamed |= {"RightForeArm": "RightElbow", "RightHand": "RightWrist", "Spine": "Extra"}
    nodes = [(renamed.get(name, name), *rest) for name, *rest in person()]
    put(tmp_path / "b.bvh", nodes, moving(person(), 5))
    found, read = opened(tmp_path)
    assert len(found.layout.joint_names) == 15 and "mixamorig:Spine" not in found.layout.joint_names
    assert len(chain(15, found.layout.edges, 0)) == 15 and np.array_equal(read[0].joints, read[1].joints)
    assert (0, found.layout.joint_names.index("mixamorig:Neck")) in found.layout.edges
    assert said(found, "skeletons differ", "the 15 joints")


def test_skeletons_without_common_joints(tmp_path):
    put(tmp_path / "a.bvh", person(), moving(person(), 5))
    nodes = [(f"bone {n}", *rest) for n, (_, *rest) in enumerate(person())]
    put(tmp_path / "b.bvh", nodes, moving(person(), 5))
    refused(tmp_path, UNLABELLED, "a.bvh and", "b.bvh have 0 joints in common", "Hips, Spine", "bone 0")


def test_names_in_japanese(tmp_path):
    """As exports of MikuMikuDance have them, in Shift-JIS."""
    middle, arm, leg = ("センター", "上半身", "首", "頭"), ("腕", "ひじ", "手首"), ("足", "ひざ", "足首")
    words = [*middle, *(side + word for limb in (arm, leg) for side in "左右" for word in limb)]
    expected = opened(put(tmp_path / "a.bvh", person(), moving(person(), 5)))[1][0].joints
    nodes = [(word, *rest) for word, (_, *rest) in zip(words, person(), strict=True)]
    (tmp_path / "a.bvh").write_bytes(written(nodes, moving(nodes, 5)).encode("cp932"))
    found, [read] = opened(tmp_path)
    assert found.layout.joint_names == tuple(words) and np.allclose(read.joints, expected)
    assert found.meaning.up.value == "+y" and found.meaning.unit.value == "m"
    put(tmp_path / "b.bvh", person(), moving(person(), 5))
    assert len(opened(tmp_path)[0].layout.joint_names) == 16


def test_names_that_tell_nothing(tmp_path):
    """Unit and vertical are unknown, and the motion is read."""
    nodes = [(f"bone {n}", *rest) for n, (_, *rest) in enumerate(person())]
    found, [read] = opened(put(tmp_path / "a.bvh", nodes, moving(person(), 5)))
    assert read.joints.shape == (5, 1, 16, 3) and found.meaning.up == found.meaning.unit == ("", "")


def test_too_many_joints_and_too_few_numbers(tmp_path):
    nodes = [("root", -1, (0.0,) * 3, CHANNELS)] + [(f"j{n}", 0, (0.0,) * 3, ROTATIONS) for n in range(1000)]
    refused(put(tmp_path / "a.bvh", nodes, moving(nodes, 1)), UNLABELLED, "1001 joints", "at most 1000")
    nodes = [(name, parent, offset, () if parent >= 0 else CHANNELS) for name, parent, offset, _ in person()]
    refused(put(tmp_path / "a.bvh", nodes, moving(nodes, 2)), UNLABELLED, "16 joints and 6 numbers")


def test_labels_subjects_and_repetitions(tmp_path):
    for name in ("walk1_subject1", "walk2_subject5", "run1_subject1"):
        put(tmp_path / f"{name}.bvh", person(), moving(person(), 3))
    found, read = opened(tmp_path, Options())
    assert found.class_names == ("run", "walk")
    assert [(each.name, each.label, each.subject, each.repetition) for each in read] == [
        ("run1_subject1", 0, 1, 1),
        ("walk1_subject1", 1, 1, 1),
        ("walk2_subject5", 1, 5, 2),
    ]
    pattern = "^(?P<subject>[a-z]+)(?P<label>[0-9])"
    found, read = opened(tmp_path, Options(label=pattern))
    assert found.class_names == ("1", "2") and [each.subject for each in read] == [1, 2, 2]
    assert said(found, "subjects are numbered", "'run' is 1")
    put(tmp_path / "x.bvh", person(), moving(person(), 3))
    refused(tmp_path, Options(), "x.bvh", "nothing tells which action")
    assert opened(tmp_path)[1][3].label is None
