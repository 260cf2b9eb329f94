#!/usr/bin/env bash
# NumPy's OpenBLAS: after a product on two threads the second one keeps a core busy, doing nothing, while the program sleeps.
#
# Versions: numpy 2.4.6 (its wheel has OpenBLAS 0.3.31); Python 3.11; Linux; a machine of two cores or more.
# Behaviour: a worker thread that has finished its share looks for the next one in a loop, giving way with sched_yield, for
#   2^26 ticks of the processor's clock, some twenty milliseconds, before it goes to sleep. A program that sleeps meanwhile uses
#   that much processor time. With one thread, or with OPENBLAS_THREAD_TIMEOUT=4 (2^4 ticks), it uses none.
# Guessed: a product that has returned has ended.
# Source: OpenBLAS, driver/others/blas_server.c: blas_thread_server, thread_timeout; OPENBLAS_THREAD_TIMEOUT
#   in driver/others/openblas_env.c.
# Who is hurt: whoever computes on threads of his own between two products. Measured in training: a step on two threads of
#   ours took 250 ms after an optimiser that multiplied by OpenBLAS on two, and 205 ms after one that did not.
# Fails if this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check numpy==2.4.6
cat > asleep.py <<'PY'
import time

import numpy as np

a = np.ones((600, 600), np.float32)
most = 0.0
for _ in range(20):
    a @ a
    before = time.process_time()  # of all threads
    time.sleep(0.1)
    most = max(most, time.process_time() - before)
print("busy" if most > 0.004 else "asleep")
PY
seen="two threads: $(OPENBLAS_NUM_THREADS=2 env/bin/python asleep.py)
one thread: $(OPENBLAS_NUM_THREADS=1 env/bin/python asleep.py)
two threads, a short timeout: $(OPENBLAS_NUM_THREADS=2 OPENBLAS_THREAD_TIMEOUT=4 env/bin/python asleep.py)"
echo "$seen"
expected="two threads: busy
one thread: asleep
two threads, a short timeout: asleep"
[ "$seen" = "$expected" ] || { echo "it behaves otherwise now"; exit 1; }
