"""What the demonstration says of errors, and the settings that it adds to its preset."""

import numpy as np
import pytest

from gca_scratch.experiments import demo
from gca_scratch.settings import PRESETS

NAMES = ("kick", "nod", "wave")


def results(*confusions):
    return [{"confusion": confusion} for confusion in confusions]


def test_the_pair_that_is_most_often_confused():
    first = [[5, 1, 0], [2, 4, 0], [0, 2, 4]]
    second = [[3, 0, 3], [0, 6, 0], [1, 0, 5]]
    found = demo.most_confused(results(first, second), NAMES)
    assert found == {"classes": ["kick", "wave"], "times": 4, "errors": 9}
    assert demo.most_confused(results(first), NAMES) == {"classes": ["kick", "nod"], "times": 3, "errors": 5}
    assert first[0][0] == 5  # what is given stays
    assert demo.most_confused(results(np.eye(3).tolist()), NAMES)["errors"] == 0


@pytest.mark.parametrize("seeds", [1, 3])
def test_errors_are_said_with_their_pair(seeds):
    of = demo.spread([0.5] * seeds)
    summary = {
        "accuracy": {"GCA-LSTM": of, "without attention": of},
        "confused": {
            "GCA-LSTM": {"classes": ["kick", "nod"], "times": 2, "errors": 7},
            "without attention": {"classes": ["kick", "nod"], "times": 0, "errors": 0},
        },
        "area_under_roc": {"uniform guess": {"within": 0.5, "action": 0.5, "reached": 0.5}},
        "seconds": 3.2,
        "figures": ["scores.png"],
    }
    said = demo.report(summary)
    whose = "all seeds" if seeds > 1 else "all"
    assert f"GCA-LSTM             7 errors in {whose}, of these 2 between kick and nod\n" in said
    assert f"without attention    0 errors in {whose}\n" in said


def test_both_networks_train_on_coordinates_of_the_preset_and_their_displacement():
    """What is not about how it trains is the preset's, and no training step ends early."""
    assert demo.SETTINGS.motion and demo.SETTINGS.average and demo.SETTINGS.patience == demo.SETTINGS.epochs
    for name in ("frames", "hidden", "iterations", "network", "attention", "traversal", "validation", "mode"):
        assert getattr(demo.SETTINGS, name) == getattr(PRESETS["demo"], name)
