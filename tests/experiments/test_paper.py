"""Every number of the paper's tables, as the paper prints it, and how each row of this family is trained here.

J. Liu, G. Wang, L.-Y. Duan, K. Abdiyeva, A. C. Kot: "Skeleton-Based Human Action Recognition with Global Context-Aware
Attention LSTM Networks", IEEE Transactions on Image Processing, 2018, section V: Tables I to XI.
"""

import pytest

from gca_scratch.experiments import paper

FIRST = """
    Skeletal Quads [76]  38.6 41.4
    Lie Group [46]  50.1 52.8
    Dynamic Skeletons [71]  60.2 65.2
    HBRNN [12]  59.1 64.0
    Deep RNN [55]  56.3 64.1
    Deep LSTM [55]  60.7 67.3
    Part-aware LSTM [55]  62.9 70.3
    JTM CNN [77]  73.4 75.2
    STA Model [68]  73.4 81.2
    SkeletonNet [78]  75.9 81.2
    Visualization CNN [79]  76.0 82.6
    ST-LSTM [29]  69.2 77.7
    ST-LSTM + Global (1)  70.5 79.5
    ST-LSTM + Global (2)  70.7 79.4
    GCA-LSTM (direct training)  74.3 82.8
    GCA-LSTM (stepwise training)  76.1 84.0
"""
II = """
    GCA-LSTM (coarse-grained only)  74.1 81.6
    GCA-LSTM (fine-grained only)  74.3 82.8
    Two-stream GCA-LSTM  76.2 84.7
    Two-stream GCA-LSTM with stepwise training  77.1 85.1
"""
III = """
    LAFF (SKL) [80]  54.2
    Dynamic Skeletons [71]  75.5
    ST-LSTM [56]  76.5
    ST-LSTM + Global (1)  76.8
    ST-LSTM + Global (2)  76.6
    GCA-LSTM (direct training)  77.8
    GCA-LSTM (stepwise training)  78.6
"""
IV = """
    GCA-LSTM (coarse-grained only)  76.9
    GCA-LSTM (fine-grained only)  77.8
    Two-stream GCA-LSTM  78.8
    Two-stream GCA-LSTM with stepwise training  79.1
"""
V = """
    Grassmann Manifold [81]  88.5
    Histogram of 3D Joints [47]  90.9
    Riemannian Manifold [82]  91.5
    Key-Pose-Motifs Mining [83]  93.5
    Action-Snippets and Activated Simplices [84]  96.5
    ST-LSTM [29]  97.0
    ST-LSTM + Global (1)  97.0
    ST-LSTM + Global (2)  97.5
    GCA-LSTM (direct training)  98.5
    GCA-LSTM (stepwise training)  99.0
"""
VI = """
    without noise (not in the paper's table)  -
    noise of 0.1 cm  100
    noise of 1 cm  99.3
    noise of 2 cm  98.5
    noise of 4 cm  97.5
    noise of 8 cm  95.6
    noise of 12 cm  92.7
    noise of 16 cm  80.4
    noise of 32 cm  61.5
"""
VII = """
    1 attention iteration  72.9 81.8 98.0 77.8 100
    2 attention iterations  76.1 84.0 99.0 78.6 100
"""
VIII = """
    (a) shared across iterations only, N = 1  71.0
    (a) shared across iterations only, N = 2  73.0
    (a) shared across iterations only, N = 3  73.1
    (b) shared within and across iterations, N = 1  72.9
    (b) shared within and across iterations, N = 2  74.3
    (b) shared within and across iterations, N = 3  74.4
    (c) not shared, N = 1  71.0
    (c) not shared, N = 2  73.4
    (c) not shared, N = 3  69.3
    (d) shared within iterations only, N = 1  72.9
    (d) shared within iterations only, N = 2  76.1
    (d) shared within iterations only, N = 3  73.2
"""
IX = """
    Yun et al. [72]  80.3
    CHARM [85]  83.9
    Ji et al. [86]  86.9
    HBRNN [12]  80.4
    Deep LSTM [28]  86.0
    Co-occurrence LSTM [28]  90.4
    SkeletonNet [78]  93.5
    ST-LSTM [29]  93.3
    GCA-LSTM (direct training)  94.1
    GCA-LSTM (stepwise training)  94.9
"""
X = """
    Ofli et al. [43]  95.4
    Vantigodi et al. [87]  96.1
    Vantigodi et al. [88]  97.6
    Kapsouras et al. [89]  98.2
    ST-LSTM [29]  100
    GCA-LSTM (direct training)  100
    GCA-LSTM (stepwise training)  100
"""
XI = """
    Averaging  73.8 83.1
    Feed-forward network  74.3 82.8
    Soft attention (section V-I)  - -
"""
ITERATIONS = """
    N = 0
    N = 0, with the epochs of N = 2
    N = 1, stepwise
    N = 1, direct
    N = 2, stepwise
    N = 2, direct
"""
NETWORKS = """
    ST-LSTM [29], tree traversal and trust gate  97.0 93.3
    ST-LSTM  - -
    ST-LSTM + Global (1)  97.0 -
    ST-LSTM + Global (2)  97.5 -
    GCA-LSTM, N = 1, direct  - -
    GCA-LSTM, N = 1, stepwise  98.0 -
    GCA-LSTM, N = 2, direct (fine-grained only)  98.5 94.1
    GCA-LSTM, N = 2, stepwise  99.0 94.9
    GCA-LSTM, coarse-grained only, direct  - -
    Two-stream GCA-LSTM, direct  - -
    Two-stream GCA-LSTM, stepwise  - -
"""
PRINTED = {"I": FIRST, "II": II, "III": III, "IV": IV, "V": V, "VI": VI, "VII": VII, "VIII": VIII, "IX": IX, "X": X,
           "XI": XI, "iterations": ITERATIONS, "networks": NETWORKS}  # fmt: skip

