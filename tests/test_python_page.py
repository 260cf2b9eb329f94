"""docs/python.md: its examples run as they stand and show what they promise, and its table is that of the settings."""

import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from gca_scratch.settings import PRESETS, Settings

PAGE = Path(__file__).parents[1] / "docs" / "python.md"
TEXT = PAGE.read_text("utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def table():
    """Every setting with its values in the presets and its meaning."""
    lines = ["| setting | small | paper | demo | |", "| --- | --- | --- | --- | --- |"]
    for setting in fields(Settings):
        values = [getattr(PRESETS[preset], setting.name) for preset in ("small", "paper", "demo")]
        shown = [f'"{value}"' if isinstance(value, str) else f"{value}" for value in values]
        lines.append(f"| `{setting.name}` | {' | '.join(shown)} | {setting.metadata['help']} |")
    return "\n".join(lines) + "\n"


def test_the_page_lists_every_setting():
    assert TEXT.endswith(table()), "the end of docs/python.md must be:\n" + table()


@pytest.mark.long  # the README's examples, which are two of these, run in the short form
@pytest.mark.parametrize("code", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_runs_as_it_stands(code, capsys):
    exec(compile(code, str(PAGE), "exec"), {})
    numbers = [float(number) for number in re.findall(r"-?\d+\.\d*(?:e-?\d+)?", capsys.readouterr().out)]
    if "model.score" in code:
        assert numbers == [pytest.approx(1, abs=0.2)]
    elif "cross_val_score" in code:
        assert len(numbers) == 3 and np.mean(numbers) > 0.5
    elif "gradients" in code:
        assert numbers[0] == pytest.approx(numbers[1], rel=1e-4)


def test_ten_lines_are_ten():
    (code,) = (code for code in EXAMPLES if "model.score" in code)
    assert len([line for line in code.splitlines() if line]) == 10
