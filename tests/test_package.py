"""What the package promises to whoever installs it: locks that hold, files that come along, types that are there."""

import inspect
import pkgutil
import re
import tomllib
import typing
from importlib import import_module
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
LOCKS = {path.stem: path.read_text("utf-8") for path in sorted((ROOT / "locks").glob("*.txt"))}
MAKEFILES = [(ROOT / name).read_text("utf-8") for name in ("Makefile", "maintain.mk")]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = ({"sys_platform": "linux", "os_name": "posix"}, {"sys_platform": "darwin", "os_name": "posix"},
           {"sys_platform": "win32", "os_name": "nt"})  # fmt: skip
TYPED = (
    "classifier", "runs.fitted",
    "figures.bodies", "figures.charts", "figures.localisation", "figures.look", "network.gca_lstm", "runs.checkpoint",
    "runs.fold", "runs.folds", "runs.split", "runs.testing", "runs.trained", "settings", "support.errors",
    "support.exit_code", "support.progress", "support.workers", "training.stepwise", "variants.build",
    *(".".join(path.relative_to(ROOT / "gca_scratch").with_suffix("").parts)
      for path in (ROOT / "gca_scratch" / "data").rglob("[a-z]*.py")),
)  # fmt: skip


def pins(lock):
    """The entries of a lock: (requirement, number of hashes)."""
    entries = re.split(r"\n(?=\S)", "\n".join(line for line in LOCKS[lock].splitlines() if line.strip()[:1] != "#"))
    return [
        (Requirement(entry.partition("\\")[0]), len(re.findall("--hash=sha256:[0-9a-f]{64}", entry)))
        for entry in entries
    ]


def chosen(lock, python, system):
    """What a lock installs there: versions by name."""
    environment = default_environment() | system | {"python_version": python, "python_full_version": f"{python}.0"}
    found = [pin for pin, _ in pins(lock) if pin.marker is None or pin.marker.evaluate(environment)]
    names = [canonicalize_name(pin.name) for pin in found]
    assert len(set(names)) == len(names)
    return {name: next(iter(pin.specifier)).version for name, pin in zip(names, found, strict=True)}, environment


def required(lines):
    """The requirements of pyproject.toml's lines: an extra of the package itself stands for the lines of that extra."""
    for requirement in map(Requirement, lines):
        if requirement.name == PROJECT["project"]["name"]:
            for extra in requirement.extras:
                yield from required(EXTRAS[extra])
        else:
            yield requirement


def wanted(lock):
    """The ranges that a lock must satisfy."""
    lines = PROJECT["project"]["dependencies"] + EXTRAS[lock]
    return required(lines + PROJECT["dependency-groups"]["installer"] if lock == "dev" else lines)


def test_there_is_a_lock_for_each_command():
    assert set(LOCKS) == {"browser", "dev", "docs", "lite", "stress", "tutorials"}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_everything_by_hash_and_names_no_place_to_fetch_it_from(lock):
    for pin, hashes in pins(lock):
        assert [part.operator for part in pin.specifier] == ["=="], pin
        assert not pin.url and hashes, pin
    assert not re.search(r"://|--(extra-)?index-url|--find-links|-e |@ ", LOCKS[lock])


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system["sys_platform"])
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_satisfies_the_ranges(lock, python, system):
    versions, environment = chosen(lock, python, system)
    for requirement in wanted(lock):
        if requirement.marker is None or requirement.marker.evaluate(environment):
            assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)]), requirement


@pytest.mark.parametrize("python", PYTHONS)
def test_locks_agree_for_they_are_installed_one_over_the_other(python):
    everything = {}
    for lock in LOCKS:
        versions, _ = chosen(lock, python, SYSTEMS[0])
        for name, version in versions.items():
            assert everything.setdefault(name, version) == version, (lock, name)


def test_a_student_needs_the_package_its_notebooks_and_its_tests():
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    (line,) = [line for line in lines if not line.startswith("#")]
    extras = re.fullmatch(r"--editable \.\[([\w,]+)\]", line).group(1).split(",")
    assert extras == ["tutorials", "test"] and set(extras) <= set(EXTRAS)


def test_an_extra_asks_for_what_the_package_asks_for():
    ranges = {requirement.name: requirement.specifier for requirement in required(PROJECT["project"]["dependencies"])}
    for extra, lines in EXTRAS.items():
        for requirement in map(Requirement, lines):
            if (extra, requirement.name) != (
                "cluster",
                "joblib",
            ):  # lost workers: the tests of the cluster fail before 1.6
                assert ranges.setdefault(requirement.name, requirement.specifier) == requirement.specifier, extra


def test_make_installs_by_hash_alone():
    commands = [line for file in MAKEFILES for line in file.splitlines() if "pip install" in line]
    assert commands
    for command in commands:
        assert "--require-hashes" in command or "--no-deps --no-build-isolation --editable ." in command, command


def test_make_helps_with_every_command():
    for file in MAKEFILES:
        targets = re.search(r"^\.PHONY: (.+)$", file, re.M).group(1).split()
        explained = re.findall(r'^\t@echo "make ([\w-]+)', file, re.M)
        assert set(targets) - {"help"} <= set(explained) and len(set(targets)) == len(targets)


def test_every_file_of_the_package_is_packed():
    tool = PROJECT["tool"]["setuptools"]
    folders = {path.parent.relative_to(ROOT).as_posix().replace("/", ".") for path in ROOT.glob("gca_scratch/**/*.py")}
    assert set(tool["packages"]) == folders
    packed = {ROOT / "gca_scratch" / "py.typed"}
    for package, patterns in tool["package-data"].items():
        for pattern in patterns:
            packed |= set((ROOT / package.replace(".", "/")).glob(pattern))
    others = {
        path for path in ROOT.glob("gca_scratch/**/*") if path.is_file() and path.suffix not in (".py", ".pyc", ".part")
    }
    assert packed == others


@pytest.mark.parametrize("package", PROJECT["tool"]["setuptools"]["packages"])
def test_no_name_that_a_package_shows_hides_a_module_of_its_own(package):
    shown = vars(import_module(package))
    for module in pkgutil.iter_modules(shown["__path__"]):
        assert inspect.ismodule(shown.get(module.name, inspect)), f"{package}.{module.name} is two things"


@pytest.mark.parametrize("name", TYPED)
def test_what_people_call_has_types(name):
    module = import_module(f"gca_scratch.{name}")
    for function in public_functions(module):
        types = typing.get_type_hints(function)
        missing = inspect.signature(function).parameters.keys() - types.keys() - {"self"}
        assert not missing and "return" in types, f"{function.__qualname__}: {', '.join(missing) or 'return'}"


def public_functions(module):
    """The functions of a module and the methods of its classes, as they are written."""
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(value):
            yield inspect.unwrap(value)
        elif inspect.isclass(value):
            for method, function in vars(value).items():
                function = function.fget if isinstance(function, property) else function
                of_ours = inspect.isfunction(function) and function.__module__ == module.__name__
                if of_ours and not method.startswith("_"):
                    yield function
