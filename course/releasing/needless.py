"""What stands at the top of a student's file for bodies that are gone: imports of Python's own library, and speed."""

import ast
import sys

FOR_SPEED = {"on_gpu", "PIECE"}  # names that nothing but fast code uses


def without(text):
    """The source text without the imports and constants of this kind that nothing in it uses."""
    tree, lines = ast.parse(text), text.splitlines()
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    for node in reversed(tree.body):
        if isinstance(node, ast.ImportFrom):
            own = not node.level and node.module.partition(".")[0] in sys.stdlib_module_names
            left = [name for name in node.names if _bound(name) in used or not (own or _bound(name) in FOR_SPEED)]
            if len(left) < len(node.names):
                new = [ast.unparse(ast.ImportFrom(node.module, left, node.level))] if left else []
                _replaced(lines, node, new)
        elif isinstance(node, ast.Assign) and {*map(ast.unparse, node.targets)} <= FOR_SPEED - used:
            _replaced(lines, node, [])
    return "\n".join(lines) + "\n"


def _bound(alias):
    return alias.asname or alias.name


def _replaced(lines, node, new):
    """Put new lines in the place of a statement; where none is left, an empty line beside it goes, too."""
    first, last = node.lineno - 1, node.end_lineno
    if not new and last < len(lines) and not lines[last].strip() and not lines[first - 1].strip():
        last += 1
    lines[first:last] = new
