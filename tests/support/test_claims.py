"""Checks that print what they compared, and exercises that check themselves."""

import numpy as np
import pytest

from gca_scratch.support.claims import exercise, holds, same


def test_what_is_the_same_is_printed(capsys):
    same("dU", np.array([1.0, 2.0]), np.array([1.0, 2.0 + 2e-13]))
    same("do", 0.25, 0.25, to=0)
    holds("one is less than two", 1 < 2)
    first, second, third = capsys.readouterr().out.splitlines()
    assert first.startswith("✓ dU ") and "(2,)" in first and "1e-13 apart (at most 1e-12)" in first
    assert "0.25" in second and second.endswith("equal (must be equal)") and third == "✓ one is less than two"


@pytest.mark.parametrize(
    ("one", "other"),
    [(1.0, 1.1), (np.zeros(2), np.zeros(3)), (np.array([1.0, np.nan]), np.ones(2)), (1e-9, 0.0), (np.inf, 1.0)],
)
def test_what_differs_is_an_error_with_its_name(one, other):
    with pytest.raises(AssertionError, match="dU"):
        same("dU", one, other)


def test_what_does_not_hold_is_an_error_with_the_sentence():
    with pytest.raises(AssertionError, match="all are small"):
        holds("all are small", np.array([True, False]))


@pytest.mark.parametrize("blank", [..., (1, ...), {"a": ...}, lambda: 2.0 * ..., lambda: ..., None])
def test_a_blank_is_no_mistake(blank, capsys):
    check = exercise("1", lambda: pytest.fail("asked before there is an answer"), "a hint")
    assert not check(blank)
    assert capsys.readouterr().out == "· Exercise 1: still blank\n"


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (4, 4),
        (np.float32(0.1), np.float32(0.1)),
        ([1, 2], np.array([1.0, 2.0])),
        ({"do": 1.0, "dc": 2.0}, {"do": 1.0, "dc": 2.0}),
        (["kick", "nod"], {"nod", "kick"}),
        ((1, "a"), (1, "a")),
        (lambda: np.ones(3), np.ones(3)),
        (True, True),
    ],
)
def test_right_answers(answer, right, capsys):
    assert exercise("2", lambda: right)(answer)
    assert capsys.readouterr().out == "✓ Exercise 2: right\n"


@pytest.mark.parametrize(
    ("answer", "right", "where"),
    [
        (5, 4, "the answer"),
        (np.ones(2), np.ones(3), "shape"),
        ({"do": 1.0, "dc": 3.0}, {"do": 1.0, "dc": 2.0}, "dc"),
        ({"do": 1.0}, {"do": 1.0, "dc": 2.0}, "dc is missing"),
        (4, (4, 5), "2 parts"),
        ((4, 6), (4, 5), "part 2"),
        (["nod"], {"nod", "kick"}, "the answer"),
        (np.nan, 1.0, "the answer"),
    ],
)
def test_wrong_answers_are_told_where_and_given_the_hint(answer, right, where, capsys):
    assert not exercise("3", lambda: right, "Count the ends.")(answer)
    printed = capsys.readouterr().out
    assert printed.startswith("✗ Exercise 3: not yet") and where in printed and printed.endswith("Count the ends.\n")


def test_an_answer_that_fails_says_how(capsys):
    assert not exercise("4", lambda: 1.0)(lambda: 1 / 0)
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_a_notebook_shows_the_words_and_no_verdict_beside_them():
    interactive = pytest.importorskip("IPython.core.formatters")
    formatter = interactive.DisplayFormatter()
    verdict = exercise("5", lambda: 1.0)(1.0)
    assert verdict and not exercise("6", lambda: 1.0)(2.0)
    assert formatter.format(verdict) == ({}, {})  # shown by _ipython_display_, which shows nothing


@pytest.mark.parametrize(("apart", "right"), [(0.8, True), (1.2, False)])
@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_how_far_results_may_be_apart(apart, right, size, capsys):
    """By a part of the largest entry: 1e-12 in a check, 1e-9 in an exercise, unless it is said otherwise."""
    wanted = size * np.array([1.0, -4.0])

    def off(tolerance):
        return wanted + np.array([4 * size * apart * tolerance, 0])

    for to, more in ((1e-12, {}), (1e-3, {"to": 1e-3})):
        if right:
            same("dU", off(to), wanted, **more)
        else:
            with pytest.raises(AssertionError, match="dU"):
                same("dU", off(to), wanted, **more)
    assert exercise("1", lambda: wanted)(off(1e-9)) == right
    assert exercise("1", lambda: (wanted, {"a": wanted}))((off(1e-9), {"a": wanted})) == right
    assert exercise("1", lambda: wanted, to=1e-3)(off(1e-3)) == right


def test_where_all_is_zero_differences_count_as_they_are():
    assert not exercise("1", lambda: np.zeros(2))(np.array([0, 2e-9])) and exercise("1", lambda: 0.0)(5e-10)
