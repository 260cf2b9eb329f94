"""The threads of the matrix library: one while anybody is within, all of them after, whichever threads come and go."""

import contextlib
import os
import threading

import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

from gca_scratch.support.blas import LIMIT


@pytest.fixture
def blas():
    """Gives BLAS three threads, and a function that says how many it has."""
    libraries = ThreadpoolController().select(filepath=list(LIMIT.files()))
    with libraries.limit(limits=3):
        yield lambda: {library["num_threads"] for library in libraries.info()}


class Elsewhere:
    """A thread that does what it is told, one thing after the other, and lives until the end of the test."""

    def __init__(self):
        self._task, self._done, self._next = None, threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self):
        while self._next.wait(60):
            self._next.clear()
            self._found = self._task()
            self._done.set()

    def do(self, task):
        self._task = task
        self._done.clear()
        self._next.set()
        assert self._done.wait(60)
        return self._found


def test_one_thread_within_and_all_after(blas):
    with LIMIT.one_thread():
        assert blas() == {1} and LIMIT.threads() == 3
        with LIMIT.one_thread():
            assert blas() == {1}
        assert blas() == {1}
    assert blas() == {3} and LIMIT.threads() == 3
    with pytest.raises(KeyError), LIMIT.one_thread():
        raise KeyError
    assert blas() == {3}


@pytest.mark.parametrize("order", ["here, there, here, there", "there, here, there, here", "here, there, there, here"])
def test_threads_come_and_go_in_any_order(blas, order):
    there = Elsewhere()
    within = {"here": contextlib.ExitStack(), "there": contextlib.ExitStack()}
    seen = set()
    for n, where in enumerate(order.split(", ")):

        def step(n=n, stack=within[where]):
            return stack.enter_context(LIMIT.one_thread()) if n < 2 else stack.close()

        there.do(step) if where == "there" else step()
        if n < 3:
            seen |= blas()
    assert seen == {1} and blas() == {3}


def test_a_thread_is_heeded_though_another_has_set_a_number_before(blas):
    limits = threadpool_limits(2)  # as a program does at its start, and then from its own main thread alone
    there = Elsewhere()

    def seen():
        with LIMIT.one_thread():
            return blas()

    assert there.do(seen) == {1} and blas() == {2}
    limits.restore_original_limits()
    assert blas() == {3}


def test_who_is_confined_is_told_of_one_thread_and_others_are_not(blas):
    there = Elsewhere()
    with LIMIT.one_thread(confined=True):
        assert LIMIT.threads() == 1 and there.do(LIMIT.threads) == 3
        with LIMIT.one_thread():
            assert LIMIT.threads() == 1
        assert LIMIT.threads() == 1
    assert LIMIT.threads() == 3


@pytest.mark.parametrize("who", ["here", "there"])
def test_a_number_that_somebody_else_gives_back_meanwhile_stays(blas, who):
    """A limit of the user's own ends within: what it gives back is what was there before both."""
    there, limits = Elsewhere(), threadpool_limits(2)
    with contextlib.ExitStack() as within:
        (there.do if who == "there" else lambda task: task())(lambda: within.enter_context(LIMIT.one_thread()))
        limits.restore_original_limits()
    assert blas() == {3} and LIMIT.threads() == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
@pytest.mark.filterwarnings("ignore:.*use of fork")
@pytest.mark.parametrize(("who", "threads"), [("nobody", 3), ("there", 3), ("here", 1)])
def test_a_process_that_is_forked_within_has_its_threads_back(blas, who, threads):
    """What is within there is what the thread that forked has entered; the others are not in that process."""
    there, (read, write) = Elsewhere(), os.pipe()

    def forked():
        child = os.fork()
        if not child:
            try:
                with LIMIT.one_thread():
                    within = blas()
                os.write(write, repr((within, blas(), LIMIT.threads())).encode())
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        return os.read(read, 100).decode()

    with LIMIT.one_thread() if who != "nobody" else contextlib.nullcontext():
        assert (there.do if who == "there" else lambda task: task())(forked) == repr(({1}, {threads}, 3))
    assert blas() == {3}


def test_who_is_confined_and_let_go_from_elsewhere_is_confined_no_longer(blas):
    there, within = Elsewhere(), contextlib.ExitStack()
    within.enter_context(LIMIT.one_thread(confined=True))
    assert LIMIT.threads() == 1
    there.do(within.close)
    assert LIMIT.threads() == there.do(LIMIT.threads) == 3 and blas() == {3}
