"""Pictures with few dots, where what is in them is looked at and not how they are written."""

import pytest
from matplotlib.animation import FuncAnimation

from gca_scratch.figures import canvas
from tests.helpers.opinions import opinions, trained  # noqa: F401  fixtures

COARSE = 40  # dots to the inch


@pytest.fixture
def coarse(monkeypatch):
    """Figures and animations are written with few dots to the inch: how many."""
    save = FuncAnimation.save
    monkeypatch.setattr(canvas, "DPI", COARSE)
    monkeypatch.setattr(
        FuncAnimation, "save", lambda moving, *names, **more: save(moving, *names, **more | {"dpi": COARSE})
    )
    return COARSE
