#!/usr/bin/env bash
# OPENBLAS_CORETYPE with the name of a kernel that NumPy's wheel does not have takes another one, and says nothing.
#
# Versions: numpy 2.4.6 (OpenBLAS 0.3.31), threadpoolctl 3.8.0; Python 3.11, Linux x86_64; a processor with AVX2.
# Behaviour: the OpenBLAS of NumPy's wheels is built for five processors, from Prescott to SkylakeX. The names of the others
#   are known to it all the same: OPENBLAS_CORETYPE=Zen is Haswell, Excavator is Sandybridge, without AVX2,
#   which it has. So one run "with Zen" and one "with Haswell" agree to the last bit because they are the same. Asked for its name, Prescott says Katmai. A name that
#   nobody knows is passed over, and the processor's own kernel is taken.
# Guessed: a kernel that is not there is an error, or a warning.
# Source: OpenBLAS driver/others/dynamic.c, DYNAMIC_LIST: `#define gotoblas_ZEN gotoblas_HASWELL` and its like;
#   gotoblas_corename, force_coretype.
# Who is hurt: whoever compares kernels, to learn how far results depend on the processor: look at what was taken
#   (threadpoolctl, "architecture"), not at what was asked for.
# Fails if this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check numpy==2.4.6 threadpoolctl==3.8.0
unset OPENBLAS_VERBOSE OPENBLAS_L2_SIZE
taken() {
    OPENBLAS_CORETYPE="$1" env/bin/python -c '
import numpy, threadpoolctl
print(threadpoolctl.threadpool_info()[0]["architecture"])' 2>&1
}
own=$(taken "")
seen=$(for name in Haswell Zen Excavator Prescott; do echo "$name: $(taken $name)"; done; [ "$(taken Nonsense)" = "$own" ] && echo "Nonsense: its own")
echo "$seen"
expected="Haswell: Haswell
Zen: Haswell
Excavator: Sandybridge
Prescott: Katmai
Nonsense: its own"
[ "$seen" = "$expected" ] || { echo "it behaves otherwise now"; exit 1; }
