#!/usr/bin/env bash
# threadpoolctl: limits that two threads set at overlapping times leave BLAS with one thread for good; 3.2 sees no BLAS of NumPy 2.4.
#
# Versions: threadpoolctl 3.2.0, 3.6.0, 3.8.0; numpy 2.4.6; Python 3.11; a machine of two cores or more.
# Behaviour: `with threadpool_limits(1)` sets what is one for the whole process, and restores at the end what it found at
#   the beginning. Where a second thread comes in meanwhile it finds 1, and whoever leaves last restores that. It does not
#   matter which of the two ends first. The documentation says that the effect is thread-local "whenever possible but this
#   is not guaranteed"; that it may outlive both blocks it does not say. And 3.2.0 does not know the name of the library
#   that NumPy 2.4 has in its wheels: it lists none, and limits nothing.
# Guessed: two `with` blocks that have both ended have undone what they did; a newer NumPy has the BLAS that an older one had.
# Source: threadpoolctl.py, _ThreadpoolLimiter: _set_threadpool_limits and restore_original_limits; OpenBLASController,
#   filename_prefixes.
# Who is hurt: whoever serves several callers from threads. No number is wrong, and all that comes later takes twice as long.
# Fails if this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
cat > overlap.py <<'PY'
import threading

import numpy  # noqa: F401  it loads the BLAS
import threadpoolctl


def threads():
    """How many threads each BLAS has."""
    return [library["num_threads"] for library in threadpoolctl.threadpool_info() if library["user_api"] == "blas"]


def limited(within, may_end):
    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        within.set()
        may_end.wait()


said = []
for first_to_end in (0, 1):
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = threads()
    calls = [(threading.Event(), threading.Event()) for _ in range(2)]
    workers = [threading.Thread(target=limited, args=events) for events in calls]
    for worker, (within, _) in zip(workers, calls):
        worker.start()
        within.wait()
    for k in (first_to_end, 1 - first_to_end):
        calls[k][1].set()
        workers[k].join()
    said.append(f"{before} then {threads()}")
print(threadpoolctl.__version__, *said, sep="; ")
PY
for version in 3.2.0 3.6.0 3.8.0; do
    python3 -m venv "env$version"
    "env$version/bin/python" -m pip install --quiet --disable-pip-version-check numpy==2.4.6 threadpoolctl==$version
done
seen=$(for version in 3.2.0 3.6.0 3.8.0; do OPENBLAS_NUM_THREADS=2 "env$version/bin/python" overlap.py; done)
echo "$seen"
expected="3.2.0; [] then []; [] then []
3.6.0; [2] then [1]; [2] then [1]
3.8.0; [2] then [1]; [2] then [1]"
[ "$seen" = "$expected" ] || { echo "it behaves otherwise now"; exit 1; }
