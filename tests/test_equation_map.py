"""docs/equations.md: every numbered item of the paper is there once, every home names its items and has its lines."""

import importlib
import inspect
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
MAP = (ROOT / "docs" / "equations.md").read_text()
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI")
ITEMS = [
    *(f"Eq. {n}" for n in range(1, 14)),
    "Algorithm 1",
    *(f"Fig. {n}" for n in (6, 7, 8)),
    *(f"Table {n}" for n in ROMAN),
]
ROWS = re.findall(
    r"^\| ((?:Eq|Algorithm|Fig|Table)[^|]*?) \| .* \| (.*\{py:obj\}`[^<]+ <([\w.]+)>`) \| (.*) \|$", MAP, re.M
)
HOMES = {item: home for item, _, home, _ in ROWS}


def named_in(docstring):
    """The items that a docstring names: "Eqs. 1-3, 7" names Eq. 1, Eq. 2, Eq. 3 and Eq. 7."""
    items = set(re.findall(r"Algorithm \d+|Fig\. \d+|Table [IVX]+", docstring))
    for text in re.findall(r"Eqs?\. ([\d, -]+)", docstring):
        for first, last in re.findall(r"(\d+)(?:-(\d+))?", text):
            items |= {f"Eq. {n}" for n in range(int(first), int(last or first) + 1)}
    return items


def home_of(name):
    module, _, function = name.rpartition(".")
    return getattr(importlib.import_module(module), function)


def test_every_item_is_listed_once():
    assert sorted(item for item, *_ in ROWS) == sorted(ITEMS)
    for item in ITEMS:
        assert len(re.findall(rf"^\| {re.escape(item)} \|", MAP, flags=re.M)) == 1, item


def test_every_home_names_its_items():
    assert HOMES
    for item, home in HOMES.items():
        assert item in named_in(home_of(home).__doc__), f"{home} does not name {item}"


def test_every_home_has_the_lines_that_are_quoted():
    for item, code, home, _ in ROWS:
        lines = re.findall(r"`([^`<]+)`(?=<br>)", code)
        assert lines or not item.startswith("Eq."), item
        for line in lines:
            assert line in inspect.getsource(home_of(home)), f"{home} has no {line}"


def test_every_equation_can_be_stepped_through():
    for item, _, _, step in ROWS:
        tutorials = re.findall(r"\(\.\./(tutorials/\w+)\.ipynb\)", step)
        assert tutorials or item.startswith("Table"), item
        assert all((ROOT / f"{name}.py").exists() for name in tutorials), item


def test_docstrings_name_no_item_that_the_paper_does_not_have():
    for path in Path(importlib.import_module("gca_scratch").__file__).parent.rglob("*.py"):
        known = {*ITEMS, *(f"Fig. {n}" for n in range(1, 9)), "Fig. 4"}
        assert named_in(path.read_text()) <= known, path.name
