#!/usr/bin/env bash
# NumPy 2.4: NPY_DISABLE_CPU_FEATURES="AVX2 FMA3 ..." disables nothing any more, and says nothing.
#
# Versions: numpy 2.3.5, 2.4.6; Python 3.11, Linux x86_64; a processor with AVX2 (x86-64-v3).
# Behaviour: on x86 NumPy 2.4 has the names X86_V3 and X86_V4 in place of AVX2, FMA3, AVX512_SKX and their like. A name that it
#   does not know it leaves out with an ImportWarning, which Python does not show unless it is asked to (-W always). So the
#   line that the documentation of 2.3 gives as its example, and a list that brought 2.3 down to its baseline, leave 2.4 at
#   full width. Capital letters are needed, too: x86_v3 is another unknown name. (NPY_ENABLE_CPU_FEATURES
#   with an old name goes the other way: nothing known is left to enable, and all comes down to the baseline.)
# Guessed: old names are aliases of the new, as SSE41 is of X86_V2 among the options of a build; or the import fails, for the
#   documentation says that it "will raise an error if parsing fails or if the feature was not enabled".
# Source: numpy/_core/src/common/npy_cpu_features.c, npy__cpu_check_env: PyErr_WarnFormat(PyExc_ImportWarning, ...); names
#   came with numpy pull request 28896.
# Who is hurt: whoever holds machines to the same bits (exp and tanh differ from kind to kind), keeps a cluster off AVX-512, or
#   asks numpy.lib.introspect.opt_func_info whether "AVX512" is in a name: of float32 exp it is "X86_V4" now.
# Fails if this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
for version in 2.3.5 2.4.6; do
    python3 -m venv "env$version"
    "env$version/bin/python" -m pip install --quiet --disable-pip-version-check numpy==$version
done
cat > exp.py <<'PY'
import os

import numpy as np

exp = np.lib.introspect.opt_func_info("^exp$", "float32")["exp"]["ff"]["current"]
kind = "at its baseline" if exp.startswith("baseline") else "in wider vectors"
names = {name: os.environ[name] for name in ("NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES") if name in os.environ}
print(np.__version__, *(f"{name}={value!r}" for name, value in names.items()), "exp", kind)
PY
unset NPY_DISABLE_CPU_FEATURES NPY_ENABLE_CPU_FEATURES PYTHONWARNINGS
old="AVX512F AVX512CD AVX512_SKX AVX2 FMA3"
seen=$(
    for version in 2.3.5 2.4.6; do
        python="env$version/bin/python"
        "$python" exp.py 2>&1
        NPY_DISABLE_CPU_FEATURES="$old" "$python" exp.py 2>&1
    done
    NPY_DISABLE_CPU_FEATURES="X86_V3 X86_V4" "$python" exp.py 2>&1
    NPY_DISABLE_CPU_FEATURES="x86_v3 x86_v4" "$python" exp.py 2>&1
    NPY_ENABLE_CPU_FEATURES="$old" "$python" exp.py 2>&1
)
echo "$seen"
expected="2.3.5 exp in wider vectors
2.3.5 NPY_DISABLE_CPU_FEATURES='$old' exp at its baseline
2.4.6 exp in wider vectors
2.4.6 NPY_DISABLE_CPU_FEATURES='$old' exp in wider vectors
2.4.6 NPY_DISABLE_CPU_FEATURES='X86_V3 X86_V4' exp at its baseline
2.4.6 NPY_DISABLE_CPU_FEATURES='x86_v3 x86_v4' exp in wider vectors
2.4.6 NPY_ENABLE_CPU_FEATURES='$old' exp at its baseline"
[ "$seen" = "$expected" ] || { echo "it behaves otherwise now"; exit 1; }
