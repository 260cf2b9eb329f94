"""What an assignment is: course/assignments/A1.toml ... as frozen dataclasses, checked against the package."""

import ast
import os
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path, PurePosixPath

from gca_scratch.support.errors import InputError, shown
from gca_scratch.support.reading import read_toml, reason

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "course" / "assignments"
POINTS = 100
BESIDE = ("average", "gates", "sight")  # manifests that are checks of formulas, no assignments


@dataclass(frozen=True)
class Task:
    """Something to program: the bodies of `functions` are blanks, and `drivers` (course/drivers/__init__.py) test them.

    earlier: those of the drivers that the solution of an earlier assignment passes; what they are worth counts as far
    as the others pass.  try_out: code for a notebook cell that shows what the functions are for.  docstrings,
    arguments: by name, what replaces a docstring or the names of arguments that give the answer away.  shares: by
    driver, its part of the points beside those of the others, 1 without an entry.
    """

    id: str
    title: str
    points: int
    functions: tuple[str, ...]
    drivers: tuple[str, ...]
    text: str
    try_out: str = ""
    earlier: tuple[str, ...] = ()
    docstrings: dict = field(default_factory=dict)
    arguments: dict = field(default_factory=dict)
    shares: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """Something to write, marked by hand with the rubric."""

    id: str
    title: str
    points: int
    text: str
    rubric: str


@dataclass(frozen=True)
class Manifest:
    """An assignment.

    files: what a student edits and submits.  modules: what else of the package the student's folder holds, paths or
    patterns; with all that these and the files import, and nothing more.  stand_ins: by path, the file beside the
    manifests that stands there in its place.  bodies: by name, another body of a function.  remove: private helpers
    that give an answer away.  given: files beside the manifests that lie in the student's folder.  prove: what `make
    prove` proves beside single functions, "stream" or "networks", or empty.  data: arguments of
    `data.synthetic.people.generate` for the student's own data file, or empty.
    """

    id: str
    title: str
    hours: int
    needs: tuple[str, ...]
    goals: tuple[str, ...]
    points: int
    text: str
    files: tuple[str, ...]
    tasks: tuple[Task, ...]
    questions: tuple[Question, ...]
    modules: tuple[str, ...] = ()
    stand_ins: dict = field(default_factory=dict)
    bodies: dict = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    prove: str = ""
    data: dict = field(default_factory=dict)

    @property
    def functions(self):
        """Every function with a blank, and the task that asks for it."""
        return {name: task for task in self.tasks for name in task.functions}

    def task(self, id):
        """The task of that id."""
        for task in self.tasks:
            if task.id == id:
                return task
        raise InputError(f"{self.id} has no task {id}; it has {', '.join(task.id for task in self.tasks)}")


def all_ids(folder=FOLDER):
    """The ids of all assignments, in order."""
    return sorted(path.stem for path in Path(folder).glob("A*.toml"))


@lru_cache
def asked(id):
    """The functions that the assignment of that id asks for; none where there is no such assignment."""
    return frozenset(load(id).functions) if id in all_ids() else frozenset()


@lru_cache
def later(id):
    """The assignments after the one of that id, in order."""
    return tuple(load(other) for other in all_ids() if other > id)


def load(id, folder=FOLDER, root=ROOT):
    """The assignment of that id, or of a path; InputError says what is wrong with its file."""
    path = Path(id) if str(id).endswith(".toml") else Path(folder) / f"{id}.toml"
    try:
        values = read_toml(path)
    except FileNotFoundError:
        raise InputError(f"there is no assignment {id}; choose one of {', '.join(all_ids(folder))}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({reason(error)}); correct it") from None
    for kind, name, place in ((Task, "task", "tasks"), (Question, "question", "questions")):
        tables = values.pop(name, [])
        if place in values or not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise InputError(f"{path}: {place} are written as [[{name}]]; correct it")
        values[place] = tuple(_made(kind, table, f"{path}, a {name}") for table in tables)
    manifest = _made(Manifest, values, path)
    _check(manifest, path, root)
    return manifest


@lru_cache(200)
def tree_of(text):
    """The syntax tree of a source text, made once; nobody changes it."""
    return ast.parse(text)


def locate(name, root=ROOT):
    """File and syntax node of a dotted name, `gca_scratch.training.optim.SGD.step`, in the sources under `root`."""
    file, inner = _split(name, root)
    node = tree_of((Path(root) / file).read_text("utf-8"))
    for part in inner:
        found = [child for child in node.body if getattr(child, "name", None) == part]
        if not found:
            raise InputError(f"{file} has no {shown('.'.join(inner))}; name a function that it has")
        node = found[-1]
    return file, node


