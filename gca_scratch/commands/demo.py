"""The command `demo`: the network learns synthetic actions, and shows what it looks at."""

from .options import add_device, add_seed


def add_options(parser):
    """The arguments of `demo`."""
    parser.add_argument(
        "--out", default="demo-run", metavar="DIR", help="folder for what it writes (default: demo-run)"
    )
    add_seed(parser, "seed of everything random")
    add_device(parser)


def command(options):
    """Train, test, draw."""
    from ..experiments.demo import demo  # Matplotlib takes its time: only now

    demo(options.out, options.seed, options.device)
