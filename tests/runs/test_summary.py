"""A result as people read it, line by line, and two results beside each other."""

import numpy as np

from gca_scratch.runs.compare import Comparison, Difference, described
from gca_scratch.runs.testing import figures, summary

CONFUSION = np.array([[3, 1], [2, 14]])
ONE = {
    "dataset": "npz", "protocol": "half", "fold": 2, "n_train": 30, "n_validation": 6, "n_test": 20, "epochs": 12,
    "accuracy": 0.85, "seconds": 61.4, "per_class": {"wave": 0.75, "throw far": 0.875},
    **figures(CONFUSION, ("wave", "throw far")), "confusion": CONFUSION.tolist(),
    "who": {"train": {"subjects": [1, 3]}, "test": {"subjects": [2]}}, "warnings": ["one thing", "another"],
}  # fmt: skip


def test_a_result_of_one_fold():
    assert summary(ONE).split("\n") == [
        "npz, protocol half, fold 2",
        "  30 sequences to train (6 of them for validation), 20 to test",
        "  train: subjects 1, 3; test: subject 2",
        "             recall  precision     F1  tested",
        "  wave        75.0%      60.0%   0.67       4",
        "  throw far   87.5%      93.3%   0.90      16",
        "",
        "accuracy 85.0% (mean over classes 81.2%, F1 0.78), trained 12 epochs in 61 s",
        "beware: one thing",
        "beware: another",
    ]


def test_a_result_of_a_network_that_was_trained_before():
    lines = summary(ONE | {"n_train": 0, "n_validation": 0, "fold": 0}).split("\n")
    assert lines[:2] == ["npz, protocol half, fold all", "  20 sequences to test, by a network that was trained before"]


def test_a_result_of_all_folds():
    folds = [{"fold": 1, "n_train": 40, "n_test": 10, "accuracy": 0.9},
             {"fold": 12, "n_train": 38, "n_test": 12, "accuracy": 1.0}]  # fmt: skip
    result = {name: value for name, value in ONE.items() if name not in ("who", "warnings", "epochs")}
    result |= {"fold": 0, "folds": folds, "accuracy": 0.95, "n_train": 40, "n_test": 22}
    lines = summary(result).split("\n")
    assert lines[:2] == ["npz, protocol half, fold all", "  38 to 40 sequences to train in a fold, 22 to test in all"]
    assert lines[-5:] == [
        "",
        "  fold  1   90.0%",
        "  fold 12  100.0%",
        "",
        "mean accuracy 95.0% (mean over classes 81.2%, F1 0.78) over 2 folds, 61 s of training",
    ]
    folds[1]["n_train"] = 40
    assert summary(result).split("\n")[1] == "  40 sequences to train in a fold, 22 to test in all"


def test_a_comparison_line_by_line():
    wave = Difference(40, 0.5, 0.75, 0.25, -0.025, 0.4567, 3, 13)
    far = Difference(4, 1.0, 0.25, -0.75, -1.0, 0.125, 3, 0)
    whole = Difference(1044, 0.9, 0.912, 0.012, 0.0012, 0.0228, 13, 26)
    assert described(Comparison(whole, {"wave": wave, "throw far": far}), "one.csv", "two.csv").split("\n") == [
        "a: one.csv",
        "b: two.csv",
        "",
        "              n       a       b    b - a   95 % interval   only a  only b",
        "wave         40   50.0%   75.0%    +25.0    -2.5 to +45.7        3      13",
        "throw far     4  100.0%   25.0%    -75.0  -100.0 to +12.5        3       0",
        "all        1044   90.0%   91.2%     +1.2    +0.1 to  +2.3       13      26",
        "",
        "b is better on these 1044 sequences by more than chance; another seed may say otherwise.",
    ]


def test_what_lies_on_one_side_of_nought_alone_is_better():
    def verdict(low, high):
        return described(Comparison(Difference(9, 0.5, 0.5, low + high, low, high, 1, 1), {}), "a", "b").split("\n")[-1]

    assert verdict(0.01, 0.2).startswith("b is better on these 9") and verdict(-0.2, -0.01).startswith("a is better")
    for low, high in ((0.0, 0.2), (-0.2, 0.0), (-0.1, 0.1)):
        assert verdict(low, high) == "These 9 sequences do not tell the two apart."
