"""The settings: the paper's values, presets, and what is refused."""

import dataclasses

import pytest

from gca_scratch.settings import PRESETS, Settings, settings_from
from gca_scratch.support.errors import InputError


def test_the_paper_preset_has_the_papers_values():
    """Section V of the paper: learning rate, decay, momentum, dropout, width, iterations."""
    paper = PRESETS["paper"]
    assert (paper.learning_rate, paper.decay, paper.momentum, paper.dropout) == (1.5e-3, 0.95, 0.9, 0.5)
    assert (paper.hidden, paper.iterations, paper.frames, paper.mode) == (128, 2, 20, "stepwise")
    assert paper.initial == "feedforward" and paper == Settings()


def test_the_paper_tests_its_last_weights_and_small_averages_them():
    assert (Settings().average, Settings().restart_every) == (0, 0)
    small = PRESETS["small"]
    assert (small.average, small.restart_every, small.restart) == (8, small.epochs, 0.3)


def test_a_preset_can_be_changed_by_name():
    assert settings_from("small", epochs=3) == dataclasses.replace(PRESETS["small"], epochs=3)
    with pytest.raises(InputError, match="paper, small, demo"):
        settings_from("tiny")


@pytest.mark.parametrize(
    ("name", "value"),
    [("mode", "sideways"), ("initial", "zero"), ("epochs", 0), ("batch_size", 0), ("dropout", 1.0), ("decay", 0.0),
     ("learning_rate", 0.0), ("learning_rate", float("nan")), ("momentum", 1.0), ("crop", 0.5), ("seed", -1),
     ("validation", -1), ("clip", -1.0), ("samplings", 0), ("iterations", -1), ("turn", float("nan"))],
)  # fmt: skip
def test_values_that_cannot_be_used_are_named(name, value):
    with pytest.raises(InputError, match=f"{name} = .* must be"):
        Settings(**{name: value})


def test_every_setting_is_explained():
    assert all(setting.metadata["help"] for setting in dataclasses.fields(Settings))
