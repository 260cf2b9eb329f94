"""Coverage-guided fuzzing of all that reads files: `python stress/fuzz.py TARGET --minutes M` (pip install atheris).

    python stress/fuzz.py --list                     the targets, those of tests/helpers/hostile_readers.py
    python stress/fuzz.py npz --minutes 7            one of them, so long by the processor's clock
    python stress/fuzz.py all                        all of them, one after the other

A target is given bytes that libFuzzer makes up from valid files and from what was found before (tests/hostile/), by
which parts of the code they reach. It may read them or raise InputError, in one sentence. Whatever else happens is a
finding: it is told, its bytes are kept in FINDINGS/TARGET-..., and the run goes on; a crash of Python, more than
SECONDS_PER_INPUT, or more than LIMIT_MB of memory are findings that end it. Each target tells its executions, seconds
and findings; the exit code is 1 if there were any. What has been mended belongs, as small as it gets, into
tests/hostile/TARGET/, where a test reads all of it.
"""

import argparse
import hashlib
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests" / "hostile"
MINUTES = 2.5  # of computing, for each target
LIMIT_MB = 1024  # of one process, libraries and instrumentation included
SECONDS_PER_INPUT = 60  # on the clock
LONGEST_INPUT = 1 << 15
FOUND = 3  # the exit code of a target that ran to its end and found something
WORDS = (  # what a change of single bytes hardly comes upon
    b"999999999999", b"-1", b"1e999", b"nan", b"Infinity", b"NaN", b"1_0", b"0x", b"[[[[[[[[", b"((((((((", b"{{{{{{{{",
    b"'shape': (", b"'descr': '<f4'", b"'fortran_order'", b"|O", b"<U9", b"True", b"null", bytes(4), b"\xff" * 4,
    b"cnumpy.core.multiarray\n_reconstruct\n", b"cos\ngetcwd\n", b"\x8c\x05dtype", b"\x93)R", b"\x94h\x00", b"\x82\x01",
    b"PK\x01\x02", b"PK\x05\x06", b"\x93NUMPY\x01\0", b"\n--8<--\n", b"JOINT ", b"End Site", b"CHANNELS ", b"lambda ",
)  # fmt: skip


def main():
    """Fuzz the targets that are asked for, each in a process of its own; returns the exit code."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("target", nargs="?", help="a name that --list gives, or all")
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"of computing, each (default: {MINUTES:g})")
    parser.add_argument("--findings", default="fuzz-findings", help="folder of what is found (default: fuzz-findings)")
    parser.add_argument("--list", action="store_true", help="name the targets")
    options = parser.parse_args()
    text = (ROOT / "tests" / "helpers" / "hostile_readers.py").read_text("utf-8")
    targets = re.findall(r'^@reads\("([\w-]+)"', text, re.MULTILINE)
    if options.list or options.target not in (*targets, "all"):
        print("\n".join(targets))
        return 0 if options.list else 2
    findings = Path(options.findings).resolve()
    findings.mkdir(parents=True, exist_ok=True)
    chosen = targets if options.target == "all" else [options.target]
    return max([_in_child(target, options.minutes, findings) for target in chosen])


def _in_child(target, minutes, findings):
    """libFuzzer ends its process by itself; here is what comes after. Returns 1 if anything was found."""
    before = {path.name for path in findings.iterdir()}
    call = f"import fuzz; fuzz.fuzz({target!r}, {minutes}, {str(findings)!r})"
    path = os.pathsep.join(str(ROOT / part) for part in ("", "stress"))
    done = subprocess.run(
        [sys.executable, "-c", call], capture_output=True, text=True, errors="replace", check=False,
        env=os.environ | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    print(done.stdout, end="", flush=True)
    whole = " executions in " in done.stdout
    if done.returncode not in (0, FOUND) or not whole:
        print(f"{target}: ended with {done.returncode}\n{done.stderr[-3000:]}", flush=True)
    new = sorted({path.name for path in findings.iterdir()} - before)
    for name in new:
        print(f"{target}: found {findings / name}", flush=True)
    return 0 if whole and not done.returncode else 1


def fuzz(target, minutes, findings):
    """Read made-up bytes until time is up, and tell what came of it; this does not return."""
    import atheris
    import matplotlib.figure  # noqa: F401  these two are not followed
    import scipy.io  # noqa: F401

    with atheris.instrument_imports(include=["gca_scratch", "course", "tomllib", "csv"]):
        from tests.helpers import hostile_readers
    warnings.simplefilter("ignore")
    folder = Path(tempfile.mkdtemp(prefix="fuzz-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
    corpus, box, words = folder / "corpus", folder / "box", folder / "words"
    corpus.mkdir()
    box.mkdir()
    for content in (*hostile_readers.WHOLE[target](), *(path.read_bytes() for path in CORPUS.glob(f"{target}/*"))):
        (corpus / hashlib.sha1(content).hexdigest()).write_bytes(content)
    words.write_text("".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in WORDS))
    known, runs, start = set(), itertools.count(), time.process_time()

    def one(content):
        done, seconds = next(runs), time.process_time() - start
        if seconds > 60 * minutes:
            print(f"{target}: {done} executions in {seconds:.0f} s of computing, {len(known)} findings", flush=True)
            for made in (folder, hostile_readers.own_folder()):
                shutil.rmtree(made, ignore_errors=True)
            os._exit(FOUND if known else 0)
        try:
            _, sentence = hostile_readers.outcome(target, content, box)
            if not hostile_readers.well_said(sentence):
                raise AssertionError(f"not one sentence: {sentence[:3000]!r}")
        except Exception as error:
            _keep(error, content, target, Path(findings), known)

    arguments = {
        "rss_limit_mb": LIMIT_MB, "max_len": LONGEST_INPUT, "timeout": SECONDS_PER_INPUT, "dict": words, "verbosity": 0,
        "artifact_prefix": f"{findings}/{target}-", "report_slow_units": SECONDS_PER_INPUT,
    }  # fmt: skip
    atheris.Setup([target, str(corpus), *(f"-{name}={value}" for name, value in arguments.items())], one)
    atheris.Fuzz()


def _keep(error, content, target, findings, known):
    """Keep the first input that ends in this place of the code: the last line of ours in the traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if str(ROOT) in frame.filename and "site-packages" not in frame.filename]
    place = f"{type(error).__name__}-{Path(ours[-1].filename).stem}-{ours[-1].lineno}"
    if place not in known:
        known.add(place)
        (findings / f"{target}-{place}").write_bytes(content)
        print(f"{target}: {place}, {str(error)[:200]!r}, {len(content)} bytes", flush=True)


if __name__ == "__main__":
    sys.exit(main())
