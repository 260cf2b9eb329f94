#!/usr/bin/env bash
# mediapipe.Image of a view of an array reads other bytes than the view shows, in silence.
#
# Versions: mediapipe 1.2.2, NumPy 2.4.6, Python 3.11, Linux x86_64. Up to 0.10.21 a view was refused with TypeError.
# Behaviour: `Image(image_format, data)` hands the address of data's first element and the number of its elements to
#   the C library, and nothing about strides. frame[:, :, ::-1], the usual way from BGR to RGB without OpenCV, so keeps BGR,
#   shifted by two bytes; frame[:, ::-1], the usual mirror image, is the frame moved by nearly a row; a crop, frame[:, :2], is
#   other pixels. Of a view with a negative stride bytes behind the end of the array are read. Four channels given as
#   SRGB (BGRA from a screen or a camera) are taken as three, too: only too few bytes are an error.
# Guessed: the pixels that the view shows, as every function of NumPy and OpenCV's own Python binding read them; or the
#   TypeError of before.
# Source: mediapipe/tasks/python/vision/core/image.py, Image.__init__: data.ctypes.data_as(...), data.size. The refusal of
#   0.10 is google-ai-edge/mediapipe issues 5251 and 5379.
# Who is hurt: whoever films with a mirrored or cropped picture, or turns BGR into RGB by slicing: landmarks still come, of a
#   sheared or blue picture, only worse ones. np.ascontiguousarray, or cv2.cvtColor and cv2.flip, mend it.
# Fails if this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check mediapipe==1.2.2 numpy==2.4.6

seen=$(env/bin/python - <<'PY'
import importlib.metadata

import mediapipe
import numpy as np

print("mediapipe", importlib.metadata.version("mediapipe"))
memory = np.arange(36, dtype=np.uint8)  # more than a frame, so that nothing behind it is anybody else's
frame = memory[:18].reshape(2, 3, 3)
views = {
    "frame": frame,
    "frame[:, :, ::-1]": frame[:, :, ::-1],
    "frame[:, ::-1]": frame[:, ::-1],
    "frame[:, :2]": frame[:, :2],
    "four channels as SRGB": memory[:24].reshape(2, 3, 4),
}
for name, view in views.items():
    image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=view)
    read = image.numpy_view().copy()
    same = read.shape == view.shape and np.array_equal(read, view)
    print(f"{name}: {'the same' if same else 'other'} pixels, the first row {read[0].ravel().tolist()}")
PY
)
echo "$seen"
expected="mediapipe 1.2.2
frame: the same pixels, the first row [0, 1, 2, 3, 4, 5, 6, 7, 8]
frame[:, :, ::-1]: other pixels, the first row [2, 3, 4, 5, 6, 7, 8, 9, 10]
frame[:, ::-1]: other pixels, the first row [6, 7, 8, 9, 10, 11, 12, 13, 14]
frame[:, :2]: other pixels, the first row [0, 1, 2, 3, 4, 5]
four channels as SRGB: other pixels, the first row [0, 1, 2, 3, 4, 5, 6, 7, 8]"
[ "$seen" = "$expected" ] || { echo "it behaves otherwise now"; exit 1; }
