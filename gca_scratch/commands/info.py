"""The command `info`: what a file or folder is, what it holds, and what to do with it next."""

import os
import re
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np

from .. import runs
from ..data import protocols
from ..data.joint_names import describe_roles, find_roles
from ..data.readers.foreign import refuse_others_for, unread
from ..data.readers.recording import read_and_remark, reader_named, reader_of
from ..data.ready import ready
from ..data.skeleton import chain
from ..data.upright import said
from ..runs.notes import notes
from ..runs.predict import is_neutral
from ..support.errors import InputError
from .options import GENERATED, add_files, add_source, said_of_files, source_of

LOOKED_AT = 2000  # sequences of original files: of more, some are chosen


def add_options(parser):
    """The arguments of `info`."""
    parser.add_argument("file", nargs="?", metavar="FILE", help="a file or folder of any format of convert --list")
    add_source(parser)
    parser.add_argument("--plot", metavar="FILE", help="draw one skeleton: its joints, its chain, its vertical (.png)")
    add_files(parser, without=("--up",))


def command(options):
    """Read the data, and print what it is."""
    if options.plot and Path(options.plot).suffix.lower() != ".png":
        raise InputError(f"--plot {options.plot} is no name for this picture; end it with .png")
    if options.file and options.data:
        raise InputError(f"give {options.file} or --data {options.data}, not both")
    data, dataset, remarks = _read(options)
    where = options.file or options.data or "the synthetic actions"
    data, hip, made = ready(data, options.hip or "")
    print(f"{where}: {_kind(dataset)}")
    print(describe(data), flush=True)
    print("\n".join(["", *_meaning(data, hip), *made, *remarks, *notes(data, "these data", hip)]))
    edges = [tuple(map(int, edge)) for edge in data.edges]
    order = chain(len(data.joint_names), edges, find_roles(data.joint_names, edges, hip).hip)
    print("\njoints, in the order of the chain:", ", ".join(data.joint_names[joint] for joint in order))
    print("\n".join(describe_roles(data.joint_names, edges, hip)))
    if options.plot:
        from ..figures.recording import draw_one  # Matplotlib takes its time: only now

        print("\nwritten to", draw_one(data, Path(options.plot), hip))
    print(f"\nnext: {_next(data, dataset, options)}")


def _read(options):
    """The data, the name of their data set, and what their reader remarks."""
    path = options.file or options.data
    told = said_of_files(options, labelled=False)
    dataset, options.data = options.dataset, path
    if path is None or dataset in GENERATED:
        return runs.load_data(source_of(options)), dataset or "synthetic", []
    if not os.path.exists(path):
        raise InputError(f"there is no file or folder {path}; check the path given")
    dataset = dataset or reader_of(path)
    if dataset in (None, "npz"):
        if dataset is None and not is_neutral(path):
            raise unread(path)
        data = runs.load_data(source_of(options))
        return replace(data, meaning=data.meaning.saying(told.up, told.unit, told.rate)), "npz", []
    reader = reader_named(dataset)
    refuse_others_for(dataset, path)
    data, said = read_and_remark(reader, path, told, LOOKED_AT)
    return data, dataset, said


def _kind(dataset):
    if dataset == "npz":
        return "a file of the neutral format"
    return "generated" if dataset in GENERATED else f"{dataset}, as in {reader_named(dataset).TAKES}"


def _meaning(data, hip):
    """The vertical, the unit, the handedness, the rate and what zeros are, each with its source."""
    m = data.meaning
    lines = [] if m.up.source in ("guess", "") else [said(data, hip)]
    lines += [f"unit: {m.unit}; handedness of the axes: {m.hand}; frames a second: {m.rate}"]
    if m.zeros.value == "positions":
        lines.append("three zeros are a position here, no joint that was not found")
    return lines


def _next(data, dataset, options):
    """The command that comes next, with what was said of the file."""
    path = options.file or options.data
    said = {name: getattr(options, name) for name in ("up", "unit", "rate", "label", "split", "names")}
    if dataset in GENERATED:
        return _typed("train", dataset="" if dataset == GENERATED[0] else dataset, out="run")
    if len(data) == 1 or (len(data.class_names) == 1 and data.class_names[0] == "unknown"):
        return _typed("predict", "RUN", path, **said, dataset=options.dataset if dataset != "npz" else "")
    if dataset != "npz":
        return _typed("convert", "--dataset", dataset, "--data", path, **said, out=f"{dataset}.npz")
    people = len(np.unique(data.subject))
    protocol, _ = runs.usual_protocol(data)
    if protocol == "half" and not 0 < (data.subject % 2).sum() < len(data):
        protocol = f"k-fold:{min(people, 5)}" if people > 1 else "loseqo"
    train, _ = protocols.split(data, protocol, 1)
    nobody = "0" if len(np.unique(data.subject[train])) == 1 else ""  # is left to be held out
    more = {"hip": options.hip, "up": options.up, "validation": nobody}
    return _typed("train", "--data", path, "--protocol", protocol, **more, out="run")


def _typed(*words, **options):
    """A command as it is typed, with those of the options that have a value."""
    words = [*words, *(word for name, value in options.items() if value for word in (f"--{name}", str(value)))]
    return " ".join(["python -m gca_scratch", *map(_quoted, words)])


def _quoted(word):
    """The word as a shell takes it whole: in double quotes, which that of Windows knows, too, where they suffice."""
    if word == shlex.quote(word) or re.search(r'["$`!]|\\$|\\\\', word):
        return shlex.quote(word)
    return f'"{word}"'


def describe(data):
    """What a data set holds, as lines of text."""
    lengths = data.lengths
    _, persons, joints, _ = data.joints.shape
    lines = [
        f"{len(data)} sequence{'s' * (len(data) > 1)}, {len(data.joints)} frames ({lengths.min()} to {lengths.max()} "
        f"each, median {np.median(lengths):.0f}), {persons} person{'s' * (persons > 1)}, {joints} joints",
        f"subjects: {len(np.unique(data.subject))} ({data.subject.min()} to {data.subject.max()})",
    ]
    for name in ("view", "setup", "repetition"):
        values = getattr(data, name)
        if values is not None:
            lines.append(f"{name}s: {', '.join(map(str, np.unique(values)))}")
    if data.test is not None:
        lines.append(f"the split of the file itself: {(~data.test).sum()} to train, {data.test.sum()} to test")
    if data.truth is not None:
        lines.append(f"ground truth of the joints that carry the action: {data.truth.mean():.1%} of all cells")
    lines += ["", "classes:"]
    width, counts = max(map(len, data.class_names)), np.bincount(data.label, minlength=len(data.class_names))
    shown = [(name, n) for name, n in zip(data.class_names, counts, strict=True) if n or len(data) > 1]
    lines += [f"  {name:{width}}  {n:5}" for name, n in shown]
    if len(shown) < len(counts):
        lines.append(f"  ({len(counts) - len(shown)} other classes are known to the data set)")
    low, high = (bound(data.joints, axis=(0, 1, 2)) for bound in (np.nanmin, np.nanmax))
    lines += [
        "",
        "coordinates: " + ", ".join(f"{axis} {a:.2f} to {b:.2f}" for axis, a, b in zip("xyz", low, high, strict=True)),
    ]
    return "\n".join(lines)
