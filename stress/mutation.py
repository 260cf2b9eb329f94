"""Mutation testing: small changes of data, training, runs, figures, experiments, support and course, and who notices.

    python stress/mutation.py prepare FOLDER       copy the commit that is checked out, see which tests run which line
    python stress/mutation.py run FOLDER           change the copy, one place at a time, and run those tests; goes on
                                                   where it was stopped. --again: what survived, once more
    python stress/mutation.py check FOLDER         run the tests that caught something on the copy as it is: all pass
    python stress/mutation.py tests FOLDER         take the tests (no more) of the commit that is checked out now
    python stress/mutation.py table FOLDER...      write docs/tables/mutation.md, of folders with different packages

Changes are those of cosmic-ray and of mutation_operators.py. Of every package SAMPLE places are drawn with SEED, all if
it has fewer, and one change at each. Equivalent ones are named in equivalent_mutants.toml, each with its reason.
"""

import argparse
import ast
import contextlib
import difflib
import fcntl
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
import tomllib
import traceback
from collections import defaultdict
from pathlib import Path

import cosmic_ray.plugins
import mutation_operators
import mutation_table
from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_code
from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkItem, WorkResult
from mutation_choice import PACKAGES, Choice, Recorder, forget, unmeasured

SEED, SAMPLE = 22, 150
BUDGET = 20  # seconds of tests for one change, as they were measured
PYTEST = (
    "-x",
    "-q",
    "-p",
    "no:cacheprovider",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
)  # hypothesis is there
MEMORY = 12 << 30  # bytes that a change may make the tests take
NO_ANSWER = 99  # the exit code of a process whose pytest broke down
HERE = Path(__file__).resolve().parent
PLAIN = {"Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Div", "Mod_FloorDiv", "Pow_Mul", "BitOr_BitAnd",
         "BitAnd_BitOr", "BitXor_BitOr", "RShift_LShift", "LShift_RShift"}  # fmt: skip

cosmic_ray.plugins.OPERATOR_PROVIDERS["own"] = mutation_operators.Provider()


# --- which changes ----------------------------------------------------------------------------------------------------


def places(copy, package):
    """{(path, line, column, kind of operator): changes (MutationSpec) at that place} of a package."""
    found = defaultdict(list)
    for path in sorted((copy / PACKAGES[package]).rglob("*.py")):
        nodes = list(ast_nodes(get_ast_from_path(path)))
        for name in cosmic_ray.plugins.operator_names():
            kind, _, variant = name.rpartition("/")[2].partition("_")
            operator = cosmic_ray.plugins.get_operator(name)
            if operator.arguments() or (kind == "ReplaceBinaryOperator" and variant not in PLAIN):
                continue
            occurrence = -1
            for node in nodes:
                for start, end in operator().mutation_positions(node):
                    occurrence += 1
                    if not _in_annotation(node):
                        spec = MutationSpec(path.relative_to(copy), name, occurrence, start, end)
                        found[str(path.relative_to(copy)), *start, kind].append(spec)
    return found


def _in_annotation(node):
    while node.parent is not None:
        if node.parent.type in ("tfpdef", "annassign") and node is not node.parent.children[-1]:
            return True
        before = node.get_previous_sibling()
        if node.parent.type == "tfpdef" or (before is not None and before == "->"):
            return True
        node = node.parent
    return False


def changed(copy, spec):
    """(source, changed source) of the file of a change; the second is None where it is no program, or the same."""
    source = (copy / spec.module_path).read_text(encoding="utf-8")
    try:
        new = mutate_code(source, cosmic_ray.plugins.get_operator(spec.operator_name)(), spec.occurrence)
        same = new is None or ast.dump(ast.parse(new)) == ast.dump(ast.parse(source))
    except (AttributeError, SyntaxError):  # cosmic-ray 8.7 cannot replace an exception whose name has a dot
        new, same = None, True
    return source, None if same else new


def draw(copy, package):
    """(changes, number of places): SAMPLE places of a package, one change each, always the same ones."""
    rng = random.Random(f"{SEED} {package}")
    found = places(copy, package)
    order = sorted(found)
    rng.shuffle(order)
    chosen = []
    for place in order:
        spec = rng.choice(found[place])
        if changed(copy, spec)[1] is not None:
            chosen.append(spec)
        if len(chosen) == SAMPLE:
            break
    return chosen, len(found)


# --- running the tests ------------------------------------------------------------------------------------------------


