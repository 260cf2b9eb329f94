"""Tests of the BVH parser: against positions worked out another way, and on files that are damaged in many ways."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gca_scratch.data.readers.bvh_motion import positions, trees
from gca_scratch.data.readers.bvh_text import read
from gca_scratch.support.errors import InputError
from tests.helpers.bvh_file import places, written

CHANNELS = ("Xposition", "Yposition", "Zposition", "Xrotation", "Yrotation", "Zrotation")
NUMBERS = st.floats(-400, 400).map(lambda value: round(value, 6))
TEXT = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
  JOINT Leg {
    OFFSET 0 -1.5 .25
    CHANNELS 1 Xrotation
    End Site
    {
      OFFSET 0 -1 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.01
1 2 3 0 0 0 0
1 2 3 0 0 0 90
"""


@st.composite
def motions(draw):
    """Nodes of a random tree and their channels in a few frames."""
    nodes = []
    for joint in range(draw(st.integers(1, 7))):
        channels = draw(st.permutations(CHANNELS))[: draw(st.integers(0 if joint else 1, 6))]
        parent = draw(st.integers(0, joint - 1)) if joint else -1
        nodes.append((f"joint {joint}", parent, draw(st.tuples(NUMBERS, NUMBERS, NUMBERS)), channels))
    inner = {parent for _, parent, *_ in nodes}
    tips = [joint for joint in range(len(nodes)) if joint not in inner and draw(st.booleans())]
    nodes += [(None, tip, draw(st.tuples(NUMBERS, NUMBERS, NUMBERS)), ()) for tip in tips]
    frame = st.tuples(*(st.tuples(*[NUMBERS] * len(channels)) for *_, channels in nodes))
    return nodes, draw(st.lists(frame, min_size=1, max_size=3))


@settings(max_examples=60)
@given(motions(), st.sampled_from(["\n", "\r\n"]))
def test_joints_are_where_matrices_of_4_x_4_put_them(tmp_path_factory, motion, newline):
    nodes, values = motion
    path = tmp_path_factory.getbasetemp() / "random.bvh"
    path.write_bytes(written(nodes, values, newline=newline).encode())
    for end_sites in (True, False):
        found = read(path, end_sites)
        names = [name or f"{nodes[parent][0]} end" for name, parent, *_ in nodes]
        kept = [node for node, (name, *_) in enumerate(nodes) if end_sites or name]
        assert sorted(found.names) == sorted(names[node] for node in kept)
        order = [names.index(name) for name in found.names]
        above = [found.names[parent] if parent >= 0 else None for parent in found.parents]
        assert above == [names[nodes[node][1]] if node else None for node in order]
        assert all(parent < joint for joint, parent in enumerate(found.parents))
        assert found.channels == tuple(tuple(nodes[node][3]) for node in order)
        expected = np.array([places(nodes, frame)[order] for frame in values])
        assert np.allclose(positions(found), expected, rtol=0, atol=1e-9 * (1 + np.abs(expected).max()))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.bvh"
    path.write_text(TEXT)
    return path


