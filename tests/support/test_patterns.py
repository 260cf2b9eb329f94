"""Tests of the regular expressions that users give for names of files."""

import pytest

from gca_scratch.support.errors import InputError
from gca_scratch.support.patterns import find_groups


def refused(pattern, names, *words, **more):
    with pytest.raises(InputError) as caught:
        find_groups(pattern, names, "--label", "label", **more)
    message = str(caught.value)
    assert "\n" not in message and all(word in message for word in ("--label", *words)), message


def test_groups_are_found_anywhere_in_a_name():
    names = ["walk/01.bvh", "läuft_02.bvh", "x", "half \udc80 a character/3"]
    found = find_groups("(?P<label>[^/_]+)[/_](?P<number>[0-9]+)?", names, "--label", "label")
    assert found[:3] == [{"label": "walk", "number": "01"}, {"label": "läuft", "number": "02"}, None]
    assert found[3] == {"label": "half \udc80 a character", "number": "3"}
    assert find_groups("(?P<label>a)", [], "--label", "label") == []


def test_patterns_that_are_none():
    refused("(?P<label>[a-z)", ["a"], "no regular expression")
    refused("(?P<label>a{99999999999999999999})", ["a"], "no regular expression")
    refused("([a-z]+)", ["a"], "no group (?P<label>...)")
    refused("(?P<label>a)" + 200 * "b", ["a"], "212 characters")


def test_patterns_that_would_take_for_ever():
    refused("(?P<label>(a+)+)$", [40 * "a" + "b"], "longer than 0.5 seconds", seconds=0.5)
