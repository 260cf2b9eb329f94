"""Crashes lose nothing: training, killed hundreds of times, ends with the bits of a run never disturbed.

    OPENBLAS_NUM_THREADS=1 .venv/bin/python -m pytest stress/test_crashes.py

Most runs are processes forked from one that has everything imported, with a checkpoint after every epoch:
tests/helpers/crashing.py says how. Some are `python -m gca_scratch` as it is. Real disks that are
full need the right to mount.
"""

import contextlib
import dataclasses
import os
import random
import shutil
import time
from pathlib import Path

import pytest

from gca_scratch import runs
from gca_scratch.data import neutral
from gca_scratch.runs import checkpoint
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
    started,
    timed,
    train,
)
from tests.helpers.tiny import TINY, skeletons

KILLS_FROM_OUTSIDE = 100  # of training, at random moments
KILLS_WHILE_WRITING = 100  # of training, evenly spread over its moments of writing; as many times the disk is full
KILLS_OF_THE_COMMAND_LINE = 10  # of `python -m gca_scratch`, importing included
STARTS_AT_ONCE = 5
DISKS = (4, 8, 16, 24, 32, 48)  # sizes in KB, all too small
RANDOM = random.Random(0)

NETWORKS = {
    "gca": dataclasses.replace(TINY, epochs=2, patience=2),
    "two-stream": dataclasses.replace(TINY, network="two-stream", iterations=1, epochs=2, patience=2, jitter=0.02),
    "st-lstm": dataclasses.replace(
        TINY, network="st-lstm", trust_gate=True, traversal="tree", epochs=5, patience=2, turn=20.0, crop=0.1
    ),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """For every network: what an undisturbed run leaves, its moments of writing, and its seconds."""
    folder = tmp_path_factory.mktemp("whole")
    found = {}
    with contextlib.chdir(folder):
        neutral.save("data.npz", skeletons())
        command("train", "--version")  # starts the server of processes
        for name, settings in NETWORKS.items():
            runs.write_config(f"{name}.toml", runs.Source("npz", str(folder / "data.npz")), settings)
            began = time.monotonic()
            ended = command(*train(f"{name}.toml", name))
            assert ended.code == 0 and sorted(os.listdir(name)) == RUN_FILES, ended.said
            found[name] = bits(name), ended.moments, time.monotonic() - began
    return folder, found


@pytest.fixture(autouse=True)
def place(whole, tmp_path, monkeypatch):
    """Every test runs in a folder of its own that holds data.npz and the configurations."""
    monkeypatch.chdir(tmp_path)
    for file in whole[0].iterdir():
        if file.is_file() and file.suffix in (".toml", ".npz"):
            shutil.copy(file, file.name)


def resumed_to(expected, config):
    """Go on by --resume, or begin anew where the one sentence says that there is nothing yet; compare; clean up."""
    if os.path.exists("run/checkpoint.npz"):
        checkpoint.load("run")  # whole, at any moment
    ended = command(*RESUME)
    if not os.path.exists("run/config.toml"):
        assert ended.code == 2 and "run holds no run to go on with" in sentence(ended.said)
        ended = command(*train(config))
    assert ended.code == 0, ended.said
    assert bits("run") == expected
    assert sorted(os.listdir("run")) == RUN_FILES
    clean("run")


def clean(*folders):
    for folder in folders:
        shutil.rmtree(folder)
    for said in Path().glob("said-*.txt"):
        said.unlink()


def test_training_killed_from_outside_at_random_moments(whole, tell):
    killed = behind = runs_in_all = 0
    while killed < KILLS_FROM_OUTSIDE:
        name = list(NETWORKS)[runs_in_all % len(NETWORKS)]
        expected, _, seconds = whole[1][name]
        arguments = train(f"{name}.toml")
        runs_in_all += 1
        assert runs_in_all < 3 * KILLS_FROM_OUTSIDE
        while command(*arguments, after=RANDOM.uniform(0, 1.3 * seconds)).code == KILLED:
            killed += 1
            behind += os.path.exists("run/checkpoint.npz")
            if os.path.exists("run/config.toml"):
                arguments = RESUME  # and perhaps killed again
            if RANDOM.random() < 0.7:
                break
        if os.path.isdir("run"):
            resumed_to(expected, f"{name}.toml")
    assert behind > killed // 3
    tell(f"training killed {killed} times from outside, {behind} times behind a checkpoint, in {runs_in_all} runs")


def test_training_killed_while_it_writes(whole, tell):
    among = [(name, k) for name, (_, moments, _) in whole[1].items() for k in range(1, moments)]
    chosen = among[:: len(among) // KILLS_WHILE_WRITING][:KILLS_WHILE_WRITING]
    for name, moment in chosen:
        assert command(*train(f"{name}.toml"), kill=moment).code == KILLED
        if os.path.isdir("run"):
            resumed_to(whole[1][name][0], f"{name}.toml")
    tell(f"training killed at {len(chosen)} of {len(among)} moments of writing")


def test_training_whose_disk_is_full(whole, tell):
    among = [(name, k) for name, (_, moments, _) in whole[1].items() for k in range(1, moments - 20)]
    chosen = among[5 :: len(among) // KILLS_WHILE_WRITING][:KILLS_WHILE_WRITING]
    for name, moment in chosen:
        ended = command(*train(f"{name}.toml"), full=moment)
        assert ended.code == 2, ended.said
        assert " cannot be written (No space left on device); free some space" in sentence(ended.said)
        assert not [file for file in os.listdir("run") if file.endswith(".part")]
        resumed_to(whole[1][name][0], f"{name}.toml")
    tell(f"training on a disk full from {len(chosen)} of {len(among)} moments of writing on")


def test_the_command_line_killed_at_random_moments(whole, tell):
    """With a checkpoint at the end of each training step."""
    expected, killed, begun = whole[1]["gca"][0], 0, 0
    seconds = timed(*train("gca.toml", "timed"))
    while killed < KILLS_OF_THE_COMMAND_LINE:
        begun += 1
        assert begun < 5 * KILLS_OF_THE_COMMAND_LINE
        arguments = RESUME if os.path.exists("run/config.toml") else train("gca.toml")
        code = command_line(*arguments, after=RANDOM.uniform(0.4, 1.1) * seconds).code
        killed += code == KILLED
        seconds *= 0.9 if code == 0 else 1  # others may have had the machine while it was timed
        if code == 0 or RANDOM.random() < 0.4:
            ended = command_line(*(RESUME if os.path.exists("run/config.toml") else train("gca.toml")))
            assert ended.code == 0, ended.said
            assert bits("run") == expected and sorted(os.listdir("run")) == RUN_FILES
            clean("run")
    tell(f"the command line killed {killed} times")


@pytest.mark.parametrize("resume", [False, True])
def test_trainings_begun_at_once_in_one_folder(whole, resume):
    if resume:
        assert command(*train("gca.toml"), kill=whole[1]["gca"][1] // 2).code == KILLED
    waits = [started(*(RESUME if resume else train("gca.toml"))) for _ in range(STARTS_AT_ONCE)]
    ends = [wait() for wait in waits]
    codes = sorted(ended.code for ended in ends)
    if resume:  # one that begins when the first has ended finds nothing left to do
        assert codes[0] == 0 and set(codes) <= {0, 2}
    else:
        assert codes == [0] + [2] * (STARTS_AT_ONCE - 1)
    for ended in ends:
        if ended.code:
            told = sentence(ended.said)
            assert "another process is writing into" in told or "already holds a run" in told
    assert bits("run") == whole[1]["gca"][0] and sorted(os.listdir("run")) == RUN_FILES


def test_training_on_real_disks_that_are_full(whole, tell):
    for kilobytes in DISKS:
        with disk(kilobytes):
            ended = command(*train("gca.toml", "disk/run"))
            assert ended.code == 2 and "(No space left on device); free some space" in sentence(ended.said), kilobytes
            assert not [file for file in os.listdir("disk/run") if file.endswith(".part")]
            enlarge()
            again = ("train", "--resume", "--out", "disk/run")
            assert (
                command(*(again if os.path.exists("disk/run/config.toml") else train("gca.toml", "disk/run"))).code == 0
            )
            assert bits("disk/run") == whole[1]["gca"][0]
    tell(f"training on {len(DISKS)} disks of {DISKS[0]} to {DISKS[-1]} KB")
