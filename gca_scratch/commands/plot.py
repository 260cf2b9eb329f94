"""The command `plot`: the figures of a run, one of them or all."""

import os
from pathlib import Path

from ..support.errors import InputError, shown
from .options import add_device, add_moved_data

FILES = {  # what can be drawn, and the file that it goes into
    "convergence": "convergence.png",
    "strip": "strip.png",
    "body": "body.png",
    "confusion": "confusion.png",
    "gates": "gates.png",
    "scores": "scores.png",
    "animation": "animation.gif",
    "where": "where.png",
    "missed": "missed.png",
}
OF_TWO = ("convergence", "where", "missed")  # these take a second run


def add_options(parser):
    """The arguments of `plot`."""
    parser.add_argument(
        "figure",
        metavar="FIGURE",
        help="convergence (Fig. 6), strip (Fig. 7: skeletons over frames), body (Fig. 8: mean score of every joint), "
        "confusion, gates, scores (maps over joints and frames), animation, where (scores, gradient, what is left out: "
        "answers to where it looks, side by side), missed (test sequences that are answered wrongly, as skeletons), or "
        "all",
    )
    parser.add_argument(
        "run", metavar="RUN", help="folder that train has written; confusion, body and missed also take all folds"
    )
    parser.add_argument(
        "second",
        nargs="?",
        metavar="RUN2",
        help="another run, to compare the convergence of both or where they look, or to draw what both have missed",
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="file to write, PNG or for the animation GIF; a folder for all (default: FIGURE.png, FIGURE.gif or "
        "figures, in RUN)",
    )
    add_moved_data(parser)
    parser.add_argument(
        "--sequence",
        metavar="N",
        help="the sequence to draw, its number in the data (from 0) or its name (default: the first of the test set "
        "that is recognised)",
    )
    add_device(parser)


def command(options):
    """Draw what the options ask for, and print where it is; InputError for what cannot be drawn."""
    if options.figure not in (*FILES, "all"):
        raise InputError(f"unknown figure {shown(options.figure)}: choose one of {', '.join(FILES)}, all")
    if options.second and options.figure not in (*OF_TWO, "all"):
        raise InputError(f"{options.figure} shows one run; leave {options.second} out, or draw {', '.join(OF_TWO)}")
    folder, second = _folder(options.run), options.second and _folder(options.second)

    from ..figures.of_run import NotInRun, Request, draw  # Matplotlib takes its time: only now

    request = Request(folder, second, options.data, options.sequence, options.device)
    if options.figure != "all":
        print("written to", draw(options.figure, request, Path(options.out or folder / FILES[options.figure])))
        return
    failed = {}
    for figure, file in FILES.items():
        try:
            print("written to", draw(figure, request, Path(options.out or folder / "figures") / file), flush=True)
        except NotInRun as error:
            print(f"no {figure}: {error}", flush=True)
        except InputError as error:  # the others may be drawn all the same
            failed.setdefault(str(error), []).append(figure)
    if failed:
        raise InputError("; ".join(f"no {', '.join(figures)}: {error}" for error, figures in failed.items()))


def _folder(path):
    """The folder of a run, also where its checkpoint is given."""
    path = Path(path)
    if not os.path.exists(path):
        raise InputError(f"there is no run {path}; give the folder that train has written")
    return path if os.path.isdir(path) else path.parent
