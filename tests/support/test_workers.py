"""Calls side by side: every result once, in order or as it comes, with the data checked and one thread each."""

import os
import signal

import numpy as np
import pytest
import threadpoolctl

from gca_scratch.support import workers
from gca_scratch.support.errors import InputError


def double(number):
    return 2 * number


def added(data, number):
    return float(data.sum()) + number, os.getpid(), os.getppid()


def threads(_):
    return max((library["num_threads"] for library in threadpoolctl.threadpool_info()), default=1)


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


def test_a_process_that_is_ended_is_one_sentence():
    with pytest.raises(InputError, match=r"ended from outside.*give the same command again, with fewer --jobs"):
        list(workers.results(end, [(1,), (2,)], jobs=2))
    assert list(workers.results(double, [(1,), (2,)], jobs=2)) == [2, 4]
