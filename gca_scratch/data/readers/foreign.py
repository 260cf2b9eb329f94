"""Files that no reader takes: what they are, by their first bytes and their names, and what would help."""

import contextlib
import os
import re
import zipfile
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from gca_scratch.support.errors import InputError, printable, shown
from gca_scratch.support.reading import files_below, open_plain
from gca_scratch.support.stored import in_npy

from . import READERS
from .recording import HIDDEN, reader_named, reader_of

_BEGINNING = 1 << 12  # bytes that tell what a file is
_LOOKED_INTO, _TRIED = 100, 20  # files of a folder; of these, to be read by themselves
_ARRAYS = 6  # that are named
_NEUTRAL = {"joints", "offsets", "joint_names"}  # of what is meant to be of the neutral format, one is there


class Kind(NamedTuple):
    """What a file is that begins like `begins`, or is called so; `advice` goes on with what would help.

    readers: those that take some files of the kind.
    """

    what: str
    advice: str
    begins: re.Pattern[bytes] | None
    suffixes: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()


def _like(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?s)\s*(?:" + pattern + rb")")


_OWN = "write its joints in the neutral format (docs/data.md), or give the arrays to GCALSTMClassifier (docs/python.md)"
_ESTIMATE = "take them from it first, with MediaPipe for one (docs/webcam.md), and convert what that writes"
_FLAT = "joints are needed in 3-D, such as MediaPipe's world landmarks (docs/webcam.md)"
_SOLVE = "export the skeleton as BVH from the program that recorded it"
_BLENDER = "import it into Blender, and export it as BVH (docs/bvh.md)"
_OF_JSON = ("nwucla", "azure", "mediapipe")
_UNPACK = "unpack it, and give the folder or the file that was in it"

