"""Data made ready: a pelvis where there is none, no sequence that shows nobody, a vertical."""

import dataclasses

import numpy as np
import pytest

from gca_scratch.data import neutral
from gca_scratch.data.layouts import COCO
from gca_scratch.data.meaning import Fact, Meaning
from gca_scratch.data.ready import answered, ready, somebody, without_gaps
from gca_scratch.data.skeleton import OPENNI
from gca_scratch.support import reading
from gca_scratch.support.errors import InputError
from tests.helpers.people import people, with_joints
from tests.helpers.tiny import of_layout, skeletons

DATA = people()


def empty(*sequences, mark=0):
    joints = DATA.joints.copy()
    for n in sequences:
        joints[DATA.offsets[n] : DATA.offsets[n + 1]] = mark
    return with_joints(DATA, joints)


def test_what_is_ready_stays_as_it_is():
    found = ready(DATA)
    assert found.data is DATA and found.hip is None and found.said == []


@pytest.mark.parametrize("mark", [0, np.nan])
def test_sequences_that_show_nobody_are_left_out_and_counted(mark):
    found = ready(empty(0, 7, 23, mark=mark))
    left = [n for n in range(24) if n not in (0, 7, 23)]
    assert found.data.name.tolist() == DATA.name[left].tolist() and len(found.data) == 21
    assert found.data.label.tolist() == DATA.label[left].tolist()
    assert found.data.subject.tolist() == DATA.subject[left].tolist()
    for place, n in enumerate(left):
        np.testing.assert_array_equal(found.data.sequence(place), DATA.sequence(n))
    assert found.said == [f"3 sequences show nobody and are left out ({DATA.name[0]})"]
    assert ready(empty(5)).said == [f"1 sequence shows nobody and is left out ({DATA.name[5]})"]
    assert somebody(empty(0, 7, mark=mark)).tolist() == [n not in (0, 7) for n in range(24)]


def test_one_joint_in_one_frame_is_somebody():
    data = empty(3)
    data.joints[data.offsets[3], 0, 5] = (0.1, 0, 0)
    assert somebody(data).all() and ready(data).data is data


def test_nobody_at_all_is_refused():
    with pytest.raises(InputError, match="all sequences show nobody"):
        ready(empty(*range(24)))


def test_mapped_data_are_not_looked_through(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MAPPED", 100)
    neutral.save(tmp_path / "data.npz", empty(0))
    data = neutral.load(tmp_path / "data.npz")
    found = ready(data)
    assert isinstance(found.data.joints, np.memmap) and len(found.data) == 24 and found.said == []


def test_a_skeleton_without_a_pelvis_is_given_one():
    data = people(Meaning(), of_layout(COCO))
    found = ready(data)
    left, right = (data.joints[:, :, data.joint_names.index(f"{side}_hip")] for side in ("left", "right"))
    np.testing.assert_allclose(
        found.data.joints[:, :, found.data.joint_names.index("pelvis")], (left + right) / 2, atol=1e-6
    )
    assert found.said[0].startswith("there is no pelvis: 'pelvis' is made, the middle of 'left_hip' and 'right_hip'")
    assert found.hip is None


def test_the_hip_that_the_user_names():
    assert answered("", DATA) is None and answered("head", DATA) == "head" and answered("middle", DATA) is None
    named = dataclasses.replace(DATA, joint_names=("middle", *DATA.joint_names[1:]))
    assert answered("middle", named) == "middle"
    assert ready(DATA, "spine").hip == "spine"
    with pytest.raises(InputError, match="--hip 'nobody' names none of the joints"):
        ready(dataclasses.replace(DATA, meaning=Meaning()), "nobody")


def test_the_vertical_is_guessed_of_data_that_name_none():
    assert ready(dataclasses.replace(DATA, meaning=Meaning())).data.meaning.up == Fact("+y", "guess")
    assert ready(DATA).data.meaning.up == Fact("+y", "definition")


def test_the_middle_of_the_hips_is_made_on_request():
    """OpenNI's torso lies halfway up, and is the hip unless the user says otherwise."""
    data = skeletons(of_layout(OPENNI), truth=False)
    plain, made = ready(data), ready(data, "middle")
    assert plain.data.joint_names == OPENNI.joint_names and plain.hip is None and made.hip is None
    assert made.data.joint_names == (*OPENNI.joint_names, "pelvis") and "pelvis" in made.said[0]
    hips = [OPENNI.joint_names.index(f"{side} hip") for side in ("left", "right")]
    np.testing.assert_allclose(made.data.joints[:, :, -1], made.data.joints[:, :, hips].mean(axis=2), atol=1e-6)


def test_gaps_are_filled_in_on_the_way_from_the_hip():
    """A neck that nobody has seen lies where the torso is, the joint before it, which is the third one."""
    data = skeletons(of_layout(OPENNI), truth=False)
    neck, torso, head = (OPENNI.joint_names.index(name) for name in ("neck", "torso", "head"))
    data.joints[:, :, neck] = 0
    data.joints[data.offsets[2] + 1, :, head] = np.nan
    whole = without_gaps(data)
    assert (whole.joints[:, :, neck] == data.joints[:, :, torso]).all()
    first = data.offsets[2]
    np.testing.assert_allclose(
        whole.joints[first + 1, :, head], data.joints[[first, first + 2], :, head].mean(axis=0), atol=1e-6
    )
    others = [n for n in range(15) if n not in (neck, head)]
    assert (whole.joints[:, :, others] == data.joints[:, :, others]).all()
