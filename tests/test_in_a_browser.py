"""Zero installation: package and tutorials need no thread, no process, no compiler, and no file that a browser lacks.

NumPy for WebAssembly is not to be had where the tests run, so this is Python as it is here, with all that taken away.
"""

import ast
import importlib.util
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.helpers.like_a_browser import LACKING

ROOT = Path(__file__).parent.parent
TUTORIALS = sorted((ROOT / "tutorials").glob("[0-9][0-9]_*.py"))
BESIDE = {"numpy", "matplotlib", "gca_scratch", "IPython"}  # IPython is the kernel's own


def run(script, tmp_path, browser=True, **environment):
    """What a script prints, in a browser or here."""
    path = tmp_path / "script.py"
    path.write_text(script, "utf-8")
    words = [str(ROOT / "tests" / "helpers" / "like_a_browser.py")] if browser else []
    known = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    done = subprocess.run(
        [sys.executable, "-W", "error", *words, str(path)],
        capture_output=True, text=True, cwd=tmp_path, env=known | {"PYTHONPATH": str(ROOT)} | environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_browser_is_one(tmp_path):
    said = run(
        """
import subprocess, sys, threading
thread, process = (lambda: threading.Thread(target=int).start()), (lambda: subprocess.run(["true"]))
for attempt in thread, process, lambda: __import__("fcntl"):
    try:
        attempt()
    except (RuntimeError, OSError, ImportError) as error:
        print(type(error).__name__)
""",
        tmp_path,
    )
    assert said.split() == ["RuntimeError", "OSError", "ModuleNotFoundError"]


def test_every_module_is_imported(tmp_path):
    run(
        """
import importlib, pkgutil
import gca_scratch
for module in pkgutil.walk_packages(gca_scratch.__path__, "gca_scratch."):
    if not module.name.endswith(("__main__", "experiments.cluster")):  # a cluster is not asked from a browser
        importlib.import_module(module.name)
""",
        tmp_path,
    )


TRAINING = """
import hashlib
import numpy as np
from gca_scratch import GCALSTM
from gca_scratch.network.compiled import build
from gca_scratch.network.ops import Product
from gca_scratch.training.parallel import Engine

rng = np.random.default_rng(0)
network = GCALSTM(joints=5, frames=4, channels=3, classes=2, hidden=8, initial="feedforward")
weights = network.init(rng)
x, y = rng.normal(size=(7, 4, 5, 3)).astype(np.float32), np.array([0, 1, 0, 1, 0, 1, 1])
engine = Engine(network, parts=3, threads=THREADS)
loss, gradients, logits = engine.loss_and_gradients(weights, x, y)
digest = hashlib.sha256(logits.tobytes())
for name in sorted(gradients):
    g = gradients[name]
    digest.update((g.x.T @ g.dy if isinstance(g, Product) else g).tobytes())
print(digest.hexdigest(), engine.threads, build.describe())
"""


def test_a_step_without_threads_has_the_same_bits(tmp_path):
    """NumPy's sums, with and without threads: nothing is compiled."""
    here = run(TRAINING.replace("THREADS", "2"), tmp_path, browser=False, GCA_SCRATCH_COMPILED="off").split()
    there = run(TRAINING.replace("THREADS", "2"), tmp_path).split()
    assert (here[1], there[1]) == ("2", "1") and here[0] == there[0]
    assert "compiler" in there and "compiled," not in there  # and says why


def test_a_classifier_is_fitted_kept_and_drawn(tmp_path):
    said = run(
        """
import numpy as np
from gca_scratch import GCALSTMClassifier
from gca_scratch.figures import charts
from gca_scratch.figures.canvas import save

rng = np.random.default_rng(0)
y = ["nod", "kick"] * 6
X = [rng.normal(0, 0.1, (20, 5, 3)) for _ in y]
for sequence, label in zip(X, y):
    sequence[:, 1 if label == "nod" else 4, 1] += np.linspace(0, 2, len(sequence))
model = GCALSTMClassifier(preset="small", epochs=2).fit(X, y)
before = model.predict_proba(X)
model.save("model.npz")
assert (GCALSTMClassifier.load("model.npz").predict_proba(X) == before).all()
save(charts.confusion_matrix(np.eye(2, dtype=int), ["nod", "kick"], percent=False), "confusion.png")
print("fitted")
""",
        tmp_path,
    )
    assert said.split()[-1] == "fitted" and (tmp_path / "confusion.png").stat().st_size > 1000


def test_calls_side_by_side_are_made_one_after_the_other(tmp_path):
    said = run(
        """
from gca_scratch.support import workers
print(sorted(workers.results(pow, [(2, n) for n in range(5)], 3)))
""",
        tmp_path,
    )
    assert said.strip() == "[1, 2, 4, 8, 16]"


def test_what_needs_a_process_says_so(tmp_path):
    (tmp_path / "data.pkl").write_bytes(b"\x80\x04K\x01.")
    said = run(
        """
from gca_scratch.support.errors import InputError
from gca_scratch.support.patterns import find_groups
from gca_scratch.support.unpickling import unpickle
for attempt in (lambda: unpickle("data.pkl"), lambda: find_groups("(?P<label>a)", ["a"], "--label", "label")):
    try:
        attempt()
    except InputError as error:
        print(error)
""",
        tmp_path,
    )
    first, second = said.splitlines()
    assert first.startswith("data.pkl needs a process of its own") and second.startswith(
        "--label '(?P<label>a)' needs a"
    )


def imports(text):
    """The packages that a text imports, anywhere."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_imports_what_a_browser_has(path):
    found = set(imports(path.read_text("utf-8")))
    ours = {file.stem for file in path.parent.glob("*.py")}
    assert found <= set(sys.stdlib_module_names) - LACKING | BESIDE, found
    assert not found & ours, "a file beside the notebook"
    assert not found & {"threading", "subprocess", "multiprocessing", "concurrent"}


SOON = [pytest.param(path, marks=[] if path.stem == "01_cell" else pytest.mark.long) for path in TUTORIALS]


@pytest.mark.parametrize("path", SOON, ids=lambda path: path.stem)
def test_a_tutorial_runs(path, tmp_path):
    text = path.read_text("utf-8")
    assert not re.search(r"^# *[%!](?!%|matplotlib inline)\w", text, re.MULTILINE)  # nothing that IPython alone knows
    if re.search(r"^(from|import) IPython", text, re.MULTILINE):
        pytest.importorskip("IPython")
    for file in path.parent.glob("*.npz"):  # as on the site
        (tmp_path / file.name).write_bytes(file.read_bytes())
    run("display = print  # a kernel has it of its own\n" + text, tmp_path)


def test_the_site_has_every_file_that_a_notebook_reads(tmp_path):
    """What a tutorial names beside itself lies beside it in the site, too, with the same bytes."""
    spec = importlib.util.spec_from_file_location("lite", ROOT / "docs" / "lite.py")
    lite = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(lite)
    lite.write_notebooks(tmp_path)
    assert sorted(path.stem for path in tmp_path.glob("*.ipynb")) == [path.stem for path in TUTORIALS]
    read = {name for path in TUTORIALS for name in re.findall(r'"([\w./-]+\.np[yz])"', path.read_text("utf-8"))}
    beside = {name for name in read if (ROOT / "tutorials" / name).exists()}  # the others a tutorial writes itself
    assert "weights_07.npz" in beside
    for name in beside:
        assert (tmp_path / name).read_bytes() == (ROOT / "tutorials" / name).read_bytes()


def test_the_wheel_is_pure_python(tmp_path):
    from setuptools import build_meta

    copy = tmp_path / "source"
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "gca_scratch"], cwd=ROOT, capture_output=True, text=True
    )
    for name in [*names.stdout.split(), "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"]:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes((ROOT / name).read_bytes())
    here = os.getcwd()
    os.chdir(copy)
    try:
        name = build_meta.build_wheel(str(tmp_path))
    finally:
        os.chdir(here)
    assert name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(tmp_path / name) as wheel:
        files = wheel.namelist()
        (metadata,) = (wheel.read(file).decode() for file in files if file.endswith("METADATA"))
    assert not [file for file in files if file.endswith((".so", ".pyd", ".dylib"))]
    needed = {re.split("[<>=]", line.split()[1])[0] for line in metadata.splitlines()
              if line.startswith("Requires-Dist:") and "extra ==" not in line}  # fmt: skip
    assert needed - {"numpy", "matplotlib"} == {
        "tqdm",
        "joblib",
        "tomli-w",
        "threadpoolctl",
    }  # pure Python, all of them