def refused(path, *words):
    with pytest.raises(InputError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message and all(word in message for word in (str(path), *words)), message


def test_reads_the_format(path):
    motion = read(path)
    assert motion.names == ("Hips", "Leg") and motion.parents == (-1, 0) and motion.frame_time == 0.01
    assert motion.offsets.tolist() == [[0, 0, 0], [0, -1.5, 0.25]] and motion.values.shape == (2, 7)
    assert motion.channels[1] == ("Xrotation",)
    assert np.allclose(positions(motion), [2 * [[1, 2, 3]] + np.array([[0, 0, 0], [0, -1.5, 0.25]])] * 2)


def test_end_sites_are_joints_on_demand(path):
    motion = read(path, end_sites=True)
    assert motion.names == ("Hips", "Leg", "Leg end") and motion.parents == (-1, 0, 1)
    assert np.allclose(positions(motion)[:, 2], [[1, -0.5, 3.25], [1, 0.5, 2.25]])  # from straight down to backwards


def test_a_position_takes_the_place_of_the_offset(path):
    path.write_text(TEXT.replace("CHANNELS 1 Xrotation", "CHANNELS 1 Yposition"))
    assert np.allclose(positions(read(path))[1, 1], [1, 92, 3.25])


def test_other_ways_to_write_the_same(path):
    motion = read(path)
    for old, new in (
        ("ROOT Hips\n{", "ROOT Hips {"),
        ("JOINT Leg {", "Joint Leg\n\n  {"),
        ("HIERARCHY\nROOT", "\ufeff hierarchy\nRoot"),
        ("End Site\n    {\n", "END SITE {"),
        ("End Site\n", "End site foot\n"),
        ("Xrotation\n    End", "XROTATION\n    End"),
        ("MOTION\n", "\nMotion  \n"),
        ("Frames: 2", "Frames:2"),
        ("Frames: 2", "frames :\t2  "),
        ("Frame Time: 0.01", "Frame Time:.01"),
        ("Frame Time: 0.01", "FRAME TIME:\t1e-2 "),
        ("OFFSET 0 -1.5 .25", "OFFSET\t0  -1.5 .25 "),
        ("0 90\n", "0 9e1"),
        ("0 90\n", "0 90 \n\n \n"),
        ("\n1 2 3 0 0 0 0\n", "\n\n1 2 3 0 0 0 0\n \n\n"),
        ("1 2 3 0 0 0 0\n", "1 2 3\n0 0 0\n\n0\n"),
        ("\n", "\r\n"),
        ("\n", "\r"),
    ):
        assert old in TEXT
        path.write_bytes(TEXT.replace(old, new).encode())
        again = read(path)
        assert again.frame_time == motion.frame_time and not again.notes
        assert again.names == motion.names and np.array_equal(positions(again), positions(motion))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_names_in_japanese(path, encoding):
    """As exporters of MikuMikuDance write them."""
    path.write_bytes(TEXT.replace("Hips", "センター").replace("Leg", "左 足首").encode(encoding))
    motion = read(path)
    assert motion.names == ("センター", "左 足首") and len(motion.values) == 2


def test_names_in_the_western_code_page(path):
    path.write_bytes(TEXT.replace("Hips", "Hüfte").encode("cp1252"))
    assert read(path).names == ("Hüfte", "Leg")
    path.write_bytes(TEXT.replace("Hips", "H\x81\xffx").encode("latin-1"))
    assert read(path).names[0].startswith("H")


END = "    End Site\n    {\n      OFFSET 0 -1 0\n    }\n"


def test_two_end_sites_at_one_joint(path):
    path.write_text(TEXT.replace(END, END + END.replace("-1", "-2")))
    motion = read(path, end_sites=True)
    assert motion.names == ("Hips", "Leg", "Leg end", "Leg end 2") and motion.offsets[3, 1] == -2
    assert read(path).names == ("Hips", "Leg")


def test_one_name_in_several_branches(path):
    """Each is called after its parent, too, and by a number where that is not enough or too long."""
    foot = "    JOINT Foot { OFFSET 0 -1 0 CHANNELS 0 }\n"
    other = "  JOINT Arm {\n    OFFSET 0 1 0\n" + foot + foot + "  }\n"
    path.write_text(TEXT.replace(END + "  }\n", END + foot + "  }\n" + other))
    motion = read(path)
    assert motion.names == ("Hips", "Leg", "Leg Foot", "Arm", "Arm Foot", "Arm Foot 2")
    assert [motion.parents[joint] for joint in (2, 4, 5)] == [1, 3, 3]
    assert len(set(read(path, end_sites=True).names)) == 7


def test_many_joints_of_one_name(path):
    depth = 2000
    joints = depth * "JOINT Leg { OFFSET 0 1 0\n" + depth * "}"
    path.write_text(TEXT.replace("  JOINT Leg", f"  {joints}\n  JOINT Leg"))
    names = read(path).names
    assert len(set(names)) == depth + 2 and max(map(len, names)) < 110


def test_several_roots(path):
    """Names may come again in another tree."""
    second = "ROOT Hips { OFFSET 1 0 0 CHANNELS 1 Xposition JOINT Leg { OFFSET 0 1 0 } }\n"
    path.write_text(TEXT.replace("MOTION\n", second + "MOTION\n").replace("0 0\n1", "0 0 7\n1").replace(" 90", " 90 8"))
    motion = read(path)
    assert motion.names == 2 * ("Hips", "Leg") and motion.parents == (-1, 0, -1, 2)
    assert trees(motion) == [[0, 1], [2, 3]]
    assert np.allclose(positions(motion)[1], [[1, 2, 3], [1, 0.5, 3.25], [8, 0, 0], [8, 1, 0]])


def test_a_root_without_channels(path):
    """Blender makes one where a skeleton has several roots."""
    path.write_text(
        TEXT.replace("ROOT Hips", "ROOT Armature { OFFSET 0 0 0 CHANNELS 0 JOINT Hips").replace("\nMOTION", "}\nMOTION")
    )
    motion = read(path)
    assert motion.names == ("Armature", "Hips", "Leg") and motion.channels[0] == ()
    assert np.allclose(positions(motion)[0], [[0, 0, 0], [1, 2, 3], [1, 0.5, 3.25]])


@pytest.mark.parametrize("declared, rows", [(1, 2), (0, 3), (5, 12), (11, 10), (120, 119)])
def test_more_frames_than_declared_or_one_fewer(path, declared, rows):
    head, _, frames = TEXT.partition("Frames: 2\n")
    time, frame, _ = frames.splitlines(keepends=True)
    path.write_text(f"{head}Frames: {declared}\n{time}" + rows * frame)
    motion = read(path)
    assert len(motion.values) == rows and motion.notes == ("declares another number of frames than there are",)


@pytest.mark.parametrize("declared, rows", [(12, 10), (10, 9), (2, 1), (1, 0)])
def test_fewer_frames_than_declared_are_a_file_that_is_cut_off(path, declared, rows):
    head, _, frames = TEXT.partition("Frames: 2\n")
    time, frame, _ = frames.splitlines(keepends=True)
    path.write_text(f"{head}Frames: {declared}\n{time}" + rows * frame)
    refused(path, "line 16", f"{declared} frames are declared, but {rows} are there", "copy the file again")


def test_a_joint_without_channels_stays_as_it_is(path):
    path.write_text(TEXT.replace("    CHANNELS 1 Xrotation\n", "").replace("0 90\n", "0\n").replace("0 0\n1", "0\n1"))
    assert read(path).channels[1] == () and read(path).values.shape == (2, 6)


@pytest.mark.parametrize(
    "old, new, words",
    [
        (TEXT, "", ["empty"]),
        (TEXT, "hello\n", ["no BVH file"]),
        (TEXT, "HIERARCHY\nROOT Hips\n", ["line 2", "without its part MOTION"]),
        ("HIERARCHY", "HIERACHY", ["no BVH file"]),
        ("ROOT Hips", "JOINT Hips", ["line 2", "'JOINT' cannot stand here"]),
        ("ROOT Hips", "ROOT", ["line 3", "'{' stands where a name should"]),
        ("ROOT Hips\n{", "ROOT Hips\n", ["line 4", "'OFFSET' stands where '{' should"]),
        ("JOINT Leg", f"JOINT {'g' * 101}", ["line 6", "longer than 100"]),
        ("JOINT Leg", "ROOT Leg", ["line 6", "'ROOT' cannot stand here", "'Hips'"]),
        ("JOINT Leg", "BONE Leg", ["line 6", "'BONE'"]),
        ("  OFFSET 0 0 0\n", "", ["line 13", "'Hips' has no OFFSET"]),
        ("OFFSET 0 -1.5 .25", "OFFSET 0 -1.5", ["line 7", "OFFSET of the joint 'Leg'", "'CHANNELS' is not a number"]),
        ("OFFSET 0 -1.5 .25", "OFFSET 0 -1.5 .25 1", ["line 7", "'1' cannot stand here"]),
        ("OFFSET 0 -1.5 .25", "OFFSET 0 nan .25", ["line 7", "'nan'"]),
        ("OFFSET 0 -1.5 .25", "OFFSET 0 -1.5 1e9", ["line 7", "range"]),
        ("OFFSET 0 -1.5 .25", "OFFSET 0 0 0 OFFSET 0 0 0", ["line 7", "'OFFSET' cannot stand here"]),
        ("CHANNELS 1 Xrotation", "CHANNELS 2 Xrotation", ["line 8", "'End' is not one of Xposition"]),
        ("CHANNELS 1 Xrotation", "CHANNELS 1 Wrotation", ["line 8", "'Leg'", "'Wrotation' is not one of"]),
        ("CHANNELS 1 Xrotation", "CHANNELS 7 Xrotation", ["line 8", "'7'", "0 to 6"]),
        ("OFFSET 0 -1.5 .25", "OFFSET 0 -1,5 .25", ["line 7", "'-1,5'", "a point for each decimal comma"]),
        ("CHANNELS 1 Xrotation", "CHANNELS Xrotation", ["line 8", "'Xrotation' is not a number of channels"]),
        ("CHANNELS 1 Xrotation", "CHANNELS 2 Xrotation xrotation", ["line 8", "twice"]),
        ("CHANNELS 1 Xrotation", "CHANNELS 0 CHANNELS 0", ["line 8", "'CHANNELS' cannot stand here"]),
        ("OFFSET 0 -1 0", "OFFSET 0 -1 0 JOINT a {", ["line 11", "'JOINT' cannot stand here", "'Leg end'"]),
        ("OFFSET 0 -1 0", "OFFSET 0 -1 0 CHANNELS 0", ["line 11", "'CHANNELS' cannot stand here"]),
        ("  }\n}\n", "  }\n", ["line 14", "'}' should stand"]),
        ("  }\n}\n", "  }\n}\n}\n", ["line 15", "'}' cannot stand here, outside of any joint"]),
        ("}\nMOTION", "}\nROOT b { OFFSET 0 0 0\nMOTION", ["line 16", "'}' should stand"]),
        ("HIERARCHY", "HIERARCHY MOTION\nMOTION", ["line 1", "'MOTION' cannot stand here"]),
        (TEXT, "HIERARCHY ROOT a { OFFSET 0 0 0 }\nMOTION\nFrames: 1\nFrame Time: 1\n0\n", ["no joint has a channel"]),
        (TEXT, "HIERARCHY\nMOTION\nFrames: 1\nFrame Time: 1\n0\n", ["line 2", "ROOT should stand"]),
        ("MOTION\n", "", ["without its part MOTION"]),
        ("Frames: 2", "Frames: 3", ["line 16", "3 frames are declared, but 2 are there"]),
        ("Frames: 2", "Frames: 999999999", ["999999999 frames"]),
        ("Frames: 2", "Frames: -2", ["line 16", "'Frames: number'"]),
        ("Frames: 2", "Frames:", ["line 16"]),
        ("Frame Time: 0.01", "Frame Time: 0", ["line 17", "0 seconds"]),
        ("Frame Time: 0.01", "Frame Time: inf", ["line 17", "'inf'"]),
        ("Frame Time: 0.01", "Frame Rate: 100", ["line 17", "'Frame Time: seconds'"]),
        ("1 2 3 0 0 0 0\n", "1 2 3 0 0 0\n", ["line 18", "6 numbers where the hierarchy has 7"]),
        ("1 2 3 0 0 0 0\n", "1 2 3 0 0 0 0 0\n", ["line 18", "8 numbers"]),
        ("1 2 3 0 0 0 0\n", "\n", ["line 16", "2 frames are declared, but 1"]),
        ("1 2 3 0 0 0 0\n", "1 2 3 0\n0 0\n", ["line 18", "6 numbers where the hierarchy has 7"]),
        ("1 2 3 0 0 0 90\n", "1 2 3 0\n0 0\n", ["line 19", "6 numbers where the hierarchy has 7"]),
        ("1 2 3 0 0 0 0\n", "1 2 3 0 nan 0 0\n", ["line 18", "column 5", "'nan'"]),
        ("1 2 3 0 0 0 0\n", "1 2 3 0 0 0 -inf\n", ["line 18", "column 7", "'-inf'"]),
        ("1 2 3 0 0 0 0\n", "1 2 3 1e308 1e308 0 0\n", ["line 18", "column 4", "range"]),
        ("1 2 3 0 0 0 0\n", "1 2 3_0 0 0 0 0\n", ["line 18", "column 3", "'3_0'"]),
        ("1 2 3 0 0 0 0\n", "1 2 x 0 0 0 0\n", ["line 18", "column 3", "'x'"]),
        ("1 2 3 0 0 0 0\n1 2 3 0 0 0 90\n", "", ["line 16", "2 frames are declared, but 0"]),
        (TEXT[TEXT.index("Frames") :], "Frames: 0\nFrame Time: 1\n", ["line 16", "skeleton without a single frame"]),
        ("Frame Time: 0.01\n1 2 3 0 0 0 0\n1 2 3 0 0 0 90\n", "", ["before its first frame"]),
        ("Hips", "Hi\x01ps", ["line 2", "cannot be shown"]),
    ],
)
def test_damaged_files(path, old, new, words):
    assert old in TEXT
    path.write_bytes(TEXT.replace(old, new, 1).encode("latin-1"))
    refused(path, *words)


def test_a_missing_file(tmp_path):
    refused(tmp_path / "nowhere.bvh", "cannot be read")


def test_a_file_that_is_cut_off_anywhere(path):
    """Anywhere but within its very last number, which is trusted."""
    for length in range(len(TEXT) - 2):
        path.write_text(TEXT[:length])
        refused(path)


def test_deep_trees_do_not_exhaust_the_stack(path):
    depth = 3000
    joints = "".join(f"JOINT j{n} {{ OFFSET 0 1 0\n" for n in range(depth)) + depth * "}"
    path.write_text(TEXT.replace("  JOINT Leg", f"  {joints}\n  JOINT Leg"))
    assert len(read(path).names) == depth + 2


@settings(max_examples=100)
@given(st.data())
def test_changed_characters_never_do_worse_than_an_input_error(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "changed.bvh"
    content = list(TEXT)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(TEXT) - 1))] = data.draw(st.sampled_from("{}\n\t 019-e.\0"))
    path.write_text("".join(content))
    try:
        assert np.isfinite(positions(read(path))).all()
    except InputError as error:
        assert str(path) in str(error) and "\n" not in str(error)
