"""Mistakes handed in: what a submission that holds them gets and reads, as tables. `python -m course mistakes`.

First mistakes that are worth a look, each submitted through the fence; then every planted bug of a student's, with the
points that it leaves for many students, whose hidden tests have other sizes and numbers.
"""

import tempfile
from pathlib import Path

from gca_scratch.support.writing import replacing

from ..drivers import DRIVERS, hidden
from ..grading import diagnosis, fence, grade, points
from ..manifest import FOLDER, ROOT, all_ids, load
from . import mutants

PATIENT = fence.Limits(cpu_seconds=1000, seconds=None)  # a busy machine makes no answer another one
OPS, GRID, OPTIM = "gca_scratch/network/ops.py", "gca_scratch/network/grid.py", "gca_scratch/training/optim.py"
CELL = "gca_scratch/network/cell.py"

# task, what was done, and how: names of planted bugs, or {file: (old, new) or a whole text}
PRODUCT_OR_ARRAY = "_rows_of_product if isinstance(g, Product) else _rows"
LOOKED_AT = [
    ("A1.2", "a constant that a call computes", {CELL: ("hh @ U  #", "hh @ U + ZERO  #", "ZERO = np.int64(0)")}),
    ("A1.2", "a table of functions", {CELL: ("= tanh_forward(c)", "= RULES['t'](c)", "RULES = dict(t=tanh_forward)")}),
    ("A1.1", "a helper in a file of its own", {
        OPS: ("return dy * y * (1 - y)", "return dy * slope(y)", "from my_helpers import slope"),
        "my_helpers.py": "def slope(y):\n    return y * (1 - y)\n",
    }),
    ("A1.1", "a loop without an end", {OPS: ("return dy * y * (1 - y)", "while True: pass")}),
    ("A1.1", "slopes of matrices alone", ["sigmoid-matrices-alone"]),
    ("A1.1", "a function that is renamed", {OPS: ("def sigmoid_backward", "def sigmoid_back")}),
    ("A1.3", "one carry forgotten", ["carry-dropped"]),
    ("A1.3", "dh_S and dc_S mixed up", ["dh-dc-exchanged"]),
    ("A2.1", "lists in place of arrays, pack", ["pack-list"]),
    ("A2.1", "lists in place of arrays, unpack", ["unpack-list"]),
    ("A2.1", "lists in place of arrays, the order", ["order-lists"]),
    ("A2.1", "an order of numbers with decimals", ["order-floats"]),
    ("A2.1", "frame by frame", ["frame-by-frame"]),
    ("A2.1", "joint by joint", ["joint-by-joint"]),
    ("A2.1", "unpack for one further axis alone", ["unpack-one-axis"]),
    ("A2.1", "float64 whatever comes in", ["unpack-float"]),
    ("A2.2", "no care at the border", ["tree-border-wraps"]),
    ("A2.3", "one carry forgotten, in time", ["tree-dc-T-dropped"]),
    ("A2.3", "one carry forgotten, in space", ["tree-dc-S-dropped"]),
    ("A2.3", "both carries forgotten", ["tree-dc-dropped"]),
    ("A2.3", "cells in the order of the forward pass", ["tree-cells-forward"]),
    ("A2.3", "dh_S and dc_S mixed up", ["tree-dh-dc-S-mixed"]),
    ("A3.3", "the sign of dr", ["dr-sign"]),
    ("A3.3", "dr without the past", ["dr-without-past"]),
    ("A3.3", "another order of gates, both ways", ["both-forget-gates"]),
    ("A3.3", "another order of gates, both ways", ["both-output-second"]),
    ("A3.3", "another order of gates, forward alone", ["forward-output-second"]),
    ("A3.3", "another order of gates, backward alone", ["output-second-back"]),
    ("A3.3", "the cell of A1, without a score", {CELL: (FOLDER / "plain_cell.py").read_text("utf-8")}),
    ("A4.1", "no shift", ["nll-no-shift"]),
    ("A4.1", "the logarithm of a quotient", ["nll-log-of-quotient"]),
    ("A4.1", "two streams divided by B alone", ["nll-streams-sum", "nll-streams-batch"]),
    ("A4.2", "np.random in place of rng", ["mask-numpy-random"]),
    ("A4.2", "a mask in float64", ["mask-float64"]),
    ("A4.2", "an inverted mask", ["mask-reversed"]),
    ("A4.2", "`out` written before x is read", ["dropout-out-first"]),
    ("A4.3", "new arrays in place of the update in place", ["new-arrays"]),
    ("A4.3", "ops.Product ignored", ["product-ignored"]),
    ("A4.3", "ops.Product taken for an array", {OPTIM: (PRODUCT_OR_ARRAY, "_rows")}),
    ("A4.3", "a velocity that decays without a gradient", ["velocity-decays"]),
    ("A4.3", "p -= v", ["minus-velocity"]),
    ("A4.3", "each entry clipped", ["clip-each-entry"]),
    ("A4.3", "a gradient of zero divided by its norm", ["clip-zero-norm"]),
    ("A4.4", "finished after every step", ["next-finished"]),
    ("A4.4", "`waited` not reset", ["next-waited-kept"]),
    ("A4.4", "best weights that are trained on", ["next-best-shared"]),
    ("A5.1", "parts in the order of the joints", ["part-first-seen"]),
    ("A5.3", "dx taken where nobody asked for it", ["input-of-nothing"]),
    ("A5.3", "gradients of layer 1 without `layer1.`", ["layer1-names"]),
]  # fmt: skip


