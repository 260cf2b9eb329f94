"""The bugs of stress/gradient_checkers.py: our own witnesses find them, and the pages say what was found."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE, TABLE = (ROOT / "docs" / name for name in ("gradient-checkers.md", "tables/gradient-checkers.md"))


@pytest.fixture(scope="module")
def checkers():
    spec = importlib.util.spec_from_file_location("gradient_checkers", ROOT / "stress" / "gradient_checkers.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def found(checkers):
    return checkers.results({name: checkers.CHECKERS[name] for name in ("central differences", "complex step")})


def test_complex_step_finds_all_and_central_differences_all_but_what_is_rounded(checkers, found):
    assert len(checkers.BUGS) == 20 and found["complex step"] == [True] * 20
    caught = found["central differences"]
    missed = [meaning for (_, _, meaning), seen in zip(checkers.BUGS, caught, strict=True) if not seen]
    assert missed == ["the weights' gradient is rounded to float32"]


def test_a_checker_that_calls_the_right_pass_wrong_is_no_checker(checkers):
    with pytest.raises(AssertionError, match="strict calls the right backward pass wrong"):
        checkers.results({"strict": (lambda forward, backward: False, "gca_scratch")})


def test_a_text_that_plain_no_longer_has_is_told(checkers):
    with pytest.raises(AssertionError, match=r"plain.py does not have this text once: dz = 0"):
        checkers.layer("dz = 0", "")


def test_the_table_is_of_these_bugs_and_the_page_of_this_table(checkers, found):
    lines = [line for line in TABLE.read_text("utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    head, body, sums = cells[0][1:], cells[2:-1], cells[-1][1:]
    assert head == list(checkers.CHECKERS)
    assert [row[0] for row in body] == [f"{n}. {meaning}" for n, (_, _, meaning) in enumerate(checkers.BUGS, 1)]
    for name, caught in found.items():
        assert [row[1 + head.index(name)] == "found" for row in body] == caught
    counts = [sum(row[1 + k] == "found" for row in body) for k in range(len(head))]
    assert sums == [f"**{count}**" for count in counts]
    assert [int(count) for count in re.findall(r"\| \**([0-9]+)\** \|$", PAGE.read_text("utf-8"), re.M)] == counts
