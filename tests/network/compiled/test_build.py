"""How the compiled library is made, kept and found again: once, by whoever needs it, where nobody else can write."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from gca_scratch.network.compiled import build

SINGLE = np.dtype(np.float32)
HAS_COMPILER = build.library(SINGLE) is not None
needs_compiler = pytest.mark.skipif(not HAS_COMPILER, reason=f"nothing is compiled here: {build.describe()}")


@pytest.fixture(autouse=True)
def forgotten(monkeypatch, tmp_path):
    """Nothing is built yet, and the cache is empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(build.SWITCH, raising=False)
    build._built.cache_clear()
    yield
    build._built.cache_clear()


@pytest.fixture
def compiler(monkeypatch, tmp_path):
    """A compiler that counts how often it is called, and what it is to do before it is called."""

    def make(before=""):
        script, log = tmp_path / "counting-cc", tmp_path / "calls"
        script.write_text(f'#!/bin/sh\necho "$@" >> {log}\n{before}\nexec cc "$@"\n')
        script.chmod(0o700)
        monkeypatch.setenv("CC", str(script))
        return lambda: len([line for line in log.read_text().splitlines() if " -o " in line])

    return make


def ask(_=None):
    """What another process says that it has."""
    program = "from gca_scratch.network.compiled import build; print(build.describe())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    return done.stdout + done.stderr


def kept(tmp_path):
    return sorted(path.name for path in (tmp_path / "cache" / "gca_scratch").iterdir())


@needs_compiler
def test_it_is_built_once_and_found_again(tmp_path, compiler):
    builds = compiler()
    assert build.library(SINGLE).lanes >= 4 and builds() == 1
    (name,) = kept(tmp_path)
    assert name.endswith(".so")
    build._built.cache_clear()  # as in another process
    assert build.library(SINGLE) and builds() == 1
    assert build.library(np.dtype(np.float64)) and builds() == 2


@needs_compiler
def test_the_name_depends_on_source_options_compiler_and_processor(tmp_path, compiler, monkeypatch):
    builds = compiler()
    build.library(SINGLE)
    monkeypatch.setattr(build, "OPTIONS", (*build.OPTIONS, "-DANOTHER"))
    build._built.cache_clear()
    assert build.library(SINGLE) and builds() == 2 and len(kept(tmp_path)) == 2


@needs_compiler
def test_the_folder_is_the_users_own(tmp_path):
    build.library(SINGLE)
    folder = tmp_path / "cache" / "gca_scratch"
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o022 == 0 for path in folder.iterdir())


@needs_compiler
@pytest.mark.parametrize("open_to", [0o020, 0o002], ids=["the group", "all"])
def test_nothing_is_taken_from_a_folder_that_others_can_write(tmp_path, compiler, open_to):
    builds = compiler()
    build.library(SINGLE)
    (tmp_path / "cache" / "gca_scratch").chmod(0o700 | open_to)
    for count in (2, 3):  # for this process alone, each time anew
        build._built.cache_clear()
        assert build.library(SINGLE) and builds() == count
    assert len(kept(tmp_path)) == 1


@needs_compiler
@pytest.mark.parametrize("what", ["a file that others can write", "a link"])
def test_nothing_is_taken_from(tmp_path, compiler, what):
    builds = compiler()
    build.library(SINGLE)
    path = tmp_path / "cache" / "gca_scratch" / kept(tmp_path)[0]
    if what == "a link":
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.chmod(0o722)
    build._built.cache_clear()
    assert build.library(SINGLE) and builds() == 2
    assert not path.is_symlink() and path.stat().st_mode & 0o022 == 0


@needs_compiler
def test_a_link_in_the_place_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "cache" / "gca_scratch").symlink_to(tmp_path / "elsewhere")
    assert build.library(SINGLE)
    assert not list((tmp_path / "elsewhere").iterdir())


