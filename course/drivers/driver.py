"""What a driver is: one thing that tests ask of a package, a student's or ours. It holds no answer.

A driver draws inputs, runs functions of a package on them and gives arrays back. What is right is what our own package
gives for the same inputs. Visible and hidden tests differ in sizes and seeds alone, so they always ask the same.
`package` is an importer: `package("network.cell")` is gca_scratch.network.cell.

    for inputs in visible(DRIVERS["cell_forward"]):
        outputs = DRIVERS["cell_forward"].run(package, inputs)      # {"h": (B, H), "c": (B, H)}

Everything is in float64. A backward driver runs the package's own forward first: a cache is a package's own affair.
The inputs are the caller's and can only be read: a function that writes into one of them does not pass.
"""

import contextlib
import functools
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

DRIVERS = {}


class Asked(Exception):
    """A driver says in a sentence what is asked for and was not given."""


class ArgumentChanged(ValueError):
    """A function wrote into an array that it was handed."""


@dataclass(frozen=True)
class Driver:
    """One thing that is asked of a package.

    functions: what it tests, as in "gca_scratch.network.cell.step_forward".  letters: the sizes it needs, as in "B H".
    arrays: name and shape of each input, as in {"U": "2H 5H"}.  more(rng, inputs): adds the inputs that are not
    Gaussian.  run(package, inputs): outputs by name.  what: what each output is.  axes: what each axis of it counts
    (verdict.py reads it).  backward: cells and sequences depart from the last to the first.  law(outputs): sentences
    on wrong outputs, by name, that break a rule which everybody may know.  title: what a student reads in the place of
    the name.  weights: of outputs, in the points; 1 without one.  flags: of outputs that are 1 where something is as it
    should be, the sentence where they are not.
    """

    name: str
    functions: tuple[str, ...]
    letters: str
    arrays: dict[str, str]
    run: Callable
    what: dict[str, str]
    axes: dict[str, str] = field(default_factory=dict)
    more: Callable | None = None
    backward: bool = False
    law: Callable | None = None
    title: str = ""
    weights: dict[str, float] = field(default_factory=dict)
    flags: dict[str, str] = field(default_factory=dict)

    @property
    def sizes(self):
        """The sizes of the visible tests."""
        letters = self.letters.split()
        return [dict(zip(letters, counts, strict=False)) for counts in ((3, 4, 2, 5, 6, 7), (5, 3, 4, 6, 2, 7))]

    def hidden(self, rng):
        """Sizes of a hidden test: all different, so that no mistaken axis goes unseen, and none below 3.

        In two joints or two frames some wrong orders of cells are right.
        """
        letters = self.letters.split()
        return dict(zip(letters, map(int, rng.permutation(np.arange(3, 9))), strict=False))

    def inputs(self, rng, sizes):
        """Sizes and arrays, by name; weights (W, U) are scaled so that no gate sits still."""
        inputs = dict(sizes)
        if "J" in sizes and "T" in sizes:
            inputs["K"] = sizes["J"] * sizes["T"]
        for name, shape in self.arrays.items():
            array = rng.standard_normal([_length(term, inputs) for term in shape.split()])
            inputs[name] = array * 1.5 / np.sqrt(len(array)) if name[0] in "WU" else array
        if self.more:
            self.more(rng, inputs)
        return inputs


def visible(driver):
    """Inputs of the visible tests, the same for everybody."""
    return [driver.inputs(_generator(driver, n), sizes) for n, sizes in enumerate(driver.sizes)]


def hidden(driver, seed, count=2):
    """Inputs of the hidden tests of the student with this seed (a whole number)."""
    generators = [_generator(driver, 1000 + n, seed) for n in range(count)]
    return [driver.inputs(rng, driver.hidden(rng)) for rng in generators]


def _generator(driver, *numbers):
    return np.random.default_rng([zlib.crc32(driver.name.encode()), *numbers])


def _length(term, sizes):
    """The length that a term such as C+2H or K*H stands for."""
    total = 0
    for part in term.split("+"):
        count, letters = re.fullmatch(r"(\d*)([A-Z*]*)", part).groups()
        product = int(count or 1)
        for letter in letters.replace("*", ""):
            product *= sizes[letter]
        total += product
    return total


