"""A class of more than 200: solutions, blanks, every planted bug, hostile code; graded twice, the grader killed once.

Five assignments, five folders of submissions. Each is graded by the command that an instructor types; the first time it
is killed on the way and started again. Nothing may be lost, and both times must give the same bytes.
"""

import csv
import os
import signal
import subprocess
import sys
import time

import pytest

from course.bugs import mutants
from course.manifest import ROOT, all_ids, load
from course.releasing import release
from course.results import table
from tests.course.test_fence import HOSTILE

JOBS = 2
KILLED_AFTER = 5  # submissions
ENVIRONMENT = os.environ | {"OPENBLAS_NUM_THREADS": "1"}


def write(folder, manifest, changed=None, text=None):
    """A submission: the assignment's files, of which one may have another text."""
    for file in manifest.files:
        place = folder / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text if file == changed else (ROOT / file).read_text("utf-8"), "utf-8")


def write_class(folder, manifest):
    """Write every kind of submission; returns their names by kind."""
    names = {"solution": ["solution"], "blank": ["blank"], "bug": [], "hostile": []}
    drivers = {driver for task in manifest.tasks for driver in task.drivers}
    write(folder / "solution", manifest)
    for file in manifest.files:
        place = folder / "blank" / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(release.blanked(manifest, file), "utf-8")
    for bug in mutants.load():
        if bug.qualified in manifest.functions and (bug.equation != "Eq. 7" or "gated_cell" in drivers):  # asked for it
            file = f"gca_scratch/{bug.file}"
            write(folder / f"bug {bug.name}", manifest, file, bug.apply((ROOT / file).read_text("utf-8")))
            names["bug"].append(f"bug {bug.name}")
    if "gca_scratch.network.ops.sigmoid_backward" in manifest.functions:
        outside, solution = folder.parent / "owned", ROOT / "gca_scratch" / "network" / "ops.py"
        for what, (body, _) in HOSTILE.items():
            for mark, path in (("{outside}", outside), ("{folder}", folder), ("{solution}", solution)):
                body = body.replace(mark, str(path))
            lines = "".join(f"    {line}\n" for line in body.splitlines())
            name = f"hostile {what}"
            write(folder / name, manifest, "gca_scratch/network/ops.py", f"def sigmoid_backward(dy, y):\n{lines}")
            names["hostile"].append(name)
    return names


def command(folder, id, out):
    return [
        sys.executable, "-m", "course", "grade-all", str(folder), "--assignment", id, "--out", str(out),
        "--jobs", str(JOBS), "--cpu-seconds", "20",
    ]  # fmt: skip


def kill_on_the_way(folder, id, out):
    """Start grading, kill all of it when some are graded."""
    grader = subprocess.Popen(
        command(folder, id, out), cwd=ROOT, env=ENVIRONMENT, start_new_session=True, stderr=subprocess.DEVNULL
    )
    while grader.poll() is None and len(list(out.with_suffix("").glob("results/*.json"))) < KILLED_AFTER:
        time.sleep(0.02)
    assert grader.poll() is None, "the grader was done before it could be killed"
    os.killpg(grader.pid, signal.SIGKILL)
    grader.wait()
    assert not out.exists()


def graded(folder, id, out):
    """Grade the class to its end; returns the table's rows by student, and every byte that was written."""
    subprocess.run(command(folder, id, out), cwd=ROOT, env=ENVIRONMENT, check=True, stderr=subprocess.DEVNULL)
    rows = {row["student"]: row for row in csv.DictReader(out.read_text("utf-8-sig").splitlines())}
    assert rows.pop(table.MAXIMUM)["score"] == "100"
    place = out.with_suffix("")
    written = {path.relative_to(place): path.read_bytes() for path in place.rglob("*") if path.is_file()}
    return rows, written | {"table": out.read_bytes()}


@pytest.mark.parametrize("id", all_ids())
def test_a_class_is_graded_twice_alike_and_a_killed_grader_goes_on(id, tmp_path):
    manifest, folder = load(id), tmp_path / "class"
    names = write_class(folder, manifest)
    kill_on_the_way(folder, id, tmp_path / "once.csv")
    rows, once = graded(folder, id, tmp_path / "once.csv")
    began = time.perf_counter()
    _, again = graded(folder, id, tmp_path / "again.csv")
    seconds = time.perf_counter() - began
    assert once == again

    students = [name for kind in names.values() for name in kind]
    assert sorted(rows) == sorted(students)
    points = sum(task.points for task in manifest.tasks)
    assert float(rows["solution"]["code"]) == points and float(rows["blank"]["code"]) == 0
    escaped = [name for name in names["bug"] if float(rows[name]["code"]) == points]
    assert not escaped, f"full points for {escaped}"
    for name in names["hostile"]:  # costs its own task, and no other
        others = points - manifest.functions["gca_scratch.network.ops.sigmoid_backward"].points
        assert others <= float(rows[name]["code"]) < points and rows[name]["remark"], rows[name]
    assert not (tmp_path / "owned").exists()
    counts = ", ".join(f"{len(kind)} {name}" for name, kind in names.items() if kind)
    print(f"{id}: {len(students)} submissions ({counts}) in {seconds:.0f} s, {JOBS} at a time")
