"""What the demonstration says of errors, and the settings that it adds to its preset."""

import argparse
import re
from pathlib import Path

import numpy as np
import pytest

from gca_scratch.experiments import demo
from gca_scratch.settings import PRESETS, add_options, given, settings_from

NAMES = ("kick", "nod", "wave")
DOCS = Path(__file__).parents[2] / "docs"


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


def test_the_page_of_commands_says_what_it_adds_to_the_preset():
    said = re.search(r"the demonstration adds `([^`]*)`", (DOCS / "commands.md").read_text("utf-8"))
    parser = argparse.ArgumentParser()
    add_options(parser)
    assert settings_from("demo", **given(parser.parse_args(said[1].split()))) == demo.SETTINGS


def test_the_pages_have_means_and_deviations_of_the_seeds():
    """Seeds are printed to a tenth of a point; the README has the figure of the network with attention."""
    page = (DOCS / "tables" / "synthetic-actions.md").read_text("utf-8")
    section = page.split("## The demonstration")[1].split("\n## ")[0]
    rows = re.findall(r"\| ([\d.]+) ± ([\d.]+) % \| ((?:[\d.]+ ){4}[\d.]+) \|", section)
    assert len(rows) >= 2
    on_the_readme = re.search(r"make demo.*\(([\d.]+) ± ([\d.]+) %\)", (DOCS.parent / "README.md").read_text("utf-8"))
    assert on_the_readme.groups() == rows[0][:2]
    for mean, deviation, seeds in rows:
        found = demo.spread([float(value) for value in seeds.split()])
        assert found["mean"] == pytest.approx(float(mean), abs=0.11)
        assert found["deviation"] == pytest.approx(float(deviation), abs=0.11)
