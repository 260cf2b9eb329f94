"""Options that several commands share, and where skeletons come from by them."""

from ..data.readers import READERS

GENERATED = "synthetic", "synthetic-restless"  # those of runs.split, which lie nowhere
DATASETS = (*GENERATED, "npz", *READERS)  # the names of runs.DATASETS, without what reads them


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
    parser.add_argument("--dataset", choices=DATASETS, help="what --data is, where it is no file of the neutral format")
    parser.add_argument(
        "--hip",
        metavar="NAME",
        help="the joint that is the hip, where the joints' names do not tell; middle: make one, between both hips",
    )
    parser.add_argument("--up", metavar="AXIS", default="", help="the axis that points up: +y, -y, +z ...")


def add_files(parser, without=()):
    """What a user may say about files that do not say it themselves; `without`: options that are there already."""
    group = parser.add_argument_group("about the files", "what they do not say, or say wrongly")
    if "--up" not in without:
        group.add_argument("--up", metavar="AXIS", default="", help="the axis that points up: +y, -y, +z ...")
    group.add_argument("--unit", metavar="UNIT", default="", help="of the coordinates: m, cm, mm, in ...")
    group.add_argument("--rate", metavar="N", default="", help="frames a second")
    group.add_argument(
        "--label", metavar="PATTERN", default="",
        help="a regular expression that finds the class in a file's path, as the group (?P<label>...), and perhaps "
        "(?P<subject>...)",
    )  # fmt: skip
    group.add_argument(
        "--split", metavar="NAME", default="", help="one of several splits that the file itself declares"
    )
    group.add_argument("--names", metavar="FILE", default="", help="a file of names that the data lack")


def said_of_files(options, labelled=True):
    """The Options of readers that were given."""
    from ..data.readers.recording import Options

    return Options(options.up, options.unit, options.rate, options.label, options.split, options.names, labelled)


def add_predictions(parser):
    """--predictions"""
    parser.add_argument(
        "--predictions",
        metavar="FILE",
        help="write name, truth, answer and probabilities of every test sequence to FILE, .csv or .json",
    )


def add_moved_data(parser, others=""):
    """--data of a command that knows already where the data was; others: what else it may be."""
    parser.add_argument("--data", metavar="PATH", help=f"where the data lies now, if it has moved{others}")


def source_of(options, **more):
    """The runs.Source that the options name; more: its other fields."""
    from .. import runs

    dataset = options.dataset or runs.dataset_of(options.data)
    return runs.Source(dataset, options.data or "", hip=options.hip or "", up=options.up, **more)
