#!/usr/bin/env bash
# An array without numbers, pickled with protocol 2, asks for one name more than any other array: bytes.
#
# Versions: numpy 1.26.4 and 2.4.6; Python 3.11.
# Behaviour: protocol 2 has no bytes, so Python writes them as _codecs.encode(text, "latin1"), but empty ones as a call of
#   __builtin__.bytes. An allow-list of names that was found by pickling arrays (ndarray, dtype, _reconstruct, encode)
#   reads every file until one has an array of no rows.
# Guessed: what an array asks for does not depend on how many numbers it has.
# Source: pickle.py, save_bytes: `if not obj: self.save_reduce(bytes, (), obj=obj)`; _pickle.c has the same.
# Who is hurt: restricted Unpicklers. mmengine.dump writes protocol 2, and MMAction2's keypoint has no persons where Kinect
#   saw nobody: one sequence in some thousands.
# Fails if this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
for version in 1.26.4 2.4.6; do
    python3 -m venv "env$version"
    "env$version/bin/python" -m pip install --quiet --disable-pip-version-check numpy==$version
done

cat > names.py <<'PY'
import pickle
import pickletools

import numpy as np

for persons in (1, 0):
    content = pickle.dumps(np.zeros((persons, 5, 25, 3), np.float16), 2)
    names = [argument.replace("_core", "core") for code, argument, _ in pickletools.genops(content) if code.name == "GLOBAL"]
    print(np.__version__, persons, "persons:", ", ".join(name.replace(" ", ".") for name in names))
PY
seen=$(for version in 1.26.4 2.4.6; do "env$version/bin/python" names.py; done)
echo "$seen"
usual="numpy.core.multiarray._reconstruct, numpy.ndarray, _codecs.encode, numpy.dtype"
expected="1.26.4 1 persons: $usual
1.26.4 0 persons: $usual, __builtin__.bytes
2.4.6 1 persons: $usual
2.4.6 0 persons: $usual, __builtin__.bytes"
[ "$seen" = "$expected" ] || { echo "it behaves otherwise now"; exit 1; }
