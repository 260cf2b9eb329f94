"""What coordinates mean: kept as text, corrected by a user, and turned from one set of axes into another."""

import itertools

import numpy as np
import pytest

from gca_scratch.data.meaning import AXES, Fact, Meaning, from_rows, known, to_rows, turn_between
from gca_scratch.support.errors import InputError


def test_text_keeps_everything():
    for meaning in (
        Meaning(),
        known("+y", "m", "right", "30"),
        known("-z", "mm", "left", "29.97", "positions", "file"),
    ):
        assert from_rows(to_rows(meaning), "here") == meaning
    assert from_rows([], "here") == Meaning()


@pytest.mark.parametrize(
    "row",
    [["up", "y", "file"], ["unit", "M\n", "file"], ["hand", "both", ""], ["rate", "-3", ""], ["rate", "nan", ""],
     ["zeros", "", ""], ["up", "+y", "hearsay"], ["colour", "red", ""], ["up"], "up"],
)  # fmt: skip
def test_text_that_cannot_be_is_refused(row):
    with pytest.raises(InputError, match=r"here: .* write the file again"):
        from_rows([row], "here")


def test_a_user_is_believed_and_only_where_he_speaks():
    said = known("+y", "m", "right", "30").saying(up="z", rate="120")
    assert said.up == Fact("+z", "user") and said.rate == Fact("120", "user")
    assert said.unit == Fact("m", "definition")
    assert said.frames_per_second == 120 and Meaning().frames_per_second is None


@pytest.mark.parametrize(
    "option", [{"up": "north"}, {"unit": "furlong"}, {"rate": "0"}, {"rate": "fast"}, {"rate": "inf"}]
)
def test_what_a_user_cannot_mean_is_told(option):
    with pytest.raises(InputError, match=f"--{next(iter(option))} "):
        Meaning().saying(**option)


@pytest.mark.parametrize(("a", "b"), list(itertools.product(itertools.product(AXES, ("right", "left")), repeat=2)))
def test_turning_takes_up_to_up_and_keeps_left_left(a, b):
    found, wanted = known(a[0], hand=a[1]), known(b[0], hand=b[1])
    matrix = turn_between(found, wanted)
    if a == b:
        assert matrix is None
        return

    def vertical(axis):
        return np.eye(3)["xyz".index(axis[1])] * (1 if axis[0] == "+" else -1)

    np.testing.assert_allclose(vertical(a[0]) @ matrix, vertical(b[0]), atol=1e-12)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1 if a[1] == b[1] else -1)


def test_mediapipes_axes_are_turned_about_x():
    matrix = turn_between(known("-y", hand="right"), known("+y", hand="right"))
    np.testing.assert_allclose(np.array([1.0, 2, 3]) @ matrix, [1, -2, -3])


def test_an_unknown_vertical_is_not_guessed_here():
    with pytest.raises(InputError, match="--up"):
        turn_between(Meaning(), known("+y"))
