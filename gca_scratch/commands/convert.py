"""The command `convert`: the original files of a data set to one file of the neutral format."""

import os
import sys
import time

from ..data.readers import READERS
from ..data.readers.convert import DAMAGED, convert

HELP = "convert the original files of a data set to one file of the neutral format"
EXAMPLES = ["convert --dataset ntu --data nturgb+d_skeletons --out ntu.npz --jobs 8"]
SHOWN = 20  # damaged files that are printed; the others are in the list


def add_options(parser):
    """The arguments of `convert`."""
    parser.add_argument("--dataset", choices=READERS, required=True, help="which data set the files are of")
    parser.add_argument("--data", required=True, metavar="PATH", help="folder of the original files")
    parser.add_argument("--out", required=True, metavar="FILE", help="the file to write (.npz)")
    cores = os.cpu_count() or 1
    parser.add_argument("--jobs", type=int, default=cores, metavar="N", help=f"processes that read (default: {cores})")


def command(options):
    """Convert, and say what came of it."""
    start = time.monotonic()
    try:
        result = convert(options.dataset, options.data, options.out, options.jobs)
    except KeyboardInterrupt:
        if os.path.isdir(f"{options.out}.part"):
            print(f"what has been read is kept in {options.out}.part; the same command goes on there", file=sys.stderr)
        raise
    size, seconds = os.path.getsize(options.out) / 1e6, time.monotonic() - start
    print(
        f"{options.dataset}: {result.sequences} sequences, {result.frames} frames, "
        f"written to {options.out} ({size:,.1f} MB) in {seconds:.0f} s"
    )
    if result.damaged:
        listed = str(options.out).removesuffix(".npz") + DAMAGED
        print(f"{len(result.damaged)} damaged and left out, listed in {listed}:")
        print("\n".join(f"  {reason}" for _, reason in result.damaged[:SHOWN]))
        if len(result.damaged) > SHOWN:
            print(f"  and {len(result.damaged) - SHOWN} more")
