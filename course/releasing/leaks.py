"""Is a solution, or a good piece of one, in a student's folder?

By syntax in Python files, by text in all of them, and by formula in whatever language they are written."""

import ast
import json
import re
from functools import lru_cache

from ..manifest import locate
from . import in_any_language

SMALLEST = 7  # nodes of a piece of syntax that says something
TELLING = 12  # characters, without blanks, of a line that does
COMMONPLACE = ("m / m.sum(axis=1, keepdims=True)", "s = slice(start, start + step)")  # found anywhere, and no wonder
TAUGHT = (  # what a tutorial may say, for the assignments' own texts say it: Eqs. 2 and 7, and a loss of two results
    "past = f_S * c_S + f_T * c_T",
    "i * u + f_S * c_S + f_T * c_T",
    "r * new + (1 - r) * past",
    "dh * h + dc * c",
)
_KINDS = ast.BinOp | ast.Assign | ast.AugAssign | ast.Return | ast.For | ast.ListComp | ast.GeneratorExp
_MARKS = ast.expr_context | ast.operator | ast.unaryop | ast.cmpop  # nodes that stand for no name and no number
_NAME = re.compile(r"Name\(id='(\w+)'")
_OPERATORS = re.compile(r"[-+*/@]|\.(sum|mean|T|swapaxes|copy|exp|log)\b|\[")


def solutions(manifest, root):
    """Name, syntax and source texts of what must not be found: bodies of blanked functions, and removed helpers."""
    found = []
    for name in (*manifest.functions, *manifest.remove):
        file, node = locate(name, root)
        text = (root / file).read_text("utf-8")
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        found.append((name, node, [ast.get_source_segment(text, statement) for statement in body]))
    return found


def in_tutorials(manifest, root):
    """Sentences on every place of a tutorial, in the text of its notebook, where a piece of a solution stands."""
    return search(manifest, root / "tutorials", root, "[0-9][0-9]_*.py", TAUGHT)


def search(manifest, folder, root, files="*", known=()):
    """Sentences on every place of a student's folder where a piece of a solution stands.

    files: a pattern of those that are looked at.  known: code that proves nothing.
    """
    pieces, lines = what_tells(manifest, root, known)
    formulas = what_computes(manifest, root, known)
    problems = []
    for path in sorted(path for path in folder.rglob(files) if path.is_file() and path.suffix != ".npz"):
        file, text = path.relative_to(folder), path.read_text("utf-8")
        for cell in [text] if path.suffix != ".ipynb" else cells(text):
            squeezed = _squeezed(cell)
            problems += [f"{file} holds a line of {name}: {line}" for line, name in lines.items() if line in squeezed]
            for row, words in in_any_language.places(cell, formulas):
                problems.append(f"{file} holds a formula of {formulas[row]}: {words}")
            for key, node in _pieces(cell) if path.suffix in (".py", ".ipynb") else ():
                if key in pieces:
                    piece = ast.unparse(node).splitlines()[0]
                    problems.append(f"{file}, line {node.lineno}, holds a piece of {pieces[key]}: {piece}")
    return list(dict.fromkeys(problems))


@lru_cache(maxsize=1000)  # most files are the same in all student versions
def _pieces(text):
    """Pairs (key, node) of all pieces of syntax in a text that say something; none in a text that is no Python."""
    try:
        return [(key, node) for node in ast.walk(ast.parse(text)) if (key := _key(node))]
    except SyntaxError:  # a notebook cell with a command, or with text
        return []


def what_tells(manifest, root, more=()):
    """Pieces of syntax and squeezed lines that stand in the solutions alone.

    What a student may read elsewhere in the package proves nothing.
    """
    known = _known(manifest, root, more)
    pieces, lines = {}, {}
    for name, node, texts in solutions(manifest, root):
        pieces |= {key: name for part in ast.walk(node) if (key := _key(part)) and key not in known[0]}
        for line in (line for text in texts for line in text.splitlines()):
            line = _squeezed(re.sub(r"\s#.*", "", line))
            if len(line) >= TELLING and _OPERATORS.search(line) and line not in known[1]:
                lines[line] = name
    return pieces, lines


def what_computes(manifest, root, more=()):
    """Formulas that stand in the solutions alone, {row: name}."""
    handed_out = [*more, *(text for text in _handed_out(manifest, root) if text not in COMMONPLACE)]
    found = {row: name for name, node, _ in solutions(manifest, root) for row in in_any_language.formulas(node)}
    known = {row for text in handed_out for row, _ in in_any_language.places(text, found)}
    return {row: name for row, name in found.items() if row not in known}


def _handed_out(manifest, root):
    """Texts that are handed out on purpose: what is given, and the files to edit with their blanks."""
    from .release import blanked

    given = [(root / "course" / "assignments" / name).read_text("utf-8") for name in manifest.given]
    return [*COMMONPLACE, *given, *(blanked(manifest, file, root=root) for file in manifest.files)]


def _known(manifest, root, more):
    """Pieces and text that are handed out on purpose."""
    texts = [*more, *_handed_out(manifest, root)]
    keys = {key for text in texts for key, _ in _pieces(text)}
    return keys, "\n".join(map(_squeezed, texts))


def _key(node):
    """A text that is the same for two pieces of syntax that differ only in layout and in the names of variables.

    None for what proves nothing: only expressions that compute, statements made of them, and whole bodies of functions
    of some size do.
    """
    if isinstance(node, ast.FunctionDef):
        return _dump(ast.Module(node.body[1:] if ast.get_docstring(node) is not None else node.body, []))
    if not isinstance(node, _KINDS) or sum(not isinstance(n, _MARKS) for n in ast.walk(node)) < SMALLEST:
        return None
    if not any(isinstance(n, ast.BinOp | ast.AugAssign) for n in ast.walk(node)):
        return None
    return _dump(node)


def _dump(node):
    """The node as text, variables numbered in the order of their first use."""
    names = {}
    return _NAME.sub(lambda name: f"Name({names.setdefault(name[1], len(names))}", ast.dump(node))


def _squeezed(text):
    return re.sub(r"\s+", "", text)


def cells(text):
    """The sources of a notebook's cells."""
    return ["".join(cell["source"]) for cell in json.loads(text)["cells"]]
