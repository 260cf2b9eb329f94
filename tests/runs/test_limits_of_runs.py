"""Numbers that runs rest on, written down once more: how much is looked at, from where on something is said."""

import ast
import importlib
from pathlib import Path

import pytest

from gca_scratch import runs
from gca_scratch.runs import (
    checkpoint,
    compare,
    fitted,
    fold,
    folder,
    movement,
    notes,
    predict,
    predictions,
    split,
    trained,
    where,
)

NUMBERS = {
    checkpoint: {"VERSION": 7},
    compare: {"NORMAL": 1.959964},
    fitted: {"BATCH": 25},
    fold: {"MOST_SURE": 0.999},
    folder: {"SECONDS_BETWEEN_SAVES": 10},
    movement: {"MOST": 1000, "SHARE": 2 / 3, "STILL": 0.2, "LEAST": 0.05},
    notes: {"LOOKED_AT": 2000, "SHOWN": 6},
    predict: {"LONG": 3, "NONE": "none of these"},
    predictions: {"LARGEST": 2**28, "ENDINGS": (".csv", ".json")},
    split: {"LARGE": 2**31, "GENERATED": ("synthetic", "synthetic-restless"), "EVERYTHING": "all"},
    trained: {"BATCH": 100},
    where: {"BATCH": 50, "STEPS": 8, "GUESSES": ("joint speed", "distance from mean")},
}


def assigned(module):
    """The plain values in capital letters that a module makes itself."""
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    names = {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
    values = {name: getattr(module, name) for name in names if name.isupper() and not name.startswith("_")}
    return {name: value for name, value in values.items() if type(value) in (int, float, str, tuple)}


@pytest.mark.parametrize("module", NUMBERS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_numbers_are_as_they_are_written_down(module):
    assert assigned(module) == NUMBERS[module]


def test_no_module_is_left_out():
    names = {path.stem for path in Path(runs.__file__).parent.glob("*.py")} - {"__init__"}
    every = [importlib.import_module(f"gca_scratch.runs.{name}") for name in names]
    assert {module.__name__ for module in every if assigned(module)} == {module.__name__ for module in NUMBERS}
