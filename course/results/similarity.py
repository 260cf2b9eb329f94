"""How alike two hand-ins are: a score from copydetect, of what their authors wrote, whatever they call their variables.

Compared are the bodies of all asked functions together, in the assignment's order, and the helpers that the student
added; docstrings and everything that was handed out are removed first, and comments and names do not count. Single
functions are too short: independent right ones are often alike. Of the two scores, which say how much of each is found
in the other, the lower one counts. A score is a reason to read two hand-ins, and no more than that.
"""

import ast
import io
from dataclasses import dataclass

from gca_scratch.support.errors import InputError

from ..grading import splice
from ..manifest import ROOT

SHORTEST = 12  # of what is compared: letters, where every name is one
LEAST = 150  # letters of a hand-in; below there is too little to compare
SOLUTION = "(the public solution)"


@dataclass
class Written:
    """What one author wrote: whose it is, from where, the text, copydetect's fingerprint of it."""

    student: str
    group: str
    text: str
    print: object = None


@dataclass
class Pair:
    """Two hand-ins, how alike they are (0 to 1), and which parts of their texts are: pairs of places, (start, end)."""

    first: Written
    second: Written
    score: float
    places: tuple


def pairs(authors, least=0.75):
    """The pairs of at least that score, the highest first; of those outside of the class only with those in it.

    authors: Written; those of the group "" are the class.  Raises InputError where copydetect is not installed.
    """
    compare = _library().compare_files
    everybody = [author for author in authors if len(fingerprint(author).filtered_code) >= LEAST]
    found = []
    for n, second in enumerate(everybody):
        for first in everybody[:n]:
            if first.group and second.group:
                continue
            _, scores, places = compare(fingerprint(first), fingerprint(second))
            if min(scores) >= least:
                found.append(Pair(first, second, round(float(min(scores)), 4), tuple(map(_spans, places))))
    return sorted(found, key=lambda pair: (-pair.score, pair.first.student, pair.second.student))


def fingerprint(author):
    """copydetect's fingerprint of a text, made once."""
    if author.print is None:
        author.print = _library().CodeFingerprint("hand-in.py", SHORTEST, 1, fp=io.StringIO(author.text))
    return author.print


def written(texts, manifest):
    """What a student wrote, as one text: bodies of asked functions, then helpers, as `reading.read` gives the files."""
    pieces, given = [], {file: _names(ast.parse((ROOT / file).read_text("utf-8"))) for file in manifest.files}
    trees = {file: _parsed(text, file) for file, text in texts.items()}
    for name in manifest.functions:
        for file, inner in ((file, splice.function_in(file, name)) for file in manifest.files):
            node = splice.find(trees[file][0], inner) if inner and file in trees else None
            if isinstance(node, ast.FunctionDef) and not _is_blank(node):
                pieces.append(_body(node, trees[file][1]))
    for file, (tree, text) in trees.items():
        pieces += [_source(node, text) for node in _helpers(tree, given.get(file, set()))]
    return "\n\n".join(pieces) + "\n" if pieces else ""


def solution(manifest):
    """The public solution, as a hand-in outside of the class."""
    texts = {file: (ROOT / file).read_text("utf-8") for file in manifest.files}
    return Written(SOLUTION, SOLUTION, written(texts, manifest))


def _library():
    try:
        import copydetect
    except ImportError:
        raise InputError("copydetect, which compares, is not installed; pip install 'gca_scratch[course]'") from None
    return copydetect


def _spans(places):
    """copydetect's places as pairs of whole numbers."""
    return [(int(start), int(end)) for start, end in zip(*places, strict=True)] if len(places) == 2 else []


def _parsed(text, file):
    """The syntax tree of what parses of a text, and that text."""
    if splice.parsed(text, file)[0] is None:
        text = splice.salvaged(text)
    return ast.parse(text), text


def _without_docstring(node):
    first = node.body[0]
    said = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return node.body[1:] if said else node.body


def _is_blank(node):
    body = _without_docstring(node)
    return not body or (
        len(body) == 1 and isinstance(body[0], ast.Raise) and "NotImplementedError" in ast.dump(body[0])
    )


def _body(node, text):
    """The lines of a function's body without the docstring, under its name."""
    body = _without_docstring(node)
    lines = text.split("\n")[body[0].lineno - 1 : node.end_lineno]
    if body[0].lineno == node.lineno:  # behind the colon
        lines[0] = "    " + lines[0].encode()[body[0].col_offset :].decode()
    return "\n".join([f"# {node.name}", *lines])


def _source(node, text):
    """The lines of a function or class without its docstring."""
    lines, body = text.split("\n"), _without_docstring(node)
    if body is node.body or not body or body[0].lineno == node.lineno:
        return "\n".join(lines[node.lineno - 1 : node.end_lineno])
    return "\n".join([*lines[node.lineno - 1 : node.body[0].lineno - 1], *lines[body[0].lineno - 1 : node.end_lineno]])


def _names(tree):
    """Names that a module and its classes define, dotted."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
            found |= {f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
    return found


def _helpers(tree, known):
    """Functions and methods that were not handed out."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name not in known:
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from (part for part in node.body
                        if isinstance(part, ast.FunctionDef) and f"{node.name}.{part.name}" not in known)  # fmt: skip
