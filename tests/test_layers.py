"""The house: who imports whom, how many rooms there are, and how long a file is."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "gca_scratch"
FLOORS = (
    ("support",), ("network", "settings"), ("variants",), ("data",), ("training",), ("runs",), ("figures",),
    ("stepper",), ("experiments", "classifier"), ("commands",),
)  # fmt: skip
MOST_ENTRIES, MOST_LINES = 15, 300

FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
FILES = sorted(PACKAGE.rglob("*.py"))
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in FILES}
FOUNDATION = {"gca_scratch"}  # what every room may import: __version__


def imported(module):
    """What a module imports of this repository, anywhere in it, also within a function."""
    path, found = MODULES[module], set()
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            names = {f"{base}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else base for name in names}
    return {name for name in found if name.partition(".")[0] in ("gca_scratch", "course", "tests", "benchmarks")}


def room(module):
    """The package, or the file on its own, that a module lies in."""
    return (module.split(".") + [""])[1]


IMPORTS = {module: imported(module) for module in MODULES}


def test_imports_are_read_wherever_they_stand():
    assert "gca_scratch.figures.of_run" in IMPORTS["gca_scratch.commands.plot"]  # within a function
    assert "gca_scratch.support.errors" in IMPORTS["gca_scratch.data.readers.text"]  # by its full name
    assert "gca_scratch.runs.split" in IMPORTS["gca_scratch.runs"]  # of a package itself
    assert "gca_scratch" in IMPORTS["gca_scratch.commands.main"]  # two dots up


def test_no_room_imports_upwards():
    upwards = [
        f"{module} imports {name}"
        for module, names in IMPORTS.items()
        for name in names - FOUNDATION
        if room(module) in FLOOR
        if FLOOR.get(room(name), len(FLOORS)) > FLOOR[room(module)]
    ]
    assert upwards == []


def test_no_circle():
    waiting = {
        module: {name for name in names & MODULES.keys() if not f"{module}.".startswith(f"{name}.")}
        for module, names in IMPORTS.items()
    }
    while free := [module for module, names in waiting.items() if not names & waiting.keys()]:
        for module in free:
            del waiting[module]
    assert not waiting, f"a circle among {', '.join(waiting)}"


def test_the_network_stands_alone():
    """Copied with support/errors.py and nothing else, it works."""
    needed = {
        name
        for module, names in IMPORTS.items()
        if room(module) == "network"
        for name in names - FOUNDATION
        if room(name) != "network"
    }
    assert needed <= {"gca_scratch.support.errors"}


def test_the_settings_import_support_alone():
    assert {room(name) for name in IMPORTS["gca_scratch.settings"]} == {"support"}


def test_few_rooms_are_on_view():
    entries = [path.name for path in PACKAGE.iterdir() if path.name not in ("py.typed", "__pycache__")]
    assert len(entries) <= MOST_ENTRIES, sorted(entries)


@pytest.mark.parametrize("folder", ["gca_scratch", "course"])
def test_no_file_is_long(folder):
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in (ROOT / folder).rglob("*.py")}
    assert [f"{path}: {length}" for path, length in lengths.items() if length > MOST_LINES] == []