@needs_compiler
def test_a_damaged_file_is_replaced(tmp_path, compiler):
    builds = compiler()
    assert ask().startswith("compiled")
    path = tmp_path / "cache" / "gca_scratch" / kept(tmp_path)[0]
    path.write_bytes(b"no library")
    assert ask().startswith("compiled") and builds() == 2
    assert ask().startswith("compiled") and builds() == 2


@needs_compiler
@pytest.mark.parametrize("jobs", [3, pytest.param(10, marks=pytest.mark.long)])
def test_processes_may_build_at_once(tmp_path, compiler, jobs):
    compiler(before="sleep 0.2")
    with ThreadPoolExecutor(jobs) as pool:
        said = set(pool.map(ask, range(jobs)))
    assert len(said) == 1 and said.pop().startswith("compiled")
    assert len(kept(tmp_path)) == 1  # and nothing half written lies beside it


@needs_compiler
def test_threads_that_come_at_once_build_it_once(compiler):
    builds = compiler(before="sleep 0.2")
    with ThreadPoolExecutor(4) as pool:
        assert len({found.lanes for found in pool.map(lambda _: build.library(SINGLE), range(8))}) == 1
    assert builds() == 1


@pytest.mark.parametrize(
    ("command", "said"),
    [("no-such-compiler", "there is no C compiler"), ("false", "false does not work"), ("ls", "ls does not work")],
)
def test_without_a_compiler_numpy_does_the_work(monkeypatch, command, said):
    monkeypatch.setenv("CC", command)
    assert build.library(SINGLE) is None and said in build.describe()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_compiler_that_works_compiles_the_source(tmp_path, dtype):
    """Else all would be left to NumPy, and every test of what is compiled would be left out without a word."""
    try:
        command = build._compiler(os.environ.get("CC", ""))
    except build.Unavailable as why:
        pytest.skip(f"nothing is compiled here: {why}")
    (tmp_path / "one.c").write_text("int one(void) { return 1; }\n")
    work = [*command, *build.OPTIONS, "-o", str(tmp_path / "one.so"), str(tmp_path / "one.c")]
    if subprocess.run(work, capture_output=True).returncode:
        pytest.skip(f"{command[0]} compiles nothing")
    found, reason = build._found(np.dtype(dtype))
    assert found or "no vectors that are known here" in reason, reason


@needs_compiler
def test_what_does_not_compile_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(build, "OPTIONS", tuple(option for option in build.OPTIONS if option != "-O3"))
    assert build.library(SINGLE) is None and "without optimisation NumPy is faster" in build.describe()
    assert kept(tmp_path) == []


@needs_compiler
def test_a_compiler_that_hangs_is_given_up(monkeypatch, compiler):
    compiler(before='case "$*" in *" -o "*) exec sleep 60;; esac')
    monkeypatch.setattr(build, "SECONDS", 1)
    start = time.monotonic()
    assert build.library(SINGLE) is None and "timed out" in build.describe()
    assert time.monotonic() - start < 40


@pytest.mark.parametrize("word", ["off", "0", "no", "False"])
def test_a_switch_turns_it_off(monkeypatch, word):
    monkeypatch.setenv(build.SWITCH, word)
    assert build.library(SINGLE) is None and f"NumPy, for {build.SWITCH} is {word}" in build.describe()


@needs_compiler
def test_it_rests_for_as_long_as_a_block_lasts():
    with build.resting():
        with build.resting():
            assert build.library(SINGLE) is None
        assert build.library(SINGLE) is None
    assert build.library(SINGLE) is not None


def test_other_numbers_are_not_compiled():
    for dtype in (np.complex128, np.float16, np.int64):
        assert build.library(np.dtype(dtype)) is None


@needs_compiler
@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may write anywhere")
def test_a_home_that_cannot_be_written_is_no_obstacle(tmp_path):
    (tmp_path / "cache").mkdir(mode=0o500)
    assert build.library(SINGLE)


@needs_compiler
def test_a_process_without_a_home(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", "/dev/null/nowhere")
    assert build.library(SINGLE)
