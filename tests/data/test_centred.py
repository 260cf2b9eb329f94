"""Data that are centred on the hip are known by that, and a hip that was lost is not taken for it."""

import dataclasses

import numpy as np
import pytest

from gca_scratch.data.alignment import align
from gca_scratch.data.centred import with_places
from gca_scratch.data.from_arrays import skeletons_from
from gca_scratch.data.meaning import Meaning, known
from gca_scratch.data.ready import ready
from gca_scratch.data.skeleton import KINECT_V2
from gca_scratch.data.synthetic import generate

DATA = generate(subjects=1, repetitions=1)
DATA.meaning = Meaning(up=DATA.meaning.up)  # nobody says what zeros are


def centred(first_frame_only=False):
    joints = DATA.joints.copy()
    for start, stop in zip(DATA.offsets[:-1], DATA.offsets[1:], strict=True):
        joints[start:stop] -= joints[start : start + 1, :, :1] if first_frame_only else joints[start:stop, :, :1]
    return dataclasses.replace(DATA, joints=joints)


@pytest.mark.parametrize("first_frame_only", [False, True])
def test_a_hip_at_the_origin_is_a_place(first_frame_only):
    data = centred(first_frame_only)
    found, said = with_places(data)
    assert found.meaning.zeros == ("positions", "guess") and "'spine base' is 0, 0, 0" in said[0]
    made_ready = ready(data)
    assert made_ready.data.meaning.zeros == ("positions", "guess") and said[0] in made_ready.said
    if first_frame_only:
        np.testing.assert_allclose(align(made_ready.data).x, align(DATA).x, atol=1e-5)
    second = dataclasses.replace(data, joints=np.concatenate([np.zeros_like(data.joints), data.joints], axis=1))
    assert with_places(second)[0].meaning.zeros.value == "positions"


def test_a_hip_that_was_lost_is_none():
    joints = DATA.joints.copy()
    joints[DATA.offsets[:-1], :, 0] = 0
    assert with_places(dataclasses.replace(DATA, joints=joints))[1] == []
    joints[:, :, 0] = 0
    assert with_places(dataclasses.replace(DATA, joints=joints))[1] == []
    assert with_places(DATA)[1] == []


@pytest.mark.parametrize("sequence", [0, -1])
def test_one_hip_elsewhere_is_enough_to_doubt_it(sequence):
    data = centred()
    data.joints[data.offsets[:-1][sequence] : data.offsets[1:][sequence]] += np.float32(0.5)
    assert with_places(data) == (data, [])


def test_who_says_what_zeros_are_is_believed():
    data = centred()
    data.meaning = known(up="+y", source="file")
    assert with_places(data) == (data, [])


def test_arrays_are_looked_at_in_the_same_way():
    data = centred()
    sequences = [data.sequence(n) for n in range(len(data))]
    found = skeletons_from(sequences, KINECT_V2, 1, data.label, len(data.class_names))
    assert found.meaning.zeros.value == "positions"
    whole = [DATA.sequence(n) for n in range(len(data))]
    assert skeletons_from(whole, KINECT_V2, 1, data.label, len(data.class_names)).meaning.zeros.value == "absent"
