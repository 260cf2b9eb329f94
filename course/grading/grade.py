"""Grading one submission: every task in a fenced child of its own, Gradescope's results.json, sentences to read.

A task is graded with our functions of all other tasks. Where something is wrong, it is graded once more with all of the
submission's own functions, for a student's backward may rest on what the student's forward put into its cache; the
better of the two counts. Points come from the hidden tests, output by output. The visible ones show where the code
departs and which planted bug it looks like. Nothing that a submission holds makes the grader fail.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from gca_scratch.support.errors import InputError
from gca_scratch.support.writing import replacing

from ..bugs.mutants import ours
from ..drivers import DRIVERS, hidden, visible
from ..releasing import release
from . import diagnosis, fence, splice

_sources = {}


@dataclass
class Attempt:
    """What one run of a task gave: answers to its tests, what was printed, functions that could not be taken."""

    tests: list  # (driver, "visible" or "hidden", inputs, right outputs)
    answers: list
    said: str
    missing: dict

    def verdicts(self, n):
        """The sentences on test n: {output: sentence or ""}."""
        driver, _, inputs, right = self.tests[n]
        got = self.answers[n].outputs
        if got is None:
            return dict.fromkeys(right, self.answers[n].error)
        return diagnosis.compare(driver, inputs, got, right)

    def share(self, n):
        """Which part of test n's outputs is right."""
        verdicts = self.verdicts(n).values()
        return sum(not verdict for verdict in verdicts) / len(verdicts)

    @property
    def right(self):
        """Everything, of everything: 1 where all tests pass."""
        return sum(map(self.share, range(len(self.tests)))) / len(self.tests)


def grade(submission, manifest, student="", limits=None):
    """The results of one submission, as Gradescope's autograder wants them: a dict for results.json.

    student: a name; hidden tests have other sizes and numbers for each.
    """
    try:
        texts, unread = splice.read_submission(submission, manifest.files)
    except InputError as error:
        texts, unread = {}, dict.fromkeys(manifest.files, str(error))
    seed = seed_of(student)
    tests, lines = [], []
    for task in manifest.tasks:
        graded = _task(manifest, task, texts, unread, seed, limits)
        tests += graded
        score, most = sum(test["score"] for test in graded), sum(test["max_score"] for test in graded)
        lines.append(f"{task.id} {task.title}: {score:g} of {most:g}")
    lines += [f"{question.id} {question.title}: by hand, {question.points} points" for question in manifest.questions]
    lines += [sentence + "." for sentence in unread.values()]
    return {"output": "\n".join(lines), "output_format": "text", "stdout_visibility": "hidden", "tests": tests}


def failed(manifest, sentence):
    """Results that say that the grader itself failed: no points, and whom to tell."""
    tests = [
        {
            "name": f"{task.id} {task.title}",
            "score": 0,
            "max_score": task.points,
            "visibility": "visible",
            "output": sentence,
        }
        for task in manifest.tasks
    ]
    return {"output": sentence, "output_format": "text", "tests": tests}


def seed_of(student):
    """The seed of a student's hidden tests, which nobody knows beforehand who knows only the visible ones."""
    name = f"hidden {student}".encode("utf-8", "surrogatepass")  # a file may be called by any bytes
    return int.from_bytes(hashlib.sha256(name).digest()[:4])


def write(results, path):
    """results.json, whole or not at all."""
    with replacing(path) as temporary:
        Path(temporary).write_text(json.dumps(results, indent=1) + "\n", "utf-8")


def _task(manifest, task, texts, unread, seed, limits):
    """Entries of results.json for a task: for every driver one of the visible tests and one of the hidden ones."""
    names = [name for name in task.functions if _file_of(manifest, name) in texts]
    if not names:
        why = "; ".join(dict.fromkeys(unread[_file_of(manifest, name)] for name in task.functions))
        return _entries(manifest, task, None, why)
    attempt = _attempt(manifest, task, texts, task.functions, [task.id], seed, limits)
    others = [name for name in manifest.functions if name not in task.functions]
    hopeless = any(answer.ended or answer.error.endswith("still blank") for answer in attempt.answers)
    if attempt.right < 1 and others and not hopeless:
        again = _attempt(manifest, task, texts, (*task.functions, *others), None, seed, limits)
        attempt = again if again.right > attempt.right else attempt
    return _entries(manifest, task, attempt)


def _file_of(manifest, name):
    """The submitted file that holds a function."""
    return next(file for file in manifest.files if splice.function_in(file, name))


