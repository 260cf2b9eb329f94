"""A whole download as one file of the neutral format: read in parallel, damaged files left out, resumed when stopped.

The sequences are read in chunks of CHUNK. What a chunk holds is kept in the folder OUT.part, in a file that is called
after the names, sizes and dates of what was read, so that it is used again if and only if those are the same. When all
chunks are there they are joined one by one: memory does not grow with the data, but for a moment the disk has it twice.
"""

import contextlib
import csv
import hashlib
import math
import os
import re
import shutil
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gca_scratch import __version__
from gca_scratch.support import workers
from gca_scratch.support.errors import InputError, printable
from gca_scratch.support.processes import alone
from gca_scratch.support.progress import progress
from gca_scratch.support.reading import read_npz
from gca_scratch.support.writing import replacing, sync_names, write_npz

from .. import neutral
from ..made_joints import completed_layout, lacks_pelvis, make, with_middle
from .foreign import refuse_others_for
from .recording import (
    NOTHING_SAID,
    Collection,
    Options,
    assemble,
    meaning_of,
    passed_over,
    paths_of,
    reader_named,
    reported_by,
    with_persons,
)

CHUNK = 32  # sequences
DAMAGED, REMARKS = ".damaged.csv", ".remarks.csv"  # take the place of .npz in the names of the lists
_ALWAYS = ("damaged", "remarks", "offsets", "shape")  # read of every chunk
_OPTIONAL = ("view", "setup", "repetition", "test")
_PER_SEQUENCE = ("label", "subject", "name", *_OPTIONAL)


class Converted(NamedTuple):
    """What `convert` wrote: the numbers of sequences and frames, and what it left out, pairs of file and reason.

    notes: sentences that a user should know.  remarks: what was left out of files that are there, pairs of file and
    sentence.
    """

    sequences: int
    frames: int
    damaged: list[tuple[str, str]]
    notes: tuple[str, ...] = ()
    remarks: tuple[tuple[str, str], ...] = ()


class _Chunk(NamedTuple):
    """Some items of a reader, what they are a part of (without its items), and the file that keeps what they hold."""

    dataset: str
    whole: Collection
    items: list
    file: Path
    middle: bool = False  # are they to have a pelvis between their hips?


def convert(
    dataset: str,
    root: str | os.PathLike[str],
    out: str | os.PathLike[str],
    jobs: int = 2,
    show: bool = True,
    options: Options = NOTHING_SAID,
    middle: bool = False,
) -> Converted:
    """Convert the original files of `dataset` (one of READERS) in `root`, a folder or a file, to the file `out`.

    jobs: processes that read at a time.  show: a progress bar.  options: what the user says about the files.  middle:
    give every skeleton a pelvis between its hips (made_joints), where none of its joints is called one.

    The bytes of `out` are those that neutral.save writes of the same data, however many the jobs and however often it
    was stopped and run again. Files that a reader refuses are left out and listed, with the reason, in OUT.damaged.csv
    beside `out` (its columns are file and reason); what it leaves out of files that it reads is in OUT.remarks.csv.

    Raises InputError if `out` exists or cannot be written, if the reader finds nothing in `root`, or, leaving nothing
    on the disk, if everything that it finds is damaged.
    """
    workers.at_least_one(jobs=jobs)
    root, out = Path(root).absolute(), Path(out).absolute()  # the processes may have been started in another folder
    if not out.name:
        raise InputError(f"--out {out} is no name of a file; give one that ends in .npz")
    _refuse_existing(out)
    refuse_others_for(dataset, root)
    found = _reader(dataset).open_collection(root, options)
    items, whole = found.items, found._replace(items=[])
    middle = middle and lacks_pelvis(whole.layout.joint_names, whole.layout.edges, force=True)
    part = out.with_name(out.name + ".part")
    chunks = []
    for start in range(0, len(items), CHUNK):
        chosen = items[start : start + CHUNK]
        file = part / f"{start // CHUNK:06}-{_digest(dataset, root, chosen, options, middle)}.npz"
        chunks.append(_Chunk(dataset, whole, chosen, file, middle))
    with alone(part):
        _refuse_existing(out)  # a process that was there before this one may have written it
        _refuse_foreign(part, out)
        _read_missing(chunks, jobs, show)
        result = _join(chunks, out, part, show)
        shutil.rmtree(part, ignore_errors=True)  # all its own
    if not result.sequences:
        raise InputError(f"none of the {len(items)} sequences in {root} can be used; the first: {result.damaged[0][1]}")
    made = with_middle(whole.layout.joint_names, whole.layout.edges, force=True).sentences if middle else ()
    return result._replace(notes=(*found.notes, *made, *passed_over(root, items)))