def looked_at():
    """Rows (task, what was done, its points and their most, points lost in other tasks, what its author reads)."""
    rows = []
    for id, what, how in LOOKED_AT:
        manifest = load(id.partition(".")[0])
        with tempfile.TemporaryDirectory(prefix="mistake-") as folder:
            for file, text in _submission(manifest, how).items():
                place = Path(folder) / file
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text, "utf-8")
            limits = fence.Limits() if "without an end" in what else PATIENT
            tests = grade.grade(folder, manifest, "somebody", limits)["tests"]
        mine = [test for test in tests if test["number"] == id]
        elsewhere = sum(test["max_score"] - test["score"] for test in tests if test["number"] != id)
        given, most = (sum(test[key] for test in mine) for key in ("score", "max_score"))
        rows.append((id, what, round(given, 2), most, round(elsewhere, 2), _read(mine)))
    return rows


def _submission(manifest, how):
    """The solution with a mistake in it: {file: text}."""
    texts = {file: (ROOT / file).read_text("utf-8") for file in manifest.files}
    if isinstance(how, list):
        for bug in map(mutants.named, how):
            texts[f"gca_scratch/{bug.file}"] = bug.apply(texts[f"gca_scratch/{bug.file}"])
        return texts
    for file, change in how.items():
        if isinstance(change, str):
            texts[file] = change
            continue
        old, new, *above = change
        assert old in texts[file], f"{file} no longer has {old!r}"
        texts[file] = texts[file].replace(old, new, 1)
        if above:
            texts[file] += f"\n\nimport numpy as np\n{above[0]}\n"
    return texts


def _read(tests):
    """What the author reads first: what it looks like, or else what is wrong."""
    outputs = [test["output"] for test in tests if test["visibility"] == "visible" and test["status"] == "failed"]
    lines = [line for output in outputs for line in output.splitlines() if not line.startswith("With ")]
    named = [line.partition(": it looks as if ")[2] for line in lines if ": it looks as if " in line]
    return "; ".join(dict.fromkeys(sentence.rstrip(".") for sentence in named)) or (lines[0] if lines else "All right.")


def left(students):
    """Rows (task, bug, named, least and most points that the bug leaves of the task, whose points they are).

    Every planted bug of a student's in every task, for each of these students. A bug that spoils nothing there, such as
    one of the score in a task without scores, is left out.
    """
    rows = []
    for task in (task for id in all_ids() for task in load(id).tasks):
        tests = {  # of all students, one after the other
            name: [given for student in students for given in hidden(DRIVERS[name], grade.seed_of(student))]
            for name in task.drivers
        }
        right = {name: [DRIVERS[name].run(mutants.ours, given) for given in cases] for name, cases in tests.items()}
        for bug in diagnosis.candidates(task.functions):
            seen = diagnosis.bug_answers(bug.name, task.drivers)
            if not diagnosis.departures(seen) and not any(None in found for found in seen.values()):
                continue
            named = [found for found, _ in diagnosis.resembles(task.functions, seen)] == [bug]
            answers = diagnosis.with_bug(bug, tests)
            costs = [points.cost(bug, task, _of(n, answers), _of(n, right)) for n in range(len(students))]
            rows.append((task, bug, named, task.points * (1 - max(costs)), task.points * (1 - min(costs))))
    return rows


def _of(n, cases):
    """The part of student n, two cases of each driver."""
    return {name: found[2 * n : 2 * n + 2] for name, found in cases.items()}


def write(path, students):
    """docs/course-mistakes.md; returns the rows of both tables."""
    seen, all_bugs = looked_at(), left(students)
    named = sum(row[2] for row in all_bugs)
    lines = [
        "# What mistakes cost",
        "",
        "`python -m course mistakes` hands in the solution of an assignment with a mistake in it and writes down what",
        "the grader gives for the task, and what its author reads among the visible tests. The column `elsewhere` says",
        "what the mistake cost in other tasks.",
        "",
        "| task | what was done | points | elsewhere | what its author reads |",
        "| --- | --- | --- | --- | --- |",
    ]
    for id, what, given, most, elsewhere, said in seen:
        cost = f"-{elsewhere:g}" if elsewhere else ""
        lines.append(f"| {id} | {what} | {given:g} of {most:g} | {cost} | {_cell(said)} |")
    lines += [
        "",
        "## Every planted bug",
        "",
        f"{len(all_bugs)} mistakes, {named} of them called by their names, each with the hidden tests of",
        f"{len(students)} students. A single known mistake costs {100 * points.LEAST:.0f} to {100 * points.MOST:.0f} %",
        "of its task (`course/grading/points.py`). The exceptions:",
        "",
        *(f"- {bug.sentence} ({task.id}): {bug.whole}." for task, bug, *_ in all_bugs if bug.whole),
        "",
        "| task | function | what it looks like | named | points left |",
        "| --- | --- | --- | --- | --- |",
    ]
    for task, bug, right, least, most in all_bugs:
        span = f"{least:.1f}" if most - least < 0.05 else f"{least:.1f} to {most:.1f}"
        lines.append(
            f"| {task.id} | `{bug.function}` | {_cell(bug.sentence)} | {'yes' if right else 'no'} "
            f"| {span} of {task.points} |"
        )
    with replacing(path) as temporary:
        Path(temporary).write_text("\n".join(lines) + "\n", "utf-8")
    return seen, all_bugs


def _cell(text):
    return " ".join(text.replace("|", "\\|").split())
