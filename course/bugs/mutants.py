"""The planted bugs: small changes of the hand-derived code, each with the equation it violates and a sentence on it.

They lie in course/bugs/*.toml for all who use them: the tests of the gradient proofs, `python -m course mutants`
(which runs the test suite against each) and the diagnosis of submissions. A [[mutant]] has these entries:

    name        its own, for tables
    file, function, before, after
                in that function of that file of the package, the text `before` is replaced by `after`; in a file of C
                everywhere, and `function` says what it is
    equation    what it violates
    sentence    what a student should read who has made it; it does not give the line away
    network     which network's gradients show it: raster, wavefront, NumPy (the wavefront where nothing is compiled),
                feedforward, parts, two streams, scheme a, soft, ST-LSTM, trust, or a reading of the gate: draws, odds,
                range, largest, news, sight; empty where no gradient does (forward rules, the optimiser, the schedule)
                and for what is compiled, which the tests see
    student     false for code that no assignment or check of formulas asks for (true by default)
    together    another planted bug of the same file that comes with it: a mistake that is made twice, consistently
    whole       a reason why it costs the whole of its task; else a single mistake costs a part (grading/points.py)
"""

import contextlib
import importlib
import importlib.util
import itertools
import sys
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.machinery import SourceFileLoader
from pathlib import Path

from gca_scratch.support.errors import InputError

from ..manifest import tree_of

FOLDER = Path(__file__).resolve().parent
PACKAGE = Path(__file__).resolve().parents[2] / "gca_scratch"
_numbers = itertools.count()


@dataclass(frozen=True)
class Mutant:
    """One planted bug; the fields are described above."""

    name: str
    file: str
    function: str
    before: str
    after: str
    equation: str
    sentence: str
    network: str
    student: bool = True
    together: str = ""
    whole: str = ""

    @property
    def qualified(self):
        """The function's name from the package down, as manifests and drivers write it."""
        return f"gca_scratch.{self.file.removesuffix('.py').replace('/', '.')}.{self.function}"

    @property
    def places(self):
        """The functions, by such names, that it changes."""
        return {self.qualified, *([named(self.together).qualified] if self.together else [])}

    def apply(self, text):
        """The source text of its file with the bug in it; a file of C is taken as a whole."""
        if not self.file.endswith(".py"):
            if self.before not in text:
                raise InputError(f"the planted bug {self.name}: {self.file} has changed; correct its entry")
            return text.replace(self.before, self.after)
        node = tree_of(text)
        for part in self.function.split("."):
            found = [child for child in node.body if getattr(child, "name", None) == part]
            if not found:
                raise InputError(f"the planted bug {self.name}: {self.file} has no {self.function}; correct its entry")
            node = found[-1]
        lines = text.splitlines(keepends=True)
        inside = "".join(lines[node.lineno - 1 : node.end_lineno])
        if self.before not in inside:
            raise InputError(
                f"the planted bug {self.name}: {self.function} of {self.file} has changed; correct its entry"
            )
        changed = inside.replace(self.before, self.after)
        text = "".join(lines[: node.lineno - 1]) + changed + "".join(lines[node.end_lineno :])
        return named(self.together).apply(text) if self.together else text


@lru_cache
def load(folder=FOLDER):
    """All planted bugs, in the order of their files."""
    found = []
    for path in sorted(Path(folder).glob("*.toml")):
        for values in tomllib.loads(path.read_text("utf-8"))["mutant"]:
            try:
                found.append(Mutant(**values))
            except TypeError as error:
                raise InputError(f"{path}: a planted bug has wrong entries ({error}); correct it") from None
    names = [mutant.name for mutant in found]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{folder}: two planted bugs are called {name}; rename one")
    return tuple(found)


def named(name):
    """The planted bug of that name."""
    for mutant in load():
        if mutant.name == name:
            return mutant
    raise InputError(f"no planted bug is called {name}; their names are in course/bugs/")


class _Source(SourceFileLoader):
    """A module of the package under another name, with its text changed."""

    def __init__(self, name, path, change):
        super().__init__(name, path)
        self.change = change

    def get_code(self, fullname):
        if self.change is None:
            return _compiled(self.path, Path(self.path).stat().st_mtime_ns)
        return compile(self.change(Path(self.path).read_text("utf-8")), self.path, "exec", dont_inherit=True)


@cache
def _compiled(path, modified):
    """The code of an unchanged module, compiled once for all packages with planted bugs."""
    return compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)


class _Finder:
    """Finds the modules of the package under the name `alias`."""

    def __init__(self, alias, changes):
        self.alias, self.changes = alias, changes

    def find_spec(self, name, path=None, target=None):
        root, _, rest = name.partition(".")
        if root != self.alias:
            return None
        place = PACKAGE.joinpath(*rest.split(".")) if rest else PACKAGE
        inside = [str(place)] if place.is_dir() else None
        file = place / "__init__.py" if inside else place.with_suffix(".py")
        if not file.is_file():
            return None
        loader = _Source(name, str(file), self.changes.get(file.relative_to(PACKAGE).as_posix()))
        return importlib.util.spec_from_file_location(name, file, loader=loader, submodule_search_locations=inside)


@contextlib.contextmanager
def planted(*mutants):
    """`with planted(mutant) as package`: an importer of the package with these bugs; package("network.cell") its cell.

    The package is imported under a name of its own, beside the one without bugs, and forgotten afterwards.
    """
    changes = {}
    for mutant in mutants:
        earlier = changes.get(mutant.file, lambda text: text)
        changes[mutant.file] = lambda text, mutant=mutant, earlier=earlier: mutant.apply(earlier(text))
    alias = f"gca_planted_{next(_numbers)}"
    finder = _Finder(alias, changes)
    sys.meta_path.insert(0, finder)
    try:
        yield lambda name: importlib.import_module(f"{alias}.{name}")
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.partition(".")[0] == alias]:
            del sys.modules[name]


def ours(name):
    """The importer of the package itself."""
    return importlib.import_module(f"gca_scratch.{name}")
