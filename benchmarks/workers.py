"""Processes that measure, seen from the one that asks; and revisions of the project in folders of their own."""

import contextlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np

from gca_scratch.support.errors import InputError

ROOT = Path(__file__).resolve().parents[1]


class WorkerFailed(InputError):
    """A process could not answer."""


class Worker:
    """A `worker.py` on the package in the folder `root`."""

    def __init__(self, root=ROOT):
        self.errors = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115  open as long as the process
        self.process = subprocess.Popen(
            [sys.executable, "-P", Path(__file__).with_name("worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(root)},
        )

    def send(self, ask, **arguments):
        """Ask without waiting; `receive` must follow."""
        with contextlib.suppress(BrokenPipeError):  # `receive` says why
            print(json.dumps({"ask": ask, **arguments}), file=self.process.stdin, flush=True)

    def receive(self):
        """The answer; WorkerFailed where there is none."""
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            last = (self.errors.read().strip().splitlines() or ["it said nothing"])[-1]
            raise WorkerFailed(f"a process that measures has ended with exit code {self.process.wait()}: {last}")
        said = json.loads(line)
        if "error" in said:
            raise WorkerFailed(said["error"])
        return said["answer"]

    def ask(self, ask, **arguments):
        """Send and receive."""
        self.send(ask, **arguments)
        return self.receive()

    def close(self):
        """End the process."""
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def sizes(case):
    """The arguments of the network of a case, as every revision takes them."""
    network = case.network()
    names = ("joints", "frames", "channels", "classes", "hidden", "iterations", "initial")
    return [getattr(network, name) for name in names]


def save(file, params, problem):
    """Parameters and a batch (x, y, masks) as a file that workers read."""
    x, y, masks = problem
    arrays = {f"p.{name}": p for name, p in params.items()} | {f"m.{name}": mask for name, mask in masks.items()}
    np.savez(file, x=x, y=y, **arrays)


def outcome(file):
    """What a worker wrote for an engine: logits, and (loss, gradients) or None."""
    with np.load(file) as arrays:
        gradients = {name.removeprefix("d."): arrays[name] for name in arrays if name.startswith("d.")}
        return arrays["logits"], (float(arrays["loss"]), gradients) if gradients else None


def unpack(revision, folder):
    """The files of a revision of this project, put into `folder`. InputError where git does not know it."""
    command = ["git", "-C", ROOT, "archive", "--format=tar", f"{revision}^{{commit}}", "gca_scratch", "benchmarks"]
    try:
        done = subprocess.run(command, capture_output=True)
    except FileNotFoundError:
        raise InputError("--against needs git, which is not installed") from None
    if done.returncode:
        said = (done.stderr.decode(errors="replace").strip().splitlines() or ["?"])[0]
        raise InputError(
            f"--against {revision}: git cannot read that revision of {ROOT} ({said}); name a commit that `git log` "
            "shows and that has a folder benchmarks"
        )
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as files:
        files.extractall(folder, filter="data")
    return Path(folder)
