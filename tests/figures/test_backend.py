"""Figures need no backend: whatever MPLBACKEND says, as it does in a terminal that a notebook has opened."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.image import imread

from gca_scratch.training.stepwise import HISTORY_COLUMNS

ROOT = Path(__file__).parents[2]
BACKENDS = ["module://gone.away", "nonsense", *(pytest.param(name, marks=pytest.mark.long) for name in ("tkagg", ""))]
DRAWS = """
import os
import numpy as np
from gca_scratch.figures import bodies, canvas, charts
import matplotlib
scores = np.full((1, 2, 3), 1 / 6)
poses = np.random.default_rng(0).random((4, 3, 3))
canvas.save(charts.score_maps(["walk"], None, scores[:, None], list("abc")), "scores.png")
canvas.save(bodies.skeleton_strip("walk", poses[:2], [(0, 1), (1, 2)], scores), "strip.png")
bodies.save_animation(bodies.animation("walk", poses, [(0, 1), (1, 2)], scores), "moving.gif")
print(os.environ.get("MPLBACKEND"), matplotlib.rcParams._get("backend"))
"""


def run(folder, backend, *arguments):
    """`python ARGUMENTS` in the folder, where MPLBACKEND is so; what it prints."""
    environment = os.environ | {"MPLBACKEND": backend, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout


@pytest.mark.parametrize("backend", BACKENDS)
def test_figures_are_drawn_whatever_the_backend(tmp_path, backend):
    said = run(tmp_path, backend, "-c", DRAWS).split()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["moving.gif", "scores.png", "strip.png"]
    assert imread(tmp_path / "strip.png").std() > 0.01
    assert said[0] == (backend or said[0])  # other programs inherit it as it was
    assert said[1] == backend or not backend.startswith("module:")  # a notebook's figures appear where it says


@pytest.mark.parametrize("backend", BACKENDS[1:2])
def test_the_command_draws_whatever_the_backend(tmp_path, backend):
    (tmp_path / "run").mkdir()
    with open(tmp_path / "run" / "history.csv", "w", newline="") as file:
        rows = csv.DictWriter(file, HISTORY_COLUMNS)
        rows.writeheader()
        rows.writerows(dict.fromkeys(HISTORY_COLUMNS, 0.5) | {"step": 0} for _ in range(3))
    assert run(tmp_path, backend, "-m", "gca_scratch", "plot", "convergence", "run").startswith("written to")
    assert (tmp_path / "run" / "convergence.png").exists()
