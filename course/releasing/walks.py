"""Does a text walk as an assignment asks for, with the same step, and does it hold a number that a question asks for?

Another grid, other names, a dict in the place of an array: `leaks` takes that for another text. But a loop in which the
results of `step_backward` go back into later calls of it is the whole idea; whoever has one needs only to put the
parent in the place of the joint before. Numbers of a rubric that a text computes are an answer as well.
"""

import ast
import contextlib
import math
import operator
import re

from . import leaks

_STEP = re.compile(r"(?:^|_)(?:forward|backward)$")
_STATED = re.compile(r"binomial\((\d+), (\d+)\)|(?<![\w.])(\d+\.\d{3,}|\d{4,})(?![\w.])")
_CHOICES = {"comb": math.comb, "factorial": math.factorial}
_OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
               ast.Pow: operator.pow}  # fmt: skip
DIGITS = 3  # to which a number is the same, where a text rounds it


def walks(tree):
    """Pairs (name of the step, line) of all loops that carry results of a step on into later calls of it."""
    found = set()
    for loop in ast.walk(tree):
        if isinstance(loop, ast.For | ast.While):
            for call in _steps(loop):
                if _needed(loop, call) & _made(loop, call):
                    found.add((_called(call), call.lineno))
    return sorted(found, key=lambda pair: pair[1])


def search(manifest, folder, root, files="*"):
    """Sentences on every place of a folder that walks as a function does which the assignment asks for.

    files: a pattern of those that are looked at, as far as they hold Python.
    """
    asked = {}
    for name, node, _ in leaks.solutions(manifest, root):
        asked |= {step: name for step, _ in walks(node)}
    problems = []
    for path, tree in _trees(folder, files):
        for step, line in walks(tree):
            if step in asked:
                problems.append(f"{path.relative_to(folder)}, line {line}, walks with {step} as {asked[step]} does")
    return problems


def in_tutorials(manifest, root):
    """Sentences on every place of a tutorial that walks as a solution does, or computes what a rubric states."""
    tutorials = root / "tutorials"
    return search(manifest, tutorials, root, "[0-9][0-9]_*.py") + answers(manifest, tutorials, "[0-9][0-9]_*.py")


def answers(manifest, folder, files="*"):
    """Sentences on every place of a folder's code that computes a number which a rubric of the assignment states."""
    stated = {number: question.id for question in manifest.questions for number in numbers(question.rubric)}
    problems = []
    for path, tree in _trees(folder, files):
        for node in ast.walk(tree):
            value = _value(node) if isinstance(node, ast.Call | ast.BinOp) else None
            number = None if value is None else _rounded(value)
            if number in stated:
                what = f"{ast.unparse(node)}, which {stated[number]} asks for"
                problems.append(f"{path.relative_to(folder)}, line {node.lineno}, computes {what}")
    return problems


def numbers(rubric):
    """The numbers of a rubric that are no accident: of three digits and more, or binomials."""
    found = _STATED.findall(rubric)
    telling = [(n, k, other) for n, k, other in found if n or len(other.replace(".", "").lstrip("0")) >= DIGITS]
    return {_rounded(math.comb(int(n), int(k)) if n else float(other)) for n, k, other in telling}


def _trees(folder, files):
    """Pairs (path, syntax tree) of the Python files and notebook cells in a folder, as far as they can be read."""
    for path in sorted(path for path in folder.rglob(files) if path.suffix in (".py", ".ipynb")):
        text = path.read_text("utf-8")
        for part in [text] if path.suffix == ".py" else leaks.cells(text):
            with contextlib.suppress(SyntaxError):  # a command of a notebook
                yield path, ast.parse(part)


def _called(call):
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _steps(loop):
    return [node for node in ast.walk(loop) if isinstance(node, ast.Call) and _STEP.search(_called(node))]


def _names(node, *, stored=False):
    """Names that are read in a piece of syntax, or those that it binds, h of h[k] = ... among them."""
    if not stored:
        return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    bound = [part for target in targets for part in _places(target)]
    return {part.id for part in bound if isinstance(part, ast.Name)}


def _places(target):
    if isinstance(target, ast.Tuple | ast.List):
        return [place for element in target.elts for place in _places(element)]
    while isinstance(target, ast.Subscript | ast.Starred | ast.Attribute):
        target = target.value
    return [target]


def _bindings(loop):
    """Pairs (names that are bound, what they are made of) of a loop's assignments, and of the loops inside it.

    Whatever is written into an array that a loop takes from elsewhere is written there.
    """
    inner = [node for node in ast.walk(loop) if isinstance(node, ast.For) and node is not loop]
    found = [(_names(node, stored=True), node.iter) for node in inner]
    for node in ast.walk(loop):
        if isinstance(node, ast.Assign | ast.AugAssign):
            bound = _names(node, stored=True)
            taken = (_names(other.iter) for other in inner if _names(other, stored=True) & bound)
            found.append((bound.union(*taken), node.value))
    return found


def _made(loop, call):
    """Names that hold what comes of a call, as far as the loop's assignments lead."""
    made, before = set(), None
    while before != made:
        before = set(made)
        for bound, value in _bindings(loop):
            if any(part is call for part in ast.walk(value)) or _names(value) & made:
                made |= bound
    return made


def _needed(loop, call):
    """Names that a call's arguments are made of, as far as the loop's assignments lead back."""
    needed, before = set().union(*(_names(part) for part in (*call.args, *call.keywords))), None
    while before != needed:
        before = set(needed)
        for bound, value in _bindings(loop):
            if bound & needed and not any(part is call for part in ast.walk(value)):
                needed |= _names(value)
    return needed


def _value(node):
    """The value of an expression of numbers, math.comb and math.factorial alone; None for all others."""
    try:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and abs(node.value) < 1000:
            return node.value
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
            left, right = _value(node.left), _value(node.right)
            if not isinstance(node.op, ast.Pow) or abs(right) < 100:
                return _OPERATIONS[type(node.op)](left, right)
        if isinstance(node, ast.Call) and _called(node) in _CHOICES:
            return _CHOICES[_called(node)](*map(_value, node.args))
    except (TypeError, ValueError, ArithmeticError):  # where a part of it has no value
        return None
    return None


def _rounded(value):
    """A number to so many digits, as a text."""
    return f"{float(value):.{DIGITS - 1}e}"
