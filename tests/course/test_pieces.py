"""Small pieces that grading rests on: which definition counts, what a function takes along, how a mistake is known."""

import ast
import os

import numpy as np
import pytest

from course.drivers import driver
from course.grading import fence, mistakes, slices, splice


def test_of_two_definitions_the_last_one_counts_as_in_python():
    tree = ast.parse(
        "def f():\n    return 1\n\nclass A:\n    def g(self): pass\n    def g(self): pass\n\ndef f():\n    return 2\n"
    )
    assert splice.find(tree, "f").lineno == 8 and splice.find(tree, "A.g").lineno == 6
    assert splice.find(tree, "A.h") is None and splice.find(tree, "h") is None
    text, wrong = splice.splice(
        "def f():\n    return 0\n", "def f():\n    return 1\n\n\ndef f():\n    return 2\n", ["f"], "a.py"
    )
    assert wrong == {} and "return 2" in text and "return 1" not in text


def test_what_the_package_has_is_not_taken_from_a_submission():
    tree = ast.parse("TABLE = 1\nMINE = 2\nOTHER = 3\ndef f():\n    return TABLE + MINE\n")
    assert [ast.unparse(node) for node in slices.needed(tree, {"TABLE"}, tree.body[-1:])] == ["MINE = 2"]
    taken = slices.needed(tree, {}, tree.body[-1:])
    assert [ast.unparse(node) for node in taken] == ["TABLE = 1", "MINE = 2"]


@pytest.mark.parametrize(("numbers", "known"), [([10, 20], True), ([11, 20], True), ([9, 21], True), ([8, 20], False),
                                                ([10, 22], False), ([10], False), ([10, 20, 30], False),
                                                ([10, None], False)])  # fmt: skip
def test_a_mistake_is_known_by_all_its_numbers_up_to_one_step(numbers, known, monkeypatch):
    """Rounding may take a number across the border of a step, in either direction."""
    monkeypatch.setattr(mistakes, "_mark", lambda array, n: ("(1,)", array))
    entry = mistakes._locked("it is so", "dz", [10, 20])
    assert mistakes._unlocked(entry, "dz", numbers) == ("it is so" if known else None)
    assert mistakes._unlocked(entry, "dx", [10, 20]) is None


def test_scores_of_a_sequence_add_up_to_one_over_its_cells():
    inputs = {"K": 12, "B": 3}
    driver.scores(np.random.default_rng(0), inputs)
    np.testing.assert_allclose(inputs["r"].sum(axis=0), 1)
    assert inputs["r"].shape == (12, 3) and (inputs["r"] > 0).all() and np.ptp(inputs["r"].sum(axis=1)) > 0.1
    driver.score_of_a_cell(np.random.default_rng(0), inputs)
    assert inputs["r"].shape == (3, 1) and 0.1 <= inputs["r"].min() < inputs["r"].max() <= 0.9
    driver.scores_of_units(np.random.default_rng(0), inputs | {"H": 5})


def test_only_plain_files_of_a_sensible_size_with_one_name_are_taken_from_a_child(tmp_path):
    out = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    (tmp_path / "plain").write_bytes(b"12345")
    assert fence._content(out, "plain", 5) == b"12345" and fence._content(out, "nowhere", 5) is None
    os.link(tmp_path / "plain", tmp_path / "second name")
    os.symlink(tmp_path / "plain", tmp_path / "link")
    os.mkfifo(tmp_path / "pipe")
    os.mkdir(tmp_path / "folder")
    for name in ("plain", "second name", "pipe", "link", "folder"):
        with pytest.raises((OSError, ValueError)):
            fence._content(out, name, 5)
    (tmp_path / "second name").unlink()
    with pytest.raises(ValueError, match="not a file of the child's"):
        fence._content(out, "plain", 4)
    os.close(out)
