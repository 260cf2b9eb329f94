"""The release gate: a student version from a clean checkout works, fails at its blanks alone and leaks nothing.

`main` lays out a clean copy of the repository and runs this module inside it for each assignment; `check` does it.
"""

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from gca_scratch.support.errors import InputError
from gca_scratch.support.exit_code import exit_code

from ..manifest import ROOT, all_ids, later, load
from . import leaks, pairs, release, walks

PLAIN = {".py", ".md", ".txt", ".json", ".ipynb", ""}  # no ending: Makefile, LICENSE
NUMBERS = {"checks/expected.npz", "data.npz"}
IMPORT_ALL = """
import importlib, pkgutil, gca_scratch
for module in pkgutil.walk_packages(gca_scratch.__path__, "gca_scratch."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(gca_scratch.__file__)
"""


def main(ids, working_tree=False, all_pairs=False):
    """Check the assignments of these ids in a clean copy of the repository; 0, or 1 when anything is wrong.

    all_pairs: hand in every folder for every later assignment, too; without it, that of A1 alone.
    """
    with tempfile.TemporaryDirectory(prefix="release-check-") as folder:
        tree = Path(folder)
        _lay_out(tree, working_tree)
        failed = []
        for id in ids:
            more = ["--all-pairs"] if all_pairs else []
            if _python(["-m", "course.releasing.release_check", id, *more], tree, capture=False).returncode:
                failed.append(id)
    print(f"not fit to be handed out: {', '.join(failed)}" if failed else f"fit to be handed out: {', '.join(ids)}")
    return int(bool(failed))


def check(manifest, folder, root=ROOT, log=print, handed_in=()):
    """Sentences on all that is wrong with an assignment; student versions are built in `folder`.

    handed_in: later assignments that the folder is handed in for.
    """
    folder, problems = Path(folder), []

    def report(what, found):
        log(f"{'WRONG' if found else 'ok   '}  {what}")
        problems.extend(found)

    student = release.release(manifest, folder / "student", "somebody", root=root)
    solved = release.release(manifest, folder / "solved", "somebody", solved=True, root=root)
    files = sum(path.is_file() for path in student.rglob("*"))
    report("no compiled file, no stored output, nothing that is withheld from students", litter(student))
    pieces = [*leaks.search(manifest, student, Path(root)), *walks.search(manifest, student, Path(root))]
    report(f"no piece of a solution in {files} files", pieces)
    report("no piece of a solution of a later assignment", pairs.texts(manifest, student, root))
    report("no piece of a solution in a tutorial", leaks.in_tutorials(manifest, Path(root)))
    report("no tutorial walks as a solution does, or computes an answer", walks.in_tutorials(manifest, Path(root)))
    report("every module can be imported", _imports(student))
    report("it stops exactly at the blanks", _stops(manifest, folder, student, root))
    report("as it is handed out it scores 0", _graded(manifest, student, 0))
    by_grader, by_hand = (sum(part.points for part in parts) for parts in (manifest.tasks, manifest.questions))
    what = f"solved it scores {by_grader}, and {by_hand} are given by hand: {by_grader + by_hand}"
    report(what, _graded(manifest, solved, by_grader))
    names = ", ".join(other.id for other in (manifest, *handed_in))
    report(f"what lies in the folder scores 0 for {names}", pairs.worth(manifest, student, handed_in))
    return problems


def litter(folder):
    """Sentences on files that do not belong into a student's folder."""
    problems = []
    for path in sorted(folder.rglob("*")):
        file = path.relative_to(folder)
        if path.is_symlink() or path.name.startswith(".") or "__pycache__" in file.parts:
            problems.append(f"{file} does not belong into a student's folder")
        elif not path.is_file() or file.as_posix() in NUMBERS:
            continue
        elif path.suffix not in PLAIN or b"\0" in path.read_bytes():
            problems.append(f"{file} is no plain text")
        elif path.suffix == ".ipynb":
            cells = json.loads(path.read_text("utf-8"))["cells"]
            if any(cell.get("outputs") or cell.get("execution_count") for cell in cells):
                problems.append(f"{file} has stored outputs")
    return problems


