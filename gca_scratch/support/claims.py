"""Claims that say what they compared: the checks of the tutorials, and exercises that check themselves.

A check that only fails hides the idea behind it. These print the numbers, so that the line is read as a result.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

YES, NO, BLANK = "✓", "✗", "·"


def same(what: str, one: Any, other: Any, to: float = 1e-12) -> None:
    """Print how far two results are apart, as a part of the largest entry of the second.

    one, other: numbers or arrays of one shape.  to: as much may they differ; 0 asks for the same bits.
    Raises AssertionError where they differ by more, in their shape, or where one is no number.
    """
    one, other = np.asarray(one), np.asarray(other)
    assert one.shape == other.shape, f"{what}: shapes {one.shape} and {other.shape}"
    apart = distance(one, other)
    value = f"{one:.6g}" if one.ndim == 0 else str(one.shape)
    words = "equal" if apart == 0 else f"{apart:.0e} apart"
    line = f"{what:<24} {value:>12}   {words} ({f'at most {to:.0e}' if to else 'must be equal'})"
    assert apart <= to, f"{NO} {line}"
    print(f"{YES} {line}")


def holds(sentence: str, truth: Any) -> None:
    """Print a sentence that is true; AssertionError with it where it is not. truth: bool or an array of them."""
    assert np.all(truth), f"{NO} {sentence}"
    print(f"{YES} {sentence}")


class Verdict(int):
    """True or False, which a notebook does not show: the words were printed."""

    def _ipython_display_(self) -> None:
        pass


def exercise(name: str, right: Callable[[], Any], hint: str = "", to: float = 1e-9) -> Callable[[Any], Verdict]:
    """A function that looks at an answer, prints what it found and gives a `Verdict`, true where the answer is right.

    right: computes what is right, by another way than the exercise asks for; called once there is an answer.
    hint: printed beside a wrong answer.  to: as much may numbers differ, as a part of the largest.
    What is checked: a number, an array, a text, a set, or a dict or tuple of these; or a function without arguments
    that gives one. `...` in it, or an operation with `...`, is a blank.
    """

    def check(answer: Any) -> Verdict:
        try:
            answer = answer() if callable(answer) else answer
        except Exception as error:  # whatever somebody's half-written answer does
            blank = "ellipsis" in str(error).lower()
            print(f"{BLANK} Exercise {name}: {'still blank' if blank else f'{type(error).__name__}: {error}'}")
            return Verdict(False)
        if _blank(answer):
            print(f"{BLANK} Exercise {name}: still blank")
            return Verdict(False)
        wrong = list(_differences(answer, right(), to))
        if wrong:
            print(f"{NO} Exercise {name}: not yet ({', '.join(wrong)}). {hint}".rstrip())
        else:
            print(f"{YES} Exercise {name}: right")
        return Verdict(not wrong)

    return check


def distance(one: Any, other: Any) -> float:
    """The largest difference of two arrays of one shape, as a part of the largest entry of the second."""
    one, other = np.asarray(one), np.asarray(other)
    if one.size == 0 or np.array_equal(one, other):
        return 0.0
    apart, largest = np.abs(one - other).max(), np.abs(other).max()
    return float(apart / largest) if largest > 0 else float(apart)


def _blank(answer):
    """Is there a blank anywhere in an answer?"""
    if answer is ... or answer is None:
        return True
    if isinstance(answer, Mapping):
        return any(map(_blank, answer.values()))
    return isinstance(answer, list | tuple) and any(map(_blank, answer))


def _differences(answer, right, to, where="the answer"):
    """Names of the parts of an answer that are wrong."""
    if isinstance(right, Mapping):
        for key, part in right.items():
            if not isinstance(answer, Mapping) or key not in answer:
                yield f"{key} is missing"
            else:
                yield from _differences(answer[key], part, to, str(key))
    elif isinstance(right, tuple):
        if not isinstance(answer, list | tuple) or len(answer) != len(right):
            yield f"{where}: {len(right)} parts are asked for"
        else:
            for number, (one, other) in enumerate(zip(answer, right, strict=True), start=1):
                yield from _differences(one, other, to, f"part {number}")
    elif isinstance(right, str | set | frozenset | bool):
        if (set(answer) if isinstance(right, set | frozenset) else answer) != right:
            yield where
    elif np.shape(answer) != np.shape(right):
        yield f"{where} has shape {np.shape(answer)}, not {np.shape(right)}"
    elif not distance(answer, right) <= to:
        yield where
