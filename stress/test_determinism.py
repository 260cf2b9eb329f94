"""The same seed on the same CPU gives the same bits, whatever else is different: jobs, terminal, plots, hashes, memory.

    .venv/bin/python -m pytest stress/test_determinism.py

Nearly every run is `python -m gca_scratch` as it is. The matrix library may have two threads: where a batch is not cut
into parts their number is seen in the last bits, as is that of the cores; all folds and tables take one thread, so that
they give the same bits everywhere. Runs that are killed and resumed are in stress/test_crashes.py.
"""

import dataclasses
import json
import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.commands.main import main
from gca_scratch.data import neutral
from tests.helpers.crashing import KILLED, bits, command
from tests.helpers.tiny import TINY, skeletons

THREADS = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "2")
JOBS = (1, 2, 3)
SETTINGS = dataclasses.replace(TINY, hidden=32, frames=8, batch_size=8, epochs=3, patience=3, jitter=0.02, turn=20.0)
NETWORKS = {
    "gca": SETTINGS,
    "in parts": dataclasses.replace(SETTINGS, initial="feedforward", mode="direct", parts=3),
    "two-stream": dataclasses.replace(SETTINGS, network="two-stream", iterations=1, sharing="a"),
    "global-1": dataclasses.replace(SETTINGS, network="global-1", validation=0),
}
VARIATIONS = {
    "again": {},
    "other hashes": {"PYTHONHASHSEED": "1"},
    "and others": {"PYTHONHASHSEED": "2"},
    "memory full of ones": {"MALLOC_PERTURB_": "255"},  # what malloc gives is filled with the complement
    "memory full of large numbers": {"MALLOC_PERTURB_": "170"},
    "another allocator": {"PYTHONMALLOC": "malloc"},
    "without asserts": {"PYTHONOPTIMIZE": "1"},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with data and configurations."""
    folder = tmp_path_factory.mktemp("determinism")
    neutral.save(folder / "data.npz", skeletons(subjects=5))
    for name, settings in NETWORKS.items():
        runs.write_config(folder / f"{name}.toml", runs.Source("npz", "data.npz"), settings)
    return folder


@pytest.fixture(autouse=True)
def there(place, monkeypatch):
    monkeypatch.chdir(place)


def gca_scratch(*arguments, **environment):
    """Run the command line, and see it end well."""
    subprocess.run(
        [sys.executable, "-m", "gca_scratch", *map(str, arguments)], env=os.environ | THREADS | environment,
        check=True, capture_output=True, text=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def expected(place):
    """What each network comes to, with its standard output and error in pipes."""
    before = os.getcwd()
    os.chdir(place)
    for name in NETWORKS:
        gca_scratch("train", "--config", f"{name}.toml", "--out", f"whole {name}")
    found = {name: bits(f"whole {name}") for name in NETWORKS}
    os.chdir(before)
    return found


@pytest.mark.parametrize("name", NETWORKS)
def test_what_should_not_matter_does_not(name, expected, tell):
    for variation, environment in VARIATIONS.items():
        out = f"{variation} {name}"
        gca_scratch("train", "--config", f"{name}.toml", "--out", out, **environment)
        assert bits(out) == expected[name], variation
    tell(f"{name}: {len(VARIATIONS)} variations, the same bits")


def test_a_progress_bar_on_a_terminal(expected):
    """A bar that moves, one that is written to a file, and none that anybody sees."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    arguments = [sys.executable, "-m", "gca_scratch", "train", "--config", "gca.toml", "--out"]
    process = subprocess.Popen([*arguments, "tty"], stdout=theirs, stderr=theirs, env=os.environ | THREADS)
    os.close(theirs)
    shown = b""
    while True:
        try:
            shown += os.read(ours, 1000)
        except OSError:  # how a terminal says that nobody writes any more
            break
    os.close(ours)
    assert process.wait() == 0 and b"training step 2" in shown and shown.count(b"\r") > 3
    with open("bar.txt", "w") as file:
        subprocess.run([*arguments, "file"], stdout=file, stderr=file, env=os.environ | THREADS, check=True)
    subprocess.run(
        [*arguments, "null"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | THREADS, check=True
    )
    assert bits("tty") == bits("file") == bits("null") == expected["gca"]


def test_plots_drawn_on_the_way(monkeypatch):
    """Killed half-way, drawn, and resumed."""
    monkeypatch.setenv("MPLBACKEND", "agg")
    whole = command("train", "--config", "gca.toml", "--out", "undrawn")
    assert whole.code == 0
    assert command("train", "--config", "gca.toml", "--out", "drawn", kill=whole.moments // 2).code == KILLED
    for figure in ("convergence", "strip", "body", "scores", "gates"):
        gca_scratch("plot", figure, "drawn")
    assert len(list(Path("drawn").rglob("*.png"))) >= 5
    assert command("train", "--resume", "--out", "drawn").code == 0
    assert bits("drawn") == bits("undrawn")


def test_what_the_process_did_before():
    """Another training, a plot and NumPy's global generator, all in one process."""
    assert main(["train", "--config", "gca.toml", "--out", "first"]) == 0
    assert main(["train", "--config", "two-stream.toml", "--out", "between"]) == 0
    assert main(["plot", "convergence", "between"]) == 0
    np.random.seed(5)  # noqa: NPY002
    assert main(["train", "--config", "gca.toml", "--out", "second"]) == 0
    assert bits("first") == bits("second")


@pytest.mark.parametrize("name", ["gca", "in parts"])
def test_all_folds_with_any_number_of_jobs(name, tell):
    """One job runs in the process itself, more in others; all with one thread, whatever the environment says."""
    found = {}
    for jobs, threads in [*((jobs, "2") for jobs in JOBS), (1, "1")]:
        out = f"folds {name} {jobs} {threads}"
        arguments = ("--protocol", "loso", "--fold", "all", "--jobs", jobs)
        gca_scratch(
            "train", "--config", f"{name}.toml", "--out", out, *arguments, **dict.fromkeys(THREADS, threads)
        )  # fmt: skip
        result = json.loads(Path(out, "result.json").read_text("utf-8"))
        del result["seconds"]
        found[jobs, threads] = [bits(f"{out}/fold-{fold:02}") for fold in range(1, 6)], result
    assert all(each == found[1, "1"] for each in found.values())
    tell(f"{name}: five folds with {', '.join(map(str, JOBS))} jobs, the same bits")


def test_a_table_with_any_number_of_jobs(tell):
    found = []
    for jobs in JOBS:
        gca_scratch(
            "table", "V", "--data", "data.npz", "--protocol", "half", "--rows", "Global (2)", "GCA", "--preset=paper",
            "--frames=8", "--hidden=32", "--initial=average", "--batch-size=8", "--epochs=3", "--patience=3",
            "--learning-rate=0.3", "--clip=5", "--keep", "--jobs", jobs, "--out", f"table {jobs}",
        )  # fmt: skip
        folders = sorted(path.parent for path in Path(f"table {jobs}").rglob("checkpoint.npz"))
        assert len(folders) == 3
        found.append([bits(folder) for folder in folders])
    assert found[0] == found[1] == found[2]
    tell(f"a table with {', '.join(map(str, JOBS))} jobs, the same bits")
