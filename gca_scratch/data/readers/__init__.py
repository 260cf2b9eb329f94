"""Readers of original files, a format a file, and what makes one neutral file of a whole data set."""

# The modules that read original files, as recording.py says, by the names that users give; the first that recognises a
# file reads it, so those of one data set come before those of a format that anybody uses.
READERS = {
    "ntu": "ntu",
    "sysu": "sysu",
    "utkinect": "utkinect",
    "sbu": "sbu",
    "mhad": "mhad",
    "nwucla": "nwucla",
    "utdmhad": "utdmhad",
    "msraction3d": "msraction3d",
    "florence": "florence",
    "kard": "kard",
    "azure": "azure",
    "mediapipe": "mediapipe",
    "bvh": "bvh",
    "pyskl": "pyskl",
    "ctrgcn": "ctrgcn",
    "stgcn": "stgcn",
}
