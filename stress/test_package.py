"""What is built from the project: made, installed into empty environments, and used as a stranger would use it.

It needs the network, as `make setup` does. Built from a copy of the files that git tracks or would track.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DATA = {  # names of samples, which the data set's authors publish; no skeletons
    "gca_scratch/data/readers/ntu_missing.txt",
    "gca_scratch/data/readers/ntu120_missing.txt",
}
MOST_BYTES = 1_000_000  # of a wheel: code, and nothing that was recorded

PROGRAM = '''
"""What docs/own-skeletons.md does from Python, and a training of one's own."""

import numpy as np

from gca_scratch import runs
from gca_scratch.datasets import neutral, synthetic
from gca_scratch.network.gca_lstm import loss_and_gradients
from gca_scratch.figures.canvas import save
from gca_scratch.figures.charts import convergence
from gca_scratch.figures.bodies import animation, save_animation
from gca_scratch.settings import settings_from
from gca_scratch.runs.trained import Look, Run, load, look, poses


def train(out: str) -> float:
    data: neutral.Skeletons = synthetic.generate(subjects=4, repetitions=1)
    settings = settings_from("demo", epochs=1, hidden=4, validation=0)
    result = runs.run(data, runs.Source("synthetic"), settings, out, show=False)
    accuracy: float = result["accuracy"]
    return accuracy


def draw(out: str) -> None:
    run: Run = load(out)
    seen: Look = look(run)
    where: np.ndarray = poses(run, seen.n)
    if seen.of_joints is not None:
        save_animation(animation(seen.title, where, run.body.bones, seen.of_joints, frames=2), "moving.gif")
    state, _, _, _, split = runs.reload(out)
    save(convergence(state.history), "convergence.png")
    x, y = split.aligned.batch(split.fit[:2], run.network.frames)
    loss, gradients, logits = loss_and_gradients(run.network, run.weights, x, y)
    assert set(gradients) == set(run.network.shapes())


if __name__ == "__main__":
    assert 0 <= train("run") <= 1
    draw("run")
'''


def call(*command, where, **environment):
    """Run a command; what it printed, which explains a failure."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GCA_SCRATCH", "MAKE"))}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=where,
        env=kept | environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def copied(to):
    """The files of the project, with none of what has been made from them."""
    names = call("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", where=ROOT).split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    return to


def contents(wheel):
    """The files in a wheel: bytes by name."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def build(tree, *what):
    """What the frontend makes of a tree, with the locked setuptools."""
    call(sys.executable, "-m", "build", "--no-isolation", *what, where=tree)
    return sorted((tree / "dist").iterdir())


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return copied(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="module")
def made(tree):
    """The wheel and the source distribution, as `make dist` makes them."""
    return build(tree)


@pytest.fixture(scope="module")
def stranger(made, tmp_path_factory):
    """The Python of an environment that holds the wheel, what the open ranges give today, and nothing else."""
    folder = tmp_path_factory.mktemp("stranger")
    venv.create(folder / "env", with_pip=True)
    python = folder / "env" / "bin" / "python"
    call(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", made[0], where=folder)
    return python


def test_the_wheel_holds_the_package_its_licence_and_nothing_else(tree, made, tell):
    wheel, _ = made
    held = contents(wheel)
    ours = {
        path.relative_to(tree).as_posix(): path.read_bytes()
        for path in (tree / "gca_scratch").rglob("*")
        if path.is_file()
    }
    described = {name: text for name, text in held.items() if ".dist-info/" in name}
    assert held == ours | described
    assert {Path(name).name for name in described} == {
        "LICENSE", "METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt"
    }  # fmt: skip
    licence = next(text for name, text in described.items() if name.endswith("LICENSE"))
    metadata = next(text for name, text in described.items() if name.endswith("METADATA")).decode()
    assert licence == (ROOT / "LICENSE").read_bytes() and "License-Expression: MIT" in metadata
    assert "gca_scratch/py.typed" in held
    assert wheel.stat().st_size < MOST_BYTES
    no_code = {name for name in ours if not name.endswith(".py")} - {"gca_scratch/py.typed"}
    assert {name for name in no_code if not name.startswith("gca_scratch/stepper/web/")} == DATA
    tell(f"built: a wheel of {len(held)} files and {wheel.stat().st_size:,} bytes")


def test_the_source_distribution_makes_the_same_wheel(tree, made, tmp_path):
    wheel, source = made
    with tarfile.open(source) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    for path in unpacked.rglob("*"):
        name = path.relative_to(unpacked)
        made_here = name.name in ("PKG-INFO", "setup.cfg") or name.parts[0] == "gca_scratch.egg-info"
        assert path.is_dir() or made_here or path.read_bytes() == (tree / name).read_bytes(), name
    assert not (unpacked / "tests").exists()
    (again,) = build(unpacked, "--wheel")
    from_tree = copied(tmp_path / "tree")
    (straight,) = build(from_tree, "--wheel")
    assert contents(again) == contents(straight) == contents(wheel)


def test_a_stranger_proves_the_gradients(stranger, tmp_path, tell):
    proof = call(stranger, "-m", "gca_scratch", "gradcheck", where=tmp_path)
    count, wrong = map(int, re.search(r"(\d+) gradients, (\d+) wrong", proof).groups())
    assert count > 300 and wrong == 0
    tell(f"the installed wheel proved {count} gradients")


def test_a_stranger_finds_the_files_that_are_no_code(stranger, tmp_path):
    where = call(stranger, "-c", "import gca_scratch; print(gca_scratch.__file__)", where=tmp_path).strip()
    assert Path(where).is_relative_to(stranger.parent.parent)
    call(stranger.parent / "gca_scratch", "stepper", "--out", "stepper.html", where=tmp_path)
    assert "</html>" in (tmp_path / "stepper.html").read_text("utf-8")
    call(stranger, "-c", "from gca_scratch.data.readers import ntu; assert len(ntu.MISSING_120) == 535", where=tmp_path)


def test_a_strangers_program_runs_and_its_types_are_checked(stranger, tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    call(stranger, "program.py", where=tmp_path)
    mypy = f"-m mypy --strict --cache-dir={tmp_path / 'cache'} --python-executable={stranger}"
    check = [sys.executable, *mypy.split()]
    assert "Success" in call(*check, "program.py", where=tmp_path)
    (tmp_path / "wrong.py").write_text(PROGRAM.replace("poses(run, seen.n)", "poses(seen, run)"))
    done = subprocess.run([*check, "wrong.py"], cwd=tmp_path, text=True, capture_output=True)
    assert done.returncode == 1 and done.stdout.count('to "poses" has incompatible type') == 2, done.stdout


def test_make_setup_installs_what_the_lock_names_and_no_more(tmp_path, tell):
    tree = copied(tmp_path)
    call("make", "setup", f"PYTHON={sys.executable}", where=tree)
    python = tree / ".venv" / "bin" / "python"
    call(python, "-m", "pip", "check", where=tree)
    there = call(python, "-m", "pip", "list", "--format", "freeze", "--exclude-editable", where=tree)
    installed = set(re.findall(r"^(\S+==\S+)$", there, re.M))
    lock = (tree / "locks" / "dev.txt").read_text("utf-8")
    locked = {f"{name}=={version}" for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.M)}
    spelled = {
        re.sub(r"[-_.]+", "-", pin.partition("==")[0]).lower() + "==" + pin.partition("==")[2] for pin in installed
    }
    assert spelled and spelled <= locked
    tell(f"make setup installed {len(spelled)} packages by hash")
