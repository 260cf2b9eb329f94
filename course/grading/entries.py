"""A task's entries of results.json: what its author reads, and the points.

Points come from the hidden tests, output by output (points.py). The visible ones show where the code departs and which
planted bug it looks like.
"""

from ..drivers import DRIVERS
from . import diagnosis, points

_EARLIER = " An earlier assignment asked for this; here it counts as far as what is new is right."


def of_task(task, tried, why=""):
    """For every driver one entry of the visible tests and one of the hidden ones.

    tried: the attempt at the task; None, and the sentence that says why, where there is none.
    """
    worth = points.worth(task)
    lost, known = (dict.fromkeys(worth, 1.0), "") if tried is None else points.lost(task, tried)
    entries, looks = [], tried and _looks(task, tried)
    for name, most in worth.items():
        for kind in ("visible", "hidden"):
            right, text = (False, why + ".") if tried is None else _told(tried, name, kind, looks)
            of = most if kind == "hidden" else 0
            if of and lost[name]:
                text += f"\n{known}." if known else _EARLIER if right else ""
            entries.append(
                {
                    "name": f"{task.id} {task.title}: {DRIVERS[name].title} ({kind} tests)",
                    "number": task.id,
                    "score": round(of * (1 - lost[name]), 2),
                    "max_score": of,
                    "status": "passed" if right else "failed",
                    "visibility": "visible" if kind == "visible" else "after_published",
                    "output": text,
                }
            )
    return entries


def _looks(task, tried):
    """What the visible tests look like: pairs (sentence, outputs) for each driver."""
    looks = {name: [] for name in task.drivers}
    for mutant, places in diagnosis.resembles(task.functions, tried.of("visible")):
        for name in looks:
            outputs = [output for driver, output in places if driver == name and output]
            if outputs:
                looks[name].append((f"{mutant.sentence} ({mutant.equation})", outputs))
    return looks


def _told(tried, name, kind, looks):
    """Are these tests of a driver all right, and what to tell?"""
    mine = [n for n, test in enumerate(tried.tests) if test[0].name == name and test[1] == kind]
    wrong = next((n for n in mine if tried.share(n) < 1), None)
    if wrong is None:
        return True, "All right."
    inputs, answer = tried.tests[wrong][2], tried.answers[wrong]
    sizes = ", ".join(f"{key} = {value}" for key, value in inputs.items() if isinstance(value, int) and key.isupper())
    lines = [f"{why}." for why in dict.fromkeys(tried.missing.values())]
    if not lines and answer.outputs is not None:
        lines = [f"With {sizes}:"] if sizes else []
    if not (lines and answer.error.endswith("still blank")):  # a function that is not there is no blank
        verdicts = dict.fromkeys(tried.verdicts(wrong).values())
        lines += [f"{verdict}{'' if verdict.endswith('?') else '.'}" for verdict in verdicts if verdict]
    if kind == "visible":
        lines += [f"{', '.join(outputs)}: it looks as if {sentence}." for sentence, outputs in looks[name]]
        lines += ["It printed:", tried.said] if tried.said else []
    return False, "\n".join(lines)
