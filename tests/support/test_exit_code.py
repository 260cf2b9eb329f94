"""How a command ends: its exit code, and one sentence where something went wrong."""

import errno
import io
import os
import sys
from pickle import PicklingError

import pytest

from gca_scratch.support.errors import InputError
from gca_scratch.support.exit_code import Parser, exit_code


def ending(capsys, error):
    """(exit code, what was said) of a command that ends so."""

    def run():
        if isinstance(error, BaseException):
            raise error
        return error

    code = exit_code(run, "prog")
    out, said = capsys.readouterr()
    assert out == ""
    return code, said


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (0, 0), (1, 1), (3, 3)])
def test_a_command_that_ends_well_has_its_own_code(capsys, returned, code):
    assert ending(capsys, returned) == (code, "")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (InputError("x is\nwrong"), 2, "x is wrong"),
        (InputError("a\x1b[2J"), 2, r"a\x1b[2J"),
        (MemoryError("9 GiB"), 2, "there is not enough memory (9 GiB); lower --jobs, or hidden, frames or batch_size"),
        (KeyboardInterrupt(), 130, "stopped"),
        (KeyboardInterrupt("stopped after 3 folds"), 130, "stopped after 3 folds"),
        (FileNotFoundError(2, "No such file", "a.npz"), 2, "a.npz cannot be used (No such file); check the path given"),
        (
            OSError(errno.ENOSPC, "No space", "a"),
            2,
            "output or a temporary file cannot be written (No space); free some space and give the command again "
            "(train: with --resume)",
        ),
    ],
)
def test_what_goes_wrong_is_one_sentence(capsys, error, code, said):
    assert ending(capsys, error) == (code, f"prog: {said}\n")


def test_a_reader_who_has_read_enough_is_told_nothing(capsys):
    assert ending(capsys, BrokenPipeError()) == (141, "")


def test_a_full_folder_for_temporary_files_is_told_and_where_to_change_it(capsys):
    error = PicklingError("no")
    error.__cause__ = RuntimeError(f"[Errno {errno.ENOSPC}] No space")
    code, said = ending(capsys, error)
    assert code == 2 and "JOBLIB_TEMP_FOLDER" in said and said.count("\n") == 1


@pytest.mark.parametrize(
    "error", [ZeroDivisionError(), OSError("odd"), PicklingError("odd"), OSError(errno.EIO, "odd")]
)
def test_a_bug_is_not_hidden(error):
    with pytest.raises(type(error)):
        exit_code(lambda: (_ for _ in ()).throw(error))


def test_options_that_are_wrong_are_told_as_everything_else(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["prog"])
    parser = Parser(prog="prog")
    parser.add_argument("what", choices=["convert", "train"])
    with pytest.raises(InputError, match=r"choose from .*convert.*; see prog --help") as caught:
        parser.parse_args(["trane"])
    assert "since version" not in str(caught.value)
    with pytest.raises(InputError, match=r"^prepare is called convert since version 0\.2; "):
        parser.parse_args(["prepare"])


def test_what_a_stream_cannot_show_is_printed_as_escapes(monkeypatch):
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="ascii") for _ in range(2))
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)

    def run():
        print("größer")
        raise InputError("zu groß: 走")

    assert exit_code(run, "prog") == 2
    out.flush()
    assert out.buffer.getvalue() == b"gr\\xf6\\xdfer\n" and err.buffer.getvalue() == b"prog: zu gro\\xdf: \\u8d70\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a pipe whose reader has gone")
@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_what_is_left_for_a_reader_who_has_gone_is_dropped(monkeypatch, name):
    read, write = os.pipe()
    os.close(read)
    stream = open(write, "w", buffering=2**16)  # noqa: SIM115  closed below
    monkeypatch.setattr(sys, name, stream)
    code = exit_code(lambda: print("much", file=stream))
    assert code == (141 if name == "stdout" else 0)
    stream.flush()  # goes nowhere, and raises nothing at the end of the program
    stream.close()


def test_streams_that_are_closed_are_no_error(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert exit_code(lambda: print("text")) == 0
    for stream in (sys.stdout, sys.stderr):  # opened for the rest of the program
        stream.close()
