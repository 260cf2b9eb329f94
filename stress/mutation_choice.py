"""Which tests say something about a line: those that run it, quickest first, as a measured run of the suite has it."""

import ast
import contextlib
import json
import os
from collections import defaultdict
from pathlib import Path

import coverage

PACKAGES = {
    "data": "gca_scratch/data",
    "training": "gca_scratch/training",
    "runs": "gca_scratch/runs",
    "figures": "gca_scratch/figures",
    "experiments": "gca_scratch/experiments",
    "support": "gca_scratch/support",
    "course": "course",
}
# What says nothing about these packages, or takes a browser, is left out.
LEFT_OUT = ("network", "strict_cupy", "stepper", "helpers", "hostile", "test_benchmarks", "test_site", "test_tutorials",
            "test_in_a_browser", "test_gradient_checkers", "test_webcam_page", "test_python_page", "test_readme",
            "test_command_lines", "test_equation_map")  # fmt: skip

# What runs in a process of its own, which is not measured, by how its path begins; and the tests that start it.
APART = {
    "gca_scratch/support/pickled.py": ("tests/support/test_unpickling.py",),
    "course/releasing/student/checks/": tuple(
        f"tests/course/test_student{name}.py" for name in ("", "_helps", "_proofs")
    ),
    "course/grading/fenced.py": ("tests/course/test_fence.py", "tests/course/test_facts.py"),
}


class Recorder:
    """A plug-in of pytest: which test is running, for coverage, and how long each took."""

    def __init__(self, measured=None):
        self.measured, self.seconds, self.failed = measured, {}, []

    def pytest_runtest_setup(self, item):
        if self.measured:
            self.measured.switch_context(f"{item.nodeid}|setup")

    def pytest_runtest_call(self, item):
        if self.measured:
            self.measured.switch_context(f"{item.nodeid}|run")

    def pytest_runtest_logreport(self, report):
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_collectreport(self, report):
        if report.failed:
            self.failed.append(f"{report.nodeid} (cannot be imported)")


def cover(folder, files):
    """Run these test files, paths in folder/copy, and keep in folder/coverage/ what each test ran."""
    import pytest

    number = len(list((folder / "coverage").glob("*.json")))
    name = folder / "coverage" / f"{number:03}"
    measured = coverage.Coverage(
        data_file=f"{name}.part",
        source=["gca_scratch", "course"],
        omit=["gca_scratch/network/*"],
    )
    recorder = Recorder(measured)
    measured.start()
    pytest.main(["-q", "-p", "no:cacheprovider", *files], plugins=[recorder])
    measured.stop()
    measured.save()
    os.replace(f"{name}.part", f"{name}.db")
    passed = {test: s for test, s in recorder.seconds.items() if test not in recorder.failed}
    name.with_suffix(".json").write_text(json.dumps(passed))


def unmeasured(folder):
    """The test files that have not been measured, in a list for each folder: what `cover` is called with."""
    known = {test.partition("::")[0] for file in _measured(folder) for test in json.loads(file.read_text())}
    found = defaultdict(list)
    for path in sorted((folder / "copy" / "tests").rglob("test_*.py")):
        name = path.relative_to(folder / "copy")
        if str(name) not in known and not {*name.parts[1:-1], name.stem} & set(LEFT_OUT):
            found["/".join(name.parts[:2])].append(str(name))
    return list(found.values())


def forget(folder, files):
    """What was measured of these test files is not believed any more."""
    for kept in _measured(folder):
        seconds = json.loads(kept.read_text())
        kept.write_text(json.dumps({test: s for test, s in seconds.items() if test.partition("::")[0] not in files}))


def _measured(folder):
    return sorted((folder / "coverage").glob("*.json"))


class Choice:
    """Tests by line, out of folder/coverage/."""

    def __init__(self, folder):
        self.copy = folder / "copy"
        self.seconds = {}
        for file in _measured(folder):
            self.seconds |= json.loads(file.read_text())
        self.data = []
        for file in sorted((folder / "coverage").glob("*.db")):
            self.data.append(coverage.CoverageData(str(file)))
            self.data[-1].read()
        self.of_file = defaultdict(list)
        for test in self.seconds:
            self.of_file[test.partition("::")[0]].append(test)
        self._lines = {}

    def lines(self, path):
        """{line: tests that run it}; what a fixture runs, all tests of the fixture's file may look at."""
        if path not in self._lines:
            found = defaultdict(set)
            for data in self.data:
                for measured in data.measured_files():
                    if measured.endswith(f"/{path}"):
                        for line, contexts in data.contexts_by_lineno(measured).items():
                            for context in filter(None, contexts):
                                test, _, phase = context.rpartition("|")
                                every = self.of_file[test.partition("::")[0]] if phase == "setup" else [test]
                                found[line].update(every)
            self._lines[path] = found
        return self._lines[path]

    def of(self, path, line):
        """(tests, covered): those that run the statement of that line, covered where there are any.

        Where an import runs it, those that run the module or mirror its folder. The tests of the file's name come
        first, then those that name it, of each the quickest first. What runs in a process of its own has the tests that
        start it (APART), wherever in it the line stands.
        """
        lines = self.lines(path)
        first, last = _statement((self.copy / path).read_text(), line)
        tests = set().union(*(lines[n] for n in range(first, last + 1) if n in lines)) & set(self.seconds)
        inside = _in_function((self.copy / path).read_text(), line)
        apart = {test for place, files in APART.items() if path.startswith(place) for test in self._of_files(files)}
        tests |= apart
        if tests and (inside or apart):
            return sorted(tests, key=lambda test: self._order(path, test)), True
        tests = {test for test in self.seconds if test.startswith(self._mirror(path))}.union(*lines.values())
        return sorted(tests & set(self.seconds), key=lambda test: self._order(path, test)), bool(lines) and not inside

    def _of_files(self, files):
        return [test for file in files for test in self.of_file[file]]

    def _mirror(self, path):
        folder = Path(path).parent
        return f"tests/{'course' if folder.parts[0] == 'course' else '/'.join(folder.parts[1:])}/"

    def _order(self, path, test):
        file = test.partition("::")[0]
        named = Path(file).stem == f"test_{Path(path).stem}"
        told = not named and Path(path).stem in self._text(file)
        return (0 if named else 1 if told else 2, self.seconds[test])

    def _text(self, file, texts={}):  # noqa: B006  one for all
        if file not in texts:
            texts[file] = ""
            with contextlib.suppress(OSError):
                texts[file] = (self.copy / file).read_text()
        return texts[file]


def _in_function(source, line):
    """Does the line stand in the body of a function, which runs when that is called?"""
    functions = [
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return any(node.body[0].lineno <= line <= node.end_lineno for node in functions)


def _statement(source, line):
    """(first, last) line of the innermost statement of that line; of a function's head: of its body."""
    best = None
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt | ast.excepthandler | ast.match_case) and hasattr(node, "lineno"):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if isinstance(body, list) and body else node.end_lineno
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
            if first <= line <= max(last, first) and (best is None or first >= best[0]):
                inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                best = (first, node.end_lineno if inside else max(last, first))
    return best or (line, line)
