"""A submission's functions, taken out by syntax and put into clean sources of the package.

Only what a task names is taken, with all of its module that it rests on. Nothing of a submission is run here, and
nothing is unpacked: a file is read where it lies, whole, if it is a plain file of a sensible size.
"""

import ast
import contextlib
import io
import itertools
import os
import re
import stat
import textwrap
import zipfile
from pathlib import Path, PurePosixPath

from gca_scratch.support.errors import InputError
from gca_scratch.support.reading import files_below, read_bytes

from ..manifest import ROOT
from . import beside, slices

LARGEST = 64_000  # bytes of a source file; what it becomes when it is parsed is up to a thousand times as much
LARGEST_ARCHIVE = 50_000_000
MOST_FILES = 10_000
HIDDEN = (".", "__")  # folders that begin so hold nothing of a student's
INSTALLED = ("site-packages", "dist-packages")  # nor do these
_ADDED = re.compile(r"( ?\(\d+\)| - copy( \(\d+\))?)?\.py(\.txt)?$")


def read_submission(path, files):
    """The texts of an assignment's `files` in a submission (a folder, .zip or .py file), and what was wrong with them.

    Returns {file: text}, {file: sentence}. A file may lie at its place in the package, or anywhere under its own name.
    With them come the helper files that they import, at the places where the imports look for them (beside.py).
    """
    path = Path(path)
    try:
        if path.is_dir():
            found, fetch = _in_folder(path)
        elif path.suffix == ".py" and path.is_file():
            found, fetch = {path.name: path}, _plain_file
        elif path.is_file():
            found, fetch = _in_archive(path)
        else:
            raise InputError(f"{path} is no submission; give a folder, a .zip or a .py file")
    except InputError:
        raise
    except Exception:  # an archive can be broken in a dozen ways
        return {}, dict.fromkeys(files, f"{path.name} is not a .zip file that can be read")
    texts, wrong = {}, {}
    for file in files:
        fits = places(found, file)
        if not fits:
            wrong[file] = f"{file} is not in the submission"
            continue
        try:
            texts[file] = _decoded(fetch(found[fits[0]]))
        except Exception as error:  # and so can a member of one
            reason = "it is not plain text in UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)[:200]
            wrong[file] = f"{file} cannot be read: {reason}"

    def helper(path):
        fits = [] if path in files or (ROOT / path).is_file() else places(found, path)
        with contextlib.suppress(Exception):  # a helper that cannot be read is none
            return _decoded(fetch(found[fits[0]])) if fits else None

    return texts | beside.helpers(texts, helper), wrong


def places(found, file):
    """Where a file lies among these, best first: at its place in the package, or else anywhere under its own name."""
    own = PurePosixPath(file).name
    fits = [name for name in found if _stands_for(PurePosixPath(name).name, own)]
    fits.sort(key=lambda name: (PurePosixPath(name).name != own, name.count("/"), name))
    exact = [name for name in fits if name == file or name.endswith("/" + file)]
    return exact if own == "__init__.py" else exact or fits  # that is the name of many


def _stands_for(name, own):
    """Is this its name, in capitals or not, with what browsers and mail programs add: "Cell.PY", "cell (1).py"?"""
    return _ADDED.sub(".py", name.lower()) == own.lower()


def _decoded(content):
    return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def _in_folder(path):
    """Files of a folder by their places in it; links are no files of the submission's own."""
    places = itertools.islice(files_below(path, hidden=HIDDEN), MOST_FILES)
    return {place.relative_to(path).as_posix(): place for place in places}, _plain_file


def _plain_file(path):
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise ValueError("it is a link or cannot be opened; hand in the file itself") from error
    with open(file, "rb") as opened:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise ValueError("it is not a plain file")
        return _not_too_large(opened.read(LARGEST + 1))


def _not_too_large(content):
    if len(content) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 1000} kB; hand in source text only")
    return content


def _in_archive(path):
    """Members of a .zip file by name; only what is asked for is ever unpacked, in memory, and only so far."""
    archive = zipfile.ZipFile(io.BytesIO(read_bytes(path, LARGEST_ARCHIVE)))
    members = {}
    for member in archive.infolist():
        name = member.filename.replace("\\", "/")
        outside = name.startswith("/") or ".." in PurePosixPath(name).parts
        hidden = any(part.startswith(HIDDEN) or part in INSTALLED for part in PurePosixPath(name).parts[:-1])
        if len(members) == MOST_FILES:
            break
        if not (name.endswith("/") or outside or hidden or stat.S_ISLNK(member.external_attr >> 16)):
            members[name] = member

    def fetch(member):
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError("it is compressed in an unusual way; hand in an ordinary .zip file")
        if member.flag_bits & 1:
            raise ValueError("it has a password; hand in an ordinary .zip file")
        with archive.open(member) as file:
            return _not_too_large(file.read(LARGEST + 1))

    return members, fetch


