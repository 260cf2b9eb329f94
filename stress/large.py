"""Trains on a data set of NTU RGB+D's size from a memory-mapped file: `python stress/large.py`.

56,578 sequences of synthetic joints are written in the neutral format. Their lengths, labels, people and cameras are
those of NTU RGB+D where GCA_SCRATCH_DATA names a folder with ntu/ntu_lengths.npz, and else drawn (LENGTHS). A process
of its own then trains on them, with the settings of the paper, for STEPS steps, and is watched: the seconds up to its
first batch, its memory that is not the mapped file's (RssAnon), the part of a step that goes into preparing a batch.
The figures are printed, and written to the file --page; the exit code is 1 if a limit is missed. It takes 5.8 GB of
disk for a moment, 2.9 GB after that, and leaves nothing there.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from array import array
from dataclasses import replace
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from gca_scratch import runs, training
from gca_scratch.data import neutral
from gca_scratch.data.readers import ntu
from gca_scratch.settings import PRESETS

SEQUENCES = 56_578
LENGTHS = (4.371, 0.343, 32, 300)  # mean and deviation of the logarithm (normal), least and most frames: fitted to NTU
TWO_PERSONS = 49  # the first label of the actions that two people share
STEPS, WARM_UP = 200, 20
MOST_START, MOST_MEMORY, MOST_SHARE, MOST_GROWTH = 10.0, 1.5e9, 0.10, 0.02  # seconds, bytes, of a step, of the memory
SETTINGS = replace(PRESETS["paper"], mode="direct", epochs=1, validation=0)  # all attention iterations in every step


# --- the data ---------------------------------------------------------------------------------------------------------


def facts():
    """Length, label, subject, view, setup and repetition of every sequence, and in a word where they are from."""
    file = Path(os.environ.get("GCA_SCRATCH_DATA", "")) / "ntu" / "ntu_lengths.npz"
    if file.is_file():
        with np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name].astype(np.int64) for name in arrays.files}, "those of NTU RGB+D"
    rng = np.random.default_rng(0)
    mean, deviation, least, most = LENGTHS
    length = np.exp(rng.normal(mean, deviation, SEQUENCES)).round().clip(least, most).astype(np.int64)
    numbers = {"label": (0, 60), "subject": (1, 41), "view": (1, 4), "setup": (1, 18), "repetition": (1, 3)}
    drawn = {name: rng.integers(low, high, SEQUENCES) for name, (low, high) in numbers.items()}
    return {"length": length} | drawn, f"drawn, exp(normal({mean}, {deviation})) from {least} to {most} frames"


def write(file):
    """Write the data in the neutral format, one sequence in memory at a time; returns where its lengths are from."""
    known, origin = facts()
    offsets = np.concatenate([[0], np.cumsum(known["length"])])
    rng = np.random.default_rng(1)
    pose = rng.normal(0, 0.4, (25, 3)) + (0, 0, 3)  # metres
    reach = rng.normal(0, 0.15, (60, 2, 25, 3))  # of every joint of both persons, in every action
    scratch = file.with_suffix(".npy")
    joints = np.lib.format.open_memmap(scratch, "w+", np.float32, (int(offsets[-1]), 2, 25, 3))
    for n, (label, length) in enumerate(zip(known["label"], known["length"], strict=True)):
        persons = 1 + (label >= TWO_PERSONS)
        swing = np.sin(np.linspace(0, 2 * np.pi * (1 + label % 5), length) + rng.uniform(0, 6))
        x = pose + rng.normal(0, 0.3, 3) + swing[:, None, None, None] * reach[label, :persons]
        x += 0.01 * rng.standard_normal(x.shape, np.float32) + np.arange(persons)[:, None, None]
        joints[offsets[n] : offsets[n + 1], :persons] = x
    columns = {name: known[name].astype(np.int16) for name in ("label", "subject", "view", "setup", "repetition")}
    name = [
        "S{setup:03}C{view:03}P{subject:03}R{repetition:03}A{action:03}".format(
            **{key: int(values[n]) for key, values in columns.items()}, action=columns["label"][n] + 1
        )
        for n in range(len(offsets) - 1)
    ]
    edges = np.array(ntu.LAYOUT.edges, np.int16)
    about = {"class_names": ntu.CLASS_NAMES, "joint_names": ntu.LAYOUT.joint_names, "edges": edges}
    neutral.save(file, neutral.Skeletons(joints=joints, offsets=offsets, name=np.array(name), **columns, **about))
    del joints
    scratch.unlink()
    return origin


def forget(file):
    """Have the system read the file from the disk the next time."""
    with open(file, "rb") as handle:
        os.fsync(handle.fileno())
        os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


# --- the training -----------------------------------------------------------------------------------------------------


def anonymous():
    """Bytes of this process's memory that are no file's."""
    return 1024 * int(re.search(r"RssAnon:\s+([0-9]+)", Path("/proc/self/status").read_text())[1])


class Watched:
    """The aligned sequences; notes when each batch was asked for and handed out, and the memory in between."""

    def __init__(self, aligned):
        self.aligned, self.times, self.memory = aligned, [], array("d")  # compact, for it is measured with the rest

    def batch(self, *arguments):
        began = time.monotonic()
        batch = self.aligned.batch(*arguments)
        self.times.append((began, time.monotonic()))
        return batch

    def look(self):
        """Note time and memory ten times a second, for ever: for a thread that ends with the process."""
        while True:
            self.memory.extend((time.monotonic(), anonymous()))
            time.sleep(0.1)


def train(file, steps, started):
    """Train for so many steps on sequences from all over the file; what was measured, with the time since `started`."""
    source = runs.Source("npz", file, "cross-subject")
    data = runs.load_data(source)
    neutral.fingerprint(data)  # as a run does, to go on with the same data alone
    split = runs.make_split(data, source, SETTINGS)
    network = split.network(SETTINGS)
    state = training.start(network, SETTINGS)
    watched = Watched(split.aligned)
    threading.Thread(target=watched.look, daemon=True).start()
    chosen = np.random.default_rng(2).choice(split.fit, steps * SETTINGS.batch_size, replace=False)
    training.train(network, state, watched, chosen, split.validate[:0], SETTINGS)
    began, ended = np.array(watched.times).T
    measured = {"start": ended[0] - started, "loss": state.history[-1]["train_loss"], "steps": len(began)}
    measured["threads"] = max(library["num_threads"] for library in threadpool_info())
    if steps > WARM_UP:
        when, memory = np.array(watched.memory[: len(watched.memory) // 2 * 2]).reshape(-1, 2).T
        measured |= {
            "step": np.median(np.diff(began)[1:]),
            "batch": np.median((ended - began)[1:]),
            "memory": memory.max(),
            "quarters": [np.median(part) for part in np.array_split(memory[when >= began[WARM_UP]], 4)],
        }
    return {name: np.asarray(value).tolist() for name, value in measured.items()}


def trained(file, steps):
    """What `train` measures in a process of its own, with the start of that process."""
    command = [sys.executable, __file__, "--steps", str(steps), "--train", str(file), str(time.monotonic())]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])


# --- the report -------------------------------------------------------------------------------------------------------


def processor():
    """Its name, and how many cores there are."""
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return f"{found[1] if found else platform.processor()}, {os.cpu_count()} cores"


def report(size, seconds, origin, cold, warm):
    """The figures as a page, and the names of the limits that are missed."""
    share, quarters = warm["batch"] / warm["step"], warm["quarters"]
    growth = quarters[-1] / quarters[0] - 1
    each = ", ".join(f"{memory / 1e9:.3f}" for memory in quarters)
    rows = [  # what, measured, limit, kept
        ("start-up to the first batch, file in the page cache", f"{warm['start']:.1f} s", f"{MOST_START:.0f} s",
         warm["start"] < MOST_START),
        ("the same, file on the disk only", f"{cold['start']:.1f} s", f"{MOST_START:.0f} s",
         cold["start"] < MOST_START),
        ("memory beyond the mapped file, at most", f"{warm['memory'] / 1e9:.2f} GB", f"{MOST_MEMORY / 1e9:.1f} GB",
         warm["memory"] < MOST_MEMORY),
        (f"its median in each quarter of the steps after {WARM_UP}", f"{each} GB", "", True),
        ("its growth, first quarter to last", f"{growth:+.2%}", f"{MOST_GROWTH:.0%}", growth < MOST_GROWTH),
        ("a training step (median)", f"{warm['step']:.2f} s", "", True),
        ("preparing a batch (median)", f"{warm['batch'] * 1e3:.1f} ms", "", True),
        ("the same as a part of a step", f"{share:.2%}", f"{MOST_SHARE:.0%}", share < MOST_SHARE),
        ("training loss, mean of all steps (chance: 4.09)", f"{warm['loss']:.2f}", "finite", np.isfinite(warm["loss"])),
    ]  # fmt: skip
    lines = [
        "# Training on a data set of NTU RGB+D's size",
        "",
        f"{SEQUENCES:,} sequences of two persons and 25 joints with synthetic coordinates, in one file of the neutral",
        f"format ({size / 1e9:.2f} GB, written in {seconds:.0f} s); lengths, labels, people and cameras: {origin}.",
        f"Trained from the memory-mapped file for {warm['steps']} steps with the preset `paper` (batch "
        f"{SETTINGS.batch_size}, {SETTINGS.frames} frames, hidden",
        f"{SETTINGS.hidden}, {SETTINGS.iterations} attention iterations) in direct mode, cross-subject, by",
        "`python stress/large.py --page docs/tables/large.md`.",
        f"Processor: {processor()}; BLAS threads: {warm['threads']}. Its seconds are no benchmark.",
        "",
        "| | measured | limit |",
        "| --- | --- | --- |",
        *(f"| {what} | {figure} | {limit} |" for what, figure, limit, _ in rows),
    ]
    return "\n".join(lines) + "\n", [what for what, *_, kept in rows if not kept]


def main():
    """Write, train, report; the exit code says whether all limits are kept."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--folder", default=tempfile.gettempdir(), help="where to write the data")
    options.add_argument("--steps", type=int, default=STEPS, help=f"training steps (default: {STEPS})")
    options.add_argument("--page", help="file for the figures, too")
    options.add_argument("--train", nargs=2, help=argparse.SUPPRESS)  # a file, and when the process was started
    options = options.parse_args()
    if options.train:
        file, started = options.train
        print(json.dumps(train(file, options.steps, float(started))))
        return 0
    if shutil.disk_usage(options.folder).free < 7e9:
        sys.exit(f"{options.folder} has less than 7 GB of free disk; choose another --folder")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        file = Path(folder, "large.npz")
        began = time.monotonic()
        origin = write(file)
        seconds, size = time.monotonic() - began, file.stat().st_size
        forget(file)
        page, missed = report(size, seconds, origin, trained(file, 1), trained(file, options.steps))
    print(page)
    seconds = time.monotonic() - began
    print(f"{options.steps} steps, {seconds:.0f} s in all; limits missed: {', '.join(missed) or 'none'}")
    if options.page:
        Path(options.page).write_text(page, "utf-8")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
