"""One process at a time in a folder, whatever happens to it; and what a command prints, wherever it prints to."""

import os
import shutil
import subprocess
import sys

import pytest

from gca_scratch.data import neutral
from gca_scratch.support import processes
from gca_scratch.support.errors import InputError, printable
from gca_scratch.support.processes import alone
from tests.helpers.crashing import command
from tests.helpers.tiny import skeletons

needs_locks = pytest.mark.skipif(processes.fcntl is None, reason="a system without flock")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Every test runs in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)


# --- folders ----------------------------------------------------------------------------------------------------------


@needs_locks
def test_a_second_process_is_kept_out():
    with alone("a/b"), pytest.raises(InputError, match="another process is writing into a/b"), alone("a/b"):
        pass
    assert os.listdir("a") == []  # made, and empty in the end


@needs_locks
@pytest.mark.parametrize("again", [True, False])
def test_a_folder_that_goes_while_it_is_locked_is_made_and_locked_anew(monkeypatch, again):
    """Whoever was there before removes it between the moment that it is opened and the moment that it is locked."""
    lock, gone = processes.fcntl.flock, []

    def late(handle, how):
        if not gone:
            gone.append(shutil.rmtree("out"))
            if again:
                os.mkdir("out")
        lock(handle, how)

    monkeypatch.setattr(processes.fcntl, "flock", late)
    with alone("out"):
        assert gone and os.path.isdir("out")
        with pytest.raises(InputError, match="another process"), alone("out"):
            pass


def test_a_folder_that_cannot_stay_is_given_up(monkeypatch):
    def gone(*_, **__):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(os, "makedirs", gone)
    with pytest.raises(InputError, match="cannot be made, or does not stay"), alone("out"):
        pass


# --- terminals --------------------------------------------------------------------------------------------------------


def shell(line, **environment):
    """The command line in a shell: exit code, and what it printed to either stream, as bytes."""
    line = line.replace("gca_scratch", f"'{sys.executable}' -m gca_scratch", 1)
    done = subprocess.run(["bash", "-c", line], capture_output=True, env=os.environ | environment, check=False)
    return done.returncode, done.stdout, done.stderr


def test_nothing_to_print_to_is_no_error():
    neutral.save("data.npz", skeletons())
    assert shell("gca_scratch info --data data.npz >&-")[0] == 0
    assert shell("gca_scratch info --data data.npz 2>&-")[0] == 0
    assert shell("gca_scratch info --data missing.npz 2>&-") == (2, b"", b"")


def test_what_the_terminal_lacks_is_printed_as_an_escape():
    data = skeletons()
    data.class_names = ("größer", *data.class_names[1:])
    neutral.save("data.npz", data)
    code, said, _ = shell("gca_scratch info --data data.npz", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert code == 0 and rb"gr\xf6\xdfer" in said
    code, _, said = shell(r"gca_scratch info --data $'\xff.npz'", PYTHONIOENCODING="utf-8:strict")
    assert code == 2 and rb"\udcff.npz" in said and said.count(b"\n") == 1


def test_no_name_reaches_the_terminal_as_a_command_to_it():
    assert printable("a\x1b[2Jb\u202ec\nd é 走") == r"a\x1b[2Jb\u202ec\nd é 走"
    code, said, _ = command("info", "--data", "\x1b[2J.npz")
    assert code == 2 and "\x1b" not in said and r"\x1b[2J.npz" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("convert", "--dataset", "ntu", "--data", ".", "--out", "/"), "is no name of a file"),
        (("demo", "--out", 300 * "x"), "File name too long"),
        (("train", "--data", "\udcff.npz", "--out", "run"), "holds what no text file can keep"),
        (("stepper", "--out", "missing/\udcff/x.html", "--seed", "-1"), ""),
    ],
)
def test_odd_names_are_told_in_one_sentence(arguments, words):
    code, said, _ = command(*arguments)
    assert code == 2 and words in said and "Traceback" not in said, said


# --- processes --------------------------------------------------------------------------------------------------------


def test_whose_process_is_alive(monkeypatch):
    assert processes.is_alive(os.getpid())
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    assert not processes.is_alive(done.pid)

    def of_somebody_else(pid, signal):
        assert signal == 0, "that would do something to the process"
        raise PermissionError

    monkeypatch.setattr(os, "kill", of_somebody_else)
    assert processes.is_alive(1)


def test_a_process_ends_as_soon_as_its_parent_is_another(monkeypatch):
    parents, ended, slept = iter([7, 7, 7, 1, 1]), [], []
    monkeypatch.setattr(os, "getppid", lambda: next(parents))
    monkeypatch.setattr(os, "_exit", ended.append)
    monkeypatch.setattr(processes.time, "sleep", slept.append)
    processes._watch(7)
    assert ended == [1] and slept == [0.2, 0.2, 0.2]
