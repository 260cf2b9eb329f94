"""What is wrong with a student's numbers (verdict.py says it in words), and which planted bug they look like.

Outputs are compared with the right ones of the same inputs: a function is judged by its numbers alone. A bug is
recognised by running the planted bugs (mutants.py) through the same driver: where one gives the very numbers that the
student's function gives, the student reads its sentence.
"""

import itertools
import warnings
from functools import cache

import numpy as np

from gca_scratch.network.grid import cell_order

from ..bugs import mutants
from ..drivers import DRIVERS, Asked, visible
from . import verdict
from .verdict import same

_answered = {}  # (name of a bug, name of a driver): the answers of the package with that bug


def compare(driver, inputs, got, right):
    """What is wrong with each output, by name: a sentence, or "" where it is right."""
    on_a_grid = "J" in inputs and "T" in inputs
    return verdict.compare(driver, inputs, got, right, cell_order(inputs["J"], inputs["T"]) if on_a_grid else None)


@cache
def right_answers(name):
    """What is right for the visible inputs of a driver: a list of outputs."""
    return [DRIVERS[name].run(mutants.ours, inputs) for inputs in visible(DRIVERS[name])]


def bug_answers(bug, names):
    """What the package with a planted bug gives for the visible inputs of these drivers: {driver: answers}."""
    waiting = [name for name in names if (bug, name) not in _answered]
    if waiting:
        mutant = next(mutant for mutant in mutants.load() if mutant.name == bug)
        found = with_bug(mutant, {name: visible(DRIVERS[name]) for name in waiting})
        _answered.update(((bug, name), answers) for name, answers in found.items())
    return {name: _answered[bug, name] for name in names}


def with_bug(mutant, inputs):
    """What the package with a planted bug gives for these inputs, {driver: a list}: {driver: answers}."""
    with mutants.planted(mutant) as package:
        return {name: [answer(package, name, given) for given in cases] for name, cases in inputs.items()}


def answer(package, name, inputs):
    """The outputs of a driver by name; where the package stops, the sentence that the driver says, None if Python does.

    Nothing is said of overflows and the like.
    """
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outputs = DRIVERS[name].run(package, inputs)
        return {key: value if value is None else np.asarray(value) for key, value in outputs.items()}
    except Asked as error:
        return str(error)
    except Exception:  # whatever a bug makes of a function
        return None


def departures(answers):
    """Which outputs are wrong in the answers to visible tests, a list by each driver's name.

    Returns {(driver, output): one array for each visible input}. Of a driver that stops, the output is "" and has the
    sentences in the place of arrays; one that gives no sentence is left out.
    """
    wrong = {}
    for name, outputs in answers.items():
        if any(output is None for output in outputs):
            continue
        if any(isinstance(output, str) for output in outputs):
            wrong[name, ""] = [output if isinstance(output, str) else "" for output in outputs]
            continue
        right = right_answers(name)
        for key in right[0]:
            arrays = [output.get(key) for output in outputs]
            if not _all_same(arrays, [output[key] for output in right]):
                wrong[name, key] = arrays
    return wrong


def _all_same(arrays, others):
    return all(itertools.starmap(matches, zip(arrays, others, strict=True)))


def matches(one, other):
    """Are two outputs the same to rounding, or two sentences the same?"""
    if isinstance(one, str) or isinstance(other, str):
        return isinstance(one, str) and one == other
    if one is None or other is None:
        return False
    one, other = np.asarray(one), np.asarray(other)
    if one.dtype.kind not in "biufc" or one.shape != other.shape:
        return False
    odd = ~np.isfinite(other)
    if odd.any():  # the same holes at the same places, and the same numbers besides
        return bool(np.array_equal(one[odd], other[odd], equal_nan=True)) and same(one[~odd], other[~odd])
    return same(one, other)


def candidates(functions):
    """The planted bugs that lie in these functions and that a student could write."""
    return [mutant for mutant in mutants.load() if mutant.student and mutant.places <= set(functions)]


def resembles(functions, got):
    """Which planted bugs the wrong outputs of visible tests look like: a list of (mutant, [(driver, output), ...]).

    got: by driver's name, what the student's package gave for each of its visible inputs, or a sentence. One bug that
    explains all is preferred to several that share it out; outputs that no bug explains are left out.
    """
    wrong = departures(got)
    drivers = sorted(got) if wrong else []
    explains = {}  # by bug: the outputs that it explains, and all that it would make wrong
    for mutant in candidates(functions):
        predicted = departures(bug_answers(mutant.name, drivers))
        matched = {output for output in predicted if output in wrong and _all_same(wrong[output], predicted[output])}
        if matched:
            explains[mutant] = matched, set(predicted)
    return verdict.fewest(explains, set(wrong))
