"""The command `compare`: two runs on the same test sequences, and what their difference is worth."""


def add_options(parser):
    """The arguments of `compare`."""
    what = "folder that train has written, or a table of --predictions (.csv)"
    parser.add_argument("first", metavar="RUN", help=what)
    parser.add_argument("second", metavar="RUN2", help="another one, tested on the same sequences")


def command(options):
    """Compare, and print class by class."""
    from ..runs.compare import compare, described  # NumPy and all that reads takes its time: only now

    print(described(compare(options.first, options.second), options.first, options.second))
