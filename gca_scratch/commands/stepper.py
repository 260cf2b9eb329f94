"""The command `stepper`: a page to step through a small network."""

from .options import add_seed


def add_options(parser):
    """The arguments of `stepper`."""
    parser.add_argument("--out", required=True, metavar="FILE", help="the page to write (.html)")
    add_seed(parser, "another seed, other numbers")


def command(options):
    """Train the small network, write its page, and say where it is."""
    from ..stepper.example import example  # NumPy and the network take their time: only now
    from ..stepper.page import page
    from ..support.writing import replacing

    text = page(*example(options.seed))
    with replacing(options.out) as temporary:
        temporary.write_text(text, "utf-8")
    print(f"written to {options.out}: open it in a browser")
