"""Student versions: the package without the bodies that an assignment asks for, with texts, tests and a notebook.

Sources are cut at the line numbers that `ast` gives, so that comments and layout outside the blanks stay as they are.
"""

import ast
import hashlib
import json
import os
import shutil
import tempfile
import tomllib
import zlib
from pathlib import Path

import numpy as np

from gca_scratch.support.errors import InputError

from ..manifest import ROOT, later, locate
from ..manifest import asked as asked_of
from . import extras, handout, needed, needless

STUDENT = Path(__file__).parent / "student"
WHOLE = (".py", ".txt", ".js", ".css", ".html", ".c", ".h")  # of the package, for instructors: nothing compiled


def release(manifest, out, student=None, solved=False, blanks=None, root=ROOT, named=False):
    """Write the student version of an assignment into the new folder `out` and return its path.

    student: whoever it is for; the numbers of the visible tests and the data are then their own.  solved: nothing is
    blank and nothing left out (for instructors).  blanks: ids of the tasks that are blank, all by default.
    """
    out = Path(out)
    if out.exists():
        raise InputError(f"{out} is there already; choose another place or remove it")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent))
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error.strerror}); choose another place") from error
    try:
        for file, text in sources(manifest, solved, blanks, root).items():
            _write(temporary / file, text)
        _write_course(manifest, temporary, student, root, named)
        os.chmod(temporary, 0o755)  # mkdtemp lets nobody else in
        os.rename(temporary, out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return out


def sources(manifest, solved=False, blanks=None, root=ROOT):
    """The text of every file of the package as the student has it, by its path."""
    root = Path(root)
    if solved:
        paths = sorted(path for path in (root / "gca_scratch").rglob("*") if path.suffix in WHOLE and path.is_file())
        return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in paths}
    beside = {file: _beside(name, root) for file, name in manifest.stand_ins.items()}
    found = needed.package((*manifest.files, *manifest.modules), needed.STAND_INS | beside, root)
    uncut = {*needed.STAND_INS, *beside, needed.COMMANDS}
    cut = [file for file in found if file.endswith(".py") and file not in uncut]
    return found | {file: blanked(manifest, file, blanks, root) for file in cut}


def blanked(manifest, file, blanks=None, root=ROOT):
    """The text of a file in which the functions of the tasks `blanks` (ids; None: of all) are blanks.

    What a later assignment asks for is left out whatever `blanks` says. Private helpers that a manifest removes are
    gone when all are blank.
    """
    text = (Path(root) / file).read_text("utf-8")
    lines, module = text.splitlines(), file.removesuffix(".py").replace("/", ".")
    edits = []  # (first line, last line, new lines), counted from 0, the last excluded
    mine = [task for task in manifest.tasks if blanks is None or task.id in blanks]
    asked = [(task, _asks(task, module)) for task in mine]
    own, gone = {*manifest.functions, *asked_of(manifest.id)}, set(manifest.remove if blanks is None else ())
    replaced = set(manifest.bodies)
    for other in later(manifest.id):
        asked += [(task, _left_for(other, task, module)) for task in other.tasks]
        gone |= {name for name in other.remove if blanks is None or name not in manifest.remove}
    done = own - {name for task in mine for name in task.functions}  # not blank now, nor to be left for later
    for task, blank in asked:
        theirs = task not in mine
        for name in task.functions:
            if name.startswith(f"{module}.") and not (theirs and name in own) and name not in replaced | done:
                node = locate(name, root)[1]
                edits.append(_body(lines, node, name, blank(name)))
                if name in task.arguments:
                    edits.append(_arguments(lines, node, task.arguments[name]))
        for name, docstring in task.docstrings.items():
            if (name.startswith(f"{module}.") or name == module) and not (theirs and name in own) and name not in done:
                edits.append(_docstring(locate(name, root)[1], docstring))
    for name, body in manifest.bodies.items():
        if name.startswith(f"{module}."):
            edits.append(_body(lines, locate(name, root)[1], name, body.strip("\n").splitlines()))
    for name in gone:
        if name.startswith(f"{module}."):
            edits.append(_removed(lines, locate(name, root)[1]))
    for first, last, new in sorted(edits, reverse=True):
        lines[first:last] = new
    text = "\n".join(lines) + "\n"  # where a cut in the wrong place shows when it is parsed
    return needless.without(text) if edits else text


def _asks(task, module):
    """What makes the lines of a blank that this task asks for."""

    def lines(name):
        what, notebook = name.removeprefix(f"{module}."), f"{task.id.partition('.')[0]}.ipynb"
        return (
            f"# ---- {task.id}: your code begins here ----",
            f'raise NotImplementedError("{task.id}: write {what}; its text is in {notebook}")',
            f"# ---- {task.id}: and ends here ----",
        )

    return lines


def _left_for(manifest, task, module):
    """What makes the line that stands where a later assignment will ask."""

    def lines(name):
        what = name.removeprefix(f"{module}.")
        return (f'raise NotImplementedError("{what} is left for {manifest.id}, and not needed before")',)

    return lines


