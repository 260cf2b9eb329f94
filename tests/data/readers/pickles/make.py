"""Makes the pickles of this folder, in PYSKL's form, of protocols 2 to 5: `python make.py`, with NumPy 1 and NumPy 2.

They were made with Python 3.11 and NumPy 1.26.4, and with NumPy 2.4.6. `content` says what is in them.
"""

import pickle
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
NAMES = ("S001C001P001R001A001", "S001C002P003R001A051", "S002C003P001R002A060", "S001C001P002R001A002")


def keypoint(number):
    """The joints of the sample of this number: float16 (persons, frames, 25, 3), one person more for the second."""
    shape = (1 + (number == 1), 2 + number, 25, 3)
    return (np.arange(np.prod(shape)).reshape(shape) / 64 + number).astype(np.float16)


def content():
    """The dict: an annotation that is None, a label that is a NumPy number, one array in Fortran's order, one empty."""
    arrays = [keypoint(number) for number in range(3)]
    arrays[2] = np.asfortranarray(arrays[2])
    arrays.append(np.zeros((0, 5, 25, 3), np.float16))
    annotations = [
        {"frame_dir": name, "label": int(name[-3:]) - 1, "keypoint": array, "total_frames": array.shape[1]}
        for name, array in zip(NAMES, arrays, strict=True)
    ]
    annotations[1]["label"] = np.int64(50)
    xsub = {"xsub_train": [NAMES[0], NAMES[2], NAMES[3]], "xsub_val": [NAMES[1]]}
    xview = {"xview_train": [NAMES[1], NAMES[2]], "xview_val": [NAMES[0], NAMES[3]]}
    return {"split": xsub | xview, "annotations": [*annotations, None]}


def main():
    """Write the files of the NumPy that runs this."""
    for protocol in range(2, 6):
        file = FOLDER / f"numpy{np.__version__[0]}-protocol{protocol}.pkl"
        file.write_bytes(pickle.dumps(content(), protocol))


if __name__ == "__main__":
    main()