def _imports(student):
    """Is every module of the student's package importable, and is it the student's?"""
    done = _python(["-c", IMPORT_ALL], student)
    if done.returncode:
        return [f"the student version cannot be imported: {_last(done.stderr)}"]
    place = Path(done.stdout.split()[-1]).resolve().parent.parent
    return [] if place == student.resolve() else [f"{place} was imported in place of the student version"]


def _stops(manifest, folder, student, root):
    """Does every task stop at its own blank, and the others only where they need that one?"""
    problems, tasks = [], [task.id for task in manifest.tasks]
    for blanks in (None, [], *([id] for id in tasks)):
        place = student
        if blanks is not None:
            name = "-".join(["without", *blanks])
            place = release.release(manifest, folder / name, blanks=blanks, root=root)
        done = _python(["-m", "checks", "--json"], place)
        if done.returncode:
            return [*problems, f"its tests do not run: {_last(done.stderr)}"]
        for id, found in json.loads(done.stdout).items():
            if found["status"] == "right" and blanks is not None and id not in blanks:
                continue
            if found["status"] == "blank" and found["blank"] in (tasks if blanks is None else blanks):
                continue
            said = "; ".join(found["lines"])
            problems.append(f"with blanks in {'all' if blanks is None else blanks}, {id} is {found['status']}: {said}")
    return problems


def _graded(manifest, place, wanted):
    """Does the submission packed in this folder get so many points from the grader?"""
    from ..grading import fence, grade

    done = _python(["-m", "checks", "--submit"], place)
    packed = [path for path in place.glob("*-submission.zip") if zipfile.is_zipfile(path)]
    if done.returncode or len(packed) != 1:
        return [f"nothing could be packed: {_last(done.stdout + done.stderr)}"]
    patient = fence.Limits(cpu_seconds=1000, seconds=None)  # a busy machine makes no solution wrong
    results = grade.grade(packed[0], manifest, "somebody", patient)
    points = sum(test["score"] for test in results["tests"])
    if abs(points - wanted) < 1e-6:
        return []
    return [f"the grader gives {points:g} points where {wanted} belong: {results['output']}"]


def _lay_out(tree, working_tree):
    """The last commit, or the files as they are now, in an empty folder."""
    changed = _git("status", "--porcelain").decode().splitlines()
    if working_tree:
        for file in _git("ls-files", "-z", "--cached", "--others", "--exclude-standard").decode().split("\0"):
            if file and (ROOT / file).is_file():
                (tree / file).parent.mkdir(parents=True, exist_ok=True)
                (tree / file).write_bytes((ROOT / file).read_bytes())
        print(f"the working tree is checked, {len(changed)} changes that are not committed included")
        return
    if changed:
        print(
            f"the last commit is checked; {len(changed)} changes that are not committed are left out (--working-tree)"
        )
    with tarfile.open(fileobj=io.BytesIO(_git("archive", "HEAD"))) as archive:
        archive.extractall(tree, filter="data")
    if not (tree / "course" / "releasing" / "release_check.py").is_file():
        raise InputError("the last commit has no course yet; commit it, or check the files as they are: --working-tree")


def _git(*arguments):
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True)
    if done.returncode:
        raise InputError(f"git {arguments[0]} failed ({_last(done.stderr.decode())}); run this inside the repository")
    return done.stdout


def _python(arguments, folder, capture=True):
    """Python in that folder, with its modules before all others, leaving no compiled file behind."""
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder), "MPLBACKEND": "agg"}
    return subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=capture, text=True)


def _last(text):
    return (text.strip().splitlines() or ["no reason given"])[-1]


def _one(id, all_pairs):
    """Check one assignment where this module lies."""
    manifest = load(id)
    print(f"{id}  {manifest.title}", flush=True)
    with tempfile.TemporaryDirectory(prefix="student-") as folder:
        handed_in = later(id) if all_pairs or id == all_ids()[0] else ()
        problems = check(manifest, folder, log=lambda line: print(f"    {line}", flush=True), handed_in=handed_in)
    for problem in problems:
        print(f"    {problem}", flush=True)
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(exit_code(lambda: _one(sys.argv[1], "--all-pairs" in sys.argv), "course"))
