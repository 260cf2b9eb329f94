"""The command `demo`: the network learns synthetic actions, and shows what it looks at."""

from ..support.workers import at_least_one
from .options import add_device, add_seed


def add_options(parser):
    """The arguments of `demo`."""
    parser.add_argument(
        "--out", default="demo-run", metavar="DIR", help="folder for what it writes (default: demo-run)"
    )
    add_seed(parser, "first of the seeds of everything random")
    parser.add_argument(
        "--seeds", type=int, default=5, metavar="N", help="seeds that train both networks each (default: 5)"
    )
    add_device(parser)


def command(options):
    """Train, test, draw."""
    from ..experiments.demo import demo  # Matplotlib takes its time: only now

    at_least_one(seeds=options.seeds)
    demo(options.out, options.seed, options.device, seeds=options.seeds)