def _refuse_existing(out):
    if os.path.lexists(out):
        part = out.with_name(out.name + ".part")
        kept = f" (for which alone {part.name}, beside it, is kept)" if part.is_dir() and any(part.iterdir()) else ""
        raise InputError(f"{out} is there already; give another name, or remove it to convert the files again{kept}")


def _refuse_foreign(part, out):
    for name in os.listdir(part):
        if name != out.name and not re.fullmatch(r"[0-9]{6}-[0-9a-f]{20}\.npz|\..*\.[0-9]+\.part", name):
            raise InputError(f"{part / name} was not made by this command, which clears that folder; move it away")


_reader = reader_named


def _digest(dataset, root, items, options=NOTHING_SAID, middle=False):
    """What changes when the items change, the options, the size or date of a file that items name, or this program."""
    stats = [path.stat() for item in items for path in paths_of(root, item) if os.path.isfile(path)]
    known = __version__, dataset, items, options, middle, [(stat.st_size, stat.st_mtime_ns) for stat in stats]
    return hashlib.sha256(repr(known).encode("utf-8", "backslashreplace")).hexdigest()[:20]


def _read_missing(chunks, jobs, show):
    """Convert the chunks that are not kept yet."""
    missing = [chunk for chunk in chunks if not chunk.file.is_file()]
    total, left = (sum(len(chunk.items) for chunk in those) for those in (chunks, missing))
    calls, processes = [(chunk,) for chunk in missing], max(1, min(jobs, len(missing)))
    with progress(total=total, what="reading", unit="sequence", done=total - left, show=show) as bar:
        for count in workers.results(_convert_chunk, calls, processes, ordered=False):
            bar.update(count)


def _convert_chunk(chunk):
    """Read the items of a chunk and keep what they hold; returns their number.

    The file holds `damaged` and `remarks`, unicode (n, 2), file and text, and unless all are damaged the arrays of the
    neutral format that differ from sequence to sequence, and `shape`, (persons, joints, 3).
    """
    reader, whole, layout = _reader(chunk.dataset), chunk.whole, _layout(chunk)
    recordings, damaged, remarks = [], [], []
    for item in chunk.items:
        file = printable(next(iter(paths_of(Path(), item)), item))
        try:
            recording, left_out = reported_by(reader, item, whole.meaning)
            if chunk.middle:
                joints, *_ = make(recording.joints, whole.layout, True, whole.meaning.zeros_absent)
                recording = recording._replace(joints=joints)
            assemble([recording], whole.class_names, layout, recording.name)  # for what it raises
            recordings.append(recording)
            remarks += [(file, printable(left_out))] if left_out else []
        except InputError as error:
            damaged.append((file, printable(" ".join(str(error).splitlines()))))
    lists = {"damaged": damaged, "remarks": remarks}
    arrays = {key: np.array(rows, np.str_).reshape(-1, 2) for key, rows in lists.items()}
    if recordings:
        data = assemble(recordings, whole.class_names, layout, chunk.file)
        arrays |= {key: getattr(data, key) for key in ("joints", "offsets", *_PER_SEQUENCE)}
        arrays["shape"] = np.array(data.joints.shape[1:])
    with replacing(chunk.file) as beside, open(beside, "wb") as file:
        write_npz(file, {key: array for key, array in arrays.items() if array is not None})
    return len(chunk.items)


def _layout(chunk):
    """The skeleton of what a chunk keeps."""
    return completed_layout(chunk.whole.layout, force=True) if chunk.middle else chunk.whole.layout


def _kept(chunk, *wanted):
    """Arrays that are kept of a chunk, by name; it is read again if its file is damaged or gone."""
    with contextlib.suppress(InputError, OSError):
        arrays = read_npz(chunk.file, {*_ALWAYS, *wanted})
        if _is_whole(arrays, wanted, chunk.file.stat().st_size):
            return arrays
    _convert_chunk(chunk)
    return read_npz(chunk.file, {*_ALWAYS, *wanted})