# The first whose bytes are there; without any, the first whose suffix it is.
KINDS = (
    Kind("empty (0 bytes)", "copy or download it again", re.compile(rb"\Z")),
    Kind(
        "a video, which holds no skeletons yet",
        _ESTIMATE,
        re.compile(rb"(?s)....(ftyp|moov|mdat)|RIFF....AVI |\x1a\x45\xdf\xa3|FLV\x01|\0\0\x01[\xba\xb3]|OggS|0&\xb2u"),
        (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".wmv", ".mpg", ".mpeg", ".flv", ".ogv"),
    ),
    Kind(
        "a picture, which holds no skeletons",
        _ESTIMATE,
        re.compile(rb"(?s)\x89PNG|\xff\xd8\xff|GIF8|BM....\0\0\0\0|RIFF....WEBP"),
        (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp"),
    ),
    Kind(
        "C3D, which is not read: it holds points, mostly markers on the skin",
        _SOLVE,
        re.compile(rb"(?s)[\x01-\x08]P.."),
        (".c3d",),
    ),
    Kind(
        "TRC, which is not read: it holds points, of which nothing tells the bones between them",
        f"{_SOLVE}, or {_OWN}",
        _like(rb"PathFileType\s"),
        (".trc",),
    ),
    Kind("MVNX, Xsens's motion, which is not read", _SOLVE, _like(rb"<\?xml.*<mvnx"), (".mvnx",)),
    Kind(
        "OpenSim's model, angles or forces, which are not read",
        f"export the motion as BVH, or compute the joints, and {_OWN}",
        _like(rb"<\?xml.*<OpenSimDocument|.*\binDegrees\s*=\s*(yes|no)\s"),
        (".osim", ".mot", ".sto"),
    ),
    Kind("FBX, which is not read", _BLENDER, _like(rb"Kaydara FBX Binary|; FBX "), (".fbx",)),
    Kind(
        "a model of a 3-D program, which is not read",
        _BLENDER,
        re.compile(rb"glTF|BLENDER|PXR-USDC|#usda|Vocaloid Motion Data"),
        (".gltf", ".glb", ".vrm", ".usd", ".usda", ".usdc", ".blend", ".dae", ".vmd", ".bip", ".anim"),
    ),
    Kind(
        "ASF/AMC, Acclaim's skeleton and motion, which are not read",
        "convert the two to BVH, or take CMU's motions in their release as BVH (docs/bvh.md)",
        _like(rb"(#[^\n]*\n\s*)*:(version|FULLY-SPECIFIED)"),
        (".asf", ".amc"),
    ),
    Kind(
        "OpenPose's keypoints, which are not read: they are places in a picture",
        _FLAT,
        _like(rb"\{.*\"(pose_keypoints(_2d)?|part_candidates)\"|\{\s*\"version\"\s*:.*\"people\""),
        readers=_OF_JSON,
    ),
    Kind(
        "COCO's keypoints, which are not read: they are places in pictures",
        _FLAT,
        _like(rb"[\[{].*\"(keypoints|category_id|image_id)\"\s*:"),
        readers=_OF_JSON,
    ),
    Kind(
        "a web page, as a download that failed leaves it",
        "download the file again",
        _like(rb"(?i:<!doctype html|<html)"),
        (".html", ".htm"),
    ),
    Kind(
        "a pointer of Git LFS and not the file itself",
        "fetch that with git lfs pull",
        re.compile(rb"version https://git-lfs"),
    ),
    Kind(
        "a file of MATLAB 7.3, which is not read",
        "save it with -v7 in MATLAB, if it is of UTD-MHAD or SYSU 3D HOI",
        re.compile(rb"MATLAB 7\.3"),
    ),
    Kind(
        "a MATLAB file, and what is read is called aA_sS_tT_skeleton.mat (UTD-MHAD) or sklWorld.mat (SYSU 3D HOI)",
        f"say --dataset utdmhad or sysu if it is one of them, else {_OWN}",
        re.compile(rb"MATLAB 5\.0"),
        (".mat",),
        ("utdmhad", "sysu"),
    ),
    Kind("HDF5, which is not read", _OWN, re.compile(rb"\x89HDF"), (".h5", ".hdf5")),
    Kind(
        "packed",
        _UNPACK,
        re.compile(rb"(?s)\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd|.{257}ustar"),
        (".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z", ".rar", ".zst"),
    ),
    Kind(
        "a pickle, and those that are read are of PYSKL or MMAction2, with annotations in them",
        f"load it in Python if you trust it, and {_OWN}",
        re.compile(rb"\x80[\x02-\x05]"),
        (".pkl", ".pickle"),
        ("pyskl", "stgcn"),
    ),
    Kind("weights, no skeletons", "give recordings", None, (".pt", ".pth", ".ckpt", ".onnx", ".safetensors", ".task")),
    Kind(
        "JSON, and what is read is that of MediaPipe, Azure Kinect and Northwestern-UCLA",
        f"say --dataset mediapipe if it holds world landmarks, else {_OWN}",
        _like(rb"[\[{]"),
        (".json", ".jsonl"),
        _OF_JSON,
    ),
    Kind(
        "a table, and tables are not read",
        f"{_SOLVE}, write MediaPipe's world landmarks as JSON (docs/webcam.md), or {_OWN}",
        None,
        (".csv", ".tsv", ".xls", ".xlsx", ".ods", ".parquet"),
    ),
)
_NO_KIND = "of no kind that is read", f"see convert --list, say --dataset NAME if it is one of those, or {_OWN}"


def unread(path: str | os.PathLike[str]) -> InputError:
    """What to say of a file or folder that no reader takes: what it is, and what would help."""
    path = Path(path)
    if not os.path.exists(path):
        return InputError(f"there is no file or folder {path}; check the path given")
    if not os.path.isdir(path):
        what, advice = described(path)
        return InputError(f"{path} is {what}; {advice}")
    found = list(islice(files_below(path, HIDDEN), _LOOKED_INTO))
    found = [file for file in found if not file.name.startswith(HIDDEN)]
    if not found:
        return InputError(f"the folder {path} holds no files; give one that holds recordings")
    for file in found[:_TRIED]:
        name = reader_of(file)
        if name:
            return InputError(
                f"the folder {path} holds no files that are called as {name} calls them, but "
                f"{printable(file.relative_to(path))} is of that kind; give the file itself, or its own name to it"
            )
    known = [(file, *described(file)) for file in found]
    first, what, advice = min(known, key=lambda each: each[1:] == _NO_KIND)
    return InputError(
        f"the folder {path} holds nothing that is read (convert --list): {printable(first.relative_to(path))}, for "
        f"one, is {what}; {advice}"
    )


def refuse_others(path: str | os.PathLike[str]) -> None:
    """InputError for a file that is there and not of the neutral format, nor a damaged one: it says what it is."""
    if os.path.isdir(path):
        raise InputError(f"{path} is a folder, and the neutral format is one file; leave --dataset npz out")
    if not os.path.isfile(path):
        return  # whoever reads it says why it cannot be read
    name = reader_of(path)
    if name:
        raise InputError(
            f"{path} is no file of the neutral format, but of {reader_named(name).TAKES}; convert it with "
            f"python -m gca_scratch convert --dataset {name} --data {path} --out FILE.npz"
        )
    arrays = _arrays(Path(path))
    if arrays is None:  # a zip file that cannot be opened may be a damaged one of the format
        with contextlib.suppress(OSError):  # whoever reads it says that it cannot be read
            if _begins(Path(path))[:2] != b"PK" or Path(path).suffix.lower() not in ("", ".npz"):
                raise unread(path)
    elif not _NEUTRAL & set(arrays):
        raise unread(path)


def refuse_others_for(dataset: str, path: str | os.PathLike[str]) -> None:
    """InputError for a file that is surely none for that reader, whole as it may be: it says what it is."""
    path = Path(path)
    if dataset not in READERS or not os.path.isfile(path) or reader_named(dataset).recognises(path):
        return
    name = reader_of(path)
    if name:
        raise InputError(f"{path} is not of {dataset}, but of {reader_named(name).TAKES}; say --dataset {name}")
    try:
        beginning = _begins(path)
    except OSError:
        return  # whoever reads it says why it cannot be read
    kinds = [kind for kind in KINDS if kind.begins is not None and kind.begins.match(beginning)]
    taken = kinds[0].readers if kinds else {b"PK": ("ctrgcn",), b"\x93N": ("stgcn",)}.get(beginning[:2], (dataset,))
    if beginning and dataset not in taken:
        raise unread(path)


def described(path: Path) -> tuple[str, str]:
    """What a file is, as the end of a sentence, and what would help."""
    try:
        beginning = _begins(path)
    except OSError as error:
        return f"unreadable ({error.strerror})", "check the path, and who may read it"
    if beginning.startswith(b"\x93NUMPY"):
        return _array(path)
    if beginning[:2] == b"PK" and path.suffix.lower() in ("", ".npz", ".zip"):
        return _zipped(path)
    found = [kind for kind in KINDS if kind.begins is not None and kind.begins.match(beginning)]
    found += [kind for kind in KINDS if path.suffix.lower() in kind.suffixes]
    return (found[0].what, found[0].advice) if found else _NO_KIND


def _begins(path: Path) -> bytes:
    with open_plain(path) as file:
        return file.read(_BEGINNING).removeprefix(b"\xef\xbb\xbf")


def _arrays(path: Path) -> list[str] | None:
    """The names of the members of a zip file, without .npy; None if it is none that can be opened."""
    try:
        with open_plain(path) as file, zipfile.ZipFile(file) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()]
    except Exception:  # flipped bytes make zipfile fail in a dozen ways
        return None


