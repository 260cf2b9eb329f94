"""Helper files: which files of a folder a submitted file imports, by syntax. `make submit` packs what this names."""

import ast
import sys
from pathlib import PurePosixPath

MOST = 20  # helper files of a submission
LIBRARIES = ("numpy", "threadpoolctl")  # what the grader has beside Python's own library
_KNOWN = {*sys.stdlib_module_names, *LIBRARIES}


def imported(text, file):
    """What a file imports: pairs (path that the import leads to, line), such as ("gca_scratch/network/cell.py", 12).

    file: its own place, in which relative imports begin. A name that is imported from a package may be a module, a
    module may be a package, and so may all that it lies in: there are paths for these, too. Nothing for a text that
    does not parse.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = PurePosixPath(file).parts[: -node.level] if node.level else ()
            module = (*above, *(node.module.split(".") if node.module else ()))
            modules = [module, *((*module, alias.name) for alias in node.names if alias.name != "*")]
        else:
            continue
        for module in filter(None, modules):
            packages = ["/".join((*module[:depth], "__init__.py")) for depth in range(1, len(module) + 1)]
            found += [(path, node.lineno) for path in (f"{'/'.join(module)}.py", *packages)]
    return found


def helpers(texts, read):
    """Texts of the helper files that these files use, directly or through one another: {path: text}.

    texts: {path: text}.  read(path): the text that lies at the place that an import leads to, or None. What Python and
    the grader's libraries have is theirs.
    """
    found, waiting = {}, list(texts.items())
    while waiting and len(found) < MOST:
        file, text = waiting.pop(0)
        for path, _ in imported(text, file):
            if path in texts or path in found or PurePosixPath(path).parts[0].removesuffix(".py") in _KNOWN:
                continue
            helper = read(path)
            if helper is not None and len(found) < MOST:
                found[path] = helper
                waiting.append((path, helper))
    return found


def unknown(texts, has):
    """Sentences on imports that lead nowhere in the grader, or elsewhere; has(path): do package or hand-in have it?"""
    sentences = []
    for file, text in texts.items():
        for path, line in imported(text, file):
            top = PurePosixPath(path).parts[0].removesuffix(".py")
            inside = any(has(f"{top}{ending}") for ending in (".py", "/__init__.py", ""))
            if top not in _KNOWN and not inside:
                what = "the grader has NumPy, Python's own library and what you hand in"
                sentences.append(f"{file}, line {line}, imports {top}; {what}")
            if top in sys.stdlib_module_names and inside:
                what = "is a module of Python, which the grader takes in place of yours; call your file something else"
                sentences.append(f"{file}, line {line}: {top} {what}")
    return list(dict.fromkeys(sentences))
