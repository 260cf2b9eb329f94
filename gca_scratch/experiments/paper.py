"""The paper's tables of results as data: what it measured, and the settings that make the same row here.

J. Liu et al., section V. One function per table; a method of somebody else has the paper's number and no settings.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column of accuracies: a data set, known by its number of classes, and the protocol that splits it."""

    name: str
    classes: int
    protocol: str


@dataclass(frozen=True)
class Row:
    """One row of a table.

    paper: per cent in each column, None where the paper gives no number.  changes: of Settings, for what can be run
    here, else None.  noise: deviation in metres of the noise on the joints.  budget: how many training steps' epochs
    the row gets in all; None means as many as stepwise training of its iterations takes.  fastest: the largest learning
    rate that it is trained with, whatever the preset says.
    """

    method: str
    paper: tuple
    changes: dict | None = None
    noise: float = 0.0
    budget: int | None = None
    fastest: float = float("inf")


@dataclass(frozen=True)
class Table:
    """A table: its title, columns and rows, and what a reader of the measured numbers must know."""

    title: str
    columns: tuple
    rows: tuple
    note: str = ""


NTU_CS = Column("NTU RGB+D (CS)", 60, "cross-subject")
NTU_CV = Column("NTU RGB+D (CV)", 60, "cross-view")
SYSU = Column("SYSU-3D", 12, "sysu")
UTKINECT = Column("UT-Kinect", 10, "loseqo")
SBU = Column("SBU-Kinect Interaction", 8, "sbu")
MHAD = Column("Berkeley MHAD", 11, "mhad")

FEEDFORWARD_RATE = 0.02  # at 0.1, the preset small's, all units of a layer on J T H inputs die within an epoch
N = 2  # attention iterations, where a row does not say
ST_LSTM, GLOBAL_1, GLOBAL_2 = (
    {"network": name, "mode": "direct", "iterations": 0} for name in ("st-lstm", "global-1", "global-2")
)
TREE_AND_TRUST = ST_LSTM | {"traversal": "tree", "trust_gate": True}
ST_LSTM_NOTE = (
    "ST-LSTM [29], [56] runs as the best network of that paper, with tree traversal and trust gate; the networks of "
    "the other rows walk along a chain of joints and have no trust gate."
)
DIRECT, COARSE, TWO_STREAM = (
    {"network": name, "mode": "direct", "iterations": N} for name in ("gca", "coarse", "two-stream")
)
STEPWISE, TWO_STREAM_STEPWISE = (
    {"network": name, "mode": "stepwise", "iterations": N} for name in ("gca", "two-stream")
)


def _ours(st_lstm, accuracies):
    """The rows of this family of networks in a table of comparisons, from ST-LSTM on, with the paper's numbers."""
    methods = {
        st_lstm: TREE_AND_TRUST,
        "ST-LSTM + Global (1)": GLOBAL_1,
        "ST-LSTM + Global (2)": GLOBAL_2,
        "GCA-LSTM (direct training)": DIRECT,
        "GCA-LSTM (stepwise training)": STEPWISE,
    }
    rows = zip(methods.items(), accuracies, strict=True)
    # a network without attention is trained for as many epochs as GCA-LSTM in all its steps
    return tuple(
        Row(name, paper, changes, budget=N + 1, fastest=FEEDFORWARD_RATE if changes is GLOBAL_1 else float("inf"))
        for (name, changes), paper in rows
        if paper
    )


def _streams(*accuracies):
    """The four rows of Tables II and IV."""
    methods = (
        ("GCA-LSTM (coarse-grained only)", COARSE),
        ("GCA-LSTM (fine-grained only)", DIRECT),
        ("Two-stream GCA-LSTM", TWO_STREAM),
        ("Two-stream GCA-LSTM with stepwise training", TWO_STREAM_STEPWISE),
    )
    return tuple(Row(name, paper, changes) for (name, changes), paper in zip(methods, accuracies, strict=True))


