"""What is wrong with a student's numbers, where it begins, and which planted bug it looks like.

Outputs are compared with the right ones of the same inputs. What is said names outputs, gates, cells and steps, never
a line: the student's function is judged by its numbers alone. A bug is recognised by running the planted bugs
(mutants.py) through the same driver: where one gives the very numbers that the student's function gives, its sentence
is told.
"""

from functools import cache

import numpy as np

from gca_scratch.grid import cell_order

from . import mutants
from .drivers import DRIVERS, visible

TOLERANCE = 1e-9  # relative to the largest number of an output: rounding stays far below, any approximation above
GATES = ("i", "f_S", "f_T", "o", "u")


def compare(driver, inputs, got, right):
    """What is wrong with each output, by name: a sentence, or "" where it is right."""
    return {name: _verdict(driver, inputs, name, got.get(name), value) for name, value in right.items()}


def same(got, right):
    """Are two arrays equal to rounding?"""
    got, right = np.asarray(got), np.asarray(right)
    if got.shape != right.shape or not np.isfinite(got).all():
        return False
    return bool(np.abs(got - right).max(initial=0) <= TOLERANCE * _size(right))


def _size(right):
    return np.abs(right).max(initial=0) or 1.0


def _verdict(driver, inputs, name, got, right):
    title = f"{name} ({driver.what[name]})"
    if got is None:
        return f"{title} is missing"
    got, right = np.asarray(got), np.asarray(right)
    if got.shape != right.shape:
        return f"{title} has the shape {got.shape} where {right.shape} belongs"
    if same(got, right):
        return ""
    if not np.isfinite(got).all():
        wrong = ~np.isfinite(got)
        return f"{title} holds {'nan' if np.isnan(got).any() else 'infinity'}{_where(driver, inputs, name, wrong)}"
    error, size = np.abs(got - right), _size(right)
    part = error.max() / size
    if part < 1e-4:
        return f"{title} is right to {part:.0e} only, not to rounding: is it computed in float32, or approximated?"
    factor = (got * right).sum() / (right * right).sum() if right.any() else 0
    if not got.any():
        relation = "it is 0 everywhere"
    elif np.ptp(got) < 1e-12 * size and np.ptp(right) > 0.01 * size:
        relation = "it is the same number everywhere"
    elif right.size > 1 and np.abs(got - factor * right).max() < TOLERANCE * size * max(1, abs(factor)):
        relation = f"it is {factor:.4g} times the right one"
    else:
        relation = (
            f"it is off by up to {100 * part:.0f} % of its largest number" if part >= 0.01 else "it is a little off"
        )
    return f"{title}: {relation}{_where(driver, inputs, name, error > TOLERANCE * size)}"


def _where(driver, inputs, name, wrong):
    """Which part of an output is wrong: gates, rows, cells, the first in the order in which they are computed."""
    found = []
    for axis, kind in enumerate(driver.axes.get(name, "").split()):
        others = tuple(other for other in range(wrong.ndim) if other != axis)
        bad = wrong.any(axis=others) if others else wrong
        if kind == "cell" and "J" in inputs and "T" in inputs:
            found.append(_cells(driver, inputs, bad))
        elif kind in ("gate", "neighbour", "source", "h_and_IF"):
            found.append(_blocks(kind, inputs, bad))
        elif kind == "epoch":
            found.append(f"first in epoch {int(np.argmax(bad))} of {len(bad)}, counted from 0" if len(bad) > 1 else "")
        elif not bad.all() and kind in ("sequence", "unit", "class", "joint", "frame"):
            found.append(f"in {kind} {', '.join(map(str, np.flatnonzero(bad)[:6]))} of {len(bad)} alone")
    return "".join(f"; {text}" for text in found if text)


def _cells(driver, inputs, bad):
    """The first cell that departs: in the order of computing, which a backward pass reverses."""
    joint, frame = cell_order(inputs["J"], inputs["T"])
    if len(joint) != len(bad):
        return ""
    places = np.flatnonzero(bad)
    first = places[-1] if driver.backward else places[0]
    last_cell = (joint[first], frame[first]) == (joint[-1], frame[-1])
    where = f"joint {joint[first]}, frame {frame[first]}"
    if bad.all():
        way = "from the very last cell on, coming from the end" if driver.backward else "from the very first cell on"
        return f"in every cell, {way} ({where})"
    coming = "coming from the last cell, it first departs" if driver.backward and not last_cell else "it first departs"
    return f"{coming} at {where} ({len(places)} of {len(bad)} cells are wrong)"


