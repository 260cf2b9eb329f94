"""Tests of what the names of files and folders tell."""

import pytest

from gca_scratch.data.readers.told_by_names import Told, told_by_names
from gca_scratch.support.errors import InputError


@pytest.mark.parametrize(
    "name, told",
    [
        ("walk1_subject1.bvh", Told("walk", "1", "1")),
        ("lafan1/fallAndGetUp2_subject3.bvh", Told("fallAndGetUp", "3", "2")),
        ("dataset-1_bow_active_001.bvh", Told("bow", "", "001")),
        ("data/dataset-2_walk-turn-left_masculinity_012.BVH", Told("walk-turn-left", "", "012")),
        ("skl_s05_a03_r04.bvh", Told("bending", "05", "04")),
    ],
)
def test_known_makers(name, told):
    assert told_by_names([name]) == [told]


def test_cmu_names_no_action():
    assert told_by_names(["07_01.bvh", "7_12.bvh"], labelled=False) == [Told("", "07"), Told("", "7")]
    assert told_by_names(["walk/07_01.bvh", "run/09_01.bvh"]) == [Told("walk", "07"), Told("run", "09")]


def test_a_folder_for_each_class():
    names = ["set/data/walk/a.bvh", "set/data/walk/b/c.bvh", "set/data/run/a.bvh"]
    assert [one.label for one in told_by_names(names)] == ["walk", "walk", "run"]
    assert [one.label for one in told_by_names([*names, "set/data/d.bvh"], labelled=False)] == [
        "walk",
        "walk",
        "run",
        "",
    ]
    for alone in (["a.bvh"], ["walk/a.bvh", "walk/b.bvh"], [*names, "set/data/d.bvh"]):
        with pytest.raises(InputError, match="nothing tells which action") as caught:
            told_by_names(alone)
        assert str(caught.value).startswith(alone[-1] if len(alone) > 2 else alone[0])


def test_a_pattern_goes_before_everything():
    pattern = r"_(?P<label>[a-z]+)_(?P<repetition>\d+)?|/(?P<subject>\w+)$"
    names = ["dataset-1_bow_active_001.bvh", "a/dataset-1_bow_active_001"]
    assert told_by_names(names[:1], pattern) == [Told("bow", "", "")]
    with pytest.raises(InputError, match="no label in this path"):
        told_by_names(["a/b.bvh"], pattern)
    assert told_by_names(["a/b.bvh"], pattern, labelled=False) == [Told()]
