#!/usr/bin/env bash
# NumPy 1.26 reads the pickles of NumPy 2, but not of protocol 5; and NumPy 2.2 not those of NumPy 2.4, if axes are exchanged.
#
# Versions: numpy 1.26.4, 2.2.6, 2.4.6; Python 3.11.
# Behaviour: NumPy 2 moved numpy.core to numpy._core, and 1.26 has a package numpy._core of its own, so that it can read
#   arrays that NumPy 2 pickled. It does so in protocols 2 to 4. In protocol 5 an array asks for
#   numpy._core.numeric._frombuffer, and there is no such module: ModuleNotFoundError. The same array, transposed,
#   pickled by 2.4 with protocol 5 has a fifth argument, its order of axes, which NumPy before 2.3 does not take: TypeError.
# Guessed: the bridge that is there carries whatever pickle.dumps makes, or pickles are read by all of NumPy 2.
# Source: numpy/_core/ of 1.26.4 (multiarray, _internal, _dtype and others, no numeric); numpy/_core/numeric.py,
#   _frombuffer(buf, dtype, shape, order) and, from 2.3 on, (..., axis_order=None).
# Who is hurt: whoever shares data as pickles (PYSKL and its kin) and dumps with pickle.HIGHEST_PROTOCOL. Protocol 4 is read
#   by all; np.save, too.
# Fails if this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
for version in 1.26.4 2.2.6 2.4.6; do
    python3 -m venv "env$version"
    "env$version/bin/python" -m pip install --quiet --disable-pip-version-check numpy==$version
done

env2.4.6/bin/python - <<'PY'
import pickle

import numpy as np

array = np.arange(24.0).reshape(2, 3, 4)
for name, value in (("plain", array), ("transposed", array.transpose(2, 0, 1))):
    for protocol in (4, 5):
        with open(f"{name}-{protocol}.pkl", "wb") as file:
            pickle.dump(value, file, protocol)
PY
cat > read.py <<'PY'
import pickle

import numpy as np

for name in ("plain-4", "transposed-4", "plain-5", "transposed-5"):
    try:
        with open(f"{name}.pkl", "rb") as file:
            said = pickle.load(file).shape
    except Exception as error:
        said = type(error).__name__
    print(np.__version__, name, said)
PY
seen=$(for version in 1.26.4 2.2.6 2.4.6; do "env$version/bin/python" read.py; done)
echo "$seen"
expected="1.26.4 plain-4 (2, 3, 4)
1.26.4 transposed-4 (4, 2, 3)
1.26.4 plain-5 ModuleNotFoundError
1.26.4 transposed-5 ModuleNotFoundError
2.2.6 plain-4 (2, 3, 4)
2.2.6 transposed-4 (4, 2, 3)
2.2.6 plain-5 (2, 3, 4)
2.2.6 transposed-5 TypeError
2.4.6 plain-4 (2, 3, 4)
2.4.6 transposed-4 (4, 2, 3)
2.4.6 plain-5 (2, 3, 4)
2.4.6 transposed-5 (4, 2, 3)"
[ "$seen" = "$expected" ] || { echo "it behaves otherwise now"; exit 1; }