def table_I():
    """Table I: comparison on NTU RGB+D."""
    others = (
        Row("Skeletal Quads [76]", (38.6, 41.4)),
        Row("Lie Group [46]", (50.1, 52.8)),
        Row("Dynamic Skeletons [71]", (60.2, 65.2)),
        Row("HBRNN [12]", (59.1, 64.0)),
        Row("Deep RNN [55]", (56.3, 64.1)),
        Row("Deep LSTM [55]", (60.7, 67.3)),
        Row("Part-aware LSTM [55]", (62.9, 70.3)),
        Row("JTM CNN [77]", (73.4, 75.2)),
        Row("STA Model [68]", (73.4, 81.2)),
        Row("SkeletonNet [78]", (75.9, 81.2)),
        Row("Visualization CNN [79]", (76.0, 82.6)),
    )
    ours = _ours("ST-LSTM [29]", ((69.2, 77.7), (70.5, 79.5), (70.7, 79.4), (74.3, 82.8), (76.1, 84.0)))
    return Table("Experimental results on NTU RGB+D", (NTU_CS, NTU_CV), others + ours, ST_LSTM_NOTE)


def table_II():
    """Table II: attention over joints, over body parts, and both, on NTU RGB+D."""
    rows = _streams((74.1, 81.6), (74.3, 82.8), (76.2, 84.7), (77.1, 85.1))
    return Table("The two-stream network on NTU RGB+D", (NTU_CS, NTU_CV), rows)


def table_III():
    """Table III: comparison on SYSU-3D."""
    others = (Row("LAFF (SKL) [80]", (54.2,)), Row("Dynamic Skeletons [71]", (75.5,)))
    ours = _ours("ST-LSTM [56]", ((76.5,), (76.8,), (76.6,), (77.8,), (78.6,)))
    return Table("Experimental results on SYSU-3D", (SYSU,), others + ours, ST_LSTM_NOTE)


def table_IV():
    """Table IV: attention over joints, over body parts, and both, on SYSU-3D."""
    rows = _streams((76.9,), (77.8,), (78.8,), (79.1,))
    return Table("The two-stream network on SYSU-3D", (SYSU,), rows)


def table_V():
    """Table V: comparison on UT-Kinect."""
    others = (
        Row("Grassmann Manifold [81]", (88.5,)),
        Row("Histogram of 3D Joints [47]", (90.9,)),
        Row("Riemannian Manifold [82]", (91.5,)),
        Row("Key-Pose-Motifs Mining [83]", (93.5,)),
        Row("Action-Snippets and Activated Simplices [84]", (96.5,)),
    )
    ours = _ours("ST-LSTM [29]", ((97.0,), (97.0,), (97.5,), (98.5,), (99.0,)))
    return Table("Experimental results on UT-Kinect", (UTKINECT,), others + ours, ST_LSTM_NOTE)


def table_VI():
    """Table VI: robustness against noise on the coordinates of the joints."""
    paper = {0.1: 100.0, 1: 99.3, 2: 98.5, 4: 97.5, 8: 95.6, 12: 92.7, 16: 80.4, 32: 61.5}  # cm: per cent
    rows = [Row(f"noise of {cm:g} cm", (accuracy,), STEPWISE, noise=cm / 100) for cm, accuracy in paper.items()]
    clean = Row("without noise (not in the paper's table)", (None,), STEPWISE)
    return Table("Robustness against noise", (MHAD,), (clean, *rows))


def table_VII():
    """Table VII: numbers of attention iterations."""
    rows = (
        Row("1 attention iteration", (72.9, 81.8, 98.0, 77.8, 100.0), STEPWISE | {"iterations": 1}),
        Row("2 attention iterations", (76.1, 84.0, 99.0, 78.6, 100.0), STEPWISE),
    )
    return Table("Attention iterations", (NTU_CS, NTU_CV, UTKINECT, SYSU, MHAD), rows)


def table_VIII():
    """Table VIII: what W_e1 and W_e2 share, for one to three attention iterations."""
    paper = {"a": (71.0, 73.0, 73.1), "b": (72.9, 74.3, 74.4), "c": (71.0, 73.4, 69.3), "d": (72.9, 76.1, 73.2)}
    means = {
        "a": "shared across iterations only",
        "b": "shared within and across iterations",
        "c": "not shared",
        "d": "shared within iterations only",
    }
    rows = []
    for column, accuracies in paper.items():
        for n, accuracy in enumerate(accuracies, 1):
            sharing = column if n > 1 else {"a": "c", "b": "d"}.get(column, column)  # one iteration: nothing to cross
            changes = STEPWISE | {"iterations": n, "sharing": sharing}
            rows.append(Row(f"({column}) {means[column]}, N = {n}", (accuracy,), changes))
    return Table("Parameter sharing", (NTU_CS,), tuple(rows), "With N = 1, (a) is (c) and (b) is (d): trained once.")


