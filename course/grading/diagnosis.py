"""What is wrong with a student's numbers (verdict.py says it in words), and which planted bug they look like.

Outputs are compared with the right ones of the same inputs: a function is judged by its numbers alone. A bug is
recognised by running the planted bugs (mutants.py) through the same driver: where one gives the very numbers that the
student's function gives, its sentence is told.
"""

from functools import cache

import numpy as np

from gca_scratch.network.grid import cell_order

from ..bugs import mutants
from ..drivers import DRIVERS, visible
from . import verdict
from .verdict import same


def compare(driver, inputs, got, right):
    """What is wrong with each output, by name: a sentence, or "" where it is right."""
    on_a_grid = "J" in inputs and "T" in inputs
    return verdict.compare(driver, inputs, got, right, cell_order(inputs["J"], inputs["T"]) if on_a_grid else None)


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