NTU = [("NTU RGB+D (CS)", 60, "cross-subject"), ("NTU RGB+D (CV)", 60, "cross-view")]
SYSU, UTKINECT = ("SYSU-3D", 12, "sysu"), ("UT-Kinect", 10, "loseqo")
SBU, MHAD = ("SBU-Kinect Interaction", 8, "sbu"), ("Berkeley MHAD", 11, "mhad")
COLUMNS = {"I": NTU, "II": NTU, "III": [SYSU], "IV": [SYSU], "V": [UTKINECT], "VI": [MHAD],
           "VII": [*NTU, UTKINECT, SYSU, MHAD], "VIII": NTU[:1], "IX": [SBU], "X": [MHAD], "XI": NTU, "iterations": [],
           "networks": [UTKINECT, SBU]}  # fmt: skip


@pytest.mark.parametrize("name", PRINTED)
def test_the_numbers_are_those_that_the_paper_prints(name):
    lines = [line.strip().partition("  ") for line in PRINTED[name].strip().splitlines()]
    printed = [
        (method, tuple(None if number == "-" else float(number) for number in numbers.split()))
        for method, _, numbers in lines
    ]
    assert [(row.method, row.paper) for row in paper.TABLES[name]().rows] == printed


def test_all_tables_are_there_in_order():
    assert list(paper.TABLES) == list(PRINTED) == list(COLUMNS)


@pytest.mark.parametrize("name", COLUMNS)
def test_the_columns_are_the_data_sets_of_the_paper_and_how_they_are_split(name):
    found = [(column.name, column.classes, column.protocol) for column in paper.TABLES[name]().columns]
    assert found == COLUMNS[name]


# --- how rows are trained ---------------------------------------------------------------------------------------------


def without_attention(network):
    return {"network": network, "mode": "direct", "iterations": 0}


def attentive(network, mode, iterations=2):
    return {"network": network, "mode": mode, "iterations": iterations}