def parsed(text, file):
    """The syntax tree of a submitted file, or the sentence that says why there is none: (tree, "") or (None, why)."""
    try:
        tree = ast.parse(text)
        compile(tree, file, "exec", dont_inherit=True)  # what only the compiler refuses, such as a return outside
        return tree, ""
    except SyntaxError as error:
        return None, f"{file} does not parse: {error.msg}, at line {error.lineno}"
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return None, f"{file} does not parse: {type(error).__name__}"


def salvaged(text):
    """The text of a file without those pieces, from one line at the margin to the next, that do not parse."""
    lines = text.split("\n")
    starts = [n for n, line in enumerate(lines) if line[:1].strip() and line[0] not in "#)]}"]
    for first, last in itertools.pairwise([*starts, len(lines)]):
        if parsed("\n".join(lines[first:last]) + "\n", "a piece")[0] is None:
            lines[first:last] = [""] * (last - first)
    rest = "\n".join(lines) + "\n"
    return rest if parsed(rest, "the rest")[0] else ""


def splice(source, submitted, names, file):
    """`source` with the functions `names` (as in "SGD.step") as the text `submitted` has them, and what was wrong.

    With them comes all of the submitted module that they rest on (slices.py), each statement where its author put it:
    behind the same function of the package as there. Returns the new text and {name: sentence} of those that could not
    be taken.
    """
    tree, why = parsed(submitted, file)
    if tree is None:
        submitted = salvaged(submitted)
        tree, _ = parsed(submitted, file)
    ours = ast.parse(source)
    lines, theirs, edits, wrong, used = source.splitlines(), submitted.split("\n"), [], {}, []
    for name in names:
        node, place = find(tree, name), find(ours, name)
        if node is None:
            wrong[name] = why or f"{file} has no function {name}"
            continue
        if not isinstance(node, ast.FunctionDef):
            wrong[name] = f"{name} in {file} is not a plain function (def)"
            continue
        edits.append((_first_line(place), place.end_lineno, _text(theirs, node, place.col_offset)))
        used.append(node)
        if "." in name:
            extra = _extra(tree, ours, name.rpartition(".")[0])
            edits += [(place.end_lineno, place.end_lineno, ["", *_text(theirs, part, 4)]) for part in extra]
            used += extra
    for node, place in _placed(tree, ours, used):
        edits.append((place, place, [*_segment(submitted, node), *[""] * isinstance(node, ast.FunctionDef)]))
    for _, (first, last, new) in sorted(enumerate(edits), key=lambda pair: (*pair[1][:2], pair[0]), reverse=True):
        lines[first:last] = new
    text = "\n".join(lines) + "\n"
    whole, why = parsed(text, file)
    if whole is None:
        return source, dict.fromkeys(names, f"{why} (once its functions are put into the package)")
    return text, wrong


def find(tree, name):
    """The last definition of a dotted name in a tree, or None."""
    node = tree
    for part in name.split("."):
        found = [child for child in getattr(node, "body", []) if getattr(child, "name", None) == part]
        if not found:
            return None
        node = found[-1]
    return node


def _first_line(node):
    """The number of lines before a definition and its decorators."""
    return min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))]) - 1


def _text(lines, node, indent):
    """The lines of a definition or another statement, with its decorators, at another indentation."""
    text = lines[_first_line(node) : node.end_lineno]
    if node.col_offset == indent:
        return text
    text = textwrap.dedent("\n".join(text)).split("\n")
    return [" " * indent + line if line.strip() else line for line in text]


def _segment(text, node):
    """The lines of a statement at the margin, without what else stands on them."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return text.split("\n")[_first_line(node) : node.end_lineno]
    return ast.get_source_segment(text, node).split("\n")


def _extra(tree, ours, name):
    """What the body of a submitted class holds and ours does not: methods, constants."""
    known = {part for child in find(ours, name).body for part in slices.binds(child)}
    return [child for child in find(tree, name).body if slices.binds(child) and not known & set(slices.binds(child))]


def _placed(tree, ours, used):
    """Pairs (statement, line of our source behind which it belongs) of what these functions of a submission rest on."""
    known = {name: node for node in ours.body for name in slices.binds(node)}
    behind = start = _after_imports(ours)
    wanted, places = {id(node) for node in slices.needed(tree, known, used)}, []
    for node in tree.body:
        if id(node) in wanted:
            future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
            places.append((node, _after_docstring(ours) if future else behind))
        elif isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in known:
            behind = max(start, known[node.name].end_lineno)
    return places


def _after_docstring(tree):
    """The number of lines before the place where imports may begin."""
    first = tree.body[0]
    is_text = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return first.end_lineno if is_text else 0


def _after_imports(tree):
    """The number of lines before the place where the first import is behind."""
    imports = itertools.takewhile(
        lambda node: isinstance(node, ast.Import | ast.ImportFrom | ast.Expr), tree.body
    )  # fmt: skip
    return max([_after_docstring(tree), *(node.end_lineno for node in imports)])


def function_in(file, name):
    """The name inside its file, "SGD.step", of `gca_scratch.training.optim.SGD.step`; None if it is in another."""
    module = re.sub(r"\.py$", "", file).replace("/", ".") + "."
    return name.removeprefix(module) if name.startswith(module) else None
