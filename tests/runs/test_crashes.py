"""Crashes lose nothing: killed at a moment of writing, a full disk, a folder in use, and the same bits in the end.

The whole, a hundred moments and more for every command, is in stress/test_crashes.py.
"""

import contextlib
import dataclasses
import errno
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from pickle import PicklingError

import pytest

from gca_scratch import runs
from gca_scratch.commands.main import main
from gca_scratch.data import neutral
from gca_scratch.experiments import choices
from gca_scratch.runs import checkpoint
from gca_scratch.support.errors import InputError
from gca_scratch.support.exit_code import exit_code
from gca_scratch.support.processes import alone
from gca_scratch.support.writing import replacing
from tests.data.readers.test_ntu import FIRST, body, frames_of, text_of
from tests.helpers.crashing import (
    KILLED,
    RESUME,
    RUN_FILES,
    bits,
    command,
    mounted,
    sentence,
    started,
    table_of,
    train,
)
from tests.helpers.tiny import TINY, skeletons

SETTINGS = dataclasses.replace(TINY, iterations=1, epochs=2, patience=2)
TRAIN = train("config.toml")
PARTS = 8  # places, evenly spread over a training, at which it is killed or its disk is full


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder with data, a config.toml, and in `whole` what an undisturbed run leaves; and its moments of writing."""
    folder = tmp_path_factory.mktemp("crashes")
    with contextlib.chdir(folder):
        neutral.save("data.npz", skeletons())
        runs.write_config("config.toml", runs.Source("npz", str(folder / "data.npz")), SETTINGS)
        ended = command(*TRAIN[:-1], "whole")
        assert ended.code == 0 and sorted(os.listdir("whole")) == RUN_FILES
    return folder, bits(folder / "whole"), ended.moments


@pytest.fixture(autouse=True)
def place(whole, tmp_path, monkeypatch):
    """Every test runs in a folder of its own that holds config.toml."""
    monkeypatch.chdir(tmp_path)
    Path("config.toml").write_bytes((whole[0] / "config.toml").read_bytes())


def resumed_to(expected):
    ended = command(*RESUME)
    assert ended.code == 0, ended.said
    assert bits("run") == expected and sorted(os.listdir("run")) == RUN_FILES


# --- killed -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", range(PARTS))
def test_training_killed_while_it_writes_goes_on_to_the_same_bits(whole, part):
    moment = 8 + part * (whole[2] - 30) // (PARTS - 1)  # the first 7 write config.toml
    assert command(*TRAIN, kill=moment).code == KILLED
    if os.path.exists("run/checkpoint.npz"):
        checkpoint.load("run")  # whole
    resumed_to(whole[1])


def test_killed_before_its_config_is_whole_a_run_is_begun_again(whole):
    assert command(*TRAIN, kill=4).code == KILLED
    assert [name.startswith(".config.toml.") for name in os.listdir("run")] == [True]
    ended = command(*RESUME)
    assert ended.code == 2 and "run holds no run to go on with; leave --resume out" in sentence(ended.said)
    assert command(*TRAIN).code == 0
    assert bits("run") == whole[1] and sorted(os.listdir("run")) == RUN_FILES


def test_killed_between_the_last_checkpoint_and_the_history_the_history_is_still_written(whole):
    assert command(*TRAIN).code == 0
    lines = Path("run/history.csv").read_text().splitlines(keepends=True)
    Path("run/history.csv").write_text("".join(lines[:-1]))  # as it stood before the last checkpoint
    os.remove("run/result.json")
    resumed_to(whole[1])


def test_leftovers_of_the_dead_are_removed_and_of_the_living_kept():
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    kept = [f".file.txt.{os.getppid()}.part", f".other.txt.{dead.pid}.part", ".file.txt.part", ".file.txt.-1.part"]
    for name in [*kept, f".file.txt.{dead.pid}.part"]:
        Path(name).write_text("half")
    with replacing("file.txt") as temporary:
        temporary.write_text("whole")
    assert sorted(os.listdir()) == sorted([*kept, "config.toml", "file.txt"])


def test_the_new_name_is_on_the_disk_before_anything_after_it(monkeypatch):
    order, sync, rename = [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: order.append(os.fstat(handle).st_ino) or sync(handle))
    monkeypatch.setattr(os, "replace", lambda old, new: order.append("renamed") or rename(old, new))
    with replacing("file.txt") as temporary:
        temporary.write_text("whole")
    assert order == [os.stat("file.txt").st_ino, "renamed", os.stat(".").st_ino]


def test_a_process_ends_with_the_one_it_works_for():
    child = "import os, time\nfrom gca_scratch.support.processes import end_with\nend_with(os.getppid())\n"
    child += "print('there', flush=True)\ntime.sleep(3600)"
    starter = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]]).wait()"
    parent = subprocess.Popen([sys.executable, "-c", starter, child], stdout=subprocess.PIPE)
    assert parent.stdout.readline() == b"there\n"
    parent.kill()
    assert parent.communicate(timeout=1800)[0] == b""  # which ends when the last of both has closed it


# --- a full disk ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", range(PARTS))
def test_training_on_a_full_disk_is_one_sentence_and_goes_on_when_there_is_room(whole, part):
    ended = command(*TRAIN, full=8 + part * (whole[2] - 30) // (PARTS - 1))
    assert ended.code == 2
    told = sentence(ended.said)
    assert re.search(r"run/[a-z]+\.[a-z]+ cannot be written \(No space left on device\); free some space", told)
    assert not [name for name in os.listdir("run") if name.endswith(".part")]
    resumed_to(whole[1])


def test_files_that_may_not_grow_so_large(whole):
    ended = command(*TRAIN, limit=4000)  # config.toml fits, checkpoint.npz does not
    assert ended.code == 2 and "run/checkpoint.npz cannot be written (File too large)" in sentence(ended.said)
    assert os.listdir("run") == ["config.toml"]
    resumed_to(whole[1])


def test_the_last_epoch_is_kept_when_the_progress_bar_cannot_be_shown(whole, monkeypatch):
    class Bar:
        def __init__(self, **_):
            pass

        def update(self):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        close = update

    source, settings = runs.read_config("config.toml")
    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr("gca_scratch.runs.folder.progress", Bar)
        runs.run(runs.load_data(source), source, settings, "run")
    assert len(checkpoint.load("run")[0].history) == 1
    resumed_to(whole[1])


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize("streams", [("stdout",), ("stderr",), ("stdout", "stderr")])
def test_what_is_printed_onto_a_full_disk(whole, streams):
    """A line of several lengths of a buffer, so that printing fails at once, and at the end of the program again."""
    script = (
        "import sys\nfrom gca_scratch.support.exit_code import exit_code\n"
        "sys.exit(exit_code(lambda: print('x' * 99999, file=sys.{})))"
    )
    with open("/dev/full", "w") as full:
        into = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | dict.fromkeys(streams, full)
        ended = subprocess.run([sys.executable, "-c", script.format(streams[-1])], text=True, **into)
    assert ended.returncode == 2
    if "stderr" not in streams:
        assert "cannot be written (No space left on device); free some space" in sentence(ended.stderr)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_sentence_that_cannot_be_printed_changes_no_exit_code():
    with open("/dev/full", "w") as full:
        assert subprocess.run([sys.executable, "-m", "gca_scratch", "nonsense"], stderr=full).returncode == 2


def test_a_full_folder_for_temporary_files_is_one_sentence(capsys):
    def share(reason):
        raise PicklingError("Could not pickle the task to send it to the workers.") from RuntimeError(reason)

    assert exit_code(lambda: share("...\nOSError: [Errno 28] No space left on device")) == 2
    assert "another folder in the environment variable JOBLIB_TEMP_FOLDER" in sentence(capsys.readouterr().err)
    with pytest.raises(PicklingError):
        exit_code(lambda: share("something else"))


@contextlib.contextmanager
def read_only(folder):
    """Make a folder that cannot be written; skip where nothing can be done against root."""
    os.makedirs(folder, exist_ok=True)
    if os.geteuid() != 0:
        os.chmod(folder, 0o500)
        yield
        os.chmod(folder, 0o700)
        return
    with mounted(folder, "--bind", str(folder)) as done:
        if not done or subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)]).returncode:
            pytest.skip("root may write everywhere, and may mount nothing here")
        yield


def test_a_read_only_folder_is_one_sentence_and_what_it_holds_stays(whole):
    with read_only("empty"):
        ended = command(*TRAIN[:-1], "empty")
        assert ended.code == 2 and "empty/config.toml cannot be written (" in sentence(ended.said)
        ended = command(*TRAIN[:-1], "empty/new")
        assert ended.code == 2 and "the folder empty/new cannot be made or opened (" in sentence(ended.said)
        assert os.listdir("empty") == []
    assert command(*TRAIN, kill=whole[2] // 2).code == KILLED
    with read_only("run"):
        ended = command(*RESUME)
        assert ended.code == 2 and "run/checkpoint.npz cannot be written (" in sentence(ended.said)
    resumed_to(whole[1])


# --- in use -----------------------------------------------------------------------------------------------------------


def test_a_folder_is_let_to_one_process_at_a_time_and_free_when_that_is_killed(whole):
    there = (
        "import sys\nfrom gca_scratch.support.processes import alone\n"
        "with alone('run'): print(flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen([sys.executable, "-c", there], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    try:
        for arguments in (TRAIN, (*TRAIN, "--fold", "all"), (*TRAIN, "--resume")):
            ended = command(*arguments)
            assert ended.code == 2
            assert re.search(r"another process is writing into (/.*/)?run; wait", sentence(ended.said))
        assert os.listdir("run") == []
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert command(*TRAIN).code == 0 and bits("run") == whole[1]


def test_two_trainings_begun_at_once_in_one_folder(whole):
    ends = [wait() for wait in [started(*TRAIN) for _ in range(3)]]
    losers = [sentence(ended.said) for ended in ends if ended.code == 2]
    assert sorted(ended.code for ended in ends) == [0, 2, 2], ends
    assert all("another process is writing into" in told or "already holds a run" in told for told in losers)
    assert bits("run") == whole[1] and sorted(os.listdir("run")) == RUN_FILES


def test_a_folder_that_was_made_and_stays_empty_is_removed():
    os.mkdir("there")
    for folder, content in (("there", None), ("new", None), ("used", "file")):
        with pytest.raises(KeyError), alone(folder):
            if content:
                Path(folder, content).touch()
            raise KeyError
    assert sorted(os.listdir()) == ["config.toml", "there", "used"]


def test_a_file_system_without_locks_keeps_nobody_out(monkeypatch):
    fcntl = pytest.importorskip("fcntl", reason="no locks on folders here")

    def unsupported(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    with alone("run"), pytest.raises(InputError, match="another process"), alone("run"):
        pass
    monkeypatch.setattr(fcntl, "flock", unsupported)
    with alone("run"), alone("run"):
        assert os.path.isdir("run")


# --- the other commands -----------------------------------------------------------------------------------------------


def originals():
    """A folder of five original files of NTU RGB+D."""
    os.mkdir("raw")
    for n in range(5):
        name = f"S001C001P{n + 1:03}R001A{n + 1:03}.skeleton"
        Path("raw", name).write_bytes(text_of(frames_of((FIRST, 0, body(n, 4)), length=4)))
    return "convert", "--dataset", "ntu", "--data", "raw", "--jobs", "1", "--out"


def test_convert_killed_or_on_a_full_disk_ends_with_the_same_bytes():
    convert = originals()
    ended = command(*convert, "whole.npz")
    assert ended.code == 0
    expected = Path("whole.npz").read_bytes()
    for part in range(1, 4):
        moment = part * ended.moments // 4
        assert command(*convert, "killed.npz", kill=moment).code == KILLED
        full = command(*convert, "full.npz", full=moment)
        assert full.code == 2 and "cannot be written (No space left on device)" in sentence(full.said)
        for name in ("killed.npz", "full.npz"):
            assert not os.path.exists(name)
            assert command(*convert, name).code == 0 and Path(name).read_bytes() == expected
            assert not os.path.exists(name + ".part")
            os.remove(name)
    with alone("other.npz.part"):
        assert "another process is writing into " in sentence(command(*convert, "other.npz").said)


def test_convert_killed_when_its_file_is_there_says_what_is_left_over():
    convert = originals()
    ended = command(*convert, "whole.npz")
    assert command(*convert, "killed.npz", kill=ended.moments - 3).code == KILLED
    assert Path("killed.npz").read_bytes() == Path("whole.npz").read_bytes() and os.path.isdir("killed.npz.part")
    told = sentence(command(*convert, "killed.npz").said)
    assert "killed.npz is there already" in told and "(for which alone killed.npz.part, beside it, is kept)" in told


def test_convert_into_a_read_only_folder_is_one_sentence_and_leaves_nothing():
    convert = originals()
    assert command(*convert, "whole.npz").code == 0
    with read_only("folder"):
        ended = command(*convert, "folder/out.npz")
        assert ended.code == 2
        assert re.search(r"the folder (/.*/)?folder/out.npz.part cannot be made or opened \(", sentence(ended.said))
        assert os.listdir("folder") == []
    assert command(*convert, "folder/out.npz").code == 0
    assert os.listdir("folder") == ["out.npz"]
    assert Path("folder/out.npz").read_bytes() == Path("whole.npz").read_bytes()


def test_a_table_in_a_read_only_folder_is_one_sentence_and_what_is_finished_stays(whole, capsys):
    table = ["table", "V", "--data", str(whole[0] / "data.npz"), "--protocol", "half", "--rows", "Global (2)"]
    table += ["--preset=paper", "--frames=4", "--hidden=4", "--epochs=3", "--patience=3", "--out"]
    assert main([*table, "whole"]) == 0
    expected = table_of("whole")
    capsys.readouterr()
    with read_only("folder"):
        assert main([*table, "folder"]) == 2
        assert re.search(r"folder/.* cannot be made or opened \(", sentence(capsys.readouterr().err))
        assert os.listdir("folder") == []
    assert main([*table, "folder"]) == 0
    assert table_of("folder") == expected
    capsys.readouterr()
    with read_only("folder"):
        assert main([*table, "folder"]) == 2
        assert "folder/table-V.md cannot be written (" in sentence(capsys.readouterr().err)
        assert table_of("folder") == expected


def test_a_table_is_run_by_one_process_at_a_time(whole):
    arguments = ("table", "V", "--data", whole[0] / "data.npz", "--protocol", "half", "--rows", "Global (2)")
    with alone("table"):
        ended = command(*arguments, "--preset", "paper", "--out", "table")
    assert ended.code == 2 and "another process is writing into table" in sentence(ended.said)


def test_the_study_of_choices_is_run_by_one_process_at_a_time(whole, capsys):
    with alone("choices"):
        arguments = ["--data", str(whole[0] / "data.npz"), "--protocol", "loso", "--out", "choices"]
        assert choices.main(arguments) == 2
    assert "another process is writing into choices" in sentence(capsys.readouterr().err)