def _is_whole(arrays, wanted, size):
    """Could `_convert_chunk` have written these arrays to a file of this size? `neutral.check` looks into them."""
    lists = [arrays.get(key) for key in ("damaged", "remarks")]
    if any(rows is None or rows.dtype.kind != "U" or rows.shape[1:] != (2,) for rows in lists):
        return False
    if "offsets" not in arrays:
        return arrays.keys() == {"damaged", "remarks"} and len(lists[0]) > 0
    if not {*_ALWAYS, *wanted} <= {*arrays, *_OPTIONAL}:
        return False
    offsets, shape = arrays["offsets"], arrays["shape"]
    if shape.shape != (3,) or not {shape.dtype, offsets.dtype} <= {np.dtype(np.int64)}:
        return False
    if offsets.ndim != 1 or len(offsets) < 2 or offsets[0] != 0 or (offsets[1:] <= offsets[:-1]).any():
        return False
    frames, numbers = int(offsets[-1]), math.prod(shape.tolist())
    joints = arrays.get("joints")
    if min(shape) < 1 or 4 * frames * numbers > size:
        return False
    if joints is not None and (joints.dtype != np.float32 or joints.shape != (frames, *shape.tolist())):
        return False
    return all(arrays[key].shape == (len(offsets) - 1,) for key in _PER_SEQUENCE if key in arrays)


def _join(chunks, out, part, show):
    """Write what the chunks keep to `out`, and what is damaged beside it: Converted; nothing if no sequence is kept."""
    kept = [_kept(chunk, *_PER_SEQUENCE) for chunk in chunks]
    damaged, remarks = (
        [(str(file), str(text)) for arrays in kept for file, text in arrays[key]] for key in ("damaged", "remarks")
    )
    chunks = [chunk for chunk, arrays in zip(chunks, kept, strict=True) if "offsets" in arrays]
    kept = [arrays for arrays in kept if "offsets" in arrays]
    if not kept:
        return Converted(0, 0, damaged)
    persons, joints = (max(int(arrays["shape"][axis]) for arrays in kept) for axis in (0, 1))
    if any(arrays["shape"][1] != joints for arrays in kept):
        raise InputError(f"not all sequences for {out} have as many joints; keep those apart that differ")
    lengths = np.concatenate([np.diff(arrays["offsets"]) for arrays in kept])
    frames, whole, layout = int(lengths.sum()), chunks[0].whole, _layout(chunks[0])
    data = neutral.Skeletons(
        joints=np.broadcast_to(np.float32(0), (frames, persons, joints, 3)),  # stands for those on the disk
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        class_names=tuple(whole.class_names),
        joint_names=tuple(layout.joint_names),
        edges=np.array(layout.edges, np.int16).reshape(-1, 2),
        meaning=meaning_of(_reader(chunks[0].dataset), whole),
        **{
            key: np.concatenate([arrays[key] for arrays in kept])
            for key in _PER_SEQUENCE
            if all(key in arrays for arrays in kept)
        },
    )
    neutral.check(data, f"the data for {out}")
    for ending, column, rows in ((DAMAGED, "reason", damaged), (REMARKS, "left out", remarks)):
        _write_list(out.with_name(out.name.removesuffix(".npz") + ending), ("file", column), rows)
    with (
        replacing(part / out.name) as beside,
        progress(total=len(data), what="joining", unit="sequence", show=show) as bar,
    ):
        _write(beside, data, chunks, bar)
    _refuse_existing(out)
    try:
        os.replace(part / out.name, out)
        sync_names(out.parent)  # before what it was made of is removed
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error.strerror}); choose another place") from error
    return Converted(len(data), frames, damaged, remarks=tuple(remarks))


def _write(path, data, chunks, bar):
    """The file that neutral.save writes, byte for byte; its joints are those of the chunks, one chunk at a time."""
    with zipfile.ZipFile(path, "w") as archive:
        for key, array in neutral.arrays_of(data).items():
            with archive.open(f"{key}.npy", "w", force_zip64=True) as member:
                if key != "joints":
                    np.lib.format.write_array(member, array, allow_pickle=False)
                    continue
                header = {"descr": "<f4", "fortran_order": False, "shape": array.shape}
                np.lib.format.write_array_header_1_0(member, header)
                written = 0
                for chunk in chunks:
                    arrays = _kept(chunk, "joints", "label")
                    joints = with_persons(arrays["joints"], data.joints.shape[1])
                    written += member.write(joints.astype("<f4", copy=False).tobytes())
                    bar.update(len(arrays["label"]))
                if written != array.nbytes:
                    raise InputError(f"files have changed while {path.parent} was joined; run the same command again")


def _write_list(path, columns, rows):
    """The rows as CSV, or no such file if there is nothing to list."""
    if not rows:
        with contextlib.suppress(OSError):  # mostly there is none to remove
            path.unlink()
    else:
        with replacing(path) as beside, open(beside, "w", newline="", encoding="utf-8", errors="replace") as file:
            csv.writer(file).writerows([columns, *rows])