def in_a_fork(work, cpu, log):
    """(exit code, by whom, seconds by test): `work(recorder)` in a fork; -1 where it takes more than `cpu` seconds.

    Seconds of the processor, or a hundred sleeps of 0.1 s for each: a busy machine is no matter.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        os.close(reading)
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (int(cpu), int(cpu) + 5))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        recorder, code = Recorder(), NO_ANSWER
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        try:
            code = int(work(recorder))
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            told = json.dumps({"failed": recorder.failed[:1], "seconds": recorder.seconds}).encode()
            os.write(writing, told if len(told) < 60_000 else b"{}")  # what a pipe holds
            os._exit(code)
    os.close(writing)
    ended, status = 0, signal.SIGKILL
    try:
        for _ in range(int(cpu) * 100):
            ended, found = os.waitpid(child, os.WNOHANG)
            if ended:
                status = found
                break
            time.sleep(0.1)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what it left behind, or itself
        if not ended:
            os.waitpid(child, 0)
    told = json.loads(os.read(reading, 60_000) or b"{}")
    os.close(reading)
    code = os.waitstatus_to_exitcode(status)
    return (-1 if code < 0 else code), (told.get("failed") or ["-"])[0], told.get("seconds", {})


def try_tests(folder, tests, seconds):
    """(caught, by whom, seconds by test): the tests in a forked process, the first failure ends it.

    Those of the first test's file come first, before the others are even collected.
    """
    import pytest

    def work(recorder, names=()):
        os.chdir(folder / "copy")
        file = tests[0].partition("::")[0]
        first = [test for test in tests if test.partition("::")[0] == file]
        others = [test for test in tests if test.partition("::")[0] != file]
        for group in filter(None, [names] if names else [first, others]):
            code = pytest.main([*PYTEST, *group], plugins=[recorder])
            if code != 0:
                break
        return code

    cpu = 20 + 6 * seconds
    code, by, took = in_a_fork(work, cpu, folder / "last.log")
    if code in (4, 5):  # names of tests that are made of what was changed are others now
        files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
        code, by, took = in_a_fork(lambda recorder: work(recorder, files), cpu + 60, folder / "last.log")
    if code == NO_ANSWER:
        raise RuntimeError(f"pytest broke down, see {folder / 'last.log'}")
    return code != 0, "(too long)" if code == -1 else by, took


def attempt(folder, choice, spec, budget):
    """WorkResult of one change."""
    copy = folder / "copy"
    source, new = changed(copy, spec)
    path = copy / spec.module_path
    tests, covered = choice.of(str(spec.module_path), spec.start_pos[0])
    kept, total = [], 0
    for test in tests:
        if kept and total + choice.seconds[test] > budget:
            break
        kept.append(test)
        total += choice.seconds[test] + 0.02
    caught, by = False, ""
    times = path.stat()
    try:
        path.write_text(new, encoding="utf-8")
        if kept:
            caught, by, took = try_tests(folder, kept, total)
            choice.seconds.update((test, s) for test, s in took.items() if test in choice.seconds)
    finally:
        path.write_text(source, encoding="utf-8")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    lines = difflib.unified_diff(source.splitlines(), new.splitlines(), n=0, lineterm="")
    return WorkResult(
        WorkerOutcome.NORMAL,
        json.dumps({"by": by, "covered": covered, "tests": len(kept), "of": len(tests)}),
        TestOutcome.KILLED if caught else TestOutcome.SURVIVED,
        "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@"))),
    )


def package_of(path):
    return next(name for name, folder in PACKAGES.items() if str(path).startswith(f"{folder}/"))


def prepare(folder):
    """folder/copy: a clone of the commit; folder/session.sqlite: what is to be done; folder/coverage: tests by line."""
    (folder / "coverage").mkdir(parents=True, exist_ok=True)
    if not (folder / "copy").exists():
        subprocess.run(["git", "clone", "-q", str(HERE.parent), str(folder / "copy")], check=True)
    if not (folder / "session.sqlite").exists():
        with use_db(folder / "session.sqlite") as session:
            total = {}
            for package in PACKAGES:
                chosen, total[package] = draw(folder / "copy", package)
                session.add_work_items(WorkItem.single(f"{package}-{i:03}", spec) for i, spec in enumerate(chosen))
        (folder / "places.json").write_text(json.dumps(total))
    os.environ["PYTHONPATH"] = str(folder / "copy")
    for files in unmeasured(folder):
        code = f"import sys; sys.path[:0] = [{str(HERE)!r}]; from pathlib import Path; import mutation_choice as m; "
        code += f"m.cover(Path({str(folder)!r}), {files!r})"
        subprocess.run([sys.executable, "-c", code], cwd=folder / "copy", check=True)


def into(folder):
    """Make folder/copy the program that is tested in this process; the lock to hold as long as it is."""
    import hypothesis  # noqa: F401  what every test imports, once for all
    import matplotlib.pyplot  # noqa: F401
    import numpy  # noqa: F401
    import pytest  # noqa: F401

    sys.dont_write_bytecode = True
    copy = str(folder / "copy")
    sys.path[:] = [copy, *(entry for entry in sys.path if Path(entry or ".").resolve() != HERE.parent)]
    os.environ |= {"PYTHONPATH": copy, "PYTHONDONTWRITEBYTECODE": "1"}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the file is as it was
    lock = open(folder / "lock", "w")  # noqa: SIM115  held as long as somebody has it
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"another run is at work in {folder}")
    subprocess.run(
        ["git", "checkout", "-q", "--", *set(PACKAGES.values())], cwd=copy, check=True
    )  # as after a power cut
    return lock


def run(folder, packages, again, budget):
    """Every change of these packages that has no result yet, or that survived."""
    lock = into(folder)  # noqa: F841
    choice = Choice(folder)
    with use_db(folder / "session.sqlite") as session:
        results = dict(session.results)
        equivalent = equivalents()
        for item in sorted(
            session.work_items, key=lambda item: item.job_id.partition("-")[::-1]
        ):  # all packages in turn
            spec, result = item.mutations[0], results.get(item.job_id)
            survived = result is not None and not result.is_killed
            if item.job_id[:-4] not in packages or (result is not None and not (again and survived)):
                continue
            if survived and (str(spec.module_path), result.diff) in equivalent:
                continue
            began = time.monotonic()
            result = attempt(folder, choice, spec, budget)
            session.set_result(item.job_id, result)
            told = json.loads(result.output)
            place, change = f"{spec.module_path}:{spec.start_pos[0]}", spec.operator_name.partition("/")[2]
            tests, seconds = f"{told['tests']}/{told['of']} tests", f"{time.monotonic() - began:.0f} s"
            print(item.job_id, place, change, result.test_outcome.value, told["by"], tests, seconds, flush=True)


def check(folder):
    """Every test that caught a change passes without one, or the command ends with the name of that which fails."""
    lock = into(folder)  # noqa: F841
    with use_db(folder / "session.sqlite") as session:
        caught = [json.loads(result.output)["by"] for _, result in session.results if result.is_killed]
    seconds = Choice(folder).seconds
    blamed = sorted(set(caught) & set(seconds))
    failed, by, _ = try_tests(folder, blamed, sum(seconds[test] for test in blamed))
    if failed:
        sys.exit(f"{by} fails without any change")
    print(f"{len(blamed)} tests caught {len(caught)} changes; all pass without one")


# --- what came of it --------------------------------------------------------------------------------------------------


def equivalents():
    """{(path, change): why nothing can notice it}"""
    listed = tomllib.loads((HERE / "equivalent_mutants.toml").read_text(encoding="utf-8"))
    return {(mutant["file"], mutant["change"].strip("\n")): mutant["why"] for mutant in listed.get("mutant", ())}


def take_tests(folder):
    """The tests that are committed now, in folder/copy; those of changed files are measured anew by `prepare`."""
    copy, here = folder / "copy", HERE.parent

    def git(*words, at=copy):
        return subprocess.run(["git", *words], cwd=at, check=True, capture_output=True, text=True).stdout

    commit = git("rev-parse", "HEAD", at=here).strip()
    git("fetch", "-q", str(here), commit)
    forget(folder, git("diff", "--name-only", commit, "--", "tests").split("\n"))
    git("checkout", "-q", commit, "--", "tests")
    (folder / "tests.txt").write_text(commit[:7])


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("prepare", "run", "check", "tests", "table"))
    parser.add_argument("folder", nargs="+", type=lambda name: Path(name).resolve(), help="table takes several")
    parser.add_argument("--package", action="append", choices=PACKAGES, help="only this one; may be given again")
    parser.add_argument("--again", action="store_true", help="run what survived once more")
    parser.add_argument(
        "--budget", type=float, default=BUDGET, help=f"seconds of tests for a change (default {BUDGET})"
    )
    asked = parser.parse_args(arguments)
    folder = asked.folder[0]
    if asked.what != "table" and len(asked.folder) > 1:
        parser.error(f"{asked.what} takes one folder")
    if asked.what == "prepare":
        prepare(folder)
    elif asked.what == "run":
        run(folder, asked.package or list(PACKAGES), asked.again, asked.budget)
    elif asked.what == "check":
        check(folder)
    elif asked.what == "tests":
        take_tests(folder)
    else:
        results = {}
        for one in asked.folder:
            with use_db(one / "session.sqlite") as session:
                items, results = session.work_items, results | dict(session.results)
        page = mutation_table.written(asked.folder, items, results, equivalents(), SEED, SAMPLE)
        (HERE.parent / "docs" / "tables" / "mutation.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
