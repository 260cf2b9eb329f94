"""Tests of the BVH reader: against positions worked out another way, and on files that are damaged in many ways."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gca_scratch.data.readers import bvh
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
        read = bvh.read(path, end_sites)
        names = [name or f"{nodes[parent][0]} end" for name, parent, *_ in nodes]
        kept = [node for node, (name, *_) in enumerate(nodes) if end_sites or name]
        assert sorted(read.names) == sorted(names[node] for node in kept)
        order = [names.index(name) for name in read.names]
        above = [read.names[parent] if parent >= 0 else None for parent in read.parents]
        assert above == [names[nodes[node][1]] if node else None for node in order]
        assert all(parent < joint for joint, parent in enumerate(read.parents))
        assert read.channels == tuple(tuple(nodes[node][3]) for node in order)
        expected = np.array([places(nodes, frame)[order] for frame in values])
        assert np.allclose(bvh.positions(read), expected, rtol=0, atol=1e-9 * (1 + np.abs(expected).max()))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.bvh"
    path.write_text(TEXT)
    return path


def refused(path, *words):
    with pytest.raises(InputError) as caught:
        bvh.read(path)
    message = str(caught.value)
    assert "\n" not in message and all(word in message for word in (str(path), *words)), message


def test_reads_the_format(path):
    motion = bvh.read(path)
    assert motion.names == ("Hips", "Leg") and motion.parents == (-1, 0) and motion.frame_time == 0.01
    assert motion.offsets.tolist() == [[0, 0, 0], [0, -1.5, 0.25]] and motion.values.shape == (2, 7)
    assert motion.channels[1] == ("Xrotation",)
    assert np.allclose(bvh.positions(motion), [2 * [[1, 2, 3]] + np.array([[0, 0, 0], [0, -1.5, 0.25]])] * 2)


def test_end_sites_are_joints_on_demand(path):
    motion = bvh.read(path, end_sites=True)
    assert motion.names == ("Hips", "Leg", "Leg end") and motion.parents == (-1, 0, 1)
    assert np.allclose(
        bvh.positions(motion)[:, 2], [[1, -0.5, 3.25], [1, 0.5, 2.25]]
    )  # from straight down to backwards


def test_a_position_takes_the_place_of_the_offset(path):
    path.write_text(TEXT.replace("CHANNELS 1 Xrotation", "CHANNELS 1 Yposition"))
    assert np.allclose(bvh.positions(bvh.read(path))[1, 1], [1, 92, 3.25])


def test_other_ways_to_write_the_same(path):
    motion = bvh.read(path)
    for old, new in (
        ("ROOT Hips\n{", "ROOT Hips {"),
        ("JOINT Leg {", "Joint Leg\n\n  {"),
        ("End Site\n    {\n", "END SITE {"),
        ("Xrotation\n    End", "XROTATION\n    End"),
        ("MOTION\n", "\nMOTION  \n"),
        ("0 90\n", "0 9e1"),
        ("0 90\n", "0 90 \n\n \n"),
    ):
        assert old in TEXT
        path.write_text(TEXT.replace(old, new))
        again = bvh.read(path)
        assert again.names == motion.names and np.array_equal(bvh.positions(again), bvh.positions(motion))


def test_a_joint_without_channels_stays_as_it_is(path):
    path.write_text(TEXT.replace("    CHANNELS 1 Xrotation\n", "").replace("0 90\n", "0\n").replace("0 0\n1", "0\n1"))
    assert bvh.read(path).channels[1] == () and bvh.read(path).values.shape == (2, 6)


@pytest.mark.parametrize(
    "old, new, words",
    [
        (TEXT, "", ["empty"]),
        (TEXT, "hello\n", ["line 1", "without its part MOTION"]),
        ("HIERARCHY", "HIERACHY", ["line 1", "no BVH file"]),
        ("ROOT Hips", "JOINT Hips", ["line 2", "'JOINT' cannot stand here"]),
        ("ROOT Hips", "ROOT", ["line 3", "'{' stands where a name should"]),
        ("ROOT Hips\n{", "ROOT Hips\n", ["line 4", "'OFFSET' stands where '{' should"]),
        ("JOINT Leg", "JOINT Hips", ["line 6", "second joint 'Hips'"]),
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
        ("CHANNELS 1 Xrotation", "CHANNELS Xrotation", ["line 8", "'Xrotation' is not a number of channels"]),
        ("CHANNELS 1 Xrotation", "CHANNELS 2 Xrotation xrotation", ["line 8", "twice"]),
        ("CHANNELS 1 Xrotation", "CHANNELS 0 CHANNELS 0", ["line 8", "'CHANNELS' cannot stand here"]),
        ("OFFSET 0 -1 0", "OFFSET 0 -1 0 JOINT a {", ["line 11", "'JOINT' cannot stand here", "'Leg end'"]),
        ("OFFSET 0 -1 0", "OFFSET 0 -1 0 CHANNELS 0", ["line 11", "'CHANNELS' cannot stand here"]),
        ("  }\n}\n", "  }\n", ["line 14", "'}' should stand"]),
        ("  }\n}\n", "  }\n}\n}\n", ["line 15", "'}' stands after the end"]),
        ("}\nMOTION", "}\nROOT b { OFFSET 0 0 0 }\nMOTION", ["line 15", "one root"]),
        ("HIERARCHY", "HIERARCHY MOTION\nMOTION", ["line 1", "'MOTION' cannot stand here"]),
        (TEXT, "HIERARCHY\nMOTION\nFrames: 1\nFrame Time: 1\n0\n", ["line 2", "ROOT should stand"]),
        ("MOTION\n", "", ["without its part MOTION"]),
        ("Frames: 2", "Frames: 3", ["line 16", "3 frames are declared, but 2 are there"]),
        ("Frames: 2", "Frames: 1", ["line 16", "1 frames are declared, but 2 are there"]),
        ("Frames: 2", "Frames: 999999999", ["999999999 frames"]),
        ("Frames: 2", "Frames: -2", ["line 16", "'Frames: number'"]),
        ("Frames: 2", "Frames:", ["line 16"]),
        ("Frame Time: 0.01", "Frame Time: 0", ["line 17", "0 seconds"]),
        ("Frame Time: 0.01", "Frame Time: inf", ["line 17", "'inf'"]),
        ("Frame Time: 0.01", "Frame Rate: 100", ["line 17", "'Frame Time: seconds'"]),
        ("1 2 3 0 0 0 0\n", "1 2 3 0 0 0\n", ["line 18", "6 numbers where the hierarchy has 7"]),
        ("1 2 3 0 0 0 0\n", "1 2 3 0 0 0 0 0\n", ["line 18", "8 numbers"]),
        ("1 2 3 0 0 0 0\n", "\n", ["line 18", "0 numbers"]),
        ("1 2 3 0 0 0 0\n", "1 2 3 0 nan 0 0\n", ["line 18", "column 5", "'nan'"]),
        ("1 2 3 0 0 0 0\n", "1 2 3 0 0 0 -inf\n", ["line 18", "column 7", "'-inf'"]),
        ("1 2 3 0 0 0 0\n", "1 2 3 1e308 1e308 0 0\n", ["line 18", "column 4", "range"]),
        ("1 2 3 0 0 0 0\n", "1 2 3_0 0 0 0 0\n", ["line 18", "column 3", "'3_0'"]),
        ("1 2 3 0 0 0 0\n", "1 2 x 0 0 0 0\n", ["line 18", "column 3", "'x'"]),
        ("1 2 3 0 0 0 0\n1 2 3 0 0 0 90\n", "", ["line 16", "2 frames are declared, but 0"]),
        ("Frame Time: 0.01\n1 2 3 0 0 0 0\n1 2 3 0 0 0 90\n", "", ["before its first frame"]),
        ("Hips", "H\xfcfte", ["not a text file"]),
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
    assert len(bvh.read(path).names) == depth + 2


@settings(max_examples=100)
@given(st.data())
def test_changed_characters_never_do_worse_than_an_input_error(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "changed.bvh"
    content = list(TEXT)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(TEXT) - 1))] = data.draw(st.sampled_from("{}\n\t 019-e.\0"))
    path.write_text("".join(content))
    try:
        assert np.isfinite(bvh.positions(bvh.read(path))).all()
    except InputError as error:
        assert str(path) in str(error) and "\n" not in str(error)