def table_IX():
    """Table IX: comparison on SBU-Kinect Interaction."""
    others = (
        Row("Yun et al. [72]", (80.3,)),
        Row("CHARM [85]", (83.9,)),
        Row("Ji et al. [86]", (86.9,)),
        Row("HBRNN [12]", (80.4,)),
        Row("Deep LSTM [28]", (86.0,)),
        Row("Co-occurrence LSTM [28]", (90.4,)),
        Row("SkeletonNet [78]", (93.5,)),
    )
    ours = _ours("ST-LSTM [29]", ((93.3,), None, None, (94.1,), (94.9,)))
    return Table("Experimental results on SBU-Kinect Interaction", (SBU,), others + ours, ST_LSTM_NOTE)


def table_X():
    """Table X: comparison on Berkeley MHAD."""
    others = (
        Row("Ofli et al. [43]", (95.4,)),
        Row("Vantigodi et al. [87]", (96.1,)),
        Row("Vantigodi et al. [88]", (97.6,)),
        Row("Kapsouras et al. [89]", (98.2,)),
    )
    ours = _ours("ST-LSTM [29]", ((100.0,), None, None, (100.0,), (100.0,)))
    return Table("Experimental results on Berkeley MHAD", (MHAD,), others + ours, ST_LSTM_NOTE)


def table_XI():
    """Table XI: ways to initialise the memory; and soft attention, which section V-I reports without a table."""
    rows = (
        Row("Averaging", (73.8, 83.1), DIRECT | {"initial": "average"}),
        Row("Feed-forward network", (74.3, 82.8), DIRECT | {"initial": "feedforward"}, fastest=FEEDFORWARD_RATE),
        Row(
            "Soft attention (section V-I)",
            (None, None),
            DIRECT | {"initial": "feedforward", "attention": "soft"},
            fastest=FEEDFORWARD_RATE,
        ),
    )
    note = "The paper's text gives soft attention about one per cent less than the gate, and no table of it."
    return Table("Initial memory, and soft attention", (NTU_CS, NTU_CV), rows, note)


def iterations():
    """No table of the paper: attention iterations and training methods side by side, with the epochs each gets."""
    plain = STEPWISE | {"iterations": 0}
    rows = [Row("N = 0", (), plain), Row(f"N = 0, with the epochs of N = {N}", (), plain, budget=N + 1)]
    for n in range(1, N + 1):
        rows += [Row(f"N = {n}, {way['mode']}", (), way | {"iterations": n}) for way in (STEPWISE, DIRECT)]
    return Table("Attention iterations and training methods", (), tuple(rows))


def networks():
    """No table of the paper: every network of this family side by side, with the numbers of Tables V, VII and IX."""
    rows = (
        Row("ST-LSTM [29], tree traversal and trust gate", (97.0, 93.3), TREE_AND_TRUST, budget=N + 1),
        Row("ST-LSTM", (None, None), ST_LSTM, budget=N + 1),
        Row("ST-LSTM + Global (1)", (97.0, None), GLOBAL_1, budget=N + 1, fastest=FEEDFORWARD_RATE),
        Row("ST-LSTM + Global (2)", (97.5, None), GLOBAL_2, budget=N + 1),
        Row("GCA-LSTM, N = 1, direct", (None, None), DIRECT | {"iterations": 1}),
        Row("GCA-LSTM, N = 1, stepwise", (98.0, None), STEPWISE | {"iterations": 1}),
        Row("GCA-LSTM, N = 2, direct (fine-grained only)", (98.5, 94.1), DIRECT),
        Row("GCA-LSTM, N = 2, stepwise", (99.0, 94.9), STEPWISE),
        Row("GCA-LSTM, coarse-grained only, direct", (None, None), COARSE),
        Row("Two-stream GCA-LSTM, direct", (None, None), TWO_STREAM),
        Row("Two-stream GCA-LSTM, stepwise", (None, None), TWO_STREAM_STEPWISE),
    )
    return Table("All networks", (UTKINECT, SBU), rows, ST_LSTM_NOTE)


TABLES = {
    "I": table_I,
    "II": table_II,
    "III": table_III,
    "IV": table_IV,
    "V": table_V,
    "VI": table_VI,
    "VII": table_VII,
    "VIII": table_VIII,
    "IX": table_IX,
    "X": table_X,
    "XI": table_XI,
    "iterations": iterations,
    "networks": networks,
}
