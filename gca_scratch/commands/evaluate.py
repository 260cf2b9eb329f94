"""The command `evaluate`: test a trained network again."""

from .. import runs
from .options import add_device, add_moved_data

HELP = "test a trained network again"
EXAMPLES = ["evaluate run"]


def add_options(parser):
    """The arguments of `evaluate`."""
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="checkpoint.npz, or the folder that holds it")
    add_moved_data(parser)
    add_device(parser)


def command(options):
    """Test, and print how the network does."""
    print(runs.summary(runs.retest(options.checkpoint, options.data, options.device)))
