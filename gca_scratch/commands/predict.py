"""The command `predict`: a trained network asked about recordings, of any format that is read."""

import glob
import os
from pathlib import Path

from ..data.readers import READERS
from ..runs import predict as asking
from ..runs.predictions import check_name, write_rows
from ..support.errors import InputError
from .options import add_device, add_files, said_of_files


def add_options(parser):
    """The arguments of `predict`."""
    parser.add_argument("run", metavar="RUN", help="folder that train has written, or its checkpoint")
    parser.add_argument("files", nargs="+", metavar="FILE", help="recordings, in any format of convert --list")
    parser.add_argument("--dataset", choices=tuple(READERS), help="what the files are (default: what they look like)")
    parser.add_argument("--out", metavar="FILE", help="write the answers to FILE, .csv or .json")
    parser.add_argument(
        "--plot", metavar="FILE",
        help="draw the first recording: its scores on the moving skeleton (.gif, or .png for a strip); with --window "
        "its classes over time (.png)",
    )  # fmt: skip
    parser.add_argument("--window", type=int, default=0, metavar="N", help="look at windows of N frames, one by one")
    parser.add_argument(
        "--stride", type=int, default=0, metavar="N", help="frames from one window to the next (default: half a window)"
    )
    parser.add_argument(
        "--threshold", type=float, metavar="P",
        help="answers of a probability below P are none of these (default: set in training on validation people)",
    )  # fmt: skip
    add_files(parser)
    add_device(parser)


def command(options):
    """Ask, print a table, write and draw what was asked for."""
    if options.out:
        check_name(options.out, "--out")
    _check_plot(options)
    if options.stride and not options.window:
        raise InputError("--stride moves a window; give --window, too")
    files = expanded(options.files)
    trained = asking.load(options.run, options.device)
    said_of = said_of_files(options, labelled=False)
    asked, noted, again, wrong = [], set(), set(), []
    for file in files:
        try:
            found = asking.predict(
                trained, file, options.window, options.stride, options.threshold, said_of, options.dataset or ""
            )
        except InputError as error:  # the other files are asked about first
            wrong.append(str(error))
            continue
        asked.append(found)
        again |= _note(found.said, file, noted)
        _print(found, trained, bool(options.window))
    if not asked:
        raise InputError(wrong[0])
    if again:
        print(f"\nnote: {len(again)} of the notes hold for later files, too; each was said once")
    if any(answer.label is None for each in asked for answer in each.answers):
        print("\n" + _why_none(trained, options.threshold))
    if options.threshold is None and not trained.known.threshold:
        print(
            "\nno threshold was set, so that every recording is given a class: train with --validation 1 or more, or "
            "give --threshold"
        )
    if options.out:
        write_rows(options.out, [_row(answer, trained) for each in asked for answer in each.answers])
        print(f"\nwritten to {options.out}")
    if options.plot:
        from ..figures.of_answers import draw  # Matplotlib takes its time: only now

        print("written to", draw(trained, asked[0], Path(options.plot), bool(options.window), options.threshold))
    if wrong:
        others = f" ({len(wrong)} of {len(files)} files were left out, of which this is the first)"
        raise InputError(wrong[0] + others * (len(wrong) > 1))


def _check_plot(options):
    """InputError for a picture that could not be drawn, before anything is asked."""
    endings = (".png",) if options.window else (".gif", ".png")
    if options.plot and Path(options.plot).suffix.lower() not in endings:
        raise InputError(f"--plot {options.plot} is no name for this picture; end it with {' or '.join(endings)}")


def expanded(files):
    """The files, patterns that the shell has left as they are (Windows) put in the place of what they match."""
    found = []
    for file in files:
        matches = sorted(glob.glob(file)) if not os.path.exists(file) and glob.has_magic(file) else [file]
        if not matches:
            raise InputError(f"no file is called like {file}; give recordings")
        found += matches
    return found


def _note(sentences, file, noted):
    """Print what was said of a file, unless the same was said of another before: the set of that is returned."""
    general = {sentence.replace(file, ""): sentence for sentence in sentences}
    again = noted & general.keys()
    for short, sentence in general.items():
        if short not in again:
            print(f"note: {sentence}")
    noted.update(general)
    return again


def _why_none(trained, threshold):
    """A sentence on what the percentage beside none of these is, and why it was not enough."""
    limit = trained.known.threshold if threshold is None else threshold
    moves = threshold is None and trained.known.moves is not None
    why = " or joints move as they never did in that class" * moves
    return (
        f"the percentage beside {asking.NONE} is that of the best class: it is below the threshold of {limit:.6g}"
        f"{',' * moves}{why}; --threshold 0 names a class for everything"
    )


def _print(asked, trained, in_windows):
    names = trained.known.class_names
    width = max(len(name) for name in [*names, asking.NONE])
    if not in_windows:
        for answer in asked.answers:
            best = sorted(zip(answer.probabilities, names, strict=True), reverse=True)[:3]
            others = ", ".join(f"{name} {p:.0%}" for p, name in best if p >= 0.005)
            place = answer.file if len(asked.answers) == 1 else f"{answer.file}: {answer.name}"
            named = asking.described(answer.label, names)
            print(f"{place}  {named:{width}}  {best[0][0]:6.1%}   ({others})", flush=True)
        return
    for first, last, label, mean in asking.segments(asked.answers):
        a, b = asked.answers[first], asked.answers[last]
        span = f"frames {a.start} to {b.stop - 1}"
        if a.seconds:
            span = f"{a.seconds[0]:7.1f} to {b.seconds[1]:7.1f} s"
        place = a.file if asked.answers[-1].sequence == 0 else f"{a.file}: {a.name}"
        print(f"{place}  {span}  {asking.described(label, names):{width}}  {mean:6.1%}", flush=True)


def _row(answer, trained):
    names = trained.known.class_names
    seconds = answer.seconds or ("", "")
    return {
        "file": answer.file,
        "name": answer.name,
        "start": answer.start,
        "stop": answer.stop,
        "start_seconds": seconds[0],
        "stop_seconds": seconds[1],
        "class": asking.described(answer.label, names),
        "probability": float(answer.probabilities.max()),
    } | {f"p({name})": float(p) for name, p in zip(names, answer.probabilities, strict=True)}
