"""Crashes lose nothing: convert, table and train --fold all, killed with and without their workers, end with the same.

    OPENBLAS_NUM_THREADS=1 .venv/bin/python -m pytest stress/test_crashes_of_other_commands.py

Commands with workers are `python -m gca_scratch` as it is; the others run as in stress/test_crashes.py.
"""

import contextlib
import dataclasses
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gca_scratch import runs
from gca_scratch.data import neutral
from gca_scratch.support.errors import InputError
from gca_scratch.support.processes import alone
from tests.data.readers.test_ntu import FIRST, SECOND, body, frames_of, text_of
from tests.helpers.crashing import (
    KILLED,
    RESUME,
    RUN_FILES,
    bits,
    command,
    command_line,
    disk,
    enlarge,
    sentence,
    table_of,
    timed,
    train,
)
from tests.helpers.tiny import TINY, skeletons

KILLS_OF_CONVERT = 40  # while writing, and as many from outside
KILLS_OF_WORKERS = 8  # of each command that has some
SEQUENCES = 300  # that convert converts with workers
DISKS = (4, 8, 16)  # sizes in KB, all too small
RANDOM = random.Random(0)
FOLDS = (*train("config.toml"), "--protocol", "loso", "--fold", "all", "--jobs", "2")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Every test runs in a folder of its own that holds data.npz and config.toml."""
    monkeypatch.chdir(tmp_path)
    neutral.save("data.npz", skeletons())
    settings = dataclasses.replace(TINY, epochs=2, patience=2)
    runs.write_config("config.toml", runs.Source("npz", "data.npz"), settings)


# --- convert ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def convert():
    """Eleven original files of NTU RGB+D, two of them damaged: the command but for its --out."""
    os.mkdir("raw")
    for n in range(11):
        people = [(FIRST, 0, body(n, 3 + n))] + ([(SECOND, 0, body(50 + n, 3 + n))] if n % 3 == 0 else [])
        text = text_of(frames_of(*people, length=3 + n))
        Path("raw", f"S001C001P{n + 1:03}R001A{n + 1:03}.skeleton").write_bytes(text[: -20 if n in (4, 9) else None])
    return "convert", "--dataset", "ntu", "--data", "raw", "--jobs", "1", "--out"


def converted_to(expected, convert, out):
    """Give the command again: it ends with the same bytes, or says that its file is there, which is then whole."""
    there = os.path.exists(out)
    ended = command(*convert, out)
    assert ended.code == (2 if there else 0), ended.said
    if there:
        assert f"{out} is there already" in sentence(ended.said)
    assert Path(out).read_bytes() == expected[0] and Path("out.damaged.csv").read_bytes() == expected[1]
    assert there or not os.path.exists(out + ".part")
    shutil.rmtree(out + ".part", ignore_errors=True)
    os.remove(out)


def test_convert_killed_and_on_a_full_disk(convert, tell):
    began = time.monotonic()
    ended = command(*convert, "out.npz")
    seconds = time.monotonic() - began
    assert ended.code == 0, ended.said
    expected = Path("out.npz").read_bytes(), Path("out.damaged.csv").read_bytes()
    os.remove("out.npz")
    for k in range(KILLS_OF_CONVERT):
        moment = 1 + k * (ended.moments - 1) // (KILLS_OF_CONVERT - 1)
        assert command(*convert, "out.npz", kill=moment).code == KILLED
        converted_to(expected, convert, "out.npz")
        full = command(*convert, "out.npz", full=moment)
        if full.code:  # else nothing was left to write
            assert full.code == 2 and "cannot be written (No space left on device)" in sentence(full.said)
            assert not os.path.exists("out.npz")
        converted_to(expected, convert, "out.npz")
    killed = 0
    for _ in range(3 * KILLS_OF_CONVERT):
        if command(*convert, "out.npz", after=RANDOM.uniform(0, seconds)).code == KILLED:
            killed += 1
        else:
            seconds *= 0.9  # others may have had the machine while it was timed
        converted_to(expected, convert, "out.npz")
        if killed == KILLS_OF_CONVERT:
            break
    assert killed == KILLS_OF_CONVERT
    tell(f"convert killed {KILLS_OF_CONVERT} times while writing and {killed} times from outside, and as often full")


def test_convert_with_workers_killed_and_begun_again_at_once(tell):
    os.mkdir("raw")
    for n in range(SEQUENCES):
        name = f"S001C001P{n % 100 + 1:03}R{n // 100 + 1:03}A{n % 60 + 1:03}.skeleton"
        Path("raw", name).write_bytes(text_of(frames_of((FIRST, 0, body(n, 5)), length=5)))
    convert = "convert", "--dataset", "ntu", "--data", "raw", "--jobs"
    timed(*convert, "1", "--out", "one.npz")
    seconds = timed(*convert, "2", "--out", "two.npz")
    killed, kept = 0, set()
    for _ in range(KILLS_OF_WORKERS):
        killed += command_line(*convert, "2", "--out", "out.npz", after=RANDOM.uniform(0.4, 1) * seconds).code == KILLED
        now = (
            {name for name in os.listdir("out.npz.part") if name[0] != "."} if os.path.isdir("out.npz.part") else set()
        )
        if os.path.exists("out.npz"):
            os.remove("out.npz")
        else:
            assert kept <= now
        kept = now
    assert killed
    timed(*convert, "2", "--out", "out.npz")
    assert not os.path.exists("out.npz.part")
    assert Path("one.npz").read_bytes() == Path("two.npz").read_bytes() == Path("out.npz").read_bytes()
    tell(f"convert with two workers killed {killed} times")


def test_convert_on_real_disks_that_are_full(convert, tell):
    assert command(*convert, "out.npz").code == 0
    for kilobytes in DISKS:
        with disk(kilobytes):
            ended = command(*convert, "disk/out.npz")
            assert ended.code == 2 and "(No space left on device); " in sentence(ended.said)
            enlarge()
            assert command(*convert, "disk/out.npz").code == 0
            assert Path("disk/out.npz").read_bytes() == Path("out.npz").read_bytes()
            assert sorted(os.listdir("disk")) == ["out.damaged.csv", "out.npz"]
    tell(f"convert on {len(DISKS)} full disks")


# --- table, and all folds ---------------------------------------------------------------------------------------------

TABLE = (
    "table", "V", "--data", "data.npz", "--protocol", "loso", "--rows", "Global (2)", "direct", "--preset=paper",
    "--frames=4", "--hidden=4", "--initial=average", "--dropout=0.3", "--batch-size=5", "--epochs=6", "--patience=6",
    "--learning-rate=0.3", "--clip=5", "--out",
)  # fmt: skip


def folds_of(out):
    """What all folds left: the bits of each, and their mean, without the seconds."""
    mean = json.loads(Path(out, "result.json").read_text("utf-8"))
    del mean["seconds"]
    return [bits(f"{out}/fold-0{k}") for k in (1, 2, 3, 4)], mean


def finished(out):
    return {file: file.stat().st_mtime_ns for file in Path(out).rglob("fold-??.json")}


def test_table_killed_and_begun_again_at_once(tell):
    """Its workers are left behind by a kill, or killed with it; a row that is finished is never run again."""
    seconds, killed = timed(*TABLE, "whole"), 0
    for k in range(KILLS_OF_WORKERS):
        kept = finished("cut")
        ended = command_line(*TABLE, "cut", after=RANDOM.uniform(0.5, 1) * seconds, group=k % 4 == 3)
        assert ended.code in (0, KILLED), ended.said
        assert kept.items() <= finished("cut").items()
        killed += ended.code == KILLED
        if ended.code == 0:
            assert table_of("cut") == table_of("whole")
            shutil.rmtree("cut")
    assert killed
    timed(*TABLE, "cut")
    assert table_of("cut") == table_of("whole")
    tell(f"table killed {killed} times")


def test_all_folds_killed_and_resumed_at_once(tell):
    seconds, killed = timed(*FOLDS, "--out", "whole"), 0
    for k in range(KILLS_OF_WORKERS):
        arguments = RESUME if os.path.exists("run/config.toml") else FOLDS
        ended = command_line(*arguments, after=RANDOM.uniform(0.4, 1) * seconds, group=k % 4 == 3)
        assert ended.code in (0, KILLED), ended.said
        killed += ended.code == KILLED
    assert killed
    timed(*RESUME)
    assert folds_of("run") == folds_of("whole")
    for k in (1, 2, 3, 4):
        assert sorted(os.listdir(f"run/fold-0{k}")) == RUN_FILES
    tell(f"train --fold all killed {killed} times")


@pytest.mark.parametrize("arguments", [FOLDS, (*TABLE, "run")], ids=["folds", "table"])
def test_workers_end_soon_after_the_command_that_is_killed(arguments):
    """Trainings that would take hours go on without it for a moment at most: nobody is then in their folders."""
    endless = ["--epochs", "100000", "--patience", "100000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gca_scratch", *arguments, *endless], start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_until(lambda: len(list(Path("run").rglob("fold-*/config.toml"))) == 2)
        folders = [path.parent for path in Path("run").rglob("fold-*/config.toml")]
        assert not any(map(is_free, folders)) and not is_free("run")
        process.kill()
        process.wait()
        wait_until(lambda: is_free("run") and all(map(is_free, folders)))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def is_free(folder):
    with contextlib.suppress(InputError), alone(folder):
        return True
    return False


def wait_until(true):
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_table_and_folds_on_real_disks_that_are_full(tell):
    """The folder of the results, or that for temporary files, where processes share data that are large."""
    neutral.save("large.npz", skeletons(subjects=4, repetitions=250))
    assert os.path.getsize("large.npz") > 1e6  # from which on joblib does so
    large = ["large.npz" if argument == "data.npz" else argument for argument in TABLE[:-1]]
    large += ["--protocol", "half", "--batch-size", "100", "--epochs", "1", "--patience", "1", "--out"]
    for arguments, again, out, temporary, left in (
        (TABLE, TABLE, "disk/table", ".", table_of),
        ((*FOLDS, "--out"), RESUME[:-1], "disk/run", ".", folds_of),
        (large, large, "table", "disk", table_of),
    ):
        timed(*arguments, "whole")
        with disk(16):
            ended = command_line(*arguments, out, JOBLIB_TEMP_FOLDER=temporary)
            assert ended.code == 2 and "free some space" in sentence(ended.said), ended.said
            enlarge()
            ended = command_line(*again, out, JOBLIB_TEMP_FOLDER=temporary)
            assert ended.code == 0, ended.said
            assert left(out) == left("whole") and names_in(out) == names_in("whole")
        shutil.rmtree("whole")
    tell("table and train --fold all on full disks that then have room again")


def names_in(folder):
    return sorted(path.relative_to(folder) for path in Path(folder).rglob("*"))
