"""The command `convert`: the original files of a data set to one file of the neutral format."""

import os
import sys
import time

from ..data.readers import READERS
from ..data.readers.convert import DAMAGED, REMARKS, convert
from ..data.readers.foreign import unread
from ..data.readers.grown import with_pelvis
from ..data.readers.recording import reader_named, reader_of
from ..runs.predict import is_neutral
from ..support.errors import InputError
from .options import add_files, said_of_files

SHOWN = 20  # damaged files that are printed; the others are in the list


def add_options(parser):
    """The arguments of `convert`."""
    parser.add_argument("--list", action="store_true", help="say which formats are read, and what each of them takes")
    parser.add_argument("--dataset", choices=tuple(READERS), help="what the files are (default: what they look like)")
    parser.add_argument("--data", metavar="PATH", help="folder of the original files, or one file")
    parser.add_argument("--out", metavar="FILE", help="the file to write (.npz)")
    cores = os.cpu_count() or 1
    parser.add_argument(
        "--hip",
        choices=("middle",),
        help="middle: make a joint between both hips, where no joint is called a pelvis; also of a file of the neutral "
        "format",
    )
    parser.add_argument("--jobs", type=int, default=cores, metavar="N", help=f"processes that read (default: {cores})")
    add_files(parser)


def command(options):
    """Convert, and say what came of it."""
    if options.list:
        print(formats())
        return
    if not (options.data and options.out):
        raise InputError("say what to convert and where to: --data PATH --out FILE.npz, or --list for what is read")
    dataset = options.dataset or reader_of(options.data)
    if dataset is None and options.hip and is_neutral(options.data):
        count, made = with_pelvis(options.data, options.out)
        print("\n  ".join([f"{count} sequences written to {options.out}", *made]))
        return
    if dataset is None:
        raise unread(options.data)
    start = time.monotonic()
    try:
        said, middle = said_of_files(options), options.hip == "middle"
        result = convert(dataset, options.data, options.out, options.jobs, options=said, middle=middle)
    except KeyboardInterrupt:
        if os.path.isdir(f"{options.out}.part"):
            print(f"what has been read is kept in {options.out}.part; the same command goes on there", file=sys.stderr)
        raise
    size, seconds = os.path.getsize(options.out) / 1e6, time.monotonic() - start
    print(
        f"{dataset}: {result.sequences} sequences, {result.frames} frames, "
        f"written to {options.out} ({size:,.1f} MB) in {seconds:.0f} s"
    )
    for note in result.notes:
        print(f"  {note}")
    base = str(options.out).removesuffix(".npz")
    if result.remarks:
        file, left_out = result.remarks[0]
        print(f"parts of {len(result.remarks)} files were left out, listed in {base + REMARKS}; {file}: {left_out}")
    if result.damaged:
        print(f"{len(result.damaged)} damaged and left out, listed in {base + DAMAGED}:")
        print("\n".join(f"  {reason}" for _, reason in result.damaged[:SHOWN]))
        if len(result.damaged) > SHOWN:
            print(f"  and {len(result.damaged) - SHOWN} more")


def formats():
    """What each reader takes, a line for each."""
    width = max(map(len, READERS))
    return "\n".join(f"{name:{width}}  {reader_named(name).TAKES}" for name in READERS)
