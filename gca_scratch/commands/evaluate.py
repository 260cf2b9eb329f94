"""The command `evaluate`: test a trained network again, on its own data or on others."""

from ..support.errors import InputError
from .options import DATASETS, add_device, add_moved_data, add_predictions


def add_options(parser):
    """The arguments of `evaluate`."""
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="checkpoint.npz, or the folder that holds it")
    add_moved_data(parser, ", or other data with labels (mostly with --protocol all)")
    parser.add_argument(
        "--dataset", choices=DATASETS, help="what --data is, where it is of another kind than in training"
    )
    parser.add_argument(
        "--protocol", metavar="NAME", help="whom to test (default: as in training); all: every sequence of --data"
    )
    parser.add_argument("--fold", type=int, metavar="K", help="fold of the protocol (default: as in training)")
    add_predictions(parser)
    add_device(parser)


def command(options):
    """Test, and print how the network does."""
    from .. import runs  # NumPy and all that reads takes its time: only now
    from ..runs.predictions import check_name

    other = {name: getattr(options, name) for name in ("dataset", "protocol", "fold")}
    other = {name: value for name, value in other.items() if value is not None}
    if options.predictions:
        check_name(options.predictions, "--predictions")
    if options.data and not options.dataset:
        other["dataset"] = runs.dataset_of(options.data)
    if options.fold is not None and options.fold < 1:
        raise InputError(f"--fold {options.fold} cannot be used: give a number from 1")
    print(runs.summary(runs.retest(options.checkpoint, options.data, options.device, options.predictions, **other)))
    if options.predictions:
        print(f"\nwritten to {options.predictions}")
