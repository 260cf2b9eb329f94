"""What is imported before anything is done: nobody waits for Matplotlib, SciPy or Dask who only asks what there is."""

import subprocess
import sys

import pytest

from gca_scratch import runs
from gca_scratch.commands import COMMANDS, options

SLOW = {"matplotlib", "scipy", "distributed", "dask", "joblib", "tqdm", "sklearn", "cupy"}
NUMPY = {"train", "predict", "info", "convert", "table"}  # their options are read from what needs NumPy


def imported(code):
    """The packages, none of Python's own, that a new process imports by this code."""
    script = (
        "import sys\nbefore = set(sys.modules)\n"
        f"try:\n    {code}\nexcept SystemExit:\n    pass\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(*sorted(new - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def help_of(*words):
    return imported(f"from gca_scratch.commands.main import main; main({[*words, '--help']})")


def test_what_is_imported_is_seen():
    assert {"gca_scratch", "matplotlib", "numpy"} <= imported("import gca_scratch.figures")


def test_the_package_alone_imports_nothing():
    assert imported("import gca_scratch") == {"gca_scratch"}


def test_the_plain_network_imports_numpy_alone():
    assert imported("import gca_scratch.plain") - {"cython_runtime"} == {"gca_scratch", "numpy"}


def test_help_and_version_import_nothing():
    assert help_of() == imported("from gca_scratch.commands.main import main; main(['--version'])") == {"gca_scratch"}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_imports_little(command):
    found = help_of(command)
    assert "gca_scratch" in found and not found & SLOW
    assert command in NUMPY or "numpy" not in found


def test_the_data_sets_that_help_names_are_those_that_are_read():
    assert tuple(runs.DATASETS) == options.DATASETS
