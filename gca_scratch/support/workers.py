"""Calls of a function side by side, in processes that end with this one."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .errors import InputError
from .processes import end_with


def results(
    function: Callable[..., Any],
    calls: Iterable[tuple[Any, ...]],
    jobs: int,
    *,
    data: Any = None,
    check: Callable[[Any], object] | None = None,
    ordered: bool = True,
    backend: Any = None,
) -> Iterator[Any]:
    """function(*call) for each of the calls, `jobs` at a time: a generator of what it returns.

    jobs: processes of this machine. One works in this very process. Each takes a single thread of the matrix library,
    in this process too, for more threads round differently; and none goes on when this process has ended. Where there
    are no processes, as in a browser, the calls are made one after the other.
    data: what all calls share; it becomes the first argument of each, and arrays in it are handed over once.
    check: called with `data` before each call, where the call is made, to refuse what has changed on the way.
    ordered: give the results in the order of the calls, otherwise as they come.
    backend: of joblib, to make the calls somewhere else; then `jobs` says nothing.

    What a call raises ends all of them. Raises InputError when a process was ended from outside.
    """
    shared = () if data is None else (data,)
    try:
        import multiprocessing.synchronize  # noqa: F401  which needs what a browser has not
        from concurrent.futures.process import BrokenProcessPool  # and from Python 3.14 on this may not
    except ImportError:  # a browser has no processes
        for call in calls:
            yield _called(function, check, None, *shared, *call)
        return

    import joblib  # here, since few commands need it

    parent = None if backend else os.getpid()
    somewhere = {"backend": backend} if backend else {"backend": "loky", "n_jobs": jobs, "inner_max_num_threads": 1}
    with joblib.parallel_config(**somewhere):
        pool = joblib.Parallel(
            return_as="generator" if ordered else "generator_unordered",
            pre_dispatch="all" if backend else "n_jobs",
            batch_size=1,
        )
    tasks = (joblib.delayed(_called)(function, check, parent, *shared, *call) for call in calls)
    try:
        with contextlib.closing(pool(tasks)) as coming:
            yield from coming
    except BrokenProcessPool as error:  # joblib's own errors of a lost worker are kinds of it
        raise InputError(
            "a process that worked for this one was ended from outside, as the system does when memory runs out, or no "
            "longer found the file of the data; what is finished stays: give the same command again, with fewer --jobs "
            "(train: with --resume)"
        ) from error


def at_least_one(**options: int | None) -> None:
    """InputError for an option, `jobs` or another, that is given and below 1."""
    for name, value in options.items():
        if value is not None and value < 1:
            raise InputError(f"--{name} {value} cannot be used: it must be 1 or more")


def _called(function, check, parent, *arguments):
    from threadpoolctl import ThreadpoolController

    from .blas import LIMIT

    end_with(parent)
    if check:
        check(arguments[0])
    libraries = ThreadpoolController()
    if parent != os.getpid():  # a process made for such calls keeps to one thread
        libraries.limit(limits=1)
        return function(*arguments)
    openmp, more = (libraries.select(user_api=api) for api in ("openmp", "blas"))
    # a limit of all, also one that was asked for OpenMP, would give BLAS its threads back
    with openmp.limit(limits=1), LIMIT.one_thread(confined=True, more=more.lib_controllers):
        return function(*arguments)
