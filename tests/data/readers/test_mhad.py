"""Tests of the Berkeley MHAD reader: on files written here with its skeleton, and on the real ones where they are."""

import os
from pathlib import Path

import numpy as np
import pytest

from gca_scratch.data import neutral
from gca_scratch.data.joint_names import find_roles
from gca_scratch.data.readers import mhad, recording
from gca_scratch.data.skeleton import chain
from gca_scratch.support.errors import InputError
from tests.helpers.bvh_file import places, written

DATA = os.environ.get("GCA_SCRATCH_DATA")
ROTATIONS = ("Zrotation", "Xrotation", "Yrotation")
ENDS = ("Head", "RightHand", "LeftHand", "RightToeBase", "LeftToeBase")


def body(scale=1.0):
    """The 30 joints and 5 end sites of a person who stands with hanging arms, in centimetres x scale."""
    names = mhad.LAYOUT.joint_names
    parents = {child: parent for parent, child in mhad.LAYOUT.edges}
    nodes = []
    for joint, name in enumerate(names):
        x = {"RightUpLeg": -9.0, "RightShoulder": -9.0, "LeftUpLeg": 9.0, "LeftShoulder": 9.0}.get(name, 0.0)
        y = (0.0 if x else -19.0) if joint > 5 else 14.0 if joint else 0.0
        channels = ROTATIONS if joint else ("Xposition", "Yposition", "Zposition", *ROTATIONS)
        channels = channels[:1] if name.endswith("Roll") else channels
        nodes.append((name, parents.get(joint, -1), (scale * x, scale * y, 0.0), channels))
    return nodes + [(None, names.index(name), (0.0, 5.0 * scale, 0.0), ()) for name in ENDS]


def motion(nodes, frames, seed=0):
    """Random small turns, at a place 90 cm above the ground."""
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(frames):
        frame = [tuple(rng.normal(0, 10, len(channels)).round(4).tolist()) for *_, channels in nodes]
        frame[0] = (10.0, 90.0, -20.0, *frame[0][3:])
        values.append(tuple(frame))
    return values


@pytest.fixture
def root(tmp_path):
    """Three files of 40 frames at 480 Hz, and others beside them."""
    folder = tmp_path / "Mocap/SkeletalData"
    folder.mkdir(parents=True)
    for place, name in enumerate(("s01_a01_r01", "s01_a11_r05", "s12_a09_r02")):
        (folder / f"skl_{name}.bvh").write_text(written(body(), motion(body(), 40, place), 1 / 480))
    for name in ("skl_s01_a12_r01.bvh", "skl_s01_t00.bvh", "skl_s1_a01_r01.bvh", "moc_s01_a01_r01.txt"):
        (folder / name).write_text("")
    return tmp_path


def file(root):
    return root / "Mocap/SkeletalData/skl_s01_a01_r01.bvh"


def refused(root, *words):
    with pytest.raises(InputError) as caught:
        recording.read_all(mhad, root)
    message = str(caught.value)
    assert "\n" not in message and all(word in message for word in words), message


def test_the_layout_is_a_tree_of_30_joints_with_known_roles():
    layout = mhad.LAYOUT
    assert len(layout.joint_names) == 30 and len(chain(30, layout.edges, 0)) == 30
    roles = find_roles(layout.joint_names, layout.edges)
    found = [layout.joint_names[role] for role in (roles.hip, roles.left, roles.right, roles.top)]
    assert found == ["Hips", "LeftUpLeg", "RightUpLeg", "Neck"]


def test_reads_the_format(root):
    data = recording.read_all(mhad, root)
    assert data.name.tolist() == ["s01_a01_r01", "s01_a11_r05", "s12_a09_r02"]
    assert [data.class_names[label] for label in data.label] == [
        "jumping in place",
        "stand up",
        "sit down then stand up",
    ]
    assert data.subject.tolist() == [1, 1, 12] and data.repetition.tolist() == [1, 5, 2]
    assert data.view is None and data.setup is None and len(data.class_names) == 11
    assert data.joints.shape == (9, 1, 30, 3) and data.joints.dtype == np.float32
    neutral.save(root / "data.npz", data)
    assert np.array_equal(neutral.load(root / "data.npz").joints, data.joints)


def test_every_16th_frame_is_kept_in_metres(root):
    values = motion(body(), 40)
    expected = np.array([places(body(), values[frame])[:30] for frame in (0, 16, 32)]) / 100
    read = mhad.read_item(mhad.items(root)[0])
    assert np.allclose(read.joints[:, 0], expected, rtol=0, atol=1e-6)
    assert np.allclose(read.joints[:, 0, 0], [0.1, 0.9, -0.2])


