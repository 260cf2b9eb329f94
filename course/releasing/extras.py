"""What the checks of a student's folder know beside the stored numbers: its files as handed out, mistakes by name."""

import hashlib
import json
from pathlib import Path

import numpy as np

from ..drivers import DRIVERS
from ..grading import diagnosis, mistakes

GRADING = Path(__file__).parents[1] / "grading"
SHARED = ("verdict.py", "beside.py", "mistakes.py")  # of the grader's files, those that the checks use, too


def write(manifest, folder, expected, named=False):
    """Write them into the folder `checks`.

    expected: inputs and outputs of the visible tests, as release.expected gives them.  named: whether the checks may
    say which planted bug a result looks like, as the grader does.
    """
    for name in SHARED:
        (folder / "checks" / name).write_text((GRADING / name).read_text("utf-8"), "utf-8")
    shipped = {
        path.relative_to(folder).as_posix(): fingerprint(path.read_text("utf-8"))
        for path in sorted((folder / "gca_scratch").rglob("*.py"))
    }
    (folder / "checks" / "shipped.json").write_text(json.dumps(shipped, indent=1) + "\n", "utf-8")
    if named:
        known = mistakes.written(mistakes_in(manifest, expected))
        (folder / "checks" / "mistakes.json").write_text(json.dumps(known) + "\n", "utf-8")


def fingerprint(text):
    """A short text that changes with a file's text, however its lines end."""
    return hashlib.sha256("\n".join(text.splitlines()).encode()).hexdigest()[:12]


def mistakes_in(manifest, expected):
    """Pairs (sentence, {driver: {output: arrays, one a case}}) of all planted bugs in what is asked for."""
    found = []
    for task in manifest.tasks:
        cases = {name: _cases(expected, name) for name in task.drivers}
        for bug in diagnosis.candidates(task.functions):
            answers = diagnosis.with_bug(bug, {name: [given for given, _ in pairs] for name, pairs in cases.items()})
            drivers = {name: _departs(answers[name], [right for _, right in cases[name]]) for name in task.drivers}
            found.append((f"{bug.sentence} ({bug.equation})", {name: part for name, part in drivers.items() if part}))
    return [(sentence, drivers) for sentence, drivers in found if drivers]


def _departs(outputs, right):
    """The outputs that a bug makes wrong in one of the cases, with what it gives in each."""
    if not all(isinstance(output, dict) for output in outputs):
        return {}
    return {
        name: [output[name] for output in outputs]
        for name in right[0]
        if all(output.get(name) is not None for output in outputs)
        and not all(diagnosis.matches(output[name], other[name]) for output, other in zip(outputs, right, strict=True))
    }


def _cases(expected, name):
    """Pairs (inputs, right outputs) of a driver's visible tests."""
    cases = []
    for n in range(len(DRIVERS[name].sizes)):
        given, right = {}, {}
        for key, value in expected.items():
            driver, number, kind, variable = key.split("/")
            if (driver, number) == (name, str(n)) and kind in ("in", "out"):
                value = np.asarray(value)
                (given if kind == "in" else right)[variable] = value.item() if value.ndim == 0 else value
        cases.append((given, right))
    return cases
