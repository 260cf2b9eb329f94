"""What tests of student versions share: to run a command in a student's folder, to solve tasks, to change a line."""

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

from course.manifest import FOLDER
from course.releasing import release

# Reads a request a line (folder, arguments, files for what is printed), answers with the exit status. Each request runs
# in a fork of its own, as `python ARGUMENTS` does in that folder; what takes long to import is there already.
WARM = """
import json, os, runpy, sys
import numpy, numpy.random, numpy.lib.format, zipfile, traceback, threadpoolctl

def carry_out(folder, arguments, files):
    for number, file in zip((1, 2), files):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.chdir(folder)
    sys.path[0] = folder
    kind, what, *rest = arguments
    sys.argv = [what, *rest]
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        sys.argv[0] = kind
        exec(compile(what, "<string>", "exec"), sys.modules["__main__"].__dict__ | {"__name__": "__main__"})

for line in sys.stdin:
    child = os.fork()
    if not child:
        sys.stdin = open(os.devnull)
        carry_out(*json.loads(line))
        sys.exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@functools.cache
def _warm():
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    python = subprocess.Popen(
        [sys.executable, "-c", WARM], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    atexit.register(python.communicate)  # no more requests: it ends
    return python


def run(folder, *arguments):
    """`python ARGUMENTS` (-m or -c) in the student's folder, with its package before all others."""
    files = [folder.with_name(f"{folder.name}.{name}") for name in ("out", "err")]
    python = _warm()
    print(json.dumps([str(folder), arguments, list(map(str, files))]), file=python.stdin, flush=True)
    code = int(python.stdout.readline())
    out, err = (file.read_text("utf-8") for file in files)
    return SimpleNamespace(returncode=code, stdout=out, stderr=err)


def copied(version, manifest, place):
    """A copy of a student version that a test may change, where a student may; all else are links to the version."""
    edited = {*manifest.files, "answers.md", f"{manifest.id}.ipynb"}

    def copy(file, to):
        (shutil.copy if os.path.relpath(file, version) in edited else os.link)(file, to)

    return shutil.copytree(version, place, copy_function=copy)


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
