"""What tests of student versions share: to run a command in a student's folder, to solve tasks, to change a line."""

import os
import subprocess
import sys

from course.manifest import FOLDER
from course.releasing import release


def run(folder, *arguments):
    """Python in the student's folder, with its package before all others."""
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True)


def solve(folder, manifest, *tasks):
    """Put our own functions of these tasks into a student version, of all without any."""
    others = [task.id for task in manifest.tasks if tasks and task.id not in tasks]
    for file in manifest.files:
        (folder / file).write_text(release.blanked(manifest, file, others), "utf-8")


def plain_cell(folder):
    """Put the cell of A1 as a student writes it, without a score, into a student version."""
    place, plain = folder / "gca_scratch" / "network" / "cell.py", (FOLDER / "plain_cell.py").read_text("utf-8")
    start = "def step_forward"
    place.write_text(place.read_text("utf-8").partition(start)[0] + start + plain.partition(start)[2], "utf-8")


def changed(path, old, new):
    """Replace a text of a file that must hold it."""
    text = path.read_text("utf-8")
    assert old in text, f"{path.name} no longer has {old!r}"
    path.write_text(text.replace(old, new), "utf-8")