def _zipped(path: Path) -> tuple[str, str]:
    names = _arrays(path)
    if names is None:
        return "a zip file that is cut off or damaged", "copy or download it again"
    if "trans" in names and {"poses", "pose_body"} & set(names):
        return "SMPL's rotations (AMASS), not joints", f"compute the joints with a body model (smplx), and {_OWN}"
    if path.suffix.lower() != ".npz":
        inside = f" with {shown(names[0])} in it" if names else ""
        return f"a zip file{inside}", _UNPACK
    if "about" in names and any(name.startswith("params/") for name in names):
        return "a network that train has written, no recordings", f"ask it: python -m gca_scratch predict {path} FILE"
    if _NEUTRAL & set(names):
        return "of the neutral format already", f"train on it, or look at it: python -m gca_scratch info {path}"
    listed = ", ".join(shown(name) for name in names[:_ARRAYS]) + ", ..." * (len(names) > _ARRAYS) or "nothing"
    return f"an .npz file that holds {listed}, neither the neutral format's arrays nor CTR-GCN's (x_train)", _OWN


def _array(path: Path) -> tuple[str, str]:
    try:
        shape = in_npy(path).seen
    except InputError:
        return "an .npy file without a plain array of numbers", f"load it in Python if you trust it, and {_OWN}"
    if len(shape) == 2 and shape[1] in (263, 251):
        return "HumanML3D's features of a motion, not joints", f"recover the joints with its own scripts, and {_OWN}"
    return f"an array of the shape {shape}, and those that are read are ST-GCN's: (N, 3, frames, joints, persons)", _OWN
