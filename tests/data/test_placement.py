"""Whose body gives origin, size and line: in sequences of one person, of two, and of one who comes later."""

import dataclasses

import numpy as np
import pytest

from gca_scratch.data.alignment import align
from gca_scratch.data.joint_names import find_roles
from gca_scratch.data.placement import Placement, first_frame, present, torso_length, turn_matrix
from tests.helpers.tiny import skeletons, two_persons

HIP, NECK, LEFT, RIGHT = 0, 1, 4, 5  # of tiny.BODY


def roles(data):
    return find_roles(data.joint_names, data.edges)


def torso(data, n, person):
    """The median length between hip and neck, written anew."""
    body = data.sequence(n)[:, person].astype(float)
    return np.median(np.linalg.norm(body[:, NECK] - body[:, HIP], axis=-1))


@pytest.mark.parametrize("pair", [False, True])
def test_the_first_person_is_the_measure_of_both(pair):
    data = two_persons()
    for n in range(len(data)):  # the second person is half as large again
        hip = data.sequence(n)[:, 1, [HIP]].copy()
        data.sequence(n)[:, 1] = np.where(data.sequence(n)[:, 1] != 0, hip + 1.5 * (data.sequence(n)[:, 1] - hip), 0)
    found = Placement(data, roles(data), 1, torso_scale=True, pair=pair)
    found.find(np.arange(len(data)))
    for n in range(2, len(data)):
        assert found.size[n] == pytest.approx(torso(data, n, 0), rel=1e-6)
        assert abs(torso(data, n, 1) / found.size[n] - 1.5) < 0.1
    x = align(data, face_camera=True, torso_scale=True, pair=pair)
    order = list(x.order)
    for n in range(2, len(data)):
        body = x.x[x.offsets[n] : x.offsets[n + 1]]
        lengths = np.linalg.norm(body[:, order.index(NECK)] - body[:, order.index(HIP)], axis=-1)
        assert np.median(lengths[:, 0]) == pytest.approx(1, rel=1e-5)
        assert np.median(lengths[:, 1]) == pytest.approx(1.5, rel=0.1)


def test_who_is_there_alone_is_the_measure():
    """Where the first person never comes, the second is measured."""
    data = two_persons()
    n = 3
    data.sequence(n)[:, 0] = 0
    found = Placement(data, roles(data), 1, face_camera=True, torso_scale=True)
    found.find(np.array([n]))
    assert found.found.tolist() == [k == n for k in range(len(data))]
    assert found.size[n] == pytest.approx(torso(data, n, 1), rel=1e-6)
    np.testing.assert_allclose(found.origin[n], data.sequence(n)[0, 1, HIP], rtol=1e-6)
    line = data.sequence(n)[0, 1, RIGHT] - data.sequence(n)[0, 1, LEFT]
    turned = line @ found.turn[n]
    assert turned[0] == pytest.approx(np.hypot(line[0], line[2]), rel=1e-5) and abs(turned[2]) < 1e-6


def test_a_torso_is_measured_where_its_person_is_there():
    """The median of the frames that show them, of the joints that have these roles."""
    person = np.zeros((5, 6, 3))
    person[1:4, NECK, 1] = (2, 3, 7)
    person[1:4, HIP, 0] = 1e-9  # there
    of = roles(skeletons())
    assert torso_length(person, of, np.zeros(3)) == pytest.approx(3)
    assert torso_length(person, of, np.array([0.0, 5, 0])) == pytest.approx(3)  # whatever the origin is
    person[:, NECK] = person[:, HIP]
    assert torso_length(person, of, np.zeros(3)) == 1 and torso_length(0 * person, of, np.zeros(3)) == 1


def test_the_first_frame_that_has_everybody():
    sequence = np.zeros((6, 2, 3, 3))
    sequence[2:, 0, 1, 2] = 1
    sequence[4:, 1] = -1
    assert (first_frame(sequence, [0]), first_frame(sequence, [1]), first_frame(sequence, [0, 1])) == (2, 4, 4)
    assert first_frame(sequence[:2], [0]) is None and first_frame(sequence[2:], [0]) == 0
    sequence[4:, 0] = 0
    assert first_frame(sequence, [0, 1]) is None
    assert (
        present(sequence).shape == (6, 2, 1, 1) and present(sequence)[:, 1, 0, 0].tolist() == [False] * 4 + [True] * 2
    )


@pytest.mark.parametrize("up", [0, 1, 2])
def test_a_turn_is_right_handed_for_columns_and_so_the_other_way_for_rows(up):
    quarter = turn_matrix(np.array([np.pi / 2, 0.3]), up)
    a, b = np.eye(3)[(up + 1) % 3], np.eye(3)[(up + 2) % 3]
    np.testing.assert_allclose(a @ quarter[0], b, atol=1e-12)
    np.testing.assert_allclose(b @ quarter[0], -a, atol=1e-12)
    np.testing.assert_allclose(np.eye(3)[up] @ quarter[1], np.eye(3)[up])
    np.testing.assert_allclose(quarter[1] @ quarter[1].T, np.eye(3), atol=1e-12)
    assert np.linalg.det(quarter[1]) == pytest.approx(1)


def test_a_mirror_image_reverses_the_line_of_two_and_the_breadth_of_one():
    data = two_persons()
    found = Placement(data, roles(data), 1, pair=True)
    found.find(np.arange(len(data)))
    alone = dataclasses.replace(found, pair=False)
    alone.find(np.arange(len(data)))
    assert found.flipped.tolist() == [2, 0, *[2] * (len(data) - 2)]  # in the second sequence there is one person
    assert (alone.flipped == 0).all()
    hips = data.sequence(0)[2, :2, HIP]  # the second person comes in the third frame
    np.testing.assert_allclose(found.origin[0], hips.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(found.origin[1], data.sequence(1)[0, 0, HIP], rtol=1e-6)