TREE = {"network": "st-lstm", "mode": "direct", "iterations": 0, "traversal": "tree", "trust_gate": True}
OURS = {
    "ST-LSTM [29]": TREE,
    "ST-LSTM [56]": TREE,
    "ST-LSTM + Global (1)": without_attention("global-1"),
    "ST-LSTM + Global (2)": without_attention("global-2"),
    "GCA-LSTM (direct training)": attentive("gca", "direct"),
    "GCA-LSTM (stepwise training)": attentive("gca", "stepwise"),
    "GCA-LSTM (coarse-grained only)": attentive("coarse", "direct"),
    "GCA-LSTM (fine-grained only)": attentive("gca", "direct"),
    "Two-stream GCA-LSTM": attentive("two-stream", "direct"),
    "Two-stream GCA-LSTM with stepwise training": attentive("two-stream", "stepwise"),
}
NOISE = {
    "without noise (not in the paper's table)": 0,
    "noise of 0.1 cm": 0.001,
    "noise of 1 cm": 0.01,
    "noise of 2 cm": 0.02,
    "noise of 4 cm": 0.04,
    "noise of 8 cm": 0.08,
    "noise of 12 cm": 0.12,
    "noise of 16 cm": 0.16,
    "noise of 32 cm": 0.32,
}  # fmt: skip  metres


@pytest.mark.parametrize("name", ["I", "II", "III", "IV", "V", "IX", "X"])
def test_rows_of_this_family_are_trained_as_their_names_say_and_no_others(name):
    for row in paper.TABLES[name]().rows:
        assert row.changes == OURS.get(row.method), row.method
        assert row.noise == 0
        compared = name not in ("II", "IV") and row.changes
        assert row.budget == (3 if compared else None), row.method  # epochs of as many steps as two iterations take
        assert row.fastest == (0.02 if row.method == "ST-LSTM + Global (1)" else float("inf"))


def test_noise_is_told_in_metres():
    rows = paper.TABLES["VI"]().rows
    assert {row.method: row.noise for row in rows} == pytest.approx(NOISE)
    assert all(row.changes == attentive("gca", "stepwise") and row.budget is None for row in rows)


def test_iterations_and_what_they_share():
    rows = paper.TABLES["VII"]().rows
    assert [row.changes for row in rows] == [attentive("gca", "stepwise", n) for n in (1, 2)]
    # by column and number of iterations: the scheme that is trained, for one iteration has nothing to share across
    trained = {"a": "caa", "b": "dbb", "c": "ccc", "d": "ddd"}
    wanted = [
        attentive("gca", "stepwise", n) | {"sharing": schemes[n - 1]} for schemes in trained.values() for n in (1, 2, 3)
    ]
    assert [row.changes for row in paper.TABLES["VIII"]().rows] == wanted
    assert paper.TABLES["VIII"]().note == "With N = 1, (a) is (c) and (b) is (d): trained once."


def test_ways_to_begin_the_memory():
    averaging, feedforward, soft = paper.TABLES["XI"]().rows
    direct = attentive("gca", "direct")
    assert averaging.changes == direct | {"initial": "average"} and averaging.fastest == float("inf")
    assert feedforward.changes == direct | {"initial": "feedforward"} and feedforward.fastest == 0.02
    assert soft.changes == direct | {"initial": "feedforward", "attention": "soft"} and soft.fastest == 0.02


def test_tables_that_are_not_the_papers():
    rows = paper.TABLES["iterations"]().rows
    wanted = [attentive("gca", "stepwise", 0)] * 2
    wanted += [attentive("gca", mode, n) for n in (1, 2) for mode in ("stepwise", "direct")]
    assert [row.changes for row in rows] == wanted
    assert [row.budget for row in rows] == [None, 3, None, None, None, None]
    rows = paper.TABLES["networks"]().rows
    assert [row.changes for row in rows] == [
        TREE, *map(without_attention, ("st-lstm", "global-1", "global-2")),
        *(attentive("gca", mode, n) for n in (1, 2) for mode in ("direct", "stepwise")),
        attentive("coarse", "direct"), attentive("two-stream", "direct"), attentive("two-stream", "stepwise"),
    ]  # fmt: skip
    assert [row.budget for row in rows] == [3] * 4 + [None] * 7
    assert [row.fastest for row in rows] == [0.02 if n == 2 else float("inf") for n in range(11)]
