"""The test suite against every planted bug: each must make it fail. And the tables that show it.

A bug that a gradient shows is first put to the gradient proofs (gradcheck.py, complex step) on a small network of the
kind that its entry names. What these do not see, forward rules and training, is put to the tests: the package and the
tests are copied, the bug is planted, and pytest runs until the first test fails.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from gca_scratch.support.errors import InputError
from gca_scratch.support.writing import replacing

from ..drivers import DRIVERS
from ..grading import diagnosis
from ..manifest import BESIDE, ROOT, all_ids, load
from . import mutants

NETWORKS = {  # by the `network` of a bug: the settings whose network shows it
    "raster": {"iterations": 1, "hidden": 2},
    "wavefront": {},
    "NumPy": {},
    "feedforward": {"initial": "feedforward"},
    "two streams": {"network": "two-stream"},
    "parts": {"network": "coarse"},
    "scheme a": {"sharing": "a"},
    "soft": {"attention": "soft"},
    "trust": {"trust_gate": True},
    "ST-LSTM": {"network": "st-lstm"},
    **{reading: {} for reading in ("draws", "odds", "range", "largest", "news", "sight")},
}
PARTS = (0, 1, 1, 2)  # the body part of each of four joints
STEP, TOLERANCE = 1e-30, 1e-8
NEAREST = {  # by the file of a bug: tests that come before SUITE
    "network/compiled/sweep.h": ("network/compiled/test_sweep.py",),
    "network/compiled/unit_backward.h": ("network/compiled/test_sweep.py",),
    "network/compiled/unit_forward.h": ("network/compiled/test_sweep.py",),
    "network/body_parts.py": ("network/test_body_parts.py",),
    "network/grid.py": ("network/test_grid.py",),
    "network/ops.py": ("network/test_ops.py", "training/test_stepwise.py"),
    "variants/readings.py": ("variants/test_readings.py",),
    "variants/sight.py": ("variants/test_sight.py",),
    "variants/tree.py": ("variants/test_tree.py",),
    "runs/where.py": ("runs/test_where.py",),
    "training/average.py": ("training/test_average.py",),
    "training/optim.py": ("training/test_optim.py", "training/test_stepwise.py"),
    "training/stepwise.py": ("training/test_restart.py", "training/test_stepwise.py", "training/test_training.py"),
}
SUITE = ("network", "training")
SECONDS = 900


def small_network(package, kind):
    """A small network of this kind, one of NETWORKS, of a package, ours or one with a bug in it."""
    settings = {"frames": 3, "hidden": 3, "iterations": 2, "initial": "average"} | NETWORKS[kind]
    network = package("variants.build").build(package("settings").Settings(**settings), len(PARTS), 2, 3, PARTS)
    if kind == "sight":
        return package("variants.sight").sighted(network)
    if kind in package("variants.readings").GATES:
        return package("variants.readings").Reading(kind).of(network)
    if kind == "news":
        return package("variants.readings").Reading("odds", "news").of(network)
    return replace(network, schedule="raster") if kind == "raster" else network


def wrong_gradients(package, kind):
    """Names of the parameters whose gradients the complex step refutes, entry by entry, in a small network."""
    with _sweeping(package, kind):
        rows = package("network.gradcheck").check_network(small_network(package, kind), witnesses=("complex",))
    return [row.name for row in rows if not row.passed]


def _sweeping(package, kind):
    """As a network of this kind does: with nothing compiled for NumPy, whose wavefront is sweep/wavefront.py."""
    return package("network.compiled.build").resting() if kind == "NumPy" else contextlib.nullcontext()


def wrong_slopes(package, kind):
    """The same along one random direction for each parameter.

    A parameter costs one loss here, where `wrong_gradients` takes one for each of its entries.
    """
    with _sweeping(package, kind):
        return _wrong_slopes(package, kind)


def _wrong_slopes(package, kind):
    params, x, y, masks = _problem(kind)
    network, ops = small_network(package, kind), package("network.ops")
    everything, rng = params | {"input": x}, np.random.default_rng(0)
    logits, cache = network.forward(params, x, masks)
    gradients = network.backward(ops.nll_backward(ops.nll_forward(logits, y)[1]), cache, with_input=True)
    gradients = package("network.gca_lstm").multiplied_out(gradients)
    wrong = []
    for name, value in everything.items():
        direction = rng.standard_normal(value.shape)
        moved = everything | {name: value + 1j * STEP * direction}
        measured = ops.nll_forward(network.forward(moved, moved["input"], masks)[0], y)[0].imag / STEP
        derived = (gradients[name] * direction).sum()
        if not abs(measured - derived) < TOLERANCE * max(abs(measured), abs(derived)):  # two zeros prove nothing
            wrong.append(name)
    return wrong


@cache
def _problem(kind):
    """Parameters, input, labels and masks on which a check of a network of this kind proves something."""
    return mutants.ours("network.gradcheck").problem(small_network(mutants.ours, kind))


def caught_by(mutant, seconds=SECONDS):
    """What sees this bug: the gradients that are wrong, else the first test that fails; "" if nothing does."""
    if mutant.network:
        with mutants.planted(mutant) as package, np.errstate(all="ignore"):
            try:
                wrong = wrong_gradients(package, mutant.network)
            except (ValueError, KeyError, TypeError, IndexError, RuntimeError) as error:
                return f"gradients, {mutant.network}: {type(error).__name__}"
        if wrong:
            more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
            return f"gradients, {mutant.network}: {wrong[0]}{more}"
    return failing_test(mutant, seconds)


def failing_test(mutant, seconds=SECONDS):
    """The first test that fails with this bug planted; "" if none does. No run of tests takes more than so long."""
    for names in (NEAREST.get(mutant.file, ()), SUITE):
        found = _first_failure(names, mutant, seconds)
        if found.startswith(names) and not _passes(found, seconds):
            raise InputError(f"tests/{found} fails without any planted bug, and so proves nothing; mend it first")
        if found:
            return found
    return ""


@cache
def _passes(name, seconds):
    """Does this test pass where no bug is planted?"""
    return not _first_failure((name,), None, seconds)


def _first_failure(names, mutant, seconds):
    """The first test that fails among these of tests/, in a copy of package and tests with the bug; "" if none does."""
    for name in names:
        if not (ROOT / "tests" / name.partition("::")[0]).exists():  # pytest would fail: every bug would seem caught
            raise InputError(f"there is no tests/{name} to put a bug to; correct NEAREST and SUITE in {__name__}")
    if not names:
        return ""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        folder = Path(folder)
        leave_out = shutil.ignore_patterns("__pycache__", "*.js", "*.css", "*.html")
        for part in ("gca_scratch", "tests"):
            shutil.copytree(ROOT / part, folder / part, ignore=leave_out)
        shutil.copy(ROOT / "pyproject.toml", folder)
        if mutant:
            place = folder / "gca_scratch" / mutant.file
            place.write_text(mutant.apply(place.read_text("utf-8")), "utf-8")
        options = ["-x", "-q", "--tb=no", "-rfE", "-p", "no:cacheprovider", *(f"tests/{name}" for name in names)]
        environment = os.environ | {"PYTHONPATH": str(folder), "OPENBLAS_NUM_THREADS": "1"}
        try:
            ended = subprocess.run(
                [sys.executable, "-B", "-m", "pytest", *options],
                cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return "it never ends"
    if ended.returncode == 0:
        return ""
    found = re.search(r"^(?:FAILED|ERROR) tests/([\w/.]+(?:::\w+)?)", ended.stdout, re.MULTILINE)
    return found.group(1) if found else "pytest itself"


def run(chosen, jobs=2):
    """Put these bugs to the suite, `jobs` at a time; yields (mutant, what caught it or ""), in order."""
    from gca_scratch.support import workers

    found = workers.results(caught_by, ((mutant,) for mutant in chosen), jobs)
    yield from zip(chosen, found, strict=True)


def quick(bugs):
    """Every tenth, so that each file has its share."""
    return bugs[::10]


def write_table(rows, path):
    """docs/tables/mutants.md."""
    caught = sum(bool(test) for _, test in rows)
    lines = [
        "# Planted bugs",
        "",
        f"`make mutants` runs the test suite against {len(rows)} planted bugs; {caught} are caught.",
        "Each is a small change of the hand-derived code (`course/bugs/`); the sentence is what a student reads",
        "whose numbers are those of the bug.",
        "",
        "| where | violates | what it looks like | caught by |",
        "| --- | --- | --- | --- |",
    ]
    for mutant, test in rows:
        where = f"`{mutant.qualified.removeprefix('gca_scratch.')}`"
        by = f"`{test}`" if test else "**not caught**"
        lines.append(f"| {where} | {mutant.equation} | {_cell(mutant.sentence)} | {by} |")
    _write(lines, path)


def diagnosed(bugs=None):
    """For every bug that a student could write: (mutant, task, was it named, what was named instead).

    It is asked as the grader asks: among all bugs in the functions of the task, from the visible tests of all its
    drivers; bugs that change nothing there are left out. Functions that no assignment asks for are taken with
    every driver that tests them.
    """
    tasks = [task for id in (*all_ids(), *BESIDE) for task in load(id).tasks]
    rows = []
    for mutant in mutants.load() if bugs is None else bugs:
        if not mutant.student:
            continue
        places = [(task.id, task.functions, task.drivers) for task in tasks if mutant.places <= set(task.functions)]
        drivers = tuple(name for name, driver in DRIVERS.items() if mutant.qualified in driver.functions)
        for task, functions, names in places or [("", (mutant.qualified,), drivers)]:
            for other in diagnosis.candidates(functions):
                diagnosis.bug_answers(other.name, names)  # all drivers at once: a bug is planted once
            answers = diagnosis.bug_answers(mutant.name, names)
            stops = any(answer is None for found in answers.values() for answer in found)
            if not stops and not diagnosis.departures(answers):
                continue  # such as a bug of the score, in a task without scores
            found = [bug for bug, _ in diagnosis.resembles(functions, answers)]
            others = [bug for bug in found if bug != mutant]
            rows.append((mutant, task, bool(found) and found[0] == mutant, others))
    return rows


def write_diagnosis(rows, path):
    """docs/tables/diagnosis.md."""
    in_tasks = [row for row in rows if row[1]]
    named, named_in_tasks = (sum(right for _, _, right, _ in part) for part in (rows, in_tasks))
    lines = [
        "# What the grader recognises",
        "",
        "Every planted bug that a student could write, handed to the grader's diagnosis as numbers alone. Of those in",
        f"functions that an assignment or a check asks for, {named_in_tasks} of {len(in_tasks)} are named correctly;",
        f"of all, {named} of {len(rows)}. The others end in an error message.",
        "",
        "| task | function | what it looks like | named |",
        "| --- | --- | --- | --- |",
    ]
    for mutant, task, right, others in rows:
        verdict = "yes" if right else "no"
        if others:
            verdict += f" (also: {_cell('; '.join(bug.sentence for bug in others))})"
        where = mutant.qualified.removeprefix("gca_scratch.")
        lines.append(f"| {task or '-'} | `{where}` | {_cell(mutant.sentence)} | {verdict} |")
    _write(lines, path)


def _cell(text):
    return text.replace("|", "\\|")


def _write(lines, path):
    with replacing(path) as temporary:
        Path(temporary).write_text("\n".join(lines) + "\n", "utf-8")
