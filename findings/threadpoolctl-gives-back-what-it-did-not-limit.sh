#!/usr/bin/env bash
# threadpoolctl: `with threadpool_limits(1, user_api="openmp")` sets the threads of BLAS, too, when it ends.
#
# Versions: threadpoolctl 3.6.0 and 3.8.0, numpy 2.4.6, scikit-learn 1.9.1 (its OpenMP); Python 3.11, Linux x86_64.
# Behaviour: the limit applies to the API that was named, as asked. But what was there before is noted of all libraries, and
#   all are set back at the end: a number of BLAS threads that was chosen within the block is undone with it, in silence.
# Guessed: user_api says which libraries the block is about; of the others nothing is touched.
# Source: threadpoolctl.py, _ThreadpoolLimiter: `self._original_info = self._controller.info()`, and restore_original_limits,
#   which goes through all `lib_controllers`. A controller of less, ThreadpoolController().select(user_api="openmp").limit(limits=1),
#   leaves the others alone.
# Who is hurt: code that limits BLAS for itself (once, at its first use, or counted over threads) and is first called within
#   somebody's block about OpenMP.
# Fails if this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
for version in 3.6.0 3.8.0; do
    python3 -m venv "env$version"
    "env$version/bin/python" -m pip install --quiet --disable-pip-version-check \
        numpy==2.4.6 scikit-learn==1.9.1 threadpoolctl==$version
done

cat > limits.py <<'PY'
import sklearn.cluster  # noqa: F401  it loads OpenMP
import threadpoolctl
from threadpoolctl import ThreadpoolController, threadpool_limits

NUMPYS = next(path["filepath"] for path in threadpoolctl.threadpool_info() if "numpy.libs" in path["filepath"])


def threads():
    return next(path["num_threads"] for path in threadpoolctl.threadpool_info() if path["filepath"] == NUMPYS)


def chosen_within(block):
    threadpool_limits(2, user_api="blas")
    with block():
        before = threads()
        threadpool_limits(1, user_api="blas")  # for the rest of the program
    return f"{before}, then 1, after the block {threads()}"


print(threadpoolctl.__version__, "threads of BLAS in a block about OpenMP:")
print(" ", chosen_within(lambda: threadpool_limits(1, user_api="openmp")))
print("  selected:", chosen_within(lambda: ThreadpoolController().select(user_api="openmp").limit(limits=1)))
PY
unset OPENBLAS_NUM_THREADS OMP_NUM_THREADS
seen=$(for version in 3.6.0 3.8.0; do "env$version/bin/python" limits.py; done)
echo "$seen"
expected="3.6.0 threads of BLAS in a block about OpenMP:
  2, then 1, after the block 2
  selected: 2, then 1, after the block 1
3.8.0 threads of BLAS in a block about OpenMP:
  2, then 1, after the block 2
  selected: 2, then 1, after the block 1"
[ "$seen" = "$expected" ] || { echo "it behaves otherwise now"; exit 1; }