@pytest.mark.parametrize("frame_time, frames", [(1 / 30, 40), (1 / 20, 40), (1 / 60, 20), (1e-9, 1), (1e-300, 1)])
def test_about_30_frames_a_second_are_left(root, frame_time, frames):
    file(root).write_text(written(body(), motion(body(), 40), frame_time))
    assert len(mhad.read_item(file(root)).joints) == frames


@pytest.mark.parametrize("unit, scale", [("m", 0.01), ("in", 1 / 2.54), ("mm", 10.0)])
def test_the_unit_is_found_from_the_body(root, unit, scale):
    expected = mhad.read_item(file(root)).joints
    values = [((*(scale * v for v in frame[0][:3]), *frame[0][3:]), *frame[1:]) for frame in motion(body(), 40)]
    file(root).write_text(written(body(scale), values, 1 / 480))
    assert np.allclose(mhad.read_item(file(root)).joints, expected, rtol=0, atol=1e-6)


def test_joints_are_found_by_name_whatever_their_order_and_capitals(root):
    expected = mhad.read_item(file(root)).joints
    nodes, values = body(), motion(body(), 40)
    order = [0, *range(24, 30), *range(1, 24), *range(30, 35)]
    swapped = [
        (name and name.upper(), order.index(parent) if parent >= 0 else -1, *rest)
        for name, parent, *rest in (nodes[node] for node in order)
    ]
    file(root).write_text(written(swapped, [tuple(frame[node] for node in order) for frame in values], 1 / 480))
    assert np.allclose(mhad.read_item(file(root)).joints, expected, rtol=0, atol=1e-6)


def test_folders_without_skeletons(root):
    refused(root / "nowhere", "there is no", "nowhere")
    (root / "empty").mkdir()
    refused(root / "empty", "empty", "no file of skeletons of Berkeley MHAD")
    assert len(mhad.items(str(file(root).parent))) == 3


def test_a_file_that_is_there_twice(root):
    (root / "again").mkdir()
    (root / "again" / file(root).name).write_bytes(file(root).read_bytes())
    refused(root, "skl_s01_a01_r01.bvh are the same sample", "remove one")


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("JOINT Neck", "JOINT Kneck", ["missing: Neck", "strange: Kneck"]),
        ("JOINT Neck", "JOINT spine1", ["missing: spine1, Neck", "strange: spine spine1, spine2 spine1"]),
        ("OFFSET -9.0", "OFFSET -9,0", ["line", "OFFSET of the joint 'RightShoulder'", "'-9,0' is not a number"]),
        ("OFFSET 0.0 14.0 0.0", "OFFSET 0.0 5000.0 0.0", ["ankle to head", "no human in m, dm, cm, mm, in"]),
        ("Frames: 40", "Frames: 42", ["42 frames are declared, but 40"]),
    ],
)
def test_damaged_files(root, old, new, words):
    text = file(root).read_text()
    assert old in text
    file(root).write_text(text.replace(old, new, 1))
    refused(root, "skl_s01_a01_r01.bvh", *words)


def test_a_joint_too_many(root):
    nodes = [*body(), ("Tail", 0, (0.0, 0.0, 0.0), ROTATIONS)]
    file(root).write_text(written(nodes, motion(nodes, 3)))
    refused(root, "missing: none; strange: Tail")


@pytest.fixture(scope="module")
def real():
    folder = Path(DATA) / "mhad" if DATA else None
    if not folder or not any(folder.rglob("skl_*.bvh")):
        pytest.skip("Berkeley MHAD's skeletons are not here: set GCA_SCRATCH_DATA to the folder that holds mhad/")
    return recording.read_all(mhad, folder)


def test_the_real_data_is_whole(real):
    assert len(real) == 659 and "s04_a08_r05" not in real.name
    assert np.bincount(real.subject).tolist() == [0, 55, 55, 55, 54] + 8 * [55]


def test_the_real_bodies_are_bodies(real):
    """Heads above hips above feet, thighs and shins of 0.3 to 0.55 m."""
    joints, names = real.joints[:, 0].astype(np.float64), real.joint_names
    at = {name: joints[:, names.index(name)] for name in ("Head", "Hips", "LeftFoot", "LeftUpLeg", "LeftLeg")}
    assert np.median(at["Head"][:, 1]) > np.median(at["Hips"][:, 1]) > np.median(at["LeftFoot"][:, 1])
    for above, below in (("LeftUpLeg", "LeftLeg"), ("LeftLeg", "LeftFoot")):
        assert 0.3 < np.median(np.linalg.norm(at[above] - at[below], axis=-1)) < 0.55