def _attempt(manifest, task, texts, names, blanks, seed, limits):
    """Run the tests of a task with the functions `names` of the submission in the package."""
    sources, missing = dict(_clean(manifest, blanks)), {}
    for file, text in texts.items():
        inside = {splice.function_in(file, name): name for name in names if splice.function_in(file, name)}
        if inside:
            sources[file], wrong = splice.splice(sources[file], text, list(inside), file)
            missing |= {inside[name]: why for name, why in wrong.items()}

    def build(folder):
        for file, text in sources.items():
            if file.endswith(".py"):
                place = folder / file
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text, "utf-8")

    tests = []
    for name in task.drivers:
        driver = DRIVERS[name]
        tests += [
            (driver, "visible", *pair) for pair in zip(visible(driver), diagnosis.right_answers(name), strict=True)
        ]
        tests += [(driver, "hidden", inputs, driver.run(ours, inputs)) for inputs in hidden(driver, seed)]
    answers, said = _run(build, [(driver.name, inputs) for driver, _, inputs, _ in tests], limits)
    return Attempt(tests, answers, said, {name: why for name, why in missing.items() if name in task.functions})


def _run(build, tests, limits):
    """Answers to the tests, in one child; where that one dies, what other drivers ask after it goes to another."""
    answers, said = fence.run(build, tests, limits)
    died = next((n for n, answer in enumerate(answers) if answer.ended), None)
    if died is None:
        return answers, said
    rest = [n for n in range(died, len(tests)) if tests[n][0] != tests[died][0]]
    again = _run(build, [tests[n] for n in rest], limits)[0] if rest else []
    for n, answer in zip(rest, again, strict=True):
        answers[n] = answer
    return answers, said


def _clean(manifest, blanks):
    """The package as a task is graded in it, before the submission's functions come in."""
    key = repr((manifest.id, manifest.functions, manifest.without, manifest.remove, blanks))
    if key not in _sources:
        _sources[key] = release.sources(manifest, blanks=blanks)
    return _sources[key]


def _entries(manifest, task, attempt, why=""):
    """A task's entries of results.json; without an attempt, the sentence that says why there is none."""
    entries, given = [], 0.0
    for position, name in enumerate(task.drivers):
        last = position + 1 == len(task.drivers)
        most = round(task.points - given, 2) if last else round(task.points / len(task.drivers), 2)
        given += most
        for kind in ("visible", "hidden"):
            share, text = (0.0, why + ".") if attempt is None else _told(task, attempt, name, kind)
            points = most if kind == "hidden" else 0
            entries.append(
                {
                    "name": f"{task.id} {task.title}: {name.replace('_', ' ')} ({kind} tests)",
                    "number": task.id,
                    "score": round(points * share, 2),
                    "max_score": points,
                    "status": "passed" if share == 1 else "failed",
                    "visibility": "visible" if kind == "visible" else "after_published",
                    "output": text,
                }
            )
    return entries


def _told(task, attempt, name, kind):
    """Which part of a driver's tests passed, and what to tell."""
    mine = [n for n, test in enumerate(attempt.tests) if test[0].name == name and test[1] == kind]
    share = sum(map(attempt.share, mine)) / len(mine)
    if share == 1:
        return share, "All right."
    wrong = next(n for n in mine if attempt.share(n) < 1)
    inputs = attempt.tests[wrong][2]
    sizes = ", ".join(f"{key} = {value}" for key, value in inputs.items() if isinstance(value, int) and key.isupper())
    lines = [f"{why}." for why in dict.fromkeys(attempt.missing.values())]
    if not lines and attempt.answers[wrong].outputs is not None:
        lines = [f"With {sizes}:"]
    lines += [f"{verdict}." for verdict in dict.fromkeys(attempt.verdicts(wrong).values()) if verdict]
    if kind == "visible":
        lines += _looks(task, attempt, name)
        lines += ["It printed:", attempt.said] if attempt.said else []
    return share, "\n".join(lines)


def _looks(task, attempt, name):
    """Which planted bugs the visible answers look like."""
    answers = [
        answer.outputs for test, answer in zip(attempt.tests, attempt.answers, strict=True)
        if test[0].name == name and test[1] == "visible"
    ]  # fmt: skip
    found = diagnosis.resembles(task.functions, {name: answers})
    return [f"{', '.join(outputs)}: it looks as if {mutant.sentence} ({mutant.equation})." for mutant, outputs in found]
