#!/usr/bin/env bash
# Numba from 0.62 on (LLVM 20): a loop that writes two rows of one array runs one number at a time, if more rows follow.
#
# Versions: numba 0.61.2 (llvmlite 0.44.0, LLVM 15) with numpy 2.2.6, numba 0.68.1 (llvmlite 0.50.0, LLVM 22) with numpy 2.4.6;
#   Python 3.11, Linux x86_64.
# Behaviour: `y[k, 0, i] = ...; y[k, 1, i] = ...` in the inner loop of two, y of shape (n, 2, m). The compiler cannot know that
#   the rows do not overlap, so it compiles the inner loop twice, in vectors and one number at a time, and a comparison of
#   addresses chooses. LLVM 15 compares the two rows, once for each k. LLVM 18 and later compares before the outer loop
#   what all k together touch: from the first y[., 0, .] to the last, and from the first y[., 1, .] to the last.
#   With n = 1 these are apart; from n = 2 on they are interleaved, and every row is computed one number at a time (5.9 times
#   slower here, with vectors of 16). The assembly is full of vectors all the same, and the optimiser reports
#   that the loop is vectorised. With y of shape (2, n, m) all is well.
# Guessed: that a loop is vectorised is decided when it is compiled; or at least, rows of one C-contiguous array that do
#   not overlap are seen not to overlap, as they were before.
# Shown by: a sum that is allowed to be reordered. 2^24 + 1 + 1 + ... in float32 stays 2^24 one by one, and does not in lanes.
# Source: llvm/lib/Analysis/LoopAccessAnalysis.cpp, HoistRuntimeChecks, option -hoist-runtime-checks (llvm-project pull
#   request 71538 made it the default, and is of November 2023). llvmlite can switch it off, as the last lines show.
# Who is hurt: whoever writes the gates of a recurrent unit, colours or coordinates side by side, (n, 5, m), and upgrades.
# Fails if this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
for pair in 0.61.2:2.2.6 0.68.1:2.4.6; do
    python3 -m venv "env${pair%:*}"
    "env${pair%:*}/bin/python" -m pip install --quiet --disable-pip-version-check "numba==${pair%:*}" "numpy==${pair#*:}"
done
cat > rows.py <<'PY'
import sys

import llvmlite.binding
import numba
import numpy as np

for option in sys.argv[1:]:
    llvmlite.binding.set_option("", option)
FIRST = 2.0**24  # + 1 is not a float32


@numba.njit(fastmath={"reassoc", "nsz"})
def side_by_side(x, y, sums):
    """x (n, m), y (n, 2, m), sums (n,)"""
    for k in range(x.shape[0]):
        total = np.float32(0)
        for i in range(x.shape[1]):
            y[k, 0, i] = 2 * x[k, i]
            y[k, 1, i] = 3 * x[k, i]
            total += x[k, i]
        sums[k] = total


@numba.njit(fastmath={"reassoc", "nsz"})
def one_after_the_other(x, y, sums):
    """The same with y (2, n, m)."""
    for k in range(x.shape[0]):
        total = np.float32(0)
        for i in range(x.shape[1]):
            y[0, k, i] = 2 * x[k, i]
            y[1, k, i] = 3 * x[k, i]
            total += x[k, i]
        sums[k] = total


for n in (1, 2, 8):
    x = np.ones((n, 1024), np.float32)
    x[:, 0] = FIRST
    said = []
    for function, shape in ((side_by_side, (n, 2, 1024)), (one_after_the_other, (2, n, 1024))):
        y, sums = np.empty(shape, np.float32), np.empty(n, np.float32)
        function(x, y, sums)
        in_lanes = {bool(total) for total in sums != FIRST}
        said.append(f"{function.__name__} {'in lanes' if in_lanes == {True} else 'one by one' if in_lanes == {False} else 'mixed'}")
    print(numba.__version__, *sys.argv[1:], f"n = {n}: {said[0]}, {said[1]}")
PY
seen=$(env0.61.2/bin/python rows.py; env0.68.1/bin/python rows.py; env0.68.1/bin/python rows.py -hoist-runtime-checks=false)
echo "$seen"
expected="0.61.2 n = 1: side_by_side in lanes, one_after_the_other in lanes
0.61.2 n = 2: side_by_side in lanes, one_after_the_other in lanes
0.61.2 n = 8: side_by_side in lanes, one_after_the_other in lanes
0.68.1 n = 1: side_by_side in lanes, one_after_the_other in lanes
0.68.1 n = 2: side_by_side one by one, one_after_the_other in lanes
0.68.1 n = 8: side_by_side one by one, one_after_the_other in lanes
0.68.1 -hoist-runtime-checks=false n = 1: side_by_side in lanes, one_after_the_other in lanes
0.68.1 -hoist-runtime-checks=false n = 2: side_by_side in lanes, one_after_the_other in lanes
0.68.1 -hoist-runtime-checks=false n = 8: side_by_side in lanes, one_after_the_other in lanes"
[ "$seen" = "$expected" ] || { echo "it behaves otherwise now"; exit 1; }
