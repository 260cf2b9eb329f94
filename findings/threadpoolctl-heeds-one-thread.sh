#!/usr/bin/env bash
# threadpoolctl 3.8: a limit that a second thread sets is passed over in silence, as long as the first thread lives.
#
# Versions: threadpoolctl 3.6.0 and 3.8.0, numpy 2.4.6 (its OpenBLAS has pthreads); Python 3.11, Linux x86_64.
# Behaviour: OpenBLAS has one pool of threads for the whole process. From 3.8 on the first thread that calls
#   threadpool_limits(n), or set_num_threads of a library, controls it until it gives it up: `with` does so at its end, a plain
#   call never does. Until then `with threadpool_limits(1):` in any other thread changes nothing, raises nothing and warns of
#   nothing; get_num_threads goes on telling the first thread's number. With 3.6 the limit is obeyed.
# Guessed: that a limit holds within its `with`; or, if threads may not quarrel over the pool, that the one who loses is told.
# Source: threadpoolctl.py, class OpenBLASController, set_num_threads: "Some other thread controls OpenBLAS: do nothing". A
#   section at the end of the README of 3.8 tells of it, the docstrings of threadpool_limits and of `limit` do not.
#   OpenBLASController.clear_controlling_thread(force=True), before setting and after, helps.
# Who is hurt: programs that set a number once at the start, and then limit single requests or workers on other threads to one:
#   each of them takes all cores. And whoever counts users of a limit: set by the thread that came first, taken back by the
#   one that leaves last, it stays.
# Fails if this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
for version in 3.6.0 3.8.0; do
    python3 -m venv "env$version"
    "env$version/bin/python" -m pip install --quiet --disable-pip-version-check numpy==2.4.6 threadpoolctl==$version
done

cat > limits.py <<'PY'
import threading
import warnings

import numpy  # noqa: F401  its OpenBLAS
import threadpoolctl

warnings.simplefilter("error")


def threads():
    return threadpoolctl.threadpool_info()[0]["num_threads"]


def with_one():
    with threadpoolctl.threadpool_limits(1):
        seen.append(threads())


def in_a_thread():
    thread = threading.Thread(target=with_one)
    thread.start()
    thread.join()
    return seen[-1]


seen = []
print(threadpoolctl.__version__, "limited to 1 in another thread:", in_a_thread(), end="; ")
threadpoolctl.threadpool_limits(2)  # as the documentation has it: for the whole program
print("after threadpool_limits(2) in the first:", in_a_thread())
PY
unset OPENBLAS_NUM_THREADS OMP_NUM_THREADS
seen=$(for version in 3.6.0 3.8.0; do "env$version/bin/python" limits.py; done)
echo "$seen"
expected="3.6.0 limited to 1 in another thread: 1; after threadpool_limits(2) in the first: 1
3.8.0 limited to 1 in another thread: 1; after threadpool_limits(2) in the first: 2"
[ "$seen" = "$expected" ] || { echo "it behaves otherwise now"; exit 1; }