def _blocks(kind, inputs, bad):
    """Which gates, or which rows of a weight matrix, are wrong; nothing if all are."""
    sizes = {
        "gate": [(gate, len(bad) // 5) for gate in GATES],
        "neighbour": [("h_S", len(bad) // 2), ("h_T", len(bad) // 2)],
        "source": [("x", inputs.get("C")), ("h_S", inputs.get("H")), ("h_T", inputs.get("H"))],
        "h_and_IF": [("h" if "A" in inputs else "F", inputs.get("H")), ("IF", inputs.get("M"))],
    }[kind]
    if any(length is None for _, length in sizes) or sum(length for _, length in sizes) != len(bad):
        return ""
    ends = np.cumsum([length for _, length in sizes])
    hit = [name for (name, length), end in zip(sizes, ends, strict=True) if bad[end - length : end].any()]
    if len(hit) == len(sizes):
        return ""
    what = "gate" if kind == "gate" else "rows of"
    return f"only {what}{'s' if kind == 'gate' and len(hit) > 1 else ''} {' and '.join(hit)}"


@cache
def right_answers(name):
    """What is right for the visible inputs of a driver: a list of outputs."""
    return [DRIVERS[name].run(mutants.ours, inputs) for inputs in visible(DRIVERS[name])]


@cache
def bug_answers(bug, name):
    """What the package with a planted bug gives for them; None where it cannot be run."""
    mutant = next(mutant for mutant in mutants.load() if mutant.name == bug)
    with mutants.planted(mutant) as package, np.errstate(all="ignore"):
        try:
            return [DRIVERS[name].run(package, inputs) for inputs in visible(DRIVERS[name])]
        except Exception:
            return None


def departs(name, answers):
    """Is anything wrong in these answers to the visible tests of a driver?"""
    pairs = zip(answers, right_answers(name), strict=True)
    return any(not same(got[key], right[key]) for got, right in pairs for key in right)


def candidates(functions):
    """The planted bugs that lie in these functions and that a student could write."""
    return [mutant for mutant in mutants.load() if mutant.student and mutant.qualified in functions]


def resembles(functions, got):
    """Which planted bugs the wrong outputs of visible tests look like: a list of (mutant, names of outputs).

    got: by driver's name, what the student's package gave for each of its visible inputs (None where nothing). One bug
    that explains all is preferred to several that share it out; outputs that no bug explains are left out.
    """
    wrong = {}  # (driver, output) -> the student's arrays
    for name, outputs in got.items():
        if None in outputs:
            continue
        for key in right_answers(name)[0]:
            theirs = [one.get(key) for one in outputs]
            right = [one[key] for one in right_answers(name)]
            if not all(value is not None and same(value, of) for value, of in zip(theirs, right, strict=True)):
                wrong[name, key] = theirs
    explains = {}
    for mutant in candidates(functions):
        matched, predicted = set(), set()
        for name in {name for name, _ in wrong}:
            answers = bug_answers(mutant.name, name)
            if answers is None:
                continue
            for key in right_answers(name)[0]:
                right, bug = [[one.get(key) for one in of] for of in (right_answers(name), answers)]
                if all(same(b, r) for b, r in zip(bug, right, strict=True) if b is not None):
                    continue  # the bug does not show here
                predicted.add((name, key))
                theirs = wrong.get((name, key))
                if theirs and all(
                    t is not None and b is not None and same(t, b) for t, b in zip(theirs, bug, strict=True)
                ):
                    matched.add((name, key))
        if matched:
            explains[mutant] = matched, predicted
    return _fewest(explains, set(wrong))


def _fewest(explains, wrong):
    """Greedily the bugs that explain most of what is wrong; among equals those that predict nothing else."""
    found, left = [], set(wrong)
    while left:
        best = max(explains, key=lambda m: (len(explains[m][0] & left), -len(explains[m][1] - wrong)), default=None)
        if best is None or not explains[best][0] & left:
            break
        found.append((best, sorted(key for _, key in explains[best][0] & left)))
        left -= explains[best][0]
    return found