def _beside(name, root):
    """The text of a file beside the manifests."""
    return (Path(root) / "course" / "assignments" / name).read_text("utf-8")


def _body(lines, node, name, new):
    """The edit that puts these lines, not indented yet, in place of a function's body below its docstring."""
    body, has_docstring = node.body, ast.get_docstring(node) is not None
    if body[0].lineno == node.lineno:
        raise InputError(f"{name} has its body on the line of its def; give it lines of its own")
    first = body[0].end_lineno if has_docstring else body[0].lineno - 1
    if not has_docstring:  # comments above the first statement go, too
        while lines[first - 1].lstrip().startswith("#"):
            first -= 1
    last, indent = node.end_lineno, " " * body[0].col_offset
    for n in range(last, len(lines)):  # and those below the last one
        if lines[n].startswith(f"{indent}#"):
            last = n + 1
        elif lines[n].strip():
            break
    return first, last, [indent + line if line else "" for line in new]


def _arguments(lines, node, text):
    """The edit that gives a function's arguments other names."""
    first, last = node.lineno - 1, node.body[0].lineno - 1
    if lines[last - 1].strip().startswith("#"):
        raise InputError(f"{node.name} has a comment between its arguments and its docstring; move it")
    return first, last, [f"{' ' * node.col_offset}def {node.name}({text}):"]


def _docstring(node, text):
    """The edit that gives a module, class or function another docstring."""
    old = node.body[0]
    indent = " " * old.col_offset
    lines = f'"""{text.strip()}"""'.splitlines()
    if len(lines) > 1:
        lines[-1:] = [lines[-1].removesuffix('"""'), '"""']
    return old.lineno - 1, old.end_lineno, [indent + line if line else "" for line in lines]


def _removed(lines, node):
    """The edit that takes a function away, with its decorators and the empty lines above."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
    while first and not lines[first - 1].strip():
        first -= 1
    return first, node.end_lineno, []


def seed_of(student):
    """The seed of a student's visible numbers and data: 0 without one."""
    return int.from_bytes(hashlib.sha256(f"visible {student}".encode()).digest()[:4]) if student else 0


def expected(manifest, seed):
    """Inputs of the visible tests and what our package gives for them: arrays by driver/number/in or out/name.

    Where there is a grid, driver/number/at/joint and /frame say where each cell stands, for messages.
    """
    from importlib import import_module

    from gca_scratch.network.grid import cell_order

    from ..drivers import DRIVERS

    arrays = {}
    for task in manifest.tasks:
        for name in task.drivers:
            driver = DRIVERS[name]
            for n, sizes in enumerate(driver.sizes):
                rng = np.random.default_rng([zlib.crc32(name.encode()), n, seed])
                inputs = driver.inputs(rng, sizes)
                arrays |= {f"{name}/{n}/in/{key}": np.asarray(value) for key, value in inputs.items()}
                outputs = driver.run(lambda module: import_module(f"gca_scratch.{module}"), inputs)
                arrays |= {f"{name}/{n}/out/{key}": np.asarray(value) for key, value in outputs.items()}
                if "J" in inputs and "T" in inputs:
                    places = zip(("joint", "frame"), cell_order(inputs["J"], inputs["T"]), strict=True)
                    arrays |= {f"{name}/{n}/at/{key}": value for key, value in places}
    return arrays


def _write_course(manifest, folder, student, root, named=False):
    """All that a student's folder holds beside the package."""
    seed = seed_of(student)
    requirements = tomllib.loads((Path(root) / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    _write(folder / "requirements.txt", "\n".join([*requirements, "jupyterlab>=4.2"]) + "\n")
    _write(folder / "LICENSE", (Path(root) / "LICENSE").read_text("utf-8"))
    for name in ("Makefile", "AGENTS.md", "CLAUDE.md"):
        _write(folder / name, (STUDENT / name).read_text("utf-8"))
    _write(folder / "README.md", handout.readme(manifest, student))
    _write(folder / "answers.md", handout.answers(manifest, student))
    _write(folder / f"{manifest.id}.ipynb", handout.notebook(manifest, seed))
    _write(folder / "assignment.json", json.dumps(handout.description(manifest, student), indent=1) + "\n")
    for path in sorted((STUDENT / "checks").glob("*.py")):
        _write(folder / "checks" / path.name, path.read_text("utf-8"))
    for path in sorted((Path(__file__).parents[1] / "drivers").glob("*.py")):
        _write(folder / "checks" / "drivers" / path.name, path.read_text("utf-8"))
    for name in manifest.given:
        _write(folder / name, _beside(name, root))
    numbers = expected(manifest, seed)
    np.savez_compressed(folder / "checks" / "expected.npz", **numbers)
    extras.write(manifest, folder, numbers, named)
    if manifest.data:
        from gca_scratch.data import neutral, synthetic

        neutral.save(folder / "data.npz", synthetic.generate(seed=seed, **manifest.data))


def _write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
