"""Options that several commands share, and where skeletons come from by them."""

from .. import runs


def add_device(parser):
    """--device"""
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where to compute (default: cpu)")


def add_seed(parser, meaning):
    """--seed"""
    parser.add_argument("--seed", type=int, default=0, metavar="S", help=f"{meaning} (default: 0)")


def add_source(parser, without="the synthetic actions"):
    """--data, --dataset and --hip; `without` says what is taken where neither of the first two is given."""
    parser.add_argument(
        "--data",
        metavar="PATH",
        help=f"the skeletons: a file of the neutral format (.npz), or a folder of original files (default: {without})",
    )
    parser.add_argument(
        "--dataset", choices=tuple(runs.DATASETS), help="what --data is, where it is no file of the neutral format"
    )
    parser.add_argument("--hip", metavar="NAME", help="the joint that is the hip, where the joints' names do not tell")


def add_moved_data(parser):
    """--data of a command that knows already where the data was."""
    parser.add_argument("--data", metavar="PATH", help="where the data lies now, if it has moved")


def source_of(options, **more):
    """The runs.Source that the options name; more: its other fields."""
    dataset = options.dataset or runs.dataset_of(options.data)
    return runs.Source(dataset, options.data or "", hip=options.hip or "", **more)