def asks(functions, letters, arrays, what, axes=None, **more):
    """Makes a driver of a function run(package, inputs); its name is the function's, `more` are fields of Driver."""

    def register(run):
        names, own = tuple(f"gca_scratch.{name}" for name in functions.split()), run.__name__
        more.setdefault("title", " and ".join(name.rpartition(".")[2] for name in names))
        DRIVERS[own] = Driver(own, names, letters, arrays, _guarded(run, names), what, axes or {}, **more)
        return run

    return register


@contextlib.contextmanager
def told(sentence):
    """Within it an error of shapes or types is told as a sentence of what is asked for, with what Python says."""
    try:
        yield
    except (IndexError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        if isinstance(error, ValueError) and "read-only" in str(error):
            raise
        raise Asked(f"{sentence} ({type(error).__name__}: {error})") from error


def kept(array):
    """A view of an array that can only be read."""
    view = array.view()
    view.flags.writeable = False
    return view


def _guarded(run, names):
    """`run` on inputs that can only be read; ArgumentChanged, from the line that tries to change one."""

    @functools.wraps(run)
    def guarded(package, inputs):
        inputs = {name: kept(value) if isinstance(value, np.ndarray) else value for name, value in inputs.items()}
        try:
            return run(lambda module: _Watched(package(module), f"gca_scratch.{module}", names), inputs)
        except ValueError as error:
            if "read-only" not in str(error):
                raise
            raise ArgumentChanged(
                "an array that may only be read is changed here: an argument, which is the caller's, or a view of one; "
                "work on a copy, with q = q + ... in place of q += ..."
            ).with_traceback(error.__traceback__) from None

    return guarded


class _Watched:
    """A module of the package whose asked functions are held to giving arrays, not lists of numbers."""

    def __init__(self, module, name, asked):
        self._module, self._name, self._asked = module, name, asked

    def __getattr__(self, name):
        if f"{self._name}.{name}" in self._asked and not hasattr(self._module, name):
            file = f"{self._name.replace('.', '/')}.py"
            raise Asked(f"{file} has no function {name}; it must bear this name")
        value = getattr(self._module, name)
        return _giving_arrays(value, name) if f"{self._name}.{name}" in self._asked else value


def _giving_arrays(function, name):
    @functools.wraps(function)
    def watched(*arguments, **named):
        result = function(*arguments, **named)
        forward = name.endswith("forward")  # whose last result is a cache, which may be anything
        results = result if isinstance(result, tuple) else (result,)
        for n, value in enumerate(results[: -1 if forward and len(results) > 1 else None]):
            if isinstance(value, list) and not name.endswith("steps"):
                which = f" as its result number {n + 1}" if len(results) > 1 else ""
                raise Asked(f"{name} returned a list{which}; an array is asked for")
        return result

    return watched


def named(names, values):
    """Outputs by name, from a tuple that a student's function returned."""
    names = names.split()
    if not isinstance(values, tuple | list):
        raise TypeError(
            f"it returned one {type(values).__name__} where {len(names)} results belong: {', '.join(names)}"
        )
    if len(values) != len(names):
        raise TypeError(f"it returned {len(values)} results where {len(names)} belong: {', '.join(names)}")
    return dict(zip(names, values, strict=True))


def scores(rng, inputs):
    """Scores of every cell that sum to 1."""
    r = np.exp(rng.standard_normal((inputs["K"], inputs["B"])))
    inputs["r"] = r / r.sum(axis=0)


def score_of_a_cell(rng, inputs):
    """A score between 0 and 1 for each sequence, which all units of the cell share."""
    inputs["r"] = rng.uniform(0.1, 0.9, (inputs["B"], 1))


def scores_of_units(rng, inputs):
    """A score between 0 and 1 for each sequence and unit."""
    inputs["r"] = rng.uniform(0.1, 0.9, (inputs["B"], inputs["H"]))


def adds_up(name, right, each):
    """The law that an output adds up, over one axis ("cell" or "class"), to a known number in every sequence."""

    def law(outputs):
        off = np.ravel(outputs[name].sum(axis={"cell": 0, "class": -1}[each]) - right)
        worst = off[np.argmax(np.abs(off))]
        if not np.abs(worst) > 1e-9:  # nan breaks other laws
            return {}
        places = {"cell": "cells", "class": "classes"}[each]
        return {name: f"over the {places} of a sequence it adds up to {right}, yours to {right + worst:.4g} in one"}

    return law
