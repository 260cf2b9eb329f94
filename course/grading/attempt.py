"""The attempts at one task of a submission: in which package its functions run, on which tests, and what came out.

First with our functions of all other tasks, so that a mistake costs its own task alone. Where something is wrong, then
with all of the student's own functions of the same files, for a backward function may rest on what the forward one put
into its cache; then as `make test` runs it, with the files as they were handed in: what passes there passes here. Files
that cannot be imported so are taken apart: all asked functions of the submission in clean sources. The best of these
counts.
"""

from dataclasses import dataclass

from ..bugs import mutants
from ..bugs.mutants import ours
from ..drivers import DRIVERS, hidden, visible
from ..releasing import release
from . import diagnosis, fence, splice, verdict

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
        """Which part of test n is right."""
        return verdict.share(self.tests[n][0], {name: not wrong for name, wrong in self.verdicts(n).items()})

    @property
    def right(self):
        """Everything, of everything: 1 where all tests pass."""
        return sum(map(self.share, range(len(self.tests)))) / len(self.tests)

    def of(self, kind):
        """Answers to the "visible" or "hidden" tests, by driver: a list of outputs, or of sentences."""
        found = {}
        for (driver, of_kind, _, _), answer in zip(self.tests, self.answers, strict=True):
            if of_kind == kind:
                found.setdefault(driver.name, []).append(answer.error if answer.outputs is None else answer.outputs)
        return found


def best(manifest, task, texts, seed, limits):
    """The best attempt at a task with what was handed in, {file: text}; None where it holds none of the task's files.

    seed: of the student's hidden tests.
    """
    helpers = {path: text for path, text in texts.items() if path not in manifest.files}
    tests = _tests(task, seed)
    tried = _run(_spliced(manifest, texts, task.functions, [task.id]), helpers, task, tests, limits)
    others = [name for name in manifest.functions if name not in task.functions]
    blank = any(answer.error.endswith("still blank") for answer in tried.answers)
    if tried.right == 1 or any(answer.ended for answer in tried.answers) or (blank and not tried.missing):
        return tried
    files = {file_of(manifest, name) for name in task.functions}
    together = [name for name in manifest.functions if file_of(manifest, name) in files]
    if len(together) > len(task.functions):
        again = _run(_spliced(manifest, texts, together, [task.id]), helpers, task, tests, limits)
        tried = again if again.right > tried.right else tried
        if tried.right == 1:
            return tried
    for whole in (True, False):
        if whole:
            sources = _whole(manifest, texts)
        elif others or tried.missing:
            sources = _spliced(manifest, texts, (*task.functions, *others), None)
        else:
            break
        if sources is None:
            continue
        again = _run(sources, helpers, task, tests, limits)
        tried = again if again.right > tried.right else tried
        if whole and any(answer.outputs is not None for answer in again.answers):
            break
    return tried


def with_bugs(task, seed, bugs):
    """The attempt of one who has made these planted mistakes, and no other, without a fence: for tables and tests."""
    tests, answers = _tests(task, seed), []
    with mutants.planted(*bugs) as package:
        for driver, _, inputs, _ in tests:
            outputs = diagnosis.answer(package, driver.name, inputs)
            said = outputs if isinstance(outputs, str) else "it stops"
            answers.append(fence.Answer(outputs) if isinstance(outputs, dict) else fence.Answer(None, said))
    return Attempt(tests, answers, "", {})


def file_of(manifest, name):
    """The submitted file that holds a function."""
    return next(file for file in manifest.files if splice.function_in(file, name))


def _tests(task, seed):
    """Tests of a task: (driver, kind, inputs, right outputs)."""
    tests = []
    for name in task.drivers:
        driver = DRIVERS[name]
        tests += [
            (driver, "visible", *pair) for pair in zip(visible(driver), diagnosis.right_answers(name), strict=True)
        ]
        tests += [(driver, "hidden", inputs, driver.run(ours, inputs)) for inputs in hidden(driver, seed)]
    return tests


def _spliced(manifest, texts, names, blanks):
    """Clean sources with the functions `names` of the submission in them, and {name: why} of those not taken."""
    sources, missing = dict(_clean(manifest, blanks)), {}
    for file in manifest.files:
        inside = {splice.function_in(file, name): name for name in names if splice.function_in(file, name)}
        if inside and file in texts:
            sources[file], wrong = splice.splice(sources[file], texts[file], list(inside), file)
            missing |= {inside[name]: why for name, why in wrong.items()}
    return sources, missing


def _whole(manifest, texts):
    """The student version with the files as they were handed in; None where one of them does not parse."""
    submitted = {file: text for file, text in texts.items() if file in manifest.files}
    if any(splice.parsed(text, file)[0] is None for file, text in submitted.items()):
        return None
    return _clean(manifest, None) | submitted, {}


def _run(prepared, helpers, task, tests, limits):
    """Run the tests in the package with these sources; helper files lie where their imports look for them."""
    sources, missing = prepared

    def build(folder):
        for file, text in (sources | helpers).items():
            if file.endswith((".py", ".h")):
                place = folder / file if file.startswith("gca_scratch/") else folder / "beside" / file
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text, "utf-8")

    answers, said = _answers(build, [(driver.name, inputs) for driver, _, inputs, _ in tests], limits)
    return Attempt(tests, answers, said, {name: why for name, why in missing.items() if name in task.functions})


def _answers(build, tests, limits):
    """Answers to the tests, in one child; where that one dies, what other drivers ask after it goes to another."""
    answers, said = fence.run(build, tests, limits)
    died = next((n for n, answer in enumerate(answers) if answer.ended), None)
    if died is None:
        return answers, said
    rest = [n for n in range(died, len(tests)) if tests[n][0] != tests[died][0]]
    again = _answers(build, [tests[n] for n in rest], limits)[0] if rest else []
    for n, answer in zip(rest, again, strict=True):
        answers[n] = answer
    return answers, said


def _clean(manifest, blanks):
    """The package as a task is graded in it, before the submission's functions come in."""
    key = repr((manifest, blanks))
    if key not in _sources:
        _sources[key] = release.sources(manifest, blanks=blanks)
    return _sources[key]
