"""Calls side by side: every result once, in order or as it comes, with the data checked and one thread each."""

import contextlib
import os
import signal
import threading
import time

import numpy as np
import pytest
import threadpoolctl

from gca_scratch.network.gca_lstm import GCALSTM
from gca_scratch.support import blas, workers
from gca_scratch.support.blas import LIMIT
from gca_scratch.support.errors import InputError
from gca_scratch.training.parallel import Engine


def double(number):
    return 2 * number


def added(data, number):
    return float(data.sum()) + number, os.getpid(), os.getppid()


def threads(_):
    return max((library["num_threads"] for library in threadpoolctl.threadpool_info()), default=1)


def of_numpy():
    libraries = threadpoolctl.ThreadpoolController().select(filepath=list(LIMIT.files()))
    return max((library["num_threads"] for library in libraries.info()), default=1)


def refuse(data):
    raise InputError("the file of the data has been replaced")


def end(_):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_call_gives_its_result(jobs):
    calls = [(number,) for number in range(9)]
    assert list(workers.results(double, calls, jobs)) == [2 * number for number in range(9)]
    assert sorted(workers.results(double, iter(calls), jobs, ordered=False)) == [2 * number for number in range(9)]
    assert list(workers.results(double, [], jobs)) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_data_come_first_and_are_checked_where_they_are_used(jobs):
    data, seen = np.ones(3), []
    sums, processes, parents = zip(*workers.results(added, [(1,), (2,)], jobs, data=data, check=len), strict=True)
    assert sums == (4, 5)
    assert set(processes) == {os.getpid()} if jobs == 1 else set(parents) == {os.getpid()}
    with pytest.raises(InputError, match="has been replaced"):
        seen += workers.results(added, [(1,), (2,)], jobs, data=data, check=refuse)
    assert seen == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_each_takes_one_thread_and_this_process_has_its_own_back(jobs):
    before = threads(None)
    assert list(workers.results(threads, [(1,), (2,)], jobs)) == [1, 1]
    assert threads(None) == before


@pytest.mark.parametrize("first_to_end", ["calls", "engine"])
def test_calls_and_an_engine_that_overlap_leave_blas_its_threads(first_to_end):
    """Calls in this process on one thread, an engine on another: whichever ends first, BLAS has all threads after."""
    before, within, may_end, made = of_numpy(), threading.Event(), threading.Event(), []

    def call(_):
        made.append(Engine(GCALSTM(2, 2, 2, 2, hidden=2)).threads)
        within.set()
        assert may_end.wait(60)
        made.append(of_numpy())

    calls = threading.Thread(target=lambda: list(workers.results(call, [(1,)], 1)))
    with contextlib.ExitStack() as engine:
        engine.enter_context(LIMIT.one_thread())
        calls.start()
        assert within.wait(60)
        if first_to_end == "engine":
            engine.close()
        may_end.set()
        calls.join(60)
        assert of_numpy() == (before if first_to_end == "engine" else 1)
    assert of_numpy() == before
    assert made == [1, 1]  # an engine that a call makes is confined to one thread, as the call is


def test_calls_that_overlap_leave_every_matrix_library_its_threads(monkeypatch):
    """SciPy has one of its own, and may be loaded late."""
    pytest.importorskip("scipy.linalg")
    libraries = threadpoolctl.ThreadpoolController().select(user_api="blas")
    numpys = [library for library in libraries.lib_controllers if "scipy" not in library.filepath]
    monkeypatch.setattr(blas, "_libraries", lambda: numpys)
    within, may_end = ([threading.Event(), threading.Event()] for _ in range(2))
    seen = []

    def numbers():
        return {library["num_threads"] for library in libraries.info()}

    def call(k):
        within[k].set()
        assert may_end[k].wait(60)
        seen.append(numbers())

    with libraries.limit(limits=3):
        calls = [threading.Thread(target=lambda k=k: list(workers.results(call, [(k,)], 1))) for k in range(2)]
        for k in range(2):
            calls[k].start()
            assert within[k].wait(60)
        for k in range(2):
            may_end[k].set()
            calls[k].join(60)
        assert seen == [{1}, {1}] and numbers() == {3}


def test_a_process_that_is_ended_is_one_sentence():
    with pytest.raises(InputError, match=r"ended from outside.*give the same command again, with fewer --jobs"):
        list(workers.results(end, [(1,), (2,)], jobs=2))
    assert list(workers.results(double, [(1,), (2,)], jobs=2)) == [2, 4]


def after(path, number):
    """All but the first wait until the file is there."""
    for _ in range(3000):
        if not number or os.path.exists(path):
            break
        time.sleep(0.02)
    return number


def test_calls_are_taken_as_they_are_needed(tmp_path):
    """So that what they bring along, the data of a fold for one, is not all there at once."""
    taken = []

    def calls():
        for number in range(9):
            taken.append(number)
            yield (number,)

    coming = workers.results(after, calls(), 2, data=str(tmp_path / "go"))
    assert next(coming) == 0 and len(taken) < 9
    (tmp_path / "go").touch()
    assert list(coming) == list(range(1, 9)) and taken == list(range(9))
