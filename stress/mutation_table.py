"""docs/tables/mutation.md: what came of mutation testing, package by package, and every change that nobody noticed."""

import json
import math
import subprocess
from collections import defaultdict

TEXT = """# Small changes that the tests notice

`stress/mutation.py` changes one place of the package at a time and runs the tests that run this place. The changes are
those of [cosmic-ray](https://cosmic-ray.readthedocs.io) (numbers, comparisons, conditions, loops, operators) and of
`stress/mutation_operators.py` (in-place operators, matrix products, arguments exchanged and left out, statements
dropped, neighbours in lists exchanged, words, opposite functions). Of every package {sample} places were drawn with the
seed {seed}, one change at each. A change is caught when a test fails that passes without it; where no test runs the
place it counts as survived. The code is that of commit {code}, the tests are those of {tests}. Tests were written
against what survived first, so these are shares of changes that the tests know; others were drawn afterwards, with
[what came of them](../trust.md#the-tests).

| package | places | changed | caught | equivalent | survived | no test runs it | caught but for equivalents |
| --- | --- | --- | --- | --- | --- | --- | --- |
{rows}

"Not yet": drawn, and still to be run. In brackets: the interval of Wilson, 95 %.
[How to run it](../trust.md#the-tests).

## Survived

{survived}

## Equivalent

Nobody can notice these, or nobody should have to.

{equivalent}
"""


def wilson(caught, of, z=1.96):
    """Low and high end of the interval of a share."""
    share = caught / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return middle - half, middle + half


def written(folders, items, results, equivalents, seed, sample):
    """The page, of the work items and their results by job id; the folders are of one commit."""
    places = json.loads((folders[0] / "places.json").read_text())
    counts, survived, equivalent = defaultdict(lambda: defaultdict(int)), [], []
    for item in sorted(items, key=lambda item: item.job_id):
        result, spec = results.get(item.job_id), item.mutations[0]
        package = counts[item.job_id[:-4]]
        package["changed"] += 1
        if result is None:
            package["waiting"] += 1
            continue
        why = equivalents.get((str(spec.module_path), result.diff))
        if why and not result.is_killed:
            package["equivalent"] += 1
            equivalent.append((spec, result, why))
        elif result.is_killed:
            package["caught"] += 1
        else:
            package["survived"] += 1
            package["uncovered"] += not json.loads(result.output)["covered"]
            survived.append((spec, result, ""))
    rows = [_row(name, places[name], found) for name, found in counts.items()]
    keys = ("changed", "caught", "equivalent", "survived", "uncovered", "waiting")
    total = {key: sum(found[key] for found in counts.values()) for key in keys}
    rows.append(_row("together", sum(places.values()), total))
    code = _commit(folders[0] / "copy")
    taken = [folder / "tests.txt" for folder in folders]
    tests = " and ".join(dict.fromkeys(file.read_text() if file.exists() else code for file in taken))
    return TEXT.format(
        seed=seed, sample=sample, code=code, tests=tests, rows="\n".join(rows),
        survived=_listed(survived), equivalent=_listed(equivalent),
    )  # fmt: skip


def _commit(copy):
    return subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=copy, check=True, capture_output=True, text=True
    ).stdout[:-1]


def _row(name, places, found):
    of = found["changed"] - found["equivalent"] - found["waiting"]
    share = "-"
    if of:
        low, high = wilson(found["caught"], of)
        share = f"{100 * found['caught'] / of:.1f} % ({100 * low:.0f} to {100 * high:.0f})"
    waiting = f", {found['waiting']} not yet" if found["waiting"] else ""
    cells = (name, places, f"{found['changed']}{waiting}", found["caught"], found["equivalent"], found["survived"],
             found["uncovered"], share)  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def _listed(changes):
    """A table of changes: the place, what stood there and what stands there now, and why, if there is a reason."""
    if not changes:
        return "None."
    reasons = any(why for *_, why in changes)
    lines = ["| place | before | after |" + " why |" * reasons, "| --- | --- | --- |" + " --- |" * reasons]
    for spec, result, why in changes:
        cells = [f"{spec.module_path}:{spec.start_pos[0]}"]
        for sign in "-+":
            parts = [line[1:].strip() for line in result.diff.split("\n") if line[:1] == sign]
            cells.append(_code(" ".join(parts)))
        lines.append("| " + " | ".join([*cells, *[why] * reasons]) + " |")
    return "\n".join(lines)


def _code(text):
    """A text as code in a table, without its middle if it is long."""
    text = text if len(text) <= 110 else f"{text[:70]} ... {text[-30:]}"
    return f"`` {text.replace('|', chr(92) + '|')} ``" if text else ""