def _split(name, root):
    """The file that a dotted name leads to, and the names inside it."""
    parts = name.split(".")
    if len(name) > 200 or not all(part.isidentifier() for part in parts):
        raise InputError(f"{shown(name)} is no name of a function; write it as gca_scratch.network.cell.step_forward")
    for n in range(len(parts), 0, -1):
        file = "/".join(parts[:n]) + ".py"
        if os.path.isfile(Path(root) / file):
            return file, parts[n:]
    raise InputError(f"no module of the package holds {shown(name)}; write it as gca_scratch.network.cell.step_forward")


def _made(kind, values, where):
    """The dataclass from the table of a TOML file, lists as tuples."""
    known = {f.name: f for f in fields(kind)}
    for name in values:
        if name not in known:
            raise InputError(f"{where}: there is no entry {shown(name)}; it may have {', '.join(known)}")
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    try:
        made = kind(**values)
    except TypeError as error:
        raise InputError(f"{where}: {error}; add what is missing") from None
    for name, f in known.items():
        value, wanted = getattr(made, name), getattr(f.type, "__origin__", f.type)
        if not isinstance(value, wanted) or (wanted is int and not abs(value) < 1000):
            raise InputError(f"{where}: {name} must be {wanted.__name__} of a sensible size; correct it")
        if f.type == tuple[str, ...] and not all(isinstance(item, str) for item in value):
            raise InputError(f"{where}: {name} must be texts; correct it")
    return made


def _check(manifest, path, root):
    """InputError unless points add up, ids are their own, and functions, files and drivers exist."""
    parts = (*manifest.tasks, *manifest.questions)
    found = sum(part.points for part in parts)
    if not manifest.points == found == POINTS:
        raise InputError(
            f"{path}: an assignment has {POINTS} points, and so have its parts together, not {found}; share anew"
        )
    ids = [part.id for part in parts]
    for id in ids:
        if ids.count(id) > 1 or not id.startswith(f"{manifest.id}.") or len(id) > 20:
            raise InputError(
                f"{path}: {shown(id)} must be the id of one part alone, of at most 20 characters, and begin with "
                f"{shown(manifest.id + '.')}; correct it"
            )
    functions = [name for task in manifest.tasks for name in task.functions]
    for name in (*functions, *manifest.remove):
        if functions.count(name) > 1:
            raise InputError(f"{path}: {shown(name)} belongs to one task alone; correct it")
        file, node = locate(name, root)
        if not isinstance(node, ast.FunctionDef if name in functions else ast.FunctionDef | ast.ClassDef):
            raise InputError(f"{path}: {name} is not a function; name one")
        if name in functions and file not in manifest.files:
            raise InputError(f"{path}: {name} is asked for, but {file} is not among the files; add it")
    for task in manifest.tasks:
        for name in task.docstrings:
            locate(name, root)
        for name in set(task.arguments) - set(task.functions):
            raise InputError(f"{path}: {task.id} has arguments for {name}, which it does not ask for; correct it")
        for name, share in task.shares.items():
            if name not in task.drivers or not (isinstance(share, int | float) and 0 < share < 100):
                raise InputError(
                    f"{path}: shares of {task.id} are positive numbers for its drivers; correct that of {shown(name)}"
                )
        for name in set(task.earlier) - set(task.drivers):
            raise InputError(f"{path}: {shown(name)} is no driver of {task.id}; correct its entry `earlier`")
    for name in manifest.bodies:
        locate(name, root)
    beside = (f"course/assignments/{name}" for name in (*manifest.given, *manifest.stand_ins.values()))
    for file in (*manifest.files, *manifest.stand_ins, *beside):
        if PurePosixPath(file).is_absolute() or ".." in PurePosixPath(file).parts:
            raise InputError(f"{path}: {shown(file)} lies outside of the project; correct it")
        if not os.path.isfile(Path(root) / file):
            raise InputError(f"{path}: there is no file {shown(file)}; correct it")
    from . import drivers  # late, for a driver may ask for a manifest

    for task in manifest.tasks:
        for name in task.drivers:
            if name not in drivers.DRIVERS:
                raise InputError(
                    f"{path}: {task.id} names no driver {shown(name)} of course/drivers/__init__.py; correct it"
                )
