"""Tests of the skeletons of three sensors and of the walk over the joints."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gca_scratch.data.joint_names import find_roles
from gca_scratch.data.skeleton import KINECT_V1, KINECT_V2, OPENNI, chain
from gca_scratch.support.errors import InputError


@st.composite
def trees(draw):
    """(joint count, edges in any order and direction, root) of a random tree."""
    count = draw(st.integers(1, 30))
    labels = draw(st.permutations(range(count)))
    edges = [(labels[child], labels[draw(st.integers(0, child - 1))]) for child in range(1, count)]
    edges = [edge[::-1] if draw(st.booleans()) else edge for edge in draw(st.permutations(edges))]
    return count, edges, draw(st.integers(0, count - 1))


@pytest.mark.parametrize("layout", [KINECT_V1, KINECT_V2, OPENNI], ids=lambda layout: layout.name)
def test_layouts_are_trees_whose_bones_lead_outwards(layout):
    joints = len(layout.joint_names)
    assert len(set(layout.joint_names)) == joints and len(layout.edges) == joints - 1
    root = find_roles(layout.joint_names, layout.edges).hip
    place = {joint: n for n, joint in enumerate(chain(joints, layout.edges, root))}
    assert all(place[parent] < place[child] for parent, child in layout.edges)


def test_layouts_hold_the_joints_of_their_sensors():
    assert [len(layout.joint_names) for layout in (KINECT_V1, KINECT_V2, OPENNI)] == [20, 25, 15]
    assert KINECT_V1.joint_names[7] == "left hand" and KINECT_V1.joint_names[16] == "right hip"
    assert KINECT_V2.joint_names[20] == "spine shoulder" and KINECT_V2.joint_names[24] == "right thumb"
    assert {(7, 21), (7, 22), (11, 23), (11, 24), (20, 4), (20, 8), (0, 16)} < set(KINECT_V2.edges)
    assert {(2, 4), (2, 8), (0, 12), (0, 16), (1, 2)} < set(KINECT_V1.edges)
    assert {(2, 1), (1, 0), (1, 6), (2, 12)} < set(OPENNI.edges)
    assert OPENNI.joint_names[2] == "torso" and OPENNI.joint_names[14] == "right foot"


@given(trees())
@settings(max_examples=60)
def test_chain_visits_every_joint_once_in_depth_first_order(tree):
    count, edges, root = tree
    order = chain(count, edges, root)
    assert order[0] == root and sorted(order) == list(range(count))
    assert order == chain(count, [edge[::-1] for edge in edges[::-1]], root)
    neighbours = {frozenset(edge) for edge in edges}
    path = [root]  # depth first: each joint hangs from the path that led to the one before it
    for joint in order[1:]:
        while frozenset((path[-1], joint)) not in neighbours:
            path.pop()
        path.append(joint)


@given(trees())
@settings(max_examples=60)
def test_chain_with_revisits_crosses_every_bone_there_and_back(tree):
    count, edges, root = tree
    order = chain(count, edges, root, revisit=True)
    assert len(order) == 2 * count - 1 and order[0] == order[-1] == root
    steps = list(pairwise(order))
    assert sorted(steps) == sorted([(a, b) for a, b in edges] + [(b, a) for a, b in edges])
    assert tuple(dict.fromkeys(order)) == chain(count, edges, root)


def test_chain_takes_edges_as_they_are_stored():
    assert chain(3, np.array([[2, 1], [0, 2]], np.int16), 0) == (0, 2, 1)


def test_chain_of_a_very_long_limb_does_not_recurse():
    assert chain(3000, [(joint, joint + 1) for joint in range(2999)], 0) == tuple(range(3000))


@pytest.mark.parametrize(
    "edges, root, words",
    [
        ([(0, 1)], 0, ["joint 0 to joint 2, 3", "add the missing bones"]),
        ([(0, 1), (1, 2), (2, 0), (2, 3)], 0, ["bone 2", "joints 2 and 0", "loop"]),
        ([(0, 1), (1, 0), (1, 2), (2, 3)], 0, ["bone 1", "joints 1 and 0", "loop"]),
        ([(0, 0), (0, 1), (1, 2), (2, 3)], 0, ["bone 0", "loop"]),
        ([(0, 1), (1, 2), (2, 4)], 0, ["bone 2", "joints 2 and 4", "0 to 3"]),
        ([(0, 1), (1, -1), (2, 3)], 0, ["bone 1", "joints 1 and -1"]),
        ([(0, 1), (1, 2), (2, 3)], 4, ["root", "joint 4", "0 to 3"]),
    ],
)
def test_chain_refuses_what_is_not_one_tree(edges, root, words):
    with pytest.raises(InputError) as caught:
        chain(4, edges, root)
    assert all(word in str(caught.value) for word in words), caught.value
