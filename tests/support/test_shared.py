"""What texts have in common."""

import pytest

from gca_scratch.support.shared import shared_start


@pytest.mark.parametrize(
    ("sequences", "length"),
    [
        (["left hip", "left knee", "left"], 4), (["hip", "knee"], 0), (["hip"], 3), ([], 0), (["", "hip"], 0),
        ([["data", "a", "x"], ["data", "a"], ["data", "b"]], 1), (["Ωmega", "Ωm"], 2),
    ],
)  # fmt: skip
def test_how_much_all_begin_with(sequences, length):
    assert shared_start(sequences) == length
