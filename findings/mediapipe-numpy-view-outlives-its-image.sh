#!/usr/bin/env bash
# The array that mediapipe.Image.numpy_view() gives does not keep the image alive: its pixels are freed under it.
#
# Versions: mediapipe 1.2.2, NumPy 2.4.6, Python 3.11, Linux x86_64.
# Behaviour: once nothing else names the image, its pixels are freed, and the array shows whatever comes to lie there.
#   mask = landmarker.detect(...).segmentation_masks[0].numpy_view() is such an array from the next statement on.
# Guessed: an array that refers to memory holds its owner (ndarray.base), as with every buffer of Python; the docstring says
#   "a reference to the internal data". The array of a segmentation mask would then last as long as it is used.
# Source: mediapipe/tasks/python/vision/core/image.py, Image.numpy_view: numpy.ctypeslib.as_array of a bare pointer, and
#   Image.__del__, which frees.
# Who is hurt: whoever keeps masks or pictures in a list as arrays: no error, garbage, and not in every run. Copy at once
#   (numpy_view().copy(), while a name holds the image).
# Fails if this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check mediapipe==1.2.2 numpy==2.4.6

seen=$(env/bin/python - <<'PY'
import importlib.metadata
import weakref

import mediapipe
import numpy as np

print("mediapipe", importlib.metadata.version("mediapipe"))
image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.full((480, 640, 3), 7, np.uint8))
array, alive = image.numpy_view(), weakref.ref(image)
print("while the image has a name:", bool((array == 7).all()))
del image
print("the array is there, the image is", "there, too" if alive() is not None else "gone")
PY
)
echo "$seen"
expected="mediapipe 1.2.2
while the image has a name: True
the array is there, the image is gone"
[ "$seen" = "$expected" ] || { echo "it behaves otherwise now"; exit 1; }
