"""The mathematics stands alone: with one file beside it, network/ works in an empty folder."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "gca_scratch"


@pytest.fixture
def alone(tmp_path):
    """A folder that holds network/ and support/errors.py, and nothing else of the package."""
    leave_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE / "network", tmp_path / "gca_scratch" / "network", ignore=leave_out)
    (tmp_path / "gca_scratch" / "support").mkdir()
    shutil.copy(PACKAGE / "support" / "errors.py", tmp_path / "gca_scratch" / "support")
    return tmp_path


def run(folder, *arguments):
    """Python in that folder, where nothing is found that is installed but NumPy: what it prints."""
    site = str(Path(sys.modules["numpy"].__file__).parents[1])
    start = f"import runpy, sys; sys.path[:0] = [{str(folder)!r}]; sys.path.append({site!r}); "
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", start + arguments[0]], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_gradient_is_proved_in_an_empty_folder(alone):
    said = run(alone, """
from gca_scratch.network import GCALSTM, gradcheck
assert gradcheck.__file__.startswith(sys.path[0])
rows = gradcheck.check_network(GCALSTM(2, 3, 2, 2, hidden=2, iterations=1, initial="average"), 0, "alone")
print(gradcheck.verdict(rows))
""")  # fmt: skip
    assert "0 wrong" in said


@pytest.mark.long
def test_the_whole_check_passes_in_an_empty_folder(alone):
    said = run(alone, "runpy.run_module('gca_scratch.network.gradcheck', run_name='__main__')")
    assert "171 gradients, 0 wrong" in said
