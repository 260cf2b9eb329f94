"""Opens an .npz file of CTR-GCN's size and reads the first training batch of it: `python stress/large_npz.py`.

The file has the shapes of NTU60_CS.npz: x_train (40,091, 300, 150) and x_test (16,487, 300, 150), float32, with one-hot
labels, 10 GB in all. Its zeros are holes, so that it takes 6 GB of disk; those are gone in the end. A process of its
own opens it, once from the disk and once from the memory of the system, and reads BATCH sequences from all over the
training part: aligned, cut into 20 frames. The seconds from the start of that process to the batch and its largest
memory are printed; the exit code is 1 if a limit is missed. With --convert the whole file is converted, too, and that
is timed.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np

from gca_scratch.data.alignment import align
from gca_scratch.data.readers import convert, ctrgcn
from gca_scratch.data.readers.recording import assemble
from gca_scratch.settings import PRESETS

ROWS = {"train": 40_091, "test": 16_487}
FRAMES, NUMBERS, CLASSES = 300, 150, 60
BATCH = 100
MOST_SECONDS, MOST_MEMORY = 10.0, 1e9


class Sparse:
    """A file in which blocks of zeros are not written but left out."""

    def __init__(self, file):
        self.file = file

    def write(self, content):
        """Write the bytes, or go on behind them where all are zeros."""
        if len(content) > 4096 and not any(memoryview(content).cast("B")[:: len(content) // 64]) and not any(content):
            self.file.seek(len(content), os.SEEK_CUR)
        else:
            self.file.write(content)
        return len(content)

    def __getattr__(self, name):
        return getattr(self.file, name)


def write(path):
    """The file, row by row: sequences of 20 to 300 frames, most of one person."""
    rng = np.random.default_rng(0)
    pool = rng.normal(0, 0.3, (50, FRAMES, NUMBERS)).astype(np.float32)
    pool[::2, :, 75:] = 0
    zeros = bytes(4 * FRAMES * NUMBERS)
    with open(path, "wb") as file, zipfile.ZipFile(Sparse(file), "w") as archive:
        for part, count in ROWS.items():
            with archive.open(f"x_{part}.npy", "w", force_zip64=True) as member:
                header = {"descr": "<f4", "fortran_order": False, "shape": (count, FRAMES, NUMBERS)}
                np.lib.format.write_array_header_1_0(member, header)
                for row, length in enumerate(rng.integers(20, FRAMES + 1, count).tolist()):
                    content = pool[row % len(pool), :length].tobytes()
                    member.write(content)
                    member.write(zeros[len(content) :])
            with archive.open(f"y_{part}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.eye(CLASSES)[rng.integers(0, CLASSES, count)])
        file.truncate(file.tell())


def first_batch(path, started):
    """Open the file, read the batch; the seconds since `started` after either, and the memory at most."""
    found = ctrgcn.open_collection(path)
    opened = time.monotonic() - started
    settings = PRESETS["paper"]
    chosen = np.random.default_rng(1).choice(ROWS["train"], BATCH, replace=False)
    recordings = [ctrgcn.read_item(found.items[row]) for row in chosen]
    read = time.monotonic() - started
    aligned = align(assemble(recordings, found.class_names, found.layout, path, found.meaning), face_camera=True)
    x, label = aligned.batch(np.arange(BATCH), settings.frames, settings, np.random.default_rng(2))
    assert x.shape == (BATCH, settings.frames, 25, 6) and np.isfinite(x).all() and label.shape == (BATCH,)
    peak = 1024 * int(re.search(r"VmHWM:\s+([0-9]+)", Path("/proc/self/status").read_text())[1])
    return {"opened": opened, "read": read, "batch": time.monotonic() - started, "memory": peak}


def measured(path):
    """What `first_batch` measures in a process of its own, with the start of that process."""
    command = [sys.executable, __file__, "--read", str(path), str(time.monotonic())]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])


def main():
    """Write, read, report; the exit code says whether all limits are kept."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--folder", default=tempfile.gettempdir(), help="where to write the data")
    options.add_argument("--convert", action="store_true", help="convert the whole file, too")
    options.add_argument("--read", nargs=2, help=argparse.SUPPRESS)  # a file, and when the process was started
    options = options.parse_args()
    if options.read:
        print(json.dumps(first_batch(Path(options.read[0]), float(options.read[1]))))
        return 0
    if shutil.disk_usage(options.folder).free < 11e9:
        sys.exit(f"{options.folder} has less than 11 GB of free disk; choose another --folder")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path, began = Path(folder, "NTU60_CS.npz"), time.monotonic()
        write(path)
        stat = path.stat()
        seconds, sizes = time.monotonic() - began, (stat.st_size / 1e9, stat.st_blocks * 512 / 1e9)
        print(f"written in {seconds:.0f} s: {sizes[0]:.1f} GB, {sizes[1]:.1f} GB of them on the disk", flush=True)
        with open(path, "rb") as handle:
            os.fsync(handle.fileno())
            os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        missed = False
        for what in ("from the disk", "again"):
            found = measured(path)
            missed |= found["batch"] > MOST_SECONDS or found["memory"] > MOST_MEMORY
            print(
                f"{what}: opened after {found['opened']:.2f} s, {BATCH} sequences read after {found['read']:.2f} s, "
                f"first batch after {found['batch']:.2f} s (limit {MOST_SECONDS:.0f}); at most "
                f"{found['memory'] / 1e9:.2f} GB of memory (limit {MOST_MEMORY / 1e9:.0f})",
                flush=True,
            )
        if options.convert:
            began = time.monotonic()
            done = convert.convert("ctrgcn", path, Path(folder, "ntu.npz"), show=False)
            print(f"converted {done.sequences} sequences, {done.frames} frames, in {time.monotonic() - began:.0f} s")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
